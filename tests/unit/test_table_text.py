"""Rows by the quick way and by the careful one are the same rows; every row is found again by its first byte."""

from __future__ import annotations

import csv
import io
import random
from typing import Any, Literal

import pytest
from connector.errors import Malformed
from connector.mapping.table_text import Limits, TableText, open_text

CELLS = ("", "a", "髙﨑", 'x"y', '""', "1,2", "線\r\n二行", "\n", " ", "ソ表能", "=1+1", '","', "0123", '"')


def text_of(body: bytes, encoding: str = "cp932", limits: Limits | None = None) -> TableText:
    return open_text("x.csv", body, encoding, delimiter=",", quote='"', limits=limits or Limits())


@pytest.mark.parametrize("encoding", ["cp932", "utf-8"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_as_the_standard_library_reads_it(encoding: str, end: str) -> None:
    rng = random.Random(7)
    for _ in range(150):
        rows = [[rng.choice(CELLS) for _ in range(rng.randrange(1, 5))] for _ in range(rng.randrange(1, 9))]
        out = io.StringIO(newline="")
        # With \r as line end the library leaves a cell of \n unquoted, which no reader could tell from a line end.
        everything = end == "\r" or rng.random() < 0.5
        quoting: Literal[0, 1] = csv.QUOTE_ALL if everything else csv.QUOTE_MINIMAL
        csv.writer(out, quoting=quoting, lineterminator=end).writerows(rows)
        text = text_of(out.getvalue().encode(encoding), encoding)
        lines = list(text.lines())
        assert [line.fields for line in lines] == [row for row in rows if row != [""]]
        for line in lines:
            assert next(text.lines(line.start, line.number)) == line, "found again by where it begins"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'a,"b\r\nc', "x.csv:1:3"),
        (b'a\r\n"b"c"', "x.csv:2:1"),
        (b'a\r\nb"c', "x.csv:2:1"),
        (b'a\r\n"x\r\ny","z"w\r\n', "x.csv:3:4"),
        (b"a\r\nb,\x83", "x.csv:2:3"),
        (b'a\r\n"\r\n\x81\x01"', "x.csv:3:1"),
    ],
)
def test_the_place_where_certainty_ends(body: bytes, place: str) -> None:
    with pytest.raises(Malformed) as told:
        list(text_of(body).lines())
    assert str(told.value).startswith(f"{place}:")


class Weighed(bytes):
    """A file that counts how many of its bytes are copied or searched through."""

    touched = 0

    def __getitem__(self, place: Any) -> Any:
        part = super().__getitem__(place)
        self.touched += len(part) if isinstance(part, bytes) else 1
        return part

    def find(self, sub: Any, start: Any = 0, end: Any = None) -> int:
        found = super().find(sub, start, end)
        self.touched += (found if found >= 0 else len(self) if end is None else end) - start
        return found


@pytest.mark.parametrize("row", ["{0},出荷済,1", '"{0}","出荷済","1"', '{0},"二\r行",1'])
@pytest.mark.parametrize("last", ["", "\r\n"])
def test_a_file_of_old_line_ends_is_walked_through_once(row: str, last: str) -> None:
    rows = 20_000
    body = Weighed(("\r".join(row.format(number) for number in range(rows)) + last).encode("cp932"))
    lines = list(text_of(body).lines())
    assert [line.fields[0] for line in lines] == [str(number) for number in range(rows)]
    assert {len(line.fields) for line in lines} == {3}
    assert body.touched < 5 * len(body), f"{body.touched:,} bytes looked at, of {len(body):,}"
    assert next(text_of(body).lines(lines[-1].start, lines[-1].number)) == lines[-1]


def test_line_ends_of_all_kinds_in_one_file() -> None:
    rng = random.Random(11)
    for _ in range(300):
        ends = [rng.choice(("\r", "\n", "\r\n")) for _ in range(rng.randrange(1, 30))]
        cells = [rng.choice(("a,b", '"a","b"', 'a,"x\ny"', '"x\r","b"', '="01",b')) for _ in ends]
        text = text_of("".join(map("".join, zip(cells, ends, strict=True))).encode())
        read = {
            "a,b": ["a", "b"],
            '"a","b"': ["a", "b"],
            'a,"x\ny"': ["a", "x\ny"],
            '"x\r","b"': ["x\r", "b"],
            '="01",b': ['="01"', "b"],
        }
        lines = list(text.lines())
        assert [line.fields for line in lines] == [read[cell] for cell in cells], (cells, ends)
        numbers, number = [], 1
        for cell in cells:
            numbers.append(number)
            number += 1 + cell.count("\n") + cell.count("\r")
        assert [line.number for line in lines] == numbers
        for line in lines:
            assert next(text.lines(line.start, line.number)) == line


def test_the_row_limit_counts_rows_of_old_line_ends_too() -> None:
    with pytest.raises(Malformed, match=r"x\.csv:4: 行が多すぎます"):
        list(text_of(b"a\r" * 5, limits=Limits(rows=3)).lines())


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        ('100001,0,="444413758703",2026/11/20', ["100001", "0", '="444413758703"', "2026/11/20"]),
        ('="0123",="",="1,2"', ['="0123"', '=""', '="1,2"']),
        ('"a",="01","b"', ["a", '="01"', "b"]),
        ('"=""0123""",x', ['="0123"', "x"]),
        ("=1+1,x", ["=1+1", "x"]),
    ],
)
def test_a_spreadsheets_wrapper_without_quotes_around_it_is_one_field(row: str, fields: list[str]) -> None:
    assert [line.fields for line in text_of(f"{row}\r\n{row}".encode()).lines()] == [fields, fields]


@pytest.mark.parametrize(
    "row", ['a,="01', 'a,="01"x', 'a,=""01"",b', 'a,="0\r\n1",b', 'a,x="01"', '"a"="01"', 'a,="0"1"']
)
def test_half_a_wrapper_is_a_damaged_row(row: str) -> None:
    with pytest.raises(Malformed, match="引用符が壊れていて"):
        list(text_of(f"{row}\r\nb,c\r\n".encode()).lines())


def test_limits() -> None:
    for body, limits, words in (
        (b"a\n" * 4, Limits(rows=3), "x.csv:4: 行が多すぎます"),
        (b"a,b,c,d\n", Limits(columns=3), "x.csv:1:4: 列が多すぎます"),
        (b"aaaa\n", Limits(field=3), "x.csv:1:1: 1列目の値が長すぎます"),
    ):
        with pytest.raises(Malformed, match=words):
            list(text_of(body, limits=limits).lines())
    with pytest.raises(Malformed, match="ファイルが大きすぎます"):
        text_of(b"aaaa", limits=Limits(bytes=3))
