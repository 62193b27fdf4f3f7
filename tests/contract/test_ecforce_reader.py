"""Reading the cart's pages: the recorded orders, odd spellings, and orders that break the contract."""

from __future__ import annotations

import json
from typing import Any

import pytest
from connector.adapters.ecforce import wire
from connector.adapters.ecforce.reader import PAYMENT_STATES, payment_state, read_page
from connector.errors import Malformed
from connector.order import Order, Origin, PaymentState, content_digest

from tests.contract.border import at, recorded, recorded_json

PENDING, EXAM, AUTHORIZED = PaymentState.PENDING, PaymentState.EXAM, PaymentState.AUTHORIZED
REFUSED, VOIDED, PAID = PaymentState.REFUSED, PaymentState.VOIDED, PaymentState.PAID

# number, id, subscription, round, state, sub8, sub10, tax, total, payable, addresses (fixtures README)
README: list[tuple[Any, ...]] = [
    ("4120000e17", 104430, None, 0, AUTHORIZED, 0, 5500, 0, 6050, 6050, 1),
    ("a3f10c99d2", 104433, 4901, 1, AUTHORIZED, 1944, 0, 0, 1944, 1944, 1),
    ("b7c2e4d018", 104441, 4902, 3, AUTHORIZED, 3888, 0, 0, 3888, 3788, 1),
    ("c0ffee1234", 104436, None, 0, EXAM, 0, 5500, 0, 5750, 5750, 1),
    ("0041200056", 104428, None, 0, REFUSED, 0, 2640, 0, 3440, 3440, 1),
    ("d40e55aa71", 104442, 4903, 2, REFUSED, 0, 4950, 0, 4950, 4950, 1),
    ("e19b3c7705", 104431, None, 0, AUTHORIZED, 3888, 1320, 0, 6088, 6088, 1),
    ("f2d8817a6b", 104425, None, 0, PENDING, 0, 3960, 0, 4510, 4510, 1),
    ("0a5b6c7d8e", 104423, None, 0, AUTHORIZED, 2160, 5500, 0, 7660, 7660, 1),
    ("1b2c3d4e5f", 104434, None, 0, AUTHORIZED, 6480, 0, 0, 8130, 8130, 2),
    ("2c3d4e5f60", 104435, None, 0, AUTHORIZED, 1985, 2390, 447, 5322, 5322, 1),
    ("3d4e5f6071", 104432, None, 0, AUTHORIZED, 4320, 5500, 0, 8800, 8500, 1),
    ("4e5f607182", 104443, 4904, 2, AUTHORIZED, 1944, 0, 0, 1944, 1944, 1),
    ("5f60718293", 104437, None, 0, AUTHORIZED, 0, 1320, 0, 1870, 1870, 1),
    ("607182930a", 104438, None, 0, AUTHORIZED, 2160, 0, 0, 2710, 2710, 1),
    ("71829304b5", 104426, None, 0, AUTHORIZED, 1944, 0, 0, 2494, 2494, 1),
    ("829304b5c6", 104420, None, 0, VOIDED, 0, 11000, 0, 11000, 11000, 1),
    ("9304b5c6d7", 104419, None, 0, VOIDED, 0, 1320, 0, 1870, 1870, 1),
    ("04b5c6d7e8", 104444, None, 0, AUTHORIZED, 2160, 0, 0, 2710, 2710, 1),
    ("15c6d7e8f9", 104424, None, 0, PAID, 1944, 1320, 0, 3814, 3814, 1),
]


@pytest.fixture(scope="module")
def orders() -> dict[str, Order]:
    pages = [read_page(recorded(f"ecforce/orders_page{number}.json")) for number in (1, 2)]
    assert [page.page.malformed for page in pages] == [(), ()]
    return {order.number: order for page in pages for order in page.page.orders}


def page(**changes: Any) -> bytes:
    """The recorded first page with changes to its first order's attributes, or a whole part."""
    document = recorded_json("ecforce/orders_page1.json")
    document["data"][0]["attributes"] |= changes
    return json.dumps(document).encode()


def first(body: bytes) -> Order:
    return next(order for order in read_page(body).page.orders if order.cart_order_id == 104444)


def test_the_twenty_orders_read_as_the_readme_says(orders: dict[str, Order]) -> None:
    assert sorted(orders) == sorted(row[0] for row in README)
    for number, cart_id, subs, round_, state, sub8, sub10, tax, total, payable, addresses in README:
        order = orders[number]
        amounts = order.amounts
        assert order.cart_order_id == cart_id
        assert (order.subscription.subscription_id if order.subscription else None) == subs
        assert (order.subscription.round if order.subscription else 0) == round_
        assert order.origin is (Origin.GENERATED if round_ > 1 else Origin.PLACED)
        assert order.payment.state is state
        assert (amounts.subtotal8, amounts.subtotal10, amounts.tax) == (sub8, sub10, tax)
        assert (amounts.total, amounts.payable, len(order.recipients)) == (total, payable, addresses)
        assert amounts.difference() == 0, number
    assert sum(order.amounts.payable for order in orders.values()) == 94_544


def test_single_facts_of_the_readme(orders: dict[str, Order]) -> None:
    assert orders["b7c2e4d018"].time_slot == "午前中"
    assert orders["b7c2e4d018"].amounts.points == 100
    assert orders["c0ffee1234"].payment.state_code == wire.PAY_EXAM_PROCESSING
    assert orders["0041200056"].payment.words
    assert orders["d40e55aa71"].state_code == wire.STATE_COMPLETE
    assert (orders["e19b3c7705"].payment.method_id, orders["e19b3c7705"].amounts.charge) == (5, 330)
    assert orders["1b2c3d4e5f"].split_unknown
    assert orders["2c3d4e5f60"].placed_at == at("2026-11-25 23:59:59")
    assert orders["3d4e5f6071"].amounts.discount == 982
    assert orders["3d4e5f6071"].amounts.points == 300
    assert orders["3d4e5f6071"].amounts.adjustment == -38
    assert [line.insert for line in orders["4e5f607182"].lines] == [False, True, True]
    assert orders["5f60718293"].recipient.address.name.startswith("髙")
    odd = orders["607182930a"]
    assert odd.wrapping
    assert "\r\n" in odd.remark
    assert "\n" in odd.remark.replace("\r\n", "")
    assert odd.time_slot == "14時〜16時"
    bare = orders["71829304b5"]
    assert len(bare.needs_attention) == 2
    assert (bare.ship_on, bare.deliver_on, bare.carrier, bare.carrier_id) == (None, None, "", None)
    assert orders["829304b5c6"].cancelled
    assert not orders["829304b5c6"].deleted
    assert orders["9304b5c6d7"].deleted
    assert orders["04b5c6d7e8"].updated_at == at("2026-11-26 08:57:10")
    assert {line.tax_rate for line in orders["15c6d7e8f9"].lines} == {0}
    assert orders["0a5b6c7d8e"].placed_at > orders["f2d8817a6b"].placed_at


def test_an_address_keeps_its_parts(orders: dict[str, Order]) -> None:
    address = orders["04b5c6d7e8"].recipient.address
    assert (address.name, address.kana) == ("見本 変子", "ミホン ヘンコ")
    assert (address.zip_code, address.prefecture, address.city) == ("700-0099", "岡山県", "岡山市架空区見本")
    assert (address.street, address.building, address.phone) == ("5-5", "", "086-000-0020")
    assert orders["04b5c6d7e8"].buyer.email == "mihon-henko@example.jp"


def test_what_changed_until_half_past_eleven(orders: dict[str, Order]) -> None:
    later = read_page(recorded("ecforce/orders_updated_later.json"))
    assert later.total_pages == 0
    read = {order.number: order for order in later.page.orders}
    changed = {n for n, order in read.items() if content_digest(order) != content_digest(orders[n])}
    assert changed == set(read) - {"5f60718293"}
    assert read["d40e55aa71"].payment.state is AUTHORIZED
    assert read["c0ffee1234"].payment.state is AUTHORIZED
    assert read["607182930a"].cancelled
    assert (len(read["04b5c6d7e8"].lines), read["04b5c6d7e8"].amounts.payable) == (2, 8210)
    assert read["04b5c6d7e8"].updated_at == at("2026-11-26 09:03:30")
    assert all(order.amounts.difference() == 0 for order in read.values())


def test_paging_facts() -> None:
    pages = [read_page(recorded(f"ecforce/orders_page{number}.json")) for number in (1, 2)]
    beyond = read_page(recorded("ecforce/orders_page3_beyond_end.json"))
    assert [(p.rows, p.per, p.total_pages, p.page.total) for p in pages] == [(10, 10, 2, 20)] * 2
    assert beyond.rows == 0
    assert beyond.page.orders == ()
    assert pages[0].page.body == recorded("ecforce/orders_page1.json")


def test_other_spellings_of_relationship_types_read_the_same() -> None:
    plain = read_page(recorded("ecforce/order_single.json")).page.orders
    odd = read_page(recorded("ecforce/order_single_type_variants.json")).page.orders
    assert plain == odd
    assert len(plain) == 1


def test_a_lighter_document_without_includes_is_no_order() -> None:
    read = read_page(recorded("ecforce/order_single_lighter.json")).page
    assert read.orders == ()
    assert read.malformed[0].facts["path"] == "$.included[order_item 77303]"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('"4120000e17"', "4120000e17"),
        ("4120000e17", "4120000e17"),
        ("41200056", "41200056"),
        ('"0041200056"', "0041200056"),
    ],
)
def test_an_order_number_is_text_however_it_is_written(written: str, text: str) -> None:
    body = page(number="HERE").replace(b'"HERE"', written.encode())
    assert first(body).number == text


@pytest.mark.parametrize(
    "written",
    [
        "2026/11/25 23:59:59",
        "2026-11-25 23:59:59",
        "2026-11-25T23:59:59+09:00",
        "2026-11-25T14:59:59Z",
    ],
)
def test_every_layout_of_an_instant(written: str) -> None:
    assert first(page(completed_at=written)).placed_at == at("2026-11-25 23:59:59")


@pytest.mark.parametrize("written", ["2026/12/03", "2026-12-03", "2026/12/03 18:30:00"])
def test_every_layout_of_a_date(written: str) -> None:
    order = first(page(scheduled_to_be_shipped_at=written, scheduled_to_be_delivered_at=""))
    assert str(order.ship_on) == "2026-12-03"
    assert order.deliver_on is None


@pytest.mark.parametrize(
    ("tbc", "reasons", "expected"),
    [
        (True, "住所確認,長期不在", ("住所確認", "長期不在")),
        ("1", None, ("要対応",)),
        (1, "", ("要対応",)),
        (False, "住所確認", ()),
        (0, None, ()),
        ("0", None, ()),
        (None, None, ()),
    ],
)
def test_attention_in_all_its_types(tbc: object, reasons: str | None, expected: tuple[str, ...]) -> None:
    assert first(page(tbc=tbc, tbc_order_reasons=reasons)).needs_attention == expected


def test_null_is_fine_where_an_order_can_be_trusted_without_it() -> None:
    document = recorded_json("ecforce/orders_page1.json")
    attributes = document["data"][0]["attributes"]
    needed = ("id", "number", "subtotal", "payment_total", "updated_at", "completed_at")
    for name in attributes.keys() - set(needed):
        attributes[name] = None
    order = first(json.dumps(document).encode())
    assert order.payment.state is PaymentState.UNKNOWN
    assert order.payment.method == "クレジットカード"  # from the included payment
    assert order.amounts.payable == 2710


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"subtotal": "2160"}, "$.data[0].attributes.subtotal"),
        ({"payment_total": None}, "$.data[0].attributes.payment_total"),
        ({"adjustment": 1.5}, "$.data[0].attributes.adjustment"),
        ({"number": None}, "$.data[0].attributes.number"),
        ({"number": {"value": "x"}}, "$.data[0].attributes.number"),
        ({"number": ""}, "$.data[0].attributes.number"),
        ({"completed_at": "yesterday"}, "$.data[0].attributes.completed_at"),
        ({"scheduled_to_be_shipped_at": "2026/13/45"}, "$.data[0].attributes.scheduled_to_be_shipped_at"),
        ({"completed_at": None, "created_at": None}, "$.data[0].attributes.completed_at"),
        ({"remark": 7}, "$.data[0].attributes.remark"),
    ],
)
def test_one_broken_order_is_a_stray_and_the_others_go_on(changes: dict[str, Any], path: str) -> None:
    read = read_page(page(**changes))
    assert len(read.page.orders) == 9
    (stray,) = read.page.malformed
    assert stray.system == "ecforce"
    assert (stray.facts["cart_order_id"], stray.facts["path"]) == ("104444", path)
    assert path in stray.where
    assert read.rows == 10
    assert read.updates[0] == at("2026-11-26 08:57:10")


def test_broken_neighbours_in_included_hit_only_their_order() -> None:
    document = recorded_json("ecforce/orders_page1.json")
    item = next(each for each in document["included"] if each["type"] == "order_item")
    item["attributes"]["price"] = "2160"
    read = read_page(json.dumps(document).encode())
    (stray,) = read.page.malformed
    assert stray.facts["path"] == f"$.included[order_item {item['id']}].attributes.price"
    assert len(read.page.orders) == 9


def test_a_living_order_without_lines_is_a_stray_and_a_cancelled_one_is_not() -> None:
    document = recorded_json("ecforce/orders_page1.json")
    document["data"][0]["relationships"]["order_items"]["data"] = []
    assert len(read_page(json.dumps(document).encode()).page.malformed) == 1
    document["data"][0]["attributes"]["state"] = wire.STATE_CANCELED
    assert read_page(json.dumps(document).encode()).page.malformed == ()


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"data": 7}', b'{"errors":[]}', b'{"data":[1,2'])
def test_a_body_that_is_no_document_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_page(body)


def test_an_order_placed_by_hand_when_the_first_round_was_voided_is_generated() -> None:
    """times can be 1 twice after a void; nth never goes down (spec/ecforce.md §7.8)."""
    again = first(page(subs_order_id=4901, subs_order_number="c09e71b2d1", times=1, nth=2))
    assert again.origin is Origin.GENERATED
    assert again.subscription is not None
    assert (again.subscription.round, again.subscription.nth) == (1, 2)


def test_every_payment_state_has_a_word_of_ours() -> None:
    assert set(PAYMENT_STATES) == set(wire.PAYMENT_STATES)
    assert payment_state("captured") is PaymentState.CAPTURED
    assert payment_state("void") is PaymentState.VOIDED
    assert payment_state("brand_new") is PaymentState.UNKNOWN


def test_points_are_subtracted_once_also_without_the_plain_discount() -> None:
    order = first(page(discount=None, discount_with_point=500, point=300, payment_total=2210))
    assert (order.amounts.discount, order.amounts.points) == (200, 300)
    assert order.amounts.difference() == 0
