"""A person asks for a stop, says what the telephone said, or takes an order over; and who may not begin what."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from connector import ops
from connector.commands.stop import planned
from connector.ledger import views
from connector.ledger.schema import holds, order_slips, stop_requests
from connector.ledger.schema_warehouse import stop_answers
from connector.ledger.views.stop_board import StopBoardRow, stop_board, stop_plan
from connector.ops import Answer
from connector.outcome import StopAnswer
from connector.ports import Receipt
from connector.slip import Result
from connector.stages.stop import _said as said_of
from connector.words import Text
from sqlalchemy import insert, select

from tests.unit.world import World, a_shipment, an_order, world

BY: dict[str, Any] = {"actor": "見本 花子", "why": "お客様から電話"}


async def ask(w: World, number: str = "T-1001") -> Answer:
    return await ops.stop(w.database, w.shop, number, now=w.clock.now(), **BY)


async def telephone(w: World, *, stopped: bool) -> Answer:
    now = w.clock.now()
    return await ops.stop_told(w.database, w.shop.key, "T-1001", stopped=stopped, now=now, **BY)


async def rounds(w: World, n: int = 4, minutes: float = 5) -> None:
    for _ in range(n):
        await w.run("stop")
        w.pass_by(minutes=minutes)


def board(w: World, number: str = "T-1001") -> StopBoardRow:
    with w.database.engine.connect() as connection:
        (row,) = stop_board(connection, w.shop, w.clock.now(), number=number)
    return row


def answers(w: World) -> list[tuple[str, str, str]]:
    return [
        (row.party, row.answer, row.by) for row in w.rows(select(stop_answers).order_by(stop_answers.c.id))
    ]


async def test_what_nobody_was_told_of_leaves_at_once(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.cart.put(an_order())
        await w.run("ingest")
        said = await ask(w)
        assert (said.done, said.code) == (True, "stop_at_once")
        assert (w.state(), w.stop()) == ("cancelled", "stopped")
        w.pass_by(minutes=11)
        await w.run("notify")
        assert w.mailer.count("delivered") == 0
        assert board(w).cart_owes, "a person still has to cancel it in the cart"
        w.cart.put(an_order(cancelled=True))
        await w.run("ingest")
        assert not board(w).cart_owes
        assert w.stop() == "stopped"


async def test_from_the_request_on_nothing_is_handed_over(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order("T-1001"), an_order("T-1002"))
        assert (await ask(w)).done
        await w.run("relay")
        assert w.wms.count("instructed", w.slip_of("T-1001")) == 0
        assert w.wms.count("instructed", w.slip_of("T-1002")) == 1
        assert board(w).last_is == "relay"
        await rounds(w)
        assert (w.stop(), w.state()) == ("stopped", "cancelled")
        assert ("warehouse", "never_had", "") in answers(w)
        assert board(w).lines[0].answer == "never_had"


async def test_a_request_between_planning_and_sending_is_still_in_time(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        slips = w.ne.slips

        async def slow(*args: Any, **more: Any) -> Any:
            found = await slips(*args, **more)
            if not w.stop():
                await ask(w)
            return found

        w.ne.instead(slips=slow)
        counts = await w.runner.run("relay")
        assert "acts were not begun" in counts.failed
        assert w.wms.inbox == {}


async def test_no_import_row_for_what_is_being_stopped(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order("T-1001"), an_order("T-1002"))
        await ask(w)
        await w.import_now()
        assert w.ne.uploads["1"][1] == ["T-1002"]


async def test_the_warehouse_agrees_and_the_cart_is_a_persons(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        await ask(w)
        assert (await ask(w)).code == "stop_open_already"
        await rounds(w)
        assert (w.stop(), w.state()) == ("stopped", "cancelled")
        assert answers(w) == [
            ("warehouse", "asked", ""),
            ("warehouse", "agreed", ""),
            ("next_engine", "asked", ""),
            ("next_engine", "agreed", ""),
        ]
        row = board(w)
        assert row.lines[0].proof.startswith("SHIPACK_")
        assert (row.asked_by, row.cart_owes, row.last_is) == ("見本 花子", True, "")
        assert "stop_ended" in w.events()


async def test_silence_ends_as_unknown_and_a_late_answer_corrects_it(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.receipt_delay = timedelta(hours=5)
        await ask(w)
        await rounds(w, 16)
        assert (w.stop(), w.holds()) == ("unknown", ["cannot_tell"])
        assert w.ne.count("cancelled") == 0
        w.pass_by(hours=4)
        await rounds(w, 4, minutes=15)
        assert (w.stop(), w.holds()) == ("stopped", [])
        assert w.wms.count("stop_asked") == 1, "a late answer is no reason to ask again"
        assert w.events().count("stop_ended") == 2


async def test_by_telephone_it_ends_by_hand_and_never_as_stopped(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.answers = False
        await ask(w)
        await rounds(w)
        assert w.stop() == "unknown"
        assert (await telephone(w, stopped=True)).done
        await rounds(w)
        assert (w.stop(), w.state(), w.holds()) == ("by_hand", "cancelled", [])
        assert ("warehouse", "agreed", "見本 花子") in answers(w)
        assert w.ne.count("cancelled") == 1
        assert (await telephone(w, stopped=True)).code == "stop_none"


async def test_by_telephone_it_was_too_late(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.answers = False
        await ask(w)
        await rounds(w)
        await telephone(w, stopped=False)
        await rounds(w)
        assert (w.stop(), w.holds()) == ("too_late", ["cancelled_too_late"])
        assert w.ne.count("cancelled") == 0


async def test_shipped_although_it_agreed_is_told_loudly(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        await ask(w)
        await rounds(w)
        assert w.stop() == "stopped"
        w.wms.reports(a_shipment(w.slip_of()))
        await w.run("collect", "stop")
        assert w.stop() == "too_late"
        assert "cancelled_too_late" in w.holds()
        assert "stop_corrected" in w.events()


async def test_refused_and_yet_it_stayed(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.will_not_stop[w.slip_of()] = "E302 PICKING"
        await ask(w)
        await rounds(w)
        assert w.stop() == "too_late"
        w.wms.reports(a_shipment(w.slip_of(), result=Result.CANCELLED, tracking=()))
        await w.run("collect")
        await rounds(w)
        assert w.stop() == "stopped"
        assert "cancelled_too_late" not in w.holds()
        assert w.ne.count("cancelled") == 1


async def test_one_of_two_slips_is_too_late_with_both_named(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        first = w.slip_of()
        second = w.ne.open("T-1001", status=20, copied_from=first, instruct_at=w.clock.now()).number
        await w.run("follow_slips", "relay")
        w.pass_by(minutes=10)
        await w.run("relay")
        for number in [n for n in (first, second) if w.slip(n).state != "relayed"]:
            w.release(number, "duplicate_shipment")
            await w.run("relay")
            w.pass_by(minutes=10)
            await w.run("relay")
        assert {w.slip(number).state for number in (first, second)} == {"relayed"}
        w.wms.will_not_stop[second] = "E302 PACKED"
        await ask(w)
        await rounds(w)
        assert w.stop() == "too_late"
        note = w.hold_note("T-1001", "cancelled_too_late")
        assert f"{first}: 倉庫が取消を受け付けました" in note
        assert f"{second}: 倉庫が取消を断りました（E302 PACKED）" in note
        assert (w.ne.count("cancelled", first), w.ne.count("cancelled", second)) == (1, 0)


async def test_a_slip_cancelled_in_next_engine_still_lies_at_the_warehouse(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        await ask(w)
        w.ne.edit(w.slip_of(), cancel_type="1")
        await w.run("follow_slips")
        w.wms.will_not_stop[w.slip_of()] = "E302 PACKED"
        await rounds(w)
        assert w.stop() == "too_late", "cancelled in Next Engine alone it is not stopped"


async def test_what_ended_cannot_be_asked_for(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_shipped(an_order())
        await w.run("follow_slips", "confirm_shipment")
        assert (await ask(w, "T-9")).code == "unknown"
        assert w.state() == "shipped"
        assert (await ask(w)).code == "stop_gone"
        await w.complete_now()
        w.pass_by(minutes=1)
        await w.run("complete")
        assert w.state() == "completed"
        assert (await ask(w)).code == "stop_done"
        assert w.rows(select(stop_requests)) == []


async def test_the_plan_asks_nobody(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        with w.database.engine.connect() as connection:
            plan = stop_plan(connection, w.shop, "T-1001")
            assert stop_plan(connection, w.shop, "T-9") is None
        assert plan is not None
        assert plan.asks == (("warehouse", w.slip_of()), ("next_engine", w.slip_of()))
        assert plan.cart
        assert w.rows(select(stop_requests)) == []


async def test_a_slip_names_its_order(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order("T-1001"), an_order("T-1002"), an_order("T-1003"))
        now, slip = w.clock.now(), w.slip_of("T-1001")
        with w.database.engine.connect() as connection:
            plan = stop_plan(connection, w.shop, slip)
        assert plan is not None
        assert (plan.number, plan.asks[0]) == ("T-1001", ("warehouse", slip))
        said = await ask(w, slip)
        assert (said.done, "T-1001" in said.words, w.stop()) == (True, True, "open")
        said = await ops.stop_told(w.database, w.shop.key, slip, stopped=True, now=now, **BY)
        assert (said.done, "T-1001" in said.words) == (True, True)
        said = await ops.handled(w.database, w.shop.key, w.slip_of("T-1002"), now=now, **BY)
        assert (said.done, w.holds("T-1002")) == (True, ["handled"])
        assert (await ask(w, "9999")).code == "unknown"


async def test_a_slip_of_several_orders_asks_which_one(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order("T-1001"), an_order("T-1002"))
        slip = w.slip_of("T-1001")
        tie = {"order_id": w.order("T-1002").id, "slip_id": w.slip(slip).id, "how": "merged"}
        with w.database.engine.begin() as connection:
            connection.execute(insert(order_slips), [tie])
            plan = stop_plan(connection, w.shop, slip)
        for said in (
            await ask(w, slip),
            await ops.stop_told(w.database, w.shop.key, slip, stopped=True, now=w.clock.now(), **BY),
            await ops.handled(w.database, w.shop.key, slip, now=w.clock.now(), **BY),
        ):
            assert not said.done
            assert f"伝票 {slip} には受注が複数あります（T-1001, T-1002）" in said.words
        assert (w.holds("T-1001"), w.holds("T-1002"), w.rows(select(stop_requests))) == ([], [], [])
        assert "T-1001, T-1002" in planned(plan, slip, "en")


async def test_an_ended_order_is_said_to_have_ended_in_the_operators_words(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.cart.put(an_order())
        await w.run("ingest")
        await ask(w)
        assert "すでに終わっています（取消）" in (await ask(w)).words
        said = await ops.handled(w.database, w.shop.key, "T-1001", now=w.clock.now(), lang="en", **BY)
        assert "has ended (Cancelled)" in said.words


async def test_a_telephone_knows_nothing_of_what_the_warehouse_never_had(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        await ask(w)
        said = await telephone(w, stopped=False)
        assert (said.done, said.code) == (False, "stop_told_never_had")
        assert "どれも倉庫に渡していません" in said.words
        assert "倉庫自身の答え" not in said.words


async def test_the_last_moment_after_the_hand_over_is_the_warehouses_closing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.receipt_delay = timedelta(hours=20)
        await ask(w)
        row = board(w)
        assert (row.last_is, f"{row.last_at:%H:%M}") == ("cut_off", "06:00"), "15:00 in Japan"
        w.pass_by(hours=8)
        assert (board(w).last_is, board(w).last_at) == ("warehouse", None)


async def test_handled_outside_stops_every_further_step(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        said = await ops.handled(w.database, w.shop.key, "T-1001", now=w.clock.now(), **BY)
        assert said.done
        assert said.facts["steps"].startswith("notified → in_intake → imported")
        assert said.facts["steps"].endswith("relayed")
        pinned = w.rows(select(holds.c.item).where(holds.c.reason == "handled", holds.c.closed_at.is_(None)))
        assert sorted(row.item for row in pinned) == ["order", "slip"]


@pytest.mark.parametrize(
    ("accepted", "refused", "answer"),
    [
        (("1",), {}, StopAnswer.AGREED),
        ((), {"1": "E302 PICKING"}, StopAnswer.REFUSED),
        ((), {"1": "E302 CANCELLED"}, StopAnswer.AGREED),
        ((), {"1": "E302 UNKNOWN"}, StopAnswer.NOT_ASKED),
        (("1",), {"1": "E302 PACKED"}, StopAnswer.SILENT),
        ((), {}, StopAnswer.SILENT),
    ],
)
def test_what_a_receipt_means(accepted: tuple[str, ...], refused: dict[str, str], answer: StopAnswer) -> None:
    assert said_of(Receipt(accepted, refused, "", "SHIPACK_1.csv"), "1")[0] is answer


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("person", Text("見本 花子 さんの依頼です。", "見本 花子 asked for it; it is being stopped")),
        ("cart", Text("カートで取り消されました。", "It was cancelled in the cart; it is being stopped")),
        ("deleted", Text("カートで削除されました。", "It was deleted in the cart; it is being stopped")),
    ],
)
async def test_the_order_says_who_asked(tmp_path: Path, asked: str, told: Text) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        if asked == "person":
            await ask(w)
        else:
            w.cart.put(an_order(cancelled=asked == "cart", deleted=asked == "deleted"))
            await w.run("ingest")
        with w.database.engine.connect() as connection:
            for lang in ("ja", "en"):
                answer = views.why(connection, w.shop, "T-1001", w.clock.now(), lang)
                assert answer is not None
                assert told.say(lang) in answer.sentence
