"""SmtpPool (メール送信): a few connections to one mail server, each used for many mails.

Dangerous: a line that drops after DATA. Whether the mail was taken cannot be told, so the answer is Unknown
and nobody sends it again without looking (reliability §9.4, where the library's traps are listed). Addresses
are checked here, never left to the library; nothing goes out in clear except to this machine itself.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import aiosmtplib

from connector.clock import Clock
from connector.errors import Barred, Closed, Misconfigured, NotDone, Problem, Refused, Unknown

SYSTEM = "smtp"
_SHORTEST_SHUT, _LONGEST_SHUT = 60.0, 600.0  # until the mails try a shut door again
_TRUSTED_SECONDS = 5.0  # a connection used so recently is taken to be alive without asking

_LOCAL_PART = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{1,254}}\Z)(?=.{{1,64}}@){_LOCAL_PART}@{_LABEL}(\.{_LABEL})*")


class Security(StrEnum):
    START_TLS = "start_tls"
    TLS = "tls"
    NONE = "none"  # only towards this machine


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over and how we prove who we are. `tls` overrides `ca_file`."""

    host: str
    port: int
    security: Security | str = Security.START_TLS
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    own_name: str = "localhost"  # what we call ourselves in EHLO
    command_seconds: float = 60.0
    data_seconds: float = 600.0  # RFC 5321 §4.5.3.2.6: the reply to the final dot may take ten minutes
    quiet_seconds: float = 20.0  # after a failed connection the others do not knock for so long

    def problems(self) -> list[Problem]:
        found = []
        if self.security not in tuple(Security):
            found.append(_problem("security", "知らない値です", ", ".join(Security), str(self.security)))
        if self.security == Security.NONE and not is_loopback(self.host):
            words = "暗号化なしで送れるのは、このマシン自身のメールサーバだけです"
            found.append(_problem("security", words, "start_tls か tls", self.host))
        if not 0 < self.port < 65536:
            found.append(_problem("port", "ポート番号ではありません", "1..65535", str(self.port)))
        if (self.username is None) != (self.password is None):
            found.append(_problem("username / password", "片方だけ指定されています", "両方、または両方なし"))
        if self.tls is not None and (
            self.tls.verify_mode != ssl.CERT_REQUIRED or not self.tls.check_hostname
        ):
            found.append(_problem("tls", "証明書の確認は外せません", "確認する SSLContext"))
        return found


@dataclass(slots=True)
class _Line:
    """One connection: when it was opened and last used, and how many mails went over it."""

    client: aiosmtplib.SMTP
    transport: asyncio.BaseTransport | None  # the client forgets it when it closes
    opened: float
    used: float
    mails: int = 0
    clean: bool = True  # the last mail went through, no envelope is left half-open

    def cut(self) -> None:
        _cut(self.client, self.transport)


@dataclass(frozen=True, slots=True)
class _Shut:
    """Nobody gets in: no mail's own fault, and no try of its own. The longer it lasts, the less often it is tried."""

    since: float
    quiet_until: float
    fault: str

    def turns_away(self, now: float) -> Closed:
        return Closed(self.fault, after=min(max(now - self.since, _SHORTEST_SHUT), _LONGEST_SHUT))


class _ClosedBetweenMails(NotDone):
    """The server ended a used connection, as it may after some mails; a new one has a right to one try."""


class SmtpPool:
    """Sends single mails over at most `size` connections; safe to call from many tasks at once."""

    def __init__(
        self,
        server: MailServer,
        *,
        clock: Clock,
        size: int = 4,
        max_mails: int = 50,
        max_seconds: float = 60.0,
    ) -> None:
        problems = server.problems()
        if problems:
            raise Misconfigured(problems)
        self.size = size
        self._server, self._clock = server, clock
        self._max_mails, self._max_seconds = max_mails, max_seconds
        self._tls = _context(server)
        self._places = asyncio.Semaphore(size)
        self._door = asyncio.Lock()
        self._idle: list[_Line] = []
        self._stopped: tuple[str, str] | None = None  # a refused login; only a new pool tries again
        self._shut: _Shut | None = None

    async def send(self, sender: str, recipient: str, body: bytes) -> str:
        """The server's reply to the final dot, with its code.

        Raises NotDone while the mail provably was not taken (Closed where nobody gets in), Refused for a 5xx, Unknown
        when the line broke or the reply stayed out after DATA. Not safe to repeat after Unknown.
        """
        checked_address(sender)
        checked_address(recipient)
        async with self._places:
            try:
                return await self._send(sender, recipient, body)
            except _ClosedBetweenMails:
                return await self._send(sender, recipient, body, fresh=True)

    async def _send(self, sender: str, recipient: str, body: bytes, *, fresh: bool = False) -> str:
        async with self._line(fresh=fresh) as line:
            await self._envelope(line, sender, recipient)
            return await self._hand_over(line, body)

    async def hang_up(self) -> None:
        """Close the connections nobody uses now; the next mail opens one again."""
        idle, self._idle = self._idle, []
        for line in idle:
            await self._quit(line)

    async def close(self) -> None:
        """Wait for the mails on their way, then close everything."""
        for _ in range(self.size):
            await self._places.acquire()
        await self.hang_up()
        for _ in range(self.size):
            self._places.release()

    @asynccontextmanager
    async def _line(self, *, fresh: bool) -> AsyncIterator[_Line]:
        """A living connection; it goes back to the others unless it broke."""
        line = (None if fresh else await self._reused()) or await self._open()
        line.clean, line.mails = False, line.mails + 1
        try:
            yield line
            line.clean = True
        except (Refused, NotDone):
            raise
        except BaseException:
            line.client.close()  # a half-spoken line would pair the next mail with an old reply
            raise
        finally:
            line.used = self._clock.monotonic()
            if line.client.is_connected:
                self._idle.append(line)
            else:
                line.cut()

    async def _reused(self) -> _Line | None:
        while self._idle:
            line = self._idle.pop()
            now = self._clock.monotonic()
            if line.mails >= self._max_mails or now - line.opened > self._max_seconds:
                await self._quit(line)
            elif await self._ready(line):
                return line
            else:
                line.cut()
        return None

    async def _ready(self, line: _Line) -> bool:
        """Clear what the last mail may have left, and see whether the server is still there."""
        if not line.client.is_connected:
            return False
        if line.clean and self._clock.monotonic() - line.used < _TRUSTED_SECONDS:
            return True
        try:
            await line.client.rset(timeout=self._server.command_seconds)
        except (aiosmtplib.SMTPException, OSError):
            return False
        except BaseException:
            line.cut()
            raise
        return True

    async def _open(self) -> _Line:
        """One at a time: several tasks with a wrong password would lock the account."""
        async with self._door:
            if self._stopped is not None:
                raise Barred(SYSTEM, *self._stopped)
            if self._shut is not None and self._clock.monotonic() < self._shut.quiet_until:
                raise self._shut.turns_away(self._clock.monotonic())
            try:
                client = await self._connect()
            except NotDone as fault:
                now = self._clock.monotonic()
                since = self._shut.since if self._shut is not None else now
                self._shut = _Shut(since, now + self._server.quiet_seconds, str(fault))
                raise self._shut.turns_away(now) from fault
            self._shut = None
            now = self._clock.monotonic()
            return _Line(client, client.transport, opened=now, used=now)

    async def _connect(self) -> aiosmtplib.SMTP:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            timeout=server.command_seconds,
            local_hostname=server.own_name,
            use_tls=server.security == Security.TLS,
            start_tls=server.security == Security.START_TLS,
            tls_context=self._tls,
        )
        try:
            await client.connect()
            await self._sign_in(client)
        except aiosmtplib.SMTPResponseException as error:
            _cut(client, client.transport)
            raise _answered(error) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            _cut(client, client.transport)
            raise NotDone(f"{server.host} に接続できません: {error}") from error
        except BaseException:
            _cut(client, client.transport)
            raise
        return client

    async def _sign_in(self, client: aiosmtplib.SMTP) -> None:
        """One attempt with one method; the library's own login would try them all (lock-out)."""
        server = self._server
        if server.username is None or server.password is None:
            return
        await client.ehlo()
        offered = client.server_auth_methods
        try:
            if "plain" in offered:
                await client.auth_plain(server.username, server.password)
            elif "login" in offered:
                await client.auth_login(server.username, server.password)
            else:
                raise NotDone(f"{server.host} は PLAIN も LOGIN も受け付けません")
        except aiosmtplib.SMTPAuthenticationError as error:
            if error.code < 500:
                raise
            self._stopped = (str(error.code), f"ログインを断られました: {_readable(error.message)}")
            raise Barred(SYSTEM, *self._stopped) from error

    async def _envelope(self, line: _Line, sender: str, recipient: str) -> None:
        """Nothing was handed over yet, so whatever breaks here is NotDone or the server's no."""
        try:
            await line.client.mail(sender)
            await line.client.rcpt(recipient)
        except aiosmtplib.SMTPResponseException as error:
            if not 400 <= error.code < 600:
                line.client.close()
            if line.mails > 1 and not line.client.is_connected:
                raise _ClosedBetweenMails(str(error)) from error
            raise _answered(error) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            line.client.close()
            words = f"メールを渡す前に接続が切れました: {error}"
            raise (_ClosedBetweenMails if line.mails > 1 else NotDone)(words) from error

    async def _hand_over(self, line: _Line, body: bytes) -> str:
        try:
            reply = await line.client.data(body, timeout=self._server.data_seconds)
        except aiosmtplib.SMTPDataError as error:
            if not 400 <= error.code < 600:
                raise Unknown(f"メールサーバの返事が読めません: {error.code}") from error
            raise _answered(error) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unknown(f"メールが受け取られたか分かりません: {error}") from error
        return f"{reply.code} {_readable(reply.message)}"

    async def _quit(self, line: _Line) -> None:
        try:
            await line.client.quit(timeout=self._server.command_seconds)
        except (aiosmtplib.SMTPException, OSError):
            pass  # its mails were answered; how it says goodbye changes nothing
        finally:
            line.cut()


def checked_address(text: str) -> str:
    """One plain address, byte for byte as the settings have it (invariant M4).

    Refuses what a library might cut or parse into something else: quotes, comments, blanks, control
    characters, ESMTP parameters, letters beyond ASCII.
    """
    if not _ADDRESS.fullmatch(text):
        raise Refused(SYSTEM, "address", f"メールアドレスとして扱えません: {text!r}")
    return text


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _cut(client: aiosmtplib.SMTP, transport: asyncio.BaseTransport | None) -> None:
    """Let go of the line now. Closing alone would go on sending what still lies in our buffer, so that a mail given
    up as Unknown arrives after somebody has looked for it; over TLS it waits half a minute for a farewell."""
    client.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def _answered(error: aiosmtplib.SMTPResponseException) -> NotDone | Refused:
    """A reply other than yes: 5xx is the server's no, anything else passes."""
    words = _readable(error.message)
    if 500 <= error.code < 600:
        return Refused(SYSTEM, str(error.code), words)
    return NotDone(f"メールサーバの返事 {error.code}: {words}")


def _readable(message: str) -> str:
    """The server's words as one storable line (the library keeps odd bytes as surrogates)."""
    return " ".join(message.encode("utf-8", "backslashreplace").decode().split())


def _context(server: MailServer) -> ssl.SSLContext | None:
    if server.security == Security.NONE:
        return None
    if server.tls is not None:
        return server.tls
    context = ssl.create_default_context(cafile=server.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _problem(where: str, words: str, expected: str, found: str = "") -> Problem:
    return Problem(where=f"smtp.{where}", line=0, column=0, words=words, found=found, expected=expected)
