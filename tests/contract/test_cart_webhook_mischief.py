"""Webhooks that go wrong (§4): lost, doubled, late or overtaken, each by its switch and with a seed."""

from __future__ import annotations

from connector.sandbox.cart import CartSandbox, CartSettings
from connector.sandbox.cart.links import WebhookEndpoint, WebhookMischief
from connector.sandbox.cart.webhooks import Fate

from tests.contract.cart_shapes import an_order, live_until, open_cart
from tests.contract.webhook_receiver import Receiver, a_receiver


async def mischievous(receiver: Receiver, **shares: float) -> CartSandbox:
    """A cart that told of 40 orders, one a minute, with this mischief on."""
    template = "{{ order.number }}"
    endpoint = WebhookEndpoint(category="order", event="order_completed", url=receiver.url, template=template)
    wish = CartSettings(webhooks=(endpoint,), webhook_mischief=WebhookMischief(**shares))
    async with open_cart(settings=wish, seed=5) as (cart, _, clock):
        for minute in range(40):
            await live_until(cart, clock, f"2026-11-26 09:{minute:02}:00")
            cart.place(an_order(number=f"{minute:010x}"))
            await cart.advance()
        await live_until(cart, clock, "2026-11-26 12:00:00")
    return cart


def numbers(receiver: Receiver) -> list[int]:
    return [int(one.body, 16) for one in receiver.received]


async def test_without_mischief_each_comes_once_and_in_order() -> None:
    async with a_receiver() as receiver:
        await mischievous(receiver)
        assert numbers(receiver) == list(range(40))


async def test_loss() -> None:
    async with a_receiver() as receiver:
        cart = await mischievous(receiver, loss=0.3)
        lost = [one for one in cart.webhooks.log if one.fate is Fate.LOST]
        assert 4 <= len(lost) <= 22
        assert len(numbers(receiver)) == 40 - len(lost)


async def test_doubles() -> None:
    async with a_receiver() as receiver:
        cart = await mischievous(receiver, duplicate=0.3)
        twins = [one for one in cart.webhooks.log if one.twin]
        assert 4 <= len(twins) <= 22
        assert sorted(set(numbers(receiver))) == list(range(40))
        assert len(numbers(receiver)) == 40 + len(twins)


async def test_delay_and_overtaking() -> None:
    async with a_receiver() as receiver:
        cart = await mischievous(receiver, delay=0.2, delay_s=600)
        late = [one for one in cart.webhooks.log if one.due_at != one.at]
        assert 2 <= len(late) <= 16
        assert {(one.due_at - one.at).total_seconds() for one in late} == {600}
    async with a_receiver() as receiver:
        await mischievous(receiver, reorder=0.5, reorder_s=300)
        assert sorted(numbers(receiver)) == list(range(40))
        assert numbers(receiver) != list(range(40))


async def test_the_same_seed_is_the_same_mischief() -> None:
    async with a_receiver() as one, a_receiver() as other:
        shares = {"loss": 0.2, "duplicate": 0.2, "reorder": 0.3, "delay": 0.1}
        await mischievous(one, **shares)
        await mischievous(other, **shares)
        assert numbers(one) == numbers(other)
