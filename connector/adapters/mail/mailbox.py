"""Mailbox (受信メールボックス): what waits in the inbox, one mail at a time, and where it goes when it is kept.

Dangerous: the same number meaning another mail. A UID counts only under its UIDVALIDITY; under another one nothing
is moved, and the whole inbox is met again. Polling is the truth; `listen` only makes it come sooner.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from connector.clock import Clock
from connector.errors import Barred, Misconfigured, NotDone, Problem, Refused
from connector.incoming import MailReport, MailSeen
from connector.transport.imap import ImapLine, ImapServer

PORTION = 100  # mails whose sizes are asked at once
RESTED_SECONDS = 20.0  # a line unused for longer is not trusted any more
IDLE_SECONDS = 300.0  # IDLE anew every 5-9 minutes (reliability §9.3)
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 900.0  # before a lost hint is listened for again


@dataclass(frozen=True, slots=True)
class MailboxSettings:
    """Which folder is read, where its mails go, and from which size on they are not fetched."""

    inbox: str = "INBOX"
    processed: str = "Processed"
    quarantine: str = "Quarantine"
    largest: int = 32_000_000

    def problems(self) -> list[Problem]:
        found = []
        for name in ("inbox", "processed", "quarantine"):
            text: str = getattr(self, name)
            if not text or not text.isascii() or not text.isprintable() or "&" in text:
                words = "フォルダ名は ASCII 文字だけにしてください"
                found.append(Problem(f"mailbox.{name}", 0, 0, words, found=text))
        if self.inbox in (self.processed, self.quarantine):
            words = "読むフォルダと移す先のフォルダが同じです"
            found.append(Problem("mailbox.inbox", 0, 0, words, found=self.inbox))
        return found


class ImapMailbox:
    """A `ports.Mailbox` over IMAP. A refused login is tried once; only a new object tries again."""

    def __init__(
        self,
        server: ImapServer,
        settings: MailboxSettings,
        *,
        reader: Callable[[bytes], MailReport],
        clock: Clock,
    ) -> None:
        problems = [*server.problems(), *settings.problems()]
        if problems:
            raise Misconfigured(problems)
        self._server, self._settings, self._reader, self._clock = server, settings, reader, clock
        self._turn = asyncio.Lock()
        self._line: ImapLine | None = None
        self._used = 0.0
        self._door = asyncio.Lock()
        self._barred: tuple[str, str, str] | None = None
        self._marked: set[tuple[int, int]] = set()  # copied and marked, and not yet expunged

    async def waiting(self) -> AsyncGenerator[MailSeen, None]:
        """Every mail in the inbox, oldest first, one body in memory at a time, none marked as read.

        A mail larger than the limit comes without its body. Raises NotDone when the line breaks: what was
        yielded stands, the rest is met again.
        """
        await self.hang_up()
        try:
            async with self._asking() as line:
                validity, uids = line.validity, await line.uids()
            for first in range(0, len(uids), PORTION):
                portion = uids[first : first + PORTION]
                async with self._asking(validity) as line:
                    sizes = await line.sizes(portion)
                for uid in portion:
                    if uid in sizes and (mail := await self._fetch(validity, uid, sizes[uid])) is not None:
                        yield mail
        finally:
            await self.hang_up()

    async def _fetch(self, validity: int, uid: int, size: int) -> MailSeen | None:
        body = None
        if size <= self._settings.largest:
            async with self._asking(validity) as line:
                body = await line.body(uid)
            if body is None:
                return None  # somebody took it out meanwhile
        return MailSeen(uid_validity=validity, uid=uid, size=size, body=body)

    def read(self, body: bytes) -> MailReport:
        return self._reader(body)

    async def move(self, mail: MailSeen, *, understood: bool) -> None:
        """To the processed mails, or to those a person should look at. Repeating is safe.

        Nothing happens under another UIDVALIDITY: the mail is met again under its new number.
        """
        folder = self._settings.processed if understood else self._settings.quarantine
        async with self._asking() as line:
            if line.validity != mail.uid_validity:
                return
            marked = frozenset(uid for validity, uid in self._marked if validity == line.validity)
            if await line.move(mail.uid, folder, also=marked):
                self._marked.clear()
            else:
                self._marked.add((line.validity, mail.uid))

    async def listen(self, hint: Callable[[], None]) -> None:
        """Call `hint` whenever the server says that mail came. For ever; ends where it can never work.

        It has a line of its own. Whatever happens to it, the poll finds the mail.
        """
        pause = FIRST_PAUSE
        while self._barred is None:
            try:
                line = await self._open()
                try:
                    while True:
                        if await line.pushed(IDLE_SECONDS):
                            hint()
                        else:
                            await line.noop()
                        pause = FIRST_PAUSE
                finally:
                    await line.close()
            except (Refused, Misconfigured):
                return
            except Exception:  # noqa: BLE001 - a hint, whatever happens to it, must not stop anybody
                await self._clock.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    async def hang_up(self) -> None:
        """Close the line nobody uses now; the next question opens one again."""
        async with self._turn:
            await self._drop()

    close = hang_up

    @asynccontextmanager
    async def _asking(self, validity: int | None = None) -> AsyncIterator[ImapLine]:
        """A living line, for one question at a time. Raises NotDone where it is not about `validity` any more."""
        async with self._turn:
            rested = asyncio.get_running_loop().time() - self._used > RESTED_SECONDS
            if self._line is None or self._line.lost or rested:
                await self._drop()
                self._line = await self._open()
            if validity not in (None, self._line.validity):
                raise NotDone(f"{self._server.host}: フォルダの UIDVALIDITY が変わりました")
            yield self._line
            self._used = asyncio.get_running_loop().time()

    async def _open(self) -> ImapLine:
        """One at a time: poll and hint with a wrong password would be two attempts."""
        async with self._door:
            if self._barred is not None:
                raise Barred(*self._barred)
            try:
                return await ImapLine.open(self._server, self._settings.inbox)
            except Barred as barred:
                self._barred = barred.system, barred.code, barred.words
                raise

    async def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.close()
