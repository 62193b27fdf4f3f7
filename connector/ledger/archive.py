"""Archive (控え): the bytes of everything that crossed the border, compressed, found by digest.

Kept and committed before anybody parses or sends them. The same bytes in the same direction are stored
once, so a file that comes twice is known before it is read.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, CursorResult, insert, select, update

from connector.clock import Clock
from connector.ledger.database import Database, pieces
from connector.ledger.schema import exchanges
from connector.ledger.words import plain


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored exchange; `known` says that these very bytes were here before."""

    id: int
    known: bool


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
    digest = hashlib.sha256(body).hexdigest()
    here = (
        exchanges.c.shop == shop,
        exchanges.c.system == system,
        exchanges.c.direction == direction,
        exchanges.c.digest == digest,
    )
    known = connection.scalar(select(exchanges.c.id).where(*here))
    if known is not None:
        return Kept(int(known), known=True)
    row = {
        "shop": shop,
        "system": system,
        "direction": direction,
        "name": plain(name),
        "key": key,
        "digest": digest,
        "size": len(body),
        "body": zlib.compress(body, 1),
        "at": now,
    }
    return Kept(new_id(connection.execute(insert(exchanges).values(**row))), known=False)


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


def unread(connection: Connection, shop: str, system: str) -> list[tuple[int, str, bytes]]:
    """Inbound exchanges nobody finished reading, oldest first: id, name, bytes."""
    query = (
        select(exchanges.c.id, exchanges.c.name, exchanges.c.body)
        .where(
            exchanges.c.shop == shop,
            exchanges.c.system == system,
            exchanges.c.direction == "in",
            exchanges.c.read_at.is_(None),
        )
        .order_by(exchanges.c.id)
    )
    return [(id_, name, zlib.decompress(body)) for id_, name, body in connection.execute(query)]


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
