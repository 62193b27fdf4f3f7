"""OPENLOGI face of the sandbox warehouse against fixtures/wms/openlogi, and what §2.2 and §8 say besides."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from connector.sandbox.warehouse.faces import OpenlogiFace, Trouble
from connector.sandbox.warehouse.slips import State

from tests.contract.wms_faces import Answer, Counterpart, Json, exchange, names, same

ADDED = ("id", "status", "assigned_shipping_date", "shipment_return", "tracking_code", "tracking_codes")
ADDED_LATER = ("packages", "created_at", "updated_at", "shipped_at")
SHIPMENT = exchange("openlogi", "create_201")["request"]["body"]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Counterpart]:
    async with Counterpart(tmp_path, OpenlogiFace) as counterpart:
        yield counterpart


def face(shop: Counterpart) -> OpenlogiFace:
    assert isinstance(shop.face, OpenlogiFace)
    return shop.face


def a_shipment(key: str = "200101", **changes: Json) -> Json:
    return copy.deepcopy(SHIPMENT) | {"identifier": key} | changes


def as_sent(document: Json) -> Json:
    """The request a document was made from."""
    return {name: value for name, value in document.items() if name not in (*ADDED, *ADDED_LATER)}


async def create(shop: Counterpart, body: Json) -> Json:
    answer = await shop.told("POST", "/shipments", body)
    assert answer.status == 201, answer.text
    return answer.body


async def status(shop: Counterpart, key: str) -> str:
    answer = await shop.told("GET", f"/shipments/TS001/{key}")
    return str(answer.body.get("status") or answer.body["error"])


# Each exchange of the fixtures: bring the warehouse there, and the path our ids make of the request's.

Stage = Callable[[Counterpart, Json], Awaitable[str]]


async def fresh(shop: Counterpart, given: Json) -> str:
    return ""


async def sent_before(shop: Counterpart, given: Json) -> str:
    await create(shop, a_shipment())
    return ""


async def told_document(shop: Counterpart, given: Json) -> str:
    await create(shop, as_sent(given["response"]["body"]))
    return ""


async def short_of_tea(shop: Counterpart, given: Json) -> str:
    shop.warehouse.stock.set_free("MH-TEA-20", 0)
    return ""


async def waiting(shop: Counterpart, given: Json) -> str:
    return f"/shipments/{(await create(shop, a_shipment('200112')))['id']}"


async def already_shipped(shop: Counterpart, given: Json) -> str:
    made = await create(shop, a_shipment())
    await shop.until(18, 30)
    return f"/shipments/{made['id']}"


async def being_picked(shop: Counterpart, given: Json) -> str:
    made = await create(shop, as_sent(given["response"]["body"]))
    shop.warehouse.requests.promise("200106", "late")
    await shop.until(11, 10)
    return f"/shipments/{made['id']}/cancel"


async def a_day_shipped(shop: Counterpart, given: Json) -> str:
    for document in given["response"]["body"]["shipments"]:
        await create(shop, as_sent(document))
    shop.warehouse.repack("200106", parcels=3)
    shop.warehouse.repack("200103", carrier="JP_TEIKEIGAI")
    await shop.until(19)
    return ""


async def minute_used_up(shop: Counterpart, given: Json) -> str:
    face(shop).limit.exhaust()
    return ""


def trouble(kind: str, *, applied: bool = False) -> Stage:
    async def stage(shop: Counterpart, given: Json) -> str:
        face(shop).troubles.plan(Trouble(kind, applied=applied))
        return ""

    return stage


STAGES: dict[str, Stage] = {
    "cancel_refused": already_shipped,
    "cancel_request_accepted": being_picked,
    "cancel_waiting_200": waiting,
    "create_201": fresh,
    "create_422": fresh,
    "create_422_duplicate": sent_before,
    "create_backordered": short_of_tea,
    "create_bulk_201": fresh,
    "create_bulk_422": fresh,
    "create_name_cut": fresh,
    "error_200_html": trouble("html-200"),
    "error_401": fresh,
    "error_429": minute_used_up,
    "error_503_html": trouble("html-503"),
    "lookup_200": told_document,
    "lookup_200_other_content": told_document,
    "lookup_404": fresh,
    "shipped_empty": fresh,
    "shipped_list": a_day_shipped,
    "timeout_after_commit": trouble("silence", applied=True),
}


@pytest.mark.parametrize("name", names("openlogi"))
async def test_the_exchange_of_the_fixture(shop: Counterpart, name: str) -> None:
    given = exchange("openlogi", name)
    path = await STAGES[name](shop, given)
    same(await shop.replay(given, path=path, as_sent=name == "error_401"), given)
    assert shop.warehouse.check() == []


# What must follow.


async def test_a_call_without_an_answer_was_done_and_is_found_by_its_key(shop: Counterpart) -> None:
    face(shop).troubles.plan(Trouble("silence", path="/shipments", applied=True))
    lost = exchange("openlogi", "timeout_after_commit")
    assert await shop.replay(lost) is None
    given = exchange("openlogi", "lookup_200")
    same(await shop.replay(given), given)
    again = await shop.told("POST", "/shipments", lost["request"]["body"])
    assert (again.status, list(again.body["errors"])) == (422, ["identifier"])
    assert shop.house.history.per_key("slip_accepted") == {"200101": 1}


@pytest.mark.parametrize(("applied", "found"), [(True, 200), (False, 404)])
async def test_a_503_says_nothing_about_what_was_done(shop: Counterpart, applied: bool, found: int) -> None:
    face(shop).troubles.plan(Trouble("html-503", applied=applied))
    assert (await shop.told("POST", "/shipments", SHIPMENT)).status == 503
    assert (await shop.told("GET", "/shipments/TS001/200101")).status == found


async def test_a_bulk_call_with_one_bad_row_creates_nothing(shop: Counterpart) -> None:
    given = exchange("openlogi", "create_bulk_422")
    same(await shop.replay(given), given)
    assert shop.warehouse.slips() == {}
    twice = await shop.told("POST", "/shipments/bulk", {"shipments": [SHIPMENT, SHIPMENT]})
    assert twice.body["errors"] == {"shipments.1.identifier": "この識別子は既に使用されています。"}
    assert shop.warehouse.slips() == {}


async def test_a_bulk_call_cannot_promise_the_same_goods_twice(shop: Counterpart) -> None:
    shop.warehouse.stock.set_free("MH-TEA-20", 9)
    both = {"shipments": [a_shipment("A1"), a_shipment("A2")]}
    answer = await shop.told("POST", "/shipments/bulk", both)
    assert answer.body["errors"] == {"shipments.1.items.1.quantity": "在庫が不足しています。"}


async def test_sixty_calls_a_minute_by_the_towns_clock(shop: Counterpart) -> None:
    left = [(await shop.told("GET", "/shipments")).headers["X-RateLimit-Remaining"] for _ in range(60)]
    assert (left[0], left[-1]) == ("59", "0")
    await shop.until(10, 15)  # the clock stands at 10:15:03
    refused = await shop.told("GET", "/shipments")
    assert (refused.status, refused.body, refused.headers["Retry-After"]) == (
        429,
        {"error": "Too Many Attempts."},
        "60",
    )
    await shop.until(10, 17)
    assert (await shop.told("GET", "/shipments")).status == 200


async def test_an_unknown_version_and_a_body_that_is_no_json(shop: Counterpart) -> None:
    other = await shop.told("GET", "/shipments", headers={"X-Api-Version": "1.4"})
    broken = await shop.told("POST", "/shipments", data=b"{")
    assert [other.status, broken.status] == [400, 400]
    assert (await shop.told("PATCH", "/shipments")).status == 404


async def test_the_statuses_of_a_day(shop: Counterpart) -> None:
    await create(shop, a_shipment("A1"))
    await create(shop, a_shipment("A2", suspend=True))
    shop.warehouse.stock.set_free("MH-TEA-20", 0)
    await create(shop, a_shipment("A3", backorder_if_unavailable=True))
    seen = []
    for hour, minute in ((10, 59), (11, 10), (11, 40), (12, 10), (18, 10)):
        await shop.until(hour, minute)
        seen.append([await status(shop, key) for key in ("A1", "A2", "A3")])
    rest = ["suspended", "backordered"]
    first = ["waiting", "picking", "picked", "packed", "shipped"]
    assert seen == [[one, *rest] for one in first]
    listed = (await shop.told("GET", "/shipments")).body["shipments"]
    assert [one["identifier"] for one in listed] == ["A2", "A3"]
    assert shop.warehouse.check() == []


async def test_a_suspended_shipment_keeps_its_stock_and_a_put_lets_it_go(shop: Counterpart) -> None:
    shop.warehouse.stock.set_free("MH-TEA-20", 5)
    made = await create(shop, a_shipment("A1", suspend=True))
    refused = await shop.told("POST", "/shipments", a_shipment("A2"))
    assert list(refused.body["errors"]) == ["items.1.quantity"]
    released = await shop.told("PUT", f"/shipments/{made['id']}", a_shipment("A1"))
    assert (released.status, released.body["status"]) == (200, "waiting")
    await shop.until(19)
    assert await status(shop, "A1") == "shipped"


async def test_a_backordered_shipment_waits_for_goods(shop: Counterpart) -> None:
    shop.warehouse.stock.set_free("MH-TEA-20", 3)
    await create(shop, a_shipment("A1", backorder_if_unavailable=True))
    await shop.until(19)
    assert await status(shop, "A1") == "backordered", "never shipped in part"
    shop.warehouse.stock.set_free("MH-TEA-20", 10)
    await shop.until(19, days=1)
    assert await status(shop, "A1") == "shipped"
    assert shop.warehouse.check() == []


async def test_a_change_while_it_waits_and_none_afterwards(shop: Counterpart) -> None:
    made = await create(shop, a_shipment("A1"))
    less = a_shipment("A1", items=[{"code": "MH-CREAM-50", "quantity": 2}], delivery_carrier="SAGAWA")
    assert (await shop.told("PUT", f"/shipments/{made['id']}", less)).body["items"] == less["items"]
    await shop.until(11, 10)
    late = await shop.told("PUT", f"/shipments/{made['id']}", a_shipment("A1"))
    assert (late.status, late.body["error"]) == (403, "forbidden")
    await shop.until(19)
    shipped = (await shop.told("GET", f"/shipments?id={made['id']}")).body["shipments"][0]
    assert shipped["tracking_code"].startswith("8888")
    assert shop.warehouse.stock.free("MH-CREAM-50") == 58
    assert shop.warehouse.check() == []


async def test_clearing_the_allocation_gives_the_goods_back(shop: Counterpart) -> None:
    made = await create(shop, a_shipment("A1"))
    before = shop.warehouse.stock.free("MH-TEA-20")
    cleared = await shop.told("POST", f"/shipments/allocation/{made['id']}/clear")
    assert (cleared.status, cleared.body["status"]) == (200, "backordered")
    assert shop.warehouse.stock.free("MH-TEA-20") == before + 5


async def test_a_deleted_shipment_is_gone_and_its_key_stays_used(shop: Counterpart) -> None:
    made = await create(shop, a_shipment("A1"))
    assert (await shop.told("DELETE", f"/shipments/{made['id']}")).body == {}
    assert await status(shop, "A1") == "not_found"
    assert (await shop.told("DELETE", f"/shipments/{made['id']}")).status == 404
    assert (await shop.told("POST", "/shipments", a_shipment("A1"))).status == 422
    await shop.until(19)
    assert shop.house.history.count("shipped") == 0
    assert shop.warehouse.slips()["A1"].state is State.CANCELLED


async def test_a_request_to_the_floor_is_refused_while_it_waits(shop: Counterpart) -> None:
    made = await create(shop, a_shipment("A1"))
    for act in ("cancel", "modify"):
        answer = await shop.told("POST", f"/shipments/{made['id']}/{act}", a_shipment("A1"))
        assert answer.status == 403


async def test_an_agreed_change_request_shows_when_it_is_answered(shop: Counterpart) -> None:
    made = await create(shop, a_shipment("A1"))
    await shop.until(11, 10)
    shop.warehouse.requests.promise("A1", "early", agrees=True)
    other = a_shipment("A1", recipient=SHIPMENT["recipient"] | {"address2": "見本ビル202"})
    goods = other | {"items": [{"code": "MH-TEA-20", "quantity": 1}]}
    assert (await shop.told("POST", f"/shipments/{made['id']}/modify", goods)).status == 422
    asked = await shop.told("POST", f"/shipments/{made['id']}/modify", other)
    assert asked.body["status"] == "modify_request"
    assert asked.body["recipient"]["address2"] == "見本マンション101"
    await shop.until(11, 29)
    told = (await shop.told("GET", "/shipments/TS001/A1")).body
    assert (told["status"], told["recipient"]["address2"]) == ("picking", "見本ビル202")


async def test_the_shipped_list_by_day(shop: Counterpart) -> None:
    await create(shop, a_shipment("A1"))
    await shop.until(19)
    await create(shop, a_shipment("A2"))  # after the cut-off: the next business day
    await shop.until(19, days=1)

    async def keys(query: str) -> list[str]:
        answer: Answer = await shop.told("GET", f"/shipments/shipped{query}")
        return [one["identifier"] for one in answer.body["shipments"]]

    assert await keys("/2026/11/24") == ["A1"]
    assert await keys("/2026/11/25") == ["A2"]
    assert await keys("?date_after=20261125") == ["A2"]
    assert await keys("?date_after=20261125&date_before=20261124") == ["A1"], "date_before wins"
    assert await keys("") == ["A1", "A2"]
    await shop.until(19, days=3)
    assert await keys("") == []
    assert (await shop.told("GET", "/shipments/shipped?date_after=yesterday")).status == 422


async def test_the_single_number_of_three_parcels_is_not_the_first(shop: Counterpart) -> None:
    await create(shop, a_shipment("A1"))
    shop.warehouse.repack("A1", parcels=3)
    await shop.until(19)
    told = (await shop.told("GET", "/shipments/TS001/A1")).body
    codes = told["tracking_codes"]
    assert len(set(codes)) == 3
    assert codes == sorted(codes)
    assert told["tracking_code"] in codes[1:]
    assert told["packages"] == [{"size": 60}] * 3


async def test_the_slip_of_an_api_is_not_reported_by_file(shop: Counterpart) -> None:
    await create(shop, a_shipment("A1"))
    await shop.until(20)
    assert shop.house.results() == {}
    assert shop.house.history.per_key("shipped") == {"A1": 1}
    assert shop.warehouse.check() == []
