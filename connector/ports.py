"""Ports (接続口): what the journey needs from the outside, each word explained.

Adapters give these; stages know nothing else. Every method may raise the errors of `errors.py`. Reading
may be repeated at will. Writing is called by a stage's `act` only, after its intent is committed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import msgspec

from connector.incoming import MailReport, MailSeen
from connector.order import Order
from connector.outcome import Effect, Facts, Hold, Reply, Stray
from connector.shop import Shop
from connector.slip import Shipment, Slip
from connector.subscription import Subscription


@dataclass(frozen=True, slots=True)
class CartPage:
    """One page of orders, and the bytes it came in. `malformed` are orders that could not be read."""

    orders: tuple[Order, ...]
    malformed: tuple[Stray, ...]
    body: bytes
    total: int | None = None  # the cart's own count, where it says one


@dataclass(frozen=True, slots=True)
class SubscriptionPage:
    """One page of 定期受注, and the bytes it came in."""

    subscriptions: tuple[Subscription, ...]
    malformed: tuple[Stray, ...]
    body: bytes
    total: int | None = None


class Looked(dict[str, Order]):
    """What a look by id found, by order number. `malformed` are orders that are there and cannot be read."""

    def __init__(self, found: Mapping[str, Order] = {}, malformed: tuple[Stray, ...] = ()) -> None:
        super().__init__(found)
        self.malformed = malformed


class Cart(Protocol):
    """The shop's cart (ECFORCE), spec/ecforce.md."""

    def changed_since(self, since: datetime, until: datetime | None = None) -> AsyncIterator[CartPage]:
        """Every order updated at or after `since` (and before `until`), oldest change first, deleted ones too.

        Rows may move between pages while we read; reading again from an earlier `since` is always safe.
        """
        ...

    async def look(self, cart_order_ids: Sequence[int]) -> Looked:
        """These orders as the cart has them now, by order number; missing ones are absent, unreadable ones told."""
        ...

    def placed_between(self, since: datetime, until: datetime) -> AsyncIterator[CartPage]:
        """Every order placed in `since` <= 受注日 < `until` as it is now, deleted ones too."""
        ...

    async def count_placed(self, since: datetime, until: datetime) -> int:
        """How many orders the cart says were placed in `since` <= 受注日 < `until`, deleted ones too."""
        ...

    def subscriptions_changed_since(self, since: datetime) -> AsyncIterator[SubscriptionPage]:
        """Every 定期受注 updated at or after `since`, oldest change first, deleted ones too; as `changed_since`."""
        ...

    def translate(self, order: Order) -> Order:
        """The same order under the value tables as they are now (payment, carrier, time slot)."""
        ...

    def completions(self, shipped: Sequence[tuple[Order, Shipment, bool]]) -> CompletionBuild:
        """Files or requests that complete these orders; the flag says whether sales run with it.

        Of an order to several addresses all that are still to be completed are given at once.
        """
        ...

    async def complete(self, effect: Effect) -> Reply:
        """Deliver one completion. Sales are never asked for an order that is already captured."""
        ...

    async def completion_lies_there(self, effect: Effect) -> Reply:
        """After a doubt: whether this very completion reached the other side."""
        ...

    async def completion_answers(self, effects: Sequence[Effect]) -> CompletionAnswers:
        """What the cart said since about completions by files. Kept before it is read; reading again is safe."""
        ...


@dataclass(frozen=True, slots=True)
class CompletionPart:
    """One completion effect in the making: its name, bytes and the order numbers in it.

    `facts["kind"]` is "shipping" (slip, date, carrier; `facts["sale"]`: sales run with it) or "state" (対応状況).
    """

    name: str
    body: bytes
    order_numbers: tuple[str, ...]
    facts: Facts


@dataclass(frozen=True, slots=True)
class CompletionBuild:
    parts: tuple[CompletionPart, ...]
    held: tuple[tuple[str, Hold], ...]  # order number, why it cannot be completed


@dataclass(frozen=True, slots=True)
class CompletionAnswers:
    """Which rows of our completion files the cart refused, and what lay there that fits none of them.

    A row that it took counts for nothing: the cart must show it.
    """

    refused: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # file → order number → its words
    strays: tuple[Stray, ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """A notification mail ready to go: `name` is its Message-ID, the same for the same order for ever."""

    name: str
    body: bytes
    facts: Facts


class Mailer(Protocol):
    """Outgoing notification mail (受注メール), reliability §9.4."""

    def letter(self, order: Order) -> Letter | Hold:
        """The mail for one order; a Hold where its text cannot be carried."""
        ...

    def send_all(self, effects: Sequence[Effect]) -> AsyncIterator[tuple[Effect, Reply]]:
        """Send each over pooled connections; one reply per effect, in any order."""
        ...


class Mailbox(Protocol):
    """The mailbox that answers to our mails come to, reliability §9.3. Polling is the truth; a push is a hint."""

    def waiting(self) -> AsyncIterator[MailSeen]:
        """Every mail in the inbox, oldest first, fetched without marking it. What is not moved is met again."""
        ...

    def read(self, body: bytes) -> MailReport:
        """What a mail says. Never raises for odd bytes: those are UNREADABLE."""
        ...

    async def move(self, mail: MailSeen, *, understood: bool) -> None:
        """Out of the inbox, once it is kept here. Repeating is safe: what is gone already is done."""
        ...


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """A file for the other side: its bytes, who is in it, and who had to stay out and why."""

    body: bytes
    included: tuple[str, ...]  # order numbers (NE import) or slip numbers (warehouse)
    held: tuple[tuple[str, Hold], ...]
    facts: Facts


@dataclass(frozen=True, slots=True)
class QueueState:
    """One row of NE's upload queue (spec/next_engine.md §3.8)."""

    status: int  # 0 waiting, 1 running, 2 all succeeded, -1 failed
    message: str


class OrderManager(Protocol):
    """Next Engine, spec/next_engine.md. Every write is proved by reading the slip back."""

    async def slips_of(self, order_numbers: Sequence[str]) -> dict[str, list[Slip]]:
        """All slips of these order numbers in this shop, cancelled ones too, without rows."""
        ...

    async def slips(self, slip_numbers: Sequence[str], *, rows: bool = False) -> dict[str, Slip]:
        """These slips as they are now."""
        ...

    def slips_changed_since(self, since: datetime) -> AsyncIterator[list[Slip]]:
        """Slips of this shop changed at or after `since`, in pages."""
        ...

    def import_file(self, orders: Sequence[Order]) -> BuiltFile:
        """The order CSV (受注CSV, 41 columns) for these orders, in this order."""
        ...

    async def upload(self, effect: Effect) -> Reply:
        """Hand the order CSV over: Sent with `que_id` (API) or with the path (folder)."""
        ...

    async def queue(self, que_id: str) -> QueueState | None:
        """The upload's row in the queue, None while it is not visible yet."""
        ...

    async def file_lies_there(self, effect: Effect) -> Reply:
        """Folder route, after a doubt: Sent, Absent or CannotTell for this very file."""
        ...

    async def mark_relayed(self, slip: Slip, *, refused: str = "") -> Slip:
        """Tag the slip as handed to the warehouse and move it to 印刷済; returns the slip read back.

        With `refused` words: tag it as refused, keep it in 印刷待ち. Repeating is safe.
        """
        ...

    async def confirm_shipment(self, slip: Slip, shipment: Shipment) -> Slip:
        """Tracking number in, then 出荷確定, then read back.

        Repeating is safe: it reads before each write and leaves alone what already stands there.
        """
        ...

    async def cancel(self, slip: Slip, why: str) -> Slip:
        """Cancel the slip for the customer's wish; returns the slip read back."""
        ...


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


class Archive(Protocol):
    """Where bytes that crossed the border are kept, with their digest, before anyone uses them."""

    async def keep(self, *, system: str, direction: str, name: str, body: bytes, key: str = "") -> int:
        """Store and commit; returns the exchange's id. The same bytes again are stored once."""
        ...


class TokenPair(msgspec.Struct, frozen=True, kw_only=True):
    """Next Engine's rotating pair (spec/next_engine.md §1.4). Secret: never logged, never in a repr."""

    access: str
    refresh: str
    access_until: datetime
    refresh_until: datetime

    def __repr__(self) -> str:
        return f"TokenPair(access_until={self.access_until:%FT%TZ})"


class TokenStore(Protocol):
    """Where the pair lives: durable before the reply that carried it is used; one writer per account."""

    def lock(self, account: str) -> AbstractAsyncContextManager[None]:
        """One caller at a time for this account, across processes."""
        ...

    async def load(self, account: str) -> tuple[TokenPair, int] | None:
        """The stored pair and its generation, None before the first sign-in."""
        ...

    async def save(self, account: str, pair: TokenPair, *, after: int) -> int:
        """Store a new pair as generation `after` + 1; keeps the previous one.

        Raises NotDone if another process stored one in between.
        """
        ...


class Known(Protocol):
    """What we hold of the cart's orders, for a stage that asks itself whether reading again is cheap."""

    async def changed_between(self, since: datetime, until: datetime) -> int:
        """How many orders stand in the ledger with `since` <= 更新日 < `until`."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a stage may reach, for one shop."""

    shop: Shop
    cart: Cart
    mailer: Mailer
    orders: OrderManager
    warehouse: Warehouse
    archive: Archive
    now: datetime  # the instant of this pass
    window: str = ""  # for stages with set times: which day and time this pass is for
    sequence: int = 1  # for stages that send numbered files: the next number
    known: Known | None = None  # the runner's ledger
    mailbox: Mailbox | None = None  # None: nobody reads answers to our mails
