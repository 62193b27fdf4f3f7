"""Automation (自動化率): the rate of some days in words: what touched most, and what removing it would give."""

from __future__ import annotations

from connector import words
from connector.ledger.views import Automation, AutomationSpan, Touch
from connector.reports.table import Cell, Column
from connector.words import label
from connector.words.automation import percent, points, touch_places, touch_reason
from connector.words.text import Text

COLUMNS = (
    Column("at", "at"),
    Column("slip_number", "number"),
    Column("order_number", "number"),
    Column("touch_reason"),
    Column("touch_place"),
    Column("actor"),
)


def plain(one: Touch, lang: str) -> tuple[Cell, ...]:
    """One touch as a row of `COLUMNS`."""
    reason, place = touch_reason(one.reason, lang), touch_places((one.place,), lang)
    return (one.at, one.slip, one.order_number, reason, place, one.actor)


def sentence(found: Automation) -> Text:
    """The rate in one line, with the reason whose removal would gain most."""
    if found.permille is None:
        return Text("出荷確定がありません", "nothing was confirmed as shipped")
    most = found.removals[0] if found.removals else None
    ja = f"出荷 {found.shipped} 件中 {found.untouched} 件が無人"
    en = f"{found.untouched} of {found.shipped} untouched"
    if most is None:
        return Text(ja, en)
    return Text(
        f"{ja}。最多: {touch_reason(most.reason)} {most.slips}件（なくせば {points(most.gain)}）",
        f"{en}; most: {touch_reason(most.reason, 'en')} ({most.slips}), without it {points(most.gain, 'en')}",
    )


def text(found: AutomationSpan, lang: str) -> str:
    """The span as plain lines, for a terminal."""
    head = f"{label('automation', lang)} {found.first}–{found.last}  {percent(found.whole.permille, lang)}"
    lines = [head, f"  {sentence(found.whole).say(lang)}", "", label("touch_reasons", lang)]
    for one in found.whole.removals:
        where, name = touch_places(one.places, lang), touch_reason(one.reason, lang)
        lines.append(f"  {points(one.gain, lang):>9}  {words.count(one.slips, lang):>6}  {name}  [{where}]")
    lines += ["", label("by_day", lang)]
    for day in found.days:
        if day.shipped:
            rate = percent(day.permille, lang)
            lines.append(f"  {day.day}  {rate:>7}  {day.untouched}/{day.shipped}")
    return "\n".join(lines)
