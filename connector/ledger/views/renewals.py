"""Renewals (定期の予定): what must appear by when, what did not, and what came wrong, at one moment.

Nothing is judged beyond the last whole reading of orders and subscriptions, and nothing at all while the shop's
settings disagree with what the cart really does: an unknown is never a zero, and a wrong setting is told once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select, true

from connector.clock import jst
from connector.ledger import codec, jobs
from connector.ledger import renewals as book
from connector.ledger.schema_cart import odd_renewals, renewals, rounds, subscriptions
from connector.ledger.views.renewal_rows import (
    Expected,
    Forecast,
    MissingRenewal,
    OddRenewal,
    Trap,
    WrongRules,
)
from connector.shop import Shop
from connector.subscription import Subscription, SubscriptionState
from connector.subscriptions import forecast, habit
from connector.subscriptions.calendar import DAY, Calendar
from connector.subscriptions.cycle import Plan

OBSERVED = timedelta(days=14)
TOLD = timedelta(days=7)  # how long a late one is told
LONGEST_OPEN = timedelta(days=400)  # no cycle is longer: how old the due day of one that just ended may be
SHOWN = 5000  # rows of one list
ARRIVES = timedelta(minutes=30)  # how long after the cart counted it an order may still be on its way to us
READ_BY = ("ingest", "follow_subscriptions")


def renewals_forecast(
    connection: Connection, shop: Shop, now: datetime, *, days: int = 7, on: date | None = None
) -> Forecast:
    """The picture of now; the expected orders of `days` days from `on` (today) on."""
    calendar, today = Calendar(shop.renewals), jst(now).date()
    read_at = _read_at(connection, shop.key, now)
    wrong = _wrong_rules(connection, shop, today)
    unknown = "not_read" if read_at is None else "rules" if wrong is not None else ""
    first = on or today
    odd = list(_odd(connection, shop, now))
    in_time = (
        [] if wrong is not None else odd
    )  # early and late say nothing under wrong settings, a double does
    return Forecast(
        shop=shop.key,
        made_at=now,
        read_at=read_at,
        unknown=unknown,
        active=_active(connection, shop.key),
        unplanned=_active(connection, shop.key, unplanned=True),
        expected=tuple(_expected(connection, shop.key, calendar, first, first + (days - 1) * DAY)),
        missing=tuple(_missing(connection, shop, calendar, read_at)) if read_at and not unknown else None,
        lost=tuple(_lost(connection, shop, now)) if not unknown else (),
        early=tuple(one for one in in_time if one.kind == forecast.EARLY),
        late=tuple(one for one in in_time if one.kind == forecast.LATE),
        doubled=tuple(one for one in odd if one.kind == forecast.DOUBLED),
        traps=tuple(_traps(connection, shop, calendar, today)),
        wrong_rules=wrong,
    )


def _read_at(connection: Connection, shop: str, now: datetime) -> datetime | None:
    """Up to when both were read to the end; None where one never was."""
    read = [jobs.cursor(connection, shop, name) for name in READ_BY]
    known = [at for at in read if at is not None]
    return min(*known, now) if len(known) == len(READ_BY) else None


# --- what is missing -----------------------------------------------------------------------------------------


def _missing(
    connection: Connection, shop: Shop, calendar: Calendar, read_at: datetime
) -> Iterator[MissingRenewal]:
    """Longest first. One question per verdict: each is answered from the index, whatever the history's length."""
    patience = shop.patiences.get("ingest", ARRIVES)
    questions = (
        (forecast.OPEN, renewals.c.due_on <= calendar.judged_until(read_at)),
        (forecast.ROLLED, true()),
        (forecast.UNSEEN, renewals.c.verdict_at <= read_at - patience),
    )
    found: list[MissingRenewal] = []
    for verdict, asked in questions:
        query = _with_subscription(shop.key).where(renewals.c.verdict == verdict, asked)
        for row in connection.execute(query.order_by(renewals.c.due_on).limit(SHOWN)):
            is_open = verdict == forecast.OPEN
            since = calendar.deadline(row.due_on) if is_open else row.verdict_at
            found.append(_missing_row(row, "missing" if is_open else verdict, since))
    return iter(sorted(found, key=lambda one: (one.due_on, one.subscription_id)))


def _lost(connection: Connection, shop: Shop, now: datetime) -> Iterator[MissingRenewal]:
    """Told for some days, because the next order may come before anybody read of it: on a weekend."""
    query = _with_subscription(shop.key).where(
        renewals.c.verdict == forecast.LOST,
        renewals.c.due_on >= jst(now - TOLD).date() - LONGEST_OPEN,
        renewals.c.verdict_at >= now - TOLD,
    )
    for row in connection.execute(query.order_by(renewals.c.due_on, renewals.c.id).limit(SHOWN)):
        yield _missing_row(row, row.verdict, row.verdict_at)


def _missing_row(row: Row[Any], kind: str, since: datetime) -> MissingRenewal:
    return MissingRenewal(
        kind=kind,
        subscription_id=row.cart_id,
        subscription_number=row.number,
        due_on=row.due_on,
        ship_on=row.ship_on,
        deliver_on=row.deliver_on,
        yen=row.yen,
        since=since,
    )


def _with_subscription(shop: str) -> Select[Any]:
    return (
        select(
            renewals,
            subscriptions.c.number,
            subscriptions.c.subscription_id.label("cart_id"),
            subscriptions.c.body,
        )
        .join(subscriptions, subscriptions.c.id == renewals.c.subscription_id)
        .where(renewals.c.shop == shop)
    )


def _odd(connection: Connection, shop: Shop, now: datetime) -> Iterator[OddRenewal]:
    """Early and doubled ones that still are, and late ones of the last days."""
    still = (odd_renewals.c.closed_at.is_(None),)
    lately = (
        odd_renewals.c.at >= now - TOLD,
        odd_renewals.c.closed_at.is_not(None),
        odd_renewals.c.kind == forecast.LATE,
    )
    for asked in (still, lately):
        yield from _odd_ones(connection, shop.key, *asked)


def _odd_ones(connection: Connection, shop: str, *asked: ColumnElement[bool]) -> Iterator[OddRenewal]:
    other = rounds.alias("other")
    ours = and_(rounds.c.shop == odd_renewals.c.shop, rounds.c.cart_order_id == odd_renewals.c.cart_order_id)
    beside = and_(other.c.shop == odd_renewals.c.shop, other.c.cart_order_id == odd_renewals.c.other_order_id)
    query = (
        select(odd_renewals, rounds, other.c.number.label("other_number"))
        .join(rounds, ours)
        .outerjoin(other, beside)
        .where(odd_renewals.c.shop == shop, *asked)
        .order_by(odd_renewals.c.id)
    )
    for row in connection.execute(query.limit(SHOWN)):
        yield OddRenewal(
            kind=row.kind,
            subscription_id=row.subscription_id,
            subscription_number=row.subscription_number,
            order_number=row.number,
            other_number=row.other_number or "",
            placed_at=row.placed_at,
            right_on=row.right_on,
            yen=row.yen,
        )


# --- what is expected ----------------------------------------------------------------------------------------


def _active(connection: Connection, shop: str, *, unplanned: bool = False) -> int:
    here = [subscriptions.c.shop == shop, subscriptions.c.state == str(SubscriptionState.ACTIVE)]
    if unplanned:
        here += [subscriptions.c.next_ship_on.is_(None), subscriptions.c.next_deliver_on.is_(None)]
    return connection.scalar(select(func.count()).select_from(subscriptions).where(*here)) or 0


def _expected(
    connection: Connection, shop: str, calendar: Calendar, first: date, last: date
) -> Iterable[Expected]:
    """Day by day: what was foreseen for it, and beyond each next round the rounds after it."""
    counts = {first + n * DAY: [0, 0, 0] for n in range((last - first).days + 1)}
    verdicts = (*forecast.LIVE, forecast.MET)
    query = (
        select(renewals.c.due_on, renewals.c.verdict, func.count(), func.sum(renewals.c.yen))
        .where(
            renewals.c.shop == shop,
            renewals.c.verdict.in_(verdicts),
            renewals.c.due_on.between(first, last),
            renewals.c.rules != "",  # what the cart only counted was never expected
        )
        .group_by(renewals.c.due_on, renewals.c.verdict)
    )
    for due_on, verdict, count, yen in connection.execute(query):
        day = counts[due_on]
        day[0] += count
        day[1] += int(yen)
        day[2] += count if verdict == forecast.MET else 0
    for subscription, plan in _rounds_after(connection, shop, calendar, last):
        if plan.create_on in counts:
            counts[plan.create_on][0] += 1
            counts[plan.create_on][1] += _usual_yen(subscription)
    return [Expected(on=day, count=n, yen=yen, here=here) for day, (n, yen, here) in counts.items()]


def _rounds_after(
    connection: Connection, shop: str, calendar: Calendar, last: date
) -> Iterator[tuple[Subscription, Plan]]:
    """Only of those whose round after the next falls into the days asked for: short cycles, or many days."""
    query = _with_subscription(shop).where(
        renewals.c.verdict == forecast.OPEN, renewals.c.due_on <= last, renewals.c.after_on <= last
    )
    for row in connection.execute(query):
        subscription = codec.subscription(row.body)
        for plan in forecast.following(subscription, book.foreseen(row).expectation, calendar):
            if plan.create_on > last:
                break
            yield subscription, plan


def _usual_yen(subscription: Subscription) -> int:
    """What a later round costs: without what only the next one carries."""
    usual = [line for line in subscription.lines if not line.onetime]
    return sum(line.unit_price * line.quantity for line in usual) if usual else subscription.subtotal


def _traps(connection: Connection, shop: Shop, calendar: Calendar, today: date) -> Iterator[Trap]:
    until = today + shop.renewals.warn_ahead
    query = (
        _with_subscription(shop.key)
        .where(renewals.c.verdict == forecast.OPEN, renewals.c.trap_on.between(today, until))
        .order_by(renewals.c.trap_on, renewals.c.id)
    )
    for row in connection.execute(query.limit(SHOWN)):
        yield _trap(row, calendar)


def _trap(row: Row[Any], calendar: Calendar) -> Trap:
    """Its own dates, or those of the later round that `trap_on` means."""
    expected = book.foreseen(row).expectation
    create_on, deliver_on, yen = expected.due_on, expected.deliver_on, expected.yen
    if row.trap_on != row.ship_on:
        subscription = codec.subscription(row.body)
        for plan in forecast.following(subscription, expected, calendar):
            if plan.ship_on == row.trap_on:
                create_on, deliver_on, yen = plan.create_on, plan.delivery_on, _usual_yen(subscription)
                break
    return Trap(
        subscription_id=row.cart_id,
        subscription_number=row.number,
        create_on=create_on,
        ship_on=row.trap_on,
        deliver_on=deliver_on,
        yen=yen,
    )


# --- whether the settings are right --------------------------------------------------------------------------


def _wrong_rules(connection: Connection, shop: Shop, today: date) -> WrongRules | None:
    days = (rounds.c.placed_on, rounds.c.ship_on, rounds.c.deliver_on)
    query = (
        select(*days, func.count())
        .where(
            rounds.c.shop == shop.key,
            rounds.c.placed_on >= today - OBSERVED,
            rounds.c.generated,
            rounds.c.ship_on.is_not(None),
            rounds.c.deliver_on.is_not(None),
        )
        .group_by(*days)
    )
    observed = [habit.Made(*row) for row in connection.execute(query)]
    found = habit.doubt(observed, shop.renewals)
    if found is None:
        return None
    return WrongRules(
        origin=shop.renewals.origin,
        days_before=shop.renewals.days_before,
        seen=found.seen,
        agree=found.agree,
        really_origin=found.origin,
        really_days_before=found.days_before,
        fits=found.fits,
    )
