"""Stop cancels (出荷止めによる取消): whether a cancel that Next Engine shows is a stop's own doing, or news."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from connector.ledger import tied_goods
from connector.ledger.schema import effect_items, effects, order_slips, stop_requests
from connector.ledger.stops import BY_HAND, OPEN, STAGE, STOPPED, UNKNOWN
from connector.outcome import EffectState

EXPLAINS = (OPEN, UNKNOWN, STOPPED, BY_HAND)


def explained(connection: Connection, shop: str, slip_id: int, number: str) -> bool:
    """Whether a stop is why this slip is cancelled in Next Engine: we did it, or all whose goods lie in it are stopped.

    A stop that ended as too late explains no cancel that comes after it.
    """
    tied = select(order_slips.c.order_id).where(order_slips.c.slip_id == slip_id)
    order_ids = set(connection.scalars(tied))
    if _by_us(connection, order_ids, number):
        return True
    there = order_ids - {
        id_ for id_, _ in tied_goods.apart(connection, shop, [(id_, slip_id) for id_ in order_ids])
    }
    stopping = select(stop_requests.c.order_id).where(
        stop_requests.c.order_id.in_(there), stop_requests.c.verdict.in_(EXPLAINS)
    )
    return bool(there) and there == set(connection.scalars(stopping))


def _by_us(connection: Connection, order_ids: Iterable[int], number: str) -> bool:
    ours = (
        select(effects.c.facts)
        .join(effect_items, effect_items.c.effect_id == effects.c.id)
        .where(effects.c.stage == STAGE, effects.c.kind == "ne_cancel")
        .where(effect_items.c.item_id.in_(list(order_ids)), effects.c.state != EffectState.NOT_DONE)
    )
    return any(number in facts["slips"] for facts in connection.scalars(ours))
