"""How the cart writes and reads values (書式): datetimes in Japanese time, switches as 0/1, ids as text.

spec/ecforce.md §2.6. Replies carry `2026/11/26 00:30:11`; requests may carry five spellings of it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from connector.clock import JST, jst

_DATETIME = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_TRUE, _FALSE = ("1", "true", "True"), ("0", "false", "False")


@lru_cache(maxsize=8192)
def stamp(at: datetime | None) -> str | None:
    """`2026/11/26 00:30:11` in Japan, None for none."""
    if at is None:
        return None
    local = jst(at)
    return f"{local.year}/{local.month:02}/{local.day:02} {local.hour:02}:{local.minute:02}:{local.second:02}"


@lru_cache(maxsize=8192)
def read_datetime(text: str) -> datetime | None:
    """The instant meant by a Japanese wall-clock text; a date alone is 00:00:00. None when it is no date."""
    found = _DATETIME.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return datetime(*(int(part or 0) for part in found.groups()), tzinfo=JST).astimezone(UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return None


def read_int(value: object) -> int | None:
    """An id or amount, sent as a number or as text."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value.strip()):
        return int(value)
    return None


def read_switch(value: object, *, default: bool = False) -> bool:
    """A 0/1 request value."""
    text = str(value) if value is not None else ""
    if text in _TRUE:
        return True
    return False if text in _FALSE else default
