"""Stop in the cart (カートでの取消): the last leg of a stop, once nothing of the order is anywhere any more.

Dangerous: it releases the customer's authorisation. The ledger hands over only orders whose verdict is *stopped*
(`ledger/stop_cart.py`); Next Engine is read once more, and the cart itself right before the call.
"""

from __future__ import annotations

from connector.errors import Refused
from connector.order import Order, Payment, PaymentKind, PaymentState
from connector.outcome import Begun, Done, Effect, Item, Reply, StopAnswer, Wait
from connector.ports import Ports
from connector.stages.stop_case import Case

NEVER_TAKEN = (PaymentState.VOIDED, PaymentState.REFUSED, PaymentState.CAPTURE_FAILED)
TAKEN = (PaymentState.CAPTURED, PaymentState.PAID)
NOT_AT_REST = "止まっていない伝票があるため、カートの取消を待っています"
SEVERAL = "複数お届け先の受注の一部です。ほかのお届け先を確かめ、カートで取り消してください"
UNPAID = (
    "カートでは取り消され、与信も入金もありません。このままでは代金を受け取れません。"
    "返金は不要です。返品か、再オーソリ・請求が必要です。"
)
PAID = "返品と返金の対応が必要です。"
EITHER = "返品の対応が必要です。代金は、入金済みなら返金、未請求なら与信の取消か請求をしてください。"


def leg(item: Item[Order], case: Case, ports: Ports) -> Effect | Wait:
    """The cancel in the cart, under a key of its own for each order and request."""
    if case.lost or case.unclear or case.awaited or case.to_ask or case.live:
        return Wait(NOT_AT_REST)
    order = item.noun
    return Effect(
        kind="cart_cancel",
        key=f"{ports.shop.key}/cart_cancel/{order.number}/{item.cart_leg}",
        items=(item.id,),
        facts={"id": order.cart_order_id, "parcel_of": order.parcel_of},
    )


async def cancel(one: Begun, ports: Ports) -> Reply:
    if one.effect.facts["parcel_of"]:
        raise Refused("cart", "", SEVERAL)
    return _told(await ports.cart.cancel(one.effect))


async def stands(one: Begun, ports: Ports) -> Reply:
    return _told(await ports.cart.cancel_stands(one.effect))


def _told(reply: Reply) -> Reply:
    """The cart's word as an answer to the stop, with how the order stands there as its proof."""
    if not isinstance(reply, Done):
        return reply
    said = reply.evidence
    answer = {"": [StopAnswer.AGREED, said["words"]]}
    return Done({**said, "answers": answer, "receipt": f"{said['state']} / {said['payment']}"})


def money(item: Item[Order]) -> str:
    """What to do about the money where goods ship whose order was cancelled in the cart."""
    ours = any(party == "cart" and answer == StopAnswer.AGREED for party, _, answer, *_ in item.answers)
    return money_of(item.noun.payment, voided=ours and item.noun.payment.kind is not PaymentKind.COD)


def money_of(payment: Payment, *, voided: bool = False) -> str:
    """`voided`: by ourselves, later than the order was last read."""
    if voided or payment.state in NEVER_TAKEN:
        return UNPAID
    return PAID if payment.state in TAKEN else EITHER
