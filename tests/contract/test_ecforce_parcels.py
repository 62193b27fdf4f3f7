"""Orders to several addresses: read as one order per address, completed by both routes, charged once."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec
import pytest
from connector.adapters.ecforce.completion import build_files, build_requests, decode_rows
from connector.adapters.ecforce.parcels import parcels
from connector.adapters.ecforce.reader import read_page
from connector.errors import Unknown
from connector.order import Order, PaymentKind, PaymentState
from connector.outcome import Done, Reason, Sent
from connector.slip import Shipment
from connector.transport.http import Answer, Http

from tests.contract.border import at, recorded
from tests.contract.cart_shapes import HANAKO, JIRO, SERUM, TEA, an_order, live_until
from tests.contract.ecforce_shop import SHIPPING_CSV, STATE_CSV, Shop, a_shipment, a_shop, effect, effects

COD = 5
NUMBERS = ("412200001124", "412200001135", "412200001146")
TWO: dict[str, Any] = {
    "shipping": (HANAKO, JIRO),
    "items": ((TEA.sku, 2), (SERUM.sku, 1)),
    "item_addresses": (0, 1),
}


async def placed(shop: Shop, **wishes: Any) -> list[Order]:
    """The walking orders of one order of the sandbox, as our client reads them, some minutes later."""
    number = shop.cart.place(an_order(**(TWO | wishes))).number
    await live_until(shop.cart, shop.clock, "2026-11-26 09:30:00")
    return [order for order in (await shop.orders()).values() if order.cart_number == number]


def shipped(orders: list[Order], sale: bool = True) -> list[tuple[Order, Shipment, bool]]:
    return [(order, a_shipment(slip), sale) for order, slip in zip(orders, NUMBERS, strict=False)]


def rows_of(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("cp932"), newline="")))[1:]


# ---- reading ---------------------------------------------------------------------------------------------


async def test_one_walking_order_for_each_address() -> None:
    async with a_shop() as shop:
        tea, serum = await placed(shop, point=0, coupon="C", coupon_discount=300, adjustment=-38)
        (original,) = shop.cart.shop.orders.values()
        ids = [address.id for address in original.shipping]
        assert [order.number for order in (tea, serum)] == [f"{original.number}-{id_}" for id_ in ids]
        assert {order.parcel_of for order in (tea, serum)} == {original.number}
        assert {order.cart_order_id for order in (tea, serum)} == {original.id}
        assert [[line.sku for line in order.lines] for order in (tea, serum)] == [[TEA.sku], [SERUM.sku]]
        assert [order.recipient.address.prefecture for order in (tea, serum)] == ["東京都", "沖縄県"]
        assert sum(order.amounts.payable for order in (tea, serum)) == original.amounts.payment_total
        assert [order.amounts.difference() for order in (tea, serum)] == [0, 0]
        looked = await shop.ecforce.look([original.id])
        assert looked == {order.number: order for order in (tea, serum)}


async def test_what_nobody_can_split_stays_whole_and_is_held() -> None:
    async with a_shop() as shop:
        for wishes in (
            {"item_addresses": ()},  # no item says its address, as in shops that do not send it
            {"item_addresses": (0, 0)},  # an address without goods
            {"payment_method_id": COD},  # who pays how much?
            {"inserts": ("MIHON-LEAFLET",)},  # the leaflet says no address
            {"number": "X" * 28},  # the number of a parcel would be too long for Next Engine
        ):
            (whole,) = await placed(shop, **wishes)
            assert (whole.parcel_of, len(whole.recipients)) == ("", 2), wishes
            assert whole.split_unknown, wishes


def test_the_recorded_order_to_two_addresses_says_no_split() -> None:
    read = read_page(recorded("ecforce/orders_page1.json")).page.orders
    (whole,) = [order for order in read if order.number == "1b2c3d4e5f"]
    assert parcels(whole) == (whole,)


async def test_an_unknown_method_that_turns_out_to_be_cash_on_delivery_is_held() -> None:
    async with a_shop() as shop:
        tea, _ = await placed(shop)
        cash = msgspec.structs.replace(
            tea, payment=msgspec.structs.replace(tea.payment, kind=PaymentKind.COD)
        )
        assert (tea.split_unknown, cash.split_unknown) == (False, True)


# ---- the recorded import files ----------------------------------------------------------------------------


def test_the_files_say_what_the_recorded_files_say() -> None:
    """104434 with a link between items and addresses: row by row what the recorded import has, and its number form."""
    read = read_page(recorded("ecforce/orders_page1.json")).page.orders
    (whole,) = [order for order in read if order.number == "1b2c3d4e5f"]
    line = whole.lines[0]
    lines = (
        msgspec.structs.replace(line, quantity=2, address_id=9311),
        msgspec.structs.replace(line, line_id=2, quantity=1, address_id=9312),
    )
    first, second = parcels(msgspec.structs.replace(whole, lines=lines))
    assert [first.number, second.number] == ["1b2c3d4e5f-9311", "1b2c3d4e5f-9312"]
    theirs = [row for row in rows_of(recorded("ecforce/csv/shipping_import_by_number_cp932.csv")) if row[5]]
    ready = [
        (order, a_shipment(row[2], carrier="YAMATO_TAKKYUBIN"), False)
        for order, row in zip((first, second), theirs, strict=True)
    ]
    build = build_files(ready, shop="a", at=at("2026-11-28 19:30:00"), shipping=SHIPPING_CSV, state=STATE_CSV)
    assert build.held == ()
    shipping, state = build.parts
    ours = rows_of(shipping.body)
    assert [(row[0], row[1], row[4]) for row in ours] == [(row[1], row[2], row[5]) for row in theirs]
    assert rows_of(state.body) == [["1b2c3d4e5f", "発送完了"]], "one row for the order of the cart"
    assert state.order_numbers == (first.number, second.number)
    requests = build_requests(ready, shop="a", at=at("2026-11-28 19:30:00"))
    names = [row.name for row in decode_rows(requests.parts[0].body)]
    by_id = rows_of(recorded("ecforce/csv/shipping_import_by_id_cp932.csv"))
    assert names == [row[0] for row in by_id if "-" in row[0]]


# ---- completing ------------------------------------------------------------------------------------------


async def test_by_requests_the_last_row_alone_runs_the_sales() -> None:
    async with a_shop(route="api") as shop:
        orders = await placed(shop)
        build = shop.ecforce.completions(shipped(orders))
        (part,) = build.parts
        assert [row.sale for row in decode_rows(part.body)] == [False, True]
        done = await shop.ecforce.complete(effect(part))
        assert isinstance(done, Done)
        assert done.evidence["done"] == [order.number for order in orders]
        sent = [
            msgspec.json.decode(each.body)
            for each in shop.archive.kept
            if each.direction == "out" and each.name.endswith("shipping.json")
        ]
        assert [(len(each["orders"]), each["with_sale"]) for each in sent] == [(1, 0), (1, 1)]
        await complete_and_charged_once(shop, orders)
        assert isinstance(await shop.ecforce.completion_lies_there(effect(part)), Done)


async def complete_and_charged_once(shop: Shop, orders: list[Order]) -> None:
    (original,) = [o for o in shop.cart.shop.orders.values() if o.number == orders[0].parcel_of]
    assert [parcel.slip for parcel in original.parcels.values()] == list(NUMBERS[: len(orders)])
    assert shop.cart.gateway.captured(original.number) == [original.amounts.payment_total]
    after = (await shop.ecforce.look([original.id]))[orders[0].number]
    assert (after.state_code, after.payment.state) == ("shipped", PaymentState.CAPTURED)


async def test_by_files_the_sale_file_carries_the_last_row() -> None:
    async with a_shop() as shop:
        orders = await placed(shop)
        build = shop.ecforce.completions(shipped(orders))
        first, last = orders
        assert [(part.facts["kind"], part.facts["sale"], part.order_numbers) for part in build.parts] == [
            ("shipping", False, (first.number,)),
            ("shipping", True, (last.number,)),
            ("state", False, (first.number, last.number)),
        ]
        for each in effects(build):
            assert isinstance(await shop.ecforce.complete(each), Sent)
        for (_, name), body in sorted(shop.drop.files.items()):
            if name.startswith("shipping_"):
                shop.cart.import_shipping_csv(body, with_sale=name.endswith("_sale.csv"))
            else:
                shop.cart.import_state_csv(body)
        await complete_and_charged_once(shop, orders)


@pytest.mark.parametrize("route", ["files", "api"])
async def test_one_parcel_without_a_number_keeps_its_brothers_back(route: str) -> None:
    async with a_shop(route=route) as shop:
        first, last = await placed(shop)
        nothing = msgspec.structs.replace(a_shipment(), tracking=())
        build = shop.ecforce.completions([(first, nothing, True), (last, a_shipment(NUMBERS[1]), True)])
        assert [(number, hold.reason) for number, hold in build.held] == [(first.number, Reason.MALFORMED)]
        assert build.parts == ()


async def test_a_carrier_that_no_table_knows_keeps_the_whole_order_out_of_the_files() -> None:
    async with a_shop() as shop:
        first, last = await placed(shop)
        odd = a_shipment(NUMBERS[0], carrier="見知らぬ運送")
        build = shop.ecforce.completions([(first, odd, True), (last, a_shipment(NUMBERS[1]), True)])
        assert [number for number, _ in build.held] == [first.number]
        assert build.parts == ()


async def test_a_refused_address_keeps_the_sale_back() -> None:
    async with a_shop(route="api") as shop:
        first, last = await placed(shop)
        wrong = msgspec.structs.replace(first, carrier_id=99)
        (part,) = shop.ecforce.completions(shipped([wrong, last])).parts
        done = await shop.ecforce.complete(effect(part))
        assert isinstance(done, Done)
        assert "shipping_carrier_id" in done.evidence["refused"][first.number]
        assert "他のお届け先" in done.evidence["refused"][last.number]
        assert shop.cart.gateway.captured(first.parcel_of) == []
        again = (await shop.ecforce.look([first.cart_order_id]))[first.number]
        assert again.state_code != "shipped"


async def test_an_address_that_does_not_show_after_its_call_keeps_the_sale_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first call is promised for later (a job): sales wait until its parcel stands in the cart."""
    async with a_shop(route="api") as shop:
        orders = await placed(shop)
        (part,) = shop.ecforce.completions(shipped(orders)).parts
        sent: list[dict[str, Any]] = []

        async def promised(http: Http, method: str, path: str, body: bytes) -> Answer:
            sent.append(msgspec.json.decode(body))
            return Answer("ecforce", True, 202, {}, b'{"job_id": "58801"}')

        with monkeypatch.context() as patch:
            patch.setattr(Http, "send_json", promised)
            with pytest.raises(Unknown, match=orders[0].number):
                await shop.ecforce.complete(effect(part))
        assert [each["with_sale"] for each in sent] == [0], "no sale, no 対応状況"
        assert shop.cart.gateway.captured(orders[0].parcel_of) == []
        assert isinstance(await shop.ecforce.complete(effect(part)), Done)
        await complete_and_charged_once(shop, orders)


async def test_a_lost_answer_to_the_first_address_keeps_the_sale_back() -> None:
    async with a_shop(route="api") as shop:
        orders = await placed(shop)
        (part,) = shop.ecforce.completions(shipped(orders)).parts
        act = effect(part)
        await shop.trouble("not_json", "PUT .*shipping")
        with pytest.raises(Unknown):
            await shop.ecforce.complete(act)
        assert shop.cart.gateway.captured(orders[0].parcel_of) == []
        assert isinstance(await shop.ecforce.complete(act), Done)
        await complete_and_charged_once(shop, orders)


async def test_rows_of_one_order_are_never_parted_between_calls() -> None:
    async with a_shop(route="api") as shop:
        singles = [shop.cart.place(an_order()).number for _ in range(99)]
        both = await placed(shop)
        read = await shop.orders()
        ready = [(read[number], a_shipment(), False) for number in singles] + shipped(both)
        build = shop.ecforce.completions(ready)
        assert [len(part.order_numbers) for part in build.parts] == [99, 2]
        for act in effects(build):
            assert isinstance(await shop.ecforce.complete(act), Done)
        await complete_and_charged_once(shop, both)


async def test_blanks_keep_what_the_cart_has() -> None:
    """F40: an unknown carrier is left out of the call and blank in the file; the order's own stays."""
    async with a_shop(route="api") as shop:
        first, last = await placed(shop)
        bare = [msgspec.structs.replace(each, carrier_id=None, carrier="") for each in (first, last)]
        (part,) = shop.ecforce.completions(shipped(bare)).parts
        assert isinstance(await shop.ecforce.complete(effect(part)), Done)
        original = shop.cart.shop.orders[first.cart_order_id]
        carriers = [parcel.carrier.name for parcel in original.parcels.values() if parcel.carrier]
        assert carriers == [first.carrier, first.carrier]
