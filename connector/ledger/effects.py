"""Effects (外への作用): intent before the act, outcome after it, look before any resend (reliability §2).

`begin` is tx1 and commits before anything leaves; `settle` is tx2. The same key with other content is refused
unless the act is proved not to have happened. Nothing here speaks to the outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, func, insert, or_, select, update

from connector.ledger.archive import body_of, new_id
from connector.ledger.schema import attempts, effect_items, effects
from connector.outcome import Begun, Effect, EffectState, Facts

OPEN = (EffectState.INTENT, EffectState.SENT, EffectState.UNKNOWN)
AGAIN = (EffectState.NOT_DONE, EffectState.UNDONE)  # proved absent: the same key may try again


class KeyConflict(Exception):
    """The same key, other content, and no proof that the first never happened: a bug or two sources."""


def any_for(connection: Connection, stage: str, item_id: int) -> bool:
    """Whether an effect of this stage on this item happened or may have happened."""
    return bool(
        connection.scalar(
            select(
                exists().where(
                    effect_items.c.effect_id == effects.c.id,
                    effect_items.c.item_id == item_id,
                    effects.c.stage == stage,
                    effects.c.state.not_in([*AGAIN, EffectState.REFUSED]),
                )
            )
        )
    )


def open_of(stage: str, item_id: Any, *, once: str = "") -> Any:
    """SQL: an effect of `stage` on the item is open, or (with `once`) one of that kind was settled."""
    closed = and_(effects.c.kind == once, effects.c.state.not_in(list(AGAIN)))
    return exists().where(
        effect_items.c.effect_id == effects.c.id,
        effect_items.c.item_id == item_id,
        effects.c.stage == stage,
        or_(effects.c.state.in_(OPEN), closed) if once else effects.c.state.in_(OPEN),
    )


def begin(
    connection: Connection, shop: str, stage: str, effect: Effect, exchange_id: int | None, now: datetime
) -> Begun | None:
    """Commit the intent. None where this very act is open or done already. Raises KeyConflict."""
    row = connection.execute(select(effects).where(effects.c.key == effect.key)).first()
    if row is not None and row.state not in AGAIN:
        if row.fingerprint == effect.fingerprint or row.state == EffectState.DONE:
            return None
        raise KeyConflict(f"{effect.key}: the same key with other content while it is {row.state}")
    attempt_n = (row.attempts if row else 0) + 1
    values = {
        "fingerprint": effect.fingerprint,
        "state": EffectState.INTENT,
        "name": effect.name,
        "facts": effect.facts,
        "exchange_id": exchange_id,
        "sequence": effect.facts.get("sequence"),
        "attempts": attempt_n,
        "changed_at": now,
        "look_at": None,
        "evidence": {},
        "words": "",
    }
    if row is None:
        fixed = {"shop": shop, "stage": stage, "kind": effect.kind, "key": effect.key, "started_at": now}
        effect_id = new_id(connection.execute(insert(effects).values(**fixed, **values)))
    else:
        effect_id = row.id
        connection.execute(update(effects).where(effects.c.id == effect_id).values(**values))
        connection.execute(effect_items.delete().where(effect_items.c.effect_id == effect_id))
    connection.execute(
        insert(effect_items), [{"effect_id": effect_id, "item_id": item} for item in set(effect.items)]
    )
    attempt = {"effect_id": effect_id, "n": attempt_n, "started_at": now, "outcome": "intent"}
    connection.execute(insert(attempts), [attempt | {"evidence": {}}])
    return Begun(
        id=effect_id,
        effect=effect,
        state=EffectState.INTENT,
        attempts=attempt_n,
        started_at=now,
        first_at=row.started_at if row else now,
        evidence={},
    )


def settle(
    connection: Connection,
    begun: Begun,
    state: EffectState,
    now: datetime,
    *,
    evidence: Facts,
    words: str = "",
    look_after: float | None = None,
) -> bool:
    """Record what came of it. False where it was settled by somebody else in between (nothing is written)."""
    look_at = now + timedelta(seconds=look_after) if look_after is not None else None
    moved = connection.execute(
        update(effects)
        .where(effects.c.id == begun.id, effects.c.state.in_(OPEN), effects.c.attempts == begun.attempts)
        .values(
            state=state,
            changed_at=now,
            look_at=look_at,
            evidence={**begun.evidence, **evidence},
            words=words,
        )
    )
    if moved.rowcount != 1:
        return False
    connection.execute(
        update(attempts)
        .where(attempts.c.effect_id == begun.id, attempts.c.n == begun.attempts)
        .values(ended_at=now, outcome=state, evidence=evidence, words=words)
    )
    return True


def undo(connection: Connection, stage: str, item_id: int, now: datetime) -> None:
    """The done act provably did not last (Redo): its key may be used again."""
    ids = select(effect_items.c.effect_id).where(effect_items.c.item_id == item_id)
    connection.execute(
        update(effects)
        .where(effects.c.id.in_(ids), effects.c.stage == stage, effects.c.state == EffectState.DONE)
        .values(state=EffectState.UNDONE, changed_at=now)
    )


def to_look_at(
    connection: Connection, shop: str, stage: str, now: datetime, *, limit: int = 1000
) -> list[Begun]:
    """Intents without an outcome, doubts, and sent ones whose receipt is due for a look."""
    query = (
        select(effects)
        .where(
            effects.c.shop == shop,
            effects.c.stage == stage,
            effects.c.state.in_(OPEN),
            or_(effects.c.look_at.is_(None), effects.c.look_at <= now),
        )
        .order_by(effects.c.id)
        .limit(limit)
    )
    rows = list(connection.execute(query))
    return [_begun(connection, row) for row in rows]


def next_sequence(connection: Connection, shop: str, kind: str) -> int:
    """The next batch number of a kind. A number whose file provably never left is used again: no gaps."""
    last = connection.scalar(
        select(func.max(effects.c.sequence)).where(
            effects.c.shop == shop, effects.c.kind == kind, effects.c.state.not_in(list(AGAIN))
        )
    )
    return int(last or 0) + 1


def items_of(connection: Connection, effect_ids: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """The items of each effect."""
    query = select(effect_items).where(effect_items.c.effect_id.in_(list(effect_ids)))
    found: dict[int, list[int]] = {}
    for effect_id, item_id in connection.execute(query.order_by(effect_items.c.item_id)):
        found.setdefault(effect_id, []).append(item_id)
    return {effect_id: tuple(items) for effect_id, items in found.items()}


def _begun(connection: Connection, row: Row[Any]) -> Begun:
    items: Sequence[int] = items_of(connection, [row.id]).get(row.id, ())
    body = body_of(connection, row.exchange_id) if row.exchange_id else b""
    return Begun(
        id=row.id,
        effect=Effect(
            kind=row.kind, key=row.key, items=tuple(items), body=body, name=row.name, facts=row.facts
        ),
        state=EffectState(row.state),
        attempts=row.attempts,
        started_at=connection.scalar(
            select(attempts.c.started_at).where(attempts.c.effect_id == row.id, attempts.c.n == row.attempts)
        )
        or row.started_at,
        first_at=row.started_at,
        evidence=row.evidence,
    )
