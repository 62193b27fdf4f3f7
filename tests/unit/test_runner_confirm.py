"""出荷確定: the number goes into Next Engine once and is believed when it is read back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from connector.errors import Barred, Closed, ConnectorError, NotDone, Unknown
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


@pytest.mark.parametrize(
    ("shut", "sentence"),
    [
        (Barred("next_engine", "003003", "メイン機能が停止しています"), "メイン機能が停止しています"),
        (Closed("ネクストエンジン 008010: 棚卸中のため更新できません", after=600.0), "棚卸中"),
    ],
)
async def test_a_shut_next_engine_holds_nobody_however_long(
    tmp_path: Path, shut: ConnectorError, sentence: str
) -> None:
    """A stock-taking of a whole night is nobody's fault: every slip waits, and goes on by itself afterwards."""
    with world(tmp_path) as w:
        slip = await dispatched(w)
        w.ne.faults.extend([shut] * 60)
        for _ in range(60):
            await w.run("confirm_shipment")
            w.pass_by(minutes=10)
        assert w.holds(slip) == []
        assert sentence in w.slip(slip).waiting_for
        w.ne.faults.clear()
        await w.run("confirm_shipment")
        assert w.slip_state() == "confirmed"
        assert w.ne.count("confirmed", slip) == 1


async def test_a_next_engine_that_is_shut_for_reading_is_the_stage_s_sentence(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())

        async def shut(_numbers: Sequence[str], *, rows: bool = False) -> dict[str, Slip]:
            raise Barred("next_engine", "004001", "アプリにこのAPIの利用権限がありません")

        w.ne.instead(slips=shut)
        counts = await w.runner.run("relay")
        assert "004001" in counts.failed
        assert "利用権限" in counts.failed
        assert w.holds(w.slip_of()) == []
        assert w.effects("wms_file") == []
