"""Split, bundled and copied slips: an order ships when all its live slips are confirmed."""

from __future__ import annotations

from pathlib import Path

import pytest
from connector.ledger import codec
from connector.ledger.slips import see
from connector.slip import SlipRow
from msgspec.structs import replace

from tests.unit.slip_trees import lines_of, touched
from tests.unit.world import World, a_shipment, an_order, tracking, world


async def ship(w: World, *slips: str) -> None:
    """Relay what is ready, and let the warehouse ship these."""
    await w.run("follow_slips", "relay")
    w.pass_by(minutes=10)
    await w.run("relay")
    w.wms.reports(*(a_shipment(slip) for slip in slips))
    await w.run("collect", "confirm_shipment")


async def test_split_in_two(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        first = w.slip_of()
        half = (SlipRow(no=1, sku="SKU-1", name="見本", quantity=1, unit_price=1100),)
        w.ne.edit(first, rows=half)
        second = w.ne.open("T-1001", status=20, split_from=first, rows=half).number
        await ship(w, first)
        assert w.slip(first).state == "confirmed"
        assert w.slip(second).state == "relayed"
        assert w.state() == "imported", "one half is no order"
        w.wms.reports(a_shipment(second))
        await w.run("collect", "confirm_shipment")
        assert w.state() == "shipped"
        await w.complete_now()
        w.pass_by(minutes=1)
        await w.run("complete")
        assert w.cart.orders["T-1001"].tracking == tracking(int(first))


async def test_bundled_into_another_orders_slip(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order("T-1001"), an_order("T-1002"))
        mine, target = w.slip_of("T-1001"), w.slip_of("T-1002")
        w.ne.edit(mine, cancel_type="3", merged_into=target)
        await ship(w, target)
        assert w.slip(mine).state == "cancelled"
        assert w.holds("T-1001") == []
        assert w.state("T-1001") == "shipped"
        assert w.state("T-1002") == "shipped"
        assert [number for what, number in w.wms.history if what == "instructed"] == [target]
        await w.complete_now()
        w.pass_by(minutes=1)
        await w.run("complete")
        assert w.cart.orders["T-1001"].tracking == tracking(int(target))
        assert w.cart.orders["T-1002"].tracking == tracking(int(target))


async def test_bundled_into_a_new_slip_seen_later(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order("T-1001"), an_order("T-1002"))
        mine, yours = w.slip_of("T-1001"), w.slip_of("T-1002")
        target = w.ne.open("T-1002", status=20).number
        w.ne.edit(mine, cancel_type="3", merged_into=target)
        w.ne.edit(yours, cancel_type="3", merged_into=target)
        await ship(w, target)
        assert w.state("T-1001") == "shipped"
        assert w.state("T-1002") == "shipped"


async def test_copied_and_the_first_cancelled(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        first = w.slip_of()
        w.ne.edit(first, cancel_type="1")
        copy = w.ne.open("T-1001-2", status=20, copied_from=first).number
        await ship(w, copy)
        assert w.state() == "shipped"
        assert "held" in w.events() or w.holds() == []


async def test_a_copy_beside_the_original_keeps_the_order_open(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        first = w.slip_of()
        copy = w.ne.open("T-1001", status=2, copied_from=first).number
        await ship(w, first)
        assert w.state() == "imported"
        w.ne.edit(copy, cancel_type="1")
        await w.run("follow_slips", "confirm_shipment")
        assert w.state() == "shipped"


async def test_the_last_live_slip_cancelled_in_next_engine_is_said_aloud(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        w.ne.edit(w.slip_of(), cancel_type="1")
        await w.run("follow_slips")
        assert w.holds() == ["ne_cancelled"]
        assert w.state() == "imported"


async def test_a_slip_seen_before_its_order_is_tied_when_the_order_comes(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.ne.open("T-1001", status=20)
        await w.run("follow_slips")
        w.cart.put(an_order())
        w.pass_by(minutes=11)
        await w.run("ingest", "notify")
        assert w.mailer.sent == []
        await w.run("confirm_intake")
        assert w.state() == "imported"
        await ship(w, w.slip_of())
        assert w.state() == "shipped"


async def test_slips_moved_back_by_hand_do_not_walk_twice(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        slip = w.slip_of()
        w.ne.edit(slip, status=20)  # 棚卸 moves 印刷済み back (spec/next_engine.md §4.3)
        for _ in range(3):
            await w.everything(minutes=15)
        assert w.slip(slip).state == "relayed"
        assert w.wms.count("instructed", slip) == 1


async def test_rows_read_at_the_relay_are_not_forgotten(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        await w.run("follow_slips")
        rows = codec.slip(w.slip(w.slip_of()).body).rows
        assert rows == (SlipRow(no=1, sku="SKU-1", name="見本", quantity=2, unit_price=1100),)


async def test_a_bundle_with_a_cancelled_order_is_for_a_person(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order("T-1001"), an_order("T-1002"))
        mine, target = w.slip_of("T-1001"), w.slip_of("T-1002")
        w.ne.edit(mine, cancel_type="3", merged_into=target)
        await w.run("follow_slips")
        w.cart.put(an_order("T-1001", cancelled=True))
        await w.run("ingest", "relay", "stop")
        assert w.wms.inbox == {}
        assert w.holds("T-1001") == ["changed_after_handover"]


# --- seen in any order, cancelled, taken back ----------------------------------------------------------------


async def test_a_chain_of_bundles_seen_at_once(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        numbers = ("T-1001", "T-1002", "T-1003")
        await w.to_print_ready(*(an_order(number) for number in numbers))
        first, second, third = (w.slip_of(number) for number in numbers)
        desk = touched(w, first, second, third)
        desk.bundle(second, first)
        desk.bundle(third, second)
        await ship(w, third)
        assert [w.state(number) for number in numbers] == ["shipped"] * 3
        await completed(w)
        assert {w.cart.orders[number].tracking for number in numbers} == {tracking(int(third))}


async def test_the_number_an_order_gets_is_that_of_its_own_goods(tmp_path: Path) -> None:
    """Bundled into another order's slip, then sent in a parcel of its own after all."""
    with world(tmp_path) as w:
        await w.to_print_ready(lines_of(an_order("T-1001"), 1), lines_of(an_order("T-1002"), 1))
        mine, target = w.slip_of("T-1001"), w.slip_of("T-1002")
        desk = touched(w, mine, target)
        desk.bundle(target, mine)
        own = desk.split(target, {("T-1001", 0)})
        await ship(w, target)
        assert w.state("T-1001") == "imported", "its goods still lie here"
        w.wms.reports(a_shipment(own))
        await w.run("collect", "confirm_shipment")
        await completed(w)
        assert w.cart.orders["T-1001"].tracking == tracking(int(own))
        assert w.cart.orders["T-1002"].tracking == tracking(int(target))


async def test_a_cancelled_part_is_not_waited_for_once_a_person_looked(tmp_path: Path) -> None:
    """The warehouse had it: whether it leaves all the same, and what is to be charged, a person finds out first."""
    with world(tmp_path) as w:
        await w.to_print_ready(lines_of(an_order(), 2))
        first = w.slip_of()
        desk = touched(w, first)
        part = desk.split(first, {("T-1001", 1)})
        await ship(w, first)
        await completed(w)
        assert w.state() == "imported"
        assert w.cart.history == []
        assert w.slip(part).state == "relayed"
        desk.cancel(part)
        await w.run("follow_slips", "confirm_shipment")
        await completed(w)
        assert w.cart.history == []
        w.release(part, "ne_cancelled")
        await completed(w)
        assert w.cart.history == [("completed", "T-1001")]
        assert w.cart.orders["T-1001"].tracking == tracking(int(first))


@pytest.mark.parametrize("target_first", [True, False])
async def test_a_cancelled_tree_completes_nothing(tmp_path: Path, target_first: bool) -> None:
    """Whether the mirror meets the cancelled slip or the one bundled into it first, both orders are said aloud."""
    with world(tmp_path) as w:
        await w.to_print_ready(an_order("T-1001"), an_order("T-1002"))
        mine, target = w.slip_of("T-1001"), w.slip_of("T-1002")
        desk = touched(w, mine, target)
        desk.bundle(target, mine)
        desk.cancel(target)
        seen = [[desk.slip(target)], [desk.slip(mine)]]
        with w.database.engine.begin() as connection:
            for page in seen if target_first else reversed(seen):
                see(connection, w.shop.key, "follow_slips", page, w.clock.now())
        for _ in range(3):
            await w.everything(minutes=10)
        assert w.cart.history == []
        assert (w.holds("T-1001"), w.holds("T-1002")) == (["ne_cancelled"], ["ne_cancelled"])
        assert w.wms.inbox == {}


async def test_the_children_of_a_slip_to_several_addresses_are_waited_for(tmp_path: Path) -> None:
    """複数配送: each child has a number of its own and names its parent."""
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        parent = w.slip_of()
        child = w.ne.open("T-1001/2", status=20, parcel_parent=parent).number
        await ship(w, parent)
        assert w.state() == "imported"
        w.wms.reports(a_shipment(child))
        await w.run("collect", "confirm_shipment")
        await completed(w)
        assert w.state() == "completed"
        assert w.cart.orders["T-1001"].tracking == tracking(int(parent))


async def test_once_a_day_the_mirror_reaches_back_three_days(tmp_path: Path) -> None:
    """A change that slipped through a reading is seen the next morning (spec/next_engine.md §10.12)."""
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        slip = w.slip_of()
        w.ne.edit(slip, note="見本")
        missed = w.ne.slips_held[slip]
        w.pass_by(hours=2)
        w.ne.slips_held[slip] = replace(missed, lock="2000-01-01 00:00:00")  # out of sight while we read
        await w.run("follow_slips")
        w.ne.slips_held[slip] = missed
        w.pass_by(hours=2)
        await w.run("follow_slips")
        assert codec.slip(w.slip(slip).body).note == ""
        w.pass_by(hours=14)
        await w.run("follow_slips")
        assert codec.slip(w.slip(slip).body).note == "見本"


async def completed(w: World) -> None:
    """One window of completions, read back."""
    w.pass_by(minutes=10)
    await w.complete_now()
    w.pass_by(minutes=6)
    await w.run("complete")
