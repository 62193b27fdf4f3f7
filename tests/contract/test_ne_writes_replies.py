"""Many slips in one call: what its reply, or none at all, means for each of them."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import pytest
import respx
from connector.adapters.next_engine import bulk, wire
from connector.adapters.next_engine.client import NextEngine
from connector.errors import Barred, Closed, ConnectorError, NotDone, Refused, Unknown

from tests.contract.border import form
from tests.contract.ne_crowd import (
    calls_of,
    faults,
    in_between,
    more_slips,
    recorded_slips,
    shipments,
    slips_of,
)
from tests.contract.ne_desk import a_desk
from tests.contract.ne_shop import a_shop, engine
from tests.contract.test_ne_client import SAMPLE, answer

# ---- what a reply says of all --------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", ["drop", "999999", "html-502", "empty"])
@pytest.mark.parametrize("path", [wire.BASE_BULKUPDATE, wire.BASE_BULKRECEIPTED])
async def test_a_lost_reply_is_settled_by_reading_back(reply: str, path: str) -> None:
    async with a_shop() as (sandbox, _, ne):
        numbers = more_slips(sandbox, 10)
        sandbox.plan_reply(reply, path=path, applied=True)
        assert {slip.status for slip in slips_of(await ne.mark_relayed(numbers)).values()} == {40}
        sandbox.plan_reply(reply, path=wire.BASE_SHIPPED, applied=True)
        slips_of(await ne.confirm_shipments(shipments(numbers)))
        assert sandbox.history.per_key("shipped") == dict.fromkeys(numbers, 1)


@pytest.mark.parametrize("reply", ["drop", "999999", "html-502", "empty"])
@pytest.mark.parametrize("path", [wire.BASE_BULKUPDATE, wire.BASE_BULKRECEIPTED])
async def test_a_lost_reply_that_no_slip_shows_stays_unknown(reply: str, path: str) -> None:
    async with a_shop() as (sandbox, _, ne):
        numbers = more_slips(sandbox, 10)
        sandbox.plan_reply(reply, path=path, applied=False)
        told = faults(await ne.mark_relayed(numbers))
        assert {type(fault) for fault in told.values()} == {Unknown}
        assert len(told) == 10
        slips_of(await ne.mark_relayed(numbers))
        assert sandbox.history.per_key("printed") == dict.fromkeys(numbers, 1)


STOPPED = ("001007", "002003", "003003", "004001")
BUSY = ("000001", "003001", "003002", "008003", "008007", "009005", "011007", "020007")
CLOSED = ("002007", "003004", "003005", "008010")


@pytest.mark.parametrize("code", [*STOPPED, *BUSY, *CLOSED])
async def test_one_call_says_it_for_all(code: str) -> None:
    """Nobody knocks once per slip at a door that is shut; nobody is held for it."""
    kind = Barred if code in STOPPED else Closed if code in CLOSED else NotDone
    async with a_shop() as (sandbox, desk, ne):
        numbers = more_slips(sandbox, 50)
        sandbox.plan_reply(code, path=wire.BASE_BULKUPDATE)
        before = desk.http.calls
        told = faults(await ne.mark_relayed(numbers))
        assert {type(fault) for fault in told.values()} == {kind}
        assert len(told) == 50
        assert desk.http.calls == before + 2
        assert all(code in str(fault) for fault in told.values())


@pytest.mark.parametrize(("reply", "knocks"), [("003002", 2), ("004001", 1), ("008010", 2), ("drop", 2)])
async def test_shipping_stops_where_next_engine_does_not_answer(reply: str, knocks: int) -> None:
    async with a_shop() as (sandbox, desk, ne):
        numbers = more_slips(sandbox, 50)
        slips_of(await ne.confirm_shipments(shipments(numbers[:1])))
        sandbox.plan_reply(reply, path=wire.BASE_SHIPPED, times=99)
        told = faults(await ne.confirm_shipments(shipments(numbers[1:])))
        assert len(told) == 49
        assert calls_of(desk).count("shipped") == 1 + knocks
        sent = {type(fault) for fault in told.values()}
        assert Refused not in sent
        assert len([fault for fault in told.values() if isinstance(fault, Unknown)]) == (
            2 if reply == "drop" else 0
        )


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("001007", "契約が停止"),
        ("002003", "契約が停止"),
        ("003003", "メイン機能が停止"),
        ("004001", "「API」タブ"),
    ],
)
async def test_what_only_a_person_can_mend_is_one_clear_sentence(code: str, words: str) -> None:
    async with a_shop() as (sandbox, _, ne):
        sandbox.plan_reply(code, path=wire.BASE_SEARCH)
        with pytest.raises(Barred, match=words):
            await ne.slips(["1007"])


async def test_a_call_refused_as_a_whole_is_taken_apart() -> None:
    """A sentence instead of a list: nothing was done, and one slip may be to blame for all."""
    async with a_shop() as (sandbox, desk, ne):
        numbers = more_slips(sandbox, 30)
        sandbox.plan_reply("020500", path=wire.BASE_BULKUPDATE)
        told = await ne.mark_relayed(numbers)
        assert len(faults(told)) == 30 - bulk.SINGLY
        assert {type(fault) for fault in faults(told).values()} == {Barred}
        assert calls_of(desk).count("update") == bulk.SINGLY


async def test_a_list_that_names_nobody_leaves_everything_open(httpx2_mock: respx.Router) -> None:
    slips = {"s1007": {wire.STATUS: "20"}, "s1024": {wire.STATUS: "20"}}
    httpx2_mock.route(path=wire.BASE_SEARCH).mock(
        side_effect=lambda _: recorded_slips("1007", "1024", **slips)
    )
    said = {"result": "error", "code": "020500", "message": [{"code": "020006"}]}
    httpx2_mock.route(path=wire.BASE_BULKUPDATE).mock(return_value=httpx.Response(200, json=said))
    async with a_desk(SAMPLE) as desk:
        told = await engine(desk).mark_relayed(["1007", "1024"])
    assert {type(fault) for fault in told.values()} == {Unknown}


async def test_success_that_no_slip_shows_is_unknown(httpx2_mock: respx.Router) -> None:
    slips = {"s1007": {wire.STATUS: "20"}, "s1024": {wire.STATUS: "20"}}
    httpx2_mock.route(path=wire.BASE_SEARCH).mock(
        side_effect=lambda _: recorded_slips("1007", "1024", **slips)
    )
    httpx2_mock.route(path=wire.BASE_BULKUPDATE).mock(return_value=answer("receiveorder_base_update.json"))
    async with a_desk(SAMPLE) as desk:
        told = await engine(desk).mark_relayed(["1007", "1024"])
    assert {type(fault) for fault in told.values()} == {Unknown}


async def test_a_reading_that_fails_after_the_write_leaves_it_unknown() -> None:
    async with a_shop() as (sandbox, desk, ne):
        numbers = more_slips(sandbox, 5)
        in_between(
            desk,
            wire.BASE_BULKUPDATE,
            lambda: sandbox.plan_reply("003002", path=wire.BASE_SEARCH, times=3),
        )
        told = faults(await ne.mark_relayed(numbers))
        assert {type(fault) for fault in told.values()} == {Unknown}


async def test_a_slip_that_is_not_there_stops_no_other() -> None:
    async with a_shop() as (sandbox, _, ne):
        numbers = more_slips(sandbox, 3)
        told = await ne.mark_relayed([*numbers, "9999"])
        assert faults(told).keys() == {"9999"}


async def test_we_never_ask_to_wait(httpx2_mock: respx.Router) -> None:
    """`wait_flag` would hold the account's one line for up to an hour; a crowded Next Engine is asked again instead."""
    httpx2_mock.route().mock(side_effect=lambda _: answer("error_003002_overloaded.json"))
    async with a_desk(SAMPLE) as desk:
        ne: NextEngine = engine(desk)
        for call in (ne.slips(["1"]), ne.slips_of(["T"]), ne.queue("45"), ne.mark_relayed(["1"])):
            with pytest.raises(ConnectorError):
                await call
        with pytest.raises(NotDone):
            await desk.session.write(wire.BASE_SHIPPED, (), key="k")
    sent: Sequence[list[tuple[str, str]]] = [form(call.request.content) for call in httpx2_mock.calls]
    assert len(sent) >= 5
    assert not [name for pairs in sent for name, _ in pairs if name == wire.WAIT_FLAG]
