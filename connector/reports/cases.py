"""Cases (決済NG): the report's tables of refused payments, what a person must do about each, and the same as text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from connector import words
from connector.ledger import views
from connector.ledger.views import CaseRow, Cases, HoldRow
from connector.outcome import Reason
from connector.reports.model import Morning, Todo
from connector.reports.table import Cell, Column, Table
from connector.shop import Shop
from connector.words import Text, label

OWN_HOLD = ("held_otherwise",)  # the hold is on the list already, and says more
BY_THE_CASE = frozenset({Reason.PAYMENT_REFUSED})


def cases_todo(shop: Shop, cases: Cases, now: datetime) -> list[Todo]:
    """One entry per case that waits for somebody; what nobody works on any more is counted, not listed."""
    return [
        Todo(
            kind="case",
            what=one.situation,
            order_number=one.order_number,
            slip_number="",
            note=one.words,
            yen=one.yen,
            since=one.opened_at,
            due_at=views.due_at(shop, "order", one.place, now),
        )
        for one in cases.rows
        if one.needs_hand and one.situation not in OWN_HOLD
    ]


def held_beside(held: Sequence[HoldRow], cases: Cases) -> list[HoldRow]:
    """The holds without those that a case speaks for."""
    told = {one.order_number for one in cases.rows if one.closed_at is None}
    return [
        hold
        for hold in held
        if not (hold.item == "order" and hold.reason in BY_THE_CASE and hold.order_number in told)
    ]


def name_of(situation: str) -> Text:
    return words.SITUATIONS[situation].name


def do_of(situation: str) -> Text:
    return words.SITUATIONS[situation].means


def figures_table(report: Morning, lang: str) -> Table:
    """決済NGの数字: one row; none for a report from before cases were kept."""
    rows: tuple[tuple[Cell, ...], ...] = ()
    if report.cases is not None:
        one = report.cases.figures
        oldest: Cell = report.made_at - one.oldest_at if one.oldest_at else ""
        rows = (
            (
                one.open,
                one.open_yen,
                one.oldest,
                oldest,
                one.healed,
                one.healed_yen,
                share(one.healed_permille, lang),
                one.missed,
                one.given_up,
                one.given_up_yen,
            ),
        )
    return Table(
        "case_figures",
        label("case_figures", lang),
        (
            Column("open_cases", "count"),
            Column("yen", "yen"),
            Column("oldest", "number"),
            Column("age", "age"),
            Column("healed", "count"),
            Column("healed_yen", "yen"),
            Column("healed_share"),
            Column("missed_import", "count"),
            Column("given_up", "count"),
            Column("given_up_yen", "yen"),
        ),
        rows,
    )


def cases_table(report: Morning, lang: str) -> Table:
    """決済NGの案件: the open ones, oldest first, and those that ended on the day."""
    rows = report.cases.rows if report.cases is not None else ()
    return Table(
        "cases",
        label("cases", lang),
        (
            Column("order_number", "number"),
            Column("state"),
            Column("situation"),
            Column("subscription_round"),
            Column("yen", "yen"),
            Column("age", "age"),
            Column("failures", "count"),
            Column("gateway_words"),
            Column("import_joined"),
            Column("other_order", "number"),
            Column("do"),
        ),
        tuple(_row(one, report.made_at, lang) for one in rows),
    )


def _row(one: CaseRow, now: datetime, lang: str) -> tuple[Cell, ...]:
    return (
        one.order_number,
        words.CASE_STATES[one.state].say(lang),
        name_of(one.situation).say(lang),
        round_of(one, lang),
        one.yen,
        age_of(one, now),
        one.failures,
        one.words,
        joined(one, lang),
        one.replaced_by or "、".join(one.twins),
        do_of(one.situation).say(lang),
    )


def age_of(one: CaseRow, now: datetime) -> timedelta:
    """How long it is open, or was until it ended."""
    return (one.closed_at or now) - one.opened_at


def round_of(one: CaseRow, lang: str) -> str:
    """c09e71b2d5 3回目; empty for an order without a subscription."""
    if not one.subscription:
        return ""
    return f"{one.subscription} round {one.round}" if lang == "en" else f"{one.subscription} {one.round}回目"


def joined(one: CaseRow, lang: str) -> str:
    """When a healed order was imported, or when its next import is; empty for any other."""
    if one.joined_at is not None:
        return words.moment(one.joined_at, lang)
    if one.joins_at is None:
        return ""
    at = words.moment(one.joins_at, lang)
    return f"{at}の予定" if lang == "ja" else f"planned {at}"


def share(permille: int | None, lang: str) -> str:
    return words.count(None, lang) if permille is None else f"{permille / 10:.1f}%"


def sentence(cases: Cases, now: datetime, lang: str) -> str:
    """The figures in one line."""
    one = cases.figures
    oldest = words.age(now - one.oldest_at, lang) if one.oldest_at else "-"
    healed = share(one.healed_permille, lang)
    if lang == "en":
        return (
            f"{one.open} open, {words.yen(one.open_yen, lang)}, oldest {oldest}; {one.healed} healed the day before; "
            f"{healed} of 30 days healed; {one.given_up} given up"
        )
    return (
        f"対応中 {one.open}件 {words.yen(one.open_yen)}（最長 {oldest}）／前日の回復 {one.healed}件／"
        f"30日の回復率 {healed}／追跡終了 {one.given_up}件"
    )


def text(cases: Cases, now: datetime, lang: str) -> str:
    """The list as plain lines, for a terminal."""
    lines = [sentence(cases, now, lang)]
    for one in cases.rows:
        head = (
            one.order_number,
            f"[{words.CASE_STATES[one.state].say(lang)}]",
            name_of(one.situation).say(lang),
        )
        age = words.age(age_of(one, now), lang)
        tail = (round_of(one, lang), words.yen(one.yen, lang), age, _failures(one.failures, lang), one.words)
        lines.append("  ".join(part for part in (*head, *tail) if part))
        others = one.replaced_by or "、".join(one.twins)
        lines += [f"    {label('other_order', lang)}: {others}"] if others else []
        at = joined(one, lang)
        lines += [f"    {label('import_joined', lang)}: {at}"] if at else []
        lines.append(f"    {do_of(one.situation).say(lang)}")
    return "\n".join(lines)


def _failures(number: int, lang: str) -> str:
    return f"{number}回" if lang == "ja" else f"refused {number}×"
