"""Intake (取込の内訳): the operators' words for what became of an order of the cart."""

from __future__ import annotations

from connector.words.text import Term, Text

INTAKE: dict[str, Term] = {
    "held": Term(
        Text("保留", "Held"),
        Text("理由があって止まっています。", "It stands still, for a reason."),
    ),
    "on_its_way": Term(
        Text("処理中", "On its way"),
        Text("流れの途中にあります。", "It walks the journey."),
    ),
    "ended": Term(
        Text("終了", "Ended"),
        Text("完了したか、取り消されました。", "It was completed or cancelled."),
    ),
    "left_out": Term(
        Text("対象外", "Left out"),
        Text("名前のある規則により、処理しません。", "A named rule keeps it out of the journey."),
    ),
    "unreadable": Term(
        Text("読めない受注", "Unreadable"),
        Text(
            "カートの内容を読み取れません。直れば自動で消えます。",
            "The cart's content cannot be read; it goes by itself once it can.",
        ),
    ),
}
