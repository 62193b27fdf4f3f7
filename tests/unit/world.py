"""World (一店舗の世界): one shop on a clock that stands still, with fakes on every side and a real ledger file."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.adapters.mail.reports import read_report
from connector.clock import SteppedClock, jst
from connector.ledger import changes, stop_answers
from connector.ledger.archive import ShopArchive, body_of
from connector.ledger.database import Database
from connector.ledger.history import append, verify
from connector.ledger.ledger import Ledger
from connector.ledger.schema import effects, history, holds, metadata, orders, slips, stop_requests, strays
from connector.order import (
    Address,
    Amounts,
    Buyer,
    Order,
    OrderLine,
    Origin,
    Payment,
    PaymentKind,
    PaymentState,
    Recipient,
)
from connector.ports import Ports
from connector.runner import Counts, Runner
from connector.shop import Shop
from connector.slip import Result, Shipment
from connector.stages import BESIDE, STAGES
from msgspec.structs import fields, replace
from sqlalchemy import select, update

from tests.unit import ledger_file
from tests.unit.fake_warehouse import FakeWarehouse
from tests.unit.fakes import FakeCart, FakeMailbox, FakeMailer, FakeNextEngine

START = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)  # 09:00 in Japan
DEFERRED = Payment(
    method_id=34,
    method="NP後払い",
    kind=PaymentKind.DEFERRED,
    state=PaymentState.AUTHORIZED,
    state_code="authed",
    linked=True,
    prepayment=False,
)
CARD = replace(DEFERRED, method_id=1, method="クレジットカード", kind=PaymentKind.CARD)
TRANSFER = replace(
    DEFERRED, method_id=2, method="銀行振込", kind=PaymentKind.TRANSFER, linked=False, prepayment=True
)


def an_order(number: str = "T-1001", payment: Payment = DEFERRED, **more: Any) -> Order:
    address = Address(name="見本 太郎", prefecture="東京都", city="見本区見本町", street="1-2-3")
    amounts: dict[str, int] = {field.name: 0 for field in fields(Amounts) if field.required}
    amounts |= {"subtotal": 2200, "subtotal10": 2200, "total": 2200, "payable": 2200}
    line = OrderLine(
        line_id=1, sku="SKU-1", product_number="P-1", name="見本", unit_price=1100, quantity=2, tax_rate=10
    )
    order = Order(
        number=number,
        cart_order_id=int("".join(filter(str.isdigit, number)) or 1),
        origin=Origin.PLACED,
        subscription=None,
        placed_at=START,
        updated_at=START,
        state_code="new",
        cancelled=False,
        deleted=False,
        payment=payment,
        buyer=Buyer(customer_id=1, email="buyer@example.jp", address=address),
        recipients=(Recipient(address_id=1, address=address),),
        lines=(line,),
        amounts=Amounts(**amounts),
    )
    return replace(order, **more)


def tracking(n: int) -> str:
    """A number whose check digit is right (spec/wms.md §4.4)."""
    body = f"{49990000000 + n:011}"
    return f"{body}{int(body) % 7}"


def a_shipment(slip: str, *numbers: str, **more: Any) -> Shipment:
    shipment = Shipment(
        result_id=f"R{slip}",
        slip_number=slip,
        result=Result.SHIPPED,
        shipped_on=date(2026, 11, 24),
        carrier="YAMATO_TAKKYUBIN",
        tracking=numbers or (tracking(int(slip)),),
    )
    return replace(shipment, **more)


class HandClock(SteppedClock):
    """Stands still until a test moves it, without anybody having to await it."""

    def set_to(self, at: datetime) -> None:
        self._now = at


class World:
    """One shop. `run` is one pass by hand; `pass_by` lets time go, nothing else."""

    def __init__(self, folder: Path, *, url: str = "", **shop: Any) -> None:
        self.clock = HandClock(START)
        settings: dict[str, Any] = {"key": "mihon", "name": "見本店", "start_at": START, "ne_shop_id": "1"}
        settings |= {"completion_route": "api"}
        self.shop = Shop(**(settings | {"settle": timedelta(minutes=10)} | shop))
        self.database = Database(url or f"sqlite:///{folder}/ledger.sqlite3", inline=True)
        ledger_file.begin(self.database)
        self.ledger = Ledger(self.database, self.shop)
        self.cart = FakeCart(self.clock, route=self.shop.completion_route)
        self.ne = FakeNextEngine(self.clock, orders=self.cart.orders.get)
        self.mailer = FakeMailer(self.clock, next_engine=self.ne)
        self.wms = FakeWarehouse(self.clock)
        self.mailbox = FakeMailbox(
            self.clock, reader=lambda body: read_report(body, domain="shop.example.jp")
        )
        self.runner = self.new_runner()

    def fork(self, folder: Path) -> World:
        """The same world once more, on a copy of the ledger: what happens there leaves no trace here."""
        folder.mkdir()
        copy = sqlite3.connect(folder / "ledger.sqlite3")
        with sqlite3.connect(self.database.url.removeprefix("sqlite:///")) as mine, copy:
            mine.backup(copy)
        copy.close()
        mine.close()
        other = World(folder, **{name: getattr(self.shop, name) for name in self.shop.__struct_fields__})
        sides = (self.clock, self.cart, self.ne, self.mailer, self.wms, self.mailbox)
        other.clock, other.cart, other.ne, other.mailer, other.wms, other.mailbox = deepcopy(sides)
        other.ne.orders = other.cart.orders.get
        other.runner = other.new_runner()
        assert other.rows_of("history") == self.rows_of("history")
        return other

    def new_runner(self) -> Runner:
        archive = ShopArchive(self.database, self.clock, self.shop.key)
        sides = (self.cart, self.mailer, self.ne, self.wms)
        ports = Ports(self.shop, *sides, archive, self.clock.now(), mailbox=self.mailbox)
        return Runner(self.ledger, ports, self.clock, random.Random(7))

    async def run(self, *names: str, window: str = "") -> Counts:
        """These stages in turn; the last one's counts. A pass that failed fails the test."""
        counts = Counts()
        for name in names:
            counts = await self.runner.run(name, window=window)
            assert not counts.failed, f"{name}: {counts.failed}"
        return counts

    def pass_by(self, **time: float) -> datetime:
        self.clock.set_to(self.clock.now() + timedelta(**time))
        return self.clock.now()

    async def import_now(self) -> Counts:
        return await self.run("import_daily", window=f"{jst(self.clock.now()):%Y-%m-%d %H:%M}")

    async def complete_now(self) -> Counts:
        return await self.run("complete", window=f"{jst(self.clock.now()):%Y-%m-%d %H:%M}")

    # --- whole stretches of the journey ---

    async def to_intake(self, *placed: Order) -> None:
        for order in placed:
            self.cart.put(order)
        self.pass_by(minutes=11)
        await self.run("ingest", "notify")
        self.pass_by(minutes=2)
        await self.run("confirm_intake")

    async def to_print_ready(self, *placed: Order) -> None:
        await self.to_intake(*placed)
        await self.import_now()
        self.pass_by(minutes=2)
        await self.run("import_daily", "follow_slips")

    async def to_relayed(self, *placed: Order) -> None:
        await self.to_print_ready(*placed)
        await self.run("relay")
        self.pass_by(minutes=10)
        await self.run("relay")

    async def to_shipped(self, *placed: Order) -> None:
        await self.to_relayed(*placed)
        self.wms.reports(*(a_shipment(self.slip_of(order.number)) for order in placed))
        await self.run("collect", "confirm_shipment")

    async def everything(self, **time: float) -> None:
        """One pass of every stage, both windows open, then time."""
        window = f"{jst(self.clock.now()):%Y-%m-%d %H:%M}"
        for stage in (*STAGES, *BESIDE):
            await self.runner.run(stage.name, window=window if getattr(stage, "times", None) else "")
        self.pass_by(**time)

    # --- what the ledger holds ---

    def rows(self, query: Any) -> Sequence[Any]:
        with self.database.engine.connect() as connection:
            return list(connection.execute(query))

    def order(self, number: str = "T-1001") -> Any:
        return self.rows(select(orders).where(orders.c.number == number))[0]

    def state(self, number: str = "T-1001") -> str:
        """Where an order stands; empty while it is not known."""
        found = self.rows(select(orders.c.state).where(orders.c.number == number))
        return str(found[0].state) if found else ""

    def slip(self, number: str) -> Any:
        return self.rows(select(slips).where(slips.c.number == number))[0]

    def slip_of(self, order_number: str = "T-1001") -> str:
        held = [slip for slip in self.ne.slips_held.values() if slip.order_number == order_number]
        return held[0].number

    def slip_state(self, order_number: str = "T-1001") -> str:
        return str(self.slip(self.slip_of(order_number)).state)

    def holds(self, number: str = "T-1001") -> list[str]:
        query = select(holds.c.reason).where(holds.c.number == number, holds.c.closed_at.is_(None))
        return sorted(row.reason for row in self.rows(query))

    def hold_note(self, number: str, reason: str) -> str:
        query = select(holds.c.note).where(holds.c.number == number, holds.c.reason == reason)
        return str(self.rows(query)[-1].note)

    def events(self, number: str = "T-1001") -> list[str]:
        """History of one item as `event` or `from>to`."""
        query = select(history).where(history.c.number == number).order_by(history.c.id)
        return [
            f"{row.from_state}>{row.to_state}" if row.event == "moved" else row.event
            for row in self.rows(query)
        ]

    def effect(self, kind: str) -> Any:
        return self.rows(select(effects).where(effects.c.kind == kind).order_by(effects.c.id))[-1]

    def effects(self, kind: str) -> list[str]:
        query = select(effects.c.state).where(effects.c.kind == kind).order_by(effects.c.id)
        return [row.state for row in self.rows(query)]

    def rows_of(self, table: str) -> int:
        return len(self.rows(select(metadata.tables[table])))

    def moves(self) -> Sequence[Any]:
        return self.rows(select(history).where(history.c.event == "moved").order_by(history.c.id))

    def ledger_body(self, kind: str) -> bytes:
        """What went out with the newest effect of a kind, from the archive."""
        with self.database.engine.connect() as connection:
            return body_of(connection, self.effect(kind).exchange_id)

    def strays(self) -> list[str]:
        return [row.words for row in self.rows(select(strays.c.words).order_by(strays.c.id))]

    def stop(self, number: str = "T-1001") -> str:
        query = select(stop_requests.c.verdict).join(orders, orders.c.id == stop_requests.c.order_id)
        found = self.rows(query.where(orders.c.number == number))
        return str(found[0].verdict) if found else ""

    def release(self, number: str, reason: str) -> None:
        """What a person's release does to the row (the words and the history are `ops`' business)."""
        with self.database.engine.begin() as connection:
            connection.execute(
                update(holds)
                .where(holds.c.number == number, holds.c.reason == reason, holds.c.closed_at.is_(None))
                .values(closed_at=self.clock.now(), closed_by="見本 花子")
            )
            for table in (orders, slips):
                freed = {"next_at": None, "tries": 0}
                connection.execute(update(table).where(table.c.number == number).values(**freed))
            if reason == "cannot_tell":
                for row in list(connection.execute(select(orders.c.id).where(orders.c.number == number))):
                    stop_answers.ask_again(connection, row.id, "見本 花子", "もう一度", self.clock.now())
            if reason == "changed_after_handover":
                for row in list(connection.execute(select(orders).where(orders.c.number == number))):
                    at = self.clock.now()
                    entries = changes.released(connection, row.id, number, "見本 花子", "済みました", at)
                    append(connection, self.shop.key, at, entries)

    def close(self) -> None:
        """Whatever happened: the chain is whole."""
        with self.database.engine.connect() as connection:
            broken = verify(connection, self.shop.key)
        self.database.close()
        assert broken is None, f"the history chain breaks at row {broken}"


@contextmanager
def world(folder: Path, *, url: str = "", **shop: Any) -> Iterator[World]:
    """A world that is closed at the end, its history chain verified."""
    one = World(folder, url=url, **shop)
    try:
        yield one
    finally:
        one.close()
