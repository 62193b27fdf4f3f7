"""The rotating pair under stress: the seven races of reliability §5.2, and rotating on purpose."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import httpx2
import pytest
import respx
from connector.adapters.next_engine import wire
from connector.errors import NeedsSignIn, NotDone, Unknown
from connector.ports import TokenPair
from connector.sandbox.next_engine import NextEngineSandbox

from tests.contract.ne_desk import NOW, a_desk, a_pair, ne_and_desk, reply

# ---- the races of reliability §5.2, against the sandbox ----------------------------------------------------


def rotations(ne: NextEngineSandbox) -> int:
    return sum(ne.history.per_key("token_rotated").values())


async def test_f_ne_1_many_tasks_with_one_expired_token_rotate_once() -> None:
    async with ne_and_desk() as (ne, desk):
        await desk.clock.advance_to(NOW + timedelta(days=1, seconds=1))
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(desk.session.read(wire.LOGIN_USER_INFO))
        assert rotations(ne) == 1
        assert desk.store.generation == 2


async def test_f_ne_2_another_process_rotated_first() -> None:
    async with ne_and_desk() as (ne, desk):
        await desk.clock.advance_to(NOW + timedelta(days=1, seconds=1))
        old = desk.store.pair
        await desk.session.read(wire.LOGIN_USER_INFO)
        desk.store.stale = [old]  # what the other process still believes
        said = await desk.session.read(wire.LOGIN_USER_INFO)
        assert said.result == "success"
        assert (rotations(ne), desk.store.generation) == (1, 2)


async def test_a_pair_that_lost_the_race_to_the_store_still_wins_by_its_end(
    httpx2_mock: respx.Router,
) -> None:
    """The lock failed us: another pair was stored while our reply was on its way; NE takes the later one."""
    old, other = a_pair("1", NOW - timedelta(seconds=1)), a_pair("2", NOW + timedelta(hours=23))
    newest = a_pair("3", NOW + timedelta(days=1))
    async with a_desk(old) as desk:

        def answer(request: httpx.Request) -> httpx.Response:
            desk.store.pairs.append(other)
            return reply("success", newest, data=[])

        httpx2_mock.route().mock(side_effect=answer)
        await desk.session.read(wire.LOGIN_USER_INFO)
        assert desk.store.pair == newest


async def test_f_ne_3_a_pair_in_an_error_reply_is_stored() -> None:
    async with ne_and_desk() as (ne, desk):
        await desk.clock.advance_to(NOW + timedelta(days=1, seconds=1))
        ne.plan_reply("003002", path=wire.BASE_SEARCH, times=3)
        with pytest.raises(NotDone):
            await desk.session.read(wire.BASE_SEARCH, [(wire.FIELDS, wire.SLIP_ID)])
        assert desk.store.generation == 2
        assert (await desk.session.read(wire.LOGIN_USER_INFO)).result == "success"


@pytest.mark.parametrize("empty", [None, ""])
async def test_f_ne_4_nothing_never_overwrites_a_pair(httpx2_mock: respx.Router, empty: str | None) -> None:
    pair = a_pair("1", NOW + timedelta(hours=1))
    tokens: dict[str, Any] = {"access_token": empty, "refresh_token": empty, "access_token_end_date": empty}
    httpx2_mock.route().mock(return_value=reply("success", data=[], **tokens))
    async with a_desk(pair) as desk:
        await desk.session.read(wire.LOGIN_USER_INFO)
        assert desk.store.pairs == [pair]


async def test_f_ne_5_a_lost_pair_ends_in_one_alarm_and_no_hammering(httpx2_mock: respx.Router) -> None:
    lost = httpx2.ReadTimeout("slow")
    dead = reply("error", code="002002", message="")
    route = httpx2_mock.route().mock(side_effect=[lost, dead])
    async with a_desk(a_pair("1", NOW - timedelta(seconds=1))) as desk:
        with pytest.raises(NeedsSignIn):
            await desk.session.read(wire.LOGIN_USER_INFO)
        assert route.call_count == 2
        for _ in range(3):
            with pytest.raises(NeedsSignIn):
                await desk.session.write(wire.BASE_UPDATE, [], key="1")
        assert route.call_count == 2


async def test_f_ne_6_a_rotating_call_is_not_cut_off(httpx2_mock: respx.Router) -> None:
    """Whoever cancels us waits until the pair is stored; the body is not used any more."""
    fresh, under_way = a_pair("2", NOW + timedelta(days=1)), asyncio.Event()

    async def slow(request: httpx.Request) -> httpx.Response:
        under_way.set()
        await asyncio.sleep(0.05)
        return reply("success", fresh, data=[])

    httpx2_mock.route().mock(side_effect=slow)
    async with a_desk(a_pair("1", NOW - timedelta(seconds=1))) as desk:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await desk.session.read(wire.LOGIN_USER_INFO)
        assert under_way.is_set()
        assert desk.store.pair == fresh


async def test_f_ne_7_a_person_must_sign_in_and_then_all_goes_on() -> None:
    async with ne_and_desk() as (ne, desk):
        await desk.clock.advance_to(NOW + timedelta(days=3, seconds=1))
        with pytest.raises(NeedsSignIn) as caught:
            await desk.session.read(wire.LOGIN_USER_INFO)
        assert caught.value.code == "002004"
        who = await desk.session.exchange("u-sample-0001", ne.new_state())
        assert (who.uid, who.company_ne_id) == ("u-sample-0001", "NE90001")
        assert (await desk.session.read(wire.LOGIN_USER_INFO)).result == "success"


async def test_the_pair_is_stored_before_the_body_is_used(httpx2_mock: respx.Router) -> None:
    """Also when the body is of no use at all."""
    fresh = a_pair("2", NOW + timedelta(days=1))
    document = json.loads(reply("success", fresh).content)
    httpx2_mock.route().mock(return_value=httpx.Response(500, content=json.dumps(document).encode()))
    async with a_desk(a_pair("1", NOW + timedelta(seconds=30))) as desk:
        with pytest.raises(Unknown):
            await desk.session.write(wire.BASE_UPDATE, [], key="1")
        assert desk.store.pair == fresh


async def test_a_store_that_fails_keeps_the_body_back(httpx2_mock: respx.Router) -> None:
    httpx2_mock.route().mock(return_value=reply("success", a_pair("2", NOW + timedelta(days=1)), data=[]))
    async with a_desk(a_pair("1", NOW - timedelta(seconds=1))) as desk:

        async def full(account: str, pair: TokenPair, *, after: int) -> int:
            raise OSError("disk full")

        desk.store.save = full  # type: ignore[method-assign]
        with pytest.raises(OSError, match="disk full"):
            await desk.session.read(wire.LOGIN_USER_INFO)


# ---- rotating on purpose -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "paths"),
    [
        (60.0, [wire.BASE_UPDATE]),
        (3.0, [wire.LOGIN_USER_INFO, wire.BASE_UPDATE]),
        (-60.0, [wire.LOGIN_USER_INFO, wire.BASE_UPDATE]),
    ],
)
async def test_a_write_never_carries_a_rotation(
    httpx2_mock: respx.Router, left: float, paths: list[str]
) -> None:
    seen: list[tuple[str, datetime]] = []
    first, second = (
        a_pair("1", NOW + timedelta(seconds=left)),
        a_pair("2", NOW + timedelta(days=1, minutes=1)),
    )
    async with a_desk(first) as desk:

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append((request.url.path, desk.clock.now()))
            expired = desk.clock.now() >= first.access_until
            return reply("success", second if expired else first, data=[])

        httpx2_mock.route().mock(side_effect=answer)
        await desk.session.write(wire.BASE_UPDATE, [], key="1")
        assert [path for path, _ in seen] == paths
        if len(paths) == 2:
            assert seen[0][1] >= first.access_until
            assert desk.store.pair == second


async def test_rotate_if_due_does_nothing_while_the_token_lives() -> None:
    async with ne_and_desk() as (ne, desk):
        await desk.session.rotate_if_due()
        assert desk.http.calls == 0
        await desk.clock.advance_to(NOW + timedelta(days=1))
        await desk.session.rotate_if_due()
        assert rotations(ne) == 1
