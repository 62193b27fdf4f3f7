"""The 61 columns: what an order comes to per tax rate, against figures made by hand, and the header to the letter."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from connector.mapping.invoice import Invoice
from connector.mapping.unfit import Unfit
from connector.order import Amounts
from connector.outcome import Reason
from connector.shop import Rounding
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.golden import samples

FORM = "next_engine/order_csv_invoice.yaml"
# spec/next_engine.md §6.3, word for word
ADDED = [
    "手数料(0%対象)",
    "手数料(8%対象)",
    "手数料(10%対象)",
    "ポイント(0%対象)",
    "ポイント(8%対象)",
    "ポイント(10%対象)",
    "ポイント(按分)",
    "ポイント(支払い)",
    "その他費用(0%対象)",
    "その他費用(8%対象)",
    "その他費用(10%対象)",
    "クーポン割引額",
    "クーポン割引額(0%対象)",
    "クーポン割引額(8%対象)",
    "クーポン割引額(10%対象)",
    "クーポン割引額(按分)",
    "請求金額(0%対象)",
    "請求金額(8%対象)",
    "請求額に対する税額(8%対象)",
    "請求金額(10%対象)",
    "請求額に対する税額(10%対象)",
]


def an_order(**changes: Any) -> Any:
    """4,320 at 8 % and 5,500 at 10 %, 10 % off, 300 points, 550 delivery, 330 cash on delivery, 38 off the end."""
    lines = (
        samples.line(1, unit_price=2160, quantity=2, tax_rate=8),
        samples.line(2, sku="MIHON-SERUM-01", unit_price=5500, quantity=1, tax_rate=10),
    )
    said: dict[str, Any] = {
        "subtotal": 9820,
        "subtotal8": 4320,
        "subtotal10": 5500,
        "discount": 982,
        "discount8": 432,
        "discount10": 550,
        "points": 300,
        "points8": 131,
        "points10": 169,
        "delivery_fee": 550,
        "charge": 330,
        "misc_fee": 0,
        "adjustment": -38,
        "tax": 0,
        "tax8": 0,
        "tax10": 0,
        "total": 9680,
        "payable": 9380,
    }
    return samples.order(lines=lines, amounts=Amounts(**(said | changes)))


def row(order: Any) -> dict[str, str]:
    written = samples.writer(FORM).write([order])
    assert written.held == ()
    return next(csv.DictReader(io.StringIO(written.body.decode("cp932"))))


def test_the_header_has_the_61_columns() -> None:
    header = samples.writer(FORM).header
    plain = samples.writer("next_engine/order_csv.yaml").header
    assert len(header) == 61
    assert [name for name in header if name not in plain] == ADDED
    assert [name for name in plain if name not in header] == ["メッセージ"]
    before = header.index("手数料")
    assert header[: before + 1] == plain[: before + 1]
    assert header[header.index("合計金額") :] == plain[plain.index("合計金額") : -1]


def test_every_figure_by_hand() -> None:
    found = row(an_order())
    assert {name: found[name] for name in ADDED if found[name] != "0"} == {
        "手数料(10%対象)": "330",
        "ポイント(8%対象)": "131",
        "ポイント(10%対象)": "169",
        "その他費用(0%対象)": "-38",
        "その他費用(8%対象)": "-432",
        "その他費用(10%対象)": "-550",
        "請求金額(0%対象)": "-38",
        "請求金額(8%対象)": "3757",  # 4320 - 432 - 131
        "請求額に対する税額(8%対象)": "278",  # 278.29
        "請求金額(10%対象)": "5661",  # 5500 - 550 + 550 + 330 - 169
        "請求額に対する税額(10%対象)": "514",  # 514.63
    }
    assert (found["その他費用"], found["合計金額"]) == ("-1020", "9380")


@pytest.mark.parametrize(
    ("how", "tax8", "tax10"),
    [(Rounding.FLOOR, 278, 514), (Rounding.HALF_UP, 278, 515), (Rounding.CEIL, 279, 515)],
)
def test_the_tax_is_rounded_once_per_rate(how: Rounding, tax8: int, tax10: int) -> None:
    invoice = Invoice.of(an_order())
    assert (invoice.tax(8, how), invoice.tax(10, how)) == (tax8, tax10)


def test_prices_without_tax_bring_their_own() -> None:
    more = {"tax": 894, "tax8": 311, "tax10": 583, "points": 0, "points8": 0, "points10": 0}
    found = row(an_order(**more, total=10574, payable=10574))
    assert (found["請求金額(8%対象)"], found["請求額に対する税額(8%対象)"]) == ("4199", "311")
    assert (found["請求金額(10%対象)"], found["請求額に対する税額(10%対象)"]) == ("6413", "583")


def test_points_that_nobody_split_are_left_to_next_engine() -> None:
    found = row(an_order(points8=None, points10=None))
    assert (found["ポイント(按分)"], found["ポイント(8%対象)"], found["ポイント(10%対象)"]) == (
        "300",
        "0",
        "0",
    )
    assert [found[f"請求金額({rate}%対象)"] for rate in (0, 8, 10)] == [
        "-38",
        "3768",
        "5650",
    ]  # 300 × 3888 / 9718 = 120


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"discount8": None, "discount10": None}, "割引 982円"),
        ({"subtotal8": 0, "subtotal10": 0}, "商品計 9,820円"),
    ],
)
def test_a_split_that_is_not_known_holds_the_order_and_says_so_once(
    changes: dict[str, Any], words: str
) -> None:
    lines = tuple(replace(line, tax_rate=0) for line in an_order().lines) if "subtotal8" in changes else None
    order = an_order(**changes)
    order = replace(order, lines=lines) if lines else order
    written = samples.writer(FORM).write([order])
    ((_, hold),) = written.held
    assert hold.reason is Reason.AMOUNT_DIFFERS
    assert hold.note.count("税率ごとの内訳がカートから来ていない") == 1
    assert words in hold.note
    assert samples.writer("next_engine/order_csv.yaml").write([order]).included == (order.number,)


yen = st.integers(0, 50_000)


@given(yen, yen, yen, yen, yen, yen, st.integers(-500, 500), st.integers(0, 100), st.booleans())
def test_the_rates_always_come_to_the_order(
    goods8: int,
    goods10: int,
    fee: int,
    charge: int,
    misc: int,
    points: int,
    adjustment: int,
    off: int,
    split: bool,
) -> None:
    discount8, discount10 = goods8 * off // 100, goods10 * off // 100
    before = goods8 + goods10 - discount8 - discount10 + fee + charge + misc
    points = min(points, before)
    amounts = Amounts(
        subtotal=goods8 + goods10,
        subtotal8=goods8,
        subtotal10=goods10,
        discount=discount8 + discount10,
        discount8=discount8,
        discount10=discount10,
        points=points,
        points8=points // 2 if split else None,
        points10=points - points // 2 if split else None,
        delivery_fee=fee,
        charge=charge,
        misc_fee=misc,
        adjustment=adjustment,
        tax=0,
        tax8=0,
        tax10=0,
        total=before + adjustment,
        payable=before + adjustment - points,
    )
    try:
        invoice = Invoice.of(replace(an_order(), amounts=amounts))
    except Unfit:
        assert goods8 + goods10 == 0
        return
    assert sum(invoice.billed.values()) == amounts.payable
    assert sum(invoice.other.values()) == misc + adjustment - discount8 - discount10
    assert sum(invoice.points.values()) + invoice.shared_points == points
    for rate in (8, 10):
        billed = invoice.billed[rate]
        assert 0 <= billed * rate - invoice.tax(rate) * (100 + rate) < 100 + rate
