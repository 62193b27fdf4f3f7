"""決済NGの案件（カートのバッチ）: what 自動再オーソリ at 05:00 and 支払い方法変更 at 07:30 do is part of the story."""

from __future__ import annotations

from connector.adapters.next_engine.wire import TOTAL
from connector.sandbox.cart.settings import MethodChange
from connector.sandbox.people import COD

from tests.journeys.conftest import RHYTHM, OpenDay
from tests.journeys.refusals import NEVER, SLOWLY, case, journeys_end, once, renewed, steps


async def test_the_morning_authorisation_heals_one_and_stops_the_parent_of_another(open_day: OpenDay) -> None:
    day = await open_day(rhythm_minutes=RHYTHM | SLOWLY)
    day.town.cart.change_settings(auto_reauth=True)
    await day.alone_until("19:00")
    lucky = renewed(day, card="decline until 2026-11-25")
    unlucky = renewed(day, card="decline")
    await day.until("04:30", day=1)
    for order in (lucky, unlucky):
        assert (await case(day, order)).situation == "refused"
    await day.until("08:00", day=1)
    assert [(await case(day, order)).state for order in (lucky, unlucky)] == ["healed", "open"]
    stopped = await case(day, unlucky)
    assert stopped.situation == "parent_stopped"
    assert (await steps(day, unlucky))[-1] == "parent_stopped"
    await day.until("20:00", day=1)
    assert await journeys_end(day, lucky) == once(lucky)
    assert (await journeys_end(day, unlucky))[1:] == NEVER
    assert list(await day.holds(unlucky)) == ["payment_refused"]


async def test_the_batch_that_changes_the_method(open_day: OpenDay) -> None:
    day = await open_day(rhythm_minutes=RHYTHM | SLOWLY)
    day.town.cart.change_settings(method_change=MethodChange(days=1, payment_method_id=COD))
    await day.alone_until("19:00")
    order = renewed(day, card="decline")
    await day.until("07:00", day=1)
    assert (await case(day, order)).state == "open"
    await day.until("20:00", day=1)
    assert await journeys_end(day, order) == once(order, charged=False)
    assert await steps(day, order) == ["refused", "method_changed", "accepted", "healed"]
    assert day.slip(order).amount(TOTAL) == order.amounts.payment_total
    assert order.extras.charge == 330, "the fee of the new method"
