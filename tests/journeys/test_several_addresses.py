"""One order to two addresses: two slips, two parcels, both numbers in the cart, and the money taken once."""

from __future__ import annotations

import pytest
from connector.adapters.ecforce import wire as cart
from connector.adapters.next_engine import wire as ne
from connector.ledger import views
from connector.sandbox.cart import Order
from msgspec.structs import replace

from tests.journeys.conftest import BY_API, OpenDay
from tests.journeys.day import CREAM, HOME, SERUM, Day

AWAY = replace(
    HOME, name02="花子", zip="530-0001", prefecture_id=27, addr01="大阪市北区梅田", addr02="99-5", addr03=""
)
TWO = {"shipping": (HOME, AWAY), "items": ((CREAM, 1), (SERUM, 2)), "item_addresses": (0, 1)}
BY_FILES = {"route": "files", "times": ["19:30:00"]}


def place(day: Day) -> tuple[Order, list[str]]:
    """The order of the cart, and the numbers under which it walks."""
    order = day.place(**TWO)
    day.excused.add(order.number)  # it walks under other numbers: those are explained below
    return order, [f"{order.number}-{address.id}" for address in order.shipping]


async def states(day: Day, numbers: list[str]) -> list[str]:
    def read(connection: views.Connection) -> list[str]:
        found = [views.order(connection, day.demo.shop.shop, number, day.now) for number in numbers]
        return [picture.order.state if picture is not None else "" for picture in found]

    return await day.demo.world.database.read(read)


def shipped(day: Day) -> dict[str, str]:
    """Tracking number by order number, as the parcels left the warehouse."""
    slips = day.town.warehouse.slips()
    return {
        str(event.detail["order_number"]): slips[event.key].tracking[0]
        for event in day.town.warehouse.history.of("shipped")
    }


@pytest.mark.parametrize("completion", [BY_API, BY_FILES], ids=["api", "files"])
async def test_two_parcels_two_slips_one_capture(open_day: OpenDay, completion: dict[str, object]) -> None:
    day = await open_day(completion=completion)
    await day.alone_until("08:30")
    order, numbers = place(day)
    plain = day.place()

    await day.until("11:00")
    assert await states(day, numbers) == ["imported", "imported"]
    slips = [day.town.next_engine.slips_of(number) for number in numbers]
    assert [len(found) for found in slips] == [1, 1]
    assert [found[0].fields["receive_order_consignee_address1"] for found in slips] == [
        "東京都渋谷区神宮前",
        "大阪府大阪市北区梅田",
    ]
    totals = [found[0].amount(ne.TOTAL) for found in slips]
    assert sum(totals) == order.amounts.payment_total, "to the yen"

    await day.until("19:00")
    assert await states(day, numbers) == ["shipped", "shipped"]
    assert day.captures(order) == []

    await day.after_a_night("10:00")
    assert await states(day, numbers) == ["completed", "completed"]
    assert day.captures(order) == [order.amounts.payment_total], "once, and the whole sum"
    assert order.state == cart.STATE_SHIPPED
    left = shipped(day)
    assert {id_: parcel.slip for id_, parcel in order.parcels.items()} == {
        address.id: left[number] for address, number in zip(order.shipping, numbers, strict=True)
    }, "each address has its own parcel's number"
    assert await day.state(plain) == "completed"
    assert day.captures(plain) == [plain.amounts.payment_total]
    assert await day.strays() == []
    why = await day.demo.world.database.read(
        lambda c: views.why_all(c, day.demo.shop.shop, order.number, day.now)
    )
    assert [answer.number for answer in why] == numbers, "the cart's own number finds both"


async def test_a_cancel_stops_both_parcels(day: Day) -> None:
    await day.alone_until("08:30")
    order, numbers = place(day)
    await day.until("09:30")
    assert await states(day, numbers) == ["in_intake", "in_intake"]
    day.town.cart.cancel(order.id)
    await day.until("20:00")
    assert await states(day, numbers) == ["cancelled", "cancelled"]
    assert shipped(day) == {}
    assert day.captures(order) == []


async def test_a_split_that_becomes_known_late_walks_then(open_day: OpenDay) -> None:
    """The cart did not say which item goes where; somebody enters it, and the order goes on by itself."""
    day = await open_day()
    await day.alone_until("08:30")
    order = day.place(**{**TWO, "item_addresses": ()})
    await day.until("09:00")
    assert await day.holds(order) == {"address_split_unknown": "お届け先 2 件"}
    for item, address in zip(order.items, order.shipping, strict=True):
        item.address_id = address.id
    day.town.cart.shop.touch(order)
    numbers = [f"{order.number}-{address.id}" for address in order.shipping]
    await day.until("20:00")
    assert await states(day, numbers) == ["completed", "completed"]
    assert await day.state(order) == "cancelled"
    assert await day.holds(order) == {}
    assert day.captures(order) == [order.amounts.payment_total]
    assert set(shipped(day)) == set(numbers)
