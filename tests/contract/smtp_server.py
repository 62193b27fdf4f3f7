"""An SMTP server that answers by script, with every fault of reliability §9.4."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from connector.clock import SteppedClock
from connector.transport.smtp import MailServer, SmtpPool

SENDER = "connector@shop.example.jp"
INTAKE = "intake-shop1@ne.example.jp"
MAIL = b"Subject: x\r\n\r\n.a line with a dot\r\n"
AT = datetime(2026, 11, 24, tzinfo=UTC)

DROP = "drop"
SILENCE = "silence"


@dataclass
class ScriptedServer:
    """An SMTP server that says what `says` tells it at each verb; `DROP` hangs up, `SILENCE` says nothing.

    At a silent verb of `late` it says something after all, so many seconds later.
    The verb `DOT` is the end of the mail; at `LOST_DOT` the mail is taken and the line is cut.
    """

    says: dict[str, str] = field(default_factory=dict)
    late: dict[str, tuple[float, str]] = field(default_factory=dict)
    most_mails: int = 0  # on one connection; after them 421, 0: as many as one likes
    auth: str = ""
    tls: ssl.SSLContext | None = None
    extensions: tuple[str, ...] = ()
    mails: list[tuple[str, str, bytes]] = field(default_factory=list)
    verbs: Counter[str] = field(default_factory=Counter)
    open: int = 0
    most_open: int = 0
    logins: list[str] = field(default_factory=list)
    handed_over: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[ScriptedServer]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self.hang_up()
            server.close()
            await server.wait_closed()
            await asyncio.sleep(0.01)  # let the cut connections end their tasks

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.verbs["CONNECT"] += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            self._writers.discard(writer)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender, recipient, carried = "", "", 0
        if not await self._say(writer, "CONNECT", "220 mail.example.jp"):
            return
        while line := (await reader.readline()).decode().strip():
            verb = line.split()[0].upper()
            self.verbs[verb] += 1
            if verb == "MAIL":
                carried += 1
                if self.most_mails and carried > self.most_mails:
                    writer.write(b"421 4.7.0 too many mails on one connection\r\n")
                    return
                sender = line[line.index("<") + 1 : line.index(">")]
            elif verb == "RCPT":
                recipient = line[line.index("<") + 1 : line.index(">")]
            elif verb == "AUTH":
                self.logins.append(line.split()[-1])
            if verb == "EHLO":
                names = [*self.extensions, *([f"AUTH {self.auth}"] if self.auth else []), "HELP"]
                plain = "\r\n".join(f"250-{name}" for name in ["mail.example.jp", *names[:-1]])
                usual = f"{plain}\r\n250 {names[-1]}"
            else:
                usual = {"DATA": "354 go on", "QUIT": "221 bye", "AUTH": "235 ok"}.get(verb, "250 ok")
            if not await self._say(writer, verb, usual):
                return
            if (
                verb == "DATA"
                and "DATA" not in self.says
                and not await self._take(reader, writer, sender, recipient)
            ):
                return

    async def _take(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sender: str, recipient: str
    ) -> bool:
        body = await reader.readuntil(b"\r\n.\r\n")
        self.verbs["DOT"] += 1
        self.handed_over.set()
        if self.says.get("DOT", "2")[0] == "2" or "LOST_DOT" in self.says:
            self.mails.append((sender, recipient, body[:-3].replace(b"\r\n..", b"\r\n.")))
        if "LOST_DOT" in self.says:
            return False
        return await self._say(writer, "DOT", "250 2.0.0 Ok: queued as 4Xyz")

    async def _say(self, writer: asyncio.StreamWriter, verb: str, usual: str) -> bool:
        words = self.says.get(verb, usual)
        if words == DROP:
            return False
        if words == SILENCE and verb in self.late:
            seconds, words = self.late[verb]
            await asyncio.sleep(seconds)
        if words != SILENCE:
            writer.write(words.encode() + b"\r\n")
            await writer.drain()
        return True


@asynccontextmanager
async def pool_to(
    server: ScriptedServer,
    clock: SteppedClock,
    *,
    size: int = 4,
    max_mails: int = 50,
    security: str = "none",
    credentials: tuple[str, str] | None = None,
    host: str = "127.0.0.1",
    ca_file: Path | None = None,
    seconds: float = 0.3,
) -> AsyncIterator[SmtpPool]:
    username, password = credentials or (None, None)
    settings = MailServer(
        host=host,
        port=server.port,
        security=security,
        username=username,
        password=password,
        ca_file=ca_file,
        command_seconds=seconds,
        data_seconds=seconds,
    )
    pool = SmtpPool(settings, clock=clock, size=size, max_mails=max_mails)
    try:
        yield pool
    finally:
        await pool.close()
