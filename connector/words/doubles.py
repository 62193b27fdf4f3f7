"""Doubles (二重出荷の見張りの文言): how each way of sending twice is called, and what to look at."""

from __future__ import annotations

from connector.doubles import Kind
from connector.words.text import Term, Text

DOUBLES: dict[Kind, Term] = {
    Kind.ROUND: Term(
        Text("同じ定期の同じ回", "Same subscription and round"),
        Text(
            "同じ定期・同じ回の別の受注がすでに出荷指示されています。カートで受注が作り直されていないか見てください。",
            "Another order for this round was sent. See in the cart whether the order was made again.",
        ),
    ),
    Kind.REIMPORT: Term(
        Text("取込のやり直し", "Imported again"),
        Text(
            "同じ受注番号の伝票がすでに出荷指示されています。取込のやり直しで伝票が二つできた形です。",
            "A slip of the same order number was sent: an import that was done twice looks like this.",
        ),
    ),
    Kind.COPY: Term(
        Text("出荷指示済みの伝票の複写", "Copy of a sent slip"),
        Text(
            "複写元は出荷指示済みで、倉庫から出荷不可の回答がありません。出荷不可の後の複写なら止まりません。",
            "Its source was sent and the warehouse did not say 出荷不可. A copy made after that passes.",
        ),
    ),
    Kind.SPLIT: Term(
        Text("分割した伝票に同じ商品", "Split slip with the same rows"),
        Text(
            "分割元の伝票が同じ明細を持って出荷指示されています。明細が分かれているか見てください。",
            "The slip it was split from was sent with these rows. See whether the rows are really divided.",
        ),
    ),
    Kind.BUNDLE: Term(
        Text("同梱の残り", "Left over from a bundle"),
        Text(
            "この受注の商品は、同梱した伝票ですでに出荷指示されています。",
            "This order's goods went with the slip that they were bundled into.",
        ),
    ),
    Kind.HAND_MADE: Term(
        Text("手で作られた伝票", "Slip made by hand"),
        Text(
            "受注のない伝票と、届け先・商品が同じです。電話注文や再送として本当に二つ要るのか確かめてください。",
            "One of the two has no order behind it, and person and goods are equal. Make sure that both are wanted.",
        ),
    ),
    Kind.GO_LIVE: Term(
        Text("当システムの外で出荷", "Shipped outside of us"),
        Text(
            "別の連携または手作業で、同じ商品がすでに印刷・出荷されています。",
            "Another link, or somebody by hand, printed or shipped the same goods.",
        ),
    ),
    Kind.TWIN: Term(
        Text("続けて二度の注文", "Ordered twice in a short while"),
        Text(
            "同じ方が同じ商品を短い間に二度注文しています。お客様に確かめてください。",
            "One person ordered the same goods twice in a short while. Ask the customer.",
        ),
    ),
}

DOUBLE_LABELS: dict[str, Text] = {
    "suspects": Text("二重出荷の疑いのある相手", "What it may be a double of"),
    "suspects_hint": Text(
        "以下は先に出荷指示・出荷された伝票です。両方要るときだけ、理由を書いて保留を解除してください。",
        "Each of these was sent before. Release the hold, with a reason, only if both are wanted.",
    ),
    "suspect_equal": Text("同じもの", "Equal"),
    "suspect_sent": Text("出荷指示・出荷", "Sent"),
    "suspect_ours": Text("出荷指示", "handed over by us"),
    "suspect_theirs": Text("当システムの外", "outside of us"),
}
