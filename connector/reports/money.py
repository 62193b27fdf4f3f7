"""Money at risk (出荷済み未売上): the lists of `views.money` as a table of the report and as lines for a terminal."""

from __future__ import annotations

from connector import words
from connector.ledger.views import Money, MoneyRow
from connector.reports.model import Morning
from connector.reports.table import Cell, Column, Table
from connector.words import label

COLUMNS = (
    Column("situation"),
    Column("order_number", "number"),
    Column("yen", "yen"),
    Column("payment"),
    Column("shipped_on"),
    Column("ship_on"),
    Column("authorized_at", "at"),
    Column("days_left"),
    Column("gateway_words"),
    Column("do"),
)


def money_table(report: Morning, lang: str) -> Table:
    """出荷済み未売上, and below it what lapses before it ships."""
    rows = plain(report.money, lang) if report.money is not None else ()
    return Table("money", label("money", lang), COLUMNS, tuple(rows))


def plain(found: Money, lang: str) -> list[tuple[Cell, ...]]:
    """Both lists as rows of `COLUMNS`, what shipped first."""
    return [_row(one, lang) for one in (*found.shipped, *found.lapsing)]


def _row(one: MoneyRow, lang: str) -> tuple[Cell, ...]:
    term = words.MONEY[one.situation]
    return (
        term.name.say(lang),
        one.order_number,
        one.yen,
        one.payment,
        str(one.shipped_on or ""),
        str(one.ship_on or ""),
        one.authorized_at if one.authorized_at is not None else "",
        days_left(one, lang),
        one.words,
        term.means.say(lang),
    )


def days_left(one: MoneyRow, lang: str) -> str:
    """残り3日; what lapsed, never lapses or has an unknown age says so."""
    if one.days_left is None:
        return words.count(None, lang) if one.age_unknown else "-"
    return left(one.days_left, lang)


def left(days: int, lang: str) -> str:
    if days < 0:
        return label("lapsed", lang)
    if lang == "ja":
        return f"残り{days}日"
    return f"{days} day{'' if days == 1 else 's'} left"


def sentence(found: Money, lang: str) -> str:
    """The figures in one line."""
    fewest = left(found.fewest_days, lang) if found.fewest_days is not None else "-"
    shipped, lapsing = (words.count(len(rows), lang) for rows in (found.shipped, found.lapsing))
    yen, later = words.yen(found.yen, lang), words.yen(found.lapsing_yen, lang)
    if lang == "en":
        return (
            f"Shipped, not captured: {shipped}, {yen} ({found.failed} failed, fewest {fewest}); "
            f"lapsing before they ship: {lapsing}, {later}"
        )
    return (
        f"出荷済み未売上 {shipped} {yen}（失敗 {found.failed}件、最短 {fewest}）／"
        f"出荷前に与信が切れるもの {lapsing} {later}"
    )


def text(found: Money, lang: str) -> str:
    """Both lists as plain lines, for a terminal."""
    lines = [sentence(found, lang)]
    for name, rows in (("money_shipped", found.shipped), ("money_lapsing", found.lapsing)):
        lines += ["", f"{label(name, lang)}  {words.yen(sum(row.yen for row in rows), lang)}"] if rows else []
        for one in rows:
            lines += _lines(one, lang)
    return "\n".join(lines)


def _lines(one: MoneyRow, lang: str) -> list[str]:
    term = words.MONEY[one.situation]
    on = one.shipped_on or one.ship_on
    when = f"{label('shipped_on' if one.shipped_on else 'ship_on', lang)} {on}" if on else ""
    since = f"{label('authorized_at', lang)} {words.moment(one.authorized_at, lang)}"
    parts = (
        one.order_number,
        f"[{term.name.say(lang)}]",
        words.yen(one.yen, lang),
        one.payment,
        when,
        since,
        days_left(one, lang),
        one.words,
    )
    return ["  ".join(part for part in parts if part), f"    {term.means.say(lang)}"]
