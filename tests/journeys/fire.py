"""Fire (通信障害): proxies before Next Engine and the mail server that break the line by a seeded plan.

They know nothing of the sandboxes and nothing of the connector: a fault strikes before a call is handed on (nothing
happens over there) or after it was answered (it happened, and nobody here hears of it). Each path, or each step of
an SMTP conversation, has a deck of all its faults that is dealt until nothing is left; then it keeps the peace.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web
from connector.adapters.next_engine import wire

BEFORE, AFTER = "before", "after"
CUT, SILENCE, GATEWAY, BROKEN, BARE = "cut", "silence", "502", "999999", "999999 without tokens"
HOW = (CUT, SILENCE, GATEWAY, BROKEN, BARE)
Point = tuple[str, str, str]  # path or step, when, how
CHANCE = {  # others are rare: whatever comes is struck,
    wire.BASE_SEARCH: 0.05,
    wire.BASE_SHIPPED: 0.2,
    wire.BASE_BULKUPDATE: 0.5,  # three calls a pass: in step with them, every claim of a slip would be struck
}
ONCE = (wire.UPLOADPATTERN_INFO,)  # asked for until it is known and never again: the whole deck at once
REST = {  # but never so often in a row that a person is called
    **dict.fromkeys((wire.BASE_SEARCH, wire.BASE_SHIPPED), 3),
    **dict.fromkeys((wire.BASE_BULKUPDATE, wire.BASE_BULKRECEIPTED), 2),
    **dict.fromkeys((wire.UPLOADPATTERN_INFO, wire.BASE_UPLOAD), 0),
}
_BODY_OF_502 = b"<html><head><title>502 Bad Gateway</title></head></html>"


class Decks:
    """One deck of faults per place, dealt with a chance, never twice in a row; `struck` counts what really fell."""

    def __init__(self, seed: int, rounds: int) -> None:
        self._dice, self._rounds = random.Random(seed), rounds
        self._left: dict[str, list[Point]] = {}
        self._rested: Counter[str] = Counter()
        self.struck: Counter[Point] = Counter()

    def deal(
        self, place: str, faults: Sequence[tuple[str, str]], chance: float, rest: int, first_pass: int = 1
    ) -> Point | None:
        """The fault of this call, None for peace. `rest`: so many calls pass untouched after a strike."""
        if place not in self._left:
            self._left[place] = self._shuffled(place, faults)
            self._rested[place] = first_pass
        deck = self._left[place]
        if self._rested[place] > 0:
            self._rested[place] -= 1
            return None
        if not deck or self._dice.random() >= chance:
            return None
        self._rested[place] = rest
        return deck[-1]

    def fell(self, point: Point) -> None:
        """The card on top, not its twin of a later round: every fault falls once before any falls again."""
        deck = self._left[point[0]]
        del deck[len(deck) - 1 - deck[::-1].index(point)]
        self.struck[point] += 1

    def _shuffled(self, place: str, faults: Sequence[tuple[str, str]]) -> list[Point]:
        """Before and after in turn, so that nothing fails so often in a row that a person is called."""
        cards: list[Point] = []
        for _ in range(1 if place in ONCE else self._rounds):
            sides = [[(place, when, how) for when, how in faults if when == side] for side in (BEFORE, AFTER)]
            for side in sides:
                self._dice.shuffle(side)
            before, after = sides
            while before or after:
                cards += [side.pop() for side in (before, after) if side]
        return cards

    def unstruck(self) -> list[Point]:
        """What every place that was ever called still owes."""
        return sorted({point for deck in self._left.values() for point in deck if not self.struck[point]})

    def spared(self) -> list[tuple[str, str]]:
        """Places where before, or after, the effect nothing fell at all."""
        fell = {point[:2] for point in self.struck}
        return sorted({point[:2] for point in self.unstruck()} - fell)


@dataclass(slots=True)
class Look:
    """A search for order numbers whose answer arrived: what it asked for and what it found."""

    at: datetime
    asked: frozenset[str]
    found: frozenset[str]


@dataclass(slots=True)
class BurningApi:
    """Next Engine's API behind a line that breaks. `meddle` is told of each call before it goes on."""

    decks: Decks
    upstream: str = ""
    now: Callable[[], datetime] = lambda: datetime(1970, 1, 1, tzinfo=UTC)
    looks: list[Look] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    meddle: Callable[[str, dict[str, str]], None] = lambda _path, _asked: None
    _session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/{path:.*}", self._serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=600)) as self._session:
                yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path, body = request.path, await request.read()
        asked = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="replace"))
        self.calls[path] += 1
        faults = [(when, how) for when in (BEFORE, AFTER) for how in HOW]
        first_pass = 0 if path in ONCE else 1
        chance, rest = CHANCE.get(path, 1.0), REST.get(path, 1)
        point = self.decks.deal(path, faults, chance, rest, first_pass)
        if point is not None and point[1] == BEFORE:
            self.decks.fell(point)
            return await self._break(request, point[2], _tokens_of(asked))
        self.meddle(path, asked)
        answer = await self._hand_on(request, body)
        said = _said(answer)
        new_pair = said.get(wire.ACCESS_TOKEN) not in (None, asked.get(wire.ACCESS_TOKEN))
        # A lost new pair needs a person at the login screen (test_tokens.py): only where one stands by.
        if point is not None and (not new_pair or path in (wire.LOGIN_USER_INFO, wire.NEAUTH)):
            self.decks.fell(point)
            return await self._break(request, point[2], said)
        self._note(path, asked, said)
        return web.Response(body=answer, content_type="application/json", charset="utf-8")

    async def _hand_on(self, request: web.Request, body: bytes) -> bytes:
        assert self._session is not None
        headers = {"Content-Type": request.headers["Content-Type"]}
        async with self._session.post(self.upstream + request.path, data=body, headers=headers) as answer:
            return await answer.read()

    async def _break(self, request: web.Request, how: str, tokens: dict[str, Any]) -> web.StreamResponse:
        if how == GATEWAY:
            return web.Response(body=_BODY_OF_502, status=502, content_type="text/html")
        if how in (BROKEN, BARE):
            names = (wire.ACCESS_TOKEN, wire.ACCESS_END, wire.REFRESH_TOKEN, wire.REFRESH_END)
            pair = {name: tokens[name] for name in names if name in tokens} if how == BROKEN else {}
            error = {"result": "error", "code": "999999", "message": "システムエラー", "request_id": ""}
            return web.json_response(error | pair)
        transport = request.transport
        # Nobody tells a handler that its client is gone.
        while how == SILENCE and transport is not None and not transport.is_closing():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        if transport is not None:
            transport.abort()
        return web.Response()

    def _note(self, path: str, asked: dict[str, str], said: dict[str, Any]) -> None:
        numbers = asked.get(f"{wire.ORDER_NUMBER}-in", "")
        if path != wire.BASE_SEARCH or not numbers or said.get(wire.RESULT) != wire.SUCCESS:
            return
        found = frozenset(str(row[wire.ORDER_NUMBER]) for row in said["data"])
        self.looks.append(Look(self.now(), frozenset(numbers.split(",")), found))


def _tokens_of(asked: dict[str, str]) -> dict[str, Any]:
    return {name: asked[name] for name in (wire.ACCESS_TOKEN, wire.REFRESH_TOKEN) if name in asked}


def _said(answer: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer)
    return found


# ---- SMTP ----------------------------------------------------------------------------------------------------

CONNECT, EHLO, MAIL, RCPT, DATA, DOT, RSET, QUIT = (
    *("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "DOT", "RSET", "QUIT"),
)
LATER, HALF, LATE = "451", "cut in the middle", "late"
_LOST = ((BEFORE, CUT), (BEFORE, SILENCE), (AFTER, CUT), (AFTER, SILENCE))
GREYLISTED = ((BEFORE, LATER),) * 8
STEPS: dict[str, Sequence[tuple[str, str]]] = {
    CONNECT: ((BEFORE, CUT), (BEFORE, SILENCE), (BEFORE, LATER)),
    **dict.fromkeys((EHLO, MAIL, DATA), (*_LOST, (BEFORE, LATER))),
    RCPT: (*_LOST, *GREYLISTED),
    DOT: (*_LOST, (BEFORE, LATER), (BEFORE, HALF), (AFTER, LATE)),
    RSET: _LOST,
    QUIT: _LOST,
}


OF_A_LINE = {  # chance, and how many pass afterwards: a door that stays shut stops all mails
    CONNECT: (0.25, 6),
    EHLO: (0.5, 10),
    QUIT: (0.25, 2),
    RSET: (1.0, 0),  # seen only after a refusal, on a line that is used again
}


class Broken(Exception):
    """The plan has ended this conversation."""


@dataclass(slots=True)
class BurningMail:
    """The mail server behind a line that breaks at every step. `late`: wall seconds a late reply takes."""

    decks: Decks
    late: float
    chance: float  # of a fault at the steps of one mail
    upstream: tuple[str, int] = ("", 0)
    steps: Counter[str] = field(default_factory=Counter)
    _lines: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            server.close()
            for line in self._lines:
                line.cancel()
            await asyncio.gather(*self._lines, return_exceptions=True)
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        here = Line(self, reader, writer)
        try:
            await here.talk()
        except (Broken, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            here.hang_up()
            self._lines.discard(task)

    def fault(self, step: str) -> tuple[str, str] | None:
        self.steps[step] += 1
        chance, rest = OF_A_LINE.get(step, (self.chance, 2))
        point = self.decks.deal(step, STEPS[step], chance, rest)
        if point is None:
            return None
        self.decks.fell(point)
        return point[1], point[2]


class Line:
    """One conversation, command by command."""

    def __init__(self, fire: BurningMail, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._fire, self._reader, self._writer = fire, reader, writer
        self._server: asyncio.StreamWriter | None = None

    def hang_up(self) -> None:
        for writer in (self._writer, self._server):
            if writer is not None:
                writer.transport.abort()

    async def talk(self) -> None:
        answers, self._server = await asyncio.open_connection(*self._fire.upstream)
        greeting = await _reply(answers)
        await self._act(CONNECT, b"", partial(_just, greeting))
        while command := await self._reader.readline():
            verb = command[:4].upper().decode("ascii", "replace").replace("HELO", EHLO)
            reply = await self._act(verb, command, partial(self._ask, answers, command))
            if verb == DATA and reply.startswith(b"354"):
                mail = await self._reader.readuntil(b"\r\n.\r\n")
                await self._act(DOT, mail, partial(self._ask, answers, mail))
            if verb == QUIT:
                return

    async def _act(self, step: str, sent: bytes, ask: Callable[[], Awaitable[bytes]]) -> bytes:
        """One step with its fault; what the client heard."""
        when, how = self._fire.fault(step) or ("", "")
        if when == BEFORE:
            await self._break(how, sent)
            return b""
        reply = await ask()
        if when == AFTER and how == LATE:
            await asyncio.sleep(self._fire.late)
        elif when == AFTER:
            await self._break(how, b"")
        self._writer.write(reply)
        await self._writer.drain()
        return reply

    async def _break(self, how: str, sent: bytes) -> None:
        if how == LATER:
            self._writer.write(b"451 4.3.0 try again later\r\n")
            await self._writer.drain()
            return
        if how == HALF and self._server is not None:
            self._server.write(sent[: len(sent) // 2])
            await self._server.drain()
        if how == SILENCE:
            await self._reader.read()  # until the client has had enough
        raise Broken

    async def _ask(self, answers: asyncio.StreamReader, sent: bytes) -> bytes:
        assert self._server is not None
        self._server.write(sent)
        await self._server.drain()
        return await _reply(answers)


async def _just(reply: bytes) -> bytes:
    return reply


async def _reply(answers: asyncio.StreamReader) -> bytes:
    """One reply with all its lines."""
    lines = b""
    while line := await answers.readline():
        lines += line
        if line[3:4] != b"-":
            return lines
    raise ConnectionError("the server hung up")


def counted(struck: Counter[Point], places: Iterable[str]) -> str:
    """One line per place: what fell there, how often."""
    return "\n".join(
        f"  {place:45} "
        + ", ".join(f"{when} {how} {n}" for (of, when, how), n in sorted(struck.items()) if of == place)
        for place in places
    )
