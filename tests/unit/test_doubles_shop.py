"""A month of a shop with doubles (二重出荷): all injected ones are stopped, and hardly a genuine repeat.

Through the real store: orders received, slips mirrored, sendings written with the intents, candidates queried.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from connector.journey import SlipState
from connector.ledger import bookings, item_rows, receive
from connector.ledger.database import Database
from connector.ledger.ledger import Ledger
from connector.ledger.record import By
from connector.ledger.schema import metadata, slips
from connector.ledger.schema_warehouse import goods_returns
from connector.outcome import Effect, Item
from connector.ports import Ports
from connector.shop import DoubleRules, Shop
from connector.slip import Result, Shipment, ShippedLine, Slip
from connector.stages.doubled import doubled
from sqlalchemy import insert, select

from tests.unit.double_shop import KINDS, START, Event
from tests.unit.injected_doubles import TroubledShop

RELAY = By("relay", SlipState.RELAYED)
HOURS = (0, 4, 8)  # UTC: three passes a day


@dataclass
class Month:
    """What the guard said about one month."""

    caught: Counter[str] = field(default_factory=Counter)
    missed: list[Event] = field(default_factory=list)
    wrong: list[tuple[Event, str]] = field(default_factory=list)  # genuine ones that were stopped, and why
    genuine: int = 0
    seconds: float = 0.0
    compared: int = 0

    def figures(self, seed: int) -> str:
        kinds = " ".join(f"{kind}={self.caught[kind]}" for kind in KINDS)
        rate = 100 * len(self.wrong) / max(1, self.genuine)
        why = dict(Counter(event.pattern for event, _ in self.wrong))
        return (
            f"seed {seed}: caught {self.caught.total()} of {self.caught.total() + len(self.missed)} ({kinds}); "
            f"genuine stopped {len(self.wrong)} of {self.genuine} = {rate:.3f} % {why}; "
            f"{self.compared / self.seconds:,.0f} slips/s"
        )


class Guarded:
    """One shop's ledger, through which a month of events is led pass by pass."""

    def __init__(self, folder: Path, **rules: Any) -> None:
        self.database = Database(f"sqlite:///{folder}/ledger.sqlite3", inline=True)
        metadata.create_all(self.database.engine)
        self.shop = Shop(
            key="mihon", name="見本店", start_at=START, ne_shop_id="1", doubles=DoubleRules(**rules)
        )
        self.ledger = Ledger(self.database, self.shop)
        self.gone: set[str] = set()

    async def month(self, events: list[Event]) -> Month:
        month = Month()
        for sequence, (now, came) in enumerate(by_pass(events), 1):
            await self._happened(came, now)
            ready = [event for event in came if event.what == "relay"]
            items = await self._items([event.slip.number for event in ready])
            fresh = {event.slip.number: event.slip for event in ready}
            ports = cast(Ports, SimpleNamespace(shop=self.shop, known=self.ledger, now=now))
            began = time.perf_counter()
            held = await doubled({number: items[number] for number in fresh}, fresh, ports)
            month.seconds += time.perf_counter() - began
            month.compared += len(fresh)
            judge(month, ready, {number: hold.note for number, hold in held.items()}, self.gone)
            sent = [e.slip.number for e in ready if e.slip.number not in held or not e.double]
            self.gone |= set(sent)
            effect = Effect(
                kind="wms_file", key=f"mihon/wms_file/{sequence:06}", items=tuple(items[n].id for n in sent)
            )
            if sent:
                begun = await self.ledger.begin(
                    RELAY, [effect], {items[n].id: items[n] for n in sent}, [], now
                )
                assert len(begun.begun) == 1
        return month

    async def _items(self, numbers: list[str]) -> dict[str, Item[Slip]]:
        """As a stage gets them, wherever they stand: the comparison must not rest on the places."""
        query = select(slips).where(slips.c.shop == "mihon", slips.c.number.in_(numbers))
        items = await self.database.read(lambda c: item_rows.slip_items(c, list(c.execute(query))))
        return {item.noun.number: item for item in items}

    async def _happened(self, came: list[Event], now: datetime) -> None:
        placed = [order for event in came for order in event.orders]
        await self.database.run(lambda c: receive.receive(c, self.shop, placed, None, now))
        seen = [event.slip for event in came if event.what in ("relay", "shown", "seen")]
        await self.ledger.see_slips("follow_slips", [one for one in seen if not one.live], now)
        await self.ledger.see_slips("follow_slips", [one for one in seen if one.live], now)
        self.gone |= {event.slip.number for event in came if event.what == "shown"}
        said = [event for event in came if event.what in ("unshippable", "partial")]
        back = [row for event in came if event.what == "return" for row in returned(event, now)]

        def work(connection: Any) -> None:
            bookings.book_all(connection, "mihon", [result_of(event) for event in said], 1, now)
            if back:
                connection.execute(insert(goods_returns), back)

        if said or back:
            await self.database.run(work)


def by_pass(events: list[Event]) -> list[tuple[datetime, list[Event]]]:
    found: dict[datetime, list[Event]] = {}
    for event in events:
        day = event.at.replace(hour=0, minute=0, second=0, microsecond=0)
        times = [day + timedelta(hours=hour) for hour in (*HOURS, 24)]
        found.setdefault(next(at for at in times if at >= event.at), []).append(event)
    return sorted(found.items())


def judge(month: Month, ready: list[Event], held: dict[str, str], gone: set[str]) -> None:
    """A double is caught where it and what it doubles do not both go; then the other one is not held against us."""
    going = {event.slip.number for event in ready if event.slip.number not in held}
    instead: set[str] = set()
    for event in (one for one in ready if one.double):
        both = event.slip.number in going and (event.of in gone or event.of in going)
        if both:
            month.missed.append(event)
        else:
            month.caught[event.double] += 1
            instead |= {event.of} if event.of in held else set()
    for event in (one for one in ready if not one.double):
        month.genuine += 1
        if event.slip.number in held and event.slip.number not in instead:
            month.wrong.append((event, held[event.slip.number]))


def result_of(event: Event) -> Shipment:
    lines = tuple(ShippedLine(line_no=n, sku=sku, quantity=q) for n, (sku, q) in enumerate(event.lines, 1))
    result = Result.PARTIAL if event.what == "partial" else Result.UNSHIPPABLE
    return Shipment(
        result_id=f"R{event.slip.number}", slip_number=event.slip.number, result=result, shipped_on=date(2026, 11, 2),
        carrier="", tracking=(), lines=lines,
    )  # fmt: skip


def returned(event: Event, now: datetime) -> list[dict[str, Any]]:
    return [
        {"shop": "mihon", "return_number": f"B{event.slip.number}", "slip_number": event.slip.number, "tracking": "",
         "sku": sku, "quantity": quantity, "condition": "good", "reason": "", "arrived_on": now.date(), "at": now}
        for sku, quantity in event.lines
    ]  # fmt: skip


async def led_through(folder: Path, seed: int, size: int, doubles: int) -> Month:
    guarded = Guarded(folder)
    month = await guarded.month(TroubledShop(seed, size, doubles).events)
    guarded.database.close()
    print(month.figures(seed))
    for event in month.missed[:5]:
        print("missed:", event.double, event.slip, event.orders)
    for event, note in month.wrong[:20]:
        print("stopped:", event.pattern, note)
    return month


async def test_doubles_of_all_kinds_are_stopped_and_repeats_go(tmp_path: Path) -> None:
    month = await led_through(tmp_path, 7, size=1_500, doubles=80)
    assert not month.missed
    assert all(month.caught[kind] == 10 for kind in KINDS)
    assert {event.pattern for event, _ in month.wrong} <= {"really_twice"}


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_three_hundred_doubles_in_twenty_thousand_shipments(tmp_path: Path, seed: int) -> None:
    month = await led_through(tmp_path, seed, size=20_000, doubles=300)
    assert not month.missed
    assert month.caught.total() == 300
    assert month.genuine >= 20_000
    assert len(month.wrong) <= 0.002 * month.genuine
