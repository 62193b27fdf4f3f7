"""Mail sandbox (メール送信先): an SMTP server on loopback that keeps every mail and hands Next Engine's on to it.

Two things go wrong here as they do in the world: a mail is accepted and never arrives (`lost-mail`), and the
line drops after a mail was accepted but before the 250 (`smtp-drop`), so that the sender cannot know.
"""

from __future__ import annotations

import asyncio
import email
import hmac
import ssl
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from connector.clock import Clock
from connector.sandbox.faults import Faults
from connector.sandbox.history import History

HOST_NAME = "mail.example.jp"
GREETING = "connector sandbox"
MAX_MAIL = 10 * 1024 * 1024


class MailReader(Protocol):
    """Who reads mail at the other end; Next Engine's sandbox."""

    def takes(self, recipient: str) -> bool: ...
    def deliver(self, mail: bytes, recipient: str) -> None: ...


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """One accepted mail, once per recipient."""

    at: datetime
    sender: str
    recipient: str
    message_id: str
    raw: bytes
    lost: bool  # accepted, and will never reach anybody


@dataclass(slots=True)
class _Travelling:
    """A mail on its way."""

    due_at: datetime
    mail: ReceivedMail


class MailSandbox:
    """The mail server everybody in the town sends through."""

    def __init__(
        self,
        clock: Clock,
        *,
        next_engine: MailReader | None = None,
        faults: Faults | None = None,
        history: History | None = None,
        travel: timedelta = timedelta(seconds=2),
    ) -> None:
        self._clock, self._reader, self._travel = clock, next_engine, travel
        self._faults = faults or Faults()
        self.history = history or History(clock)
        self.mails: list[ReceivedMail] = []
        self._travelling: list[_Travelling] = []
        self._lines: set[SMTP] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._server: asyncio.Server | None = None

    async def start(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        ssl_context: ssl.SSLContext | None = None,
        credentials: tuple[str, str] | None = None,
    ) -> tuple[str, int]:
        """Listen; STARTTLS is offered with a context, AUTH PLAIN is asked for with credentials (user, password)."""
        loop = asyncio.get_running_loop()
        make = partial(_Line, self, loop, ssl_context, credentials)
        self._server = await loop.create_server(make, host, port)
        bound_host, bound_port = self._server.sockets[0].getsockname()[:2]
        return str(bound_host), int(bound_port)

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for line in list(self._lines):
            hang_up(line)
        await self._server.wait_closed()
        await self._quiet.wait()
        self._server = None

    def next_event_at(self) -> datetime | None:
        return self._travelling[0].due_at if self._travelling else None

    async def advance(self) -> None:
        """Hand over every mail whose way is done."""
        self._hand_over()

    def picked_up(self, line: SMTP) -> None:
        self._lines.add(line)
        self._quiet.clear()

    def hung_up(self, line: SMTP) -> None:
        self._lines.discard(line)
        if not self._lines:
            self._quiet.set()

    def take(self, sender: str, recipients: list[str], raw: bytes) -> bool:
        """Keep an accepted mail and send it on its way; True when the line drops before the answer."""
        message_id = str(email.message_from_bytes(raw)["Message-ID"] or "").strip()
        for recipient in recipients:
            lost = self._reads(recipient) and self._faults.strike("lost-mail")
            mail = ReceivedMail(self._clock.now(), sender, recipient, message_id, raw, lost)
            self._keep(mail)
        dropped = self._faults.strike("smtp-drop")
        if dropped:
            self.history.add("dropped_after_accept", message_id)
        return dropped

    def _keep(self, mail: ReceivedMail) -> None:
        self.mails.append(mail)
        self.history.add("mail_accepted", mail.message_id, recipient=mail.recipient, size=len(mail.raw))
        if mail.lost:
            self.history.add("mail_lost", mail.message_id, recipient=mail.recipient)
        elif self._reads(mail.recipient):
            self._travelling.append(_Travelling(mail.at + self._travel, mail))
            self._hand_over()

    def _hand_over(self) -> None:
        now = self._clock.now()
        while self._reader is not None and self._travelling and self._travelling[0].due_at <= now:
            mail = self._travelling.pop(0).mail
            self._reader.deliver(mail.raw, mail.recipient)

    def _reads(self, recipient: str) -> bool:
        return self._reader is not None and self._reader.takes(recipient)


class _Handler:
    """What aiosmtpd asks when a message has come in."""

    def __init__(self, box: MailSandbox) -> None:
        self._box = box

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = envelope.original_content or b""
        if self._box.take(envelope.mail_from or "", [str(to) for to in envelope.rcpt_tos], raw):
            hang_up(server)
        return "250 OK"


class _Line(SMTP):
    """One SMTP conversation on the town's own loop."""

    def __init__(
        self,
        box: MailSandbox,
        loop: asyncio.AbstractEventLoop,
        tls: ssl.SSLContext | None,
        credentials: tuple[str, str] | None,
    ) -> None:
        options: dict[str, Any] = {}
        if credentials is not None:
            options = {
                "auth_required": True,
                "auth_require_tls": tls is not None,
                "authenticator": partial(_check, credentials),
                "auth_exclude_mechanism": ["LOGIN"],
            }
        with warnings.catch_warnings():
            # aiosmtpd warns of AUTH without TLS; here it is wanted, and only loopback listens.
            warnings.simplefilter("ignore", UserWarning)
            super().__init__(
                _Handler(box),
                loop=loop,
                hostname=HOST_NAME,
                ident=GREETING,
                tls_context=tls,
                data_size_limit=MAX_MAIL,
                enable_SMTPUTF8=True,
                **options,
            )
        self._box = box

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._box.picked_up(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._box.hung_up(self)
        super().connection_lost(error)


def hang_up(line: SMTP) -> None:
    """Cut the line at once, without a word."""
    if isinstance(line.transport, asyncio.WriteTransport):
        line.transport.abort()


def _check(
    credentials: tuple[str, str], _: SMTP, __: Session, ___: Envelope, mechanism: str, data: LoginPassword
) -> AuthResult:
    given = (data.login, data.password)
    right = all(
        hmac.compare_digest(ours.encode(), theirs) for ours, theirs in zip(credentials, given, strict=True)
    )
    return AuthResult(success=right)
