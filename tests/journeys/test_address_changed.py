"""Another address: it follows by itself until the CSV is built; at the warehouse it is said aloud."""

from __future__ import annotations

from connector.sandbox.cart import Order, PostalAddress
from msgspec.structs import replace

from tests.journeys.day import HOME, Day

MOVED: PostalAddress = replace(
    HOME, zip="530-0001", prefecture_id=27, addr01="大阪市北区梅田", addr02="99-8-7"
)


async def test_an_address_changed_in_time_simply_follows(day: Day) -> None:
    await day.alone_until("08:30")
    order = day.place()
    await day.until("08:36")
    day.town.cart.change_address(order.id, MOVED)
    await day.until("11:00")
    assert await day.holds(order) == {}
    assert consignee(day, order) == "大阪府大阪市北区梅田"
    assert len((await day.picture(order)).versions) >= 2, "the old address is still to be seen"


async def test_an_address_changed_after_the_mail_travels_with_the_csv(day: Day) -> None:
    await day.alone_until("08:30")
    order = day.place()
    await day.until("09:20")
    assert await day.state(order) == "in_intake"
    day.town.cart.change_address(order.id, MOVED)
    await day.until("11:00")
    assert await day.held_once(order) == []
    assert consignee(day, order) == "大阪府大阪市北区梅田"


async def test_an_address_changed_after_the_warehouse_has_it_is_said_aloud(day: Day) -> None:
    await day.alone_until("08:30")
    order = day.place()
    await day.until("10:40")
    assert day.relayed(order) == 1
    day.town.cart.change_address(order.id, MOVED)
    await day.until("11:00")
    assert "お届け先" in (await day.holds(order))["changed_after_handover"]
    old, new = (await day.picture(order)).versions[-2:]
    assert new.version == old.version + 1
    assert "recipients" in new.changed


def consignee(day: Day, order: Order) -> str | None:
    return day.slip(order).fields["receive_order_consignee_address1"]
