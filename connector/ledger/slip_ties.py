"""Slip ties (受注と伝票の結び付き): which orders a slip stands for, and what its coming or going means for them.

Many-to-many: Next Engine splits, bundles and copies. A slip belongs to the orders of its number, of its parents, and
of whatever was merged into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, insert, or_, select

from connector.journey import OrderState
from connector.ledger import codec, holds, parcels, slip_family, stops
from connector.ledger.database import pieces
from connector.ledger.history import Entry
from connector.ledger.schema import holds as hold_rows
from connector.ledger.schema import order_slips, orders, slips
from connector.outcome import Reason
from connector.slip import NOT_CANCELLED, NEStatus, Slip

News = Sequence[tuple[int, Slip]]  # ledger id and picture


def tie(connection: Connection, shop: str, news: News) -> None:
    """Tie these slips to their orders; ties never go away."""
    owners = _owners(connection, shop, [slip.order_number for _, slip in news])
    own = {
        (owners[slip.order_number], slip_id): slip_family.how(slip)
        for slip_id, slip in news
        if slip.order_number in owners
    }
    _write(connection, own)
    linked = {slip.number for _, slip in news if slip.merged or slip_family.parents(slip)}
    follow(connection, shop, linked | _targets(connection, shop, [slip.number for _, slip in news]))


def follow(connection: Connection, shop: str, numbers: Iterable[str]) -> None:
    """Carry the orders of these slips along every link of their families, whichever was seen first."""
    found = slip_family.family(connection, shop, numbers)
    ids = {number: slip_id for number, (slip_id, _) in found.items()}
    known = slip_family.ties(connection, {slip_id: number for number, slip_id in ids.items()})
    reached = slip_family.reach({number: slip for number, (_, slip) in found.items()}, known)
    _write(connection, {(order_id, ids[number]): how for (order_id, number), how in reached.items()})


def order_came(connection: Connection, shop: str, numbers: Iterable[str]) -> None:
    """Orders that the cart showed after their slips had been split or bundled already."""
    found: set[str] = set()
    for part in pieces(dict.fromkeys(numbers)):
        query = select(slips.c.number, slips.c.body).where(
            slips.c.shop == shop, slips.c.order_number.in_(part)
        )
        found |= {
            number
            for number, body in connection.execute(query)
            if (slip := codec.slip(body)).merged or slip_family.parents(slip)
        }
    follow(connection, shop, found)


def _owners(connection: Connection, shop: str, numbers: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in pieces(dict.fromkeys(numbers)):
        query = select(orders.c.number, orders.c.id).where(orders.c.shop == shop, orders.c.number.in_(part))
        found |= dict(connection.execute(query).all())
    return found


def _targets(connection: Connection, shop: str, numbers: Iterable[str]) -> set[str]:
    """Which of these something was merged into."""
    found: set[str] = set()
    for part in pieces(numbers):
        query = select(slips.c.merged_into).where(slips.c.shop == shop, slips.c.merged_into.in_(part))
        found |= set(connection.scalars(query.distinct()))
    return found


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
        stopped = stops.asked(connection, order.id)
        late = (slip.status < NEStatus.OPEN or stopped) and order.number == slip.order_number
        left = order.state == OrderState.CANCELLED and (order.cancelled or stopped) and not order.left_out
        why = f"slip {slip.number} appeared after the cancel"
        if late and left and stops.ask_anew(connection, shop, order.id, why, now):
            asked = Entry(item="order", item_id=order.id, number=order.number, event="stop_asked", note=why)
            entries.append(asked)
    return entries


def _cancelled(
    connection: Connection, shop: str, slip_id: int, slip: Slip, now: datetime, stage: str
) -> list[Entry]:
    """An order whose last live slip was cancelled in NE by somebody: a person must say what is meant."""
    if slip.merged and not _ended(connection, shop, slip.merged_into):
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
            note=_gone(slip),
            stage=stage,
        )
    return entries


def _ended(connection: Connection, shop: str, number: str) -> bool:
    """Whether the slip that took another one in is known, and is itself no more; through every link."""
    passed: set[str] = set()
    while number not in passed:
        passed.add(number)
        here = (slips.c.shop == shop, slips.c.number == number)
        row = connection.execute(select(slips.c.cancel_type, slips.c.merged_into).where(*here)).first()
        if row is None or row.cancel_type == NOT_CANCELLED:
            return False
        if not row.merged_into:
            return True
        number = row.merged_into
    return True


def _gone(slip: Slip) -> str:
    if slip.merged:
        return f"伝票 {slip.number} は伝票 {slip.merged_into} に同梱され、その伝票も取り消されています。"
    return f"伝票 {slip.number} がネクストエンジンで取り消されました。"


def _live_slips(connection: Connection, order_id: int) -> int:
    query = (
        select(slips.c.id)
        .join(order_slips, order_slips.c.slip_id == slips.c.id)
        .where(order_slips.c.order_id == order_id, slips.c.cancel_type == NOT_CANCELLED)
    )
    return len(list(connection.scalars(query)))
