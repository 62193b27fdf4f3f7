"""Picture (照合の結果): the cart, the ledger, Next Engine and the warehouse side by side, judged order by order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from msgspec import Struct

from connector import shipping
from connector.ledger.views import PLACES, Intake, OrderFacts
from connector.order import Order
from connector.outcome import Finding
from connector.shop import Shop
from connector.slip import Slip
from connector.words import Text

CART = "cart"
NEXT_ENGINE = "next_engine"
LEDGER = "ledger"
SLIP_ROWS = "slip_rows"  # the rows of Next Engine's slips: read apart, and known apart

_PATIENCE = {place.stage: place.patience for place in PLACES if place.stage and place.patience}
_PATIENCE |= {"ingest": timedelta(minutes=30), "stop": timedelta(hours=1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One order in all pictures. None or empty: that side does not show it."""

    number: str
    cart: Order | None
    ours: OrderFacts | None
    slips: tuple[Slip, ...] = ()

    @property
    def yen(self) -> int:
        if self.cart is not None:
            return self.cart.amounts.payable
        return self.ours.yen if self.ours is not None else 0

    @property
    def gone(self) -> bool:
        """Cancelled or deleted in the cart, as far as we know."""
        if self.cart is not None:
            return self.cart.cancelled or self.cart.deleted
        return self.ours is not None and self.ours.cancelled

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons of every open hold on the order or on one of its slips."""
        if self.ours is None:
            return ()
        pinned = [*self.ours.holds, *(hold for slip in self.ours.slips for hold in slip.holds)]
        return tuple(dict.fromkeys(hold.reason for hold in pinned))


@dataclass(frozen=True, slots=True)
class Terms:
    """What the checks measure by."""

    shop: Shop
    now: datetime
    since: datetime
    unreadable: frozenset[int] = frozenset()  # ids of orders that the cart has and nobody can read

    def patience(self, stage: str) -> timedelta:
        """How long an item may wait for this stage."""
        return self.shop.patiences.get(stage, _PATIENCE[stage])

    def late(self, at: datetime, stage: str) -> bool:
        if stage == "collect":  # at the warehouse only its own business days count
            return at < shipping.days_before(self.shop.shipping_days, self.now, self.patience(stage))
        return self.now - at > self.patience(stage)


class Source(Struct, frozen=True, kw_only=True):
    """One side of the comparison: whether it could be read, what it said if not, and when it last answered."""

    name: str
    known: bool
    count: int | None = None
    words: str = ""
    ok_at: datetime | None = None


class Verdict(Struct, frozen=True, kw_only=True):
    """What became of one order: exactly one per order. `in_cart` False: only our ledger knows it."""

    number: str
    verdict: str
    yen: int
    reason: str = ""  # a hold's reason, a rule, or the kind of the finding
    since: datetime | None = None
    in_cart: bool = True


class Picture(Struct, frozen=True, kw_only=True):
    """The reconciliation of one shop. `kinds` has None for what could not be computed, never a zero."""

    shop: str
    day: date
    made_at: datetime
    since: datetime
    sources: tuple[Source, ...]
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    kinds: dict[str, int | None]
    absurd: tuple[Text, ...] = ()
    intake: Intake | None = None

    @property
    def complete(self) -> bool:
        return all(source.known for source in self.sources)

    @property
    def differences(self) -> int | None:
        """How many findings there are; None where a side could not be read and none was found."""
        return len(self.findings) if self.complete or self.findings else None

    @property
    def unexplained(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if not finding.explained)

    @property
    def unexplained_yen(self) -> int | None:
        """Yen of the orders with an unexplained finding; an order with two findings counts once."""
        if not self.complete:
            return None
        worst: dict[str, int] = {}
        for n, finding in enumerate(self.unexplained):
            key = finding.order_number or f"#{n}"
            worst[key] = max(worst.get(key, 0), finding.yen)
        return sum(worst.values())

    def counts(self) -> dict[str, int]:
        """Verdicts of the cart's orders, counted; the sum is the number of those orders."""
        found: dict[str, int] = {}
        for verdict in self.verdicts:
            if verdict.in_cart:
                found[verdict.verdict] = found.get(verdict.verdict, 0) + 1
        return found

    def source(self, name: str) -> Source:
        return next(source for source in self.sources if source.name == name)
