"""The town without a connector: people live, renewals are born, and nothing ships by itself."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from connector.adapters.ecforce import wire as cart_wire
from connector.adapters.wms import wire
from connector.clock import SteppedClock, at_jst, jst
from connector.sandbox import history
from connector.sandbox.cart.holidays import NATIONAL_HOLIDAYS, shipping_closed
from connector.sandbox.cart.model import Order
from connector.sandbox.people import GOODS, HOURS, PAYMENTS, Townsfolk
from connector.sandbox.town import Town
from connector.subscriptions.cycle import Rules

from tests.contract.town_house import TUESDAY, town_of

FRIDAY = date(2026, 11, 27)
RULES = Rules(is_closed=shipping_closed)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    town = town_of(tmp_path)
    await town.start()
    yield town
    await town.stop()


# A day by itself.


async def test_a_day_lives_by_itself_and_nothing_leaves_without_a_connector(town: Town) -> None:
    await town.run_until(at_jst(TUESDAY + timedelta(days=1)))
    truth = town.truth()
    assert 40 <= truth["orders_placed"] <= 85
    assert truth["renewals_generated"] >= 1
    assert truth["mailed"] == truth["imported"] == truth["relayed"] == truth["shipped"] == 0
    assert truth["completed"] == truth["captured"] == 0
    assert truth["warehouse_differences"] == []
    hours = Counter(jst(event.at).hour for event in town.cart.history.of("order_placed") if _today(event))
    assert set(hours) <= set(HOURS)
    assert sum(hours[hour] for hour in (19, 20, 21)) > sum(hours[hour] for hour in (8, 9, 10))


def _today(event: history.Event) -> bool:
    return jst(event.at).date() == TUESDAY


async def test_every_working_night_brings_renewals_of_subscribers_from_before_the_opening(town: Town) -> None:
    await town.run_until(at_jst(TUESDAY + timedelta(days=10)))
    born = Counter(jst(event.at).date() for event in town.cart.history.of("order_generated"))
    nights = [TUESDAY + timedelta(days=ahead) for ahead in range(10)]
    # Ship days are working days and the lead is a week: so are creation days (spec/ecforce.md §7.3).
    assert all(born[night] for night in nights if night.weekday() < 5)
    assert min(born) >= TUESDAY
    assert {event.detail["times"] for event in town.cart.history.of("order_generated")} == {2}


async def test_the_past_is_shipped_captured_and_older_than_the_opening(town: Town) -> None:
    orders = list(town.cart.shop.orders.values())
    assert len(orders) == 42
    assert {order.state for order in orders} == {cart_wire.STATE_SHIPPED}
    assert max(order.updated_at for order in orders) < town.opens_at
    assert all(town.cart.shop.subs[order.subs_id or 0].next_ship_at > town.opens_at for order in orders)
    assert town.truth()["orders_placed"] == town.truth()["captured"] == 0


async def test_some_cards_of_subscribers_die_and_their_renewals_are_refused(tmp_path: Path) -> None:
    town = town_of(tmp_path, subscribers=140, orders_per_day=0)
    await town.start()
    await town.run_until(at_jst(TUESDAY + timedelta(days=16)))
    refused = town.cart.history.of("payment_refused")
    generated = {event.key for event in town.cart.history.of("order_generated")}
    assert 5 <= len(refused) <= 14
    assert {event.key for event in refused} <= generated
    assert town.truth()["payment_refused"] == len(refused)
    await town.stop()


async def test_people_pay_cancel_and_subscribe_in_the_shares_of_the_shop(tmp_path: Path) -> None:
    town = town_of(tmp_path, orders_per_day=500, subscribers=0)
    await town.start()
    await town.run_until(at_jst(TUESDAY + timedelta(days=4)))
    orders = list(town.cart.shop.orders.values())
    shares = Counter(order.payment.method.id for order in orders)
    for method, percent in PAYMENTS.items():
        assert abs(shares[method] / len(orders) - percent / 100) < 0.05
    assert 0.16 < sum(order.subs_id is not None for order in orders) / len(orders) < 0.24
    assert 0.015 < town.truth()["payment_refused"] / len(orders) < 0.045
    assert 0.008 < town.truth()["cancelled"] / len(orders) < 0.03
    assert town.people.count("transferred") == town.cart.history.count("paid") > 20
    assert sum(order.delivery_time is not None for order in orders) > len(orders) * 0.3
    assert any(order.extras.point for order in orders)
    assert any(order.coupons for order in orders)
    await town.stop()


def texts_of(order: Order) -> str:
    postal = order.shipping[0].postal
    return "".join((postal.name01, postal.name02, postal.addr03, order.remark or ""))


async def test_names_are_hard_and_a_few_fit_no_cp932(tmp_path: Path) -> None:
    town = town_of(tmp_path, orders_per_day=500, subscribers=0)
    await town.start()
    await town.run_until(at_jst(TUESDAY + timedelta(days=3)))
    texts = [texts_of(order) for order in town.cart.shop.orders.values()]
    for hard in ("髙", "﨑", "〜", "①", "ﾊｲﾂ"):
        assert any(hard in text for text in texts)
    unencodable = [text for text in texts if text.encode("cp932", "replace").count(b"?")]
    assert 1 <= len(unencodable) <= len(texts) * 0.03
    await town.stop()


async def test_the_same_seed_is_the_same_town_and_faults_change_no_order(tmp_path: Path) -> None:
    stories = []
    for name, faults in (("one", ()), ("two", ()), ("three", ("lost-mail", "cart-busy", "results-twice"))):
        town = town_of(tmp_path / name, faults=faults)
        await town.start()
        await town.run_until(at_jst(TUESDAY + timedelta(days=2)))
        stories.append([(event.at, event.what, event.key) for event in town.cart.history])
        await town.stop()
    assert stories[0] == stories[1] == stories[2]


async def test_another_seed_is_another_town() -> None:
    one, two = (Townsfolk(seed=seed, rate=30).visits(TUESDAY) for seed in (1, 2))
    assert [visit.at for visit in one] != [visit.at for visit in two]


async def test_histories_are_also_files(tmp_path: Path) -> None:
    town = town_of(tmp_path, history_dir=tmp_path / "history")
    await town.start()
    await town.run_until(at_jst(TUESDAY, 12))
    await town.stop()
    names = {path.stem for path in (tmp_path / "history").iterdir()}
    assert names == {"cart", "next_engine", "mail", "inbox", "warehouse", "people"}
    kept = history.read(tmp_path / "history" / "cart.jsonl")
    assert [event.key for event in kept] == [event.key for event in town.cart.history]


async def test_a_town_that_opens_at_noon_has_no_morning(tmp_path: Path) -> None:
    clock = SteppedClock(at_jst(TUESDAY, 12))
    town = Town(clock, root=tmp_path, seed=3, orders_per_day=60, subscribers=42)
    await town.start()
    await town.run_until(at_jst(TUESDAY, 23, 30))
    assert min(event.at for event in town.people.of("shopped")) >= at_jst(TUESDAY, 12)
    assert town.truth()["renewals_generated"] >= 1  # last night's, caught up with
    await town.stop()


async def test_people_wait_for_the_day_of_the_opening(tmp_path: Path) -> None:
    town = town_of(tmp_path, start_on=FRIDAY)
    await town.start()
    await town.run_until(at_jst(FRIDAY, 23, 59))
    assert {jst(event.at).date() for event in town.people.of("shopped")} == {FRIDAY}
    assert min(jst(event.at).date() for event in town.cart.history.of("order_generated")) >= FRIDAY
    await town.stop()


# The people themselves.


def test_signups_renew_inside_the_span_and_never_before_the_opening() -> None:
    signups = Townsfolk(seed=5, rate=1).signups(200, TUESDAY, 14, RULES)
    assert len({signup.order.customer.email for signup in signups}) == 200
    assert all(TUESDAY <= signup.renews_on <= TUESDAY + timedelta(days=18) for signup in signups)
    assert all(signup.at < at_jst(TUESDAY) for signup in signups)
    assert {signup.order.cycle.kind.value for signup in signups if signup.order.cycle} == {"term", "date"}


def test_goods_and_holidays_agree_with_the_fixtures() -> None:
    path = Path(__file__).parents[2] / "fixtures" / "ecforce" / "national_holidays.csv"
    listed = {date.fromisoformat(row["date"]) for row in csv.DictReader(path.read_text("utf-8").splitlines())}
    years = {day.year for day in NATIONAL_HOLIDAYS}
    assert {day for day in listed if day.year in years} == NATIONAL_HOLIDAYS
    assert len({goods.sku for goods in GOODS}) == len(GOODS)
    assert all(len(goods.name.encode("cp932")) <= wire.SHIPORD_WIDTHS["商品名"] for goods in GOODS)
