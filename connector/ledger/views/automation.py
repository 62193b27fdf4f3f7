"""Automation (自動化率): of the slips that shipped, which went from intake to the door without a hand, and why not.

Next Engine's definition (spec/features.md §0): the share of slips that pass from intake to shipping work without a
check. Nothing is counted twice over: every touch is derived from what the ledger kept at the time (its history, and
under which reason a slip stood in Next Engine), so the rate can be counted again from the raw rows by anybody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, and_, or_, select

from connector.clock import jst
from connector.journey import OrderState, SlipState
from connector.ledger.database import pieces
from connector.ledger.schema import history, order_slips, orders
from connector.ledger.schema_hub import slip_checks
from connector.ledger.views.times import day_span
from connector.outcome import Reason

MACHINES = ("connector", "watch")
ELSEWHERE = "someone else"  # what a stage notes where its work was done before it came

CART, NEXT_ENGINE, WAREHOUSE, PAGE, MAPPING = "cart", "next_engine", "warehouse", "page", "mapping"

# Where a person has to go for a hold that nobody lifted on our page: where its cause is mended.
HOME: dict[str, str] = {
    Reason.UNKNOWN_VALUE: MAPPING,
    Reason.UNMAPPABLE_TEXT: CART,
    Reason.TEXT_TOO_LONG: CART,
    Reason.NE_CANCELLED: NEXT_ENGINE,
    Reason.CHANGED_AFTER_RELAY: NEXT_ENGINE,
    Reason.UNSHIPPED: NEXT_ENGINE,
    Reason.PAYMENT_GATE: NEXT_ENGINE,
    Reason.REFUSED: NEXT_ENGINE,
    Reason.MARK_REFUSED: NEXT_ENGINE,
    Reason.MAIL_NEVER_ARRIVED: NEXT_ENGINE,
    Reason.MAIL_BOUNCED: NEXT_ENGINE,
    Reason.UNSHIPPABLE: WAREHOUSE,
    Reason.PARTIAL_SHIPMENT: WAREHOUSE,
    Reason.SHIPMENT_CONFLICT: WAREHOUSE,
    Reason.BY_HAND: PAGE,
    Reason.HANDLED: PAGE,
}
# Under which of NE's tabs a slip waits for a person, and not for goods or a date; a check has its own code besides.
WAITS_FOR_A_PERSON = {"確認待ち": "check", "入金待ち": "deposit"}
BY_HAND_IN_NE = {"split": "split", "copied": "copied", "merged": "bundled"}  # how a slip came to its order


class Touch(Struct, frozen=True, kw_only=True):
    """One time a person had to do something for a slip before it could ship."""

    slip_id: int
    slip: str
    order_number: str
    place: str  # cart, next_engine, warehouse, page or mapping
    reason: str  # a hold's reason, a person's act, check:AG, deposit, split, copied, bundled, imported
    actor: str  # the name on our page; elsewhere nobody tells us
    at: datetime


class Removal(Struct, frozen=True, kw_only=True):
    """One reason, and what the rate would gain if nobody had to touch a slip for it any more."""

    reason: str
    places: tuple[str, ...]
    slips: int
    gain: int  # permille; slips touched for another reason as well gain nothing


class Automation(Struct, frozen=True, kw_only=True):
    """The rate of a span of days. `removals`: the largest gain first."""

    shipped: int
    untouched: int
    removals: tuple[Removal, ...] = ()

    @property
    def permille(self) -> int | None:
        return None if not self.shipped else self.untouched * 1000 // self.shipped


class AutomationDay(Struct, frozen=True, kw_only=True):
    day: date
    shipped: int
    untouched: int
    permille: int | None


class AutomationSpan(Struct, frozen=True, kw_only=True):
    """Everything about some days: the whole, each day, and every touch."""

    first: date
    last: date
    whole: Automation
    days: tuple[AutomationDay, ...]
    touches: tuple[Touch, ...]


def automation(
    connection: Connection, shop: str, begins_at: datetime, ends_at: datetime, without: Collection[str] = ()
) -> Automation:
    """The rate of the slips confirmed as shipped in the span; `without`: as if these reasons never occurred."""
    shipped = _shipped(connection, shop, begins_at, ends_at)
    return _rate(shipped, (one for one in _touches(connection, shop, shipped) if one.reason not in without))


def automation_span(connection: Connection, shop: str, last: date, days: int) -> AutomationSpan:
    """The `days` business days up to `last`, each by itself and together."""
    first = last - timedelta(days=days - 1)
    shipped = _shipped(connection, shop, day_span(first)[0], day_span(last)[1])
    touches = sorted(_touches(connection, shop, shipped), key=lambda one: (one.at, one.slip, one.reason))
    touched = {one.slip_id for one in touches}
    by_day: dict[date, list[int]] = defaultdict(list)
    for slip_id, (_, at) in shipped.items():
        by_day[jst(at).date()].append(slip_id)
    return AutomationSpan(
        first=first,
        last=last,
        whole=_rate(shipped, touches),
        days=tuple(
            _day(first + timedelta(days=n), by_day[first + timedelta(days=n)], touched) for n in range(days)
        ),
        touches=tuple(touches),
    )


def _day(day: date, slips: Sequence[int], touched: Collection[int]) -> AutomationDay:
    untouched = sum(slip not in touched for slip in slips)
    whole = Automation(shipped=len(slips), untouched=untouched)
    return AutomationDay(day=day, shipped=len(slips), untouched=untouched, permille=whole.permille)


Shipped = Mapping[int, tuple[str, datetime]]
"""Slip id → its number and when it was confirmed as shipped: touches after that are another matter."""


def _rate(shipped: Shipped, touches: Iterable[Touch]) -> Automation:
    reasons: dict[int, set[str]] = defaultdict(set)
    places: dict[str, set[str]] = defaultdict(set)
    for one in touches:
        reasons[one.slip_id].add(one.reason)
        places[one.reason].add(one.place)
    removals = [
        Removal(
            reason=reason,
            places=tuple(sorted(where)),
            slips=sum(reason in some for some in reasons.values()),
            gain=sum(some == {reason} for some in reasons.values()) * 1000 // len(shipped),
        )
        for reason, where in places.items()
    ]
    return Automation(
        shipped=len(shipped),
        untouched=len(shipped) - len(reasons),
        removals=tuple(sorted(removals, key=lambda one: (-one.gain, -one.slips, one.reason))),
    )


def _shipped(connection: Connection, shop: str, begins_at: datetime, ends_at: datetime) -> Shipped:
    query = select(history.c.item_id, history.c.number, history.c.at).where(
        history.c.shop == shop,
        history.c.item == "slip",
        history.c.to_state == str(SlipState.CONFIRMED),
        history.c.at >= begins_at,
        history.c.at < ends_at,
    )
    return {slip_id: (number, at) for slip_id, number, at in connection.execute(query)}


def _touches(connection: Connection, shop: str, shipped: Shipped) -> Iterator[Touch]:
    """Every touch of these slips before they shipped, each once."""
    for some in pieces(shipped):
        ties = list(connection.execute(select(order_slips).where(order_slips.c.slip_id.in_(some))))
        numbers = _order_numbers(connection, [tie.order_id for tie in ties])
        of_slip = {slip_id: ("", slip_id) for slip_id in some}
        of_order: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for tie in ties:
            number = numbers.get(tie.order_id, "")
            of_order[tie.order_id].append((number, tie.slip_id))
            of_slip[tie.slip_id] = (number, tie.slip_id)
        found = [
            *_by_history(connection, "slip", {slip_id: [one] for slip_id, one in of_slip.items()}),
            *_by_history(connection, "order", of_order),
            *_by_checks(connection, of_slip),
            *_by_ties(connection, ties, numbers),
        ]
        seen: set[tuple[int, str, str]] = set()
        for slip_id, order_number, place, reason, actor, at in found:
            number, shipped_at = shipped[slip_id]
            if at >= shipped_at or (slip_id, reason, place) in seen:
                continue
            seen.add((slip_id, reason, place))
            yield Touch(
                slip_id=slip_id,
                slip=number,
                order_number=order_number,
                place=place,
                reason=reason,
                actor=actor,
                at=at,
            )


_Found = tuple[int, str, str, str, str, datetime]  # slip id, order number, place, reason, actor, at


def _by_history(
    connection: Connection, item: str, slips_of: Mapping[int, Sequence[tuple[str, int]]]
) -> Iterator[_Found]:
    """Holds, people's acts on our page, and work that somebody had done before a stage came to it."""
    mattering = or_(
        history.c.event == "held",
        history.c.actor.notin_(MACHINES),
        and_(history.c.to_state == str(OrderState.IMPORTED), history.c.facts["by"].as_string() == ELSEWHERE),
    )
    for some in pieces(slips_of):
        query = select(history).where(history.c.item == item, history.c.item_id.in_(some), mattering)
        rows = list(connection.execute(query.order_by(history.c.id)))
        on_page = {
            (row.item_id, row.facts.get("reason")) for row in rows if row.actor not in MACHINES
        }  # a hold that a person lifted here is one touch, not two
        for row in rows:
            place, reason, actor = _what(row, on_page)
            if reason:
                yield from (
                    (slip_id, number, place, reason, actor, row.at)
                    for number, slip_id in slips_of[row.item_id]
                )


def _what(row: Any, on_page: Collection[tuple[int, Any]]) -> tuple[str, str, str]:
    """Place, reason and actor; no reason where the row only repeats another one."""
    reason = str(row.facts.get("reason", ""))
    if row.actor not in MACHINES:
        return PAGE, reason or row.event, row.actor
    if row.event != "held":
        return NEXT_ENGINE, "imported", ""
    if (row.item_id, reason) in on_page:
        return "", "", ""
    return HOME.get(reason, CART), reason, ""


def _by_checks(connection: Connection, of_slip: Mapping[int, tuple[str, int]]) -> Iterator[_Found]:
    """確認待ち, with its code, and 入金待ち: somebody looked and clicked in Next Engine."""
    query = select(slip_checks).where(
        slip_checks.c.slip_id.in_(list(of_slip)), slip_checks.c.tab.in_(list(WAITS_FOR_A_PERSON))
    )
    for row in connection.execute(query.order_by(slip_checks.c.id)):
        what = WAITS_FOR_A_PERSON[row.tab]
        reason = f"{what}:{row.code.partition('#')[0]}" if row.code else what
        yield row.slip_id, of_slip[row.slip_id][0], NEXT_ENGINE, reason, "", row.opened_at


def _by_ties(connection: Connection, ties: Sequence[Any], numbers: Mapping[int, str]) -> Iterator[_Found]:
    """Split, copied and bundled slips: NE does none of these by itself. When is known by when it was first seen."""
    by_hand = [tie for tie in ties if tie.how in BY_HAND_IN_NE]
    query = select(history.c.item_id, history.c.at).where(
        history.c.item == "slip",
        history.c.event == "seen",
        history.c.item_id.in_([tie.slip_id for tie in by_hand]),
    )
    seen_at = dict(connection.execute(query).all()) if by_hand else {}
    for tie in by_hand:
        if tie.slip_id in seen_at:
            reason = BY_HAND_IN_NE[tie.how]
            yield tie.slip_id, numbers.get(tie.order_id, ""), NEXT_ENGINE, reason, "", seen_at[tie.slip_id]


def _order_numbers(connection: Connection, order_ids: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for some in pieces(dict.fromkeys(order_ids)):
        query = select(orders.c.id, orders.c.number).where(orders.c.id.in_(some))
        found |= dict(connection.execute(query).all())
    return found
