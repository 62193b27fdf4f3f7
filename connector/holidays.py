"""Holidays (祝日): the one room that knows the national holidays, as long as its library is kept up to date."""

from __future__ import annotations

from datetime import date
from functools import lru_cache


@lru_cache(maxsize=4096)
def national_holiday(day: date) -> bool:
    """祝日, substitute and citizens' holidays included."""
    import jpholiday

    return bool(jpholiday.is_holiday(day))
