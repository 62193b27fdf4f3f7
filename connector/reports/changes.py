"""Changes (引き渡し後の変更): the report's table of them, and what a person must do about each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from connector.lateness import Kind, Place
from connector.ledger import views
from connector.ledger.views import ChangeRow, HoldRow
from connector.outcome import Reason
from connector.reports.model import Morning, Todo
from connector.reports.table import Cell, Column, Table
from connector.shop import Shop
from connector.words import Text, label
from connector.words.changes import FIELDS, what_to_do
from connector.words.differences import yen_between

GONE = ("cancelled", "deleted")


def changes_todo(shop: Shop, rows: Iterable[ChangeRow], held: Sequence[HoldRow], now: datetime) -> list[Todo]:
    """One entry per change that waits for somebody; what is being imported right now waits for nobody yet.

    A cancel that came too late is held, too: the hold's entry says it.
    """
    said = {hold.order_number for hold in held if hold.reason == Reason.CANCELLED_TOO_LATE}
    return [
        Todo(
            kind="change",
            what="/".join(
                (
                    *(one.field, one.kind, one.place),
                    *(str(yen_between(one.field, one.before, one.after)), one.payment_state),
                )
            ),
            order_number=one.number,
            slip_number="",
            note=views.told(one, "ja").words,
            yen=one.yen,
            since=one.at,
            due_at=views.due_at(shop, "order", one.state, now) if one.kind == Kind.BY_HAND else None,
        )
        for one in rows
        if one.place != Place.IMPORTING and not (one.field in GONE and one.number in said)
    ]


def not_said_twice(held: Sequence[HoldRow], rows: Sequence[ChangeRow]) -> list[HoldRow]:
    """The holds without those that only give a voice to these changes."""
    told = {one.number for one in rows if one.kind == Kind.BY_HAND}
    return [
        hold
        for hold in held
        if not (
            hold.item == "order"
            and hold.reason == Reason.CHANGED_AFTER_HANDOVER
            and hold.order_number in told
        )
    ]


def name_of(entry: Todo) -> Text:
    return FIELDS[entry.what.partition("/")[0]].name


def do_of(entry: Todo, lang: str) -> str:
    field, kind, place, gap, *payment = entry.what.split("/")  # a report kept from before has no payment
    return what_to_do(
        field,
        Kind(kind),
        Place(place),
        lang,
        amount=entry.yen,
        difference=int(gap),
        payment="".join(payment),
    )


def changes_table(report: Morning, lang: str) -> Table:
    """引き渡し後の変更: every one that still waits for somebody."""
    return Table(
        "changes",
        label("changes", lang),
        (
            Column("number"),
            Column("order_number", "number"),
            Column("field"),
            Column("kind"),
            Column("place"),
            Column("yen", "yen"),
            Column("age", "age"),
            Column("words"),
            Column("do"),
        ),
        tuple(_row(one, report, lang) for one in report.changes),
    )


def _row(one: ChangeRow, report: Morning, lang: str) -> tuple[Cell, ...]:
    told = views.told(one, lang)
    return (
        str(one.id),
        one.number,
        told.field_name,
        told.kind_name,
        told.place_name,
        one.yen,
        report.made_at - one.at,
        told.words,
        told.do,
    )
