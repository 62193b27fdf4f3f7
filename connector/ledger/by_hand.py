"""By hand (手作業の記録): the rows behind `ops.py`; each write names the state it saw.

Dangerous: releasing a refused or undecidable act lets the same act be done again. That is what the person
says by releasing it, and it stands in the history with the name.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Table, func, select, update

from connector.journey import FINAL, OrderState
from connector.ledger import alarms, changes, incoming_mails, preflights, stage_stops, stop_answers
from connector.ledger import holds as hold_rows
from connector.ledger.effects import OPEN
from connector.ledger.history import Entry, append
from connector.ledger.sayings import Answer
from connector.ledger.schema import effect_items, effects, holds, orders, slips, strays
from connector.ledger.views.places import STAGES_OF
from connector.outcome import SELF_CLEARING, EffectState, Reason
from connector.shop import Shop

FINAL_STATES = {str(state) for state in FINAL}
STAGE = "by_hand"
DO_AGAIN = frozenset({Reason.REFUSED, Reason.MARK_REFUSED, Reason.CANNOT_TELL, Reason.MAIL_BOUNCED})
NEVER_CUT = frozenset({Reason.TEXT_TOO_LONG, Reason.UNMAPPABLE_TEXT})  # who writes the file holds it again


def hold(
    connection: Connection, shop: str, number: str, actor: str, why: str, now: datetime, item: str = ""
) -> Answer:
    found = _find(connection, shop, number, item)
    if found is None:
        return _answer(False, "unknown", number)
    item, _, row = found
    if row.state in FINAL_STATES:
        return _answer(False, "final", number, state=row.state, item=item)
    if item == "order" and row.left_out:
        return _answer(False, "left_out", number)
    if Reason.BY_HAND in _open_reasons(connection, item, row.id):
        return _answer(False, "held_already", number)
    pinned = hold_rows.pin(
        connection,
        shop,
        now,
        item=item,
        item_id=row.id,
        number=number,
        reason=Reason.BY_HAND,
        note=why,
        stage=STAGE,
    )
    append(connection, shop, now, [msgspec.structs.replace(entry, actor=actor) for entry in pinned])
    return _answer(True, "held", number)


def release(
    connection: Connection,
    shop: str,
    number: str,
    actor: str,
    why: str,
    now: datetime,
    only: Reason | None = None,
    item: str = "",
    not_handled: bool = False,
) -> Answer:
    found = _find(connection, shop, number, item)
    if found is None:
        return _answer(False, "unknown", number)
    item, table, row = found
    before = [held for held in _open_holds(connection, item, row.id) if only is None or held.reason == only]
    handled = any(held.reason == Reason.HANDLED for held in before)
    if handled and not not_handled:
        return _answer(False, "is_handled", number)
    entries = hold_rows.take_off(
        connection,
        now,
        item=item,
        item_id=row.id,
        number=number,
        by=actor,
        why=why,
        reasons=None if only is None else [only],
    )
    if not entries:
        return _answer(False, "not_held", number)
    for held in before:
        if Reason(held.reason) in DO_AGAIN:
            entries += _again(connection, item, row, held.stage, actor, why, now)
        if item == "order" and (held.reason, held.stage) == (Reason.CANNOT_TELL, "stop"):
            stop_answers.ask_again(connection, row.id, actor, why, now)
        if item == "order" and held.reason == Reason.CHANGED_AFTER_HANDOVER:
            entries += changes.released(connection, row.id, number, actor, why, now)
    values: dict[str, Any] = {"next_at": None, "tries": 0, "waiting_for": ""}
    reasons = {Reason(held.reason) for held in before}
    if reasons & {Reason.MAIL_NEVER_ARRIVED, Reason.MAIL_BOUNCED}:
        values["redos"] = 0
    if (
        Reason.MAIL_BOUNCED in reasons and row.state == OrderState.NOTIFIED
    ):  # it does not count as announced (M3)
        values |= {"state": OrderState.RECEIVED, "since": now}
        entries.append(_back(row, actor, why))
    connection.execute(update(table).where(table.c.id == row.id, table.c.state == row.state).values(**values))
    append(connection, shop, now, entries)
    code = "never_cut" if item == "slip" and reasons & NEVER_CUT else "released"
    return _answer(True, "released_handled" if handled else code, number, count=str(len(before)))


def retry(
    connection: Connection, shop: str, number: str, actor: str, why: str, now: datetime, item: str = ""
) -> Answer:
    found = _find(connection, shop, number, item)
    if found is None:
        return _answer(False, "unknown", number)
    item, table, row = found
    if row.state in FINAL_STATES:
        return _answer(False, "final", number, state=row.state, item=item)
    if item == "order" and row.left_out:
        return _answer(False, "left_out", number)
    blocking = _open_reasons(connection, item, row.id) - SELF_CLEARING
    if blocking:
        return _answer(False, "is_handled" if Reason.HANDLED in blocking else "blocked", number)
    connection.execute(
        update(table).where(table.c.id == row.id, table.c.state == row.state).values(next_at=None, tries=0)
    )
    # What is under way is looked at now; nothing is sent again before that look.
    connection.execute(
        update(effects)
        .where(effects.c.id.in_(_effects_of(item, row)), effects.c.state.in_(OPEN))
        .values(look_at=None)
    )
    append(connection, shop, now, [_entry(item, row, "retry", actor, why)])
    return _answer(True, "retried", number)


def note(
    connection: Connection, shop: str, number: str, actor: str, why: str, now: datetime, item: str = ""
) -> Answer:
    found = _find(connection, shop, number, item)
    if found is None:
        return _answer(False, "unknown", number)
    item, _, row = found
    append(connection, shop, now, [_entry(item, row, "note", actor, why)])
    return _answer(True, "noted", number)


def resolve_stray(
    connection: Connection, shop: str, stray_id: int, actor: str, why: str, now: datetime
) -> Answer:
    here = (strays.c.shop == shop, strays.c.id == stray_id)
    row = connection.execute(select(strays).where(*here)).first()
    if row is None:
        return _answer(False, "unknown", str(stray_id))
    if row.resolved_at is not None:
        return _answer(False, "resolved_already", str(stray_id))
    connection.execute(update(strays).where(*here).values(resolved_at=now, resolved_by=actor))
    entry = Entry(item="stray", item_id=stray_id, number="", event="resolved", actor=actor, note=why)
    append(connection, shop, now, [entry])
    return _answer(True, "resolved", str(stray_id))


def close_change(
    connection: Connection, shop: str, change_id: int, actor: str, why: str, now: datetime
) -> Answer:
    code, number = changes.close(connection, shop, change_id, actor, why, now)
    return _answer(code == "change_closed", code, number)


def close_alarm(connection: Connection, shop: Shop, kind: str, actor: str, why: str, now: datetime) -> Answer:
    done = alarms.close(connection, shop, kind, actor, why, now)
    return _answer(done, "alarm_closed" if done else "alarm_not_open", kind)


def settle_mail(
    connection: Connection, shop: str, mail_id: int, bounced: bool, actor: str, why: str, now: datetime
) -> Answer:
    code, number = incoming_mails.settle(connection, shop, mail_id, bounced, actor, why, now)
    return _answer(code in ("mail_settled", "mail_bounced"), code, number)


def announce_again(connection: Connection, shop: str, actor: str, why: str, now: datetime) -> Answer:
    here = (holds.c.shop == shop, holds.c.item == "order", holds.c.closed_at.is_(None))
    query = select(holds.c.number).where(*here, holds.c.reason == Reason.MAIL_BOUNCED).order_by(holds.c.id)
    numbers = list(connection.scalars(query))
    for number in numbers:
        release(connection, shop, number, actor, why, now, Reason.MAIL_BOUNCED, "order")
    return _answer(
        bool(numbers), "announced_again" if numbers else "none_bounced", "", count=str(len(numbers))
    )


def decide_preflight(
    connection: Connection,
    shop: str,
    window: str,
    release: bool,
    actor: str,
    why: str,
    now: datetime,
    seen: str,
) -> Answer:
    code, facts = preflights.decide(connection, shop, window, release, actor, why, now, seen)
    return Answer(done=code in ("preflight_released", "preflight_refused"), code=code, facts=facts)


def decide_stage_stop(
    connection: Connection,
    shop: str,
    stage: str,
    what: str,
    release: bool,
    actor: str,
    why: str,
    now: datetime,
) -> Answer:
    code = stage_stops.decide(connection, shop, stage, what, release, actor, why, now)
    return _answer(code in ("stage_stop_released", "stage_stop_refused"), code, what)


def _find(connection: Connection, shop: str, number: str, wanted: str) -> tuple[str, Table, Row[Any]] | None:
    """An order by its number, else a slip by its number; `wanted` names one kind."""
    for item, table in (("order", orders), ("slip", slips)):
        if wanted not in ("", item):
            continue
        query = select(table).where(table.c.shop == shop, table.c.number == number)
        row = connection.execute(query).first()
        if row is not None:
            return item, table, row
    return None


def _open_holds(connection: Connection, item: str, item_id: int) -> list[Row[Any]]:
    query = select(holds).where(holds.c.item == item, holds.c.item_id == item_id, holds.c.closed_at.is_(None))
    return list(connection.execute(query))


def _open_reasons(connection: Connection, item: str, item_id: int) -> set[Reason]:
    return {Reason(row.reason) for row in _open_holds(connection, item, item_id)}


def _again(
    connection: Connection, item: str, row: Row[Any], stage: str, actor: str, why: str, now: datetime
) -> list[Entry]:
    """The refused act on this item alone may be done again under its key; files of many have new keys."""
    alone = select(effect_items.c.effect_id).group_by(effect_items.c.effect_id).having(func.count() == 1)
    reopened = connection.execute(
        update(effects)
        .where(
            effects.c.id.in_(_effects_of(item, row)),
            effects.c.id.in_(alone),
            effects.c.stage == stage,
            effects.c.state == EffectState.REFUSED,
        )
        .values(state=EffectState.NOT_DONE, changed_at=now, words=f"{actor}: {why}")
    )
    return [_entry(item, row, "again", actor, why, stage)] if reopened.rowcount else []


def _back(row: Row[Any], actor: str, why: str) -> Entry:
    """To be announced anew, after a look."""
    places = {"from_state": row.state, "to_state": OrderState.RECEIVED}
    here = {"item": "order", "item_id": row.id, "number": row.number, "stage": "notify"}
    return Entry(**here, event="moved", **places, actor=actor, note=why)


def _effects_of(item: str, row: Row[Any]) -> Any:
    """SQL: the effects on this item. The ids of orders and slips overlap; the stage tells them apart."""
    return (
        select(effect_items.c.effect_id)
        .join(effects, effects.c.id == effect_items.c.effect_id)
        .where(
            effects.c.shop == row.shop,
            effects.c.stage.in_(STAGES_OF[item]),
            effect_items.c.item_id == row.id,
        )
    )


def _entry(item: str, row: Row[Any], event: str, actor: str, why: str, stage: str = "") -> Entry:
    return Entry(
        item=item, item_id=row.id, number=row.number, event=event, stage=stage, actor=actor, note=why
    )


def _answer(done: bool, code: str, number: str, **facts: str) -> Answer:
    return Answer(done=done, code=code, facts={"number": number, **facts})
