"""Tokens at rest: what is kept across restarts, what heals a lost key, and a keep-alive that stops nothing."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from connector.clock import SteppedClock
from connector.errors import Misconfigured, NeedsSignIn, NotDone
from connector.ledger.alarms import judge, sign_in
from connector.ledger.call_counts import CallCounts
from connector.ledger.database import Database, migrate
from connector.ledger.schema import tokens as table
from connector.ledger.tokens import LedgerTokens
from connector.ledger.views import next_engine_accounts
from connector.lines import TRY_AGAIN, tended
from connector.ports import SignedIn, TokenPair
from cryptography.fernet import Fernet
from sqlalchemy import select

from tests.unit.shop_day import NOW, SHOP

ACCOUNT = "NE90001"
OURS = msgspec.structs.replace(SHOP, ne_account=ACCOUNT)
WHO = SignedIn("u-sample-0001", "NE90001", "見本商事")


def a_pair(name: str, days: int = 0) -> TokenPair:
    until = NOW + timedelta(days=days + 1)
    return TokenPair(
        access=f"access-{name}",
        refresh=f"refresh-{name}",
        access_until=until,
        refresh_until=until + timedelta(days=2),
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = Database(f"sqlite:///{tmp_path / 'ledger.db'}", inline=True)
    migrate(found)
    yield found
    found.close()


@pytest.fixture
def store(database: Database) -> LedgerTokens:
    return LedgerTokens(database, SteppedClock(NOW), [Fernet.generate_key()])


async def test_a_dead_pair_is_dead_after_a_restart_and_alive_after_a_sign_in(
    database: Database, store: LedgerTokens
) -> None:
    await store.save(ACCOUNT, a_pair("1"), after=0)
    await store.mark_dead(ACCOUNT, 1)
    again = LedgerTokens(database, SteppedClock(NOW), [Fernet.generate_key()])
    assert await again.is_dead(ACCOUNT, 1)
    await store.save(ACCOUNT, a_pair("2"), after=1, signed_in=WHO)
    assert not await store.is_dead(ACCOUNT, 2)
    await store.mark_dead(ACCOUNT, 1)  # somebody who is late
    assert not await store.is_dead(ACCOUNT, 2)


async def test_a_lost_key_is_healed_by_a_sign_in(database: Database, store: LedgerTokens) -> None:
    await store.save(ACCOUNT, a_pair("1"), after=0, signed_in=WHO)
    renewed = LedgerTokens(database, SteppedClock(NOW), [Fernet.generate_key()])
    with pytest.raises(Misconfigured):
        await renewed.load(ACCOUNT)
    assert await renewed.generation(ACCOUNT) == 1
    assert await renewed.save(ACCOUNT, a_pair("2"), after=1, signed_in=WHO) == 2
    assert await renewed.load(ACCOUNT) == (a_pair("2"), 2)


async def test_a_rotation_keeps_who_signed_in(store: LedgerTokens) -> None:
    await store.save(ACCOUNT, a_pair("1"), after=0, signed_in=WHO)
    await store.save(ACCOUNT, a_pair("2"), after=1)
    assert await store.signed_in(ACCOUNT) == WHO
    assert await store.signed_in("nobody") is None


async def test_two_first_pairs_at_once_are_one(store: LedgerTokens) -> None:
    await store.save(ACCOUNT, a_pair("1"), after=0)
    with pytest.raises(NotDone):
        await store.save(ACCOUNT, a_pair("2"), after=0)
    assert await store.load(ACCOUNT) == (a_pair("1"), 1)


async def test_nothing_of_a_pair_lies_open(database: Database, store: LedgerTokens, tmp_path: Path) -> None:
    async with store.lock(ACCOUNT):
        await store.save(ACCOUNT, a_pair("1"), after=0, signed_in=WHO)
        await store.save(ACCOUNT, a_pair("2"), after=1)
    with database.engine.connect() as connection:
        row = connection.execute(select(table)).one()
    assert all(b"access-" not in bytes(value) for value in (row.sealed, row.previous))
    for file in tmp_path.iterdir():
        assert b"access-" not in file.read_bytes() and b"refresh-" not in file.read_bytes(), file.name
    locks = [file for file in tmp_path.iterdir() if ".tokens-" in file.name]
    assert {stat.S_IMODE(file.stat().st_mode) for file in locks} == {0o600}
    assert len(locks) == 2


async def test_how_it_stands_is_told_without_the_key(database: Database, store: LedgerTokens) -> None:
    async def state(now_in: timedelta = timedelta(0)) -> str:
        shops = (OURS, msgspec.structs.replace(OURS, key="bekkan"))
        (one,) = await database.read(lambda c: next_engine_accounts(c, shops, NOW + now_in))
        assert one.shops == (SHOP.key, "bekkan")
        return one.state

    assert await state() == "never"
    await store.save(ACCOUNT, a_pair("1"), after=0, signed_in=WHO)
    assert await state() == await state(timedelta(days=2, hours=23)) == "signed_in"
    assert await state(timedelta(days=3)) == "needed", "both have ended, and nobody has tried yet"
    await store.mark_dead(ACCOUNT, 1)
    assert await state() == "needed"


async def test_the_alarm_is_told_once_and_ends_with_the_sign_in(
    database: Database, store: LedgerTokens
) -> None:
    async def turns() -> list[bool]:
        watchers = {sign_in.KIND: sign_in.watch}
        found = await database.run(lambda c: judge(c, OURS, NOW, watchers))
        return [turn.opened for turn in found]

    assert await turns() == [True]
    assert await turns() == []
    await store.save(ACCOUNT, a_pair("1"), after=0, signed_in=WHO)
    assert await turns() == [False]
    await store.mark_dead(ACCOUNT, 1)
    assert (await turns(), await turns()) == ([True], [])
    unnamed = msgspec.structs.replace(OURS, ne_account="")
    assert await database.read(lambda c: sign_in.watch(c, unnamed, NOW)) is None


class Silent:
    """A session whose keep-alive fails."""

    def __init__(self, error: Exception) -> None:
        self.error, self.asked = error, 0

    async def keep_alive(self) -> None:
        self.asked += 1
        raise self.error


@pytest.mark.parametrize(
    ("error", "asked"),
    [(NotDone("down"), 2), (NeedsSignIn("next_engine", "002004", ""), 25)],  # the latter asks nobody outside
)
async def test_a_keep_alive_that_fails_stops_no_pass(
    database: Database, error: Exception, asked: int
) -> None:
    clock, session = SteppedClock(NOW), Silent(error)
    stub: Any = session
    tend = tended(stub, CallCounts(database, clock), clock)
    for _ in range(25):
        await tend()
        await clock.advance_to(clock.now() + TRY_AGAIN / 20)
    assert session.asked == asked
