"""Intake silent (受注メール取込の沈黙): mails leave us and no slip opens; the address or template was changed (B11).

Silent is an intake of which nothing contradicts it: a mail went out at least `canary_after` ago, Next Engine was looked
at after that and shows no slip, and no mail sent with it or after it has arrived. Where others arrive, one lost mail is
the ladder's matter (Redo). A single mail at night that nothing contradicts is told: lost or swallowed look alike then,
and waiting for the morning's second order would tell the real thing hours late. It ends when a slip opens again.

While it lasts a moved address would eat both repeats of every order, so only a probe goes out (reliability M2: looked
at first), one each `canary_after`; everything else waits and is looked at and announced afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, func, or_, select, update

from connector.journey import OrderState
from connector.ledger.schema import history, holds, orders, pulses
from connector.ledger.schema_hub import alarms
from connector.outcome import Facts
from connector.ports import NOT_ANNOUNCED, Silence
from connector.shop import Shop

KIND = "intake_silent"
OUTAGE = "outage_next_engine"
FLAPPING = timedelta(minutes=30)  # from then on it is an outage
BOUNCED = "mail_bounced"  # the other server said so: no need to wait
TOGETHER = timedelta(minutes=1)  # one pass of notify: mails of the same moment
SHOWN = 5  # numbers in the evidence
_ARRIVED = (OrderState.IN_INTAKE, OrderState.IMPORTED)


def watch(connection: Connection, shop: Shop, now: datetime) -> Facts | None:
    newest = _newest(connection, shop.key)
    if newest is not None and newest.closed_at is None:
        since = datetime.fromisoformat(newest.evidence["since"])
        if _arrived(connection, shop.key, since - TOGETHER) is not None:
            return None
        return _evidence(connection, shop, since)
    missing = _missing(connection, shop, newest.closed_at if newest is not None else None, now)
    if not missing:
        return None
    arrived = _arrived(connection, shop.key, missing[0].since - TOGETHER)
    silent = [row.since for row in missing if arrived is None or row.since > arrived + TOGETHER]
    return _evidence(connection, shop, min(silent)) if silent else None


def afterwards(connection: Connection, shop: Shop, evidence: Facts) -> None:
    """What waited is announced in the next pass; what the silence swallowed did not spend an order's repeats."""
    freed = update(orders).where(*_kept_back(shop.key))
    connection.execute(freed.values(next_at=None, waiting_for=""))
    since = datetime.fromisoformat(evidence["since"])
    swallowed = update(orders).where(*_announced(shop.key), orders.c.since >= since)
    connection.execute(swallowed.values(redos=0))


def silence(connection: Connection, shop: Shop) -> Silence | None:
    """The newest silence, while it lasts or when it ended; what was announced in it is lost."""
    row = _newest(connection, shop.key)
    if row is None:
        return None
    since = datetime.fromisoformat(row.evidence["since"])
    if row.closed_at is not None:
        return Silence(since=since, until=row.closed_at)
    last = _sent(connection, shop.key, row.opened_at)
    probe_at = max((at for at in last.values()), default=row.opened_at) + shop.canary_after
    waits = select(orders.c.id).where(*_kept_back(shop.key), ~_held()).limit(1)
    return Silence(since=since, probe_at=probe_at, alone=connection.scalar(waits) is None)


def wants_a_look(connection: Connection, shop: Shop, now: datetime) -> bool:
    """A mail is so old that a look decides, and nobody has looked since: sooner than the usual rhythm."""
    query = select(orders.c.since, orders.c.next_at).where(
        *_announced(shop.key), ~_held(), orders.c.since <= now - shop.canary_after
    )
    due = [
        row.since + shop.canary_after
        for row in connection.execute(query)
        if row.next_at is None or row.next_at < row.since + shop.canary_after
    ]
    if not due:
        return False
    run = select(pulses.c.ok_at, pulses.c.failed_at).where(
        pulses.c.shop == shop.key, pulses.c.what == "confirm_intake"
    )
    row = connection.execute(run).first()
    ran = [at for at in row or () if at is not None]
    return not ran or max(ran) < min(due)


# --- what the ledger shows ----------------------------------------------------------------------------------


def _newest(connection: Connection, shop: str) -> Row[Any] | None:
    query = select(alarms).where(alarms.c.shop == shop, alarms.c.kind == KIND)
    return connection.execute(query.order_by(alarms.c.id.desc()).limit(1)).first()


def _announced(shop: str) -> tuple[Any, ...]:
    return orders.c.shop == shop, orders.c.state == OrderState.NOTIFIED, orders.c.left_out == ""


def _kept_back(shop: str) -> tuple[Any, ...]:
    return (
        orders.c.shop == shop,
        orders.c.state == OrderState.RECEIVED,
        orders.c.waiting_for == NOT_ANNOUNCED,
    )


def _held(reason: str = "") -> Any:
    here = [holds.c.item == "order", holds.c.item_id == orders.c.id, holds.c.closed_at.is_(None)]
    return exists().where(and_(*here, *([holds.c.reason == reason] if reason else [])))


def _missing(connection: Connection, shop: Shop, after: datetime | None, now: datetime) -> list[Row[Any]]:
    """Announced, looked for long enough after, and not there; or told by the other server. Oldest first."""
    query = select(orders.c.id, orders.c.since, orders.c.next_at, _held(BOUNCED).label("bounced"))
    query = query.where(*_announced(shop.key), or_(~_held(), _held(BOUNCED)))
    if after is not None:
        query = query.where(orders.c.since > after)
    found = connection.execute(query.order_by(orders.c.since)).all()
    if not found:
        return []
    well = _well_since(connection, shop.key, found[0].since, now)
    return [row for row in found if row.bounced or _looked_for(row, well, shop.canary_after, now)]


def _looked_for(row: Row[Any], well_since: datetime, wait: timedelta, now: datetime) -> bool:
    """A look leaves its time in `next_at`; after an outage the intake has as long to catch up."""
    return row.next_at is not None and max(row.since, well_since) + wait <= row.next_at <= now


def _well_since(connection: Connection, shop: str, sent_at: datetime, now: datetime) -> datetime:
    """Since when Next Engine answers. A door that only flaps blinds us for half an hour at most."""
    outages = select(alarms.c.closed_at).where(alarms.c.shop == shop, alarms.c.kind == OUTAGE)
    last = connection.execute(outages.order_by(alarms.c.id.desc()).limit(1)).first()
    if last is not None and (last.closed_at is None or last.closed_at > sent_at):
        return last.closed_at or now
    failed = select(func.max(pulses.c.failed_at)).where(
        pulses.c.shop == shop, pulses.c.what.in_(("confirm_intake", "follow_slips"))
    )
    failed_at = connection.scalar(failed)
    return sent_at if failed_at is None else min(failed_at, sent_at + FLAPPING)


def _sent(connection: Connection, shop: str, since: datetime) -> dict[int, datetime]:
    """When a mail of ours last went out for each order, from then on; found there already is no mail."""
    query = select(history.c.item_id, history.c.at, history.c.facts).where(
        *_moves(shop, since), history.c.to_state == OrderState.NOTIFIED
    )
    rows = connection.execute(query.order_by(history.c.id))
    return {row.item_id: row.at for row in rows if "slip" not in row.facts}


def _arrived(connection: Connection, shop: str, since: datetime) -> datetime | None:
    """When the newest mail was sent, of those sent since then, that opened a slip."""
    sent = _sent(connection, shop, since)
    query = select(history.c.item_id, history.c.at).where(
        *_moves(shop, since), history.c.from_state == OrderState.NOTIFIED, history.c.to_state.in_(_ARRIVED)
    )
    arrived = [sent[row.item_id] for row in connection.execute(query) if row.item_id in sent]
    return max(arrived, default=None)


def _moves(shop: str, since: datetime) -> Sequence[Any]:
    return (
        history.c.shop == shop,
        history.c.at >= since,
        history.c.item == "order",
        history.c.event == "moved",
    )


def _evidence(connection: Connection, shop: Shop, since: datetime) -> Facts:
    """What a person needs: since when, which orders, what waits, and the last one that did arrive."""
    swallowed = select(orders.c.number).where(*_announced(shop.key), orders.c.since >= since)
    numbers = list(connection.scalars(swallowed.order_by(orders.c.since, orders.c.id)))
    waiting = select(func.count()).select_from(orders).where(*_kept_back(shop.key))
    last = select(history.c.at).where(
        history.c.shop == shop.key,
        history.c.event == "moved",
        history.c.from_state == OrderState.NOTIFIED,
        history.c.to_state.in_(_ARRIVED),
    )
    arrived_at = connection.scalar(last.order_by(history.c.id.desc()).limit(1))
    return {
        "since": since.isoformat(),
        "orders": len(numbers),
        "waiting": connection.scalar(waiting),
        "numbers": numbers[:SHOWN],
        "last_arrived_at": arrived_at.isoformat() if arrived_at else "",
    }
