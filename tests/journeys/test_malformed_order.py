"""One order of a page breaks the contract: it is a stray with its place in the JSON, its neighbours go on."""

from __future__ import annotations

from connector.adapters.next_engine import wire
from connector.rehearsal import FIRST_DAY
from connector.reports import reconcile

from tests.journeys.day import CREAM, SERUM, Day

NAME = "receive_order_consignee_name"


async def test_a_malformed_order_is_a_stray_with_its_path_and_the_page_goes_on(day: Day) -> None:
    await day.alone_until("08:30")
    before, broken, after = (day.place() for _ in range(3))
    sound = broken.items[0].quantity
    broken.items[0].quantity = "三個"  # type: ignore[assignment]  # what a careless plug-in of the shop writes

    await day.until("10:40")
    assert [await day.state(order) for order in (before, after)] == ["imported"] * 2
    strays = await day.strays()
    assert len(strays) == 1, "once, however often the page is read"
    assert strays[0].system == "ecforce"
    told = f"{strays[0].place} {strays[0].words}"
    assert str(broken.id) in told or broken.number in told
    assert "quantity" in told
    assert "$" in told
    assert strays[0].exchange_id is not None, "the bytes are kept"

    ports, demo = day.demo.shop.ports, day.demo
    picture = await reconcile(
        ports.cart, ports.orders, demo.world.database, demo.shop.shop, day.now, FIRST_DAY
    )
    assert any("quantity" in finding.words for finding in picture.findings), "and the report names it"

    broken.items[0].quantity = sound
    day.town.cart.shop.touch(broken)
    await day.until("11:10")
    assert await day.state(broken) in ("received", "notified", "in_intake")


async def test_a_value_that_cannot_be_handed_on_goes_on_by_itself_once_it_fits(day: Day) -> None:
    await day.alone_until("08:30")
    order = day.place()
    await day.until("10:04")
    slip, desk = day.slip(order), day.town.next_engine.operator
    sound = slip.fields[NAME]
    desk.edit(slip.number, {NAME: " "})
    await day.until("11:00")
    assert "malformed" in await day.holds(order)
    assert day.relayed(order) == 0

    desk.edit(slip.number, {NAME: sound})
    await day.until("20:00")
    assert await day.holds(order) == {}
    assert (await day.state(order), day.relayed(order)) == ("completed", 1)


async def test_a_row_of_no_pieces_stays_here_with_its_slip_and_the_others_of_the_file_go(day: Day) -> None:
    """A clerk sets a quantity to 0 where the row should have been cancelled."""
    await day.alone_until("08:30")
    order, other = day.place(items=((CREAM, 1), (SERUM, 1))), day.place()
    await day.until("10:04")
    slip, desk = day.slip(order), day.town.next_engine.operator
    serum = next(row for row in slip.live_rows if row.fields[wire.ROW_GOODS] == SERUM)
    serum.fields |= {wire.ROW_QUANTITY: "0", wire.ROW_ALLOCATED: "0"}
    desk.edit(slip.number, {wire.NOTE: "数量 0"})
    await day.until("11:00")
    assert "の数量が 0 です" in (await day.holds(order))["malformed"]
    assert (day.relayed(order), day.relayed(other)) == (0, 1)

    desk.strike(slip.number, [serum.no])
    await day.until("13:00")
    assert (await day.holds(order), day.relayed(order)) == ({}, 1)
