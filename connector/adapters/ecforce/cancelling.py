"""Cancelling (カートでの取消): cancels one stopped order in the cart, and finds out after a doubt.

Dangerous: a void releases the customer's authorisation, and on a captured payment it would be a refund. Which call
fits is read off the payment right before it; money that was taken, and goods that left, are for people. Only this
order (回) is cancelled: the subscription's count and dates stay as they are, and no mail is sent (spec/ecforce.md).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from connector.adapters.ecforce import wire
from connector.adapters.ecforce.bulk import explain
from connector.adapters.ecforce.completion import SHIPPED_STATES
from connector.adapters.ecforce.reader import SYSTEM
from connector.errors import Barred, NotDone, Refused, Unknown
from connector.order import Order, PaymentKind
from connector.outcome import Absent, Done, Effect, Reply
from connector.ports import Archive
from connector.transport.http import Http

LookUp = Callable[[Iterable[int]], Awaitable[dict[int, Order]]]
EXAM_SECONDS = 60.0  # §2.11: an exam takes seconds; one that hangs is looked at by a person in the end


class Step(StrEnum):
    """What cancels an order, by what its payment is now."""

    VOID = "void"  # the payment; that sets キャンセル by itself (§2.11, §3.1)
    STATE = "state"  # 対応状況 alone; it never touches a payment (§2.9)
    LATER = "later"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class Way:
    step: Step
    words: str = ""  # what a person must do


REFUND = "返金のうえ、カートで取り消してください"
BY_HAND = "決済を確かめ、カートで取り消してください"
WAYS: dict[str, Way] = {
    # An authorisation is held: void releases it. authed and credit_exam_*: §2.11, table. update_failed keeps the
    # older amount; that void works there, too: §2.11, "sequence used in production to switch a failed order".
    wire.PAY_AUTHED: Way(Step.VOID),
    wire.PAY_EXAM_COMPLETED: Way(Step.VOID),
    wire.PAY_EXAM_HOLD: Way(Step.VOID),
    wire.PAY_UPDATE_FAILED: Way(Step.VOID),
    # Nothing is held: refused at the authorisation (§3.2), voided before, or collected at the door (§6, id 5).
    wire.PAY_AUTH_FAILED: Way(Step.STATE),
    wire.PAY_EXAM_FAILED: Way(Step.STATE),
    wire.PAY_VOIDED: Way(Step.STATE),
    wire.PAY_COD_AUTHED: Way(Step.STATE),
    # A deposit that was not made (§3.2, bank: pending -> paid). Of any other method see `way_of`.
    wire.PAY_PENDING: Way(Step.STATE),
    wire.PAY_EXAM_PROCESSING: Way(Step.LATER, "与信審査中です。審査が終わってから取り消します"),
    # The money was taken, or is being taken: void would be a refund (§2.11: completed -> voided(refund)).
    wire.PAY_COMPLETED: Way(Step.PEOPLE, f"売上済みです。{REFUND}"),
    wire.PAY_PAID: Way(Step.PEOPLE, f"入金済みです。{REFUND}"),
    wire.PAY_REPORT_PROCESSING: Way(Step.PEOPLE, f"売上処理（出荷報告）の途中です。結果を見て、{REFUND}"),
    wire.PAY_SALES_FAILED: Way(Step.PEOPLE, f"売上処理が行われ、失敗しています。{BY_HAND}"),
    wire.PAY_REPORT_FAILED: Way(Step.PEOPLE, f"出荷報告が行われ、失敗しています。{BY_HAND}"),
    wire.PAY_VOID_FAILED: Way(
        Step.PEOPLE, f"決済の取消に失敗しています。決済会社の画面で与信を取り消し、{BY_HAND}"
    ),
    wire.PAY_REGISTRATION_FAILED: Way(Step.PEOPLE, f"決済の登録に失敗しています。{BY_HAND}"),
    wire.PAY_FAILED: Way(Step.PEOPLE, f"決済に失敗しています。{BY_HAND}"),
}
"""決済状況 -> how an order in it is cancelled; spec/ecforce.md §3.2 has the codes."""

NO_WAY = Way(Step.PEOPLE, f"決済状況を判断できません。{BY_HAND}")
NO_ANSWER_OF_GATEWAY = Way(Step.PEOPLE, f"決済準備中のままで、与信が残っているか分かりません。{BY_HAND}")
SHIPPED = "カートでは発送済みです。商品の行方を確かめ、カートで返金・取消をしてください"
LEFT_OVER = {
    Step.VOID: "。与信が残っています。カートで決済を取り消してください",
    Step.PEOPLE: "。代金が残っていないか、カートで決済を確かめてください",
}  # 対応状況 was set to キャンセル by somebody, and that alone never touches the payment (§2.11)
GONE = "カートに受注が見つからないか、読み取れません。カートで確かめてください"


def way_of(order: Order) -> Way:
    """How this order is cancelled now. 決済準備中 of anything but a deposit: nobody knows what the gateway holds."""
    payment = order.payment
    code = wire.PAYMENT_STATE_ALIASES.get(payment.state_code, payment.state_code)
    if code == wire.PAY_PENDING and payment.kind is not PaymentKind.TRANSFER:
        return NO_ANSWER_OF_GATEWAY
    return WAYS.get(code, NO_WAY)


def left_the_house(order: Order) -> bool:
    """Whether the cart was told of any parcel of it."""
    return bool(order.shipped_at or order.tracking or order.state_code in SHIPPED_STATES)


class Cancelling:
    """A cancel by POST payment_status (void) or PUT order (state), never both at once."""

    def __init__(self, http: Http, archive: Archive, look_up: LookUp) -> None:
        self._http, self._archive, self._look_up = http, archive, look_up

    async def cancel(self, effect: Effect) -> Reply:
        """Done where the cart shows it cancelled. Repeating does what is left, read right before."""
        order = await self._order(effect)
        if order is None:
            raise Refused(SYSTEM, "", GONE)
        if order.cancelled or order.deleted:
            return _done(order, "カートでは先に取り消されていました")
        if left_the_house(order):
            raise Refused(SYSTEM, order.state_code, SHIPPED)
        way = way_of(order)
        if way.step is Step.LATER:
            raise NotDone(way.words, after=EXAM_SECONDS)
        if way.step is Step.PEOPLE:
            raise Refused(SYSTEM, order.payment.state_code, way.words)
        return await self._ask(effect, way.step)

    async def stands(self, effect: Effect) -> Reply:
        """After a doubt. Absent is safe to repeat: the next try does what the payment then asks for."""
        order = await self._order(effect)
        if order is None:
            return Refused(SYSTEM, "", GONE)
        if order.cancelled or order.deleted:
            return _done(order, "カートで取り消されていることを確認しました")
        if order.payment.state_code == wire.PAY_VOID_FAILED:
            return Refused(SYSTEM, wire.PAY_VOID_FAILED, WAYS[wire.PAY_VOID_FAILED].words)
        return Absent({"state": order.state_code, "payment": order.payment.state_code})

    async def _ask(self, effect: Effect, step: Step) -> Reply:
        method, place, wish = _call(effect, step)
        body = msgspec.json.encode(wish)
        await self._archive.keep(system=SYSTEM, direction="out", name=place, body=body, key=effect.key)
        answer = await self._http.send_json(method, place, body)
        await self._archive.keep(system=SYSTEM, direction="in", name=place, body=answer.body, key=effect.key)
        try:
            answer.accepted(explain)
        except Barred:
            raise
        except Refused as refusal:
            return await self._refused(effect, refusal)
        return await self._read_back(effect)

    async def _refused(self, effect: Effect, refusal: Refused) -> Reply:
        """Perhaps somebody cancelled it in between; then there was nothing left to do."""
        try:
            shown = await self.stands(effect)
        except NotDone:
            return refusal
        if isinstance(shown, Done):
            return shown
        return Refused(SYSTEM, refusal.code, f"{refusal.words}。{BY_HAND}")

    async def _read_back(self, effect: Effect) -> Reply:
        """200 does not mean applied (§2.4): only what the cart shows counts."""
        try:
            shown = await self.stands(effect)
        except NotDone as fault:
            raise Unknown(f"取消の結果をカートで確認できません: {fault}") from fault
        if isinstance(shown, Absent):
            raise Unknown("カートがまだキャンセルになっていません")
        return shown

    async def _order(self, effect: Effect) -> Order | None:
        id_: int = effect.facts["id"]
        return (await self._look_up([id_])).get(id_)


def _call(effect: Effect, step: Step) -> tuple[str, str, dict[str, object]]:
    """Method, path and body. Flags left out of a void would lower the subscription's count (§2.11)."""
    at = f"{wire.PATHS['orders']}/{effect.facts['id']}"
    if step is Step.VOID:
        nothing_else = {"decrement_subs_order_times": 0, "recalculate_subs_order": 0, "need_to_send_email": 0}
        return "POST", f"{at}/payment_status.json", {"method": wire.METHOD_VOID, **nothing_else}
    change = {"order": {"state": wire.STATE_CANCELED}}
    return "PUT", f"{at}.json", {**change, "preview": 0, "update_subs_order_memo": 0, "recalculate": 0}


def _done(order: Order, words: str) -> Done:
    """With how the payment stands now, for whoever counts the money."""
    code = order.payment.state_code
    payment = wire.PAYMENT_STATES.get(code) or code or "不明"
    left = LEFT_OVER.get(WAYS.get(code, NO_WAY).step, "")
    return Done({"words": f"{words}（決済: {payment}）{left}", "state": order.state_code, "payment": code})
