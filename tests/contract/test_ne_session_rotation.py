"""Rotating on purpose (reliability §5.2): on a read, never on a write, and once a day where nobody else speaks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import respx
from connector.adapters.next_engine import wire
from connector.clock import jst
from connector.errors import NotDone, Refused
from connector.transport.http import Answer

from tests.contract.ne_desk import NOW, a_desk, a_pair, ne_and_desk, reply, rotations


@pytest.mark.parametrize(
    ("left", "paths"),
    [
        (301.0, [wire.BASE_UPDATE]),
        (60.0, [wire.LOGIN_USER_INFO, wire.BASE_UPDATE]),  # NE's clock may be ahead: ask by a read first
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
        if left < 5.0:
            assert seen[0][1] >= first.access_until
            assert desk.store.pair == second


@pytest.mark.parametrize("ahead", [timedelta(minutes=-5), timedelta(0), timedelta(minutes=5)])
async def test_no_write_rotates_whatever_the_clocks_say(ahead: timedelta) -> None:
    """NE's clock against ours: a write every 20 seconds across the end of three access tokens."""
    async with ne_and_desk(ahead=ahead) as (ne, desk):
        carried: list[str] = []
        post = desk.http.post_form

        async def watched(path: str, pairs: Any, **more: Any) -> Answer:
            before = rotations(ne)
            answer = await post(path, pairs, **more)
            carried.extend([path] * (rotations(ne) - before))
            return answer

        desk.http.post_form = watched  # type: ignore[method-assign]
        for day in (1, 2, 3):
            await desk.clock.advance_to(NOW + timedelta(days=day, minutes=-8))
            for _ in range(48):
                with pytest.raises(Refused):  # there is no such slip, and NE says so
                    await desk.session.write(wire.BASE_SHIPPED, [(wire.SLIP_ID, "9")], key="9")
                await desk.clock.advance_to(desk.clock.now() + timedelta(seconds=20))
        assert carried == [wire.LOGIN_USER_INFO] * 3
        assert len(desk.store.pairs) == 4


async def test_a_heavy_search_after_the_end_does_not_rotate_either() -> None:
    async with ne_and_desk() as (ne, desk):
        await desk.clock.advance_to(NOW + timedelta(days=1, seconds=1))
        ne.plan_reply("drop", path=wire.BASE_SEARCH, times=3)
        with pytest.raises(NotDone):
            await desk.session.read(wire.BASE_SEARCH, [(wire.FIELDS, wire.SLIP_ID)])
        assert len(desk.store.pairs) == 2, "the pair was safe before the search began"


async def test_a_silent_connection_is_kept_alive_each_quiet_hour() -> None:
    """Asked every minute for ten days without a stage: one read a day at 03:00, and never near the refresh end."""
    async with ne_and_desk() as (ne, desk):
        asked: list[datetime] = []
        for _ in range(10 * 24 * 60):
            before = desk.http.calls
            await desk.session.keep_alive()
            asked += [jst(desk.clock.now())] * (desk.http.calls - before)
            left = desk.store.pair.refresh_until - desk.clock.now()
            assert left > timedelta(hours=30)
            await desk.clock.advance_to(desk.clock.now() + timedelta(minutes=1))
        assert [f"{at:%H:%M}" for at in asked] == ["03:00"] * 10
        assert rotations(ne) >= 4


async def test_who_speaks_all_day_needs_no_keep_alive() -> None:
    async with ne_and_desk() as (_, desk):
        for _ in range(2 * 24 * 4):
            await desk.session.read(wire.LOGIN_USER_INFO)
            before = desk.http.calls
            await desk.session.keep_alive()
            assert desk.http.calls == before
            await desk.clock.advance_to(desk.clock.now() + timedelta(minutes=15))
