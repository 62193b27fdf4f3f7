"""CSV reader (CSV読み込み): the other side's file into typed rows, each with its line and its problems.

A file that cannot be read with certainty raises Malformed with line and column; in a sound file a bad row is
that row's problem and the rest goes on (reliability §10.2). Columns go by their header, never by position
alone unless the mapping says that there is no header.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from connector.errors import Malformed, Problem
from connector.mapping.document import Proof, Section, nearest, read
from connector.mapping.grammars import Ungrammatical
from connector.mapping.reader_columns import ReadColumn, read_columns
from connector.mapping.table_text import DELIMITERS, QUOTES, Limits, Line, decode, rows
from connector.mapping.tables import Tables
from connector.mapping.words import compile_words

_GAIJI = re.compile("[\x80-\x9f\ue000-\uf8ff]")  # what cp932 makes of bytes that mean nothing
_TOTAL = re.compile(r"^(合計|総計|総合計|小計|以上|件数|TOTAL)")
_WRAPPED = re.compile(r'="(.*)"', re.DOTALL)


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
class Reading:
    """A file as read: its rows, the encoding it turned out to be in, and what is worth a remark."""

    rows: tuple[Row, ...]
    encoding: str
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class CsvReader:
    """A compiled mapping."""

    columns: tuple[ReadColumn, ...]
    encoding: str = "cp932"
    bind: str = "header"
    trailer: tuple[str, ...] = ()  # how the first field of a closing total line begins
    delimiter: str = ","
    quote: str = '"'
    limits: Limits = field(default_factory=Limits)
    absent: Mapping[str, str] = field(
        default_factory=dict
    )  # a value per key that no column of the file gives
    fields: int = 0  # columns of the file; 0: as many as its header, or as the mapping, has
    skip: int = 0  # lines before the first row that are not read, where there is no header to believe

    @cached_property
    def ordered(self) -> tuple[ReadColumn, ...]:
        """The columns with those last that look at another one."""
        return tuple(sorted(self.columns, key=lambda column: bool(column.carrier)))

    @property
    def keys(self) -> frozenset[str]:
        """Every key that a row of this mapping has."""
        return frozenset((*self.absent, *(column.key for column in self.columns)))

    def read(self, name: str, body: bytes) -> list[Row]:
        """The rows of the file called `name`. Raises Malformed; reading again is always safe."""
        return list(self.look(name, body).rows)

    def look(self, name: str, body: bytes) -> Reading:
        """As `read`, with the encoding and the warnings."""
        text, encoding = decode(name, body, self.encoding, self.limits)
        lines = list(rows(name, text, delimiter=self.delimiter, quote=self.quote, limits=self.limits))
        warnings: list[Problem] = []
        if self.bind == "position":
            places = {column.key: self._place(number) for number, column in enumerate(self.columns)}
            expected = self.fields or max(places.values()) + 1
            lines = lines[self.skip :]
        else:
            if not lines:
                raise Malformed(Problem(name, 1, 0, "見出し行がありません"))
            header = lines.pop(0)
            places = self._bind(name, header, warnings)
            expected = len(_without_blank_tail(header.fields))
            self._must_have(name, header, expected)
        body_lines = self._without_trailer(name, lines)
        found = tuple(self._row(name, line, places, expected) for line in body_lines)
        warnings += [remark for row in found for remark in row.remarks]
        return Reading(found, encoding, tuple(warnings))

    def misfits(self, header: Sequence[str]) -> list[str]:
        """What in these column names, in file order, this mapping would not find where it looks for it."""
        names = [_fold(text) for text in header]
        wrong = [
            f"{self._place(number) + 1} 列目が「{column.header}」ではありません"
            for number, column in enumerate(self.columns)
            if self._place(number) >= len(names) or names[self._place(number)] not in column.names
        ]
        if self.fields and self.fields != len(names):
            wrong.append(f"列の数が {self.fields} ではなく {len(names)} です")
        return wrong

    def _place(self, number: int) -> int:
        """Where the mapping's n-th column stands in the file, from 0."""
        return (self.columns[number].at or number + 1) - 1

    def _must_have(self, name: str, header: Line, columns: int) -> None:
        if self.fields and columns != self.fields:
            words = f"列の数が違います ({columns}列)"
            place = min(columns, self.fields) + 1
            raise Malformed(Problem(name, header.number, place, words, "", f"{self.fields}列"))

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
            anchor = self._place(number)
            if self.bind == "header+position" and place is not None and place != anchor:
                words = f"見出し「{column.header}」が {anchor + 1} 列目にありません"
                found = names[anchor] if anchor < len(names) else ""
                raise Malformed(Problem(name, header.number, anchor + 1, words, found, column.header))
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
        values: dict[str, Any] = {column.key: None for column in self.columns} | dict(self.absent)
        problems: list[Problem] = []
        remarks: list[Problem] = []
        for column in self.ordered:
            if column.key not in places:
                continue
            place = places[column.key]
            text = _unwrapped(fields[place]) if column.wrapped else fields[place].strip()
            if (today := column.today(text)) != text:
                words = f"「{column.header}」: 古い値を今の値に読み替えました"
                remarks.append(Problem(name, line.number, place + 1, words, text, today))
            raw = fields[places[column.carrier]] if column.carrier in places else ""
            try:
                values[column.key] = _value(column, today, values.get(column.carrier) or _unwrapped(raw))
            except Ungrammatical as error:
                values[column.key] = None
                words = f"「{column.header}」: {error.words}"
                problems.append(Problem(name, line.number, place + 1, words, text, error.expected))
        problems.sort(key=lambda problem: problem.column)
        return Row(line.number, values, tuple(problems), tuple(remarks))

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


def _value(column: ReadColumn, text: str, carrier: str) -> Any:
    if gaiji := _GAIJI.search(text):
        point = f"U+{ord(gaiji[0]):04X}"
        raise Ungrammatical(f"gaiji: 外字 ({point}) が含まれます", "外字のない文字")
    if not text:
        if column.blank:
            return None
        raise Ungrammatical("空欄です", "値")
    if column.most and len(text) > column.most:
        raise Ungrammatical(f"長すぎます ({len(text)}文字)", f"{column.most}文字まで")
    return column.parse(text, carrier)


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
_FORM = ("absent", "fields", "skip")


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
    proof.section(root, (*_KEYS, *_OPTIONS, *_FORM), _KEYS)
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
    absent = compile_words(entries["absent"], proof) if "absent" in root else {}
    reader = CsvReader(
        columns=read_columns(entries["columns"], absent, tables, proof),
        encoding=proof.word(entries["encoding"], ("cp932", "utf-8"), "cp932"),
        bind=word["bind"] or "header",
        trailer=proof.texts(entries["trailer"]) if "trailer" in root else (),
        delimiter=DELIMITERS[word["delimiter"] or "comma"],
        quote=QUOTES[word["quote"] or "double"],
        limits=Limits(**most),
        absent=absent,
        fields=proof.integer(entries["fields"], 1, 1_000) if "fields" in root else 0,
        skip=proof.integer(entries["skip"], 0, 9) if "skip" in root else 0,
    )
    _must_fit(reader, root, proof)
    return reader


def _must_fit(reader: CsvReader, root: Section, proof: Proof) -> None:
    if reader.skip and reader.bind != "position":
        proof.problem(root.entries["skip"], "skip: は bind: position のときにだけ書きます")
    if not reader.columns:
        proof.problem(root.entries["columns"], "列が一つもありません")
    elif reader.fields and any(column.at > reader.fields for column in reader.columns):
        proof.problem(root.entries["fields"], "at: がファイルの列の数を超えています", str(reader.fields))
