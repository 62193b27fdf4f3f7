"""Stop places (倉庫にある伝票): which slips the warehouse has or may have, and since when.

Dangerous: a slip that was cancelled in Next Engine after the hand-over still lies over there. The history decides,
not the slip's present place; and a file that lies there unanswered, or whose fate nobody knows, counts as taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, func, select

from connector.journey import SlipState
from connector.ledger import under_way
from connector.ledger.database import pieces
from connector.ledger.schema import effect_items, effects, history, holds, slips
from connector.outcome import EffectState, Reason
from connector.slip import NEStatus


def handed_over_at(connection: Connection, slip_ids: Iterable[int]) -> dict[int, datetime]:
    """Since when the warehouse has these slips, or may have them; the others were provably never handed over."""
    wanted = list(slip_ids)
    there: dict[int, datetime] = {}
    if not wanted:  # every pass asks, and mostly about nobody
        return there
    for part in pieces(wanted):
        moved = select(history.c.item_id, func.max(history.c.at)).where(
            and_(history.c.item == "slip", history.c.item_id.in_(part)),
            and_(history.c.event == "moved", history.c.to_state == SlipState.RELAYED),
        )
        there |= dict(connection.execute(moved.group_by(history.c.item_id)).all())
    printed = _printed_by_others(connection, [id_ for id_ in wanted if id_ not in there])
    unclear = under_way.perhaps_there(connection, "relay", "wms_file", wanted) | left_out(connection, wanted)
    # The file counts from its sending: an answer about it may come before the receipt.
    for part in pieces(unclear | set(there)):
        sent = (
            select(effect_items.c.item_id, func.max(effects.c.started_at))
            .join(effects, effects.c.id == effect_items.c.effect_id)
            .where(effects.c.stage == "relay", effects.c.kind == "wms_file")
            .where(effect_items.c.item_id.in_(part), effects.c.state != EffectState.NOT_DONE)
        )
        there |= dict(connection.execute(sent.group_by(effect_items.c.item_id)).all())
    return printed | there


def _printed_by_others(connection: Connection, slip_ids: list[int]) -> dict[int, datetime]:
    """Printed in Next Engine although we handed nothing over: whoever did that may have handed the slip over too."""
    printed: dict[int, datetime] = {}
    for part in pieces(slip_ids):
        query = select(slips.c.id, slips.c.since).where(
            slips.c.id.in_(part), slips.c.status >= NEStatus.PRINTING
        )
        printed |= dict(connection.execute(query).all())
    return printed


def left_out(connection: Connection, slip_ids: Sequence[int]) -> set[int]:
    """Those of these slips that the receipt of their file left out: they may be packed."""
    query = select(holds.c.item_id).where(
        and_(holds.c.item == "slip", holds.c.item_id.in_(slip_ids), holds.c.closed_at.is_(None)),
        and_(holds.c.reason == Reason.CANNOT_TELL, holds.c.stage == "relay"),
    )
    return set(connection.scalars(query))
