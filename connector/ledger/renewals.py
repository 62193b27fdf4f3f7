"""Renewals (定期の作成予定の台帳): writes each expectation before its day, and ends it by what the cart shows.

The rules are `subscriptions/forecast.py`; here they meet the store. Everything hangs on what just changed: a day costs
what changed that day, whatever the shop's size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, insert, select, update

from connector.clock import jst
from connector.ledger import codec
from connector.ledger.database import pieces
from connector.ledger.schema_cart import odd_renewals, renewals, rounds, subscriptions
from connector.shop import Shop
from connector.subscription import Subscription, SubscriptionState
from connector.subscriptions import forecast
from connector.subscriptions.calendar import Calendar
from connector.subscriptions.forecast import Child, End, Expectation, Foreseen

UPDATES = ("create_on", "due_on", "ship_on", "deliver_on", "after_on", "trap_on", "yen")


@dataclass(frozen=True, slots=True)
class Shown:
    """A subscription as it is stored now, and as it was before; `beyond`: its orders that the old picture lacked."""

    id: int
    old: Subscription | None
    new: Subscription
    beyond: Sequence[Child] = ()

    def grown(self) -> int:
        """How many orders the cart counts more than before."""
        return self.new.orders_count - self.old.orders_count if self.old is not None else 0

    def seen(self) -> int:
        """How many of those are here."""
        return sum(self._is_new(child) for child in self.beyond) if self.old is not None else 0

    def _is_new(self, child: Child) -> bool:
        if child.nth is None:
            return self.old is not None and child.placed_at > self.old.updated_at
        return child.nth <= self.new.orders_count

    def stale(self) -> bool:
        """An order is here that this picture does not know yet: a newer one will come."""
        return any(
            child.placed_at > self.new.updated_at if child.nth is None else child.nth > self.new.orders_count
            for child in self.beyond
        )


@dataclass(slots=True)
class Book:
    """What one page means for the table, collected and written at once."""

    shop: str
    mark: str
    now: datetime
    ended: list[dict[str, Any]] = field(default_factory=list)
    refreshed: list[dict[str, Any]] = field(default_factory=list)
    fresh: list[dict[str, Any]] = field(default_factory=list)

    def end(self, id_: int, end: End) -> None:
        self.ended.append(
            {
                "id_": id_,
                "verdict": end.verdict,
                "verdict_at": self.now,
                "words": end.why,
                "order_number": end.order_number,
            }
        )

    def refresh(self, id_: int, found: Expectation) -> None:
        self.refreshed.append({"id_": id_, "rules": self.mark} | _dates(found))

    def foresee(
        self, subscription_id: int, found: Expectation, end: End | None = None, *, foreseen: bool = True
    ) -> None:
        row = {
            "shop": self.shop,
            "subscription_id": subscription_id,
            "orders_before": found.orders_before,
            "rules": self.mark if foreseen else "",
            "verdict": end.verdict if end else forecast.OPEN,
            "verdict_at": self.now if end else None,
            "words": end.why if end else "",
            "foreseen_at": self.now,
        }
        self.fresh.append(row | _dates(found))

    def write(self, connection: Connection) -> None:
        here = renewals.c.id == bindparam("id_")
        if self.ended:
            connection.execute(update(renewals).where(here), self.ended)
        if self.refreshed:
            connection.execute(update(renewals).where(here), self.refreshed)
        if self.fresh:
            connection.execute(insert(renewals), self.fresh)


def foresee(connection: Connection, shop: Shop, shown: Sequence[Shown], now: datetime) -> None:
    """New pictures of these subscriptions are stored: end what they end, and write what must come next."""
    calendar, book = Calendar(shop.renewals), Book(shop.key, forecast.rules_mark(shop.renewals), now)
    _make_anew(connection, shop.key, calendar, book)
    live = live_of(connection, [one.id for one in shown])
    for one in shown:
        _one(one, live.get(one.id, []), calendar, book)
    book.write(connection)
    over = (odd_renewals.c.shop == shop.key, odd_renewals.c.closed_at.is_(None))
    early = (odd_renewals.c.kind == forecast.EARLY, odd_renewals.c.right_on <= jst(now).date())
    connection.execute(update(odd_renewals).where(*over, *early).values(closed_at=now))


def _one(shown: Shown, live: list[Foreseen], calendar: Calendar, book: Book) -> None:
    ends = _counted(shown, live, book) if shown.grown() > 0 else _moved(shown, live, calendar, book)
    for id_, end in ends.items():
        book.end(id_, end)
    kept = [one for one in live if one.verdict == forecast.OPEN and one.id not in ends]
    due_on = kept[0].expectation.due_on if kept else None
    found = forecast.expect(shown.new, calendar, due_on)
    if kept and found is not None:
        book.refresh(kept[0].id, found)
    elif found is not None and not shown.stale():
        book.foresee(shown.id, found)


def _counted(shown: Shown, live: list[Foreseen], book: Book) -> dict[int, End]:
    """The cart counts more orders than before; those that are not here yet are awaited one by one."""
    before = shown.new.orders_count - shown.grown()
    absent = shown.grown() - shown.seen()
    waiting = [one for one in live if one.verdict != forecast.UNSEEN]
    if not waiting and absent <= 0:
        return {}
    # What is absent stands at the place it was counted for, as if it had come when the picture changed.
    first = Child("", before + 1, 0, shown.new.updated_at)
    verdict, why = (forecast.UNSEEN, "unseen") if absent > 0 else (forecast.MET, "came")
    ends = {
        id_: End(verdict, why) if end.verdict == forecast.MET else end
        for id_, end in forecast.arrived(waiting, first).items()
    }
    absent -= any(end.verdict == forecast.UNSEEN for end in ends.values())
    day = jst(book.now).date()
    for back in range(max(0, absent)):
        extra = Expectation(shown.new.orders_count - 1 - back, day, day, day, day, shown.new.subtotal)
        book.foresee(shown.id, extra, End(forecast.UNSEEN, "unseen"), foreseen=False)
    return ends


def _moved(shown: Shown, live: list[Foreseen], calendar: Calendar, book: Book) -> dict[int, End]:
    """No new order: what the change means for what is open, and for what is missing by a silent roll."""
    ends: dict[int, End] = {}
    if shown.old is None:
        return ends
    if forecast.turned(shown.old, shown.new):
        return _turned(shown, live, calendar, book)
    for one in live:
        if one.verdict == forecast.OPEN and (end := forecast.changed(one, shown.old, shown.new, calendar)):
            ends[one.id] = end
    rolled_now = any(end.verdict == forecast.ROLLED for end in ends.values())
    for one in live:
        if one.verdict != forecast.ROLLED or rolled_now:
            continue
        # A person has seen to it since: another date, a skip, a stop.
        touched = next(iter(ends.values()), None)
        why = touched.why if touched else forecast.idle(shown.new, calendar.renewals)
        if why:
            ends[one.id] = End(forecast.WITHDRAWN, why)
    return ends


def _turned(shown: Shown, live: list[Foreseen], calendar: Calendar, book: Book) -> dict[int, End]:
    """A silent roll: the round it lost is missing, whether it was foreseen for those dates or changed unseen."""
    lost = forecast.rolled_past(shown.new, calendar)
    ends: dict[int, End] = {}
    for one in live:
        if one.verdict == forecast.OPEN:
            foreseen_so = lost is not None and one.expectation.deliver_on == lost.deliver_on
            ends[one.id] = (
                End(forecast.ROLLED, "rolled") if foreseen_so else End(forecast.WITHDRAWN, "date_changed")
            )
    if lost is not None and not any(end.verdict == forecast.ROLLED for end in ends.values()):
        # The dates that were lost are not those we knew: somebody had seen to what was missing before.
        ends |= {
            one.id: End(forecast.WITHDRAWN, "date_changed") for one in live if one.verdict == forecast.ROLLED
        }
        book.foresee(shown.id, lost, End(forecast.ROLLED, "rolled"))
    return ends


def live_of(connection: Connection, ids: Iterable[int]) -> dict[int, list[Foreseen]]:
    """What is not ended of these subscriptions (our ids), oldest first."""
    found: dict[int, list[Foreseen]] = {}
    for some in pieces(ids):
        query = (
            select(renewals)
            .where(renewals.c.subscription_id.in_(some), renewals.c.verdict.in_(forecast.LIVE))
            .order_by(renewals.c.id)
        )
        for row in connection.execute(query):
            found.setdefault(row.subscription_id, []).append(foreseen(row))
    return found


def foreseen(row: Row[Any]) -> Foreseen:
    expectation = Expectation(row.orders_before, **{name: getattr(row, name) for name in UPDATES})
    return Foreseen(row.id, row.verdict, expectation, row.foreseen_at)


def _dates(found: Expectation) -> dict[str, Any]:
    return {name: getattr(found, name) for name in UPDATES}


# --- other rules ---------------------------------------------------------------------------------------------


def _make_anew(connection: Connection, shop: str, calendar: Calendar, book: Book) -> None:
    """The shop's rules were changed: what is open was foreseen by others, so it is foreseen anew."""
    open_ones = (renewals.c.shop == shop, renewals.c.verdict == forecast.OPEN)
    others = [renewals.c.rules < book.mark, renewals.c.rules > book.mark]  # two looks into the index
    if all(
        connection.scalar(select(renewals.c.id).where(*open_ones, one).limit(1)) is None for one in others
    ):
        return
    anew = Book(book.shop, book.mark, book.now)
    known = {
        row.subscription_id: row.id
        for row in connection.execute(select(renewals.c.id, renewals.c.subscription_id).where(*open_ones))
    }
    newer = exists().where(
        rounds.c.shop == shop,
        rounds.c.subscription_id == subscriptions.c.subscription_id,
        rounds.c.nth > subscriptions.c.orders_count,
    )
    # One whose order is here already waits for its own new picture.
    active = (subscriptions.c.shop == shop, subscriptions.c.state == str(SubscriptionState.ACTIVE), ~newer)
    for row in connection.execute(select(subscriptions.c.id, subscriptions.c.body).where(*active)).all():
        found = forecast.expect(codec.subscription(row.body), calendar)
        open_id = known.get(row.id)
        if open_id is None and found is not None:
            anew.foresee(row.id, found)
        elif open_id is not None and found is not None:
            anew.refresh(open_id, found)
        elif open_id is not None:
            anew.end(open_id, End(forecast.WITHDRAWN, "rules_changed"))
    anew.write(connection)
    stale = (
        odd_renewals.c.shop == shop,
        odd_renewals.c.closed_at.is_(None),
        odd_renewals.c.rules != book.mark,
    )
    connection.execute(update(odd_renewals).where(*stale).values(closed_at=book.now))
