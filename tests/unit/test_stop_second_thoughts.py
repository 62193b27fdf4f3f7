"""Second thoughts about a stop: of the cart, of a person, of the warehouse, of whoever was on the telephone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from connector import ops
from connector.ledger.schema import history, stop_requests
from connector.ledger.schema_warehouse import stop_answers
from connector.ledger.views.stop_board import StopBoardRow, stop_board
from connector.ops import Answer
from connector.order import PaymentKind, PaymentState
from connector.shop import DoubleRules, Mode
from connector.words.stops import stop_cart_line, stop_why
from msgspec.structs import replace
from sqlalchemy import select

from tests.unit.world import CARD, World, a_shipment, an_order, world

HANAKO: dict[str, Any] = {"actor": "見本 花子", "why": "お客様から電話"}
JIRO: dict[str, Any] = {"actor": "見本 次郎", "why": "住所が違う"}


async def ask(w: World, **by: Any) -> Answer:
    return await ops.stop(w.database, w.shop, "T-1001", now=w.clock.now(), **(by or HANAKO))


async def telephone(w: World, *, stopped: bool) -> Answer:
    now = w.clock.now()
    return await ops.stop_told(w.database, w.shop.key, "T-1001", stopped=stopped, now=now, **HANAKO)


async def rounds(w: World, n: int, *stages: str, minutes: float = 5) -> None:
    for _ in range(n):
        await w.run(*stages)
        w.pass_by(minutes=minutes)


def board(w: World) -> StopBoardRow:
    with w.database.engine.connect() as connection:
        (row,) = stop_board(connection, w.shop, w.clock.now(), number="T-1001")
    return row


def asked_by(w: World) -> list[str]:
    """Everybody who asked, as the history has it."""
    query = select(history.c.actor).where(history.c.event == "stop_asked").order_by(history.c.id)
    return [row.actor for row in w.rows(query)]


async def cart_cancels(w: World, **more: Any) -> None:
    w.cart.put(an_order(cancelled=True, **more))
    await w.run("ingest")


async def cart_takes_it_back(w: World, **more: Any) -> None:
    w.pass_by(minutes=1)
    w.cart.put(an_order(**more))
    await w.run("ingest")


# --- a person asks for what the cart has asked for already --------------------------------------------------------


async def test_the_cart_cannot_take_back_what_a_person_wished_too(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        await cart_cancels(w)
        said = await ask(w)
        assert (said.done, said.code) == (True, "stop_joined")
        assert "すでに出荷止め中" in said.words
        await cart_takes_it_back(w)
        await rounds(w, 3, "stop", "follow_slips", "relay", minutes=10)
        assert w.wms.count("instructed") == 0
        assert (w.stop(), w.slip_state(), w.ne.count("cancelled")) == ("stopped", "cancelled", 1)
        assert asked_by(w) == ["connector", "見本 花子"]
        row = board(w)
        assert row.asked_by == "見本 花子"
        assert stop_why(row.why, "ja") == "カートで取り消されました／お客様から電話"
        assert stop_why(row.why, "en") == "cancelled in the cart / お客様から電話"
        assert (row.cart_owes, row.lines[-1].answer) == (True, "cart_by_people"), "it lives in the cart again"
        assert "人が行います" in stop_cart_line(row.lines[-1].answer, None, None, "ja")


async def test_by_api_the_cart_is_cancelled_again_for_the_person(tmp_path: Path) -> None:
    with world(tmp_path, cancels_in_cart=True) as w:
        await w.to_print_ready(an_order(payment=CARD))
        await cart_cancels(w, payment=CARD)
        await ask(w)
        await cart_takes_it_back(w, payment=CARD)
        await rounds(w, 6, "stop", "collect", "ingest", minutes=6)
        assert (w.stop(), w.cart.orders["T-1001"].cancelled, w.cart.count("cancelled")) == (
            "stopped",
            True,
            1,
        )
        assert board(w).settled


async def test_while_the_cart_stays_cancelled_nothing_is_left_to_do_there(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        await cart_cancels(w)
        await ask(w)
        await rounds(w, 3, "stop", "follow_slips")
        assert (w.stop(), board(w).settled, w.rows_of("stop_answers")) == ("stopped", True, 3)
        assert w.rows(select(stop_answers).where(stop_answers.c.party == "cart")) == []


async def test_a_further_persons_request_stands_in_the_history(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        await ask(w)
        again = await ask(w)
        assert (again.done, again.code) == (False, "stop_open_already")
        said = await ask(w, **JIRO)
        assert (said.done, said.code) == (True, "stop_noted")
        assert "見本 花子" in said.words
        assert asked_by(w) == ["見本 花子", "見本 次郎"]
        assert board(w).asked_by == "見本 花子"
        await rounds(w, 3, "stop")
        assert w.wms.count("stop_asked") == 1, "the warehouse is not asked once more for that"


async def test_asked_for_twice_word_for_word_it_is_one_request(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        await cart_cancels(w)
        assert [(await ask(w)).done for _ in range(3)] == [True, False, False]
        assert asked_by(w) == ["connector", "見本 花子"]


# --- the cart takes its cancel back after all ---------------------------------------------------------------------


async def test_wanted_again_while_nobody_knows_whether_it_was_stopped(tmp_path: Path) -> None:
    with world(tmp_path, sale_kinds=tuple(PaymentKind)) as w:
        await w.to_relayed(an_order(payment=CARD))
        slip = w.slip_of()
        w.wms.silent.add(slip)
        await cart_cancels(w, payment=CARD)
        await rounds(w, 3, "stop")
        assert (w.stop(), w.holds()) == ("unknown", ["cannot_tell"])
        await cart_takes_it_back(w, payment=CARD)
        assert (w.stop(), w.holds()) == ("withdrawn", ["changed_after_handover"])
        assert "倉庫に出荷止めを依頼しました" in w.hold_note("T-1001", "changed_after_handover")
        assert "stop_withdrawn" in w.events()
        assert {line.answer for line in board(w).lines} == {"silent", "not_needed"}
        assert board(w).settled
        w.release("T-1001", "changed_after_handover")
        w.wms.reports(a_shipment(slip))
        await rounds(w, 3, "stop", "collect", "confirm_shipment")
        await w.complete_now()
        w.pass_by(minutes=5)
        await w.complete_now()
        assert (w.stop(), w.state(), w.holds()) == ("withdrawn", "completed", [])


async def test_a_payment_that_came_good_after_the_warehouse_was_asked(tmp_path: Path) -> None:
    lost = replace(CARD, state=PaymentState.REFUSED, state_code="auth_failed")
    with world(tmp_path) as w:
        await w.to_relayed(an_order(payment=CARD))
        w.wms.silent.add(w.slip_of())
        w.cart.put(an_order(payment=lost))
        await w.run("ingest")
        await rounds(w, 3, "stop")
        assert (w.stop(), w.holds()) == ("unknown", ["cannot_tell"])
        await cart_takes_it_back(w, payment=CARD)
        assert (w.stop(), w.holds()) == ("withdrawn", ["changed_after_handover"])
        assert "倉庫に出荷止めを依頼しました" in w.hold_note("T-1001", "changed_after_handover")


async def test_what_a_person_wished_stays_unknown_until_somebody_telephones(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.silent.add(w.slip_of())
        await cart_cancels(w)
        await rounds(w, 3, "stop")
        assert (await ask(w)).code == "stop_joined"
        await cart_takes_it_back(w)
        assert w.stop() == "unknown"
        assert "cannot_tell" in w.holds()


# --- the telephone after a contradiction --------------------------------------------------------------------------


@pytest.mark.parametrize("stopped", [True, False])
async def test_the_last_word_is_the_telephones(tmp_path: Path, stopped: bool) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.will_not_stop[w.slip_of()] = "E302 PACKED"
        w.wms.receipt_delay = timedelta(hours=2)
        await ask(w)
        await rounds(w, 16, "stop")
        await telephone(w, stopped=True)
        await rounds(w, 3, "stop")
        assert w.stop() == "by_hand"
        w.pass_by(hours=1)
        await rounds(w, 4, "stop", minutes=11)
        assert w.stop() == "unknown", "by telephone yes, by receipt no"
        said = await telephone(w, stopped=stopped)
        assert (said.done, said.code) == (True, "stop_told")
        await rounds(w, 4, "stop")
        assert w.stop() == ("by_hand" if stopped else "too_late")
        assert w.holds() == ([] if stopped else ["cancelled_too_late"])
        last = w.rows(select(stop_answers).where(stop_answers.c.party == "warehouse"))[-1]
        assert (last.answer, last.by) == ("agreed" if stopped else "refused", "見本 花子")


async def test_the_telephone_adds_nothing_to_the_warehouses_own_word(tmp_path: Path) -> None:
    with world(tmp_path, doubles=DoubleRules(enabled=False)) as w:
        await w.to_print_ready(an_order())
        first = w.slip_of()
        second = w.ne.open("T-1001", status=20, copied_from=first, instruct_at=w.clock.now()).number
        await w.run("follow_slips", "relay")
        for _ in range(2):
            w.pass_by(minutes=10)
            await w.run("relay")
        assert {w.slip(number).state for number in (first, second)} == {"relayed"}
        w.wms.silent.add(second)
        await ask(w)
        await rounds(w, 4, "stop")
        assert w.stop() == "unknown"
        assert (await telephone(w, stopped=False)).done
        told = w.rows(select(stop_answers.c.slip_number).where(stop_answers.c.by != ""))
        assert [row.slip_number for row in told] == [second], (
            "about the other one the warehouse answered itself"
        )
        await rounds(w, 3, "stop")
        assert w.stop() == "too_late"
        assert (w.ne.count("cancelled", first), w.ne.count("cancelled", second)) == (1, 0)


async def test_what_was_not_written_down_is_not_said_to_be(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.receipt_delay = timedelta(hours=2)
        await ask(w)
        await w.run("stop")
        assert (await telephone(w, stopped=True)).done
        rows = w.rows_of("stop_answers"), w.rows_of("history")
        said = await telephone(w, stopped=True)
        assert (said.done, said.code) == (False, "stop_told_nothing")
        assert "記録していません" in said.words
        assert (w.rows_of("stop_answers"), w.rows_of("history")) == rows


# --- a shop whose stops are made by people ------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [Mode.WATCH, Mode.OFF])
async def test_where_nobody_is_asked_a_person_hears_it_at_once(tmp_path: Path, mode: Mode) -> None:
    with world(tmp_path, modes={"stop": mode}) as w:
        await w.to_relayed(an_order())
        said = await ask(w)
        assert (said.done, said.code) == (True, "stop_by_people")
        assert "自動では依頼しません" in said.words
        assert "電話" in said.words
        row = board(w)
        assert (row.by_people, row.waits_for_telephone, row.settled) == (True, True, False)
        assert [line.answer for line in row.lines[:2]] == ["by_people", "by_people"]
        assert (await ask(w)).done is False
        assert (await ask(w, **JIRO)).code == "stop_by_people"
        assert asked_by(w) == ["見本 花子", "見本 次郎"]
        assert w.wms.count("stop_asked") == 0


@pytest.mark.parametrize("minutes", [5, 45])
async def test_watched_it_ends_by_what_people_did(tmp_path: Path, minutes: float) -> None:
    with world(tmp_path, modes={"stop": Mode.WATCH}) as w:
        await w.to_relayed(an_order())
        await ask(w)
        await rounds(w, 3, "stop", minutes=minutes)
        assert w.stop() == ("open" if minutes == 5 else "unknown")
        assert (await telephone(w, stopped=True)).done
        await rounds(w, 2, "follow_slips", "stop", minutes=minutes)
        assert w.stop() == "open", "its slip still lives in Next Engine"
        w.ne.edit(w.slip_of(), cancel_type="1")
        await rounds(w, 3, "follow_slips", "stop")
        assert (w.stop(), board(w).by_people) == ("by_hand", False)


async def test_not_handed_over_it_leaves_at_once_in_every_mode(tmp_path: Path) -> None:
    with world(tmp_path, modes={"stop": Mode.OFF}) as w:
        w.cart.put(an_order())
        await w.run("ingest")
        assert (await ask(w)).code == "stop_at_once"
        assert (w.stop(), w.state()) == ("stopped", "cancelled")


async def test_both_wishes_survive_a_death_of_the_process(tmp_path: Path) -> None:
    """The name and its line in the history are one transaction."""
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        await cart_cancels(w)
        joined = select(stop_requests.c.asked_by)

        class Killed(BaseException):
            pass

        def dies(*_args: object) -> None:
            raise Killed

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("connector.ledger.stops_by_hand.append", dies)
            with pytest.raises(Killed):
                await ask(w)
        assert (w.rows(joined)[0].asked_by, asked_by(w)) == (None, ["connector"])
        assert (await ask(w)).code == "stop_joined"
