"""在庫・返品・訂正: what the warehouse tells beside results, from its file to the page, and who decides about money."""

from __future__ import annotations

from connector.adapters.next_engine import wire as ne
from connector.adapters.wms import wire
from connector.ledger.views.goods_back import ReturnRow, goods_back
from connector.ledger.views.warehouse_news import StockRow, different, stock
from connector.ledger.views.why import text, why
from connector.sandbox.cart import Order
from connector.sandbox.people import COD
from connector.sandbox.warehouse import StockItem, files
from connector.sandbox.warehouse.news import CameBack
from connector.sandbox.warehouse.numbers import with_check_digit

from tests.journeys.conftest import BY_API, OpenDay
from tests.journeys.day import CREAM, SERUM, Day
from tests.journeys.test_results import leave

TENANT = "demo"


async def stock_of(day: Day) -> list[StockRow]:
    return await day.demo.world.database.read(lambda c: stock(c, day.demo.shop.shop.key))


async def came_back(day: Day) -> list[ReturnRow]:
    return await day.demo.world.database.read(lambda c: goods_back(c, day.demo.shop.shop.key))


def told_again(slip: str, tracking: str, at: str) -> bytes:
    """A result file that says of a slip: it left whole, under this number."""
    head, settled = [f"RX-{tracking}", slip], f"2026/11/24 {at}"
    same = ["1", "20261124", "YAMATO_TAKKYUBIN"]
    lines = [
        [*head, "0", *same, tracking, "1", "1", *[""] * 6, settled],
        [*head, "1", *same, "", "", "1", CREAM, "1", *[""] * 4, settled],
    ]
    return files.write_table(wire.SHIPRES_COLUMNS, lines, wire.ENCODING)


def in_the_cart(order: Order) -> list[str | None]:
    return [parcel.slip for parcel in order.parcels.values()]


async def story(day: Day, order: Order) -> str:
    shop = day.demo.shop.shop
    found = await day.demo.world.database.read(lambda c: why(c, shop, order.number, day.now))
    assert found is not None
    return text(found)


async def test_stock_and_returns_are_shown_and_change_nothing(day: Day) -> None:
    """One day: 08:40 a file of stock; 19:10 the completion; the next morning a parcel that nobody accepted."""
    await day.alone_until("08:30")
    order, on_delivery = day.place(), day.place(payment_method_id=COD)
    house, desk = day.town.warehouse, day.town.next_engine
    desk.goods(SERUM).stock -= 3  # somebody counted wrongly
    house.seed_stock([StockItem("MH-ONLY-HERE", 5)])
    house.tell_stock(TENANT)
    await day.until("09:45")
    rows = await stock_of(day)
    lying = {(lot.sku, lot.lot): (lot.good, lot.reserved) for lot in house.stock}
    assert {(row.sku, row.lot): (row.good, row.allocated) for row in rows} == lying
    assert {row.sku: (row.difference, row.unknown_there) for row in different(rows)} == {
        SERUM: (3, False),
        "MH-ONLY-HERE": (None, True),
    }
    before = desk.goods(CREAM).stock, desk.goods(SERUM).stock

    await day.until("20:00")
    assert [await day.state(one) for one in (order, on_delivery)] == ["completed", "completed"]
    slip, other = str(day.slip(order).number), str(day.slip(on_delivery).number)
    history = (await day.picture(order)).history
    await day.alone_until("09:00", day=1)
    number = house.slips()[slip].tracking[0]
    house.goods_come_back(TENANT, [CameBack(CREAM, 1, tracking=number)])  # the slip number is illegible
    house.goods_come_back(TENANT, [CameBack(CREAM, 2, slip_number=other)])  # one cream had left
    house.goods_come_back(TENANT, [CameBack(SERUM, 1, reason="差出人不明", good=False)])
    await day.until("10:00", day=1)
    assert {row.return_number: (row.slip, row.order_number, row.do) for row in await came_back(day)} == {
        "RT-0001": (slip, order.number, "refund"),
        "RT-0002": (other, on_delivery.number, "too_many"),
        "RT-0003": ("", "", "nobody"),
    }
    told = await story(day, order)
    assert f"返品 RT-0001（2026-11-25 入荷）: {CREAM} × 1 良品、受取拒否" in told
    assert "返金するならカートで行い、ネクストエンジンで返品を登録してください。" in told
    assert (await day.picture(order)).history == history, "nothing moved"
    assert day.captures(order) == [order.amounts.payment_total], "nothing was refunded or taken again"
    assert await day.strays() == []
    after = desk.goods(CREAM).stock, desk.goods(SERUM).stock
    assert after == (before[0] - 2, before[1]), "of Next Engine's stock only what was shipped is gone"


async def test_a_corrected_number_travels_until_the_completion_and_waits_for_a_person_after_it(
    open_day: OpenDay,
) -> None:
    day = await open_day(completion=BY_API | {"times": ["20:40:00"]})
    await day.alone_until("08:30")
    order = day.place()
    await day.until("19:20")
    slip = str(day.slip(order).number)
    assert (await day.picture(order)).slips[0].state == "confirmed"
    true, first, second = (
        day.town.warehouse.slips()[slip].tracking[0],
        *(with_check_digit(f"3000000000{n}") for n in range(2)),
    )
    leave(day, told_again(slip, first, "19:20:00"))
    await day.until("20:30")
    assert day.slip(order).fields[ne.TRACKING] == first, (
        "before the completion the new version reaches Next Engine"
    )
    await day.until("21:20")
    assert await day.state(order) == "completed"
    assert in_the_cart(order) == [first], "and the cart"

    leave(day, told_again(slip, second, "21:15:00"), 902)
    await day.until("22:30")
    holds = await day.holds(order)
    assert list(holds) == ["shipment_conflict"]
    assert f"送り状番号 {first} → {second}" in holds["shipment_conflict"]
    assert (
        f"ネクストエンジンの発送伝票番号を {second} に直し、お客様にお知らせください"
        in holds["shipment_conflict"]
    )
    assert day.slip(order).fields[ne.TRACKING] == first
    assert in_the_cart(order) == [first], "after the completion nobody writes by himself"
    assert [list(one.tracking) for one in (await day.picture(order)).shipments] == [[true], [first], [second]]
    assert day.town.next_engine.history.per_key("shipped")[slip] == 1
    assert day.captures(order) == [order.amounts.payment_total]
