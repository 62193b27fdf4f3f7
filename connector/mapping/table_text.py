"""Table text (CSVの読み解き): bytes into rows of fields, or the exact place where certainty ended.

A file is read whole or refused whole (reliability §10.2): undecodable bytes, damaged quotes or a row of
another length mean that columns may have slipped, and a slipped column ships to the wrong person.

The bytes stay bytes and are decoded line by line: quotes, delimiters and line ends are never a part of another
character, neither in cp932 nor in UTF-8. So a file costs no more memory than its bytes, and every line can be found
again by the byte it begins with.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from connector.errors import Malformed, Problem
from connector.mapping.strange import encoding_of, kind_of

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
    columns: int = 1_000


class Line(NamedTuple):
    """One row as it stands: the line it begins in, its fields, and its first byte."""

    number: int
    fields: list[str]
    start: int


@dataclass(frozen=True, slots=True)
class TableText:
    """A file of which the encoding is known: `body` from `begin` to `end`, in `codec`; it came in `encoding`."""

    name: str
    body: bytes
    begin: int
    end: int
    codec: str
    encoding: str
    delimiter: str
    quote: str
    limits: Limits

    def lines(self, start: int = -1, number: int = 1, stop: int = -1) -> Iterator[Line]:
        """The rows from one byte to another, blank lines left out. Raises Malformed at the first doubtful place."""
        body, end = self.body, self.end if stop < 0 else stop
        mark, quote, between = self.quote.encode(), self.quote, self.quote + self.delimiter + self.quote
        delimiter, codec, longest = self.delimiter, self.codec, min(self.limits.field, self.limits.columns)
        position, count, most = max(start, self.begin), 0, self.limits.rows
        while position < end:
            cut = body.find(b"\n", position, end)
            raw = body[position:cut] if cut >= 0 else body[position:end]
            if raw.endswith(b"\r"):
                raw = raw[:-1]
            quotes = raw.count(mark)
            fields: list[str] | None = None
            after = cut + 1 if cut >= 0 else end
            # All quoted or none, on one line and of a usual length: two C calls. Anything else goes the careful way.
            if len(raw) <= longest and b"\r" not in raw:
                try:
                    text = raw.decode(codec)
                except UnicodeDecodeError as error:
                    raise self._undecodable(position + error.start, number, position) from error
                if not quotes:
                    fields = text.split(delimiter)
                elif text[0] == quote == text[-1]:
                    fields = text[1:-1].split(between)
                    if 2 * len(fields) != quotes:
                        fields = None
            if fields is None:
                # Rows may end in \r alone up to the next \n: what is searched, copied and counted once is all of them.
                until = after
                while position < until:
                    fields, after, ends = self._careful(number, position)
                    if len(fields) > 1 or fields[0]:
                        count += 1
                        if count > most:
                            raise self._too_many(number)
                        yield Line(number, fields, position)
                    position, number = after, number + ends
                continue
            if len(fields) > 1 or fields[0]:
                count += 1
                if count > most:
                    raise self._too_many(number)
                yield Line(number, fields, position)
            position, number = after, number + 1

    def after(self, line: Line) -> tuple[int, int]:
        """The byte and the number of the line that follows a row."""
        _, after, ends = self._careful(line.number, line.start)
        return after, line.number + ends

    def _careful(self, number: int, position: int) -> tuple[list[str], int, int]:
        """One row that runs over several lines, or has quotes of its own: fields, the byte after it, lines."""
        mark, quotes, ends, stop = self.quote.encode(), 0, 0, position
        begin, end = position, self.end
        while stop < end:
            found = _LINE_END.search(self.body, begin, end)
            last, stop = (found.start(), found.end()) if found else (end, end)
            quotes += self.body.count(mark, begin, last)
            begin, ends = stop, ends + 1
            if quotes % 2 == 0:
                break
        try:
            text = self.body[position:last].decode(self.codec)
        except UnicodeDecodeError as error:
            raise self._undecodable(position + error.start, number, position) from error
        return self._fields(text, number), stop, ends

    def _fields(self, text: str, number: int) -> list[str]:
        field, fields, position = _field(self.delimiter, self.quote), list[str](), 0
        while True:
            found = field.match(text, position)
            if found is None:
                raise self._quote_damage(text, position, number)
            value = found[2] if found[1] is None else found[1].replace(self.quote * 2, self.quote)
            fields.append(value)
            column, most = len(fields), self.limits.field
            if len(value) > most:
                words = f"{column}列目の値が長すぎます"
                raise self.refused(number, column, words, f"{len(value):,}", f"{most:,} 文字まで")
            if column > self.limits.columns:
                words, most = "列が多すぎます", self.limits.columns
                raise self.refused(number, column, words, expected=f"{most:,} 列まで")
            position = found.end()
            if found[3] != self.delimiter:
                return fields

    def refused(self, line: int, column: int, words: str, found: str = "", expected: str = "") -> Malformed:
        """What is wrong at this place; of bytes that are no text at all, what they are."""
        if kind := kind_of(self.body):
            return _refused(self.name, 1, 1, kind)
        return _refused(self.name, line, column, words, found, expected)

    def _too_many(self, number: int) -> Malformed:
        return self.refused(number, 0, "行が多すぎます", expected=f"{self.limits.rows:,} 行まで")

    def _undecodable(self, at: int, number: int, begin: int) -> Malformed:
        ends = list(_LINE_END.finditer(self.body, begin, at))
        number += len(ends)
        begin = ends[-1].end() if ends else begin
        column = len(self.body[begin:at].decode(self.codec, "ignore")) + 1
        words, found = f"{self.codec} として読めない文字があります", self.body[at : at + 2].hex(" ")
        if self.begin == 0 and (other := encoding_of(self.body, self.codec)):
            return self.refused(number, column, f"{words}。{other}", found)
        return self.refused(number, column, words, found, self.codec)

    def _quote_damage(self, text: str, position: int, number: int) -> Malformed:
        ends = [end.end() for end in _TEXT_LINE_END.finditer(text, 0, position)]
        column = position - (ends[-1] if ends else 0) + 1
        words = "引用符が壊れていて、ここから先の列を確かに読めません"
        found = text[position : position + 20]
        return self.refused(number + len(ends), column, words, found, "閉じた引用符と区切り")


_LINE_END = re.compile(rb"\r\n|\n|\r")
_TEXT_LINE_END = re.compile(r"\r\n|\n|\r")


def open_text(
    name: str, body: bytes, encoding: str, *, delimiter: str, quote: str, limits: Limits
) -> TableText:
    """The mark at the beginning decides the encoding, else the declared one. Nothing is copied unless it must be."""
    if not body:
        raise _refused(name, 0, 0, "空のファイルです (0バイト)", expected="見出し行のあるファイル")
    if len(body) > limits.bytes:
        raise _refused(name, 0, 0, "ファイルが大きすぎます", f"{len(body):,}", f"{limits.bytes:,} バイトまで")
    codec, begin = encoding, 0
    for mark, named in BOMS:
        if body.startswith(mark):
            begin, codec = len(mark), named
            break
    named = codec
    if not named.startswith(("utf-8", "cp932")):
        body, begin, codec = _as_utf8(name, body[begin:], named), 0, "utf-8"
    end = len(body) - body.endswith(b"\x1a")  # the end-of-file mark of old systems
    return TableText(name, body, begin, end, codec, named, delimiter, quote, limits)


def _as_utf8(name: str, body: bytes, encoding: str) -> bytes:
    try:
        return body.decode(encoding).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        before = body[: error.start].decode(encoding, "ignore")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        words, found = (
            f"{encoding} として読めない文字があります",
            body[error.start : error.start + 2].hex(" "),
        )
        raise _refused(name, line, column, words, found, encoding) from error


_patterns: dict[tuple[str, str], re.Pattern[str]] = {}


def _field(delimiter: str, quote: str) -> re.Pattern[str]:
    """One field and what ends it. Possessive, so that a missing quote fails at once and not after years.

    ="0123", a spreadsheet's wrapper without quotes around it, is one field with its wrapper (spec/wms.md §4.4, §5.3).
    """
    if (delimiter, quote) not in _patterns:
        d, q = re.escape(delimiter), re.escape(quote)
        wrapper = r'="[^"\r\n]*+"|' if quote == '"' else ""
        _patterns[delimiter, quote] = re.compile(
            rf"(?:{q}((?:[^{q}]++|{q}{q})*+){q}|({wrapper}[^{q}{d}\r\n]*+))({d}|\r\n|\n|\r|\Z)"
        )
    return _patterns[delimiter, quote]


def _refused(name: str, line: int, column: int, words: str, found: str = "", expected: str = "") -> Malformed:
    return Malformed(Problem(name, line, column, words, found, expected))
