"""Bad files of stock and returns (読めない在庫・返品): refused whole in one sentence, or row by row.

The same things are done to them as to result files (test_bad_files), for every profile that reads such files.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from connector.adapters.wms.files import FileWarehouse
from connector.adapters.wms.mappings import load_mappings
from connector.errors import Malformed, Misconfigured
from connector.ledger.schema import exchanges, strays
from connector.ledger.schema_warehouse import goods_returns, stock_levels
from connector.ports import ReadResults
from sqlalchemy import select

from tests.contract.test_bad_files import READ_ALL_THE_SAME, STRUCTURE, lay, take_in, with_line, words_of
from tests.contract.wms_desk import OWN
from tests.contract.wms_house import GENERIC as BYTES
from tests.contract.wms_profiles_desk import mappings, warehouse
from tests.golden.samples import MAPPINGS, tables
from tests.unit.test_results_chunks import Desk

STOCK = "STOCK_demo_WH01_20261124070000_000001.csv"
RETURN = "RETURN_demo_WH01_20261130170000_000001.csv"
NEWS = {("generic", "stock"): STOCK, ("generic", "return"): RETURN}
LATER = date(2026, 11, 30)
CASES = [(profile, name) for (profile, _), name in NEWS.items()]


@cache
def the_warehouse(profile: str) -> FileWarehouse:
    """It only reads: no folder is looked into."""
    return warehouse(Path("nowhere"), profile, LATER)


def read(name: str, body: bytes, profile: str = "generic") -> ReadResults:
    return the_warehouse(profile).read_results(name, body)


def said(found: ReadResults) -> tuple[Any, ...]:
    return found.stock, found.returns


def test_every_profile_that_reads_such_files_is_here() -> None:
    kinds = {
        (path.parent.name, path.stem)
        for path in MAPPINGS.glob("wms/*/*.yaml")
        if path.stem in ("stock", "return")
    }
    assert kinds == set(NEWS)


def with_header_of_two_changed(body: bytes) -> bytes:
    """The columns are where they were, and two of their names changed places: a header that lies."""
    head, _, rest = body.partition(b"\r\n")
    names = head.split(b",")
    names[1], names[3] = names[3], names[1]
    return b",".join(names) + b"\r\n" + rest


def zipped(body: bytes) -> bytes:
    """A bomb under the name of a table."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.csv", b"0" * 10_000_000)
    return packed.getvalue()


# name, what is done, where certainty ends, words that must be said
MORE: tuple[tuple[str, Any, str, str], ...] = (
    ("headers_changed_places", with_header_of_two_changed, ":2", "どの行も取り込めません: 「"),
    ("zip_bomb", zipped, ":1", ""),
    ("cp932_under_a_utf8_mark", lambda body: b"\xef\xbb\xbf" + body, ":1:", "utf-8"),
    ("utf8_without_a_mark", lambda body: body.decode("cp932").encode(), ":1:", "cp932"),
    ("torn_in_a_row", lambda body: body[: len(body) - 20], ":", "引用符が壊れていて"),
    ("nul_in_the_header", lambda body: b"\0" + body, ":1:1", "引用符が壊れていて"),
    (
        "the_other_kind",
        lambda body: (BYTES / (RETURN if b"WH01" in body else STOCK)).read_bytes(),
        ":1:",
        "見出し",
    ),
)


@pytest.mark.parametrize(("profile", "name"), CASES)
@pytest.mark.parametrize("case", [*STRUCTURE, *MORE], ids=lambda case: case[0])
def test_a_file_that_cannot_be_read_with_certainty_is_refused_whole(
    case: tuple[str, Any, str, str], profile: str, name: str
) -> None:
    _, mutation, place, words = case
    with pytest.raises(Malformed) as told:
        read(name, mutation((BYTES / name).read_bytes()), profile)
    assert str(told.value).startswith(f"{name}{place}")
    assert words in str(told.value)
    assert "\n" not in str(told.value) and len(str(told.value)) < 300, "one sentence"


@pytest.mark.parametrize(("profile", "name"), CASES)
def test_what_is_only_unusual_says_the_same(profile: str, name: str) -> None:
    body = (BYTES / name).read_bytes()
    usual = said(read(name, body, profile))
    assert any(usual)
    for what, mutation in READ_ALL_THE_SAME:
        assert said(read(name, mutation(body), profile)) == usual, what
    turned = b"\r\n".join(b",".join(reversed(line.split(b","))) for line in body.split(b"\r\n"))
    assert said(read(name, turned, profile)) == usual, "columns go by their headers"
    head = body.partition(b"\r\n")[0] + b"\r\n"
    empty = read(name, head, profile)
    assert (said(empty), empty.strays) == (((), ()), ()), "a day without any"


# file, what a cell of line 2 was changed to, and what is said of the row
ROWS: tuple[tuple[str, str, dict[int, str], str], ...] = (
    ("negative", STOCK, {3: "-1"}, "「良品数」が負の数です（-1）"),
    ("negative_reserve", STOCK, {5: "-3"}, "「引当数」が負の数です（-3）"),
    ("absurd", STOCK, {3: "999999999999"}, "「良品数」が大きすぎます（999,999,999,999）"),
    ("more_digits_than_any_number", STOCK, {3: "9" * 30}, "「良品数」: 整数ではありません"),
    ("spreadsheet_number", STOCK, {3: "1E+2"}, "表計算ソフトで壊れた"),
    ("half_a_piece", STOCK, {3: "1.5"}, "「良品数」: 整数ではありません"),
    ("a_word", STOCK, {3: "多数"}, "「良品数」: 整数ではありません（多数）"),
    ("no_goods", STOCK, {1: ""}, "「商品コード」: 空欄です"),
    ("wide_letters", STOCK, {1: "ＭＨ"}, "「商品コード」: 番号として読めません"),
    ("nul", STOCK, {1: "MH\x00X"}, "「商品コード」: 番号として読めません"),
    ("very_long", STOCK, {1: "M" * 65}, "「商品コード」: 長すぎます (65文字)"),
    ("no_such_day", STOCK, {6: "2026/02/30 07:00:00"}, "暦にない日付です"),
    ("no_such_hour", STOCK, {6: "2026/11/24 25:00:00"}, "時刻として読めません"),
    ("a_day_alone", STOCK, {6: "2026/11/24"}, "時刻として読めません"),
    ("ahead", STOCK, {6: "2062/11/24 07:00:00"}, "「時点」が先の時刻です（2062/11/24 07:00）"),
    ("another_house", STOCK, {0: "WH02"}, "「倉庫コード」がこの倉庫（WH01）のものではありません（WH02）"),
    ("unknown_condition", RETURN, {5: "半壊"}, "「状態」: 知らない値です（半壊）"),
    ("negative", RETURN, {4: "-1"}, "「数量」が負の数です（-1）"),
    ("none_came", RETURN, {4: "0"}, "「数量」が 0 です"),
    ("absurd", RETURN, {4: "10000000"}, "「数量」が大きすぎます（10,000,000）"),
    ("no_number", RETURN, {0: ""}, "「返品番号」: 空欄です"),
    ("spreadsheet_slip", RETURN, {1: "2.001E+5"}, "表計算ソフトで壊れた"),
    ("mojibake_slip", RETURN, {1: "ﾃﾞ"}, "「出荷指示番号」: 番号として読めません"),
    ("no_such_day", RETURN, {7: "20260230"}, "暦にない日付です"),
    ("no_number_of_a_slip", RETURN, {1: "MH-CREAM-50"}, "「出荷指示番号」が伝票番号の形ではありません"),
    ("ahead", RETURN, {7: "20621130"}, "「入荷日」が先の日付です（2062/11/30）"),
)


def changed(name: str, cells: dict[int, str], line: int = 2) -> bytes:
    def change(row: bytes) -> bytes:
        fields = row.split(b",")
        for at, text in cells.items():
            fields[at] = f'"{text}"'.encode("cp932")
        return b",".join(fields)

    return with_line(line, change)((BYTES / name).read_bytes())


@pytest.mark.parametrize(
    ("what", "name", "cells", "words"), ROWS, ids=[f"{one[1][:5]}-{one[0]}" for one in ROWS]
)
def test_a_bad_row_is_set_aside_and_the_others_count(
    what: str, name: str, cells: dict[int, str], words: str
) -> None:
    usual = [one for kind in said(read(name, (BYTES / name).read_bytes())) for one in kind]
    found = read(name, changed(name, cells))
    assert [one for kind in said(found) for one in kind] == usual[1:]
    (stray,) = found.strays
    assert (stray.where, stray.words.endswith("この行は取り込みません。")) == (f"{name}:2", True)
    assert words in stray.words


def test_rows_that_contradict_each_other_are_both_doubtful() -> None:
    body = (BYTES / STOCK).read_bytes()
    line = body.split(b"\r\n")[1]
    repeated = read(STOCK, body + line + b"\r\n")
    assert (len(repeated.stock), repeated.strays) == (5, ()), "the same row again is the same"
    found = read(STOCK, body + line.replace(b'"120"', b'"12"') + b"\r\n")
    assert "MH-SERUM-30" not in [one.sku for one in found.stock]
    assert [stray.where for stray in found.strays] == [f"{STOCK}:2", f"{STOCK}:7"]
    later = line.replace(b'"120"', b'"12"').replace(b"07:00:00", b"08:00:00")
    assert [one.good for one in read(STOCK, body + later).stock if one.sku == "MH-SERUM-30"] == [12]

    body = (BYTES / RETURN).read_bytes()
    line = body.split(b"\r\n")[1]
    assert [one.quantity for one in read(RETURN, body + line).returns] == [2, 1]
    found = read(RETURN, body + line.replace(b"200102", b"200103"))
    assert [one.return_number for one in found.returns] == ["RT-0002"]
    assert [stray.where for stray in found.strays] == [f"{RETURN}:2", f"{RETURN}:4"]


# --- what becomes of them -------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path, range(400_000, 400_001))
    made.ports = replace(made.ports, warehouse=warehouse(tmp_path / "tree", "generic", LATER))
    for folder in ("out", "error"):
        (tmp_path / "tree/from_wms" / folder).mkdir(parents=True)
    yield made
    made.database.close()


def rows(desk: Desk, table: Any, *columns: str) -> list[tuple[Any, ...]]:
    with desk.database.engine.connect() as connection:
        query = select(*(table.c[column] for column in columns)).order_by(table.c.id)
        return [tuple(row) for row in connection.execute(query)]


SHELVES = (stock_levels, "sku", "lot", "good", "told_at")
BACK = (goods_returns, "return_number", "quantity", "reason", "at")


@pytest.mark.parametrize(("name", "table"), [(STOCK, SHELVES), (RETURN, BACK)], ids=["stock", "return"])
async def test_a_refused_file_lies_aside_with_its_reason_and_the_next_good_one_is_booked(
    tmp_path: Path, desk: Desk, name: str, table: tuple[Any, ...]
) -> None:
    good = (BYTES / name).read_bytes()
    lay(tmp_path, good + b'"torn', name)
    await take_in(desk)
    assert rows(desk, *table) == [], "nothing is booked"
    aside = tmp_path / "tree/from_wms/error"
    assert (aside / name).read_bytes() == good + b'"torn'
    reason = (aside / f"{name}.reason.txt").read_text(encoding="utf-8").strip()
    assert reason.startswith(f"{name}:") and "引用符が壊れていて" in reason
    assert words_of(desk) == [reason]
    lay(tmp_path, good, name)
    await take_in(desk)
    booked = rows(desk, *table)
    assert len(booked) == (5 if name == STOCK else 2)
    lay(tmp_path, good, name)
    await take_in(desk)
    lay(tmp_path, good, name.replace("000001", "000002"))
    await take_in(desk)
    assert rows(desk, *table) == booked, "the same again, under either name, is no news"
    assert desk.count(strays) == 1
    assert desk.count(exchanges, exchanges.c.read_at.is_(None)) == 0, "nothing is left unread"


async def test_a_half_bad_file_books_its_good_rows_and_shows_the_others(tmp_path: Path, desk: Desk) -> None:
    lay(tmp_path, changed(STOCK, {3: "-1"}), STOCK)
    lay(tmp_path, changed(RETURN, {4: "0"}), RETURN)
    await take_in(desk)
    assert len(rows(desk, *SHELVES)) == 4
    assert [row[0] for row in rows(desk, *BACK)] == ["RT-0002"]
    with desk.database.engine.connect() as connection:
        found = connection.execute(
            select(strays.c.place, strays.c.words, strays.c.facts).order_by(strays.c.place)
        )
        shown = [(row.place, row.facts["row"]["商品コード"]) for row in found]
    assert shown == [(f"{RETURN}:2", "MH-CREAM-50"), (f"{STOCK}:2", "MH-SERUM-30")]


@pytest.mark.parametrize("turned", [False, True], ids=["in_order", "older_last"])
async def test_whatever_the_order_of_the_files_the_newest_word_stands(
    tmp_path: Path, desk: Desk, turned: bool
) -> None:
    """Stock says its time in its rows, a file of returns in its name."""
    newer = changed(STOCK, {3: "99", 6: "2026/11/24 08:00:00"})
    more = changed(RETURN, {4: "3", 6: "住所\x00不明"})
    files = [
        (STOCK, (BYTES / STOCK).read_bytes()),
        (RETURN, (BYTES / RETURN).read_bytes()),
        ("STOCK_demo_WH01_20261124080000_000002.csv", newer),
        ("RETURN_demo_WH01_20261130180000_000002.csv", more),
    ]
    for name, body in reversed(files) if turned else files:
        lay(tmp_path, body, name)
        await take_in(desk)
    assert [good for sku, _, good, _ in rows(desk, *SHELVES) if sku == "MH-SERUM-30"] == [99]
    assert {row[:3] for row in rows(desk, *BACK)} == {
        ("RT-0001", 3, "住所\N{REPLACEMENT CHARACTER}不明"),
        ("RT-0002", 1, "差出人不明"),
    }
    assert desk.count(strays) == 0


@pytest.mark.parametrize("name", [STOCK, RETURN])
async def test_a_gigabyte_is_laid_aside_before_it_is_read(tmp_path: Path, desk: Desk, name: str) -> None:
    lay(tmp_path, b"", name)
    path = tmp_path / "tree/from_wms/out" / name
    with path.open("wb") as file:
        file.truncate(1_000_000_000)  # sparse: it takes no room
    with pytest.raises(Malformed, match=rf"{name}: ファイルが大きすぎるため読みません"):
        await take_in(desk)
    assert not path.exists() and (tmp_path / "tree/from_wms/error" / name).exists()


# --- a profile that has no such columns -------------------------------------------------------------------------------


def own_profile(folder: Path, kind: str, dropped: str, absent: str) -> Path:
    """The generic profile without one column of that kind, which the mapping fills in."""
    made = folder / "profile"
    made.mkdir()
    for path in (MAPPINGS / "wms/generic").glob("*.yaml"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        if path.stem == kind:
            lines = [line for line in lines if f"key: {dropped}," not in line] + [f"absent: {{{absent}}}\n"]
        (made / path.name).write_text("".join(lines), encoding="utf-8")
    return made


def without(body: bytes, column: int) -> bytes:
    lines = [line.split(b",") for line in body.split(b"\r\n") if line]
    return b"\r\n".join(b",".join([*line[:column], *line[column + 1 :]]) for line in lines)


def test_where_a_file_has_no_time_that_of_its_name_counts(tmp_path: Path) -> None:
    profile = own_profile(tmp_path, "stock", "told_at", "told_at: now")
    body = without((BYTES / STOCK).read_bytes(), 6)
    found = warehouse(tmp_path, profile, LATER).read_results(STOCK, body)
    usual = read(STOCK, (BYTES / STOCK).read_bytes())
    assert found.stock == usual.stock
    assert mappings(profile).stock is not None


def test_a_count_that_no_column_gives_is_the_mappings(tmp_path: Path) -> None:
    profile = own_profile(tmp_path, "stock", "allocated", 'allocated: "0"')
    found = warehouse(tmp_path, profile, LATER).read_results(STOCK, without((BYTES / STOCK).read_bytes(), 5))
    assert {one.allocated for one in found.stock} == {0}


@pytest.mark.parametrize(
    ("kind", "dropped", "absent"),
    [
        ("stock", "told_at", "told_at: today"),
        ("stock", "good", "good: many"),
        ("return", "arrived_on", "arrived_on: now"),
    ],
)
def test_what_a_mapping_says_for_a_missing_column_is_looked_at_before_any_file(
    tmp_path: Path, kind: str, dropped: str, absent: str
) -> None:
    with pytest.raises(Misconfigured) as told:
        load_mappings(own_profile(tmp_path, kind, dropped, absent), tables(), OWN)
    (problem,) = told.value.problems
    assert problem.where.endswith(f"{kind}.yaml") and dropped in problem.words
