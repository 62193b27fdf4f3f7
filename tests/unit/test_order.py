"""Order: what counts as news, what counts as a late change, and whether the yen tie."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from connector.order import (
    Amounts,
    Order,
    PaymentKind,
    PaymentState,
    content_digest,
    late_changes,
)
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.unit.world import DEFERRED, START, an_order

YEN = st.integers(min_value=0, max_value=10_000_000)
SIGNED = st.integers(min_value=-1_000_000, max_value=1_000_000)


def amounts(**yen: int) -> Amounts:
    return Amounts(**(dict.fromkeys(Amounts.__struct_fields__, 0) | yen))


@given(YEN, YEN, YEN, YEN, YEN, YEN, SIGNED, YEN, SIGNED)
def test_the_difference_is_what_the_customer_pays_beside_the_parts(
    subtotal: int,
    discount: int,
    points: int,
    fee: int,
    charge: int,
    misc: int,
    adjustment: int,
    tax: int,
    off: int,
) -> None:
    due = subtotal - discount - points + fee + charge + misc + adjustment + tax
    parts = amounts(
        subtotal=subtotal,
        discount=discount,
        points=points,
        delivery_fee=fee,
        charge=charge,
        misc_fee=misc,
        adjustment=adjustment,
        tax=tax,
        payable=due + off,
    )
    assert parts.difference() == off


@pytest.mark.parametrize(
    "news",
    [
        {"memo": "x"},
        {"state_code": "hold"},
        {"cancelled": True},
        {"deleted": True},
        {"deliver_on": date(2026, 12, 1)},
        {"payment": replace(DEFERRED, state=PaymentState.REFUSED)},
        {"payment": replace(DEFERRED, words="G12")},
        {"tracking": "1"},
    ],
)
def test_what_the_cart_says_otherwise_is_news(news: dict[str, Any]) -> None:
    assert content_digest(an_order(**news)) != content_digest(an_order())


@pytest.mark.parametrize(
    "same",
    [
        {"updated_at": START + timedelta(hours=1)},
        {"unknown": ("payment: X",)},
        {"carrier_label": "ヤマト"},
        {"time_slot_label": "午前"},
        {"payment": replace(DEFERRED, kind=PaymentKind.UNKNOWN, prepayment=True, label="後払い")},
    ],
)
def test_when_it_was_said_and_our_own_words_are_no_news(same: dict[str, Any]) -> None:
    assert content_digest(an_order(**same)) == content_digest(an_order())


def test_late_changes_are_named() -> None:
    order = an_order()
    moved = replace(order.recipients[0], address=replace(order.recipients[0].address, city="別の町"))
    changed: Order = replace(
        order,
        recipients=(moved,),
        deliver_on=date(2026, 12, 1),
        memo="not one of them",
        payment=replace(order.payment, method_id=9, state=PaymentState.CAPTURED),
    )
    assert late_changes(order, changed) == ("recipients", "deliver_on", "payment")
    assert late_changes(order, replace(order, tracking="1", state_code="shipped")) == ()


def test_refused_and_voided_both_refuse() -> None:
    states = [state for state in PaymentState if replace(DEFERRED, state=state).refused]
    assert states == [PaymentState.REFUSED, PaymentState.VOIDED]


def test_two_addresses_are_unknown_ground() -> None:
    order = an_order()
    assert not order.split_unknown
    assert replace(order, recipients=order.recipients * 2).split_unknown
