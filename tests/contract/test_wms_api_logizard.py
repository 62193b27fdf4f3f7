"""ロジザードZERO as recorded in fixtures/wms/logizard: each request of ours, and what its answer leads to."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
import respx
from connector.adapters.wms.logizard import Logizard
from connector.errors import Barred, Malformed, Unknown
from connector.outcome import CannotTell, Sent
from connector.ports import ReadResults, Receipt
from msgspec.structs import replace as changed

from tests.contract.wms_api_play import Play, accepted, created, playing, reply, results
from tests.contract.wms_faces import exchange, names
from tests.contract.wms_house import TUESDAY


def signed_in(play: Play, *sessions: str) -> respx.Route:
    ok = exchange("logizard", "login_ok")["response"]
    cookies = [{"Set-Cookie": f"SESSION={one}; Path=/; HttpOnly"} for one in sessions or ("TEST-SESSION",)]
    replies = [httpx.Response(200, headers=one, json=ok["body"]) for one in cookies]
    return play.at("POST", "/login/login/userlogin", *replies)


async def added(play: Play) -> None:
    signed_in(play)
    await created(play)


async def number_is_taken(play: Play) -> None:
    signed_in(play)
    route = play.answers()
    play.answers("export_shipped")
    assert accepted(await play.desk.warehouse.send(play.desk.instruction())), "the export shows it as shipped"
    play.asked(route)
    play.answers("export_same_day_empty")
    said = await play.desk.warehouse.send(play.desk.instruction())
    assert isinstance(said, CannotTell)
    assert "荷主出荷NOが重複しています 200101" in said.why


async def refused_by_word(play: Play) -> None:
    signed_in(play)
    route = play.answers()
    said = await play.desk.warehouse.send(play.recorded())
    assert isinstance(said, Receipt)
    assert said.refused == {"200101": "TRSP_PHONE_NUM は半角英数記号で指定してください（E1002）"}
    play.asked(route)


async def nobody_can_look(play: Play) -> None:
    """Unknown; an export that shows it as shipped proves it, anything else is for a person."""
    signed_in(play)
    route, effect = play.answers(), play.desk.instruction()
    with pytest.raises(Unknown):
        await play.desk.warehouse.send(effect)
    play.asked(route)
    play.answers("export_same_day_empty")
    assert isinstance(await play.desk.warehouse.lies_there(effect), CannotTell)
    play.answers("export_shipped")
    assert isinstance(await play.desk.warehouse.lies_there(effect), Sent)
    assert accepted(await play.desk.warehouse.receipt(effect))
    assert route.call_count == 1


def asks_by_export(play: Play) -> respx.Route:
    signed_in(play)
    play.desk.door.read_until = TUESDAY - timedelta(days=1)
    return play.answers()


async def other_columns(play: Play) -> None:
    api = play.desk.warehouse.api
    assert isinstance(api, Logizard)
    api.profile = changed(api.profile, export_pattern="0")
    route = asks_by_export(play)
    await results(play)
    play.asked(route)
    with pytest.raises(Malformed, match="送り状番号"):
        play.read()


async def empty_proves_nothing(play: Play) -> None:
    """Never asked so by us: from yesterday on, and an empty answer says nothing about any slip."""
    route = asks_by_export(play)
    await results(play)
    asked = json.loads(route.calls.last.request.content)
    assert (asked["TARGET_DATE_FROM"], asked["TARGET_DATE_TO"]) == ("20261123", "20261124")
    assert asked | {"TARGET_DATE_FROM": "20261124"} == play.given["request"]["body"]
    assert play.read() == ReadResults((), ())


async def shipped_by_export(play: Play) -> None:
    route = asks_by_export(play)
    await results(play)
    play.asked(route)
    read = play.read()
    assert read.strays == ()
    assert [(one.slip_number, one.tracking) for one in read.shipments] == [
        ("200101", ("999900001015",)),
        ("200103", ("999900001030",)),
    ]
    assert [(line.sku, line.quantity) for line in read.shipments[0].lines] == [
        ("MH-SERUM-30", 1),
        ("MH-TEA-20", 5),
    ]


async def logs_in(play: Play) -> None:
    route, export = play.answers(), play.answers("export_shipped")
    await results(play)
    play.asked(route)
    assert export.calls.last.request.headers["Cookie"] == "SESSION=TEST-SESSION"


async def cannot_log_in(play: Play) -> None:
    play.desk.door.account = replace(play.desk.door.account, password="WRONG")
    route = play.answers()
    with pytest.raises(Barred, match="ユーザーIDまたはパスワードが違います"):
        await results(play)
    play.asked(route)


async def logs_in_again(play: Play) -> None:
    play.desk.door.read_until = TUESDAY - timedelta(days=1)
    login = signed_in(play, "OLD", "TEST-SESSION")
    good = reply(exchange("logizard", "export_shipped"))
    route = play.at("POST", play.given["request"]["path"], reply(play.given), good)
    assert len(await results(play)) == 1
    assert [call.request.headers["Cookie"] for call in route.calls] == ["SESSION=OLD", "SESSION=TEST-SESSION"]
    assert json.loads(route.calls[0].request.content) == play.given["request"]["body"]
    assert login.call_count == 2


STORIES: dict[str, Callable[[Play], Awaitable[None]]] = {
    "addorder_duplicate": number_is_taken,
    "addorder_ok": added,
    "addorder_refused": refused_by_word,
    "error_503_html": nobody_can_look,
    "export_other_pattern": other_columns,
    "export_same_day_empty": empty_proves_nothing,
    "export_shipped": shipped_by_export,
    "login_ok": logs_in,
    "login_refused": cannot_log_in,
    "session_expired": logs_in_again,
    "timeout_after_commit": nobody_can_look,
}


def test_every_recorded_exchange_has_its_story() -> None:
    assert sorted(STORIES) == names("logizard")
    assert len(STORIES) == 11


@pytest.mark.parametrize("name", sorted(STORIES))
async def test_the_recorded_exchange(name: str, httpx2_mock: respx.Router) -> None:
    async with playing("logizard", name, httpx2_mock) as play:
        await STORIES[name](play)
