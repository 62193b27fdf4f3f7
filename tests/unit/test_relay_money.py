"""The payment gate at the door: what the gateway says after the order was announced counts as it did before."""

from __future__ import annotations

from pathlib import Path

import pytest
from connector.order import PaymentState
from msgspec.structs import replace

from tests.unit.world import DEFERRED, World, an_order, world


async def on_the_way(w: World, state: PaymentState) -> None:
    """Waiting to be printed, when the cart shows another state of the payment."""
    order = an_order(payment=DEFERRED)
    await w.to_print_ready(order)
    w.cart.put(replace(order, payment=replace(DEFERRED, state=state, state_code=str(state))))
    w.pass_by(minutes=1)
    await w.run("ingest", "follow_slips", "relay")


@pytest.mark.parametrize("state", [PaymentState.EXAM, PaymentState.PENDING])
async def test_while_it_is_examined_again_nothing_leaves(tmp_path: Path, state: PaymentState) -> None:
    with world(tmp_path) as w:
        await on_the_way(w, state)
        assert (w.wms.count("instructed"), w.slip_state()) == (0, "print_ready")
        w.cart.put(an_order(payment=DEFERRED))
        w.pass_by(minutes=20)
        await w.run("ingest", "follow_slips", "relay")
        w.pass_by(minutes=20)
        await w.run("relay")
        assert w.wms.count("instructed") == 1


@pytest.mark.parametrize("state", [PaymentState.CAPTURE_FAILED, PaymentState.UNKNOWN])
async def test_without_money_behind_it_a_person_decides(tmp_path: Path, state: PaymentState) -> None:
    with world(tmp_path) as w:
        await on_the_way(w, state)
        assert w.wms.count("instructed") == 0
        assert "payment_gate" in w.holds(w.slip_of())
