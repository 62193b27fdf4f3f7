"""Wiring (組み立て): settings become adapters, ledgers, runners and rhythms. The one file that knows nearly all rooms.

Nothing is contacted here: connections open with their first use. It never knows the sandbox, so the same wiring
serves a real shop and the town on loopback; only addresses differ.
"""

from __future__ import annotations

import os
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec
import structlog

from connector import reports
from connector.adapters.ecforce import client as ecforce
from connector.adapters.mail import outgoing as mail
from connector.adapters.mail.mailbox import ImapMailbox
from connector.adapters.next_engine import client as next_engine
from connector.adapters.next_engine import session as ne_session
from connector.adapters.wms import kinds as wms
from connector.clock import Clock, jst
from connector.config import Settings, ShopSection, secret, shop_rules
from connector.errors import Misconfigured, Problem
from connector.ledger.alarms.mappings import PULSE as MAPPINGS
from connector.ledger.call_counts import CallCounts
from connector.ledger.database import Database, migrate
from connector.ledger.ledger import Ledger
from connector.ledger.tokens import LedgerTokens
from connector.lines import Accounts, Lines, open_accounts, open_lines, tended
from connector.mapping import lint, load_csv_writer, load_mail, load_tables
from connector.ports import Ports, TokenPair
from connector.reports.tables import opening
from connector.rhythm import Rhythm
from connector.runner import Runner
from connector.shop import Shop

log = structlog.get_logger("wiring")

CROWDED = (20.0, 60.0, 120.0)  # seconds the morning report gives a side that is only busy


@dataclass(frozen=True, slots=True)
class ShopWorld:
    """One shop, ready to run."""

    shop: Shop
    ledger: Ledger
    rhythm: Rhythm
    session: ne_session.Session
    tokens: LedgerTokens
    account: str
    mailbox: ImapMailbox | None = None

    @property
    def ports(self) -> Ports:
        """As they are now: changed mappings bring new ones."""
        return self.rhythm.runner.ports


class WrittenReport(msgspec.Struct, frozen=True):
    """What `report` did."""

    day: date
    sentence: str
    unexplained: int | None  # None: a source could not be read
    verdicts: dict[str, int]  # how many of the cart's orders ended in which verdict
    files: tuple[Path, ...]


@dataclass(slots=True)
class World:
    """Everything of one process. Close it when done."""

    settings: Settings
    clock: Clock
    database: Database
    counts: CallCounts
    shops: dict[str, ShopWorld] = field(default_factory=dict)
    closers: AsyncExitStack = field(default_factory=AsyncExitStack)

    def shop(self, key: str = "") -> ShopWorld:
        """The named shop, or the only one. Raises Misconfigured."""
        if not key and len(self.shops) == 1:
            return next(iter(self.shops.values()))
        if key not in self.shops:
            words = f"there is no shop {key!r}" if key else "there are several shops: which one?"
            raise Misconfigured([Problem("shops", 0, 0, words, expected=", ".join(self.shops))])
        return self.shops[key]

    @property
    def reports_dir(self) -> Path:
        return self.settings.data_dir / "reports"

    async def report(
        self,
        one: ShopWorld,
        day: date | None = None,
        lang: str | None = None,
        *,
        pauses: Sequence[float] = (),
    ) -> WrittenReport:
        """Reconcile and write one day's report; a day that was closed comes back as it was.

        A side that cannot be read is asked again after each of the `pauses` (seconds): a closed day stays as it is.
        """
        now = self.clock.now()
        chosen = day or jst(now).date() - timedelta(days=1)
        model = await reports.closed(self.database, one.shop.key, chosen)
        if model is None:
            picture = await self._picture(one, now, chosen)
            for pause in pauses:
                if picture.complete:
                    break
                await self.clock.sleep(pause)
                picture = await self._picture(one, now, chosen)
            model = await reports.make(self.database, one.shop, chosen, now, picture)
            if chosen < jst(now).date():
                await reports.close(self.database, model)
        language = lang or self.settings.language
        files = reports.write(model, self.reports_dir, lang=language)
        log.info("report", shop=one.shop.key, day=str(chosen), files=len(files))
        return WrittenReport(
            chosen, opening(model, language), model.unexplained, dict(model.verdicts), tuple(files)
        )

    async def _picture(self, one: ShopWorld, now: datetime, day: date) -> reports.Picture:
        return await reports.reconcile(one.ports.cart, one.ports.orders, self.database, one.shop, now, day)

    async def sign_in(self, one: ShopWorld, *, pair_file: Path | None, uid: str, state: str) -> str:
        """Store a token pair, or say where a person gets one."""
        if pair_file is not None:
            await self.adopt_pair(one, pair_file)
            return f"{one.account}: the pair of {pair_file} is stored"
        if uid and state:
            who = await one.session.exchange(uid, state)
            return f"{one.account}: signed in as {who.uid} of {who.company_name}"
        return one.session.sign_in_url()

    async def adopt_pair(self, one: ShopWorld, pair_file: Path) -> None:
        """Take over a pair that another program holds; that program must not use it any more."""
        pair = msgspec.json.decode(secret(pair_file), type=TokenPair)
        async with one.tokens.lock(one.account):
            after = await one.tokens.generation(one.account)
            await one.tokens.save(one.account, pair, after=after)

    async def close(self) -> None:
        await self.closers.aclose()
        self.database.close()


async def open_world(
    settings: Settings, clock: Clock, *, claim: bool = False, inline: bool = False, seed: int | None = None
) -> World:
    """Build everything. `claim` holds the data folder for this process; `inline` runs the store in the loop."""
    database = Database(settings.store, inline=inline)
    counts = CallCounts(database, clock)
    world = World(settings, clock, database, counts)
    try:
        if claim:
            database.claim()
        migrate(database)
        accounts = open_accounts(database, settings.secret_key_file, counts, clock, world.closers)
        for key, section in settings.shops.items():
            world.shops[key] = _shop(world, key, section, accounts, random.Random(seed))
    except BaseException:
        await world.close()
        raise
    return world


def _shop(
    world: World, key: str, section: ShopSection, accounts: Accounts, spread: random.Random
) -> ShopWorld:
    shop = shop_rules(key, section)
    lines = open_lines(key, section, world.database, accounts, world.clock, world.closers)
    ledger = Ledger(world.database, shop)
    runner = Runner(ledger, _ports(shop, section, lines, world.clock), world.clock, spread)
    rhythm = Rhythm(
        runner,
        world.clock,
        report_at=world.settings.report_at,
        report=_daily(world, key),
        refresh=_refresh(world, shop, section, lines, runner),
    )
    account = section.next_engine.account
    return ShopWorld(shop, ledger, rhythm, lines.session, lines.tokens, account, lines.mailbox)


def _daily(world: World, key: str) -> Callable[[datetime], Awaitable[None]]:
    """Each morning: yesterday's report, from the shop's first day on."""

    async def write(now: datetime) -> None:
        yesterday = jst(now).date() - timedelta(days=1)
        if yesterday >= jst(world.shops[key].shop.start_at).date():
            await world.report(world.shops[key], yesterday, pauses=CROWDED)

    return write


def _refresh(
    world: World, shop: Shop, section: ShopSection, lines: Lines, runner: Runner
) -> Callable[[], Awaitable[None]]:
    """Between two passes: the sign-in is kept alive; mapping files that changed are used, if all are sound.

    Where they are not, those of before stay in use, and an alarm says so until they are mended.
    """
    seen, begun = _fingerprint(section.mappings), False
    tend = tended(lines.session, world.counts, world.clock)

    async def look() -> None:
        nonlocal seen, begun
        await tend()
        now = _fingerprint(section.mappings)
        if now == seen:
            if not begun:  # what an earlier process said of files that have been mended since
                await runner.ledger.pulse(MAPPINGS, world.clock.now())
            begun = True
            return
        seen, begun = now, True
        try:
            ports = _refitted(shop, section, lines, world.clock)
        except Misconfigured as wrong:
            await runner.ledger.pulse(MAPPINGS, world.clock.now(), str(wrong))
            log.error("changed mappings are not used", shop=shop.key, error=str(wrong))
            return
        runner.ports = ports
        await runner.ledger.pulse(MAPPINGS, world.clock.now())
        log.info("changed mappings are in use", shop=shop.key)

    return look


def misfits(section: ShopSection) -> list[Problem]:
    """Everything for which a shop's mappings cannot be used: what is badly written, and what means nothing."""
    folder = section.mappings
    problems = lint(folder)
    with suppress(Misconfigured):  # the tables themselves; they are among the problems already
        problems += wms.misfits(folder / "wms" / section.warehouse.profile, load_tables(folder / "tables"))
    return list(dict.fromkeys(problems))


def _refitted(shop: Shop, section: ShopSection, lines: Lines, clock: Clock) -> Ports:
    if problems := misfits(section):
        raise Misconfigured(problems)
    return _ports(shop, section, lines, clock)


def _fingerprint(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, size and time of every mapping file: asked before each pass, so one look at each folder and file."""
    found: list[tuple[str, int, int]] = []
    waiting = [str(folder)] if folder.is_dir() else []
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.name.endswith(".yaml"):
                    about = entry.stat()
                    found.append((entry.path, about.st_size, about.st_mtime_ns))
    return tuple(sorted(found))


def _ports(shop: Shop, section: ShopSection, lines: Lines, clock: Clock) -> Ports:
    """The adapters under the mappings as they are now. Raises Misconfigured with every problem."""
    folder, tables = section.mappings, load_tables(section.mappings / "tables")
    done, ne, chosen = section.completion, section.next_engine, section.warehouse
    return Ports(
        shop=shop,
        cart=ecforce.Ecforce(
            lines.cart,
            settings=ecforce.EcforceSettings(
                shop=shop.key,
                completion_route=done.route,
                completion_folder=done.into,
                completion_taken_folder=done.taken,
                completion_results_folder=done.results,
            ),
            tables=tables,
            shipping_csv=load_csv_writer(folder / "ecforce/completion_shipping.yaml", tables),
            state_csv=load_csv_writer(folder / "ecforce/completion_state.yaml", tables),
            drop=lines.completion_drop,
            archive=lines.archive,
            clock=clock,
        ),
        mailer=mail.Outgoing(
            mail.MailSettings(
                shop_key=shop.key,
                sender=section.mail.sender,
                recipient=section.mail.recipient,
                domain=section.mail.sender.rpartition("@")[2],
            ),
            form=load_mail(folder / "next_engine/mail.yaml", tables),
            pool=lines.mail,
        ),
        orders=next_engine.NextEngine(
            lines.session,
            settings=next_engine.NextEngineSettings(
                shop=shop.key,
                ne_shop_id=ne.shop_id,
                import_route=section.import_daily.route,
                import_folder=section.import_daily.into,
                import_taken_folder=section.import_daily.taken,
                format_id=section.import_daily.format_id,
                sent_tag=ne.sent_tag,
                refused_tag=ne.refused_tag,
                resend_tag=ne.resend_tag,
                unshippable_tag=ne.unshippable_tag,
                partial_tag=ne.partial_tag,
            ),
            tables=tables,
            order_csv=load_csv_writer(folder / f"next_engine/{section.import_daily.layout}.yaml", tables),
            clock=clock,
            drop=lines.import_drop,
        ),
        warehouse=wms.connect(
            folder / "wms" / chosen.profile,
            tables=tables,
            tenant=chosen.tenant,
            warehouse_code=chosen.warehouse,
            shop_code=chosen.shop_code,
            sender=chosen.sender.model_dump(),
            drop=lines.warehouse_drop,
            door=lines.warehouse_door,
            mail=lines.warehouse_mail,
            archive=lines.archive,
            clock=clock,
        ),
        archive=lines.archive,
        now=clock.now(),
        mailbox=lines.mailbox,
    )
