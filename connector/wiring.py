"""Wiring (組み立て): settings become adapters, ledgers, runners and rhythms. The one file that knows nearly all rooms.

Nothing is contacted here: connections open with their first use. It never knows the sandbox, so the same wiring
serves a real shop and the town on loopback; only addresses differ.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec
import structlog
from cryptography.fernet import Fernet

from connector import reports
from connector.adapters.ecforce import client as ecforce
from connector.adapters.mail import outgoing as mail
from connector.adapters.next_engine import client as next_engine
from connector.adapters.next_engine import session as ne_session
from connector.adapters.wms import kinds as wms
from connector.clock import Clock, jst
from connector.config import Settings, SftpSection, ShopSection, secret, shop_rules
from connector.errors import Misconfigured, Problem
from connector.ledger.archive import ShopArchive
from connector.ledger.database import Database, migrate
from connector.ledger.ledger import Ledger
from connector.ledger.tokens import LedgerTokens
from connector.mapping import lint, load_csv_writer, load_mail, load_tables
from connector.ports import Ports, TokenPair
from connector.reports.tables import opening
from connector.rhythm import Rhythm
from connector.runner import Runner
from connector.shop import Shop
from connector.transport.drop import Drop
from connector.transport.folder import FolderDrop
from connector.transport.http import Http
from connector.transport.sftp import SftpDoor, SftpDrop
from connector.transport.smtp import MailServer, SmtpPool

log = structlog.get_logger("wiring")


@dataclass(frozen=True, slots=True)
class ShopWorld:
    """One shop, ready to run."""

    shop: Shop
    ledger: Ledger
    rhythm: Rhythm
    session: ne_session.Session
    tokens: LedgerTokens
    account: str

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

    async def report(self, one: ShopWorld, day: date | None = None, lang: str | None = None) -> WrittenReport:
        """Reconcile and write one day's report; a day that was closed comes back as it was."""
        now = self.clock.now()
        chosen = day or jst(now).date() - timedelta(days=1)
        model = await reports.closed(self.database, one.shop.key, chosen)
        if model is None:
            picture = await reports.reconcile(
                one.ports.cart, one.ports.orders, self.database, one.shop, now, chosen
            )
            model = await reports.make(self.database, one.shop, chosen, now, picture)
            if chosen < jst(now).date():
                await reports.close(self.database, model)
        language = lang or self.settings.language
        files = reports.write(model, self.reports_dir, lang=language)
        log.info("report", shop=one.shop.key, day=str(chosen), files=len(files))
        return WrittenReport(
            chosen, opening(model, language), model.unexplained, dict(model.verdicts), tuple(files)
        )

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
            stored = await one.tokens.load(one.account)
            await one.tokens.save(one.account, pair, after=stored[1] if stored else 0)

    async def close(self) -> None:
        await self.closers.aclose()
        self.database.close()


async def open_world(
    settings: Settings, clock: Clock, *, claim: bool = False, inline: bool = False, seed: int | None = None
) -> World:
    """Build everything. `claim` holds the data folder for this process; `inline` runs the store in the loop."""
    database = Database(settings.store, inline=inline)
    world = World(settings, clock, database)
    try:
        if claim:
            database.claim()
        migrate(database)
        for key, section in settings.shops.items():
            world.shops[key] = _shop(world, key, section, random.Random(seed))
    except BaseException:
        await world.close()
        raise
    return world


def _shop(world: World, key: str, section: ShopSection, spread: random.Random) -> ShopWorld:
    shop = shop_rules(key, section)
    lines = _lines(world, key, section)
    ledger = Ledger(world.database, shop)
    runner = Runner(ledger, _ports(shop, section, lines, world.clock), world.clock, spread)
    rhythm = Rhythm(
        runner,
        world.clock,
        report_at=world.settings.report_at,
        report=_daily(world, key),
        refresh=_refresh(world, shop, section, lines, runner),
    )
    return ShopWorld(shop, ledger, rhythm, lines.session, lines.tokens, section.next_engine.account)


def _daily(world: World, key: str) -> Callable[[datetime], Awaitable[None]]:
    """Each morning: yesterday's report, from the shop's first day on."""

    async def write(now: datetime) -> None:
        yesterday = jst(now).date() - timedelta(days=1)
        if yesterday >= jst(world.shops[key].shop.start_at).date():
            await world.report(world.shops[key], yesterday)

    return write


def _refresh(
    world: World, shop: Shop, section: ShopSection, lines: Lines, runner: Runner
) -> Callable[[], Awaitable[None]]:
    """Between two passes: mapping files that changed are used at once, if every one of them is sound."""
    seen = _fingerprint(section.mappings)

    async def look() -> None:
        nonlocal seen
        now = _fingerprint(section.mappings)
        if now == seen:
            return
        seen = now
        problems = lint(section.mappings)
        words = "\n".join(map(str, problems))
        await runner.ledger.pulse("mappings", world.clock.now(), words)
        if problems:
            log.error("changed mappings are not used", shop=shop.key, error=words)
            return
        runner.ports = _ports(shop, section, lines, world.clock)
        log.info("changed mappings are in use", shop=shop.key)

    return look


def _fingerprint(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, size and time of every mapping file: cheap enough to ask before each pass."""
    files = sorted(folder.rglob("*.yaml"))
    return tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)


@dataclass(frozen=True, slots=True)
class Lines:
    """The connections of one shop. They outlive the mappings, and open with their first use."""

    archive: ShopArchive
    tokens: LedgerTokens
    session: ne_session.Session
    cart: Http
    mail: SmtpPool
    import_drop: Drop | None
    warehouse_drop: Drop
    completion_drop: Drop


def _lines(world: World, key: str, section: ShopSection) -> Lines:
    clock, closers = world.clock, world.closers
    archive = ShopArchive(world.database, clock, key)
    tokens = LedgerTokens(world.database, clock, _keys(world.settings.secret_key_file))
    daily, done, chosen = section.import_daily, section.completion, section.warehouse
    return Lines(
        archive=archive,
        tokens=tokens,
        session=_session(section, archive, tokens, clock, closers),
        cart=_cart(section, clock, closers),
        mail=_mail(section, clock, closers),
        import_drop=_drop(daily.folder, None, clock, closers) if daily.folder else None,
        warehouse_drop=_drop(chosen.folder, chosen.sftp, clock, closers),
        completion_drop=_drop(done.folder, done.sftp, clock, closers),
    )


def _cart(section: ShopSection, clock: Clock, closers: AsyncExitStack) -> Http:
    chosen = section.cart
    http = ecforce.connect(
        chosen.url,
        secret(chosen.token_file),
        clock=clock,
        requests_per_second=chosen.requests_per_second,
        timeout_seconds=chosen.timeout_seconds,
    )
    closers.push_async_callback(http.close)
    return http


def _mail(section: ShopSection, clock: Clock, closers: AsyncExitStack) -> SmtpPool:
    chosen = section.mail
    server = MailServer(
        host=chosen.host,
        port=chosen.port,
        security=chosen.security,
        username=chosen.user or None,
        password=secret(chosen.password_file) if chosen.password_file else None,
        ca_file=chosen.ca_file,
    )
    pool = SmtpPool(server, clock=clock, size=chosen.connections)
    closers.push_async_callback(pool.close)
    return pool


def _session(
    section: ShopSection,
    archive: ShopArchive,
    tokens: LedgerTokens,
    clock: Clock,
    closers: AsyncExitStack,
) -> ne_session.Session:
    chosen = section.next_engine
    http = ne_session.connect(clock=clock, host=chosen.api_url, timeout_seconds=chosen.timeout_seconds)
    closers.push_async_callback(http.close)
    application = ne_session.Application(
        client_id=chosen.client_id,
        client_secret=secret(chosen.client_secret_file),
        redirect_uri=chosen.redirect_uri,
        login_host=chosen.login_url,
    )
    return ne_session.Session(
        http, account=chosen.account, application=application, store=tokens, archive=archive, clock=clock
    )


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
                sent_tag=ne.sent_tag,
                refused_tag=ne.refused_tag,
            ),
            tables=tables,
            order_csv=load_csv_writer(folder / "next_engine/order_csv.yaml", tables),
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
            archive=lines.archive,
            clock=clock,
        ),
        archive=lines.archive,
        now=clock.now(),
    )


def _drop(folder: Path | None, sftp: SftpSection | None, clock: Clock, closers: AsyncExitStack) -> Drop:
    drop: Drop = SftpDrop(_door(sftp), clock=clock) if sftp else FolderDrop(folder or Path())
    closers.push_async_callback(drop.close)
    return drop


def _door(sftp: SftpSection) -> SftpDoor:
    return SftpDoor(
        host=sftp.host,
        port=sftp.port,
        username=sftp.user,
        known_hosts=sftp.known_hosts_file.read_text(encoding="utf-8"),
        password=secret(sftp.password_file) if sftp.password_file else None,
        key_file=sftp.key_file,
        root=sftp.root,
    )


def _keys(path: Path) -> list[bytes]:
    """The keys that seal stored tokens. The first start makes one, readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(Fernet.generate_key() + b"\n")
        log.info("made a new key", path=str(path))
    return [line.encode() for line in secret(path).splitlines()]
