"""CSV writer: what goes out, who stays out and why."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from connector.mapping import Written, load_csv_writer
from connector.mapping.text import carried
from connector.order import Order
from connector.outcome import Hold, Reason
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.golden import samples
from tests.golden.samples import order, writer

ORDER_CSV = "next_engine/order_csv.yaml"
INSTRUCTION = "wms/generic/instruction.yaml"


def write(items: Sequence[Any], path: str = ORDER_CSV) -> Written:
    return writer(path).write(items)


def rows(written: Written, encoding: str = "cp932") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written.body.decode(encoding), newline=""), strict=True))


def only_hold(written: Written) -> Hold:
    ((_, hold),) = written.held
    return hold


def test_an_empty_batch_is_a_header() -> None:
    written = write([])
    assert written.body.count(b"\r\n") == 1
    assert (written.included, written.held, written.rows) == ((), (), 0)


def test_money_goes_where_next_engine_adds_it_up() -> None:
    money = samples.amounts(
        10_000, discount=700, points=300, delivery_fee=550, charge=330, misc_fee=110, adjustment=-38, tax=0
    )
    lines = (samples.line(unit_price=5000, quantity=2),)
    (row,) = rows(write([order(lines=lines, amounts=money)]))
    figures = {
        name: int(row[name]) for name in ("商品計", "税金", "発送料", "手数料", "ポイント", "その他費用")
    }
    assert figures["その他費用"] == -700 + 110 - 38
    assert figures["ポイント"] == 300
    total = sum(figures.values()) - 2 * figures["ポイント"]
    assert total == int(row["合計金額"]) == money.payable


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"amounts": replace(samples.amounts(2000), payable=2001)}, Reason.AMOUNT_DIFFERS, "+1円"),
        (
            {"lines": (samples.line(quantity=3),), "amounts": samples.amounts(2000)},
            Reason.AMOUNT_DIFFERS,
            "3,000円",
        ),
        ({"lines": (samples.line(),) * 100}, Reason.TOO_MANY_LINES, "100 行"),
        ({"lines": ()}, Reason.MALFORMED, "明細"),
        ({"carrier": "ヤマト運愉"}, Reason.UNKNOWN_VALUE, "近い登録済みの値: 「ヤマト運輸」"),
        ({"time_slot": "夜間"}, Reason.UNKNOWN_VALUE, "time_slot.yaml"),
        ({"recipients": samples.to("見本♥太郎")}, Reason.UNMAPPABLE_TEXT, "「発送先名」: cp932"),
        ({"recipients": samples.to("長" * 101)}, Reason.TEXT_TOO_LONG, "100文字"),
        ({"recipients": samples.to("見本", zip_code="")}, Reason.MALFORMED, "必須"),
        ({"recipients": samples.to("見本") * 2}, Reason.ADDRESS_SPLIT_UNKNOWN, "2 件"),
        ({"number": "a1_b2"}, Reason.MALFORMED, "半角英数字"),
    ],
)
def test_a_bad_order_is_held_with_its_reason_and_its_neighbours_go_on(
    changes: dict[str, Any], reason: Reason, words: str
) -> None:
    if "lines" in changes and "amounts" not in changes:
        changes = {"amounts": samples.amounts(2000 * len(changes["lines"])), **changes}
    bad = order(**{"number": "bad", **changes})
    written = write([order("first"), bad, order("last")])
    assert written.included == ("first", "last")
    hold = only_hold(written)
    assert hold.reason is reason
    assert words in hold.note
    assert f"受注 {bad.number}" in hold.note


def test_all_problems_of_an_order_are_told_at_once() -> None:
    hold = only_hold(write([order(carrier="謎の運輸", time_slot="夜間", recipients=samples.to("♥"))]))
    assert len(hold.note.splitlines()) == 3


def test_ninety_nine_lines_are_written_and_each_repeats_the_order() -> None:
    lines = tuple(samples.line(i, sku=f"SKU-{i}") for i in range(99))
    written = write([order(lines=lines, amounts=samples.amounts(99 * 2000))])
    assert written.rows == 99
    assert {row["店舗伝票番号"] for row in rows(written)} == {"a1b2c3d4e5"}
    assert [row["商品コード"] for row in rows(written)] == [f"SKU-{i}" for i in range(99)]


def test_the_same_number_twice_is_written_not_at_all() -> None:
    written = write([order("twice"), order("once"), order("twice")])
    assert written.included == ("once",)
    assert [(key, hold.reason) for key, hold in written.held] == [("twice", Reason.KEY_CONFLICT)] * 2


def test_a_tax_rate_of_zero_says_nothing_and_is_left_blank() -> None:
    (row,) = rows(write([order(lines=(samples.line(tax_rate=0),))]))
    assert row["消費税率（%）"] == ""


def test_formulas_stay_text_and_quotes_commas_and_breaks_survive() -> None:
    remark = '=1+1,"見本"\n+2'
    (row,) = rows(write([order(remark=remark)]))
    assert row["備考"] == '=1+1,"見本"\r\n+2'


def test_a_line_break_in_a_name_becomes_a_recorded_blank() -> None:
    written = write([order(recipients=samples.to("見本\n太郎"))])
    (row,) = rows(written)
    assert row["発送先名"] == "見本 太郎"
    assert [note.rule for note in written.replaced] == ["line_break"]


def test_an_odd_order_is_recorded_and_a_clean_one_is_not() -> None:
    written = write([order("odd", recipients=samples.to("鷗 見本")), order("clean")])
    assert [(note.key, note.column, note.found, note.put) for note in written.replaced] == [
        ("odd", "発送先名", "鷗", "鴎")
    ]
    assert written.included == ("odd", "clean")


def test_a_held_order_leaves_no_record_of_replacements() -> None:
    assert write([order(recipients=samples.to("鷗"), carrier="謎の運輸")]).replaced == ()


def test_cash_on_delivery_by_a_carrier_that_collects() -> None:
    item = samples.instruction(cash_on_delivery=True, total=5940, tax=540)
    (row,) = rows(write([item], INSTRUCTION))
    assert (row["運送会社コード"], row["代引金額"], row["代引消費税"]) == ("YAMATO_COLLECT", "5940", "540")


def test_cancelled_rows_never_ship_and_are_not_counted() -> None:
    row = samples.slip().rows[0]
    item = samples.instruction(rows=(row, replace(row, no=2, cancelled=True), replace(row, no=3)))
    written = rows(write([item], INSTRUCTION))
    assert [(each["行番号"], each["行数"]) for each in written] == [("1", "2"), ("3", "2")]


def test_a_mailbox_service_drops_date_and_band_and_says_so() -> None:
    item = samples.instruction(delivery_method="ネコポス", time_slot="午前中", deliver_on=samples.AT.date())
    written = write([item], INSTRUCTION)
    (row,) = rows(written)
    assert (row["お届け希望日"], row["時間帯コード"]) == ("", "NONE")
    assert {note.rule for note in written.replaced} == {"dropped"}
    assert write([samples.instruction(delivery_method="ネコポス")], INSTRUCTION).replaced == ()


def test_ten_thousand_orders_do_not_leave_the_page(tmp_path: Path) -> None:
    items = [order(f"n{i:05d}", recipients=samples.to("鷗" if i % 97 == 0 else "見本")) for i in range(1203)]
    written = write(items)
    assert written.included == tuple(item.number for item in items)
    assert [row["店舗伝票番号"] for row in rows(written)] == list(written.included)
    assert len(written.replaced) == 13


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", b""), ("utf-8-bom", b"\xef\xbb\xbf")])
def test_other_encodings(tmp_path: Path, encoding: str, mark: bytes) -> None:
    said = (
        (samples.MAPPINGS / ORDER_CSV).read_text("utf-8").replace("encoding: cp932", f"encoding: {encoding}")
    )
    path = tmp_path / "order.yaml"
    path.write_text(said, "utf-8")
    written = load_csv_writer(path, samples.tables()).write([order(recipients=samples.to("見本♥太郎"))])
    assert written.body.startswith(mark + "店舗伝票番号".encode())
    assert rows(written, "utf-8-sig")[0]["発送先名"] == "見本♥太郎"


# What a shop's customers type, hard ones included; a text without any of it would test nothing.
NAME = st.text(
    st.sampled_from("見本太郎ミホンﾐﾎ髙﨑①㈱〜−ー‐—¥\u3099か鷗𠮷é♥🎁\u200b\n\r\t,\"' aA1=+-"),
    min_size=1,
    max_size=12,
)
NORMAL = str.maketrans(
    {
        "〜": "～",
        "−": "－",
        "—": "―",
        "¥": "￥",
        "鷗": "鴎",
        "𠮷": "吉",
        "\u200b": None,
        **dict.fromkeys("\n\r\t", " "),
    }
)


def normal(text: str) -> str:
    """The normalised input, worked out in another way than the product does: by hand, for this alphabet."""
    composed = unicodedata.normalize("NFC", text).replace("\u200b", "").replace("\r\n", "\n")
    digits = [
        "-" if c in "−‐" and 0 < i < len(composed) - 1 and between(composed, i) else c
        for i, c in enumerate(composed)
    ]
    return "".join(digits).translate(NORMAL)


def between(text: str, at: int) -> bool:
    return text[at - 1] in "1" and text[at + 1] in "1"


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(NAME, NAME), min_size=1, max_size=6))
def test_what_is_written_reads_back_as_the_normalised_input(texts: list[tuple[str, str]]) -> None:
    orders = [named(f"n{i}", *pair) for i, pair in enumerate(texts)]
    written = write(orders)
    read = {row["店舗伝票番号"]: row for row in rows(written)}

    assert tuple(read) == written.included
    assert {key for key, _ in written.held} == {item.number for item in orders if not writable(item)}
    for item in orders:
        if item.number in read:
            assert read[item.number]["発送先名"] == normal(item.recipient.address.name)
            assert read[item.number]["商品名"] == normal(item.lines[0].name)
            assert read[item.number]["合計金額"] == "2000"


def named(number: str, recipient: str, product: str) -> Order:
    return order(number, recipients=samples.to(recipient), lines=(samples.line(name=product),))


def writable(item: Order) -> bool:
    texts = normal(item.recipient.address.name), normal(item.lines[0].name)
    return all(text.strip() and carried(text) for text in texts)
