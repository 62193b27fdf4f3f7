"""Alarms (警報): what the report says first, and its table of all that stood since the day began."""

from __future__ import annotations

from connector import words
from connector.ledger.views import AlarmRow
from connector.reports.model import Morning
from connector.reports.table import Cell, Column, Table
from connector.words import label


def alarms_opening(report: Morning, lang: str) -> str:
    """Those that still stand, before anything else is said; empty where all is well."""
    standing = [row for row in report.alarms if row.open]
    if not standing:
        return ""
    names = [
        f"{words.ALARMS[row.kind].name.say(lang)}（{words.moment(row.opened_at, lang)}から）"
        if lang == "ja"
        else f"{words.ALARMS[row.kind].name.say(lang)} (since {words.moment(row.opened_at, lang)})"
        for row in standing
    ]
    return f"警報: {'、'.join(names)} / " if lang == "ja" else f"Alarm: {', '.join(names)} / "


def alarms_table(report: Morning, lang: str) -> Table:
    """警報: all that stood since the day began."""
    return Table(
        "alarms",
        label("alarms", lang),
        (Column("reason"), Column("since", "at"), Column("until", "at"), Column("words"), Column("do")),
        tuple(_row(one, report, lang) for one in report.alarms),
    )


def _row(one: AlarmRow, report: Morning, lang: str) -> tuple[Cell, ...]:
    word = words.ALARMS[one.kind]
    facts = words.alarm_facts(one.kind, one.evidence, report.made_at, lang)
    ended = one.closed_at if one.closed_at is not None else ""
    return word.name.say(lang), one.opened_at, ended, facts, word.do.say(lang) if one.open else ""
