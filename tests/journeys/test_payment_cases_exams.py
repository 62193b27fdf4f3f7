"""決済NGの案件（後払い審査）: an examination fails, is asked for again, is held, and ends one way or the other."""

from __future__ import annotations

from connector.sandbox.people import DEFERRED

from tests.journeys.conftest import OpenDay
from tests.journeys.refusals import NEVER, TWICE, case, journeys_end, once, steps


async def test_failed_then_passed_when_it_is_examined_again(open_day: OpenDay) -> None:
    day = await open_day(import_daily=TWICE)
    await day.alone_until("08:30")
    order = day.place(payment_method_id=DEFERRED, card="decline")
    await day.until("10:30")
    one = await case(day, order)
    assert (one.state, one.situation) == ("open", "exam_failed")
    assert order.payment.card_id is not None
    day.town.cart.set_card(order.payment.card_id, "ok")
    day.town.cart.reauth(order.id)
    await day.until("20:00")
    assert await journeys_end(day, order) == once(order)
    assert (await steps(day, order))[-2:] == ["accepted", "healed"]


async def test_held_examinations_end_either_way(open_day: OpenDay) -> None:
    day = await open_day(import_daily=TWICE)
    await day.alone_until("08:30")
    lucky = day.place(payment_method_id=DEFERRED, card="decline")
    unlucky = day.place(payment_method_id=DEFERRED, card="decline")
    await day.until("10:00")
    for order in (lucky, unlucky):
        assert order.payment.card_id is not None
        day.town.cart.set_card(order.payment.card_id, "hold")
        day.town.cart.reauth(order.id)
    await day.until("11:00")
    for order in (lucky, unlucky):
        one = await case(day, order)
        assert (one.state, one.situation, await day.state(order)) == ("open", "exam_held", "received")
        assert await day.holds(order) == {}, "waiting is not trouble"
    day.town.cart.decide_exam(lucky.id, ok=True)
    day.town.cart.decide_exam(unlucky.id, ok=False)
    await day.until("20:00")
    assert await journeys_end(day, lucky) == once(lucky)
    assert await steps(day, lucky) == ["refused", "exam_held", "accepted", "healed"]
    ended = await case(day, unlucky)
    assert (ended.state, ended.failures, ended.situation) == ("open", 2, "refused_again")
    assert (await journeys_end(day, unlucky))[1:] == NEVER
