"""Forecast (定期の作成予定): which order each 定期受注 must bring by when, and how that expectation ends. Pure rules.

An expectation ends by facts alone: the order came, a person changed the subscription in time, or the cart moved its
dates on without an order (spec/ecforce.md §7.4–7.8). Dangerous: 定期回数 goes down when an order is voided; the count
of orders (定期内受注数) never does, and everything here hangs on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice

import msgspec

from connector.clock import jst
from connector.shop import RenewalRules
from connector.subscription import Schedule, Subscription, SubscriptionState
from connector.subscriptions.calendar import Calendar
from connector.subscriptions.cycle import Cycle, Plan, create_day, next_delivery, ship_day, upcoming

OPEN = "open"  # waited for
ROLLED = "rolled"  # missing: the dates moved on, no order came
UNSEEN = "unseen"  # the cart counts an order that never came here
MET, WITHDRAWN, LOST = "met", "withdrawn", "lost"
LIVE = (OPEN, ROLLED, UNSEEN)

EARLY, LATE, DOUBLED = "early", "late", "doubled"
DAY = timedelta(days=1)
LONGEST_LOOK = 60  # rounds that are planned ahead at most: a cycle of one day for two months


@dataclass(frozen=True, slots=True)
class Expectation:
    """The next order of one subscription. `due_on` is the day whose run is to create it: never one that was over
    when the subscription last changed. `after_on`: when the round after it is created; `trap_on`: the ship day of the
    first coming round that is created too late for it."""

    orders_before: int
    create_on: date
    due_on: date
    ship_on: date
    deliver_on: date
    yen: int
    after_on: date | None = None
    trap_on: date | None = None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """An expectation as the ledger holds it, not ended."""

    id: int
    verdict: str
    expectation: Expectation
    since: datetime  # when it was foreseen

    def brings(self, child: Child, *, exactly: bool = False) -> bool:
        """Whether an order can be the one expected; a cart that counts no places is believed by the time alone."""
        if child.nth is None:
            return child.placed_at >= self.since
        awaited = self.expectation.orders_before + 1
        return child.nth == awaited if exactly else child.nth >= awaited


@dataclass(frozen=True, slots=True)
class Child:
    """An order of a subscription, as far as renewals are concerned."""

    number: str
    nth: int | None
    round: int  # 定期回数
    placed_at: datetime
    ship_on: date | None = None
    deliver_on: date | None = None

    @property
    def placed_on(self) -> date:
        return jst(self.placed_at).date()


@dataclass(frozen=True, slots=True)
class End:
    """How an expectation goes on: its new verdict, a key of `words.RENEWAL_ENDS`, and the order that met it."""

    verdict: str
    why: str
    order_number: str = ""


def rules_mark(rules: RenewalRules) -> str:
    """Equal marks, equal rules: an expectation made under others is made anew."""
    return hashlib.sha256(msgspec.json.encode(rules, order="sorted")).hexdigest()[:12]


# --- what to expect ------------------------------------------------------------------------------------------


def idle(subscription: Subscription, rules: RenewalRules) -> str:
    """Why the cart is to create nothing from it, as a key of `words.RENEWAL_ENDS`; empty where it is."""
    if subscription.deleted_at is not None:
        return "deleted"
    if subscription.state is SubscriptionState.CANCELLED:
        return "cancelled"
    if subscription.state is not SubscriptionState.ACTIVE:
        return "suspended" if subscription.state is SubscriptionState.SUSPENDED else "unknown_state"
    if subscription.remaining_orders == 0:
        return "limit"
    if any(reason in rules.blocking_reasons for reason in subscription.needs_attention):
        return "blocked"
    dated = subscription.next_ship_on is not None or subscription.next_deliver_on is not None
    return "" if dated else "undated"


def next_round(subscription: Subscription, calendar: Calendar) -> tuple[date, date] | None:
    """Ship and delivery day of the next order. Where the cart shows one of them only, the other is computed."""
    ship_on, deliver_on = subscription.next_ship_on, subscription.next_deliver_on
    if ship_on is not None and deliver_on is not None:
        return ship_on, deliver_on
    lead = calendar.lead_days(subscription.prefecture)
    if ship_on is not None:
        return ship_on, ship_on + lead * DAY
    if deliver_on is not None:
        return ship_day(deliver_on, lead, calendar.is_closed), deliver_on
    return None


def expect(subscription: Subscription, calendar: Calendar, due_on: date | None = None) -> Expectation | None:
    """The order that must come next, None where none is to come. `due_on`: it was expected before, for that day."""
    days = next_round(subscription, calendar)
    if days is None or idle(subscription, calendar.renewals):
        return None
    ship_on, deliver_on = days
    create_on = create_day(ship_on, deliver_on, calendar.rules(subscription.prefecture))
    due_on = due_on or max(create_on, calendar.next_run_day(subscription.updated_at))
    found = Expectation(
        orders_before=subscription.orders_count,
        create_on=create_on,
        due_on=due_on,
        ship_on=ship_on,
        deliver_on=deliver_on,
        yen=subscription.subtotal,
        trap_on=ship_on if due_on > ship_on else None,
    )
    return _looking_ahead(found, subscription, calendar)


def _looking_ahead(found: Expectation, subscription: Subscription, calendar: Calendar) -> Expectation:
    """The round after, and the first trap that must be told before the next expectation is made."""
    until = found.due_on + calendar.renewals.warn_ahead
    after_on, trap_on = None, found.trap_on
    for one in following(subscription, found, calendar):
        after_on = after_on or one.create_on
        if trap_on is None and one.created_after_ship:
            trap_on = one.ship_on
        if trap_on is not None or one.create_on > until:
            break
    return replace(found, after_on=after_on, trap_on=trap_on)


def following(subscription: Subscription, after: Expectation, calendar: Calendar) -> Iterator[Plan]:
    """The rounds after this one; none where the cycle is not known or no more may come.

    A run creates one order of a subscription at most: a round that falls due with the one before it comes a day later.
    """
    cycle = cycle_of(subscription.schedule)
    if cycle is None:
        return
    left = subscription.remaining_orders
    most = LONGEST_LOOK if left is None else min(LONGEST_LOOK, max(0, left - 1))
    rules, before = calendar.rules(subscription.prefecture), after.due_on
    coming = upcoming(cycle, after.deliver_on, rules, base_round=subscription.times + 1)
    for one in islice(coming, most):
        before = max(one.create_on, before + DAY)
        yield replace(one, create_on=before)


def cycle_of(schedule: Schedule) -> Cycle | None:
    """配送サイクル as date rules; None where its components name none that can be computed with."""
    months, day = schedule.every_months or 0, schedule.on_day or 0
    try:
        match schedule.kind:
            case "term":
                return Cycle.every(schedule.every_days or 0)
            case "date":
                return Cycle.monthly(months, day)
            case "day_of_week" if schedule.weekday is not None:
                return Cycle.nth_weekday(months, schedule.nth or 0, schedule.weekday)
    except ValueError:
        return None
    return None


# --- how an expectation ends -----------------------------------------------------------------------------------


def changed(was: Foreseen, old: Subscription, new: Subscription, calendar: Calendar) -> End | None:
    """What a new picture of the subscription means for what was open. None: it still stands.

    Only for a picture without a new order; the dates of one with an order move because of it.
    """
    if why := idle(new, calendar.renewals):
        return End(WITHDRAWN, why)
    days, expected = next_round(new, calendar), was.expectation
    if days is None or days == (expected.ship_on, expected.deliver_on):
        return None
    why = _why_moved(old, new)
    in_time = new.updated_at < calendar.run_of(expected.due_on)
    if in_time or why != "date_changed" or days[1] <= expected.deliver_on:
        return End(WITHDRAWN, why)
    return End(ROLLED, "rolled") if _rolled(expected, new, days[1], calendar) else End(WITHDRAWN, why)


def turned(old: Subscription, new: Subscription) -> bool:
    """The cart made the next dates the previous ones and counts no order for it: the surest sign of a silent roll.

    It shows even where the dates were changed unseen before (§7.5: only a creation writes the previous dates).
    """
    if new.previous_deliver_on is None or (new.skipped and not old.skipped):
        return False
    return new.previous_deliver_on != old.previous_deliver_on and new.orders_count == old.orders_count


def rolled_past(new: Subscription, calendar: Calendar) -> Expectation | None:
    """The round that a silent roll lost, from the previous dates of the picture that shows it."""
    if new.previous_deliver_on is None:
        return None
    ship_on = new.previous_ship_on or new.previous_deliver_on
    create_on = create_day(ship_on, new.previous_deliver_on, calendar.rules(new.prefecture))
    due_on = calendar.next_run_day(new.updated_at) - DAY
    return Expectation(new.orders_count, create_on, due_on, ship_on, new.previous_deliver_on, new.subtotal)


def _why_moved(old: Subscription, new: Subscription) -> str:
    if new.skipped and not old.skipped:
        return "skipped"
    return "cycle_changed" if cycle_of(old.schedule) != cycle_of(new.schedule) else "date_changed"


def _rolled(expected: Expectation, new: Subscription, deliver_on: date, calendar: Calendar) -> bool:
    """The cart moved the dates on as if the order had been created, and no person did (a silent roll).

    Any one sign is enough, because the day of the order is over: the dates moved by exactly one cycle, or moved in the
    hours of the nightly run. A date that a person chose later has none of them. The surest sign is `turned`.
    """
    if calendar.in_run(new.updated_at):
        return True
    cycle = cycle_of(new.schedule)
    return cycle is not None and deliver_on == next_delivery(cycle, expected.deliver_on)


def arrived(live: Sequence[Foreseen], child: Child) -> dict[int, End]:
    """What an order, seen for the first time, means for what was open of its subscription: end by row id.

    Keyed on the place among all orders (nth), never on 定期回数. A missing one is made up for by an order that comes
    before the next one is due; when the next regular order comes, the missing one will not come any more.
    """
    counted = [one for one in live if one.verdict == UNSEEN and one.brings(child, exactly=True)]
    if counted:
        return {counted[0].id: End(MET, "came", child.number)}
    waiting = [one for one in live if one.verdict == OPEN and one.brings(child)]
    lost = [one for one in live if one.verdict == ROLLED and one.brings(child)]
    lost.sort(key=lambda one: (one.expectation.due_on, one.id))
    if not lost:
        return {one.id: End(MET, "came", child.number) for one in waiting}
    if any(child.placed_on >= one.expectation.due_on for one in waiting):
        ends = {one.id: End(LOST, "lost", child.number) for one in lost}
        return ends | {one.id: End(MET, "came", child.number) for one in waiting}
    ends = {one.id: End(WITHDRAWN, "made_up", child.number) for one in waiting}
    return ends | {lost[0].id: End(MET, "made_up", child.number)}


# --- orders that came at the wrong time ------------------------------------------------------------------------


def right_day(child: Child, calendar: Calendar) -> date | None:
    """On which day an order with its planned dates is created, None where it carries none."""
    ship_on, deliver_on = child.ship_on or child.deliver_on, child.deliver_on or child.ship_on
    if ship_on is None or deliver_on is None:
        return None
    return create_day(ship_on, deliver_on, calendar.rules(""))


def timing(child: Child, awaited: Expectation | None, calendar: Calendar) -> str:
    """EARLY, LATE or empty. The order's own dates excuse it as much as what we expected: a change may lie between."""
    right = right_day(child, calendar)
    if right is None:
        return ""
    days = [right] if awaited is None else [right, awaited.due_on]
    if child.placed_on > max(days) and awaited is not None:
        return LATE
    by_the_run = calendar.in_run(child.placed_at)  # what a person creates by hand may come at any time
    return EARLY if by_the_run and child.placed_on < min(days) - DAY else ""


def doubled(one: Child, other: Child, calendar: Calendar, *, foreseen: bool) -> bool:
    """Two living orders of one subscription for the same round: same place, same delivery, or out of one run.

    `foreseen`: the later one was expected from the subscription's own dates: whoever put both on one day, a person did.
    """
    if one.nth is not None and one.nth == other.nth:
        return True
    if one.deliver_on is not None and one.deliver_on == other.deliver_on:
        return one.round == other.round or not foreseen
    both_by_the_run = calendar.in_run(one.placed_at) and calendar.in_run(other.placed_at)
    return both_by_the_run and one.placed_on == other.placed_on
