"""Windows (取込の時刻): which set time is open, what became of it so far, and who belongs to it.

Dangerous: a set time may have several files. Whoever is in one of them is in no later one (reliability V3, V7), and
there is never a second file while the first one's fate is not certain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, or_, select

from connector.clock import at_jst
from connector.journey import OrderState
from connector.ledger import jobs, pace, preflight_rows, preflights
from connector.ledger.database import Database
from connector.ledger.effects import AGAIN, OPEN
from connector.ledger.leaving import blocking
from connector.ledger.schema import effect_items, effects, history, holds, orders
from connector.outcome import Effect, Facts, Item, Outcome
from connector.ports import FilesSoFar
from connector.shop import Shop

NOTIFY = "notify"  # the stage that announces an order
ON_THE_WAY = (OrderState.RECEIVED, OrderState.NOTIFIED, OrderState.IN_INTAKE)
Gate = Callable[
    [Connection, Sequence[Effect], Mapping[int, Item[Any]]],
    tuple[list[Effect], list[tuple[Item[Any], Outcome]]],
]


class Windows:
    """The ledger's verbs about set times."""

    database: Database
    shop: Shop

    async def finished(self, kind: str, window: str) -> bool:
        return await self.database.read(lambda c: jobs.finished(c, self.shop.key, kind, window))

    async def start(self, kind: str, window: str, now: datetime) -> None:
        await self.database.run(lambda c: jobs.start(c, self.shop.key, kind, window, now))

    async def finish(self, kind: str, window: str, now: datetime, counts: Facts) -> None:
        await self.database.run(lambda c: jobs.finish(c, self.shop.key, kind, window, now, counts))

    async def wants_again(self, stage: str, window: str) -> bool:
        return await self.database.read(lambda c: jobs.wants_again(c, self.shop.key, stage, window))

    async def unsettled(self, stage: str, window: str) -> bool:
        """Whether somebody who belongs to this time is still on the way to its file, or a file waits for a click."""
        return await self.database.read(lambda c: unsettled(c, self.shop.key, stage, window))

    async def kept_open(self, now: datetime) -> str:
        """The time whose file waits for a click, or was released and did not leave yet; empty where none is."""
        return await self.database.read(lambda c: preflight_rows.kept_open(c, self.shop.key, now))

    async def files_so_far(self, stage: str, window: str) -> FilesSoFar:
        return await self.database.read(lambda c: files_so_far(c, self.shop.key, stage, window))

    async def resting(self, window: str, so_far: FilesSoFar, now: datetime) -> bool:
        """Whether the next file of this time waits for a click and was looked at a moment ago."""
        name = preflight_rows.named(window, so_far.revision)
        return await self.database.read(lambda c: preflight_rows.resting(c, self.shop.key, name, now))

    def pace(self, now: datetime) -> Gate:
        """Lets a batch go to the warehouse, or keeps it where the day's number is absurd; judged as above."""

        def judged(
            connection: Connection, planned: Sequence[Effect], items: Mapping[int, Item[Any]]
        ) -> tuple[list[Effect], list[tuple[Item[Any], Outcome]]]:
            return pace.let_through(connection, self.shop, planned, items, now)

        return judged

    def gate(self, window: str, so_far: FilesSoFar, now: datetime) -> Gate:
        """Lets a planned file through, or keeps it; judged in the transaction that commits its intent."""

        def judged(
            connection: Connection, planned: Sequence[Effect], items: Mapping[int, Item[Any]]
        ) -> tuple[list[Effect], list[tuple[Item[Any], Outcome]]]:
            return preflights.let_through(connection, self.shop, window, so_far, planned, items, now)

        return judged


def instant_of(window: str) -> datetime:
    """When this set time was: "2026-11-24 14:00" in Japan."""
    at = datetime.strptime(window, "%Y-%m-%d %H:%M")  # noqa: DTZ007 - made aware in the next line
    return at_jst(at.date(), at.hour, at.minute)


def files_so_far(connection: Connection, shop: str, stage: str, window: str) -> FilesSoFar:
    """The number of the next file of this time, and who may be in it.

    The first file takes everybody who stands there, however late it runs. A later one takes only who was announced
    before the set time and was in no file of it.
    """
    released = _released(connection, shop, stage, window)
    taken = {row.key for row in released}
    revision = next(n for n in range(1, len(taken) + 2) if key(shop, window, n) not in taken)
    under_way = select(effects.c.id).where(
        effects.c.shop == shop, effects.c.stage == stage, effects.c.state.in_(OPEN)
    )
    only = preflight_rows.shown(connection, shop, preflight_rows.named(window, revision))
    if released:
        inside = _inside(connection, released)
        belong = frozenset(connection.scalars(_belonging(shop, window, (OrderState.IN_INTAKE,)))) - inside
        only = belong if only is None else belong & only
    return FilesSoFar(
        revision=revision,
        under_way=connection.scalar(under_way.limit(1)) is not None,
        shut=preflight_rows.shut(connection, shop, window),
        only=only,
    )


def unsettled(connection: Connection, shop: str, stage: str, window: str) -> bool:
    if preflight_rows.shut(connection, shop, window):
        return False
    if preflight_rows.waits(connection, shop, window):
        return True
    inside = _inside(connection, _released(connection, shop, stage, window))
    held = exists().where(
        holds.c.item == "order", holds.c.item_id == orders.c.id, holds.c.closed_at.is_(None), blocking()
    )
    walking = _belonging(shop, window, ON_THE_WAY).where(~held, ~orders.c.cancelled, orders.c.left_out == "")
    return any(id_ not in inside for id_ in connection.scalars(walking))


def key(shop: str, window: str, revision: int) -> str:
    """The stable key of a time's n-th file."""
    return f"{shop}/ne_import/{window}" + (f"/r{revision}" if revision > 1 else "")


def _released(connection: Connection, shop: str, stage: str, window: str) -> list[Row[Any]]:
    """The files of this time that left, or may have left."""
    first = key(shop, window, 1)
    query = select(effects.c.id, effects.c.key).where(
        effects.c.shop == shop,
        effects.c.stage == stage,
        effects.c.state.not_in(AGAIN),
        or_(effects.c.key == first, effects.c.key.startswith(f"{first}/r", autoescape=True)),
    )
    return list(connection.execute(query))


def _inside(connection: Connection, released: Sequence[Row[Any]]) -> frozenset[int]:
    ids = [row.id for row in released]
    return frozenset(
        connection.scalars(select(effect_items.c.item_id).where(effect_items.c.effect_id.in_(ids)))
    )


def _belonging(shop: str, window: str, states: Sequence[OrderState]) -> Select[Any]:
    return select(orders.c.id).where(
        orders.c.shop == shop,
        orders.c.state.in_([str(state) for state in states]),
        _announced_before(instant_of(window)),
    )


def _announced_before(at: datetime) -> ColumnElement[bool]:
    """SQL: our first mail for it was begun by then, or somebody else's was seen to have worked."""
    ours = exists().where(
        effect_items.c.item_id == orders.c.id,
        effects.c.id == effect_items.c.effect_id,
        effects.c.stage == NOTIFY,
        effects.c.started_at <= at,
    )
    seen = exists().where(
        history.c.item == "order",
        history.c.item_id == orders.c.id,
        history.c.event == "moved",
        history.c.from_state == OrderState.RECEIVED,
        history.c.at <= at,
    )
    return or_(ours, seen)
