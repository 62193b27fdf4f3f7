"""Effects (外への作用): intent before the act, outcome after it, look before any resend (reliability §2).

`begin` is tx1 and commits before anything leaves; `settle` is tx2. The same key with other content is refused
unless the act is proved not to have happened. Nothing here speaks to the outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)

from connector.ledger import stop_answers
from connector.ledger.archive import Bytes, bodies_of, keep_all
from connector.ledger.database import pieces
from connector.ledger.schema import attempts, effect_items, effects
from connector.ledger.storable import plain, plain_facts
from connector.outcome import Begun, Effect, EffectState, Facts

OPEN = (EffectState.INTENT, EffectState.SENT, EffectState.UNKNOWN)
AGAIN = (EffectState.NOT_DONE, EffectState.UNDONE)  # proved absent: the same key may try again
IN_DOUBT = (EffectState.INTENT, EffectState.UNKNOWN)
CANNOT_TELL = "cannot_tell"  # evidence of an effect that is closed for us and perhaps happened
BUG = "bug"  # evidence of an effect whose batch a bug of ours broke off: next time it is acted on alone


class KeyConflict(Exception):
    """The same key, other content, and no proof that the first never happened: a bug or two sources."""


@dataclass(frozen=True, slots=True)
class Intents:
    """What `begin_all` committed, what is open or done already, and what it refused, each with the reason."""

    begun: list[Begun] = field(default_factory=list)
    known: list[Effect] = field(default_factory=list)
    conflicts: list[tuple[Effect, str]] = field(default_factory=list)


def begin_all(
    connection: Connection, shop: str, stage: str, planned: Sequence[Effect], now: datetime
) -> Intents:
    """Commit these intents, their bytes first."""
    known: dict[str, Row[Any]] = {}
    for part in pieces(effect.key for effect in planned):
        query = select(effects).where(effects.c.key.in_(part))
        known |= {row.key: row for row in connection.execute(query)}
    intents = Intents()
    fit: dict[str, Effect] = {}
    for effect in planned:
        try:
            if _may_begin(effect, known.get(effect.key)):
                fit[effect.key] = effect
            else:
                intents.known.append(effect)
        except KeyConflict as conflict:
            intents.conflicts.append((effect, str(conflict)))
    bodies = [
        Bytes(system=one.kind, direction="out", name=one.name, body=one.body, key=one.key)
        for one in fit.values()
        if one.body
    ]
    kept = dict(zip((one.key for one in bodies), keep_all(connection, shop, now, bodies), strict=True))
    exchange_ids = {key: one.id for key, one in kept.items()}
    _begin(connection, shop, stage, list(fit.values()), known, exchange_ids, now, intents)
    stop_answers.asked(connection, intents.begun, now)
    return intents


def begin(
    connection: Connection, shop: str, stage: str, effect: Effect, exchange_id: int | None, now: datetime
) -> Begun | None:
    """Commit one intent whose bytes are kept. None where it is open or done already. Raises KeyConflict."""
    row = connection.execute(select(effects).where(effects.c.key == effect.key)).first()
    if not _may_begin(effect, row):
        return None
    known = {effect.key: row} if row is not None else {}
    exchange_ids = {effect.key: exchange_id} if exchange_id is not None else {}
    intents = Intents()
    _begin(connection, shop, stage, [effect], known, exchange_ids, now, intents)
    return intents.begun[0]


def _may_begin(effect: Effect, row: Row[Any] | None) -> bool:
    if row is None or row.state in AGAIN:
        return True
    if row.fingerprint == effect.fingerprint or row.state == EffectState.DONE:
        return False
    raise KeyConflict(f"{effect.key}: the same key with other content while it is {row.state}")


def _begin(
    connection: Connection,
    shop: str,
    stage: str,
    planned: Sequence[Effect],
    known: dict[str, Row[Any]],
    exchange_ids: dict[str, int],
    now: datetime,
    intents: Intents,
) -> None:
    fresh: list[dict[str, Any]] = []
    for effect in planned:
        row = known.get(effect.key)
        intents.begun.append(_intent(effect, row, now))
        values = _row(effect, row, exchange_ids.get(effect.key), now)
        if row is None:
            fixed = {"shop": shop, "stage": stage, "kind": effect.kind, "key": effect.key}
            fresh.append(fixed | {"started_at": now} | values)
        else:
            connection.execute(update(effects).where(effects.c.id == row.id), values)
            connection.execute(effect_items.delete().where(effect_items.c.effect_id == row.id))
    if fresh:
        returning = insert(effects).returning(effects.c.id, sort_by_parameter_order=True)
        ids = iter(connection.scalars(returning, fresh).all())
        intents.begun[:] = [one if one.id else replace(one, id=next(ids)) for one in intents.begun]
    items = [
        {"effect_id": one.id, "item_id": item}
        for one in intents.begun
        for item in dict.fromkeys(one.effect.items)
    ]
    tries = [
        {"effect_id": one.id, "n": one.attempts, "started_at": now, "outcome": "intent", "evidence": {}}
        for one in intents.begun
    ]
    if tries:
        connection.execute(insert(effect_items), items)
        connection.execute(insert(attempts), tries)


def _intent(effect: Effect, row: Row[Any] | None, now: datetime) -> Begun:
    return Begun(
        id=row.id if row else 0,
        effect=effect,
        state=EffectState.INTENT,
        attempts=(row.attempts if row else 0) + 1,
        started_at=now,
        first_at=row.started_at if row else now,
        evidence=_carried(row),
    )


def _carried(row: Row[Any] | None) -> Facts:
    """Of an earlier try only this is remembered: that a bug broke its batch off."""
    return {BUG: row.evidence[BUG]} if row is not None and BUG in row.evidence else {}


def _row(effect: Effect, row: Row[Any] | None, exchange_id: int | None, now: datetime) -> dict[str, Any]:
    return {
        "fingerprint": effect.fingerprint,
        "state": EffectState.INTENT,
        "name": effect.name,
        "facts": plain_facts(effect.facts),
        "exchange_id": exchange_id,
        "sequence": effect.facts.get("sequence"),
        "attempts": (row.attempts if row else 0) + 1,
        "changed_at": now,
        "look_at": None,
        "evidence": _carried(row),
        "words": "",
    }


@dataclass(frozen=True, slots=True)
class Ending:
    """What came of one effect."""

    begun: Begun
    state: EffectState
    evidence: Facts = field(default_factory=dict)
    words: str = ""
    look_after: float | None = None


_SETTLE = update(effects).where(effects.c.id == bindparam("of"), effects.c.attempts == bindparam("try"))
_END_OF_TRY = update(attempts).where(
    attempts.c.effect_id == bindparam("of"), attempts.c.n == bindparam("try")
)


def settle_all(connection: Connection, endings: Sequence[Ending], now: datetime) -> set[int]:
    """Record what came of these; returns the ids of those that nobody had settled in between."""
    open_now: set[tuple[int, int]] = set()
    for part in pieces(one.begun.id for one in endings):
        query = select(effects.c.id, effects.c.attempts).where(
            effects.c.id.in_(part), effects.c.state.in_(OPEN)
        )
        open_now |= {(id_, n) for id_, n in connection.execute(query.with_for_update())}
    ended = [one for one in endings if (one.begun.id, one.begun.attempts) in open_now]
    if not ended:
        return set()
    connection.execute(_SETTLE, [_end_of_effect(one, now) for one in ended])
    connection.execute(_END_OF_TRY, [_end_of_try(one, now) for one in ended])
    stop_answers.heard(connection, ended, now)
    return {one.begun.id for one in ended}


def _end_of_effect(one: Ending, now: datetime) -> dict[str, Any]:
    return {
        "of": one.begun.id,
        "try": one.begun.attempts,
        "state": one.state,
        "changed_at": now,
        "look_at": now + timedelta(seconds=one.look_after) if one.look_after is not None else None,
        "evidence": plain_facts({**one.begun.evidence, **one.evidence}),
        "words": plain(one.words),
    }


def _end_of_try(one: Ending, now: datetime) -> dict[str, Any]:
    return {
        "of": one.begun.id,
        "try": one.begun.attempts,
        "ended_at": now,
        "outcome": one.state,
        "evidence": plain_facts(one.evidence),
        "words": plain(one.words),
    }


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
    """One ending. False where it was settled by somebody else in between (nothing is written)."""
    return bool(settle_all(connection, [Ending(begun, state, evidence, words, look_after)], now))


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
    rows = connection.execute(query).all()
    return list(_begun(connection, rows)) if rows else []


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
