"""What our own writer makes of equivalent orders gives the slips on file, in 41 columns and in 61."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from connector.adapters.next_engine import wire
from connector.order import Order, OrderLine
from connector.outcome import Reason
from msgspec.structs import replace

from tests.contract.ne_case import FIXTURES, town
from tests.contract.test_ne_sandbox_import import IMPORT_AT, compare, prepare_case
from tests.golden import samples

PLAIN, INVOICE = "next_engine/order_csv.yaml", "next_engine/order_csv_invoice.yaml"
GOLDEN = samples.FIXTURES / "golden/next_engine-order_csv"
# A cart's order has no such field: written by hand in the fixtures.
NOT_OURS = (
    "receive_order_worker_text",
    "receive_order_option_noshi",
    "receive_order_option_message",
    "receive_order_row_goods_option",
)


def golden(name: str) -> list[Order]:
    return [
        msgspec.convert(item, Order)
        for item in json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))["items"]
    ]


def split(order: Order) -> Order:
    """The same order of a cart that says the discount per rate."""
    off = order.amounts.discount
    return replace(
        order, amounts=replace(order.amounts, discount8=off * 42 // 100, discount10=off - off * 42 // 100)
    )


def quotes_and_newlines() -> list[Order]:
    """ok_3 as the cart would have it."""
    one = golden("ok_1_one_order_one_item")[0]
    address = replace(
        one.buyer.address,
        name="例示 三郎",
        kana="レイジ サブロウ",
        street='架空ビル"A", 3階',
        building="",
        company="",
    )
    lines = (
        OrderLine(
            line_id=1,
            sku="TEST-SKU-003",
            product_number="3",
            name="テスト石けん",
            unit_price=1100,
            quantity=2,
            tax_rate=10,
        ),
        OrderLine(
            line_id=2,
            sku="TEST-SKU-002",
            product_number="2",
            name="見本クリーム 50g",
            unit_price=2200,
            quantity=1,
            tax_rate=10,
        ),
    )
    sums = {"subtotal": 4400, "subtotal8": 0, "subtotal10": 4400, "total": 5280, "payable": 5280}
    return [
        replace(
            one,
            number="TEST000121",
            placed_at=msgspec.convert("2026-11-19T23:00:00Z", type=type(one.placed_at)),
            buyer=replace(one.buyer, email="saburo@example.jp", address=address),
            recipients=(replace(one.recipient, address=address),),
            lines=lines,
            amounts=replace(one.amounts, **sums),
            remark='配達前に"必ず"電話,\nインターホンは鳴らさず、\n[宛名] 見本, 太郎',
        )
    ]


CASES = {
    "ok_1_one_order_one_item": golden("ok_1_one_order_one_item"),
    "ok_2_three_orders": golden("ok_2_three_orders"),
    "ok_3_quotes_commas_newlines": quotes_and_newlines(),
}


@pytest.mark.parametrize("form", [PLAIN, INVOICE])
@pytest.mark.parametrize("case", CASES)
async def test_our_file_gives_the_slips_on_file(case: str, form: str) -> None:
    orders = CASES[case] if form == PLAIN else [split(order) for order in CASES[case]]
    written = samples.writer(form).write(orders)
    assert (len(written.included), written.held) == (len(orders), ())
    async with town(IMPORT_AT) as t:
        expected = prepare_case(t, case)
        que_id = (await t.call.upload(written.body, "csv"))["que_id"]
        await t.wait(minutes=1)
        row = await t.call.que(que_id)
        assert row["que_status_id"] == expected["que_status_id"], row["que_message"]
        for slip in expected["slips"]:
            found = t.ne.slips_of(slip["fields"][wire.ORDER_NUMBER])
            assert len(found) == 1
            await compare(t, _ours(slip), found[0])


def _ours(slip: dict[str, Any]) -> dict[str, Any]:
    def kept(fields: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in fields.items() if name not in NOT_OURS}

    return slip | {"fields": kept(slip["fields"]), "rows": [kept(row) for row in slip["rows"]]}


def test_the_whole_file_of_ok_1_is_the_fixtures() -> None:
    written = samples.writer(PLAIN).write(CASES["ok_1_one_order_one_item"])
    assert written.body == (FIXTURES / "import_csv/ok_1_one_order_one_item/upload.csv").read_bytes()


def test_no_bad_file_can_come_out_of_our_writer() -> None:
    """bad_1 and bad_2: the header is fixed. bad_3, bad_4: held. bad_5: always CP932."""
    one = CASES["ok_1_one_order_one_item"][0]
    line = one.lines[0]
    many = replace(
        one,
        number="MANY",
        lines=tuple(replace(line, line_id=n, unit_price=10, quantity=1) for n in range(100)),
        amounts=replace(one.amounts, subtotal=1000, subtotal8=1000, total=1880, payable=1880),
    )
    long = replace(one, number="A" * 31)
    written = samples.writer(PLAIN).write([many, long, replace(one, number="1234567e12")])
    assert dict(written.held)["MANY"].reason is Reason.TOO_MANY_LINES
    assert dict(written.held)["A" * 31].reason is Reason.TEXT_TOO_LONG
    assert written.included == ("1234567e12",), "a number that looks like 1.2e18 stays the text it is"
    header, row = written.body.decode("cp932").split("\r\n")[:2]
    assert header.split(",") == list(wire.CSV_COLUMNS)
    assert row.startswith("1234567e12,")
    ninety_nine = replace(
        many,
        lines=many.lines[:99],
        amounts=replace(many.amounts, subtotal=990, subtotal8=990, total=1870, payable=1870),
    )
    assert samples.writer(PLAIN).write([ninety_nine]).rows == 99
