"""The notification mail: sent once, looked for when in doubt, repeated only when it provably never arrived."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from connector.errors import Closed, NotDone, Unknown

from tests.unit.world import World, an_order, world


async def ready(w: World) -> None:
    w.cart.put(an_order())
    w.pass_by(minutes=11)
    await w.run("ingest")


async def test_an_unknown_fate_is_looked_up_and_found(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w)
        w.mailer.arrives_but(Unknown("Unexpected EOF received"))
        await w.run("notify")
        assert w.effects("mail") == ["unknown"]
        assert w.state() == "received"
        w.pass_by(minutes=2)
        await w.run("notify")
        assert w.effects("mail") == ["done"]
        assert w.state() == "notified"
        assert len(w.mailer.sent) == 1


async def test_not_there_yet_is_not_absent(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w)
        w.mailer.fates.append(Unknown("Unexpected EOF received"))
        await w.run("notify")
        for _ in range(4):
            w.pass_by(minutes=7)
            await w.run("notify")
            assert w.effects("mail") == ["unknown"]
            assert w.mailer.sent == []


async def test_provably_absent_is_sent_again_with_the_same_message_id(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w)
        w.mailer.arrives_but(Unknown("Unexpected EOF received"))
        w.mailer.next_engine = None  # accepted, and lost behind the door
        await w.run("notify")
        w.mailer.next_engine = w.ne
        w.pass_by(minutes=31)
        await w.run("notify")
        assert w.effects("mail") == ["not_done"]
        assert len(w.mailer.sent) == 1, "the ladder comes first"
        w.pass_by(minutes=2)
        await w.run("notify")
        assert w.state() == "notified"
        assert len(w.mailer.sent) == 2
        assert len(set(w.mailer.sent)) == 1
        assert w.effect("mail").attempts == 2


async def test_refused_is_held_and_never_repeated_by_itself(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w)
        w.mailer.refuses["T-1001"] = "no such user"
        await w.run("notify")
        assert w.holds() == ["refused"]
        assert w.effects("mail") == ["refused"]
        assert "no such user" in w.hold_note("T-1001", "refused")
        w.mailer.refuses.clear()
        for _ in range(5):
            await w.everything(hours=1)
        assert w.mailer.sent == []
        assert w.state() == "received"


async def test_the_ladder_is_1_5_10_20_minutes_and_ends_in_a_hold(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w)
        w.mailer.fates += [NotDone("450 busy") for _ in range(6)]
        await w.run("notify")
        for minutes in (1, 5, 10, 20, 20):
            due = w.order().next_at
            assert timedelta(0) <= due - w.clock.now() - timedelta(minutes=minutes) <= timedelta(seconds=20)
            left = len(w.mailer.fates)
            w.clock.set_to(due - timedelta(seconds=1))
            await w.run("notify")
            assert len(w.mailer.fates) == left, "not before its time"
            w.clock.set_to(due)
            await w.run("notify")
        assert w.holds() == ["too_many_tries"]
        assert w.mailer.sent == []
        assert w.effect("mail").attempts == 6
        await w.everything(hours=2)
        assert w.mailer.sent == []


async def test_a_mail_server_that_is_shut_for_hours_costs_no_mail_a_try(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w)
        for n in range(20):
            w.mailer.fates.append(Closed("no route", after=600.0))
            w.pass_by(minutes=11)
            await w.run("notify")
            assert (w.holds(), w.order().tries, w.effect("mail").attempts) == ([], 0, n + 1)
            assert w.order().waiting_for == "no route"
        w.pass_by(minutes=11)
        await w.run("notify")
        assert (w.state(), len(w.mailer.sent)) == ("notified", 1)


async def test_the_other_sides_wish_outlasts_the_ladder(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w)
        w.mailer.fates.append(NotDone("421 too many", after=900.0))
        await w.run("notify")
        assert w.order().next_at - w.clock.now() >= timedelta(minutes=15)


async def test_a_lost_mail_is_announced_twice_more_and_then_a_person_looks(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w)
        w.mailer.fates += ["lost"] * 3
        for n in (1, 2, 3):
            await w.run("notify")
            assert w.state() == "notified"
            assert len(w.mailer.sent) == n
            w.pass_by(minutes=119)
            await w.run("confirm_intake")
            assert w.state() == "notified", "not before its patience ends"
            w.pass_by(minutes=2)
            await w.run("confirm_intake")
        assert w.state() == "notified"
        assert w.holds() == ["mail_never_arrived"]
        assert len(set(w.mailer.sent)) == 1
        assert w.events().count("notified>received") == 2


async def test_the_second_announcement_finds_its_slip(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w)
        w.mailer.fates.append("lost")
        await w.run("notify")
        w.pass_by(minutes=121)
        await w.run("confirm_intake", "notify")
        assert w.effects("mail") == ["done"]
        w.pass_by(minutes=2)
        await w.run("confirm_intake")
        assert w.state() == "in_intake"
        assert w.holds() == []


async def test_an_order_that_stands_in_next_engine_is_not_announced(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w)
        w.ne.open("T-1001")
        await w.run("notify")
        assert w.state() == "notified"
        assert w.mailer.sent == []
        assert w.effects("mail") == []


async def test_text_that_cannot_be_carried_is_held_alone(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.cart.put(an_order("T-1001"))
        w.cart.put(an_order("T-1002"))
        w.mailer.unmappable.add("T-1001")
        w.pass_by(minutes=11)
        await w.run("ingest", "notify")
        assert w.holds("T-1001") == ["unmappable_text"]
        assert w.state("T-1002") == "notified"


async def test_next_engine_down_sends_nothing_and_loses_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w)
        w.ne.gone = True
        counts = await w.runner.run("notify")
        assert "maintenance" in counts.failed
        assert w.mailer.sent == []
        w.ne.gone = False
        await w.run("notify")
        assert len(w.mailer.sent) == 1


async def test_many_waiting_orders_do_not_stand_in_the_way_of_new_ones(tmp_path: Path) -> None:
    from connector.order import PaymentState
    from msgspec.structs import replace

    with world(tmp_path) as w:
        for n in range(600):
            order = an_order(f"T-{3000 + n}")
            w.cart.put(replace(order, payment=replace(order.payment, state=PaymentState.EXAM)))
        w.cart.put(an_order("T-9999"))
        w.pass_by(minutes=11)
        await w.run("ingest", "notify", "notify")
        assert w.state("T-9999") == "notified"
