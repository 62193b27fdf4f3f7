"""出荷確定取消: a shipped slip that people take back holds its orders, until it ships again or is gone."""

from __future__ import annotations

from pathlib import Path

from tests.unit.slip_trees import lines_of, touched
from tests.unit.test_runner_slips import completed, ship
from tests.unit.world import a_shipment, an_order, tracking, world


async def test_taken_back_and_shipped_again(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_shipped(an_order())
        slip = w.slip_of()
        desk = touched(w, slip)
        desk.unship(slip)
        await w.run("follow_slips")
        assert w.holds() == ["unshipped"]
        assert "出荷確定がネクストエンジンで取り消されました" in w.hold_note("T-1001", "unshipped")
        assert "unshipped" in w.events(slip)
        await completed(w)
        assert w.cart.history == []
        desk.ship(slip, tracking(int(slip)))
        await w.run("follow_slips", "confirm_shipment")
        assert w.holds() == []
        assert w.holds(slip) == []
        await completed(w)
        assert w.cart.history == [("completed", "T-1001")]
        assert w.ne.count("confirmed", slip) == 1, "we do not ship twice"
        assert w.wms.count("instructed", slip) == 1


async def test_taken_back_before_the_other_half_has_left(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(lines_of(an_order(), 2))
        first = w.slip_of()
        desk = touched(w, first)
        part = desk.split(first, {("T-1001", 1)})
        await ship(w, first)
        desk.unship(first)
        await w.run("follow_slips")
        w.wms.reports(a_shipment(part))
        await w.run("collect", "confirm_shipment")
        assert w.state() == "imported", "one half was taken back"
        desk.ship(first, tracking(int(first)))
        await w.run("follow_slips", "confirm_shipment")
        await completed(w)
        assert w.state() == "completed"


async def test_taken_back_and_cancelled_leaves_the_order_to_its_other_half(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(lines_of(an_order(), 2))
        first = w.slip_of()
        desk = touched(w, first)
        part = desk.split(first, {("T-1001", 1)})
        await ship(w, first, part)
        desk.unship(first)
        desk.cancel(first)
        await w.run("follow_slips", "confirm_shipment")
        await completed(w)
        assert w.state() == "completed"
        assert w.cart.orders["T-1001"].tracking == tracking(int(part)), "the cancelled half did not leave"


async def test_all_taken_back_and_cancelled_completes_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_shipped(an_order())
        desk = touched(w, w.slip_of())
        desk.unship(w.slip_of())
        desk.cancel(w.slip_of())
        await w.run("follow_slips", "confirm_shipment")
        await completed(w)
        assert w.cart.history == []
        assert w.holds() == ["ne_cancelled"]


async def test_taken_back_after_the_completion_is_for_a_person(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_shipped(an_order())
        await completed(w)
        assert w.state() == "completed"
        desk = touched(w, w.slip_of())
        desk.unship(w.slip_of())
        await w.run("follow_slips")
        assert w.holds() == ["unshipped"]
        assert "完了を書き込み済み" in w.hold_note("T-1001", "unshipped")
        for _ in range(3):
            await w.everything(minutes=15)
        assert w.cart.history == [("completed", "T-1001")]


async def test_shipped_again_under_a_number_the_warehouse_never_named(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_shipped(an_order())
        slip = w.slip_of()
        desk = touched(w, slip)
        desk.unship(slip)
        await w.run("follow_slips")
        desk.ship(slip, tracking(77))
        await w.run("follow_slips")
        assert w.holds() == []
        assert w.holds(slip) == ["shipment_conflict"]
        assert tracking(77) in w.hold_note(slip, "shipment_conflict")


async def test_taken_back_and_bundled_waits_for_the_other_slip(tmp_path: Path) -> None:
    """棚卸 moves a printed slip back to where it can be bundled (spec/next_engine.md §4.3)."""
    with world(tmp_path) as w:
        await w.to_print_ready(an_order("T-1001"), an_order("T-1002"))
        mine, target = w.slip_of("T-1001"), w.slip_of("T-1002")
        w.ne.edit(target, status=2)  # still waits for something
        await ship(w, mine)
        desk = touched(w, mine, target)
        desk.unship(mine)
        w.ne.edit(mine, status=20)
        desk.bundle(target, mine)
        await w.run("follow_slips", "confirm_shipment")
        await completed(w)
        assert w.state("T-1001") == "shipped"
        assert w.cart.history == [], "its goods lie in the other slip now"
        w.ne.edit(target, status=20, instruct_at=w.clock.now())
        w.pass_by(minutes=10)
        await w.run("relay")
        assert w.holds(target) == ["duplicate_shipment"], (
            "those goods left once: a person says they came back"
        )
        w.release(target, "duplicate_shipment")
        await ship(w, target)
        await completed(w)
        assert sorted(w.cart.history) == [("completed", "T-1001"), ("completed", "T-1002")]


async def test_a_copy_after_the_shipment_is_another_sending(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_shipped(an_order())
        w.pass_by(minutes=5)
        desk = touched(w, w.slip_of())
        desk.copy(w.slip_of())
        await w.run("follow_slips")
        await completed(w)
        assert w.state() == "completed"
