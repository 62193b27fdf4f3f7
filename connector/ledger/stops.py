"""Stops (出荷止めの依頼): cancels seen after the hand-over and people's wishes, from the asking to the verdict.

An order has at most one request. It ends as stopped, as too late, as unknown, as settled by hand, or as withdrawn
where the cart took its cancel back. Dangerous is only one of these words: *stopped*. It is written here and nowhere
else, and only where the warehouse agreed about every slip it had. A later fact corrects an earlier verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, insert, or_, select, update

from connector.fate import Fate
from connector.journey import SlipState
from connector.ledger import due, item_rows, leaving, stop_answers, stop_cart, tied_goods
from connector.ledger import holds as hold_rows
from connector.ledger.effects import IN_DOUBT
from connector.ledger.history import Entry
from connector.ledger.schema import (
    effect_items,
    effects,
    holds,
    order_slips,
    orders,
    slips,
    stop_requests,
)
from connector.ledger.stop_news import labelled_at, told, told_since, with_set_aside
from connector.ledger.stop_places import handed_over_at
from connector.ledger.storable import plain
from connector.ledger.under_way import open_of
from connector.order import Order
from connector.outcome import EffectState, Item, Reason

OPEN, STOPPED, TOO_LATE, WITHDRAWN = "open", "stopped", "too_late", "withdrawn"
UNKNOWN, BY_HAND = "unknown", "by_hand"
UNSETTLED = (OPEN, UNKNOWN)
EARLY = (SlipState.INTAKE, SlipState.OPEN, SlipState.PRINT_READY)
STAGE = "stop"
BUNDLED = Reason.CHANGED_AFTER_HANDOVER  # as this stage pins it: another order's goods lie in the same slip
OVER = {
    TOO_LATE: (Reason.CANNOT_TELL, Reason.CHANGED_AFTER_HANDOVER),
    UNKNOWN: (Reason.CANCELLED_TOO_LATE,),
    STOPPED: (Reason.CANNOT_TELL, Reason.CANCELLED_TOO_LATE, Reason.CHANGED_AFTER_HANDOVER),
    BY_HAND: (Reason.CANNOT_TELL, Reason.CANCELLED_TOO_LATE, Reason.CHANGED_AFTER_HANDOVER),
    WITHDRAWN: (
        *(Reason.CANNOT_TELL, Reason.CANCELLED_TOO_LATE, Reason.CHANGED_AFTER_HANDOVER),
        *(Reason.REFUSED, Reason.TOO_MANY_TRIES),
    ),
}  # holds of this stage that are no question any more under such a verdict


def ask(
    connection: Connection, shop: str, order_id: int, why: str, now: datetime, by: str | None = None
) -> bool:
    """Open a request; False where one is unsettled already. `by`: the person who wishes it; none: the cart."""
    known = connection.execute(select(stop_requests).where(stop_requests.c.order_id == order_id)).first()
    if known is not None and known.verdict in UNSETTLED:
        return False
    fresh = {"asked_at": now, "why": why, "asked_by": by}
    fresh |= {"verdict": OPEN, "verdict_at": None, "words": ""}
    if known is None:
        connection.execute(insert(stop_requests), [{"shop": shop, "order_id": order_id} | fresh])
    else:
        connection.execute(update(stop_requests).where(stop_requests.c.id == known.id).values(**fresh))
    return True


def join(connection: Connection, order_id: int, why: str, by: str) -> bool:
    """Put a person's wish on the unsettled request of the cart; False where there is none, or it is a person's.

    Safe to repeat. Both reasons stay, one a line: from here on the cart can no longer withdraw it.
    """
    here = and_(stop_requests.c.order_id == order_id, stop_requests.c.verdict.in_(UNSETTLED))
    theirs = and_(here, stop_requests.c.asked_by.is_(None))
    both = stop_requests.c.why + f"\n{plain(why)}"
    joined = connection.execute(update(stop_requests).where(theirs).values(asked_by=by, why=both))
    return joined.rowcount == 1


def withdraw(
    connection: Connection, order_id: int, number: str, why: str, now: datetime
) -> list[Entry] | None:
    """The cart took its cancel back: its unsettled request ends, with what this stage held the order for.

    None where there is nothing to withdraw, so repeating is safe; what a person wished the cart cannot withdraw.
    """
    here = and_(stop_requests.c.order_id == order_id, stop_requests.c.verdict.in_(UNSETTLED))
    theirs = and_(here, stop_requests.c.asked_by.is_(None))
    ended = {"verdict": WITHDRAWN, "verdict_at": now, "words": plain(why)}
    if connection.execute(update(stop_requests).where(theirs).values(**ended)).rowcount == 0:
        return None
    return _clear(connection, order_id, number, OVER[WITHDRAWN], why, now)


def conclude(
    connection: Connection, order_id: int, number: str, verdict: str, words: str, now: datetime
) -> list[Entry]:
    """Write the verdict; *stopped* only where it is proved. A correction of an earlier one is said aloud."""
    row = connection.execute(select(stop_requests).where(stop_requests.c.order_id == order_id)).first()
    if row is None or row.verdict == WITHDRAWN:
        return []
    if verdict == STOPPED:
        verdict = _proved(connection, row.shop, order_id, now)
    values = {"verdict": verdict, "verdict_at": now, "words": plain(words)}
    connection.execute(update(stop_requests).where(stop_requests.c.id == row.id).values(**values))
    facts = {"verdict": verdict}
    here: dict[str, Any] = {"item": "order", "item_id": order_id, "number": number, "stage": STAGE}
    entries = [Entry(**here, event="stop_ended", note=words, facts=facts)] if row.verdict == OPEN else []
    if row.verdict not in (OPEN, verdict):
        entries = [Entry(**here, event="stop_corrected", note=words, facts=facts | {"was": row.verdict})]
    return entries + _clear(connection, order_id, number, OVER.get(verdict, ()), words, now)


def _proved(connection: Connection, shop: str, order_id: int, now: datetime) -> str:
    """STOPPED where the warehouse agreed about all it had; BY_HAND where a person was told so; else UNKNOWN."""
    tied = select(slips.c.id, slips.c.number).join(order_slips, order_slips.c.slip_id == slips.c.id)
    mine = dict(connection.execute(tied.where(order_slips.c.order_id == order_id)).all())
    gone = tied_goods.apart(connection, shop, [(order_id, id_) for id_ in _shared(connection, order_id)])
    mine = {id_: number for id_, number in mine.items() if (order_id, id_) not in gone}
    there = handed_over_at(connection, mine)
    labelled = labelled_at(connection, shop, mine.values())
    said = _last_words(stop_answers.of_orders(connection, [order_id]).get(order_id, ()))
    verdict = STOPPED
    for id_, number in mine.items():
        last = said.get(number)
        if id_ not in there and (last is None or last.answer == stop_answers.NEVER_HAD):
            about = (order_id, stop_answers.WAREHOUSE, number, stop_answers.NEVER_HAD)
            stop_answers.write(connection, *about, "倉庫には渡していません", now)
            continue
        since = max(filter(None, (there.get(id_), labelled.get(number))), default=None)
        agreed = last is not None and last.answer == stop_answers.AGREED and (not since or last.at >= since)
        fate_of_it = told(connection, shop, number)
        if fate_of_it is Fate.LEFT or not (agreed or fate_of_it is Fate.CANCELLED):
            return UNKNOWN
        if last is not None and last.by and agreed:
            verdict = BY_HAND
    return verdict


def _shared(connection: Connection, order_id: int) -> list[int]:
    query = select(order_slips.c.slip_id).where(order_slips.c.order_id == order_id, tied_goods.shared())
    return list(connection.scalars(query))


def _last_words(rows: Iterable[Row[Any]]) -> dict[str, Row[Any]]:
    return {row.slip_number: row for row in rows if row.party == stop_answers.WAREHOUSE}


def _clear(
    connection: Connection, order_id: int, number: str, reasons: Sequence[Reason], why: str, now: datetime
) -> list[Entry]:
    query = select(holds.c.reason).where(
        and_(holds.c.item == "order", holds.c.item_id == order_id, holds.c.closed_at.is_(None)),
        and_(holds.c.stage == STAGE, holds.c.reason.in_([str(reason) for reason in reasons])),
    )
    over = [Reason(reason) for reason in connection.scalars(query)]
    if not over:
        return []
    here: dict[str, Any] = {"item": "order", "item_id": order_id, "number": number, "stage": STAGE}
    return hold_rows.take_off(connection, now, **here, by="connector", why=why, reasons=over)


def cart_shows(connection: Connection, order_id: int, number: str, now: datetime) -> list[Entry]:
    """The cart shows the cancel: what of it we could not do there ourselves is nobody's work any more."""
    why = "カートで取り消されました"
    return _clear(connection, order_id, number, (Reason.REFUSED, Reason.TOO_MANY_TRIES), why, now)


def asked(connection: Connection, order_id: int) -> bool:
    """Whether a stop was ever asked for this order and not taken back."""
    here = (stop_requests.c.order_id == order_id, stop_requests.c.verdict != WITHDRAWN)
    return connection.scalar(select(stop_requests.c.id).where(*here)) is not None


def ask_anew(connection: Connection, shop: str, order_id: int, why: str, now: datetime) -> bool:
    """Something of an order that had left lives after all: asked again, for whoever wished it first."""
    query = select(stop_requests.c.asked_by).where(stop_requests.c.order_id == order_id)
    return ask(connection, shop, order_id, why, now, connection.scalar(query))


def orders_to_stop(
    connection: Connection, shop: str, stage: str, now: datetime, *, cart_too: bool = False
) -> list[Item[Order]]:
    """Orders with an open request, wherever they stand, and ended ones that the warehouse told a result of since.

    `cart_too`: and stopped ones that we are to cancel in the cart now; they carry `cart_leg`.

    Not while their mail or their instruction file is in doubt: what is not known to be there cannot be stopped.
    """
    held = exists().where(
        and_(holds.c.item == "order", holds.c.item_id == orders.c.id, holds.c.stage == stage),
        and_(holds.c.closed_at.is_(None), leaving.blocking()),
    )
    parted = orders.c.id.in_(_parted(connection, shop, stage))
    waits = and_(
        stop_requests.c.verdict == OPEN,
        or_(orders.c.next_at.is_(None), orders.c.next_at <= now),
        # News opened it again, or its goods went out meanwhile: the hold is of the time before.
        or_(~held, stop_requests.c.verdict_at.is_not(None), told_since(stop_requests.c.asked_at), parted),
    )
    corrected = and_(stop_requests.c.verdict.in_(stop_answers.ENDED), told_since(stop_requests.c.verdict_at))
    query = (
        select(orders, stop_requests.c.asked_at)
        .join(stop_requests, stop_requests.c.order_id == orders.c.id)
        .where(
            and_(orders.c.shop == shop, or_(waits, corrected)),
            and_(~open_of(stage, orders.c.id, states=IN_DOUBT), ~_file_in_doubt()),
            ~open_of("notify", orders.c.id, states=IN_DOUBT),
        )
        .order_by(orders.c.next_at.nulls_first(), orders.c.id)
        .limit(due.BATCH)
    )
    rows = list(connection.execute(query))
    asked_at = {row.id: row.asked_at for row in rows}
    done = _done(connection, stage, asked_at)
    items = [
        replace(item, done=done.get(item.id, ()), stop_asked_at=asked_at[item.id])
        for item in _with_bundles(connection, shop, item_rows.order_items(connection, rows))
    ]
    if cart_too:
        items += _owed_to_the_cart(connection, shop, stage, now)
    return _with_the_warehouse(connection, shop, with_set_aside(connection, shop, items))


def _with_bundles(connection: Connection, shop: str, items: list[Item[Order]]) -> list[Item[Order]]:
    """With whose goods lie beside theirs, and without the slips in which theirs lie no more."""
    found = tied_goods.bundles(connection, shop, [item.id for item in items])
    return [
        replace(
            item,
            slips=tuple(
                (slip, state) for slip, state in item.slips if slip.number not in found[item.id].apart
            ),
            shares=tuple(found[item.id].shares),
            apart=tuple(found[item.id].apart),
        )
        if item.id in found
        else item
        for item in items
    ]


def _parted(connection: Connection, shop: str, stage: str) -> list[int]:
    """Orders that are held only because they were bundled, and whose goods a person has taken apart since."""
    query = (
        select(holds.c.item_id, func.min(holds.c.reason), func.max(holds.c.reason))
        .join(stop_requests, stop_requests.c.order_id == holds.c.item_id)
        .where(
            and_(stop_requests.c.shop == shop, stop_requests.c.verdict == OPEN),
            and_(holds.c.item == "order", holds.c.stage == stage, holds.c.closed_at.is_(None)),
        )
        .group_by(holds.c.item_id)
    )
    held = [id_ for id_, *reasons in connection.execute(query) if set(reasons) == {BUNDLED}]
    found = tied_goods.bundles(connection, shop, held)
    return [id_ for id_ in held if not (id_ in found and found[id_].shares)]


def _owed_to_the_cart(connection: Connection, shop: str, stage: str, now: datetime) -> list[Item[Order]]:
    news = told_since(stop_requests.c.verdict_at)
    rows = stop_cart.owed(connection, shop, stage, now, told_since=news)
    legs = {row.id: stop_cart.request_of(row.asked_at) for row in rows}
    return [replace(item, cart_leg=legs[item.id]) for item in item_rows.order_items(connection, rows)]


@cache
def _file_in_doubt() -> ColumnElement[bool]:
    tied = order_slips.c.order_id == orders.c.id
    in_doubt = open_of("relay", order_slips.c.slip_id, states=IN_DOUBT)
    return exists().where(tied, in_doubt).correlate(orders)


def _done(connection: Connection, stage: str, asked_at: dict[int, datetime]) -> dict[int, tuple[str, ...]]:
    """Kinds of effects that were done for an order since its stop was asked for."""
    query = (
        select(effect_items.c.item_id, effects.c.kind, effects.c.started_at)
        .join(effects, effects.c.id == effect_items.c.effect_id)
        .where(
            effects.c.stage == stage,
            effects.c.state == EffectState.DONE,
            effect_items.c.item_id.in_(list(asked_at)),
        )
    )
    return item_rows.grouped(
        (id_, kind) for id_, kind, at in connection.execute(query) if at >= asked_at[id_]
    )


def _with_the_warehouse(connection: Connection, shop: str, items: list[Item[Order]]) -> list[Item[Order]]:
    """Each slip that the warehouse has or may have counts as relayed, and what was answered about it since."""
    numbers = [slip.number for item in items for slip, _ in item.slips]
    query = select(slips.c.number, slips.c.id).where(slips.c.shop == shop, slips.c.number.in_(numbers))
    ids = dict(connection.execute(query).all())
    there = handed_over_at(connection, ids.values())
    since = {number: there[id_] for number, id_ in ids.items() if id_ in there}
    labelled = labelled_at(connection, shop, ids)
    said = stop_answers.of_orders(connection, [item.id for item in items])
    return [
        replace(
            item,
            slips=tuple((slip, _place(slip.number in since, state)) for slip, state in item.slips),
            answers=tuple(
                (row.party, row.slip_number, row.answer, row.words, row.by)
                for row in _that_count(said.get(item.id, ()), since, labelled)
            ),
        )
        for item in items
    ]


def _that_count(
    rows: Sequence[Row[Any]], handed_over: Mapping[str, datetime], labelled: Mapping[str, datetime]
) -> list[Row[Any]]:
    """Answers about slips as they lie there now, given since the hand-over; agreed before a label came is old."""
    agreed = {row.slip_number: row.at for row in rows if row.answer == stop_answers.AGREED}
    since = dict(handed_over)
    for number in agreed.keys() & labelled.keys():
        if agreed[number] < labelled[number]:
            since[number] = max(labelled[number], since.get(number, labelled[number]))
    return [row for row in rows if row.at >= since.get(row.slip_number, row.at)]


def _place(there: bool, state: SlipState) -> SlipState:
    return SlipState.RELAYED if there and state in (*EARLY, SlipState.CANCELLED) else state
