"""決済NGの案件: opened by the first refusal, one per order, closed by facts, open again where the fact vanishes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from connector.ledger.case_steps import CANCELLED, HEALED, OPEN, between, verdict
from connector.ledger.subscriptions import follow
from connector.order import Payment, PaymentState
from connector.subscription import Schedule, Subscription, SubscriptionState
from msgspec.structs import replace

from tests.unit.case_desk import (
    COD,
    EXAM,
    EXAM_FAILED,
    EXAM_HELD,
    EXAM_PASSED,
    EXPIRED,
    OTHER_CARD,
    PAID,
    PENDING,
    REFUSED,
    VOIDED,
    a_renewal,
    case,
    figures,
    has_case,
    links,
    show,
    steps,
)
from tests.unit.world import START, World, an_order, world


@pytest.fixture
def w(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as one:
        yield one


# --- the pure part: what happened between two versions ---------------------------------------------------------


def seen(
    before: Payment, after: Payment, *, was_cancelled: bool = False, cancelled: bool = False
) -> tuple[str, ...]:
    return between(
        an_order(payment=before, cancelled=was_cancelled), an_order(payment=after, cancelled=cancelled)
    )


def test_every_step_by_name() -> None:
    assert seen(REFUSED, REFUSED) == ()
    assert seen(REFUSED, EXPIRED) == ("refused",)
    assert seen(REFUSED, replace(REFUSED, state_code="update_failed")) == ("refused",)
    assert seen(REFUSED, OTHER_CARD) == ("card_changed",)
    assert seen(REFUSED, replace(OTHER_CARD, words="限度額")) == ("card_changed", "refused")
    assert seen(REFUSED, COD) == ("method_changed", "accepted")
    assert seen(REFUSED, EXAM) == ("method_changed", "exam")
    assert seen(EXAM, EXAM_HELD) == ("exam_held",)
    assert seen(EXAM_HELD, EXAM_PASSED) == ("accepted",)
    assert seen(EXAM_HELD, EXAM_FAILED) == ("refused",)
    assert seen(REFUSED, PENDING) == ("pending",)
    assert seen(REFUSED, VOIDED, cancelled=True) == ("cancelled", "voided")
    assert seen(VOIDED, PAID, was_cancelled=True) == ("accepted", "revived")
    assert seen(PAID, replace(PAID, words="メモ")) == ()
    unclear = replace(PAID, state=PaymentState.UNKNOWN, state_code="void_failed")
    assert seen(REFUSED, unclear) == ("unclear",)


@pytest.mark.parametrize(
    ("before", "payment", "gone", "after"),
    [
        (OPEN, REFUSED, False, OPEN),
        (OPEN, VOIDED, False, OPEN),
        (OPEN, EXAM, False, OPEN),
        (OPEN, PENDING, False, OPEN),
        (OPEN, replace(COD, state=PaymentState.PENDING), False, HEALED),  # a bank transfer: paid elsewhere
        (OPEN, COD, False, HEALED),
        (OPEN, PAID, False, HEALED),
        (OPEN, replace(PAID, state=PaymentState.PAID), False, HEALED),
        (OPEN, replace(PAID, state=PaymentState.UNKNOWN), False, OPEN),
        (OPEN, replace(PAID, state=PaymentState.CAPTURE_FAILED), False, OPEN),
        (OPEN, REFUSED, True, CANCELLED),
        (OPEN, VOIDED, True, CANCELLED),
        (CANCELLED, PAID, True, OPEN),  # 再オーソリ on a cancelled order: paid, and going nowhere
        (CANCELLED, EXAM, True, OPEN),
        (CANCELLED, PAID, False, HEALED),
        (CANCELLED, REFUSED, False, OPEN),
        (HEALED, REFUSED, False, OPEN),
        (HEALED, VOIDED, False, OPEN),
        (HEALED, replace(PAID, state=PaymentState.CAPTURE_FAILED), False, HEALED),
        (HEALED, PAID, True, HEALED),
        (HEALED, VOIDED, True, HEALED),
    ],
)
def test_every_verdict(before: str, payment: Payment, gone: bool, after: str) -> None:
    assert verdict(before, an_order(payment=payment, cancelled=gone)) == after


# --- a case in the ledger ----------------------------------------------------------------------------------------


async def test_the_first_refusal_opens_a_case_with_the_gateways_words(w: World) -> None:
    await show(w, an_order(payment=REFUSED), an_order("T-1002", PAID))
    one = case(w)
    assert (one.state, one.situation, one.failures, one.yen) == ("open", "refused", 1, 2200)
    assert one.words == "カード会社により取引が拒否されました。"
    assert steps(w) == ["refused"]
    assert one.needs_hand
    assert not has_case(w, "T-1002")
    assert w.holds() == ["payment_refused"]


@pytest.mark.parametrize(
    "code", ["auth_failed", "credit_exam_failed", "update_failed", "registration_failed"]
)
async def test_every_refused_code_opens_one(w: World, code: str) -> None:
    await show(w, an_order(payment=replace(REFUSED, state_code=code)))
    assert case(w).state == "open"


async def test_an_authorised_order_that_is_refused_later_gets_its_case_then(w: World) -> None:
    await show(w, an_order(payment=PAID))
    assert w.state() == "notified"
    await show(w, an_order(payment=replace(REFUSED, state_code="update_failed")))
    assert (case(w).state, case(w).situation) == ("open", "handed_on")


@pytest.mark.parametrize("end", ["cancelled", "deleted"])
async def test_what_is_gone_before_we_see_it_needs_nobody(w: World, end: str) -> None:
    await show(w, replace(an_order(payment=REFUSED), **{end: True}))
    assert not has_case(w)


async def test_before_the_start_nothing_is_ours(w: World) -> None:
    await show(w, an_order(payment=REFUSED, placed_at=START - timedelta(days=1)))
    assert not has_case(w)


async def test_refused_again_and_again(w: World) -> None:
    for payment in (REFUSED, EXPIRED, REFUSED):
        await show(w, an_order(payment=payment))
    assert (case(w).failures, case(w).situation) == (3, "refused_again")
    assert steps(w) == ["refused"] * 3
    assert len({step.version for step in case(w).steps}) == 3, "each step names the version that showed it"


async def test_a_changed_card_waits_to_be_tried_again(w: World) -> None:
    await show(w, an_order(payment=REFUSED))
    await show(w, an_order(payment=OTHER_CARD))
    assert case(w).situation == "not_retried"
    await show(w, an_order(payment=replace(OTHER_CARD, words="限度額超過")))
    assert case(w).situation == "refused_again"
    await show(w, an_order(payment=replace(PAID, source_id=2)))
    assert (case(w).state, steps(w)[-2:]) == ("healed", ["accepted", "healed"])
    assert w.state() == "notified"
    assert w.mailer.count("sent", "T-1001") == 1


async def test_the_same_content_again_is_no_step(w: World) -> None:
    for _ in range(4):
        await show(w, an_order(payment=REFUSED))
    assert steps(w) == ["refused"]


async def test_exams_are_waited_for_and_told_apart(w: World) -> None:
    await show(w, an_order(payment=EXAM_FAILED))
    assert case(w).situation == "exam_failed"
    await show(w, an_order(payment=EXAM))
    assert (case(w).situation, case(w).needs_hand) == ("exam", False)
    await show(w, an_order(payment=EXAM_HELD))
    assert (case(w).situation, case(w).needs_hand) == ("exam_held", True)
    assert w.state() == "received"
    await show(w, an_order(payment=EXAM_PASSED))
    assert case(w).state == "healed"
    assert steps(w) == ["refused", "exam", "exam_held", "accepted", "healed"]
    assert w.state() == "notified"


async def test_an_exam_that_fails_after_a_hold_is_refused_again(w: World) -> None:
    for payment in (EXAM_FAILED, EXAM, EXAM_HELD, EXAM_FAILED):
        await show(w, an_order(payment=payment))
    assert (case(w).failures, case(w).state, w.state()) == (2, "open", "received")


async def test_the_production_sequence_seen_step_by_step(w: World) -> None:
    """void(0,0) → payment_attributes → reauth → poll → PUT state complete (spec/ecforce.md §2.11)."""
    await show(w, an_order(payment=REFUSED))
    await show(w, an_order(payment=VOIDED, cancelled=True))
    assert (w.state(), case(w).state) == ("cancelled", "cancelled")
    await show(w, an_order(payment=replace(EXAM, method_id=24), cancelled=True))
    assert (case(w).state, case(w).situation, case(w).needs_hand) == ("open", "paid_but_cancelled", True)
    await show(w, an_order(payment=replace(EXAM_PASSED, method_id=24), cancelled=True))
    assert (w.state(), case(w).situation) == ("cancelled", "paid_but_cancelled")
    await show(w, an_order(payment=replace(EXAM_PASSED, method_id=24)))
    assert (case(w).state, case(w).situation) == ("healed", "joins")
    assert steps(w) == [
        "refused", "cancelled", "voided", "cancelled", "method_changed", "exam", "opened_again", "accepted",
        "revived", "healed",
    ]  # fmt: skip
    assert w.state() == "notified"
    assert w.mailer.count("sent", "T-1001") == 1


async def test_the_production_sequence_between_two_looks(w: World) -> None:
    await show(w, an_order(payment=REFUSED))
    await show(w, an_order(payment=COD))
    assert steps(w) == ["refused", "method_changed", "accepted", "healed"]
    assert w.state() == "notified"


async def test_healed_and_refused_again_is_the_same_case(w: World) -> None:
    await show(w, an_order(payment=REFUSED))
    await show(w, an_order(payment=PAID))
    first = case(w)
    assert first.closed_at is not None
    await show(w, an_order(payment=replace(REFUSED, state_code="update_failed")))
    again = case(w)
    assert (again.state, again.closed_at, again.failures) == ("open", None, 2)
    assert again.opened_at == first.opened_at
    assert w.rows_of("payment_cases") == 1


async def test_nothing_for_thirty_days_is_shown_as_given_up_and_comes_back(w: World) -> None:
    await show(w, an_order(payment=REFUSED))
    w.pass_by(days=29, hours=23)
    assert case(w).state == "open"
    w.pass_by(hours=1)
    assert (case(w).state, case(w).needs_hand) == ("given_up", False)
    assert case(w).closed_at is None, "no fact closed it"
    counted = figures(w).figures
    assert (counted.open, counted.given_up, counted.given_up_yen) == (0, 1, 2200)
    await show(w, an_order(payment=EXPIRED))
    assert case(w).state == "open"
    w.pass_by(days=40)
    await show(w, an_order(payment=PAID))
    assert (case(w).state, w.state()) == ("healed", "notified")


def a_subscription(state: SubscriptionState = SubscriptionState.ACTIVE) -> Subscription:
    return Subscription(
        subscription_id=77,
        number="S77",
        customer_number="C1",
        state=state,
        state_code=str(state),
        schedule=Schedule(),
        times=3,
        orders_count=3,
        created_at=START,
        updated_at=START,
        cancelled_at=START + timedelta(hours=5) if state is SubscriptionState.CANCELLED else None,
    )


async def test_a_stopped_parent_is_part_of_the_story(w: World) -> None:
    await show(w, a_renewal("T-3"))
    with w.database.engine.begin() as connection:
        follow(connection, w.shop, [a_subscription()], None, w.clock.now())
    assert case(w, "T-3").situation == "refused"
    with w.database.engine.begin() as connection:
        follow(connection, w.shop, [a_subscription(SubscriptionState.CANCELLED)], None, w.clock.now())
    one = case(w, "T-3")
    assert (one.situation, one.subscription, one.round) == ("parent_stopped", "S77", 3)
    assert steps(w, "T-3") == ["refused", "parent_stopped"]


# --- the next import ------------------------------------------------------------------------------------------------


async def test_a_healed_order_joins_the_next_import(w: World) -> None:
    await show(w, an_order(payment=REFUSED))
    await w.import_now()
    await show(w, an_order(payment=PAID), minutes=60)
    one = case(w)
    assert (one.situation, one.joined_at) == ("joins", None)
    assert one.joins_at is not None
    w.pass_by(minutes=2)
    await w.run("confirm_intake")
    await w.import_now()
    w.pass_by(minutes=2)
    await w.run("import_daily")
    assert (case(w).situation, w.state()) == ("joined", "imported")
    assert case(w).joined_at == w.order().since
    assert w.ne.count("imported", "T-1001") == 1


async def test_one_that_missed_its_import_is_said_aloud(w: World) -> None:
    await show(w, an_order(payment=REFUSED))
    w.cart.put(an_order(payment=PAID))
    await w.run("ingest")
    w.pass_by(days=2)
    assert (case(w).situation, case(w).needs_hand) == ("missed", True)
    assert figures(w).figures.missed == 1


async def test_healed_and_held_for_another_reason(w: World) -> None:
    await show(w, an_order(payment=REFUSED))
    await show(w, an_order(payment=PAID, unknown=("carrier: 見本便",)))
    assert (case(w).state, case(w).situation) == ("healed", "held_otherwise")


# --- cancelled and ordered again -------------------------------------------------------------------------------------


async def test_cancelled_and_generated_again_is_linked_by_the_round(w: World) -> None:
    await show(w, a_renewal("T-3"))
    await show(w, a_renewal("T-3", VOIDED, cancelled=True))
    assert case(w, "T-3").state == "cancelled"
    new = a_renewal("T-4", PAID, nth=4, placed_at=w.clock.now())
    await show(w, new)
    assert links(w, "T-3") == [("stood_in_by", "T-4", "round")]
    assert links(w, "T-4") == [("stands_in_for", "T-3", "round")]
    assert (case(w, "T-3").state, case(w, "T-3").replaced_by) == ("replaced", "T-4")
    assert w.state("T-4") == "notified"
    assert "linked" in w.events("T-4")
    assert "linked" in w.events("T-3")

    await show(w, replace(new, cancelled=True))
    assert (case(w, "T-3").state, case(w, "T-3").replaced_by) == ("cancelled", "")
    assert steps(w, "T-3")[-2:] == ["replaced", "cancelled"]


async def test_the_link_is_found_whichever_comes_first(w: World) -> None:
    await show(w, a_renewal("T-3"))
    await show(w, a_renewal("T-4", PAID, nth=4, placed_at=w.clock.now()))
    assert (case(w, "T-3").state, case(w, "T-3").situation) == ("open", "double")
    assert case(w, "T-3").twins == ("T-4",)
    await show(w, a_renewal("T-3", VOIDED, cancelled=True))
    assert (case(w, "T-3").state, case(w, "T-3").replaced_by) == ("replaced", "T-4")
    assert links(w, "T-3") == [("stood_in_by", "T-4", "round")]


async def test_the_same_customer_with_the_same_goods_is_a_guess(w: World) -> None:
    await show(w, an_order("T-1", REFUSED))
    other_goods = replace(an_order().lines[0], sku="SKU-2")
    again = {"placed_at": w.clock.now()}
    await show(
        w,
        an_order("T-2", PAID, **again),
        an_order("T-3", PAID, lines=(other_goods,), **again),
        an_order("T-4", PAID, buyer=replace(an_order().buyer, customer_id=2), **again),
        a_renewal("T-5", PAID, placed_at=w.clock.now()),
    )
    assert links(w, "T-1") == [("stood_in_by", "T-2", "reordered")]
    assert [links(w, number) for number in ("T-3", "T-4", "T-5")] == [[], [], []]
    assert case(w, "T-1").situation == "double"


async def test_two_weeks_later_it_is_another_purchase(w: World) -> None:
    await show(w, an_order("T-1", REFUSED), an_order("T-2", PAID, placed_at=START + timedelta(seconds=1)))
    assert links(w, "T-1") == [("stood_in_by", "T-2", "reordered")]
    await show(w, an_order("T-3", PAID, placed_at=START + timedelta(days=14, hours=1)))
    assert links(w, "T-3") == []


async def test_a_plain_cancel_and_a_new_order_are_linked_too(w: World) -> None:
    await show(w, an_order("T-1", PAID), minutes=1)
    await show(w, an_order("T-1", VOIDED, cancelled=True), minutes=1)
    await show(w, an_order("T-2", PAID, placed_at=w.clock.now()))
    assert links(w, "T-2") == [("stands_in_for", "T-1", "reordered")]
    assert not has_case(w, "T-1")


async def test_two_living_orders_are_not_linked(w: World) -> None:
    await show(w, an_order("T-1", PAID), an_order("T-2", PAID, placed_at=START + timedelta(hours=1)))
    assert links(w, "T-1") == links(w, "T-2") == []


# --- figures ---------------------------------------------------------------------------------------------------------


async def test_the_figures(w: World) -> None:
    for n in (1, 2, 3):
        buyer = replace(an_order().buyer, customer_id=n)
        await show(w, an_order(f"T-{n}", REFUSED, buyer=buyer, placed_at=w.clock.now()))
        w.pass_by(hours=12)
    healed = an_order("T-2", PAID, buyer=replace(an_order().buyer, customer_id=2))
    await show(w, healed)
    day = figures(w).figures
    assert (day.open, day.open_yen, day.oldest) == (2, 4400, "T-1")
    assert day.healed == 0, "yesterday nothing healed"
    w.pass_by(days=1)
    found = figures(w)
    assert (found.figures.healed, found.figures.healed_yen, found.figures.healed_permille) == (1, 2200, 333)
    assert [row.order_number for row in found.rows] == ["T-1", "T-3", "T-2"]
    w.pass_by(days=31)
    assert figures(w).figures.healed_permille is None
    assert [row.order_number for row in figures(w, everything=True).rows] == ["T-1", "T-3", "T-2"]
