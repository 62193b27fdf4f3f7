"""Effects (外への作用): intent before the act, outcome after it, look before any resend (reliability §2).

`begin` is tx1 and commits before anything leaves; `settle` is tx2. The same key with other content is refused
unless the act is proved not to have happened. Nothing here speaks to the outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, insert, or_, select, update

from connector.ledger.archive import bodies_of, new_id
from connector.ledger.database import pieces
from connector.ledger.schema import attempts, effect_items, effects
from connector.ledger.words import plain, plain_facts
from connector.outcome import Begun, Effect, EffectState, Facts

OPEN = (EffectState.INTENT, EffectState.SENT, EffectState.UNKNOWN)
AGAIN = (EffectState.NOT_DONE, EffectState.UNDONE)  # proved absent: the same key may try again
IN_DOUBT = (EffectState.INTENT, EffectState.UNKNOWN)
CANNOT_TELL = "cannot_tell"  # evidence of an effect that is closed for us and perhaps happened
BUG = "bug"  # evidence of an effect whose batch a bug of ours broke off: next time it is acted on alone


class KeyConflict(Exception):
    """The same key, other content, and no proof that the first never happened: a bug or two sources."""


def any_for(connection: Connection, stage: str, item_id: int) -> bool:
    """Whether an effect of this stage on the item happened or may have happened."""
    query = _on_item(stage, item_id).where(effects.c.state.not_in(AGAIN))
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


def open_of(
    stage: str, item_id: Any, *, once: str = "", states: Sequence[EffectState] = OPEN
) -> ColumnElement[bool]:
    """SQL: an effect of `stage` on the item is open, or (with `once`) one of that kind was settled."""
    closed = and_(effects.c.kind == once, effects.c.state.not_in(list(AGAIN)))
    return exists().where(
        effect_items.c.effect_id == effects.c.id,
        effect_items.c.item_id == item_id,
        effects.c.stage == stage,
        or_(effects.c.state.in_(states), closed) if once else effects.c.state.in_(states),
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
    evidence = {BUG: row.evidence[BUG]} if row and BUG in row.evidence else {}
    values = {
        "fingerprint": effect.fingerprint,
        "state": EffectState.INTENT,
        "name": effect.name,
        "facts": plain_facts(effect.facts),
        "exchange_id": exchange_id,
        "sequence": effect.facts.get("sequence"),
        "attempts": attempt_n,
        "changed_at": now,
        "look_at": None,
        "evidence": evidence,
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
        insert(effect_items),
        [{"effect_id": effect_id, "item_id": item} for item in dict.fromkeys(effect.items)],
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
        evidence=evidence,
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
    evidence, words = plain_facts(evidence), plain(words)
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
    return list(_begun(connection, list(connection.execute(query))))


def next_sequence(connection: Connection, shop: str, kind: str) -> int:
    """The next batch number of a kind: the lowest one whose file provably never left, so that no gap stays."""
    here = (effects.c.shop == shop, effects.c.kind == kind)
    never_left = select(func.min(effects.c.sequence)).where(*here, effects.c.state.in_(AGAIN))
    gap = connection.scalar(never_left)
    if gap is not None:
        return int(gap)
    last = connection.scalar(select(func.max(effects.c.sequence)).where(*here))
    return int(last or 0) + 1


def items_of(connection: Connection, effect_ids: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """The items of each effect."""
    found: dict[int, list[int]] = {}
    for part in pieces(effect_ids):
        query = select(effect_items).where(effect_items.c.effect_id.in_(part))
        for effect_id, item_id in connection.execute(query.order_by(effect_items.c.item_id)):
            found.setdefault(effect_id, []).append(item_id)
    return {effect_id: tuple(items) for effect_id, items in found.items()}


def _begun(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[Begun]:
    items = items_of(connection, [row.id for row in rows])
    bodies = bodies_of(connection, [row.exchange_id for row in rows if row.exchange_id])
    newest = select(attempts.c.effect_id, func.max(attempts.c.started_at)).group_by(attempts.c.effect_id)
    started: dict[int, datetime] = {}
    for part in pieces(row.id for row in rows):
        started |= dict(connection.execute(newest.where(attempts.c.effect_id.in_(part))).all())
    for row in rows:
        yield Begun(
            id=row.id,
            effect=Effect(
                kind=row.kind,
                key=row.key,
                items=items.get(row.id, ()),
                body=bodies.get(row.exchange_id, b""),
                name=row.name,
                facts=row.facts,
            ),
            state=EffectState(row.state),
            attempts=row.attempts,
            started_at=started.get(row.id, row.started_at),
            first_at=row.started_at,
            evidence=row.evidence,
        )
