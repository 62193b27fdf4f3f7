"""Next Engine's port (受注管理), and the stores behind its rotating tokens and its month's calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

import msgspec

from connector.order import Order
from connector.outcome import Effect, Reply
from connector.ports.files import BuiltFile
from connector.slip import Shipment, Slip


@dataclass(frozen=True, slots=True)
class QueueState:
    """One row of NE's upload queue (spec/next_engine.md §3.8)."""

    status: int  # 0 waiting, 1 running, 2 all succeeded, -1 failed
    message: str


Answers = dict[str, Slip | Exception]
"""By slip number: the slip as read back, or why it does not stand as wished (one of `errors.py`)."""


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

    async def claim(self, seen: Mapping[str, Slip]) -> Answers:
        """Tag these slips as being handed to the warehouse, under the lock value with which each was read.

        NotDone for a slip that anybody changed since then: read it again. Nobody else's tag counts as ours, so a call
        without a reply stays Unknown, whatever the slip shows.
        """
        ...

    async def changed_by_us(self, slip_numbers: Sequence[str]) -> dict[str, bool]:
        """By slip: whether its last change was made under our own sign-in. What Next Engine does not say is left out.

        Who shares the sign-in with us cannot be told from us.
        """
        ...

    async def mark_relayed(self, slip_numbers: Sequence[str]) -> Answers:
        """Tag these slips as handed to the warehouse and move them to 印刷済, all at once.

        Repeating is safe. Raises only where nothing was sent yet.
        """
        ...

    async def mark_refused(self, words: Mapping[str, str]) -> Answers:
        """Tag slips as refused and no longer as sent, the warehouse's words into 作業用欄; they stay in 印刷待ち.

        As `mark_relayed`.
        """
        ...

    async def mark_unshippable(self, words: Mapping[str, str]) -> Answers:
        """Tag slips that the warehouse took and cannot ship, with its words; they stay where they are.

        As `mark_relayed`.
        """
        ...

    async def mark_partial(self, words: Mapping[str, str]) -> Answers:
        """Tag slips of which only a part left, with the warehouse's words; as `mark_unshippable`, whose tag goes."""
        ...

    async def confirm_shipments(self, shipments: Mapping[str, Shipment]) -> Answers:
        """By slip number: tracking number in, then 出荷確定, then read back.

        Our tags of 出荷不可 and of 一部出荷 go with it: it left after all. Repeating is safe: it reads before each
        write and leaves alone what already stands there.
        """
        ...

    async def correct_tracking(self, corrections: Mapping[str, Shipment]) -> Answers:
        """By slip number, of slips that are 出荷確定済: the corrected number in, all numbers into 作業用欄.

        As `confirm_shipments`. Who may be corrected the caller has looked up.
        """
        ...

    async def cancel(self, slip: Slip, why: str) -> Slip:
        """Cancel the slip for the customer's wish; returns the slip read back."""
        ...


@runtime_checkable
class Shelves(Protocol):
    """An order manager that can say what it believes to lie in stock."""

    async def stock_of(self, skus: Sequence[str]) -> dict[str, int]:
        """在庫数 (sound pieces, promised ones too) by 商品コード; an item that it does not know is absent."""
        ...


class TokenPair(msgspec.Struct, frozen=True, kw_only=True):
    """Next Engine's rotating pair (spec/next_engine.md §1.4). Secret: never logged, never in a repr."""

    access: str
    refresh: str
    access_until: datetime
    refresh_until: datetime

    def __repr__(self) -> str:
        return f"TokenPair(access_until={self.access_until:%FT%TZ})"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in to Next Engine (spec/next_engine.md §1.3)."""

    uid: str
    company_ne_id: str
    company_name: str


class TokenStore(Protocol):
    """Where the pair lives: durable before the reply that carried it is used; one writer per account."""

    def lock(self, account: str) -> AbstractAsyncContextManager[None]:
        """One caller at a time for this account, across processes."""
        ...

    async def load(self, account: str) -> tuple[TokenPair, int] | None:
        """The stored pair and its generation, None before the first sign-in."""
        ...

    async def generation(self, account: str) -> int:
        """0 before the first sign-in; also where the stored pair cannot be opened any more."""
        ...

    async def save(
        self, account: str, pair: TokenPair, *, after: int, signed_in: SignedIn | None = None
    ) -> int:
        """Store a new pair as generation `after` + 1; keeps the previous one. With a sign-in, also whose it is.

        Raises NotDone if another process stored one in between.
        """
        ...

    async def signed_in(self, account: str) -> SignedIn | None:
        """Who signed in last; None where nobody did, or where the pair came from another program."""
        ...

    async def mark_dead(self, account: str, generation: int) -> None:
        """Remember, also after a restart, that this generation will never be taken again."""
        ...

    async def is_dead(self, account: str, generation: int) -> bool:
        """Whether only a person can help any more; no call is worth its while then."""
        ...


class CallMeter(Protocol):
    """Where calls to a metered system are counted (spec/next_engine.md §2.5)."""

    def count(self, sent_bytes: int, received_bytes: int) -> None:
        """One request left us; so many bytes of it and of its answer."""
        ...

    async def settle(self) -> None:
        """Make durable what was counted, where that is due. Never raises: counting spoils no call."""
        ...
