"""Files (ファイル連携) of generic-sftp-v1: names, tables, markers. A file is whole or refused with its place.

Nothing is ever written in place: a reader on the other side must never see half a file under its final name.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from connector.adapters.wms import wire
from connector.clock import jst

_NAME = re.compile(wire.FILE_NAME_PATTERN)
_MARKER = re.compile(wire.MARKER_PATTERN)


class FileRefused(Exception):
    """The whole file is refused: E code, words, and how many data rows had been counted."""

    def __init__(self, code: str, words: str, rows: int = 0) -> None:
        super().__init__(f"{code} {words}")
        self.code, self.words, self.rows = code, words, rows


@dataclass(frozen=True, slots=True)
class FileName:
    """`KIND_tenant_warehouse_stamp_sequence.csv` taken apart (spec/wms.md §7.2)."""

    text: str
    kind: str
    tenant: str
    warehouse: str
    sequence: int

    @classmethod
    def read(cls, text: str) -> FileName:
        found = _NAME.fullmatch(text)
        if found is None or found["kind"] not in (wire.KIND_ORDER, wire.KIND_CANCEL):
            raise FileRefused("E401", "ファイル名不正")
        return cls(text, found["kind"], found["tenant"], found["warehouse"], int(found["sequence"]))


@dataclass(frozen=True, slots=True)
class Table:
    """The data rows of a file, by column name."""

    rows: tuple[dict[str, str], ...]


def read_table(data: bytes, columns: Sequence[str], encoding: str) -> Table:
    """Raises FileRefused: E402 for bytes of another encoding, E401 for another shape."""
    lines = _csv_lines(_decoded(data, encoding))
    if not lines:
        raise FileRefused("E401", "空ファイル")
    header, body = lines[0], lines[1:]
    _expect_header(header, columns, len(body))
    for number, line in enumerate(body, start=2):
        if len(line) != len(columns):
            raise FileRefused(
                "E401", f"列数不一致 {number}行目 {len(line)}列（{len(columns)}列必要）", len(body)
            )
    return Table(tuple(dict(zip(columns, line, strict=True)) for line in body))


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as broken:
        line = data[: broken.start].count(b"\n") + 1
        raise FileRefused("E402", f"文字コード不正 {line}行目") from broken


def _csv_lines(text: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return [line for line in reader if line]
    except csv.Error as broken:
        raise FileRefused("E401", f"引用符不正 {reader.line_num}行目") from broken


def _expect_header(header: list[str], columns: Sequence[str], rows: int) -> None:
    for place, (found, wanted) in enumerate(zip(header, columns, strict=False), start=1):
        if found != wanted:
            raise FileRefused("E401", f"見出し不一致 {place}列目「{found}」", rows)
    if len(header) != len(columns):
        raise FileRefused("E401", f"列数不一致 1行目 {len(header)}列（{len(columns)}列必要）", rows)


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]], encoding: str) -> bytes:
    """Every field quoted, CRLF, header row (spec/wms.md §7.1)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def marker(data: bytes, rows: int) -> bytes:
    """The line of the `.ok` file that tells a reader what the whole file is."""
    digest = hashlib.sha256(data).hexdigest()
    return (wire.MARKER_LINE.format(rows=rows, bytes=len(data), sha256=digest) + "\r\n").encode("ascii")


def expect_marker(line: bytes, data: bytes, rows: int) -> None:
    """Raises FileRefused E404 where the file is not the one its marker describes."""
    found = _MARKER.fullmatch(line.decode("ascii", "backslashreplace").strip())
    if found is None:
        raise FileRefused("E404", "マーカー不正", rows)
    if int(found["rows"]) != rows:
        raise FileRefused("E404", f"件数不一致 rows={found['rows']} 受信={rows}", rows)
    if int(found["bytes"]) != len(data):
        raise FileRefused("E404", f"件数不一致 bytes={found['bytes']} 受信={len(data)}", rows)
    if found["sha256"] != hashlib.sha256(data).hexdigest():
        raise FileRefused("E404", "件数不一致 sha256", rows)


def put_whole(path: Path, data: bytes) -> None:
    """The file appears complete under its name or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(data)
    temporary.replace(path)


def stamp(at: datetime) -> str:
    """The instant as it stands in file names, JST."""
    return jst(at).strftime(wire.STAMP_FORMAT)


def instant(at: datetime) -> str:
    """The instant as it stands in cells, JST."""
    return jst(at).strftime(wire.INSTANT_FORMAT)
