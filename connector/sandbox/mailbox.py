"""Mail sandbox (メール送信先): an SMTP server on loopback that keeps every mail and hands Next Engine's on to it.

Three things go wrong here as they do in the world: a mail is accepted and never arrives (`lost-mail`), it comes back
minutes later as a report to its envelope sender (`bounced-mail`), and the line drops after a mail was accepted but
before the 250 (`smtp-drop`), so that the sender cannot know.
"""

from __future__ import annotations

import asyncio
import email
import heapq
import hmac
import ssl
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial
from itertools import count
from typing import Any, Protocol

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from connector.clock import Clock
from connector.sandbox.bounces import TROUBLES, Returned, Trouble, report
from connector.sandbox.faults import Faults
from connector.sandbox.history import History

HOST_NAME = "mail.example.jp"
GREETING = "connector sandbox"
MAX_MAIL = 10 * 1024 * 1024


class MailReader(Protocol):
    """Who reads mail at the other end; Next Engine's sandbox."""

    def takes(self, recipient: str) -> bool: ...
    def deliver(self, mail: bytes, recipient: str) -> None: ...


class Inbox(Protocol):
    """The mailbox of an envelope sender, where reports come to; the IMAP sandbox."""

    def append(self, folder: str, body: bytes) -> int: ...


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """One accepted mail, once per recipient."""

    at: datetime
    sender: str
    recipient: str
    message_id: str
    raw: bytes
    lost: bool  # accepted, and will never reach anybody
    trouble: Trouble | None = None  # what the recipient's server has against it


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
        inboxes: Mapping[str, Inbox] | None = None,
    ) -> None:
        """`inboxes` by address: who can be told of a mail that did not arrive."""
        self._clock, self._reader, self._travel = clock, next_engine, travel
        self._inboxes = {address.casefold(): inbox for address, inbox in (inboxes or {}).items()}
        self._faults = faults or Faults()
        self.history = history or History(clock)
        self.mails: list[ReceivedMail] = []
        self._troubles: dict[str, Trouble] = {}
        self._deeds: list[tuple[datetime, int, Callable[[], None]]] = []
        self._entry = count(1)
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
        return self._deeds[0][0] if self._deeds else None

    async def advance(self) -> None:
        """Hand over every mail whose way is done, and write every report that is due."""
        self._run_due()

    # What can be arranged.

    def trouble(
        self,
        recipient: str,
        kind: str,
        *,
        warns_after_minutes: float | None = None,
        ends_after_minutes: float | None = None,
        headers_only: bool = False,
    ) -> None:
        """From now on mail to this address meets one of TROUBLES, with a warning first where asked."""
        if kind not in TROUBLES:
            raise ValueError(f"no trouble {kind}; known: {', '.join(TROUBLES)}")
        trouble = TROUBLES[kind]
        if ends_after_minutes is not None:
            trouble = replace(trouble, ends_after=timedelta(minutes=ends_after_minutes), warns_after=None)
        if warns_after_minutes is not None:
            trouble = replace(trouble, warns_after=timedelta(minutes=warns_after_minutes))
        self._troubles[recipient.casefold()] = replace(trouble, headers_only=headers_only)

    def no_trouble(self, recipient: str) -> None:
        """The address takes mail again; mails already refused stay so."""
        self._troubles.pop(recipient.casefold(), None)

    def forge(self, to: str, *, message_id: str, recipient: str, kind: str = "no-such-user") -> None:
        """Somebody writes a report about a mail that this server never saw, as anybody may."""
        invented = EmailMessage()
        invented["Message-ID"], invented["From"], invented["To"] = message_id, to, recipient
        raw = invented.as_bytes().replace(b"\n", b"\r\n") + b"\r\n"
        mail = ReceivedMail(self._clock.now(), to, recipient, message_id, raw, lost=False)
        self._send_back(mail, TROUBLES[kind], final=True, what="report_forged")

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
            for_reader = self._reads(recipient)
            lost = for_reader and self._faults.strike("lost-mail")
            trouble = self._troubles.get(recipient.casefold())
            if for_reader and not lost and self._faults.strike("bounced-mail"):
                trouble = trouble or TROUBLES["no-such-user"]
            self._keep(ReceivedMail(self._clock.now(), sender, recipient, message_id, raw, lost, trouble))
        dropped = self._faults.strike("smtp-drop")
        if dropped:
            self.history.add("dropped_after_accept", message_id)
        return dropped

    def _keep(self, mail: ReceivedMail) -> None:
        self.mails.append(mail)
        self.history.add("mail_accepted", mail.message_id, recipient=mail.recipient, size=len(mail.raw))
        if mail.lost:
            self.history.add("mail_lost", mail.message_id, recipient=mail.recipient)
        elif mail.trouble is not None:
            self._hold_up(mail, mail.trouble)
        elif self._reads(mail.recipient) or mail.recipient.casefold() in self._inboxes:
            self._plan(mail.at + self._travel, partial(self._hand_over, mail))

    def _hold_up(self, mail: ReceivedMail, trouble: Trouble) -> None:
        """The recipient's server does not take it: a warning perhaps, and the end."""
        self.history.add("mail_held_up", mail.message_id, recipient=mail.recipient, status=trouble.status)
        if trouble.warns_after is not None:
            warn = partial(self._send_back, mail, trouble, final=False, what="delay_reported")
            self._plan(mail.at + trouble.warns_after, warn)
        end = partial(self._send_back, mail, trouble, final=True, what="mail_bounced")
        if trouble.arrives:
            end = partial(self._hand_over, mail)
        self._plan(mail.at + trouble.ends_after, end)

    def _send_back(self, mail: ReceivedMail, trouble: Trouble, *, final: bool, what: str) -> None:
        """A report to the envelope sender; one without a mailbox here, or `<>`, never hears of it."""
        inbox = self._inboxes.get(mail.sender.casefold())
        queue_id = f"{0x20C000 + next(self._entry):X}"
        returned = Returned(mail.sender, mail.recipient, mail.raw, mail.at, queue_id)
        if inbox is not None:
            inbox.append("INBOX", report(returned, trouble, self._clock.now(), final=final))
        self.history.add(
            what,
            mail.message_id,
            recipient=mail.recipient,
            status=trouble.status,
            told=mail.sender if inbox is not None else None,
        )

    def _plan(self, at: datetime, deed: Callable[[], None]) -> None:
        heapq.heappush(self._deeds, (at, next(self._entry), deed))
        self._run_due()

    def _run_due(self) -> None:
        while self._deeds and self._deeds[0][0] <= self._clock.now():
            heapq.heappop(self._deeds)[2]()

    def _hand_over(self, mail: ReceivedMail) -> None:
        inbox = self._inboxes.get(mail.recipient.casefold())
        if inbox is not None:
            trace = f"Return-Path: <{mail.sender}>\r\nDelivered-To: {mail.recipient}\r\n"
            inbox.append("INBOX", trace.encode() + mail.raw)
        if self._reader is not None and self._reads(mail.recipient):
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
