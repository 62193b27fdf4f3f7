"""Reconciliation: every order gets one verdict, every difference its kind, and a dead side is not a difference."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest
from connector.ledger.database import Database
from connector.ledger.schema import orders as orders_table
from connector.order import Origin, PaymentState, Round
from connector.outcome import Finding, Hold, Reason, Stray
from connector.reports import Picture
from connector.reports.checks import CHECKS
from connector.reports.picture import CART, NEXT_ENGINE
from connector.slip import NEStatus, SlipRow
from sqlalchemy import update

from tests.unit.pictures import Shelf
from tests.unit.seeded_day import a_morning, an_empty_ledger
from tests.unit.shop_day import NOW, SHOP, Day, a_slip, an_order, refused

HOUR = timedelta(hours=1)


@pytest.fixture
def morning(tmp_path: Path) -> Iterator[Database]:
    with a_morning(tmp_path) as database:
        yield database


@pytest.fixture
def clean(tmp_path: Path) -> Iterator[Database]:
    """One order at each of four places, all of them in time."""
    with an_empty_ledger(tmp_path) as database:
        with database.engine.begin() as connection:
            day = Day(connection)
            day.to_completed(an_order("1", NOW - 20 * HOUR), NOW - 20 * HOUR, "501", "400000000002")
            day.to_relayed(an_order("2", NOW - 5 * HOUR), NOW - 5 * HOUR, "502")
            day.to_intake(an_order("3", NOW - HOUR), NOW - HOUR, "503")
            day.to_shipped(an_order("4", NOW - 9 * HOUR), NOW - 9 * HOUR, "504", "400000000013")
        yield database


def of(picture: Picture, kind: str) -> list[Finding]:
    return [finding for finding in picture.findings if finding.kind == kind]


def verdict(picture: Picture, number: str) -> tuple[str, str]:
    (one,) = [verdict for verdict in picture.verdicts if verdict.number == number]
    return one.verdict, one.reason


async def test_where_all_agree_there_is_nothing_to_find(clean: Database) -> None:
    picture = await Shelf(clean).picture(clean)
    assert picture.findings == ()
    assert (picture.differences, picture.unexplained_yen) == (0, 0)
    assert set(picture.kinds.values()) == {0}
    assert picture.counts() == {"matched": 1, "on_its_way": 3}


async def test_every_order_of_the_cart_gets_exactly_one_verdict(morning: Database) -> None:
    shelf = Shelf(morning)
    shelf.orders["1020"] = an_order("1020", NOW - 3 * HOUR)
    picture = await shelf.picture(morning)
    assert sum(picture.counts().values()) == len(shelf.orders) == picture.source(CART).count
    assert len({one.number for one in picture.verdicts}) == len(picture.verdicts)
    assert verdict(picture, "2000") == ("matched", "")
    assert verdict(picture, "1002") == ("on_its_way", "in_intake")
    assert verdict(picture, "1003") == ("refused", "payment_refused")
    assert verdict(picture, "1009") == ("held", "shipment_conflict")
    assert verdict(picture, "1011") == ("left_out", "before_start")
    assert verdict(picture, "1012") == ("held", "unknown_value")
    assert verdict(picture, "1020") == ("finding", "missing_here")


async def test_a_hold_explains_a_finding_and_the_finding_stays_visible(morning: Database) -> None:
    picture = await Shelf(morning).picture(morning)
    (late,) = of(picture, "shipped_not_confirmed")
    assert (late.order_number, late.explained) == ("1009", True)
    assert late not in picture.unexplained
    assert (
        picture.unexplained_yen == 7800 + 9800
    )  # 1005 not in NE, 1008 stuck at the warehouse; the stray has none


async def test_unexplained_yen_counts_an_order_once(clean: Database) -> None:
    shelf = Shelf(clean)
    shelf.change_slip("502", total=3000)
    shelf.slips["599"] = a_slip("599", "2", NEStatus.PRINTED, "1", total=0)
    picture = await shelf.picture(clean)
    assert {finding.kind for finding in picture.findings} == {"amount_differs", "duplicate_slip"}
    assert picture.unexplained_yen == 3980


# --- each kind --------------------------------------------------------------------------------------------


async def test_missing_here(clean: Database) -> None:
    shelf = Shelf(clean)
    shelf.orders["90"] = an_order("90", NOW - 2 * HOUR, payable=5000)
    shelf.orders["91"] = an_order("91", NOW - timedelta(minutes=10))  # inside the patience of the intake
    shelf.orders["92"] = an_order("92", SHOP.start_at - HOUR, updated_at=NOW - 2 * HOUR)  # before our time
    shelf.orders["93"] = an_order("93", NOW - 2 * HOUR, deleted=True)
    picture = await shelf.picture(clean)
    (found,) = of(picture, "missing_here")
    assert (found.order_number, found.yen) == ("90", 5000)
    assert verdict(picture, "91") == ("on_its_way", "ingest")
    assert verdict(picture, "92") == ("left_out", "before_start")
    assert verdict(picture, "93") == ("left_out", "deleted")


async def test_missing_in_cart(clean: Database) -> None:
    shelf = Shelf(clean)
    del shelf.orders["2"]
    picture = await shelf.picture(clean)
    assert [finding.order_number for finding in of(picture, "missing_in_cart")] == ["2"]
    assert sum(picture.counts().values()) == 3  # it is no order of the cart any more


async def test_changed_not_seen(clean: Database) -> None:
    shelf = Shelf(clean)
    shelf.change_order("3", time_slot="午前中", updated_at=NOW - timedelta(minutes=40))
    shelf.change_order("2", time_slot="午前中", updated_at=NOW - timedelta(minutes=5))
    picture = await shelf.picture(clean)
    assert [finding.order_number for finding in of(picture, "changed_not_seen")] == ["3"]


async def test_two_for_one_round(clean: Database) -> None:
    shelf = Shelf(clean)
    parent = Round(subscription_id=7, number="S7", round=4)
    for number in ("3", "4"):
        shelf.change_order(number, subscription=parent, origin=Origin.GENERATED)
    picture = await shelf.picture(clean)
    (found,) = of(picture, "two_for_one_round")
    assert (found.order_number, found.words) == ("4", "定期 S7 4回目: 受注 3 と重複")
    shelf.change_order("3", deliver_on=date(2026, 10, 5))  # a refund lowered 定期回数: two deliveries
    shelf.change_order("4", deliver_on=date(2026, 11, 5))
    assert of(await shelf.picture(clean), "two_for_one_round") == []
    shelf.change_order("4", deliver_on=date(2026, 10, 6), cancelled=True)
    assert of(await shelf.picture(clean), "two_for_one_round") == []


async def test_missing_in_ne(clean: Database) -> None:
    shelf = Shelf(clean)
    del shelf.slips["503"]
    picture = await shelf.picture(clean)
    assert [finding.order_number for finding in of(picture, "missing_in_ne")] == ["3"]


async def test_a_mail_inside_its_patience_is_not_missing(tmp_path: Path) -> None:
    with an_empty_ledger(tmp_path) as database:
        with database.engine.begin() as connection:
            day = Day(connection)
            day.take_in(an_order("1", NOW - HOUR), NOW - HOUR)
            day.act("notify", "mail", ["1"], NOW - HOUR, body=b"x", name="<1@example.jp>", order="1")
        shelf = Shelf(database)
        assert (await shelf.picture(database)).findings == ()
        late = await shelf.picture(database, NOW + 2 * HOUR)
        assert [finding.kind for finding in late.findings] == ["missing_in_ne"]


async def test_not_imported(clean: Database) -> None:
    shelf = Shelf(clean)
    assert of(await shelf.picture(clean, NOW + 8 * HOUR), "not_imported") == []  # 16:30: the grace lasts
    picture = await shelf.picture(clean, NOW + 9 * HOUR)
    (found,) = of(picture, "not_imported")
    assert (found.order_number, found.words) == ("3", "11/25 14:00 の本取込に入っていません。")


async def test_amount_differs(clean: Database) -> None:
    shelf = Shelf(clean)
    shelf.change_slip("502", total=4480)
    shelf.change_slip("503", total=0)  # not imported yet: what the mail opened has no total to compare
    (found,) = of(await shelf.picture(clean), "amount_differs")
    assert (found.order_number, found.slip_number, found.yen) == ("2", "502", 500)
    assert found.words == "カート 3,980円 / 伝票 4,480円（差 +500円）"


async def test_rates_differ(clean: Database) -> None:
    shelf = Shelf(clean)
    assert shelf.orders["2"].amounts.subtotal8 == 3980
    row = SlipRow(no=1, sku="MIHON-01", name="見本", quantity=1, unit_price=3980, tax_rate=10)
    gone = SlipRow(no=2, sku="MIHON-02", name="見本", quantity=1, unit_price=500, tax_rate=8, cancelled=True)
    shelf.change_slip("502", rows=(row, gone))
    (found,) = of(await shelf.picture(clean), "rates_differ")
    assert (found.order_number, found.slip_number, found.yen) == ("2", "502", 3980)
    assert found.words == (
        "8%商品 カート 3,980円 / 伝票 0円（差 -3,980円）、10%商品 カート 0円 / 伝票 3,980円（差 +3,980円）"
    )
    shelf.change_slip("502", rows=(msgspec.structs.replace(row, tax_rate=8),), tax=1)
    (found,) = of(await shelf.picture(clean), "rates_differ")
    assert (found.yen, found.words) == (1, "消費税 カート 0円 / 伝票 1円（差 +1円）")


async def test_a_total_that_differs_is_one_finding_that_names_the_rates_too(clean: Database) -> None:
    shelf = Shelf(clean)
    row = SlipRow(no=1, sku="MIHON-01", name="見本", quantity=1, unit_price=4480, tax_rate=8)
    shelf.change_slip("502", rows=(row,), total=4480)
    (found,) = (await shelf.picture(clean)).findings
    assert (found.kind, found.yen) == ("amount_differs", 500)
    assert found.words == (
        "カート 3,980円 / 伝票 4,480円（差 +500円）、8%商品 カート 3,980円 / 伝票 4,480円（差 +500円）"
    )


async def test_what_no_side_says_of_rates_is_no_difference(clean: Database) -> None:
    shelf = Shelf(clean)
    row = SlipRow(no=1, sku="MIHON-01", name="見本", quantity=1, unit_price=3980)
    shelf.change_slip("502", rows=(row,))
    assert of(await shelf.picture(clean), "rates_differ") == []
    shelf.change_slip("502", rows=(msgspec.structs.replace(row, tax_rate=10),))
    amounts = msgspec.structs.replace(shelf.orders["2"].amounts, subtotal8=0)
    shelf.change_order("2", amounts=amounts)
    assert of(await shelf.picture(clean), "rates_differ") == []


async def test_rows_that_cannot_be_read_are_unknown_and_take_nothing_else_with_them(clean: Database) -> None:
    shelf = Shelf(clean)
    shelf.down.add("slip_rows")
    shelf.change_slip("502", total=4480)
    picture = await shelf.picture(clean)
    assert picture.kinds["rates_differ"] is None
    assert picture.kinds["amount_differs"] == 1
    assert picture.complete


async def test_a_split_ties_by_its_sum(clean: Database) -> None:
    shelf = Shelf(clean)
    shelf.change_slip("502", total=3000)
    shelf.slips["599"] = a_slip("599", "2", NEStatus.PRINTED, "1", total=980, split_from="502")
    picture = await shelf.picture(clean)
    assert of(picture, "amount_differs") == of(picture, "duplicate_slip") == []


async def test_duplicate_slip_is_never_explained_by_a_hold(clean: Database) -> None:
    with clean.engine.begin() as connection:
        Day(connection).say("import_daily", "2", Hold(Reason.BY_HAND, "見ています"), NOW)
    shelf = Shelf(clean)
    shelf.slips["599"] = a_slip("599", "2", NEStatus.INTAKE, "1", copied_from="502")
    (found,) = of(await shelf.picture(clean), "duplicate_slip")
    assert (found.order_number, found.explained) == ("2", False)


async def test_relayed_twice(clean: Database) -> None:
    with clean.engine.begin() as connection:
        day = Day(connection)
        day.act("relay", "wms_file", ["502"], NOW - HOUR, key="mihon/wms_file/again", name="again.csv")
    (found,) = of(await Shelf(clean).picture(clean), "relayed_twice")
    assert (found.slip_number, found.words) == ("502", "出荷指示ファイル 2 通")


async def test_a_refused_slip_may_be_relayed_again(clean: Database) -> None:
    with clean.engine.begin() as connection:
        day = Day(connection)
        day.say("relay", "502", Hold(Reason.REFUSED, "E101 住所不備"), NOW - 2 * HOUR)
        day.act("relay", "wms_file", ["502"], NOW - HOUR, key="mihon/wms_file/again", name="again.csv")
    assert of(await Shelf(clean).picture(clean), "relayed_twice") == []


async def test_shipped_unpaid(clean: Database) -> None:
    shelf = Shelf(clean)
    shelf.change_slip("502", prepayment=True, payment_method="銀行振込")
    (found,) = of(await shelf.picture(clean), "shipped_unpaid")
    assert (found.order_number, found.words) == ("2", "銀行振込: 未入金")
    shelf.change_slip("502", deposit_type="2")
    assert of(await shelf.picture(clean), "shipped_unpaid") == []
    shelf.orders["4"] = refused(shelf.orders["4"])
    assert [one.order_number for one in of(await shelf.picture(clean), "shipped_unpaid")] == ["4"]


async def test_shipped_not_relayed(clean: Database) -> None:
    shelf = Shelf(clean)
    shelf.change_slip("503", status=NEStatus.SHIPPED, shipped_at=NOW)
    (found,) = of(await shelf.picture(clean), "shipped_not_relayed")
    assert found.slip_number == "503"


async def test_ne_status_behind(clean: Database) -> None:
    shelf = Shelf(clean)
    shelf.change_slip("504", status=NEStatus.PRINTED)  # confirmed once, and moved back by hand
    shelf.change_slip("502", status=NEStatus.PRINT_WAIT)  # at the warehouse, the mark not there yet
    picture = await shelf.picture(clean)
    assert [finding.slip_number for finding in of(picture, "ne_status_behind")] == ["504"]
    late = await shelf.picture(clean, NOW + 3 * HOUR)
    assert [finding.slip_number for finding in of(late, "ne_status_behind")] == ["502", "504"]


async def test_shipped_not_completed(clean: Database) -> None:
    shelf = Shelf(clean)
    assert of(await shelf.picture(clean, NOW + 20 * HOUR), "shipped_not_completed") == []
    late = await shelf.picture(clean, NOW + 30 * HOUR)
    assert [finding.order_number for finding in of(late, "shipped_not_completed")] == ["4"]


async def test_completed_not_shipped(clean: Database) -> None:
    shelf = Shelf(clean)
    shelf.change_order("2", state_code="shipped", shipped_at=NOW)
    assert [one.order_number for one in of(await shelf.picture(clean), "completed_not_shipped")] == ["2"]


async def test_captured_twice(clean: Database) -> None:
    with clean.engine.begin() as connection:
        day = Day(connection)
        for n in (1, 2):
            key = f"mihon/completion/again/{n}"
            day.act("complete", "completion", ["4"], NOW - HOUR, key=key, sales=["4"])
    (found,) = of(await Shelf(clean).picture(clean), "captured_twice")
    assert (found.order_number, found.words) == ("4", "売上処理 2 回")


async def test_capture_failed(clean: Database) -> None:
    shelf = Shelf(clean)
    payment = msgspec.structs.replace(
        shelf.orders["4"].payment, state=PaymentState.CAPTURE_FAILED, words="E07"
    )
    shelf.change_order("4", payment=payment)
    (found,) = of(await shelf.picture(clean), "capture_failed")
    assert (found.order_number, found.words) == ("4", "E07")


async def test_cancelled_not_stopped(morning: Database) -> None:
    shelf = Shelf(morning)
    assert of(await shelf.picture(morning), "cancelled_not_stopped") == []  # asked 38 minutes ago
    late = await shelf.picture(morning, NOW + HOUR)
    (found,) = of(late, "cancelled_not_stopped")
    assert (found.order_number, found.slip_number) == ("1013", "51013")
    shelf.change_slip("51013", cancel_type="1")
    assert of(await shelf.picture(morning, NOW + HOUR), "cancelled_not_stopped") == []


async def test_stuck_names_what_no_other_check_names(morning: Database) -> None:
    picture = await Shelf(morning).picture(morning)
    assert [(one.order_number, one.slip_number) for one in of(picture, "stuck")] == [("1008", "51008")]


async def test_strays_are_findings_without_an_order(morning: Database) -> None:
    picture = await Shelf(morning).picture(morning)
    (stray,) = of(picture, "stray")
    assert stray.order_number == ""
    assert picture.kinds["stray"] == 1


async def test_books_that_do_not_tie_are_named(clean: Database) -> None:
    with clean.engine.begin() as connection:  # a write that went past the history
        connection.execute(update(orders_table).where(orders_table.c.number == "3").values(state="notified"))
    found = of(await Shelf(clean).picture(clean), "books_differ")
    assert [one.words for one in found] == [
        "order notified: 履歴 0 / 台帳 1",
        "order in_intake: 履歴 1 / 台帳 0",
    ]


# --- a side that cannot be believed -----------------------------------------------------------------------


@pytest.mark.parametrize(("side", "words"), [(CART, "ecforce: 503"), (NEXT_ENGINE, "next_engine: 008003")])
async def test_a_dead_side_is_unknown_and_not_a_thousand_findings(
    morning: Database, side: str, words: str
) -> None:
    shelf = Shelf(morning)
    shelf.down.add(side)
    picture = await shelf.picture(morning)
    source = picture.source(side)
    assert (source.known, source.words, source.count) == (False, words, None)
    assert source.ok_at is not None
    for check in CHECKS:
        assert (picture.kinds[check.kind] is None) == (side in check.needs)
    assert picture.unexplained_yen is None
    assert len(picture.findings) < 5
    assert len(picture.absurd) == 1


async def test_with_a_dead_cart_no_order_is_called_matched(clean: Database) -> None:
    shelf = Shelf(clean)
    shelf.down.add(CART)
    picture = await shelf.picture(clean)
    assert picture.differences is None  # nothing found, and not everything compared
    assert {one.verdict for one in picture.verdicts} == {"unknown"}


async def test_a_next_engine_that_shows_nothing_is_absurd(morning: Database) -> None:
    shelf = Shelf(morning)
    shelf.slips.clear()
    picture = await shelf.picture(morning)
    assert not picture.source(NEXT_ENGINE).known
    assert "表示しません" in picture.source(NEXT_ENGINE).words
    assert picture.kinds["missing_in_ne"] is None


async def test_a_cart_that_shows_nothing_is_absurd(morning: Database) -> None:
    shelf = Shelf(morning)
    shelf.orders.clear()
    picture = await shelf.picture(morning)
    assert not picture.source(CART).known
    assert picture.kinds["missing_in_cart"] is None


async def test_unreadable_orders_of_the_cart_are_said(clean: Database) -> None:
    shelf = Shelf(clean)
    shelf.malformed = (Stray("cart", "orders 1", "payment_total: expected an integer"),)
    assert (await shelf.picture(clean)).source(CART).words == "読めない受注 1 件"


def test_the_checks_number_themselves_in_order_and_cite_their_invariants() -> None:
    docs = [check.find.__doc__ or "" for check in CHECKS]
    assert sorted(int(doc.split(".")[0]) for doc in docs) == list(range(1, len(CHECKS) + 1))
    assert [check.kind for check in CHECKS if not check.explainable] == [
        "relayed_twice",
        "duplicate_slip",
        "captured_twice",
        "shipped_unpaid",
    ]
