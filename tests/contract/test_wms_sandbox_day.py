"""A day in the warehouse sandbox: waves, results, faults and the ledger, spec/wms.md §8."""

from __future__ import annotations

import hashlib
import random
import re
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from connector.adapters.wms import wire
from connector.clock import at_jst, jst
from connector.sandbox.warehouse import StockItem, WarehouseSettings
from connector.sandbox.warehouse.numbers import is_sound, range_of, with_check_digit

from tests.contract.wms_house import (
    GENERIC,
    HOLIDAYS,
    ORDER_1,
    ORDER_2,
    TUESDAY,
    House,
    a_day,
    fixture_rows,
    instruction,
    rows_of,
    without,
)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


# A day's life and the results (SHIPRES).


async def test_a_day_writes_results_in_the_layout_of_the_fixtures(house: House) -> None:
    await a_day(house)
    (first_name, first), (second_name, second) = house.results().items()
    assert re.fullmatch(r"SHIPRES_demo_WH01_20261124183000_000001\.csv", first_name)
    assert re.fullmatch(r"SHIPRES_demo_WH01_20261124190000_000002\.csv", second_name)
    expected = fixture_rows("SHIPRES_demo_WH01_20261124183000_000001.csv")
    own = [row for row in rows_of(first) if row["出荷指示番号"] != "200108"]
    loose = ("送り状番号", "ロット", "賞味期限")  # the fixture names lots on one slip only
    assert without(own, *loose) == without(expected, *loose)
    header = first.splitlines()[0]
    fixture = (GENERIC / "SHIPRES_demo_WH01_20261124183000_000001.csv").read_bytes()
    assert header == fixture.splitlines()[0]
    assert first.endswith(b"\r\n")
    assert {row["実績区分"] for row in rows_of(second)} == {"2", "3", "4"}
    assert house.warehouse.check() == []


async def test_lots_leave_first_expiring_first_with_one_row_each(house: House) -> None:
    await a_day(house)
    rows = rows_of(next(iter(house.results().values())))
    tea = [row for row in rows if row["出荷指示番号"] == "200101" and row["行番号"] == "2"]
    assert [(row["出荷数"], row["ロット"], row["賞味期限"]) for row in tea] == [
        ("3", "L2609A", "20270930"),
        ("2", "L2610B", "20271031"),
    ]


async def test_parcels_have_numbers_of_their_carrier_with_a_check_digit(house: House) -> None:
    await a_day(house)
    rows = rows_of(next(iter(house.results().values())))
    parcels = [row for row in rows if row["行番号"] == "0"]
    assert [row["個口番号"] for row in parcels if row["出荷指示番号"] == "200106"] == ["1", "2", "3"]
    assert all(is_sound(row["送り状番号"]) for row in parcels)
    assert {row["運送会社コード"]: row["送り状番号"][:4] for row in parcels} == {
        "YAMATO_TAKKYUBIN": "9999",
        "YAMATO_COLLECT": "9999",
        "YAMATO_NEKOPOS": "9999",
        "SAGAWA_TAKUHAI": "8888",
        "JP_YUPACK": "7777",
    }
    told = {key: event.detail["tracking"] for event in house.history.of("shipped") for key in [event.key]}
    assert told["200106"] == [row["送り状番号"] for row in parcels if row["出荷指示番号"] == "200106"]


async def test_markers_describe_the_result_files(house: House) -> None:
    await a_day(house)
    for name, data in house.results().items():
        line = (house.root / wire.FOLDER_OUT / (name + wire.MARKER_SUFFIX)).read_bytes()
        rows = len(rows_of(data))
        digest = hashlib.sha256(data).hexdigest()
        assert line == f"rows={rows};bytes={len(data)};sha256={digest}\r\n".encode()


async def test_short_slips_go_in_part_and_their_rest_goes_when_goods_arrive(house: House) -> None:
    await a_day(house)
    others = rows_of(list(house.results().values())[1])
    assert [
        (row["出荷指示番号"], row["行番号"], row["実績区分"], row["出荷数"], row["理由コード"], row["理由"])
        for row in others
    ] == [
        ("200111", "0", "2", "", "", ""),
        ("200111", "1", "2", "0", "STOCKOUT", "在庫不足 5個"),
        ("200111", "2", "2", "1", "", ""),
        ("200112", "1", "3", "0", "CANCEL_REQ", "取消依頼により出荷せず"),
        ("200110", "1", "4", "0", "STOCKOUT", "在庫不足のため出荷不可"),
    ]
    house.warehouse.seed_stock([StockItem("MH-SUPPL-60", 9)])
    wednesday = TUESDAY + timedelta(days=1)
    await house.until_jst(20, day=wednesday)
    rest = rows_of(list(house.results().values())[2])
    assert [
        (row["行番号"], row["実績区分"], row["個口番号"], row["個口総数"], row["出荷数"]) for row in rest
    ] == [
        ("0", "1", "1", "1", ""),
        ("1", "1", "", "", "5"),
    ]
    assert rest[0]["実績番号"] == "R261125-0001"
    assert house.history.count("shipped_partly") == 1
    assert house.history.per_key("shipped")["200111"] == 1
    assert house.warehouse.check() == []


async def test_a_held_slip_waits_until_it_is_released(house: House) -> None:
    await a_day(house)
    assert house.warehouse.state_of("200109") == "HELD"
    house.warehouse.release("200109")
    await house.until_jst(19, day=TUESDAY + timedelta(days=1))
    assert house.warehouse.state_of("200109") == "SHIPPED"


async def test_a_warehouse_that_never_ships_partly_refuses_the_whole_slip(tmp_path: Path) -> None:
    house = House(tmp_path, settings=WarehouseSettings(ships_partly=False))
    await house.deliver(GENERIC / ORDER_2)
    await house.until_jst(20)
    assert {event.key for event in house.history.of("unshippable")} == {"200110", "200111"}
    assert house.warehouse.stock.free("MH-MASK-07") == 60
    assert house.warehouse.check() == []


@pytest.mark.parametrize(
    ("accepted_at", "ships_on"),
    [
        (at_jst(TUESDAY, 14, 58), TUESDAY),
        (at_jst(TUESDAY, 15, 5), date(2026, 11, 25)),
        (at_jst(date(2026, 11, 27), 16), date(2026, 11, 30)),  # Friday after the cut-off
        (at_jst(date(2026, 11, 20), 15, 30), TUESDAY),  # Saturday, Sunday, holiday
        (at_jst(date(2026, 11, 22), 9), TUESDAY),
    ],
)
async def test_the_cutoff_the_weekend_and_holidays(
    tmp_path: Path, accepted_at: datetime, ships_on: date
) -> None:
    house = House(tmp_path, at=accepted_at)
    path = tmp_path / "SHIPORD_demo_WH01_20261124090000_000001.csv"
    path.write_bytes(instruction(出荷予定日=f"{jst(accepted_at):%Y%m%d}"))
    await house.deliver(path, polls=2)
    await house.until(accepted_at + timedelta(days=6))
    (shipped,) = house.history.of("shipped")
    assert jst(shipped.at) == jst(at_jst(ships_on, 18))


async def test_a_slip_waits_for_its_planned_day(house: House, tmp_path: Path) -> None:
    path = tmp_path / "SHIPORD_demo_WH01_20261124090000_000001.csv"
    path.write_bytes(instruction(出荷予定日="20261126"))
    await house.deliver(path, polls=2)
    await house.until_jst(23, day=date(2026, 11, 27))
    (shipped,) = house.history.of("shipped")
    assert jst(shipped.at).date() == date(2026, 11, 26)


async def test_services_without_tracking_have_a_parcel_row_without_a_number(
    house: House, tmp_path: Path
) -> None:
    path = tmp_path / "SHIPORD_demo_WH01_20261124090000_000001.csv"
    path.write_bytes(instruction(運送会社コード="JP_TEIKEIGAI"))
    await house.deliver(path, polls=2)
    await house.until_jst(19)
    parcel = rows_of(next(iter(house.results().values())))[0]
    assert (parcel["送り状番号"], parcel["個口番号"], parcel["個口総数"]) == ("", "1", "1")


async def test_a_late_parcel_comes_in_a_file_of_its_own(tmp_path: Path) -> None:
    settings = WarehouseSettings(late_parcel_chance=1.0)
    house = House(tmp_path, settings=settings)
    await house.deliver(GENERIC / ORDER_1)
    await house.until_jst(22)
    first, late = (rows_of(data) for data in house.results().values())
    assert list(house.results())[1].startswith("SHIPRES_demo_WH01_20261124201500")
    parcels = [row for row in (*first, *late) if row["出荷指示番号"] == "200106" and row["行番号"] == "0"]
    assert [(row["個口番号"], row["個口総数"]) for row in parcels] == [("1", "3"), ("2", "3"), ("3", "3")]
    assert len({row["実績番号"] for row in parcels}) == 2
    lines = [row for row in late if row["行番号"] != "0"]
    assert [(row["行番号"], row["個口番号"], row["出荷数"], row["確定日時"]) for row in lines] == [
        ("3", "3", "24", "2026/11/24 20:10:00")
    ]
    assert house.warehouse.check() == []


async def test_jumping_over_hours_gives_the_same_day_as_walking_through_them(tmp_path: Path) -> None:
    walked, jumped = House(tmp_path / "walked"), House(tmp_path / "jumped")
    for house in (walked, jumped):
        await house.deliver(GENERIC / ORDER_1)
    await walked.until_jst(22)
    await jumped.clock.advance_to(at_jst(TUESDAY, 22))
    await jumped.warehouse.advance()
    assert jumped.results() == walked.results()


# Faults.


async def until_struck(tmp_path: Path, fault: str) -> House:
    """The fixtures' first file under the first seed with which this fault strikes."""
    for seed in range(60):
        house = House(tmp_path / str(seed), faults=[fault], seed=seed)
        await house.deliver(GENERIC / ORDER_1)
        await house.until_jst(18, 40)
        if house.faults.struck[fault]:
            return house
    raise AssertionError(f"{fault} never struck")


async def test_results_twice_are_the_same_bytes_under_another_name(tmp_path: Path) -> None:
    house = await until_struck(tmp_path, "results-twice")
    await house.until_jst(12, day=TUESDAY + timedelta(days=1))
    first, again = house.results().values()
    assert first == again
    assert [event.detail["again"] for event in house.history.of("result_written")] == [False, True]
    assert house.warehouse.check() == []


async def test_results_late_come_hours_later(tmp_path: Path) -> None:
    house = await until_struck(tmp_path, "results-late")
    assert house.results() == {}
    await house.until_jst(12, day=TUESDAY + timedelta(days=1))
    (written,) = house.history.of("result_written")
    assert written.at > at_jst(TUESDAY, 20)


async def test_a_broken_result_is_cut_against_its_marker_and_the_whole_comes_later(tmp_path: Path) -> None:
    house = await until_struck(tmp_path, "results-broken")
    await house.until_jst(20)
    cut, whole = house.results().values()
    assert whole.startswith(cut)
    assert len(cut) < len(whole)
    marker = (house.root / wire.FOLDER_OUT / (next(iter(house.results())) + ".ok")).read_text("ascii")
    assert f"bytes={len(whole)};" in marker


async def test_single_slips_are_refused_by_the_fault_and_accepted_at_another_try(tmp_path: Path) -> None:
    house = await until_struck(tmp_path, "wms-refuses")
    refused = house.history.of("slip_refused")
    assert {event.detail["code"] for event in refused} == {"E105"}
    assert house.history.count("slip_accepted") == 8 - len(refused)
    assert house.warehouse.check() == []


async def test_the_same_seed_is_the_same_day(tmp_path: Path) -> None:
    days = []
    for name in ("one", "two"):
        house = House(tmp_path / name, faults=["results-twice", "results-late", "wms-refuses"], seed=11)
        await a_day(house)
        days.append([(event.at, event.what, event.key) for event in house.history])
    assert days[0] == days[1]


@pytest.mark.parametrize("seed", range(4))
async def test_a_stormy_week_ties_to_the_piece(tmp_path: Path, seed: int) -> None:
    """Hundreds of slips, short stock, cancels at any time, every fault: the ledger still ties every evening."""
    faults = ("results-twice", "results-late", "results-broken", "wms-refuses")
    settings = WarehouseSettings(holidays=HOLIDAYS, late_parcel_chance=0.3, units_per_parcel=3)
    stock = [StockItem("MH-TEA-20", 40, lot=f"L{lot}", expires_on=date(2027, lot, 1)) for lot in (3, 1, 2)]
    house = House(tmp_path / "wms", faults=faults, seed=seed, settings=settings, stock=stock)
    rng = random.Random(seed)
    slips: list[str] = []
    for day in range(7):
        for hour in sorted(rng.sample(range(7, 21), 5)):
            await house.until_jst(hour, rng.randrange(60), day=TUESDAY + timedelta(days=day))
            slips += put_orders(house, rng, len(slips))
            put_cancels(house, rng, slips)
            house.warehouse.seed_stock([StockItem("MH-TEA-20", rng.randrange(4), lot=f"D{day}")])
        assert house.warehouse.check() == []
    await house.until_jst(23, day=TUESDAY + timedelta(days=9))
    assert house.warehouse.check() == []
    states = Counter(house.warehouse.state_of(slip) for slip in slips)
    assert {"SHIPPED", "CANCELLED", "UNSHIPPABLE", None} <= set(states)
    assert house.faults.struck["results-twice"]


def put_orders(house: House, rng: random.Random, first: int) -> list[str]:
    """A SHIPORD of a few one-line slips under numbers never used before."""
    numbers = [f"{500000 + first + place}" for place in range(rng.randrange(1, 9))]
    table = "".join(
        instruction(出荷指示番号=number, 数量=str(rng.randrange(1, 6)), 出荷予定日="20261124")
        .decode("cp932")
        .partition("\r\n")[2]
        for number in numbers
    )
    header = instruction().decode("cp932").partition("\r\n")[0]
    name = f"SHIPORD_demo_WH01_20261124000000_{first + 1:06d}.csv"
    (house.root / wire.FOLDER_IN / name).write_bytes(f"{header}\r\n{table}".encode("cp932"))
    return numbers


def put_cancels(house: House, rng: random.Random, slips: list[str]) -> None:
    lines = [f'"{slip}","CUST","2026/11/24 11:45:00"' for slip in rng.sample(slips, k=min(2, len(slips)))]
    text = "\r\n".join(['"出荷指示番号","取消理由コード","依頼日時"', *lines, ""])
    name = f"SHIPCAN_demo_WH01_20261124000000_{len(slips):06d}.csv"
    (house.root / wire.FOLDER_IN / name).write_bytes(text.encode("cp932"))


def test_the_ledger_notices_what_does_not_tie(house: House) -> None:
    assert house.warehouse.check() == []
    house.history.add("slip_accepted", "1")
    house.history.add("slip_accepted", "1")
    next(iter(house.warehouse.stock)).good -= 1
    found = house.warehouse.check()
    assert "slip 1: accepted 2 times" in found
    assert any(line.startswith("stock of MH-SERUM-30") for line in found)


# Numbers.


@pytest.mark.parametrize("number", ["444413758703", "512547514334", "405548424886", "123456789013"])
def test_the_check_digit_agrees_with_the_vectors_of_the_spec(number: str) -> None:
    assert is_sound(number)
    assert with_check_digit(number[:11]) == number
    assert not is_sound(number[:11] + str((int(number[11]) + 1) % 10))


def test_each_carrier_has_a_range_that_is_nobodys() -> None:
    assert {range_of(code) for code in wire.CARRIERS} == {"9999", "8888", "7777", "6666"}
