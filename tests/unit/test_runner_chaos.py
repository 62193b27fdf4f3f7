"""Bad days: faults on every line and a dying process, by seed; in the end nothing is lost, doubled or silent."""

from __future__ import annotations

import inspect
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from connector.clock import jst
from connector.errors import NotDone, Unknown
from connector.ledger.ledger import Ledger
from connector.order import PaymentKind
from connector.outcome import Effect, Reply
from connector.stages import BESIDE, STAGES

from tests.unit.world import CARD, World, a_shipment, an_order, tracking, world

NUMBERS = [f"T-{n}" for n in range(1001, 1009)]
BAD_ROUNDS, CALM_ROUNDS = 30, 40  # of seven minutes: first a bad morning, then time to heal
WRITES = {"complete", "upload", "mark_relayed", "mark_refused", "confirm_shipments", "cancel", "send"}


class Died(BaseException):
    """The process is gone in the middle of whatever it did."""


class Weather:
    """What goes wrong, by seed. `bad` False: nothing any more."""

    def __init__(self, seed: int) -> None:
        self.dice, self.bad = random.Random(seed), True

    def strikes(self, chance: float) -> bool:
        return self.bad and self.dice.random() < chance

    def may_die(self) -> None:
        if self.strikes(0.01):
            raise Died

    def before(self, name: str) -> None:
        self.may_die()
        if self.strikes(0.08 if name in WRITES else 0.03):
            raise NotDone("connection refused")
        if name in WRITES and self.strikes(0.08):
            raise Unknown("timeout before")

    def after(self, name: str) -> None:
        self.may_die()
        if name in WRITES and self.strikes(0.08):
            raise Unknown("timeout after")


class Stormy:
    """A port under the weather."""

    def __init__(self, inner: Any, weather: Weather) -> None:
        self._inner, self._weather = inner, weather

    def __getattr__(self, name: str) -> Any:
        found, weather = getattr(self._inner, name), self._weather
        if name == "send_all":
            return self._send_all
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*args: Any, **named: Any) -> Any:
            weather.before(name)
            answer = await found(*args, **named)
            weather.after(name)
            return answer

        return call

    async def _send_all(self, effects: list[Effect]) -> AsyncIterator[tuple[Effect, Reply]]:
        for effect in effects:
            self._weather.may_die()
            if self._weather.strikes(0.1):
                yield effect, NotDone("450 try later")
            elif self._weather.strikes(0.1):
                yield effect, Unknown("Unexpected EOF received")
            else:
                if self._weather.strikes(0.05):
                    self._inner.fates.append("lost")
                reply = self._inner._send(effect)
                self._weather.may_die()
                yield effect, Unknown("read timeout") if self._weather.strikes(0.1) else reply


class Store:
    """The ledger's door, where the process may die before and after each transaction."""

    def __init__(self, world: World, weather: Weather) -> None:
        self._database, self._weather = world.database, weather

    async def run(self, work: Any) -> Any:
        self._weather.may_die()
        answer = await self._database.run(work)
        self._weather.may_die()
        return answer

    async def read(self, work: Any) -> Any:
        return await self._database.read(work)


def a_new_process(w: World, weather: Weather) -> None:
    w.ledger = Ledger(Store(w, weather), w.shop)  # type: ignore[arg-type]
    w.runner = w.new_runner()
    sides = {name: getattr(w.runner.ports, name) for name in ("cart", "mailer", "orders", "warehouse")}
    stormy: dict[str, Any] = {name: Stormy(side, weather) for name, side in sides.items()}
    w.runner.ports = replace(w.runner.ports, **stormy)


def the_floor_works(w: World, shipped: set[str]) -> None:
    """The warehouse ships what it has, except what it agreed to stop, and refuses to stop what it shipped."""
    stopped = {number for what, number in w.wms.history if what == "stop_asked"}
    for slip in sorted({number for what, number in w.wms.history if what == "instructed"} - shipped):
        if slip not in stopped and w.clock.now().minute % 3 == 0:
            shipped.add(slip)
            w.wms.will_not_stop[slip] = "E302 出荷済み"
            w.wms.reports(a_shipment(slip))


async def a_round(w: World, weather: Weather, shipped: set[str]) -> None:
    window = f"{jst(w.clock.now()):%Y-%m-%d %H:00}"
    try:
        for stage in (*STAGES, *BESIDE):
            await w.runner.run(stage.name, window=window if getattr(stage, "times", None) else "")
    except Died:
        a_new_process(w, weather)
    the_floor_works(w, shipped)
    w.pass_by(minutes=7)


def at_peace(w: World, shipped: set[str]) -> None:
    for number in NUMBERS:
        slips = [slip for slip in w.ne.slips_held.values() if slip.order_number == number]
        assert len(slips) <= 1
        ended = w.state(number) in ("completed", "cancelled")
        assert ended or w.holds(number) or w.holds(slips[0].number), f"{number} is {w.state(number)}: silence"
        assert w.cart.count("sold", number) <= 1
        assert w.cart.count("sold_twice", number) == 0
        assert w.ne.count("imported", number) <= 1
        if w.state(number) == "completed":
            assert slips[0].tracking == tracking(int(slips[0].number)) == w.cart.orders[number].tracking
        if w.stop(number) == "stopped":
            assert not {slip.number for slip in slips} & shipped
            assert all(not slip.live for slip in slips)
        assert w.stop(number) != "open" or w.holds(number)
    for slip in w.ne.slips_held:
        assert w.wms.count("instructed", slip) <= 1
        assert w.ne.count("confirmed", slip) <= 1
    assert w.strays() == []
    assert w.rows_of("attempts") >= w.rows_of("effects")


@pytest.mark.parametrize("seed", range(4))
async def test_a_bad_day_ends_well(tmp_path: Path, seed: int) -> None:
    weather, shipped = Weather(seed), set[str]()
    with world(tmp_path, sale_kinds=(PaymentKind.CARD,)) as w:
        a_new_process(w, weather)
        for number in NUMBERS:
            w.cart.put(an_order(number, payment=CARD))
        doomed = weather.dice.sample(range(BAD_ROUNDS), 3)
        for n in range(BAD_ROUNDS):
            if n in doomed:
                w.cart.put(msgspec.structs.replace(w.cart.orders[NUMBERS[doomed.index(n)]], cancelled=True))
            await a_round(w, weather, shipped)
        weather.bad = False
        for _ in range(CALM_ROUNDS):
            await a_round(w, weather, shipped)
        at_peace(w, shipped)
