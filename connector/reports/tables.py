"""Tables (報告の表): the model as tables of plain values; every format prints these, so figures cannot differ."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from connector import words
from connector.ledger.views import Flow
from connector.reports.alarms import alarms_opening, alarms_table
from connector.reports.cases import cases_table, figures_table
from connector.reports.changes import changes_table
from connector.reports.intake import intake_days_table, intake_table
from connector.reports.model import Manifest, Morning
from connector.reports.money import money_table
from connector.reports.renewals import expected_table, renewals_table
from connector.reports.sayings import figure_value, what, what_to_do
from connector.reports.table import Cell, Column, Table
from connector.words import label
from connector.words.next_engine import budget_sentence
from connector.words.stops import stop_cart_line

__all__ = ["Cell", "Column", "Table", "opening", "tables"]


def opening(report: Morning, lang: str) -> str:
    """The sentence a report and the first page begin with."""
    lost = len(report.renewals.missing or ()) if report.renewals is not None else 0
    if lang == "en":
        missing = f" / renewals missing {words.count(lost, lang)}" if lost else ""
        return (
            f"{alarms_opening(report, lang)}Differences {words.count(report.differences, lang)} / "
            f"unexplained {words.yen(report.unexplained_yen, lang)}{missing}"
        )
    missing = f" / 定期の作成漏れ {words.count(lost)}" if lost else ""
    figures = f"照合差異 {words.count(report.differences)} / 未説明 {words.yen(report.unexplained_yen)}"
    return f"{alarms_opening(report, lang)}{figures}{missing}"


def tables(report: Morning, lang: str) -> tuple[Table, ...]:
    """Every table of the report, in the order of reading."""
    return tuple(make(report, lang) for make in TABLES)


def _age(since: datetime | None, report: Morning) -> timedelta | None:
    return None if since is None else report.made_at - since


def _todo(report: Morning, lang: str) -> Table:
    return Table(
        "todo",
        label("todo", lang),
        (
            Column("due_at", "at"),
            Column("reason"),
            Column("order_number", "number"),
            Column("slip_number", "number"),
            Column("yen", "yen"),
            Column("age", "age"),
            Column("note"),
            Column("do"),
        ),
        tuple(
            (
                one.due_at if one.due_at else "",
                what(one, lang),
                one.order_number,
                one.slip_number,
                one.yen,
                _age(one.since, report),
                one.note,
                what_to_do(one, lang),
            )
            for one in report.todo
        ),
    )


def _seven(report: Morning, lang: str) -> Table:
    return Table(
        "seven",
        label("seven", lang),
        (
            Column("figure"),
            Column("value"),
            Column("yen", "yen"),
            Column("yesterday"),
            Column("mean7"),
            Column("oldest", "number"),
            Column("age", "age"),
            Column("words"),
            Column("read_at", "at"),
        ),
        tuple(
            (
                words.FIGURES[one.key][0].say(lang),
                figure_value(one, one.value, lang),
                one.yen if one.yen is not None else "",
                figure_value(one, one.yesterday, lang),
                figure_value(one, one.mean7, lang),
                one.oldest,
                _age(one.oldest_at, report) if one.oldest_at else "",
                one.words.say(lang),
                one.read_at,
            )
            for one in report.figures
        ),
    )


def _findings(report: Morning, lang: str) -> Table:
    return Table(
        "findings",
        label("findings", lang),
        (
            Column("kind"),
            Column("order_number", "number"),
            Column("slip_number", "number"),
            Column("yen", "yen"),
            Column("age", "age"),
            Column("words"),
            Column("explained"),
            Column("owner"),
            Column("do"),
        ),
        tuple(
            (
                words.FINDINGS[one.kind].word.name.say(lang),
                one.order_number,
                one.slip_number,
                one.yen,
                _age(one.since, report) if one.since else "",
                one.words,
                label("explained_yes" if one.explained else "explained_no", lang),
                words.FINDINGS[one.kind].owner.say(lang),
                words.FINDINGS[one.kind].word.do.say(lang),
            )
            for one in report.findings
        ),
    )


def _verdicts(report: Morning, lang: str) -> Table:
    counted = tuple(
        (words.VERDICTS[key].say(lang), report.verdicts.get(key, 0))
        for key in words.VERDICTS
        if report.verdicts.get(key) or key in ("matched", "finding")
    )
    total = ((("合計" if lang == "ja" else "Total"), sum(report.verdicts.values())),)
    unknown = ((words.VERDICTS["unknown"].say(lang), None),)
    rows = unknown if report.cart_orders is None else counted + total
    return Table("verdicts", label("verdicts", lang), (Column("verdict"), Column("count", "count")), rows)


def _flows(report: Morning, lang: str) -> Table:
    came, left = ("opening", "new"), ("moved_on", "cancelled", "held", "open")

    def columns(kinds: tuple[str, ...]) -> tuple[Column, ...]:
        return tuple(column for kind in kinds for column in (Column(kind, "count"), Column("yen", "yen")))

    def cells(one: Flow, kinds: tuple[str, ...]) -> tuple[Cell, ...]:
        return tuple(value for kind in kinds for value in (getattr(one, kind), getattr(one, f"{kind}_yen")))

    return Table(
        "flows",
        label("flows", lang),
        (Column("kind"), Column("state"), *columns(came), Column("revalued", "yen"), *columns(left)),
        tuple(
            (
                label(one.item, lang),
                words.state(one.item, one.state, lang),
                *cells(one, came),
                one.revalued_yen,
                *cells(one, left),
            )
            for one in report.flows
        ),
    )


def _held(report: Morning, lang: str) -> Table:
    return Table(
        "held",
        label("held_list", lang),
        (
            Column("order_number", "number"),
            Column("slip_number", "number"),
            Column("reason"),
            Column("yen", "yen"),
            Column("age", "age"),
            Column("note"),
            Column("why"),
            Column("means"),
            Column("do"),
        ),
        tuple(
            (
                one.order_number,
                one.number if one.item == "slip" else "",
                words.reason(one.reason, lang),
                one.yen,
                _age(one.opened_at, report),
                one.note,
                *(
                    getattr(words.REASONS[words.Reason(one.reason)], part).say(lang)
                    for part in ("why", "means", "do")
                ),
            )
            for one in report.held
        ),
    )


def _waiting(report: Morning, lang: str) -> Table:
    return Table(
        "waiting",
        label("waiting_list", lang),
        (
            Column("order_number", "number"),
            Column("state"),
            Column("yen", "yen"),
            Column("age", "age"),
            Column("why"),
            Column("moves"),
            Column("next_at", "at"),
        ),
        tuple(
            (
                one.number,
                words.state("order", one.state, lang),
                one.yen,
                _age(one.since, report),
                one.why.say(lang),
                one.moves.say(lang),
                one.next_at if one.next_at else "",
            )
            for one in report.waiting
        ),
    )


def _strays(report: Morning, lang: str) -> Table:
    return Table(
        "strays",
        label("strays", lang),
        (Column("at", "at"), Column("system"), Column("place"), Column("words")),
        tuple((one.at, words.system(one.system, lang), one.place, one.words) for one in report.strays),
    )


def _stops(report: Morning, lang: str) -> Table:
    return Table(
        "stops",
        label("stops", lang),
        (
            *(Column("order_number", "number"), Column("yen", "yen"), Column("at", "at")),
            *(Column("verdict"), Column("words"), Column("stop_in_cart")),
        ),
        tuple(
            (one.number, one.yen, one.asked_at, words.STOP_VERDICTS[one.verdict].say(lang), one.words, cart)
            for one in report.stops
            for cart in (stop_cart_line(one.cart, one.cart_told_at, one.cart_at, lang),)
        ),
    )


def _manifests(report: Morning, lang: str) -> Table:
    return Table(
        "manifests",
        label("manifests", lang),
        (
            Column("at", "at"),
            Column("kind"),
            Column("name", "number"),
            Column("items", "count"),
            Column("state"),
            Column("attempts", "count"),
            Column("digest", "number"),
            Column("words"),
        ),
        tuple(
            (
                one.begun_at,
                words.effect(one.kind, lang),
                one.name,
                one.items,
                words.effect_state(one.state, lang),
                one.attempts,
                one.digest,
                _totals_words(one, lang) or one.words,
            )
            for one in report.manifests
        ),
    )


def _totals_words(file: Manifest, lang: str) -> str:
    """An order CSV's sum, and what was read back of it."""
    if file.yen is None:
        return ""
    said = f"{label('preflight_yen', lang)} {words.yen(file.yen, lang)}"
    if file.ties is None:
        return f"{said} {file.words}".rstrip()
    verdict = label("totals_tie" if file.ties else "totals_differ", lang)
    numbers = " ".join(("", *file.differing)) if file.differing else ""
    return f"{said} / {label('read_back_yen', lang)} {words.yen(file.read_yen, lang)}: {verdict}{numbers}"


def _connections(report: Morning, lang: str) -> Table:
    return Table(
        "connections",
        label("connections", lang),
        (Column("stage"), Column("read_at", "at"), Column("failed_at", "at"), Column("words")),
        tuple(
            (
                words.stage(one.what, lang),
                one.ok_at,
                one.failed_at if one.failed_at else "",
                one.words,
            )
            for one in report.pulses
        )
        + _calls(report, lang),
    )


def _calls(report: Morning, lang: str) -> tuple[tuple[Cell, ...], ...]:
    """今月のネクストエンジンAPI: one line; none in a report kept before they were counted."""
    if report.calls is None:
        return ()
    return (
        (words.system("next_engine", lang), report.made_at, "", budget_sentence(report.calls.facts, lang)),
    )


TABLES: tuple[Callable[[Morning, str], Table], ...] = (
    alarms_table,
    _todo,
    _seven,
    _verdicts,
    _findings,
    intake_table,
    intake_days_table,
    renewals_table,
    expected_table,
    figures_table,
    cases_table,
    money_table,
    _held,
    _waiting,
    _stops,
    changes_table,
    _strays,
    _manifests,
    _flows,
    _connections,
)
