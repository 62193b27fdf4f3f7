"""Refusals (決済NGの場面): what a shop does about a refused payment, and what the connector's case says of it."""

from __future__ import annotations

from connector.adapters.ecforce import wire
from connector.ledger import views
from connector.ledger.views import CaseRow, LinkRow
from connector.sandbox.cart import Order
from connector.sandbox.people import COD
from connector.subscriptions.cycle import Cycle, CycleKind

from tests.journeys.day import Day

TWICE = {"times": ["10:00:00", "14:00:00"]}
SLOWLY = {  # for stories of several days
    "ingest": 30,
    "notify": 30,
    "confirm_intake": 30,
    "import_daily": 30,
    "follow_slips": 30,
    "relay": 30,
    "collect": 60,
    "confirm_shipment": 30,
    "complete": 30,
    "stop": 60,
    "follow_subscriptions": 60,
}
MONTHLY = Cycle(kind=CycleKind.TERM, days=30)


async def case(day: Day, order: Order) -> CaseRow:
    shop = day.demo.shop.shop
    found = await day.demo.world.database.read(lambda c: views.case_of(c, shop, order.number, day.now))
    assert found is not None, f"{order.number} has no case"
    return found


async def steps(day: Day, order: Order) -> list[str]:
    return [step.what for step in (await case(day, order)).steps]


async def links(day: Day, order: Order) -> list[tuple[str, str, str]]:
    key = day.demo.shop.shop.key
    found: list[LinkRow] = await day.demo.world.database.read(lambda c: views.links_of(c, key, order.number))
    return [(one.way, one.number, one.why) for one in found]


async def journeys_end(day: Day, order: Order) -> tuple[str, int, int, int, int, list[int]]:
    """State, mails, imports, relays, shipments and captures: what must be one each for an order that healed."""
    state = await day.state(order)
    counted = day.mails(order), day.imports(order), day.relayed(order), day.shipped(order)
    return (state, *counted, day.captures(order))


def once(order: Order, *, charged: bool = True) -> tuple[str, int, int, int, int, list[int]]:
    return ("completed", 1, 1, 1, 1, [order.amounts.payment_total] if charged else [])


NEVER: tuple[int, int, int, int, list[int]] = (0, 0, 0, 0, [])


def renewed(day: Day, *, card: str, **wishes: object) -> Order:
    """The second round, generated now, of a subscription whose first was paid; `card` is what the payer does now."""
    first = day.place(cycle=MONTHLY, **wishes)
    assert first.subs_id is not None
    assert first.payment.card_id is not None
    day.town.cart.set_card(first.payment.card_id, card)
    return day.town.cart.create_next(first.subs_id)


def switch_to_cod(day: Day, order: Order, *, step: int) -> None:
    """The sequence used in production, one call at a time (spec/ecforce.md §2.11): 0 void … 3 PUT state."""
    cart = day.town.cart
    match step:
        case 0:
            cart.cancel(order.id, decrement=False, recalculate=False)
        case 1:
            cart.change_order(order.id, True, payment_attributes={"payment_method_id": COD})
        case 2:
            cart.reauth(order.id)
        case 3:
            cart.change_order(order.id, state=wire.STATE_COMPLETE, memo01="支払方法を代引に変更")
