"""Slip and shipment: NE's screens, tracking numbers that are right or do not exist, events read as one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from connector.slip import Result, Shipment, Slip, SlipRow, TrackingNumber
from connector.stages.shipped import whole
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.unit.world import START, a_shipment, tracking

NOW = START
ROW = SlipRow(no=1, sku="SKU-1", name="見本", quantity=2, unit_price=1100, allocated=2)


def a_slip(**more: Any) -> Slip:
    fields: dict[str, Any] = {"number": "1", "order_number": "T-1", "ne_shop_id": "1", "status": 2}
    return Slip(**(fields | more))


@pytest.mark.parametrize(
    ("slip", "screen"),
    [
        (a_slip(status=1), "新規受付"),
        (a_slip(confirm_check="1"), "確認待ち"),
        (a_slip(status=0, confirm_check="1"), "確認待ち"),
        (a_slip(), "入金待ち"),
        (a_slip(deposit_type="2", rows=(replace(ROW, allocated=1),)), "引当待ち"),
        (a_slip(prepayment=False, rows=(replace(ROW, allocated=3),)), "引当待ち"),
        (a_slip(prepayment=False, rows=(replace(ROW, allocated=0, cancelled=True),)), ""),
        (a_slip(prepayment=False, rows=(replace(ROW, release_on=date(2026, 12, 1)),)), "発売日待ち"),
        (a_slip(status=20), "印刷待ち"),
        (a_slip(status=20, instruct_at=NOW), "印刷待ち"),
        (a_slip(status=20, instruct_at=NOW + timedelta(seconds=1)), "印刷日待ち"),
        (a_slip(status=30), ""),
        (a_slip(status=40), "印刷済み"),
        (a_slip(status=50), "出荷済み"),
        (a_slip(status=20, cancel_type="1"), "キャンセル"),
    ],
)
def test_the_screen_it_stands_on(slip: Slip, screen: str) -> None:
    assert slip.waits_for(NOW) == screen
    assert slip.print_ready(NOW) is (screen == "印刷待ち")


def test_merged_is_not_just_cancelled() -> None:
    assert a_slip(cancel_type="3", merged_into="2").merged
    assert not a_slip(cancel_type="1", merged_into="2").merged


@given(st.integers(min_value=0, max_value=99_999_999_999))
def test_the_check_digit_of_yamato(body: int) -> None:
    good = f"{body:011}{body % 7}"
    assert TrackingNumber.read(good, "YAMATO_TAKKYUBIN") == good
    for digit in "0123456789":
        if digit != good[-1]:
            with pytest.raises(ValueError, match="check_digit"):
                TrackingNumber.read(good[:-1] + digit, "YAMATO_TAKKYUBIN")


@pytest.mark.parametrize(
    ("text", "carrier", "found"),
    [
        ("4999-0000-0014", "YAMATO_TAKKYUBIN", "499900000014"),
        ("４９９９００００００１４", "SAGAWA_TAKUHAI", "499900000014"),
        ('="499900000014"', "JP_YUPACK", "499900000014"),
        ("4999 0000−0014", "YAMATO_TAKKYUBIN", "499900000014"),
        ("1234567890", "SEINO", "1234567890"),
        ("12345678", "RAKUTEN_EXPRESS", "12345678"),
    ],
)
def test_spellings_of_a_number(text: str, carrier: str, found: str) -> None:
    assert TrackingNumber.read(text, carrier) == found


@pytest.mark.parametrize(
    ("text", "carrier", "reason"),
    [
        ("4.999E+11", "YAMATO_TAKKYUBIN", "excel_damage"),
        ("", "SEINO", "empty"),
        ("ABC12345678", "SEINO", "not_digits"),
        ("123456789", "SEINO", "too_short"),
        ("1234567890123", "FUKUYAMA", "too_long"),
        ("49990000001", "YAMATO_COMPACT", "too_short"),
        ("4999000000140", "YAMATO_COMPACT", "too_long"),
    ],
)
def test_no_number_at_all(text: str, carrier: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        TrackingNumber.read(text, carrier)


def test_a_shipment_survives_its_bytes() -> None:
    shipment = a_shipment("9001", tracking(1), tracking(2), reason="髙")
    assert Shipment.from_bytes(shipment.to_bytes()) == shipment


E1 = a_shipment("9001", tracking(1), result_id="E1")
E2 = a_shipment("9001", tracking(2), result_id="E2")
HALF = {"parcels": 2, "complete": False}


@pytest.mark.parametrize(
    ("events", "numbers", "complete"),
    [
        ([E1], [1], True),
        ([E1, E1], [1], True),
        ([replace(E1, **HALF)], [1], False),
        ([replace(E1, **HALF), replace(E2, **HALF)], [1, 2], True),
        ([replace(E2, **HALF), replace(E1, **HALF)], [2, 1], True),
        ([E1, E2], [2], True),  # the first was whole: the second corrects it
        ([E1, replace(E1, tracking=E2.tracking)], [2], True),  # a new version of the same event
        ([replace(E1, result=Result.PARTIAL), E2], [1, 2], True),
        ([replace(E1, result=Result.UNSHIPPABLE, tracking=()), E2], [2], True),
        ([E1, replace(E2, result=Result.CANCELLED, tracking=())], [1], True),
    ],
)
def test_events_of_one_slip_read_as_one(events: list[Shipment], numbers: list[int], complete: bool) -> None:
    found = whole(events)
    assert found is not None
    assert found.tracking == tuple(tracking(n) for n in numbers)
    assert found.complete is complete


def test_nothing_left() -> None:
    assert whole([]) is None
    assert whole([replace(E1, result=Result.CANCELLED)]) is None
