"""The rotating pair under stress: the seven races of reliability §5.2, and what else may come in between."""

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
from connector.daemon import Daemon
from connector.errors import NeedsSignIn, NotDone, Unknown
from connector.ports import TokenPair

from tests.contract.ne_desk import NOW, Desk, a_desk, a_pair, ne_and_desk, reply, rotations, sent
from tests.unit.shop_day import SHOP

# ---- the races of reliability §5.2, against the sandbox ----------------------------------------------------


async def test_f_ne_1_many_tasks_with_one_expired_token_rotate_once() -> None:
    async with ne_and_desk() as (ne, desk):
        await desk.clock.advance_to(NOW + timedelta(days=1, seconds=1))
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(desk.session.read(wire.LOGIN_USER_INFO))
        assert rotations(ne) == 1
        assert len(desk.store.pairs) == 2


async def test_f_ne_2_another_process_rotated_first() -> None:
    async with ne_and_desk() as (ne, desk):
        await desk.clock.advance_to(NOW + timedelta(days=1, seconds=1))
        old = desk.store.pair
        await desk.session.read(wire.LOGIN_USER_INFO)
        desk.store.stale = [old]  # what the other process still believes
        said = await desk.session.read(wire.LOGIN_USER_INFO)
        assert said.result == "success"
        assert (rotations(ne), len(desk.store.pairs)) == (1, 2)


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


@pytest.mark.parametrize("path", [wire.LOGIN_USER_INFO, wire.BASE_SEARCH])
async def test_f_ne_3_a_pair_in_an_error_reply_is_stored(path: str) -> None:
    async with ne_and_desk() as (ne, desk):
        ne.operator.expire_tokens(access=True)  # earlier than we know of: it falls on whatever comes
        ne.plan_reply("003002", path=path, times=3)
        with pytest.raises(NotDone):
            await desk.session.read(path, [(wire.FIELDS, wire.SLIP_ID)])
        assert len(desk.store.pairs) == 2
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
    async with a_desk(a_pair("1", NOW + timedelta(hours=20))) as desk:
        with pytest.raises(Unknown):
            await desk.session.write(wire.BASE_UPDATE, [], key="1")
        assert desk.store.pair == fresh


async def test_a_store_that_fails_keeps_the_body_back(httpx2_mock: respx.Router) -> None:
    httpx2_mock.route().mock(return_value=reply("success", a_pair("2", NOW + timedelta(days=1)), data=[]))
    async with a_desk(a_pair("1", NOW - timedelta(seconds=1))) as desk:

        async def full(account: str, pair: TokenPair, **more: Any) -> int:
            raise OSError("disk full")

        desk.store.save = full  # type: ignore[method-assign]
        with pytest.raises(OSError, match="disk full"):
            await desk.session.read(wire.LOGIN_USER_INFO)


# ---- what else may race ------------------------------------------------------------------------------------


async def test_cancelled_again_and_again_it_still_stores(httpx2_mock: respx.Router) -> None:
    fresh, under_way = a_pair("2", NOW + timedelta(days=1)), asyncio.Event()

    async def slow(request: httpx.Request) -> httpx.Response:
        under_way.set()
        await asyncio.sleep(0.1)
        return reply("success", fresh, data=[])

    httpx2_mock.route().mock(side_effect=slow)
    async with a_desk(a_pair("1", NOW - timedelta(seconds=1))) as desk:
        reading = asyncio.ensure_future(desk.session.read(wire.LOGIN_USER_INFO))
        await under_way.wait()
        for _ in range(3):
            reading.cancel()
            await asyncio.sleep(0.01)
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert desk.store.pair == fresh


async def test_a_pair_that_the_store_would_not_take_is_not_lost(httpx2_mock: respx.Router) -> None:
    """A full disk in the very moment: nothing goes out before the pair is stored after all."""
    fresh = a_pair("2", NOW + timedelta(days=1))
    route = httpx2_mock.route().mock(return_value=reply("success", fresh, data=[]))
    async with a_desk(a_pair("1", NOW - timedelta(seconds=1))) as desk:
        save = desk.store.save

        async def full(account: str, pair: TokenPair, **more: Any) -> int:
            raise OSError("disk full")

        desk.store.save = full  # type: ignore[method-assign]
        for _ in range(2):
            with pytest.raises(OSError, match="disk full"):
                await desk.session.read(wire.LOGIN_USER_INFO)
        assert route.call_count == 1
        desk.store.save = save  # type: ignore[method-assign]
        await desk.session.read(wire.LOGIN_USER_INFO)
        assert desk.store.pair == fresh
        assert sent(route.calls.last.request)["access_token"] == fresh.access


async def test_a_busy_store_never_says_that_a_write_was_not_done(httpx2_mock: respx.Router) -> None:
    """NE rotated on a write, days before the end we know of; the write itself is done."""
    fresh = a_pair("2", NOW + timedelta(days=2))
    httpx2_mock.route().mock(return_value=reply("success", fresh))
    async with a_desk(a_pair("1", NOW + timedelta(hours=20))) as desk:

        async def busy(account: str, pair: TokenPair, **more: Any) -> int:
            raise NotDone("the store is busy")

        desk.store.save = busy  # type: ignore[method-assign]
        with pytest.raises(Unknown):
            await desk.session.write(wire.BASE_UPDATE, [], key="1")


async def test_a_sign_in_waits_for_the_call_under_way() -> None:
    async with ne_and_desk() as (ne, desk):
        await desk.clock.advance_to(NOW + timedelta(days=1, seconds=1))
        async with asyncio.TaskGroup() as group:
            group.create_task(desk.session.read(wire.LOGIN_USER_INFO))
            group.create_task(desk.session.exchange("u-sample-0001", ne.new_state()))
            group.create_task(desk.session.read(wire.LOGIN_USER_INFO))
        assert len(desk.store.pairs) == 3  # the first, the rotated, the signed-in one
        assert (await desk.session.read(wire.LOGIN_USER_INFO)).result == "success"
        assert desk.store.dead == set()


class OneStage:
    """A rhythm whose only stage makes one call."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.shop, self.woken = desk, SHOP, asyncio.Event()

    async def run_due(self, stopping: Any) -> None:
        await self.desk.session.read(wire.LOGIN_USER_INFO)

    async def next_at(self) -> datetime:
        return self.desk.clock.now() + timedelta(hours=1)


async def test_a_shutdown_waits_for_the_rotating_call(
    httpx2_mock: respx.Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NE takes longer to answer than the drain lasts: the pair is stored all the same before the daemon ends."""
    fresh, under_way = a_pair("2", NOW + timedelta(days=1)), asyncio.Event()

    async def slow(request: httpx.Request) -> httpx.Response:
        under_way.set()
        await asyncio.sleep(0.3)
        return reply("success", fresh, data=[])

    httpx2_mock.route().mock(side_effect=slow)
    monkeypatch.setattr("connector.daemon.DRAIN", 0.05)
    async with a_desk(a_pair("1", NOW - timedelta(seconds=1))) as desk:
        daemon = Daemon([OneStage(desk)], desk.clock)  # type: ignore[list-item]
        running = asyncio.ensure_future(daemon.run())
        await under_way.wait()
        daemon.stop()
        assert await running is False, "not everything was finished in time"
        assert desk.store.pair == fresh
