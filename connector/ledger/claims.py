"""Claims (出荷指示の印): what our tags on a slip in Next Engine say, kept in step with our own acts.

A claim takes the tag of an earlier refusal off, and a refusal takes the claim's tag off: each undoes the other, so
that both may happen again. Whoever takes the claim's tag off takes the claim back. Dangerous: a slip whose claim is
not done here, and yet tagged as sent, somebody else sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, select, update

from connector.journey import SlipState
from connector.ledger import holds
from connector.ledger.database import pieces
from connector.ledger.history import append
from connector.ledger.leaving import EARLY
from connector.ledger.schema import effect_items, effects, slips
from connector.ledger.schema import holds as hold_rows
from connector.outcome import Begun, EffectState, Reason
from connector.shop import Shop
from connector.slip import Slip

RELAY, CLAIM = "relay", "ne_claim"
INSTEAD_OF = {CLAIM: "ne_refused", "ne_refused": CLAIM}
ASKED_AGAIN = "ネクストエンジンで再送の印が付きました"


def in_turn(connection: Connection, done: Sequence[Begun], now: datetime) -> None:
    """What these acts took back is not done any more."""
    for kind, other in INSTEAD_OF.items():
        items = [id_ for one in done if one.effect.kind == kind for id_ in one.effect.items]
        for part in pieces(items):
            mine = effect_items.c.item_id.in_(part)
            _undo(connection, [id_ for id_, _ in connection.execute(_done(other).where(mine))], now)


def taken_back(connection: Connection, shop: Shop, seen: Sequence[Slip], now: datetime) -> None:
    """Claims whose tag is gone from a slip that was not handed over: the next tag on it is another's.

    A slip as it was before our claim proves nothing: its lock value is the one that the claim was made under.
    """
    bare = {slip.number: slip.lock for slip in seen if not slip.tagged(shop.sent_tag)}
    for part in pieces(bare):
        early = and_(slips.c.shop == shop.key, slips.c.number.in_(part), slips.c.state.in_(EARLY))
        found = connection.execute(
            _done(CLAIM).join(slips, slips.c.id == effect_items.c.item_id).where(early)
        )
        _undo(connection, [id_ for id_, facts in found if bare[facts["slip"]] > facts["lock"]], now)


def _done(kind: str) -> Select[Any]:
    """Id and facts of this kind's acts that are done and still stand."""
    query = select(effects.c.id, effects.c.facts)
    return query.join(effect_items, effect_items.c.effect_id == effects.c.id).where(
        effects.c.stage == RELAY, effects.c.kind == kind, effects.c.state == EffectState.DONE
    )


def _undo(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    for part in pieces(ids):
        gone = update(effects).where(effects.c.id.in_(part))
        connection.execute(gone.values(state=EffectState.UNDONE, changed_at=now))


def done_kinds(connection: Connection, stage: str, item_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Which kinds of acts of a stage are done, and still stand, for each of these items."""
    found: dict[int, set[str]] = {}
    for part in pieces(item_ids):
        query = (
            select(effect_items.c.item_id, effects.c.kind)
            .join(effects, effects.c.id == effect_items.c.effect_id)
            .where(effects.c.stage == stage, effects.c.state == EffectState.DONE)
            .where(effect_items.c.item_id.in_(part))
            .distinct()
        )
        for item_id, kind in connection.execute(query):
            found.setdefault(item_id, set()).add(kind)
    return {item_id: tuple(sorted(kinds)) for item_id, kinds in found.items()}


def resend(connection: Connection, shop: Shop, seen: Sequence[Slip], now: datetime) -> int:
    """Slips that an operator tagged to be sent again: the warehouse's refusal holds them no longer.

    Only print-ready ones, without our tags for sent and refused (spec/wms.md §1). Returns how many.
    """
    asked = [slip.number for slip in seen if _asks(slip, shop, now)]
    freed = 0
    for part in pieces(asked):
        query = (
            select(hold_rows.c.item_id, hold_rows.c.number)
            .join(slips, slips.c.id == hold_rows.c.item_id)
            .where(hold_rows.c.item == "slip", hold_rows.c.closed_at.is_(None), hold_rows.c.stage == RELAY)
            .where(hold_rows.c.reason == Reason.REFUSED, slips.c.shop == shop.key, slips.c.number.in_(part))
            .where(slips.c.state == SlipState.PRINT_READY)
        )
        for item_id, number in connection.execute(query).all():
            _let_go(connection, shop, item_id, number, now)
            freed += 1
    return freed


def _asks(slip: Slip, shop: Shop, now: datetime) -> bool:
    ours = (shop.sent_tag, shop.refused_tag)
    return (
        slip.tagged(shop.resend_tag) and not any(slip.tagged(tag) for tag in ours) and slip.print_ready(now)
    )


def _let_go(connection: Connection, shop: Shop, item_id: int, number: str, now: datetime) -> None:
    entries = holds.take_off(
        connection,
        now,
        item="slip",
        item_id=item_id,
        number=number,
        by=holds.CONNECTOR,
        why=ASKED_AGAIN,
        reasons=[Reason.REFUSED],
        stage=RELAY,
    )
    connection.execute(update(slips).where(slips.c.id == item_id).values(next_at=None, tries=0))
    append(connection, shop.key, now, entries)
