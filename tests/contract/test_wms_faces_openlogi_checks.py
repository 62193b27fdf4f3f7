"""What OPENLOGI's face refuses with 422 and the path it names, and what it must let in (spec/wms.md §2.2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from connector.sandbox.warehouse.faces import OpenlogiFace

from tests.contract.wms_faces import Counterpart, Json, exchange

SHIPMENT = exchange("openlogi", "create_201")["request"]["body"]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Counterpart]:
    async with Counterpart(tmp_path, OpenlogiFace) as counterpart:
        yield counterpart


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"identifier": "x" * 101}, "identifier"),
        ({"identifier": None, "order_no": None}, "identifier"),
        ({"identifier": 200101}, "identifier"),
        ({"recipient": {"postcode": "1500001x"}}, "recipient.postcode"),
        ({"recipient": {"postcode": "530-0001"}}, "recipient.postcode"),
        ({"recipient": {"name": ""}}, "recipient.name"),
        ({"recipient": {"address1": "渋谷区" + "a" * 62, "address2": ""}}, "recipient.address1"),
        ({"recipient": {"address1": "渋谷区" + "あ" * 26, "address2": "い" * 7}}, "recipient.address1"),
        ({"recipient": {"phone": "9000000101"}}, "recipient.phone"),
        ({"items": []}, "items"),
        ({"items": [{"code": "MH-SERUM-30"}]}, "items.0.quantity"),
        ({"items": [{"code": "MH-SERUM-30", "quantity": "1"}]}, "items.0.quantity"),
        ({"items": [{"code": "MH-SERUM-30", "quantity": 121}]}, "items.0.quantity"),
        ({"items": [{"code": "MH-SERUM-30", "quantity": 1, "name": "あ" * 256}]}, "items.0.name"),
        ({"message": "あ" * 501}, "message"),
        ({"delivery_carrier": "SEINO"}, "delivery_carrier"),
        ({"delivery_time_slot": "12"}, "delivery_time_slot"),
        ({"delivery_time_slot": "20"}, "delivery_time_slot"),
        ({"delivery_method": "MAIL"}, "delivery_method"),
        ({"delivery_date": "2026-11-24"}, "delivery_date"),
        ({"delivery_date": "2026-12-02"}, "delivery_date"),
        ({"delivery_date": "2026-02-30"}, "delivery_date"),
        ({"cash_on_delivery": True, "tax_for_cash_on_delivery": 1}, "total_for_cash_on_delivery"),
        (
            {"cash_on_delivery": True, "total_for_cash_on_delivery": 300_001, "tax_for_cash_on_delivery": 1},
            "total_for_cash_on_delivery",
        ),
        ({"suspend": "true"}, "suspend"),
    ],
)
async def test_it_is_strict_where_openlogi_is(shop: Counterpart, changes: Json, path: str) -> None:
    recipient = SHIPMENT["recipient"] | changes.get("recipient", {})
    answer = await shop.told("POST", "/shipments", SHIPMENT | changes | {"recipient": recipient})
    assert (answer.status, list(answer.body["errors"])) == (422, [path]), answer.text
    assert shop.house.history.count("slip_accepted") == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"delivery_carrier": "SAGAWA", "delivery_time_slot": "12"},
        {"delivery_date": "2026-12-01"},
        {"identifier": None},
        {"recipient": {"address1": "渋谷区" + "あ" * 25, "address2": "い" * 7}},
        {"recipient": {"phone": "09000000101"}},
    ],
)
async def test_it_is_no_stricter(shop: Counterpart, changes: Json) -> None:
    recipient = SHIPMENT["recipient"] | changes.get("recipient", {})
    answer = await shop.told("POST", "/shipments", SHIPMENT | changes | {"recipient": recipient})
    assert answer.status == 201, answer.text
    made = answer.body
    assert made["identifier"] == ("EC-2026-000201" if "identifier" in changes else "200101")
    assert list(shop.warehouse.slips()) == [made["identifier"]]
