"""A cancel after the hand-over: stopped with the other side's word, or too late said aloud; never silence."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from connector.errors import NotDone, Refused, Unknown
from connector.outcome import Effect, Reply
from connector.slip import Slip

from tests.unit.world import World, a_shipment, an_order, tracking, world


async def cancelled(w: World, number: str = "T-1001") -> None:
    w.cart.put(an_order(number, cancelled=True))
    await w.run("ingest")


async def stop_rounds(w: World, n: int = 4) -> None:
    for _ in range(n):
        await w.run("stop")
        w.pass_by(minutes=5)


async def test_in_intake_it_is_cancelled_in_next_engine(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        await cancelled(w)
        assert w.stop() == "open"
        await stop_rounds(w)
        assert w.stop() == "stopped"
        assert w.state() == "cancelled"
        assert w.ne.slips_held[w.slip_of()].cancel_type == "1"
        await w.everything()
        assert w.holds() == []
        assert w.slip_state() == "cancelled"
        assert w.events().count("stop_asked") == 1


async def test_after_the_mail_it_waits_for_the_slip(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.ne.mail_delay = timedelta(minutes=20)
        w.cart.put(an_order())
        w.pass_by(minutes=11)
        await w.run("ingest", "notify")
        await cancelled(w)
        await w.run("stop")
        assert w.stop() == "open"
        assert w.state() == "notified"
        w.pass_by(minutes=21)
        await stop_rounds(w)
        assert w.stop() == "stopped"
        assert w.ne.slips_held[w.slip_of()].cancel_type == "1"


async def test_a_mail_that_never_became_a_slip_stops_by_itself(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.mailer.fates.append("lost")
        w.cart.put(an_order())
        w.pass_by(minutes=11)
        await w.run("ingest", "notify")
        await cancelled(w)
        await w.run("stop")
        assert w.state() == "notified"
        w.pass_by(minutes=31)
        await w.run("stop")
        assert w.stop() == "stopped"
        assert w.state() == "cancelled"


async def test_while_the_mail_is_in_doubt_nothing_counts_as_stopped(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.cart.put(an_order())
        w.pass_by(hours=1)
        await w.run("ingest")
        w.pass_by(hours=1)
        w.ne.mail_delay = timedelta(minutes=25)
        w.mailer.arrives_but(Unknown("line dropped"))
        await w.run("notify")
        await cancelled(w)
        await stop_rounds(w, 2)
        assert w.stop() == "open"
        assert w.state() == "received"
        w.pass_by(minutes=20)
        await w.run("notify")
        assert w.state() == "notified"
        await stop_rounds(w)
        assert w.stop() == "stopped"
        assert w.ne.slips_held[w.slip_of()].cancel_type == "1"


async def test_a_slip_that_opens_after_everything_is_stopped_too(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.ne.mail_delay = timedelta(hours=1)
        w.cart.put(an_order())
        w.pass_by(minutes=11)
        await w.run("ingest", "notify")
        await cancelled(w)
        w.pass_by(minutes=31)
        await w.run("stop")
        assert w.state() == "cancelled"
        w.pass_by(minutes=31)
        await w.run("follow_slips")
        assert w.stop() == "open"
        await stop_rounds(w)
        assert w.stop() == "stopped"
        assert w.ne.slips_held[w.slip_of()].cancel_type == "1"


async def test_after_the_relay_the_warehouse_is_asked_first(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        await cancelled(w)
        await w.run("stop")
        assert w.wms.count("stop_asked", w.slip_of()) == 1
        assert w.ne.count("cancelled") == 0
        assert w.stop() == "open"
        await stop_rounds(w)
        assert w.stop() == "stopped"
        assert w.state() == "cancelled"
        assert w.ne.count("cancelled", w.slip_of()) == 1
        assert w.wms.count("stop_asked") == 1


async def test_the_warehouse_refuses(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.will_not_stop[w.slip_of()] = "E302 梱包済み"
        await cancelled(w)
        await stop_rounds(w)
        assert w.stop() == "too_late"
        assert w.holds() == ["cancelled_too_late"]
        assert "E302" in w.hold_note("T-1001", "cancelled_too_late")
        assert w.ne.count("cancelled") == 0
        assert w.wms.count("stop_asked") == 1


async def test_no_word_about_a_slip_is_no_yes(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.silent.add(w.slip_of())
        await cancelled(w)
        await stop_rounds(w, 6)
        assert w.stop() == "unknown"
        assert w.holds() == ["cannot_tell"]
        assert w.ne.count("cancelled") == 0
        assert w.wms.count("stop_asked") == 1
        w.wms.silent.clear()
        w.release("T-1001", "cannot_tell")  # a person wants it asked once more
        await stop_rounds(w)
        assert w.wms.count("stop_asked") == 2
        assert w.stop() == "stopped"
        assert w.ne.count("cancelled") == 1


async def test_a_warehouse_that_never_answers_needs_a_telephone(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.wms.answers = False
        await w.to_relayed(an_order())
        await cancelled(w)
        await stop_rounds(w)
        assert w.holds() == ["cannot_tell"]
        assert w.stop() == "unknown"
        assert w.ne.count("cancelled") == 0


async def test_while_the_file_lies_unanswered_it_counts_as_relayed(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.wms.receipt_delay = timedelta(hours=2)
        await w.to_print_ready(an_order())
        await w.run("relay")
        assert w.slip_state() == "print_ready"
        await cancelled(w)
        await w.run("stop")
        assert w.wms.count("stop_asked") == 1
        assert w.ne.count("cancelled") == 0


async def test_while_the_file_is_in_doubt_the_stop_waits(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        send = w.wms.send

        async def lost(effect: Effect) -> Reply:
            await send(effect)
            raise Unknown("line dropped")

        w.wms.instead(send=lost)
        await w.run("relay")
        w.wms.instead(send=send)
        await cancelled(w)
        await w.run("stop")
        assert w.ne.count("cancelled") == 0
        assert w.wms.count("stop_asked") == 0
        w.pass_by(minutes=2)
        await w.run("relay", "stop")
        assert w.wms.count("stop_asked") == 1


async def test_shipped_already(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order("T-1001"), an_order("T-1002"))
        w.wms.reports(a_shipment(w.slip_of("T-1001")), a_shipment(w.slip_of("T-1002"), tracking(9)))
        await w.run("collect")
        await cancelled(w, "T-1001")
        await w.run("stop")
        assert w.stop("T-1001") == "too_late"
        await w.run("confirm_shipment")
        await cancelled(w, "T-1002")
        await w.run("stop")
        assert w.stop("T-1002") == "too_late"
        assert w.wms.count("stop_asked") == 0
        await w.complete_now()
        w.pass_by(minutes=1)
        await w.complete_now()
        assert w.cart.history == []


async def test_a_refused_cancel_is_not_hammered(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        await cancelled(w)
        w.ne.faults.append(Refused("next_engine", "020008", "取消できません"))
        await stop_rounds(w, 6)
        assert w.holds() == ["refused"]
        assert w.stop() == "open"
        assert w.effect("ne_cancel").attempts == 1


async def test_a_passing_fault_climbs_the_ladder(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        await cancelled(w)
        w.ne.faults += [NotDone("locked"), NotDone("locked")]
        await w.run("stop")
        await w.run("stop")
        assert w.effect("ne_cancel").attempts == 1
        await stop_rounds(w, 4)
        assert w.stop() == "stopped"
        assert w.effect("ne_cancel").attempts == 3


async def test_a_lost_answer_to_the_cancel_is_read_back(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        await cancelled(w)
        cancel = w.ne.cancel

        async def lost(slip: Slip, why: str) -> Slip:
            await cancel(slip, why)
            raise Unknown("read timeout")

        w.ne.instead(cancel=lost)
        await stop_rounds(w)
        assert w.stop() == "stopped"
        assert w.ne.count("cancelled") == 1


async def test_the_cart_takes_its_cancel_back_in_time(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        await cancelled(w)
        w.cart.put(an_order())
        await w.run("ingest", "stop")
        assert (w.stop(), w.ne.count("cancelled")) == ("withdrawn", 0)
        assert w.holds() == [], "nobody had stopped it yet: it goes on by itself"
        await cancelled(w)
        assert w.stop() == "open"
        await stop_rounds(w)
        assert w.stop() == "stopped"


async def test_revived_after_the_stop_a_person_decides(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        await cancelled(w)
        await stop_rounds(w)
        w.cart.put(an_order())
        await w.run("ingest")
        assert w.state() == "cancelled"
        assert w.holds() == ["changed_after_handover"]


async def test_a_cancelled_order_stays_out_of_every_file_meanwhile(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        await cancelled(w)
        await w.run("relay")
        assert w.wms.inbox == {}


async def test_another_customers_goods_are_never_cancelled(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order("T-1001"), an_order("T-1002"))
        mine, yours = w.slip_of("T-1001"), w.slip_of("T-1002")
        w.ne.edit(mine, cancel_type="3", merged_into=yours)
        await w.run("follow_slips")
        await cancelled(w, "T-1001")
        await stop_rounds(w)
        assert w.stop("T-1001") == "open", "its goods lie in the other slip"
        assert w.holds("T-1001") == ["changed_after_handover"]
        await cancelled(w, "T-1002")
        await stop_rounds(w)
        assert w.ne.count("cancelled", yours) == 1, "with both cancelled nobody else's goods are in it"


async def test_the_slip_that_absorbed_another_is_not_cancelled_either(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order("T-1001"), an_order("T-1002"))
        mine, yours = w.slip_of("T-1001"), w.slip_of("T-1002")
        w.ne.edit(yours, cancel_type="3", merged_into=mine)
        await w.run("follow_slips")
        await cancelled(w, "T-1001")
        await stop_rounds(w)
        assert w.holds("T-1001") == ["changed_after_handover"]
        assert w.wms.count("stop_asked") == 0
        assert w.ne.count("cancelled") == 0


async def test_deleted_is_cancelled(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        w.cart.put(an_order(deleted=True))
        await w.run("ingest")
        await stop_rounds(w)
        assert w.stop() == "stopped"
        assert w.ne.count("cancelled") == 1


async def test_a_yes_of_an_earlier_request_is_no_yes_to_this_one(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        first = w.slip_of()
        await cancelled(w)
        await w.run("stop")
        w.pass_by(minutes=1)
        w.cart.put(an_order())
        await w.run("ingest")
        w.pass_by(minutes=5)
        await w.run("stop")
        assert (w.stop(), w.effects("wms_stop")) == ("withdrawn", ["done"])
        w.ne.edit(first, cancel_type="1")
        copy = w.ne.open("T-1001", status=20, copied_from=first).number
        await w.run("follow_slips")
        for number, reason in (("T-1001", "changed_after_handover"), (first, "ne_cancelled")):
            w.release(number, reason)
        await w.run("relay")
        w.pass_by(minutes=10)
        await w.run("relay")
        assert w.slip(copy).state == "relayed"
        await cancelled(w)
        await w.run("stop")
        assert w.wms.count("stop_asked", copy) == 1
        assert w.ne.count("cancelled", copy) == 0
        await stop_rounds(w)
        assert w.stop() == "stopped"
        assert w.ne.count("cancelled", copy) == 1
