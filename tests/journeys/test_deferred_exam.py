"""与信審査: a deferred payment under examination waits in the cart; passed it goes on, failed it stays."""

from __future__ import annotations

from connector.sandbox.people import DEFERRED

from tests.journeys.day import Day


async def test_an_exam_is_waited_for_and_its_end_decides(day: Day) -> None:
    await day.alone_until("08:30")
    lucky = day.place(payment_method_id=DEFERRED, card="hold")
    unlucky = day.place(payment_method_id=DEFERRED, card="hold")

    await day.until("09:15")
    for order in (lucky, unlucky):
        seen = (await day.picture(order)).order
        assert (seen.state, seen.waiting_for) == ("received", "与信審査中")
        assert await day.holds(order) == {}, "waiting is not trouble"
        assert day.mails(order) == 0

    day.town.cart.decide_exam(lucky.id, ok=True)
    day.town.cart.decide_exam(unlucky.id, ok=False)
    await day.until("20:00")
    assert await day.state(lucky) == "completed"
    assert day.captures(lucky) == [lucky.amounts.payment_total]
    assert await day.state(unlucky) == "received"
    assert list(await day.holds(unlucky)) == ["payment_refused"]
    assert day.mails(unlucky) == 0
