"""Goods at 8 % and 10 %, coupon, points and fee tie from the cart to the rows of the slip; one wrong rate is found."""

from __future__ import annotations

from connector.adapters.next_engine import wire
from connector.rehearsal import FIRST_DAY
from connector.reports import Picture, reconcile
from connector.sandbox.cart import NewCustomer, Order

from tests.journeys.conftest import OpenDay
from tests.journeys.day import CREAM, Day


async def picture(day: Day) -> Picture:
    """What the morning's reconciliation reads, side by side."""
    shop = day.demo.shop
    database = day.demo.world.database
    return await reconcile(shop.ports.cart, shop.ports.orders, database, shop.shop, day.now, FIRST_DAY)


def rates_of(day: Day, order: Order) -> dict[str, int]:
    """Goods per rate as the rows of the slip in Next Engine say."""
    found: dict[str, int] = {}
    for row in day.slip(order).live_rows:
        rate = row.fields[wire.ROW_TAX_RATE] or ""
        found[rate] = found.get(rate, 0) + int(row.sub_total)
    return found


async def test_every_yen_ties_per_rate_and_a_wrong_rate_in_next_engine_is_found(open_day: OpenDay) -> None:
    day = await open_day()
    await day.alone_until("08:30")
    goods = day.town.cart.shop.variants
    reduced = next(
        sku for sku in sorted(goods) if goods[sku].goods.tax_rate == 8 and not goods[sku].goods.recurring
    )
    order = day.place(
        customer=NewCustomer(email="kyaku-99@example.jp", point=300),
        items=((CREAM, 1), (reduced, 3)),
        coupon="MIHON10",
        coupon_discount=777,
        point=300,
        adjustment=-8,
    )
    assert order.amounts.subtotal8
    assert order.amounts.subtotal10
    await day.until("12:00")
    assert await day.state(order) == "imported"
    assert rates_of(day, order) == {"8": order.amounts.subtotal8, "10": order.amounts.subtotal10}
    assert day.slip(order).amount(wire.TOTAL) == order.amounts.payment_total
    seen = await picture(day)
    assert [one.kind for one in seen.findings] == []
    assert seen.kinds["rates_differ"] == 0

    row = next(row for row in day.slip(order).live_rows if row.goods_id == reduced)
    row.fields[wire.ROW_TAX_RATE] = "10"
    (found,) = (await picture(day)).findings
    moved = order.amounts.subtotal8
    assert (found.kind, found.order_number, found.yen) == ("rates_differ", order.number, moved)
    assert found.words == (
        f"8%商品 カート {moved:,}円 / 伝票 0円（差 -{moved:,}円）、"
        f"10%商品 カート {order.amounts.subtotal10:,}円 / 伝票 {order.amounts.subtotal:,}円（差 +{moved:,}円）"
    )
    row.fields[wire.ROW_TAX_RATE] = "8"
    await day.until("20:00")
    assert (await picture(day)).findings == ()
