"""Each field changed at each place of one day: what left the warehouse, what Next Engine holds, and who must do what.

Before the import everything follows by itself. With Next Engine's copy made, the clerk corrects it and the order goes
on by itself. At the warehouse the old content leaves, the sale goes on, and the work item stays open.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

from connector import ops
from connector.adapters.ecforce import wire as cart_wire
from connector.adapters.next_engine import wire
from connector.console import Exit
from connector.ledger import views
from connector.ledger.views import ChangeRow
from connector.rehearsal.setting import CONFIG_NAME
from connector.sandbox.cart import Order
from connector.sandbox.people import BANK, CARD, COD
from connector.sandbox.warehouse.slips import Instruction
from connector.stages import ingest

from tests.journeys.conftest import BY_API, RHYTHM, OpenDay
from tests.journeys.day import Day
from tests.journeys.program import finished
from tests.journeys.test_address_changed import MOVED

BEFORE_CSV = ("received", "notified", "in_intake")
BY_HAND = ("importing", "open", "print_ready")
LATE = ("relayed", "shipped", "completed")
PLACES = (*BEFORE_CSV, *BY_HAND, *LATE)
REMARK = "宅配ボックスへお願いします"
RIBBON = "赤いリボン"


def wrap(day: Day, order: Order) -> None:
    order.wrapping = RIBBON
    day.town.cart.shop.note(order, "admin", "wrapping")


def lose_payment(day: Day, order: Order) -> None:
    """取消 of the payment alone: void cancels the order, too, and the shop takes that back (spec/ecforce.md §2.11)."""
    day.town.cart.cancel(order.id)
    day.town.cart.set_state(order.id, cart_wire.STATE_COMPLETE)


def keys(**wishes: object) -> Callable[[Day, Order], object]:
    return lambda day, order: day.town.cart.change_order(order.id, True, **wishes)


CHANGE: dict[str, Callable[[Day, Order], object]] = {
    "recipients": lambda day, order: day.town.cart.change_address(order.id, MOVED),
    "lines": lambda day, order: day.town.cart.change_order(
        order.id, True, order_items_attributes=[{"id": order.items[0].id, "quantity": 2}]
    ),
    "amounts": keys(adjustment=500),
    "deliver_on": keys(scheduled_to_be_delivered_at="2026-11-30 00:00:00"),
    "ship_on": keys(scheduled_to_be_shipped_at="2026-11-27 00:00:00"),
    "time_slot": keys(scheduled_delivery_time_id=4),
    "payment": keys(payment_attributes={"payment_method_id": COD}),
    "carrier": keys(shipping_carrier_id=2),
    "remark": keys(remark=REMARK),
    "wrapping": wrap,
}


def row_of(instruction: Instruction) -> str:
    return "|".join("|".join(row) for row in instruction.content)


AT_WAREHOUSE: dict[str, Callable[[Instruction], bool]] = {
    "recipients": lambda one: "梅田" in row_of(one),
    "lines": lambda one: [line.ordered for line in one.lines] == [2],
    "deliver_on": lambda one: "20261130" in row_of(one),
    "time_slot": lambda one: "1618" in row_of(one) or "B1618" in row_of(one),
    "payment": lambda one: one.carrier == "YAMATO_COLLECT",
    "carrier": lambda one: one.carrier == "SAGAWA_TAKUHAI",
}
"""How to see at the warehouse that the new value left; the rest is seen in Next Engine."""


def in_next_engine(day: Day, order: Order, field: str) -> bool:
    slip = day.slip(order)
    if field == "amounts":
        return int(slip.amount(wire.TOTAL)) == order.amounts.payment_total
    if field == "remark":
        return slip.fields[wire.NOTE] == REMARK
    if field == "wrapping":
        return slip.fields[wire.WRAPPING] == RIBBON
    return True


def clerk_corrects(day: Day, order: Order, field: str) -> None:
    """What the sentence of the change asks for, at Next Engine's screen."""
    slip, total = day.slip(order), str(order.amounts.payment_total)
    money: dict[str, str | None] = {wire.TOTAL: total, wire.GOODS_AMOUNT: str(order.amounts.subtotal)}
    fields: dict[str, dict[str, str | None]] = {
        "recipients": {
            "receive_order_consignee_zip_code": "5300001",
            "receive_order_consignee_address1": "大阪府大阪市北区梅田",
            "receive_order_consignee_address2": "９９−８−７　見本マンション１０１",
            "receive_order_consignee_tel": MOVED.tel,
        },
        "lines": money,
        "amounts": {wire.TOTAL: total, wire.OTHER: "500"},
        "deliver_on": {wire.HOPE_ON: "2026-11-30 00:00:00"},
        "time_slot": {wire.HOPE_SLOT: "1618", wire.HOPE_SLOT_NAME: "16時-18時"},
        "payment": {wire.PAYMENT_METHOD: "1"},
        "carrier": {wire.DELIVERY: "20"},
        "remark": {wire.NOTE: REMARK},
        "wrapping": {wire.WRAPPING: RIBBON},
    }
    if field == "lines":
        slip.rows[0].fields |= {wire.ROW_QUANTITY: "2", wire.ROW_ALLOCATED: "2"}
    day.town.next_engine.operator.edit(slip.number, fields[field])


async def changes_of(day: Day, order: Order) -> list[ChangeRow]:
    shop = day.demo.shop.shop.key
    return await day.demo.world.database.read(
        lambda c: views.changes_list(c, shop, all_of_them=True, number=order.number)
    )


async def waiting(day: Day, order: Order) -> dict[str, str]:
    """Field and class of what still waits for somebody."""
    return {row.field: row.kind for row in await changes_of(day, order) if row.closed_at is None}


async def settled_by_a_person(day: Day, order: Order) -> None:
    for row in await changes_of(day, order):
        if row.closed_at is None:
            said = await ops.close_change(
                day.demo.world.database,
                day.demo.shop.shop.key,
                row.id,
                actor="見本 花子",
                why="直しました",
                now=day.now,
            )
            assert said.done


Orders = dict[tuple[str, str], Order]
Made = dict[str, datetime]  # when a place's changes were made
CYCLE = timedelta(minutes=RHYTHM["ingest"])


def at(orders: Orders, *places: str) -> Iterable[tuple[str, str, Order]]:
    return ((field, place, order) for (field, place), order in orders.items() if place in places)


def change_at(day: Day, orders: Orders, place: str, made: Made) -> None:
    for field, _, order in at(orders, place):
        CHANGE[field](day, order)
    made[place] = day.now


async def test_each_field_at_each_place(open_day: OpenDay) -> None:
    # Several customers move to one house here, with the same goods: not this story's question.
    warehouse = {"relay_from": "11:00:00", "doubles": {"enabled": False}}
    day = await open_day(completion=BY_API, warehouse=warehouse)
    await day.alone_until("08:30")
    orders: Orders = {
        (field, place): day.place(payment_method_id=BANK if place == "open" else CARD)
        for field in CHANGE
        for place in PLACES
    }
    made: Made = {}
    await day.until("08:34")
    change_at(day, orders, "received", made)
    await day.until("08:46")
    change_at(day, orders, "notified", made)
    await day.until("09:20")
    change_at(day, orders, "in_intake", made)
    await day.until("10:00:30")
    change_at(day, orders, "importing", made)
    await day.demo.shop.rhythm.run(ingest.STAGE)
    await day.until("10:12")
    change_at(day, orders, "open", made)
    change_at(day, orders, "print_ready", made)
    await day.until("10:50")
    await with_next_engine_they_wait(day, orders)
    for field, _, order in at(orders, *BY_HAND):
        if field != "ship_on":
            clerk_corrects(day, order, field)
        if field in ("ship_on", "wrapping"):  # a person lets it go today; no slip tells its wrapping
            await settled_by_a_person(day, order)
    for _, _, order in at(orders, "open"):
        day.town.next_engine.operator.deposit(day.slip(order).number)
    await day.until("11:35")
    change_at(day, orders, "relayed", made)
    await day.until("12:00")
    await at_the_warehouse_they_are_said_aloud(day, orders)
    await day.until("19:04")
    change_at(day, orders, "shipped", made)
    await day.until("19:40")
    change_at(day, orders, "completed", made)
    await day.until("20:20")
    await what_became_of_them(day, orders)
    for field, place, order in at(orders, *PLACES):
        seen = [row.at - made[place] for row in await changes_of(day, order)]
        assert seen and max(seen) <= CYCLE, f"{field} at {place}: seen within one polling cycle"


async def with_next_engine_they_wait(day: Day, orders: Orders) -> None:
    for field, place, order in at(orders, *BEFORE_CSV):
        here = f"{field} at {place}"
        assert await day.held_once(order) == [], here
        assert await waiting(day, order) == {}, here
        assert {row.place for row in await changes_of(day, order)} == {place}, here
    for field, place, order in at(orders, *BY_HAND):
        here = f"{field} at {place}"
        assert (await day.holds(order)).keys() == {"changed_after_handover"}, here
        assert (await waiting(day, order))[field] == "by_hand", here
        assert day.relayed(order) == 0, here


async def at_the_warehouse_they_are_said_aloud(day: Day, orders: Orders) -> None:
    for field, place, order in at(orders, *BY_HAND):
        assert await day.holds(order) == {}, f"{field} at {place} ends by itself"
        assert day.relayed(order) == 1, f"{field} at {place}"
    for field, _, order in at(orders, "relayed"):
        assert "倉庫に電話" in (await day.holds(order))["changed_after_handover"], field
        assert (await waiting(day, order))[field] == "by_hand", field


async def what_became_of_them(day: Day, orders: Orders) -> None:
    sent = day.town.warehouse.slips()
    for (field, place), order in orders.items():
        here = f"{field} at {place}"
        new = place not in LATE
        assert day.shipped(order) == 1, here
        assert await day.state(order) == "completed", here
        if field in AT_WAREHOUSE:
            assert AT_WAREHOUSE[field](sent[str(day.slip(order).number)]) is new, here
        if new:
            assert in_next_engine(day, order, field), here
        over = field == "carrier" and place in ("shipped", "completed")
        wanted = {} if new or over else {field: "too_late"}
        found = await waiting(day, order)
        assert found.items() >= wanted.items(), here
        assert bool(found) is bool(wanted), here
        assert await day.holds(order) == {}, here


async def test_the_command_lists_and_settles(day: Day, tmp_path: Path) -> None:
    await day.alone_until("08:30")
    order = day.place()
    await day.until("10:40")
    day.town.cart.change_address(order.id, MOVED)
    await day.until("10:51")
    config = ("--config", str(tmp_path / "day0" / CONFIG_NAME))

    def command(*arguments: str) -> tuple[int, str]:
        code, said = finished("changes", *config, *arguments, stderr=tmp_path / "stderr")
        return code, said.decode()

    code, said = await asyncio.to_thread(command, "--json")
    (change,) = json.loads(said)
    assert (code, change["number"], change["field"]) == (Exit.FINDINGS, order.number, "recipients")
    assert "倉庫に電話" in change["do"]
    assert "梅田" not in said, "people are masked"
    close = ("--close", str(change["id"]))
    code, _ = await asyncio.to_thread(command, *close)
    assert code == Exit.USAGE, "nobody acts without a reason"
    code, said = await asyncio.to_thread(command, *close, "--reason", "倉庫で直してもらった")
    assert (code, "処理済み" in said) == (Exit.OK, True)
    code, _ = await asyncio.to_thread(command, *close, "--reason", "もう一度")
    assert code == Exit.NOTHING
    code, said = await asyncio.to_thread(command, "--lang", "en")
    assert (code, said) == (Exit.OK, "No change waits for anybody.\n")
    code, said = await asyncio.to_thread(command, "--all")
    assert (code, "倉庫で直してもらった" in said) == (Exit.OK, True)
    assert await day.holds(order) == {}


async def test_a_payment_lost_at_each_place(open_day: OpenDay) -> None:
    """Nothing unpaid leaves; what already left is a question of money."""
    day = await open_day(completion=BY_API, warehouse={"relay_from": "11:00:00"})
    await day.alone_until("08:30")
    orders = {place: day.place() for place in (*BEFORE_CSV, "print_ready", "healed", "relayed", "completed")}
    await day.until("08:34")
    lose_payment(day, orders["received"])
    await day.until("08:46")
    lose_payment(day, orders["notified"])
    await day.until("09:20")
    lose_payment(day, orders["in_intake"])
    await day.until("10:12")
    lose_payment(day, orders["print_ready"])
    lose_payment(day, orders["healed"])
    await day.until("11:15")
    assert "payment_gate" in await day.holds(orders["healed"])
    day.town.cart.reauth(orders["healed"].id)
    lose_payment(day, orders["relayed"])
    await day.until("19:40")
    lose_payment(day, orders["completed"])
    await day.until("20:20")
    for place in (*BEFORE_CSV, "print_ready", "relayed"):
        assert day.shipped(orders[place]) == 0, place
        assert await waiting(day, orders[place]) == {}, place
    assert await day.state(orders["relayed"]) == "cancelled"
    stop = (await day.picture(orders["relayed"])).stop
    assert stop is not None
    assert stop.verdict == "stopped"
    assert (day.shipped(orders["healed"]), await day.state(orders["healed"])) == (1, "completed")
    assert (await waiting(day, orders["completed"]))["payment_state"] == "too_late"
    assert await day.holds(orders["completed"]) == {}
    truth = day.town.truth()
    assert truth["relayed_after_cancel"] == [], "the cancel of the healed one was taken back before"
