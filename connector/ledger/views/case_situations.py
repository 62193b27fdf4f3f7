"""Case situations (決済NGの状況): the one word for where a case stands, from which follows what a person does next.

Pure. The words stand in `connector/words/cases.py`; the order of the questions here is the order of importance.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.journey import OrderState, at_least
from connector.ledger.case_steps import EXAM_HELD, accepted, gone
from connector.order import Order, PaymentState

CHANGED = ("card_changed", "method_changed")
OF_CODE = {"credit_exam_failed": "exam_failed", "update_failed": "update_failed"}  # spec/ecforce.md §3.2
OF_STATE = {PaymentState.PENDING: "pending", PaymentState.VOIDED: "voided"}
NOTHING_TO_DO = ("exam", "joins", "joined", "cancelled", "replaced")


def of_open(
    order: Order, place: OrderState, steps: Sequence[str], *, twins: bool, stopped: bool, given_up: bool
) -> str:
    """An open case. `twins`: another living order is for the same goods; `stopped`: its subscription was."""
    payment = order.payment
    if gone(order) and (accepted(payment) or payment.state in (PaymentState.EXAM, PaymentState.PENDING)):
        return "paid_but_cancelled"
    if payment.state is PaymentState.EXAM:
        return "exam_held" if payment.state_code == EXAM_HELD else "exam"
    if given_up:
        return "given_up"
    if twins:
        return "double"
    if payment.state is not PaymentState.REFUSED:
        return OF_STATE.get(payment.state, "unclear")
    if stopped:
        return "parent_stopped"
    if at_least(place, OrderState.NOTIFIED):
        return "handed_on"
    return _of_refusal(payment.state_code, steps)


def _of_refusal(code: str, steps: Sequence[str]) -> str:
    tries = [step for step in steps if step == "refused" or step in CHANGED]
    if tries and tries[-1] in CHANGED:
        return "not_retried"
    if tries.count("refused") > 1:
        return "refused_again"
    return OF_CODE.get(code, "refused")


def of_healed(place: OrderState, *, held: bool, late: bool) -> str:
    """A healed case: whether its order joined the import, will, or stands still for another reason."""
    if place is OrderState.CANCELLED:
        return "cancelled"
    if at_least(place, OrderState.IMPORTED):
        return "joined"
    if held:
        return "held_otherwise"
    return "missed" if late else "joins"
