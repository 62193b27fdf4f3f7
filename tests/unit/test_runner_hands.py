"""A person's hand between two steps of a pass: what was not begun is not begun, what was proved is written down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from connector.ledger import holds
from connector.ledger.schema import orders, slips
from connector.order import Order
from connector.outcome import Effect, Reason
from connector.slip import Slip
from sqlalchemy import update

from tests.unit.world import World, an_order, world


def hold_by_hand(w: World, number: str, item: str = "order") -> None:
    row = w.order(number) if item == "order" else w.slip(number)
    with w.database.engine.begin() as connection:
        holds.pin(
            connection,
            w.shop.key,
            w.clock.now(),
            item=item,
            item_id=row.id,
            number=number,
            reason=Reason.BY_HAND,
            note="電話で確認中",
            stage="by_hand",
        )


def move(w: World, number: str, to: str) -> None:
    with w.database.engine.begin() as connection:
        connection.execute(update(orders).where(orders.c.number == number).values(state=to))
        connection.execute(update(slips).where(slips.c.number == number).values(state=to))


def while_planning(w: World, hand: Callable[[], None]) -> None:
    """The hand comes while the stage asks Next Engine."""
    slips_of = w.ne.slips_of

    async def asked(numbers: Sequence[str]) -> dict[str, list[Slip]]:
        hand()
        return await slips_of(numbers)

    w.ne.instead(slips_of=asked)


def while_sending(w: World, hand: Callable[[], None]) -> None:
    send = w.mailer._send

    def sends(effect: Effect) -> Any:
        hand()
        return send(effect)

    w.mailer.instead(_send=sends)


async def received(w: World, *numbers: str) -> None:
    for number in numbers:
        w.cart.put(an_order(number))
    w.pass_by(minutes=11)
    await w.run("ingest")


async def test_held_while_it_was_planned(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await received(w, "T-1001", "T-1002")
        while_planning(w, lambda: hold_by_hand(w, "T-1001"))
        counts = await w.runner.run("notify")
        assert counts.begun == 1
        assert "meanwhile" in counts.failed
        assert w.state("T-1001") == "received"
        assert w.mailer.history == [("sent", "T-1002")]
        w.pass_by(hours=1)
        await w.run("notify")
        assert w.mailer.count("sent", "T-1001") == 0


async def test_moved_while_it_was_planned(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await received(w, "T-1001")
        while_planning(w, lambda: move(w, "T-1001", "cancelled"))
        await w.runner.run("notify")
        assert w.mailer.sent == []
        assert w.state() == "cancelled"
        assert w.events() == ["received"]


async def test_a_file_with_a_held_order_is_built_anew(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order("T-1001"), an_order("T-1002"))
        build, hands = w.ne.import_file, ["once"]

        def builds(orders: Sequence[Order]) -> Any:
            if hands:
                hands.clear()
                hold_by_hand(w, "T-1002")
            return build(orders)

        w.ne.instead(import_file=builds)
        counts = await w.runner.run("import_daily", window="2026-11-24 14:00")
        assert counts.failed
        assert w.ne.uploads == {}
        await w.run("import_daily", window="2026-11-24 14:00")
        assert [numbers for _, numbers in w.ne.uploads.values()] == [["T-1001"]]


async def test_moved_while_it_was_sent(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await received(w, "T-1001")
        while_sending(w, lambda: move(w, "T-1001", "cancelled"))
        await w.run("notify")
        assert w.state() == "cancelled", "the runner's move found another state and wrote nothing"
        assert w.events() == ["received"]
        assert w.effects("mail") == ["done"], "but that the mail left stays written down"


async def test_held_while_it_was_sent(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await received(w, "T-1001")
        while_sending(w, lambda: hold_by_hand(w, "T-1001"))
        await w.run("notify")
        assert w.effects("mail") == ["done"]
        assert w.state() == "notified", "a state is what was proved, a hold stops what comes next"
        assert w.holds() == ["by_hand"]
        w.pass_by(hours=5)
        await w.run("confirm_intake")
        assert w.state() == "notified"
        w.release("T-1001", "by_hand")
        await w.run("confirm_intake")
        assert w.state() == "in_intake"


async def test_a_wait_or_hold_about_an_item_that_moved_is_not_written(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.cart.put(an_order(unknown=("payment: X",)))
        w.pass_by(minutes=11)
        await w.run("ingest")
        translate = w.cart.translate

        def moves(order: Order) -> Order:
            move(w, order.number, "cancelled")
            return translate(order)

        w.cart.instead(translate=moves)
        await w.run("notify")
        assert w.holds() == []
        assert w.order().waiting_for == ""


async def test_a_held_slip_is_not_relayed(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order("T-1001"), an_order("T-1002"))
        hold_by_hand(w, w.slip_of("T-1001"), "slip")
        hold_by_hand(w, "T-1002")
        await w.run("relay")
        assert w.wms.inbox == {}
        w.release("T-1002", "by_hand")
        await w.run("relay")
        assert [number for _, number in w.wms.history] == [w.slip_of("T-1002")]


async def test_the_second_settling_is_a_no_op(tmp_path: Path) -> None:
    from connector.journey import OrderState
    from connector.ledger.ledger import Settled
    from connector.ledger.record import By
    from connector.outcome import Advance, EffectState

    with world(tmp_path) as w:
        await received(w, "T-1001")
        by = By("notify", OrderState.NOTIFIED)
        items = await w.ledger.orders_due("notify", (OrderState.RECEIVED,), w.clock.now(), 10)
        effect = Effect(kind="mail", key="mihon/mail/T-1001", items=(items[0].id,), body=b"x")
        begins = await w.ledger.begin(by, [effect], {items[0].id: items[0]}, [], w.clock.now())
        done = Settled(begins.begun[0], EffectState.DONE, rest=Advance())
        assert await w.ledger.settle(by, Order, [done], w.clock.now()) == 1
        late = Settled(begins.begun[0], EffectState.REFUSED, rest=Advance())
        assert await w.ledger.settle(by, Order, [late], w.clock.now()) == 0
        assert w.effects("mail") == ["done"]
        assert w.events() == ["received", "received>notified"]
