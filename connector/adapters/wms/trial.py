"""Trial (読み方の確認): how a profile would read a real file, column by column and line by line. Nothing is booked.

Dangerous: it prints a real file. A column with a closed vocabulary (carrier, result, date, reason) is shown as it
stands, for its words are what the profile must learn; a column of numbers shows what looks like one. Any other text
shows no more than its first character, for it may be somebody's name or address: columns slip, and then a name stands
where a number should. In such a row no word is shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from connector.adapters.wms.inbound import BOOKED, read_inbound
from connector.adapters.wms.mappings import Mappings
from connector.adapters.wms.meanings import NUMBERED, RETURN, STOCK
from connector.adapters.wms.pieces import whole
from connector.adapters.wms.receipts import receipt_of
from connector.adapters.wms.shipments import TAKEN, told
from connector.clock import jst
from connector.errors import Malformed, Problem
from connector.mapping import CsvReader, Line, Row, Table
from connector.mapping.address import PREFECTURES
from connector.mapping.grammars import TRACKING
from connector.mapping.table_rows import total_word
from connector.outcome import Stray
from connector.ports import GoodsReturn, ReadResults, StockLevel
from connector.slip import Result, Shipment

KINDS = (*BOOKED, "receipt", "instruction")
_WORDS = {  # a closed vocabulary, or a day, or why: nobody is named where the row has not slipped
    *("carrier", "checked_as", "result", "condition", "verdict"),
    *("reason_code", "reason", "error_code", "error"),
    *("shipped_on", "expires_on", "arrived_on", "ship_on", "deliver_on"),
    *("confirmed_at", "told_at", "processed_at"),
}
_NUMBERS = {"file_name", "rows", "order_number", *NUMBERED, *STOCK, *RETURN} - _WORDS
_LONGEST = 60  # characters of a word; more is a letter to somebody
_CODE = re.compile(r"[0-9A-Za-z+./:_='\"-]{1,24}", re.ASCII)  # how codes, numbers and dates are written
_PHONE = re.compile(r"0\d{9,10}", re.ASCII)
_PHONE_IN = re.compile(r"(?<!\d)0\d{1,4}-?\d{1,4}-?\d{3,4}(?!\d)", re.ASCII)
_BYTES = re.compile(r"[0-9a-f]{2}( [0-9a-f]{2})?", re.ASCII)  # of a place that cannot be decoded


@dataclass(frozen=True, slots=True)
class Bound:
    """A column of the mapping and where it stands in the file, from 1; 0: it is not there."""

    name: str
    key: str
    column: int


@dataclass(frozen=True, slots=True)
class Read:
    """One line as it would be read."""

    line: int
    values: dict[str, str]
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """`refused` is the one sentence for which nothing at all is taken from the file."""

    file: str
    kind: str
    refused: str = ""
    encoding: str = ""
    columns: tuple[Bound, ...] = ()
    unused: tuple[str, ...] = ()
    assumed: tuple[tuple[str, str], ...] = ()  # what no column says and every row is taken for, and its value
    rows: tuple[Read, ...] = ()
    events: tuple[dict[str, Any], ...] = ()  # shipments
    stock: tuple[dict[str, Any], ...] = ()
    returns: tuple[dict[str, Any], ...] = ()
    answers: tuple[dict[str, Any], ...] = ()  # of a receipt, for each file of ours
    aside: tuple[str, ...] = field(default=())  # what would be set aside, with its line
    rows_aside: int = 0  # one row may have several reasons
    noted: tuple[str, ...] = ()  # taken all the same, with what a person is told of it
    left_out: str = ""  # the closing total line

    @property
    def clean(self) -> bool:
        return not self.refused and not self.aside and not any(row.problems for row in self.rows)


def try_file(mappings: Mappings, kind: str, path: Path, now: datetime) -> Trial:
    """Reads as the daemon would, and keeps nothing. Raises KeyError where the profile cannot read such files."""
    if (reader := readers_of(mappings)[kind]) is None:
        raise KeyError(kind)
    name = path.name
    try:
        size, most = path.stat().st_size, reader.limits.bytes
        if size > most:
            words, expected = "ファイルが大きすぎるため読みません", f"{most:,} バイトまで"
            raise Malformed(Problem(name, 0, 0, words, f"{size:,}", expected))
        return _tried(mappings, reader, kind, name, path.read_bytes(), now)
    except Malformed as refused:
        return Trial(name, kind, refused=str(_discreet(refused.problem)))


def readers_of(mappings: Mappings) -> dict[str, CsvReader | None]:
    """By kind of file; None where the profile does not speak of it."""
    return {
        "result": mappings.result,
        "parcels": mappings.parcels,
        "stock": mappings.stock,
        "return": mappings.returns,
        "receipt": mappings.receipt,
        "instruction": mappings.layout,
    }


def _tried(mappings: Mappings, reader: CsvReader, kind: str, name: str, body: bytes, now: datetime) -> Trial:
    table = reader.open(name, body)
    rows = [table.row(line) for line in table.lines()]
    keys = {table.at(one.key) + 1: one.key for one in reader.columns}
    secrets = {secret for row in rows for secret in _secrets(row, keys)}
    found = whole(read_inbound(mappings, kind, name, body, now)) if kind in BOOKED else ReadResults((), ())
    noted = {f"{name}:{row.line}": {told(remark) for remark in row.remarks} for row in rows if row.remarks}
    aside: dict[tuple[str, str], str] = {}  # a row of goods and parcel says everything twice
    taken: dict[tuple[str, str], str] = {}
    for stray in found.strays:
        _, _, said = stray.words.partition(": ")
        kept = said in noted.get(stray.where, ()) or said.endswith(TAKEN)
        (taken if kept else aside).setdefault((stray.where, said or stray.words), _aside(stray, secrets))
    return Trial(
        file=name,
        kind=kind,
        encoding=table.encoding,
        columns=_columns(reader, table),
        unused=tuple(f"{problem.column}: {problem.found}".removesuffix(": ") for problem in table.warnings),
        assumed=tuple(_assumed(reader, table)) if kind == "result" else (),
        rows=tuple(_read(row, keys) for row in rows),
        events=tuple(_event(shipment) for shipment in found.shipments),
        stock=tuple(_plain(one) for one in found.stock),
        returns=tuple(_plain(one) for one in found.returns),
        answers=tuple(_answers(rows)) if kind == "receipt" else (),
        aside=tuple(aside.values()),
        rows_aside=len({where for where, _ in aside}),
        noted=tuple(taken.values()),
        left_out=_left_out(table.trailing(), table.trailer),
    )


def _columns(reader: CsvReader, table: Table) -> tuple[Bound, ...]:
    own = ((one, one.key) for one in reader.columns)
    more = ((one, TRACKING) for one in reader.more)
    return tuple(Bound(one.header, key, table.at(one.key) + 1) for one, key in (*own, *more))


def _assumed(reader: CsvReader, table: Table) -> Iterator[tuple[str, str]]:
    here, absent = {place.column.key: place.column for place in table.places}, reader.absent
    if "result" not in here:
        yield "no_result", str(Result(absent.get("result") or Result.SHIPPED))
    elif here["result"].blank:
        yield "blank_result", ""
    if "carrier" not in here:
        yield ("carrier", absent["carrier"]) if absent.get("carrier") else ("no_carrier", "")
    if "shipped_on" not in here:
        yield "shipped_on", ""


def _answers(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """For each file of ours that a receipt speaks of; nothing of a receipt with a row that cannot be read."""
    if any(row.problems for row in rows):
        return
    for file in dict.fromkeys(row.values["file_name"] for row in rows):
        told = receipt_of(file, [row.values for row in rows if row.values["file_name"] == file])
        refused = {slip: _shown("error", words) for slip, words in told.refused.items()}
        whole = _shown("error", told.file_refused)
        yield {"file": file, "accepted": list(told.accepted), "refused": refused, "file_refused": whole}


def _left_out(line: Line | None, trailer: Sequence[str]) -> str:
    if line is None:
        return ""
    first, *others = line.fields
    word = total_word(first, trailer)
    shown = word + _masked(first.strip().removeprefix(word), 0)
    fields = (text if _looks_like_a_code(text) else _masked(text) for text in others)
    return f"{line.number}行目: {','.join((shown, *fields))}"


def _read(row: Row, keys: Mapping[int, str]) -> Read:
    slipped = _slipped(row, keys)
    values = {key: _shown(key, value, slipped) for key, value in row.values.items() if value is not None}
    problems, remarks = (
        tuple(str(_told(problem, keys, slipped)) for problem in told) for told in (row.problems, row.remarks)
    )
    return Read(row.line, values, problems, remarks)


def _secrets(row: Row, keys: Mapping[int, str]) -> set[str]:
    """What a sentence about this row must not show."""
    slipped = _slipped(row, keys)
    told = (problem for problem in (*row.problems, *row.remarks) if problem.found)
    return {one.found for one in told if _told(one, keys, slipped).found != one.found}


def _slipped(row: Row, keys: Mapping[int, str]) -> bool:
    """Whether something else stands where a number should: then nobody knows what its other cells hold."""
    numbers = (one.found for one in row.problems if keys.get(one.column, "") in _NUMBERS)
    return any(found and not _looks_like_a_code(found) for found in numbers)


def _told(problem: Problem, keys: Mapping[int, str], slipped: bool) -> Problem:
    """With what stood in the cell as far as its column may be shown."""
    key, found = keys.get(problem.column, ""), problem.found
    a_number = key in _NUMBERS and _looks_like_a_code(found)
    return problem if a_number or _a_word(key, found, slipped) else replace(problem, found=_masked(found))


def _a_word(key: str, text: str, slipped: bool) -> bool:
    """Whether it may be shown as one of a closed column."""
    return key in _WORDS and (_looks_like_a_code(text) or (not slipped and _names_nobody(text)))


def _discreet(problem: Problem) -> Problem:
    """Of a file that is refused whole: a file without headings has its first customer there."""
    if problem.words.startswith(("見出し「", "同じ見出し")):
        return problem  # a heading: the line has others that the profile knows
    plain = _looks_like_a_code(problem.found) or _BYTES.fullmatch(problem.found)
    return problem if plain else replace(problem, found=_masked(problem.found))


def _looks_like_a_code(text: str) -> bool:
    plain = unicodedata.normalize("NFKC", text)
    return bool(_CODE.fullmatch(plain)) and not _PHONE.fullmatch(plain.replace("-", ""))


def _names_nobody(text: str) -> bool:
    """Not surely a phone number, a mail address or a place where somebody lives."""
    plain = unicodedata.normalize("NFKC", text)
    where = "@" in plain or any(name in plain for name in PREFECTURES)
    return len(text) <= _LONGEST and not where and not _PHONE_IN.search(plain)


def _shown(key: str, value: Any, slipped: bool = False) -> str:
    if isinstance(value, datetime):
        return f"{jst(value):%Y-%m-%d %H:%M:%S} JST"
    text = str(value)
    if not isinstance(value, str) or key in _NUMBERS:
        return text
    return text if _a_word(key, text, slipped) else _masked(text)


def _masked(text: str, shown: int = 1) -> str:
    return text[:shown] + "＊" * min(len(text) - shown, 8)


def _event(shipment: Shipment) -> dict[str, Any]:
    return {
        "slip": shipment.slip_number,
        "result": str(shipment.result),
        "shipped_on": str(shipment.shipped_on),
        "carrier": shipment.carrier,
        "tracking": list(shipment.tracking),
        "parcels": shipment.parcels,
        "lines": [f"{line.sku}×{line.quantity}" for line in shipment.lines],
        "complete": shipment.complete,
    }


def _plain(one: StockLevel | GoodsReturn) -> dict[str, Any]:
    told = asdict(one)
    return {key: _shown(key, text) if isinstance(text, str) else text for key, text in told.items()}


def _aside(stray: Stray, secrets: Iterable[str]) -> str:
    """Cells stand in brackets; the same text elsewhere is the mapping's own word, by which the cell is mended."""
    words = stray.words
    for secret in sorted(secrets, key=len, reverse=True):
        words = words.replace(f"（{secret}）", f"（{_masked(secret)}）")
    return f"{stray.where}: {words}"
