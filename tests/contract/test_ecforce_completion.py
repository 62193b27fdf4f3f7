"""Completing orders in the cart, by files and by requests: sales run once, whatever gets lost on the way."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from connector.adapters.ecforce.completion import build_files, decode_rows
from connector.adapters.ecforce.reader import read_page
from connector.errors import ConnectorError, NotDone, Refused, Unknown
from connector.order import Order, PaymentState
from connector.outcome import Absent, CannotTell, Done, Effect, Reason, Sent
from connector.slip import Shipment

from tests.contract.border import at, recorded
from tests.contract.cart_shapes import HANAKO, JIRO, an_order, live_until
from tests.contract.ecforce_shop import (
    SHIPPING_CSV,
    SLIP,
    STATE_CSV,
    Shop,
    a_shipment,
    a_shop,
    effect,
    effects,
)

COD, BANK, DEFERRED = 5, 15, 24


async def placed(shop: Shop, *orders: dict[str, Any]) -> list[Order]:
    """Orders of the sandbox as our client reads them, some minutes later."""
    numbers = [shop.cart.place(an_order(**each)).number for each in orders]
    await live_until(shop.cart, shop.clock, "2026-11-26 09:30:00")
    read = await shop.orders()
    return [read[number] for number in numbers]


async def again(shop: Shop, order: Order) -> Order:
    return (await shop.ecforce.look([order.cart_order_id]))[order.number]


def rows(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("cp932"), newline="")))


# ---- files -----------------------------------------------------------------------------------------------


async def test_files_by_sale_and_one_for_the_state() -> None:
    async with a_shop() as shop:
        card, cod, deferred = await placed(
            shop, {}, {"payment_method_id": COD}, {"payment_method_id": DEFERRED}
        )
        build = shop.ecforce.completions(
            [
                (card, a_shipment(), True),
                (cod, a_shipment("412200001124"), False),
                (deferred, a_shipment("412200001135"), True),
            ]
        )
    assert build.held == ()
    assert [(part.name, part.order_numbers, part.facts["sale"]) for part in build.parts] == [
        ("shipping_a_20261126093000.csv", (cod.number,), False),
        ("shipping_a_20261126093000_sale.csv", (card.number, deferred.number), True),
        ("state_a_20261126093000.csv", (cod.number, card.number, deferred.number), False),
    ]
    assert rows(build.parts[1].body)[0] == {
        "受注番号": card.number,
        "配送伝票番号": SLIP,
        "発送完了日": "2026/11/26",
        "配送業者名": "ヤマト運輸",
        "お届け先ID": "",
    }
    assert {row["対応状況"] for row in rows(build.parts[2].body)} == {"発送完了"}
    assert build.parts[1].facts["ids"] == {
        card.number: card.cart_order_id,
        deferred.number: deferred.cart_order_id,
    }


def test_the_files_say_what_the_recorded_files_say() -> None:
    """The recorded import goes by number too; the order to two addresses is a person's in our case."""
    orders = {
        order.number: order
        for number in (1, 2)
        for order in read_page(recorded(f"ecforce/orders_page{number}.json")).page.orders
    }
    theirs = rows_of("shipping_import_by_number")
    carriers = {"見本運輸": "YAMATO_TAKKYUBIN", "テスト急便": "SAGAWA_TAKUHAI"}
    shipped: list[tuple[Order, Shipment, bool]] = []
    for row in theirs:
        order = orders[row["受注番号"]]
        carrier = carriers[row["配送業者名"] or order.carrier]
        shipment = a_shipment(row["配送伝票番号"], carrier=carrier)
        day = shipment.shipped_on + timedelta(days=int(row["発送完了日"][-2:]) - 26)
        shipped.append((order, msgspec.structs.replace(shipment, shipped_on=day), False))
    now = at("2026-11-28 19:30:00")
    build = build_files(shipped, shop="a", at=now, shipping=SHIPPING_CSV, state=STATE_CSV)
    assert {number: hold.reason for number, hold in build.held} == {
        "1b2c3d4e5f": Reason.ADDRESS_SPLIT_UNKNOWN
    }
    ours = {row["受注番号"]: row for row in rows(build.parts[0].body)}
    for row in theirs:
        if row["受注番号"] != "1b2c3d4e5f":
            for column in ("配送伝票番号", "発送完了日"):
                assert ours[row["受注番号"]][column] == row[column]
            assert ours[row["受注番号"]]["配送業者名"] == row["配送業者名"] or not row["配送業者名"]
    expected = recorded("ecforce/csv/state_bulk_update_cp932.csv").splitlines(keepends=True)[:4]
    assert build.parts[1].body == b"".join(expected)


def rows_of(name: str) -> list[dict[str, str]]:
    return rows(recorded(f"ecforce/csv/{name}_cp932.csv"))


@pytest.mark.parametrize("route", ["files", "api"])
async def test_who_cannot_be_completed_and_why(route: str) -> None:
    async with a_shop(route=route) as shop:
        two, bare, running, refused, good = await placed(
            shop,
            {"shipping": (HANAKO, JIRO), "item_addresses": (0,)},
            {},
            {},
            {"card": "decline"},
            {},
        )
        payment = msgspec.structs.replace(running.payment, state=PaymentState.EXAM)
        running = msgspec.structs.replace(running, payment=payment)
        nothing = msgspec.structs.replace(a_shipment(), tracking=())
        build = shop.ecforce.completions(
            [
                (two, a_shipment(), False),
                (bare, nothing, False),
                (running, a_shipment(), True),
                (refused, a_shipment(), True),
                (good, a_shipment(), True),
            ]
        )
    assert {number: hold.reason for number, hold in build.held} == {
        two.number: Reason.ADDRESS_SPLIT_UNKNOWN,
        bare.number: Reason.MALFORMED,
        running.number: Reason.PAYMENT_GATE,
        refused.number: Reason.PAYMENT_GATE,
    }
    assert {number for part in build.parts for number in part.order_numbers} == {good.number}


async def deliver_by_hand(shop: Shop) -> None:
    """What the office clerk does: takes each file from the folder to the cart's import screens."""
    for (_, name), body in sorted(shop.drop.files.items()):
        if name.startswith("shipping_"):
            shop.cart.import_shipping_csv(body, with_sale=name.endswith("_sale.csv"))
        else:
            shop.cart.import_state_csv(body)
    shop.drop.files.clear()


async def test_files_delivered_complete_the_orders_and_charge_once() -> None:
    async with a_shop() as shop:
        card, cod = await placed(shop, {}, {"payment_method_id": COD})
        build = shop.ecforce.completions([(card, a_shipment(), True), (cod, a_shipment(), False)])
        for each in effects(build):
            sent = await shop.ecforce.complete(each)
            assert isinstance(sent, Sent)
            assert sent.evidence["path"] == f"cart_inbox/{each.name}"
            assert isinstance(await shop.ecforce.completion_lies_there(each), Sent)
        await deliver_by_hand(shop)
        done = await again(shop, card)
        assert (done.state_code, done.tracking) == ("shipped", SLIP)
        assert done.payment.state is PaymentState.CAPTURED
        assert shop.cart.gateway.captured(card.number) == [card.amounts.payable]
        assert (await again(shop, cod)).state_code == "shipped"
        assert shop.cart.gateway.captured(cod.number) == []


@pytest.mark.parametrize("what", ["charged", "cancelled"])
async def test_a_file_with_sales_is_not_delivered_when_an_order_in_it_has_changed(what: str) -> None:
    async with a_shop() as shop:
        first, second = await placed(shop, {}, {})
        build = shop.ecforce.completions([(first, a_shipment(), True), (second, a_shipment(), True)])
        if what == "charged":
            other = shop.ecforce.completions([(first, a_shipment(), True)])
            shop.cart.import_shipping_csv(other.parts[0].body, with_sale=True)
        else:
            shop.cart.cancel(first.cart_order_id)
        sale, state = effects(build)
        with pytest.raises(Refused, match=first.number) as caught:
            await shop.ecforce.complete(sale)
        assert second.number not in str(caught.value)
        assert shop.drop.files == {}
        assert isinstance(await shop.ecforce.complete(state), Sent)  # touches no payment


async def test_after_a_doubt_a_file_is_looked_for() -> None:
    async with a_shop(taken="cart_done") as shop:
        (order,) = await placed(shop, {})
        (shipping, _) = effects(shop.ecforce.completions([(order, a_shipment(), False)]))
        assert isinstance(await shop.ecforce.completion_lies_there(shipping), Absent)
        await shop.ecforce.complete(shipping)
        await shop.drop.move("cart_inbox", shipping.name, "cart_done")
        taken = await shop.ecforce.completion_lies_there(shipping)
        assert isinstance(taken, Sent)
        assert taken.evidence["path"] == f"cart_done/{shipping.name}"
        other = msgspec.structs.replace(shipping, body=b"other bytes")
        assert isinstance(await shop.ecforce.completion_lies_there(other), Absent)
    async with a_shop() as shop:
        assert isinstance(await shop.ecforce.completion_lies_there(shipping), CannotTell)


# ---- requests --------------------------------------------------------------------------------------------


async def request_for(shop: Shop, *orders: tuple[Order, bool]) -> Effect:
    build = shop.ecforce.completions([(order, a_shipment(), sale) for order, sale in orders])
    assert build.held == ()
    (part,) = build.parts
    return effect(part)


def sales(shop: Shop, order: Order) -> list[int]:
    return shop.cart.gateway.captured(order.number)


async def test_requests_complete_and_charge() -> None:
    async with a_shop(route="api") as shop:
        card, cod = await placed(shop, {}, {"payment_method_id": COD})
        act = await request_for(shop, (card, True), (cod, False))
        assert act.name == "completion_a_20261126093000_001"
        assert isinstance(await shop.ecforce.completion_lies_there(act), Absent)
        done = await shop.ecforce.complete(act)
        assert isinstance(done, Done)
        assert done.evidence == {"done": [card.number, cod.number], "refused": {}, "sale_dropped": []}
        assert (await again(shop, card)).payment.state is PaymentState.CAPTURED
        assert [(await again(shop, each)).state_code for each in (card, cod)] == ["shipped"] * 2
        assert (sales(shop, card), sales(shop, cod)) == ([card.amounts.payable], [])
        assert isinstance(await shop.ecforce.completion_lies_there(act), Done)
        kept = [(each.direction, each.name, each.key) for each in shop.archive.kept]
        shipping, update = "/admin/orders/shipping.json", "/admin/orders/bulk_update.json"
        assert kept == [(d, n, act.key) for n in (shipping, shipping, update) for d in ("out", "in")]


async def test_repeating_a_request_does_nothing_more() -> None:
    async with a_shop(route="api") as shop:
        (card,) = await placed(shop, {})
        act = await request_for(shop, (card, True))
        first = await shop.ecforce.complete(act)
        writes = len(shop.archive.kept)
        second = await shop.ecforce.complete(act)
        assert len(shop.archive.kept) == writes
        assert isinstance(first, Done)
        assert isinstance(second, Done)
        assert second.evidence["done"] == [card.number]
        assert len(sales(shop, card)) == 1


async def test_a_captured_order_loses_its_sale_not_its_completion() -> None:
    async with a_shop(route="api") as shop:
        (card,) = await placed(shop, {})
        act = await request_for(shop, (card, True))
        body = {"orders": [{"id": card.cart_order_id, "shipping_slip": "1", "shipped_at": "2026-11-26"}]}
        await shop.caller.call("PUT", "/api/v2/admin/orders/shipping.json", body | {"with_sale": 1})
        done = await shop.ecforce.complete(act)
        assert isinstance(done, Done)
        assert done.evidence == {"done": [card.number], "refused": {}, "sale_dropped": [card.number]}
        after = await again(shop, card)
        assert (after.payment.state, after.tracking) == (PaymentState.CAPTURED, SLIP)
        assert len(sales(shop, card)) == 1


async def test_refusals_are_per_order_and_the_others_go_on() -> None:
    async with a_shop(route="api") as shop:
        good, cancelled, gone, late, wrong = await placed(shop, {}, {}, {}, {}, {})
        wrong = msgspec.structs.replace(wrong, carrier_id=99)
        act = await request_for(shop, *((each, True) for each in (good, cancelled, gone, late, wrong)))
        shop.cart.cancel(cancelled.cart_order_id)
        shop.cart.cancel(late.cart_order_id)
        shop.cart.set_state(late.cart_order_id, "complete")  # voided, but 注文確定 again
        missing = [
            msgspec.structs.replace(row, id=999_999) if row.number == gone.number else row
            for row in decode_rows(act.body)
        ]
        act = msgspec.structs.replace(act, body=msgspec.json.encode(missing))
        done = await shop.ecforce.complete(act)
        assert isinstance(done, Done)
        assert done.evidence["done"] == [good.number]
        refused = done.evidence["refused"]
        assert refused.keys() == {cancelled.number, gone.number, late.number, wrong.number}
        assert "キャンセル" in refused[cancelled.number]
        assert "取消完了" in refused[late.number]
        assert "shipping_carrier_id" in refused[wrong.number]
        assert [sales(shop, each) for each in (cancelled, gone, late, wrong)] == [[]] * 4


@pytest.mark.parametrize("kind", ["drop_after", "empty", "not_json", "502"])
@pytest.mark.parametrize("path", ["shipping", "bulk_update"])
async def test_a_lost_answer_is_looked_up_and_then_finished_without_a_second_charge(
    kind: str, path: str
) -> None:
    async with a_shop(route="api") as shop:
        (card,) = await placed(shop, {})
        act = await request_for(shop, (card, True))
        await shop.trouble(kind, f"PUT .*{path}")
        with pytest.raises(Unknown):
            await shop.ecforce.complete(act)
        looked = await shop.ecforce.completion_lies_there(act)
        if isinstance(looked, Absent):
            assert isinstance(await shop.ecforce.complete(act), Done)
            looked = await shop.ecforce.completion_lies_there(act)
        assert isinstance(looked, Done)
        assert sales(shop, card) == [card.amounts.payable]
        assert (await again(shop, card)).payment.state is PaymentState.CAPTURED


@pytest.mark.parametrize(
    ("kind", "path", "error"),
    [("429", "shipping", NotDone), ("429", "bulk_update", Unknown), ("403", "shipping", Refused)],
)
async def test_not_done_is_said_only_when_nothing_at_all_was_done(
    kind: str, path: str, error: type[ConnectorError]
) -> None:
    async with a_shop(route="api") as shop:
        (card,) = await placed(shop, {})
        act = await request_for(shop, (card, True))
        await shop.trouble(kind, f"PUT .*{path}")
        with pytest.raises(error):
            await shop.ecforce.complete(act)
        assert isinstance(await shop.ecforce.complete(act), Done)
        assert len(sales(shop, card)) == 1


async def test_a_hundred_orders_a_call() -> None:
    async with a_shop(route="api") as shop:
        orders = await placed(shop, *({} for _ in range(205)))
        build = shop.ecforce.completions([(order, a_shipment(), False) for order in orders])
        assert [len(part.order_numbers) for part in build.parts] == [100, 100, 5]
        assert [part.name[-4:] for part in build.parts] == ["_001", "_002", "_003"]
        for act in effects(build):
            done = await shop.ecforce.complete(act)
            assert isinstance(done, Done)
            assert done.evidence["refused"] == {}
        assert {order.state_code for order in (await shop.orders()).values()} == {"shipped"}


async def test_an_effect_keeps_the_route_it_was_made_for() -> None:
    async with a_shop(route="api") as by_requests, a_shop() as by_files:
        (order,) = await placed(by_files, {})
        (part, _) = by_files.ecforce.completions([(order, a_shipment(), False)]).parts
        assert isinstance(await by_requests.ecforce.complete(effect(part)), Sent)
        assert list(by_requests.drop.files) == [("cart_inbox", part.name)]
