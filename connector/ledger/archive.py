"""Archive (控え): the bytes of everything that crossed the border, compressed, found by digest.

Kept and committed before anybody parses or sends them. The same bytes in the same direction are stored
once, so a file that comes twice is known before it is read.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, CursorResult, insert, select, update

from connector.clock import Clock
from connector.ledger.database import Database, pieces
from connector.ledger.schema import exchanges
from connector.ledger.storable import plain


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored exchange; `known` says that these very bytes were here before."""

    id: int
    known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bytes:
    """What crosses the border, and how it is called there."""

    system: str
    direction: str
    name: str
    body: bytes
    key: str = ""

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


def keep(
    connection: Connection,
    shop: str,
    now: datetime,
    *,
    system: str,
    direction: str,
    name: str,
    body: bytes,
    key: str = "",
) -> Kept:
    """Store bytes inside the caller's transaction."""
    one = Bytes(system=system, direction=direction, name=name, body=body, key=key)
    return keep_all(connection, shop, now, [one])[0]


def keep_all(connection: Connection, shop: str, now: datetime, crossing: Sequence[Bytes]) -> list[Kept]:
    """Store several inside the caller's transaction; answers in their order."""
    places = [(one.system, one.direction, one.digest) for one in crossing]
    known = _known(connection, shop, [digest for *_, digest in places])
    fresh = {
        place: _row(shop, one, place[-1], now)
        for one, place in zip(crossing, places, strict=True)
        if place not in known
    }
    found = dict(known)
    if fresh:
        returning = insert(exchanges).returning(exchanges.c.id, sort_by_parameter_order=True)
        ids = connection.scalars(returning, list(fresh.values())).all()
        found |= dict(zip(fresh, ids, strict=True))
    return [Kept(found[place], known=place in known) for place in places]


def _known(connection: Connection, shop: str, digests: Sequence[str]) -> dict[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = {}
    for part in pieces(digests):
        query = select(exchanges.c.system, exchanges.c.direction, exchanges.c.digest, exchanges.c.id).where(
            exchanges.c.shop == shop, exchanges.c.digest.in_(part)
        )
        found |= {(system, way, digest): id_ for system, way, digest, id_ in connection.execute(query)}
    return found


def _row(shop: str, one: Bytes, digest: str, now: datetime) -> dict[str, Any]:
    return {
        "shop": shop,
        "system": one.system,
        "direction": one.direction,
        "name": plain(one.name),
        "key": one.key,
        "digest": digest,
        "size": len(one.body),
        "body": zlib.compress(one.body, 1),
        "at": now,
    }


def new_id(inserted: CursorResult[Any]) -> int:
    """The id that an insert of one row was given."""
    key = inserted.inserted_primary_key
    if key is None:
        raise TypeError("not an insert into a table with a primary key")
    return int(key[0])


def body_of(connection: Connection, exchange_id: int) -> bytes:
    """The bytes as they crossed the border. Raises KeyError for an id that was purged."""
    body = connection.scalar(select(exchanges.c.body).where(exchanges.c.id == exchange_id))
    if body is None:
        raise KeyError(exchange_id)
    return zlib.decompress(body)


def bodies_of(connection: Connection, exchange_ids: Iterable[int]) -> dict[int, bytes]:
    """The bytes of several exchanges; purged ones are absent."""
    found: dict[int, bytes] = {}
    for part in pieces(exchange_ids):
        query = select(exchanges.c.id, exchanges.c.body).where(exchanges.c.id.in_(part))
        found |= {id_: zlib.decompress(body) for id_, body in connection.execute(query)}
    return found


def unread(connection: Connection, shop: str, system: str) -> list[tuple[int, str]]:
    """Inbound exchanges nobody finished reading, oldest first: id and name. Each one's bytes are taken in its turn."""
    query = (
        select(exchanges.c.id, exchanges.c.name)
        .where(
            exchanges.c.shop == shop,
            exchanges.c.system == system,
            exchanges.c.direction == "in",
            exchanges.c.read_at.is_(None),
        )
        .order_by(exchanges.c.id)
    )
    return [(id_, name) for id_, name in connection.execute(query)]


def finish_reading(connection: Connection, exchange_id: int, now: datetime, words: str = "") -> None:
    """A reader took from it what there is; it is not read again."""
    connection.execute(
        update(exchanges).where(exchanges.c.id == exchange_id).values(read_at=now, words=words)
    )


class ShopArchive:
    """`ports.Archive` for one shop: keeps and commits at once."""

    def __init__(self, database: Database, clock: Clock, shop: str) -> None:
        self._database, self._clock, self._shop = database, clock, shop

    async def keep(self, *, system: str, direction: str, name: str, body: bytes, key: str = "") -> int:
        now = self._clock.now()
        kept = await self._database.run(
            lambda connection: keep(
                connection,
                self._shop,
                now,
                system=system,
                direction=direction,
                name=name,
                body=body,
                key=key,
            )
        )
        return kept.id
