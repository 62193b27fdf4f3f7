"""Outcome (結果): everything a step may say about one item, as values.

Stages answer with these; only the runner writes them into the ledger. The set is closed on purpose: a step
that has something else to say is two steps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

from connector.journey import SlipState, State
from connector.order import Order
from connector.slip import Shipment, Slip

Noun = TypeVar("Noun", Order, Slip)
Facts = dict[str, Any]


class Reason(StrEnum):
    """Why an item is held (保留理由). `connector/words.py` has the sentence and the next step of each."""

    PAYMENT_REFUSED = "payment_refused"
    PAYMENT_VOIDED = "payment_voided"
    PAYMENT_GATE = "payment_gate"
    DOUBLE_ROUND = "double_round"
    ADDRESS_SPLIT_UNKNOWN = "address_split_unknown"
    ADDRESSES_CHANGED = "addresses_changed"
    NEEDS_ATTENTION = "needs_attention"
    UNKNOWN_VALUE = "unknown_value"
    UNMAPPABLE_TEXT = "unmappable_text"
    TEXT_TOO_LONG = "text_too_long"
    AMOUNT_DIFFERS = "amount_differs"
    MALFORMED = "malformed"
    TOO_MANY_LINES = "too_many_lines"
    REFUSED = "refused"
    MARK_REFUSED = "mark_refused"
    MAIL_NEVER_ARRIVED = "mail_never_arrived"
    MAIL_BOUNCED = "mail_bounced"
    CANNOT_TELL = "cannot_tell"
    TOO_MANY_TRIES = "too_many_tries"
    CANCELLED_TOO_LATE = "cancelled_too_late"
    CHANGED_AFTER_HANDOVER = "changed_after_handover"
    CHANGED_AFTER_RELAY = "changed_after_relay"
    UNSHIPPABLE = "unshippable"
    PARTIAL_SHIPMENT = "partial_shipment"
    SHIPMENT_CONFLICT = "shipment_conflict"
    NE_CANCELLED = "ne_cancelled"
    UNSHIPPED = "unshipped"
    DUPLICATE_SHIPMENT = "duplicate_shipment"
    ADDRESS_DOUBTFUL = "address_doubtful"
    DELIVERY_UNFIT = "delivery_unfit"
    KEY_CONFLICT = "key_conflict"
    ABSURD_PICTURE = "absurd_picture"
    BUG = "bug"
    BY_HAND = "by_hand"
    HANDLED = "handled"


SELF_CLEARING = frozenset(
    {
        Reason.PAYMENT_REFUSED,
        Reason.PAYMENT_GATE,
        Reason.DOUBLE_ROUND,
        Reason.ADDRESS_SPLIT_UNKNOWN,
        Reason.NEEDS_ATTENTION,
        Reason.UNKNOWN_VALUE,
        Reason.UNMAPPABLE_TEXT,
        Reason.TEXT_TOO_LONG,
        Reason.AMOUNT_DIFFERS,
        Reason.MALFORMED,
        Reason.TOO_MANY_LINES,
        Reason.ADDRESS_DOUBTFUL,
        Reason.DELIVERY_UNFIT,
    }
)
"""Holds whose cause lies in data that we read again: the stage is asked again and may take them back."""


class StopAnswer(StrEnum):
    """What a party said about a stop (出荷止めの回答), or what is known about its silence."""

    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"
    SILENT = "silent"
    NOT_ASKED = "not_asked"  # the question provably did not arrive, or a person wants it asked again
    NEVER_HAD = "never_had"  # proved: this slip was never handed over


class Item(msgspec.Struct, Generic[Noun], frozen=True, kw_only=True, gc=False):
    """One order or slip as a stage sees it: the noun, and where it stands in our ledger."""

    id: int
    noun: Noun
    state: State
    since: datetime  # when it came to this state
    tries: int = 0
    redos: int = 0
    held: tuple[
        Reason, ...
    ] = ()  # its open holds; of an order to complete, also those of its slips for a person
    allowed: tuple[
        tuple[Reason, str], ...
    ] = ()  # what a person let pass while it stood here: reason and note
    refusal: str = ""  # for a slip the other side refused: its words
    orders: tuple[Order, ...] = ()  # for a slip: the orders of ours behind it, newest versions
    slips: tuple[tuple[Slip, SlipState], ...] = ()  # for an order: its slips and where they stand
    shipments: tuple[Shipment, ...] = ()  # what the warehouse said, newest last
    done: tuple[str, ...] = ()  # kinds of effects of the asking stage that are done for it
    answers: tuple[tuple[str, str, str, str, str], ...] = ()  # of a stop: party, slip, answer, words, by
    stop_asked_at: datetime | None = None  # for an order with a stop: when it was asked for
    cart_leg: str = ""  # for a stopped order: the request for which we are still to cancel it in the cart
    shares: tuple[str, ...] = ()  # for an order: other orders whose goods lie in one of its live slips
    apart: tuple[str, ...] = ()  # for an order: slips of its family in which none of its goods lie any more
    twins: tuple[str, ...] = ()  # for an order: living ones before it, for its round or made again
    delayed_at: datetime | None = None  # for an order: a mail server said then that it goes on trying


class Advance(msgspec.Struct, frozen=True, gc=False):
    """Proved: move on. `to` names another state than the stage's own where more was seen.

    `settles`: holds that this very fact answers, though they wait for a person otherwise. `words`: what is worth a
    line of history although nothing moved.
    """

    evidence: Facts = msgspec.field(default_factory=dict)
    to: State | None = None
    shipment: Shipment | None = None
    settles: tuple[Reason, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet, and nothing is wrong. Not a try. `until` is when a look is worth it again."""

    why: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """A passing fault; counts as a try, after the last one it becomes a hold."""

    why: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Redo:
    """The act before provably did not land: one step back, twice at most, then a hold."""

    why: str


@dataclass(frozen=True, slots=True)
class Hold:
    """A person must look. Other reasons may be pinned beside it; all must clear.

    A reason in `SELF_CLEARING` goes by itself once its cause is gone (an extended table, a healed payment);
    any other waits for a person. `beside`: what the same look found for other reasons, so that a person can mend all
    of it in one go.
    """

    reason: Reason
    note: str = ""
    beside: tuple[Hold, ...] = ()


def together(holds: Iterable[Hold | None]) -> Hold | None:
    """All of these as one outcome, the first of each reason; None where there is none."""
    found: dict[Reason, Hold] = {}
    for hold in holds:
        for one in (hold, *hold.beside) if hold is not None else ():
            found.setdefault(one.reason, one)
    first, *others = found.values() or (None,)
    return Hold(first.reason, first.note, tuple(others)) if first is not None and others else first


@dataclass(frozen=True, slots=True)
class Cancel:
    """Left the journey."""

    why: str


Outcome = Advance | Wait | Retry | Redo | Hold | Cancel


@dataclass(frozen=True, slots=True)
class Stray:
    """Something that came in and fits nothing we know. Kept, shown, and it moves nothing."""

    system: str
    where: str  # file and line
    words: str
    exchange_id: int | None = None
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference (差異) between two pictures, with everything a person needs to act on it."""

    kind: str
    order_number: str
    words: str
    yen: int = 0
    since: datetime | None = None
    slip_number: str = ""
    explained: bool = False  # matched by a hold or a wait that is still inside its patience


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One act on the outside, before it happens (reliability §2).

    `key` is stable: the same act always has the same key. `body` is what goes out; it is kept before it is
    sent. `items` are the ledger ids of the orders or slips it moves.
    """

    kind: str
    key: str
    items: tuple[int, ...]
    body: bytes = b""
    name: str = ""  # file name, Message-ID or path
    facts: Facts = {}

    @property
    def fingerprint(self) -> str:
        digest = hashlib.sha256(self.name.encode() + b"\0" + self.body)
        digest.update(msgspec.json.encode(self.facts, order="sorted"))
        return digest.hexdigest()


class EffectState(StrEnum):
    """Where an effect stands. INTENT, SENT and UNKNOWN are open: looked at before anything is sent again."""

    INTENT = "intent"
    SENT = "sent"
    UNKNOWN = "unknown"
    DONE = "done"
    REFUSED = "refused"
    NOT_DONE = "not_done"
    UNDONE = "undone"  # it was done and provably did not last (a lost mail): may be done again


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An effect whose intent is committed: what a stage's `act` or `look` is handed."""

    id: int
    effect: Effect
    state: EffectState
    attempts: int
    started_at: datetime  # of the newest attempt
    first_at: datetime
    evidence: Facts


@dataclass(frozen=True, slots=True)
class Done:
    """The other side confirmed it. `per_item` overrides the plain Advance for single items."""

    evidence: Facts = field(default_factory=dict)
    per_item: dict[int, Outcome] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """It lies over there (transport receipt); the business receipt is still to come: look again later.

    `per_item` is what is already proved of single items while the rest is awaited.
    """

    evidence: Facts = field(default_factory=dict)
    look_after: float = 60.0
    per_item: dict[int, Outcome] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Absent:
    """Looked: it is provably not there. Not `proved`: no trace of it, but somebody may have taken it away."""

    evidence: Facts = field(default_factory=dict)
    proved: bool = True


@dataclass(frozen=True, slots=True)
class CannotTell:
    """Looked, and neither yes nor no can be shown: a person must decide."""

    why: str


Reply = Done | Sent | Absent | CannotTell | Exception
"""What acting or looking said about one effect; an exception is one of `errors.py`, or a bug."""
