"""CSV reader (CSV読み込み): the other side's file into typed rows, each with its line and its problems.

A file that cannot be read with certainty raises Malformed with line and column; in a sound file a bad row is
that row's problem and the rest goes on (reliability §10.2). Columns go by their header, never by position
alone unless the mapping says that there is no header.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

from connector.errors import Malformed, Problem
from connector.mapping.document import Proof, Section, read
from connector.mapping.grammars import TRACKING
from connector.mapping.headings import fold, why_missing, without_blank_tail
from connector.mapping.reader_columns import ReadColumn, read_columns
from connector.mapping.strange import encoding_of
from connector.mapping.table_rows import Place, Row, Table
from connector.mapping.table_text import DELIMITERS, QUOTES, Limits, Line, TableText, open_text
from connector.mapping.tables import Tables
from connector.mapping.words import compile_words


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
    more: tuple[ReadColumn, ...] = ()  # further columns of tracking numbers, read as the first one
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
        table = self.open(name, body)
        found = tuple(map(table.row, table.lines()))
        remarks = (remark for row in found for remark in row.remarks)
        return Reading(found, table.encoding, (*table.warnings, *remarks))

    def open(self, name: str, body: bytes) -> Table:
        """The file with its header bound, its rows yet unread. Raises Malformed."""
        text = open_text(
            name, body, self.encoding, delimiter=self.delimiter, quote=self.quote, limits=self.limits
        )
        lines = text.lines()
        warnings: list[Problem] = []
        begin, number = text.begin, 1
        if self.bind == "position":
            places = {column.key: self._place(at) for at, column in enumerate(self._bound)}
            expected = self.fields or max(places.values()) + 1
            skipped = list(islice(lines, self.skip))
            warnings += _unused(name, 1, places, [""] * expected)
        else:
            header = next(lines, None)
            if header is None:
                raise text.refused(1, 0, "見出し行がありません")
            skipped = [header]
            places = self._bind(text, header, warnings)
            expected = len(without_blank_tail(header.fields))
            self._must_have(text, header, expected)
        if skipped:
            begin, number = text.after(skipped[-1])
        numbers = {one.key: places[one.key] for one in self._numbers if one.key in places}
        if numbers:
            places[TRACKING] = next(iter(numbers.values()))  # the first of them that the file has
        return Table(
            text=text,
            places=self._in_order(places),
            blank={column.key: None for column in self.columns} | dict(self.absent),
            expected=expected,
            begin=begin,
            number=number,
            trailer=self.trailer,
            numbers=numbers,
            warnings=tuple(warnings),
        )

    @property
    def _bound(self) -> tuple[ReadColumn, ...]:
        return (*self.columns, *self.more)

    @property
    def _numbers(self) -> tuple[ReadColumn, ...]:
        first = (column for column in self.columns if column.key == TRACKING)
        return (*first, *self.more) if self.more else ()

    def _in_order(self, places: Mapping[str, int]) -> tuple[Place, ...]:
        return tuple(
            Place(column, places[column.key], places.get(column.carrier, -1))
            for column in self.ordered
            if column.key in places
        )

    def misfits(self, header: Sequence[str]) -> list[str]:
        """What in these column names, in file order, this mapping would not find where it looks for it."""
        names = [fold(text) for text in header]
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
        return (self._bound[number].at or number + 1) - 1

    def _must_have(self, text: TableText, header: Line, columns: int) -> None:
        if self.fields and columns != self.fields:
            words = f"列の数が違います ({columns}列)"
            place = min(columns, self.fields) + 1
            raise text.refused(header.number, place, words, "", f"{self.fields}列")

    def _bind(self, text: TableText, header: Line, warnings: list[Problem]) -> dict[str, int]:
        name = text.name
        names = [fold(text) for text in without_blank_tail(header.fields)]
        places: dict[str, int] = {}
        for number, column in enumerate(self._bound):
            place = next((names.index(own) for own in column.names if own in names), None)
            if place is None and column.needed:
                raise self._without(text, header, names)
            if self.bind == "header+position" and place is not None:
                place = self._anchor(name, header, names, number)
            elif place is not None and names.count(names[place]) > 1:
                words = "同じ見出しが二つあり、どちらの値か決められません"
                again = names.index(names[place], place + 1)
                raise Malformed(Problem(name, header.number, again + 1, words, names[place]))
            if place is not None:
                places[column.key] = place
        warnings += _unused(name, header.number, places, header.fields[: len(names)])
        return places

    def _without(self, text: TableText, header: Line, names: Sequence[str]) -> Malformed:
        """Every heading that is missing, and what stands there instead."""
        known = {own for column in self._bound for own in column.names}
        if not text.begin and (other := encoding_of(text.body, text.codec, known)):
            return text.refused(header.number, 1, other)
        missing = {
            number: (one.header, one.names[0])
            for number, one in enumerate(self._bound, 1)
            if one.needed and not set(one.names) & set(names)
        }
        return text.refused(header.number, *why_missing(text, header, missing, known))

    def _anchor(self, name: str, header: Line, names: Sequence[str], number: int) -> int:
        """Where the mapping says that its n-th column stands, if its heading is there."""
        column, anchor = self._bound[number], self._place(number)
        found = names[anchor] if anchor < len(names) else ""
        if found not in column.names:
            words = f"見出し「{column.header}」が {anchor + 1} 列目にありません"
            raise Malformed(Problem(name, header.number, anchor + 1, words, found, column.header))
        return anchor


def _unused(name: str, line: int, places: Mapping[str, int], headings: Sequence[str]) -> list[Problem]:
    used = set(places.values())
    return [
        Problem(name, line, number + 1, "使わない列です", heading)
        for number, heading in enumerate(headings)
        if number not in used
    ]


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
    columns, more = _apart(read_columns(entries["columns"], absent, tables, proof))
    reader = CsvReader(
        columns=columns,
        more=more,
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


def _apart(columns: tuple[ReadColumn, ...]) -> tuple[tuple[ReadColumn, ...], tuple[ReadColumn, ...]]:
    """The columns, one a key, and those of further tracking numbers; all keep their place in the file."""
    first: list[ReadColumn] = []
    more: list[ReadColumn] = []
    for number, column in enumerate(columns):
        if column.key == TRACKING and any(one.key == TRACKING for one in first):
            more.append(replace(column, key=f"{TRACKING} {len(more) + 2}", at=column.at or number + 1))
        else:
            first.append(replace(column, at=column.at or number + 1) if more else column)
    return tuple(first), tuple(more)


def _must_fit(reader: CsvReader, root: Section, proof: Proof) -> None:
    if reader.skip and reader.bind != "position":
        proof.problem(root.entries["skip"], "skip: は bind: position のときにだけ書きます")
    tracking = next((column for column in reader.columns if column.key == TRACKING), None)
    if tracking is not None and any(one.carrier != tracking.carrier for one in reader.more):
        proof.problem(root.entries["columns"], "送り状番号の列が二つ以上あるときは、carrier: を同じにします")
    goods = reader.absent.get("sku") or any(column.key == "sku" for column in reader.columns)
    if reader.more and goods:
        words = "送り状番号の列が二つ以上ある行では、どの商品がどの個口にあるか決められません。sku の列は読めません"
        proof.problem(root.entries["columns"], words)
    if not reader.columns:
        proof.problem(root.entries["columns"], "列が一つもありません")
    elif reader.fields and any(column.at > reader.fields for column in (*reader.columns, *reader.more)):
        proof.problem(root.entries["fields"], "at: がファイルの列の数を超えています", str(reader.fields))
