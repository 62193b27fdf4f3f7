"""Case steps (決済NGの経過): what happened to a refused payment between two versions of its order, and what that means.

Pure: two pictures of the cart in, words of the ledger out. Dangerous: a voided payment sets キャンセル and a new
authorisation does not take it back (spec/ecforce.md §2.11): such an order is paid and still goes nowhere.
"""

from __future__ import annotations

from connector.order import Order, Payment, PaymentState

OPEN, HEALED, CANCELLED, REPLACED = "open", "healed", "cancelled", "replaced"
EXAM_HELD = (
    "credit_exam_hold"  # 与信保留, spec/ecforce.md §3.2: the one code within EXAM that a person may ask about
)
ACCEPTED = (
    PaymentState.AUTHORIZED,
    PaymentState.PAID,
    PaymentState.CAPTURING,
    PaymentState.CAPTURED,
)
REFUSED_STEP = "refused"
_STEP_OF = {
    PaymentState.PENDING: "pending",
    PaymentState.EXAM: "exam",
    PaymentState.REFUSED: REFUSED_STEP,
    PaymentState.VOIDED: "voided",
}


def gone(order: Order) -> bool:
    return order.cancelled or order.deleted


def accepted(payment: Payment) -> bool:
    """Nothing of the payment keeps the order from being announced; what is not linked is paid outside the cart."""
    return payment.state in ACCEPTED or (payment.state is PaymentState.PENDING and not payment.linked)


def opens(order: Order) -> bool:
    """Whether an order without a case needs one."""
    return order.payment.state is PaymentState.REFUSED and not gone(order)


def between(old: Order, new: Order) -> tuple[str, ...]:
    """The steps from one version to the next, in the order in which a person does them."""
    steps = []
    if old.payment.method_id != new.payment.method_id:
        steps.append("method_changed")
    elif old.payment.source_id != new.payment.source_id and new.payment.source_id is not None:
        steps.append("card_changed")
    if gone(new) and not gone(old):
        steps.append("cancelled")
    if _payment_moved(old.payment, new.payment):
        steps.append(_step_of(new.payment))
    if gone(old) and not gone(new):
        steps.append("revived")
    return tuple(steps)


def verdict(before: str, order: Order) -> str:
    """Where the case of an order stands once this version was seen; each closing names a fact of the cart.

    Paid and still cancelled is open: the repair stopped half-way. What healed stays healed until it is refused or
    voided again; a failed capture is another list's matter.
    """
    payment = order.payment
    if gone(order):
        half_done = not order.deleted and (
            accepted(payment) or payment.state in (PaymentState.EXAM, PaymentState.PENDING)
        )
        if before == HEALED:
            return HEALED
        return OPEN if half_done else CANCELLED
    if accepted(payment) or (before == HEALED and not payment.refused):
        return HEALED
    return OPEN


def _payment_moved(old: Payment, new: Payment) -> bool:
    if (old.state, old.state_code) == (new.state, new.state_code):
        return new.state is PaymentState.REFUSED and old.words != new.words
    return not (accepted(old) and accepted(new))


def _step_of(payment: Payment) -> str:
    if payment.state_code == EXAM_HELD:
        return "exam_held"
    if payment.state in ACCEPTED:
        return "accepted"
    return _STEP_OF.get(payment.state, "unclear")
