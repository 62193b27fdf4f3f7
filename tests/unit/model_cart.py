"""A model of the cart's order list: rows that move while somebody reads them, and every oddity of spec/ecforce.md §2.2.

It knows nothing of how we read; `mischief` strikes before each answer, as shoppers and the cart's own jobs do.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connector.adapters.ecforce.reader import ReadPage
from connector.clock import JST, jst
from connector.order import Order
from connector.ports import CartPage
from msgspec.structs import replace

from tests.unit.world import START, an_order

CAP = 100


@dataclass(kw_only=True)
class Oddities:
    """What this cart does not do as documented."""

    per: int = CAP  # larger wishes are capped in silence
    says_per: bool = True
    says_total: bool = True
    total_pages: str = "true"  # or "missing", "zero", "one"
    sorts: bool = True
    knows_id_lt: bool = True
    filters: bool = True


@dataclass
class Row:
    id: int
    updated_at: datetime
    version: int = 1
    deleted: bool = False

    def order(self) -> Order:
        return replace(
            PATTERN,
            number=f"N{self.id}",
            cart_order_id=self.id,
            updated_at=self.updated_at,
            memo=f"v{self.version}",
            deleted=self.deleted,
        )


PATTERN = an_order()


@dataclass
class ModelCart:
    """Rows by id. `now` moves by mischief only."""

    random: random.Random
    oddities: Oddities
    now: datetime = START
    rows: dict[int, Row] = field(default_factory=dict)
    mischief: int = (
        60  # so many answers are disturbed: a shop that changes faster than one reads ends some time
    )
    hard_deletes: bool = False
    requests: int = 0
    gone: set[int] = field(default_factory=set)
    slowest: timedelta = timedelta(0)  # so late may the cart show what it dated earlier (a long transaction)
    hidden: dict[int, tuple[datetime, datetime]] = field(default_factory=dict)  # id: visible at, dated

    # --- the shop goes on ---

    def place(self, id_: int = 0) -> int:
        """A new order; without an id, one that may be smaller than others: its checkout began long ago."""
        chosen = id_ or self._a_free_id()
        self.rows[chosen] = Row(chosen, self.now)
        return chosen

    def _a_free_id(self) -> int:
        while (n := self.random.randrange(1, 10 * len(self.rows) + 50)) in self.rows or n in self.gone:
            pass
        return n

    def update(self, id_: int) -> None:
        row = self.rows[id_]
        if id_ in self.hidden:
            return
        if self.slowest and self.random.random() < 0.3:
            delay = self.slowest * self.random.random()
            self.hidden[id_] = (self.now + delay, self.now)
            return
        row.updated_at, row.version = self.now, row.version + 1

    def reveal(self) -> None:
        for id_, (visible_at, dated) in list(self.hidden.items()):
            if visible_at <= self.now and id_ in self.rows:
                row = self.rows[id_]
                row.updated_at, row.version = dated, row.version + 1
                del self.hidden[id_]

    def strike(self) -> None:
        for _ in range(self.random.choice((0, 0, 1, 1, 2, 5))):
            what = self.random.random()
            if what < 0.25:
                self.now += timedelta(seconds=self.random.choice((0, 1, 1, 2, 61)))
            elif what < 0.45 or not self.rows:
                self.place()
            elif what < 0.9:
                # Mostly among the oldest: the rows that are being read right now.
                oldest = sorted(self.rows.values(), key=lambda row: (row.updated_at, row.id))
                self.update(self.random.choice(oldest[: max(1, len(oldest) // 2)]).id)
            elif self.hard_deletes:
                id_ = self.random.choice(list(self.rows))
                del self.rows[id_]
                self.gone.add(id_)
            else:
                id_ = self.random.choice(list(self.rows))
                self.rows[id_].deleted = True
                self.update(id_)

    # --- what it answers ---

    async def ask(self, conditions: Any) -> bytes:
        self.requests += 1
        if self.requests <= self.mischief:
            self.strike()
        self.reveal()
        asked = dict(conditions)
        found = self._sorted(self._matching(asked), asked)
        page, per = int(asked["page"]), self.oddities.per
        shown = found[(page - 1) * per : page * per]
        return json.dumps({"data": [_data(row) for row in shown], "meta": self._meta(found, page)}).encode()

    def _matching(self, asked: dict[str, str]) -> list[Row]:
        since = _read(asked.get("q[updated_at_gteq]", "0001-01-02 00:00:00"))
        until = _read(asked.get("q[updated_at_lt]", "9999-12-30 00:00:00"))
        below = int(asked.get("q[id_lt]", 10**9)) if self.oddities.knows_id_lt else 10**9
        if not self.oddities.filters:
            return list(self.rows.values())
        return [row for row in self.rows.values() if row.id < below and since <= row.updated_at < until]

    def _sorted(self, rows: list[Row], asked: dict[str, str]) -> list[Row]:
        if not self.oddities.sorts:
            return sorted(rows, key=lambda row: -row.id)
        if asked["sort"] == "-id":
            return sorted(rows, key=lambda row: -row.id)
        return sorted(rows, key=lambda row: (row.updated_at, row.id))

    def _meta(self, found: list[Row], page: int) -> dict[str, int]:
        per, pages = self.oddities.per, -(-len(found) // self.oddities.per)
        meta: dict[str, int] = {"page": page}
        if self.oddities.says_per:
            meta["per"] = per
        if self.oddities.says_total:
            meta["total_count"] = len(found)
        if self.oddities.total_pages != "missing":
            meta["total_pages"] = {"true": pages, "zero": 0, "one": 1}[self.oddities.total_pages]
        return meta


def read(body: bytes) -> ReadPage[CartPage]:
    """The model's pages as the reader would give them."""
    document = json.loads(body)
    rows = [
        Row(data["id"], _read(data["updated_at"]), data["version"], data["deleted"])
        for data in (each["attributes"] for each in document["data"])
    ]
    meta = document["meta"]
    page = CartPage(tuple(row.order() for row in rows), (), body, meta.get("total_count"))
    return ReadPage(
        page, tuple(row.updated_at for row in rows), meta.get("total_pages", 0), meta.get("per", 0)
    )


def _data(row: Row) -> dict[str, Any]:
    attributes = {
        "id": row.id,
        "updated_at": f"{jst(row.updated_at):%Y-%m-%d %H:%M:%S}",
        "version": row.version,
        "deleted": row.deleted,
    }
    return {"id": str(row.id), "attributes": attributes}


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=JST)
