"""Payment desk (決済): moves 決済状況 as spec/ecforce.md §2.11 and §3.2 say, through the gateway.

Dangerous: sales on a payment that is already 売上完了 ends in 売上失敗 (§2.10); that trap is real and kept.
"""

from __future__ import annotations

from datetime import timedelta

from connector.adapters.ecforce import wire
from connector.sandbox.cart.agenda import Agenda
from connector.sandbox.cart.gateway import Deed, Gateway, Verdict
from connector.sandbox.cart.model import Order, Payment
from connector.sandbox.cart.refusal import Refusal, not_valid
from connector.sandbox.cart.settings import PAYMENT_ERROR_REASON, MethodKind
from connector.sandbox.cart.shop import Shop

AUTHORISED_KINDS = (MethodKind.CARD, MethodKind.WALLET)
REAUTH_FROM = (
    wire.PAY_VOIDED,
    wire.PAY_AUTH_FAILED,
    wire.PAY_EXAM_FAILED,
    wire.PAY_UPDATE_FAILED,
    wire.PAY_SALES_FAILED,
    wire.PAY_REPORT_FAILED,
    wire.PAY_REGISTRATION_FAILED,
    wire.PAY_FAILED,
    wire.PAY_PENDING,
)
HELD_STATES = (  # the gateway holds an authorisation or the money
    wire.PAY_AUTHED,
    wire.PAY_UPDATE_FAILED,
    wire.PAY_EXAM_HOLD,
    wire.PAY_EXAM_COMPLETED,
    wire.PAY_COMPLETED,
    wire.PAY_SALES_FAILED,
    wire.PAY_REPORT_PROCESSING,
    wire.PAY_REPORT_FAILED,
    wire.PAY_VOID_FAILED,
)
REFUSED_STATES = (wire.PAY_AUTH_FAILED, wire.PAY_EXAM_FAILED, wire.PAY_UPDATE_FAILED)
HEALED_STATES = (wire.PAY_AUTHED, wire.PAY_EXAM_COMPLETED, wire.PAY_COD_AUTHED)
WORDS_NO_AUTH = "有効な与信がありません。"
WORDS_AUTH_EXPIRED = "与信の有効期限が切れています。"
WORDS_ALREADY_SOLD = "すでに売上処理済みの取引です。"
WORDS_EXAM_RUNNING = "与信審査が完了していません。"
WORDS_RENEWED = "再オーソリのため以前の与信を取り消しました。"
FRAUD_REASON = "不正検知"
WORDS_NO_SLIP = "配送伝票番号と発送完了日が登録されていません。"


class Payments:
    """What may happen to the payment of an order."""

    def __init__(self, shop: Shop, gateway: Gateway, agenda: Agenda) -> None:
        self._shop, self._gateway, self._agenda = shop, gateway, agenda
        self.unsettled: dict[int, Order] = {}  # neither authorised nor given up: what the batches look at
        self._was_refused: set[int] = set()

    def clear(self) -> None:
        """Nobody owes anything."""
        self.unsettled.clear()
        self._was_refused.clear()

    # --- authorising ---

    def open(self, order: Order) -> None:
        """First authorisation or exam of an order, or one anew."""
        payment = order.payment
        payment.amount, payment.last_error = order.amounts.payment_total, None
        payment.voided_at = None
        match payment.method.kind:
            case MethodKind.COD:
                self._move(order, wire.PAY_COD_AUTHED)
            case MethodKind.BANK:
                self._move(order, wire.PAY_PENDING)
            case MethodKind.DEFERRED:
                self._examine(order)
            case _:
                self._authorise(order)

    def _authorise(self, order: Order) -> None:
        payment, now = order.payment, self._shop.now()
        verdict, words = self._ask(Deed.AUTH, order)
        if verdict is Verdict.REFUSED:
            self._refuse(order, wire.PAY_AUTH_FAILED, words)
            return
        if verdict is Verdict.TIMEOUT:
            payment.last_error = words
            self._move(order, wire.PAY_PENDING)
            return
        if verdict is Verdict.HOLD:
            order.o_plux_result = "REVIEW"
            self._shop.mark(order, FRAUD_REASON)
        self._give_access(order)
        payment.authed_at = now
        days = payment.method.valid_days
        payment.valid_until = None if days is None else now + timedelta(days=days)
        self._move(order, wire.PAY_AUTHED)

    def _ask(self, deed: Deed, order: Order) -> tuple[Verdict, str | None]:
        payment = order.payment
        return self._gateway.ask(deed, order.number, payment.amount or 0, payment.card_id, round_=order.times)

    def _examine(self, order: Order) -> None:
        self._give_access(order)
        self._move(order, wire.PAY_EXAM_PROCESSING)
        due = self._shop.now() + timedelta(seconds=self._shop.settings.exam_delay_s)
        self._agenda.add(due, lambda: self._end_exam(order))

    def _end_exam(self, order: Order) -> None:
        payment = order.payment
        if payment.state != wire.PAY_EXAM_PROCESSING:
            return
        verdict, words = self._ask(Deed.EXAM, order)
        match verdict:
            case Verdict.REFUSED:
                self._refuse(order, wire.PAY_EXAM_FAILED, words)
            case Verdict.HOLD:
                self._move(order, wire.PAY_EXAM_HOLD)
            case Verdict.OK:
                payment.authed_at = self._shop.now()
                self._move(order, wire.PAY_EXAM_COMPLETED)
            case Verdict.TIMEOUT:
                payment.last_error = words

    def decide_exam(self, order: Order, *, ok: bool) -> None:
        """The deferred provider ends a 与信保留."""
        if order.payment.state != wire.PAY_EXAM_HOLD:
            raise _not_in(wire.PAY_EXAM_HOLD)
        if not ok:
            self._refuse(order, wire.PAY_EXAM_FAILED, "与信審査の結果、ご利用いただけません。")
            return
        order.payment.authed_at = self._shop.now()
        self._move(order, wire.PAY_EXAM_COMPLETED)

    def _refuse(self, order: Order, state: str, words: str | None) -> None:
        order.payment.last_error = words
        self._move(order, state)
        self._shop.history.add("payment_refused", order.number, state=state, words=words)
        parent = self._shop.parent(order)
        if parent is not None and self._shop.settings.ng_marks_subs_tbc:
            self._shop.mark(parent, PAYMENT_ERROR_REASON)

    # --- taking the money ---

    def sales(self, order: Order) -> None:
        """売上処理: once, on a payment that allows it; every other state but a bank deposit fails."""
        match order.payment.state:
            case wire.PAY_AUTHED:
                self._capture(order)
            case wire.PAY_COD_AUTHED:
                order.payment.completed_at = self._shop.now()
                self._move(order, wire.PAY_COMPLETED)
            case wire.PAY_EXAM_COMPLETED:
                self._report_shipment(order)
            case wire.PAY_PAID:
                return  # a bank deposit is already the money; nothing is linked (§6)
            case wire.PAY_COMPLETED | wire.PAY_REPORT_PROCESSING:
                self._fail_sales(order, WORDS_ALREADY_SOLD)
            case wire.PAY_EXAM_PROCESSING | wire.PAY_EXAM_HOLD:
                self._fail_sales(order, WORDS_EXAM_RUNNING)
            case _:
                self._fail_sales(order, WORDS_NO_AUTH)

    def _capture(self, order: Order) -> None:
        payment, now = order.payment, self._shop.now()
        if payment.valid_until is not None and now > payment.valid_until:
            self._fail_sales(order, WORDS_AUTH_EXPIRED)
            return
        self._took(order, Deed.CAPTURE)
        payment.completed_at = now
        self._move(order, wire.PAY_COMPLETED)

    def _report_shipment(self, order: Order) -> None:
        if not order.all_shipped:
            self._fail_sales(order, WORDS_NO_SLIP)
            return
        self._took(order, Deed.REPORT)
        self._move(order, wire.PAY_REPORT_PROCESSING)
        due = self._shop.now() + timedelta(seconds=self._shop.settings.report_delay_s)
        self._agenda.add(due, lambda: self._end_report(order))

    def _end_report(self, order: Order) -> None:
        if order.payment.state != wire.PAY_REPORT_PROCESSING:
            return
        order.payment.completed_at = self._shop.now()
        self._move(order, wire.PAY_COMPLETED)

    def _took(self, order: Order, deed: Deed) -> None:
        payment = order.payment
        amount = payment.amount or 0
        self._gateway.record(deed, order.number, amount, ok=True, access_id=payment.access_id)
        self._shop.history.add("captured", order.number, amount=amount)

    def _fail_sales(self, order: Order, words: str) -> None:
        payment = order.payment
        amount = payment.amount or 0
        self._gateway.record(Deed.CAPTURE, order.number, amount, ok=False, words=words)
        payment.last_error = words
        self._shop.history.add("capture_failed", order.number, words=words, before=payment.state)
        self._move(order, wire.PAY_SALES_FAILED)

    # --- undoing ---

    def void(self, order: Order) -> bool:
        """Void or refund; success also sets キャンセル (§2.11). Whether it was voided."""
        payment = order.payment
        if payment.state == wire.PAY_EXAM_PROCESSING:
            raise _not_in(wire.PAY_EXAM_COMPLETED)
        if payment.state == wire.PAY_VOIDED:
            raise _not_in(wire.PAY_AUTHED)
        is_linked = payment.method.kind not in (MethodKind.COD, MethodKind.BANK)
        held = is_linked and payment.state in HELD_STATES
        amount = payment.amount or 0
        if held and not self._gateway.void(order.number, amount, payment.card_id, payment.access_id):
            self._move(order, wire.PAY_VOID_FAILED)
            return False
        self._set_voided(order)
        return True

    def force_void(self, order: Order) -> None:
        """強制取消: the gateway is not told."""
        self._set_voided(order)

    def _set_voided(self, order: Order) -> None:
        order.payment.voided_at = self._shop.now()
        self._move(order, wire.PAY_VOIDED)
        self._shop.set_state(order, wire.STATE_CANCELED, "system")

    def reauth(self, order: Order) -> None:
        """再オーソリ with the method and payer the order has now; 対応状況 stays."""
        if order.payment.state not in REAUTH_FROM:
            raise _not_in(wire.PAY_VOIDED)
        self._let_go(order)
        self.open(order)

    def _let_go(self, order: Order) -> None:
        """What an earlier attempt left held is given back before anything new is asked for."""
        held = self._gateway.holds(order.number)
        if held is not None:
            self._gateway.record(
                Deed.VOID, order.number, held, ok=True, access_id=order.payment.access_id, words=WORDS_RENEWED
            )

    def pay(self, order: Order) -> None:
        """入金済み: the shop saw the deposit of a bank transfer."""
        if order.payment.method.kind is not MethodKind.BANK or order.payment.state != wire.PAY_PENDING:
            raise _not_in(wire.PAY_PENDING)
        order.payment.paid_at = self._shop.now()
        self._move(order, wire.PAY_PAID)
        self._shop.history.add("paid", order.number, amount=order.payment.amount)

    def change_amount(self, order: Order) -> None:
        """取引修正: an edit changed what is to be paid. Refused, the gateway keeps the old amount."""
        payment = order.payment
        before, payment.amount = payment.amount, order.amounts.payment_total
        held = payment.state in (wire.PAY_AUTHED, wire.PAY_EXAM_COMPLETED)
        if not held or before == payment.amount:
            return
        verdict, words = self._ask(Deed.CHANGE, order)
        if verdict in (Verdict.REFUSED, Verdict.TIMEOUT):
            self._refuse(order, wire.PAY_UPDATE_FAILED, words)

    # --- book-keeping ---

    def _give_access(self, order: Order) -> None:
        order.payment.access_id = f"tx-{order.id}"
        self._shop.order_by_access_id[order.payment.access_id] = order

    def _move(self, order: Order, state: str) -> None:
        payment: Payment = order.payment
        before, payment.state = payment.state, state
        self._remember(order)
        if before != state:
            self._shop.note(order, "system", "payment_state", before, state)

    def _remember(self, order: Order) -> None:
        """Whether it waits for money, and whether it has it at last."""
        state = order.payment.state
        if state in REFUSED_STATES:
            self._was_refused.add(order.id)
        elif state in HEALED_STATES and order.id in self._was_refused:
            self._was_refused.discard(order.id)
            self._shop.history.add("payment_healed", order.number, state=state)
        if state in REFUSED_STATES or state == wire.PAY_PENDING:
            self.unsettled[order.id] = order
        else:
            self.unsettled.pop(order.id, None)


def _not_in(state: str) -> Refusal:
    return not_valid(wire.PREFIX_ORDER, wire.WORDS_PAYMENT_STATE.format(state=state))
