"""The process dies at every point of every acting stage: nothing is lost, and nothing is doubled at the other side.

A point is before and after every call of a port and every transaction of the ledger. `Crashed` is no Exception: what
it ends is gone, and a new runner on the same file goes on. The world outside lives on.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from connector.clock import jst
from connector.ledger.ledger import Ledger
from connector.order import PaymentKind

from tests.unit.world import CARD, World, a_shipment, an_order, world

ROUNDS = 40  # of seven minutes: every doubt settles and every ladder is climbed inside them


class Crashed(BaseException):
    """The process is dead; not an Exception, so nothing of ours may catch it."""


@dataclass
class Fuse:
    """Burns at the n-th point. Counts on, so that a run without a crash tells how many points there are."""

    at: int = 0
    passed: int = 0

    def point(self) -> None:
        self.passed += 1
        if self.passed == self.at:
            raise Crashed


class Fragile:
    """A port or the store, with a point before and after each call."""

    def __init__(self, inner: Any, fuse: Fuse) -> None:
        self._inner, self._fuse = inner, fuse

    def __getattr__(self, name: str) -> Any:
        found, fuse = getattr(self._inner, name), self._fuse
        if inspect.iscoroutinefunction(found):

            async def call(*args: Any, **named: Any) -> Any:
                fuse.point()
                answer = await found(*args, **named)
                fuse.point()
                return answer

            return call
        if inspect.isasyncgenfunction(found):

            async def flow(*args: Any, **named: Any) -> AsyncIterator[Any]:
                fuse.point()
                async for one in found(*args, **named):
                    fuse.point()
                    yield one
                fuse.point()

            return flow
        return found


def start(w: World, fuse: Fuse) -> None:
    """A new process on the same file."""
    w.ledger = Ledger(Fragile(w.database, fuse), w.shop)  # type: ignore[arg-type]
    w.runner = w.new_runner()
    sides = {name: getattr(w.runner.ports, name) for name in ("cart", "mailer", "orders", "warehouse")}
    fragile: dict[str, Any] = {name: Fragile(side, fuse) for name, side in sides.items()}
    w.runner.ports = replace(w.runner.ports, **fragile)


async def live(w: World, fuse: Fuse, story: Story) -> None:
    """Rounds of the stages until all is well; after a crash a new process goes on with the next round."""
    start(w, fuse)
    for _ in range(ROUNDS):
        window = f"{jst(w.clock.now()):%Y-%m-%d %H:00}"
        try:
            for name in story.stages:
                timed = name in ("import_daily", "complete")
                await w.runner.run(name, window=window if timed else "")
        except Crashed:
            start(w, fuse)
        w.cart.take_files()
        w.cart.drop.clear()
        w.pass_by(minutes=7)
        if story.done(w):
            break


def state_is(*states: str) -> Callable[[World], bool]:
    return lambda w: all(w.state(f"T-{n}") in states for n in (1001, 1002))


PLACED = [an_order("T-1001", payment=CARD), an_order("T-1002")]


async def mail(w: World) -> None:
    for order in PLACED:
        w.cart.put(order)
    w.pass_by(minutes=11)


async def daily_import(w: World) -> None:
    await w.to_intake(*PLACED)
    w.pass_by(hours=1)


async def relay(w: World) -> None:
    await w.to_print_ready(*PLACED)


async def relay_again(w: World) -> None:
    """Refused and told, and an operator asks for it once more; what was before counts for nothing."""
    await relay(w)
    numbers = [w.slip_of(order.number) for order in PLACED]
    w.wms.refuses = dict.fromkeys(numbers, "E104")
    await w.run("relay")
    w.pass_by(minutes=10)
    await w.run("relay", "relay")
    w.wms.refuses.clear()
    for number in numbers:
        assert w.ne.slips_held[number].tags == "[WMS:エラー]"
        w.ne.edit(number, tags="[WMS再送]")
    w.ne.history.clear()
    w.wms.history.clear()


async def results(w: World) -> None:
    await w.to_relayed(*PLACED)
    w.wms.reports(*(a_shipment(w.slip_of(order.number)) for order in PLACED))


async def completion(w: World) -> None:
    await w.to_shipped(*PLACED)


async def cancel_in_intake(w: World) -> None:
    await w.to_intake(*PLACED)
    w.pass_by(minutes=1)
    for order in PLACED:
        w.cart.put(an_order(order.number, cancelled=True))


async def cancel_at_warehouse(w: World) -> None:
    await w.to_relayed(*PLACED)
    for order in PLACED:
        w.cart.put(an_order(order.number, cancelled=True))


@dataclass(frozen=True)
class Story:
    """What is prepared, which stages live through the crashes, and when all is well."""

    prepare: Callable[[World], Awaitable[None]]
    stages: tuple[str, ...]
    done: Callable[[World], bool]
    route: str = "api"


def marked(w: World) -> bool:
    return w.ne.count("tagged_sent") == 2 and w.slip_state() == "relayed"


STORIES = {
    "mail": Story(mail, ("ingest", "notify", "confirm_intake"), state_is("in_intake")),
    "import": Story(daily_import, ("import_daily",), state_is("imported")),
    "relay": Story(relay, ("follow_slips", "relay"), marked),
    "relay again": Story(relay_again, ("follow_slips", "relay"), marked),
    "results": Story(results, ("collect", "confirm_shipment"), state_is("shipped")),
    "completion by api": Story(completion, ("complete",), state_is("completed")),
    "completion by files": Story(completion, ("complete",), state_is("completed"), "files"),
    "cancel in intake": Story(cancel_in_intake, ("ingest", "stop"), state_is("cancelled")),
    "cancel while relayed": Story(cancel_at_warehouse, ("ingest", "stop"), state_is("cancelled")),
}


def nothing_doubled(w: World) -> None:
    for number in ("T-1001", "T-1002"):
        assert w.mailer.count("sent", number) <= 1
        assert w.ne.count("imported", number) <= 1
        assert w.cart.count("sold", number) <= 1
        assert w.cart.count("sold_twice", number) == 0
        assert w.holds(number) == []
    for slip in w.ne.slips_held:
        assert w.wms.count("instructed", slip) <= 1
        assert w.wms.count("stop_asked", slip) <= 1
        assert w.ne.count("confirmed", slip) <= 1
        assert w.ne.count("claimed", slip) <= 1
        assert w.ne.count("tagged_sent", slip) <= 1
        assert w.ne.count("cancelled", slip) <= 1
        assert w.holds(slip) == []
    assert w.strays() == []
    numbers = sorted(name[-10:-4] for name in w.wms.inbox if name.startswith("SHIPORD"))
    assert numbers == [f"{n:06}" for n in range(1, len(numbers) + 1)]


async def one_life(w: World, story: Story, at: int) -> Fuse:
    fuse = Fuse(at)
    try:
        await live(w, fuse, story)
        assert story.done(w), f"not finished after a crash at point {at}"
        nothing_doubled(w)
    finally:
        w.close()
    return fuse


LONG = ("relay again",)  # test_runner_relay_marks tells the same story once


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in LONG else ()) for name in STORIES]
)
async def test_dying_at_every_point(tmp_path: Path, name: str) -> None:
    story, at = STORIES[name], 1
    with world(tmp_path, completion_route=story.route, sale_kinds=(PaymentKind.CARD,)) as prepared:
        await story.prepare(prepared)
        while (await one_life(prepared.fork(tmp_path / str(at)), story, at)).passed >= at:
            at += 1
    print(f"{name}: died at each of {at - 1} points")
    assert at > 25
