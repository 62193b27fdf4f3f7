"""Random walks (決済NGの乱歩): a few orders of one subscription, refused, healed, cancelled, made again, in any order.

Whatever happens: of one round one order is announced unless a person wanted more, every refused order has its one open
case, and no case is closed without a version of the order that shows why.
"""

from __future__ import annotations

import random
from itertools import combinations
from pathlib import Path

import pytest
from connector.journey import OrderState, at_least
from connector.ledger import codec, history
from connector.ledger.case_steps import CANCELLED, HEALED, OPEN, REPLACED, accepted, gone
from connector.ledger.schema import holds, order_versions, orders, stop_requests
from connector.ledger.schema_cart import order_links, payment_cases, payment_steps
from connector.order import Order, PaymentState
from msgspec.structs import replace
from sqlalchemy import select

from tests.unit.case_desk import (
    COD,
    EXAM,
    EXAM_FAILED,
    EXAM_HELD,
    EXAM_PASSED,
    EXPIRED,
    OTHER_CARD,
    PAID,
    PENDING,
    REFUSED,
    VOIDED,
    a_renewal,
)
from tests.unit.world import World, world

PAYMENTS = (
    PAID,
    REFUSED,
    EXPIRED,
    OTHER_CARD,
    VOIDED,
    EXAM,
    EXAM_HELD,
    EXAM_FAILED,
    EXAM_PASSED,
    PENDING,
    COD,
)
SEEDS = range(24)
STEPS = 45


class Walk:
    """One walk: the cart is changed at random, the connector passes, and the promises are looked at each time."""

    def __init__(self, w: World, seed: int) -> None:
        self.w, self.chance = w, random.Random(seed)
        self.made = 0
        self.wanted: set[frozenset[str]] = set()  # pairs that a person let go
        self.announced: set[str] = set()

    async def step(self) -> None:
        self.chance.choice(
            (self.make, self.pay, self.pay, self.pay, self.cancel, self.revive, self.release)
        )()
        self.w.pass_by(minutes=self.chance.choice((1, 11, 11, 60)))
        await self.w.run("ingest", "notify")
        self.look_at_the_announced()
        if self.chance.random() < 0.4:
            self.w.pass_by(minutes=2)
            await self.w.run("confirm_intake", "stop")
        if self.chance.random() < 0.1:
            await self.w.import_now()
            self.w.pass_by(minutes=2)
            await self.w.run("import_daily", "follow_slips", "relay")
        self.look_at_the_cases()

    # --- what happens in the cart ---

    def make(self) -> None:
        if self.made >= 5:
            return
        self.made += 1
        round_ = self.chance.choice((3, 3, 3, 4))
        payment = self.chance.choice((REFUSED, PAID, EXAM))
        placed_at = self.w.clock.now()
        self.w.cart.put(
            a_renewal(f"T-{self.made}", payment, round_=round_, nth=self.made, placed_at=placed_at)
        )

    def _any(self) -> Order | None:
        known = sorted(self.w.cart.orders)
        return self.w.cart.orders[self.chance.choice(known)] if known else None

    def pay(self) -> None:
        if (order := self._any()) is not None:
            payment = self.chance.choice(PAYMENTS)
            void = payment is VOIDED and self.chance.random() < 0.8  # a void sets キャンセル
            self.w.cart.put(replace(order, payment=payment, cancelled=order.cancelled or void))

    def cancel(self) -> None:
        if (order := self._any()) is not None:
            self.w.cart.put(replace(order, cancelled=True))

    def revive(self) -> None:
        if (order := self._any()) is not None:
            self.w.cart.put(replace(order, cancelled=False))

    def release(self) -> None:
        query = select(holds).where(holds.c.reason == "double_round", holds.c.closed_at.is_(None))
        for hold in self.w.rows(query)[:1]:
            if self.chance.random() < 0.3:
                others = hold.note.removeprefix("受注 ").split("、")
                self.wanted |= {frozenset((hold.number, other)) for other in others}
                self.w.release(hold.number, "double_round")

    # --- what must hold ---

    def look_at_the_announced(self) -> None:
        """Whoever was announced in this pass had no living order of its round beyond the announcement."""
        sent = {number for what, number in self.w.mailer.history if what == "sent"}
        fresh, self.announced = sent - self.announced, sent
        beyond = self._may_ship()
        for one, other in combinations(sorted(beyond), 2):
            if beyond[one] == beyond[other] and fresh & {one, other}:
                assert frozenset((one, other)) in self.wanted, f"{one} and {other} are both on their way"

    def _may_ship(self) -> dict[str, tuple[int, int]]:
        """Subscription and round of every order that stands beyond the announcement and that nobody stopped."""
        stops = {row.order_id: row.verdict for row in self.w.rows(select(stop_requests))}
        return {
            row.number: (row.subscription_id, row.subscription_round)
            for row in self.w.rows(select(orders))
            if at_least(OrderState(row.state), OrderState.NOTIFIED)
            and (not row.cancelled or stops.get(row.id) in ("open", "too_late"))
        }

    def look_at_the_cases(self) -> None:
        cases = {row.order_id: row for row in self.w.rows(select(payment_cases))}
        assert len(cases) == self.w.rows_of("payment_cases"), "one case per order"
        for row in self.w.rows(select(orders)):
            order, case = codec.order(row.body), cases.get(row.id)
            if order.payment.state is PaymentState.REFUSED and not gone(order):
                assert case is not None, f"{row.number} is refused and has no case"
                assert (case.state, case.closed_at) == (OPEN, None)
            if case is not None:
                self._closed_by_a_fact(case)

    def _closed_by_a_fact(self, case: object) -> None:
        state, order_id, version = case.state, case.order_id, case.version  # type: ignore[attr-defined]
        if state == OPEN:
            return
        where = (order_versions.c.order_id == order_id, order_versions.c.version == version)
        fact = codec.order(self.w.rows(select(order_versions.c.body).where(*where))[0].body)
        if state == HEALED:
            assert accepted(fact.payment)
            assert not gone(fact)
        else:
            assert gone(fact)
        if state == REPLACED:
            by = self.w.order(case.replaced_by)  # type: ignore[attr-defined]
            assert not by.cancelled
            assert self.w.rows(
                select(order_links).where(order_links.c.old_id == order_id, order_links.c.new_id == by.id)
            )
        steps = self.w.rows(select(payment_steps).where(payment_steps.c.case_id == case.id))  # type: ignore[attr-defined]
        assert state in {step.what for step in steps}, "its story says how it ended"
        assert state in (HEALED, CANCELLED, REPLACED)


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_walk(tmp_path: Path, seed: int) -> None:
    print(f"seed {seed}")
    with world(tmp_path) as w:
        walk = Walk(w, seed)
        walk.make()
        for _ in range(STEPS):
            await walk.step()
        with w.database.engine.connect() as connection:
            assert history.verify(connection, w.shop.key) is None
