"""Figures (数字の書き方): yen, ages and instants as people read them; unknown is a word, never a zero."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from connector.clock import jst
from connector.words.text import Text

UNKNOWN = Text("不明", "unknown")
_WEEKDAYS = "月火水木金土日"


def yen(amount: int | None, lang: str = "ja") -> str:
    if amount is None:
        return UNKNOWN.say(lang)
    return f"{amount:,}円" if lang == "ja" else f"¥{amount:,}"


def count(number: int | None, lang: str = "ja") -> str:
    if number is None:
        return UNKNOWN.say(lang)
    return f"{number:,}件" if lang == "ja" else f"{number:,}"


def age(span: timedelta | None, lang: str = "ja") -> str:
    """The two largest units: 2日3時間, 4分."""
    if span is None:
        return UNKNOWN.say(lang)
    minutes = max(0, int(span.total_seconds()) // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    units = ("日", "時間", "分") if lang == "ja" else ("d ", "h ", "min")
    parts = [f"{n}{unit}" for n, unit in zip((days, hours, minutes), units, strict=True) if n]
    return "".join(parts[:2]).strip() or f"0{units[2]}"


def moment(at: datetime | None, lang: str = "ja") -> str:
    """A JST instant with its day: 11/22(日) 08:30."""
    if at is None:
        return UNKNOWN.say(lang)
    local = jst(at)
    if lang == "en":
        return f"{local:%a %d %b %H:%M}"
    return f"{local.month}/{local.day}({_WEEKDAYS[local.weekday()]}) {local:%H:%M}"


def day(on: date, lang: str = "ja") -> str:
    """A business day: 11/22(日)."""
    return f"{on:%a %d %b}" if lang == "en" else f"{on.month}/{on.day}({_WEEKDAYS[on.weekday()]})"


def until_cut_off(cut_off: datetime, now: datetime, lang: str = "ja") -> str:
    """本日の締めまで 1時間20分; on a day that is over or closed, when the next one is."""
    if jst(cut_off).date() == jst(now).date():
        left = age(cut_off - now, lang)
        return f"本日の締めまで {left}" if lang == "ja" else f"{left} until today's cut-off"
    return f"次の締め {moment(cut_off, lang)}" if lang == "ja" else f"next cut-off {moment(cut_off, lang)}"


def clock_time(at: datetime | None, now: datetime, lang: str = "ja") -> str:
    """A JST instant as short as it is clear: 10:23 on the same day, with its day otherwise."""
    if at is not None and jst(at).date() == jst(now).date():
        return f"{jst(at):%H:%M}"
    return moment(at, lang)
