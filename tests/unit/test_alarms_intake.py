"""Intake silent: told where nothing contradicts it, held back while it lasts, and nobody's repeats are spent on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from connector.errors import NotDone
from connector.ledger import alarms, views
from connector.ledger.schema import holds, orders
from connector.ports import NOT_ANNOUNCED
from connector.rhythm import Rhythm
from sqlalchemy import select

from tests.unit.world import World, an_order, world

KIND = "intake_silent"
ORDERS = select(orders.c.number, orders.c.state, orders.c.waiting_for)
HOLDS = select(holds.c.number, holds.c.reason)


class Shop:
    """A shop that lives minute by minute by its own rhythm; `lost` says which mails the intake swallows."""

    def __init__(self, here: World) -> None:
        self.here, self.rhythm = here, Rhythm(here.runner, here.clock)
        self.lost: Callable[[str], bool] = lambda _number: False
        self.down = False
        whole = here.ne.mail
        here.ne.instead(mail=lambda number: None if self.lost(number) else whole(number))
        self.placed = 0

    @property
    def now(self) -> datetime:
        return self.here.clock.now()

    def place(self) -> str:
        self.placed += 1
        number = f"T-{2000 + self.placed}"
        self.here.cart.put(an_order(number, updated_at=self.now, placed_at=self.now))
        return number

    async def live(self, minutes: int, orders_each: int = 0) -> None:
        for minute in range(minutes):
            if orders_each and minute % orders_each == 0:
                self.place()
            self.here.pass_by(minutes=1)
            await self.rhythm.run_due()

    async def until_alarm(self, limit: int = 60, orders_each: int = 0) -> int:
        """Minutes until it is told; -1 where it is not."""
        for minute in range(1, limit + 1):
            await self.live(1, orders_each if orders_each and minute % orders_each == 0 else 0)
            if self.open():
                return minute
        return -1

    def rows(self) -> list[views.AlarmRow]:
        with self.here.database.engine.connect() as connection:
            found = views.alarms_list(connection, self.here.shop.key)
        return [row for row in found if row.kind == KIND]

    def open(self) -> bool:
        return any(row.open for row in self.rows())

    def sent(self, number: str = "") -> int:
        return self.here.mailer.count("sent", number or None)


@pytest.mark.parametrize("phase", range(5))
async def test_a_moved_address_at_a_busy_hour_is_told_within_fifteen_minutes(
    tmp_path: Path, phase: int
) -> None:
    """Whatever the phase between the move and the rounds of the stages."""
    with world(tmp_path) as here:
        shop = Shop(here)
        await shop.live(45 + phase, orders_each=1)
        assert shop.rows() == []
        shop.lost = lambda _number: True
        assert 10 < await shop.until_alarm(orders_each=1) <= 15


async def test_one_order_at_night_is_told_too(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        shop = Shop(here)
        await shop.live(30, orders_each=1)
        await shop.live(180)
        shop.lost = lambda _number: True
        number = shop.place()
        while not shop.sent(number):
            await shop.live(1)
        assert 9 <= await shop.until_alarm() <= 11
        (row,) = shop.rows()
        assert (row.evidence["orders"], row.evidence["numbers"]) == (1, [number])
        assert row.evidence["last_arrived_at"]


async def test_a_night_without_orders_is_quiet(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        shop = Shop(here)
        await shop.live(40, orders_each=2)
        shop.lost = lambda _number: True  # moved, and nobody orders
        await shop.live(20)
        before = shop.rows()
        await shop.live(4 * 60)
        assert [row.kind for row in shop.rows()] == [row.kind for row in before]


async def test_a_single_lost_mail_among_others_is_no_alarm(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        shop = Shop(here)
        await shop.live(30, orders_each=1)
        lost = shop.place()
        shop.lost = lambda number: number == lost
        assert await shop.until_alarm(90, orders_each=1) == -1
        assert here.state(lost) == "notified"


async def test_a_slip_that_was_there_already_is_no_sign_of_life(tmp_path: Path) -> None:
    """Somebody enters an order by hand: the address may be dead all the same."""
    with world(tmp_path) as here:
        shop = Shop(here)
        await shop.live(30, orders_each=1)
        await shop.live(30)
        shop.lost = lambda _number: True
        shop.place()
        await shop.live(6)
        by_hand = shop.place()
        here.ne.open(by_hand)
        assert 0 < await shop.until_alarm() <= 15
        assert here.state(by_hand) == "in_intake"


async def test_two_mails_of_one_pass_and_one_is_lost_is_no_alarm(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        shop = Shop(here)
        lost, _ = shop.place(), shop.place()
        shop.lost = lambda number: number == lost
        assert await shop.until_alarm(60) == -1


async def test_a_lost_mail_at_night_is_told_and_ends_with_the_next_order(tmp_path: Path) -> None:
    """Lost or swallowed looks alike; the next mail goes out as a probe and ends it."""
    with world(tmp_path) as here:
        shop = Shop(here)
        lost = shop.place()
        shop.lost = lambda number: number == lost
        assert await shop.until_alarm() > 0
        shop.place()
        await shop.live(25)
        assert not shop.open()


async def test_a_slow_intake_is_no_alarm(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        shop = Shop(here)
        here.ne.mail_delay = timedelta(minutes=8)
        assert await shop.until_alarm(120, orders_each=4) == -1
        assert await shop.until_alarm(60) == -1


async def test_while_next_engine_does_not_answer_nobody_knows(tmp_path: Path) -> None:
    """Its intake stands still with it, and has ten minutes to catch up once it answers."""
    with world(tmp_path) as here:
        shop = Shop(here)
        await shop.live(30, orders_each=2)
        shop.place()
        while here.mailer.count("sent") < shop.placed:
            await shop.live(1)

        def gone(*_: object, **__: object) -> Any:
            raise NotDone("maintenance")

        here.ne.instead(slips_of=gone, slips_changed_since=gone)
        here.ne.mails.clear()
        await shop.live(90, orders_each=10)
        assert shop.rows() == []
        del vars(here.ne)["slips_of"], vars(here.ne)["slips_changed_since"]
        swallowed = [row for row in here.rows(ORDERS) if row.state == "notified"]
        for row in swallowed:
            here.ne.mail(row.number)
        here.ne.mails = [(at + timedelta(minutes=6), number) for at, number in here.ne.mails]
        await shop.live(40)
        assert shop.rows() == []


async def test_while_it_lasts_only_probes_go_out_and_nobody_is_held(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        shop = Shop(here)
        await shop.live(30, orders_each=1)
        shop.lost = lambda _number: True
        await shop.until_alarm(orders_each=1)
        before = shop.sent()
        await shop.live(3 * 60, orders_each=2)
        probes = shop.sent() - before
        assert 15 <= probes <= 18, "one each ten minutes"
        states = [row.state for row in here.rows(ORDERS)]
        assert states.count("received") > 90 - 18
        waits = {row.waiting_for for row in here.rows(ORDERS) if row.state == "received"}
        assert NOT_ANNOUNCED in waits
        assert here.rows(HOLDS) == []


async def test_afterwards_all_are_looked_at_and_announced_once_more(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        shop = Shop(here)
        shop.lost = lambda _number: True
        await shop.until_alarm(orders_each=2)
        await shop.live(3 * 60, orders_each=3)
        shop.lost = lambda _number: False  # the address was corrected
        corrected_at = shop.now
        while shop.open():
            await shop.live(1)
        assert shop.now - corrected_at <= timedelta(minutes=16)
        await shop.live(50)
        states = {row.state for row in here.rows(ORDERS)}
        assert not states & {"received", "notified"}
        assert here.rows(HOLDS) == []
        assert max(shop.sent(f"T-{2001 + n}") for n in range(shop.placed)) <= 3
        slips = [slip.order_number for slip in here.ne.slips_held.values()]
        assert sorted(slips) == sorted(set(slips))
        assert [row.open for row in shop.rows()] == [False]


async def test_a_lone_order_is_its_own_probe(tmp_path: Path) -> None:
    """No second order comes; the mail was only lost. It goes out again sooner than its patience says."""
    with world(tmp_path, import_times=()) as here:
        shop = Shop(here)
        lost = shop.place()
        shop.lost = lambda number: number == lost and shop.sent(lost) <= 1
        await shop.until_alarm()
        await shop.live(60)
        assert here.state(lost) == "in_intake"
        assert (shop.sent(lost), shop.open()) == (2, False)


async def test_what_a_person_closed_is_not_told_again_for_the_same_mails(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        shop = Shop(here)
        shop.lost = lambda _number: True
        await shop.until_alarm(orders_each=2)
        with here.database.engine.begin() as connection:
            assert alarms.close(connection, here.shop, KIND, "見本 花子", "直しました", shop.now)
        shop.lost = lambda _number: False
        await shop.live(60)
        assert [row.open for row in shop.rows()] == [False]
        assert {row.state for row in here.rows(ORDERS)} <= {"in_intake", "imported"}


async def test_a_person_who_was_wrong_is_told_again(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        shop = Shop(here)
        shop.lost = lambda _number: True
        await shop.until_alarm(orders_each=2)
        with here.database.engine.begin() as connection:
            alarms.close(connection, here.shop, KIND, "見本 花子", "直しました", shop.now)
        assert await shop.until_alarm(20) > 0
        assert here.rows(HOLDS) == []
