"""決済NGの案件（出し直し）: cancelled and made again, old and new are tied, and never two parcels for one round."""

from __future__ import annotations

from connector import ops
from connector.outcome import Reason
from connector.sandbox.cart import NewCustomer

from tests.journeys.conftest import OpenDay
from tests.journeys.day import Day
from tests.journeys.refusals import NEVER, TWICE, case, journeys_end, links, once, renewed


async def test_cancelled_it_is_over(day: Day) -> None:
    await day.alone_until("08:30")
    order = renewed(day, card="decline")
    await day.until("09:30")
    day.town.cart.cancel(order.id)
    await day.until("12:00")
    one = await case(day, order)
    assert (one.state, one.situation, one.needs_hand) == ("cancelled", "cancelled", False)
    assert await day.state(order) == "cancelled"
    assert await day.holds(order) == {}
    assert (await journeys_end(day, order))[1:] == NEVER


async def test_cancelled_and_made_again_the_new_one_ships_and_both_know_it(open_day: OpenDay) -> None:
    """The void gives the round back, so the next order carries the same 定期回数 (spec/ecforce.md §7.8)."""
    day = await open_day(import_daily=TWICE)
    await day.alone_until("08:30")
    old = renewed(day, card="decline")
    await day.until("09:30")
    day.town.cart.cancel(old.id)
    day.town.cart.change_card(old.customer_id)
    assert old.subs_id is not None
    new = day.town.cart.create_next(old.subs_id)
    assert (old.times, old.nth, new.times, new.nth) == (2, 2, 2, 3)
    await day.until("20:00")
    assert await links(day, old) == [("stood_in_by", new.number, "round")]
    assert await links(day, new) == [("stands_in_for", old.number, "round")]
    assert ((await case(day, old)).state, (await case(day, old)).replaced_by) == ("replaced", new.number)
    assert await journeys_end(day, new) == once(new)
    assert (await journeys_end(day, old))[1:] == NEVER


async def test_the_old_one_heals_while_the_new_one_is_on_its_way(open_day: OpenDay) -> None:
    day = await open_day(import_daily=TWICE)
    await day.alone_until("08:30")
    old = renewed(day, card="decline")
    await day.until("09:00")
    day.town.cart.cancel(old.id)
    day.town.cart.change_card(old.customer_id)
    assert old.subs_id is not None
    new = day.town.cart.create_next(old.subs_id)
    await day.until("10:30")
    assert await day.state(new) == "imported"

    day.town.cart.change_card(old.customer_id)
    day.town.cart.change_order(
        old.id,
        payment_attributes={
            "payment_method_id": old.payment.method.id,
            "source_id": new.payment.card_id,
            "source_type": "EcForce::CreditCard",
        },
    )
    day.town.cart.reauth(old.id)
    day.town.cart.set_state(old.id, "complete")
    await day.until("20:00")
    assert await day.holds(old) == {"double_round": f"受注 {new.number}"}
    assert await journeys_end(day, new) == once(new)
    assert await journeys_end(day, old) == ("received", *NEVER)
    assert (await case(day, old)).situation == "held_otherwise"


async def test_ordered_again_on_the_shop_page_is_a_guess_a_person_may_overrule(open_day: OpenDay) -> None:
    day = await open_day(import_daily=TWICE)
    await day.alone_until("08:30")
    shopper = NewCustomer(email="mata@example.jp")
    old = day.place(customer=shopper, card="decline")
    await day.until("08:50")
    new = day.place(customer=shopper)
    await day.until("10:30")
    assert await links(day, old) == [("stood_in_by", new.number, "reordered")]
    assert ((await case(day, old)).situation, (await case(day, old)).twins) == ("double", (new.number,))

    assert old.payment.card_id is not None
    day.town.cart.set_card(old.payment.card_id, "ok")
    day.town.cart.reauth(old.id)
    await day.until("11:30")
    assert await day.holds(old) == {"double_round": f"受注 {new.number}"}
    said = await ops.release(
        day.demo.world.database,
        day.demo.shop.shop.key,
        old.number,
        actor="見本 花子",
        why="両方必要とのこと",
        now=day.now,
        only=Reason.DOUBLE_ROUND,
    )
    assert said.done
    await day.until("20:00")
    assert await journeys_end(day, new) == once(new)
    assert await journeys_end(day, old) == once(old)
    assert await day.held_once(old) == ["payment_refused", "double_round"]
