"""銀行振込: imported unpaid, it stands in 入金待ち until the clerk saw the money; then, and only then, it ships."""

from __future__ import annotations

from connector.sandbox.people import BANK

from tests.journeys.day import Day


async def test_a_bank_transfer_waits_for_its_money_and_ships_then(day: Day) -> None:
    await day.alone_until("08:30")
    order = day.place(payment_method_id=BANK)
    never = day.place(payment_method_id=BANK)

    await day.until("11:20")
    for each in (order, never):
        assert await day.state(each) == "imported"
        assert day.town.next_engine.tab(day.slip(each).number) == "入金待ち"
        assert (await day.picture(each)).slips[0].waiting_for == "入金待ち"
        assert day.relayed(each) == 0

    day.town.cart.pay_bank(order.id)
    day.town.life.transfers[order.number] = day.now
    await day.until("20:00")
    deposited = day.town.people.of("deposited_by_clerk")
    accepted = day.town.warehouse.history.of("slip_accepted")
    assert [event.detail["order_number"] for event in deposited] == [order.number]
    assert [event.detail["order_number"] for event in accepted] == [order.number]
    assert deposited[0].at < accepted[0].at
    assert await day.state(order) == "completed"
    assert day.captures(order) == [], "a transfer was paid by itself; no sale is run for it"
    assert await day.state(never) == "imported"
    assert (day.relayed(never), day.shipped(never)) == (0, 0)
