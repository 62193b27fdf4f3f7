"""Slip ties (受注と伝票の結び付き): which orders a slip stands for, and what its coming or going means for them.

Many-to-many: Next Engine splits, bundles and copies. A slip belongs to the orders of its number, of its parents, and
of whatever was merged into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, insert, or_, select

from connector.journey import OrderState
from connector.ledger import holds, parcels, stops
from connector.ledger.database import pieces
from connector.ledger.history import Entry
from connector.ledger.schema import holds as hold_rows
from connector.ledger.schema import order_slips, orders, slips
from connector.outcome import Reason
from connector.slip import NEStatus, Slip

News = Sequence[tuple[int, Slip]]  # ledger id and picture


def tie(connection: Connection, shop: str, news: News) -> None:
    """Tie these slips to their orders; ties never go away."""
    owners = _owners(connection, shop, [slip.order_number for _, slip in news])
    own = {
        (owners[slip.order_number], slip_id): _how(slip)
        for slip_id, slip in news
        if slip.order_number in owners
    }
    _write(connection, own)
    further: dict[tuple[int, int], str] = {}
    for slip_id, slip in news:
        for parent in filter(None, (slip.split_from, slip.copied_from, slip.parcel_parent)):
            for order_id in _orders_of(connection, shop, parent):
                further[order_id, slip_id] = _how(slip)
        if slip.merged:
            target = (slips.c.shop == shop, slips.c.number == slip.merged_into)
            for target_id in list(connection.scalars(select(slips.c.id).where(*target))):
                for order_id in _orders_of(connection, shop, slip.number):
                    further[order_id, target_id] = "merged"
    _write(connection, further)
    _write(connection, _absorbed(connection, shop, news))


def _how(slip: Slip) -> str:
    return "split" if slip.split_from else "copied" if slip.copied_from else "own"


def _owners(connection: Connection, shop: str, numbers: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in pieces(dict.fromkeys(numbers)):
        query = select(orders.c.number, orders.c.id).where(orders.c.shop == shop, orders.c.number.in_(part))
        found |= dict(connection.execute(query).all())
    return found


def _absorbed(connection: Connection, shop: str, news: News) -> dict[tuple[int, int], str]:
    """Orders of slips that were merged into one of these before we knew it."""
    ids = {slip.number: slip_id for slip_id, slip in news}
    found: dict[tuple[int, int], str] = {}
    for part in pieces(ids):
        query = (
            select(order_slips.c.order_id, slips.c.merged_into)
            .join(slips, slips.c.id == order_slips.c.slip_id)
            .where(slips.c.shop == shop, slips.c.merged_into.in_(part))
        )
        for order_id, target in connection.execute(query):
            found[order_id, ids[target]] = "merged"
    return found


def _orders_of(connection: Connection, shop: str, slip_number: str) -> list[int]:
    query = (
        select(order_slips.c.order_id)
        .join(slips, slips.c.id == order_slips.c.slip_id)
        .where(slips.c.shop == shop, slips.c.number == slip_number)
    )
    return [int(id_) for id_ in connection.scalars(query)]


def _write(connection: Connection, wanted: dict[tuple[int, int], str]) -> None:
    known: set[tuple[int, int]] = set()
    for part in pieces({slip_id for _, slip_id in wanted}):
        query = select(order_slips.c.order_id, order_slips.c.slip_id)
        for order_id, slip_id in connection.execute(query.where(order_slips.c.slip_id.in_(part))):
            known.add((order_id, slip_id))
    rows = [
        {"order_id": order_id, "slip_id": slip_id, "how": how}
        for (order_id, slip_id), how in wanted.items()
        if (order_id, slip_id) not in known
    ]
    if rows:
        connection.execute(insert(order_slips), rows)


def consequences(connection: Connection, shop: str, stage: str, news: News, now: datetime) -> list[Entry]:
    """What the coming and going of these slips means for their orders."""
    entries: list[Entry] = []
    live = {slip_id: slip for slip_id, slip in news if slip.live}
    for slip_id in _of_concern(connection, list(live)):
        entries += _alive(connection, shop, slip_id, live[slip_id], now, stage)
    for slip_id, slip in news:
        if not slip.live:
            entries += _cancelled(connection, shop, slip_id, slip, now, stage)
    return entries


def _of_concern(connection: Connection, slip_ids: Sequence[int]) -> list[int]:
    """Slips tied to an order that had left, or that is held because it lost its last slip: the rare ones."""
    lost = and_(hold_rows.c.item == "order", hold_rows.c.item_id == orders.c.id)
    lost = and_(lost, hold_rows.c.closed_at.is_(None), hold_rows.c.reason == Reason.NE_CANCELLED)
    found: set[int] = set()
    for part in pieces(slip_ids):
        query = (
            select(order_slips.c.slip_id)
            .join(orders, orders.c.id == order_slips.c.order_id)
            .outerjoin(hold_rows, lost)
            .where(
                order_slips.c.slip_id.in_(part),
                or_(orders.c.state == OrderState.CANCELLED, hold_rows.c.id.is_not(None)),
            )
        )
        found |= set(connection.scalars(query))
    return sorted(found)


def _alive(
    connection: Connection, shop: str, slip_id: int, slip: Slip, now: datetime, stage: str
) -> list[Entry]:
    """A live slip answers the question of a cancelled one; for an order that had left, it is a late mail's."""
    entries: list[Entry] = []
    tied = select(orders).join(order_slips, order_slips.c.order_id == orders.c.id)
    for order in list(connection.execute(tied.where(order_slips.c.slip_id == slip_id))):
        entries += holds.take_off(
            connection,
            now,
            item="order",
            item_id=order.id,
            number=order.number,
            by="connector",
            why=f"伝票 {slip.number} があります",
            reasons=[Reason.NE_CANCELLED],
            stage=stage,
        )
        late = slip.status < NEStatus.OPEN and order.number == slip.order_number
        left = order.state == OrderState.CANCELLED and order.cancelled and not order.left_out
        why = f"slip {slip.number} appeared after the cancel"
        if late and left and stops.ask(connection, shop, order.id, why, now):
            asked = Entry(item="order", item_id=order.id, number=order.number, event="stop_asked", note=why)
            entries.append(asked)
    return entries


def _cancelled(
    connection: Connection, shop: str, slip_id: int, slip: Slip, now: datetime, stage: str
) -> list[Entry]:
    """An order whose last live slip was cancelled in NE by somebody: a person must say what is meant."""
    if slip.merged:
        return []
    entries: list[Entry] = []
    tied = select(orders).join(order_slips, order_slips.c.order_id == orders.c.id)
    for order in connection.execute(tied.where(order_slips.c.slip_id == slip_id)):
        left = order.left_out or order.state in (OrderState.COMPLETED, OrderState.CANCELLED)
        if left or stops.asked(connection, order.id):
            continue
        if _live_slips(connection, order.id):
            continue
        if ended := parcels.slip_gone(connection, order, stage, now):
            entries += ended
            continue
        entries += holds.pin(
            connection,
            shop,
            now,
            item="order",
            item_id=order.id,
            number=order.number,
            reason=Reason.NE_CANCELLED,
            note=f"伝票 {slip.number} がネクストエンジンで取り消されました。",
            stage=stage,
        )
    return entries


def _live_slips(connection: Connection, order_id: int) -> int:
    query = (
        select(slips.c.id)
        .join(order_slips, order_slips.c.slip_id == slips.c.id)
        .where(order_slips.c.order_id == order_id, slips.c.cancel_type == "0")
    )
    return len(list(connection.scalars(query)))
