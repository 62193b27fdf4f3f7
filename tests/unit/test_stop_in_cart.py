"""The cart's leg of a stop by API: every payment and every verdict; what ships keeps its authorisation."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from connector import ops
from connector.errors import NotDone, Refused, Unknown
from connector.ledger.schema_warehouse import stop_answers
from connector.ledger.views.stop_board import StopBoardRow, stop_board, stop_plan
from connector.order import Payment, PaymentKind, PaymentState
from connector.outcome import Effect, Reply
from connector.reports import make, tables
from connector.shop import DoubleRules, Mode
from connector.slip import Result
from connector.words.stops import stop_cart_line
from msgspec.structs import replace
from sqlalchemy import select

from tests.unit.world import CARD, DEFERRED, World, a_shipment, an_order, world

BY: dict[str, Any] = {"actor": "見本 花子", "why": "お客様から電話"}
COD = replace(
    CARD, method="代金引換", kind=PaymentKind.COD, state_code="cash_on_delivery_authed", linked=False
)
WALLET = replace(CARD, method="Amazon Pay", kind=PaymentKind.WALLET)
CAPTURED = replace(CARD, state=PaymentState.CAPTURED, state_code="completed")
PAYMENTS: dict[str, tuple[Payment, str]] = {  # how each is paid, and how that stands in the cart after a stop
    "T-1001": (CARD, "voided"),
    "T-1002": (WALLET, "voided"),
    "T-1003": (DEFERRED, "voided"),
    "T-1004": (COD, "cash_on_delivery_authed"),
    "T-1005": (CARD, "completed"),  # somebody captures it meanwhile: a refund is a person's
}
SOLD = "T-1005"
BY_API: dict[str, Any] = {"cancels_in_cart": True}


class Killed(BaseException):
    """The process is gone; no Exception, so that nothing of ours catches it."""


async def ask(w: World, number: str = "T-1001") -> None:
    assert (await ops.stop(w.database, w.shop, number, now=w.clock.now(), **BY)).done


async def rounds(w: World, n: int = 5, *stages: str) -> None:
    for _ in range(n):
        await w.run(*(stages or ("stop", "collect", "ingest")))
        w.pass_by(minutes=6)


def board(w: World, number: str = "T-1001") -> StopBoardRow:
    with w.database.engine.connect() as connection:
        (row,) = stop_board(connection, w.shop, w.clock.now(), number=number)
    return row


def of_cart(w: World) -> list[tuple[str, str]]:
    query = select(stop_answers).where(stop_answers.c.party == "cart").order_by(stop_answers.c.id)
    return [(row.answer, row.by) for row in w.rows(query)]


def in_cart(w: World, number: str = "T-1001") -> tuple[bool, str]:
    order = w.cart.orders[number]
    return order.cancelled, order.payment.state_code


def agrees(w: World) -> str:
    return "stopped"


def refuses(w: World) -> str:
    w.wms.will_not_stop |= dict.fromkeys(w.ne.slips_held, "E302 梱包済み")
    return "too_late"


def is_silent(w: World) -> str:
    w.wms.answers = False
    return "unknown"


def has_shipped(w: World) -> str:
    w.wms.reports(*map(a_shipment, w.ne.slips_held))
    return "too_late"


def did_not_ship(w: World) -> str:
    refuses(w)
    w.wms.reports(*(a_shipment(one, result=Result.CANCELLED, tracking=()) for one in w.ne.slips_held))
    return "stopped"


WAREHOUSES = (agrees, refuses, is_silent, has_shipped, did_not_ship)


@pytest.mark.parametrize("says", WAREHOUSES, ids=lambda says: says.__name__)
async def test_every_payment_and_every_verdict(tmp_path: Path, says: Any) -> None:
    with world(tmp_path, doubles=DoubleRules(enabled=False), **BY_API) as w:
        await w.to_relayed(*(an_order(number, payment=paid) for number, (paid, _) in PAYMENTS.items()))
        w.cart.put(replace(w.cart.orders[SOLD], payment=CAPTURED))
        verdict = says(w)
        for number in PAYMENTS:
            await ask(w, number)
        await rounds(w)
        for number, (before, after) in PAYMENTS.items():
            assert (number, w.stop(number)) == (number, verdict)
            row, ours = board(w, number), verdict == "stopped" and number != SOLD
            as_it_was = CAPTURED.state_code if number == SOLD else before.state_code
            assert in_cart(w, number) == (ours, after if ours else as_it_was)
            assert w.cart.count("voided", number) == (ours and after == "voided")
            assert w.cart.count("cancelled", number) == ours
            assert row.cart_owes is (verdict == "stopped" and number == SOLD)
            if ours:
                assert (row.settled, row.lines[-1].answer, w.holds(number)) == (True, "agreed", [])
        if verdict == "stopped":
            assert w.effects("cart_cancel") == ["done"] * 4 + ["refused"]
            assert w.holds(SOLD) == ["refused"]
            assert "返金のうえ" in w.hold_note(SOLD, "refused")
            assert "返金のうえ" in board(w, SOLD).lines[-1].words
        else:
            assert (w.effects("cart_cancel"), of_cart(w)) == ([], [])


async def test_people_cancel_where_the_shop_did_not_say_otherwise(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        await ask(w)
        await rounds(w)
        assert (w.stop(), in_cart(w), w.effects("cart_cancel")) == ("stopped", (False, "authed"), [])
        row = board(w)
        assert (row.cart_owes, row.lines[-1].answer) == (True, "cart_by_people")
        assert "人が行います" in stop_cart_line(row.lines[-1].answer, None, None, "ja")


async def test_not_before_the_warehouses_results_were_read_once_more(tmp_path: Path) -> None:
    with world(tmp_path, **BY_API) as w:
        await w.to_relayed(an_order())
        await ask(w)
        await rounds(w, 5, "stop")
        assert (w.stop(), in_cart(w)) == ("stopped", (False, "authed"))
        assert board(w).lines[-1].answer == "waiting"
        w.wms.reports(a_shipment(w.slip_of()))  # it had left before the warehouse agreed
        await rounds(w, 3, "collect", "stop")
        assert (w.stop(), in_cart(w)) == ("too_late", (False, "authed"))
        assert w.effects("cart_cancel") == []


async def test_what_was_handed_to_nobody_is_cancelled_in_the_cart(tmp_path: Path) -> None:
    with world(tmp_path, **BY_API) as w:
        w.cart.put(an_order())
        await w.run("ingest")
        await ask(w)
        assert w.stop() == "stopped"
        await w.run("stop")
        assert in_cart(w) == (True, "voided")


async def test_by_telephone_the_cart_is_a_persons(tmp_path: Path) -> None:
    with world(tmp_path, **BY_API) as w:
        await w.to_relayed(an_order())
        w.wms.answers = False
        await ask(w)
        await rounds(w, 3)
        said = await ops.stop_told(w.database, w.shop.key, "T-1001", stopped=True, now=w.clock.now(), **BY)
        assert said.done
        await rounds(w)
        assert (w.stop(), in_cart(w), w.effects("cart_cancel")) == ("by_hand", (False, "authed"), [])
        row = board(w)
        assert (row.cart_owes, row.lines[-1].answer) == (True, "cart_by_people")
        assert "人が行います" in stop_cart_line(row.lines[-1].answer, None, None, "ja")


async def test_what_the_cart_itself_stopped_is_not_cancelled_by_us(tmp_path: Path) -> None:
    with world(tmp_path, **BY_API) as w:
        await w.to_relayed(an_order())
        refused = replace(DEFERRED, state=PaymentState.REFUSED, state_code="auth_failed")
        w.cart.put(an_order(payment=refused))
        await w.run("ingest")
        await rounds(w)
        assert (w.stop(), in_cart(w), w.effects("cart_cancel")) == ("stopped", (False, "auth_failed"), [])


@pytest.mark.parametrize("mode", [Mode.WATCH, Mode.OFF])
async def test_only_where_we_do_the_stopping(tmp_path: Path, mode: Mode) -> None:
    with world(tmp_path, modes={"stop": mode}, **BY_API) as w:
        w.cart.put(an_order())
        await w.run("ingest")
        await ask(w)
        ended = board(w)
        w.pass_by(hours=1)
        await rounds(w, 2)
        assert (w.stop(), in_cart(w)) == ("stopped", (False, "authed"))
        assert (board(w).verdict_at, board(w).words) == (ended.verdict_at, ended.words)


async def test_shipped_after_all_says_loudly_that_nobody_pays(tmp_path: Path) -> None:
    with world(tmp_path, **BY_API) as w:
        await w.to_relayed(an_order())
        await ask(w)
        await rounds(w)
        assert (w.stop(), in_cart(w)) == ("stopped", (True, "voided"))
        w.wms.reports(a_shipment(w.slip_of()))
        await w.run("collect", "stop")
        assert (w.stop(), w.holds()) == ("too_late", ["cancelled_too_late"])
        assert "代金を受け取れません" in w.hold_note("T-1001", "cancelled_too_late")
        await w.run("ingest")
        report = await make(w.database, w.shop, w.clock.now().date(), w.clock.now())
        for table in tables(report, "ja"):
            for row in table.rows if table.key in ("todo", "held", "changes") else ():
                said = " ".join(map(str, row))
                if "T-1001" in said:
                    assert "返金は不要" in said, (table.key, said)
        assert "stop_corrected" in w.events()
        await rounds(w)
        assert w.cart.count("cancelled") == 1


async def test_shipped_after_the_money_was_taken_asks_for_the_refund(tmp_path: Path) -> None:
    with world(tmp_path, **BY_API) as w:
        await w.to_relayed(an_order())
        w.cart.put(replace(w.cart.orders["T-1001"], payment=CAPTURED))
        await w.run("ingest")
        has_shipped(w)
        await ask(w)
        await rounds(w)
        note = w.hold_note("T-1001", "cancelled_too_late")
        assert "返品と返金の対応が必要です" in note and "不要" not in note


async def test_one_of_two_slips_lives_again_in_next_engine(tmp_path: Path) -> None:
    with world(tmp_path, **BY_API) as w:
        await w.to_relayed(an_order())
        await ask(w)
        await rounds(w, 5, "stop")
        w.ne.edit(w.slip_of(), cancel_type="0")
        await rounds(w, 2, "collect", "stop")
        assert (in_cart(w), w.effects("cart_cancel")) == ((False, "authed"), [])
        w.ne.edit(w.slip_of(), cancel_type="1")
        await rounds(w, 1, "stop")
        assert in_cart(w) == (True, "voided")


async def test_one_of_several_addresses_is_for_a_person(tmp_path: Path) -> None:
    with world(tmp_path, **BY_API) as w:
        w.cart.put(an_order("T-1001-1", parcel_of="T-1001"))
        await w.run("ingest")
        await ask(w, "T-1001-1")
        await rounds(w)
        assert w.holds("T-1001-1") == ["refused"]
        assert "ほかのお届け先" in w.hold_note("T-1001-1", "refused")
        assert in_cart(w, "T-1001-1") == (False, "authed")


async def test_a_refusal_goes_once_the_cart_shows_the_cancel(tmp_path: Path) -> None:
    with world(tmp_path, **BY_API) as w:
        await w.to_relayed(an_order())
        w.cart.faults.append(Refused("ecforce", "void_failed", "決済の取消に失敗しています"))
        await ask(w)
        await rounds(w)
        assert (w.holds(), board(w).cart_owes, of_cart(w)[-1]) == (["refused"], True, ("refused", ""))
        await rounds(w)
        assert w.cart.count("cancelled") == 0, "what was refused is never asked for again"
        w.cart.put(replace(w.cart.orders["T-1001"], cancelled=True))
        await w.run("ingest")
        assert (w.holds(), board(w).settled) == ([], True)


async def test_throttled_it_waits_and_comes_again(tmp_path: Path) -> None:
    with world(tmp_path, **BY_API) as w:
        await w.to_relayed(an_order())
        w.cart.faults += [NotDone("429", after=120), NotDone("429", after=900)]
        await ask(w)
        await rounds(w, 3)
        assert (w.effects("cart_cancel"), w.holds()) == (["not_done"], [])
        assert of_cart(w)[-1][0] == "not_asked"
        await rounds(w, 4)
        assert (w.effects("cart_cancel"), in_cart(w), w.holds()) == (["done"], (True, "voided"), [])
        assert w.cart.count("cancelled") == 1


@pytest.mark.parametrize("did", [True, False])
async def test_a_lost_answer_is_looked_up_first(tmp_path: Path, did: bool) -> None:
    with world(tmp_path, **BY_API) as w:
        await w.to_relayed(an_order())
        w.cart.loses_reply = did
        if not did:
            w.cart.faults.append(Unknown("line dropped"))
        await ask(w)
        await rounds(w, 6)
        assert (w.effects("cart_cancel"), in_cart(w)) == (["done"], (True, "voided"))
        assert w.cart.count("cancelled") == 1


async def test_killed_after_the_call_the_next_start_finds_it_done(tmp_path: Path) -> None:
    with world(tmp_path, **BY_API) as w:
        await w.to_relayed(an_order())
        await ask(w)
        await rounds(w, 4, "stop")
        does = w.cart.cancel

        async def and_dies(effect: Effect) -> Reply:
            await does(effect)
            raise Killed

        w.cart.instead(cancel=and_dies)
        with pytest.raises(Killed):
            await rounds(w, 2, "collect", "stop")
        assert (w.effects("cart_cancel"), in_cart(w)) == (["intent"], (True, "voided"))
        w.cart.instead(cancel=does)
        w.runner = w.new_runner()
        await rounds(w, 2, "stop")
        assert (w.effects("cart_cancel"), w.cart.count("voided")) == (["done"], 1)
        assert of_cart(w) == [("asked", ""), ("agreed", "")]


async def test_a_cart_that_is_away_for_an_hour_ends_in_a_hold_and_a_release_goes_on(tmp_path: Path) -> None:
    with world(tmp_path, **BY_API) as w:
        w.cart.put(an_order())
        await w.run("ingest")
        await ask(w)
        w.cart.faults += [NotDone("busy") for _ in range(6)]
        for _ in range(12):
            await w.run("stop")
            w.pass_by(minutes=20)
        assert (w.holds(), w.stop()) == (["too_many_tries"], "stopped")
        w.release("T-1001", "too_many_tries")
        await w.run("stop")
        assert in_cart(w) == (True, "voided")


async def test_handled_outside_nothing_is_cancelled(tmp_path: Path) -> None:
    with world(tmp_path, **BY_API) as w:
        await w.to_relayed(an_order())
        await w.run("collect")
        said = await ops.handled(w.database, w.shop.key, "T-1001", now=w.clock.now(), **BY)
        assert said.done
        await ask(w)
        await rounds(w)
        assert w.stop() == "stopped"
        assert in_cart(w) == (False, "authed"), "perhaps somebody ships it from the office"
        assert board(w).cart_owes


async def test_the_board_says_when_the_cart_was_told_and_when_it_was_done(tmp_path: Path) -> None:
    with world(tmp_path, **BY_API) as w:
        await w.to_relayed(an_order())
        await ask(w)
        with w.database.engine.connect() as connection:
            plan = stop_plan(connection, w.shop, "T-1001")
        assert plan is not None
        assert (plan.cart, plan.cart_by_us) == (True, True)
        assert (board(w).lines[-1].party, board(w).lines[-1].answer) == ("cart", "waiting")
        w.cart.loses_reply = True
        await rounds(w, 3, "stop", "collect")
        told_at = w.clock.now() - timedelta(minutes=6)
        await rounds(w, 1)
        line = board(w).lines[-1]
        assert (line.party, line.answer, line.by) == ("cart", "agreed", "")
        assert line.told_at is not None
        assert line.at is not None
        assert line.told_at == told_at < line.at
        assert line.proof == "canceled / voided"
