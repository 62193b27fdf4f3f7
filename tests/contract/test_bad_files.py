"""Bad files (読めないファイル): one clear sentence with file, line and column; nothing is booked from a refused file.

Each case is a fixture of its profile with one small thing done to it. What is refused stays kept, lies in the
warehouse's error folder with its reason and is shown; the mended file under the same name is read.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from connector.adapters.wms.files import FileWarehouse
from connector.adapters.wms.receipts import receipt_of
from connector.errors import Malformed, Refused
from connector.ledger import stage_stops
from connector.ledger.schema import exchanges, strays
from connector.mapping import CsvReader
from connector.ports import ResultFile
from connector.transport.drop import LARGEST_FILE
from connector.words.stage_stops import stop_sentence
from sqlalchemy import select

from tests.contract.wms_profiles_desk import WMS, mappings, warehouse
from tests.golden.samples import MAPPINGS
from tests.unit.test_results_chunks import NOW, SHOP, Desk, file_of, goods, parcel, three_hundred, tracking

Mutation = Callable[[bytes], bytes]
GENERIC = MAPPINGS / "wms/generic"
RESULTS = {
    "generic": "SHIPRES_demo_WH01_20261124183000_000001.csv",
    "b2cloud": "issued_by_name.csv",
    "ehiden3": "result.csv",
    "yupri": "",
    "logizard-csv": "result_d2c.csv",
}


def fixture(profile: str) -> bytes:
    if profile != "yupri":
        return (WMS / profile / RESULTS[profile]).read_bytes()
    return f"お客様側管理番号,お問い合わせ番号\r\n200101,{tracking(1)}\r\n200102,{tracking(2)}\r\n".encode(
        "cp932"
    )


def lines_of(body: bytes) -> list[bytes]:
    return body.split(b"\r\n")


def with_line(n: int, change: Mutation) -> Mutation:
    """The same file with its n-th line (from 1) changed."""

    def mutate(body: bytes) -> bytes:
        lines = lines_of(body)
        lines[n - 1] = change(lines[n - 1])
        return b"\r\n".join(lines)

    return mutate


# name, what is done, where certainty ends ("" for the whole file), words that must be said
STRUCTURE: tuple[tuple[str, Mutation, str, str], ...] = (
    ("empty", lambda body: b"", "", "空のファイルです"),
    ("only_blank_lines", lambda body: b"\r\n\r\n", ":1", "見出し行がありません"),
    (
        "quote_never_closed",
        with_line(2, lambda line: b'"' + line.replace(b'"', b"")),
        ":2:1",
        "引用符が壊れていて",
    ),
    ("quote_inside", with_line(2, lambda line: b'a"b' + line), ":2:1", "引用符が壊れていて"),
    ("one_field_more", with_line(2, lambda line: line + b",x"), ":2:", "列の数が見出しと違います"),
    (
        "one_field_less",
        with_line(3, lambda line: line.rpartition(b",")[0]),
        ":3:",
        "列の数が見出しと違います",
    ),
    ("half_a_character", lambda body: body.rstrip(b"\r\n") + b"\x83", "", "として読めない文字があります"),
    ("bytes_of_nothing", with_line(2, lambda line: b"\xff\xfe\x80\x81" + line), ":2:", ""),
    ("no_header", lambda body: b"\r\n".join(lines_of(body)[1:]), ":1:", "見出し"),
    ("mojibake_header", lambda body: body.decode("cp932").encode("utf-8"), ":1:", ""),
    (
        "half_of_utf16",
        lambda body: b"\xff\xfe" + body.decode("cp932").encode("utf-16-le")[:-1],
        "",
        "読めない文字",
    ),
    ("html", lambda body: b"<html><body>503 Service Unavailable</body></html>", ":1:1", "見出し"),
    ("a_total_line", lambda body: body + "合計,2".encode("cp932") + b"," * 30, "", ""),
    ("too_many_columns", lambda body: b"a," * 2_000_000 + b"\r\n" + body, ":1:", "列が多すぎます"),
    (
        "one_line_of_many_bytes",
        lambda body: b"x" * 15_000_000 + b"\r\n" + body,
        ":1:1",
        "列目の値が長すぎます",
    ),
    ("too_large", lambda body: b"x" * 20_000_001, "", "ファイルが大きすぎます"),
)


@pytest.mark.parametrize("profile", RESULTS)
@pytest.mark.parametrize("name", [name for name, *_ in STRUCTURE])
def test_a_file_that_cannot_be_read_with_certainty_is_refused_whole(
    tmp_path: Path, profile: str, name: str
) -> None:
    _, mutation, place, words = next(case for case in STRUCTURE if case[0] == name)
    body = mutation(fixture(profile))
    if name == "a_total_line" and b"," not in fixture(profile):
        pytest.fail("the fixture has no columns")
    with pytest.raises(Malformed) as told:
        warehouse(tmp_path, profile).read_results("実績.csv", body)
    assert str(told.value).startswith(f"実績.csv{place}")
    assert words in str(told.value)
    assert "\n" not in str(told.value), "one sentence"
    assert len(str(told.value)) < 300


READ_ALL_THE_SAME: tuple[tuple[str, Mutation], ...] = (
    ("as_it_is", lambda body: body),
    ("utf16", lambda body: b"\xff\xfe" + body.decode("cp932").encode("utf-16-le")),
    ("utf8_with_bom", lambda body: b"\xef\xbb\xbf" + body.decode("cp932").encode()),
    ("line_feeds", lambda body: body.replace(b"\r\n", b"\n")),
    ("carriage_returns", lambda body: body.replace(b"\r\n", b"\r")),
    ("end_of_file_mark", lambda body: body + b"\x1a"),
    ("without_the_last_line_end", lambda body: body.rstrip(b"\r\n")),
    ("blank_lines_between", lambda body: body.replace(b"\r\n", b"\r\n\r\n")),
    ("commas_at_the_end", lambda body: body.replace(b"\r\n", b",,\r\n")),
)


@pytest.mark.parametrize("profile", RESULTS)
def test_what_is_only_unusual_says_the_same(tmp_path: Path, profile: str) -> None:
    here = warehouse(tmp_path, profile)
    usual = here.read_results("x.csv", fixture(profile)).shipments
    assert usual
    for name, mutation in READ_ALL_THE_SAME:
        assert here.read_results("x.csv", mutation(fixture(profile))).shipments == usual, name


def test_wherever_a_quoted_file_breaks_off_nothing_else_is_read_into_it(tmp_path: Path) -> None:
    """Whole rows that are missing are for the marker to tell (spec/wms.md §6.3); a row is never read halfway."""
    body, here = fixture("generic"), warehouse(tmp_path, "generic")
    whole = {(one.slip_number, one.tracking) for one in here.read_results("x.csv", body).shipments}
    for cut in range(len(body) - 200, len(body)):
        try:
            found = here.read_results("x.csv", body[:cut]).shipments
        except Malformed as told:
            assert "x.csv:" in str(told)
        else:
            assert {(one.slip_number, one.tracking) for one in found} <= whole, body[cut - 20 : cut]


def swapped(body: bytes, one: int, other: int) -> bytes:
    """Two columns' cells change places under a header that stays: a header that lies."""
    lines = [line.split(b",") for line in lines_of(body) if line]
    for line in lines[1:]:
        line[one], line[other] = line[other], line[one]
    return b"\r\n".join(b",".join(line) for line in lines)


# what the cells of a row were changed to, where it is said, and the words
ROWS: tuple[tuple[str, dict[int, str], str, str], ...] = (
    ("unknown_carrier", {5: "PIGEON"}, "x.csv:2", "知らない運送会社コードです"),
    ("unknown_result", {3: "9"}, "x.csv:2", "知らない値です"),
    ("no_slip", {1: ""}, "x.csv:2", "「出荷指示番号」: 空欄です"),
    ("slip_with_a_gap", {1: "2001 01"}, "x.csv:2", "番号として読めません"),
    ("check_digit", {6: "999900001016"}, "x.csv:2", "検査数字が合いません"),
    ("spreadsheet_number", {6: "9.999E+11"}, "x.csv:2", "表計算ソフトで壊れた"),
    ("no_such_day", {4: "20260230"}, "x.csv:2", "暦にない日付です"),
    ("a_day_ahead", {4: "20271224"}, "x.csv:2", "先の日付です"),
    ("nul_byte", {1: "2001\x0001"}, "x.csv:2", "番号として読めません"),
    ("mojibake", {1: "\uff83\uff9e"}, "x.csv:2", "番号として読めません"),
    ("parcel_of_none", {7: "3", 8: "2"}, "x.csv:2", "合いません"),
)


@pytest.mark.parametrize(("name", "cells", "place", "words"), ROWS, ids=[name for name, *_ in ROWS])
def test_a_bad_row_takes_its_event_out_and_the_others_count(
    tmp_path: Path, name: str, cells: dict[int, str], place: str, words: str
) -> None:
    bad = parcel(200_101, tracking(1))
    for column, text in cells.items():
        bad[column] = text
    body = file_of([bad, goods(200_101), parcel(200_102, tracking(2)), goods(200_102)])
    found = warehouse(tmp_path, "generic").read_results("x.csv", body)
    assert [one.slip_number for one in found.shipments] == ["200102"]
    assert found.strays[0].where == place
    assert words in found.strays[0].words


def test_columns_that_changed_places_under_their_headers_book_nothing(tmp_path: Path) -> None:
    for profile, one, other in (
        ("generic", 1, 6),
        ("b2cloud", 0, 3),
        ("ehiden3", 0, 1),
        ("logizard-csv", 3, 4),
    ):
        found = warehouse(tmp_path, profile).read_results("x.csv", swapped(fixture(profile), one, other))
        assert found.shipments == (), profile
        assert found.strays, profile


def test_anchors_refuse_a_moved_column() -> None:
    name = "instruction_93_moved_anchor.csv"
    layout = mappings("logizard-csv").layout
    assert layout is not None
    with pytest.raises(Malformed, match=rf"{name}:1:\d+: 見出し「.+」が \d+ 列目にありません"):
        layout.read(name, (WMS / "logizard-csv" / name).read_bytes())


# --- receipts and stock ------------------------------------------------------------------------------------------


def receipts() -> CsvReader:
    reader = mappings(GENERIC).receipt
    assert reader is not None
    return reader


@pytest.mark.parametrize("name", [name for name, *_ in STRUCTURE if name not in ("a_total_line",)])
def test_a_receipt_that_cannot_be_read_confirms_nothing(name: str) -> None:
    _, mutation, place, words = next(case for case in STRUCTURE if case[0] == name)
    body = (WMS / "generic" / "SHIPACK_SHIPORD_demo_WH01_20261124101500_000001.csv").read_bytes()
    with pytest.raises(Malformed) as told:
        receipts().read("受付.csv", mutation(body))
    assert words in str(told.value)
    assert str(told.value).startswith(f"受付.csv{place}")


def test_an_unknown_verdict_of_a_receipt_is_its_rows_problem() -> None:
    body = (WMS / "generic" / "SHIPACK_SHIPORD_demo_WH01_20261124101500_000001.csv").read_bytes()
    rows = receipts().read("受付.csv", body.replace(b'"A"', b'"?"'))
    assert all(row.problems for row in rows)
    assert receipt_of("受付.csv", [row.values for row in rows]).refused == {}


# --- what becomes of a refused file --------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path, range(400_000, 400_300))
    made.ports = replace(made.ports, warehouse=warehouse(tmp_path / "tree", GENERIC))
    for folder in ("out", "error"):
        (tmp_path / "tree/from_wms" / folder).mkdir(parents=True)
    yield made
    made.database.close()


async def take_in(desk: Desk) -> None:
    """What lies there whole is kept and acknowledged, as the runner does it, and then read."""
    wms = desk.ports.warehouse
    assert isinstance(wms, FileWarehouse)
    async for found in wms.results():
        assert isinstance(found, ResultFile)
        desk.keep(found.body, found.name)
        await wms.acknowledge(found)
    await desk.read()


def lay(root: Path, body: bytes, name: str = RESULTS["generic"]) -> None:
    out = root / "tree/from_wms/out"
    (out / name).write_bytes(body)
    (out / f"{name}.ok").write_bytes(b"")


def words_of(desk: Desk) -> list[str]:
    with desk.database.engine.connect() as connection:
        return list(connection.scalars(select(strays.c.words)))


async def test_a_refused_file_lies_aside_with_its_reason_and_the_mended_one_is_read(
    tmp_path: Path, desk: Desk
) -> None:
    name, good = RESULTS["generic"], file_of(three_hundred())
    lay(tmp_path, good + b'"broken')
    await take_in(desk)
    assert desk.end() == (0, 0, 0, 0)
    aside = tmp_path / "tree/from_wms/error"
    assert (aside / name).read_bytes() == good + b'"broken'
    reason = (aside / f"{name}.reason.txt").read_text(encoding="utf-8")
    assert reason.startswith(f"{name}:602:1: 引用符が壊れていて")
    assert words_of(desk) == [reason.strip()]
    lay(tmp_path, good + b'"still broken')
    await take_in(desk)
    assert sorted(one.name.endswith(".reason.txt") for one in aside.iterdir()) == [False, False, True, True]
    lay(tmp_path, good)
    await take_in(desk)
    assert desk.end() == (300, 300, 300, 300)
    assert desk.count(exchanges) == 3, "every version is kept"


async def test_a_file_about_other_peoples_slips_waits_for_a_person(tmp_path: Path, desk: Desk) -> None:
    foreign = [row for n in range(95) for row in (parcel(900_000 + n, tracking(500 + n)), goods(900_000 + n))]
    ours = three_hundred()[:10]
    lay(tmp_path, file_of(foreign + ours))
    await take_in(desk)
    await desk.read()
    assert (desk.end(), desk.count(strays)) == ((0, 0, 0, 0), 0), "nothing is booked, nothing is lost"
    with desk.database.engine.begin() as connection:
        (stop,) = stage_stops.waiting(connection, SHOP.key, "collect")
        assert stop.figures == {"file": RESULTS["generic"], "looked_at": 100, "ours": 5}
        assert "5件しかありません" in stop_sentence(stop.stage, stop.what, stop.figures, "ja")
        stage_stops.decide(connection, SHOP.key, "collect", stop.what, True, "見本", "移行前の実績", NOW)
    await desk.read()
    assert desk.end() == (5, 5, 5, 5)
    assert desk.count(strays) == 95


async def test_a_file_that_a_person_kept_back_is_not_read_again(tmp_path: Path, desk: Desk) -> None:
    lay(
        tmp_path,
        file_of([row for n in range(30) for row in (parcel(900_000 + n, tracking(n)), goods(900_000 + n))]),
    )
    await take_in(desk)
    with desk.database.engine.begin() as connection:
        (stop,) = stage_stops.waiting(connection, SHOP.key)
        stage_stops.decide(connection, SHOP.key, "collect", stop.what, False, "見本", "別の店舗", NOW)
    await desk.read()
    assert desk.count(exchanges, exchanges.c.read_at.is_(None)) == 0
    assert words_of(desk) == [f"{RESULTS['generic']}: 人の判断で、このファイルは取り込みませんでした。"]


async def test_a_small_file_is_never_odd(tmp_path: Path, desk: Desk) -> None:
    lay(
        tmp_path,
        file_of([row for n in range(19) for row in (parcel(900_000 + n, tracking(n)), goods(900_000 + n))]),
    )
    await take_in(desk)
    assert desk.count(strays) == 19


async def test_a_gigabyte_is_refused_before_it_is_read(tmp_path: Path, desk: Desk) -> None:
    path = tmp_path / "tree/from_wms/out" / RESULTS["generic"]
    with path.open("wb") as file:
        file.truncate(1_000_000_000)  # sparse: it takes no room
    (path.parent / f"{path.name}.ok").write_bytes(b"")
    tracemalloc.start()
    with pytest.raises((Malformed, Refused), match=path.name):
        await take_in(desk)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5_000_000 < LARGEST_FILE
    assert not path.exists(), "it lies in the error folder and stands in nobody's way"
    assert desk.count(exchanges) == 0
