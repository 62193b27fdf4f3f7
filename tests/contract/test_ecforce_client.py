"""The cart client reading: paging that loses nothing, looking, translating, and every recorded error."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
import respx
from connector.adapters.ecforce.bulk import explain, refusals
from connector.adapters.ecforce.client import INCLUDE, Ecforce, connect
from connector.adapters.ecforce.reader import read_page
from connector.clock import SteppedClock
from connector.errors import ConnectorError, Malformed, NotDone, Refused, Unknown
from connector.mapping import Tables
from connector.order import Order, PaymentKind
from connector.ports import Cart, CartPage
from connector.transport.http import Answer, Http

from tests.contract.border import MemoryArchive, MemoryDrop, at, recorded, recorded_json
from tests.contract.cart_shapes import JIRO, an_order, live_until
from tests.contract.ecforce_shop import BEGINNING, TABLES, Shop, a_shop, client

BASE = "https://mihon-shop.example.jp"
ORDERS = f"{BASE}/api/v2/admin/orders.json"


@dataclass(slots=True)
class Line:
    """A client whose cart is played by hand."""

    clock: SteppedClock
    http: Http
    ecforce: Ecforce


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    clock = SteppedClock(at("2026-11-26 09:00:00"))
    http = connect(BASE, "sample-token", clock=clock)
    yield Line(clock, http, client(http, clock, MemoryArchive(), MemoryDrop()))
    await http.close()


async def all_pages(ecforce: Ecforce) -> list[CartPage]:
    return [page async for page in ecforce.changed_since(BEGINNING)]


def page(number: int | str, **meta: Any) -> httpx.Response:
    document = recorded_json(f"ecforce/orders_page{number}.json")
    for name, value in meta.items():
        if value is None:
            document["meta"].pop(name)
        else:
            document["meta"][name] = value
    return httpx.Response(200, content=json.dumps(document).encode())


# ---- the request -----------------------------------------------------------------------------------------


async def test_the_request_for_changed_orders(line: Line, httpx2_mock: respx.Router) -> None:
    route = httpx2_mock.get(url__startswith=ORDERS).mock(return_value=page("3_beyond_end"))
    pages = [each async for each in line.ecforce.changed_since(at("2026-11-26 07:40:00"))]
    assert [each.orders for each in pages] == [()]
    request = route.calls.last.request
    assert sorted(request.url.params.multi_items()) == [
        ("include", INCLUDE),
        ("lighter", "0"),
        ("page", "1"),
        ("per", "100"),
        ("q[updated_at_gteq]", "2026-11-26 07:40:00"),
        ("q[with_deleted]", "1"),
        ("sort", "updated_at,id"),
    ]
    assert request.headers["Authorization"] == 'Token token="sample-token"'
    assert request.headers["Accept"] == "application/json"
    assert request.headers["User-Agent"].isascii()


@pytest.mark.parametrize("base", [BASE, f"{BASE}/", f"{BASE}/api/v2"])
async def test_the_base_url_with_and_without_the_api(base: str, httpx2_mock: respx.Router) -> None:
    route = httpx2_mock.get(url__startswith=ORDERS).mock(return_value=page("3_beyond_end"))
    clock = SteppedClock(at("2026-11-26 09:00:00"))
    http = connect(base, "t", clock=clock)
    await all_pages(client(http, clock, MemoryArchive(), MemoryDrop()))
    await http.close()
    assert route.called


# ---- paging ----------------------------------------------------------------------------------------------


async def test_twenty_recorded_orders_each_once_and_links_next_is_not_followed(
    line: Line, httpx2_mock: respx.Router
) -> None:
    route = httpx2_mock.get(url__startswith=ORDERS).mock(side_effect=[page(1), page(2)])
    pages = await all_pages(line.ecforce)
    numbers = [order.number for each in pages for order in each.orders]
    assert len(numbers) == len(set(numbers)) == 20
    assert [each.total for each in pages] == [20, 20]
    assert [call.request.url.params["page"] for call in route.calls] == ["1", "2"]
    assert line.clock.monotonic() == 1.0  # one call a second
    assert pages[0].body == page(1).content


@pytest.mark.parametrize("total_pages", [None, 0])
@pytest.mark.parametrize(("total_count", "calls"), [(None, 3), (20, 2)])
async def test_without_total_pages_it_stops_at_the_count_or_at_an_empty_page(
    line: Line, httpx2_mock: respx.Router, total_pages: int | None, total_count: int | None, calls: int
) -> None:
    meta = {"total_pages": total_pages, "total_count": total_count}
    route = httpx2_mock.get(url__startswith=ORDERS).mock(
        side_effect=[page(1, **meta), page(2, **meta), page("3_beyond_end", total_pages=total_pages)]
    )
    pages = await all_pages(line.ecforce)
    assert sum(len(each.orders) for each in pages) == 20
    assert route.call_count == calls


async def test_a_cart_that_never_ends_is_left_alone(line: Line, httpx2_mock: respx.Router) -> None:
    httpx2_mock.get(url__startswith=ORDERS).mock(return_value=page(1, total_pages=0, total_count=None))
    with pytest.raises(NotDone, match="1000"):
        await all_pages(line.ecforce)


async def test_strays_come_with_their_page(line: Line, httpx2_mock: respx.Router) -> None:
    document = recorded_json("ecforce/orders_page2.json")
    document["data"][3]["attributes"]["total"] = "7,000"
    document["meta"] |= {"page": 1, "total_pages": 1, "total_count": 10}
    body = json.dumps(document).encode()
    httpx2_mock.get(url__startswith=ORDERS).mock(return_value=httpx.Response(200, content=body))
    (only,) = await all_pages(line.ecforce)
    assert (len(only.orders), len(only.malformed), only.body) == (9, 1, body)


async def place_many(shop: Shop, count: int, *, at_once: int) -> list[str]:
    """`at_once` orders in each second."""
    numbers: list[str] = []
    for index in range(count):
        numbers.append(shop.cart.place(an_order()).number)
        if (index + 1) % at_once == 0:
            await shop.clock.advance_to(shop.clock.now() + timedelta(seconds=1))
    return numbers


@pytest.mark.parametrize("at_once", [1, 7, 250])
async def test_all_orders_come_oldest_change_first(at_once: int) -> None:
    async with a_shop() as shop:
        placed = await place_many(shop, 250, at_once=at_once)
        pages = await all_pages(shop.ecforce)
        read = [order for each in pages for order in each.orders]
        assert {order.number for order in read} == set(placed)
        twice = len(read) - len(placed)
        assert twice == (100 if at_once > 100 else 0), "only the page that shows that they share a second"
        assert [order.updated_at for order in read] == sorted(order.updated_at for order in read)
        assert shop.http.calls <= 5  # one more to see that they share a second, one to see the end


async def test_nothing_is_lost_while_orders_move_under_our_hands() -> None:
    """An order of an earlier page is updated and goes to the end: offsets alone would skip one for each."""
    async with a_shop() as shop:
        placed = await place_many(shop, 250, at_once=1)
        first = {order.number: order for order in shop.cart.shop.orders.values()}
        seen: list[str] = []
        moved = iter(placed)
        async for each in shop.ecforce.changed_since(BEGINNING):
            seen += [order.number for order in each.orders]
            for _ in range(20):
                await shop.clock.advance_to(shop.clock.now() + timedelta(seconds=1))
                number = next(moved, None)
                if number and number in seen and len(seen) < 400:
                    shop.cart.set_state(first[number].id, "hold")
        assert set(seen) == set(placed)


async def test_deleted_orders_come_too() -> None:
    async with a_shop() as shop:
        order = shop.cart.place(an_order())
        shop.cart.cancel(order.id)
        path = "/api/v2/admin/orders/bulk_destroy.json"
        await shop.caller.call("DELETE", path, {"order_ids": [order.id]})
        (read,) = (await shop.orders()).values()
        assert (read.deleted, read.cancelled) == (True, True)


# ---- looking ---------------------------------------------------------------------------------------------


async def test_looking_at_named_orders() -> None:
    async with a_shop() as shop:
        placed = await place_many(shop, 205, at_once=50)
        orders = await shop.orders()
        calls = shop.http.calls
        wanted = [orders[number].cart_order_id for number in placed[:203]]
        shop.cart.change_address(wanted[5], JIRO)
        found = await shop.ecforce.look([*wanted, 999_999, wanted[0]])
        assert shop.http.calls == calls + 3
        assert sorted(found) == sorted(placed[:203])
        assert found[placed[5]].recipient.address.city == "那覇市見本町"
        assert await shop.ecforce.look([]) == {}


async def test_payments_change_between_two_looks() -> None:
    async with a_shop() as shop:
        shop.cart.place(an_order(payment_method_id=24))
        (before,) = (await shop.orders()).values()
        await live_until(shop.cart, shop.clock, "2026-11-26 09:10:00")
        after = (await shop.ecforce.look([before.cart_order_id]))[before.number]
        assert (before.payment.state.value, after.payment.state.value) == ("exam", "authorized")


# ---- translating -----------------------------------------------------------------------------------------


async def test_orders_arrive_translated() -> None:
    async with a_shop() as shop:
        shop.cart.place(an_order(payment_method_id=5, delivery_time="14時〜16時"))
        (order,) = (await shop.orders()).values()
        assert (order.payment.kind, order.payment.linked, order.payment.prepayment) == (
            PaymentKind.COD,
            False,
            False,
        )
        assert order.payment.label == "代金引換"
        assert order.carrier_label
        assert order.time_slot_label == "時間帯指定[14時-16時]"
        assert order.unknown == ()


def test_unknown_values_are_named_and_known_again_once_the_table_knows(line: Line) -> None:
    order = msgspec.structs.replace(an_order_read(), carrier="謎急便", time_slot="夕方ごろ")
    payment = msgspec.structs.replace(order.payment, method="新しい決済")
    odd = line.ecforce.translate(msgspec.structs.replace(order, payment=payment))
    assert odd.unknown == ("payment: 新しい決済", "carrier: 謎急便", "time_slot: 夕方ごろ")
    assert (odd.payment.kind, odd.payment.prepayment, odd.payment.linked) == (
        PaymentKind.UNKNOWN,
        True,
        False,
    )
    assert (odd.carrier_label, odd.time_slot_label, odd.payment.label) == ("", "", "")
    healed = line.ecforce.translate(
        msgspec.structs.replace(
            odd,
            payment=msgspec.structs.replace(odd.payment, method="Amazon Pay"),
            carrier="",
            time_slot="",
        )
    )
    assert healed.unknown == ()
    assert healed.payment.kind is PaymentKind.WALLET


def an_order_read() -> Order:
    return read_page(recorded("ecforce/order_single.json")).page.orders[0]


# ---- errors ----------------------------------------------------------------------------------------------

INDEX = {entry["file"]: entry for entry in recorded_json("ecforce/errors/index.json")}


def recorded_answer(name: str) -> Answer:
    entry = INDEX[name]
    headers = {key.lower(): value for key, value in entry["headers"].items()}
    writing = not entry["request"].startswith("GET")
    after = float(headers["retry-after"]) if "retry-after" in headers else None
    body = recorded(f"ecforce/errors/{name}")
    return Answer("ecforce", writing, entry["status"], headers, body, after)


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("401_ass1001.json", Refused, "ASS1001"),
        ("403_waf.html", Refused, "WAF"),
        ("404_aor2001.json", Refused, "AOR2001"),
        ("404_acu2001.json", Refused, "ACU2001"),
        ("404_aso2001.json", Refused, "ASO2001"),
        ("422_aor3002_state.json", Refused, "stateパラメータが正しくありません"),
        ("422_aor3001_order_ids.json", Refused, "AOR3001"),
        ("422_aso3999_stock.json", Refused, "ASO3999"),
        ("422_acu3999_two_errors.json", Refused, "name01パラメータを入力してください"),
        ("422_payment_sentence.json", Refused, "決済状況が credit_exam_completed ではありません"),
        ("400_malformed.json", Refused, "400"),
        ("429_retry_later.txt", NotDone, "429"),
        ("429_no_header.txt", NotDone, "429"),
        ("429_sign_in_sixth.txt", NotDone, "429"),
        ("500_aor9999.json", Unknown, "500"),
        ("502_bad_gateway.html", Unknown, "502"),
        ("200_empty_body.bin", Unknown, "JSON"),
        ("200_not_json.txt", Unknown, "JSON"),
    ],
)
def test_every_recorded_error_has_its_duty(name: str, kind: type[ConnectorError], words: str) -> None:
    with pytest.raises(kind) as caught:
        recorded_answer(name).accepted(explain)
    text = str(caught.value)
    assert words in text or words == str(INDEX[name]["status"])
    if name == "429_retry_later.txt":
        assert isinstance(caught.value, NotDone)
        assert caught.value.after == 7.0
    if name == "422_acu3999_two_errors.json":
        assert "Eメールはすでに存在します" in text


def test_204_is_accepted() -> None:
    assert recorded_answer("204_no_content.bin").accepted(explain) == b""


def test_bulk_answers_row_by_row() -> None:
    assert refusals(recorded_answer("200_bulk_all_ok.json"), ["104430", "104431", "104433"]) == {}
    asked = ["104430", "104433", "104431", "999999"]
    partial = refusals(recorded_answer("200_bulk_partial_failure.json"), asked)
    assert partial.keys() == {"104431", "999999"}
    assert "stateパラメータ" in partial["104431"]
    assert "shipping_carrier_idパラメータ" in partial["104431"]
    assert "orderが見つかりません" in partial["999999"]
    asked = ["104430", "104433", "104425", "104434-9311", "104434-9312"]
    mixed = refusals(recorded_answer("200_shipping_mixed_ids.json"), asked)
    assert mixed.keys() == {"104425", "104434-9312"}
    assert "shipping_slipパラメータ" in mixed["104434-9312"]
    whole = refusals(recorded_answer("200_shipping_mixed_ids.json"), ["104430", "104434"])
    assert whole.keys() == {"104434"}  # an order half done is not done
    failed = [str(each) for each in recorded_json("ecforce/errors/200_bulk_all_failed.json")["failure"]]
    assert refusals(recorded_answer("200_bulk_all_failed.json"), failed).keys() == set(failed)


def test_an_answer_that_leaves_a_row_out_proves_nothing() -> None:
    with pytest.raises(Unknown, match="777777"):
        refusals(recorded_answer("200_bulk_all_ok.json"), ["104430", "777777"])


@pytest.mark.parametrize("name", ["200_shipping_async_job.json", "200_payment_bulk_job.json"])
def test_a_promise_to_do_it_later_refuses_nobody(name: str) -> None:
    """Accepted, not done: only reading the orders back shows what came of it."""
    assert refusals(recorded_answer(name), ["104430", "104434-9311"]) == {}


async def test_a_read_is_tried_again_within_seconds(line: Line, httpx2_mock: respx.Router) -> None:
    busy = httpx.Response(500, content=recorded("ecforce/errors/500_aor9999.json"))
    soon = httpx.Response(429, text="Retry later\n", headers={"Retry-After": "4"})
    whole = page(2, total_pages=1, total_count=10)
    route = httpx2_mock.get(url__startswith=ORDERS).mock(side_effect=[busy, soon, whole])
    assert len(await all_pages(line.ecforce)) == 1
    assert route.call_count == 3


async def test_a_long_wait_and_a_wrong_token_go_up_at_once(line: Line, httpx2_mock: respx.Router) -> None:
    late = httpx.Response(429, text="Retry later\n", headers={"Retry-After": "30"})
    wrong = httpx.Response(401, content=recorded("ecforce/errors/401_ass1001.json"))
    route = httpx2_mock.get(url__startswith=ORDERS).mock(side_effect=[late, wrong])
    with pytest.raises(NotDone) as caught:
        await all_pages(line.ecforce)
    assert caught.value.after == 30.0
    with pytest.raises(Refused):
        await all_pages(line.ecforce)
    assert route.call_count == 2


async def test_a_page_that_is_no_document(line: Line, httpx2_mock: respx.Router) -> None:
    httpx2_mock.get(url__startswith=ORDERS).mock(return_value=httpx.Response(200, json={"orders": []}))
    with pytest.raises(Malformed):
        await all_pages(line.ecforce)


def test_it_is_the_port() -> None:
    cart: type[Cart] = Ecforce
    assert cart is Ecforce
    assert isinstance(TABLES, Tables)
