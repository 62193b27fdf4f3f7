"""The automation rate (自動化率): counted from the raw rows, each touch with its reason, the gain foretold (B03)."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from connector.clock import at_jst
from connector.ledger import by_hand, views
from connector.ledger.database import Database
from connector.ledger.schema import history, order_slips, slips
from connector.ledger.schema_hub import slip_checks
from connector.outcome import Advance, Hold, Reason
from connector.reports import automation as told
from connector.words.automation import touch_reason
from sqlalchemy import Connection, insert, select

from tests.unit.seeded_day import an_empty_ledger
from tests.unit.shop_day import DAY, SHOP, Day, an_order

SEED = 20261122
ORDERS = 150
FIRST = at_jst(DAY - timedelta(days=1), 6)
TROUBLES = ("unknown_value", "unmappable_text", "check:AG", "check:AO", "deposit", "by_hand")
TABS = {"check:AG": ("確認待ち", "AG"), "check:AO": ("確認待ち", "AO#2"), "deposit": ("入金待ち", "")}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    with an_empty_ledger(tmp_path) as database:
        yield database


@pytest.fixture(scope="module")
def yesterday(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """The day with all its troubles."""
    with an_empty_ledger(tmp_path_factory.mktemp("day")) as database:
        with database.engine.begin() as connection:
            live_through(connection, the_days_troubles())
        with database.engine.connect() as connection:
            yield connection


def the_days_troubles() -> list[frozenset[str]]:
    """What befalls each order, the same every time."""
    draw = random.Random(SEED)
    return [frozenset(one for one in TROUBLES if draw.random() < 0.08) for _ in range(ORDERS)]


def live_through(connection: Connection, troubles: list[frozenset[str]]) -> None:
    """A day of orders that ship, each with its troubles on the way."""
    day = Day(connection)
    for n, some in enumerate(troubles):
        number, slip, at = f"A{n:04}", str(70000 + n), FIRST + timedelta(seconds=n)
        order = an_order(number, at)
        day.take_in(order, at)
        for reason in sorted(some & {"unknown_value", "unmappable_text"}):
            day.say("notify", number, Hold(Reason(reason), "見本"), at + timedelta(minutes=1))
        day.to_print_ready(order, at + timedelta(minutes=2), slip)
        for one in sorted(some & TABS.keys()):
            _stood_under(connection, slip, *TABS[one], at + timedelta(minutes=40))
        if "by_hand" in some:
            held_at = at + timedelta(minutes=41)
            by_hand.hold(connection, SHOP.key, slip, "見本 花子", "箱の確認", held_at, "slip")
            by_hand.release(connection, SHOP.key, slip, "見本 花子", "確認済み", held_at, item="slip")
        for stage in ("relay", "collect", "confirm_shipment"):
            day.say(stage, slip, Advance({}), at + timedelta(hours=3))


def _stood_under(connection: Connection, slip: str, tab: str, code: str, at: datetime) -> None:
    slip_id = connection.scalar(select(slips.c.id).where(slips.c.number == slip))
    row = {"shop": SHOP.key, "slip_id": slip_id, "tab": tab, "code": code, "row_no": None}
    connection.execute(insert(slip_checks), [row | {"opened_at": at, "closed_at": at + timedelta(minutes=9)}])


def yesterdays(connection: Connection, without: tuple[str, ...] = ()) -> views.Automation:
    begins_at, ends_at = views.day_span(DAY - timedelta(days=1))
    return views.automation(connection, SHOP.key, begins_at, ends_at, without)


def recount(connection: Connection) -> tuple[int, int]:
    """Shipped and untouched again, from the raw rows alone and by another way: one slip after the other."""
    rows: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for row in connection.execute(select(history)):
        rows[row.item, row.item_id].append(row)
    orders_of: dict[int, list[int]] = defaultdict(list)
    for tie in connection.execute(select(order_slips)):
        orders_of[tie.slip_id].append(tie.order_id)
    waited = set(connection.scalars(select(slip_checks.c.slip_id)))
    shipped = [id_ for (item, id_), some in rows.items() if item == "slip" and _confirmed(some)]
    untouched = [
        id_
        for id_ in shipped
        if id_ not in waited
        and not any(
            row.event == "held" or row.actor not in ("connector", "watch")
            for key in (("slip", id_), *(("order", order) for order in orders_of[id_]))
            for row in rows[key]
        )
    ]
    return len(shipped), len(untouched)


def _confirmed(rows: list[Any]) -> bool:
    return any(row.to_state == "confirmed" for row in rows)


def test_the_rate_is_the_one_of_the_raw_rows(yesterday: Connection) -> None:
    found = yesterdays(yesterday)
    assert (found.shipped, found.untouched) == recount(yesterday)
    span = views.automation_span(yesterday, SHOP.key, DAY - timedelta(days=1), 7)
    assert found.shipped == ORDERS
    assert found.untouched == sum(not some for some in the_days_troubles())
    assert len({one.slip_id for one in span.touches if one.reason}) == ORDERS - found.untouched
    assert {one.reason for one in found.removals} == set(TROUBLES)
    assert span.whole == found
    assert [(one.shipped, one.untouched) for one in span.days if one.shipped] == [
        (found.shipped, found.untouched)
    ]


@pytest.mark.parametrize("gone", TROUBLES)
def test_a_day_without_one_reason_gains_what_was_foretold(
    yesterday: Connection, ledger: Database, gone: str
) -> None:
    """The same day is lived again, and nobody has that trouble (± 0.2 points)."""
    before, supposed = yesterdays(yesterday), yesterdays(yesterday, (gone,))
    with ledger.engine.begin() as connection:
        live_through(connection, [some - {gone} for some in the_days_troubles()])
        after = yesterdays(connection)
    gain = next(one.gain for one in before.removals if one.reason == gone)
    assert before.permille is not None
    assert after.permille is not None
    assert abs(after.permille - before.permille - gain) <= 2, f"seed {SEED}"
    assert supposed.untouched == after.untouched


def test_reasons_stand_in_the_order_of_their_gain(yesterday: Connection) -> None:
    found = yesterdays(yesterday)
    gains = [one.gain for one in found.removals]
    assert gains == sorted(gains, reverse=True)
    assert {one.reason: one.places for one in found.removals} == {
        "unknown_value": ("mapping",),
        "unmappable_text": ("cart",),
        "check:AG": ("next_engine",),
        "check:AO": ("next_engine",),
        "deposit": ("next_engine",),
        "by_hand": ("page",),
    }
    most = found.removals[0]
    assert touch_reason(most.reason) in told.sentence(found).ja
    assert f"出荷 {ORDERS} 件中 {found.untouched} 件が無人" in told.sentence(found).ja


def test_what_happens_after_shipping_touches_nothing(ledger: Database) -> None:
    """自動化率 ends at the door: a note on yesterday's parcel is no touch of its way there."""
    with ledger.engine.begin() as connection:
        live_through(connection, [frozenset()])
        by_hand.note(connection, SHOP.key, "A0000", "見本 花子", "お礼の電話", FIRST + timedelta(hours=9))
        found = yesterdays(connection)
    assert (found.shipped, found.untouched, found.removals) == (1, 1, ())


def test_no_shipment_is_no_rate(ledger: Database) -> None:
    with ledger.engine.connect() as connection:
        found = yesterdays(connection)
    assert found.permille is None
    assert told.sentence(found).ja == "出荷確定がありません"
