"""やはり出荷: the warehouse cannot ship a slip, its goods go out on a copy, and then it ships the slip all the same.

Nobody can call the parcels back. It is said at once, on the slip that left after all, with the name of the other; the
customer is charged once, and not before a person looked.
"""

from __future__ import annotations

import pytest
from connector.adapters.next_engine import wire as ne
from connector.adapters.wms import wire
from connector.sandbox.cart import Order
from connector.sandbox.cart.crowd import GOODS
from connector.sandbox.next_engine.model import Goods
from connector.sandbox.warehouse import StockItem, files
from connector.sandbox.warehouse.numbers import with_check_digit
from msgspec.structs import replace

from tests.journeys.conftest import OpenDay
from tests.journeys.day import CREAM, Day
from tests.journeys.test_changed_after_relay import release
from tests.journeys.test_results import leave

SKU = "MH-RARE-001"
NUMBER = with_check_digit("30000000011")


async def short_of_goods(day: Day, bought: int, in_stock: int) -> tuple[Order, int]:
    """An order of an article of which the warehouse has too few; next morning's slip of it in Next Engine."""
    article = replace(GOODS[0], sku=SKU, product_number=SKU, name="見本の希少品")
    day.town.cart.seed_goods([article])
    day.town.next_engine.seed_goods([Goods(SKU, article.name, 100, price=article.price)])
    day.town.warehouse.seed_stock([StockItem(SKU, in_stock)])
    await day.alone_until("08:30")
    order = day.place(items=((SKU, bought),))
    await day.after_a_night("08:30")
    return order, day.slip(order).number


def goes_out_on_a_copy(day: Day, slip: int, quantity: int) -> int:
    desk = day.town.next_engine.operator
    twin = desk.copy(slip)
    copied = day.town.next_engine.slips[twin]
    copied.live_rows[0].fields |= {ne.ROW_QUANTITY: str(quantity), ne.ROW_ALLOCATED: str(quantity)}
    desk.deposit(twin)
    desk.confirm(twin)
    day.town.warehouse.seed_stock([StockItem(SKU, quantity)])
    return twin


def it_left_after_all(
    day: Day, slip: int, quantity: int, *, sku: str = SKU, at: str = "2026/11/25 11:00:00"
) -> None:
    """The warehouse's file says so: one parcel."""
    head = [f"RX-{NUMBER}", str(slip)]
    same = ["1", at[:10].replace("/", ""), "YAMATO_TAKKYUBIN"]
    lines = [
        [*head, "0", *same, NUMBER, "1", "1", *[""] * 6, at],
        [*head, "1", *same, "", "", "1", sku, str(quantity), *[""] * 4, at],
    ]
    leave(day, files.write_table(wire.SHIPRES_COLUMNS, lines, wire.ENCODING))


@pytest.mark.parametrize(
    ("said", "bought", "in_stock", "told_at"),
    [
        ("unshippable", 1, 0, "12:00"),  # the copy lies at the warehouse
        pytest.param("unshippable", 1, 0, "20:00", marks=pytest.mark.long),  # the copy has left, too
        pytest.param("partial_shipment", 2, 1, "12:00", marks=pytest.mark.long),
    ],
)
async def test_what_went_out_in_its_place_is_named_and_nobody_is_charged_before_a_look(
    day: Day, said: str, bought: int, in_stock: int, told_at: str
) -> None:
    order, slip = await short_of_goods(day, bought, in_stock)
    assert (await day.holds(order)).keys() == {said}
    twin = goes_out_on_a_copy(day, slip, 1)
    await day.until("12:00", day=1)
    assert str(twin) in day.town.warehouse.slips(), "the copy may go: nothing of it had left"

    await day.until(told_at, day=1)
    it_left_after_all(day, slip, 1)
    await day.until("22:00", day=1)
    note = (await day.holds(order))["duplicate_shipment"]
    assert "代わりの伝票も倉庫に渡っています" in note
    assert f"伝票 {twin}（11/25" in note
    day.excused.add("double_shipped")  # by the warehouse itself, and by nobody else

    assert (await day.state(order), day.captures(order)) == ("imported", [])
    assert day.relayed(order) == 2


async def test_a_person_who_looked_lets_it_be_charged_once(day: Day) -> None:
    order, slip = await short_of_goods(day, 1, 0)
    goes_out_on_a_copy(day, slip, 1)
    await day.until("12:00", day=1)
    it_left_after_all(day, slip, 1)
    await day.until("20:00", day=1)
    assert (await day.state(order), day.captures(order)) == ("imported", [])
    day.excused.add("double_shipped")
    await release(day, slip)
    await day.after_a_night("20:00", day=2)
    assert await day.state(order) == "completed"
    assert day.captures(order) == [order.amounts.payment_total]


async def test_a_copy_made_after_it_left_stays_here_though_the_slip_still_says_出荷不可(
    open_day: OpenDay,
) -> None:
    day = await open_day(modes={"confirm_shipment": "watch"})  # nobody takes the tag off
    order, slip = await short_of_goods(day, 1, 0)
    day.excused.add(order.number)  # nor confirms the slip, which is stuck therefore
    it_left_after_all(day, slip, 1)
    await day.until("11:30", day=1)
    assert "WMS:出荷不可" in str(day.town.next_engine.slips[slip].fields[ne.TAGS])
    twin = goes_out_on_a_copy(day, slip, 1)
    await day.until("14:00", day=1)
    assert str(twin) not in day.town.warehouse.slips()
    assert f"伝票 {slip}（" in (await day.holds(order))["duplicate_shipment"]


async def test_what_the_receipt_refused_leaves_after_all_beside_its_copy(day: Day) -> None:
    day.faults.plan("wms-refuses", 1)
    await day.alone_until("08:30")
    order = day.place()
    await day.until("11:40")
    slip = day.slip(order).number
    assert (await day.holds(order)).keys() == {"refused"}
    desk = day.town.next_engine.operator
    twin = desk.copy(slip)
    desk.deposit(twin)
    desk.confirm(twin)
    await day.until("13:00")
    assert str(twin) in day.town.warehouse.slips(), "the copy may go: the warehouse does not have the slip"
    it_left_after_all(day, slip, 1, sku=CREAM, at="2026/11/24 13:30:00")
    await day.after_a_night("22:00")
    holds = await day.holds(order)
    assert f"伝票 {twin}（11/24" in holds["duplicate_shipment"]
    assert "refused" not in holds, "it is not true any more"
    assert (await day.state(order), day.captures(order)) == ("imported", [])
    day.excused.add("double_shipped")
