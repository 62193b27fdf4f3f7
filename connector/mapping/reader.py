"""CSV reader (CSV読み込み): the other side's file into typed rows, each with its line and its problems.

A file that cannot be read with certainty raises Malformed with line and column; in a sound file a bad row is
that row's problem and the rest goes on (reliability §10.2). Columns go by their header, never by position
alone unless the mapping says that there is no header.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.errors import Malformed, Problem
from connector.mapping.document import Proof, nearest, read
from connector.mapping.grammars import Ungrammatical
from connector.mapping.reader_columns import ReadColumn, read_columns
from connector.mapping.table_text import DELIMITERS, QUOTES, Limits, Line, decode, rows
from connector.mapping.tables import Tables

_GAIJI = re.compile("[\x80-\x9f\ue000-\uf8ff]")  # what cp932 makes of bytes that mean nothing
_TOTAL = re.compile(r"^(合計|総計|総合計|小計|以上|件数|TOTAL)")
_WRAPPED = re.compile(r'="(.*)"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file, a value per `key:` of the mapping, and what is wrong with it.

    A blank optional value is None; a value with a problem is None too.
    """

    line: int
    values: dict[str, Any]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as read: its rows, the encoding it turned out to be in, and what is worth a remark."""

    rows: tuple[Row, ...]
    encoding: str
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class CsvReader:
    """A compiled mapping."""

    columns: tuple[ReadColumn, ...]
    encoding: str = "cp932"
    bind: str = "header"
    trailer: tuple[str, ...] = ()  # how the first field of a closing total line begins
    delimiter: str = ","
    quote: str = '"'
    limits: Limits = field(default_factory=Limits)

    def read(self, name: str, body: bytes) -> list[Row]:
        """The rows of the file called `name`. Raises Malformed; reading again is always safe."""
        return list(self.look(name, body).rows)

    def look(self, name: str, body: bytes) -> Reading:
        """As `read`, with the encoding and the warnings."""
        text, encoding = decode(name, body, self.encoding, self.limits)
        lines = list(rows(name, text, delimiter=self.delimiter, quote=self.quote, limits=self.limits))
        warnings: list[Problem] = []
        if self.bind == "position":
            places = {column.key: number for number, column in enumerate(self.columns)}
            expected = len(self.columns)
        else:
            if not lines:
                raise Malformed(Problem(name, 1, 0, "見出し行がありません"))
            header = lines.pop(0)
            places = self._bind(name, header, warnings)
            expected = len(_without_blank_tail(header.fields))
        body_lines = self._without_trailer(name, lines)
        found = tuple(self._row(name, line, places, expected) for line in body_lines)
        return Reading(found, encoding, tuple(warnings))

    def _bind(self, name: str, header: Line, warnings: list[Problem]) -> dict[str, int]:
        names = [_fold(text) for text in _without_blank_tail(header.fields)]
        for number, text in enumerate(names):
            if text and text in names[:number]:
                words = "同じ見出しが二つあり、どちらの値か決められません"
                raise Malformed(Problem(name, header.number, number + 1, words, text))
        places: dict[str, int] = {}
        for number, column in enumerate(self.columns):
            place = next((names.index(own) for own in column.names if own in names), None)
            if place is None and column.needed:
                close = nearest(column.names[0], names)
                words = f"見出し「{column.header}」がありません"
                raise Malformed(Problem(name, header.number, number + 1, words, close, column.header))
            if self.bind == "header+position" and place is not None and place != number:
                words = f"見出し「{column.header}」が {number + 1} 列目にありません"
                found = names[number] if number < len(names) else ""
                raise Malformed(Problem(name, header.number, number + 1, words, found, column.header))
            if place is not None:
                places[column.key] = place
        warnings += [
            Problem(name, header.number, number + 1, "使わない列です", header.fields[number])
            for number in range(len(names))
            if number not in places.values()
        ]
        return places

    def _without_trailer(self, name: str, lines: list[Line]) -> list[Line]:
        """A closing total line is left out if the mapping declares it; else it refuses the file."""
        if not lines:
            return lines
        first = lines[-1].fields[0].strip()
        if any(first.startswith(word) for word in self.trailer):
            return lines[:-1]
        if _TOTAL.match(unicodedata.normalize("NFKC", first).upper()):
            words = "合計の行に見えます。設定に trailer: がないので読めません"
            raise Malformed(Problem(name, lines[-1].number, 1, words, first))
        return lines

    def _row(self, name: str, line: Line, places: dict[str, int], expected: int) -> Row:
        fields = self._fields(name, line, expected)
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for column in self.columns:
            if column.key not in places:
                values[column.key] = None
                continue
            place = places[column.key]
            text = _unwrapped(fields[place]) if column.wrapped else fields[place].strip()
            try:
                values[column.key] = _value(column, text, fields, places)
            except Ungrammatical as error:
                values[column.key] = None
                words = f"「{column.header}」: {error.words}"
                problems.append(Problem(name, line.number, place + 1, words, text, error.expected))
        return Row(line.number, values, tuple(problems))

    def _fields(self, name: str, line: Line, expected: int) -> tuple[str, ...]:
        fields = line.fields
        if len(fields) > expected and not any(fields[expected:]):
            fields = fields[:expected]
        if len(fields) != expected:
            words = f"列の数が見出しと違います ({len(fields)}列)"
            raise Malformed(
                Problem(name, line.number, min(len(fields), expected) + 1, words, "", f"{expected}列")
            )
        return fields


def _value(column: ReadColumn, text: str, fields: Sequence[str], places: dict[str, int]) -> Any:
    if gaiji := _GAIJI.search(text):
        point = f"U+{ord(gaiji[0]):04X}"
        raise Ungrammatical(f"gaiji: 外字 ({point}) が含まれます", "外字のない文字")
    if not text:
        if column.blank:
            return None
        raise Ungrammatical("空欄です", "値")
    if column.most and len(text) > column.most:
        raise Ungrammatical(f"長すぎます ({len(text)}文字)", f"{column.most}文字まで")
    carrier = fields[places[column.carrier]] if column.carrier in places else ""
    return column.parse(text, _unwrapped(carrier))


def _unwrapped(text: str) -> str:
    """Without the wrappers with which spreadsheets protect numbers: ="0123" and a leading apostrophe."""
    plain = text.strip()
    if wrapped := _WRAPPED.fullmatch(plain):
        return wrapped[1].strip()
    return plain.removeprefix("'")


def _without_blank_tail(fields: tuple[str, ...]) -> tuple[str, ...]:
    end = len(fields)
    while end and not fields[end - 1].strip():
        end -= 1
    return fields[:end]


def _fold(header: str) -> str:
    """Headers are compared without width and blanks: （） and () are one (spec/ecforce.md §5.1)."""
    return "".join(unicodedata.normalize("NFKC", header).split())


BINDS = ("header", "header+position", "position")
_KEYS = ("kind", "encoding", "columns")
_OPTIONS = ("bind", "trailer", "delimiter", "quote", "max_bytes", "max_rows", "max_field")


def load_csv_reader(path: Path, tables: Tables) -> CsvReader:
    """Raises Misconfigured with every problem of the file."""
    proof = Proof(str(path))
    reader = read_csv_reader(path, tables, proof)
    proof.finish()
    assert reader is not None  # noqa: S101 - without problems there is a reader
    return reader


def read_csv_reader(path: Path, tables: Tables, proof: Proof) -> CsvReader | None:
    root = read(path, proof)
    if root is None:
        return None
    proof.section(root, (*_KEYS, *_OPTIONS), _KEYS)
    if any(name not in root for name in _KEYS):
        return None
    entries = root.entries
    proof.word(entries["kind"], ("csv_reader",))
    word = {
        name: proof.word(entries[name], known) if name in root else ""
        for name, known in (("bind", BINDS), ("delimiter", DELIMITERS), ("quote", QUOTES))
    }
    most = {
        name.removeprefix("max_"): proof.integer(entries[name], 1, 1_000_000_000)
        for name in ("max_bytes", "max_rows", "max_field")
        if name in root
    }
    return CsvReader(
        columns=read_columns(entries["columns"], tables, proof),
        encoding=proof.word(entries["encoding"], ("cp932", "utf-8"), "cp932"),
        bind=word["bind"] or "header",
        trailer=proof.texts(entries["trailer"]) if "trailer" in root else (),
        delimiter=DELIMITERS[word["delimiter"] or "comma"],
        quote=QUOTES[word["quote"] or "double"],
        limits=Limits(**most),
    )
