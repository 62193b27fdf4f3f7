"""Watching: somebody else does the step, we only prove it; nothing is ever sent. Off: nobody even looks."""

from __future__ import annotations

from pathlib import Path

from connector.shop import Mode
from connector.stages import BESIDE, STAGES
from msgspec.structs import replace

from tests.unit.world import World, a_shipment, an_order, tracking, world

NAMES = [stage.name for stage in (*STAGES, *BESIDE)]
WATCHING = dict.fromkeys(NAMES, Mode.WATCH)


def nothing_was_sent(w: World) -> None:
    assert w.mailer.sent == []
    assert w.ne.uploads == {}
    assert w.wms.inbox == {}
    assert w.wms.archive == {}
    assert w.cart.history == []
    assert not {what for what, _ in w.ne.history} - {"slip_opened"}
    assert w.rows_of("effects") == 0


async def test_a_whole_journey_done_by_others(tmp_path: Path) -> None:
    with world(tmp_path, modes=WATCHING) as w:
        order = w.cart.put(an_order())
        w.pass_by(minutes=11)
        await w.everything(minutes=1)
        assert w.state() == "received"
        assert w.order().waiting_for == "他システムの通知待ち"

        slip = w.ne.open("T-1001").number
        await w.everything(minutes=1)
        assert w.state() == "in_intake"
        assert w.order().waiting_for == "他システムの本取込待ち"

        w.ne.edit(slip, status=20)
        await w.everything(minutes=1)
        assert w.state() == "imported"
        assert w.slip_state() == "print_ready"

        w.ne.edit(slip, status=40)
        await w.everything(minutes=1)
        assert w.slip_state() == "relayed"

        w.wms.reports(a_shipment(slip))
        await w.everything(minutes=1)
        assert w.slip_state() == "dispatched"
        assert w.wms.out, "the other system still needs the file"

        w.ne.edit(slip, status=50, tracking=tracking(int(slip)), shipped_at=w.clock.now())
        await w.everything(minutes=1)
        assert w.slip_state() == "confirmed"
        assert w.state() == "shipped"

        w.cart.put(replace(order, state_code="shipped", shipped_at=w.clock.now(), tracking="1"))
        await w.everything(minutes=1)
        assert w.state() == "completed"
        nothing_was_sent(w)
        assert [row.actor for row in w.moves()].count("watch") >= 4


async def test_watching_stops_nothing(tmp_path: Path) -> None:
    with world(tmp_path, modes=WATCHING) as w:
        w.cart.put(an_order())
        slip = w.ne.open("T-1001").number
        w.pass_by(minutes=11)
        await w.everything(minutes=5)
        w.cart.put(an_order(cancelled=True))
        await w.everything(minutes=5)
        assert w.stop() == "open"
        assert "人が止め" in w.order().waiting_for
        nothing_was_sent(w)
        w.ne.edit(slip, cancel_type="1")
        await w.everything(minutes=5)
        assert w.stop() == "stopped"
        assert w.state() == "cancelled"
        nothing_was_sent(w)


async def test_a_cancel_of_what_others_announced_is_a_stop(tmp_path: Path) -> None:
    with world(tmp_path, modes={"notify": Mode.OFF}) as w:
        w.cart.put(an_order())
        w.ne.open("T-1001")
        await w.run("ingest", "follow_slips")
        w.cart.put(an_order(cancelled=True))
        await w.run("ingest")
        assert w.state() == "received"
        assert w.stop() == "open"
        await w.run("stop")
        assert w.ne.count("cancelled") == 1


async def test_off_does_nothing_at_all(tmp_path: Path) -> None:
    with world(tmp_path, modes=dict.fromkeys(NAMES, Mode.OFF)) as w:
        w.cart.put(an_order())
        w.ne.open("T-1001", status=20)
        w.wms.reports(a_shipment("9001"))
        for _ in range(3):
            await w.everything(hours=1)
        assert w.rows_of("orders") == 0
        assert w.rows_of("slips") == 0
        assert w.rows_of("exchanges") == 0
        nothing_was_sent(w)


async def test_what_was_begun_before_watching_is_still_looked_at(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        await w.run("relay")
        w.ledger.shop = replace(w.shop, modes=WATCHING)
        w.pass_by(minutes=10)
        await w.run("relay")
        assert w.effects("wms_file") == ["done"]
        assert w.slip_state() == "relayed"
        assert w.ne.count("tagged_sent") == 0
