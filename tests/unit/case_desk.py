"""Case desk (決済NGの窓口): payments and renewals for tests about refused payments, and what their cases say."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from connector.ledger import views
from connector.ledger.views import CaseRow, LinkRow
from connector.order import Order, Origin, Payment, PaymentKind, PaymentState, Round
from msgspec.structs import replace

from tests.unit.world import CARD, DEFERRED, START, World, an_order

PAID = replace(CARD, state_code="authed", source_id=1)
REFUSED = replace(
    PAID, state=PaymentState.REFUSED, state_code="auth_failed", words="カード会社により取引が拒否されました。"
)
EXPIRED = replace(REFUSED, words="カードの有効期限が切れています。")
OTHER_CARD = replace(REFUSED, source_id=2)
VOIDED = replace(PAID, state=PaymentState.VOIDED, state_code="voided")
EXAM = replace(DEFERRED, state=PaymentState.EXAM, state_code="credit_exam_processing")
EXAM_HELD = replace(EXAM, state_code="credit_exam_hold")
EXAM_FAILED = replace(DEFERRED, state=PaymentState.REFUSED, state_code="credit_exam_failed", words="審査NG")
EXAM_PASSED = replace(DEFERRED, state_code="credit_exam_completed")
PENDING = replace(PAID, state=PaymentState.PENDING, state_code="pending")
COD = Payment(
    method_id=5,
    method="代金引換",
    kind=PaymentKind.COD,
    state=PaymentState.AUTHORIZED,
    state_code="cash_on_delivery_authed",
    linked=False,
    prepayment=False,
)
DELIVER_ON = date(2026, 12, 1)


def a_renewal(number: str, payment: Payment = REFUSED, *, round_: int = 3, **more: Any) -> Order:
    """Round `round_` of subscription 77; as many were made before, unless said otherwise."""
    nth = more.pop("nth", round_)
    wanted: dict[str, Any] = {
        "origin": Origin.GENERATED,
        "subscription": Round(subscription_id=77, number="S77", round=round_, nth=nth),
        "deliver_on": DELIVER_ON,
    }
    return an_order(number, payment, **(wanted | more))


async def show(w: World, *orders: Order, minutes: float = 11) -> None:
    """The cart shows them now, the connector reads and announces what it may, and some minutes pass before."""
    for order in orders:
        w.cart.put(order)
    w.pass_by(minutes=minutes)
    await w.run("ingest", "notify")


def case(w: World, number: str = "T-1001") -> CaseRow:
    with w.database.engine.connect() as connection:
        found = views.case_of(connection, w.shop, number, w.clock.now())
    assert found is not None, f"{number} has no case"
    return found


def has_case(w: World, number: str = "T-1001") -> bool:
    with w.database.engine.connect() as connection:
        return views.case_of(connection, w.shop, number, w.clock.now()) is not None


def steps(w: World, number: str = "T-1001") -> list[str]:
    return [step.what for step in case(w, number).steps]


def links(w: World, number: str) -> list[tuple[str, str, str]]:
    with w.database.engine.connect() as connection:
        found: list[LinkRow] = views.links_of(connection, w.shop.key, number)
    return [(one.way, one.number, one.why) for one in found]


def figures(w: World, **more: Any) -> views.Cases:
    with w.database.engine.connect() as connection:
        return views.cases_list(connection, w.shop, w.clock.now(), **more)


LATER = START + timedelta(days=1)
