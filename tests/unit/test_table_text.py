"""Rows by the quick way and by the careful one are the same rows; every row is found again by its first byte."""

from __future__ import annotations

import csv
import io
import random
from typing import Literal

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
