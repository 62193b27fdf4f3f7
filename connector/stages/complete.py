"""Complete (カート完了反映): write tracking, ship date and 発送完了 back to the cart; that triggers the charge.

Sales never run for an order that is captured already: a second run turns 売上完了 into 売上失敗
(spec/ecforce.md §2.10). So the cart is read before, and believed only when it is read again after.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from connector.clock import jst
from connector.journey import OrderState
from connector.order import Order, PaymentState
from connector.outcome import (
    Absent,
    Advance,
    Begun,
    Done,
    Effect,
    Hold,
    Item,
    Outcome,
    Reason,
    Reply,
    Sent,
    Wait,
)
from connector.ports import Ports
from connector.slip import Result, Shipment
from connector.stages.confirm_shipment import whole
from connector.stages.stage import Acting, Said, one_by_one

SHIPPED_CODES = ("shipped", "delivered")  # 対応状況, spec/ecforce.md §3.1
CHARGED = (PaymentState.CAPTURED, PaymentState.CAPTURING, PaymentState.PAID)


async def plan(items: Sequence[Item[Order]], ports: Ports) -> AsyncIterator[Said | Effect]:
    fresh = await ports.cart.look([item.noun.cart_order_id for item in items])
    ready: list[tuple[Item[Order], Order, Shipment, bool]] = []
    for item in items:
        order = fresh.get(item.noun.number, item.noun)
        shipment = shipped(item)
        stays = obstacle(item, order, shipment, ports)
        if stays is not None:
            yield item, stays
        elif shipment is not None:
            ready.append((item, order, shipment, sale(order, ports)))
    if not ready:
        return
    built = ports.cart.completions([(order, shipment, sells) for _, order, shipment, sells in ready])
    by_number = {item.noun.number: item for item, *_ in ready}
    sells = {order.number: sale for _, order, _, sale in ready}
    for number, hold in built.held:
        yield by_number[number], hold
    for n, part in enumerate(built.parts, 1):
        inside = [by_number[number] for number in part.order_numbers]
        yield Effect(
            kind="completion",
            key=f"{ports.shop.key}/completion/{ports.window}/{n}",
            items=tuple(item.id for item in inside),
            body=part.body,
            name=part.name,
            facts={
                **part.facts,
                "orders": {str(item.id): item.noun.number for item in inside},
                "cart_ids": [item.noun.cart_order_id for item in inside],
                "sales": [number for number in part.order_numbers if sells[number]],
            },
        )


def shipped(item: Item[Order]) -> Shipment | None:
    """What left for this order: the warehouse's word, or NE's where somebody else shipped it."""
    found = whole([shipment for shipment in item.shipments if shipment.result is Result.SHIPPED])
    if found is not None:
        return found
    confirmed = [slip for slip, _ in item.slips if slip.live and slip.shipped_at is not None]
    if not confirmed:
        return None
    slip = confirmed[0]
    assert slip.shipped_at is not None  # noqa: S101 - filtered above; tells mypy
    return Shipment(
        result_id=f"ne-{slip.number}",
        slip_number=slip.number,
        result=Result.SHIPPED,
        shipped_on=jst(slip.shipped_at).date(),
        carrier=slip.delivery_method,
        tracking=tuple(slip.tracking.split(",")) if slip.tracking else (),
    )


def sale(order: Order, ports: Ports) -> bool:
    """Whether sales run with this completion."""
    return order.payment.kind in ports.shop.sale_kinds and order.payment.state not in CHARGED


def obstacle(item: Item[Order], order: Order, shipment: Shipment | None, ports: Ports) -> Outcome | None:
    if order.cancelled or order.deleted:
        return Hold(Reason.CANCELLED_TOO_LATE, "出荷後にカートで取り消されました。完了は書き込みません。")
    if order.payment.kind not in ports.shop.complete_kinds:
        return Advance({"completed": "not wanted for this payment kind"})
    if completed(order, sale=order.payment.kind in ports.shop.sale_kinds):
        return Advance({"completed": "the cart shows it already"})
    if shipment is None:
        return Wait("出荷日と送り状番号がまだ分かりません")
    return None


def completed(order: Order, *, sale: bool) -> bool:
    """Whether the cart itself shows the order as completed."""
    return (
        order.state_code in SHIPPED_CODES
        and bool(order.shipped_at)
        and (not sale or order.payment.state in CHARGED)
    )


async def act(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    async def hand_over(one: Begun) -> Reply:
        reply = await ports.cart.complete(one.effect)
        # Accepted is not completed: the next look reads every order back.
        return Sent(reply.evidence, look_after=5) if isinstance(reply, Done) else reply

    async for one, reply in one_by_one(begun, hand_over):
        yield one, reply


async def look(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    async for one, reply in one_by_one(begun, lambda one: _look(one, ports)):
        yield one, reply


async def _look(one: Begun, ports: Ports) -> Reply:
    numbers: dict[str, str] = one.effect.facts["orders"]
    fresh = await ports.cart.look(one.effect.facts["cart_ids"])
    sales = set(one.effect.facts["sales"])
    refused: dict[str, str] = one.evidence.get("refused", {})
    said: dict[int, Outcome] = {}
    for id_, number in numbers.items():
        order = fresh.get(number)
        if order is not None and completed(order, sale=number in sales):
            said[int(id_)] = Advance({"state": order.state_code, "payment": order.payment.state_code})
        elif order is not None and order.payment.state is PaymentState.CAPTURE_FAILED:
            said[int(id_)] = Hold(Reason.REFUSED, f"売上処理に失敗しました: {order.payment.words}")
        elif number in refused:
            said[int(id_)] = Hold(Reason.REFUSED, refused[number])
    if len(said) == len(numbers):
        return Done({"read_back": len(said)}, per_item=said)
    if one.evidence:
        return Sent({"read_back": len(said)}, look_after=300, per_item=said)
    if said:
        return Sent({"read_back": len(said)}, look_after=60, per_item=said)
    if ports.shop.completion_route == "files":
        return await ports.cart.completion_lies_there(one.effect)
    return Absent({"read_back": 0})


async def witness(items: Sequence[Item[Order]], ports: Ports) -> AsyncIterator[Said]:
    fresh = await ports.cart.look([item.noun.cart_order_id for item in items])
    for item in items:
        order = fresh.get(item.noun.number)
        done = order is not None and completed(order, sale=False)
        yield item, Advance({"by": "someone else"}) if done else Wait("他システムの完了反映待ち")


STAGE = Acting(
    name="complete",
    japanese="カート完了反映",
    every=timedelta(minutes=5),
    patience=timedelta(hours=26),
    noun=Order,
    takes=(OrderState.SHIPPED,),
    gives=OrderState.COMPLETED,
    plan=plan,
    act=act,
    look=look,
    witness=witness,
    settle=lambda _ports: timedelta(minutes=10),
    times=lambda shop: shop.completion_times,
    at_once=5_000,
)
