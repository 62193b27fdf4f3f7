"""The intake ledger (取込の内訳, B02): every order seen is in exactly one line, and the sum is what the cart counts."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from connector.clock import at_jst
from connector.errors import NotDone
from connector.journey import OrderState, SlipState
from connector.ledger import receive, views
from connector.ledger.schema import holds, metadata, order_slips, orders, slips, strays
from connector.ledger.views import Intake, IntakeKind
from connector.order import Order
from connector.outcome import Reason, Stray
from connector.ports import CartPage
from connector.reports.intake import count_intake, intake_text
from msgspec.structs import replace
from sqlalchemy import delete, insert, update

from tests.unit.world import START, World, an_order, world

RUNS = 40
RULES = ("before_start", "deleted", "already_shipped", "test_order", "other_brand")


async def intake_of(w: World, days: int = views.INTAKE_DAYS) -> Intake:
    return await count_intake(w.cart, w.database, w.shop, w.clock.now(), days=days)


def counts(found: Intake) -> dict[tuple[str, str], int]:
    return {(str(line.kind), line.rule): line.count for line in found.lines if not line.older}


# --- any rules, any orders ------------------------------------------------------------------------------------


class Shelf:
    """A random shop: who is left out by which rule, who stands where, who is held; decided before we look."""

    def __init__(self, w: World, seed: int) -> None:
        self.w, self.dice = w, random.Random(seed)
        self.ids = list(range(1, self.dice.randrange(2, 30)))
        self.rules = {id_: self.dice.choice(RULES) for id_ in self.ids if self.dice.random() < 0.3}
        self.expected: Counter[str] = Counter()

    def rule_of(self, order: Order, _shop: object) -> str:
        return self.rules.get(order.cart_order_id, "")

    async def fill(self) -> None:
        for id_ in self.ids:
            placed_at = START + timedelta(minutes=self.dice.randrange(5 * 24 * 60))
            parts = self.dice.choice((1, 1, 1, 2, 3))
            for part in range(parts):
                number = f"N{id_}-{part}" if parts > 1 else f"N{id_}"
                one = an_order(number, cart_order_id=id_, placed_at=placed_at, updated_at=placed_at)
                self.w.cart.orders[number] = one
        self.w.pass_by(days=6)
        await self.w.run("ingest")
        with self.w.database.engine.begin() as connection:
            for id_ in self.ids:
                self.expected[self._settle(connection, id_)] += 1

    def _settle(self, connection: Any, id_: int) -> str:
        """Give each part a place and perhaps a hold; the kind the whole order must be counted under."""
        kinds = []
        for row in list(connection.execute(orders.select().where(orders.c.cart_order_id == id_))):
            if id_ in self.rules:
                kinds.append(IntakeKind.LEFT_OUT)
                continue
            state = self.dice.choice(list(OrderState))
            connection.execute(update(orders).where(orders.c.id == row.id).values(state=state))
            ended = state in (OrderState.COMPLETED, OrderState.CANCELLED)
            if self.dice.random() < 0.3:
                self._hold(connection, row)
                kinds.append(IntakeKind.HELD)
            else:
                if self.dice.random() < 0.3:
                    self._hold(connection, row, over=True)
                kinds.append(IntakeKind.ENDED if ended else IntakeKind.ON_ITS_WAY)
        order = (IntakeKind.HELD, IntakeKind.ON_ITS_WAY, IntakeKind.ENDED, IntakeKind.LEFT_OUT)
        return str(min(kinds, key=order.index))

    def _hold(self, connection: Any, row: Any, *, over: bool = False) -> None:
        """On the order or on a live slip of it, sometimes two at once; `over`: closed, or on a dead slip."""
        item, item_id, closed_at = "order", row.id, START if over else None
        if self.dice.random() < 0.4:
            dead = over and self.dice.random() < 0.5
            state = SlipState.CANCELLED if dead else SlipState.OPEN
            item, item_id, closed_at = "slip", self._slip(connection, row, state), None if dead else closed_at
        for reason in self.dice.sample(list(Reason), self.dice.choice((1, 1, 2))):
            pinned = {"shop": self.w.shop.key, "item": item, "item_id": item_id, "number": row.number}
            told = {"reason": reason, "stage": "notify", "opened_at": START, "closed_at": closed_at}
            connection.execute(insert(holds), [pinned | told])

    def _slip(self, connection: Any, row: Any, state: SlipState) -> int:
        slip = {
            "shop": self.w.shop.key,
            "number": f"S{row.id}",
            "order_number": row.number,
            "state": state,
            "since": START,
            "body": b"{}",
            "seen_at": START,
            "status": 2,
            "cancel_type": "0",
            "total": 0,
        }
        slip_id = connection.execute(insert(slips), slip).inserted_primary_key[0]
        connection.execute(insert(order_slips), [{"order_id": row.id, "slip_id": slip_id, "how": "own"}])
        return int(slip_id)


async def test_for_any_rules_and_any_orders_the_lines_are_a_partition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(RUNS):
        (folder := tmp_path / str(seed)).mkdir()
        with world(folder) as w:
            shelf = Shelf(w, seed)
            monkeypatch.setattr(receive, "rule_of", shelf.rule_of)
            await shelf.fill()
            found = await intake_of(w)
            by_kind: Counter[str] = Counter()
            for line in found.lines:
                by_kind[line.kind] += line.count
            assert by_kind == shelf.expected, f"seed {seed}"
            assert found.sum == found.seen == len(shelf.ids), f"seed {seed}"
            assert not found.red, f"seed {seed}"
            assert sum(line.yen or 0 for line in found.lines) == 2200 * with_yen(w), f"seed {seed}"
            left_out = {line.rule for line in found.lines if line.kind is IntakeKind.LEFT_OUT}
            assert left_out == {rule for id_, rule in shelf.rules.items() if id_ in shelf.ids}


def with_yen(w: World) -> int:
    """Rows that carry yen: not those that left because their order goes on under other numbers."""
    rows = w.rows(orders.select())
    parts = Counter(row.cart_order_id for row in rows)
    gone = [row for row in rows if row.state == OrderState.CANCELLED and not row.cancelled]
    return len(rows) - sum(parts[row.cart_order_id] > 1 for row in gone)


async def test_one_row_less_on_either_side_is_red(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(RUNS):
        (folder := tmp_path / str(seed)).mkdir()
        with world(folder) as w:
            shelf = Shelf(w, seed)
            monkeypatch.setattr(receive, "rule_of", shelf.rule_of)
            await shelf.fill()
            lost = shelf.dice.choice(shelf.ids)
            if shelf.dice.random() < 0.5:
                remove(w, lost)
            else:
                kept = {number: o for number, o in w.cart.orders.items() if o.cart_order_id != lost}
                w.cart.orders = kept
            found = await intake_of(w)
            assert found.red, f"seed {seed}: {lost} is gone and nobody says so"
            assert len([day for day in found.days if day.difference]) == 1


def remove(w: World, cart_order_id: int) -> None:
    """Tear an order out of the ledger, with all that hangs on it."""
    gone = orders.select().with_only_columns(orders.c.id).where(orders.c.cart_order_id == cart_order_id)
    with w.database.engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        for table in reversed(metadata.sorted_tables):
            if table is not orders and "order_id" in table.c:
                connection.execute(delete(table).where(table.c.order_id.in_(gone)))
        connection.execute(delete(orders).where(orders.c.cart_order_id == cart_order_id))


# --- single stories -------------------------------------------------------------------------------------------


async def test_a_day_says_what_either_side_counts(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.cart.put(an_order("T-1001"))
        w.cart.put(an_order("T-1002"))
        w.pass_by(hours=1)
        await w.run("ingest")
        w.cart.orders["T-1003"] = an_order("T-1003")
        found = await intake_of(w)
        assert [(str(day.on), day.cart, day.ours, day.difference) for day in found.days] == [
            ("2026-11-24", 3, 2, 1)
        ]
        assert "NG  2026-11-24  カート 3件 / 台帳 2件" in intake_text(found, "ja")
        assert "NG  2026-11-24  Cart 3 / Ledger 2" in intake_text(found, "en")


async def test_what_the_cart_may_still_show_late_is_not_compared_yet(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.cart.put(an_order("T-1001"))
        w.pass_by(hours=1)
        await w.run("ingest")
        w.cart.orders["T-1002"] = an_order("T-1002", placed_at=w.clock.now() - timedelta(minutes=3))
        found = await intake_of(w)
        assert not found.red
        assert found.days[0].until == w.clock.now() - w.shop.overlap
        w.pass_by(minutes=20)
        await w.run("ingest")  # its update time lies in the past: a cart that dates it wrongly
        assert (await intake_of(w)).red is ("T-1002" not in {row.number for row in w.rows(orders.select())})


async def test_unreadable_orders_are_a_line_and_part_of_their_days_sum(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.cart.put(an_order("T-1001"))
        w.cart.put(an_order("T-1002"))
        broken = w.cart.changed_since

        async def one_is_broken(since: datetime, until: datetime | None = None) -> Any:
            async for page in broken(since, until):
                well = tuple(one for one in page.orders if one.number != "T-1002")
                facts = {"noun": "受注", "cart_order_id": "1002", "placed_at": START.isoformat()}
                stray = Stray("ecforce", "受注 T-1002: $.data[1]", "受注を読み取れません", facts=facts)
                yield msgspec_page(page, well, (stray,))

        w.cart.instead(changed_since=one_is_broken)
        w.pass_by(hours=1)
        await w.run("ingest")
        found = await intake_of(w)
        assert counts(found) == {("on_its_way", "received"): 1, ("unreadable", ""): 1}
        assert (found.days[0].ledger, found.days[0].unreadable, found.days[0].cart) == (1, 1, 2)
        assert not found.red
        assert found.sum == found.seen == 2

        w.cart.instead(changed_since=broken)
        w.pass_by(minutes=5)
        w.cart.put(w.cart.orders["T-1002"])
        await w.run("ingest")
        found = await intake_of(w)
        assert counts(found) == {("on_its_way", "received"): 2}
        assert not w.rows(strays.select().where(strays.c.resolved_at.is_(None)))


def msgspec_page(page: CartPage, orders_: tuple[Order, ...], malformed: tuple[Stray, ...]) -> CartPage:
    return CartPage(orders_, malformed, page.body, page.total)


async def test_an_order_we_hold_in_an_earlier_version_is_counted_once(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.cart.put(an_order("T-1001"))
        w.pass_by(hours=1)
        await w.run("ingest")
        facts = {"noun": "受注", "cart_order_id": "1001", "placed_at": START.isoformat()}
        stray = Stray("ecforce", "受注 T-1001: $.data[0]", "受注を読み取れません", facts=facts)
        await w.ledger.receive(CartPage((), (stray,), b"x"), w.clock.now())
        found = await intake_of(w)
        assert (found.seen, found.red) == (1, False)


async def test_only_from_the_start_on_does_the_sum_have_to_be_the_carts(tmp_path: Path) -> None:
    """Orders before it are seen only where they change; the day of the start is compared from its instant on."""
    with world(tmp_path, start_at=START + timedelta(hours=3, milliseconds=7)) as w:
        for hour in range(8):
            placed_at = START + timedelta(hours=hour)
            w.cart.orders[f"T-{hour}"] = an_order(f"T-{hour}", placed_at=placed_at, updated_at=placed_at)
        w.cart.orders["T-1"] = replace(w.cart.orders["T-1"], updated_at=START + timedelta(hours=7))
        w.pass_by(hours=10)
        await w.run("ingest")
        counted = w.cart.count_placed

        async def in_whole_seconds(since: datetime, until: datetime) -> int:
            return await counted(since.replace(microsecond=0), until.replace(microsecond=0))

        w.cart.instead(count_placed=in_whole_seconds)
        found = await intake_of(w)
        assert not found.red
        assert [(day.cart, day.ours) for day in found.days] == [(4, 4)]
        assert counts(found)["left_out", "before_start"] == 2


async def test_older_ones_still_under_way_are_told_apart(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.cart.put(an_order("T-1001"))
        w.cart.put(an_order("T-1002", cancelled=True))
        await w.run("ingest")
        w.pass_by(days=20)
        await w.run("ingest")
        found = await intake_of(w)
        assert [(str(line.kind), line.rule, line.count, line.older) for line in found.lines] == [
            ("on_its_way", "received", 1, True)
        ]
        assert found.seen == found.sum == 0


async def test_a_cart_that_cannot_be_asked_is_unknown_and_not_red(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.cart.put(an_order())
        w.pass_by(days=2)
        await w.run("ingest")

        async def down(_since: datetime, _until: datetime) -> int:
            raise NotDone("ecforce: 503")

        w.cart.instead(count_placed=down)
        found = await intake_of(w)
        assert (found.red, found.known) == (False, False)
        assert {day.cart for day in found.days} == {None}
        assert "ecforce: 503" in intake_text(found, "ja")
        assert "不明" in intake_text(found, "ja")


async def test_the_first_days_are_those_of_the_shop(tmp_path: Path) -> None:
    asked: list[tuple[datetime, datetime]] = []

    def watched(of: Callable[[datetime, datetime], Any]) -> Callable[[datetime, datetime], Any]:
        async def count(since: datetime, until: datetime) -> int:
            asked.append((since, until))
            return int(await of(since, until))

        return count

    with world(tmp_path) as w:
        assert (await intake_of(w)).days == ()
        w.pass_by(days=30)
        await w.run("ingest")
        w.cart.instead(count_placed=watched(w.cart.count_placed))
        found = await intake_of(w)
        assert len(found.days) == len(asked) == 15, "one request for each day, today too"
        assert asked[0] == (at_jst(found.days[0].on), at_jst(found.days[1].on))
        assert asked[-1][1] == w.clock.now() - w.shop.overlap
        assert msgspec.json.decode(msgspec.json.encode(found), type=Intake) == found
