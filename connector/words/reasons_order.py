"""Reasons of an order's own (取込までの保留理由): what its content keeps from going on, as in `reasons.py`."""

from __future__ import annotations

from connector.outcome import Reason
from connector.words.text import Text, Word

OF_THE_ORDER: dict[Reason, Word] = {
    Reason.PAYMENT_REFUSED: Word(
        Text("決済NG", "Payment refused"),
        Text("カートの決済が通っていません。", "The cart could not get the payment authorised."),
        Text(
            "まだ通知していません。商品も代金も動いていません。",
            "It was not announced; no goods and no money moved.",
        ),
        Text(
            "カートで支払方法の変更を案内してください。決済が通れば自動で再開します。",
            "Ask the customer for another payment in the cart; it goes on by itself once it is authorised.",
        ),
    ),
    Reason.PAYMENT_VOIDED: Word(
        Text("決済取消済み", "Payment voided"),
        Text("カートで決済が取り消されています。", "The payment was voided in the cart."),
        Text("このまま出荷すると代金を回収できません。", "Shipping it now would mean goods without money."),
        Text(
            "カートで受注の取消か再決済を行い、終わったら保留を解除してください。",
            "Cancel the order or take a new payment in the cart, then release the hold.",
        ),
    ),
    Reason.PAYMENT_GATE: Word(
        Text("入金未確認", "Payment not proved"),
        Text(
            "前払いの入金、または決済がまだ確認できません。",
            "The prepayment or the payment is not proved yet.",
        ),
        Text(
            "倉庫へ出荷指示していません。商品は出ていません。",
            "It was not handed to the warehouse; no goods left.",
        ),
        Text(
            "ネクストエンジンの入金区分を確認してください。入金済みになれば自動で出荷指示します。",
            "Check the deposit in Next Engine; it is relayed by itself once it shows as paid.",
        ),
    ),
    Reason.DOUBLE_ROUND: Word(
        Text("同じ回の受注が2件", "Two orders for one round"),
        Text(
            "同じ定期の同じ回、または出し直した受注が、もう1件生きています。",
            "Another living order stands for the same round of the subscription, or replaced this one.",
        ),
        Text(
            "両方を出荷すると二重出荷になるため、こちらを止めています。",
            "Shipping both would be a double shipment, so this one is held.",
        ),
        Text(
            "不要な方をカートで取り消してください。取り消せば自動で再開します。両方必要なら保留を解除してください。",
            "Cancel the one that is not wanted in the cart; the other goes on by itself. Release if both are wanted.",
        ),
    ),
    Reason.ADDRESS_SPLIT_UNKNOWN: Word(
        Text("複数お届け先", "Several addresses"),
        Text(
            "お届け先が複数あり、どの商品（代金引換では、どの代金）がどこ宛か分かりません。",
            "There are several addresses and no word which line, or which cash on delivery, goes where.",
        ),
        Text(
            "誤配送を防ぐため、通知していません。",
            "It was not announced, so that nothing goes to a wrong place.",
        ),
        Text(
            "カートで受注をお届け先ごとに分けてください。分ければ自動で再開します。",
            "Split the order by address in the cart; it goes on by itself.",
        ),
    ),
    Reason.ADDRESSES_CHANGED: Word(
        Text("お届け先の分け方の変更", "Addresses changed"),
        Text(
            "引き渡した後に、カートでお届け先の分け方が変わりました。",
            "The cart divides the order by other addresses than when it was handed on.",
        ),
        Text(
            "二重出荷を防ぐため、この受注も、代わりの受注も止めています。",
            "Both it and the orders in its place are held, so that nothing ships twice.",
        ),
        Text(
            "代わりの受注で出荷するなら、この受注の伝票をネクストエンジンで取り消してください。自動で再開します。"
            "このまま出荷するなら、カートを元に戻すか、この保留を解除してください。",
            "To ship the new ones, cancel its slip in Next Engine; they go on by themselves. To ship it as it is, undo "
            "the change in the cart or release this hold.",
        ),
    ),
    Reason.NEEDS_ATTENTION: Word(
        Text("カート要対応", "Needs attention"),
        Text("カートで要対応の印が付いています。", "The cart marks the order as needing attention."),
        Text("確認が終わるまで通知しません。", "It is not announced until somebody has checked."),
        Text(
            "カートで内容を確認し、要対応を外してください。自動で再開します。",
            "Check it in the cart and clear the mark; it goes on by itself.",
        ),
    ),
    Reason.UNKNOWN_VALUE: Word(
        Text("変換表にない値", "Unknown value"),
        Text(
            "支払方法・配送業者・時間帯などに、変換表にない値があります。",
            "A payment, carrier or time slot is in no translation table.",
        ),
        Text("推測では送りません。商品は動いていません。", "We do not guess; no goods moved."),
        Text(
            "メモにある表（mappings/tables）に1行追加してください。追加すれば自動で再開します。",
            "Add one line to the table named in the note (mappings/tables); it goes on by itself.",
        ),
    ),
    Reason.UNMAPPABLE_TEXT: Word(
        Text("送れない文字", "Character cannot be sent"),
        Text(
            "相手のファイルで使えない文字があります。",
            "A character does not exist in the receiver's encoding.",
        ),
        Text(
            "文字を欠いたまま送ると誤配送になるため、止めています。",
            "Sending it without the character could misdeliver the parcel.",
        ),
        Text(
            "受注ならカートで、伝票になった後はネクストエンジンで文字を直すか、文字の置き換え表（characters.yaml）に"
            "1行追加してください。直れば自動で再開します。",
            "Correct the text in the cart (once it is a slip: in Next Engine) or add the character to the "
            "substitution table (characters.yaml); it goes on by itself.",
        ),
    ),
    Reason.TEXT_TOO_LONG: Word(
        Text("文字数超過", "Text too long"),
        Text("相手の項目の長さを超えています。", "A text is longer than the receiver's field."),
        Text(
            "途中で切ると住所などが欠けるため、止めています。", "Cutting it could lose a part of the address."
        ),
        Text(
            "カート（伝票になった後はネクストエンジン）で短くするか、マッピングの分割規則を直してください。",
            "Shorten it in the cart (once it is a slip: in Next Engine) or change the mapping's splitting rule.",
        ),
    ),
    Reason.AMOUNT_DIFFERS: Word(
        Text("金額不一致", "Amounts do not tie"),
        Text(
            "受注の内訳の合計が支払金額と合いません。", "The parts of the order do not add up to the total."
        ),
        Text(
            "誤った金額で請求・出荷しないよう止めています。", "It is held so that no wrong amount is charged."
        ),
        Text(
            "カートで金額の内訳を確認してください。合えば自動で再開します。",
            "Check the amounts in the cart; it goes on by itself once they tie.",
        ),
    ),
    Reason.MALFORMED: Word(
        Text("渡せない値", "Value cannot be handed on"),
        Text(
            "こちらから渡すファイルやメールに、決まった形で書けない値があります（空の必須項目、桁の違う番号など）。",
            "A value does not have the form that it must have in what we hand on (a required field is empty, a number "
            "has too few digits).",
        ),
        Text(
            "推測で直して渡すことはしません。この処理はまだ行っていません。",
            "We do not guess it; the act has not happened yet.",
        ),
        Text(
            "メモの項目を、受注ならカートで、伝票になった後はネクストエンジンで直してください。直れば自動で再開します。",
            "Correct the field of the note in the cart (once it is a slip: in Next Engine); it goes on by itself once "
            "it fits.",
        ),
    ),
    Reason.TOO_MANY_LINES: Word(
        Text("明細数超過", "Too many lines"),
        Text(
            "1受注の明細数が相手の上限を超えています。", "The order has more lines than the receiver takes."
        ),
        Text("送っていません。商品は動いていません。", "It was not sent; no goods moved."),
        Text(
            "カートで受注を（伝票になった後はネクストエンジンで伝票を）分けてください。",
            "Split the order in the cart (once it is a slip: the slip in Next Engine).",
        ),
    ),
}
