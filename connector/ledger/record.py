"""Record (記録): an outcome meets the rows. Every write names the state it expects.

Where an operator or another replica moved the item in between, the write is a no-op and says so by writing
nothing. `tries` and `redos` end in a hold, never in a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, bindparam, update

from connector.journey import MOVES, OrderState, SlipState, State
from connector.ledger import effects, holds, moves, stops
from connector.ledger.history import Entry, append
from connector.ledger.schema import orders, slips
from connector.ledger.storable import plain
from connector.order import Order
from connector.outcome import (
    SELF_CLEARING,
    Advance,
    Cancel,
    Hold,
    Item,
    Outcome,
    Reason,
    Redo,
    Retry,
    Wait,
)
from connector.slip import Slip

LADDER = (60.0, 300.0, 600.0, 1200.0)  # seconds; reliability §2
MAX_TRIES = 6  # after that a person looks: the ladder has then lasted about an hour
MAX_REDOS = 2
LOOK_AGAIN = timedelta(minutes=10)  # how soon a stage is asked again about a self-clearing hold
_VERDICTS = {Reason.CANCELLED_TOO_LATE: stops.TOO_LATE, Reason.CANNOT_TELL: stops.UNKNOWN}
AnyItem = Item[Order] | Item[Slip]
# Built once: building and hashing a statement costs more than running it, and this runs for every item.
_WHERE_SEEN = {
    table.name: update(table).where(table.c.id == bindparam("of"), table.c.state == bindparam("seen"))
    for table in (orders, slips)
}


@dataclass(frozen=True, slots=True)
class By:
    """Who writes, in which stage, and where that stage leads.

    `takes`: what was said about an item that stands elsewhere by now is not written (an operator, or the outside,
    was faster). Empty: the stage may speak about items anywhere.
    """

    stage: str
    gives: State | None
    actor: str = "connector"
    redo_of: str = ""  # the stage whose act a Redo takes back
    takes: tuple[State, ...] = ()


def no_spread() -> float:
    return 0.0


def table_of(item: AnyItem) -> tuple[str, Table]:
    return ("order", orders) if isinstance(item.noun, Order) else ("slip", slips)


def record(
    connection: Connection,
    shop: str,
    by: By,
    said: Sequence[tuple[AnyItem, Outcome]],
    now: datetime,
    *,
    spread: Callable[[], float] = no_spread,
) -> int:
    """Write these outcomes; returns how many items moved. `spread()` seconds are added to each retry."""
    entries: list[Entry] = []
    moved = 0
    at_once = moves.together(connection, by, said, now)
    for place, (item, outcome) in enumerate(said):
        if by.takes and item.state not in by.takes:
            continue
        written = at_once.get(place)
        if written is None:
            written = _one(connection, shop, by, item, outcome, now, spread)
        moved += any(entry.event == "moved" for entry in written)
        entries += written
    append(connection, shop, now, entries)
    return moved


def _one(
    connection: Connection,
    shop: str,
    by: By,
    item: AnyItem,
    outcome: Outcome,
    now: datetime,
    spread: Callable[[], float],
) -> list[Entry]:
    match outcome:
        case Advance(evidence=evidence, to=to):
            written = _advance(connection, shop, by, item, to or by.gives or item.state, now, evidence)
            return written + _answered(connection, by, item, outcome, now)
        case Wait(why=why, until=until):
            # At the end of the queue: what waits must not stand in the way of what could go on.
            return _next(connection, by, item, until or now, why, item.tries, now, clears=True)
        case Retry(why=why, after=after):
            return _retry(connection, shop, by, item, why, after, now, spread)
        case Redo(why=why):
            return _redo(connection, shop, by, item, why, now)
        case Hold(reason=reason, note=note, beside=beside):
            return _hold(connection, shop, by, item, reason, note, now, beside)
        case Cancel(why=why):
            return _cancel(connection, by, item, why, now)


def _advance(
    connection: Connection,
    shop: str,
    by: By,
    item: AnyItem,
    to: State,
    now: datetime,
    evidence: dict[str, object],
) -> list[Entry]:
    if to == item.state:  # proved something about it that is not a place on the line
        return _next(connection, by, item, None, "", 0, now, clears=True)
    if (item.state, to) not in MOVES:
        words = f"{item.state} -> {to} is not a move of the journey (stage {by.stage})"
        return _hold(connection, shop, by, item, Reason.BUG, words, now)
    moved = _move(connection, by, item, to, now, evidence, redos=item.redos)
    return _clear(connection, by, item, now) + moved if moved else []


def _move(
    connection: Connection,
    by: By,
    item: AnyItem,
    to: State,
    now: datetime,
    facts: dict[str, object],
    *,
    redos: int = 0,
    note: str = "",
) -> list[Entry]:
    """Nothing is written where the item moved in between."""
    name, table = table_of(item)
    fresh = {"state": to, "since": now, "next_at": None, "tries": 0, "redos": redos, "waiting_for": ""}
    if not _write(connection, table, item, fresh):
        return []
    return [_entry(name, item, "moved", by, from_state=item.state, to_state=to, facts=facts, note=note)]


def _next(
    connection: Connection,
    by: By,
    item: AnyItem,
    at: datetime | None,
    why: str,
    tries: int,
    now: datetime,
    *,
    clears: bool = False,
) -> list[Entry]:
    """When to look again and what for; `clears` takes off holds whose cause the stage no longer finds."""
    if not _stands(connection, item, at, why, tries):
        return []
    return _clear(connection, by, item, now) if clears else []


def _stands(connection: Connection, item: AnyItem, at: datetime | None, why: str, tries: int) -> bool:
    """Write what is next; False where the item moved in between and nothing was written."""
    _, table = table_of(item)
    return _write(connection, table, item, {"next_at": at, "waiting_for": plain(why), "tries": tries})


def _write(connection: Connection, table: Table, item: AnyItem, fresh: dict[str, Any]) -> bool:
    """Write an item's row where it still stands in the state we saw."""
    where = {"of": item.id, "seen": item.state}
    return connection.execute(_WHERE_SEEN[table.name], where | fresh).rowcount == 1


def _clear(
    connection: Connection,
    by: By,
    item: AnyItem,
    now: datetime,
    *,
    but: Collection[Reason] = (),
    every: bool = False,
) -> list[Entry]:
    """The stage no longer finds the cause of its self-clearing holds: they go by themselves.

    `every` hold goes where the item left the journey: nobody has to look at it any more.
    """
    gone = [reason for reason in item.held if (every or reason in SELF_CLEARING) and reason not in but]
    if not gone:
        return []
    name, _ = table_of(item)
    return holds.take_off(
        connection,
        now,
        item=name,
        item_id=item.id,
        number=item.noun.number,
        by=by.actor,
        why="取り消されました" if every else "原因がなくなりました",
        reasons=gone,
        stage=by.stage,
    )


def _answered(connection: Connection, by: By, item: AnyItem, proof: Advance, now: datetime) -> list[Entry]:
    """The holds that this fact answers go by themselves, and what it tells is written down."""
    name, _ = table_of(item)
    told = [_entry(name, item, "corrected", by, note=proof.words)] if proof.words else []
    if not proof.settles:
        return told
    where: dict[str, Any] = {"item": name, "item_id": item.id, "number": item.noun.number}
    why = "後から届いた事実で解消しました"
    reasons = proof.settles
    return told + holds.take_off(
        connection, now, **where, by=by.actor, why=why, reasons=reasons, stage=by.stage
    )


def _hold(
    connection: Connection,
    shop: str,
    by: By,
    item: AnyItem,
    reason: Reason,
    note: str,
    now: datetime,
    beside: Sequence[Hold] = (),
) -> list[Entry]:
    name, _ = table_of(item)
    first_line = note.partition("\n")[0]
    found = {reason: note} | {one.reason: one.note for one in beside}
    again_at = now + LOOK_AGAIN if SELF_CLEARING.issuperset(found) else None
    if not _stands(connection, item, again_at, first_line, item.tries):
        return []
    here: dict[str, Any] = {"item": name, "item_id": item.id, "number": item.noun.number, "stage": by.stage}
    pinned: list[Entry] = []
    for what, words in found.items():
        pinned += holds.pin(connection, shop, now, **here, reason=what, note=words)
    verdict = _VERDICTS.get(reason) if name == "order" else None
    if verdict is not None and (by.stage == stops.STAGE or verdict == stops.TOO_LATE):
        pinned += stops.conclude(connection, item.id, item.noun.number, verdict, note, now)
    return _clear(connection, by, item, now, but=found) + pinned


def _retry(
    connection: Connection,
    shop: str,
    by: By,
    item: AnyItem,
    why: str,
    after: float | None,
    now: datetime,
    spread: Callable[[], float],
) -> list[Entry]:
    tries = item.tries + 1
    if tries >= MAX_TRIES:
        return _hold(connection, shop, by, item, Reason.TOO_MANY_TRIES, why, now)
    wait = max(LADDER[min(tries, len(LADDER)) - 1], after or 0.0) + spread()
    return _next(connection, by, item, now + timedelta(seconds=wait), why, tries, now)


def _redo(connection: Connection, shop: str, by: By, item: AnyItem, why: str, now: datetime) -> list[Entry]:
    if item.redos >= MAX_REDOS:
        return _hold(connection, shop, by, item, Reason.MAIL_NEVER_ARRIVED, why, now)
    redos = item.redos + 1
    moved = _move(connection, by, item, OrderState.RECEIVED, now, {"redo": redos}, redos=redos, note=why)
    if moved:
        effects.undo(connection, by.redo_of, item.id, now)
    return moved


def _cancel(connection: Connection, by: By, item: AnyItem, why: str, now: datetime) -> list[Entry]:
    name, _ = table_of(item)
    said: list[Entry] = []
    if name == "order":
        said = stops.conclude(connection, item.id, item.noun.number, stops.STOPPED, why, now)
    to = OrderState.CANCELLED if name == "order" else SlipState.CANCELLED
    if item.state == to:
        return said
    moved = _move(connection, by, item, to, now, {"why": why}, note=why)
    return said + (_clear(connection, by, item, now, every=True) + moved if moved else [])


def _entry(
    name: str,
    item: AnyItem,
    event: str,
    by: By,
    *,
    from_state: str = "",
    to_state: str = "",
    facts: dict[str, object] | None = None,
    note: str = "",
) -> Entry:
    return Entry(
        item=name,
        item_id=item.id,
        number=item.noun.number,
        event=event,
        from_state=from_state,
        to_state=to_state,
        stage=by.stage,
        actor=by.actor,
        note=note,
        facts=dict(facts or {}),
    )
