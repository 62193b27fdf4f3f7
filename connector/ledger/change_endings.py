"""Change endings (変更の決着): open changes judged anew by where their orders stand, and by what Next Engine shows.

Nothing here is remembered: a pass that was lost costs time, never a parcel. Dangerous: a change ends as "shown" only
by a picture read after it, of every live slip of the order, before the warehouse has any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, func, select, update

from connector.journey import OrderState, SlipState
from connector.lateness import LATENESS, Kind, Place
from connector.ledger import codec, under_way
from connector.ledger.changes import GONE, STAGE, US, end, voice, voiced
from connector.ledger.database import pieces
from connector.ledger.effects import AGAIN
from connector.ledger.history import Entry, append
from connector.ledger.late_places import place_of
from connector.ledger.open_changes import open_by_hand
from connector.ledger.schema import effect_items, effects, order_slips, orders, slips, stop_requests
from connector.ledger.schema_cart import changes
from connector.ledger.shown import shows
from connector.ledger.stops import TOO_LATE
from connector.order import Order
from connector.outcome import EffectState
from connector.shop import Shop
from connector.slip import Slip

STILL_OURS = (SlipState.OPEN, SlipState.PRINT_READY)  # Next Engine's slip decides what ships
GONE_OUT = (Place.DISPATCHED, Place.CONFIRMED, Place.SHIPPED, Place.COMPLETED)
LOOK_BACK = timedelta(days=7)  # how long a change that was to travel with the CSV is checked against it
NO_CSV = (*GONE, "revived", "payment_state")  # fields that do not travel with the CSV


def judge(connection: Connection, shop: Shop, now: datetime) -> list[str]:
    """Every open change anew; returns the slips that must be read, with rows, for an answer."""
    entries = _stops_too_late(connection, shop, now) + _not_carried(connection, shop, now)
    waiting = _open_rows(connection, shop.key)
    live, told = _live(connection, waiting), voiced(connection, shop.key)
    to_read: dict[str, None] = {}
    for row in _orders(connection, waiting):
        place = place_of(connection, shop, row)
        order = codec.order(row.body)
        news = _judged(connection, row, order, waiting[row.id], place, now)
        entries += news or []
        if news is not None or row.id not in told:
            entries += voice(connection, shop.key, row.id, order, place, now)
        if place in (Place.OPEN, Place.PRINT_READY):
            to_read |= dict.fromkeys(slip.number for slip in live.get(row.id, ()))
    append(connection, shop.key, now, entries)
    return list(to_read)


def _judged(
    connection: Connection,
    row: Row[Any],
    order: Order,
    rows: Sequence[Row[Any]],
    place: Place,
    now: datetime,
) -> list[Entry] | None:
    """What became of the changes of one order; None where they stand as they stood."""
    entries: list[Entry] = []
    gone = order.cancelled or order.deleted
    if not gone and all((one.kind, one.place) == (_kind_now(one.field, place), place) for one in rows):
        return None
    for one in rows:
        kind = _kind_now(one.field, place)
        if gone or kind is Kind.BY_ITSELF:
            left = gone or place is Place.LEFT
            why = "受注は取り消されました" if left else "これから作る受注CSVに新しい内容が入ります"
            entries += end(connection, row.number, [one], why, now)
        elif (one.kind, one.place) != (kind, place):
            connection.execute(
                update(changes).where(changes.c.id == one.id).values(kind=str(kind), place=str(place))
            )
            if kind is Kind.TOO_LATE:
                entries.append(_said(row, "change_too_late", one.field))
    return entries


def _kind_now(field: str, place: Place) -> Kind:
    """What an open change has become: it was wished for before the parcel left, however far that is by now."""
    if field == "revived":
        return Kind.BY_HAND
    return LATENESS[field, Place.DISPATCHED if place in GONE_OUT else place]


def _stops_too_late(connection: Connection, shop: Shop, now: datetime) -> list[Entry]:
    """A cancel that was passed on in time and answered too late: goods and money are a person's matter now."""
    asked = select(changes.c.id.label("change_id"), changes.c.field, orders).join(
        orders, orders.c.id == changes.c.order_id
    )
    late = asked.join(stop_requests, stop_requests.c.order_id == orders.c.id).where(
        and_(stop_requests.c.shop == shop.key, stop_requests.c.verdict == TOO_LATE),
        and_(stop_requests.c.verdict_at >= changes.c.at, changes.c.kind == Kind.BY_ITSELF),
        changes.c.field.in_([*GONE, "payment_state"]),
    )
    entries = []
    for row in list(connection.execute(late)):
        order = codec.order(row.body)
        if not (order.cancelled or order.deleted or order.payment.refused):
            continue  # the cart took it back since
        if row.field == "payment_state" and (order.cancelled or order.deleted):
            continue  # its void came with the cancel, whose own row asks for the refund
        place = place_of(connection, shop, row)
        _open_again(connection, row.change_id, Kind.TOO_LATE, place)
        entries.append(_said(row, "change_too_late", row.field))
    return entries


def _not_carried(connection: Connection, shop: Shop, now: datetime) -> list[Entry]:
    """Changes that were to travel with the CSV, of orders that came past 新規受付 without one of ours."""
    carried = exists().where(
        and_(effect_items.c.effect_id == effects.c.id, effect_items.c.item_id == orders.c.id),
        and_(effects.c.stage == "import_daily", effects.c.started_at >= changes.c.at),
        effects.c.state.not_in([*AGAIN, EffectState.REFUSED]),
    )
    missed = (
        select(changes.c.id.label("change_id"), changes.c.field, orders)
        .join(orders, orders.c.id == changes.c.order_id)
        .where(
            and_(changes.c.shop == shop.key, changes.c.closed_at >= now - LOOK_BACK),
            and_(changes.c.kind == Kind.BY_ITSELF, changes.c.closed_by == US),
            changes.c.place.in_([Place.NOTIFIED, Place.IN_INTAKE]),
            changes.c.field.not_in(NO_CSV),
            and_(orders.c.state == OrderState.IMPORTED, ~carried),
        )
    )
    entries = []
    for row in list(connection.execute(missed)):
        _open_again(connection, row.change_id, Kind.BY_HAND, place_of(connection, shop, row))
        note = f"{row.field}: 受注CSVを通らずに起票されました"
        entries.append(_said(row, "late_change", note))
    return entries


def _open_again(connection: Connection, change_id: int, kind: Kind, place: Place) -> None:
    fresh = {"kind": str(kind), "place": str(place), "closed_at": None, "closed_by": "", "close_note": ""}
    connection.execute(update(changes).where(changes.c.id == change_id).values(**fresh))


# --- what Next Engine shows -------------------------------------------------------------------------------------


def shown(connection: Connection, shop: str, seen: Sequence[tuple[int, Slip]], now: datetime) -> list[Entry]:
    """Close what these pictures of slips, read just now, answer. Costs one look where nothing is open."""
    waiting = _open_rows(connection, shop)
    if not waiting:
        return []
    pictures = dict(seen)
    live = _live(connection, waiting.keys() & _owners(connection, pictures))
    whole = {order_id for order_id, mine in live.items() if all(one.id in pictures for one in mine)}
    entries: list[Entry] = []
    for row in _orders(connection, whole):
        mine = live[row.id]
        entries += _answered(connection, row, waiting[row.id], mine, [pictures[one.id] for one in mine], now)
    return entries


def _answered(
    connection: Connection,
    row: Row[Any],
    rows: Sequence[Row[Any]],
    live: Sequence[Row[Any]],
    slips_seen: Sequence[Slip],
    now: datetime,
) -> list[Entry]:
    """The open changes of one order that all its live slips show, while these still decide what ships."""
    if any(SlipState(one.state) not in STILL_OURS for one in live):
        return []
    order: Order = codec.order(row.body)
    done = [one for one in rows if shows(one.field, order, slips_seen, shared=False)]
    if not done:
        return []
    ids = [one.id for one in live]
    if under_way.perhaps_there(connection, "relay", "wms_file", ids):
        return []
    if _shared(connection, ids):
        done = [one for one in done if shows(one.field, order, slips_seen, shared=True)]
    numbers = "・".join(slip.number for slip in slips_seen)
    entries = end(connection, row.number, done, f"伝票 {numbers} が新しい内容です", now)
    return entries + voice(connection, row.shop, row.id, order, Place.OPEN, now)


# --- rows, many at once -----------------------------------------------------------------------------------------


def _open_rows(connection: Connection, shop: str) -> dict[int, list[Row[Any]]]:
    """Open changes by order, oldest first."""
    query = select(changes).where(changes.c.shop == shop, open_by_hand()).order_by(changes.c.id)
    found: dict[int, list[Row[Any]]] = {}
    for row in connection.execute(query):
        found.setdefault(row.order_id, []).append(row)
    return found


def _orders(connection: Connection, ids: Iterable[int]) -> Iterator[Row[Any]]:
    for part in pieces(sorted(ids)):
        yield from list(connection.execute(select(orders).where(orders.c.id.in_(part)).order_by(orders.c.id)))


def _owners(connection: Connection, slip_ids: Iterable[int]) -> set[int]:
    found: set[int] = set()
    for part in pieces(slip_ids):
        tied = select(order_slips.c.order_id).where(order_slips.c.slip_id.in_(part))
        found |= set(connection.scalars(tied))
    return found


def _live(connection: Connection, order_ids: Iterable[int]) -> dict[int, list[Row[Any]]]:
    """Id, number and place of the live slips of these orders."""
    query = select(order_slips.c.order_id, slips.c.id, slips.c.number, slips.c.state).join(
        slips, slips.c.id == order_slips.c.slip_id
    )
    found: dict[int, list[Any]] = {}
    for part in pieces(sorted(order_ids)):
        mine = query.where(order_slips.c.order_id.in_(part), slips.c.state != SlipState.CANCELLED)
        for row in connection.execute(mine.order_by(slips.c.id)):
            found.setdefault(row.order_id, []).append(row)
    return found


def _shared(connection: Connection, slip_ids: Sequence[int]) -> bool:
    """Whether another order's goods lie in one of these slips (同梱)."""
    owners = (
        select(func.count(order_slips.c.order_id))
        .where(order_slips.c.slip_id.in_(slip_ids))
        .group_by(order_slips.c.slip_id)
    )
    return any(count > 1 for count in connection.scalars(owners))


def _said(row: Row[Any], event: str, note: str) -> Entry:
    return Entry(item="order", item_id=row.id, number=row.number, event=event, stage=STAGE, note=note)
