"""Tabs, automation, stock and letters: what happens to slips while nobody calls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from connector.adapters.next_engine import wire
from connector.sandbox.next_engine import Goods, NextEngineSettings

from tests.contract.ne_case import Town, at, load_csv, town, update_xml

TABS = load_csv("tabs.csv")
SKU = "TEST-SKU-001"


@pytest.mark.parametrize("row", TABS, ids=lambda row: str(row["case"]))
async def test_a_situation_stands_under_its_tab(row: dict[str, str]) -> None:
    prefix = "receive_order_"
    texts = {wire.SHOP_ID: "1", wire.ORDER_NUMBER: row["case"], wire.CREATED_AT: "2026-11-20 08:00:00"}
    for name in row:
        if prefix + name in (
            *(wire.STATUS, wire.CONFIRM_CHECK, wire.DEPOSIT_TYPE, wire.PAYMENT_METHOD),
            *(wire.PRINT_ON, wire.SENT_AT, wire.CANCEL_TYPE, wire.DELETED),
        ):
            texts[prefix + name] = row[name] or ""
    releases = row["goods_release_dates"].split("|")
    async with town(row["now"]) as t:
        rows: list[dict[str, str | None]] = []
        for no, text in enumerate(row["rows"].split("|"), 1):
            ordered, _, allocated = text.rstrip("x").partition("/")
            rows.append(
                {
                    wire.ROW_NO: str(no),
                    wire.ROW_GOODS: f"G{no}",
                    wire.ROW_QUANTITY: ordered,
                    wire.ROW_ALLOCATED: allocated,
                    wire.ROW_CANCELLED: "1" if text.endswith("x") else "0",
                }
            )
        seed_releases(t, releases)
        number = t.ne.restore({name: text or None for name, text in texts.items()}, rows).number
        async with t.call.session.get(t.call.base + "/_sim/slips") as answer:
            shown = await answer.json()
    assert (shown[0]["slip"], shown[0]["tab"] or "-") == (number, row["tab"]), row["rule"]


def seed_releases(t: Town, releases: list[str]) -> None:
    t.ne.seed_goods(
        Goods(f"G{no}", "見本", 0, at(text) if text else None) for no, text in enumerate(releases, 1)
    )


def slip(t: Town, order: str, texts: Mapping[str, str | None] | None = None, *, quantity: int = 1) -> int:
    """A completed slip that asks for stock, as the importer would open it."""
    fields = {
        wire.SHOP_ID: "1",
        wire.ORDER_NUMBER: order,
        wire.STATUS: "2",
        wire.PAYMENT_METHOD: "1",
        wire.DELIVERY: "10",
        wire.GOODS_AMOUNT: "300.00",
        wire.TOTAL: "850.00",
        wire.DELIVERY_FEE: "550.00",
        **(texts or {}),
    }
    rows = [
        {wire.ROW_NO: "1", wire.ROW_GOODS: SKU, wire.ROW_QUANTITY: str(quantity), wire.ROW_UNIT_PRICE: "300"}
    ]
    number = t.ne.restore(fields, rows).number
    t.ne.seed_goods([t.ne.goods(SKU)])  # putting goods in shares what is free
    return number


async def test_a_complete_slip_moves_on_within_minutes_and_gets_its_print_date() -> None:
    async with town("2026-11-20 10:01:00") as t:
        t.ne.seed_goods([Goods(SKU, "見本", 5)])
        number = slip(t, "T-1")
        assert t.ne.next_event_at() == at("2026-11-20 10:03:00")
        await t.wait(minutes=2)
        seen = await t.call.slip(number)
        assert (seen[wire.STATUS], seen[wire.PRINT_ON]) == ("20", "2026-11-20 10:03:00")
        assert t.ne.tab(number) == "印刷待ち"
        assert t.ne.history.of("status_moved")[-1].detail["to"] == "20"
        assert t.ne.next_event_at() is None


async def test_print_days_ahead_show_as_waiting_for_the_print_day() -> None:
    async with town(settings=NextEngineSettings(print_days_ahead=2)) as t:
        t.ne.seed_goods([Goods(SKU, "見本", 5)])
        number = slip(t, "T-1")
        await t.wait(minutes=5)
        assert t.ne.tab(number) == "印刷日待ち"
        assert (await t.call.write(wire.BASE_RECEIPTED, number))["code"] == "008005"
        await t.wait(days=2)
        assert t.ne.tab(number) == "印刷待ち"
        assert (await t.call.write(wire.BASE_RECEIPTED, number))["result"] == "success"


async def test_each_reason_holds_the_slip_until_people_remove_it() -> None:
    async with town() as t:
        t.ne.seed_goods([Goods(SKU, "見本", 0)])
        number = slip(t, "T-1", {wire.CONFIRM_CHECK: "1", wire.PAYMENT_METHOD: "15"})
        seen = []
        for act, arguments in (
            ("confirm", {"slip": number}),
            ("deposit", {"slip": number, "amount": 800}),
            ("deposit", {"slip": number, "amount": 50}),
            ("add-stock", {"sku": SKU, "quantity": 1}),
        ):
            await t.wait(minutes=10)
            seen.append((t.ne.tab(number), t.ne.slips[number].fields[wire.DEPOSIT_TYPE]))
            assert (await t.call.act(act, **arguments))["status"] == 200
        assert seen == [("確認待ち", "0"), ("入金待ち", "0"), ("入金待ち", "1"), ("引当待ち", "2")]
        await t.wait(minutes=10)
        assert t.ne.tab(number) == "印刷待ち"


async def test_goods_of_the_future_are_released_at_their_very_date() -> None:
    async with town() as t:
        t.ne.seed_goods([Goods(SKU, "見本", 5, release_at=at("2026-12-10 00:00:00"))])
        number = slip(t, "T-1")
        await t.wait(days=19)
        assert t.ne.tab(number) == "発売日待ち"
        await t.wait(days=1)
        assert t.ne.tab(number) == "印刷待ち"
        assert t.ne.slips[number].fields[wire.PRINT_ON] == "2026-12-10 00:03:00"


async def test_stock_goes_to_those_who_wait_longest_partly_if_need_be() -> None:
    async with town() as t:
        t.ne.seed_goods([Goods(SKU, "見本", 3)])
        numbers = [slip(t, f"T-{n}", quantity=2) for n in range(3)]
        held = [[row.allocated for row in t.ne.slips[number].rows] for number in numbers]
        assert held == [[2], [1], [0]]
        await t.call.act("add-stock", sku=SKU, quantity=2)
        assert [t.ne.slips[number].rows[0].allocated for number in numbers] == [2, 2, 1]
        await t.call.act("cancel", slip=numbers[0])
        assert [t.ne.slips[number].rows[0].allocated for number in numbers] == [0, 2, 2]
        goods = t.ne.goods(SKU)
        assert (goods.stock, goods.allocated, goods.free) == (5, 4, 1)


async def ship(t: Town, order: str, tracking: str | None = None) -> int:
    number = slip(t, order, {wire.TRACKING: tracking})
    await t.wait(minutes=5)
    assert (await t.call.write(wire.BASE_SHIPPED, number))["result"] == "success"
    return number


async def test_the_shipping_letter_follows_an_hour_after_shipping() -> None:
    async with town() as t:
        t.ne.seed_goods([Goods(SKU, "見本", 5)])
        number = await ship(t, "T-1", "999900001111")
        shipped_lock = (await t.call.slip(number))[wire.LOCK]
        await t.wait(minutes=59)
        assert (await t.call.slip(number))[wire.MAIL_STATUS] == ""
        await t.wait(minutes=2)
        seen = await t.call.slip(number)
        assert (seen[wire.MAIL_STATUS], seen[wire.LOCK]) == ("H", shipped_lock)


async def test_the_shipping_letter_waits_for_the_number_and_for_the_morning() -> None:
    async with town("2026-11-20 22:00:00") as t:
        t.ne.seed_goods([Goods(SKU, "見本", 5)])
        late, bare = await ship(t, "T-1", "999900001111"), await ship(t, "T-2")
        await t.wait(hours=10, minutes=45)
        assert t.ne.slips[late].fields[wire.MAIL_STATUS] == ""
        await t.wait(minutes=10)
        assert t.ne.slips[late].fields[wire.MAIL_STATUS] == "H"
        assert t.ne.slips[bare].fields[wire.MAIL_STATUS] == ""
        written = {wire.SHIPPED_UPDATE_FLAG: "1", "data": update_xml({wire.TRACKING: "999900001225"})}
        assert (await t.call.write(wire.BASE_UPDATE, bare, written))["result"] == "success"
        await t.wait(minutes=1)
        assert t.ne.slips[bare].fields[wire.MAIL_STATUS] == "H"
        assert t.ne.history.per_key("letter_sent") == {str(late): 1, str(bare): 1}


async def test_letters_wait_while_stock_is_taken() -> None:
    async with town() as t:
        t.ne.seed_goods([Goods(SKU, "見本", 5)])
        number = await ship(t, "T-1", "999900001111")
        await t.call.act("start-stock-taking")
        await t.wait(hours=3)
        assert t.ne.slips[number].fields[wire.MAIL_STATUS] == ""
        await t.call.act("stop-stock-taking")
        await t.wait(minutes=10)
        assert t.ne.slips[number].fields[wire.MAIL_STATUS] == "H"


async def test_a_late_look_writes_the_dates_of_the_events_not_of_the_look() -> None:
    async with town() as t:
        t.ne.seed_goods([Goods(SKU, "見本", 5)])
        number = slip(t, "T-1")
        await t.clock.advance_to(t.clock.now() + timedelta(hours=5))
        assert (await t.call.slip(number))[wire.PRINT_ON] == "2026-11-20 10:03:00"
