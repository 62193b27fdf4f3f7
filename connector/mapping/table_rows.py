"""Table rows (行の読み取り): a file opened for reading, whose rows become typed values one after the other.

The file is held as the bytes it came in; a row exists only while somebody looks at it. `lines` walks through the file
and refuses it at the first doubtful place, `row` says what one line means: so a reader may look at everything first
and take the rows afterwards, in whatever order.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.errors import Malformed, Problem
from connector.mapping.grammars import Ungrammatical
from connector.mapping.reader_columns import ReadColumn
from connector.mapping.table_text import Line, TableText

_GAIJI = re.compile("[\x80-\x9f\ue000-\uf8ff]")  # what cp932 makes of bytes that mean nothing
_TOTAL = re.compile(r"^(合計|総計|総合計|小計|以上|件数|TOTAL)")
_WRAPPED = re.compile(r'="(.*)"', re.DOTALL)
_KNOWN = 1_000  # texts of a column whose meaning is remembered: dates, carriers and codes repeat themselves
_SHORT = 40  # characters; longer texts hardly come twice
_UNREAD = object()
POST = "JP_"  # whose check digit one report never saw (spec/wms.md §4.4)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file, a value per `key:` of the mapping, and what is wrong with it.

    A blank optional value is None; a value with a problem is None too. A column that the file does not have
    is None, or the text that the mapping gives in `absent:`.
    """

    line: int
    values: dict[str, Any]
    problems: tuple[Problem, ...] = ()
    remarks: tuple[Problem, ...] = ()  # read all the same, but not as it stands


@dataclass(frozen=True, slots=True)
class Place:
    """A column of this file: where it stands, where its carrier stands (-1: nowhere), and what is known of it."""

    column: ReadColumn
    at: int
    carrier_at: int
    known: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """A file whose header is bound. `warnings` are what the header is worth a remark for."""

    text: TableText
    places: tuple[Place, ...]  # those last that look at another column
    blank: dict[str, Any]  # a value per key, before anything is read
    expected: int  # columns
    begin: int  # byte and line of the first row
    number: int
    trailer: tuple[str, ...]
    warnings: tuple[Problem, ...] = ()
    numbers: Mapping[str, int] = field(
        default_factory=dict
    )  # columns of tracking numbers, if there are several

    @property
    def encoding(self) -> str:
        return self.text.encoding

    def lines(self) -> Iterator[Line]:
        """Every row, a closing total line left out. Raises Malformed at the first doubtful place."""
        return self._each_number(self._rows()) if self.numbers else self._rows()

    def _rows(self) -> Iterator[Line]:
        last: Line | None = None
        for line in self.text.lines(self.begin, self.number):
            if last is not None:
                yield self._measured(last)
            last = line
        if last is not None and not self._total(last):
            yield self._measured(last)

    def between(self, start: int, number: int, stop: int) -> Iterator[Line]:
        """The rows from one byte to another, of a file that `lines` went through."""
        lines = map(self._measured, self.text.lines(start, number, stop))
        return self._each_number(lines) if self.numbers else lines

    def _each_number(self, lines: Iterable[Line]) -> Iterator[Line]:
        """A row that names several parcels, each in a column of its own, is so many rows."""
        first, *_ = places = tuple(self.numbers.values())
        for line in lines:
            texts = dict.fromkeys(text for at in places if (text := line.fields[at]).strip())
            for text in texts or (line.fields[first],):
                fields = line.fields.copy()
                fields[first] = text
                yield line._replace(fields=fields)

    def at(self, key: str) -> int:
        """In which column of this file a key stands; -1 where it has none."""
        of_numbers = self.numbers.get(key, -1)
        return next((place.at for place in self.places if place.column.key == key), of_numbers)

    def row(self, line: Line) -> Row:
        """What one line means."""
        fields, values = line.fields, dict(self.blank)
        problems: list[Problem] = []
        remarks: list[Problem] = []
        for place in self.places:
            text = fields[place.at]
            value = place.known.get(text, _UNREAD)
            if value is _UNREAD:
                value = self._value(place, line, values, problems, remarks)
            values[place.column.key] = value
        if not problems and not remarks:
            return Row(line.number, values)
        problems.sort(key=lambda problem: problem.column)
        return Row(line.number, values, tuple(problems), tuple(remarks))

    def _value(
        self,
        place: Place,
        line: Line,
        values: dict[str, Any],
        problems: list[Problem],
        remarks: list[Problem],
    ) -> Any:
        column, raw = place.column, line.fields[place.at]
        text = _unwrapped(raw) if column.wrapped else raw.strip()
        where = (self.text.name, line.number, place.at + 1)
        today = column.today(text) if column.outdated else text
        if today != text:
            words = f"「{column.header}」: 古い値を今の値に読み替えました"
            remarks.append(Problem(*where, words, text, today))
        carrier = values.get(column.carrier) if column.carrier else ""
        if not carrier and place.carrier_at >= 0:
            carrier = _unwrapped(line.fields[place.carrier_at])
        try:
            value = _read(column, today, carrier or "")
        except Ungrammatical as error:
            words = f"「{column.header}」: {error.words}"
            problems.append(Problem(*where, words, text, error.expected))
            return None
        if value and carrier and carrier.startswith(POST) and value.doubt(carrier):
            words = f"「{column.header}」: 検査数字が合いません。番号はそのまま取り込みます"
            remarks.append(Problem(*where, words, text))
        if not column.carrier and today == text and len(place.known) < _KNOWN and len(raw) <= _SHORT:
            place.known[raw] = value
        return value

    def _measured(self, line: Line) -> Line:
        """The row with as many fields as the header; nothing but blanks beyond it is left out."""
        fields, expected = line.fields, self.expected
        if len(fields) == expected:
            return line
        if len(fields) > expected and not any(fields[expected:]):
            return line._replace(fields=fields[:expected])
        words = f"列の数が見出しと違います ({len(fields)}列)"
        place = min(len(fields), expected) + 1
        raise self.text.refused(line.number, place, words, "", f"{expected}列")

    def trailing(self) -> Line | None:
        """The closing total line that `lines` leaves out; None where there is none. Raises Malformed."""
        last = deque(self.text.lines(self.begin, self.number), maxlen=1)
        return last[0] if last and self._total(last[0]) else None

    def _total(self, line: Line) -> bool:
        """A closing total line is left out if the mapping declares it; else it refuses the file.

        A row that only begins like one is a row where it can be read, or where its first field is a number: the next
        slip number may begin with that digit, and the fault may be in another column.
        """
        first = line.fields[0].strip()
        total = _TOTAL.match(unicodedata.normalize("NFKC", first).upper())
        if any(first.startswith(word) for word in self.trailer):
            return bool(total) or first in self.trailer or not self._is_row(line, first)
        if total:
            word = total_word(first)
            words = f"「{word}」で始まる、合計の行に見えます。取り込まない行なら、設定に trailer: [{word}] と書きます"
            raise Malformed(Problem(self.text.name, line.number, 1, words))
        return False

    def _is_row(self, line: Line, first: str) -> bool:
        fields, expected = line.fields, self.expected
        long_enough = len(fields) >= expected and not any(fields[expected:])
        return long_enough and (first.isdecimal() or not self.row(line).problems)


def total_word(text: str, trailer: Sequence[str] = ()) -> str:
    """The word by which a closing total line is known, without what may follow it in the same cell."""
    first = text.strip()
    declared = next((word for word in trailer if first.startswith(word)), "")
    total = _TOTAL.match(unicodedata.normalize("NFKC", first).upper())  # of a character each, in any width
    return max(first[: total.end()] if total else "", declared, key=len)


def _read(column: ReadColumn, text: str, carrier: str) -> Any:
    if not text.isascii() and (gaiji := _GAIJI.search(text)):
        point = f"U+{ord(gaiji[0]):04X}"
        raise Ungrammatical(f"外字 ({point}) が含まれます", "外字のない文字")
    if not text:
        if column.blank:
            return None
        raise Ungrammatical("空欄です。この列には値が要ります", "")
    if column.most and len(text) > column.most:
        raise Ungrammatical(f"長すぎます ({len(text)}文字)", f"{column.most}文字まで")
    return column.parse(text, carrier)


def _unwrapped(text: str) -> str:
    """Without the wrappers with which spreadsheets protect numbers: ="0123" and a leading apostrophe."""
    plain = text.strip()
    if plain.startswith("=") and (wrapped := _WRAPPED.fullmatch(plain)):
        return wrapped[1].strip()
    return plain.removeprefix("'")
