"""Amounts in the journey: held before the mail and before the file, with figures and cause; and after an upgrade."""

from __future__ import annotations

from pathlib import Path

import pytest
from connector.ledger import views
from connector.ledger.schema_cart import changes
from connector.mapping import load_csv_writer
from connector.order import Amounts, Order, OrderLine
from connector.shop import Rounding
from msgspec.structs import replace
from sqlalchemy import select

from tests.golden import samples
from tests.unit.world import an_order, world

TAXED = Amounts(
    subtotal=1985,
    subtotal8=1985,
    subtotal10=0,
    discount=0,
    points=0,
    delivery_fee=0,
    charge=0,
    misc_fee=0,
    adjustment=0,
    tax=159,
    tax8=159,
    tax10=0,
    total=2144,
    payable=2144,
    total8=2144,
    total10=0,
)


def a_taxed_order(number: str = "T-1001") -> Order:
    """158.8 yen of tax that the cart rounded half up."""
    line = OrderLine(
        line_id=1, sku="SKU-1", product_number="P-1", name="見本", unit_price=1985, quantity=1, tax_rate=8
    )
    return replace(an_order(number), lines=(line,), amounts=TAXED)


@pytest.mark.parametrize(
    ("rounding", "holds"),
    [(Rounding.HALF_UP, []), (Rounding.CEIL, []), (Rounding.FLOOR, ["amount_differs"])],
)
async def test_the_shops_own_rounding_decides(tmp_path: Path, rounding: Rounding, holds: list[str]) -> None:
    with world(tmp_path, rounding=rounding) as w:
        w.cart.put(a_taxed_order())
        w.pass_by(minutes=11)
        await w.run("ingest", "notify")
        assert w.holds() == holds
        if holds:
            assert w.hold_note("T-1001", "amount_differs") == (
                "消費税8% 159円（計算では 158円、+1円）: 端数を四捨五入すると一致します（店舗の設定と違う端数処理です）"
            )


async def test_the_hold_says_what_is_wrong_now_and_goes_by_itself(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        right = an_order()
        w.cart.put(replace(right, amounts=replace(right.amounts, total=2201, payable=2201)))
        w.pass_by(minutes=11)
        await w.run("ingest", "notify")
        assert w.hold_note("T-1001", "amount_differs").startswith("合計 2,201円（計算では 2,200円、+1円）")
        with w.database.engine.connect() as connection:
            answer = views.why(connection, w.shop, "T-1001", w.clock.now(), "en")
        assert answer is not None
        assert [hold.note for hold in answer.holds] == [
            "total 2,201 yen (computed 2,200 yen, +1): no cause fits"
            "; delivery fee, payment charge, other fees, adjustment could be the wrong one, too"
        ]
        w.cart.put(replace(right, amounts=replace(right.amounts, total=2200, payable=2199)))
        w.pass_by(minutes=11)
        await w.run("ingest", "notify")
        assert w.hold_note("T-1001", "amount_differs").startswith(
            "支払い合計 2,199円（計算では 2,200円、-1円）"
        )
        w.cart.put(right)
        w.pass_by(minutes=11)
        await w.run("ingest", "notify")
        assert w.holds() == []
        assert w.state() == "notified"


async def test_figures_the_cart_says_after_an_upgrade_are_one_version_and_no_alarm(tmp_path: Path) -> None:
    """An older reader did not take the figures per rate. The same order read again carries them."""
    with world(tmp_path) as w:
        order = an_order()
        await w.to_intake(order)
        more = replace(
            order.amounts, total8=0, total10=2200, discount8=0, discount10=0, points8=0, points10=0
        )
        w.cart.put(replace(order, amounts=more))
        await w.run("ingest")
        before = w.events()
        assert before.count("version") == 1
        assert (w.order().version, w.state(), w.holds()) == (2, "in_intake", [])
        assert w.rows(select(changes)) == []
        w.cart.put(replace(order, amounts=more))
        await w.run("ingest")
        assert w.events() == before


# --- the order CSV ------------------------------------------------------------------------------------------------


def written(order: Order) -> list[tuple[str, str]]:
    """What the order CSV holds back of this order, and why."""
    mapping = samples.MAPPINGS / "next_engine/order_csv.yaml"
    held = load_csv_writer(mapping, samples.tables()).write([order]).held
    return [(hold.reason, hold.note) for _, hold in held]


def test_the_order_csv_carries_no_order_whose_figures_do_not_follow() -> None:
    order = samples.order()
    assert written(order) == []
    off = replace(order, amounts=replace(order.amounts, total8=1999, total10=0))
    assert written(off) == [
        (
            "amount_differs",
            "受注 a1b2c3d4e5 合計8% 1,999円（計算では 2,000円、-1円）: 原因を特定できません",
        )
    ]


def test_the_rows_of_the_order_csv_come_to_the_carts_goods_per_rate() -> None:
    order = samples.order()
    mixed = replace(order, amounts=replace(order.amounts, subtotal8=1000, subtotal10=1000))
    reasons = [note for _, note in written(mixed)]
    assert any("明細の合計 2,000円 と小計8% 1,000円 が -1,000円 違います" in note for note in reasons), (
        reasons
    )
