"""Lines (接続): the connections of one shop. They outlive the mappings, and open with their first use.

Secrets are read here and go no further than the connection that needs them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog
from cryptography.fernet import Fernet

from connector.adapters.ecforce import client as ecforce
from connector.adapters.mail.mailbox import ImapMailbox, MailboxSettings
from connector.adapters.mail.reports import read_report
from connector.adapters.next_engine import session as ne_session
from connector.adapters.wms.api import ApiAccount, ApiDoor, open_door
from connector.adapters.wms.mail_results import MailResults
from connector.adapters.wms.mail_trust import SenderRules
from connector.clock import Clock
from connector.config import MailboxSection, SftpSection, ShopSection, WarehouseApiSection, secret
from connector.errors import ConnectorError, NeedsSignIn
from connector.ledger.archive import ShopArchive
from connector.ledger.call_counts import CallCounts
from connector.ledger.database import Database
from connector.ledger.tokens import LedgerTokens
from connector.shop import Mode
from connector.transport.drop import Drop
from connector.transport.folder import FolderDrop
from connector.transport.http import Http
from connector.transport.imap import ImapServer
from connector.transport.sftp import SftpDoor, SftpDrop
from connector.transport.smtp import MailServer, SmtpPool

log = structlog.get_logger("lines")


TRY_AGAIN = timedelta(minutes=10)
LOOKED_AT_EVERY = timedelta(minutes=5)  # the quiet hour of the keep-alive is longer than that


@dataclass(frozen=True, slots=True)
class Accounts:
    """What all shops of a process share about Next Engine's accounts: one writer, and one count of the calls."""

    tokens: LedgerTokens
    counts: CallCounts


@dataclass(frozen=True, slots=True)
class Lines:
    """What one shop speaks through."""

    archive: ShopArchive
    tokens: LedgerTokens
    session: ne_session.Session
    cart: Http
    mail: SmtpPool
    mailbox: ImapMailbox | None
    import_drop: Drop | None
    warehouse_drop: Drop | None
    warehouse_door: ApiDoor | None
    warehouse_mail: MailResults | None
    completion_drop: Drop


def open_accounts(
    database: Database, secret_key_file: Path, counts: CallCounts, clock: Clock, closers: AsyncExitStack
) -> Accounts:
    """Before the first shop: what was counted is stored after the last one is closed."""
    closers.push_async_callback(counts.store)
    return Accounts(LedgerTokens(database, clock, _keys(secret_key_file)), counts)


def open_lines(
    key: str,
    section: ShopSection,
    database: Database,
    accounts: Accounts,
    clock: Clock,
    closers: AsyncExitStack,
) -> Lines:
    """Everything one shop speaks through; `closers` close it. Nothing is contacted yet."""
    archive = ShopArchive(database, clock, key)
    daily, done, chosen = section.import_daily, section.completion, section.warehouse
    return Lines(
        archive=archive,
        tokens=accounts.tokens,
        session=_session(section, archive, accounts, clock, closers),
        cart=_cart(section, clock, closers),
        mail=_mail(section, clock, closers),
        mailbox=_mailbox(section, clock, closers),
        import_drop=_drop(daily.folder, None, clock, closers) if daily.folder else None,
        warehouse_drop=_drop(chosen.folder, chosen.sftp, clock, closers) if chosen.api is None else None,
        warehouse_door=_door_of(chosen.api, accounts, clock, closers) if chosen.api is not None else None,
        warehouse_mail=_warehouse_mail(section, archive, clock, closers),
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


def _door_of(
    chosen: WarehouseApiSection, accounts: Accounts, clock: Clock, closers: AsyncExitStack
) -> ApiDoor:
    """The API of a warehouse; which secrets it needs depends on what it speaks."""

    def told(path: Path | None) -> str:
        return secret(path) if path is not None else ""

    account = ApiAccount(
        url=chosen.url,
        account=chosen.account,
        area=chosen.area,
        token=told(chosen.token_file),
        client_id=chosen.client_id,
        client_secret=told(chosen.client_secret_file),
        refresh_token=told(chosen.refresh_token_file),
        user=chosen.user,
        password=told(chosen.password_file),
        app_key=told(chosen.app_key_file),
        requests_per_minute=chosen.requests_per_minute,
        timeout_seconds=chosen.timeout_seconds,
    )
    door = open_door(account, tokens=accounts.tokens, clock=clock)
    closers.push_async_callback(door.close)
    return door


def _warehouse_mail(
    section: ShopSection, archive: ShopArchive, clock: Clock, closers: AsyncExitStack
) -> MailResults | None:
    chosen = section.warehouse.mailbox
    if chosen is None:
        return None
    rules = SenderRules(chosen.senders, chosen.signed_by, chosen.checked_by)
    acts = section.modes.get("collect", Mode.ACT) is Mode.ACT
    mailbox = _opened(chosen, section, clock, closers)
    return MailResults(mailbox, rules, archive=archive, moves=acts)


def _mailbox(section: ShopSection, clock: Clock, closers: AsyncExitStack) -> ImapMailbox | None:
    return _opened(section.mailbox, section, clock, closers) if section.mailbox is not None else None


def _opened(
    chosen: MailboxSection, section: ShopSection, clock: Clock, closers: AsyncExitStack
) -> ImapMailbox:
    server = ImapServer(
        host=chosen.host,
        port=chosen.port,
        username=chosen.user,
        password=secret(chosen.password_file),
        security=chosen.security,
        ca_file=chosen.ca_file,
    )
    settings = MailboxSettings(
        inbox=chosen.inbox,
        processed=chosen.processed,
        quarantine=chosen.quarantine,
        largest=chosen.largest_megabytes * 1_000_000,
    )
    reader = partial(read_report, domain=section.mail.sender.rpartition("@")[2])
    mailbox = ImapMailbox(server, settings, reader=reader, clock=clock)
    closers.push_async_callback(mailbox.close)
    return mailbox


def _session(
    section: ShopSection,
    archive: ShopArchive,
    accounts: Accounts,
    clock: Clock,
    closers: AsyncExitStack,
) -> ne_session.Session:
    chosen, meter = section.next_engine, accounts.counts.of(section.next_engine.account)
    http = ne_session.connect(
        clock=clock, host=chosen.api_url, timeout_seconds=chosen.timeout_seconds, meter=meter
    )
    closers.push_async_callback(http.close)
    application = ne_session.Application(
        client_id=chosen.client_id,
        client_secret=secret(chosen.client_secret_file),
        redirect_uri=chosen.redirect_uri,
        login_host=chosen.login_url,
    )
    return ne_session.Session(
        http,
        account=chosen.account,
        application=application,
        store=accounts.tokens,
        archive=archive,
        clock=clock,
        meter=meter,
    )


def tended(session: ne_session.Session, counts: CallCounts, clock: Clock) -> Callable[[], Awaitable[None]]:
    """Between two passes: the sign-in is kept alive and the calls are counted. Stops no pass, whatever happens."""
    again_at = clock.now()

    async def tend() -> None:
        nonlocal again_at
        await counts.settle()
        if clock.now() < again_at:
            return
        try:
            await session.keep_alive()
        except NeedsSignIn:
            return  # an alarm and every page say so; asking again costs no call
        except ConnectorError as error:
            again_at = clock.now() + TRY_AGAIN
            log.warning("the read that keeps the sign-in alive failed", error=str(error))
        else:
            again_at = clock.now() + LOOKED_AT_EVERY

    return tend


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
