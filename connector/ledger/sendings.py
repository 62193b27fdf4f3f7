"""Sendings (出荷の控え): what was sent, written down with the intent to send it, and found again by what is like it.

An instruction of ours counts from its intent on, in the same transaction: whatever dies afterwards, the goods may be on
their way. It stops counting only where that is disproved: provably never arrived, refused, 出荷不可, cancelled by the
warehouse, sent back. What Next Engine shows as printed or shipped by others counts as well (切替時, 手出荷).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, and_, delete, insert, select, update

from connector import doubles
from connector.doubles import Alike, Sending
from connector.journey import FINAL, SlipState
from connector.ledger import codec, sendings_undone
from connector.ledger.database import pieces
from connector.ledger.schema import holds, order_slips, orders, slips
from connector.ledger.schema_warehouse import sendings
from connector.order import Order
from connector.outcome import Begun, Reason
from connector.shop import Shop
from connector.slip import NEStatus, Slip

INSTRUCTION = "wms_file"  # the kind of effect that hands a slip to the warehouse
LONGEST = timedelta(days=92)  # what was shipped before that is compared with nothing
MARGIN = timedelta(days=30)  # kept so much longer than it is compared: `doubles.days` may be raised that far
AT_ONCE = 5_000  # rows; the rest goes with the next call
_DAY = timedelta(days=1)  # NE's 出荷確定日 is a day, not an instant
Found = dict[str, dict[int, Row[Any]]]  # for each slip number what may be like it, by the ids of slips


def begun(connection: Connection, shop: str, intents: Iterable[Begun], now: datetime) -> None:
    """These acts may reach the warehouse from now on. In the transaction of their intents."""
    ids = [id_ for one in intents if one.effect.kind == INSTRUCTION for id_ in one.effect.items]
    nouns: dict[int, Slip] = {}
    for part in pieces(dict.fromkeys(ids)):
        query = select(slips.c.id, slips.c.body).where(slips.c.id.in_(part))
        nouns |= {id_: codec.slip(body) for id_, body in connection.execute(query)}
    behind = _orders_behind(connection, list(nouns))
    _write(
        connection,
        shop,
        {id_: doubles.sending(slip, behind.get(id_, ()), now) for id_, slip in nouns.items()},
    )


def shown(connection: Connection, shop: str, pictures: Mapping[int, Slip], now: datetime) -> None:
    """Next Engine shows these: what was printed or shipped without us is a sending too, once its rows are known."""
    gone = {id_: slip for id_, slip in pictures.items() if slip.live and slip.status >= NEStatus.PRINTED}
    known = _known(connection, shop, gone)
    fresh = {
        id_: slip
        for id_, slip in gone.items()
        if _sent_at(slip, now) >= now - LONGEST
        and (id_ not in known or (slip.rows and not _read(known[id_]).goods))
    }
    behind = _orders_behind(connection, list(fresh))
    _write(
        connection,
        shop,
        {
            id_: doubles.sending(
                slip,
                behind.get(id_, ()),
                known[id_].sent_at if id_ in known else _sent_at(slip, now),
                ours=_read(known[id_]).ours if id_ in known else False,
            )
            for id_, slip in fresh.items()
        },
    )


def of_slip(connection: Connection, shop: str, slip_id: int) -> Sending | None:
    """How this slip was sent; None where nothing is known of it."""
    row = _known(connection, shop, [slip_id]).get(slip_id)
    return _read(row) if row is not None else None


def like(
    connection: Connection, shop: Shop, fresh: Sequence[Slip], now: datetime
) -> dict[str, tuple[Sending, ...]]:
    """For each of these slips, read with their rows: what was sent lately and may be the same. A wide net."""
    recent = select(sendings).where(
        sendings.c.shop == shop.key, sendings.c.sent_at >= now - timedelta(days=shop.doubles.days)
    )
    found: Found = {}
    for part in pieces(fresh):
        looks = {slip.number: doubles.sending(slip, (), now) for slip in part}
        _add(connection, recent, "slip_id", _kin(connection, shop.key, looks.values()), found)
        numbers = ((looks[number].number, number) for number in looks)
        _add(connection, recent, "order_number", numbers, found)
        likenesses = ((looks[number].likeness, number) for number in looks)
        _add(connection, recent, "likeness", likenesses, found)
    every = {id_: row for rows in found.values() for id_, row in rows.items()}
    left = sendings_undone.left_of(connection, shop, {id_: _read(row) for id_, row in every.items()})
    return {number: tuple(left[id_] for id_ in sorted(rows) if id_ in left) for number, rows in found.items()}


def instead_of(
    connection: Connection, shop: Shop, lost: Sequence[Slip], now: datetime
) -> dict[str, tuple[Alike, ...]]:
    """For each of these slips: what was sent after it and repeats it, as long as it counted as not having left."""
    later = like(connection, shop, lost, now)
    ids: dict[str, int] = {}
    for part in pieces(later):
        query = select(slips.c.number, slips.c.id).where(slips.c.shop == shop.key, slips.c.number.in_(part))
        ids |= dict(connection.execute(query).all())
    own = {row.slip_number: _read(row) for row in _known(connection, shop.key, ids.values()).values()}
    found: dict[str, tuple[Alike, ...]] = {}
    for number in later.keys() & own.keys():
        repeats = [
            msgspec.structs.replace(seen, slip=one.slip, at=one.at, ours=one.ours)
            for one in later[number]
            if one.at >= own[number].at
            for seen in doubles.alike(one, [own[number]], shop)
        ]
        if repeats:
            found[number] = tuple(repeats)
    return found


def prune(connection: Connection, shop: Shop, now: datetime) -> int:
    """Forget what is too old to be compared with anything; returns how many, at most `AT_ONCE`.

    Never that of a slip that is still on its way, nor one that an open hold names: a person is about to look at it.
    """
    old = (
        select(sendings.c.id, sendings.c.slip_number)
        .join(slips, slips.c.id == sendings.c.slip_id)
        .where(
            sendings.c.shop == shop.key,
            sendings.c.sent_at < now - timedelta(days=shop.doubles.days) - MARGIN,
            slips.c.state.in_([str(state) for state in FINAL if isinstance(state, SlipState)]),
        )
        .order_by(sendings.c.id)
    )
    asked = _asked_about(connection, shop.key)
    gone = [row.id for row in connection.execute(old.limit(AT_ONCE)) if row.slip_number not in asked]
    for part in pieces(gone):
        connection.execute(delete(sendings).where(sendings.c.id.in_(part)))
    return len(gone)


def _asked_about(connection: Connection, shop: str) -> set[str]:
    """Slips that open holds of 二重出荷の疑い are about, and the earlier ones that they name."""
    query = select(holds.c.number, holds.c.note).where(
        holds.c.shop == shop,
        holds.c.item == "slip",
        holds.c.reason == Reason.DUPLICATE_SHIPMENT,
        holds.c.closed_at.is_(None),
    )
    return {one for number, note in connection.execute(query) for one in (number, *doubles.named(note))}


def _add(
    connection: Connection,
    recent: Select[Any],
    column: str,
    wanted: Iterable[tuple[Any, str]],
    found: Found,
) -> None:
    """What was sent lately with one of these values, for the slips that look for it."""
    seekers: dict[Any, set[str]] = {}
    for value, number in wanted:
        if value:
            seekers.setdefault(value, set()).add(number)
    for part in pieces(seekers):
        for row in connection.execute(recent.where(sendings.c[column].in_(part))):
            for number in seekers[getattr(row, column)] - {row.slip_number}:
                found.setdefault(number, {})[row.slip_id] = row


def _kin(connection: Connection, shop: str, looks: Iterable[Sending]) -> list[tuple[int, str]]:
    """Ids of slips with one order, or the same round, as each of these; and of those it came out of."""
    origins: dict[str, set[str]] = {}
    for one in looks:
        for number in (one.slip, one.copied_from, one.split_from, one.parcel_parent, *one.took_in):
            origins.setdefault(number, set()).add(one.slip)
    kin: list[tuple[int, str]] = []
    mine: dict[int, str] = {}
    for part in pieces(filter(None, origins)):
        query = select(slips.c.id, slips.c.number).where(slips.c.shop == shop, slips.c.number.in_(part))
        for id_, number in connection.execute(query):
            kin += [(id_, seeker) for seeker in origins[number]]
            if number in origins[number]:
                mine[id_] = number
    for ids in pieces(mine):
        for related in (_tied(ids), _of_the_round(ids)):
            kin += [(row.theirs, mine[row.mine]) for row in connection.execute(related)]
    return kin


def _tied(ids: Sequence[int]) -> Select[Any]:
    """Slips of an order that stands behind these slips too."""
    mine, theirs = order_slips.alias("mine"), order_slips.alias("theirs")
    return (
        select(mine.c.slip_id.label("mine"), theirs.c.slip_id.label("theirs"))
        .join(theirs, theirs.c.order_id == mine.c.order_id)
        .where(mine.c.slip_id.in_(ids), theirs.c.slip_id != mine.c.slip_id)
    )


def _of_the_round(ids: Sequence[int]) -> Select[Any]:
    """Slips of another order of the same round of the same subscription."""
    mine, theirs = order_slips.alias("mine"), order_slips.alias("theirs")
    here, there = orders.alias("here"), orders.alias("there")
    same = and_(
        there.c.shop == here.c.shop,
        there.c.subscription_id == here.c.subscription_id,
        there.c.subscription_round == here.c.subscription_round,
        there.c.id != here.c.id,
    )
    return (
        select(mine.c.slip_id.label("mine"), theirs.c.slip_id.label("theirs"))
        .join(here, here.c.id == mine.c.order_id)
        .join(there, same)
        .join(theirs, theirs.c.order_id == there.c.id)
        .where(mine.c.slip_id.in_(ids))
    )


def _orders_behind(connection: Connection, slip_ids: Sequence[int]) -> dict[int, list[Order]]:
    found: dict[int, list[Order]] = {}
    for part in pieces(slip_ids):
        query = (
            select(order_slips.c.slip_id, orders.c.body)
            .join(orders, orders.c.id == order_slips.c.order_id)
            .where(order_slips.c.slip_id.in_(part))
            .order_by(orders.c.id)
        )
        for slip_id, body in connection.execute(query):
            found.setdefault(slip_id, []).append(codec.order(body))
    return found


def _known(connection: Connection, shop: str, slip_ids: Iterable[int]) -> dict[int, Row[Any]]:
    found: dict[int, Row[Any]] = {}
    for part in pieces(slip_ids):
        query = select(sendings).where(sendings.c.shop == shop, sendings.c.slip_id.in_(part))
        found |= {row.slip_id: row for row in connection.execute(query)}
    return found


def _write(connection: Connection, shop: str, fresh: Mapping[int, Sending]) -> None:
    known = _known(connection, shop, fresh)
    rows = [
        {
            "shop": shop,
            "slip_id": id_,
            "slip_number": one.slip,
            "order_number": one.number,
            "likeness": one.likeness,
            "body": msgspec.to_builtins(one),
            "sent_at": one.at,
        }
        for id_, one in fresh.items()
    ]
    new = [row for row in rows if row["slip_id"] not in known]
    if new:
        connection.execute(insert(sendings), new)
    for row in (row for row in rows if row["slip_id"] in known):
        connection.execute(update(sendings).where(sendings.c.id == known[row["slip_id"]].id), row)


def _read(row: Row[Any]) -> Sending:
    return msgspec.convert(row.body, Sending)


def _sent_at(slip: Slip, now: datetime) -> datetime:
    if slip.status < NEStatus.SHIPPED or slip.shipped_at is None:
        return now
    return min(now, slip.shipped_at + _DAY)
