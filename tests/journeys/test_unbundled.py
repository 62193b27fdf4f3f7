"""A cancelled order that was bundled with a living one: the parcel waits until a person has taken its goods out."""

from __future__ import annotations

from connector.ledger.views.why import text, why
from connector.sandbox.cart import Order

from tests.journeys.day import CREAM, SERUM, Day


async def bundled(day: Day) -> tuple[Order, Order, int]:
    """Two customers' goods in one slip, in 印刷待ち; then the second of them cancels in the cart."""
    await day.alone_until("08:30")
    living, gone = day.place(items=((CREAM, 1),)), day.place(items=((SERUM, 1),))
    await day.until("10:04")
    slip, absorbed = day.slip(living).number, day.slip(gone).number
    day.town.next_engine.operator.bundle(slip, absorbed)
    day.town.cart.cancel(gone.id)
    return living, gone, slip


def goods(day: Day, slip: int) -> list[str]:
    return [row.goods_id for row in day.town.next_engine.slips[slip].live_rows]


async def test_a_person_takes_its_rows_out_and_the_rest_ships(day: Day) -> None:
    living, gone, slip = await bundled(day)
    await day.until("10:50")
    assert day.town.warehouse.slips() == {}, "her goods lie in it"
    assert "changed_after_handover" in await day.holds(gone), "a person is asked to part them"

    rows = day.town.next_engine.slips[slip].live_rows
    struck = [row.no for row in rows if row.goods_id == SERUM]
    day.town.next_engine.operator.strike(slip, struck)
    await day.until("20:00")

    assert goods(day, slip) == [CREAM]
    assert set(day.town.warehouse.slips()) == {str(slip)}
    assert [line.sku for line in day.town.warehouse.slips()[str(slip)].lines] == [CREAM]
    assert day.town.next_engine.slips[slip].live, "nobody cancelled the slip of the other customer"
    assert (await day.state(living), await day.state(gone)) == ("completed", "cancelled")
    assert day.captures(living) == [living.amounts.payment_total]
    assert day.captures(gone) == [], "what she cancelled is not charged"
    picture = await day.picture(gone)
    assert picture.stop is not None
    assert picture.stop.verdict == "stopped"
    assert await day.holds(gone) == {}


async def test_her_rows_split_off_are_cancelled_and_the_rest_ships(day: Day) -> None:
    living, gone, slip = await bundled(day)
    await day.until("10:50")
    rows = day.town.next_engine.slips[slip].live_rows
    hers = next(row.no for row in rows if row.goods_id == SERUM)
    part = day.town.next_engine.operator.split(slip, {hers: 1})
    await day.until("20:00")

    assert set(day.town.warehouse.slips()) == {str(slip)}
    assert not day.town.next_engine.slips[part].live, "nothing but her goods lay in it"
    assert (await day.state(living), await day.state(gone)) == ("completed", "cancelled")
    assert day.captures(living) == [living.amounts.payment_total]
    assert day.captures(gone) == []


async def test_the_slip_of_the_cancelled_order_ships_what_was_bundled_into_it(day: Day) -> None:
    await day.alone_until("08:30")
    living, gone = day.place(items=((CREAM, 1),)), day.place(items=((SERUM, 1),))
    await day.until("10:04")
    slip, absorbed = day.slip(gone).number, day.slip(living).number
    day.excused.add("relayed_after_cancel")  # the town counts by the number that the slip bears
    day.town.next_engine.operator.bundle(slip, absorbed)
    day.town.cart.cancel(gone.id)
    await day.until("10:50")
    rows = day.town.next_engine.slips[slip].live_rows
    day.town.next_engine.operator.strike(slip, [row.no for row in rows if row.goods_id == SERUM])
    await day.until("20:00")

    assert day.town.next_engine.slips[slip].live, "it bears her number, and another customer's goods"
    assert set(day.town.warehouse.slips()) == {str(slip)}
    assert (await day.state(living), await day.state(gone)) == ("completed", "cancelled")
    assert day.captures(living) == [living.amounts.payment_total]
    assert day.captures(gone) == []


async def test_while_her_rows_are_in_it_nothing_leaves(day: Day) -> None:
    living, gone, slip = await bundled(day)
    await day.until("13:30")  # three hours of relaying, inside its patience
    assert sorted(goods(day, slip)) == sorted([CREAM, SERUM])
    assert day.town.warehouse.slips() == {}
    assert day.captures(living) == day.captures(gone) == []
    assert "changed_after_handover" in await day.holds(gone)
    picture = await day.picture(living)
    assert [row.kept_by for row in picture.slips if str(slip) == row.number] == [(gone.number,)]
    shop = day.demo.shop.shop
    told = await day.demo.world.database.read(lambda c: why(c, shop, str(slip), day.now))
    assert told is not None
    assert f"受注 {gone.number} が止まっているので倉庫へ渡しません" in text(told)
