"""Values (値の読み取り): single values of an ECFORCE document, and what is said of one that cannot be read.

Dates come in several layouts and mean Japanese time; a number may be written where a text should stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TypeVar

import msgspec
from msgspec import Raw

from connector.clock import JST, jst
from connector.errors import Malformed, Problem

T = TypeVar("T")

_PLACE = re.compile(r" - at `\$([^`]*)`$")
_DATE, _DATE_AND_TIME = 10, 19  # characters: spec/ecforce.md §11; longer ones carry an offset


def instant(text: str | None, name: str) -> datetime | None:
    """Any layout of §11, JST where it says no offset; None for null and ""."""
    if not text:
        return None
    try:
        if len(text) != _DATE and len(text) < _DATE_AND_TIME:
            raise ValueError(text)
        at = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise broken(f".attributes.{name}", "日時として読めません", text) from None
    return (at if at.tzinfo else at.replace(tzinfo=JST)).astimezone(UTC)


def day(text: str | None, name: str) -> date | None:
    at = instant(text, name)
    return jst(at).date() if at else None


def text_of(raw: Raw, name: str, *, required: bool = False) -> str:
    """The text of a value that should be a string and may be an unquoted number."""
    literal = bytes(raw).strip()
    text = literal.decode("utf-8")
    if literal[:1] == b'"':
        text = msgspec.json.decode(literal, type=str)
    elif literal == b"null":
        text = ""
    elif literal[:1] not in b"-0123456789":
        raise broken(f".attributes.{name}", "文字列ではありません", text[:40])
    if required and not text:
        raise broken(f".attributes.{name}", "空です")
    return text


def broken(path: str, words: str, found: str = "") -> Malformed:
    return Malformed(Problem(path, 0, 0, words, found=found))


def words_of(error: msgspec.MsgspecError) -> tuple[str, str]:
    """What msgspec said, and the path below `$` that it said it about."""
    match = _PLACE.search(str(error))
    return (str(error)[: match.start()], match.group(1)) if match else (str(error), "")


def or_nothing(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except (msgspec.MsgspecError, Malformed, KeyError):
        return None
