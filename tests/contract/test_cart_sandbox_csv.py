"""The CSV screens of the cart take the recorded files and answer with the recorded result files (§5.2–5.3)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from connector.sandbox.cart import CartSandbox, CartSettings

from tests.contract.cart_shapes import (
    ECFORCE,
    HANAKO,
    JIRO,
    RECORDED_CARRIERS,
    Caller,
    an_order,
    jst_at,
    open_cart,
)

CSV = ECFORCE / "csv"
RECORDED = CartSettings(requests_per_minute=None, carriers=RECORDED_CARRIERS)
RECORDED_ORDERS = {
    104423: "0a5b6c7d8e",
    104425: "f2d8817a6b",
    104430: "4120000e17",
    104431: "e19b3c7705",
    104433: "a3f10c99d2",
    104436: "c0ffee1234",
}
SEVERAL = 104434


@pytest.fixture
async def recorded_shop() -> AsyncIterator[tuple[CartSandbox, Caller]]:
    """A shop that holds the orders the recorded files name."""
    async with open_cart("2026-11-27 18:00:00", settings=RECORDED) as (cart, caller, _):
        for id_, number in RECORDED_ORDERS.items():
            cart.place(an_order(order_id=id_, number=number))
        several = {"shipping": (HANAKO, JIRO), "address_ids": (9311, 9312)}
        cart.place(an_order(order_id=SEVERAL, number="1b2c3d4e5f", **several))
        yield cart, caller


@pytest.mark.parametrize("encoding", ["cp932", "utf8bom"])
@pytest.mark.parametrize("name", ["shipping_import_by_id", "shipping_import_bad"])
async def test_result_files_are_the_recorded_bytes(
    recorded_shop: tuple[CartSandbox, Caller], name: str, encoding: str
) -> None:
    cart, caller = recorded_shop
    upload = (CSV / f"{name}_{encoding}.csv").read_bytes()
    expected = (CSV / f"{name}_result_{encoding}.csv").read_bytes()
    assert cart.import_shipping_csv(upload, with_sale=False) == expected
    again = await caller.call("POST", "/__sandbox/imports/shipping", data=upload)
    assert again.body == expected


async def test_every_parcel_of_the_file_is_in_the_shop(recorded_shop: tuple[CartSandbox, Caller]) -> None:
    cart, _ = recorded_shop
    cart.import_shipping_csv((CSV / "shipping_import_by_id_cp932.csv").read_bytes(), with_sale=True)
    orders = cart.shop.orders
    parcels = orders[SEVERAL].parcels
    assert {id_: parcel.slip for id_, parcel in parcels.items()} == {
        9311: "412200001146",
        9312: "412200001150",
    }
    assert parcels[9312].shipped_at == jst_at("2026-11-28 00:00:00")
    carrier = orders[104431].carrier
    assert carrier is not None
    assert carrier.name == "テスト急便"
    for id_ in (104430, 104433, 104431, SEVERAL):
        order = orders[id_]
        assert order.payment.state == "completed"
        assert order.state == "complete"
        assert cart.gateway.captured(order.number) == [order.amounts.payment_total]
    assert orders[104423].payment.state == "authed"


async def test_keys_by_number_reach_the_same_orders(recorded_shop: tuple[CartSandbox, Caller]) -> None:
    cart, _ = recorded_shop
    result = cart.import_shipping_csv(
        (CSV / "shipping_import_by_number_cp932.csv").read_bytes(), with_sale=False
    )
    lines = result.decode("cp932").splitlines()
    assert len(lines) == 6
    assert all(line.endswith('"成功",""') for line in lines[1:])
    blank_carrier = cart.shop.orders[104433].carrier
    assert blank_carrier is not None
    assert blank_carrier.name == "見本運輸"
    assert set(cart.shop.orders[SEVERAL].parcels) == {9311, 9312}


async def test_the_same_file_with_sale_twice_breaks_the_payments(
    recorded_shop: tuple[CartSandbox, Caller],
) -> None:
    cart, _ = recorded_shop
    upload = (CSV / "shipping_import_by_id_utf8bom.csv").read_bytes()
    for _ in range(2):
        cart.import_shipping_csv(upload, with_sale=True)
    order = cart.shop.orders[104430]
    assert order.payment.state == "sales_failed"
    assert cart.gateway.captured(order.number) == [order.amounts.payment_total]
    assert cart.history.per_key("captured")[order.number] == 1


async def test_the_transaction_id_is_a_key_too(recorded_shop: tuple[CartSandbox, Caller]) -> None:
    cart, _ = recorded_shop
    upload = (
        "取引ID,配送伝票番号,発送完了日\r\ntx-104430,4122-0000-1113,2026/11/27\r\ntx-1,1234,2026/11/27\r\n"
    )
    result = cart.import_shipping_csv(upload.encode("cp932"), with_sale=False).decode("cp932")
    assert result.splitlines()[1:] == [
        '"2","","","4122-0000-1113","成功",""',
        '"3","","","1234","失敗","受注が見つかりませんでした"',
    ]


async def test_states_by_label_touch_no_payment(recorded_shop: tuple[CartSandbox, Caller]) -> None:
    cart, _ = recorded_shop
    result = cart.import_state_csv((CSV / "state_bulk_update_cp932.csv").read_bytes())
    assert result.decode("cp932").count("成功") == 4
    for number in ("4120000e17", "a3f10c99d2", "e19b3c7705", "1b2c3d4e5f"):
        order = cart.shop.order_by_number[number]
        assert (order.state, order.payment.state) == ("shipped", "authed")
    assert cart.gateway.captured("4120000e17") == []
    assert cart.history.per_key("state_changed")["4120000e17"] == 1


async def test_a_blank_state_keeps_and_a_date_alone_is_midnight(
    recorded_shop: tuple[CartSandbox, Caller],
) -> None:
    cart, _ = recorded_shop
    cart.import_state_csv((CSV / "state_bulk_update_with_date_utf8bom.csv").read_bytes())
    kept, shipped, canceled = (cart.shop.orders[id_] for id_ in (104430, 104433, 104425))
    assert kept.state == "complete"
    assert kept.ship_planned_at == jst_at("2026-11-30 00:00:00")
    assert shipped.state == "shipped"
    assert canceled.state == "canceled"
    assert canceled.payment.state == "authed"  # キャンセル as 対応状況 does not void, §2.11


@pytest.mark.parametrize(
    ("upload", "words"),
    [
        (b"\x81", "CSVの形式が正しくありません"),
        (b"", "CSVの形式が正しくありません"),
        ("受注番号,対応状況\r\n4120000e17,夢\r\n".encode("cp932"), "対応状況が正しくありません"),
        ("受注番号,対応状況\r\n4.12E+23,発送完了\r\n".encode("cp932"), "受注が見つかりませんでした"),
        (
            "受注番号,対応状況,発送予定日\r\n4120000e17,,明日\r\n".encode("cp932"),
            "発送予定日が正しくありません",
        ),
    ],
)
async def test_a_bad_state_file_says_so(
    recorded_shop: tuple[CartSandbox, Caller], upload: bytes, words: str
) -> None:
    cart, _ = recorded_shop
    result = cart.import_state_csv(upload).decode("cp932")
    assert result.splitlines()[1].endswith(f'"失敗","{words}"')
    assert cart.shop.order_by_number["4120000e17"].state == "complete"


async def test_an_import_is_a_job_whose_result_file_is_downloaded_later(
    recorded_shop: tuple[CartSandbox, Caller],
) -> None:
    cart, caller = recorded_shop
    upload = (CSV / "shipping_import_bad_cp932.csv").read_bytes()
    receipt = await caller.call("POST", "/__sandbox/csv/imports/shipping", data=upload)
    path = f"/__sandbox/csv/imports/{receipt.json['job_id']}"
    assert (await caller.call("GET", path)).status == 404
    assert cart.shop.orders[104423].parcels == {}
    await cart.live_until(jst_at("2026-11-27 18:00:10"))
    assert (await caller.call("GET", path)).body == (
        CSV / "shipping_import_bad_result_cp932.csv"
    ).read_bytes()
    assert cart.shop.orders[104423].parcels != {}
    (job,) = cart.jobs
    assert (job.kind, job.state) == ("csv_shipping_import", "done")
    states = (CSV / "state_bulk_update_utf8bom.csv").read_bytes()
    receipt = await caller.call("POST", "/__sandbox/csv/imports/state", data=states)
    await cart.live_until(jst_at("2026-11-27 18:00:20"))
    result = await caller.call("GET", f"/__sandbox/csv/imports/{receipt.json['job_id']}")
    assert result.body.decode("utf-8-sig").count("成功") == 4


async def test_rows_keep_their_place_beside_empty_lines_and_a_wide_header_is_read(
    recorded_shop: tuple[CartSandbox, Caller],
) -> None:
    cart, _ = recorded_shop
    upload = (
        "受注ＩＤ,配送伝票番号,発送完了日\r\n\r\n104430,412200001113,2026/11/27\r\n,,\r\n"
        "1.04E+05,412200001113,2026/11/27\r\n"
    )
    result = cart.import_shipping_csv(upload.encode("cp932"), with_sale=False).decode("cp932")
    assert result.splitlines()[1:] == [
        '"3","104430","","412200001113","成功",""',
        '"5","1.04E+05","","412200001113","失敗","受注が見つかりませんでした"',
    ]


async def test_an_order_to_several_addresses_needs_its_address_by_number_and_by_transaction(
    recorded_shop: tuple[CartSandbox, Caller],
) -> None:
    cart, _ = recorded_shop
    access = cart.shop.orders[SEVERAL].payment.access_id
    upload = (
        "受注番号,取引ID,配送伝票番号,発送完了日,お届け先ID\r\n"
        "1b2c3d4e5f,,412200001146,2026/11/27,\r\n"
        "1b2c3d4e5f,,412200001146,2026/11/27,9999\r\n"
        f",{access},412200001146,2026/11/27,9311\r\n"
        "1b2c3d4e5f,tx-1,412200001150,2026/11/27,9312\r\n"
    )
    result = cart.import_shipping_csv(upload.encode("cp932"), with_sale=False).decode("cp932")
    assert [line.split(",")[4:] for line in result.splitlines()[1:]] == [
        ['"失敗"', '"受注が見つかりませんでした"'],
        ['"失敗"', '"受注が見つかりませんでした"'],
        ['"成功"', '""'],
        ['"成功"', '""'],
    ]
    assert {id_: parcel.slip for id_, parcel in cart.shop.orders[SEVERAL].parcels.items()} == {
        9311: "412200001146",
        9312: "412200001150",
    }


async def test_blank_cells_keep_what_is_there(recorded_shop: tuple[CartSandbox, Caller]) -> None:
    cart, _ = recorded_shop
    order = cart.shop.orders[104431]
    before = (order.state, order.ship_planned_at, order.carrier)
    cart.import_state_csv("受注ID,対応状況,発送予定日\r\n104431,,\r\n".encode("cp932"))
    upload = "受注ID,配送伝票番号,発送完了日,配送業者名\r\n104431,412200001135,2026/11/27,\r\n"
    cart.import_shipping_csv(upload.encode("cp932"), with_sale=False)
    assert (order.state, order.ship_planned_at, order.carrier) == before
    assert [parcel.carrier for parcel in order.parcels.values()] == [order.carrier]
