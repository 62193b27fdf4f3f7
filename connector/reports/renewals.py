"""Renewals (定期の作成予定と漏れ): the forecast as tables of the report, and as the text of `connector forecast`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from connector import words
from connector.clock import at_jst
from connector.ledger.views import Forecast, MissingRenewal, OddRenewal, Trap
from connector.reports.model import Morning, Todo
from connector.reports.table import Cell, Column, Table
from connector.words import Text, label

MOST_DAYS = 3  # named one by one


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing about one subscription that a person must see to, or should know. `kind`: a key of words.RENEWALS."""

    kind: str
    subscription_number: str
    order_number: str
    before: date | None  # it must be done before this day
    yen: int
    since: datetime | None
    note: Text


def troubles(forecast: Forecast | None) -> list[Trouble]:
    """What is wrong, worst first."""
    if forecast is None:
        return []
    found = [_wrong_rules(forecast)] if forecast.wrong_rules is not None else []
    found += [_missing(one) for one in (*(forecast.missing or ()), *forecast.lost)]
    found += [_odd(one) for one in (*forecast.doubled, *forecast.early, *forecast.late)]
    return found + [_trap(one) for one in forecast.traps]


def _missing(one: MissingRenewal) -> Trouble:
    note = Text(
        f"作成 {_day(one.due_on)}  発送 {_day(one.ship_on)}  配送 {_day(one.deliver_on)}",
        f"create {one.due_on}, ship {one.ship_on}, deliver {one.deliver_on}",
    )
    return Trouble(one.kind, one.subscription_number, "", one.ship_on, one.yen, one.since, note)


def _odd(one: OddRenewal) -> Trouble:
    ja, en = f"作成 {words.moment(one.placed_at)}", f"created {words.moment(one.placed_at, 'en')}"
    if one.other_number:
        ja, en = f"{ja}  もう1件 {one.other_number}", f"{en}, beside {one.other_number}"
    note = Text(f"{ja}  本来の作成日 {_day(one.right_on)}", f"{en}, right day {one.right_on}")
    return Trouble(one.kind, one.subscription_number, one.order_number, None, one.yen, one.placed_at, note)


def _trap(one: Trap) -> Trouble:
    note = Text(
        f"作成 {_day(one.create_on)} は発送 {_day(one.ship_on)} より後です  配送 {_day(one.deliver_on)}",
        f"created {one.create_on}, after its ship day {one.ship_on}; deliver {one.deliver_on}",
    )
    return Trouble("trap", one.subscription_number, "", one.ship_on, one.yen, None, note)


def _wrong_rules(forecast: Forecast) -> Trouble:
    wrong = forecast.wrong_rules
    assert wrong is not None  # noqa: S101 - asked by `troubles`
    here, real = words.ORIGINS[wrong.origin], words.ORIGINS.get(wrong.really_origin)
    ja = f"設定 {here.ja}の{wrong.days_before}日前（{wrong.seen}件中{wrong.agree}件が一致）"
    en = f"settings: {wrong.days_before} days before {here.en} ({wrong.agree} of {wrong.seen} agree)"
    if real is not None:
        ja += f"  実際 {real.ja}の{wrong.really_days_before}日前（{wrong.fits}件）"
        en += f"; really {wrong.really_days_before} days before {real.en} ({wrong.fits})"
    return Trouble("wrong_rules", "", "", None, 0, None, Text(ja, en))


def todos(forecast: Forecast) -> list[Todo]:
    """What of it a person must do something about; a late one only tells what happened."""
    return [
        Todo(
            kind="renewal",
            what=one.kind,
            order_number=one.order_number,
            slip_number="",
            note=f"定期 {one.subscription_number}  {one.note.ja}" if one.subscription_number else one.note.ja,
            yen=one.yen,
            since=one.since,
            due_at=at_jst(one.before) if one.before is not None else None,
        )
        for one in troubles(forecast)
        if one.kind != "late"
    ]


# --- tables --------------------------------------------------------------------------------------------------


def renewals_table(report: Morning, lang: str) -> Table:
    """定期: missing, early, doubled, traps."""
    return Table(
        "renewals",
        label("renewals", lang),
        (
            Column("reason"),
            Column("subscription_no", "number"),
            Column("order_number", "number"),
            Column("yen", "yen"),
            Column("age", "age"),
            Column("note"),
            Column("do"),
        ),
        tuple(_row(one, report.made_at, lang) for one in troubles(report.renewals)),
    )


def _row(one: Trouble, made_at: datetime, lang: str) -> tuple[Cell, ...]:
    word = words.RENEWALS[one.kind]
    return (
        word.name.say(lang),
        one.subscription_number,
        one.order_number,
        one.yen,
        made_at - one.since if one.since is not None else "",
        one.note.say(lang),
        word.do.say(lang),
    )


def expected_table(report: Morning, lang: str) -> Table:
    """What the coming nights are to create."""
    days = report.renewals.expected if report.renewals is not None else ()
    return Table(
        "renewal_days",
        label("renewal_days", lang),
        (Column("create_on"), Column("expected", "count"), Column("yen", "yen"), Column("here", "count")),
        tuple((day_words(one.on, lang), one.count, one.yen, one.here) for one in days),
    )


def one_line(forecast: Forecast) -> Text:
    """One line for the first of the seven numbers: what the day's run was to create, and what is missing of any day."""
    if forecast.missing is None:
        why = words.UNJUDGED[forecast.unknown]
        return Text(f"定期の作成漏れは不明（{why.ja}）", f"missing renewals unknown ({why.en})")
    today = forecast.expected[0] if forecast.expected else None
    ja, en = "", ""
    if today is not None:
        ja = f"{_day(today.on)}の定期の作成予定 {today.count}件  作成済み {today.here}件  "
        en = f"renewals due on {today.on}: {today.count}, here {today.here}; "
    number, days = len(forecast.missing), sorted({one.due_on for one in forecast.missing})
    if not days:
        return Text(f"{ja}定期の作成漏れ 0件", f"{en}renewals missing 0")
    on = "・".join(map(_day, days[:MOST_DAYS])) + ("など" if len(days) > MOST_DAYS else "")
    were_due = ", ".join(map(str, days[:MOST_DAYS])) + (" …" if len(days) > MOST_DAYS else "")
    return Text(
        f"{ja}定期の作成漏れ {number}件（{on}に作成されるはずでした）",
        f"{en}renewals missing {number} (due on {were_due})",
    )


# --- text ----------------------------------------------------------------------------------------------------


def text(forecast: Forecast, lang: str) -> str:
    """What `connector forecast` prints."""
    found = troubles(forecast)
    lines = [*_head(forecast, lang), "", label("renewal_days", lang)]
    for one in forecast.expected:
        here = f"  {label('here', lang)} {words.count(one.here, lang)}" if one.here else ""
        lines.append(
            f"  {day_words(one.on, lang):<12} {words.count(one.count, lang):>9} {words.yen(one.yen, lang):>14}{here}"
        )
    for kind in dict.fromkeys(one.kind for one in found):
        lines += _of_kind(kind, [one for one in found if one.kind == kind], forecast.made_at, lang)
    if not found:
        lines += ["", label("renewals_none", lang)]
    return "\n".join(lines)


def _head(forecast: Forecast, lang: str) -> Iterable[str]:
    active = f"{label('active_subscriptions', lang)} {words.count(forecast.active, lang)}"
    yield f"{active}  {label('read_at', lang)} {words.moment(forecast.read_at, lang)}"
    if forecast.unplanned:
        word = words.RENEWALS["unplanned"]
        yield f"{word.name.say(lang)} {words.count(forecast.unplanned, lang)}: {word.do.say(lang)}"
    number = None if forecast.missing is None else len(forecast.missing)
    name = words.RENEWALS["missing"].name.say(lang)
    yen = "" if number is None else f"  {words.yen(forecast.missing_yen, lang)}"
    why = f"  {words.UNJUDGED[forecast.unknown].say(lang)}" if forecast.unknown else ""
    yield f"{name} {words.count(number, lang)}{yen}{why}"


def _of_kind(kind: str, found: Sequence[Trouble], now: datetime, lang: str) -> Iterable[str]:
    word = words.RENEWALS[kind]
    yield ""
    yield f"{word.name.say(lang)} {words.count(len(found), lang)}: {word.why.say(lang)}"
    for one in found:
        age = f"  {words.age(now - one.since, lang)}" if one.since is not None else ""
        numbers = "  ".join(filter(None, (one.subscription_number, one.order_number)))
        yen = f"  {words.yen(one.yen, lang)}" if one.yen else ""
        yield f"  {numbers}{yen}{age}  {one.note.say(lang)}".rstrip()
    yield f"  → {word.do.say(lang)}"


def day_words(day: date, lang: str) -> str:
    """11/26(木), Thu 26 Nov."""
    return words.moment(at_jst(day), lang).rpartition(" ")[0]


def _day(day: date) -> str:
    return f"{day.month}/{day.day}"
