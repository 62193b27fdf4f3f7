"""Line (接続): one IMAP conversation over a socket, with the mischief that was asked for."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from connector.sandbox.imap import grammar
from connector.sandbox.imap.desk import Desk, Refused
from connector.sandbox.imap.grammar import BadCommand, Command, Text
from connector.sandbox.imap.mischief import Mischief, Plans

LONGEST_LINE: Final = 64 * 1024
LARGEST_LITERAL: Final = 64 * 1024 * 1024
CRUMB: Final = 7  # bytes; smaller than any reply
MOST_CRUMBS: Final = 400
GREETING: Final = b"* OK [CAPABILITY IMAP4rev1] connector sandbox ready."


class _HungUp(Exception):
    """The conversation is over."""


class Line:
    """Reads commands, lets the desk do them, writes replies."""

    def __init__(
        self, desk: Desk, plans: Plans, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._desk, self._plans = desk, plans
        self._reader, self._writer = reader, writer
        self._late = b""
        self.mute = False
        self.idling = False

    async def serve(self) -> None:
        """Until the client leaves or the line is cut."""
        try:
            await self._send([GREETING])
            while True:
                await self._turn()
        except (_HungUp, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self.cut()

    def cut(self) -> None:
        """Reset the connection, without a word."""
        self._writer.transport.abort()

    def notice(self) -> None:
        """The selected folder changed while the client idles."""
        if self.idling:
            self._push(self._desk.news())

    def release(self) -> None:
        """A late reply comes now."""
        late, self._late = self._late, b""
        if late:
            self._writer.write(late)

    async def _turn(self) -> None:
        segments = await self._segments()
        if segments is None:
            return
        first = bytes(segments[0])
        try:
            command = grammar.read(segments)
        except BadCommand as bad:
            await self._send([f"{grammar.tag_of(first)} BAD {bad}".encode()])
            return
        await self._obey(command)

    async def _segments(self) -> list[bytes | Text] | None:
        """The pieces of one command: text, literal, text …; None for one that was refused on the way."""
        found: list[bytes | Text] = []
        while True:
            line = (await self._reader.readuntil(b"\n")).removesuffix(b"\n").removesuffix(b"\r")
            literal = grammar.LITERAL_AHEAD.search(line)
            if literal is None:
                return [*found, line]
            if int(literal[1]) > LARGEST_LITERAL:
                await self._send([f"{grammar.tag_of(line)} NO [TOOBIG] Literal too large".encode()])
                return None
            if not literal[2]:
                await self._send([b"+ Ready for literal data"])
            content = await self._reader.readexactly(int(literal[1]))
            found += [line[: literal.start()], Text(content)]

    async def _obey(self, command: Command) -> None:
        mischief = self._plans.take(command.name)
        if command.name == "IDLE":
            await self._idle(command, mischief)
            return
        if mischief is Mischief.BYE:
            await self._bye("Server is going away")
        replies = self._replies(command, mischief)
        if mischief is Mischief.CUT:
            raise _HungUp
        if mischief is Mischief.HALF_OPEN:
            self.mute = True
        if mischief is Mischief.LATE_REPLY:
            self._late += _joined(replies)
        elif mischief is not Mischief.NO_REPLY:
            self.release()
            await self._send(replies, crumbs=mischief is Mischief.FRAGMENTS)
        if command.name == "LOGOUT":
            raise _HungUp

    def _replies(self, command: Command, mischief: Mischief | None) -> list[bytes]:
        """Untagged lines, what others did meanwhile, and the tagged end."""
        if command.name == "LOGOUT":
            return [b"* BYE Logging out", f"{command.tag} OK Logout completed.".encode()]
        said: list[bytes] = []
        self._desk.said = said
        if mischief is Mischief.EXPUNGE_BETWEEN:
            self._desk.lose_one()
            said += self._desk.news()
        try:
            end = f"{command.tag} OK {self._desk.do(command)}"
        except Refused as refused:
            end = f"{command.tag} NO {refused}"
        except BadCommand as bad:
            end = f"{command.tag} BAD {bad}"
        return [*said, *self._desk.news(), end.encode()]

    async def _idle(self, command: Command, mischief: Mischief | None) -> None:
        if not self._desk.signed_in or self._desk.view is None or command.words:
            await self._send([f"{command.tag} BAD nothing selected".encode()])
            return
        if mischief in (Mischief.BYE, Mischief.BYE_FOR_IDLE):
            await self._bye("Too many connections")
        self.mute = self.mute or mischief is Mischief.HALF_OPEN
        await self._send([b"+ idling"])
        if mischief in (Mischief.KILL_IDLE, Mischief.CUT):
            raise _HungUp
        self.idling = True
        try:
            self.notice()
            line = await self._reader.readuntil(b"\n")
        finally:
            self.idling = False
        done = line.strip().upper() == b"DONE"
        end = f"{command.tag} OK Idle completed." if done else f"{command.tag} BAD Expected DONE."
        await self._send([*self._desk.news(), end.encode()])

    async def _bye(self, why: str) -> None:
        await self._send([f"* BYE {why}".encode()])
        with suppress(ConnectionError):
            self._writer.close()
            await self._writer.wait_closed()
        raise _HungUp

    async def _send(self, lines: list[bytes], *, crumbs: bool = False) -> None:
        if self.mute:
            return
        data = _joined(lines)
        if not crumbs:
            self._writer.write(data)
            await self._writer.drain()
            return
        size = max(CRUMB, len(data) // MOST_CRUMBS)
        for start in range(0, len(data), size):
            self._writer.write(data[start : start + size])
            await self._writer.drain()
            await asyncio.sleep(0)  # the other side reads this crumb by itself

    def _push(self, lines: list[bytes]) -> None:
        if lines and not self.mute:
            self._writer.write(_joined(lines))


def _joined(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\r\n" for line in lines)
