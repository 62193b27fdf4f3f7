"""What crosses the border as bytes (ファイル), and where it is kept before anyone uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from connector.outcome import Facts, Hold


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """A file for the other side: its bytes, who is in it, and who had to stay out and why."""

    body: bytes
    included: tuple[str, ...]  # order numbers (NE import) or slip numbers (warehouse)
    held: tuple[tuple[str, Hold], ...]
    facts: Facts


class Archive(Protocol):
    """Where bytes that crossed the border are kept, with their digest, before anyone uses them."""

    async def keep(self, *, system: str, direction: str, name: str, body: bytes, key: str = "") -> int:
        """Store and commit; returns the exchange's id. The same bytes again are stored once."""
        ...
