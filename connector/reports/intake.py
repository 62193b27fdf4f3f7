"""Intake (取込の内訳): the ledger's picture beside the cart's own counts, as tables of the report and as a text.

The cart is asked one number per 受注日, once per report or command. A day whose sum differs is red.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from connector import words
from connector.errors import ConnectorError
from connector.ledger import views
from connector.ledger.views import Database, Intake, IntakeDay, IntakeKind, IntakeLine
from connector.outcome import Finding
from connector.ports import Cart
from connector.reports.model import Morning
from connector.reports.picture import Row
from connector.reports.table import Cell, Column, Table
from connector.shop import Shop
from connector.words import label


async def count_intake(
    cart: Cart, database: Database, shop: Shop, now: datetime, *, days: int = views.INTAKE_DAYS
) -> Intake:
    """Never raises for a cart that cannot be asked: its numbers are then unknown, never a zero."""
    found = await database.read(lambda c: views.intake(c, shop, now, days=days))
    counted: list[IntakeDay] = []
    for day in found.days:
        try:
            said = await cart.count_placed(day.since, day.until)
        except ConnectorError as error:
            return msgspec.structs.replace(found, words=str(error))
        counted.append(msgspec.structs.replace(day, cart=said))
    return msgspec.structs.replace(found, days=tuple(counted))


def intake_findings(intake: Intake, rows: Iterable[Row]) -> list[Finding]:
    """Days whose difference no order-by-order finding names; and lines that do not add up."""
    one_sided = [row for row in rows if (row.cart is None) != (row.ours is None)]
    found = []
    for day in intake.days:
        named = {_cart_id(row) for row in one_sided if day.since <= _placed_at(row) < day.until}
        if abs(day.difference) > len(named):
            said = f"受注日 {day.on}: {sum_words(day, 'ja')}"
            found.append(Finding("intake_differs", "", said, since=day.since))
    if intake.sum != intake.seen:
        said = f"内訳の合計 {intake.sum:,}件 / 台帳 {intake.seen:,}件"
        found.append(Finding("intake_differs", "", said, since=intake.since))
    return found


def _placed_at(row: Row) -> datetime:
    side = row.cart if row.cart is not None else row.ours
    assert side is not None  # noqa: S101 - a row has at least one side
    return side.placed_at


def _cart_id(row: Row) -> int:
    side = row.cart if row.cart is not None else row.ours
    assert side is not None  # noqa: S101 - a row has at least one side
    return side.cart_order_id


def sum_words(day: IntakeDay, lang: str) -> str:
    """カート n件 / 台帳 m件."""
    return (
        f"{words.system('cart', lang)} {words.count(day.cart, lang)} / "
        f"{words.system('ledger', lang)} {words.count(day.ours, lang)}"
    )


def rule_words(line: IntakeLine, lang: str) -> str:
    """The rule of a line as operators call it."""
    match line.kind:
        case IntakeKind.HELD:
            return words.reason(line.rule, lang)
        case IntakeKind.LEFT_OUT:
            known = words.LEFT_OUT.get(line.rule)
            return known.name.say(lang) if known else line.rule
        case IntakeKind.UNREADABLE:
            return label("unreadable_order", lang)
        case _:
            return words.state("order", line.rule, lang)


def day_verdict(day: IntakeDay, lang: str) -> str:
    if day.cart is None:
        return label("intake_unknown", lang)
    return label("intake_differs" if day.difference else "intake_same", lang)


# --- tables and text ----------------------------------------------------------------------------------------


def intake_table(report: Morning, lang: str) -> Table:
    """取込の内訳: every order seen, in exactly one line."""
    found = report.intake
    return Table(
        "intake",
        label("intake", lang),
        (
            Column("verdict"),
            Column("rule"),
            Column("count", "count"),
            Column("yen", "yen"),
            Column("age", "age"),
        ),
        tuple(_line(one, report.made_at, lang) for one in found.lines) if found is not None else (),
    )


def intake_days_table(report: Morning, lang: str) -> Table:
    """受注日ごとの照合: the cart's own count beside ours."""
    found = report.intake
    return Table(
        "intake_days",
        label("intake_days", lang),
        (
            Column("placed_on"),
            Column("in_cart", "count"),
            Column("in_ledger", "count"),
            Column("unreadable", "count"),
            Column("difference", "count"),
            Column("until", "at"),
            Column("verdict"),
        ),
        tuple(_day(one, lang) for one in found.days) if found is not None else (),
    )


def _line(one: IntakeLine, now: datetime, lang: str) -> tuple[Cell, ...]:
    kind = words.INTAKE[one.kind].name.say(lang)
    named = f"{kind}{label('intake_older', lang)}" if one.older else kind
    age = now - one.oldest_at if one.oldest_at is not None else ""
    return named, rule_words(one, lang), one.count, one.yen if one.yen is not None else "", age


def _day(one: IntakeDay, lang: str) -> tuple[Cell, ...]:
    difference = one.difference if one.cart is not None else None
    return (
        str(one.on),
        one.cart,
        one.ledger,
        one.unreadable,
        difference,
        one.until,
        day_verdict(one, lang),
    )


def intake_text(found: Intake, lang: str) -> str:
    """For a terminal: the lines, then the days; a red day ends with what the two sides say."""
    lines = [f"{label('intake', lang)}  {words.moment(found.since, lang)} –  {words.count(found.seen, lang)}"]
    lines += _columns([_said(one, found.made_at, lang) for one in found.lines], widths=(18, 26, 8, 14))
    lines += ["", label("intake_days", lang)]
    lines += [f"  {_said_day(one, lang)}" for one in found.days]
    if not found.days:
        lines.append(f"  {label('intake_not_read', lang)}")
    return "\n".join([*lines, found.words] if found.words else lines)


def _said(one: IntakeLine, now: datetime, lang: str) -> Sequence[str]:
    kind, rule, count, _, _ = _line(one, now, lang)
    age = words.age(now - one.oldest_at, lang) if one.oldest_at is not None else ""
    return str(kind), str(rule), words.count(int(str(count)), lang), words.yen(one.yen, lang), age


def _said_day(one: IntakeDay, lang: str) -> str:
    mark = "NG" if one.difference else "ok" if one.cart is not None else "? "
    unread = f"（{label('unreadable', lang)} {one.unreadable}）" if one.unreadable else ""
    return f"{mark}  {one.on}  {sum_words(one, lang)}{unread}"


def _columns(rows: Iterable[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """Columns for a terminal, where a full-width character takes two places."""
    return [
        "  " + "".join(_padded(cell, width) for cell, width in zip(row, (*widths, 0), strict=True)).rstrip()
        for row in rows
    ]


def _padded(text: str, width: int) -> str:
    return text + " " * max(1, width - sum(1 if char < "⺀" else 2 for char in text))


__all__ = [
    "count_intake",
    "day_verdict",
    "intake_days_table",
    "intake_findings",
    "intake_table",
    "intake_text",
    "rule_words",
    "sum_words",
]
