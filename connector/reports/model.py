"""Model (朝の報告の中身): one struct, language-free, from which every format is rendered and which is kept (R3)."""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct

from connector.ledger.views import (
    AlarmRow,
    Budget,
    Cases,
    ChangeRow,
    Flow,
    Forecast,
    HoldRow,
    Intake,
    Money,
    PulseRow,
    StopRow,
    StrayRow,
)
from connector.outcome import Finding
from connector.reports.picture import Source
from connector.words import Text


class Figure(Struct, frozen=True, kw_only=True):
    """One of the seven numbers. `value` None: it could not be computed, and `words` say why."""

    key: str
    value: int | None
    unit: str = "count"  # count, yen or permille
    yen: int | None = None
    oldest_at: datetime | None = None
    oldest: str = ""
    red: bool = False
    words: Text = Text("", "")
    yesterday: int | None = None
    mean7: float | None = None
    read_at: datetime | None = None  # when its source was last read


class Lamp(Struct, frozen=True, kw_only=True):
    """What must be zero: if it is lit, nothing else matters. None: could not be computed."""

    relayed_twice: int | None
    duplicate_slips: int | None
    captured_twice: int | None
    shipped_unpaid: int | None
    stops_open: int

    @property
    def lit(self) -> bool:
        return any(self.parts().values())

    @property
    def unknown(self) -> bool:
        return any(value is None for value in self.parts().values())

    def parts(self) -> dict[str, int | None]:
        return {
            "relayed_twice": self.relayed_twice,
            "duplicate_slip": self.duplicate_slips,
            "captured_twice": self.captured_twice,
            "shipped_unpaid": self.shipped_unpaid,
            "stops_open": self.stops_open,
        }


class Todo(Struct, frozen=True, kw_only=True):
    """One thing that a person must do, and by when. `what` is the reason or the kind of the finding."""

    kind: str  # hold, case, finding, stop, stray, change, return or renewal
    what: str
    order_number: str
    slip_number: str
    note: str
    yen: int
    since: datetime | None
    due_at: datetime | None


class Waiting(Struct, frozen=True, kw_only=True):
    """An order that is not in the import CSV, and why."""

    number: str
    state: str
    yen: int
    since: datetime
    next_at: datetime | None
    why: Text
    moves: Text


class Manifest(Struct, frozen=True, kw_only=True):
    """One file that we handed over, as it stands now."""

    kind: str
    name: str
    sequence: int | None
    items: int
    state: str
    begun_at: datetime
    settled_at: datetime
    attempts: int
    digest: str
    words: str
    yen: int | None = None  # order CSVs: what the file says, and what was read back of it
    read_yen: int | None = None
    differing: tuple[str, ...] = ()  # orders whose slips say something else
    ties: bool | None = None


class Morning(Struct, frozen=True, kw_only=True):
    """The report of one shop for one business day, as of `made_at`."""

    shop: str
    shop_name: str
    day: date
    made_at: datetime
    differences: int | None
    unexplained: int | None
    unexplained_yen: int | None
    cart_orders: int | None
    verdicts: dict[str, int]
    sources: tuple[Source, ...]
    absurd: tuple[Text, ...]
    lamp: Lamp
    todo: tuple[Todo, ...]
    figures: tuple[Figure, ...]
    flows: tuple[Flow, ...]
    held: tuple[HoldRow, ...]
    waiting: tuple[Waiting, ...]
    findings: tuple[Finding, ...]
    kinds: dict[str, int | None]
    strays: tuple[StrayRow, ...]
    stops: tuple[StopRow, ...]
    manifests: tuple[Manifest, ...]
    pulses: tuple[PulseRow, ...]
    calls: Budget | None = None  # to Next Engine this month, as its contract counts them
    alarms: tuple[AlarmRow, ...] = ()  # those that stood since the day began
    changes: tuple[ChangeRow, ...] = ()  # those that wait for somebody
    intake: Intake | None = None  # with the cart's counts as of `made_at`
    money: Money | None = None  # None: a report kept before days left were counted
    cases: Cases | None = None  # refused payments; None: a report kept before they were cases
    renewals: Forecast | None = None  # None: a report kept before they were foreseen
