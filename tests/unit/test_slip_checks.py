"""Why slips waited in Next Engine: each reason opened and closed as we saw it, counted by reason and by hours."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from connector.ledger.slip_checks import Check, reasons
from connector.ledger.views.checks import CheckFigure, check_figures, checks_between, checks_of
from connector.slip import NEStatus, Slip, SlipRow

from tests.unit.world import START, TRANSFER, World, an_order, world

HOUR = timedelta(hours=1)


def a_slip(**more: object) -> Slip:
    fields: dict[str, object] = {"prepayment": False, "status": NEStatus.OPEN}
    return Slip(number="9001", order_number="T-1001", ne_shop_id="1", **(fields | more))  # type: ignore[arg-type]


def a_row(**more: object) -> SlipRow:
    fields: dict[str, object] = {"quantity": 2, "allocated": 2}
    return SlipRow(no=1, sku="SKU-1", name="見本", unit_price=1100, **(fields | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("slip", "expected"),
    [
        (a_slip(confirm_check="1", confirm_ids="AO:AA#1:AA#2"), {("AO", None), ("AA#1", 1), ("AA#2", 2)}),
        (a_slip(confirm_check="1"), {("", None)}),
        (a_slip(confirm_check="1", confirm_ids="ZZ"), {("ZZ", None)}),
        (a_slip(confirm_check="2", confirm_ids="AO"), set()),
        (a_slip(confirm_check="1", confirm_ids="AO", status=NEStatus.PRINT_WAIT), set()),
        (a_slip(confirm_check="1", confirm_ids="AO", cancel_type="1"), set()),
    ],
)
def test_each_code_of_a_check_is_a_reason(slip: Slip, expected: set[tuple[str, int | None]]) -> None:
    assert reasons(slip, START) == {Check("確認待ち", code, row) for code, row in expected}


def test_the_other_screens_are_one_reason_each() -> None:
    tomorrow = (START + timedelta(days=1)).date()
    said = {
        "入金待ち": a_slip(prepayment=True),
        "引当待ち": a_slip(rows=(a_row(allocated=1),)),
        "発売日待ち": a_slip(rows=(a_row(release_on=tomorrow),)),
        "印刷日待ち": a_slip(status=NEStatus.PRINT_WAIT, instruct_at=START + timedelta(days=1)),
    }
    assert {tab: reasons(slip, START) for tab, slip in said.items()} == {tab: {Check(tab)} for tab in said}
    assert reasons(a_slip(), START) == set(), "without rows nobody can tell"
    assert reasons(a_slip(status=NEStatus.SHIPPED), START) == set()


async def to_check(w: World, codes: str) -> str:
    """An imported order whose slip Next Engine wants to have confirmed."""
    await w.to_intake(an_order())
    w.ne.instead(advance=lambda number: w.ne.edit(number, confirm_check="1", confirm_ids=codes))
    await w.import_now()
    w.pass_by(minutes=2)
    await w.run("import_daily", "follow_slips")
    return w.slip_of()


def told(w: World, slip: str) -> list[tuple[str, str, bool]]:
    """Of the only slip of its order."""
    with w.database.engine.connect() as connection:
        rows = checks_of(connection, w.shop.key, order="T-1001")
        assert rows == checks_of(connection, w.shop.key, slip=slip)
    return [(row.tab, row.code, row.closed_at is None) for row in rows]


def told_of(w: World, slip: str) -> list[tuple[str, str, bool]]:
    with w.database.engine.connect() as connection:
        rows = checks_of(connection, w.shop.key, slip=slip)
    return [(row.tab, row.code, row.closed_at is None) for row in rows]


async def test_a_check_is_open_while_it_stands_and_each_code_by_itself(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        slip = await to_check(w, "AO:AG")
        for _ in range(3):
            await w.run("follow_slips")
        assert told(w, slip) == [("確認待ち", "AG", True), ("確認待ち", "AO", True)], (
            "once, however often seen"
        )
        begun_at = w.clock.now()
        w.pass_by(hours=1)
        w.ne.edit(slip, confirm_ids="AO")
        await w.run("follow_slips")
        assert told(w, slip) == [("確認待ち", "AG", False), ("確認待ち", "AO", True)]
        w.pass_by(hours=2)
        w.ne.edit(slip, confirm_check="2", status=NEStatus.PRINT_WAIT, instruct_at=w.clock.now())
        await w.run("follow_slips")
        assert told(w, slip) == [("確認待ち", "AG", False), ("確認待ち", "AO", False)]
        with w.database.engine.connect() as connection:
            day = connection, w.shop.key, START, START + timedelta(days=1)
            assert check_figures(*day, w.clock.now()) == [
                CheckFigure(tab="確認待ち", code="AO", slips=1, still=0, waited=3 * HOUR),
                CheckFigure(tab="確認待ち", code="AG", slips=1, still=0, waited=HOUR),
            ]
            half = begun_at + timedelta(minutes=30)
            assert [
                row.code for row in checks_between(connection, w.shop.key, half + HOUR, half + 2 * HOUR)
            ] == ["AO"]
            (ao,) = check_figures(connection, w.shop.key, half + HOUR, half + 2 * HOUR, w.clock.now())
            assert (ao.waited, ao.still, ao.hours) == (HOUR, 1, 1.0)


async def test_money_that_is_waited_for(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order(payment=TRANSFER))
        slip = w.slip_of()
        assert told(w, slip) == [("入金待ち", "", True)]
        w.ne.edit(slip, deposit_type="2")
        w.ne.advance(slip)
        w.pass_by(minutes=10)
        await w.run("follow_slips")
        assert told(w, slip) == [("入金待ち", "", False)]


async def test_stock_that_is_waited_for_is_read_from_the_rows(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        copy = w.ne.open("T-1001", NEStatus.OPEN, copied_from=w.slip_of()).number  # nothing left on the shelf
        await w.run("follow_slips")
        assert told_of(w, copy) == [("引当待ち", "", True)]
        assert w.slip(copy).waiting_for == "引当待ち"
        w.pass_by(minutes=30)
        await w.run("follow_slips")
        w.ne.edit(copy, status=NEStatus.PRINT_WAIT, instruct_at=w.clock.now())
        await w.run("follow_slips")
        assert told_of(w, copy) == [("引当待ち", "", False)]


async def test_a_print_date_that_comes_by_itself_closes_its_row(tmp_path: Path) -> None:
    """Next Engine does not call such a slip changed."""
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        later = START + timedelta(hours=5)
        w.ne.instead(advance=lambda number: w.ne.edit(number, status=NEStatus.PRINT_WAIT, instruct_at=later))
        await w.import_now()
        w.pass_by(minutes=2)
        await w.run("import_daily", "follow_slips")
        assert told(w, w.slip_of()) == [("印刷日待ち", "", True)]
        w.pass_by(hours=6)
        await w.run("follow_slips")
        assert told(w, w.slip_of()) == [("印刷日待ち", "", False)]
        assert w.slip_state() == "print_ready"


async def test_a_bundled_slip_waits_no_more(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        slip = await to_check(w, "AA#1")
        w.ne.edit(slip, cancel_type="3", merged_into="9999")
        await w.run("follow_slips")
        assert told(w, slip) == [("確認待ち", "AA#1", False)]


async def test_two_rows_of_one_code_wait_once(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await to_check(w, "AA#1:AA#2")
        w.pass_by(hours=1)
        with w.database.engine.connect() as connection:
            (aa,) = check_figures(connection, w.shop.key, START, START + timedelta(days=1), w.clock.now())
        assert (aa.code, aa.slips, aa.still, aa.waited) == ("AA", 1, 1, HOUR)
