"""Goods back (返品) in the day's report: what came back since the day began, and what a person does about its money."""

from __future__ import annotations

from collections.abc import Sequence

from connector.ledger.views.goods_back import ReturnRow
from connector.reports.model import Todo
from connector.words import Text, label
from connector.words.goods_returns import DO

NAME = Text(label("goods_returns", "ja"), label("goods_returns", "en"))


def goods_back_todo(rows: Sequence[ReturnRow]) -> list[Todo]:
    """What came back lately: it is said in one report or two, for nobody can tell us that it is settled."""
    return [
        Todo(
            kind="return",
            what=row.do,
            order_number=row.order_number,
            slip_number=row.slip or row.slip_number,
            note=row.said("ja"),
            yen=0,
            since=row.at,
            due_at=None,
        )
        for row in rows
    ]


def do_of(what: str) -> Text:
    return DO[what]
