"""Roll-forward (繰越): a day opens with the yen that the day before closed with; what changed a total has a name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from connector.ledger import views
from connector.ledger.views import Flow
from connector.outcome import Hold, Reason
from connector.slip import NEStatus
from sqlalchemy import Connection

from tests.unit.seeded_day import an_empty_ledger
from tests.unit.shop_day import DAY, NOW, SHOP, Day, a_slip, an_order

YESTERDAY = DAY - timedelta(days=1)
ORDERED = NOW - timedelta(hours=20)  # yesterday at 12:30
FEE = 550


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    """An order of yesterday; its slip in 新規受付 shows the goods alone until the import brings the delivery fee."""
    with an_empty_ledger(tmp_path) as database, database.engine.begin() as connection:
        found = Day(connection)
        found.take_in(an_order("1", ORDERED, payable=5826), ORDERED)
        found.see(a_slip("51", "1", NEStatus.INTAKE, "1", total=5826 - FEE), ORDERED + timedelta(minutes=20))
        yield found


def flow(connection: Connection, item: str, state: str, back: int = 0) -> Flow:
    begins_at, ends_at = views.day_span(DAY - timedelta(days=back))
    found = views.roll_forward(connection, SHOP.key, begins_at, ends_at)
    for one in found:
        left = one.opening_yen + one.new_yen + one.revalued_yen
        assert left == one.moved_on_yen + one.cancelled_yen + one.held_yen + one.open_yen, one
    return next(one for one in found if (one.item, one.state) == (item, state))


def test_a_total_that_changed_today_leaves_yesterdays_closing_as_it_was(day: Day) -> None:
    closed = flow(day.connection, "slip", "intake", back=1)
    assert (closed.new_yen, closed.open_yen) == (5276, 5276)
    imported = NOW - timedelta(hours=1)
    day.see(a_slip("51", "1", NEStatus.PRINT_WAIT, "2", total=5826), imported)
    assert flow(day.connection, "slip", "intake", back=1) == closed
    today = flow(day.connection, "slip", "intake")
    assert (today.opening_yen, today.revalued_yen, today.moved_on_yen, today.open_yen) == (5276, FEE, 5826, 0)
    assert flow(day.connection, "slip", "print_ready").new_yen == 5826


def test_several_changes_of_one_day_and_of_the_next_are_each_of_their_day(day: Day) -> None:
    at = ORDERED + timedelta(hours=2)
    for n, total in enumerate((5826, 6000)):
        day.see(a_slip("51", "1", NEStatus.INTAKE, f"2{n}", total=total), at + timedelta(hours=n))
    day.see(a_slip("51", "1", NEStatus.INTAKE, "3", total=5000), NOW - timedelta(minutes=9))
    yesterday, today = (flow(day.connection, "slip", "intake", back=back) for back in (1, 0))
    assert (yesterday.new_yen, yesterday.revalued_yen, yesterday.open_yen) == (5276, 724, 6000)
    assert (today.opening_yen, today.revalued_yen, today.open_yen) == (6000, -1000, 5000)


def test_an_order_that_the_cart_made_dearer_is_told_the_same_way(day: Day) -> None:
    dearer = an_order("1", ORDERED, payable=7000, updated_at=NOW - timedelta(minutes=30))
    day.take_in(dearer, NOW - timedelta(minutes=25))
    assert flow(day.connection, "order", "received", back=1).open_yen == 5826
    today = flow(day.connection, "order", "received")
    assert (today.opening_yen, today.revalued_yen, today.open_yen) == (5826, 1174, 7000)


def test_what_is_held_keeps_the_yen_of_its_day(day: Day) -> None:
    day.say("notify", "1", Hold(Reason.BY_HAND, "確認"), ORDERED + timedelta(minutes=9))
    day.take_in(an_order("1", ORDERED, payable=7000, updated_at=NOW), NOW)
    assert flow(day.connection, "order", "received", back=1).held_yen == 5826
    assert flow(day.connection, "order", "received").held_yen == 7000


def test_the_change_of_a_total_is_a_line_of_the_history(day: Day) -> None:
    day.see(a_slip("51", "1", NEStatus.INTAKE, "2", total=5826), NOW)
    picture = views.slip(day.connection, SHOP, "51", NOW)
    assert picture is not None
    said = [
        views.sentence_of(row, lang)
        for lang in ("ja", "en")
        for row in picture.history
        if row.event == "revalued"
    ]
    assert said == ["伝票 51 金額の変更 5,276円 → 5,826円", "slip 51 amount changed ¥5,276 → ¥5,826"]
