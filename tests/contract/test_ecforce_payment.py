"""The payment of an order as the recorded bytes say it: the card it is paid with, and none where it is no card."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from connector.adapters.ecforce.reader import read_page
from connector.order import Order

FIXTURES = Path(__file__).parents[2] / "fixtures/ecforce"


def orders_of(name: str) -> dict[str, Order]:
    return {order.number: order for order in read_page((FIXTURES / name).read_bytes()).page.orders}


def test_the_card_is_known_where_the_cart_names_it() -> None:
    for order in orders_of("order_single.json").values():
        assert order.payment.source_id == 88441


def test_only_cards_have_one() -> None:
    found = orders_of("orders_page1.json")
    assert found
    for order in found.values():
        assert (order.payment.source_id is not None) == (order.payment.method_id == 1), order.number


@pytest.mark.parametrize("without", ["key", "null"])
def test_a_cart_that_does_not_say_is_no_trouble(without: str) -> None:
    text = (FIXTURES / "order_single.json").read_text(encoding="utf-8")
    text = re.sub(r'"source_id": 88441,\s*', "" if without == "key" else '"source_id": null, ', text)
    (order,) = read_page(text.encode()).page.orders
    assert order.payment.source_id is None
