"""Stopped only where nothing left (出荷止めの証拠): all that the warehouse said counts, never the last row read alone.

A shop that voids the card after a stop (`cancels_in_cart`) gives its goods away wherever this is wrong.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from connector import ops
from connector.fate import Fate, fate
from connector.ledger.schema import strays
from connector.outcome import StopAnswer
from connector.ports import Receipt
from connector.shop import Mode
from connector.slip import NEStatus, Result, Shipment, ShippedLine
from connector.stages.stop import _said
from sqlalchemy import select

from tests.unit.world import CARD, START, World, a_shipment, an_order, tracking, world

BY = {"actor": "見本 花子", "why": "お客様から電話"}
VOIDS: dict[str, Any] = {"cancels_in_cart": True}
NOTHING: dict[str, Any] = {"tracking": ()}


async def asked(w: World) -> None:
    assert (await ops.stop(w.database, w.shop, "T-1001", now=w.clock.now(), **BY)).done
    await passes(w, 3, "stop")


async def passes(w: World, times: int, *stages: str) -> None:
    for _ in range(times):
        await w.run(*stages)
        w.pass_by(minutes=5)


def money(w: World) -> str:
    return w.cart.orders["T-1001"].payment.state_code


async def test_a_part_left_before_the_rest_was_cancelled(tmp_path: Path) -> None:
    with world(tmp_path, **VOIDS) as w:
        await w.to_relayed(an_order(payment=CARD))
        slip = w.slip_of()
        w.wms.will_not_stop[slip] = "E302 PICKING"
        await asked(w)
        one = (ShippedLine(line_no=1, sku="SKU-1", quantity=1),)
        w.wms.reports(a_shipment(slip, result_id="R1", result=Result.PARTIAL, lines=one))
        await passes(w, 1, "collect", "stop")
        w.wms.reports(a_shipment(slip, result_id="R2", result=Result.CANCELLED, **NOTHING))
        await passes(w, 5, "stop", "collect", "ingest")
        assert (w.stop(), money(w)) == ("too_late", "authed")
        assert "stop_corrected" not in w.events()


@pytest.mark.parametrize("late_file", ["shipped", "cancelled"])
async def test_a_late_file_with_an_older_word_changes_nothing(tmp_path: Path, late_file: str) -> None:
    with world(tmp_path, **VOIDS) as w:
        await w.to_relayed(an_order(payment=CARD))
        slip = w.slip_of()
        await asked(w)
        await w.run("follow_slips")
        at = w.clock.now()
        left = a_shipment(slip, result_id="R9", confirmed_at=at)
        before = a_shipment(
            slip,
            result_id="R1",
            result=Result.CANCELLED,
            confirmed_at=at - timedelta(hours=1),
            **NOTHING,
        )
        for told in (before, left) if late_file == "shipped" else (left, before):
            w.wms.reports(told)
            await w.run("collect")
            w.pass_by(minutes=1)
        await passes(w, 4, "stop", "collect", "ingest")
        assert (w.stop(), money(w)) == ("too_late", "authed")


async def test_goods_that_cannot_leave_today_are_still_asked_for(tmp_path: Path) -> None:
    """出荷不可 and then 出荷 is ordinary, so the first is no answer to a stop."""
    with world(tmp_path, **VOIDS) as w:
        await w.to_relayed(an_order(payment=CARD))
        slip = w.slip_of()
        w.wms.will_not_stop[slip] = "E302 PICKING"
        out_of_stock: dict[str, Any] = {"result": Result.UNSHIPPABLE, "reason_code": "STOCKOUT"}
        w.wms.reports(a_shipment(slip, result_id="R1", confirmed_at=w.clock.now(), **out_of_stock, **NOTHING))
        await w.run("collect")
        w.pass_by(minutes=10)
        await asked(w)
        assert (w.wms.count("stop_asked"), w.stop(), money(w)) == (1, "too_late", "authed")
        assert "E302 PICKING" in w.hold_note("T-1001", "cancelled_too_late")


@pytest.mark.parametrize("mode", [Mode.ACT, Mode.WATCH])
async def test_a_slip_that_somebody_else_had_printed_is_asked_for(tmp_path: Path, mode: Mode) -> None:
    with world(tmp_path, modes={"relay": mode}, **VOIDS) as w:
        await w.to_print_ready(an_order(payment=CARD))
        w.ne.edit(w.slip_of(), status=40)
        await w.run("follow_slips")
        w.wms.will_not_stop[w.slip_of()] = "E302 PACKED"
        await asked(w)
        await passes(w, 2, "stop", "ingest")
        assert (w.wms.count("stop_asked"), w.stop(), money(w)) == (1, "too_late", "authed")


async def test_a_mail_that_comes_after_a_persons_stop(tmp_path: Path) -> None:
    """Next Engine makes the slip an hour later: it is cancelled there, and the wish stays that person's."""
    with world(tmp_path) as w:
        w.ne.mail_delay = timedelta(hours=1)
        w.cart.put(an_order())
        w.pass_by(minutes=11)
        await w.run("ingest", "notify")
        assert (await ops.stop(w.database, w.shop, "T-1001", now=w.clock.now(), **BY)).done
        w.pass_by(minutes=31)
        await w.run("stop")
        assert w.stop() == "stopped"
        w.pass_by(minutes=31)
        await passes(w, 4, "follow_slips", "stop")
        assert w.ne.slips_held[w.slip_of()].cancel_type == "1"
        assert w.stop() == "stopped"


async def test_a_slip_brought_back_to_life_is_cancelled_again(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        slip = w.slip_of()
        w.cart.put(an_order(cancelled=True))
        await w.run("ingest")
        await passes(w, 4, "stop")
        w.ne.edit(slip, cancel_type="0")
        await w.run("follow_slips")
        await passes(w, 4, "stop")
        assert (w.ne.slips_held[slip].cancel_type, w.stop(), w.effects("ne_cancel")) == (
            "1",
            "stopped",
            ["done", "done"],
        )


async def test_a_slip_that_next_engine_does_not_show_is_not_cancelled(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        shows = w.ne.slips

        async def nothing(*_: Any, **__: Any) -> dict[str, Any]:
            return {}

        assert (await ops.stop(w.database, w.shop, "T-1001", now=w.clock.now(), **BY)).done
        w.ne.instead(slips=nothing)
        await w.run("stop")
        assert w.stop() == "open"
        w.ne.instead(slips=shows)
        await passes(w, 4, "follow_slips", "stop")
        assert (w.ne.slips_held[w.slip_of()].cancel_type, w.stop()) == ("1", "stopped")


async def test_on_watch_a_person_hears_within_the_hour_that_nobody_else_will_ask(tmp_path: Path) -> None:
    with world(tmp_path, modes={"stop": Mode.WATCH}) as w:
        await w.to_relayed(an_order())
        await ops.stop(w.database, w.shop, "T-1001", now=w.clock.now(), **BY)
        await passes(w, 11, "stop")
        assert w.stop() == "open"
        await passes(w, 3, "stop")
        assert (w.stop(), w.wms.count("stop_asked")) == ("unknown", 0)
        assert "人が止め" in w.hold_note("T-1001", "cannot_tell")


@pytest.mark.parametrize(
    "words",
    [
        "E302 出荷済みまたは取消済みの伝票は取消できません",
        "E302 NOT CANCELLED (PACKED)",
        "E302 梱包済みのため取消済みにできません",
    ],
)
def test_a_refusal_that_only_contains_the_word_is_a_refusal(words: str) -> None:
    assert (
        _said(Receipt(accepted=(), refused={"1": words}, file_refused="", name="x"), "1")[0]
        == StopAnswer.REFUSED
    )


@pytest.mark.parametrize("state", ["CANCELLED", "UNSHIPPABLE", "E302 取消済み", "E302 出荷不可"])
def test_the_state_in_which_nothing_leaves_is_an_agreement(state: str) -> None:
    assert (
        _said(Receipt(accepted=(), refused={"1": state}, file_refused="", name="x"), "1")[0]
        == StopAnswer.AGREED
    )


def event(result: Result, id_: str = "", hour: int = 9) -> Shipment:
    return a_shipment("9001", result_id=id_ or result, result=result, confirmed_at=START.replace(hour=hour))


@pytest.mark.parametrize(
    ("events", "seen"),
    [
        ([], Fate.UNTOLD),
        ([event(Result.SHIPPED), event(Result.CANCELLED, hour=12)], Fate.LEFT),
        ([event(Result.PARTIAL), event(Result.CANCELLED), event(Result.UNSHIPPABLE)], Fate.LEFT),
        ([event(Result.UNSHIPPABLE)], Fate.UNSHIPPABLE),
        ([event(Result.UNSHIPPABLE), event(Result.CANCELLED)], Fate.CANCELLED),
        ([event(Result.NUMBERS)], Fate.LABELLED),
        ([event(Result.NUMBERS), event(Result.UNSHIPPABLE)], Fate.LABELLED),
        ([event(Result.NUMBERS), event(Result.SHIPPED)], Fate.LEFT),
        ([event(Result.NUMBERS), event(Result.CANCELLED)], Fate.CANCELLED),
        ([event(Result.SHIPPED, "R1"), event(Result.CANCELLED, "R1", hour=10)], Fate.CANCELLED),
    ],
)
def test_in_whatever_order_they_come(events: list[Shipment], seen: Fate) -> None:
    assert {fate(order) for order in permutations(events)} == {seen}


async def labelled(w: World, id_: str) -> None:
    w.wms.reports(a_shipment(w.slip_of(), tracking(7), result_id=id_, result=Result.NUMBERS, dated=False))
    await w.run("collect")


async def test_a_label_is_no_shipment_and_the_warehouse_is_asked(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        await labelled(w, "N1")
        await asked(w)
        await passes(w, 2, "stop")
        assert (w.effects("wms_stop"), w.stop()) == (["done"], "stopped")


async def test_a_label_after_the_warehouse_agreed_is_asked_about_once_more(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        await asked(w)
        await passes(w, 2, "stop")
        assert w.stop() == "stopped"
        w.wms.will_not_stop |= {w.slip_of(): "E302 PACKED"}
        await labelled(w, "N1")
        await passes(w, 4, "stop")
        assert w.effects("wms_stop") == ["done", "done"]
        assert (w.stop(), w.holds()) == ("too_late", ["cancelled_too_late"])


async def test_printed_by_somebody_else_between_our_look_and_our_act(tmp_path: Path) -> None:
    """Whoever printed it may have handed it over: the warehouse is asked before anything is cancelled."""
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        slip, shows = w.slip_of(), w.ne.slips_of

        async def then_printed(numbers: Any) -> Any:
            found = await shows(numbers)
            if w.ne.slips_held[slip].status < NEStatus.PRINTED:
                w.ne.edit(slip, status=NEStatus.PRINTED)
            return found

        w.ne.instead(slips_of=then_printed)
        assert (await ops.stop(w.database, w.shop, "T-1001", now=w.clock.now(), **BY)).done
        await w.run("stop")
        assert (w.ne.slips_held[slip].live, w.stop()) == (True, "open")
        await passes(w, 3, "stop")
        assert w.effects("wms_stop") == ["done"]


async def test_what_we_never_relayed_left_all_the_same(tmp_path: Path) -> None:
    """Somebody else handed the slip over: its result is set aside, and is the truth for the stop."""
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        slip = w.slip_of()
        await asked(w)
        assert w.stop() == "stopped", "cancelled in Next Engine, and we had given it to nobody"
        w.wms.reports(a_shipment(slip))
        await passes(w, 2, "collect", "stop")
        assert "stop_corrected" in w.events()
        assert w.stop() == "too_late"
        assert w.holds() == ["cancelled_too_late"]
        assert "出荷指示していません" in w.strays()[0], "set aside it stays: nothing else follows from it"


async def test_it_left_before_its_open_stop_was_answered(tmp_path: Path) -> None:
    with world(tmp_path, modes={"stop": Mode.WATCH}) as w:
        await w.to_print_ready(an_order())
        await asked(w)
        assert w.stop() == "open"
        w.wms.reports(a_shipment(w.slip_of()))
        await passes(w, 2, "collect", "stop")
        assert (w.stop(), w.holds()) == ("too_late", ["cancelled_too_late"])


async def test_of_what_a_person_set_aside_for_good_no_stop_hears(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        w.wms.reports(a_shipment(w.slip_of()))
        await w.run("collect")
        (stray,) = w.rows(select(strays.c.id))
        assert (await ops.resolve_stray(w.database, w.shop.key, stray.id, now=w.clock.now(), **BY)).done
        await asked(w)
        assert w.stop() == "stopped"
