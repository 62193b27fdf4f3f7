"""Clerk (事務担当): what a person does on weekdays from nine to six in Next Engine and in the cart.

Confirms slips in 確認待ち after a while, deposits the transfers that arrived, and uploads the completion files
found in cart_inbox/. The clerk sees only screens and files, never the connector.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final, Protocol

from connector.clock import at_jst, jst
from connector.sandbox.history import History

INBOX: Final = "cart_inbox"
RESULTS: Final = "cart_results"
DONE: Final = "cart_done"
FOLDERS: Final = (INBOX, RESULTS, DONE)
OPENS: Final = time(9)
CLOSES: Final = time(20)
ROUND: Final = timedelta(minutes=15)
CONFIRMS_AFTER: Final = (20, 60)  # minutes a slip has stood in 確認待ち before somebody looked at its note
SALE_SUFFIX: Final = "_sale"


class CartScreens(Protocol):
    """The cart's import screens."""

    def import_shipping_csv(self, data: bytes, *, with_sale: bool) -> bytes: ...

    def import_state_csv(self, data: bytes) -> bytes: ...


class OrderScreens(Protocol):
    """What the clerk sees and clicks in Next Engine."""

    def waiting_to_confirm(self) -> Iterator[int]: ...

    def waiting_for_payment(self) -> Iterator[tuple[int, str]]: ...

    def confirm(self, slip_number: int) -> None: ...

    def deposit(self, slip_number: int) -> None: ...


class Clerk:
    """One clerk with a round every quarter of an hour."""

    def __init__(
        self,
        cart: CartScreens,
        orders: OrderScreens,
        root: Path,
        history: History,
        *,
        seed: int,
        opens_at: datetime,
        is_closed: Callable[[date], bool],
        transfers: Mapping[str, datetime],
    ) -> None:
        self._cart, self._orders = cart, orders
        self._root, self._history = root, history
        self._seed = seed
        self._is_closed = is_closed
        self._transfers = transfers
        self._confirms_at: dict[int, datetime] = {}
        for folder in FOLDERS:
            (root / folder).mkdir(parents=True, exist_ok=True)
        self._round_at = self._round_from(opens_at)

    def next_event_at(self) -> datetime:
        return self._round_at

    def advance(self, now: datetime) -> None:
        """The rounds that are due; several missed ones are one."""
        if now < self._round_at:
            return
        self._confirm(now)
        self._deposit(now)
        self._upload()
        self._round_at = self._round_from(now + timedelta(seconds=1))

    def _round_from(self, at: datetime) -> datetime:
        """The first quarter of an office hour at or after this instant."""
        day = jst(at).date()
        while True:
            opens, closes = (at_jst(day, wall.hour, wall.minute) for wall in (OPENS, CLOSES))
            if not self._is_closed(day) and at <= closes:
                return max(opens, opens + ROUND * -((opens - at) // ROUND))
            day += timedelta(days=1)

    def _confirm(self, now: datetime) -> None:
        for number in list(self._orders.waiting_to_confirm()):
            if number not in self._confirms_at:
                minutes = random.Random(f"{self._seed}/confirm/{number}").uniform(*CONFIRMS_AFTER)
                self._confirms_at[number] = now + timedelta(minutes=minutes)
            elif self._confirms_at[number] <= now:
                del self._confirms_at[number]
                self._orders.confirm(number)
                self._history.add("confirmed_by_clerk", number)

    def _deposit(self, now: datetime) -> None:
        for number, order_number in list(self._orders.waiting_for_payment()):
            if order_number in self._transfers and self._transfers[order_number] <= now:
                self._orders.deposit(number)
                self._history.add("deposited_by_clerk", number, order_number=order_number)

    def _upload(self) -> None:
        """Completion files, oldest name first; the result file lies in cart_results under the same name."""
        for path in sorted((self._root / INBOX).glob("*.csv")):
            if path.name.startswith("."):
                continue
            answer = self._import(path)
            if answer is None:
                continue
            (self._root / RESULTS / path.name).write_bytes(answer)
            path.replace(self._root / DONE / path.name)
            self._history.add("uploaded_by_clerk", path.name, bytes=len(answer))

    def _import(self, path: Path) -> bytes | None:
        data = path.read_bytes()
        if path.name.startswith("shipping_"):
            return self._cart.import_shipping_csv(data, with_sale=path.stem.endswith(SALE_SUFFIX))
        if path.name.startswith("state_"):
            return self._cart.import_state_csv(data)
        return None
