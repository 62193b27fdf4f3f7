"""Completion of an order whose slip is held: nothing is written and nobody is charged until a person has looked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace as changed
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from connector.ledger import holds as hold_rows
from connector.ledger.schema import holds
from connector.ledger.schema import slips as slips_table
from connector.ledger.views.why import text, why
from connector.order import Order, PaymentKind
from connector.outcome import Effect, Item, Reason
from connector.ports import Ports
from connector.slip import Result
from connector.stages import BY_NAME, complete
from connector.stages.stage import Said
from sqlalchemy import update

from tests.unit.world import CARD, World, a_shipment, an_order, tracking, world

ROUTES: list[dict[str, Any]] = [
    {"completion_route": route, "sale_kinds": (PaymentKind.CARD,)} for route in ("api", "files")
]
SELLS = ROUTES[0]
HELD = "伝票の保留の解除待ち"


async def finish(w: World) -> None:
    """A completion window, and all that follows it."""
    w.pass_by(minutes=5)
    await w.complete_now()
    if w.shop.completion_route == "files":
        w.cart.take_files()
    for _ in range(3):
        w.pass_by(minutes=6)
        await w.run("complete")


def pin(w: World, slip: str, reason: Reason, note: str = "") -> None:
    where: dict[str, Any] = {"item": "slip", "item_id": w.slip(slip).id, "number": slip}
    now = w.clock.now()
    with w.database.engine.begin() as connection:
        hold_rows.pin(connection, w.shop.key, now, **where, reason=reason, note=note, stage="collect")


def told(w: World, number: str = "T-1001") -> str:
    with w.database.engine.connect() as connection:
        answer = why(connection, w.shop, number, w.clock.now())
    assert answer is not None
    return text(answer)


@pytest.mark.parametrize("route", ROUTES, ids=["api", "files"])
async def test_cancelled_by_the_warehouse_after_it_was_confirmed(
    tmp_path: Path, route: dict[str, Any]
) -> None:
    with world(tmp_path, **route) as w:
        await w.to_shipped(an_order("T-1001", CARD), an_order("T-1002", CARD))
        slip = w.slip_of("T-1001")
        later = w.clock.now() + timedelta(minutes=1)
        w.wms.reports(
            a_shipment(slip, result_id="X9", result=Result.CANCELLED, tracking=(), confirmed_at=later)
        )
        await w.run("collect")
        await finish(w)
        assert (w.state("T-1001"), w.state("T-1002")) == ("shipped", "completed")
        assert [number for what, number in w.cart.history if what == "sold"] == ["T-1002"]
        assert w.cart.orders["T-1001"].tracking == ""
        assert w.order("T-1001").waiting_for == HELD
        assert HELD in told(w)
        assert "取消と出荷" in told(w), "the person reads what the hold is about"

        w.release(slip, "shipment_conflict")
        await finish(w)
        assert w.state("T-1001") == "completed"
        assert w.cart.orders["T-1001"].tracking == tracking(int(slip))
        assert w.cart.count("sold") == 2


@pytest.mark.parametrize("route", ROUTES, ids=["api", "files"])
async def test_a_correction_that_claims_another_customers_number(
    tmp_path: Path, route: dict[str, Any]
) -> None:
    with world(tmp_path, **route) as w:
        await w.to_shipped(an_order("T-1001", CARD), an_order("T-1002", CARD))
        mine, yours = w.slip_of("T-1001"), w.slip_of("T-1002")
        at = w.clock.now()
        w.wms.reports(a_shipment(yours, tracking(int(mine)), confirmed_at=at))
        await w.run("collect", "confirm_shipment")
        await finish(w)
        assert w.state("T-1001") == "completed"
        assert (w.state("T-1002"), w.cart.orders["T-1002"].tracking) == ("shipped", "")
        assert w.ne.slips_held[yours].tracking == tracking(int(yours))

        w.wms.reports(a_shipment(yours, confirmed_at=at + timedelta(hours=1)))
        await w.run("collect", "confirm_shipment")
        assert w.holds(yours) == [], "the warehouse took it back"
        await finish(w)
        assert w.cart.orders["T-1002"].tracking == tracking(int(yours))
        assert w.cart.count("sold") == 2


async def test_what_a_person_lets_pass_is_written(tmp_path: Path) -> None:
    with world(tmp_path, **SELLS) as w:
        await w.to_shipped(an_order("T-1001"), an_order("T-1002"))
        mine, yours = w.slip_of("T-1001"), w.slip_of("T-1002")
        w.wms.reports(a_shipment(yours, tracking(int(mine)), confirmed_at=w.clock.now()))
        await w.run("collect")
        w.release(yours, "shipment_conflict")  # packed together, the warehouse says on the telephone
        await w.run("confirm_shipment")
        await finish(w)
        assert w.state("T-1002") == "completed"
        numbers = {w.ne.slips_held[yours].tracking, w.cart.orders["T-1002"].tracking}
        assert numbers == {tracking(int(mine))}


async def test_a_claim_is_not_written_even_where_nothing_holds_it(tmp_path: Path) -> None:
    with world(tmp_path, **SELLS) as w:
        await w.to_shipped(an_order("T-1001"), an_order("T-1002"))
        mine, yours = w.slip_of("T-1001"), w.slip_of("T-1002")
        w.wms.reports(a_shipment(yours, tracking(int(mine)), confirmed_at=w.clock.now()))
        await w.run("collect")
        with w.database.engine.begin() as connection:  # closed by another fact, not by a person
            connection.execute(update(holds).values(closed_at=w.clock.now(), closed_by="connector"))
        await w.run("confirm_shipment")
        await finish(w)
        assert w.ne.slips_held[yours].tracking == tracking(int(yours))
        assert w.cart.orders["T-1002"].tracking == tracking(int(yours))


async def test_a_hold_that_comes_between_plan_and_act(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path, **SELLS) as w:
        await w.to_shipped(an_order("T-1001", CARD), an_order("T-1002", CARD))

        async def then_held(items: Sequence[Item[Order]], ports: Ports) -> AsyncIterator[Said | Effect]:
            async for said in complete.plan(items, ports):
                yield said
            pin(w, w.slip_of("T-1001"), Reason.SHIPMENT_CONFLICT)

        monkeypatch.setitem(BY_NAME, "complete", changed(complete.STAGE, plan=then_held))
        counts = await w.runner.run("complete", window="2026-11-24 10:00")
        assert "not begun" in counts.failed
        monkeypatch.undo()
        assert w.cart.history == []
        await finish(w)
        assert (w.state("T-1001"), w.state("T-1002")) == ("shipped", "completed")
        assert [number for what, number in w.cart.history if what == "sold"] == ["T-1002"]


@pytest.mark.parametrize("reason", [Reason.NEEDS_ATTENTION, Reason.ADDRESS_DOUBTFUL])
async def test_a_hold_that_goes_by_itself_waits_for_nobody(tmp_path: Path, reason: Reason) -> None:
    with world(tmp_path, **SELLS) as w:
        await w.to_shipped(an_order(payment=CARD))
        pin(w, w.slip_of(), reason)
        await finish(w)
        assert w.state() == "completed"


async def test_a_slip_that_ended_without_shipping_keeps_nobody_waiting(tmp_path: Path) -> None:
    with world(tmp_path, **SELLS) as w:
        await w.to_relayed(an_order(payment=CARD))
        slip = w.slip_of()
        copy = w.ne.open("T-1001", status=20, copied_from=slip).number
        w.pass_by(minutes=2)
        await w.run("follow_slips")
        w.pass_by(minutes=2)
        w.ne.edit(copy, cancel_type="1")
        await w.run("follow_slips")
        assert w.slip(copy).state == "cancelled"
        pin(w, copy, Reason.SHIPMENT_CONFLICT, "取消済みの伝票が出荷されました。")
        w.wms.reports(a_shipment(slip))
        await w.run("collect", "confirm_shipment")
        await finish(w)
        assert w.state() == "completed"
        assert w.cart.count("sold") == 1


async def test_a_copy_made_since_is_another_sending(tmp_path: Path) -> None:
    with world(tmp_path, **SELLS) as w:
        await w.to_shipped(an_order(payment=CARD))
        w.pass_by(minutes=10)
        copy = w.ne.open("T-1001", status=20, copied_from=w.slip_of()).number
        w.pass_by(minutes=2)
        await w.run("follow_slips")
        pin(w, copy, Reason.DUPLICATE_SHIPMENT)
        await finish(w)
        assert w.state() == "completed"


async def test_a_part_that_a_person_confirmed_is_complete(tmp_path: Path) -> None:
    """The rest never leaves: the hold asks a person to confirm the part in Next Engine, and that is the answer."""
    with world(tmp_path, **SELLS) as w:
        await w.to_relayed(an_order(payment=CARD))
        slip = w.slip_of()
        w.wms.reports(a_shipment(slip, result=Result.PARTIAL, reason="1個のみ"))
        await w.run("collect")
        assert w.holds(slip) == ["partial_shipment"]
        w.pass_by(hours=2)
        w.ne.edit(slip, status=50, tracking=tracking(int(slip)), shipped_at=w.clock.now())
        await w.run("follow_slips", "confirm_shipment")
        assert w.state() == "shipped"
        await finish(w)
        assert w.state() == "completed"
        pinned = w.rows(slips_table.select().where(slips_table.c.number == slip))
        assert pinned[0].state == "confirmed"
