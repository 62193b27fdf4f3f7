"""What a stage may know of the ledger (台帳から): nothing else of it reaches a stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connector.doubles import Sending
from connector.slip import Slip

NOT_ANNOUNCED = "受注メール取込の警報中のため、通知を見合わせています"


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Next Engine's mail intake opens no slips since then (警報), or did not until `until`.

    `probe_at`: while it lasts, when one mail may go out to see; `alone`: no order waits that could be that one.
    """

    since: datetime
    until: datetime | None = None
    probe_at: datetime | None = None
    alone: bool = False

    def swallowed(self, sent_at: datetime) -> bool:
        return self.since <= sent_at and (self.until is None or sent_at <= self.until)

    def lets_through(self, now: datetime) -> bool:
        """Whether the intake is well again, or a probe is due."""
        return self.until is not None or (self.probe_at is not None and self.probe_at <= now)


class Known(Protocol):
    """What our own ledger says beyond the items at hand: of the cart's orders, and of the mail intake."""

    async def changed_between(self, since: datetime, until: datetime) -> int:
        """How many orders stand in the ledger with `since` <= 更新日 < `until`."""
        ...

    async def silence(self, now: datetime) -> Silence | None:
        """The newest silence of the mail intake, over or not; None where there never was one."""
        ...

    async def sent_like(self, slips: Sequence[Slip], now: datetime) -> dict[str, tuple[Sending, ...]]:
        """By slip, each read with its rows: what was sent in the last `shop.doubles.days` and may be the same."""
        ...

    async def kept_back(self, slip_ids: Sequence[int]) -> bool:
        """Whether one of these slips must not be handed over by now: cancelled, held, or an order keeps it back."""
        ...


@dataclass(frozen=True, slots=True)
class FilesSoFar:
    """What became of a set time so far, for a stage that plans the next file of it (reliability V3, V7)."""

    revision: int = 1  # the number of the next file of this time
    under_way: bool = False  # a file of the shop has no certain outcome yet
    shut: bool = False  # a person, or the rule at the deadline, said: no file at this time
    only: frozenset[int] | None = (
        None  # the items that may be in the next file; None: everybody who stands there
    )
