"""Next Engine's rotating tokens: a night's rotation nobody notices, and a lock-out that only a person can end."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from urllib.parse import urlsplit

import aiohttp
import pytest
from connector.adapters.next_engine import wire
from connector.ledger import views
from connector.ledger.views import AlarmRow
from connector.rehearsal import FIRST_DAY
from connector.reports import make
from connector.reports.tables import tables
from connector.serve import pages
from connector.stages import BESIDE, STAGES
from connector.wiring import open_world

from tests.journeys.conftest import OpenDay
from tests.journeys.day import Day, moment, wall

WRITES = ("import_queued", "slip_updated", "printed", "shipped", "status_moved")


async def test_the_pair_rotates_at_night_on_a_harmless_read(day: Day) -> None:
    await day.alone_until("23:00")
    order = day.place()
    await day.until("01:00", day=1)
    rotated = day.town.next_engine.history.of("token_rotated")
    assert [wall(event.at) for event in rotated] == ["11-25 00:00"], "once, at its end"
    written = [event for event in day.town.next_engine.history.of(*WRITES) if event.at == rotated[0].at]
    assert written == []

    await day.alone_until("09:30", day=1)
    await day.until("10:30", day=1)
    assert await day.state(order) == "imported"
    assert day.relayed(order) == 1
    assert day.town.next_engine.history.count("token_rotated") == 1


async def test_tokens_that_end_early_in_the_middle_of_everything_lose_nothing(day: Day) -> None:
    await day.alone_until("08:30")
    orders = [day.place() for _ in range(2)]
    day.faults.plan("token-expiry", 25)
    await day.until("20:00")
    assert day.faults.struck["token-expiry"] == 25
    assert [await day.state(order) for order in orders] == ["completed"] * 2


async def test_when_both_tokens_have_ended_a_sign_in_heals(day: Day) -> None:
    await day.alone_until("08:30")
    early = day.place()
    await day.until("09:00")
    day.town.next_engine.operator.expire_tokens(access=True, refresh=True)
    refused = day.place(card="decline")
    waiting = day.place()

    await day.until("10:40")
    assert await day.state(early) == "in_intake"
    assert (await day.picture(waiting)).order.state == "received", "the cart is read all the same"
    assert list(await day.holds(refused)) == ["payment_refused"], "what needs no Next Engine goes on"
    assert await day.holds(early) == await day.holds(waiting) == {}
    world, shop = day.demo.world, day.demo.shop
    pulses = await world.database.read(lambda c: views.pulses_list(c, shop.shop.key))
    words = {pulse.what: pulse.words for pulse in pulses if pulse.failing}
    assert "再サインイン" in words["follow_slips"]
    calls = day.calls_of_next_engine()
    await day.until("11:00")
    assert day.calls_of_next_engine() == calls, "a dead pair is not hammered"

    asked = await world.sign_in(shop, pair_file=None, uid="", state="")
    assert wire.SIGN_IN in asked
    user = day.town.next_engine.settings.users[0]
    state = day.town.next_engine.new_state(user.uid)
    assert user.uid in await world.sign_in(shop, pair_file=None, uid=user.uid, state=state)
    await day.until("12:00")
    assert await day.state(early) == "imported"
    assert await day.state(waiting) == "in_intake"
    assert (day.mails(early), day.mails(waiting), day.mails(refused)) == (1, 1, 0)
    (alarm,) = await alarms(day)
    assert alarm.kind == "sign_in", "one alarm, and no outage beside it"
    assert wall(alarm.opened_at) == "11-24 09:10", "the first call that found out"
    assert alarm.closed_at is not None and wall(alarm.closed_at) == "11-24 11:05"


async def alarms(day: Day) -> list[AlarmRow]:
    key = day.demo.shop.shop.key
    return await day.demo.world.database.read(lambda c: views.alarms_list(c, key))


async def test_one_click_on_the_page_heals(day: Day) -> None:
    """The daemon's own page: the button, Next Engine's screen, and back with its answer."""
    await day.alone_until("08:30")
    order = day.place()
    await day.until("09:00")
    day.town.next_engine.operator.expire_tokens(access=True, refresh=True)
    await day.until("09:30")
    async with pages(day.demo.world) as address, aiohttp.ClientSession() as browser:
        text = await _text(browser, f"{address}next-engine")
        assert "再サインインが必要" in text
        action, token = (
            _found(r'action="([^"]+/sign-in)"', text),
            _found(r'value="([0-9a-f]{64})"', text),
        )
        ours = {"Sec-Fetch-Site": "same-origin"}
        async with browser.post(f"{address}{action[1:]}", data={"token": token}, headers=ours) as answer:
            there = unescape(_found(r'content="0; url=([^"]+)"', await answer.text()))
        async with browser.get(there, allow_redirects=False) as answer:
            back = urlsplit(
                answer.headers["Location"]
            )  # to the port that the settings name; ours is a free one
        assert "サインインしました" in await _text(browser, f"{address}{back.path[1:]}?{back.query}")
    await day.until("10:30")
    assert await day.state(order) == "imported"
    assert [alarm.closed_at is None for alarm in await alarms(day)] == [False]


async def _text(browser: aiohttp.ClientSession, address: str) -> str:
    async with browser.get(address) as answer:
        assert answer.status == 200
        return await answer.text()


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, pattern
    return found[1]


@pytest.mark.long
async def test_a_shop_that_never_speaks_to_next_engine_stays_signed_in(open_day: OpenDay) -> None:
    """Only the cart's stage works, and people stop: one read a day, at the quiet hour if there is one, for six days."""
    off = {stage.name: "off" for stage in (*STAGES, *BESIDE) if stage.name != "ingest"}
    day = await open_day(modes=off | {"stop": "watch"}, rhythm_minutes={"ingest": 60})
    await day.until("12:00", day=5)
    assert day.calls_of_next_engine() == 6
    rotated = [wall(event.at) for event in day.town.next_engine.history.of("token_rotated")]
    assert [at[-5:] for at in rotated] == ["03:00"] * len(rotated)
    assert len(rotated) >= 3
    assert await alarms(day) == []


async def test_the_month_s_calls_are_counted_as_next_engine_counts_them(day: Day) -> None:
    await day.alone_until("08:30")
    day.place()
    await day.until("20:00")
    world, shop = day.demo.world, day.demo.shop.shop
    await world.counts.store()
    budget = await world.database.read(lambda c: views.next_engine_budget(c, shop, day.now))
    assert budget.requests == day.calls_of_next_engine() > 20
    report = await make(world.database, shop, FIRST_DAY, day.now, None)
    (line,) = [row for one in tables(report, "ja") if one.key == "connections" for row in one.rows[-1:]]
    assert f"今月のネクストエンジンAPI {budget.requests:,}回（契約 100,000回の" in str(line[-1])


async def test_two_shops_of_one_account_rotate_once(day: Day) -> None:
    """One process, two shops, one pair: as many calls as were asked for, and one rotation among them."""
    await day.alone_until("00:01", day=1)
    settings = day.demo.world.settings
    (section,) = settings.shops.values()
    both = settings.model_copy(update={"shops": {"honten": section, "bekkan": section}})
    world = await open_world(both, day.demo.clock)
    try:
        before = day.calls_of_next_engine()
        async with asyncio.TaskGroup() as group:
            for one in world.shops.values():
                for _ in range(5):
                    group.create_task(one.session.read(wire.LOGIN_USER_INFO))
        assert day.calls_of_next_engine() - before == 10
        assert day.town.next_engine.history.count("token_rotated") == 1
        assert len({id(one.tokens) for one in world.shops.values()}) == 1
    finally:
        await world.close()
    assert day.now >= moment("00:01", day=1)
