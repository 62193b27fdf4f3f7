"""The cart's amounts against cases computed elsewhere (fixtures/ecforce/price_cases.csv, spec/ecforce.md §15.4)."""

from __future__ import annotations

import csv
import random

import pytest
from connector.sandbox.cart import Cycle, NewCustomer
from connector.sandbox.cart.money import Extras, Line, settle
from connector.sandbox.cart.settings import Rounding, TaxMode

from tests.contract.cart_shapes import ECFORCE, SERUM, TEA, TEA_SUBS, an_order, open_cart

with (ECFORCE / "price_cases.csv").open(encoding="utf-8-sig", newline="") as file:
    CASES = list(csv.DictReader(file))
NAMES = ("subtotal8", "subtotal10", "tax8", "tax10", "tax", "total", "payment_total")


def line(text: str) -> Line:
    """`2160x1@8`: price, quantity, rate."""
    price, _, rest = text.partition("x")
    quantity, _, rate = rest.partition("@")
    return Line(int(price), int(quantity), int(rate))


@pytest.mark.parametrize("case", CASES, ids=[case["case_id"] for case in CASES])
def test_amounts_to_the_yen(case: dict[str, str]) -> None:
    extras = Extras(**{name: int(case[name]) for name in Extras.__slots__})
    found = settle(
        [line(text) for text in case["items"].split()],
        extras,
        TaxMode(case["tax_mode"]),
        Rounding(case["rounding"] or "floor"),
    )
    assert {name: getattr(found, name) for name in NAMES} == {
        name: int(case[f"expected_{name}"]) for name in NAMES
    }
    recorded = {name: int(case[f"cart_{name}"]) for name in NAMES}
    assert (recorded == {name: getattr(found, name) for name in NAMES}) is (case["verdict"] == "ties")


async def test_every_order_of_a_shop_ties() -> None:
    """Items + fees − discounts − points + adjustment + tax = payment_total (§12)."""
    rng = random.Random(4)
    async with open_cart() as (cart, caller, _):
        for k in range(60):
            cart.place(
                an_order(
                    customer=NewCustomer(email=f"mihon-{k}@example.jp", point=rng.randint(0, 3000)),
                    items=tuple(
                        (goods.sku, rng.randint(1, 4)) for goods in rng.sample((TEA, SERUM, TEA_SUBS), 2)
                    ),
                    payment_method_id=rng.choice((1, 5, 15, 24, 31)),
                    coupon_discount=rng.choice((0, 0, 333, 1001)),
                    point=rng.randint(0, 2000),
                    adjustment=rng.choice((0, 0, -38)),
                    cycle=Cycle.every(30) if rng.random() < 0.3 else None,
                )
            )
        rows = (await caller.orders(per="100")).rows
        items = {order.id: order.items for order in cart.shop.orders.values()}
    assert len(rows) == 60
    for row in rows:
        goods = sum(item.price * item.quantity for item in items[row["id"]])
        fees = row["deliv_fee"] + row["charge"] + row["misc_fee"]
        assert row["subtotal"] == row["subtotal8"] + row["subtotal10"] == goods
        assert row["total"] == goods + fees - row["discount"] + row["adjustment"] + row["tax"]
        assert row["total"] == row["total8"] + row["total10"] + row["adjustment"]
        assert row["payment_total"] == row["total"] - row["point"] >= 0
        assert row["discount"] == row["discount8"] + row["discount10"]
        assert row["discount_with_point"] == row["discount"] + row["point"]
        assert row["point"] == row["point8"] + row["point10"]
