"""Lines (接続): the connections of one shop. They outlive the mappings, and open with their first use.

Secrets are read here and go no further than the connection that needs them.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import structlog
from cryptography.fernet import Fernet

from connector.adapters.ecforce import client as ecforce
from connector.adapters.next_engine import session as ne_session
from connector.clock import Clock
from connector.config import SftpSection, ShopSection, secret
from connector.ledger.archive import ShopArchive
from connector.ledger.database import Database
from connector.ledger.tokens import LedgerTokens
from connector.transport.drop import Drop
from connector.transport.folder import FolderDrop
from connector.transport.http import Http
from connector.transport.sftp import SftpDoor, SftpDrop
from connector.transport.smtp import MailServer, SmtpPool

log = structlog.get_logger("lines")


@dataclass(frozen=True, slots=True)
class Lines:
    """What one shop speaks through."""

    archive: ShopArchive
    tokens: LedgerTokens
    session: ne_session.Session
    cart: Http
    mail: SmtpPool
    import_drop: Drop | None
    warehouse_drop: Drop
    completion_drop: Drop


def open_lines(
    key: str,
    section: ShopSection,
    database: Database,
    secret_key_file: Path,
    clock: Clock,
    closers: AsyncExitStack,
) -> Lines:
    """Everything one shop speaks through; `closers` close it. Nothing is contacted yet."""
    archive = ShopArchive(database, clock, key)
    tokens = LedgerTokens(database, clock, _keys(secret_key_file))
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
