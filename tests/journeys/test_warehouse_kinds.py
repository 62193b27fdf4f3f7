"""倉庫の種類: the same shop day with every way a warehouse is spoken to, in bad weather; the same truth for all.

Split parcels, short stock, goods that cannot leave, an address the warehouse dislikes; its API is busy or loses its
replies, its files come twice, late and cumulated, its mails are forged. Every order ends where the town says.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from connector.adapters.wms import wire
from connector.sandbox.cart import Order
from connector.sandbox.people import CARD
from connector.sandbox.town.ways import FACES, MAIL, WAYS
from connector.sandbox.warehouse.numbers import with_check_digit
from msgspec.structs import replace

from tests.journeys.conftest import BY_API, OpenDay
from tests.journeys.day import CREAM, HOME, SERUM, Day, Mischief
from tests.journeys.test_results import shipres

MASK, PILLS, TEA = "MH-MASK-07", "MH-SUPPL-60", "MH-TEA-20"
TWICE_A_DAY = BY_API | {"times": ["21:10:00", "09:10:00"]}
STORM = {
    "wms-busy": 0.12,
    "wms-lost-reply": 0.25,
    "results-twice": 0.7,
    "results-late": 0.3,
    "results-forged": 0.6,
}
SAME_DAY = {name: rate for name, rate in STORM.items() if name != "results-late"}
BASKETS = {
    "plain": ((CREAM, 1),),
    "two": ((SERUM, 2), (TEA, 1)),
    "split": ((CREAM, 5), (SERUM, 2)),
    "short": ((CREAM, 1), (MASK, 3)),
    "gone": ((PILLS, 1),),
}
MANY = {"plain": 18, "two": 10, "split": 6, "short": 3, "gone": 3}
FEW = {"plain": 3, "two": 2, "split": 2, "short": 1, "gone": 1}


class Weather(Mischief):
    """Each fault as often as the storm says, drawn by seed; the address of the fourth slip is refused."""

    def __init__(self, rates: dict[str, float], *, seed: int = 5) -> None:
        super().__init__()
        self._rates, self._asked = rates, Counter[str]()
        self._draws = {name: random.Random(f"{seed}/{name}") for name in rates}

    def strike(self, name: str) -> bool:
        self._asked[name] += 1
        struck = name == "wms-refuses" and self._asked[name] == 4
        if name in self._rates:
            struck = self._draws[name].random() < self._rates[name]
        self.struck[name] = self.struck.get(name, 0) + struck
        return struck


def people_order(day: Day, wanted: dict[str, int]) -> dict[str, list[Order]]:
    """Each by somebody else, at another address: nothing here is a double."""
    placed: dict[str, list[Order]] = {kind: [] for kind in wanted}
    for number, kind in enumerate(kind for kind, count in wanted.items() for _ in range(count)):
        home = replace(HOME, name02=f"太郎{number}", addr02=f"99-{number + 1}-2", tel=f"090-0000-{number:04}")
        placed[kind].append(day.place(billing=home, items=BASKETS[kind], payment_method_id=CARD))
    return placed


async def one_day(
    open_day: OpenDay, way: str, wanted: dict[str, int], storm: dict[str, float]
) -> tuple[Day, dict[str, list[Order]]]:
    """From the orders of the morning to the completion after the last results."""
    day = await open_day(way=way, faults=Weather(storm), completion=TWICE_A_DAY)
    await day.alone_until("09:20")
    day.town.warehouse.stock.set_free(MASK, 2)
    day.town.warehouse.stock.set_free(PILLS, 0)
    placed = people_order(day, wanted)
    await day.until("21:40")
    if "results-late" in storm:
        await day.alone_until("08:40", day=1)
        await day.until("09:40", day=1)
    return day, placed


# What counts most first: a slip whose refusal was lost on the line may be taken with the next call.
ENDS = ("shipped", "shipped_partly", "unshippable", "slip_refused")


async def as_the_truth_says(day: Day, placed: dict[str, list[Order]]) -> dict[str, Any]:
    """Order by order: what the ledger believes is what really happened on the floor."""
    warehouse = day.town.warehouse
    happened = {what: warehouse.history.per_key(what) for what in ENDS}
    ends: Counter[str] = Counter()
    for kind, orders in placed.items():
        for order in orders:
            slip = day.slips(order)[0]
            number = str(slip.number)
            what = next((what for what in ENDS if number in happened[what]), "nothing")
            ends[what] += 1
            waits = ("nothing",) if day.town.way in FACES else ()
            assert what in (*EXPECTED[kind], *waits, "slip_refused"), (kind, what)
            await AS[what](day, order, number)
    strays = [stray.words for stray in await day.strays()]
    return {"ends": dict(ends), "faults": day.faults.struck, "strays": len(strays)}


EXPECTED = dict.fromkeys(BASKETS, ("shipped",)) | {
    "short": ("shipped_partly", "shipped", "unshippable"),
    "gone": ("unshippable",),
}


async def _whole(day: Day, order: Order, number: str) -> None:
    picture = await day.picture(order)
    true = day.town.warehouse.slips()[number].tracking
    known = {text for shipment in picture.shipments for text in shipment.tracking}
    assert known == set(true), f"{number}: {known} and not {true}"
    if await _asked_about(day, order):
        return
    assert picture.order.state == "completed", (number, picture.order.state, picture.order.waiting_for)
    assert day.town.warehouse.history.per_key("shipped")[number] == 1


async def _held(day: Day, order: Order, number: str, reason: str) -> None:
    assert day.town.warehouse.slips()[number].tracking or reason == "unshippable"
    assert reason in await day.holds(order), (number, reason, await day.holds(order))
    assert await day.state(order) not in ("shipped", "completed")


async def _partly(day: Day, order: Order, number: str) -> None:
    await _held(day, order, number, "partial_shipment")


async def _unshippable(day: Day, order: Order, number: str) -> None:
    if day.town.way in FACES:
        await _waits(day, order, number)
    else:
        await _held(day, order, number, "unshippable")


async def _waits(day: Day, order: Order, number: str) -> None:
    """An API shows it as waiting for goods, and no result is made up; or it never got there and a person is asked."""
    assert await day.state(order) == "imported"
    asked = {"too_many_tries", "cannot_tell"} & (await day.holds(order)).keys()
    assert asked or number in day.town.warehouse.slips()
    assert day.town.warehouse.history.per_key("shipped", "shipped_partly")[number] == 0


async def _asked_about(day: Day, order: Order) -> bool:
    """ロジザード has no call to look a slip up: after a lost reply a person is asked, and nothing is sent again."""
    return day.town.way == "logizard" and "cannot_tell" in await day.holds(order)


async def _refused(day: Day, order: Order, number: str) -> None:
    picture = await day.picture(order)
    held = {"refused", "too_many_tries"} & set(picture.slips[0].reasons)  # a refusal may be lost each time
    assert held or await _asked_about(day, order), picture.slips
    assert day.shipped(order) == 0


AS: dict[str, Callable[..., Any]] = {
    "shipped": _whole,
    "shipped_partly": _partly,
    "unshippable": _unshippable,
    "slip_refused": _refused,
    "nothing": _waits,
}


def _told_enough(way: str, figures: dict[str, Any]) -> None:
    """The storm really blew."""
    struck = figures["faults"]
    if way in FACES:
        assert struck["wms-busy"] and struck["wms-lost-reply"], struck
    if way == MAIL:
        assert struck["results-forged"] and figures["strays"] >= struck["results-forged"], figures


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", WAYS)
async def test_forty_orders_end_where_the_town_says(way: str, open_day: OpenDay) -> None:
    day, placed = await one_day(open_day, way, MANY, STORM)
    figures = await as_the_truth_says(day, placed)
    _told_enough(way, figures)
    print(f"\n{way}: {figures}")
    assert figures["ends"]["shipped"] >= 30
    if way not in FACES:
        assert figures["ends"]["slip_refused"] == 1
        assert figures["ends"]["unshippable"] >= 2


@pytest.mark.parametrize("way", [pytest.param(MAIL, marks=pytest.mark.long), "openlogi"])
async def test_a_few_orders_end_where_the_town_says(way: str, open_day: OpenDay) -> None:
    day, placed = await one_day(open_day, way, FEW, SAME_DAY)
    figures = await as_the_truth_says(day, placed)
    assert sum(figures["ends"].values()) == sum(FEW.values())


async def test_forty_minutes_of_a_busy_api_hold_nothing_and_all_go_once_afterwards(open_day: OpenDay) -> None:
    day = await open_day(way="openlogi")
    await day.alone_until("09:20")
    placed = people_order(day, {"plain": 3})["plain"]
    day.faults.plan("wms-busy")
    await day.until("10:50")
    warehouse = day.town.warehouse
    assert day.faults.struck["wms-busy"] >= 3
    assert warehouse.history.count("slip_accepted") == 0
    for order in placed:
        picture = await day.picture(order)
        assert (await day.holds(order), picture.slips[0].state) == ({}, "print_ready")
    day.faults.stop("wms-busy")
    await day.until("11:40")
    slips = [str(day.slip(order).number) for order in placed]
    assert warehouse.history.per_key("slip_accepted") == dict.fromkeys(slips, 1)
    assert {(await day.picture(order)).slips[0].state for order in placed} == {"relayed"}


async def test_a_file_that_grows_under_one_name_is_read_when_it_is_whole_and_again_when_it_says_more(
    open_day: OpenDay,
) -> None:
    """累積ファイル: half written, whole, then overwritten with the day so far; last the old one once more."""
    day = await open_day(way="folder", completion=BY_API | {"times": ["13:40:00"]})
    await day.alone_until("08:30")
    first, second = people_order(day, {"plain": 2})["plain"]
    await day.until("10:50")
    slips = [str(day.slip(order).number) for order in (first, second)]
    numbers = [with_check_digit(f"3000000010{n}") for n in range(2)]
    rows = [(slip, number, "1") for slip, number in zip(slips, numbers, strict=True)]
    early, later = shipres(rows[0]), shipres(*rows)
    file = day.town.warehouse.root / wire.FOLDER_OUT / "SHIPRES_demo_WH01_20261124000000_000900.csv"

    file.write_bytes(early[: len(early) // 2])
    await day.until("11:10")
    file.write_bytes(early)
    await day.until("12:10")
    assert [await day.state(order) for order in (first, second)] == ["shipped", "imported"]
    assert not file.exists(), "taken"

    file.write_bytes(later)
    await day.until("13:10")
    assert [await day.state(order) for order in (first, second)] == ["shipped", "shipped"]
    file.write_bytes(early)
    await day.until("14:10")
    for order, number in zip((first, second), numbers, strict=True):
        (shipment,) = (await day.picture(order)).shipments
        assert shipment.tracking == (number,)
        assert await day.state(order) == "completed"
    assert await day.strays() == []
    assert not file.exists()
