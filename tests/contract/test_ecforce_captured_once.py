"""Sales never run twice: whatever answers get lost, in whatever order we repeat, each order is charged at most once.

The gateway's own ledger is the proof, not ours. A sale on 売上完了 would show as a failed capture there.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from connector.errors import ConnectorError
from connector.order import Order
from connector.outcome import Done, Effect
from connector.sandbox.cart.gateway import Deed

from tests.contract.cart_shapes import HANAKO, JIRO, SERUM, TEA, an_order, live_until
from tests.contract.ecforce_shop import Shop, a_shipment, a_shop, effect

SEED = 20261127
ROUNDS = 40
COD, DEFERRED = 5, 24
KINDS = ("drop", "drop_after", "empty", "not_json", "500", "502", "429", "403")
TWO: dict[str, Any] = {
    "shipping": (HANAKO, JIRO),
    "items": ((TEA.sku, 1), (SERUM.sku, 1)),
    "item_addresses": (0, 1),
}


async def ready(shop: Shop, rng: random.Random) -> Effect:
    """Some orders of every kind, a few to two addresses, all shipped."""
    wishes = [
        rng.choice(({}, {}, TWO, {"payment_method_id": DEFERRED}, {"payment_method_id": COD}))
        for _ in range(6)
    ]
    numbers = [shop.cart.place(an_order(**wish)).number for wish in wishes]
    await live_until(shop.cart, shop.clock, "2026-11-26 09:30:00")
    orders = [order for order in (await shop.orders()).values() if order.cart_number in numbers]
    shipped = [(order, a_shipment(f"4122{n:08}"), True) for n, order in enumerate(orders, start=1)]
    (part,) = shop.ecforce.completions(shipped).parts
    return effect(part)


async def repeat(shop: Shop, act: Effect, rng: random.Random) -> int:
    """As the runner would, and less patiently: act, look, act again, while answers get lost."""
    tries = 0
    for _ in range(12):
        if rng.random() < 0.7:
            await shop.trouble(rng.choice(KINDS), "PUT .*", count=rng.randint(1, 3))
        if rng.random() < 0.2:
            await shop.trouble(rng.choice(("429", "500")), "GET .*orders", count=1)
        tries += 1
        try:
            if isinstance(await shop.ecforce.completion_lies_there(act), Done):
                break
            await shop.ecforce.complete(act)
        except ConnectorError:
            continue
    shop.cart._gate.rules.clear()
    return tries


def taken(shop: Shop, number: str) -> list[bool]:
    """Every attempt at the money, and whether the gateway gave it."""
    deeds = (Deed.CAPTURE, Deed.REPORT)
    return [c.ok for c in shop.cart.gateway.calls if c.order_number == number and c.deed in deeds]


@pytest.mark.parametrize("seed", range(SEED, SEED + ROUNDS))
async def test_at_most_once_whatever_gets_lost(seed: int) -> None:
    print(f"seed {seed}")
    rng = random.Random(seed)
    async with a_shop(route="api") as shop:
        act = await ready(shop, rng)
        await repeat(shop, act, rng)
        orders: list[Any] = list(shop.cart.shop.orders.values())
        assert all(taken(shop, order.number) in ([], [True]) for order in orders), (
            "never twice, never refused"
        )
        for _ in range(3):  # the line is quiet again: it is finished, and stays finished
            assert isinstance(await shop.ecforce.complete(act), Done)
        assert isinstance(await shop.ecforce.completion_lies_there(act), Done)
        for order in orders:
            assert taken(shop, order.number) == ([] if order.payment.method.id == COD else [True])
            assert (order.state, order.all_shipped) == ("shipped", True)


async def test_a_repeat_after_a_charge_by_hand_sends_no_sale() -> None:
    """Somebody charged it at the cart's screen between our look and our call: the row goes, the sale does not."""
    async with a_shop(route="api") as shop:
        number = shop.cart.place(an_order(**TWO)).number
        await live_until(shop.cart, shop.clock, "2026-11-26 09:30:00")
        found: list[Order] = [o for o in (await shop.orders()).values() if o.cart_number == number]
        shipped = [(order, a_shipment(f"4122{n:08}"), True) for n, order in enumerate(found, start=1)]
        (part,) = shop.ecforce.completions(shipped).parts
        original = shop.cart.shop.orders[found[0].cart_order_id]
        shop.cart._office.payments.sales(original)
        done = await shop.ecforce.complete(effect(part))
        assert isinstance(done, Done)
        assert done.evidence["sale_dropped"] == [found[1].number]
        assert taken(shop, number) == [True]
        assert original.all_shipped
