"""Cases (決済NGの文言): what happened in a case, where it stands, and what a person does next."""

from __future__ import annotations

from connector.words.text import Term, Text

CASE_STATES: dict[str, Text] = {
    "open": Text("対応中", "open"),
    "healed": Text("回復", "healed"),
    "cancelled": Text("キャンセル", "cancelled"),
    "replaced": Text("出し直し", "replaced"),
    "given_up": Text("追跡終了（動きなし）", "given up (nothing happened)"),
}

CASE_STEPS: dict[str, Text] = {
    "opened": Text("案件開始", "case opened"),
    "refused": Text("決済NG", "refused"),
    "card_changed": Text("カード変更", "card changed"),
    "method_changed": Text("支払方法変更", "method changed"),
    "cancelled": Text("キャンセル", "cancelled"),
    "voided": Text("決済取消", "voided"),
    "pending": Text("決済準備中", "pending"),
    "exam": Text("審査中", "under examination"),
    "exam_held": Text("審査保留", "examination on hold"),
    "accepted": Text("決済OK", "accepted"),
    "unclear": Text("決済状況が不明", "payment state unclear"),
    "revived": Text("キャンセル取り下げ", "cancel taken back"),
    "healed": Text("回復", "healed"),
    "replaced": Text("出し直し", "replaced"),
    "opened_again": Text("再開", "opened again"),
    "parent_stopped": Text("定期の停止・キャンセル", "subscription stopped"),
}

SITUATIONS: dict[str, Term] = {
    "refused": Term(
        Text("決済NG", "Refused"),
        Text(
            "お客様にカードまたは支払方法の変更を案内し、変更後にカートで再オーソリしてください。",
            "Ask the customer for another card or method, then re-authorise it in the cart.",
        ),
    ),
    "refused_again": Term(
        Text("繰り返し決済NG", "Refused again"),
        Text(
            "再試行でも通っていません。代金引換など別の支払方法への変更を案内してください。",
            "Trying again did not help: offer another method, such as cash on delivery.",
        ),
    ),
    "exam_failed": Term(
        Text("決済NG（後払いの審査）", "Refused by examination"),
        Text(
            "住所・電話番号の誤りなら直して再審査を、そうでなければ別の支払方法を案内してください。",
            "Correct a wrong address or phone and examine again, or offer another method.",
        ),
    ),
    "update_failed": Term(
        Text("金額変更の決済NG", "Amount change refused"),
        Text(
            "変更後の金額で与信が取れていません。金額を確かめ、カートで再オーソリしてください。",
            "The new amount is not authorised: check it and re-authorise in the cart.",
        ),
    ),
    "not_retried": Term(
        Text("変更済み・再オーソリ前", "Changed, not tried again"),
        Text(
            "カードまたは支払方法は変更済みです。カートで再オーソリを実行してください。",
            "Card or method was changed: re-authorise it in the cart.",
        ),
    ),
    "voided": Term(
        Text("決済取消のまま", "Voided"),
        Text(
            "出荷するなら再オーソリ、しないならカートで受注をキャンセルしてください。",
            "Re-authorise it if it is to ship, or cancel the order in the cart.",
        ),
    ),
    "paid_but_cancelled": Term(
        Text("決済OK・キャンセルのまま", "Paid, still cancelled"),
        Text(
            "出荷するなら対応状況を注文確定に戻し、しないなら決済を取り消してください。",
            "Set the order back to 注文確定 if it is to ship, or void the payment.",
        ),
    ),
    "exam": Term(
        Text("審査中", "Under examination"),
        Text("審査結果を待っています。することはありません。", "The examination runs; nothing to do."),
    ),
    "exam_held": Term(
        Text("審査保留", "Examination on hold"),
        Text(
            "後払い会社の確認待ちです。長引くときは後払い会社に問い合わせてください。",
            "The provider is checking; ask it if this lasts.",
        ),
    ),
    "pending": Term(
        Text("決済会社の応答なし", "No answer from the gateway"),
        Text(
            "カートで決済状況を確かめ、必要なら再オーソリしてください。",
            "Look at the payment in the cart and re-authorise it if needed.",
        ),
    ),
    "unclear": Term(
        Text("決済状況が不明", "Payment unclear"),
        Text("カートで決済状況を確かめてください。", "Look at the payment in the cart."),
    ),
    "double": Term(
        Text("別の受注あり", "Another order stands in"),
        Text(
            "同じ分の受注がもう1件生きています。不要な方をカートでキャンセルしてください。",
            "Another living order is for the same goods: cancel the one that is not wanted.",
        ),
    ),
    "parent_stopped": Term(
        Text("定期が停止中", "Subscription stopped"),
        Text(
            "定期が停止・キャンセルされています。この回も不要なら、カートで受注をキャンセルしてください。",
            "Its subscription was stopped: cancel this order too if it is not wanted.",
        ),
    ),
    "handed_on": Term(
        Text("引き渡し後の決済NG", "Refused after hand-over"),
        Text(
            "倉庫へ渡す前なら自動で止めています。カートで再オーソリするか、受注をキャンセルしてください。",
            "It is stopped before the warehouse: re-authorise it or cancel the order in the cart.",
        ),
    ),
    "given_up": Term(
        Text("長期間動きなし", "Nothing happened for long"),
        Text(
            "もう届けないなら、カートで受注をキャンセルしてください。動きがあれば自動で再開します。",
            "Cancel it in the cart if it is not wanted; it opens again by itself when something happens.",
        ),
    ),
    "joins": Term(
        Text("次の本取込へ", "Joins the next import"),
        Text(
            "決済が通りました。次の本取込に自動で入ります。",
            "It is paid and joins the next import by itself.",
        ),
    ),
    "joined": Term(
        Text("本取込に合流", "Joined the import"),
        Text("決済が通り、本取込に入りました。", "It was paid and imported."),
    ),
    "missed": Term(
        Text("合流できていない", "Missed the import"),
        Text(
            "決済が通ったのに本取込に入っていません。受注の「なぜ進まないか」を確認してください。",
            "It is paid and missed its import: open its page and read why it does not move.",
        ),
    ),
    "held_otherwise": Term(
        Text("別の理由で保留", "Held for another reason"),
        Text("決済は通りました。保留の理由を確認してください。", "It is paid: look at why it is held."),
    ),
    "cancelled": Term(
        Text("キャンセル済み", "Cancelled"),
        Text("カートで取り消されました。することはありません。", "Cancelled in the cart; nothing to do."),
    ),
    "replaced": Term(
        Text("出し直し済み", "Replaced"),
        Text("別の受注で出し直されました。することはありません。", "Another order stands in; nothing to do."),
    ),
}

LINKS: dict[str, Text] = {
    "stands_in_for": Text("受注 {number} の出し直しです", "stands in for order {number}"),
    "stood_in_by": Text("受注 {number} で出し直されました", "order {number} stands in for it"),
}

LINK_RULES: dict[str, Term] = {
    "round": Term(
        Text("同じ定期の同じ回", "same round of the subscription"),
        Text(
            "取り消した、または決済NGの受注と、同じ定期・同じ回です。",
            "The same round as the one that was cancelled or refused.",
        ),
    ),
    "reordered": Term(
        Text("推定: 同じ会員・同じ商品", "a guess: same customer, same goods"),
        Text(
            "同じ会員が14日以内に同じ商品を注文し直しました（推定）。",
            "The same customer ordered the same goods within 14 days: a guess.",
        ),
    ),
}
