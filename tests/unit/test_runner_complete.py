"""Completion: the cart is told once, sales never run twice, and only what the cart shows afterwards counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from connector.errors import NotDone, Unknown
from connector.order import Order, PaymentKind, PaymentState
from connector.outcome import Effect, Reply
from msgspec.structs import replace

from tests.unit.world import CARD, TRANSFER, World, a_shipment, an_order, tracking, world

SELLS: dict[str, Any] = {"sale_kinds": (PaymentKind.CARD,)}


async def finish(w: World, rounds: int = 3) -> None:
    for _ in range(rounds):
        w.pass_by(minutes=6)
        await w.run("complete")


async def test_by_api_with_a_sale(tmp_path: Path) -> None:
    with world(tmp_path, **SELLS) as w:
        await w.to_shipped(an_order(payment=CARD))
        await w.complete_now()
        assert w.effects("completion") == ["sent"]
        await finish(w)
        assert w.state() == "completed"
        assert w.cart.count("sold") == 1
        assert w.cart.count("sold_twice") == 0
        assert w.cart.orders["T-1001"].tracking == tracking(int(w.slip_of()))


async def test_sales_do_not_run_for_what_is_captured(tmp_path: Path) -> None:
    with world(tmp_path, **SELLS) as w:
        await w.to_shipped(an_order(payment=CARD))
        captured = replace(CARD, state=PaymentState.CAPTURED, state_code="captured")
        w.cart.put(an_order(payment=captured))  # by hand, and we have not read it yet
        await w.complete_now()
        await finish(w)
        assert w.state() == "completed"
        assert w.cart.history == [("completed", "T-1001")]


@pytest.mark.parametrize("happened", [True, False])
async def test_a_lost_answer_never_sells_twice(tmp_path: Path, happened: bool) -> None:
    with world(tmp_path, **SELLS) as w:
        await w.to_shipped(an_order(payment=CARD))
        complete = w.cart.complete

        async def lost(effect: Effect) -> Reply:
            if happened:
                await complete(effect)
            raise Unknown("read timeout")

        w.cart.instead(complete=lost)
        await w.complete_now()
        w.cart.instead(complete=complete)
        await finish(w)
        assert w.effects("completion") == (["done"] if happened else ["not_done"])
        w.pass_by(minutes=5)
        await w.complete_now()
        await finish(w)
        assert w.state() == "completed"
        assert w.cart.count("sold") == 1
        assert w.cart.count("sold_twice") == 0


async def test_accepted_is_not_completed(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_shipped(an_order())
        w.cart.deaf = True
        await w.complete_now()
        await finish(w)
        assert w.state() == "shipped"
        assert w.effects("completion") == ["sent"]
        w.cart.deaf = False
        w.cart._apply(w.ledger_body("completion"))
        await finish(w)
        assert w.state() == "completed"


async def test_an_order_the_cart_refuses_is_held_and_the_others_go_on(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_shipped(an_order("T-1001"), an_order("T-1002"))
        w.cart.refuses["T-1002"] = "配送業者が不正です"
        await w.complete_now()
        await finish(w)
        assert w.state("T-1001") == "completed"
        assert w.state("T-1002") == "shipped"
        assert w.holds("T-1002") == ["refused"]
        assert w.hold_note("T-1002", "refused") == "配送業者が不正です"


async def test_a_failed_capture_is_for_a_person(tmp_path: Path) -> None:
    with world(tmp_path, **SELLS) as w:
        await w.to_shipped(an_order(payment=CARD))

        def fails(order: Order) -> Order:
            failed = replace(order.payment, state=PaymentState.CAPTURE_FAILED, words="E01")
            return replace(order, payment=failed)

        w.cart.instead(_sell=fails)
        await w.complete_now()
        await finish(w)
        assert w.state() == "shipped"
        assert w.holds() == ["refused"]
        assert "E01" in w.hold_note("T-1001", "refused")


async def test_files_complete_an_order_together(tmp_path: Path) -> None:
    with world(tmp_path, completion_route="files", **SELLS) as w:
        await w.to_shipped(an_order("T-1001", payment=CARD), an_order("T-1002"))
        await w.complete_now()
        assert w.effects("completion") == ["sent", "sent"]
        await finish(w)
        assert w.state("T-1001") == "shipped"
        w.cart.take_files()
        await finish(w)
        assert w.effects("completion") == ["done", "done"]
        assert w.state("T-1001") == "completed"
        assert w.state("T-1002") == "completed"
        assert w.cart.count("sold") == 1


async def test_the_second_file_is_not_sent_without_the_first(tmp_path: Path) -> None:
    with world(tmp_path, completion_route="files") as w:
        await w.to_shipped(an_order())
        w.cart.faults.append(NotDone("folder is full"))
        await w.complete_now()
        assert w.effects("completion") == ["not_done", "not_done"]
        assert w.cart.drop == {}
        w.pass_by(minutes=5)
        await w.complete_now()
        w.cart.take_files()
        await finish(w)
        assert w.state() == "completed"


async def test_a_second_file_that_did_not_go_follows_in_the_next_window(tmp_path: Path) -> None:
    with world(tmp_path, completion_route="files", **SELLS) as w:
        await w.to_shipped(an_order(payment=CARD))
        complete = w.cart.complete

        async def first_only(effect: Effect) -> Reply:
            if effect.facts["kind"] == "state":
                raise NotDone("folder is full")
            return await complete(effect)

        w.cart.instead(complete=first_only)
        await w.complete_now()
        w.cart.instead(complete=complete)
        w.cart.take_files()
        w.cart.drop.clear()
        await finish(w)
        assert w.state() == "shipped"
        assert w.effects("completion") == ["done", "not_done"]
        await w.complete_now()
        w.cart.take_files()
        await finish(w)
        assert w.state() == "completed"
        assert w.cart.count("sold") == 1
        assert w.cart.count("sold_twice") == 0


async def test_kinds_the_shop_does_not_complete(tmp_path: Path) -> None:
    with world(tmp_path, complete_kinds=(PaymentKind.CARD,)) as w:
        await w.to_shipped(an_order())
        await w.complete_now()
        assert w.state() == "completed"
        assert w.cart.history == []


async def test_never_completed_after_a_cancel(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_shipped(an_order())
        w.cart.put(an_order(cancelled=True))  # seen only at the door
        await w.complete_now()
        await finish(w)
        assert w.cart.history == []
        assert w.holds() == ["cancelled_too_late"]
        assert w.state() == "shipped"


async def test_shipped_by_somebody_else_it_carries_next_engines_number(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        w.ne.edit(w.slip_of(), status=50, tracking=tracking(3), shipped_at=w.clock.now())
        await w.run("follow_slips", "confirm_shipment")
        await w.complete_now()
        await finish(w)
        assert w.state() == "completed"
        assert w.cart.orders["T-1001"].tracking == tracking(3)


async def test_without_a_number_it_is_held(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.reports(a_shipment(w.slip_of(), tracking=()))
        await w.run("collect", "confirm_shipment")
        await w.complete_now()
        assert w.holds() == ["malformed"]


async def test_money_on_the_account_counts_as_charged(tmp_path: Path) -> None:
    paid = replace(TRANSFER, state=PaymentState.PAID, state_code="paid")
    with world(tmp_path, sale_kinds=tuple(PaymentKind)) as w:
        await w.to_intake(an_order(payment=paid))
        w.ne.edit(w.slip_of(), deposit_type="2")
        await w.import_now()
        w.pass_by(minutes=2)
        await w.run("import_daily", "follow_slips", "relay")
        w.pass_by(minutes=10)
        await w.run("relay")
        w.wms.reports(a_shipment(w.slip_of()))
        await w.run("collect", "confirm_shipment")
        await w.complete_now()
        await finish(w)
        assert w.state() == "completed"
        assert w.cart.count("sold") == 0


async def test_a_bank_transfer_is_completed_and_never_sold(tmp_path: Path) -> None:
    """The deposit stands in Next Engine; the cart still says 決済準備中, and there is nothing to sell."""
    pending = replace(TRANSFER, state=PaymentState.PENDING, state_code="pending", prepayment=False)
    with world(tmp_path, sale_kinds=tuple(PaymentKind)) as w:
        await w.to_shipped(an_order(payment=pending))
        await w.complete_now()
        await finish(w)
        assert w.state() == "completed"
        assert w.cart.count("sold") == 0


async def test_the_state_file_alone_does_not_complete_what_must_be_charged(tmp_path: Path) -> None:
    """The import took slip and 対応状況, and the gateway refused the money: not complete, by either file."""
    with world(tmp_path, completion_route="files", **SELLS) as w:
        await w.to_shipped(an_order(payment=CARD))
        await w.complete_now()

        def fails(order: Order) -> Order:
            failed = replace(order.payment, state=PaymentState.CAPTURE_FAILED, words="E01")
            return replace(order, payment=failed)

        w.cart.instead(_sell=fails)
        w.cart.take_files()
        await finish(w)
        assert w.state() == "shipped"
        assert w.holds() == ["refused"]
