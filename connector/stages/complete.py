"""Complete (カート完了反映): write tracking, ship date and 発送完了 back to the cart; that triggers the charge.

Sales never run for an order that is captured already: a second run turns 売上完了 into 売上失敗
(spec/ecforce.md §2.10). So the cart is read before, and believed only when it is read again after. The parcels of one
order of the cart are completed together, when the last of them has left. While a hold on one of its slips waits for a
person, nothing is written: the parcel of which the warehouse contradicts itself may be another customer's (S3).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta

from msgspec.structs import replace

from connector.bundle import carries
from connector.clock import jst
from connector.errors import ConnectorError, NotDone
from connector.journey import OrderState, SlipState
from connector.order import Order, PaymentKind, PaymentState
from connector.outcome import (
    SELF_CLEARING,
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
    Stray,
    Wait,
)
from connector.ports import CompletionAnswers, CompletionPart, Ports
from connector.shop import Shop
from connector.slip import NEStatus, Result, Shipment, Slip
from connector.stages import stop_cart
from connector.stages.parcels import Ready, apart, shows
from connector.stages.shipped import whole
from connector.stages.stage import Acting, Said, digest_of, look_at_each, one_by_one

SHIPPED_CODES = ("shipped", "delivered")  # 対応状況, spec/ecforce.md §3.1
CHARGED = (PaymentState.CAPTURED, PaymentState.CAPTURING, PaymentState.PAID)
SETTLE = timedelta(minutes=10)
OTHER_SLIPS = "同じ受注の他の伝票の出荷待ち"
SLIP_HELD = "伝票の保留の解除待ち"
ACCEPTED = "accepted"  # evidence: the other side took it; whether it also did it, only the cart shows


async def plan(items: Sequence[Item[Order]], ports: Ports) -> AsyncIterator[Said | Effect]:
    fresh = await ports.cart.look([item.noun.cart_order_id for item in items])
    ready: dict[str, tuple[Order, Shipment, bool]] = {}
    by_number = {item.noun.number: item for item in items}
    for number, item in by_number.items():
        order = fresh.get(number, item.noun)
        shipment = shipped(item)
        stays = obstacle(order, shipment, ports, still_waits(item), slip_held(item))
        if stays is not None:
            yield item, stays
        elif shipment is not None:
            ready[number] = (order, shipment, sale(order, ports))
    for number, waits in apart(ready, fresh).items():
        del ready[number]
        yield by_number[number], waits
    if not ready:
        return
    built = ports.cart.completions(list(ready.values()))
    for number, hold in built.held:
        yield by_number[number], hold
    named = {number for part in built.parts for number in part.order_numbers} | dict(built.held).keys()
    for number in ready.keys() - named:
        yield by_number[number], Wait("他のお届け先の完了データ待ち")
    for n, part in enumerate(built.parts, 1):
        yield _effect(n, part, ready, by_number, ports)


def _effect(
    n: int, part: CompletionPart, ready: Ready, items: dict[str, Item[Order]], ports: Ports
) -> Effect:
    """Parts of one window differ in who is in them, so that a second try never meets another's key."""
    inside = [items[number] for number in part.order_numbers]
    charged = [number for number in part.order_numbers if ready[number][2]]
    parcels = [number for number in part.order_numbers if ready[number][0].parcel_of]
    return Effect(
        kind="completion",
        key=f"{ports.shop.key}/completion/{ports.window}/{n}/{digest_of(part.order_numbers)}",
        items=tuple(item.id for item in inside),
        body=part.body,
        name=part.name,
        facts={
            **part.facts,
            "orders": {str(item.id): item.noun.number for item in inside},
            "cart_ids": [item.noun.cart_order_id for item in inside],
            # Only the part with which sales run: the state file names the same orders and charges nobody.
            "sales": charged if part.facts.get("sale", True) else [],
            "charged": charged,  # complete only when their money is taken, whichever part takes it
            "slips": {number: ready[number][1].tracking[0] for number in parcels},
        },
    )


def shipped(item: Item[Order]) -> Shipment | None:
    """What left for this order with all its slips. The primary number is that of a parcel with its own goods."""
    family = {slip.number: slip for slip, _ in item.slips}
    found = [(slip, one) for slip, state in item.slips if (one := _left(slip, state, item)) is not None]
    found.sort(key=lambda pair: not carries(pair[0], item.noun.number, family))
    if not found:
        return None
    numbers = dict.fromkeys(number for _, one in found for number in one.tracking)
    last = max(one.shipped_on for _, one in found)
    return replace(found[0][1], tracking=tuple(numbers), shipped_on=last)


def slip_held(item: Item[Order]) -> bool:
    """A hold on one of its slips waits for a person; with one of its own the order would not be due."""
    return not SELF_CLEARING.issuperset(item.held)


def still_waits(item: Item[Order]) -> bool:
    """A live slip that has not left although the order counts as shipped; a copy made since then is another sending."""
    for slip, state in item.slips:
        sent_again = slip.copied_from and slip.created_at is not None and slip.created_at > item.since
        if slip.live and state not in (SlipState.CONFIRMED, SlipState.CANCELLED) and not sent_again:
            return True
    return False


def _left(slip: Slip, state: SlipState, item: Item[Order]) -> Shipment | None:
    """The warehouse's word about one slip, or NE's where somebody else shipped it.

    A slip that was bundled away counts where its own parcel had left before; one that was taken back does not.
    """
    if not slip.live and slip.status < NEStatus.SHIPPED and not slip.merged:
        return None
    said = whole([event for event in item.shipments if event.slip_number == slip.number], slip.rows)
    if state is SlipState.CANCELLED and not slip.merged:
        return None
    if said is not None or slip.shipped_at is None:
        return said
    return Shipment(
        result_id=f"ne-{slip.number}",
        slip_number=slip.number,
        result=Result.SHIPPED,
        shipped_on=jst(slip.shipped_at).date(),
        carrier=slip.delivery_method,
        tracking=tuple(slip.tracking.split(",")) if slip.tracking else (),
    )


def wants_sale(order: Order, shop: Shop) -> bool:
    """Whether an order of this payment kind is complete only when its money was taken."""
    return order.payment.kind in shop.sale_kinds and order.payment.kind is not PaymentKind.TRANSFER


def sale(order: Order, ports: Ports) -> bool:
    """Whether sales run with this completion. A bank transfer was never the gateway's to take."""
    return wants_sale(order, ports.shop) and order.payment.state not in CHARGED


def obstacle(
    order: Order, shipment: Shipment | None, ports: Ports, waits: bool = False, held: bool = False
) -> Outcome | None:
    if order.cancelled or order.deleted:
        words = "出荷後にカートで取り消されました。完了は書き込みません。"
        return Hold(Reason.CANCELLED_TOO_LATE, f"{words}{stop_cart.money_of(order.payment)}")
    if order.payment.kind not in ports.shop.complete_kinds:
        return Advance({"completed": "not wanted for this payment kind"})
    slip = shipment.tracking[0] if shipment is not None and shipment.tracking else ""
    if completed(order, sale=wants_sale(order, ports.shop)) and shows(order, slip):
        return Advance({"completed": "the cart shows it already"})
    if held:
        return Wait(SLIP_HELD)
    if waits:
        return Wait(OTHER_SLIPS)
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


def arrived(order: Order, kind: str, *, sale: bool) -> bool:
    """Whether the cart shows what this part alone asked for: two files complete an order together."""
    if kind == "shipping":
        return bool(order.shipped_at and order.tracking) and (not sale or order.payment.state in CHARGED)
    return kind == "state" and order.state_code in SHIPPED_CODES


async def act(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    failed: set[int] = set()

    async def hand_over(one: Begun) -> Reply:
        if failed.intersection(one.effect.items):
            raise NotDone("the file that belongs before this one was not delivered")
        try:
            reply = await ports.cart.complete(one.effect)
        except Exception:
            failed.update(one.effect.items)
            raise
        # Accepted is not completed: the next look reads every order back.
        return _accepted(reply, look_after=5)

    async for one, reply in one_by_one(begun, hand_over):
        yield one, reply


def _accepted(reply: Reply, look_after: float) -> Reply:
    if isinstance(reply, Done | Sent):
        return Sent({ACCEPTED: True, **reply.evidence}, look_after=look_after)
    return reply


async def look(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply] | Stray]:
    """What the cart shows counts; its result files only say who was refused, and may be away without harm."""
    answers, fault = CompletionAnswers(), None
    try:
        answers = await ports.cart.completion_answers([one.effect for one in begun])
    except ConnectorError as error:
        fault = error
    for stray in answers.strays:
        yield stray

    async def looked(one: Begun) -> Reply:
        return await _look(one, answers.refused.get(one.effect.name, {}), ports)

    async for one, reply in look_at_each(begun, looked):
        yield one, reply
    if fault is not None:
        raise fault


async def _look(one: Begun, answered: Mapping[str, str], ports: Ports) -> Reply:
    numbers: dict[str, str] = one.effect.facts["orders"]
    fresh = await ports.cart.look(one.effect.facts["cart_ids"])
    refused = {**one.evidence.get("refused", {}), **answered}
    words = (
        (int(id_), _word(fresh.get(number), number, one, refused.get(number, "")))
        for id_, number in numbers.items()
    )
    said = {id_: word for id_, word in words if word is not None}
    if len(said) == len(numbers):
        return Done({"read_back": len(said)}, per_item=said)
    if one.evidence.get(ACCEPTED):
        return Sent({"read_back": len(said)}, look_after=300, per_item=said)
    if ports.shop.completion_route == "files":
        return _accepted(await ports.cart.completion_lies_there(one.effect), look_after=300)
    if said and ports.now - one.started_at < SETTLE:
        return Sent({"read_back": len(said)}, look_after=60, per_item=said)
    return Absent({"read_back": len(said)})


def _word(order: Order | None, number: str, one: Begun, refused: str) -> Outcome | None:
    """What the cart shows of one order of this part; None while it shows nothing."""
    facts = one.effect.facts
    charged: list[str] = facts["charged"] if "charged" in facts else facts["sales"]
    sale = number in charged
    here = order is not None and shows(order, facts.get("slips", {}).get(number, ""))
    if order is not None and here and completed(order, sale=sale):
        return Advance({"state": order.state_code, "payment": order.payment.state_code})
    if order is not None and sale and order.payment.state is PaymentState.CAPTURE_FAILED:
        return Hold(Reason.REFUSED, f"売上処理に失敗しました: {order.payment.words}")
    if refused:
        return Hold(Reason.REFUSED, refused)
    if order is not None and here and arrived(order, facts.get("kind", ""), sale=number in facts["sales"]):
        return Wait("もう一つの完了ファイルの反映待ち")
    return None


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
    settle=lambda _ports: SETTLE,
    times=lambda shop: shop.completion_times,
    at_once=5_000,
)
