"""OPENLOGI as recorded in fixtures/wms/openlogi: each request of ours, and what its answer leads to."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
import respx
from connector.adapters.wms.openlogi import Openlogi
from connector.adapters.wms.openlogi_said import explain
from connector.clock import at_jst
from connector.errors import Barred, NotDone
from connector.outcome import CannotTell, Reason, Sent
from connector.ports import ReadResults, Receipt

from tests.contract.wms_api_desk import a_slip
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
from tests.contract.wms_faces import exchange, names
from tests.contract.wms_house import TUESDAY


async def later(play: Play) -> None:
    """Two days after: the list since the fixtures' Tuesday is asked for."""
    play.desk.door.read_until = TUESDAY
    await play.desk.clock.advance_to(at_jst(date(2026, 11, 26), 10))


def waiting(play: Play, status: str, **more: Any) -> httpx.Response:
    """The shipment of a cancel as a look finds it before."""
    number = play.given["request"]["path"].split("/")[2]
    document = exchange("openlogi", "lookup_200")["response"]["body"]
    return httpx.Response(200, json=document | {"id": number, "status": status} | more)


async def refused_in_two_places(play: Play) -> None:
    route = play.answers()
    said = await play.desk.warehouse.send(play.recorded())
    assert isinstance(said, Receipt)
    assert said.accepted == ()
    assert "郵便番号が正しくありません" in said.refused["200102"]
    assert "items.0.code: 商品が登録されていません" in said.refused["200102"]
    play.asked(route)
    held = play.desk.built(a_slip(1, zip_code="5300000")).held
    assert [hold.reason for _, hold in held] == [Reason.ADDRESS_DOUBTFUL]


async def taken_already(play: Play) -> None:
    route, look = play.answers(), play.answers("lookup_200")
    assert accepted(await play.desk.warehouse.send(play.desk.instruction()))
    play.asked(route)
    assert look.call_count == 1


async def waits_for_stock(play: Play) -> None:
    route = play.answers()
    said = await play.desk.warehouse.send(play.recorded())
    assert isinstance(said, Receipt)
    assert (said.accepted, said.name) == (("200110",), "TS001-S000110 backordered")
    play.asked(route)


async def in_bulk(play: Play) -> None:
    """One slip is one call of ours; the same door would carry both, and its refusal names the row."""
    route, api = play.answers(), play.desk.warehouse.api
    assert isinstance(api, Openlogi)
    body = json.dumps(play.given["request"]["body"]).encode()
    answer = await api.write("POST", "/shipments/bulk", body, play.desk.instruction())
    play.asked(route)
    assert answer.status == play.given["response"]["status"]
    if answer.status == 422:
        assert explain(answer.body)[1] == "shipments.1.recipient.postcode: 郵便番号が正しくありません。"


async def name_was_cut(play: Play) -> None:
    route = play.answers()
    said = await play.desk.warehouse.send(play.recorded())
    assert isinstance(said, CannotTell)
    assert (
        "宛名: こちら「見本見本見本見本テストテスト長名太」 倉庫「見本見本見本見本テストテスト長」"
        in said.why
    )
    play.asked(route)
    held = play.desk.built(a_slip(name=play.given["request"]["body"]["recipient"]["name"])).held
    assert [hold.reason for _, hold in held] == [Reason.TEXT_TOO_LONG]
    assert "15文字まで" in held[0][1].note


async def page_of_html(play: Play) -> None:
    await later(play)
    route = play.answers()
    with pytest.raises(NotDone, match="JSON ではない返信"):
        await results(play)
    play.asked(route, times=3)
    assert play.desk.door.read_until == TUESDAY


async def token_is_wrong(play: Play) -> None:
    route, api = play.answers(), play.desk.warehouse.api
    assert isinstance(api, Openlogi)
    with pytest.raises(Barred, match="認証に失敗しました"):
        await api.read("/shipments")
    play.asked(route)


async def too_many_calls(play: Play) -> None:
    route, api = play.answers(), play.desk.warehouse.api
    assert isinstance(api, Openlogi)
    with pytest.raises(NotDone) as told:
        await api.read("/shipments")
    assert told.value.after == 23
    play.asked(route)


async def found_another(play: Play) -> None:
    route = play.answers()
    assert await play.desk.warehouse.receipt(play.desk.instruction()) is None
    play.asked(route)
    said = await play.desk.warehouse.lies_there(play.desk.instruction())
    assert isinstance(said, CannotTell)
    assert "商品 MH-SERUM-30: こちら 1 倉庫 2" in said.why


async def nothing_left_that_day(play: Play) -> None:
    play.desk.door.read_until = TUESDAY - timedelta(days=1)
    route = play.answers()
    play.at("GET", "/shipments/shipped/2026/11/24", reply(play.given))
    assert len(await results(play)) == 2
    play.asked(route)
    assert play.read() == ReadResults((), ())


async def a_day_left(play: Play) -> None:
    await later(play)
    route = play.answers()
    (body,) = await results(play)
    play.asked(route)
    read = play.desk.warehouse.read_results("answer.json", body)
    assert [(one.slip_number, one.tracking) for one in read.shipments] == [
        ("200101", ("999900001015",)),
        ("200106", ("999900010616", "999900010620", "999900010631")),
    ]
    assert [one.parcels for one in read.shipments] == [1, 3]
    assert read.shipments[0].shipped_on == TUESDAY
    assert read.shipments[0].carrier == "YAMATO_TAKKYUBIN"
    ((without,),) = [read.strays]
    assert "200103" in without.where
    assert "送り状番号がありません" in without.words


async def deleted_in_time(play: Play) -> None:
    play.at("GET", "/shipments/TS001/200112", waiting(play, "waiting", identifier="200112"))
    route = play.answers()
    said = await play.desk.warehouse.send(play.desk.stop("200112"))
    assert isinstance(said, Receipt)
    assert said.accepted == ("200112",)
    play.asked(route)


async def too_late(play: Play) -> None:
    play.at("GET", "/shipments/TS001/200101", waiting(play, "waiting"), waiting(play, "shipped"))
    route = play.answers()
    said = await play.desk.warehouse.send(play.desk.stop())
    assert isinstance(said, Receipt)
    assert said.refused == {"200101": "この状態の出荷依頼は削除できません。"}
    play.asked(route)


async def floor_was_asked(play: Play) -> None:
    asked = httpx.Response(200, json=play.given["response"]["body"])
    gone = reply(exchange("openlogi", "lookup_404"))
    play.at("GET", "/shipments/TS001/200106", waiting(play, "picking"), asked, asked, gone)
    route, stop = play.answers(), play.desk.stop("200106")
    assert isinstance(await play.desk.warehouse.send(stop), Sent)
    play.asked(route)
    assert await play.desk.warehouse.receipt(stop) is None
    assert isinstance(await play.desk.warehouse.lies_there(stop), Sent)
    ended = await play.desk.warehouse.receipt(stop)
    assert ended is not None
    assert ended.accepted == ("200106",)


STORIES: dict[str, Callable[[Play], Awaitable[None]]] = {
    "cancel_refused": too_late,
    "cancel_request_accepted": floor_was_asked,
    "cancel_waiting_200": deleted_in_time,
    "create_201": created,
    "create_422": refused_in_two_places,
    "create_422_duplicate": taken_already,
    "create_backordered": waits_for_stock,
    "create_bulk_201": in_bulk,
    "create_bulk_422": in_bulk,
    "create_name_cut": name_was_cut,
    "error_200_html": page_of_html,
    "error_401": token_is_wrong,
    "error_429": too_many_calls,
    "error_503_html": perhaps_done,
    "lookup_200": found_the_same,
    "lookup_200_other_content": found_another,
    "lookup_404": not_there,
    "shipped_empty": nothing_left_that_day,
    "shipped_list": a_day_left,
    "timeout_after_commit": perhaps_done,
}


def test_every_recorded_exchange_has_its_story() -> None:
    assert sorted(STORIES) == names("openlogi")
    assert len(STORIES) == 20


@pytest.mark.parametrize("name", sorted(STORIES))
async def test_the_recorded_exchange(name: str, httpx2_mock: respx.Router) -> None:
    async with playing("openlogi", name, httpx2_mock) as play:
        await STORIES[name](play)
