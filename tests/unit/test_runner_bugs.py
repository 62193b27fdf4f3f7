"""A bug of ours: the poisonous item is held with its traceback, its neighbours go on, and the daemon lives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from connector.order import Order
from connector.outcome import Effect, Reply
from connector.ports import Letter
from connector.slip import Shipment, Slip

from tests.unit.world import World, a_shipment, an_order, world

NUMBERS = [f"T-{n}" for n in range(1001, 1012)]
POISON = "T-1007"


def poisonous(w: World) -> None:
    """The letter of one order breaks us."""
    letter = w.mailer.letter

    def breaks(order: Order) -> Letter | Any:
        if order.number == POISON:
            raise KeyError("prefecture")
        return letter(order)

    w.mailer.instead(letter=breaks)


async def received(w: World, *numbers: str) -> None:
    for number in numbers or NUMBERS:
        w.cart.put(an_order(number))
    w.pass_by(minutes=11)
    await w.run("ingest")


async def test_in_plan_the_culprit_alone_is_held(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await received(w)
        poisonous(w)
        counts = await w.runner.run("notify")
        assert "KeyError('prefecture')" in counts.failed
        assert w.holds(POISON) == ["bug"]
        first, *rest = w.hold_note(POISON, "bug").splitlines()
        assert first.startswith("KeyError('prefecture') (test_runner_bugs.py:")
        assert rest[0].startswith("Traceback")
        assert w.order(POISON).waiting_for == first
        assert w.mailer.sent == [], "nothing of a broken plan is done"
        await w.run("notify")
        assert len(w.mailer.sent) == len(NUMBERS) - 1
        assert {w.state(number) for number in NUMBERS if number != POISON} == {"notified"}
        assert w.state(POISON) == "received"
        assert [w.holds(number) for number in NUMBERS if number != POISON] == [[]] * 10


async def test_a_released_culprit_goes_on_when_the_bug_is_gone(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await received(w)
        letter = w.mailer.letter
        poisonous(w)
        await w.runner.run("notify")
        w.mailer.instead(letter=letter)
        w.release(POISON, "bug")
        await w.run("notify")
        assert len(w.mailer.sent) == len(NUMBERS)


async def test_a_broken_stage_holds_nobody(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await received(w)

        def breaks(order: Order) -> Any:
            raise RuntimeError("template missing")

        w.mailer.instead(letter=breaks)
        counts = await w.runner.run("notify")
        assert "template missing" in counts.failed
        assert all(w.holds(number) == [] for number in NUMBERS)
        assert w.rows_of("holds") == 0


async def test_in_a_window_the_rest_is_not_forgotten(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(*(an_order(number) for number in NUMBERS))
        build = w.ne.import_file

        def breaks(orders: Sequence[Order]) -> Any:
            if any(order.number == POISON for order in orders):
                raise ValueError("bad")
            return build(orders)

        w.ne.instead(import_file=breaks)
        counts = await w.runner.run("import_daily", window="2026-11-24 14:00")
        assert counts.failed, "so the window stays open"
        await w.run("import_daily", window="2026-11-24 14:00")
        assert [len(numbers) for _, numbers in w.ne.uploads.values()] == [len(NUMBERS) - 1]
        assert w.holds(POISON) == ["bug"]


async def test_in_looking(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await received(w)
        await w.run("notify")
        w.pass_by(minutes=2)
        slips_of = w.ne.slips_of

        async def breaks(numbers: Sequence[str]) -> dict[str, list[Slip]]:
            if POISON in numbers:
                raise TypeError("None")
            return await slips_of(numbers)

        w.ne.instead(slips_of=breaks)
        await w.runner.run("confirm_intake")
        assert w.holds(POISON) == ["bug"]
        await w.run("confirm_intake")
        assert [w.state(number) for number in NUMBERS].count("in_intake") == len(NUMBERS) - 1


async def test_in_the_act_of_one(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(*(an_order(number) for number in NUMBERS))
        w.wms.reports(*(a_shipment(w.slip_of(number)) for number in NUMBERS))
        await w.run("collect")
        bad = w.slip_of(POISON)
        confirm = w.ne.confirm_shipment

        async def breaks(slip: Slip, shipment: Shipment) -> Slip:
            if slip.number == bad:
                raise ZeroDivisionError
            return await confirm(slip, shipment)

        w.ne.instead(confirm_shipment=breaks)
        await w.run("confirm_shipment")
        assert w.holds(bad) == ["bug"]
        assert w.ne.count("confirmed") == len(NUMBERS) - 1


async def test_an_act_that_breaks_off_the_whole_batch(tmp_path: Path) -> None:
    """Nobody knows whose bug it was or what left: all are looked up, then acted on alone."""
    with world(tmp_path) as w:
        await received(w)
        send_all = w.mailer.send_all

        async def breaks(effects: Sequence[Effect]) -> AsyncIterator[tuple[Effect, Reply]]:
            async for effect, reply in send_all(effects):
                if effect.facts["order"] == POISON:
                    raise IndexError("pool")
                yield effect, reply

        w.mailer.instead(send_all=breaks)
        counts = await w.runner.run("notify")
        assert "IndexError" in counts.failed
        assert [w.state(number) for number in NUMBERS].count("notified") == 6
        assert all(w.holds(number) == [] for number in NUMBERS)
        w.pass_by(minutes=32)
        await w.runner.run("notify")
        assert w.state(POISON) == "notified", "its mail had left, and Next Engine shows it"
        w.pass_by(minutes=2)
        await w.runner.run("notify")
        assert {w.state(number) for number in NUMBERS} == {"notified"}
        assert all(w.holds(number) == [] for number in NUMBERS)
        assert all(w.mailer.count("sent", number) == 1 for number in NUMBERS)


async def test_a_culprit_that_breaks_off_its_batch_is_found(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await received(w)
        send_all = w.mailer.send_all

        async def breaks(effects: Sequence[Effect]) -> AsyncIterator[tuple[Effect, Reply]]:
            if any(effect.facts["order"] == POISON for effect in effects):
                raise IndexError("pool")
            async for pair in send_all(effects):
                yield pair

        w.mailer.instead(send_all=breaks)
        await w.runner.run("notify")
        assert w.mailer.sent == []
        w.pass_by(minutes=32)
        await w.runner.run("notify")
        w.pass_by(minutes=2)
        await w.runner.run("notify")
        assert w.holds(POISON) == ["bug"]
        assert len(w.mailer.sent) == len(NUMBERS) - 1
        assert all(w.holds(number) == [] for number in NUMBERS if number != POISON)


async def test_in_the_look_of_one(tmp_path: Path) -> None:
    from connector.errors import Unknown

    with world(tmp_path) as w:
        await received(w)
        for _ in NUMBERS:
            w.mailer.arrives_but(Unknown("dropped"))
        await w.run("notify")
        assert w.effects("mail") == ["unknown"] * len(NUMBERS)
        slips_of = w.ne.slips_of

        async def breaks(numbers: Sequence[str]) -> dict[str, list[Slip]]:
            if POISON in numbers:
                raise TypeError("None")
            return await slips_of(numbers)

        w.ne.instead(slips_of=breaks)
        w.pass_by(minutes=2)
        await w.runner.run("notify")
        assert w.holds(POISON) == ["bug"]
        assert [w.state(number) for number in NUMBERS].count("notified") == len(NUMBERS) - 1
        w.ne.instead(slips_of=slips_of)
        w.pass_by(minutes=6)
        await w.run("notify")
        assert w.state(POISON) == "notified"


async def test_in_reading_one_result_file(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order("T-1001"), an_order("T-1002"))
        w.wms.reports(a_shipment(w.slip_of("T-1001")), name="A.csv")
        w.wms.reports(a_shipment(w.slip_of("T-1002")), name="B.csv")
        read = w.wms.read_results

        def breaks(name: str, body: bytes) -> Any:
            if name == "A.csv":
                raise AttributeError("column")
            return read(name, body)

        w.wms.instead(read_results=breaks)
        counts = await w.runner.run("collect")
        assert counts.failed.startswith("A.csv: AttributeError")
        assert w.slip_state("T-1002") == "dispatched"
        w.wms.instead(read_results=read)
        await w.run("collect")
        assert w.slip_state("T-1001") == "dispatched", "it was kept, unread"


async def test_a_source_that_breaks_does_not_raise(tmp_path: Path) -> None:
    with world(tmp_path) as w:

        async def breaks(since: object) -> AsyncIterator[list[Slip]]:
            if since is not None:
                raise LookupError("page")
            yield []

        w.ne.instead(slips_changed_since=breaks)
        counts = await w.runner.run("follow_slips")
        assert "LookupError" in counts.failed
        assert await w.ledger.cursor("follow_slips") is None
