"""By number (伝票番号から): the slips that a piece of a result file speaks of, with all that judging it needs.

The orders behind them are not read: results speak of slips, and decoding the orders costs more than all the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from connector.journey import SlipState
from connector.ledger import codec, holds, item_rows
from connector.ledger.database import among, pieces
from connector.ledger.schema import slips
from connector.outcome import Item
from connector.slip import Slip

_COLUMNS = [slips.c[name] for name in ("id", "number", "state", "since", "tries", "redos", "body")]
_STATES = {str(state): state for state in SlipState}


def slips_by_number(connection: Connection, shop: str, numbers: Iterable[str]) -> dict[str, Item[Slip]]:
    """These slips as items, wherever they stand."""
    rows: list[Any] = []
    for part in pieces(set(numbers)):
        query = select(*_COLUMNS).where(slips.c.shop == shop, among(connection, slips.c.number, part))
        rows += connection.execute(query).all()
    held = item_rows.held_by(connection, "slip", [row.id for row in rows])
    allowed = holds.let_pass(connection, "slip", rows)
    results = item_rows.results_of(connection, shop, [row.number for row in rows])
    found: dict[str, Item[Slip]] = {}
    for row in rows:
        id_, number, state, since, tries, redos, body = row
        found[number] = Item(
            id=id_,
            noun=codec.slip(body),
            state=_STATES[state],
            since=since,
            tries=tries,
            redos=redos,
            held=held.get(id_, ()),
            allowed=allowed.get(id_, ()),
            shipments=results.get(number, ()),
        )
    return found
