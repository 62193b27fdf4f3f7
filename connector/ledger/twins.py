"""Twins (同じ分の受注): living orders for the same round, or tied as made again, that one must not ship beside.

Who goes first: whoever is further along the line; at the same place the older one, unless its payment is refused. A
person who releases the hold says that both are wanted, and is not asked again (none ships twice, features.md B10).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select

from connector.journey import ORDER_LINE, OrderState, SlipState
from connector.ledger import codec, links
from connector.ledger.database import pieces
from connector.ledger.effects import AGAIN
from connector.ledger.schema import effect_items, effects, holds, order_slips, orders, slips, stop_requests
from connector.ledger.schema_cart import order_links
from connector.order import one_delivery
from connector.outcome import EffectState, Reason

SEPARATOR = "、"  # between the numbers in a hold's words; whoever releases it releases these
NOT_STOPPED = (
    "open",
    "unknown",
    "too_late",
)  # verdicts of stop requests under which the goods go out, or may
_PLACE = {str(state): place for place, state in enumerate(ORDER_LINE)}
_ANNOUNCED = _PLACE[OrderState.NOTIFIED]
_mine, _other = orders.alias("mine"), orders.alias("other")


def ahead_of(connection: Connection, rows: Sequence[Row[Any]]) -> dict[int, tuple[str, ...]]:
    """For each of these orders that is not announced yet: the twins that go before it, by number."""
    waiting = {row.id: row for row in rows if row.state == OrderState.RECEIVED}
    found = among(connection, list(waiting))
    if not found:
        return {}
    everyone = waiting | {twin.id: twin for twins in found.values() for twin in twins}
    announced = _announced(connection, everyone)
    agreed = _agreed(connection, everyone.values())
    answer: dict[int, tuple[str, ...]] = {}
    for id_, twins in found.items():
        mine = waiting[id_]
        before = [
            twin.number
            for twin in twins
            if frozenset((mine.number, twin.number)) not in agreed and _goes_first(twin, mine, announced)
        ]
        if before:
            answer[id_] = tuple(before)
    return answer


def among(connection: Connection, ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """The living twins of each of these orders, oldest first; wherever they stand, whoever goes first."""
    found: dict[int, dict[int, Row[Any]]] = {}
    for part in pieces(ids):
        for mine_id, twin in (*_of_the_round(connection, part), *_tied(connection, part)):
            found.setdefault(mine_id, {})[twin.id] = twin
    return {
        mine_id: sorted(twins.values(), key=lambda row: (row.placed_at, row.id))
        for mine_id, twins in found.items()
    }


def _goes_first(twin: Row[Any], mine: Row[Any], announced: set[int]) -> bool:
    there, here = _place(twin, announced), _place(mine, announced)
    if there != here:
        return there > here
    older = (twin.placed_at, twin.id) < (mine.placed_at, mine.id)
    return older and twin.payment_state not in links.REFUSED


def _place(row: Row[Any], announced: set[int]) -> int:
    return max(_PLACE[row.state], _ANNOUNCED if row.id in announced else 0)


def _of_the_round(connection: Connection, ids: Sequence[int]) -> list[tuple[int, Row[Any]]]:
    query = (
        select(_mine.c.id.label("mine_id"), _mine.c.body.label("mine_body"), *_other.c)
        .join(
            _other,
            and_(
                _other.c.shop == _mine.c.shop,
                _other.c.subscription_id == _mine.c.subscription_id,
                _other.c.subscription_round == _mine.c.subscription_round,
            ),
        )
        .where(_mine.c.id.in_(ids), _other.c.cart_order_id != _mine.c.cart_order_id, _may_ship(_other))
    )
    found = []
    for row in connection.execute(query):
        mine, other = codec.order(row.mine_body), codec.order(row.body)
        if links.same_round(mine, other) and one_delivery(mine, other):
            found.append((row.mine_id, row))
    return found


def _tied(connection: Connection, ids: Sequence[int]) -> list[tuple[int, Row[Any]]]:
    found = []
    for mine, other in (
        (order_links.c.old_id, order_links.c.new_id),
        (order_links.c.new_id, order_links.c.old_id),
    ):
        query = (
            select(mine.label("mine_id"), *_other.c)
            .join(_other, _other.c.id == other)
            .where(mine.in_(ids), _may_ship(_other))
        )
        found += [(row.mine_id, row) for row in connection.execute(query)]
    return found


def _may_ship(table: Any) -> ColumnElement[bool]:
    """Its goods may still go out, or went: a cancel after the hand-over counts once the stop is proved."""
    not_stopped = select(stop_requests.c.id).where(
        stop_requests.c.order_id == table.c.id,
        stop_requests.c.verdict.in_(NOT_STOPPED),
    )
    return and_(
        table.c.left_out == "",
        table.c.state != str(OrderState.CANCELLED),
        or_(table.c.cancelled.is_(False), not_stopped.exists()),
    )


def _announced(connection: Connection, everyone: Iterable[int]) -> set[int]:
    """Orders that Next Engine knows of or may know of, although their row does not say so yet."""
    found: set[int] = set()
    for part in pieces(everyone):
        mailed = (
            select(effect_items.c.item_id)
            .join(effects, effects.c.id == effect_items.c.effect_id)
            .where(
                effect_items.c.item_id.in_(part),
                effects.c.stage == "notify",
                effects.c.state.not_in([*AGAIN, EffectState.REFUSED]),
            )
        )
        seen = (
            select(order_slips.c.order_id)
            .join(slips, slips.c.id == order_slips.c.slip_id)
            .where(order_slips.c.order_id.in_(part), slips.c.state != str(SlipState.CANCELLED))
        )
        found |= {*connection.scalars(mailed), *connection.scalars(seen)}
    return found


def _agreed(connection: Connection, everyone: Iterable[Row[Any]]) -> set[frozenset[str]]:
    """Pairs of numbers for which a person took the hold off: both are wanted."""
    number_of = {row.id: row.number for row in everyone}
    found: set[frozenset[str]] = set()
    for part in pieces(number_of):
        query = select(holds.c.item_id, holds.c.note).where(
            and_(holds.c.item == "order", holds.c.item_id.in_(part)),
            and_(holds.c.reason == Reason.DOUBLE_ROUND, holds.c.closed_at.is_not(None)),
            holds.c.closed_by != "connector",
        )
        for item_id, note in connection.execute(query):
            _, _, numbers = note.partition(" ")
            found |= {frozenset((number_of[item_id], one)) for one in numbers.split(SEPARATOR)}
    return found
