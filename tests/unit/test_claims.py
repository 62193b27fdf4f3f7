"""Claims: results that name the tracking number of another slip. Whose number it is, who gets it, and when (S3)."""

from __future__ import annotations

from dataclasses import replace as changed
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from connector.ledger.schema import shipments, tracking_numbers
from connector.ports import ReadResults
from connector.slip import Result, ShippedLine
from msgspec.structs import replace
from sqlalchemy import select

from tests.unit.world import World, a_shipment, an_order, tracking, world

TAKEN, FREE = tracking(5), tracking(6)
ONE_OF_TWO = (ShippedLine(line_no=1, sku="SKU-1", quantity=1),)


async def two(w: World) -> tuple[str, str]:
    """Two slips at the warehouse; the first has shipped under TAKEN."""
    await w.to_relayed(an_order("T-1001"), an_order("T-1002"))
    mine, yours = w.slip_of("T-1001"), w.slip_of("T-1002")
    w.wms.reports(a_shipment(mine, TAKEN, confirmed_at=w.clock.now()))
    await w.run("collect", "confirm_shipment")
    return mine, yours


def owners(w: World, number: str) -> set[str]:
    query = select(tracking_numbers.c.slip_number).where(tracking_numbers.c.number == number)
    return {row.slip_number for row in w.rows(query)}


def later(w: World, **time: float) -> dict[str, Any]:
    return {"confirmed_at": w.clock.now() + timedelta(**time)}


async def test_a_part_under_a_number_that_is_taken(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        mine, yours = await two(w)
        part = a_shipment(yours, TAKEN, result_id="P1", result=Result.PARTIAL, lines=ONE_OF_TWO)
        w.wms.reports(part)
        await w.run("collect", "confirm_shipment")
        assert w.holds(yours) == ["shipment_conflict"]
        assert mine in w.hold_note(yours, "shipment_conflict")
        w.wms.reports(a_shipment(yours, FREE, result_id="P2", lines=ONE_OF_TWO))
        await w.run("collect", "confirm_shipment")
        assert (w.slip(yours).state, w.holds(yours)) == ("relayed", ["shipment_conflict"])
        held = w.ne.slips_held[yours]
        assert TAKEN not in held.tracking + held.worker_text
        assert owners(w, TAKEN) == {mine}

        w.wms.reports(replace(part, tracking=(tracking(7),), **later(w, hours=1)))
        await w.run("collect", "confirm_shipment")
        assert (w.slip(yours).state, w.holds(yours)) == ("confirmed", [])
        held = w.ne.slips_held[yours]
        assert {FREE, tracking(7)} <= {held.tracking, *held.worker_text.split("】")[-1].split("、")}
        assert TAKEN not in held.tracking + held.worker_text


async def test_a_part_and_its_rest_in_one_file(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        _, yours = await two(w)
        w.wms.reports(
            a_shipment(yours, TAKEN, result_id="P1", result=Result.PARTIAL, lines=ONE_OF_TWO),
            a_shipment(yours, FREE, result_id="P2", lines=ONE_OF_TWO),
        )
        await w.run("collect", "confirm_shipment")
        assert (w.slip(yours).state, w.holds(yours)) == ("relayed", ["shipment_conflict"])
        assert w.ne.count("confirmed") == 1


async def test_the_owner_is_believed_and_a_correction_to_a_free_number_too(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        mine, yours = await two(w)
        w.wms.reports(a_shipment(yours, TAKEN, confirmed_at=w.clock.now()))
        await w.run("collect")
        w.wms.reports(a_shipment(mine, TAKEN, shipped_on=date(2026, 11, 23), **later(w, minutes=5)))
        await w.run("collect")
        assert w.holds(mine) == []
        w.wms.reports(a_shipment(yours, FREE, **later(w, minutes=6)))
        await w.run("collect", "confirm_shipment")
        assert (w.slip(yours).state, w.holds(yours)) == ("confirmed", [])
        assert w.ne.slips_held[yours].tracking == FREE
        assert (owners(w, TAKEN), owners(w, FREE)) == ({mine}, {yours})


async def test_a_claim_that_is_told_again_is_one_claim(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        mine, yours = await two(w)
        claim = a_shipment(yours, TAKEN)
        for name in ("A.csv", "B.csv"):
            w.wms.reports(claim, claim, name=name)
            await w.run("collect")
        assert w.events(yours).count("held") == 1
        assert len(w.rows(select(shipments).where(shipments.c.slip_number == yours))) == 1
        assert owners(w, TAKEN) == {mine}
        w.release(yours, "shipment_conflict")
        w.wms.reports(claim, name="C.csv")
        await w.run("collect", "confirm_shipment")
        assert (w.slip(yours).state, w.holds(yours)) == ("confirmed", [])
        assert owners(w, TAKEN) == {mine, yours}, "a person let it pass: the number is of both"


async def test_after_both_may_have_it_neither_is_asked_again(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        mine, yours = await two(w)
        w.wms.reports(a_shipment(yours, TAKEN))
        await w.run("collect")
        w.release(yours, "shipment_conflict")
        await w.run("collect", "confirm_shipment")
        day = {"shipped_on": date(2026, 11, 23), **later(w, minutes=5)}
        w.wms.reports(a_shipment(mine, TAKEN, **day), a_shipment(yours, TAKEN, **day))
        await w.run("collect")
        assert w.holds(mine) == w.holds(yours) == []


async def test_another_number_of_the_same_slip_is_another_claim(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order("T-1001"), an_order("T-1002"))
        mine, yours = w.slip_of("T-1001"), w.slip_of("T-1002")
        w.wms.reports(a_shipment(mine, TAKEN, FREE, parcels=2))
        await w.run("collect")
        w.wms.reports(a_shipment(yours, TAKEN))
        await w.run("collect")
        w.release(yours, "shipment_conflict")
        w.wms.reports(a_shipment(yours, FREE, **later(w, minutes=5)))
        await w.run("collect")
        assert w.holds(yours) == ["shipment_conflict"]
        assert FREE in w.hold_note(yours, "shipment_conflict")
        assert owners(w, FREE) == {mine}


async def test_one_box_is_no_claim_whatever_the_event_says(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        mine, yours = await two(w)
        read = w.wms.read_results

        def boxed(name: str, body: bytes) -> ReadResults:
            return changed(read(name, body), one_box={TAKEN: frozenset({mine, yours})})

        w.wms.instead(read_results=boxed)
        w.wms.reports(a_shipment(yours, TAKEN, result_id="P1", result=Result.PARTIAL, lines=ONE_OF_TWO))
        await w.run("collect")
        assert w.holds(yours) == ["partial_shipment"]
        w.wms.instead(read_results=read)
        w.wms.reports(a_shipment(yours, FREE, result_id="P2", lines=ONE_OF_TWO))
        await w.run("collect", "confirm_shipment")
        assert (w.slip(yours).state, w.holds(yours)) == ("confirmed", [])
        assert owners(w, TAKEN) == {mine, yours}


@pytest.mark.parametrize("result", [Result.SHIPPED, Result.PARTIAL, Result.NUMBERS])
async def test_whatever_names_a_number_that_is_taken_is_held(tmp_path: Path, result: Result) -> None:
    with world(tmp_path) as w:
        mine, yours = await two(w)
        w.wms.reports(a_shipment(yours, TAKEN, result=result))
        await w.run("collect", "confirm_shipment")
        assert w.holds(yours) == ["shipment_conflict"]
        assert w.slip(yours).state == "relayed"
        assert owners(w, TAKEN) == {mine}


async def test_a_claim_after_the_completion_says_whose_number_it_is(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_shipped(an_order("T-1001"), an_order("T-1002"))
        mine, yours = w.slip_of("T-1001"), w.slip_of("T-1002")
        await w.complete_now()
        w.pass_by(minutes=6)
        await w.run("complete")
        w.wms.reports(a_shipment(yours, tracking(int(mine)), **later(w, minutes=1)))
        await w.run("collect", "confirm_shipment")
        assert f"伝票 {mine} で使用済み" in w.hold_note(yours, "shipment_conflict")
        w.wms.reports(a_shipment(yours, **later(w, hours=1)))
        await w.run("collect", "confirm_shipment")
        assert w.holds(yours) == [], "the cart shows the right number all along"
        assert w.cart.orders["T-1002"].tracking == tracking(int(yours))


async def test_a_claim_that_came_before_its_slip_was_relayed(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order("T-1001"), an_order("T-1002"))
        mine, yours = w.slip_of("T-1001"), w.slip_of("T-1002")
        w.wms.reports(a_shipment(mine, TAKEN), a_shipment(yours, TAKEN))
        await w.run("collect", "relay")
        w.pass_by(minutes=10)
        await w.run("relay", "collect")
        assert (w.slip(mine).state, w.holds(mine)) == ("dispatched", [])
        assert (w.slip(yours).state, w.holds(yours)) == ("relayed", ["shipment_conflict"])
        assert owners(w, TAKEN) == {mine}
