"""The mailbox server (受信サーバー): one user's folders behind IMAP4rev1 on loopback, strict and well-behaved.

Mails come in by `append`, from the town's post office or a test; bad behaviour only by `misbehave`.
"""

from __future__ import annotations

import asyncio
import ssl

from connector.clock import Clock
from connector.sandbox.history import History
from connector.sandbox.imap.desk import Desk
from connector.sandbox.imap.folders import INBOX, Cabinet, Folder
from connector.sandbox.imap.line import LONGEST_LINE, Line
from connector.sandbox.imap.mischief import Mischief, Plans


class ImapSandbox:
    """An account at a mail provider. `folders` and their mails may be looked at and prepared freely."""

    def __init__(
        self,
        clock: Clock,
        *,
        user: str,
        password: str,
        history: History | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._clock, self.user, self.password = clock, user, password
        self.history = history or History(clock)
        self._tls = ssl_context
        self._cabinet = Cabinet(int(clock.now().timestamp()))
        self._cabinet.changed = self._changed
        self._plans = Plans()
        self._lines: set[Line] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> tuple[str, int]:
        """Listen, from the first byte on in TLS if there is a context; STARTTLS is not offered."""
        self._server = await asyncio.start_server(
            self._picked_up, host, port, ssl=self._tls, limit=LONGEST_LINE
        )
        bound_host, bound_port = self._server.sockets[0].getsockname()[:2]
        return str(bound_host), int(bound_port)

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        self.kill_lines()
        await self._server.wait_closed()
        await self._quiet.wait()
        self._server = None

    # the neighbours' side

    @property
    def folders(self) -> dict[str, Folder]:
        """By name; INBOX is always there, others come by CREATE."""
        return self._cabinet.folders

    def append(self, folder: str, body: bytes) -> int:
        """A mail arrives in a folder, which is made if need be; its UID. Who idles there is told at once."""
        place = self.folders.get(folder) or self._cabinet.create(folder)
        mail = place.put(body, self._clock.now())
        self.history.add("mail_stored", f"{folder}/{mail.uid}", size=len(body))
        self._changed(place)
        return mail.uid

    def remove(self, folder: str, uid: int) -> None:
        """Another client of the same user deletes a mail."""
        place = self._cabinet.find(folder)
        place.take_out(place.mail(uid))
        self._changed(place)

    def renew_validity(self, folder: str = INBOX) -> None:
        """UIDVALIDITY changes and UIDs start again. Who has the folder open is thrown out, as by real servers."""
        self._cabinet.find(folder).renew()
        self.kill_lines()

    # mischief

    def misbehave(self, kind: Mischief | str, *, command: str = "", times: int = 1) -> None:
        """The next commands (of this name, such as `UID FETCH`) meet this; see `Mischief`."""
        self._plans.add(Mischief(kind), command, times)

    def kill_lines(self) -> None:
        """Every connection is reset: the server process died."""
        for line in list(self._lines):
            line.cut()

    def mute_lines(self) -> None:
        """Every connection of now goes silent and stays open: a firewall forgot it."""
        for line in self._lines:
            line.mute = True

    def release(self) -> None:
        """Replies that were held back come now."""
        for line in self._lines:
            line.release()

    @property
    def connections(self) -> int:
        return len(self._lines)

    @property
    def idlers(self) -> int:
        """Connections that stand in IDLE."""
        return sum(line.idling for line in self._lines)

    def _changed(self, _: Folder) -> None:
        for line in list(self._lines):
            line.notice()

    async def _picked_up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        desk = Desk(self._cabinet, self._clock, self.history, (self.user, self.password))
        line = Line(desk, self._plans, reader, writer)
        self._lines.add(line)
        self._quiet.clear()
        try:
            await line.serve()
        finally:
            self._lines.discard(line)
            if not self._lines:
                self._quiet.set()
