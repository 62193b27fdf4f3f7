"""Operators at Next Engine's screens split, bundle and copy slips: what ships is what was bought, once."""

from __future__ import annotations

from tests.journeys.day import CREAM, SERUM, Day


async def test_a_split_slip_ships_in_two_parcels_and_the_order_waits_for_both(day: Day) -> None:
    await day.alone_until("08:30")
    order = day.place(items=((SERUM, 2), (CREAM, 1)))
    await day.until("10:04")
    first = day.slip(order).number
    second = day.town.next_engine.operator.split(first, {1: 1})

    await day.until("11:30")
    picture = await day.picture(order)
    assert {slip.number: slip.how for slip in picture.slips} == {str(first): "own", str(second): "split"}
    assert day.relayed(order) == 2

    await day.until("20:00")
    assert day.shipped(order) == 2
    assert await day.state(order) == "completed"
    assert day.captures(order) == [order.amounts.payment_total], "two parcels, one charge"
    floor = day.town.warehouse.slips()
    numbers = [number for slip in (first, second) for number in floor[str(slip)].tracking]
    (parcel,) = order.parcels.values()
    assert parcel.slip is not None
    assert parcel.slip.split(",")[0] in numbers


async def test_two_slips_bundled_into_one_are_one_parcel_and_two_charges(day: Day) -> None:
    await day.alone_until("08:30")
    one, other = day.place(), day.place(items=((SERUM, 1),))
    await day.until("10:04")
    kept, absorbed = day.slip(one).number, day.slip(other).number
    day.town.next_engine.operator.bundle(kept, absorbed)

    await day.until("20:00")
    assert day.town.warehouse.history.count("slip_accepted") == 1
    assert set(day.town.warehouse.slips()) == {str(kept)}
    assert [await day.state(order) for order in (one, other)] == ["completed"] * 2
    assert [day.captures(order) for order in (one, other)] == [
        [one.amounts.payment_total],
        [other.amounts.payment_total],
    ]
    tracking = day.town.warehouse.slips()[str(kept)].tracking
    for order in (one, other):
        (parcel,) = order.parcels.values()
        assert parcel.slip == tracking[0], "both customers can follow the one parcel"


async def test_a_copied_slip_is_unpaid_and_ships_nothing_until_somebody_decides(day: Day) -> None:
    await day.alone_until("08:30")
    order = day.place()
    await day.until("10:04")
    original = day.slip(order).number
    twin = day.town.next_engine.operator.copy(original)

    await day.until("19:00")
    assert day.shipped(order) == 1
    picture = await day.picture(order)
    assert {slip.number: (slip.how, slip.state) for slip in picture.slips} == {
        str(original): ("own", "confirmed"),
        str(twin): ("copied", "open"),
    }
    assert picture.order.state == "imported", "an order waits for all its live slips"
    assert day.captures(order) == []

    day.town.next_engine.operator.cancel(twin)
    await day.until("20:00")
    assert await day.state(order) == "completed"
    assert (day.relayed(order), day.shipped(order)) == (1, 1)
    assert day.captures(order) == [order.amounts.payment_total]
    assert str(twin) not in day.town.warehouse.slips()
