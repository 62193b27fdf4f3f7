"""The session: forty recorded calls of a token's life, sign-in, and what leaves and stays of the bytes."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest
import respx
from connector.adapters.next_engine import wire
from connector.errors import ConnectorError, NeedsSignIn, NotDone, Refused, Unknown
from connector.ports import TokenPair

from tests.contract.border import FIXTURES, at, form
from tests.contract.ne_desk import HOST, NOW, Desk, a_desk, a_pair, application, ne_and_desk, reply, sent

TIMELINE = list(csv.DictReader((FIXTURES / "next_engine/token_timeline.csv").read_text("utf-8").splitlines()))


# ---- the recorded life of a token ------------------------------------------------------------------------


@dataclass(slots=True)
class Side:
    """NE's side of the timeline: the recorded answer to the recorded pair, success to the living one."""

    row: dict[str, str] = field(default_factory=dict)
    pairs: dict[str, TokenPair] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        row, said = self.row, sent(request)
        name = said.get("access_token", "-").removeprefix("access-")
        self.sent.append(name)
        if name not in ("-", row["sent_pair"]):
            assert name == row["valid_pair_after"]
            return reply("success", self.pairs[name], data=[])
        if row["pair_in_reply"] in ("", "none"):
            return reply(row["result"], code=row["code"], message="")
        until = at(row["access_valid_until"])
        pair = self.pairs.setdefault(row["pair_in_reply"], a_pair(row["pair_in_reply"], until))
        more = {"code": row["code"], "message": ""} if row["code"] else {"data": [], "que_id": "45"}
        return reply(row["result"], pair, company_ne_id="NE90001", uid="u-sample-0001", **more)


async def drive(desk: Desk, side: Side, row: dict[str, str]) -> ConnectorError | None:
    """One row as our client lives it: a stale view of the store where the recorded client had one."""
    stored = desk.store.pairs[-1].access.removeprefix("access-") if desk.store.pairs else "-"
    wanted = row["sent_pair"]
    if wanted not in ("-", stored):
        desk.store.stale = [side.pairs[wanted]]
    path = f"/api_v1_receiveorder_{row['call']}".replace("receiveorder_login_user", "login_user")
    try:
        if row["call"].startswith("api_neauth"):
            await desk.session.exchange("u-sample-0001", "state")
        elif row["call"].split("/")[-1] in ("update", "shipped", "upload"):
            await desk.session.write(path, [], key="1001")
        else:
            await desk.session.read(path)
    except ConnectorError as error:
        return error
    return None


EXPECTED: dict[str, tuple[type[ConnectorError], ...]] = {  # what a caller hears, by code
    "": (),
    "002002": (),  # once more with the other pair
    "002004": (NeedsSignIn,),
    "003002": (NotDone,),
    "008003": (NotDone,),
    "008010": (NotDone,),
    "999999": (NotDone, Unknown),  # of a read, of a write
    "any": (Refused,),
}


async def test_the_forty_calls_of_a_token_s_life(httpx2_mock: respx.Router) -> None:
    """Our clock is further behind NE's than we reckon with, so that rotations fall on whatever comes, as recorded."""
    assert len(TIMELINE) == 40
    side = Side()
    httpx2_mock.route().mock(side_effect=side)
    checked = 0
    async with a_desk(None, now=at("2026-10-31 00:00:00")) as desk:
        for row in TIMELINE:
            side.row, side.sent = row, []
            await desk.clock.advance_to(at(row["time"]) - timedelta(seconds=400))
            if "without refresh" in row["sent_pair"]:  # a call that we never make
                assert desk.store.pair.access == f"access-{row['stored_pair_after']}"
                checked += 1
                continue
            error = await drive(desk, side, row)
            allowed = EXPECTED[row["code"]]
            assert isinstance(error, allowed) if allowed else error is None, (row["step"], error)
            assert desk.store.pair.access == f"access-{row['stored_pair_after']}", row["step"]
            if row["step"] == "24":
                assert side.sent == []  # no further try
            else:
                assert side.sent[0] == row["sent_pair"], row["step"]
            if row["code"] == "002002":
                assert side.sent == [row["sent_pair"], row["stored_pair_after"]]
            checked += 1
    assert checked == 40
    assert len(desk.store.pairs) == len(side.pairs) == 12  # each pair stored once


# ---- sign-in -----------------------------------------------------------------------------------------------


async def test_the_sign_in_url() -> None:
    async with a_desk(None) as desk:
        assert desk.session.sign_in_url() == (
            "https://base.next-engine.org/users/sign_in/?client_id=sampleClient01"
            "&redirect_uri=https%3A%2F%2Fconnector.example.jp%2Fnext-engine%2Fback%3Fshop%3Da"
        )


async def test_before_the_first_sign_in_nothing_is_called() -> None:
    async with a_desk(None) as desk:
        with pytest.raises(NeedsSignIn):
            await desk.session.read(wire.LOGIN_USER_INFO)
        assert desk.http.calls == 0


async def test_the_exchange_sends_the_recorded_body_and_no_tokens(httpx2_mock: respx.Router) -> None:
    body = (FIXTURES / "next_engine/replies/api_neauth.json").read_bytes()
    route = httpx2_mock.post(f"{HOST}/api_neauth").mock(return_value=httpx.Response(200, content=body))
    async with a_desk(a_pair("1", NOW)) as desk:
        await desk.session.exchange("u-sample-0001", "st4te+Sample/0001==")
        expected = form((FIXTURES / "next_engine/requests/01_api_neauth.body").read_bytes())
        assert sorted(form(route.calls.last.request.content)) == sorted(expected)
        assert desk.store.pair.access == "sampleAccess01+aB/cD="
        assert len(desk.store.pairs) == 2
        assert desk.archive.kept == []  # a secret and a pair: nothing of it is kept


async def test_a_sign_in_of_another_company_is_not_stored(httpx2_mock: respx.Router) -> None:
    pair = a_pair("1", NOW + timedelta(hours=1))
    httpx2_mock.route().mock(return_value=reply("success", a_pair("2", NOW), company_ne_id="NE00002"))
    async with a_desk(pair) as desk:
        with pytest.raises(Refused, match="NE00002"):
            await desk.session.exchange("u-sample-0001", "state")
        assert desk.store.pairs == [pair]


async def test_a_failed_sign_in_leaves_the_pair_alone() -> None:
    async with ne_and_desk() as (_, desk):
        before = list(desk.store.pairs)
        with pytest.raises(Refused):
            await desk.session.exchange("u-sample-0001", "no-such-state")
        assert desk.store.pairs == before


# ---- bytes and secrets -------------------------------------------------------------------------------------


async def test_writes_are_kept_without_tokens_and_reads_are_not(httpx2_mock: respx.Router) -> None:
    pair = a_pair("1", NOW + timedelta(hours=1))
    httpx2_mock.route().mock(return_value=reply("success", pair, que_id="45"))
    async with a_desk(pair) as desk:
        await desk.session.read(wire.BASE_SEARCH)
        await desk.session.write(wire.BASE_UPDATE, [(wire.SLIP_ID, "1001")], key="1001")
        out, back = desk.archive.kept
    assert (out.direction, out.name, out.key) == ("out", wire.BASE_UPDATE, "1001")
    assert out.body == b"receive_order_id=1001"
    assert back.direction == "in"
    assert json.loads(back.body)["que_id"] == "45"
    assert not any(word in each.body for each in (out, back) for word in (b"access-1", b"refresh-1"))


async def test_secrets_do_not_show() -> None:
    async with a_desk(a_pair("1", NOW)) as desk:
        assert "not-a-secret" not in repr(application())
        assert "access-1" not in repr(desk.store.pair)


Fault = Callable[[], httpx.Response]


@pytest.mark.parametrize(
    "answer",
    [
        lambda: httpx.Response(502, html="<html>bad gateway</html>"),
        lambda: httpx.Response(200, html="<html>maintenance</html>"),
        lambda: httpx.Response(200, content=b""),
        lambda: httpx.Response(200, content=b'{"result":"success"'),
        lambda: httpx.Response(200, content=b"[]"),
        lambda: httpx.Response(200, content=b'{"result":"error","code":"999999","message":""}'),
    ],
)
async def test_an_answer_that_proves_nothing(httpx2_mock: respx.Router, answer: Fault) -> None:
    httpx2_mock.route().mock(side_effect=[answer() for _ in range(4)])
    async with a_desk(a_pair("1", NOW + timedelta(hours=1))) as desk:
        with pytest.raises(Unknown):
            await desk.session.write(wire.BASE_UPDATE, [], key="1")
        with pytest.raises(NotDone):
            await desk.session.read(wire.BASE_SEARCH)
        assert desk.http.calls == 4  # the read was tried three times
