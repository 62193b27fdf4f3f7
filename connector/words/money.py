"""Money at risk (出荷済み未売上の文言): what an order waits for whose money is not there, and what a person does."""

from __future__ import annotations

from connector.words.text import Term, Text

MONEY: dict[str, Term] = {
    "capture_failed": Term(
        Text("売上失敗", "Capture failed"),
        Text(
            "カートで決済状況を確かめ、再オーソリしてから売上処理をやり直してください。",
            "Look at the payment in the cart, re-authorise it and capture again.",
        ),
    ),
    "refused": Term(
        Text("出荷後の決済NG", "Refused after shipping"),
        Text(
            "商品は出ています。お客様に別の支払方法で代金を案内してください。",
            "The goods are gone: ask the customer for another payment.",
        ),
    ),
    "lapsed": Term(
        Text("与信切れ", "Authorisation lapsed"),
        Text(
            "カートで再オーソリしてから売上処理をしてください。",
            "Re-authorise it in the cart, then capture it.",
        ),
    ),
    "soon": Term(
        Text("まもなく与信切れ", "Lapses soon"),
        Text(
            "次の完了反映で売上にならなければ、カートで売上処理をしてください。",
            "If the next completion does not take it, capture it in the cart.",
        ),
    ),
    "held": Term(
        Text("保留中", "Held"),
        Text(
            "受注の保留を片付けてください。解けると完了を書き込み、売上処理をします。",
            "Settle its hold: once it is free it is completed and captured.",
        ),
    ),
    "capturing": Term(
        Text("出荷報告依頼中", "Being reported"),
        Text(
            "決済会社の返事待ちです。翌日も変わらなければ、決済会社に確認してください。",
            "The gateway's answer is awaited; ask it if nothing changes by tomorrow.",
        ),
    ),
    "by_others": Term(
        Text("売上は他の担当", "Captured by others"),
        Text(
            "この支払方法の売上処理は連携していません。カートで売上処理をしてください。",
            "The connector does not capture this kind of payment: do it in the cart.",
        ),
    ),
    "unproved": Term(
        Text("決済が未確認", "Payment not proved"),
        Text(
            "出荷済みですが決済を確認できません。カートで決済状況を確かめてください。",
            "It shipped and its payment is not proved: look at it in the cart.",
        ),
    ),
    "waits": Term(
        Text("完了反映待ち", "Waits for the completion"),
        Text("次の完了反映で売上処理をします。", "The next completion captures it."),
    ),
    "lapsed_unshipped": Term(
        Text("出荷前に与信切れ", "Lapsed before shipping"),
        Text(
            "カートで再オーソリしてください。有効になれば自動で出荷指示します。",
            "Re-authorise it in the cart; it is relayed by itself once that is done.",
        ),
    ),
    "before_ship": Term(
        Text("発送予定より先に与信切れ", "Lapses before its ship date"),
        Text(
            "発送予定日を早めるか、切れる前にカートで再オーソリしてください。",
            "Ship it earlier, or re-authorise it in the cart before it lapses.",
        ),
    ),
    "near": Term(
        Text("与信切れが近い未出荷", "Not shipped, lapses soon"),
        Text(
            "なぜ出荷されないかを確かめ、間に合わなければカートで再オーソリしてください。",
            "Find out why it does not ship; re-authorise it in the cart if it will be too late.",
        ),
    ),
}
