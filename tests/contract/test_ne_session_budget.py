"""The month's budget (§2.5): our count and Next Engine's own agree to the request and to the byte, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import msgspec
import pytest
from connector.adapters.next_engine import wire
from connector.adapters.next_engine.session import Application, Session, connect
from connector.clock import SteppedClock
from connector.errors import ConnectorError, NotDone, Unknown
from connector.ledger import alarms
from connector.ledger.call_counts import CallCounts, month_of
from connector.ledger.database import Database, migrate
from connector.ledger.schema_hub import call_counts
from connector.ledger.views import Budget, next_engine_budget
from connector.sandbox.next_engine import NextEngineSandbox
from connector.transport.http import Http
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from tests.contract.border import MemoryArchive, MemoryStore, at
from tests.unit.shop_day import SHOP

ACCOUNT = "NE90001"
OURS = msgspec.structs.replace(SHOP, ne_account=ACCOUNT, monthly_requests=10, monthly_bytes=0)
NOW = at("2026-11-20 10:00:00")


@dataclass
class Office:
    ne: NextEngineSandbox
    host: str
    clock: SteppedClock
    database: Database
    counts: CallCounts
    http: Http
    session: Session

    async def budget(self) -> Budget:
        return await self.database.read(lambda c: next_engine_budget(c, OURS, self.clock.now()))

    async def agree(self) -> int:
        """Stored and compared; how many."""
        await self.counts.store()
        budget = await self.budget()
        async with aiohttp.ClientSession() as person, person.get(f"{self.host}/_sim/usage") as answer:
            usage = (await answer.json())[month_of(self.clock.now())]
        ours = (budget.requests, budget.sent_bytes, budget.received_bytes)
        assert ours == (usage["requests"], usage["received_bytes"], usage["sent_bytes"])
        return budget.requests


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    clock = SteppedClock(NOW)
    database = Database(f"sqlite:///{tmp_path / 'ledger.db'}", inline=True)
    migrate(database)
    counts, ne = CallCounts(database, clock), NextEngineSandbox(clock)
    host = await ne.start()
    meter = counts.of(ACCOUNT)
    http = connect(clock=clock, host=host, timeout_seconds=5.0, meter=meter)
    application = Application(
        client_id=ne.client_id, client_secret=ne.client_secret, redirect_uri="http://127.0.0.1/"
    )
    session = Session(
        http,
        account=ACCOUNT,
        application=application,
        store=MemoryStore(),
        archive=MemoryArchive(),
        clock=clock,
        meter=meter,
    )
    await session.exchange("u-sample-0001", ne.new_state())
    yield Office(ne, host, clock, database, counts, http, session)
    await http.close()
    await ne.stop()
    database.close()


# --- counting ---------------------------------------------------------------------------------------------


async def test_every_kind_of_ending_is_counted(office: Office) -> None:
    assert await office.agree() == 1  # the sign-in
    await office.session.read(wire.LOGIN_USER_INFO)
    assert await office.agree() == 2
    for reply, more in (("003002", 3), ("drop", 3), ("html-502", 3), ("empty", 3), ("999999", 3)):
        before = await office.agree()
        office.ne.plan_reply(reply, path=wire.BASE_SEARCH, times=3)
        with pytest.raises(NotDone):
            await office.session.read(wire.BASE_SEARCH, [(wire.FIELDS, wire.SLIP_ID)])
        usage = office.ne.usage[month_of(office.clock.now())]
        await office.counts.store()
        assert (await office.budget()).requests == usage.requests == before + more, reply
        # Over there the bytes of a reply that was lost on the way are not counted; here those of an odd one are.
        office.ne.usage[month_of(NOW)].sent_bytes = (await office.budget()).received_bytes
    office.ne.plan_reply("drop", path=wire.BASE_UPDATE)
    with pytest.raises(Unknown):
        await office.session.write(wire.BASE_UPDATE, [(wire.SLIP_ID, "1")], key="1")
    assert await office.agree() == 18


async def test_a_rotation_counts_as_the_read_that_it_is(office: Office) -> None:
    await office.clock.advance_to(NOW + timedelta(days=1, seconds=1))
    await office.session.read(wire.BASE_SEARCH, [(wire.FIELDS, wire.SLIP_ID)])
    assert await office.agree() == 3


async def test_what_never_reached_them_costs_nothing(office: Office) -> None:
    await office.ne.stop()
    with pytest.raises(NotDone):
        await office.session.read(wire.LOGIN_USER_INFO)
    await office.counts.store()
    assert (await office.budget()).requests == 1


async def test_a_cancelled_call_is_counted(office: Office) -> None:
    reading = asyncio.ensure_future(office.session.read(wire.LOGIN_USER_INFO))
    usage = office.ne.usage[month_of(NOW)]
    while usage.requests < 2:  # noqa: ASYNC110 - it has arrived over there
        await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await office.counts.store()
    assert (await office.budget()).requests == 2


# --- keeping ----------------------------------------------------------------------------------------------


async def test_stored_at_the_latest_every_thirty_seconds(office: Office) -> None:
    await office.counts.store()
    for second in range(1, 100):
        await office.clock.advance_to(NOW + timedelta(seconds=second))
        await office.session.read(wire.LOGIN_USER_INFO)
        assert 1 + second - (await office.budget()).requests < 30
    assert await office.agree() == 100


async def test_while_nobody_calls_it_is_stored_too(office: Office) -> None:
    keeping = asyncio.ensure_future(office.counts.keep())  # this clock runs on by itself while it sleeps
    while office.clock.now() < NOW + timedelta(seconds=60):  # noqa: ASYNC110 - the clock sets no event
        await asyncio.sleep(0)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert (await office.budget()).requests == 1


async def test_a_store_that_refuses_loses_no_count_and_spoils_no_call(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_work: object) -> object:
        raise OperationalError("insert", {}, Exception("disk full"))

    with monkeypatch.context() as broken:
        broken.setattr(office.database, "run", full)
        await office.clock.advance_to(NOW + timedelta(minutes=5))
        assert (await office.session.read(wire.LOGIN_USER_INFO)).result == "success"
        await office.counts.store()
        assert (await office.budget()).requests == 0
    assert await office.agree() == 2


async def test_a_month_of_japan_ends_at_its_midnight(office: Office) -> None:
    for moment in ("2026-11-30 23:59:59", "2026-12-01 00:00:00"):
        await office.clock.advance_to(at(moment))
        try:
            await office.session.read(wire.LOGIN_USER_INFO)
        except ConnectorError:
            pass  # the pair is long gone; the request was made all the same
    await office.counts.store()
    rows = await office.database.read(lambda c: c.execute(select(call_counts)).all())
    assert {row.month: row.requests for row in rows} == {
        month: one.requests for month, one in office.ne.usage.items() if one.requests
    }


# --- judging ------------------------------------------------------------------------------------------------


async def test_told_at_80_and_at_100_percent_once_each(office: Office) -> None:
    """Ten a month: the eighth and the tenth call are told, one alarm at a time; the month's end closes it."""
    told: list[tuple[int, str, bool]] = []
    for number in range(1, 14):
        if number > 1:
            await office.session.read(wire.LOGIN_USER_INFO)
        told += [(number, kind, opened) for kind, opened in await _judged(office)]
    assert told == [(8, "budget_near", True), (10, "budget_near", False), (10, "budget_over", True)]
    assert (await office.session.read(wire.LOGIN_USER_INFO)).result == "success", "never enforced"
    await office.clock.advance_to(at("2026-12-01 00:00:00"))
    assert await _judged(office) == [("budget_over", False)]


async def _judged(office: Office) -> list[tuple[str, bool]]:
    await office.counts.store()
    watchers = {kind: alarms.WATCHERS[kind] for kind in ("budget_near", "budget_over")}
    turns = await office.database.run(lambda c: alarms.judge(c, OURS, office.clock.now(), watchers))
    return [(turn.kind, turn.opened) for turn in turns]


@pytest.mark.parametrize(
    ("calls", "asked_at", "expected"),
    [
        (60, "2026-11-20 21:00:00", None),  # half a day says nothing
        (60, "2026-11-22 10:00:00", 315),  # 30 a day for two days; 8.58 days are left
        (60, "2026-11-30 23:59:59", 60),
    ],
)
async def test_the_forecast_takes_the_pace_since_counting_began(
    office: Office, calls: int, asked_at: str, expected: int | None
) -> None:
    for _ in range(calls - 1):
        office.counts.count(ACCOUNT, 100, 100)
    await office.counts.store()
    now: datetime = at(asked_at)
    found = await office.database.read(lambda c: next_engine_budget(c, OURS, now))
    assert (found.requests, found.expected_requests) == (
        60,
        pytest.approx(expected, abs=3) if expected else None,
    )


async def test_bytes_alone_reach_the_limit(office: Office) -> None:
    small = msgspec.structs.replace(OURS, monthly_requests=0, monthly_bytes=1_000)
    office.counts.count(ACCOUNT, 600, 300)
    await office.counts.store()
    found = await office.database.read(lambda c: next_engine_budget(c, small, NOW))
    assert found.percent >= 90
    none = msgspec.structs.replace(OURS, monthly_requests=0, monthly_bytes=0)
    assert (await office.database.read(lambda c: next_engine_budget(c, none, NOW))).percent == 0
