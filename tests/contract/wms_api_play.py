"""A stage for recorded exchanges of fixtures/wms: the adapter for an API, and a server that answers as recorded."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import httpx2
import pytest
import respx
from connector.clock import SteppedClock, at_jst
from connector.errors import Unknown
from connector.outcome import Absent, CannotTell, Effect, Sent
from connector.ports import ReadResults, Receipt, TokenPair

from tests.contract.border import MemoryStore
from tests.contract.wms_api_desk import ApiDesk, a_slip
from tests.contract.wms_faces import exchange
from tests.contract.wms_house import TUESDAY

BASE = "https://wms.example.jp"
ACCOUNTS: dict[str, dict[str, Any]] = {
    "openlogi": {"token": "TEST-TOKEN"},
    "logiless": {"refresh_token": "FROM-THE-FILE"},
    "logizard": {},
}
MATTERS = ("Authorization", "X-Api-Version", "Cookie")
UNKNOWN_TO_SLIPS = {
    "TRSP_E_MAIL",
    "DETAILS",
}  # a slip has no address of mail; detail lines are not publicly known
TIMEOUT = httpx2.ReadTimeout("no answer")


@dataclass
class Play:
    """One exchange on a stage: the adapter, and a server that answers as recorded."""

    speaks: str
    given: Any
    desk: ApiDesk
    router: respx.Router
    routes: dict[str, respx.Route] = field(default_factory=dict)

    def answers(self, name: str = "") -> respx.Route:
        """The answer of this exchange, or of another one of the folder, at its recorded address."""
        given = exchange(self.speaks, name) if name else self.given
        return self.at(given["request"]["method"], given["request"]["path"], reply(given))

    def at(self, method: str, path: str, *replies: httpx.Response | Exception) -> respx.Route:
        parts = urlsplit(path)
        route = self.router.route(method=method, url__regex=rf"^{BASE}{parts.path}(\?.*)?$")
        last = replies[-1]
        rest = iter(replies)
        route.mock(side_effect=lambda request: _said(next(rest, last)))
        return route

    def recorded(self, kind: str = "wms_file") -> Effect:
        """The very body that was recorded, as an act of ours."""
        body = self.given["request"]["body"]
        number = str(body.get("identifier") or body.get("code") or body.get("ORDER_SHIP_SLIP"))
        return Effect(
            kind=kind,
            key=f"demo/{kind}/1/{number}",
            items=(1,),
            body=json.dumps(body).encode(),
            name=number,
            facts={"number": number},
        )

    def is_ours(self, effect: Effect) -> None:
        """What we build for this slip is the recorded body."""
        ours, recorded = json.loads(effect.body), self.given["request"]["body"]
        assert _known(ours) == _known(recorded)

    def asked(self, route: respx.Route, *, times: int = 1) -> None:
        """The request that reached the server is the recorded one."""
        assert route.call_count == times
        request, wanted = route.calls.last.request, self.given["request"]
        parts = urlsplit(wanted["path"])
        assert request.method == wanted["method"]
        assert request.url.path == parts.path
        assert sorted(request.url.params.multi_items()) == sorted(parse_qsl(parts.query))
        for name in MATTERS:
            assert request.headers.get(name) == wanted["headers"].get(name), name
        if "body" in wanted:
            assert request.headers["Content-Type"] == wanted["headers"]["Content-Type"]
            assert _known(json.loads(request.content or b"{}")) == _known(wanted["body"])

    def read(self, given: Any = None) -> ReadResults:
        body = (given or self.given)["response"]["body"]
        return self.desk.warehouse.read_results("answer.json", json.dumps(body).encode())


def reply(given: Any) -> httpx.Response | Exception:
    told = given["response"]
    if told is None:
        return TIMEOUT
    body = told["body"]
    content = body if isinstance(body, str) else json.dumps(body)
    return httpx.Response(told["status"], headers=told["headers"], content=content.encode())


def _said(told: httpx.Response | Exception) -> httpx.Response:
    if isinstance(told, Exception):
        raise told
    return told


def _known(body: Any) -> Any:
    return {k: v for k, v in body.items() if k not in UNKNOWN_TO_SLIPS} if isinstance(body, dict) else body


def accepted(reply: object) -> bool:
    return isinstance(reply, Receipt) and reply.accepted == ("200101",) and not reply.refused


def pair(access: str = "TEST-TOKEN") -> TokenPair:
    until = at_jst(TUESDAY, 10) + timedelta(days=20)
    return TokenPair(access=access, refresh="STORED", access_until=until, refresh_until=until)


async def results(play: Play) -> list[bytes]:
    return [found.body async for found in play.desk.warehouse.results()]  # type: ignore[union-attr]


@asynccontextmanager
async def playing(speaks: str, name: str, router: respx.Router) -> AsyncIterator[Play]:
    clock = SteppedClock(at_jst(TUESDAY, 10, 15))
    desk = ApiDesk(speaks, BASE, clock, store=MemoryStore(pair()), **ACCOUNTS[speaks])
    yield Play(speaks, exchange(speaks, name), desk, router)
    await desk.close()


async def created(play: Play) -> None:
    effect = play.desk.instruction()
    play.is_ours(effect)
    route = play.answers()
    assert accepted(await play.desk.warehouse.send(effect))
    play.asked(route)


async def perhaps_done(play: Play) -> None:
    """503 with HTML, or no answer at all: looked up, not sent again."""
    route = play.answers()
    effect = play.desk.instruction()
    with pytest.raises(Unknown):
        await play.desk.warehouse.send(effect)
    play.asked(route)
    play.answers("lookup_200" if play.speaks == "openlogi" else "lookup_by_code")
    assert isinstance(await play.desk.warehouse.lies_there(effect), Sent)
    assert accepted(await play.desk.warehouse.receipt(effect))
    assert route.call_count == 1


async def found_the_same(play: Play) -> None:
    route = play.answers()
    assert accepted(await play.desk.warehouse.receipt(play.desk.instruction()))
    play.asked(route)
    assert isinstance(await play.desk.warehouse.lies_there(play.desk.instruction()), Sent)


async def not_there(play: Play) -> None:
    route, effect = play.answers(), play.desk.instruction(a_slip(number="200199"))
    assert isinstance(await play.desk.warehouse.lies_there(effect), Absent)
    play.asked(route)
    play.desk.door.asked.add("200199")
    after = await play.desk.warehouse.lies_there(effect)
    assert isinstance(after, Absent if play.speaks == "logiless" else CannotTell)
