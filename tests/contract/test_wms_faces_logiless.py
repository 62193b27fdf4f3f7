"""LOGILESS face of the sandbox warehouse against fixtures/wms/logiless, and what §2.3 and §8 say besides."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from connector.sandbox.warehouse import StockItem
from connector.sandbox.warehouse.faces import LogilessFace, Trouble
from connector.sandbox.warehouse.slips import State

from tests.contract.wms_faces import FIXTURES, Counterpart, Json, exchange, labels_in, names, same

HOUSE = "/api/v1/merchant/1"
ORDER = exchange("logiless", "create_200")["request"]["body"]
# Tea in the lots of the first delivery of the fixture, and tea without a lot for the others.
STOCK = [
    StockItem("MH-SERUM-30", 120),
    StockItem("MH-TEA-20", 3, "", "L2609A", date(2027, 9, 30)),
    StockItem("MH-TEA-20", 2, "", "L2610B", date(2027, 10, 31)),
    StockItem("MH-TEA-20", 200),
    StockItem("MH-CREAM-50", 60),
    StockItem("MH-MASK-07", 60),
]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Counterpart]:
    async with Counterpart(tmp_path, LogilessFace, stock=STOCK) as counterpart:
        yield counterpart


def face(shop: Counterpart) -> LogilessFace:
    assert isinstance(shop.face, LogilessFace)
    return shop.face


def an_order(code: str = "200101", *goods: tuple[str, int], **changes: Json) -> Json:
    lines = [{"article_code": sku, "quantity": quantity} for sku, quantity in goods]
    return copy.deepcopy(ORDER) | {"code": code} | ({"lines": lines} if goods else {}) | changes


async def create(shop: Counterpart, body: Json) -> Json:
    answer = await shop.told("POST", f"{HOUSE}/sales_orders/new", body)
    assert answer.status == 200, answer.text
    return answer.body


async def deliveries(shop: Counterpart, query: str = "") -> list[Json]:
    answer = await shop.told("GET", f"{HOUSE}/outbound_deliveries{query}")
    assert answer.status == 200, answer.text
    found: list[Json] = answer.body["data"]
    return found


Stage = Callable[[Counterpart, Json], Awaitable[str]]


async def fresh(shop: Counterpart, given: Json) -> str:
    return ""


async def sent_before(shop: Counterpart, given: Json) -> str:
    made = await create(shop, an_order())
    return f"{HOUSE}/sales_orders/{made['id']}/reversal" if "reversal" in given["request"]["path"] else ""


async def being_picked(shop: Counterpart, given: Json) -> str:
    path = await sent_before(shop, given)
    await shop.until(11, 10)
    return path


async def month_over(shop: Counterpart, given: Json) -> str:
    assert shop.token
    await shop.house.until(shop.house.clock.now() + timedelta(days=30))
    return ""


async def minute_used_up(shop: Counterpart, given: Json) -> str:
    face(shop).limit.exhaust()
    return ""


async def maintenance(shop: Counterpart, given: Json) -> str:
    face(shop).troubles.plan(Trouble("html-503"))
    return ""


async def silence_after_the_work(shop: Counterpart, given: Json) -> str:
    face(shop).troubles.plan(Trouble("silence", applied=True))
    return ""


async def a_day_shipped(shop: Counterpart, given: Json) -> str:
    """Lots, three parcels, two orders in one box, and a box that left in part and got its rest allocated."""
    # The fixture names 200106 twice; a code is accepted once, so its fourth delivery has one of its own here.
    rename(given["response"]["body"]["data"][3], "200111")
    await create(shop, an_order("200101"))
    await create(
        shop, an_order("200106", ("MH-SERUM-30", 6), ("MH-CREAM-50", 12), delivery_package_quantity="3")
    )
    await create(shop, an_order("200301", ("MH-SERUM-30", 1)))
    await create(shop, an_order("200302", ("MH-TEA-20", 5)))
    face(shop).combine("200301", "200302")
    shop.warehouse.stock.set_free("MH-CREAM-50", 0)
    await create(shop, an_order("200111", ("MH-SERUM-30", 6), ("MH-CREAM-50", 12)))
    await shop.until(19)
    shop.warehouse.seed_stock([StockItem("MH-CREAM-50", 12)])
    return ""


def rename(delivery: Json, code: str) -> None:
    delivery["sales_order"]["code"] = code
    for line in delivery["lines"]:
        line["origin"]["code"] = code


async def twenty_and_one(shop: Counterpart, given: Json) -> str:
    shop.warehouse.stock.set_free("MH-TEA-20", 100)
    many = [an_order(f"M{place:02d}", ("MH-MASK-07", 1)) for place in range(20)]
    assert (await shop.told("POST", f"{HOUSE}/sales_orders/new/multiple", many)).status == 200
    await create(shop, an_order("200101"))
    await shop.until(19)
    return ""


STAGES: dict[str, Stage] = {
    "cancel_423": being_picked,
    "cancel_accepted": sent_before,
    "create_200": fresh,
    "create_400": fresh,
    "create_400_duplicate": sent_before,
    "create_multiple_200": fresh,
    "error_401_token_expired": month_over,
    "error_429": minute_used_up,
    "error_503_html": maintenance,
    "lookup_by_code": sent_before,
    "lookup_by_code_none": fresh,
    "outbound_page_2_of_2": twenty_and_one,
    "outbound_shipped_list": a_day_shipped,
    "timeout_after_commit": silence_after_the_work,
}


@pytest.mark.parametrize("name", names("logiless"))
async def test_the_exchange_of_the_fixture(shop: Counterpart, name: str) -> None:
    given = exchange("logiless", name)
    path = await STAGES[name](shop, given)
    same(await shop.replay(given, path=path), given)
    assert shop.warehouse.check() == []


# What must follow.


async def test_the_body_of_the_fixture_as_bytes_and_the_same_without_escapes(shop: Counterpart) -> None:
    escaped = (FIXTURES / "logiless" / "create_body_escaped.bin").read_bytes()
    raw = json.dumps(json.loads(escaped), ensure_ascii=False).encode("utf-8")
    refused = await shop.told("POST", f"{HOUSE}/sales_orders/new", data=raw)
    assert (refused.status, refused.body["error"]) == (400, "invalid_request")
    assert shop.warehouse.slips() == {}
    taken = await shop.told("POST", f"{HOUSE}/sales_orders/new", data=escaped)
    assert (taken.status, taken.body["recipient_name1"]) == (200, "見本 花子")
    assert taken.text.isascii()


async def test_a_call_without_an_answer_was_done_and_is_found_by_its_code(shop: Counterpart) -> None:
    face(shop).troubles.plan(Trouble("silence", applied=True))
    assert await shop.replay(exchange("logiless", "timeout_after_commit")) is None
    given = exchange("logiless", "lookup_by_code")
    same(await shop.replay(given), given)
    assert shop.house.history.per_key("slip_accepted") == {"200101": 1}


async def test_a_cancelled_code_stays_used(shop: Counterpart) -> None:
    made = await create(shop, an_order())
    path = f"{HOUSE}/sales_orders/{made['id']}/reversal"
    assert (await shop.told("POST", path, {})).body["document_status"] == "Cancel"
    assert (await shop.told("POST", path, {})).status == 423
    again = await shop.told("POST", f"{HOUSE}/sales_orders/new", an_order())
    given = exchange("logiless", "create_400_duplicate")
    assert again.body == given["response"]["body"]
    await shop.until(19)
    assert shop.house.history.count("shipped") == 0
    assert [one["delivery_status"] for one in await deliveries(shop)] == ["Cancel"]


async def test_several_at_once_are_all_taken_or_none(shop: Counterpart) -> None:
    mixed = [an_order("A1"), an_order("A1"), an_order("A 3")]
    answer = await shop.told("POST", f"{HOUSE}/sales_orders/new/multiple", mixed)
    assert (answer.status, list(answer.body["errors"]["children"])) == (400, ["1", "2"])
    assert shop.warehouse.slips() == {}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"code": "x" * 31}, "code"),
        ({"code": ""}, "code"),
        ({"store": 8}, "store"),
        ({"ordered_at": "2026/11/24"}, "ordered_at"),
        ({"recipient_name1": "あ" * 17}, "recipient_name1"),
        ({"recipient_address2": "あ" * 35}, "recipient_address1"),
        ({"recipient_post_code": "9999999"}, "recipient_post_code"),
        ({"recipient_phone": "1"}, "recipient_phone"),
        ({"delivery_method": "pigeon"}, "delivery_method"),
        ({"delivery_preferred_time_zone": "20時-21時"}, "delivery_preferred_time_zone"),
        ({"delivery_preferred_date": "20261126"}, "delivery_preferred_date"),
        ({"delivery_package_quantity": "0"}, "delivery_package_quantity"),
        ({"cod_total": "5940"}, "cod_total"),
        ({"cod_total": 300_001}, "cod_total"),
        ({"recipient_country": "US"}, "recipient_country"),
        ({"recipient_address2": None}, "recipient_address2"),
        ({"lines": [{"article_code": "MH-TEA-20", "quantity": 1, "price": "1296"}]}, "lines"),
        ({"lines": [{"article_code": "MH-TEA-20", "quantity": 1, "tax_rate": 5}]}, "lines"),
        ({"lines": []}, "lines"),
        ({"lines": [{"article_code": "MH-NASHI-99", "quantity": 1}]}, "lines"),
        ({"lines": [{"article_code": "MH-TEA-20", "quantity": 0}]}, "lines"),
    ],
)
async def test_it_is_strict_where_logiless_is(shop: Counterpart, changes: Json, name: str) -> None:
    answer = await shop.told("POST", f"{HOUSE}/sales_orders/new", an_order() | changes)
    assert answer.status == 400
    assert list(answer.body["errors"]["children"]) == [name]
    assert shop.house.history.count("slip_accepted") == 0


async def test_the_statuses_of_a_day(shop: Counterpart) -> None:
    await create(shop, an_order())
    shop.warehouse.stock.set_free("MH-MASK-07", 0)
    await create(shop, an_order("A2", ("MH-MASK-07", 1)))
    seen = []
    for hour, minute in ((10, 59), (11, 10), (12, 10), (18, 10)):
        await shop.until(hour, minute)
        seen.append([(one["document_status"], one["delivery_status"]) for one in await deliveries(shop)])
    stuck = ("WaitingForAllocation", "Pending")
    assert seen == [
        [("WaitingForShipment", "WaitingForShipment"), ("WaitingForAllocation", "WaitingForShipment")],
        [("WaitingForShipment", "Working"), stuck],
        [("WaitingForShipment", "Working"), stuck],
        [("Shipped", "Shipped"), stuck],
    ]
    assert shop.house.history.per_key("unshippable") == {"A2": 1}


async def test_two_orders_in_one_box_leave_with_one_label(shop: Counterpart) -> None:
    for code, goods in (("A1", ("MH-SERUM-30", 1)), ("A2", ("MH-TEA-20", 5))):
        made = await create(shop, an_order(code, goods))
    face(shop).combine("A1", "A2")
    with pytest.raises(ValueError, match="shares a box already"):
        face(shop).combine("A2", "A1")
    alone = await shop.told("POST", f"{HOUSE}/sales_orders/{made['id']}/reversal", {})
    assert alone.status == 423, "one of two in a box is not taken out by itself"
    await shop.until(19)
    (box,) = await deliveries(shop)
    assert (box["is_combined"], box["sales_order"]["code"]) == (True, "A1")
    assert [line["origin"]["code"] for line in box["lines"]] == ["A1", "A2"]
    assert len(set(labels_in(box))) == 1
    assert shop.warehouse.slips()["A2"].tracking == []
    assert shop.house.history.per_key("shipped") == {"A1": 1, "A2": 1}
    assert shop.warehouse.check() == []


async def test_only_what_lies_reserved_shares_a_box(shop: Counterpart) -> None:
    for code in ("A1", "A2"):
        await create(shop, an_order(code))
    await shop.until(11, 10)
    with pytest.raises(ValueError, match="PICKING"):
        face(shop).combine("A1", "A2")


async def test_what_left_in_part_is_told_twice(shop: Counterpart) -> None:
    shop.warehouse.stock.set_free("MH-MASK-07", 3)
    await create(shop, an_order("A1", ("MH-MASK-07", 5)))
    await shop.until(19)
    (part,) = await deliveries(shop, "?delivery_status=PartlyShipped")
    shop.warehouse.seed_stock([StockItem("MH-MASK-07", 2)])
    await shop.until(19, days=1)
    (whole,) = await deliveries(shop, "?delivery_status=Shipped")
    first, both = part["delivery_tracking_numbers"], whole["delivery_tracking_numbers"]
    assert len(first) == 1
    assert both[:1] == first
    assert len(both) == 2
    assert shop.warehouse.slips()["A1"].state is State.SHIPPED
    assert shop.warehouse.check() == []


async def test_pages_and_what_changed_since(shop: Counterpart) -> None:
    many = [an_order(f"M{place:02d}", ("MH-MASK-07", 1)) for place in range(21)]
    await shop.told("POST", f"{HOUSE}/sales_orders/new/multiple", many)
    pages = [await deliveries(shop, f"?page={page}") for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [20, 1, 0]
    assert len({one["code"] for page in pages for one in page}) == 21
    await shop.until(19)
    await create(shop, an_order("N1"))
    assert len(await deliveries(shop, "?limit=100&updated_at_from=2026-11-24%2018:00:00")) == 22
    assert len(await deliveries(shop, "?updated_at_from=2026-11-24%2018:30:00")) == 1
    for query in ("?limit=101", "?page=0", "?delivery_status=Gone", "?updated_at_from=yesterday"):
        assert (await shop.told("GET", f"{HOUSE}/outbound_deliveries{query}")).status == 400


async def test_the_way_to_a_token(shop: Counterpart) -> None:
    app = face(shop).settings
    asked = f"client_id={app.client_id}&response_type=code&redirect_uri={app.redirect_uri}"
    sent_back = await shop.told("GET", f"/oauth/v2/auth?{asked}&state=s1")
    assert sent_back.status == 302
    code, _, state = sent_back.headers["Location"].partition("?code=")[2].partition("&")
    assert state == "state=s1"
    who = f"client_id={app.client_id}&client_secret={app.client_secret}&redirect_uri={app.redirect_uri}"
    query = f"/oauth2/token?{who}&grant_type=authorization_code&code={code}"
    pair = (await shop.told("GET", query)).body
    assert (pair["token_type"], pair["expires_in"]) == ("bearer", 30 * 24 * 3600)
    assert (await shop.told("GET", query)).status == 400, "a code works once"
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    assert (await shop.told("GET", f"{HOUSE}/sales_orders", headers=bearer)).status == 200
    renewed = await shop.told(
        "GET", f"/oauth2/token?{who}&grant_type=refresh_token&refresh_token={pair['refresh_token']}"
    )
    assert renewed.body["access_token"] != pair["access_token"]
    wrong = {"Authorization": "Bearer nobody"}
    assert (await shop.told("GET", f"{HOUSE}/sales_orders", headers=wrong)).status == 401
    assert (await shop.told("GET", "/api/v1/merchant/2/sales_orders")).status == 404


async def test_a_code_that_is_half_a_minute_old_is_void(shop: Counterpart) -> None:
    app = face(shop).settings
    sent_back = face(shop).tokens.authorize(
        {"client_id": app.client_id, "response_type": "code", "redirect_uri": app.redirect_uri}
    )
    await shop.until(10, 16)
    query = f"client_id={app.client_id}&client_secret={app.client_secret}&redirect_uri={app.redirect_uri}"
    code = sent_back.partition("code=")[2]
    answer = await shop.told("GET", f"/oauth2/token?{query}&grant_type=authorization_code&code={code}")
    assert (answer.status, answer.body["error"]) == (400, "invalid_grant")
