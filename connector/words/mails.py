"""Mails (受信メール): the operators' words for what a mail was taken for and what came of it."""

from __future__ import annotations

from connector.words.text import Term, Text

MAIL_KINDS: dict[str, Text] = {
    "failed": Text("不達通知", "Bounce"),
    "delayed": Text("遅延通知", "Delay"),
    "delivered": Text("配達通知", "Delivery notice"),
    "suspected": Text("不達の疑い", "Perhaps a bounce"),
    "automatic": Text("自動返信・一斉配信", "Automatic"),
    "from_a_person": Text("人からのメール", "From a person"),
    "unreadable": Text("読めないメール", "Unreadable"),
}

MAIL_VERDICTS: dict[str, Term] = {
    "held": Term(
        Text("受注を保留", "Order held"),
        Text(
            "受注メールは届きませんでした。アドレスを直し、保留を解除すると送り直します。",
            "Our mail was not delivered. Correct the address and release the order: it is sent again.",
        ),
    ),
    "again": Term(
        Text("自動で送り直し", "Sent again by itself"),
        Text(
            "相手の一時的な不調で届きませんでした。確認のうえ、2回まで自動で送り直します。",
            "A passing fault over there: it is looked up and sent again, twice at most.",
        ),
    ),
    "no_harm": Term(
        Text("影響なし", "No harm"),
        Text("受注にはすでに伝票があるか、終わっています。", "The order has its slip already, or has ended."),
    ),
    "known": Term(
        Text("既知の不達", "Known already"),
        Text("同じ受注メールの不達は、すでに記録済みです。", "The same mail had come back before."),
    ),
    "earlier": Term(
        Text("以前の宛先", "Earlier address"),
        Text(
            "以前の宛先からの通知です。今の宛先には送り直しています。",
            "It speaks of an address that is not in use any more.",
        ),
    ),
    "delayed": Term(
        Text("相手が再送中", "They go on trying"),
        Text(
            "メールサーバが配達を続けています。何もしなくてかまいません。",
            "The mail server goes on trying; nothing to do.",
        ),
    ),
    "delivered": Term(
        Text("対応不要", "Nothing to do"),
        Text("受注メールは先へ渡されました。", "Our mail was handed on."),
    ),
    "other_recipient": Term(
        Text("宛先が違う", "Another recipient"),
        Text(
            "送っていない宛先についての通知なので、何も動かしません。",
            "It speaks of a recipient we did not write to; it moves nothing.",
        ),
    ),
    "not_ours": Term(
        Text("送った覚えなし", "Never sent"),
        Text(
            "送ったことのないメールについての通知なので、何も動かしません。偽物かもしれません。",
            "It speaks of a mail we never sent; it moves nothing and may be forged.",
        ),
    ),
    "no_original": Term(
        Text("どの受注か不明", "No order named"),
        Text(
            "不達通知ですが、どのメールのことか書かれていません。本文を確認してください。",
            "A bounce that names no mail; read it.",
        ),
    ),
    "to_decide": Term(
        Text("判断待ち", "To be decided"),
        Text(
            "不達のように読めますが、確かではありません。不達なら「不達として扱う」を押してください。",
            "It reads like a bounce and is no proper report; say whether it is one.",
        ),
    ),
    "for_a_person": Term(
        Text("要確認", "To be read"),
        Text("人が書いたメールです。読んで対応してください。", "Somebody wrote it; read it."),
    ),
    "filed": Term(
        Text("保管のみ", "Filed"),
        Text("返信も受注への影響もありません。", "Never answered, moves nothing."),
    ),
    "unreadable": Term(
        Text("要確認", "To be looked at"),
        Text(
            "大きすぎるか壊れているため読めません。メールボックスで確認してください。",
            "Too large or broken; look at it in the mailbox.",
        ),
    ),
}
