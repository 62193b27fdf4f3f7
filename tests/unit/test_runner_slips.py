"""Split, bundled and copied slips: an order ships when all its live slips are confirmed."""

from __future__ import annotations

from pathlib import Path

from connector.slip import SlipRow

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
        second = w.ne.open("T-1001", status=20, split_from=first).number
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
    from connector.ledger import codec

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
        await w.run("ingest", "relay")
        assert w.wms.inbox == {}
        assert w.holds(target) == ["changed_after_handover"]
