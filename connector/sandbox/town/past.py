"""Past (開店前): the subscriptions that already run when the town opens, lived through at their own dates.

The cart's clock goes back for it (cart_clock.py), so that first orders, shipments and captures of the weeks before
the opening stand in its books under the days on which they happened.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from connector.adapters.ecforce import wire
from connector.clock import at_jst, jst
from connector.sandbox.cart import CartSandbox, Order
from connector.sandbox.cart.cart_clock import CartClock
from connector.sandbox.people import Signup

DYING_CARD = "decline"


async def live_through(
    cart: CartSandbox, clock: CartClock, signups: Sequence[Signup], opens_at: datetime
) -> list[Order]:
    """Let every signup happen on its day and be shipped and captured before the opening; the first orders."""
    by_day: dict[date, list[Signup]] = {}
    for signup in signups:
        by_day.setdefault(jst(signup.at).date(), []).append(signup)
    placed: list[Order] = []
    unshipped: list[Order] = []
    day = jst(clock.now()).date()
    while (evening := at_jst(day, 18)) < opens_at:
        await _until(cart, clock, at_jst(day, 8))
        _ship(cart, unshipped, day)
        unshipped = []
        for signup in by_day.get(day, []):
            await _until(cart, clock, signup.at)
            unshipped.append(cart.place(signup.order))
        placed += unshipped
        await _until(cart, clock, evening)
        day += timedelta(days=1)
    _ship(cart, unshipped, day)
    clock.reach_present()
    await cart.advance()
    return placed


async def _until(cart: CartSandbox, clock: CartClock, at: datetime) -> None:
    """Never backwards: an evening signup may come after the day's closing."""
    clock.go_to(max(at, clock.now()))
    await cart.advance()


def _ship(cart: CartSandbox, orders: list[Order], day: date) -> None:
    """What a clerk did by hand in those days: 出荷CSVインポート with sales."""
    if not orders:
        return
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([wire.COL_ORDER_NUMBER, wire.COL_SLIP, wire.COL_SHIPPED_ON])
    for order in orders:
        writer.writerow([order.number, f"99{order.id:010d}", f"{day:%Y/%m/%d}"])
    cart.import_shipping_csv(text.getvalue().encode("cp932"), with_sale=True)
    for order in orders:
        cart.set_state(order.id, wire.STATE_SHIPPED)


def let_cards_die(cart: CartSandbox, signups: Iterable[Signup], orders: Iterable[Order]) -> int:
    """The cards of some subscribers stop working at the opening; how many."""
    dying = {signup.order.customer.email for signup in signups if signup.card_dies}
    died = 0
    for order in orders:
        if order.email in dying and order.payment.card_id is not None:
            cart.set_card(order.payment.card_id, DYING_CARD)
            died += 1
    return died
