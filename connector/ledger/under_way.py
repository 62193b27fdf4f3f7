"""Under way (実行中): what an effect that is open, or was done, means for the planning of others."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from connector.ledger.effects import AGAIN, CANNOT_TELL, OPEN
from connector.ledger.schema import effect_items, effects
from connector.outcome import EffectState


def any_for(connection: Connection, stage: str, item_id: int, kind: str = "") -> bool:
    """Whether an effect of this stage (of this kind, if given) on the item happened or may have happened."""
    query = _on_item(stage, item_id).where(effects.c.state.not_in(AGAIN))
    if kind:
        query = query.where(effects.c.kind == kind)
    return any(
        row.state != EffectState.REFUSED or CANNOT_TELL in row.evidence for row in connection.execute(query)
    )


def perhaps_there(connection: Connection, stage: str, kind: str, item_ids: Iterable[int]) -> set[int]:
    """Items of a file that lies at the other side, or may lie there, and is not answered yet."""
    query = (
        select(effect_items.c.item_id, effects.c.state, effects.c.evidence)
        .join(effects, effects.c.id == effect_items.c.effect_id)
        .where(
            effects.c.stage == stage,
            effects.c.kind == kind,
            effects.c.state.in_([*OPEN, EffectState.REFUSED]),
            effect_items.c.item_id.in_(list(item_ids)),
        )
    )
    return {
        item_id
        for item_id, state, evidence in connection.execute(query)
        if state != EffectState.REFUSED or CANNOT_TELL in evidence
    }


def _on_item(stage: str, item_id: int) -> Any:
    return (
        select(effects.c.state, effects.c.evidence)
        .join(effect_items, effect_items.c.effect_id == effects.c.id)
        .where(effect_items.c.item_id == item_id, effects.c.stage == stage)
    )


@cache
def open_of(
    stage: str, item_id: ColumnElement[int], *, once: str = "", states: tuple[EffectState, ...] = OPEN
) -> ColumnElement[bool]:
    """SQL: an effect of `stage` on the item is open, or (with `once`) one of that kind was settled. Built once."""
    closed = and_(effects.c.kind == once, effects.c.state.not_in(list(AGAIN)))
    return exists().where(
        effect_items.c.effect_id == effects.c.id,
        effect_items.c.item_id == item_id,
        effects.c.stage == stage,
        or_(effects.c.state.in_(states), closed) if once else effects.c.state.in_(states),
    )


def next_sequence(connection: Connection, shop: str, kind: str) -> int:
    """The next batch number of a kind: the lowest one whose file provably never left, so that no gap stays."""
    here = (effects.c.shop == shop, effects.c.kind == kind)
    never_left = select(func.min(effects.c.sequence)).where(*here, effects.c.state.in_(AGAIN))
    gap = connection.scalar(never_left)
    if gap is not None:
        return int(gap)
    last = connection.scalar(select(func.max(effects.c.sequence)).where(*here))
    return int(last or 0) + 1
