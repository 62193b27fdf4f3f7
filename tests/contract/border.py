"""What adapter tests share: the border's other ends as plain memory, and the recorded bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from connector.clock import JST
from connector.errors import NotDone, Refused
from connector.mapping import Tables, load_tables
from connector.ports import SignedIn, TokenPair
from connector.transport.drop import Entry

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
MAPPINGS = ROOT / "mappings"


def at(text: str) -> datetime:
    """`2026-11-20 10:00:00` in Japan, as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=JST).astimezone(UTC)


def recorded(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def recorded_json(name: str) -> Any:
    return json.loads(recorded(name))


def tables() -> Tables:
    return load_tables(MAPPINGS / "tables")


def form(body: bytes) -> list[tuple[str, str]]:
    """The decoded pairs of a form body; bytes that are no UTF-8 stay as surrogates."""
    return parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="surrogateescape")


@dataclass(slots=True)
class Kept:
    system: str
    direction: str
    name: str
    body: bytes
    key: str


@dataclass(slots=True)
class MemoryArchive:
    """ports.Archive."""

    kept: list[Kept] = field(default_factory=list)

    async def keep(self, *, system: str, direction: str, name: str, body: bytes, key: str = "") -> int:
        self.kept.append(Kept(system, direction, name, body, key))
        return len(self.kept)


class MemoryStore:
    """ports.TokenStore of one account; `log` says in which order things happened."""

    def __init__(self, pair: TokenPair | None = None) -> None:
        self.pairs: list[TokenPair] = [pair] if pair else []
        self.log: list[str] = []
        self.who: SignedIn | None = None
        self.dead: set[int] = set()
        self.stale: list[TokenPair] = []  # answers of the next loads, as another process would see them
        self._mutex = asyncio.Lock()

    @property
    def pair(self) -> TokenPair:
        return self.pairs[-1]

    @asynccontextmanager
    async def lock(self, account: str) -> AsyncIterator[None]:
        async with self._mutex:
            yield

    async def load(self, account: str) -> tuple[TokenPair, int] | None:
        if self.stale:
            return self.stale.pop(0), len(self.pairs) - 1
        return (self.pair, len(self.pairs)) if self.pairs else None

    async def save(
        self, account: str, pair: TokenPair, *, after: int, signed_in: SignedIn | None = None
    ) -> int:
        if after != len(self.pairs):
            raise NotDone("another process stored a pair")
        await asyncio.sleep(0)  # a commit takes its time
        self.pairs.append(pair)
        self.log.append(f"stored {pair.access}")
        self.who = signed_in or self.who
        return len(self.pairs)

    async def generation(self, account: str) -> int:
        return len(self.pairs)

    async def signed_in(self, account: str) -> SignedIn | None:
        return self.who

    async def mark_dead(self, account: str, generation: int) -> None:
        self.dead.add(generation)

    async def is_dead(self, account: str, generation: int) -> bool:
        return generation in self.dead


@dataclass(slots=True)
class MemoryDrop:
    """transport.drop.Drop."""

    files: dict[tuple[str, str], bytes] = field(default_factory=dict)

    async def put(self, folder: str, name: str, body: bytes) -> None:
        if self.files.setdefault((folder, name), body) != body:
            raise Refused("folder", "exists", name)

    async def list(self, folder: str) -> Sequence[Entry]:
        return [Entry(name, len(body)) for (place, name), body in self.files.items() if place == folder]

    async def read(self, folder: str, name: str) -> bytes:
        return self.files[folder, name]

    async def move(self, folder: str, name: str, to_folder: str) -> None:
        self.files[to_folder, name] = self.files.pop((folder, name))

    async def close(self) -> None:
        return None
