"""Another address: before the hand-over it follows by itself, after it a person must see it, with its name."""

from __future__ import annotations

from connector import ops
from connector.sandbox.cart import Order, PostalAddress
from msgspec.structs import replace

from tests.journeys.conftest import OpenDay
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


async def test_an_address_changed_after_the_mail_is_held_until_somebody_releases_it(
    open_day: OpenDay,
) -> None:
    day = await open_day(import_daily={"times": ["10:00:00", "14:00:00"]})
    await day.alone_until("08:30")
    order, neighbour = day.place(), day.place()
    await day.until("09:20")
    day.town.cart.change_address(order.id, MOVED)

    await day.until("11:00")
    assert (await day.holds(order)).keys() == {"changed_after_handover"}
    assert "お届け先" in (await day.holds(order))["changed_after_handover"]
    assert await day.state(order) == "in_intake"
    assert await day.state(neighbour) == "imported", "the others go on"

    demo = day.demo
    said = await ops.release(
        demo.world.database,
        demo.shop.shop.key,
        order.number,
        actor="見本 花子",
        why="新しい住所で出荷します",
        now=day.now,
    )
    assert said.done
    await day.until("15:00")
    assert await day.state(order) == "imported"
    assert consignee(day, order) == "大阪府大阪市北区梅田"
    released = [row for row in (await day.picture(order)).history if row.actor == "見本 花子"]
    assert "新しい住所で出荷します" in released[0].note


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
