"""The warehouse's port (倉庫), spec/wms.md §3, §6, §7."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connector.outcome import Effect, Reply, Stray
from connector.ports.files import BuiltFile
from connector.slip import Shipment, Slip


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the warehouse answered about one instruction file, slip by slip."""

    accepted: tuple[str, ...]
    refused: dict[str, str]  # slip number -> code and words
    file_refused: str = ""  # the whole file was refused, in the warehouse's words
    name: str = ""


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A result file that lies at the warehouse; `handle` is how the adapter finds it again."""

    handle: str
    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class ReadResults:
    """What a result file says: shipments, and rows that fit nothing, each with its place."""

    shipments: tuple[Shipment, ...]
    strays: tuple[Stray, ...]


class Warehouse(Protocol):
    """The warehouse (WMS), spec/wms.md §3, §6, §7."""

    answers: bool  # whether this warehouse sends receipts (SHIPACK)

    def instruction_file(self, slips: Sequence[Slip], *, sequence: int, at: datetime) -> BuiltFile:
        """出荷指示 for these slips. `facts` carries the file name under "name"."""
        ...

    def stop_file(self, slip_numbers: Sequence[str], *, sequence: int, at: datetime) -> BuiltFile:
        """取消依頼 (SHIPCAN) for these slips."""
        ...

    async def send(self, effect: Effect) -> Reply:
        """Put the file there under a temporary name, then rename without overwriting: Sent."""
        ...

    async def lies_there(self, effect: Effect) -> Reply:
        """Sent if this very file (name and digest) lies there or was taken, Absent, or CannotTell."""
        ...

    async def receipt(self, effect: Effect) -> Receipt | None:
        """The warehouse's answer to this file, None while there is none. Kept before it is read."""
        ...

    def results(self) -> AsyncIterator[ResultFile]:
        """Result files that lie there whole; unfinished ones are left alone."""
        ...

    async def acknowledge(self, file: ResultFile) -> None:
        """Move a result file to the archive: only after its bytes are kept."""
        ...

    def read_results(self, name: str, body: bytes) -> ReadResults:
        """Raises Malformed for a file that cannot be read with certainty."""
        ...
