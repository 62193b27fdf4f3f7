"""同じ回の受注: two living orders for the same goods never both pass the announcement, unless a person wants both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from connector.ledger.schema import effects, orders
from connector.order import Order, Payment, PaymentState, Round
from connector.outcome import EffectState
from msgspec.structs import replace
from sqlalchemy import update

from tests.unit.case_desk import DELIVER_ON, EXAM, PAID, REFUSED, VOIDED, a_renewal, case, links, show
from tests.unit.world import START, World, an_order, world

LATE = START + timedelta(hours=1)


@pytest.fixture
def w(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as one:
        yield one


def the_old(payment: Payment = PAID, **more: Any) -> Order:
    return a_renewal("T-3", payment, **more)


def the_new(payment: Payment = PAID, **more: Any) -> Order:
    """Made after the old one was voided: the same 定期回数 again (spec/ecforce.md §7.8)."""
    made: dict[str, Any] = {"nth": 4, "placed_at": LATE}
    return a_renewal("T-4", payment, **(made | more))


def walked(w: World) -> tuple[str, str]:
    return w.state("T-3"), w.state("T-4")


def stands(w: World, number: str, state: str) -> None:
    with w.database.engine.begin() as connection:
        connection.execute(update(orders).where(orders.c.number == number).values(state=state))


async def test_both_paid_and_not_announced_the_newer_one_waits(w: World) -> None:
    await show(w, the_old(), the_new())
    assert walked(w) == ("notified", "received")
    assert w.holds("T-4") == ["double_round"]
    assert w.hold_note("T-4", "double_round") == "受注 T-3"
    w.pass_by(days=1)
    await w.run("notify")
    assert walked(w) == ("notified", "received")
    assert w.mailer.count("sent") == 1


async def test_the_older_one_refused_lets_the_newer_go_and_stays_when_it_heals(w: World) -> None:
    await show(w, the_old(REFUSED), the_new())
    assert walked(w) == ("received", "notified")
    await show(w, the_old())
    assert walked(w) == ("received", "notified")
    assert w.holds("T-3") == ["double_round"]
    assert case(w, "T-3").state == "healed"
    assert case(w, "T-3").situation == "held_otherwise"
    assert w.mailer.count("sent", "T-3") == 0


async def test_it_goes_by_itself_once_the_other_one_is_cancelled(w: World) -> None:
    await show(w, the_old(), the_new())
    await show(w, the_old(VOIDED, cancelled=True))
    assert walked(w) == ("notified", "received"), "its slip lives until the stop is proved"
    w.pass_by(minutes=2)
    await w.run("confirm_intake", "stop")
    assert w.state("T-3") == "cancelled"
    w.pass_by(minutes=11)
    await w.run("notify")
    assert walked(w) == ("cancelled", "notified")
    assert w.holds("T-4") == []
    assert "released" in w.events("T-4")


async def test_a_stop_that_came_too_late_keeps_the_new_one_back(w: World) -> None:
    await w.to_shipped(the_old())
    assert w.state("T-3") == "shipped"
    await show(w, the_old(VOIDED, cancelled=True), the_new())
    await w.run("stop")
    assert w.stop("T-3") == "too_late"
    w.pass_by(minutes=11)
    await w.run("notify")
    assert w.holds("T-4") == ["double_round"]


async def test_a_person_who_releases_it_wants_both(w: World) -> None:
    await show(w, the_old(), the_new())
    w.release("T-4", "double_round")
    for _ in range(3):
        w.pass_by(minutes=11)
        await w.run("notify")
    assert walked(w) == ("notified", "notified")
    assert w.events("T-4").count("held") == 1


async def test_released_for_one_it_is_held_for_another(w: World) -> None:
    await show(w, the_old(), the_new())
    w.release("T-4", "double_round")
    await show(w, a_renewal("T-2", PAID, nth=2))
    assert w.holds("T-2") == ["double_round"]
    assert w.holds("T-4") == ["double_round"]
    assert w.hold_note("T-4", "double_round") == "受注 T-2"


async def test_a_release_holds_for_both_sides(w: World) -> None:
    """The old one healed behind the new one; released, it goes, and does not turn the new one into a twin."""
    await show(w, the_old(REFUSED), the_new(REFUSED))
    await show(w, the_new())
    await show(w, the_old())
    assert walked(w) == ("received", "notified")
    w.release("T-3", "double_round")
    w.pass_by(minutes=11)
    await w.run("notify")
    assert walked(w) == ("notified", "notified")


async def test_while_the_older_ones_exam_runs_the_newer_waits(w: World) -> None:
    await show(w, the_old(EXAM), the_new())
    assert walked(w) == ("received", "received")
    assert (w.holds("T-3"), w.holds("T-4")) == ([], ["double_round"])
    await show(w, the_old(REFUSED))
    assert walked(w) == ("received", "notified")


async def test_whose_mail_may_have_gone_out_goes_first(w: World) -> None:
    await show(w, the_old(REFUSED), the_new(REFUSED))
    w.mailer.fates.append(TimeoutError("no answer"))
    await show(w, the_new())
    assert walked(w)[1] == "received"
    assert w.effects("mail") != []
    await show(w, the_old(), minutes=0.5)
    assert w.holds("T-3") == ["double_round"]


async def test_a_mail_that_provably_never_left_gives_nothing_away(w: World) -> None:
    await show(w, the_old(REFUSED), the_new())
    with w.database.engine.begin() as connection:
        connection.execute(update(effects).values(state=EffectState.UNDONE))
    stands(w, "T-4", "received")
    await show(w, the_old())
    assert w.state("T-3") == "notified"
    assert w.holds("T-4") == ["double_round"]


async def test_parts_of_one_order_are_no_twins(w: World) -> None:
    """An order for several addresses walks as several orders of one 受注ID."""
    await show(w, a_renewal("T-3", PAID, cart_order_id=3), a_renewal("T-3-9", PAID, cart_order_id=3))
    assert (w.state("T-3"), w.state("T-3-9")) == ("notified", "notified")


async def test_another_round_or_subscription_is_no_twin(w: World) -> None:
    other = Round(subscription_id=78, number="S78", round=3, nth=3)
    await show(
        w,
        the_old(),
        a_renewal("T-5", PAID, round_=4, placed_at=LATE),
        a_renewal("T-6", PAID, subscription=other),
    )
    assert [w.state(number) for number in ("T-3", "T-5", "T-6")] == ["notified"] * 3


async def test_a_refund_lowers_the_count_and_the_next_delivery_is_no_twin(w: World) -> None:
    """Round 3 of last month was shipped; a refund took a round back, so this month's order says 3 again."""
    await w.to_shipped(the_old())
    await show(w, the_new(deliver_on=DELIVER_ON + timedelta(days=30)))
    assert w.state("T-4") == "notified"


async def test_a_refunded_order_does_not_hold_its_successor(w: World) -> None:
    await w.to_shipped(the_old())
    stands(w, "T-3", "completed")
    await show(w, the_old(VOIDED, cancelled=True))
    await show(w, the_new(deliver_on=DELIVER_ON + timedelta(days=30)))
    assert links(w, "T-3") == [("stood_in_by", "T-4", "round")]
    assert w.state("T-4") == "notified"


async def test_without_a_count_the_place_in_the_subscription_decides(w: World) -> None:
    await show(w, the_old(round_=0, nth=3), the_new(round_=0, nth=4))
    assert walked(w) == ("notified", "notified")
    await show(w, a_renewal("T-5", PAID, round_=0, nth=4, placed_at=LATE))
    assert w.holds("T-5") == ["double_round"]


async def test_ordered_again_by_hand_and_then_the_first_one_heals(w: World) -> None:
    await show(w, an_order("T-1", REFUSED))
    await show(w, an_order("T-2", PAID, placed_at=w.clock.now()))
    assert w.state("T-2") == "notified"
    await show(w, an_order("T-1", PAID))
    assert (w.state("T-1"), w.holds("T-1")) == ("received", ["double_round"])
    w.release("T-1", "double_round")
    w.pass_by(minutes=11)
    await w.run("notify")
    assert w.state("T-1") == "notified", "both were wanted"


async def test_a_failed_sale_before_shipping_is_never_announced(w: World) -> None:
    failed = replace(PAID, state=PaymentState.CAPTURE_FAILED, state_code="sales_failed", words="与信切れ")
    await show(w, an_order(payment=failed))
    assert (w.state(), w.holds()) == ("received", ["payment_refused"])
    assert w.mailer.sent == []
