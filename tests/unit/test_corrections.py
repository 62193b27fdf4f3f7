"""Corrections (出荷実績の訂正): versions beside the old ones, Next Engine by itself, after the completion a person."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from connector.errors import Unknown
from connector.outcome import Reason
from connector.slip import Result, Shipment, ShippedLine, Slip, SlipRow
from connector.stages.shipped import picture, whole

from tests.unit.world import World, a_shipment, an_order, tracking, world

DAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 3, tzinfo=UTC)
ROWS = tuple(
    SlipRow(no=n, sku=sku, name="見本", quantity=quantity, unit_price=100)
    for n, (sku, quantity) in enumerate((("TEA", 5), ("MASK", 1)), 1)
)
X, Y, Z = tracking(1), tracking(2), tracking(3)


def said(result_id: str, hour: int, *numbers: str, tea: int = 5, mask: int = 1, **more: object) -> Shipment:
    """An event with goods, settled at this hour."""
    lines = [ShippedLine(line_no=1, sku="TEA", quantity=tea)] if tea else []
    lines += [ShippedLine(line_no=2, sku="MASK", quantity=mask)] if mask else []
    return a_shipment(
        "9001",
        *numbers,
        **(
            {"result_id": result_id, "confirmed_at": NOON + timedelta(hours=hour), "lines": tuple(lines)}
            | more
        ),
    )


def nothing(result_id: str, hour: int, result: Result) -> Shipment:
    at = NOON + timedelta(hours=hour)
    return a_shipment("9001", "x", result_id=result_id, result=result, confirmed_at=at).with_tracking(())


STORIES: dict[str, tuple[list[Shipment], tuple[str, ...], bool, Reason | None]] = {
    "one number": ([said("A", 0, X)], (X,), True, None),
    "corrected under the same 実績番号": ([said("A", 0, X), said("A", 1, Y)], (Y,), True, None),
    "corrected under a new one": ([said("A", 0, X), said("B", 1, Y)], (Y,), True, None),
    "there and back": ([said("A", 0, X), said("A", 1, Y), said("A", 2, X)], (X,), True, None),
    "a part": (
        [said("A", 0, X, tea=3, result=Result.PARTIAL, reason_code="STOCKOUT")],
        (X,),
        False,
        Reason.PARTIAL_SHIPMENT,
    ),
    "a part and its rest": (
        [said("A", 0, X, tea=3, result=Result.PARTIAL), said("B", 1, Y, tea=2, mask=0)],
        (X, Y),
        True,
        None,
    ),
    "a part whose number was wrong": (
        [
            said("A", 0, X, tea=3, result=Result.PARTIAL),
            said("C", 1, Z, tea=3, result=Result.PARTIAL),
            said("B", 2, Y, tea=2, mask=0),
        ],
        (Z, Y),
        True,
        None,
    ),
    "two parcels of two files": (
        [
            said("A", 0, X, mask=0, parcels=2, complete=False),
            said("B", 1, Y, tea=0, parcels=2, complete=False),
        ],
        (X, Y),
        True,
        None,
    ),
    "the second of two parcels corrected": (
        [
            said("A", 0, X, mask=0, parcels=2, complete=False),
            said("B", 1, Y, tea=0, parcels=2, complete=False),
            said("C", 2, Z, tea=0),
        ],
        (X, Z),
        True,
        None,
    ),
    "shipped after all": ([nothing("A", 0, Result.UNSHIPPABLE), said("B", 1, X)], (X,), True, None),
    "unshippable after it shipped": (
        [said("A", 0, X), nothing("B", 1, Result.UNSHIPPABLE)],
        (X,),
        True,
        Reason.SHIPMENT_CONFLICT,
    ),
    "cancelled and yet shipped": (
        [nothing("A", 0, Result.CANCELLED), said("B", 1, X)],
        (X,),
        True,
        Reason.SHIPMENT_CONFLICT,
    ),
    "shipped and then cancelled": (
        [said("A", 0, X), nothing("B", 1, Result.CANCELLED)],
        (X,),
        True,
        Reason.SHIPMENT_CONFLICT,
    ),
    "a part, the rest never": (
        [said("A", 0, X, tea=3, result=Result.PARTIAL), nothing("B", 1, Result.CANCELLED)],
        (X,),
        False,
        Reason.PARTIAL_SHIPMENT,
    ),
    "neither shipped nor cancelled": ([nothing("A", 0, Result.UNSHIPPABLE)], (), False, Reason.UNSHIPPABLE),
    "unshippable, then cancelled": (
        [nothing("A", 0, Result.UNSHIPPABLE), nothing("B", 1, Result.CANCELLED)],
        (),
        False,
        Reason.UNSHIPPABLE,
    ),
    "more than was asked for": (
        [said("A", 0, X, tea=3, result=Result.PARTIAL), said("B", 1, Y, tea=4, mask=0)],
        (X,),
        False,
        Reason.SHIPMENT_CONFLICT,
    ),
    "numbers of a second file": (
        [said("A", 0, X), said("N", 0, X, Y, Z, tea=0, mask=0, result=Result.NUMBERS)],
        (X, Y, Z),
        True,
        None,
    ),
    "numbers alone": ([said("N", 0, X, tea=0, mask=0, result=Result.NUMBERS)], (), False, None),
}


def grown(result_id: str, *numbers: str, **more: object) -> Shipment:
    """An event of a file without times, that names these parcels."""
    return a_shipment("9001", *numbers, result_id=result_id, confirmed_at=None, **more)


def test_a_file_that_grows_ends_with_all_its_parcels_in_whatever_order_it_is_read() -> None:
    one, two, three = grown("A", X), grown("B", X, Y), grown("C", X, Y, Z)
    for order in permutations((one, two, three, one)):
        seen = picture(order, ROWS)
        assert seen.shipment is not None
        assert (set(seen.shipment.tracking), seen.whole, seen.finding) == ({X, Y, Z}, True, None)


def test_goods_of_a_file_that_grows_are_not_counted_twice() -> None:
    tea = ShippedLine(line_no=1, sku="TEA", quantity=3)
    rest = (ShippedLine(line_no=2, sku="TEA", quantity=2), ShippedLine(line_no=3, sku="MASK", quantity=1))
    first, both = grown("A", X, lines=(tea,)), grown("B", X, Y, lines=(tea, *rest))
    for order in permutations((first, both, first)):
        seen = picture(order, ROWS)
        assert seen.shipment is not None
        assert (set(seen.shipment.tracking), seen.whole, seen.finding) == ({X, Y}, True, None)


@pytest.mark.parametrize("story", STORIES)
def test_the_same_events_make_the_same_picture_in_every_order(story: str) -> None:
    events, numbers, everything, reason = STORIES[story]
    repeats = [*events, events[0]]
    for order in permutations(repeats):
        seen = picture(order, ROWS)
        shown = seen.shipment.tracking if seen.shipment else ()
        assert (shown, seen.whole) == (numbers, everything), [one.result_id for one in order]
        assert (seen.finding.reason if seen.finding else None) is reason
        assert seen == picture(events, ROWS)


def test_without_a_time_of_its_own_the_last_word_counts() -> None:
    first, second = a_shipment("9001", X), a_shipment("9001", X, carrier="SAGAWA_TAKUHAI", result_id="R2")
    for newest, order in ((second, (first, second)), (first, (second, first))):
        found = whole(order)
        assert found is not None
        assert (found.carrier, found.tracking) == (newest.carrier, (X,))


def test_a_file_without_a_day_keeps_the_one_on_which_it_was_first_read() -> None:
    first = a_shipment("9001", X, dated=False)
    again = a_shipment("9001", X, dated=False, shipped_on=DAY + timedelta(days=1))
    assert again.repeats(first)
    assert not a_shipment("9001", X, shipped_on=DAY + timedelta(days=1)).repeats(a_shipment("9001", X))


# --- on the line ---


async def confirmed(w: World) -> str:
    await w.to_shipped(an_order())
    w.pass_by(minutes=5)
    await w.run("follow_slips", "confirm_shipment")
    assert w.state() == "shipped"
    return w.slip_of()


async def completed(w: World) -> None:
    await w.complete_now()
    w.pass_by(minutes=1)
    await w.run("complete")
    assert w.state() == "completed"


async def test_before_the_completion_next_engine_is_corrected_and_the_cart_gets_the_newest(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        slip = await confirmed(w)
        w.wms.reports(a_shipment(slip, Y))
        await w.run("collect", "confirm_shipment")
        assert w.ne.slips_held[slip].tracking == Y
        assert w.effects("ne_tracking") == ["done"]
        assert w.ne.count("confirmed") == 1, "no second 出荷確定"
        w.wms.reports(a_shipment(slip, Y), name="AGAIN.csv")
        w.pass_by(hours=7)
        await w.run("collect", "confirm_shipment")
        assert w.ne.count("corrected") == 1, "the same value again is nothing"
        await completed(w)
        assert w.cart.orders["T-1001"].tracking == Y
        assert w.holds(slip) == []
        old = tracking(int(slip))
        notes = [row.note for row in w.rows(_history_of(slip))]
        assert f"出荷実績の訂正: 送り状番号 {old} → {Y}" in notes


async def test_more_numbers_reach_the_worker_s_field_and_the_primary_one_stays(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        slip = await confirmed(w)
        old = tracking(int(slip))
        more = a_shipment(slip, old, Y, result=Result.NUMBERS, result_id="N1", dated=False)
        w.wms.reports(more)
        await w.run("collect", "confirm_shipment")
        held = w.ne.slips_held[slip]
        assert (held.tracking, f"{old}、{Y}" in held.worker_text) == (old, True)
        await completed(w)
        assert w.holds(slip) == []


async def test_an_unknown_answer_is_looked_at_before_it_is_sent_again(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        slip = await confirmed(w)
        write = w.ne.correct

        async def lost(number: str, shipment: Shipment) -> Slip:
            await write(number, shipment)
            raise Unknown("read timeout")

        w.ne.instead(correct=lost)
        w.wms.reports(a_shipment(slip, Y))
        await w.run("collect", "confirm_shipment")
        assert w.effects("ne_tracking") == ["unknown"]
        w.pass_by(minutes=2)
        await w.run("confirm_shipment")
        assert w.effects("ne_tracking") == ["done"]
        assert w.ne.count("corrected", slip) == 1


async def test_after_the_completion_a_person_decides(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        slip = await confirmed(w)
        await completed(w)
        old = tracking(int(slip))
        w.wms.reports(a_shipment(slip, Y))
        await w.run("collect", "confirm_shipment")
        assert w.holds(slip) == ["shipment_conflict"]
        note = w.hold_note(slip, "shipment_conflict")
        assert f"送り状番号 {old} → {Y}" in note
        assert f"発送伝票番号を {Y} に直し" in note
        assert (w.ne.slips_held[slip].tracking, w.cart.orders["T-1001"].tracking) == (old, old)
        w.release(slip, "shipment_conflict")
        w.wms.reports(a_shipment(slip, Y), name="AGAIN.csv")
        await w.run("collect", "confirm_shipment")
        assert w.holds(slip) == []
        assert w.effects("ne_tracking") == []


async def test_while_the_completion_is_under_way_nobody_corrects_by_himself(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        slip = await confirmed(w)
        w.cart.deaf = True
        await w.complete_now()
        w.wms.reports(a_shipment(slip, Y))
        await w.run("collect", "confirm_shipment")
        assert w.holds(slip) == ["shipment_conflict"]
        assert w.effects("ne_tracking") == []


async def test_an_older_fact_that_comes_late_turns_no_correction_back(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        slip = w.slip_of()
        w.wms.reports(a_shipment(slip, Y, confirmed_at=NOON + timedelta(hours=1)))
        await w.run("collect", "confirm_shipment")
        w.wms.reports(a_shipment(slip, X, confirmed_at=NOON))
        w.pass_by(minutes=11)
        await w.run("follow_slips", "collect", "confirm_shipment")
        assert w.ne.slips_held[slip].tracking == Y
        assert (w.effects("ne_tracking"), w.holds(slip)) == ([], [])
        await completed(w)
        assert w.cart.orders["T-1001"].tracking == Y


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"carrier": "SAGAWA_TAKUHAI"}, "運送会社 YAMATO_TAKKYUBIN → SAGAWA_TAKUHAI"),
        ({"shipped_on": date(2026, 11, 25)}, "出荷日 2026-11-24 → 2026-11-25"),
    ],
)
async def test_another_carrier_or_day_likewise(
    changed: dict[str, object], words: str, tmp_path: Path
) -> None:
    with world(tmp_path) as w:
        slip = await confirmed(w)
        w.wms.reports(a_shipment(slip, confirmed_at=NOON, **changed))
        await w.run("collect", "confirm_shipment")
        assert f"出荷実績の訂正: {words}" in [row.note for row in w.rows(_history_of(slip))]
        assert w.holds(slip) == []
        await completed(w)
        w.wms.reports(a_shipment(slip, confirmed_at=NOON + timedelta(hours=1)))
        await w.run("collect")
        assert w.holds(slip) == ["shipment_conflict"]


async def test_a_number_that_a_person_put_there_is_not_written_over(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        slip = await confirmed(w)
        w.ne.edit(slip, tracking=Z)
        w.wms.reports(a_shipment(slip, Y))
        await w.run("collect", "confirm_shipment")
        assert w.ne.slips_held[slip].tracking == Z
        assert w.holds(slip) == ["shipment_conflict"]
        assert Z in w.hold_note(slip, "shipment_conflict")


async def test_a_slip_that_was_taken_back_gets_no_number(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        slip = await confirmed(w)
        w.ne.edit(slip, status=20, tracking="")
        w.wms.reports(a_shipment(slip, Y))
        await w.run("collect", "confirm_shipment")
        assert (w.ne.slips_held[slip].tracking, w.effects("ne_tracking")) == ("", [])


def _history_of(number: str) -> object:
    from connector.ledger.schema import history
    from sqlalchemy import select

    return select(history).where(history.c.number == number).order_by(history.c.id)
