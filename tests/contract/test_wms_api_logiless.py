"""LOGILESS as recorded in fixtures/wms/logiless: each request of ours, and what its answer leads to."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import httpx
import pytest
import respx
from connector.adapters.wms.logiless import Logiless
from connector.errors import NotDone
from connector.ports import Receipt
from connector.slip import Result

from tests.contract.wms_api_play import (
    Play,
    accepted,
    created,
    found_the_same,
    not_there,
    perhaps_done,
    playing,
    reply,
    results,
)
from tests.contract.wms_faces import FIXTURES, exchange, names
from tests.contract.wms_house import TUESDAY


async def created_escaped(play: Play) -> None:
    await created(play)
    escaped = (FIXTURES / "logiless/create_body_escaped.bin").read_bytes()
    assert play.desk.instruction().body == escaped.strip()


async def in_one_call(play: Play) -> None:
    route, api = play.answers(), play.desk.warehouse.api
    assert isinstance(api, Logiless)
    body = json.dumps(play.given["request"]["body"]).encode()
    answer = await api.write("/api/v1/merchant/1/sales_orders/new/multiple", body, play.desk.instruction())
    play.asked(route)
    assert [one["code"] for one in json.loads(answer.body)] == ["200101", "200106"]


async def refused_code(play: Play) -> None:
    route = play.answers()
    play.at("GET", "/api/v1/merchant/1/sales_orders", reply(exchange("logiless", "lookup_by_code_none")))
    said = await play.desk.warehouse.send(play.recorded())
    assert isinstance(said, Receipt)
    assert said.refused == {"2001 01": "code: 受注コードは半角英数字とハイフンで入力してください。"}
    play.asked(route)


async def code_is_taken(play: Play) -> None:
    route, look = play.answers(), play.answers("lookup_by_code")
    assert accepted(await play.desk.warehouse.send(play.desk.instruction()))
    play.asked(route)
    assert look.call_count == 1
    cancelled = exchange("logiless", "lookup_by_code")["response"]["body"]
    cancelled["data"][0]["document_status"] = "Cancel"
    look.mock(side_effect=lambda request: httpx.Response(200, json=cancelled))
    said = await play.desk.warehouse.send(play.desk.instruction())
    assert isinstance(said, Receipt)
    assert "取消済み" in said.refused["200101"]


async def reversed_in_time(play: Play) -> None:
    play.answers("lookup_by_code")
    route = play.answers()
    assert accepted(await play.desk.warehouse.send(play.desk.stop()))
    play.asked(route)


async def locked(play: Play) -> None:
    there = exchange("logiless", "lookup_by_code")["response"]["body"]
    there["data"][0] |= {"id": 90106, "code": "200106"}
    play.at("GET", "/api/v1/merchant/1/sales_orders", httpx.Response(200, json=there))
    route = play.answers()
    said = await play.desk.warehouse.send(play.desk.stop("200106"))
    assert isinstance(said, Receipt)
    assert said.refused == {"200106": "この伝票は出荷作業中のため変更できません。"}
    play.asked(route)


async def token_is_over(play: Play) -> None:
    old, none = reply(play.given), httpx.Response(200, json={"data": [], "total_count": 0})
    route = play.at("GET", play.given["request"]["path"], old, none)
    fresh = {"access_token": "NEW", "refresh_token": "NEXT", "expires_in": 2592000}
    play.at("GET", "/oauth2/token", httpx.Response(200, json=fresh))
    api = play.desk.warehouse.api
    assert isinstance(api, Logiless)
    await api.read(play.given["request"]["path"], [])
    first, second = [call.request.headers["Authorization"] for call in route.calls]
    assert (first, second) == (play.given["request"]["headers"]["Authorization"], "Bearer NEW")
    assert play.desk.store.pair.refresh == "NEXT"


async def waits_for_the_reset(play: Play) -> None:
    route, api = play.answers(), play.desk.warehouse.api
    assert isinstance(api, Logiless)
    with pytest.raises(NotDone) as told:
        await api.read(play.given["request"]["path"], [])
    reset = int(play.given["response"]["headers"]["X-RateLimit-Reset"])
    assert told.value.after == max(1.0, reset - play.desk.clock.now().timestamp() + 1.0)
    play.asked(route, times=route.call_count)


async def second_page(play: Play) -> None:
    first = json.dumps({"data": [], "current_page": 1, "limit": 20, "total_count": 121})
    second = json.dumps(play.given["response"]["body"] | {"total_count": 121})
    path = "/api/v1/merchant/1/outbound_deliveries"
    route = play.at("GET", path, httpx.Response(200, content=first), httpx.Response(200, content=second))
    assert len(await results(play)) == 2
    assert [call.request.url.params["page"] for call in route.calls] == ["1", "2"]
    assert [one.slip_number for one in play.read().shipments] == ["200101"]


async def deliveries_of_a_day(play: Play) -> None:
    play.desk.door.read_until = TUESDAY
    route = play.answers()
    await results(play)
    play.asked(route)
    read = play.read()
    assert read.strays == ()
    assert [(one.slip_number, one.result, len(one.tracking)) for one in read.shipments] == [
        ("200101", Result.SHIPPED, 1),
        ("200106", Result.SHIPPED, 3),
        ("200301", Result.SHIPPED, 1),
        ("200302", Result.SHIPPED, 1),
        ("200106", Result.PARTIAL, 1),
    ]
    assert [(line.sku, line.quantity) for line in read.shipments[3].lines] == [("MH-TEA-20", 5)]
    assert read.shipments[4].reason == "出荷 MH-SERUM-30 6点 / 残り MH-CREAM-50 12点"
    assert len({one.result_id for one in read.shipments}) == 5


STORIES: dict[str, Callable[[Play], Awaitable[None]]] = {
    "cancel_423": locked,
    "cancel_accepted": reversed_in_time,
    "create_200": created_escaped,
    "create_400": refused_code,
    "create_400_duplicate": code_is_taken,
    "create_multiple_200": in_one_call,
    "error_401_token_expired": token_is_over,
    "error_429": waits_for_the_reset,
    "error_503_html": perhaps_done,
    "lookup_by_code": found_the_same,
    "lookup_by_code_none": not_there,
    "outbound_page_2_of_2": second_page,
    "outbound_shipped_list": deliveries_of_a_day,
    "timeout_after_commit": perhaps_done,
}


def test_every_recorded_exchange_has_its_story() -> None:
    assert sorted(STORIES) == names("logiless")
    assert len(STORIES) == 14


@pytest.mark.parametrize("name", sorted(STORIES))
async def test_the_recorded_exchange(name: str, httpx2_mock: respx.Router) -> None:
    async with playing("logiless", name, httpx2_mock) as play:
        await STORIES[name](play)
