"""Stopped orders are cancelled in the cart by API: what each side holds at the end, and where every yen is."""

from __future__ import annotations

import pytest
from connector import ops
from connector.adapters.ecforce import wire
from connector.ledger.views.stop_board import StopBoardRow, stop_board
from connector.sandbox.cart import Cycle, Order
from connector.sandbox.people import AMAZON, COD, DEFERRED
from connector.sandbox.warehouse.slips import State

from tests.journeys.conftest import OpenDay
from tests.journeys.day import Day

BY = {"actor": "見本 花子", "why": "お客様から電話"}
API = {"cancelled_by": "api"}
ROUND = "MH-SERUM-T"


async def wish(day: Day, *orders: Order) -> None:
    for order in orders:
        said = await ops.stop(day.demo.world.database, day.demo.shop.shop, order.number, now=day.now, **BY)
        assert said.done, said.words


async def board(day: Day) -> dict[str, StopBoardRow]:
    shop, now = day.demo.shop.shop, day.now
    rows = await day.demo.world.database.read(lambda c: stop_board(c, shop, now))
    return {row.number: row for row in rows}


def in_cart(order: Order) -> tuple[str, str]:
    return order.state, order.payment.state


def money(day: Day, order: Order) -> tuple[int, list[int]]:
    """What the payment company holds for an order, and what it took."""
    gateway = day.town.cart.gateway
    return gateway.holds(order.number) or 0, gateway.captured(order.number)


async def test_the_cart_is_told_last_and_releases_what_it_held(open_day: OpenDay) -> None:
    day = await open_day(cart=API)
    await day.alone_until("08:30")
    card, bystander = day.place(), day.place()
    await day.until("09:00")
    await wish(day, card)
    await day.until("09:50")
    row = (await board(day))[card.number]
    assert (row.verdict, row.cart_owes, row.lines[-1].answer) == ("stopped", False, "agreed")
    assert row.lines[-1].told_at is not None
    assert in_cart(card) == ("canceled", "voided")
    assert money(day, card) == (0, [])
    assert [slip.live for slip in day.slips(card)] == [False]
    assert in_cart(bystander) == ("complete", "authed")


@pytest.mark.long
async def test_a_day_of_stops_with_every_kind_of_payment(open_day: OpenDay) -> None:
    day = await open_day(cart=API)
    await day.alone_until("08:30")
    card, wallet, deferred, cod, renewal, sticky, sold, packed, bystander = (
        day.place(),
        day.place(payment_method_id=AMAZON),
        day.place(payment_method_id=DEFERRED),
        day.place(payment_method_id=COD),
        day.place(items=((ROUND, 1),), cycle=Cycle.every(30)),
        day.place(),
        day.place(),
        day.place(),
        day.place(),
    )
    parent = day.town.cart.shop.subs[renewal.subs_id or 0]
    rounds = (parent.state, parent.times)
    await day.until("10:04")
    await wish(day, card, renewal)
    await day.until("10:40")
    assert day.relayed(sold) == 1
    day.town.cart.sell(sold.id)  # somebody at the shop charges it by hand
    day.town.cart.set_card(sticky.payment.card_id or 0, "no void")
    await wish(day, wallet, deferred, cod, sticky, sold)
    await day.until("11:40")
    await wish(day, packed)
    await day.until("23:00")

    rows = await board(day)
    stopped = (card, wallet, deferred, cod, renewal, sticky, sold)
    assert {row.number: row.verdict for row in rows.values()} == {
        **{order.number: "stopped" for order in stopped},
        packed.number: "too_late",
    }
    assert {order.number: in_cart(order) for order in (*stopped, packed, bystander)} == {
        card.number: ("canceled", wire.PAY_VOIDED),
        wallet.number: ("canceled", wire.PAY_VOIDED),
        deferred.number: ("canceled", wire.PAY_VOIDED),
        cod.number: ("canceled", wire.PAY_COD_AUTHED),
        renewal.number: ("canceled", wire.PAY_VOIDED),
        sticky.number: ("complete", wire.PAY_VOID_FAILED),
        sold.number: ("complete", wire.PAY_COMPLETED),
        packed.number: ("complete", wire.PAY_AUTHED),  # it left; a person decides about its money
        bystander.number: ("shipped", wire.PAY_COMPLETED),
    }
    assert (parent.state, parent.times) == rounds, "the subscription itself lives on"
    assert [day.shipped(order) for order in (*stopped, packed, bystander)] == [0] * 7 + [1, 1]
    assert not any(slip.live for order in stopped for slip in day.slips(order))
    on_the_floor = {
        day.town.warehouse.state_of(str(day.slips(one)[0].number)) for one in (wallet, deferred, cod)
    }
    assert on_the_floor == {State.CANCELLED}
    assert {number for number, row in rows.items() if row.cart_owes} == {sticky.number, sold.number}
    assert "決済会社の画面で与信を取り消し" in (await day.holds(sticky))["refused"]
    assert "返金のうえ" in (await day.holds(sold))["refused"]
    assert "cancelled_too_late" in await day.holds(packed)

    due = {order.number: order.amounts.payment_total for order in (*stopped, packed, bystander)}
    assert {order.number: money(day, order) for order in (*stopped, packed, bystander)} == {
        **{order.number: (0, []) for order in (card, wallet, deferred, cod, renewal)},
        **{order.number: (due[order.number], []) for order in (sticky, packed)},
        **{order.number: (0, [due[order.number]]) for order in (sold, bystander)},
    }
    report = await day.demo.world.report(day.demo.shop, day.now.date())
    assert report.unexplained == 0
