"""出荷確定: the number goes into Next Engine once and is believed when it is read back."""

from __future__ import annotations

from pathlib import Path

from connector.errors import NotDone, Unknown
from connector.slip import Shipment, Slip

from tests.unit.world import World, a_shipment, an_order, tracking, world


async def dispatched(w: World) -> str:
    await w.to_relayed(an_order())
    slip = w.slip_of()
    w.wms.reports(a_shipment(slip))
    await w.run("collect")
    return slip


async def test_an_unknown_answer_is_read_back(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        slip = await dispatched(w)
        confirm = w.ne.confirm_shipment

        async def lost(slip: Slip, shipment: Shipment) -> Slip:
            await confirm(slip, shipment)
            raise Unknown("read timeout")

        w.ne.instead(confirm_shipment=lost)
        await w.run("confirm_shipment")
        assert w.effects("ne_shipped") == ["unknown"]
        w.pass_by(minutes=2)
        await w.run("confirm_shipment")
        assert w.slip_state() == "confirmed"
        assert w.ne.count("confirmed", slip) == 1


async def test_a_fault_before_the_first_write_is_tried_again(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        slip = await dispatched(w)
        w.ne.faults.append(NotDone("locked"))
        await w.run("confirm_shipment")
        assert w.slip_state() == "dispatched"
        w.pass_by(minutes=2)
        await w.run("confirm_shipment")
        assert w.slip_state() == "confirmed"
        assert w.ne.slips_held[slip].tracking == tracking(int(slip))


async def test_next_engine_down_leaves_an_intent_that_is_looked_at(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await dispatched(w)
        w.ne.gone = True
        counts = await w.runner.run("confirm_shipment")
        assert counts.failed
        assert w.effects("ne_shipped") == ["intent"]
        w.ne.gone = False
        await w.run("confirm_shipment")
        assert w.effects("ne_shipped") == ["not_done"]
        w.pass_by(minutes=2)
        await w.run("confirm_shipment")
        assert w.slip_state() == "confirmed"


async def test_shipped_by_hand_with_another_number_is_for_a_person(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        slip = await dispatched(w)

        async def lost(slip: Slip, shipment: Shipment) -> Slip:
            raise Unknown("read timeout")

        w.ne.instead(confirm_shipment=lost)
        await w.run("confirm_shipment")
        w.ne.edit(slip, status=50, tracking="9" + tracking(int(slip)))
        w.pass_by(minutes=2)
        await w.run("confirm_shipment")
        assert w.holds(slip) == ["cannot_tell"]


async def test_confirmed_by_hand_the_order_ships_all_the_same(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        slip = await dispatched(w)
        w.ne.edit(slip, status=50, shipped_at=w.clock.now(), tracking=tracking(1))
        await w.run("follow_slips", "confirm_shipment")
        assert w.slip_state() == "confirmed"
        assert w.state() == "shipped"
        assert w.ne.count("confirmed") == 0
