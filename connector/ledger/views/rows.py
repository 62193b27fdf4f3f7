"""Rows (一覧の行): what the views hand out: frozen, JSON-able, and without unmasked personal data."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, TypeVar

from msgspec import Struct
from sqlalchemy import Row

from connector.words.findings import STRAY, UNTRUSTED_MAIL

Kind = TypeVar("Kind", bound=Struct)


def filled(kind: type[Kind], row: Row[Any], **more: Any) -> Kind:
    """A row of a table as a struct: the columns of the same name, and what is given besides."""
    mapping = row._mapping
    return kind(**{name: mapping[name] for name in kind.__struct_fields__ if name in mapping} | more)


class PlaceCount(Struct, frozen=True, kw_only=True):
    """How many stand at one place. `stuck` stand longer than its patience without a hold."""

    item: str
    state: str
    stage: str
    count: int
    yen: int
    held: int
    stuck: int
    oldest_at: datetime | None


class HoldRow(Struct, frozen=True, kw_only=True):
    item: str
    number: str
    reason: str
    note: str
    stage: str
    opened_at: datetime
    closed_at: datetime | None = None
    closed_by: str = ""
    close_note: str = ""
    state: str = ""
    yen: int = 0
    order_number: str = ""  # of a slip


class OrderRow(Struct, frozen=True, kw_only=True):
    number: str
    state: str
    since: datetime
    waiting_for: str
    next_at: datetime | None
    tries: int
    redos: int
    left_out: str
    origin: str
    subscription_id: int | None
    subscription_round: int | None
    placed_at: datetime
    changed_at: datetime
    seen_at: datetime
    version: int
    yen: int
    payment_kind: str
    payment_state: str
    cancelled: bool
    reasons: tuple[str, ...] = ()  # of its open holds
    stuck: bool = False


class Short(Struct, frozen=True):
    """A row of a slip that its stock does not cover."""

    sku: str
    wanted: int
    allocated: int


class Tab(Struct, frozen=True, kw_only=True):
    """The screen of Next Engine a slip waits on, and what that screen waits for (spec/next_engine.md §4.2)."""

    name: str
    codes: tuple[str, ...] = ()  # 確認待ち: AO, AA#2
    method: str = ""  # 入金待ち
    yen: int = 0
    short: tuple[Short, ...] = ()  # 引当待ち
    sku: str = ""  # 発売日待ち
    on: date | None = None  # 発売日待ち, 印刷日待ち


class SlipRow(Struct, frozen=True, kw_only=True):
    number: str
    order_number: str
    state: str
    since: datetime
    waiting_for: str
    next_at: datetime | None
    tries: int
    status: int
    cancel_type: str
    merged_into: str
    yen: int
    seen_at: datetime
    how: str = ""  # why it belongs to the order it is shown under
    reasons: tuple[str, ...] = ()
    stuck: bool = False
    kept_by: tuple[str, ...] = ()  # orders for whose sake it does not go to the warehouse
    tab: Tab | None = None  # while it waits in Next Engine


class HistoryRow(Struct, frozen=True, kw_only=True):
    at: datetime
    item: str
    number: str
    event: str
    from_state: str
    to_state: str
    stage: str
    actor: str
    note: str
    facts: dict[str, Any]


class AttemptRow(Struct, frozen=True, kw_only=True):
    n: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    words: str


class EffectRow(Struct, frozen=True, kw_only=True):
    id: int
    stage: str
    kind: str
    key: str
    state: str
    name: str
    sequence: int | None
    started_at: datetime
    changed_at: datetime
    look_at: datetime | None
    words: str
    items: int
    exchange_id: int | None
    facts: dict[str, Any]
    evidence: dict[str, Any]
    attempts: tuple[AttemptRow, ...] = ()

    @property
    def open(self) -> bool:
        return self.state in ("intent", "sent", "unknown")


class ExchangeRow(Struct, frozen=True, kw_only=True):
    id: int
    system: str
    direction: str
    name: str
    digest: str
    size: int
    at: datetime
    read_at: datetime | None
    words: str


class ShipmentRow(Struct, frozen=True, kw_only=True):
    slip_number: str
    result_id: str
    version: int
    result: str
    shipped_on: date
    carrier: str
    tracking: tuple[str, ...]
    parcels: int
    reason: str
    at: datetime


class StrayRow(Struct, frozen=True, kw_only=True):
    id: int
    system: str
    place: str
    words: str
    exchange_id: int | None
    at: datetime
    resolved_at: datetime | None = None
    resolved_by: str = ""
    file: str = ""  # in which it came
    said: dict[str, str] = {}  # its row, without anybody's name or address
    early: bool = False  # it waits for its slip, and is booked by itself when that comes
    untrusted: bool = False  # a mail that nothing proves to be the warehouse's

    @property
    def kind(self) -> str:
        """Its words in `words.FINDINGS`."""
        return UNTRUSTED_MAIL if self.untrusted else STRAY


class StopRow(Struct, frozen=True, kw_only=True):
    number: str
    asked_at: datetime
    asked_by: str | None = None  # the person who wished it; none: the cart alone
    why: str
    verdict: str
    verdict_at: datetime | None
    words: str
    state: str = ""
    yen: int = 0
    cart: str = ""  # the cart's last word, where it was asked or shows the cancel
    cart_told_at: datetime | None = None
    cart_at: datetime | None = None


class PulseRow(Struct, frozen=True, kw_only=True):
    what: str
    ok_at: datetime | None
    failed_at: datetime | None
    words: str
    cursor_at: datetime | None = None

    @property
    def failing(self) -> bool:
        return self.failed_at is not None and (self.ok_at is None or self.failed_at > self.ok_at)


class JobRow(Struct, frozen=True, kw_only=True):
    kind: str
    window: str
    started_at: datetime
    finished_at: datetime | None
    counts: dict[str, Any]


class VersionRow(Struct, frozen=True, kw_only=True):
    version: int
    digest: str
    seen_at: datetime
    changed: tuple[str, ...]  # field names, without their values


class Person(Struct, frozen=True, kw_only=True):
    """A buyer or recipient, masked (security.md §5)."""

    name: str
    email: str = ""
    phone: str = ""
    zip_code: str = ""
    prefecture: str = ""


class LineRow(Struct, frozen=True, kw_only=True):
    sku: str
    name: str
    quantity: int
    unit_price: int
    insert: bool


class CheckRow(Struct, frozen=True, kw_only=True):
    """One time a slip stood under a reason of Next Engine's; open and closed when we saw it."""

    slip_number: str
    tab: str
    code: str
    row_no: int | None
    opened_at: datetime
    closed_at: datetime | None


class OrderPicture(Struct, frozen=True, kw_only=True):
    """Everything the ledger knows about one order."""

    order: OrderRow
    payment: str
    subscription: str  # number of the 定期受注, as the cart's screens show it
    carrier: str
    deliver_on: date | None
    time_slot: str
    buyer: Person
    recipients: tuple[Person, ...]
    lines: tuple[LineRow, ...]
    versions: tuple[VersionRow, ...]
    slips: tuple[SlipRow, ...]
    holds: tuple[HoldRow, ...]
    history: tuple[HistoryRow, ...]
    effects: tuple[EffectRow, ...]
    exchanges: tuple[ExchangeRow, ...]
    shipments: tuple[ShipmentRow, ...]
    stop: StopRow | None
    parcels: tuple[str, ...] = ()  # the other numbers under which its order of the cart walks
    checks: tuple[CheckRow, ...] = ()  # why its slips waited in Next Engine


class SlipPicture(Struct, frozen=True, kw_only=True):
    """Everything the ledger knows about one slip."""

    slip: SlipRow
    payment: str
    paid: bool
    prepayment: bool
    delivery: str
    tracking: str
    tags: str
    recipient: Person
    lines: tuple[LineRow, ...]
    orders: tuple[OrderRow, ...]
    holds: tuple[HoldRow, ...]
    history: tuple[HistoryRow, ...]
    effects: tuple[EffectRow, ...]
    exchanges: tuple[ExchangeRow, ...]
    shipments: tuple[ShipmentRow, ...]
    checks: tuple[CheckRow, ...] = ()
    mail_status: str = ""  # letters of the mails that Next Engine sent to the customer


class Listing(Struct, frozen=True, kw_only=True):
    """One page of orders, and how many there are in all."""

    rows: tuple[OrderRow, ...]
    total: int


class Flow(Struct, frozen=True, kw_only=True):
    """R1 for one place and one day: opening + new = moved_on + cancelled + held + open.

    For the yen besides: + revalued, what the totals of those that stood here changed by.
    """

    item: str
    state: str
    opening: int
    new: int
    moved_on: int
    cancelled: int
    held: int
    open: int
    opening_yen: int
    new_yen: int
    moved_on_yen: int
    cancelled_yen: int
    held_yen: int
    open_yen: int
    revalued_yen: int = 0
