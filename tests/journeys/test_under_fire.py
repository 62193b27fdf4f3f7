"""Under fire: time-outs, cuts and errors, before and after the effect, on every call to Next Engine and SMTP step.

The production wiring, a town over HTTP, SMTP and SFTP, and two proxies that break the lines by a seeded plan. What
really happened comes from the town's histories; what was asked in between comes from the proxy.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from connector import lines
from connector.adapters.mail.outgoing import MailSettings, message_id_of
from connector.adapters.next_engine import session as ne_session
from connector.adapters.next_engine import wire
from connector.errors import ConnectorError
from connector.rehearsal import FIRST_DAY, SHOP, demo, opened, setting
from connector.sandbox.town import Addresses, masters
from connector.transport.smtp import MailServer

from tests.journeys.conftest import BY_API, RHYTHM
from tests.journeys.day import Day, Mischief, moment
from tests.journeys.fire import STEPS, BurningApi, BurningMail, Decks, counted

CALLED = (  # every endpoint that the connector knows; a path it begins to call is struck without being named here
    *(wire.NEAUTH, wire.LOGIN_USER_INFO, wire.UPLOADPATTERN_INFO, wire.BASE_UPLOAD, wire.QUE_SEARCH),
    *(wire.BASE_SEARCH, wire.ROW_SEARCH, wire.BASE_BULKUPDATE, wire.BASE_BULKRECEIPTED, wire.BASE_SHIPPED),
    *(wire.BASE_UPDATE, wire.BASE_RECEIPTED),
)
RARELY = (wire.STOCK_SEARCH,)  # once a day, with the file of stock: no deck of faults can fall there
TIMES = [f"{hour:02}:00:00" for hour in range(7, 24)]  # many files a day: an upload must be struck often
SLIP_IN_BULK = re.compile(rf'{wire.SLIP_ID}="(\d+)"')
LOST_MAILS = 3  # three times a day


class Fire:
    """The day, and the two lines that burn."""

    def __init__(self, day: Day, api: BurningApi, mail: BurningMail, seed: int) -> None:
        self.day, self.api, self.mail = day, api, mail
        self._dice = random.Random(f"{seed}/clerk")
        self.meddled = set[str]()
        api.meddle = self._meddle

    async def burn(self, until: datetime) -> None:
        """Hour by hour; meanwhile a person keeps the connector signed in."""
        while self.day.now < until:
            await self._keep_alive()
            hour = jst_hour(self.day.now)
            await self.day.until(f"{(hour[1] + 1) % 24:02}:00", day=hour[0] + (hour[1] + 1) // 24)

    async def _keep_alive(self) -> None:
        """The harmless read, and a sign-in: every hour, until one came through."""
        session = self.day.demo.shop.session
        for _ in range(30):
            try:
                await session.read(wire.LOGIN_USER_INFO)
                await self._sign_in()
            except ConnectorError:
                continue
            return
        raise AssertionError("nobody could sign in any more")

    async def _sign_in(self) -> None:
        town, demo_ = self.day.town.next_engine, self.day.demo
        user = town.settings.users[0].uid
        for _ in range(30):
            state = town.new_state(user)
            try:
                await demo_.world.sign_in(demo_.shop, pair_file=None, uid=user, state=state)
            except ConnectorError:
                continue
            return

    def _meddle(self, path: str, asked: dict[str, str]) -> None:
        """A clerk writes into a slip between our read and our bulk write: its lock value moves. Once per slip: what
        is touched again and again is rightly shown to a person.
        """
        if path not in (wire.BASE_BULKUPDATE, wire.BASE_BULKRECEIPTED):
            return
        numbers = SLIP_IN_BULK.findall(asked.get(wire.DATA, ""))
        town = self.day.town.next_engine
        for number in self._dice.sample(numbers, len(numbers) // 2)[:2]:
            if number in self.meddled:
                continue
            self.meddled.add(number)
            town.operator.edit(int(number), {wire.NOTE: f"電話あり {len(self.meddled)}"})


def jst_hour(at: datetime) -> tuple[int, int]:
    """Which day of the story, which full hour."""
    passed = at - moment("00:00")
    return passed.days, passed.seconds // 3600


@asynccontextmanager
async def burning(
    folder: Path, patch: pytest.MonkeyPatch, *, orders: int, seed: int, rounds: int, patience: float
) -> AsyncIterator[Fire]:
    """`patience`: wall seconds the connector waits for an answer. `rounds`: how often each fault falls."""
    faults = Mischief()
    api = BurningApi(Decks(seed, rounds))
    # The more mails, the thinner: six refusals of one mail in a row rightly call a person.
    chance = min(0.25, 20 / orders)
    mail = BurningMail(Decks(seed + 1, rounds), late=patience + 0.3, chance=chance)
    async with AsyncExitStack() as stack:
        url, port = await stack.enter_async_context(api.open()), await stack.enter_async_context(mail.open())
        write = setting.write_config

        def through_the_fire(town: Addresses, folder: Path, start_at: datetime, page: int) -> Path:
            api.upstream, mail.upstream = town.next_engine.url, (town.mail.host, town.mail.port)
            burning_ne = msgspec.structs.replace(town.next_engine, url=url)
            burning_mail = msgspec.structs.replace(town.mail, port=port)
            aimed = msgspec.structs.replace(town, next_engine=burning_ne, mail=burning_mail)
            return write(aimed, folder, start_at, page)

        patch.setattr(demo, "write_config", through_the_fire)
        settings = masters.next_engine_settings()
        patch.setattr(
            masters, "next_engine_settings", lambda: replace(settings, access_life=timedelta(hours=5))
        )
        server = partial(MailServer, command_seconds=patience, data_seconds=patience)
        patch.setattr(lines, "MailServer", server)
        patch.setattr(ne_session, "ROTATING_SECONDS", patience)
        shop = {
            "rhythm_minutes": RHYTHM | {"notify": 45},  # several mails at once: lines are used again
            "patience_minutes": {"notify": 120, "follow_slips": 4 * 24 * 60},  # 入金待ち may last
            "completion": BY_API,
            "import_daily": {"times": TIMES, "grace_minutes": 59},
            "next_engine": {"timeout_seconds": patience},
            "mail": {"settle_minutes": 10, "connections": 2},
        }
        patch.setenv("CONNECTOR_SHOPS", json.dumps({SHOP: shop}))
        town = opened(
            folder=folder,
            start_on=FIRST_DAY,
            seed=seed,
            faults=faults,
            orders_per_day=orders,
            port=0,
            subscribers=0,
        )
        open_demo = await stack.enter_async_context(town)
        api.now = open_demo.clock.now
        yield Fire(Day(open_demo, faults), api, mail, seed)


# ---- what must hold -----------------------------------------------------------------------------------------


def every_fault_fell(fire: Fire, *, whole: bool) -> None:
    """A fault that was never struck proves nothing. Not `whole`: at every place one before and one after."""
    assert set(CALLED) <= fire.api.calls.keys(), set(CALLED) - fire.api.calls.keys()
    assert fire.mail.steps.keys() == STEPS.keys()
    for decks in (fire.api.decks, fire.mail.decks):
        owed = decks.unstruck() if whole else decks.spared()
        assert [point for point in owed if point[0] not in RARELY] == []


def nothing_twice(fire: Fire) -> None:
    town = fire.day.town
    events = {
        "imports": town.next_engine.history.per_key("order_imported"),
        "confirmed shipments": town.next_engine.history.per_key("shipped"),
        "instructions": town.warehouse.history.per_key("slip_accepted"),
        "parcels": town.warehouse.history.per_key("shipped"),
    }
    for what, counts in events.items():
        assert {key: n for key, n in counts.items() if n > 1} == {}, what
        assert counts, what
    for order in town.cart.shop.order_by_number.values():
        assert len(town.next_engine.slips_of(order.number)) <= 1, order.number


def no_second_mail_without_a_look(fire: Fire) -> int:
    """Between two accepted mails of one order lies a search for it whose answer arrived and held no slip."""
    day, times = fire.day, dict[str, list[datetime]]()
    for event in day.town.mail.history.of("mail_accepted"):
        times.setdefault(event.key, []).append(event.at)
    section = day.demo.world.settings.shops[SHOP].mail
    settings = MailSettings(SHOP, section.sender, section.recipient, section.sender.rpartition("@")[2])
    pairs = 0
    for number in day.town.cart.shop.order_by_number:
        mails = times.pop(message_id_of(settings, number), [])
        for first, second in pairwise(mails):
            pairs += 1
            between = [one for one in fire.api.looks if first < one.at <= second and number in one.asked]
            assert between, f"{number}: mailed at {first} and {second}, nobody looked"
            assert number not in between[-1].found, f"{number}: it was there at {between[-1].at}"
    assert times == {}, "mails of no order"
    return pairs


async def everything_is_somewhere(fire: Fire) -> Counter[str]:
    """Where the orders ended; no silence (`kept`), and nothing that the fire alone brought before a person."""
    day = fire.day
    await day.kept()
    ends: Counter[str] = Counter()
    for event in day.town.cart.history.of("order_placed", "order_generated"):
        picture = await day.picture(day.town.cart.shop.order_by_number[event.key])
        here = [hold for hold in picture.holds if hold.closed_at is None]
        reasons = {hold.reason for hold in here}
        of_the_fire = {"too_many_tries", "cannot_tell", "mail_never_arrived", "bug", "key_conflict"}
        assert not reasons & of_the_fire, (event.key, here, picture)
        ends["、".join(sorted(reasons)) or picture.order.state] += 1
    return ends


async def a_burning_shop(
    folder: Path,
    patch: pytest.MonkeyPatch,
    *,
    orders: int,
    days: int,
    seed: int,
    rounds: int,
    patience: float,
) -> None:
    """`orders` a day; then a night and a morning in which the last ones are repeated."""
    async with burning(folder, patch, orders=orders, seed=seed, rounds=rounds, patience=patience) as fire:
        day = fire.day
        for n in range(days):
            for hour in (9, 13, 17):
                await fire.burn(moment(f"{hour:02}:00", n))
                day.faults.plan("lost-mail", LOST_MAILS)
        await fire.burn(moment("00:00", days))
        await day.until("09:30", day=days)
        await day.demo.shop.rhythm.runner.run("ingest")  # whoever ordered since its last pass
        ends = await everything_is_somewhere(fire)
        pairs = no_second_mail_without_a_look(fire)
        truth = day.town.truth()
        print(
            f"\nseed {seed}: {truth['orders_placed']:,} orders, {truth['imported']:,} imported, "
            f"{truth['shipped']:,} shipped, {truth['completed']:,} completed; {dict(ends)}\n"
            f"{sum(fire.api.decks.struck.values())} faults in {sum(fire.api.calls.values()):,} calls to Next Engine, "
            f"{len(fire.meddled)} slips changed under our hands, {sum(fire.mail.decks.struck.values())} faults in "
            f"{sum(fire.mail.steps.values()):,} SMTP steps, {pairs} second mails, each after a look\n"
            + counted(fire.api.decks.struck, sorted(fire.api.calls))
            + "\n"
            + counted(fire.mail.decks.struck, STEPS)
        )
        every_fault_fell(fire, whole=rounds > 1)
        nothing_twice(fire)
        assert pairs, "no mail was ever sent again: the rule was not tried"
        assert truth["orders_placed"] >= 0.9 * orders * days


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_two_thousand_orders_under_fire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await a_burning_shop(tmp_path / "shop", monkeypatch, orders=1060, days=2, seed=5, rounds=2, patience=0.8)
