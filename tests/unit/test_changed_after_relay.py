"""出荷指示後の変更, where nobody would look: beside a receipt that left the slip out, a second change, an old stop.

Whatever changes in Next Engine once the warehouse may have the slip stands in a hold, and nobody is charged meanwhile.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from connector import ops
from connector.order import PaymentKind
from connector.slip import MERGED, NEStatus, Result
from msgspec.structs import replace

from tests.unit.test_stop_fate import BY, passes
from tests.unit.world import CARD, World, a_shipment, an_order, world


async def one_there_and_one_to_come(w: World) -> tuple[str, str]:
    """Slips of two orders with goods of their own; the second is not to leave before next week."""
    second = an_order("T-1002", payment=CARD)
    second = replace(second, lines=(replace(second.lines[0], sku="SKU-2"),))
    await w.to_print_ready(an_order(payment=CARD), second)
    one, two = w.slip_of(), w.slip_of("T-1002")
    w.ne.edit(two, instruct_at=w.clock.now() + timedelta(days=7))
    await w.run("follow_slips", "relay")
    for _ in range(2):
        w.pass_by(minutes=10)
        await w.run("relay")
    return one, two


def bundle(w: World, one: str, two: str) -> None:
    mine, hers = w.ne.slips_held[one].rows, w.ne.slips_held[two].rows
    moved = [replace(row, no=row.no + 10, from_slip=two, from_row=row.no) for row in hers]
    gone = tuple(replace(row, cancelled=True) for row in hers)
    w.ne.edit(two, rows=gone, cancel_type=MERGED, merged_into=one, cancelled_at=w.clock.now())
    w.ne.edit(one, rows=(*mine, *moved))
    w.pass_by(minutes=2)


async def to_the_end(w: World) -> None:
    """The warehouse's result without rows of goods: all that was instructed left. Then an evening."""
    w.wms.reports(a_shipment(w.slip_of()))
    await w.run("collect", "confirm_shipment")
    for _ in range(3):
        w.pass_by(minutes=30)
        await w.run("follow_slips", "relay", "confirm_shipment")
        await w.complete_now()
    await w.run("ingest")


async def test_goods_bundled_into_a_slip_that_the_receipt_left_out_are_not_charged(tmp_path: Path) -> None:
    with world(tmp_path, sale_kinds=(PaymentKind.CARD,)) as w:
        w.wms.silent = {"9001"}
        one, two = await one_there_and_one_to_come(w)
        assert w.holds(one) == ["cannot_tell"], "it may be packed"
        bundle(w, one, two)
        await w.run("follow_slips")
        await to_the_end(w)
        assert "SKU-2 ＋2" in w.hold_note(one, "changed_after_relay")
        assert w.cart.orders["T-1002"].payment.state_code == "authed", "nothing of it left"


async def test_an_address_that_changes_on_a_slip_that_the_receipt_left_out_is_told(tmp_path: Path) -> None:
    with world(tmp_path, sale_kinds=(PaymentKind.CARD,)) as w:
        w.wms.silent = {"9001"}
        one, _ = await one_there_and_one_to_come(w)
        w.ne.edit(one, address1="大阪府大阪市北区見本1-2-3")
        await w.run("follow_slips")
        await to_the_end(w)
        assert "住所" in w.hold_note(one, "changed_after_relay")
        assert w.state() == "imported"


async def test_a_second_change_does_not_hide_the_first(tmp_path: Path) -> None:
    with world(tmp_path, sale_kinds=(PaymentKind.CARD,)) as w:
        one, two = await one_there_and_one_to_come(w)
        bundle(w, one, two)
        await w.run("follow_slips")
        w.ne.edit(one, deliver_on=date(2026, 11, 28))
        w.pass_by(minutes=2)
        await w.run("follow_slips")
        note = w.hold_note(one, "changed_after_relay")
        assert "配達希望日" in note
        assert "SKU-2 ＋2" in note, "who lets a date pass must see what else he lets pass"
        await to_the_end(w)
        assert w.cart.orders["T-1002"].payment.state_code == "authed"


@pytest.mark.parametrize("stop_first", [False, True])
async def test_a_part_cancelled_after_an_old_stop_is_told_and_nobody_charged(
    tmp_path: Path, stop_first: bool
) -> None:
    with world(tmp_path, sale_kinds=(PaymentKind.CARD,)) as w:
        order = an_order(payment=CARD)
        line = replace(order.lines[0], quantity=1)
        order = replace(order, lines=(line, replace(line, line_id=2, sku="SKU-2")))
        await w.to_print_ready(order)
        one = w.slip_of()
        stays, goes = w.ne.slips_held[one].rows
        made = {"split_from": one, "created_at": w.clock.now(), "prepayment": False}
        two = w.ne.open("T-1001", NEStatus.PRINT_WAIT, rows=(goes,), **made).number
        w.ne.edit(one, rows=(stays,))
        w.pass_by(minutes=2)
        for _ in range(3):
            await w.run("follow_slips", "relay")
            w.pass_by(minutes=10)
        assert [w.slip(number).state for number in (one, two)] == ["relayed", "relayed"]
        if stop_first:
            w.wms.will_not_stop |= {one: "E302 PICKING", two: "E302 PICKING"}
            assert (await ops.stop(w.database, w.shop, "T-1001", now=w.clock.now(), **BY)).done
            await passes(w, 4, "stop")
            assert w.stop() == "too_late"
            w.release("T-1001", "cancelled_too_late")
        w.ne.edit(two, cancel_type="1")
        w.pass_by(minutes=2)
        await w.run("follow_slips")
        assert w.holds(two) == ["ne_cancelled"]
        await to_the_end(w)
        assert (w.state(), w.cart.orders["T-1001"].payment.state_code) == ("shipped", "authed")


async def test_a_cancel_after_出荷不可_is_what_comes_next(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        slip = w.slip_of()
        w.wms.reports(a_shipment(slip, result=Result.UNSHIPPABLE, tracking=()))
        await w.run("collect")
        w.ne.edit(slip, cancel_type="1")
        w.pass_by(minutes=2)
        await w.run("follow_slips")
        assert "ne_cancelled" not in w.holds(slip)
