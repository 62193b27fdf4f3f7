"""Outage (相手先の不通): a system that has not answered for half an hour, from what each stage said of its last passes.

The stages named here ask their system in every pass, whether anything is due or not, so that their silence says
something. Mails and instructions go out only when there is something to say: their evidence are the tries themselves.
A warehouse may be read and still take nothing, where its API is busy.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, or_, select

from connector.journey import OrderState, SlipState, State
from connector.ledger.schema import attempts, effect_items, effects, history, orders, pulses, slips
from connector.ledger.schema_hub import alarms
from connector.outcome import EffectState, Facts
from connector.shop import Mode, Shop

LONGEST = timedelta(minutes=30)
STILL_TRYING = timedelta(minutes=90)  # the next try is due sooner: after that a slip waits for another cause
LEAVES_US = ("mail", "wms_file")  # effects that end at the other side; marks in Next Engine are none of its
SIGN_IN = "sign_in"  # NE answers, and wants a person: no outage


def cart(connection: Connection, shop: Shop, now: datetime) -> Facts | None:
    return _by_pulse(connection, shop, "ingest", now)


def next_engine(connection: Connection, shop: Shop, now: datetime) -> Facts | None:
    this = (pulses.c.shop == shop.key, pulses.c.what == "follow_slips")
    last = select(pulses.c.failed_at).where(*this).scalar_subquery()
    not_over = or_(alarms.c.closed_at.is_(None), alarms.c.closed_at >= last)  # nobody has asked again since
    wanted = select(alarms.c.id).where(alarms.c.shop == shop.key, alarms.c.kind == SIGN_IN, not_over)
    if connection.scalar(wanted.limit(1)) is not None:
        return None
    return _by_pulse(connection, shop, "follow_slips", now, also=("confirm_intake", "notify"))


def warehouse(connection: Connection, shop: Shop, now: datetime) -> Facts | None:
    """It cannot be read, or it takes no instruction."""
    deaf = _by_pulse(connection, shop, "collect", now)
    if deaf is not None or shop.mode("relay") is not Mode.ACT:
        return deaf
    tries = _by_tries(connection, shop, "relay", slips, SlipState.PRINT_READY, SlipState.RELAYED, now)
    return tries if tries and now - datetime.fromisoformat(tries["tried_at"]) <= STILL_TRYING else None


def mailbox(connection: Connection, shop: Shop, now: datetime) -> Facts | None:
    return _by_pulse(connection, shop, "read_mail", now)


def mail(connection: Connection, shop: Shop, now: datetime) -> Facts | None:
    """Tries to send that failed on the way, and none that went well since the first of them."""
    return _by_tries(connection, shop, "notify", orders, OrderState.RECEIVED, OrderState.NOTIFIED, now)


def _by_tries(
    connection: Connection, shop: Shop, stage: str, table: Table, at: State, next_state: State, now: datetime
) -> Facts | None:
    """What still stands before the stage because its acts failed, and nothing went on since the first of them."""
    query = (
        select(attempts.c.started_at, attempts.c.words)
        .join(effects, effects.c.id == attempts.c.effect_id)
        .join(effect_items, effect_items.c.effect_id == effects.c.id)
        .join(table, table.c.id == effect_items.c.item_id)
        .where(
            effects.c.shop == shop.key,
            effects.c.stage == stage,
            effects.c.kind.in_(LEAVES_US),
            effects.c.state == EffectState.NOT_DONE,
            attempts.c.outcome == EffectState.NOT_DONE,
            table.c.state == at,
        )
        .order_by(attempts.c.started_at)
    )
    failed = list(connection.execute(query))
    if not failed:
        return None
    well_at = _last_moved(connection, shop.key, next_state, failed[0].started_at)
    still = [row for row in failed if well_at is None or row.started_at > well_at]
    if not still or now - still[0].started_at <= LONGEST:
        return None
    first, last = still[0].started_at.isoformat(), still[-1].started_at.isoformat()
    return {"since": first, "tried_at": last, "words": still[-1].words, "tries": len(still)}


def _last_moved(connection: Connection, shop: str, to: State, since: datetime) -> datetime | None:
    query = (
        select(history.c.at)
        .where(
            history.c.shop == shop,
            history.c.at >= since,
            history.c.event == "moved",
            history.c.to_state == to,
        )
        .order_by(history.c.at.desc())
    )
    return connection.scalar(query.limit(1))


def _by_pulse(
    connection: Connection, shop: Shop, stage: str, now: datetime, *, also: tuple[str, ...] = ()
) -> Facts | None:
    """`also`: stages that ask the same system, only when something is due: they may have noticed earlier."""
    if shop.mode(stage) is Mode.OFF:
        return None
    query = select(pulses).where(pulses.c.shop == shop.key, pulses.c.what.in_([stage, *also]))
    failing = {row.what: row for row in connection.execute(query) if row.failing_since is not None}
    if stage not in failing:
        return None
    since = min(row.failing_since for row in failing.values())
    if now - since <= LONGEST:
        return None
    said = failing[stage].words.partition("\n")[0]
    return {"since": since.isoformat(), "words": said, "stage": stage}
