"""Late places (変更時の居場所): how far an order is gone with its slips, for the question what a change still reaches.

Read from the rows, never remembered. In doubt an order counts as further: what may lie over there cannot be recalled.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from connector.journey import SLIP_LINE, OrderState, SlipState
from connector.lateness import Place
from connector.ledger import stops, under_way
from connector.ledger.schema import order_slips, slips
from connector.shop import Mode, Shop

_OF_SLIP = {
    SlipState.INTAKE: Place.IN_INTAKE,
    SlipState.OPEN: Place.OPEN,
    SlipState.PRINT_READY: Place.PRINT_READY,
    SlipState.RELAYED: Place.RELAYED,
    SlipState.DISPATCHED: Place.DISPATCHED,
    SlipState.CONFIRMED: Place.CONFIRMED,
}
_OF_ORDER = {
    OrderState.RECEIVED: Place.RECEIVED,
    OrderState.NOTIFIED: Place.NOTIFIED,
    OrderState.IN_INTAKE: Place.IN_INTAKE,
    OrderState.IMPORTED: Place.OPEN,
    OrderState.SHIPPED: Place.SHIPPED,
    OrderState.COMPLETED: Place.COMPLETED,
}
_LINE = tuple(Place)


def place_of(connection: Connection, shop: Shop, row: Row[Any]) -> Place:
    """Where this row of `orders` stands; the furthest of what the order, its slips and open acts say."""
    state = OrderState(row.state)
    if state is OrderState.CANCELLED:
        return Place.LEFT if stops.asked(connection, row.id) else Place.RECEIVED
    if state in (OrderState.SHIPPED, OrderState.COMPLETED):
        return _OF_ORDER[state]
    tied = select(slips.c.id, slips.c.state).join(order_slips, order_slips.c.slip_id == slips.c.id)
    mine = dict(connection.execute(tied.where(order_slips.c.order_id == row.id)).all())
    found = {_OF_ORDER[state], *(_OF_SLIP[at] for at in map(SlipState, mine.values()) if at in SLIP_LINE)}
    if under_way.perhaps_there(connection, "relay", "wms_file", mine):
        found.add(Place.RELAYED)
    if state is OrderState.RECEIVED and under_way.any_for(connection, "notify", row.id):
        found.add(Place.NOTIFIED)
    furthest = max(found, key=_LINE.index)
    announced = furthest in (Place.NOTIFIED, Place.IN_INTAKE)
    return Place.IMPORTING if announced and _csv_is_away(connection, shop, row.id) else furthest


def _csv_is_away(connection: Connection, shop: Shop, order_id: int) -> bool:
    """A file with its row is being worked on, or somebody else builds it and we cannot know from what."""
    elsewhere = shop.mode("import_daily") is not Mode.ACT
    return elsewhere or bool(under_way.perhaps_there(connection, "import_daily", "ne_import", [order_id]))
