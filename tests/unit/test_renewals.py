"""Renewals in the ledger: an expectation stands before its day, and only facts end it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from connector.ledger import views
from connector.order import Origin, Round
from connector.subscription import SubscriptionState
from msgspec.structs import replace

from tests.unit.renewal_desk import EVERY_30, WEEKLY, Desk, a_desk, a_subscription, at, day

ONE = a_subscription()
DUE, RUN, BREAKFAST = "11-26", "11-26 00:30", "11-26 08:00"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as one:
        yield one


# --- what is expected ----------------------------------------------------------------------------------------


async def test_an_expectation_is_written_before_its_day_and_counted_by_day_and_yen(desk: Desk) -> None:
    other = a_subscription(subscription_id=4912, number="d2", subtotal=3264)
    await desk.sees(ONE, other, now="11-20 09:00")
    assert desk.book() == [(DUE, "open", ""), (DUE, "open", "")]
    found = await desk.forecast("11-24 08:00", days=7)
    days = {one.on: (one.count, one.yen, one.here) for one in found.expected}
    assert list(days) == [day(f"11-{n}") for n in range(24, 31)]
    assert days.pop(day(DUE)) == (2, 1944 + 3264, 0)
    assert set(days.values()) == {(0, 0, 0)}
    assert (found.active, found.missing, found.unknown) == (2, (), "")


async def test_rounds_after_the_next_are_counted_too(desk: Desk) -> None:
    await desk.sees(a_subscription(schedule=WEEKLY), now="11-20 09:00")
    found = await desk.forecast("11-24 08:00", days=30)
    # 12-05, -12, -19, -26 … are delivered; 12-26 ships on Thursday 12-24, 01-02 already on 12-31
    assert [f"{one.on:%m-%d}" for one in found.expected if one.count] == ["11-26", "12-03", "12-10", "12-17"]
    assert sum(one.yen for one in found.expected) == 4 * 1944


async def test_a_later_round_costs_what_is_not_bought_once(desk: Desk) -> None:
    once = replace(ONE.lines[0], onetime=True, sku="SOAP", unit_price=1320)
    await desk.sees(
        a_subscription(schedule=WEEKLY, lines=(*ONE.lines, once), subtotal=3264, remaining_orders=2),
        now="11-20 09:00",
    )
    found = await desk.forecast("11-24 08:00", days=30)
    assert [one.yen for one in found.expected if one.count] == [3264, 1944]


@pytest.mark.parametrize(
    "changes",
    [
        {"state": SubscriptionState.SUSPENDED},
        {"state": SubscriptionState.CANCELLED},
        {"state": SubscriptionState.UNKNOWN},
        {"deleted_at": at("11-20")},
        {"remaining_orders": 0},
        {"needs_attention": ("決済エラー", "ブラックリスト")},
        {"next_ship_on": None, "next_deliver_on": None},
    ],
    ids=lambda changes: "-".join(changes),
)
async def test_what_the_cart_creates_nothing_from_is_not_expected(
    desk: Desk, changes: dict[str, object]
) -> None:
    await desk.sees(a_subscription(**changes), now="11-20 09:00")
    assert desk.book() == []
    assert await desk.missing("11-27 08:00") == []


async def test_a_refused_payment_does_not_stop_the_next_round(desk: Desk) -> None:
    await desk.sees(a_subscription(needs_attention=("決済エラー",)), now="11-20 09:00")
    assert desk.book() == [(DUE, "open", "")]


async def test_an_active_one_without_a_next_date_is_told(desk: Desk) -> None:
    await desk.sees(a_subscription(next_ship_on=None, next_deliver_on=None), now="11-20 09:00")
    assert (await desk.forecast("11-20 10:00")).unplanned == 1


async def test_where_only_the_delivery_is_shown_the_ship_day_is_computed(desk: Desk) -> None:
    await desk.sees(a_subscription(next_ship_on=None), now="11-20 09:00")
    assert desk.book() == [(DUE, "open", "")]


# --- how it ends ---------------------------------------------------------------------------------------------


async def test_the_order_that_came_ends_it_and_the_next_is_expected(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    await desk.receives(desk.child(ONE, RUN), now="11-26 00:35")
    assert desk.book() == [(DUE, "met", "came")]
    await desk.sees(desk.after(ONE, RUN), now="11-26 01:00")
    assert desk.book() == [(DUE, "met", "came"), ("12-24", "open", "")]
    found = await desk.forecast(BREAKFAST)
    assert (found.missing, found.early, found.late, found.doubled) == ((), (), (), ())
    assert next(one for one in found.expected if one.on == day(DUE)).here == 1


async def test_the_order_may_come_after_its_subscription(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    await desk.sees(desk.after(ONE, RUN), now="11-26 00:31")
    assert desk.book() == [(DUE, "unseen", "unseen"), ("12-24", "open", "")]
    assert await desk.missing("11-26 00:40") == []  # it may be on its way to us
    await desk.receives(desk.child(ONE, RUN), now="11-26 00:41")
    assert desk.book()[0] == (DUE, "met", "came")
    assert await desk.missing(BREAKFAST) == []


async def test_what_the_cart_counts_and_we_never_saw_is_missing_here(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    await desk.sees(desk.after(ONE, RUN, orders_count=6), now="11-26 00:31")
    assert await desk.missing(BREAKFAST) == [("unseen", ONE.number)] * 2
    assert (await desk.forecast(BREAKFAST)).expected[0].count == 1  # only one of them was expected
    second = replace(ONE, orders_count=5)
    await desk.receives(desk.child(second, RUN), now="11-26 09:00")
    assert await desk.missing("11-26 09:10") == [("unseen", ONE.number)]
    await desk.receives(desk.child(ONE, RUN), now="11-26 09:20")
    assert await desk.missing("11-26 09:30") == []


async def test_a_cart_that_counts_no_places_is_believed_by_the_time(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    placeless = Round(subscription_id=ONE.subscription_id, number=ONE.number, round=5, nth=None)
    await desk.receives(desk.child(ONE, RUN, subscription=placeless), now="11-26 00:35")
    await desk.sees(desk.after(ONE, RUN), now="11-26 01:00")
    assert desk.book() == [(DUE, "met", "came"), ("12-24", "open", "")]


async def test_a_picture_older_than_the_order_expects_nothing(desk: Desk) -> None:
    await desk.receives(desk.child(ONE, RUN), now="11-26 00:35")
    await desk.sees(ONE, now="11-26 00:40")
    assert desk.book() == []
    await desk.sees(desk.after(ONE, RUN), now="11-26 01:10")
    assert desk.book() == [("12-24", "open", "")]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"state": SubscriptionState.SUSPENDED}, "suspended"),
        ({"state": SubscriptionState.CANCELLED}, "cancelled"),
        ({"deleted_at": at("11-25 10:00")}, "deleted"),
        ({"remaining_orders": 0}, "limit"),
        ({"needs_attention": ("ブラックリスト",)}, "blocked"),
    ],
)
async def test_a_stop_withdraws_it_whenever_it_comes(
    desk: Desk, changes: dict[str, object], why: str
) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    await desk.sees(replace(ONE, updated_at=at("11-25 10:00"), **changes), now="11-25 10:10")
    assert desk.book() == [(DUE, "withdrawn", why)]
    await desk.sees(replace(ONE, updated_at=at("11-28 10:00")), now="11-28 10:10")  # and lives again
    assert desk.book() == [(DUE, "withdrawn", why), ("11-29", "open", "")]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"skipped": True}, "skipped"),
        ({"schedule": EVERY_30}, "cycle_changed"),
        ({}, "date_changed"),
    ],
)
async def test_dates_moved_in_time_withdraw_it(desk: Desk, changes: dict[str, object], why: str) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    later = replace(ONE, updated_at=at("11-26 00:10"), **desk.dates(day("12-19")), **changes)
    await desk.sees(later, now="11-26 01:00")
    assert desk.book() == [(DUE, "withdrawn", why), ("12-10", "open", "")]
    assert await desk.missing(BREAKFAST) == []


async def test_a_new_cycle_alone_moves_nothing(desk: Desk) -> None:
    """spec/ecforce.md §7.3: changing the cycle does not change the next dates."""
    await desk.sees(ONE, now="11-20 09:00")
    await desk.sees(replace(ONE, schedule=EVERY_30, updated_at=at("11-26 07:00")), now="11-26 07:30")
    assert desk.book() == [(DUE, "open", "")]
    assert await desk.missing(BREAKFAST) == [("missing", ONE.number)]


async def test_a_date_moved_near_is_created_by_the_next_run(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    nearer = replace(ONE, updated_at=at("11-21 15:00"), **desk.dates(day("11-27")))
    await desk.sees(nearer, now="11-21 15:10")
    assert desk.book() == [(DUE, "withdrawn", "date_changed"), ("11-22", "open", "")]
    assert await desk.missing("11-22 06:29") == []
    assert await desk.missing("11-22 06:30") == [("missing", ONE.number)]


# --- what is missing -----------------------------------------------------------------------------------------


async def test_a_forgotten_one_is_missing_once_the_run_and_its_grace_are_over(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    assert await desk.missing("11-26 06:29") == []
    (one,) = (await desk.forecast("11-26 06:30")).missing or ()
    assert one == views.MissingRenewal(
        kind="missing",
        subscription_id=4911,
        subscription_number="d1000000a1",
        due_on=day(DUE),
        ship_on=day("12-03"),
        deliver_on=day("12-05"),
        yen=1944,
        since=at("11-26 06:30"),
    )


async def test_a_memo_does_not_hide_it(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    await desk.sees(replace(ONE, subtotal=2000, updated_at=at("11-26 07:00")), now="11-26 07:10")
    assert desk.book() == [(DUE, "open", "")]
    assert await desk.missing(BREAKFAST) == [("missing", ONE.number)]


async def test_an_order_by_hand_ends_it(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    await desk.receives(desk.child(ONE, "11-26 10:00"), now="11-26 10:05")
    found = await desk.forecast("11-26 10:10")
    assert found.missing == ()
    assert found.late == ()  # the same day


async def test_a_late_one_is_told_for_a_week(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    await desk.receives(desk.child(ONE, "11-29 00:30"), now="11-29 00:35")
    (late,) = (await desk.forecast("11-29 08:00")).late
    assert (late.right_on, late.placed_at, late.yen) == (day(DUE), at("11-29 00:30"), 2200)
    assert (await desk.forecast("12-07 08:00")).late == ()


async def test_a_silent_roll_is_missing(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    await desk.sees(desk.moved_on(ONE, RUN), now="11-26 01:00")
    assert desk.book() == [(DUE, "rolled", "rolled"), ("12-24", "open", "")]
    assert await desk.missing(BREAKFAST) == [("rolled", ONE.number)]


@pytest.mark.parametrize(
    ("when", "deliver_on", "previous"),
    [
        ("11-26 00:30", "12-21", "11-05"),  # in the hours of the run
        ("11-26 14:00", "12-21", "12-05"),  # the next dates became the previous ones
        ("11-26 14:00", "2027-01-05", "11-05"),  # by exactly one cycle
    ],
)
async def test_each_sign_of_a_silent_roll_is_enough(
    desk: Desk, when: str, deliver_on: str, previous: str
) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    dates = desk.dates(day(deliver_on)) | {"previous_deliver_on": day(previous)}
    await desk.sees(replace(ONE, updated_at=at(when), **dates), now="11-26 15:00")
    assert desk.book()[0] == (DUE, "rolled", "rolled")


async def test_a_person_who_moves_an_overdue_date_withdraws_it(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    await desk.sees(replace(ONE, updated_at=at("11-26 14:00"), **desk.dates(day("12-19"))), now="11-26 14:10")
    assert desk.book() == [(DUE, "withdrawn", "date_changed"), ("12-10", "open", "")]


async def rolled(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    await desk.sees(desk.moved_on(ONE, RUN), now="11-26 01:00")


async def test_an_order_by_hand_makes_up_for_a_silent_roll(desk: Desk) -> None:
    await rolled(desk)
    now_due = desk.moved_on(ONE, RUN)
    await desk.receives(desk.child(now_due, "11-26 10:00"), now="11-26 10:05")
    assert [verdict for _, verdict, _ in desk.book()] == ["met", "withdrawn"]
    await desk.sees(desk.after(now_due, "11-26 10:00"), now="11-26 10:30")
    assert desk.book()[2][1] == "open"
    found = await desk.forecast("11-26 11:00")
    assert (found.missing, found.early, found.doubled) == ((), (), ())


async def test_the_same_where_the_subscription_is_read_first(desk: Desk) -> None:
    await rolled(desk)
    now_due = desk.moved_on(ONE, RUN)
    await desk.sees(desk.after(now_due, "11-26 10:00"), now="11-26 10:01")
    await desk.receives(desk.child(now_due, "11-26 10:00"), now="11-26 10:05")
    assert [verdict for _, verdict, _ in desk.book()] == ["met", "withdrawn", "open"]
    assert await desk.missing("11-26 11:00") == []


async def test_a_date_put_back_ends_a_silent_roll(desk: Desk) -> None:
    await rolled(desk)
    back = replace(desk.moved_on(ONE, RUN), updated_at=at("11-26 10:00"), **desk.dates(day("12-05")))
    await desk.sees(back, now="11-26 10:10")
    assert [verdict for _, verdict, _ in desk.book()] == ["withdrawn", "withdrawn", "open"]
    assert await desk.missing("11-26 11:00") == []
    assert await desk.missing("11-27 08:00") == [("missing", ONE.number)]  # and the run must make it


async def test_what_nobody_made_up_for_is_lost_when_the_next_one_comes(desk: Desk) -> None:
    await rolled(desk)
    assert await desk.missing("12-23 08:00") == [("rolled", ONE.number)]
    await desk.receives(desk.child(desk.moved_on(ONE, RUN), "12-24 00:30"), now="12-24 00:35")
    assert desk.book() == [(DUE, "lost", "lost"), ("12-24", "met", "came")]
    told = await desk.forecast("12-30 08:00")
    assert (told.missing, [one.subscription_number for one in told.lost]) == ((), [ONE.number])
    assert told.wrong == 1
    assert (await desk.forecast("12-31 08:00")).lost == ()


async def test_a_roll_of_dates_that_were_changed_unseen_is_missing(desk: Desk) -> None:
    """A shopper moved the date near in the evening, the run lost it, and nobody looked in between."""
    await desk.sees(ONE, now="11-20 09:00")
    near = replace(ONE, **desk.dates(day("11-28")))
    await desk.sees(desk.moved_on(near, "11-21 00:30"), now="11-21 08:00")
    assert [verdict for _, verdict, _ in desk.book()] == ["withdrawn", "rolled", "open"]
    (one,) = (await desk.forecast("11-21 08:10")).missing or ()
    assert (one.kind, one.due_on, one.deliver_on) == ("rolled", day("11-21"), day("11-28"))


async def test_rolled_again_after_somebody_saw_to_it_is_missing_once(desk: Desk) -> None:
    await rolled(desk)
    back = replace(desk.moved_on(ONE, RUN), updated_at=at("11-26 10:00"), **desk.dates(day("12-06")))
    await desk.sees(desk.moved_on(back, "11-27 00:30"), now="11-27 08:00")
    assert await desk.missing("11-27 08:10") == [("rolled", ONE.number)]


async def test_rolled_twice_is_missing_twice(desk: Desk) -> None:
    await rolled(desk)
    again = desk.moved_on(desk.moved_on(ONE, RUN), "12-24 00:30")
    await desk.sees(again, now="12-24 01:00")
    assert await desk.missing("12-24 08:00") == [("rolled", ONE.number)] * 2


# --- too early, twice ----------------------------------------------------------------------------------------


async def test_an_order_before_its_day_is_early_until_the_day_comes(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    await desk.receives(desk.child(ONE, "11-23 00:30"), now="11-23 00:35")
    await desk.sees(desk.after(ONE, "11-23 00:30"), now="11-23 01:00")
    (early,) = (await desk.forecast("11-23 08:00")).early
    assert (early.subscription_number, early.right_on) == (ONE.number, day(DUE))
    await desk.sees(desk.after(ONE, "11-26 09:00", subtotal=2000), now="11-26 09:10")
    assert (await desk.forecast("11-26 09:20")).early == ()


@pytest.mark.parametrize("why", ["by hand", "a day", "moved near and not seen"])
async def test_what_is_not_early(desk: Desk, why: str) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    placed = {"by hand": "11-23 14:00", "a day": "11-25 00:30", "moved near and not seen": "11-22 00:30"}[why]
    nearer = {"ship_on": day("11-27"), "deliver_on": day("11-29")} if why.startswith("moved") else {}
    await desk.receives(desk.child(ONE, placed, **nearer), now=f"{placed[:5]} 15:00")
    assert (await desk.forecast("11-25 08:00")).early == ()


async def test_two_orders_for_one_delivery_are_one_too_many_until_one_is_cancelled(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    first = desk.child(ONE, RUN)
    twin = desk.child(replace(ONE, orders_count=5), RUN, ship_on=first.ship_on, deliver_on=first.deliver_on)
    await desk.receives(first, twin, now="11-26 00:35")
    await desk.sees(desk.after(ONE, RUN, orders_count=6), now="11-26 01:00")
    found = await desk.forecast(BREAKFAST)
    assert found.missing == ()
    (double,) = found.doubled
    assert (double.order_number, double.other_number) == (twin.number, first.number)
    await desk.receives(replace(first, cancelled=True, updated_at=at("11-26 09:00")), now="11-26 09:05")
    assert (await desk.forecast("11-26 09:10")).doubled == ()


async def test_one_created_anew_for_a_cancelled_one_is_no_double(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    first = desk.child(ONE, RUN, cancelled=True)
    again = desk.child(replace(ONE, orders_count=5, times=4), "11-27 00:30")
    await desk.receives(first, now="11-26 09:00")
    await desk.receives(again, now="11-27 00:35")
    assert (await desk.forecast("11-27 08:00")).doubled == ()


async def test_several_parcels_of_one_order_are_one_order(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    whole = desk.child(ONE, RUN)
    parts = [replace(whole, number=f"{whole.number}-{n}", parcel_of=whole.number) for n in (1, 2)]
    await desk.receives(*parts, now="11-26 00:35")
    found = await desk.forecast(BREAKFAST)
    assert (found.missing, found.doubled) == ((), ())


async def test_a_shopper_who_puts_two_rounds_on_one_day_is_no_double(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    await desk.receives(desk.child(ONE, RUN), now="11-26 00:35")
    moved = replace(desk.after(ONE, "11-26 12:00"), **desk.dates(day("12-05")))
    await desk.sees(moved, now="11-26 12:10")
    await desk.receives(desk.child(moved, "11-27 00:30"), now="11-27 00:35")
    found = await desk.forecast("11-27 08:00")
    assert (found.doubled, found.early, found.missing) == ((), (), ())


async def test_the_history_of_a_shop_that_begins_is_noted_and_not_judged(desk: Desk) -> None:
    old = [desk.child(ONE, "10-02 00:30"), desk.child(ONE, "10-02 00:30")]
    await desk.receives(*old, now="11-20 09:00")
    assert (await desk.forecast("11-20 10:00")).doubled == ()


# --- long holidays -------------------------------------------------------------------------------------------


@pytest.fixture
def by_delivery(tmp_path: Path) -> Iterator[Desk]:
    """配送予定日 5 days before, closed from 12-29 to 01-03: what ships on 12-28 is created on 12-31."""
    closed = ((day("12-29"), day("2027-01-03")),)
    with a_desk(tmp_path, origin="deliver", days_before=5, closed=closed) as one:
        yield one


async def test_a_holiday_that_pulls_the_ship_day_before_the_creation_is_told_two_weeks_ahead(
    by_delivery: Desk,
) -> None:
    parent = a_subscription(**by_delivery.dates(day("2027-01-05")), updated_at=at("12-06 00:30"))
    await by_delivery.sees(parent, now="12-06 01:00")
    assert (await by_delivery.forecast("12-13 08:00")).traps == ()
    (trap,) = (await by_delivery.forecast("12-14 08:00")).traps
    assert (trap.create_on, trap.ship_on, trap.deliver_on) == (
        day("12-31"),
        day("12-28"),
        day("2027-01-05"),
    )


async def test_a_trap_beyond_the_next_round_is_told_in_time(by_delivery: Desk) -> None:
    """Delivered weekly: while the next order is still to come, the one after it is the trapped one."""
    parent = a_subscription(schedule=WEEKLY, **by_delivery.dates(day("12-22")), updated_at=at("12-10 00:30"))
    await by_delivery.sees(parent, now="12-10 01:00")
    found = (await by_delivery.forecast("12-16 08:00")).traps
    assert [(trap.ship_on, trap.create_on) for trap in found] == [(day("12-28"), day("12-31"))]


async def test_by_the_ship_day_no_holiday_is_a_trap(desk: Desk) -> None:
    await desk.sees(a_subscription(**desk.dates(day("2027-01-05"))), now="12-06 01:00")
    assert (await desk.forecast("12-20 08:00")).traps == ()


# --- what is not known ---------------------------------------------------------------------------------------


async def test_nothing_is_judged_beyond_the_last_whole_reading(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    unread = await desk.forecast(BREAKFAST, read=False)
    assert (unread.missing, unread.unknown, unread.read_at) == (None, "not_read", None)
    await desk.read_to_the_end("11-25 23:00")  # nobody read since: whatever came is not here yet
    stale = await desk.forecast(BREAKFAST, read=False)
    assert (stale.missing, stale.unknown) == ((), "")
    assert await desk.missing(BREAKFAST) == [("missing", ONE.number)]


async def test_wrong_settings_are_told_once_instead_of_many_false_alarms(desk: Desk) -> None:
    """The cart creates three days before shipping; the settings say seven."""
    parents = [a_subscription(subscription_id=n, number=f"d{n}") for n in range(30)]
    await desk.sees(*parents, now="11-20 09:00")
    await desk.receives(*(desk.child(one, "11-30 00:30") for one in parents[:25]), now="11-30 00:35")
    found = await desk.forecast("11-30 08:00")
    assert (found.missing, found.unknown, found.late) == (None, "rules", ())
    assert found.wrong_rules == views.WrongRules(
        origin="ship", days_before=7, seen=25, agree=0, really_origin="ship", really_days_before=3, fits=25
    )
    # The operator corrects the settings: what is open is foreseen anew, and judged.
    right = desk.with_rules(days_before=3)
    await right.sees(now="11-30 09:00")
    assert {due for due, verdict, _ in right.book() if verdict == "open"} == {"11-30"}
    assert len(await right.missing("11-30 09:10")) == 5


async def test_other_rules_may_end_and_begin_expectations(desk: Desk) -> None:
    blocked = a_subscription(subscription_id=2, number="d2", needs_attention=("ブラックリスト",))
    refused = a_subscription(subscription_id=3, number="d3", needs_attention=("決済エラー",))
    await desk.sees(blocked, refused, now="11-20 09:00")
    assert desk.book() == [(DUE, "open", "")]
    await desk.with_rules(blocking_reasons=("決済エラー",)).sees(now="11-20 10:00")
    assert desk.book() == [(DUE, "withdrawn", "rules_changed"), (DUE, "open", "")]


async def test_the_first_order_is_no_renewal(desk: Desk) -> None:
    placed = desk.child(ONE, "11-23 00:40", origin=Origin.PLACED)
    await desk.receives(placed, now="11-23 00:45")
    found = await desk.forecast("11-23 08:00")
    assert (found.early, found.doubled) == ((), ())


async def test_the_same_page_again_changes_nothing(desk: Desk) -> None:
    await desk.sees(ONE, now="11-20 09:00")
    first = desk.child(ONE, RUN)
    for _ in range(3):
        await desk.receives(first, now="11-26 00:35")
        await desk.sees(desk.after(ONE, RUN), now="11-26 01:00")
    await desk.receives(replace(first, state_code="shipped"), now="11-28 09:00")
    assert desk.book() == [(DUE, "met", "came"), ("12-24", "open", "")]
