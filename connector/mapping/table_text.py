"""Table text (CSVの読み解き): bytes into rows of fields, or the exact place where certainty ended.

A file is read whole or refused whole (reliability §10.2): undecodable bytes, damaged quotes or a row of
another length mean that columns may have slipped, and a slipped column ships to the wrong person.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from connector.errors import Malformed, Problem

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16 LE, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
DELIMITERS = {"comma": ",", "tab": "\t"}
QUOTES = {"double": '"', "single": "'"}


@dataclass(frozen=True, slots=True)
class Limits:
    """More than this is not the file it says it is, whatever is in it."""

    bytes: int = 20_000_000
    rows: int = 200_000
    field: int = 10_000  # characters


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it stands: where it begins, and its fields."""

    number: int
    fields: tuple[str, ...]


def decode(name: str, body: bytes, encoding: str, limits: Limits) -> tuple[str, str]:
    """The text and the encoding it was in: the mark at the beginning decides, else the declared one."""
    if not body:
        raise _refused(name, 0, 0, "空のファイルです (0バイト)", expected="見出し行のあるファイル")
    if len(body) > limits.bytes:
        raise _refused(name, 0, 0, "ファイルが大きすぎます", f"{len(body):,}", f"{limits.bytes:,} バイトまで")
    for mark, named in BOMS:
        if body.startswith(mark):
            body, encoding = body[len(mark) :], named
            break
    body = body.removesuffix(b"\x1a")  # the end-of-file mark of old systems
    try:
        return body.decode(encoding), encoding
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        begin = body.rfind(b"\n", 0, error.start) + 1
        column = len(body[begin : error.start].decode(encoding, "ignore")) + 1
        found = body[error.start : error.start + 2].hex(" ")
        raise _refused(
            name, line, column, f"{encoding} として読めない文字があります", found, encoding
        ) from error


def rows(name: str, text: str, *, delimiter: str, quote: str, limits: Limits) -> Iterator[Line]:
    """The rows in file order, blank lines left out. Raises Malformed at the first doubtful place."""
    field = _field(delimiter, quote)
    position, line, count = 0, 1, 0
    while position < len(text):
        begin = line
        fields: list[str] = []
        while True:
            found = field.match(text, position)
            if found is None:
                raise _quote_damage(name, text, position)
            value = found[2] if found[1] is None else found[1].replace(quote * 2, quote)
            if len(value) > limits.field:
                column = len(fields) + 1
                words = f"{column}列目の値が長すぎます"
                raise _refused(name, begin, column, words, f"{len(value):,}", f"{limits.field:,} 文字まで")
            fields.append(value)
            line += found[0].count("\n") or found[0].count("\r")
            position = found.end()
            if found[3] != delimiter:
                break
        if fields == [""]:
            continue
        count += 1
        if count > limits.rows:
            raise _refused(name, begin, 0, "行が多すぎます", expected=f"{limits.rows:,} 行まで")
        yield Line(begin, tuple(fields))


_fields: dict[tuple[str, str], re.Pattern[str]] = {}


def _field(delimiter: str, quote: str) -> re.Pattern[str]:
    """One field and what ends it. Possessive, so that a missing quote fails at once and not after years."""
    if (delimiter, quote) not in _fields:
        d, q = re.escape(delimiter), re.escape(quote)
        _fields[delimiter, quote] = re.compile(
            rf"(?:{q}((?:[^{q}]++|{q}{q})*+){q}|([^{q}{d}\r\n]*+))({d}|\r\n|\n|\r|\Z)"
        )
    return _fields[delimiter, quote]


def _quote_damage(name: str, text: str, position: int) -> Malformed:
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    words = "引用符が壊れていて、ここから先の列を確かに読めません"
    return _refused(name, line, column, words, text[position : position + 20], "閉じた引用符と区切り")


def _refused(name: str, line: int, column: int, words: str, found: str = "", expected: str = "") -> Malformed:
    return Malformed(Problem(name, line, column, words, found, expected))
