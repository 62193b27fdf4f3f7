"""An order walks from the cart to the cart, every stage run by hand."""

from __future__ import annotations

from pathlib import Path

from tests.unit.world import an_order, tracking, world


async def test_from_received_to_completed(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.cart.put(an_order())
        await w.run("ingest", "notify")
        assert w.state() == "received"
        assert w.mailer.sent == []
        assert w.order().waiting_for == "注文内容の確定待ち"

        w.pass_by(minutes=10)
        await w.run("notify")
        assert w.state() == "notified"
        assert w.mailer.count("sent", "T-1001") == 1

        w.pass_by(minutes=2)
        await w.run("confirm_intake")
        assert w.state() == "in_intake"
        assert w.slip_state() == "intake"

        await w.import_now()
        assert w.effects("ne_import") == ["sent"]
        assert w.state() == "in_intake"
        w.pass_by(minutes=2)
        await w.run("import_daily", "follow_slips")
        assert w.state() == "imported"
        assert w.slip_state() == "print_ready"

        await w.run("relay")
        assert w.effects("wms_file") == ["sent"]
        assert w.slip_state() == "print_ready"
        w.pass_by(minutes=10)
        await w.run("relay")
        assert w.slip_state() == "relayed"
        assert w.wms.count("instructed") == 1
        assert w.ne.count("tagged_sent") == 1
        slip = w.slip_of()
        assert w.ne.slips_held[slip].status == 40

        from tests.unit.world import a_shipment

        w.wms.reports(a_shipment(slip))
        await w.run("collect")
        assert w.slip_state() == "dispatched"
        assert w.wms.out == {}
        await w.run("confirm_shipment")
        assert w.slip_state() == "confirmed"
        assert w.ne.slips_held[slip].tracking == tracking(int(slip))
        assert w.state() == "shipped"

        await w.complete_now()
        assert w.state() == "shipped"
        w.pass_by(minutes=1)
        await w.run("complete")
        assert w.state() == "completed"
        assert w.cart.orders["T-1001"].state_code == "shipped"
        assert w.cart.orders["T-1001"].tracking == tracking(int(slip))
        assert w.events() == [
            "received",
            "received>notified",
            "notified>in_intake",
            "in_intake>imported",
            "imported>shipped",
            "shipped>completed",
        ]
        assert w.holds() == []
