"""A process of its own with a session of ours: `python -m tests.contract.ne_child '{…}'`; it speaks in lines."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from typing import Any

import msgspec
from connector.adapters.next_engine import wire
from connector.adapters.next_engine.session import Application, Session, connect
from connector.clock import SteppedClock
from connector.errors import ConnectorError
from connector.ledger.call_counts import CallCounts
from connector.ledger.database import Database
from connector.ledger.tokens import LedgerTokens

from tests.contract.border import MemoryArchive


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What the child is to do."""

    url: str
    key: str
    host: str
    now: datetime
    account: str
    act: str  # read, stuck or hold
    times: int = 1


def say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def main(order: Order) -> None:
    database, clock = Database(order.url), SteppedClock(order.now)
    tokens, counts = LedgerTokens(database, clock, [order.key.encode()]), CallCounts(database, clock)
    meter = counts.of(order.account)
    http = connect(clock=clock, host=order.host, timeout_seconds=20.0, meter=meter)
    application = Application(client_id="", client_secret="", redirect_uri="")
    session = Session(
        http,
        account=order.account,
        application=application,
        store=tokens,
        archive=MemoryArchive(),
        clock=clock,
        meter=meter,
    )
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    await ACTS[order.act](order, session, tokens)
    await counts.store()
    await http.close()
    database.close()


async def read(order: Order, session: Session, _tokens: LedgerTokens) -> None:
    """So many reads; one line says how each ended."""
    ends = []
    for _ in range(order.times):
        try:
            ends.append((await session.read(wire.LOGIN_USER_INFO)).result)
        except ConnectorError as error:
            ends.append(type(error).__name__)
    say(" ".join(ends))


async def stuck(order: Order, session: Session, tokens: LedgerTokens) -> None:
    """The reply is here and the pair in it is not stored yet; it never will be."""

    async def save(*_: Any, **__: Any) -> int:
        say("replied")
        await asyncio.Event().wait()
        return 0

    tokens.save = save  # type: ignore[method-assign]
    await session.read(wire.LOGIN_USER_INFO)


async def hold(order: Order, _session: Session, tokens: LedgerTokens) -> None:
    async with tokens.lock(order.account):
        say("held")
        await asyncio.Event().wait()


ACTS = {"read": read, "stuck": stuck, "hold": hold}

if __name__ == "__main__":
    asyncio.run(main(msgspec.json.decode(sys.argv[1], type=Order)))
