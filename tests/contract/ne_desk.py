"""What the tests of the Next Engine adapter share: a session with a memory store, and replies by hand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from connector.adapters.next_engine import wire
from connector.adapters.next_engine.session import Application, Session
from connector.clock import SteppedClock, jst
from connector.ports import TokenPair
from connector.sandbox.faults import Faults
from connector.sandbox.next_engine import NextEngineSandbox, NextEngineSettings
from connector.transport.http import Http

from tests.contract.border import MemoryArchive, MemoryStore, at, form

HOST = "https://api.next-engine.example.jp"
NOW = at("2026-11-20 10:00:00")


def application(**changes: Any) -> Application:
    settings: dict[str, Any] = {
        "client_id": "sampleClient01",
        "client_secret": "not-a-secret-sample-01",
        "redirect_uri": "https://connector.example.jp/next-engine/back?shop=a",
        "company_ne_id": "NE90001",
    }
    return Application(**(settings | changes))


def a_pair(name: str, until: datetime) -> TokenPair:
    return TokenPair(
        access=f"access-{name}",
        refresh=f"refresh-{name}",
        access_until=until,
        refresh_until=until + timedelta(days=2),
    )


def stamp(instant: datetime) -> str:
    return f"{jst(instant):{wire.STAMP_FORMAT}}"


def reply(result: str, pair: TokenPair | None = None, **more: Any) -> httpx.Response:
    document: dict[str, Any] = {"result": result, **more}
    if pair:
        document |= {
            "access_token": pair.access,
            "access_token_end_date": stamp(pair.access_until),
            "refresh_token": pair.refresh,
            "refresh_token_end_date": stamp(pair.refresh_until),
        }
    return httpx.Response(200, content=json.dumps(document).encode())


@dataclass(frozen=True, slots=True)
class Ahead:
    """The same time, read off a clock that is wrong."""

    clock: SteppedClock
    by: timedelta

    def now(self) -> datetime:
        return self.clock.now() + self.by

    def monotonic(self) -> float:
        return self.clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)


@dataclass(slots=True)
class Desk:
    """A session and everything around it."""

    clock: SteppedClock
    store: MemoryStore
    archive: MemoryArchive
    session: Session
    http: Http


@asynccontextmanager
async def a_desk(pair: TokenPair | None, *, now: datetime = NOW, host: str = HOST) -> AsyncIterator[Desk]:
    clock, store, archive = SteppedClock(now), MemoryStore(pair), MemoryArchive()
    http = Http(host, clock=clock, headers={}, timeout_seconds=5.0, system="next_engine")
    session = Session(
        http, account="NE90001", application=application(), store=store, archive=archive, clock=clock
    )
    yield Desk(clock, store, archive, session, http)
    await http.close()


def sent(request: httpx.Request) -> dict[str, str]:
    return dict(form(request.content))


@asynccontextmanager
async def signed_out_desk(
    now: datetime = NOW, faults: Faults | None = None, *, ahead: timedelta = timedelta(0)
) -> AsyncIterator[tuple[NextEngineSandbox, Desk]]:
    """The sandbox with a session that nobody has signed in yet; its clock may be ahead of ours."""
    clock, store, archive = SteppedClock(now), MemoryStore(), MemoryArchive()
    registered = NextEngineSettings(redirect_uri="https://connector.example.jp/")
    ne = NextEngineSandbox(Ahead(clock, ahead), faults=faults, settings=registered)
    host = await ne.start()
    http = Http(host, clock=clock, headers={}, timeout_seconds=5.0, system="next_engine")
    session = Session(
        http,
        account="NE90001",
        application=application(login_host=host),
        store=store,
        archive=archive,
        clock=clock,
    )
    try:
        yield ne, Desk(clock, store, archive, session, http)
    finally:
        await http.close()
        await ne.stop()


@asynccontextmanager
async def ne_and_desk(
    faults: Faults | None = None, *, ahead: timedelta = timedelta(0)
) -> AsyncIterator[tuple[NextEngineSandbox, Desk]]:
    """The sandbox with a session that is signed in to it."""
    async with signed_out_desk(NOW, faults, ahead=ahead) as (ne, desk):
        issued = ne.issue_pair()
        desk.store.pairs.append(
            TokenPair(
                access=issued.access,
                refresh=issued.refresh,
                access_until=issued.access_end_at,
                refresh_until=issued.refresh_end_at,
            )
        )
        yield ne, desk


def rotations(ne: NextEngineSandbox) -> int:
    """How often the sandbox gave out a new pair for an old one."""
    return ne.history.count("token_rotated")
