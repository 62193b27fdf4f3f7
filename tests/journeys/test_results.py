"""出荷実績: files that come twice, hours late or torn, and rows that fit nothing we ever sent."""

from __future__ import annotations

from connector.adapters.wms import wire
from connector.sandbox.people import BANK
from connector.sandbox.warehouse import files
from connector.sandbox.warehouse.numbers import with_check_digit

from tests.journeys.conftest import BY_API, OpenDay
from tests.journeys.day import CREAM, Day

MORNING_TOO = BY_API | {"times": ["09:10:00", "19:10:00"]}


async def test_a_result_file_that_comes_twice_changes_nothing(day: Day) -> None:
    await day.alone_until("08:30")
    day.faults.plan("results-twice", 1)
    order = day.place()
    await day.until("20:00")
    assert await day.state(order) == "completed"
    before = (await day.picture(order)).history

    await day.alone_until("05:00", day=1)
    assert day.town.warehouse.history.count("result_written") == 2
    await day.until("06:00", day=1)
    after = await day.picture(order)
    assert after.history == before
    assert len(after.shipments) == 1
    assert await day.strays() == []
    assert day.captures(order) == [order.amounts.payment_total]


async def test_a_result_file_that_comes_hours_late_is_still_taken(open_day: OpenDay) -> None:
    day = await open_day(completion=MORNING_TOO)
    await day.alone_until("08:30")
    day.faults.plan("results-late", 1)
    order = day.place()
    await day.until("19:00")
    assert day.shipped(order) == 1
    assert await day.state(order) == "imported", "the lorry has it; nobody has told us"

    await day.alone_until("08:40", day=1)
    await day.until("10:00", day=1)
    assert await day.state(order) == "completed"
    shipment = (await day.picture(order)).shipments[0]
    assert str(shipment.shipped_on) == "2026-11-24", "the day it left, not the day we heard of it"


async def test_a_torn_result_file_is_refused_whole_and_its_repair_is_taken(open_day: OpenDay) -> None:
    day = await open_day(completion=BY_API | {"times": ["20:10:00"]})
    await day.alone_until("08:30")
    day.faults.plan("results-broken", 1)
    orders = [day.place() for _ in range(3)]
    await day.until("19:05")
    assert [await day.state(order) for order in orders] == ["imported"] * 3, (
        "nothing is taken from a torn file"
    )

    await day.until("20:40")
    assert [await day.state(order) for order in orders] == ["completed"] * 3
    assert [len((await day.picture(order)).shipments) for order in orders] == [1, 1, 1]


def shipres(*rows: tuple[str, str, str]) -> bytes:
    """A result file that says of each (slip, tracking number, creams): it left whole."""
    lines = []
    for n, (slip, tracking, quantity) in enumerate(rows, 1):
        head = [f"RX-{n:04}", slip]
        tail = ["20261124", "YAMATO_TAKKYUBIN"]
        settled = "2026/11/24 12:00:00"
        lines.append([*head, "0", "1", *tail, tracking, "1", "1", *[""] * 6, settled])
        lines.append([*head, "1", "1", *tail, "", "", "1", CREAM, quantity, *[""] * 4, settled])
    return files.write_table(wire.SHIPRES_COLUMNS, lines, wire.ENCODING)


def leave(day: Day, data: bytes, sequence: int = 901) -> str:
    """The file lies in the warehouse's out folder, whole and with its marker."""
    name = f"SHIPRES_demo_WH01_20261124120000_{sequence:06}.csv"
    folder = day.town.warehouse.root / wire.FOLDER_OUT
    files.put_whole(folder / name, data)
    files.put_whole(folder / (name + wire.MARKER_SUFFIX), files.marker(data, data.count(b"\r\n") - 1))
    return name


async def test_rows_that_fit_nothing_are_strays_and_write_nothing(day: Day) -> None:
    await day.alone_until("08:30")
    order, unrelayed = day.place(), day.place(payment_method_id=BANK)
    await day.until("11:30")
    slip, waits = str(day.slip(order).number), str(day.slip(unrelayed).number)
    sound = [with_check_digit(f"3000000000{n}") for n in range(4)]
    wrong = sound[2][:-1] + str((int(sound[2][-1]) + 1) % 7)
    name = leave(
        day,
        shipres(
            ("909090", sound[0], "1"),  # no such slip
            (waits, sound[1], "1"),  # never handed to the warehouse
            (slip, wrong, "1"),
            (slip, sound[3], "7"),  # more than was ordered
        ),
    )

    await day.until("12:10")
    said = [f"{stray.place} {stray.words}" for stray in await day.strays()]
    for expected in ("909090", waits, wrong, "出荷数が指示数を超えています"):
        assert any(expected in words for words in said), (expected, said)
    assert any(f"{name}:" in words for words in said), "what a file says wrongly has its line"
    assert day.town.next_engine.history.count("shipped") == 0
    assert await day.state(order) == await day.state(unrelayed) == "imported"

    await day.until("20:00")
    assert await day.state(order) == "completed", "the true result is believed"
    (shipment,) = (await day.picture(order)).shipments
    assert list(shipment.tracking) == day.town.warehouse.slips()[slip].tracking


async def test_a_file_that_is_no_table_is_one_stray_and_the_next_file_is_read(day: Day) -> None:
    await day.alone_until("08:30")
    order = day.place()
    await day.until("11:30")
    leave(day, "店長へ：これはCSVではありません\r\n".encode("cp932"))
    leave(day, b"\xff\xfe\x00broken\r\n", 902)
    await day.until("20:00")
    strays = await day.strays()
    assert len(strays) == 2
    assert all(stray.words and stray.exchange_id for stray in strays), "said in words, bytes kept"
    assert await day.state(order) == "completed"
