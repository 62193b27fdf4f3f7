"""The hand-over to the warehouse: once, only what is paid, and believed when the receipt names the slip."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path

import pytest
from connector.errors import NotDone, Refused, Unknown
from connector.order import PaymentState
from connector.outcome import Effect, Reply
from msgspec.structs import replace

from tests.unit.world import CARD, TRANSFER, World, an_order, world


def instructed(w: World) -> list[str]:
    return [number for what, number in w.wms.history if what == "instructed"]


async def relay_round(w: World) -> None:
    await w.run("relay")
    w.pass_by(minutes=10)
    await w.run("relay")


async def test_prepayment_goes_only_when_next_engine_shows_the_deposit(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order(payment=TRANSFER))
        slip = w.slip_of()
        assert w.slip_state() == "open", "NE itself waits for the money"
        w.ne.edit(slip, status=20)  # an operator pushed it on
        await w.run("follow_slips", "relay")
        assert w.holds(slip) == ["payment_gate"]
        assert "銀行振込" in w.hold_note(slip, "payment_gate")
        assert instructed(w) == []
        w.ne.edit(slip, deposit_type="2")
        w.pass_by(minutes=11)
        await w.run("follow_slips")
        await relay_round(w)
        assert instructed(w) == [slip]
        assert w.holds(slip) == []


async def test_a_payment_refused_after_the_hand_over_never_passes(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order(payment=CARD))
        w.cart.put(an_order(payment=replace(CARD, state=PaymentState.REFUSED, state_code="ng")))
        await w.run("ingest", "relay")
        assert w.holds(w.slip_of()) == ["payment_gate"]
        assert instructed(w) == []


async def test_an_unknown_method_counts_as_prepayment_until_the_tables_know_it(tmp_path: Path) -> None:
    unknown = replace(CARD, prepayment=True)
    with world(tmp_path) as w:
        w.cart.known.add("payment: X")
        await w.to_print_ready(an_order(payment=unknown, unknown=("payment: X",)))
        w.cart.known.clear()
        slip = w.slip_of()
        w.ne.edit(slip, status=20, prepayment=False)
        await w.run("follow_slips", "relay")
        assert w.holds(slip) == ["payment_gate"]
        w.cart.known.add("payment: X")
        w.pass_by(minutes=11)
        await w.run("relay")
        assert instructed(w) == [slip]


async def test_next_engine_is_read_again_at_the_door(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(*(an_order(f"T-{n}") for n in (1001, 1002, 1003)))
        w.ne.edit(w.slip_of("T-1001"), cancel_type="1")
        w.ne.edit(w.slip_of("T-1002"), status=2)
        w.ne.edit(w.slip_of("T-1003"), address1="新しい住所")
        await w.run("relay")
        assert instructed(w) == [w.slip_of("T-1003")]
        assert "新しい住所" in next(iter(w.wms.inbox.values()))[1].decode()
        assert w.slip_state("T-1001") == "cancelled"
        assert w.slip_state("T-1002") == "print_ready"


async def test_a_print_date_in_the_future_waits_and_ripens(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        slip = w.slip_of()
        w.ne.edit(slip, status=20, instruct_at=w.clock.now() + timedelta(hours=2))
        await w.run("follow_slips", "relay")
        assert w.slip_state() == "open"
        w.pass_by(hours=2)
        await w.run("follow_slips", "relay")
        assert instructed(w) == [slip]


async def test_the_receipt_decides_slip_by_slip(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(*(an_order(f"T-{n}") for n in (1001, 1002, 1003)))
        good, bad, silent = (w.slip_of(f"T-{n}") for n in (1001, 1002, 1003))
        w.wms.refuses[bad] = "E201 住所不備"
        w.wms.silent.add(silent)
        await relay_round(w)
        assert w.slip(good).state == "relayed"
        assert w.slip(bad).state == "print_ready"
        assert w.holds(bad) == ["refused"]
        assert "E201" in w.hold_note(bad, "refused")
        assert w.holds(silent) == ["cannot_tell"]
        await w.run("relay")
        assert [number for what, number in w.ne.history if what == "tagged_sent"] == [good]
        assert [number for what, number in w.ne.history if what == "tagged_refused"] == [bad]
        assert w.ne.slips_held[bad].status == 20
        assert w.ne.slips_held[bad].worker_text == "E201 住所不備", "the warehouse's own words"
        for _ in range(3):
            await w.everything(hours=1)
        assert instructed(w) == [good, bad, silent], "held ones do not go again by themselves"
        assert w.ne.count("tagged_refused") == 1

        w.wms.refuses.clear()
        w.release(bad, "refused")
        await relay_round(w)
        assert w.slip(bad).state == "relayed"
        assert instructed(w) == [good, bad, silent, bad]


async def test_a_file_refused_as_a_whole_holds_its_slips(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        w.wms.refuses_file = "E401 ファイル形式"
        await relay_round(w)
        assert w.effects("wms_file") == ["refused"]
        assert w.holds(w.slip_of()) == ["refused"]
        assert w.slip_state() == "print_ready"


async def test_marked_in_next_engine_exactly_once(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        await w.run("relay")
        w.pass_by(minutes=10)
        w.ne.faults.append(NotDone("020007 locked"))
        await w.run("relay")
        assert w.effects("ne_mark") == ["not_done"]
        assert w.slip_state() == "relayed"
        for _ in range(4):
            w.pass_by(minutes=10)
            await w.run("relay")
        assert w.effects("ne_mark") == ["done"]
        assert w.ne.count("tagged_sent") == 1
        assert w.slip(w.slip_of()).waiting_for == ""


async def test_sequence_numbers_have_no_gaps_after_not_done(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order("T-1001"))
        w.wms.faults.append(NotDone("connection refused"))
        await w.run("relay")
        assert w.wms.inbox == {}
        await w.to_print_ready(an_order("T-1002"))
        await relay_round(w)
        await w.to_print_ready(an_order("T-1003"))
        await relay_round(w)
        assert sorted(name[-10:-4] for name in w.wms.inbox) == ["000001", "000002"]
        assert sorted(instructed(w)) == sorted(w.slip_of(f"T-{n}") for n in (1001, 1002, 1003))


async def test_a_number_freed_late_is_filled_by_the_next_file(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order("T-1001"), an_order("T-1002"))
        first, second = w.slip_of("T-1001"), w.slip_of("T-1002")
        w.ne.edit(second, status=2)
        w.wms.faults.append(Unknown("stalled"))
        await w.run("relay")
        w.pass_by(minutes=2)
        w.ne.edit(second, status=20)
        await w.run("relay")
        assert w.effects("wms_file") == ["unknown", "sent"]
        for _ in range(4):
            w.pass_by(minutes=5)
            await w.run("relay")
        assert w.effects("wms_file") == ["done", "done"]
        assert sorted(name[-10:-4] for name in w.wms.inbox) == ["000001", "000002"]
        assert sorted(instructed(w)) == [first, second]


async def test_a_file_of_unknown_fate_is_looked_for_and_never_sent_twice(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        send = w.wms.send

        async def lost(effect: Effect) -> Reply:
            await send(effect)
            raise Unknown("line dropped at rename")

        w.wms.instead(send=lost)
        await w.run("relay")
        assert w.effects("wms_file") == ["unknown"]
        w.pass_by(minutes=1)
        await w.run("relay")
        assert w.effects("wms_file") == ["sent"]
        w.pass_by(minutes=10)
        await w.run("relay")
        assert w.slip_state() == "relayed"
        assert w.wms.count("instructed") == 1


async def test_no_permission_to_look_keeps_the_doubt(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        await w.run("relay")

        async def shut(effect: Effect) -> None:
            raise Refused("wms", "", "key revoked")

        receipt = w.wms.receipt
        w.wms.instead(receipt=shut)
        w.pass_by(minutes=10)
        await w.run("relay")
        assert w.effects("wms_file") == ["sent"]
        assert w.holds(w.slip_of()) == []
        w.wms.instead(receipt=receipt)
        w.pass_by(minutes=10)
        await w.run("relay")
        assert w.slip_state() == "relayed"
        assert w.wms.count("instructed") == 1


async def test_a_warehouse_without_receipts_takes_what_lies_there(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.wms.answers = False
        await w.to_print_ready(an_order())
        await relay_round(w)
        assert w.slip_state() == "relayed"


async def test_a_late_address_change_holds_the_order_and_keeps_its_slip_back(tmp_path: Path) -> None:
    order = an_order()
    moved = replace(order.recipients[0], address=replace(order.recipients[0].address, street="9-9-9"))
    with world(tmp_path) as w:
        await w.to_print_ready(order)
        w.cart.put(replace(order, recipients=(moved,)))
        await w.run("ingest")
        assert w.holds() == ["changed_after_handover"]
        assert "お届け先" in w.hold_note("T-1001", "changed_after_handover")
        await relay_round(w)
        assert instructed(w) == []
        w.release("T-1001", "changed_after_handover")
        await relay_round(w)
        assert instructed(w) == [w.slip_of()]


async def test_a_change_in_next_engine_after_the_relay_is_said_aloud(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order("T-1001"), an_order("T-1002"))
        w.ne.edit(w.slip_of("T-1001"), address1="別の住所")
        w.ne.edit(w.slip_of("T-1002"), cancel_type="1")
        await w.run("follow_slips")
        assert w.holds(w.slip_of("T-1001")) == ["changed_after_relay"]
        assert w.holds(w.slip_of("T-1002")) == ["ne_cancelled"]


async def test_our_own_mark_is_no_late_change(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        await w.run("follow_slips")
        assert w.holds(w.slip_of()) == []


async def test_slips_without_an_order_of_ours_stay(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.ne.open("HAND-MADE", status=20)
        await w.run("follow_slips")
        await relay_round(w)
        assert instructed(w) == []


@pytest.mark.parametrize(
    ("begin", "end", "goes"),
    [(time(8), time(10), True), (time(10), time(18), False), (time(22), time(9, 30), True)],
)
async def test_the_warehouse_has_hours(tmp_path: Path, begin: time, end: time, goes: bool) -> None:
    with world(tmp_path, relay_from=begin, relay_until=end) as w:  # it is about 09:15 in Japan
        await w.to_print_ready(an_order())
        await w.run("relay")
        assert bool(instructed(w)) is goes


async def test_a_slip_whose_text_does_not_fit_is_held_alone(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order("T-1001"), an_order("T-1002"))
        w.wms.leaves_out.add(w.slip_of("T-1001"))
        await w.run("relay")
        assert w.holds(w.slip_of("T-1001")) == ["text_too_long"]
        assert instructed(w) == [w.slip_of("T-1002")]
