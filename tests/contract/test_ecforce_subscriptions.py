"""定期受注 as bytes (fixtures/ecforce/subs_orders.json): every fact of its table, and what a reader must survive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from connector.adapters.ecforce.subscription_reader import read_page
from connector.clock import jst
from connector.errors import Malformed
from connector.subscription import Schedule, Subscription, SubscriptionState, subscription_digest
from connector.subscriptions.forecast import cycle_of
from msgspec.structs import replace

from tests.unit.renewal_desk import Desk, a_desk

BYTES = (Path(__file__).parents[2] / "fixtures/ecforce/subs_orders.json").read_bytes()
YEAR_END = ((date(2026, 12, 29), date(2027, 1, 3)),)
# id: cycle's sentence, next delivery, next ship
TABLE = {
    4911: ("1ヶ月ごとの5日に配送", "2026-12-05", "2026-12-03"),
    4912: ("45日ごとに配送", "2026-12-17", "2026-12-15"),
    4913: ("1ヶ月ごとの第2 金曜日に配送", "2026-12-11", "2026-12-08"),
    4914: ("1ヶ月ごとの末日に配送", "2026-12-31", "2026-12-28"),
    4915: ("2ヶ月ごとの31日に配送", "2026-12-31", "2026-12-25"),
    4916: ("30日ごとに配送", "2026-12-20", "2026-12-18"),
    4917: ("1ヶ月ごとの10日に配送", "2026-12-10", "2026-12-08"),
    4918: ("1ヶ月ごとの15日に配送", "2027-01-15", "2027-01-13"),
    4919: ("30日ごとに配送", "2026-12-03", "2026-12-01"),
    4920: ("1ヶ月ごとの第5 土曜日に配送", "2026-11-28", "2026-11-25"),
}


def read(body: bytes = BYTES) -> dict[int, Subscription]:
    page = read_page(body).page
    assert page.malformed == ()
    return {one.subscription_id: one for one in page.subscriptions}


def changed(id_: int, **attributes: Any) -> bytes:
    """The same page with other attributes of one subscription."""
    document = json.loads(BYTES)
    row = next(row for row in document["data"] if row["attributes"]["id"] == id_)
    row["attributes"] |= attributes
    return json.dumps(document).encode()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path, closed=YEAR_END) as one:
        yield one


def test_the_page_is_whole() -> None:
    read_once = read_page(BYTES)
    assert read_once.page.total == 10
    assert (read_once.total_pages, read_once.per, read_once.rows) == (1, 100, 10)
    assert read_once.page.body == BYTES
    assert list(read()) == list(TABLE)


@pytest.mark.parametrize("id_", TABLE)
def test_cycle_and_next_dates(id_: int) -> None:
    sentence, deliver_on, ship_on = TABLE[id_]
    one = read()[id_]
    assert (str(one.next_deliver_on), str(one.next_ship_on)) == (deliver_on, ship_on)
    cycle = cycle_of(one.schedule)  # from the components alone …
    assert cycle is not None
    assert cycle.sentence() == sentence == one.schedule.sentence  # … and the sentence agrees


def test_the_weekday_comes_from_its_text() -> None:
    by_id = read()
    assert (by_id[4913].schedule.nth, by_id[4913].schedule.weekday) == (2, 5)
    assert (by_id[4920].schedule.nth, by_id[4920].schedule.weekday) == (5, 6)


def test_counts_and_promises() -> None:
    by_id = read()
    assert (by_id[4912].times, by_id[4912].orders_count) == (2, 3)  # one was voided
    assert (by_id[4920].times, by_id[4920].orders_count) == (0, 1)
    assert by_id[4911].remaining_block_times == 0
    assert (by_id[4918].remaining_orders, by_id[4918].remaining_block_times) == (1, 2)
    assert by_id[4918].skipped
    assert by_id[4918].previous_deliver_on == date(2026, 11, 15)
    assert by_id[4914].schedule_locked  # an integer 1
    assert not by_id[4911].schedule_locked


def test_states_and_reasons() -> None:
    by_id = read()
    stopped = {id_: one.state for id_, one in by_id.items() if one.state is not SubscriptionState.ACTIVE}
    assert stopped == {4915: SubscriptionState.SUSPENDED, 4916: SubscriptionState.CANCELLED}
    assert by_id[4915].suspended_at == datetime.fromisoformat("2026-11-10T09:00:00+09:00")
    assert by_id[4916].cancelled_at == datetime.fromisoformat("2026-11-24T21:15:00+09:00")
    assert by_id[4919].needs_attention == ("ブラックリスト",)
    assert by_id[4919].remaining_orders == 0
    assert [id_ for id_, one in by_id.items() if one.generates] == [4911, 4912, 4913, 4914, 4917, 4918, 4920]


def test_goods_for_once_and_left_out_once() -> None:
    one = read()[4917]
    lines = {line.sku: (line.unit_price, line.quantity, line.onetime, line.skip) for line in one.lines}
    assert lines == {
        "MIHON-TEA-30-T": (1944, 1, False, False),
        "MIHON-SOAP-02": (1320, 1, True, False),
        "MIHON-SERUM-01-T": (4950, 1, False, True),
    }
    assert one.subtotal == 3264  # the skipped item is left out


def test_numbers_people_and_places() -> None:
    by_id = read()
    assert [one.number for one in by_id.values()] == [
        *(f"d1000000a{n}" for n in range(1, 10)),
        "d1000000b0",
    ]
    assert by_id[4911].customer_number == "8e02aa91a1"
    places = [one.prefecture for one in by_id.values()]
    assert places[:5] == ["東京都", "大阪府", "福岡県", "北海道", "沖縄県"]
    assert by_id[4913].payment_method == "NP後払い wiz"
    assert f"{jst(by_id[4911].updated_at):%F %T}" == "2026-11-20 00:30:12"


async def test_what_must_be_created_and_when(desk: Desk) -> None:
    """README: 4911 is due in the run of 11-26; 4915, 4916 and 4919 must not generate; 4920 is missing."""
    await desk.sees(*read().values(), now="11-26 00:10")
    found = await desk.forecast("11-26 00:10", days=30)
    assert [(one.kind, one.subscription_id) for one in found.missing or ()] == [("missing", 4920)]
    assert [(str(one.on), one.count, one.yen) for one in found.expected if one.count] == [
        ("2026-11-26", 1, 1944),  # 4911
        ("2026-12-01", 2, 3888 + 3264),  # 4913 and 4917
        ("2026-12-08", 1, 4950),  # 4912
        ("2026-12-16", 1, 1944),  # the round of 4920 after the missing one
        ("2026-12-21", 2, 2 * 1944),  # 4914; and 4911 again, whose ship day the closure pulls to 12-28
    ]
    assert (found.active, found.unplanned, found.unknown) == (8, 0, "")


async def test_the_overdue_one_says_since_when(desk: Desk) -> None:
    await desk.sees(read()[4920], now="11-26 00:10")
    (one,) = (await desk.forecast("11-26 00:10")).missing or ()
    assert (one.subscription_number, str(one.ship_on)) == ("d1000000b0", "2026-11-25")
    assert one.due_on == date(
        2026, 11, 21
    )  # due since 11-18; it last changed on the 20th, after that night's run


# --- what a reader must survive ------------------------------------------------------------------------------


@pytest.mark.parametrize("tbc", [None, False, 0, "", "0", "false"])
def test_no_attention_in_any_spelling(tbc: object) -> None:
    assert read(changed(4919, tbc=tbc))[4919].needs_attention == ()


@pytest.mark.parametrize("tbc", [True, 1, "1"])
def test_attention_without_a_reason_is_attention(tbc: object) -> None:
    odd = read(changed(4911, tbc=tbc, tbc_subs_order_reasons=None))[4911]
    assert odd.needs_attention == ("要対応",)


def test_dates_in_other_layouts() -> None:
    for text in ("2026-12-05", "2026/12/05", "2026-12-05 00:00:00", "2026-12-05T00:00:00+09:00"):
        assert read(changed(4911, scheduled_to_be_delivered_at=text))[4911].next_deliver_on == date(
            2026, 12, 5
        )
    for nothing in ("", None):
        assert read(changed(4911, scheduled_to_be_delivered_at=nothing))[4911].next_deliver_on is None


def test_a_state_nobody_knows_generates_nothing() -> None:
    odd = read(changed(4911, state="frozen"))[4911]
    assert (odd.state, odd.state_code, odd.generates) == (SubscriptionState.UNKNOWN, "frozen", False)


def test_a_deleted_one_is_read_and_generates_nothing() -> None:
    gone = read(changed(4911, deleted_at="2026/11/25 10:00:00"))[4911]
    assert gone.deleted_at is not None
    assert not gone.generates


def test_one_that_cannot_be_read_is_set_aside_alone() -> None:
    page = read_page(changed(4911, times="four")).page
    assert len(page.subscriptions) == 9
    (stray,) = page.malformed
    assert stray.where == "定期受注 d1000000a1: $.data[0].attributes.times"
    assert "int" in stray.words


def test_what_is_no_list_is_refused() -> None:
    with pytest.raises(Malformed):
        read_page(b"<html>Retry later</html>")


def test_a_cycle_without_its_components_is_no_cycle() -> None:
    none = {
        "scheduled_to_be_delivered_every_x_month": None,
        "scheduled_to_be_delivered_on_xth_day": None,
    }
    bare = read(changed(4911, **none))[4911].schedule
    assert (bare.kind, cycle_of(bare)) == ("", None)
    assert cycle_of(Schedule(kind="date", every_months=1, on_day=32)) is None
    assert cycle_of(Schedule(kind="day_of_week", every_months=1, nth=2, weekday=None)) is None


def test_when_it_was_said_makes_no_new_version() -> None:
    one = read()[4911]
    assert subscription_digest(one) == subscription_digest(replace(one, updated_at=one.created_at))
    assert subscription_digest(one) != subscription_digest(replace(one, next_ship_on=None))
