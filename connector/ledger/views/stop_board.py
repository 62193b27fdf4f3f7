"""Stop board (出荷止めの一覧): one row per request, who was asked, who answered what and when, until when it can work.

What is not settled comes first. A verdict is shown with its proof: the name of the receipt, or of the person who
was told by telephone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, Row, and_, exists, not_, or_, select

from connector import shipping
from connector.clock import at_jst
from connector.journey import SlipState
from connector.ledger import stop_answers, stops_by_hand, tied_goods
from connector.ledger.database import pieces
from connector.ledger.sayings import Answer
from connector.ledger.schema import order_slips, orders, pulses, slips, stop_requests
from connector.ledger.stop_bars import UNSETTLED
from connector.ledger.stop_places import handed_over_at
from connector.shop import Shop

RELAY_EVERY = timedelta(minutes=10)
MOST = 500  # ended ones on the page; of what is not settled every one is shown
PARTIES = (stop_answers.WAREHOUSE, stop_answers.NEXT_ENGINE, stop_answers.CART)
NOT_NEEDED, WAITING, BY_PEOPLE = "not_needed", "waiting", "by_people"
CART_BY_PEOPLE = "cart_by_people"
NOT_LEFT = ("stopped", "by_hand")  # verdicts that say that nothing of the order leaves any more


class StopLine(Struct, frozen=True, kw_only=True):
    """The newest word of one party about one slip, or about the order."""

    party: str
    slip_number: str
    answer: str
    words: str
    at: datetime | None
    by: str
    proof: str
    told_at: datetime | None = None  # when it was asked, where that is an earlier word


class StopBoardRow(Struct, frozen=True, kw_only=True):
    """One request. `last_at`: the last moment at which it can still work; `last_is`: what comes then."""

    number: str
    asked_at: datetime
    asked_by: str
    why: str
    verdict: str
    verdict_at: datetime | None
    words: str
    state: str
    yen: int
    last_at: datetime | None
    last_is: str  # relay, cut_off, warehouse (nobody can say), or nothing once it has ended
    cart_owes: bool  # it ended, and the order still lives in the cart
    by_people: bool  # not settled, and this program asks nobody in this shop
    lines: tuple[StopLine, ...]

    @property
    def settled(self) -> bool:
        """Nobody has anything to do or to wait for any more; a slip that came after the verdict has."""
        late = any(line.answer == WAITING and line.party != stop_answers.CART for line in self.lines)
        return self.verdict not in UNSETTLED and not self.cart_owes and not late

    @property
    def waits_for_telephone(self) -> bool:
        return self.verdict == "unknown" or self.by_people


def stop_board(
    connection: Connection, shop: Shop, now: datetime, *, everything: bool = True, number: str = ""
) -> list[StopBoardRow]:
    """What is not settled first, longest waiting first, all of it; then the newest of the ended ones, newest first."""
    query = (
        select(stop_requests, orders.c.number, orders.c.state, orders.c.payable, orders.c.cancelled)
        .join(orders, orders.c.id == stop_requests.c.order_id)
        .where(stop_requests.c.shop == shop.key)
        .order_by(stop_requests.c.verdict_at.desc().nulls_first(), stop_requests.c.id.desc())
    )
    if number:
        query = query.where(orders.c.number == number)
    rows = list(connection.execute(query.where(_perhaps_unsettled())))
    if everything:
        rows += connection.execute(query.where(not_(_perhaps_unsettled())).limit(MOST))
    found = [row for part in pieces(rows) for row in _rows(connection, shop, part, now)]
    unsettled = sorted((row for row in found if not row.settled), key=lambda row: row.asked_at)
    ended = sorted((row for row in found if row.settled), key=lambda row: row.verdict_at or now, reverse=True)
    return unsettled + (ended if everything else [])


def _perhaps_unsettled() -> ColumnElement[bool]:
    """SQL: every row of which `StopBoardRow.settled` may say no."""
    tied = and_(order_slips.c.order_id == orders.c.id, slips.c.id == order_slips.c.slip_id)
    lives = exists().where(tied, slips.c.state != SlipState.CANCELLED).correlate(orders)
    owed = and_(stop_requests.c.asked_by.is_not(None), orders.c.cancelled.is_(False))
    return or_(
        stop_requests.c.verdict.in_(UNSETTLED), and_(stop_requests.c.verdict.in_(NOT_LEFT), or_(owed, lives))
    )


def _rows(connection: Connection, shop: Shop, rows: list[Row[Any]], now: datetime) -> Iterable[StopBoardRow]:
    ids = [row.order_id for row in rows]
    said = stop_answers.of_orders(connection, ids)
    tied = _slips(connection, shop.key, ids)
    there = handed_over_at(connection, [slip.id for mine in tied.values() for slip in mine])
    next_relay = _next_relay(connection, shop, now)
    for row in rows:
        mine = tied.get(row.order_id, [])
        last_at, last_is = _last_moment(shop, row, mine, there, next_relay, now)
        owes = bool(row.asked_by) and not row.cancelled and row.verdict in NOT_LEFT
        yield StopBoardRow(
            number=row.number,
            asked_at=row.asked_at,
            asked_by=row.asked_by or "",
            why=row.why,
            verdict=row.verdict,
            verdict_at=row.verdict_at,
            words=row.words,
            state=row.state,
            yen=row.payable,
            last_at=last_at,
            last_is=last_is,
            cart_owes=owes,
            by_people=row.verdict in UNSETTLED and stops_by_hand.by_people(shop),
            lines=tuple(_lines(shop, row, mine, there, said.get(row.order_id, []))),
        )


def _slips(connection: Connection, shop: str, order_ids: list[int]) -> dict[int, list[Row[Any]]]:
    """Those in which goods of the order may lie."""
    query = (
        select(order_slips.c.order_id, slips.c.id, slips.c.number, slips.c.state, tied_goods.shared())
        .join(slips, slips.c.id == order_slips.c.slip_id)
        .where(order_slips.c.order_id.in_(order_ids))
        .order_by(slips.c.id)
    )
    found: dict[int, list[Row[Any]]] = {}
    rows = list(connection.execute(query))
    together = [(row.order_id, row.id) for row in rows if row[-1] and row.state != SlipState.CANCELLED]
    apart = tied_goods.apart(connection, shop, together)
    for row in rows:
        if (row.order_id, row.id) in apart:
            continue
        found.setdefault(row.order_id, []).append(row)
    return found


def _lines(
    shop: Shop, row: Row[Any], mine: list[Row[Any]], there: dict[int, datetime], said: list[Row[Any]]
) -> Iterable[StopLine]:
    """A line for the warehouse and for Next Engine for each slip, and one for the cart."""
    newest = {(one.party, one.slip_number): one for one in said}
    for slip in mine:
        answer = newest.get((stop_answers.WAREHOUSE, slip.number))
        rest = _nobody_asked(shop, row)
        handed = slip.id in there
        yield _line(answer, stop_answers.WAREHOUSE, slip.number, rest if handed else stop_answers.NEVER_HAD)
        answer = newest.get((stop_answers.NEXT_ENGINE, slip.number))
        gone = stop_answers.AGREED if slip.state == SlipState.CANCELLED else rest
        yield _line(answer, stop_answers.NEXT_ENGINE, slip.number, gone)
    line = _of_cart(shop, row, [one for one in said if one.party == stop_answers.CART])
    if line is not None:
        yield line


def _nobody_asked(shop: Shop, row: Row[Any]) -> str:
    """What stands where no answer is: of goods that left, or that are wanted again, nobody is asked any more."""
    if row.verdict in UNSETTLED:
        return BY_PEOPLE if stops_by_hand.by_people(shop) else WAITING
    return WAITING if row.verdict in NOT_LEFT else NOT_NEEDED


def _of_cart(shop: Shop, row: Row[Any], said: list[Row[Any]]) -> StopLine | None:
    """The cart's own word where we asked it; where people cancel there, what the cart shows."""
    newest = said[-1] if said else None
    told_at = next((one.at for one in reversed(said) if one.answer == stop_answers.ASKED), None)
    if row.cancelled and (newest is None or newest.answer != stop_answers.AGREED):
        return _line(None, stop_answers.CART, "", stop_answers.AGREED)
    if newest is None and not row.asked_by:
        return None
    if newest is not None:
        line = _line(newest, stop_answers.CART, "", stop_answers.ASKED)
        return replace(line, told_at=told_at if told_at != line.at else None)
    if row.verdict == "too_late":
        return _line(None, stop_answers.CART, "", NOT_NEEDED)
    by_people = row.verdict == "by_hand" or not shop.cancels_in_cart
    return _line(None, stop_answers.CART, "", CART_BY_PEOPLE if by_people else WAITING)


def _line(said: Row[Any] | None, party: str, slip_number: str, otherwise: str) -> StopLine:
    if said is None:
        nothing: dict[str, Any] = {"words": "", "at": None, "by": "", "proof": ""}
        return StopLine(party=party, slip_number=slip_number, answer=otherwise or WAITING, **nothing)
    return StopLine(
        party=party,
        slip_number=slip_number,
        answer=said.answer,
        words=said.words,
        at=said.at,
        by=said.by,
        proof=said.proof,
    )


def _next_relay(connection: Connection, shop: Shop, now: datetime) -> datetime:
    last = connection.scalar(
        select(pulses.c.ok_at).where(pulses.c.shop == shop.key, pulses.c.what == "relay")
    )
    every = shop.rhythms.get("relay", RELAY_EVERY)
    comes = max(last + every, now) if last is not None else now + every
    return shipping.next_instructions(shop, comes)


def _last_moment(
    shop: Shop,
    row: Row[Any],
    mine: list[Row[Any]],
    there: dict[int, datetime],
    next_relay: datetime,
    now: datetime,
) -> tuple[datetime | None, str]:
    """Before the hand-over: the next pass of the relay. After it: the warehouse's closing time of that day."""
    if row.verdict not in UNSETTLED:
        return None, ""
    handed = [there[slip.id] for slip in mine if slip.id in there]
    if not handed:
        return next_relay, "relay"
    days = shop.shipping_days
    day = min(shipping.ship_on(days, at) for at in handed)
    closes_at = at_jst(day, days.cutoff.hour, days.cutoff.minute)
    return (closes_at, "cut_off") if closes_at > now else (None, "warehouse")


class StopPlan(Struct, frozen=True, kw_only=True):
    """What a request would do: for each slip who would be asked. `answer`: the code of what it would be told."""

    number: str
    state: str
    would_be_done: bool
    answer: str
    facts: dict[str, str]  # of that answer
    asks: tuple[tuple[str, str], ...]  # party and slip number
    cart: bool  # the order lives in the cart: it is still to be cancelled there
    cart_by_us: bool  # by this program once it was stopped, instead of by a person


def stop_plan(connection: Connection, shop: Shop, number: str) -> StopPlan | None:
    """Asked of the ledger alone; nothing is written and nobody is asked."""
    row = stops_by_hand.named(connection, shop.key, number)
    if isinstance(row, Answer) and row.code == "unknown":
        return None
    answer = row if isinstance(row, Answer) else stops_by_hand.foreseen(connection, shop, row)
    state = "" if isinstance(row, Answer) else row.state
    told: dict[str, Any] = {"number": answer.facts["number"], "state": state, "facts": answer.facts}
    told |= {"would_be_done": answer.done, "answer": answer.code}
    if isinstance(row, Answer) or not answer.done:
        return StopPlan(**told, asks=(), cart=False, cart_by_us=False)
    mine = _slips(connection, shop.key, [row.id]).get(row.id, [])
    there = handed_over_at(connection, [slip.id for slip in mine])
    asks = [(stop_answers.WAREHOUSE, slip.number) for slip in mine if slip.id in there]
    asks += [(stop_answers.NEXT_ENGINE, slip.number) for slip in mine if slip.state != SlipState.CANCELLED]
    return StopPlan(**told, asks=tuple(asks), cart=not row.cancelled, cart_by_us=shop.cancels_in_cart)
