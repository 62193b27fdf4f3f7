"""出荷指示後の変更: people change a slip in Next Engine that the warehouse has already; nothing of it is silent."""

from __future__ import annotations

from connector import ops
from connector.adapters.next_engine import wire
from connector.sandbox.cart import Order
from connector.sandbox.people import COD

from tests.journeys.day import CREAM, SERUM, Day

LATER = "2026-11-30 00:00:00"


async def handed_over_and_waiting(day: Day) -> tuple[Order, Order]:
    """10:16: one order's instruction lies at the warehouse, the other's slip waits for its print date."""
    await day.alone_until("08:30")
    sent, waits = day.place(), day.place(items=((SERUM, 1),))
    await day.until("10:04")
    day.town.next_engine.operator.edit(day.slip(waits).number, {wire.PRINT_ON: LATER})
    await day.until("10:16")
    assert (day.relayed(sent), day.relayed(waits)) == (1, 0)
    return sent, waits


async def test_goods_bundled_into_a_slip_at_the_warehouse_are_neither_charged_nor_forgotten(day: Day) -> None:
    sent, bundled = await handed_over_and_waiting(day)
    slip, absorbed = day.slip(sent).number, day.slip(bundled).number
    day.town.next_engine.operator.bundle(slip, absorbed)
    await day.until("20:30")
    note = (await day.holds(sent))["changed_after_relay"]
    assert f"商品（伝票 {absorbed} の同梱、{SERUM} ＋1）" in note
    assert (await day.holds(bundled)).keys() == {"changed_after_relay"}, "both orders stand behind the slip"
    assert [await day.state(order) for order in (sent, bundled)] == ["imported", "imported"]
    assert day.captures(sent) == day.captures(bundled) == []
    assert left(day, slip) == {CREAM: 1}, "the warehouse ships what it was told"

    extra = next(row.no for row in day.slip(sent).live_rows if row.fields[wire.ROW_GOODS] == SERUM)
    rest = day.town.next_engine.operator.split(slip, {extra: 1})
    await day.after_a_night("20:00")
    assert await day.holds(sent) == {}, "the goods are those of the instruction again"
    day.excused.add(
        "double_shipped"
    )  # the town weighs by order number; Next Engine gave the rest that of the other
    assert (left(day, slip), left(day, rest)) == ({CREAM: 1}, {SERUM: 1})
    assert [await day.state(order) for order in (sent, bundled)] == ["completed", "completed"]
    assert [day.captures(order) for order in (sent, bundled)] == [
        [sent.amounts.payment_total],
        [bundled.amounts.payment_total],
    ]


async def test_a_slip_sent_back_to_起票済_while_the_warehouse_has_it_is_told_and_goes_on_when_let_pass(
    day: Day,
) -> None:
    sent, _ = await handed_over_and_waiting(day)
    slip = day.slip(sent).number
    day.town.next_engine.operator.send_back(slip)
    await day.until("20:30")
    assert (await day.holds(sent))["changed_after_relay"].endswith(": 起票済への差し戻し")
    assert (day.shipped(sent), day.captures(sent)) == (1, []), "it shipped; nobody is charged before a look"

    day.town.next_engine.operator.confirm(slip)
    await release(day, slip)
    await day.after_a_night("20:00")
    assert await day.state(sent) == "completed"
    assert day.captures(sent) == [sent.amounts.payment_total]


async def test_the_amount_to_collect_at_the_door_is_the_one_that_the_warehouse_was_told(day: Day) -> None:
    await day.alone_until("08:30")
    order = day.place(payment_method_id=COD)
    await day.until("10:16")
    slip = day.slip(order)
    assert day.relayed(order) == 1
    more = int(slip.amount(wire.TOTAL)) + 500
    day.town.next_engine.operator.edit(slip.number, {wire.TOTAL: str(more), wire.OTHER: "500"})
    await day.until("20:30")
    assert f"代引金額（{more - 500:,}円 → {more:,}円）" in (await day.holds(order))["changed_after_relay"]
    assert await day.state(order) == "imported"


def left(day: Day, slip: int) -> dict[str, int]:
    """What the warehouse shipped of a slip."""
    return {line.sku: line.shipped for line in day.town.warehouse.slips()[str(slip)].lines}


async def release(day: Day, slip: int) -> None:
    said = await ops.release(
        day.demo.world.database,
        day.demo.shop.shop.key,
        str(slip),
        actor="見本 花子",
        why="倉庫の内容のままでよい",
        now=day.now,
        item="slip",
    )
    assert said.done
