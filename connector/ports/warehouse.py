"""The warehouse's port (倉庫), spec/wms.md §3, §6, §7."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Protocol, runtime_checkable

from connector.outcome import Effect, Hold, Item, Reply, Stray
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


@dataclass(frozen=True)
class StockLevel:
    """在庫: what lies in the warehouse of one item and lot, at this time (spec/wms.md §7.5)."""

    warehouse: str
    sku: str
    lot: str
    good: int
    bad: int
    allocated: int
    told_at: datetime


@dataclass(frozen=True)
class GoodsReturn:
    """返品: goods that came back; `slip_number` is empty where nobody knows from where (spec/wms.md §7.5)."""

    return_number: str
    slip_number: str
    tracking: str
    sku: str
    quantity: int
    condition: str  # good, bad
    reason: str
    arrived_on: date

    def plus(self, quantity: int) -> GoodsReturn:
        return replace(self, quantity=self.quantity + quantity)


@dataclass(frozen=True, slots=True)
class ReadResults:
    """What a result file says: shipments, and rows that fit nothing, each with its place.

    A large file comes in pieces: `later` gives the others, one after the other and only once. Every event is whole
    in one of them, and so are all events that claim the same tracking number. Who gets this has a file that can be
    read to its end. `sample` names slips from all over it, where `shipments` are not all there is. `one_box`: by
    tracking number, slips of which the warehouse itself says that they left together (同梱).
    """

    shipments: tuple[Shipment, ...]
    strays: tuple[Stray, ...]
    later: Iterable[ReadResults] = ()
    sample: tuple[str, ...] = ()
    stock: tuple[StockLevel, ...] = ()
    returns: tuple[GoodsReturn, ...] = ()
    told_at: datetime | None = None  # when a file of stock or returns was written; an older one is no news
    one_box: Mapping[str, frozenset[str]] = field(default_factory=dict)


class Warehouse(Protocol):
    """The warehouse (WMS), spec/wms.md §3, §6, §7."""

    answers: bool  # whether this warehouse says what it took: receipts (SHIPACK), or an API's reply
    singly: bool  # each slip is an act of its own (an API's call), instead of one file for all
    rereads: frozenset[str]  # carriers of results that `as_sent` may read as another one
    at_once: int  # slips a pass: an API with a slow pace must not keep the other stages waiting

    def doubts(self, slips: Sequence[Slip], ship_on: date | None = None) -> dict[str, tuple[Hold, ...]]:
        """What in these slips' addresses, texts and delivery wishes would not arrive as it stands, by slip number, if
        they are shipped on `ship_on` (default: today)."""
        ...

    def instructions(
        self, slips: Sequence[Slip], *, sequence: int, at: datetime, ship_on: date | None = None
    ) -> list[BuiltFile]:
        """出荷指示 for these slips, to be shipped on `ship_on` (default: the day of `at`): one file for all, or one
        act each where `singly`. `facts` carries the name under "name"; who cannot go is in `held`."""
        ...

    def stops(self, slip_numbers: Sequence[str], *, sequence: int, at: datetime) -> list[BuiltFile]:
        """取消依頼 (SHIPCAN) for these slips, one for all or one each as above."""
        ...

    async def send(self, effect: Effect) -> Reply | Receipt:
        """Hand it over: Sent, or at once the receipt. Repeating is safe only after a look said Absent; a file may go
        again as the very same file (name and bytes), by which a warehouse that answers knows it.

        A stop of which an earlier call may have arrived says so, here and when it is looked at: `facts["asked"]` is
        "surely" or "perhaps".

        A file goes under a temporary name and is renamed without overwriting; a call carries the slip number as the
        key by which the warehouse knows it again.
        """
        ...

    async def lies_there(self, effect: Effect) -> Reply:
        """Sent if this very act (name and digest, or key and content) arrived, Absent, or CannotTell.

        Absent that is not proved: no trace of it, and whoever takes files at once may have it.
        """
        ...

    async def receipt(self, effect: Effect) -> Receipt | None:
        """The warehouse's answer to this act, None while there is none. Kept before it is read."""
        ...

    def results(self) -> AsyncIterator[ResultFile | Stray]:
        """Result files that lie there whole; unfinished ones are left alone. What must not be believed is a stray."""
        ...

    async def acknowledge(self, file: ResultFile) -> None:
        """Move a result file to the archive: only after its bytes are kept."""
        ...

    def read_results(self, name: str, body: bytes) -> ReadResults:
        """Raises Malformed for a file that cannot be read with certainty."""
        ...

    def as_sent(self, shipment: Shipment, item: Item[Slip]) -> Shipment:
        """The same event by the carrier the slip was sent with, where the file's code once meant that one."""
        ...


@runtime_checkable
class Folders(Protocol):
    """A warehouse whose files lie in folders, where a refused one can be laid aside with its reason."""

    async def lay_aside(self, name: str, body: bytes, words: str) -> None:
        """Lay a copy of a file that could not be read, and why, where the warehouse looks. Repeating is safe."""
        ...
