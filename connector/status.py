"""Status (状況): the funnel and the last reads as a few lines for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime

from connector import words
from connector.clock import jst
from connector.ledger.views import PlaceCount, PulseRow


def status_text(
    places: Sequence[PlaceCount], pulses: Sequence[PulseRow], now: datetime, lang: str, cut_off: datetime
) -> str:
    """One line per place, then one per stage that failed last time."""
    heads = {"order": ("受注", "Orders"), "slip": ("伝票", "Slips")}
    columns = ("件数", "金額", "保留", "滞留") if lang == "ja" else ("count", "yen", "held", "stuck")
    lines = [f"{jst(now):%Y-%m-%d %H:%M}  {words.until_cut_off(cut_off, now, lang)}"]
    for item in ("order", "slip"):
        lines.append(_line(heads[item][lang == "en"], *columns))
        lines += [
            _line(
                "  " + words.state(item, place.state, lang),
                str(place.count),
                f"{place.yen:,}",
                str(place.held),
                str(place.stuck),
            )
            for place in places
            if place.item == item
        ]
    failed = [pulse for pulse in pulses if pulse.words]
    lines += [f"! {words.stage(pulse.what, lang)}: {pulse.words}" for pulse in failed]
    return "\n".join(lines)


def _line(name: str, *cells: str) -> str:
    return _padded(name, 24) + "".join(" " * max(0, 12 - _width(cell)) + cell for cell in cells)


def _padded(text: str, width: int) -> str:
    return text + " " * max(0, width - _width(text))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in text)
