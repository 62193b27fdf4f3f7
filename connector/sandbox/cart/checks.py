"""Checks (検算): what must always hold in the cart's books, whatever was done to it (spec/ecforce.md §12).

Tests run them at the end of a story. Dangerous: they are the sandbox's own conscience and look at what it keeps,
never at what a connector believes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from connector.adapters.ecforce import wire
from connector.sandbox.cart.gateway import Deed, Gateway
from connector.sandbox.cart.model import Order, SubsOrder
from connector.sandbox.cart.shop import Shop

AUTHORISING = (Deed.AUTH, Deed.EXAM, Deed.CHANGE)
TAKING = (Deed.CAPTURE, Deed.REPORT)


def check(shop: Shop, gateway: Gateway) -> list[str]:
    """Everything that is wrong, in words."""
    return [
        *(words for order in shop.orders.values() for words in _order(shop, order)),
        *(words for subs in shop.subs.values() for words in _subscription(shop, subs)),
        *_money(gateway),
        *_nights(shop),
    ]


def _order(shop: Shop, order: Order) -> Iterator[str]:
    amounts, extras = order.amounts, order.extras
    goods = sum(item.price * item.quantity for item in order.items)
    fees = extras.deliv_fee + extras.charge + extras.misc_fee
    reductions = extras.discount8 + extras.discount10 + extras.point
    if goods + fees - reductions + extras.adjustment + amounts.tax != amounts.payment_total:
        yield f"order {order.number}: its figures do not add up to {amounts.payment_total}"
    if extras != amounts.extras:
        yield f"order {order.number}: its fees are not those it was reckoned with"
    parent = shop.parent(order)
    if parent is not None and parent.customer_id != order.customer_id:
        yield f"order {order.number}: another customer than its subscription {parent.number}"


def _subscription(shop: Shop, subs: SubsOrder) -> Iterator[str]:
    children = [shop.orders[id_] for id_ in subs.order_ids]
    if subs.orders_count != len(children):
        yield f"subscription {subs.number}: {subs.orders_count} orders said, {len(children)} there"
    places = [order.nth for order in children]
    if places != list(range(1, len(children) + 1)):
        yield f"subscription {subs.number}: its orders stand at {places}"
    if any(entry.kind == "edited" and "times" in (entry.after or "").split(",") for entry in subs.timeline):
        return  # somebody wrote 定期回数 by hand
    living = [order.times for order in children if order.payment.state != wire.PAY_VOIDED]
    if any(later < earlier for earlier, later in pairwise(living)):
        yield f"subscription {subs.number}: 定期回数 of its living orders runs {living}"


def _money(gateway: Gateway) -> Iterator[str]:
    authorised: dict[str, int] = {}
    taken: Counter[str] = Counter()
    held: set[str] = set()
    for call in gateway.calls:
        number = call.order_number
        if not call.ok:
            continue
        if call.deed in AUTHORISING:
            if number in held and call.deed is not Deed.CHANGE:
                yield f"order {number}: authorised again while an authorisation is held"
            authorised[number] = call.amount
            held.add(number)
        elif call.deed in TAKING:
            taken[number] += call.amount
            held.discard(number)
            if taken[number] > authorised.get(number, 0):
                yield f"order {number}: {taken[number]} taken, {authorised.get(number, 0)} authorised"
        else:
            taken.pop(number, None)  # refunded
            held.discard(number)


def _nights(shop: Shop) -> Iterator[str]:
    """Nobody was renewed while stopped, and every subscription stands under its night."""
    for subs in shop.subs.values():
        state = wire.SUBS_ACTIVE
        for entry in subs.timeline:
            if entry.kind == "state":
                state = entry.after or state
            elif entry.kind == "order_created" and state != wire.SUBS_ACTIVE:
                yield f"subscription {subs.number}: order {entry.after} was created while {state}"
        expected = shop.create_on(subs) if shop.waits(subs) else None
        if shop.due.day_of(subs.id) != expected:
            yield f"subscription {subs.number}: due on {expected}, entered under {shop.due.day_of(subs.id)}"
