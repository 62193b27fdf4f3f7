"""Screens (受注画面): what the clerk sees and clicks in the sandbox's Next Engine."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine import NextEngineSandbox, screens
from connector.sandbox.next_engine.model import Slip

UNFINISHED = frozenset({wire.STATUS_INCOMPLETE, wire.STATUS_MAIL, wire.STATUS_OPENED})


class NextEngineScreens:
    """The tabs 確認待ち and 入金待ち. A slip that has left them for 印刷待ち never comes back to them."""

    def __init__(self, next_engine: NextEngineSandbox) -> None:
        self._next_engine = next_engine
        self._looked_at = 0
        self._unfinished: dict[int, Slip] = {}

    def waiting_to_confirm(self) -> Iterator[int]:
        return (slip.number for slip in self._on(screens.TO_CONFIRM))

    def waiting_for_payment(self) -> Iterator[tuple[int, str]]:
        return ((slip.number, slip.order_number) for slip in self._on(screens.TO_BE_PAID))

    def confirm(self, slip_number: int) -> None:
        self._next_engine.operator.confirm(slip_number)

    def deposit(self, slip_number: int) -> None:
        self._next_engine.operator.deposit(slip_number)

    def _on(self, tab: str) -> Iterator[Slip]:
        slips = self._next_engine.slips
        for slip in islice(slips.values(), self._looked_at, None):
            self._unfinished[slip.number] = slip
        self._looked_at = len(slips)
        self._unfinished = {
            number: slip
            for number, slip in self._unfinished.items()
            if slip.live and slip.status in UNFINISHED
        }
        return (slip for slip in self._unfinished.values() if self._next_engine.tab(slip.number) == tab)
