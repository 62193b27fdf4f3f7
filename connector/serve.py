"""Serve (運転): the daemon and the operators' pages in one process, until a signal."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Coroutine
from functools import partial
from typing import Any

import structlog

from connector import journal
from connector.adapters.next_engine.session import Session
from connector.clock import Clock
from connector.config import Settings, secret
from connector.daemon import Daemon, install_signals
from connector.errors import Misconfigured, Occupied, Problem
from connector.ledger.archive import ShopArchive
from connector.shop import Mode
from connector.web import Health, WebContext
from connector.web import serve as serve_pages
from connector.web.context import LOOPBACK, NO_BANNER, CartHook, SignInDoor
from connector.web.hooks import SYSTEM as HINT
from connector.wiring import World, open_world
from connector.words import Text

log = structlog.get_logger("serve")

SHORTEST_SECRET = 20  # characters that stand in an address; whoever knows them may wake us
LAG_EVERY = 1.0
LAG_LIMIT = 5.0  # seconds the loop may be late before /healthz says so


class Pulse:
    """How late the event loop is, measured by itself."""

    def __init__(self) -> None:
        self.lag = 0.0

    async def beat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(LAG_EVERY)
            self.lag = loop.time() - before - LAG_EVERY


async def serve(settings: Settings, clock: Clock) -> int:
    """`connector run`: exit 0 after a clean drain, 1 where something had to be cut off."""
    journal.set_up(settings.log, clock.now)
    world = await open_world(settings, clock, claim=True)
    daemon = Daemon([one.rhythm for one in world.shops.values()], clock)
    pulse = Pulse()
    try:
        async with pages(world, daemon, pulse) as address, asyncio.TaskGroup() as group:
            beating = [group.create_task(pulse.beat()), group.create_task(world.counts.keep())]
            beating += [group.create_task(listening) for listening in _listening(world)]
            install_signals(daemon)
            log.info("running", address=address)
            finished = await daemon.run()
            for task in beating:
                task.cancel()
    finally:
        await world.close()
    log.info("stopped", done=finished)
    return 0 if finished else 1


def _listening(world: World) -> list[Coroutine[Any, Any, None]]:
    """Where there is a mailbox: a push of its server has the mail read at once. The poll needs none of it."""
    return [
        one.mailbox.listen(partial(one.rhythm.hint, "read_mail"))
        for one in world.shops.values()
        if one.mailbox is not None and one.shop.mode("read_mail") is not Mode.OFF
    ]


@contextlib.asynccontextmanager
async def pages(
    world: World, daemon: Daemon | None = None, pulse: Pulse | None = None, *, banner: Text = NO_BANNER
) -> AsyncIterator[str]:
    """The pages on the settings' address; gives that address."""
    web = world.settings.web

    def health() -> Health:
        draining = bool(daemon and daemon.draining)
        return Health(alive=pulse is None or pulse.lag < LAG_LIMIT, reasons=("draining",) if draining else ())

    context = WebContext(
        database=world.database,
        shops=tuple(one.shop for one in world.shops.values()),
        clock=world.clock,
        lang=world.settings.language,
        reports_dir=world.reports_dir,
        health=health,
        hosts=(*LOOPBACK, *web.allowed_hosts),
        banner=banner,
        hooks=_hooks(world),
        sign_ins=_sign_ins(world),
    )
    async with contextlib.AsyncExitStack() as listening:
        try:
            port = await listening.enter_async_context(serve_pages(context, web.port, web.host))
        except OSError as error:
            words = f"the pages cannot listen on {web.host}:{web.port}: {error.strerror or error}"
            raise Occupied(words) from error
        yield f"http://{web.host}:{port}/"


def _hooks(world: World) -> dict[str, CartHook]:
    """The shops that take webhooks of their cart. Raises Misconfigured for a secret that no address can carry."""
    found = {}
    for key, section in world.settings.shops.items():
        path = section.cart.webhook_secret_file
        if path is None:
            continue
        word = secret(path)
        if not re.fullmatch(rf"[A-Za-z0-9._~-]{{{SHORTEST_SECRET},}}", word):
            words = "the secret stands in an address: letters, digits and . _ ~ - only"
            expected = f"{SHORTEST_SECRET} of them or more"
            raise Misconfigured([Problem(str(path), 0, 0, words, expected=expected)])
        found[key] = _hook(world, key, word)
    return found


def _sign_ins(world: World) -> dict[str, SignInDoor]:
    """One door for each account, whichever shops share it."""
    return {one.account: _sign_in(one.session) for one in world.shops.values()}


def _sign_in(session: Session) -> SignInDoor:
    async def exchange(uid: str, state: str) -> tuple[str, str]:
        who = await session.exchange(uid, state)
        log.info("signed in to Next Engine", uid=who.uid, company=who.company_ne_id)
        return who.uid, who.company_name

    return SignInDoor(address=session.sign_in_url, exchange=exchange)


def _hook(world: World, key: str, word: str) -> CartHook:
    archive, rhythm = ShopArchive(world.database, world.clock, key), world.shops[key].rhythm

    async def keep(name: str, body: bytes) -> None:
        await archive.keep(system=HINT, direction="in", name=name, body=body)

    return CartHook(secret=word, keep=keep, hint=lambda: rhythm.hint("ingest"))
