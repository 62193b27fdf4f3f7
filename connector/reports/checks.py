"""Checks (照合の規則): each looks at the pictures for one kind of difference; the tuple at the end is the list.

A check answers only where both sides it compares were read. The invariants are those of reliability.md §4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from connector.clock import at_jst, jst
from connector.journey import OrderState, SlipState, at_least
from connector.ledger.views import SlipFacts
from connector.order import Order, PaymentState, content_digest, one_delivery
from connector.outcome import Finding
from connector.reports.mail_checks import mail_from_two, mail_missing
from connector.reports.picture import CART, LEDGER, NEXT_ENGINE, SLIP_ROWS, Row, Terms
from connector.reports.rates import rates_off
from connector.shop import Mode
from connector.slip import NEStatus, Slip

SHIPPED_CODES = ("shipped", "delivered")  # 対応状況, spec/ecforce.md §3.1
ENDED = (OrderState.COMPLETED, OrderState.CANCELLED)

Find: TypeAlias = Callable[[Sequence[Row], Terms], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of finding: who finds it, which sides it needs, and whether a hold may explain it."""

    kind: str
    find: Find
    needs: tuple[str, ...]
    explainable: bool = True


# --- cart and ledger --------------------------------------------------------------------------------------


def missing_here(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """1. An order of the cart that our ledger lacks, older than the intake's patience (I1)."""
    for row in rows:
        order = row.cart
        if order is None or row.ours is not None or order.deleted or order.placed_at < terms.shop.start_at:
            continue
        if terms.late(order.updated_at, "ingest"):
            yield _finding("missing_here", row, "", since=order.updated_at)


def missing_in_cart(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """2. An order of our ledger that the cart does not show any more (R2)."""
    for row in rows:
        if row.cart is not None or row.ours is None or row.ours.cart_order_id in terms.unreadable:
            continue
        if row.ours.state != OrderState.CANCELLED:
            yield _finding("missing_in_cart", row, "", since=row.ours.seen_at)


def changed_not_seen(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """3. The cart's content is newer than ours for longer than the intake's patience (I3)."""
    for row in rows:
        if row.cart is None or row.ours is None or row.ours.left_out:
            continue
        if row.ours.digest != content_digest(row.cart) and terms.late(row.cart.updated_at, "ingest"):
            yield _finding("changed_not_seen", row, "", since=row.cart.updated_at)


def two_for_one_round(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """4. One round of one subscription with two live orders (I2). Parcels of one order are one."""
    seen: dict[tuple[int, int], list[Order]] = {}
    for row in sorted(rows, key=lambda row: row.number):
        parent = row.cart.subscription if row.cart is not None else None
        if row.cart is None or parent is None or row.gone:
            continue
        others = seen.setdefault((parent.subscription_id, parent.round), [])
        for other in others:
            if other.cart_order_id != row.cart.cart_order_id and one_delivery(other, row.cart):
                words = f"定期 {parent.number} {parent.round}回目: 受注 {other.number} と重複"
                yield _finding("two_for_one_round", row, words)
                break
        others.append(row.cart)


# --- the cart's and Next Engine's amounts and slips --------------------------------------------------------


def missing_in_ne(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """5. An announced order without any slip in Next Engine, past the mail's patience (M1, R2)."""
    for row in rows:
        if row.ours is None or row.slips or row.gone or row.ours.state in ENDED or row.ours.left_out:
            continue
        waits = row.ours.state == OrderState.NOTIFIED and not terms.late(row.ours.since, "confirm_intake")
        if at_least(OrderState(row.ours.state), OrderState.NOTIFIED) and not waits:
            yield _finding("missing_in_ne", row, "", since=row.ours.since)


def not_imported(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """6. In 新規受付 since before the last import time, and its grace is over (V2)."""
    last_at = _last_import(terms)
    for row in rows:
        if row.ours is None or row.ours.state != OrderState.IN_INTAKE or row.gone or last_at is None:
            continue
        still = any(slip.live and slip.status < NEStatus.OPEN for slip in row.slips)
        if still and row.ours.since < last_at:
            words = f"{jst(last_at):%m/%d %H:%M} の本取込に入っていません。"
            yield _finding("not_imported", row, words, since=row.ours.since)


def amount_differs(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """7. The cart's payable against the total of its slips in Next Engine, once imported (V4). 0 yen off."""
    for row, order, live in _imported(rows):
        payable, total = order.amounts.payable, sum(slip.total for slip in live)
        if payable != total:
            words = f"カート {payable:,}円 / 伝票 {total:,}円（差 {total - payable:+,}円）"
            words = "、".join([words, *map(str, rates_off(order, live))])
            yield _finding("amount_differs", row, words, yen=abs(total - payable), slip=live[0].number)


def rates_differ(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """8. The total ties, and goods per tax rate, tax or points do not (V4)."""
    for row, order, live in _imported(rows):
        off = rates_off(order, live)
        if off and order.amounts.payable == sum(slip.total for slip in live):
            yen = max(abs(one.slips - one.cart) for one in off)
            yield _finding("rates_differ", row, "、".join(map(str, off)), yen=yen, slip=live[0].number)


def _imported(rows: Sequence[Row]) -> Iterator[tuple[Row, Order, list[Slip]]]:
    """Orders whose live slips are all imported and carry no other order's money (同梱)."""
    for row in rows:
        live = [slip for slip in row.slips if slip.live]
        if row.cart is None or row.gone or not live or any(slip.status < NEStatus.OPEN for slip in live):
            continue
        if not _bundled(row):
            yield row, row.cart, live


def duplicate_slip(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """9. Several live slips for one order that are no split and no further parcel (W1, I1)."""
    for row in rows:
        own = [slip for slip in row.slips if slip.live and not (slip.split_from or slip.parcel_parent)]
        if len(own) > 1:
            words = "伝票 " + "・".join(slip.number for slip in own)
            yield _finding("duplicate_slip", row, words, slip=own[-1].number)


# --- payment and goods ------------------------------------------------------------------------------------


def relayed_twice(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """10. A slip in more than one instruction file that the warehouse did not refuse (W1)."""
    for row, slip in _our_slips(rows):
        if slip.handed > 1:
            words = f"出荷指示ファイル {slip.handed} 通"
            yield _finding("relayed_twice", row, words, slip=slip.number, since=slip.since)


def shipped_unpaid(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """11. At the warehouse or shipped, and neither prepaid nor authorised (P1, P2).

    One that was cancelled is voided, too; whether that could be stopped is rule 19's matter.
    """
    for row in rows:
        if row.gone:
            continue
        out = {slip.number for _, slip in _our_slips([row]) if _handed_over(slip)}
        for slip in row.slips:
            left = slip.live and (slip.status >= NEStatus.SHIPPED or slip.number in out)
            if left and (why := _unpaid(slip, row.cart)):
                yield _finding("shipped_unpaid", row, why, slip=slip.number, since=slip.shipped_at)


def shipped_not_relayed(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """12. Shipped in Next Engine, and no instruction file of ours had it (S1). Only where we relay."""
    if terms.shop.mode("relay") is not Mode.ACT:
        return
    handed = {slip.number for _, slip in _our_slips(rows) if slip.handed}
    for row in rows:
        for slip in row.slips:
            if row.ours and slip.live and slip.status >= NEStatus.SHIPPED and slip.number not in handed:
                yield _finding("shipped_not_relayed", row, "", slip=slip.number, since=slip.shipped_at)


def ne_status_behind(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """13. A slip that stands before the place our ledger proved (people move slips by hand, both ways)."""
    for row in rows:
        now = {slip.number: slip for slip in row.slips if slip.live}
        for _, ours in _our_slips([row]):
            slip = now.get(ours.number)
            if slip is None:
                continue
            back = ours.state == SlipState.CONFIRMED and slip.status < NEStatus.SHIPPED
            unmarked = _handed_over(ours) and slip.status <= NEStatus.PRINT_WAIT
            if back or (unmarked and terms.late(ours.since, "relay")):
                words = f"台帳 {ours.state} / ネクストエンジン {slip.status}"
                yield _finding("ne_status_behind", row, words, slip=slip.number, since=ours.since)


def shipped_not_confirmed(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """14. The warehouse shipped it, and the confirmation is later than its patience (S, T5)."""
    for row, slip in _our_slips(rows):
        if slip.state == SlipState.DISPATCHED and terms.late(slip.since, "confirm_shipment"):
            yield _finding("shipped_not_confirmed", row, "", slip=slip.number, since=slip.since)


# --- completion and money -----------------------------------------------------------------------------------


def shipped_not_completed(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """15. Shipped, and the cart is not completed within the deadline (K2)."""
    if terms.shop.mode("complete") is Mode.OFF:
        return
    for row in rows:
        ours = row.ours
        if ours is not None and ours.state == OrderState.SHIPPED and terms.late(ours.since, "complete"):
            yield _finding("shipped_not_completed", row, "", since=ours.since)


def completed_not_shipped(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """16. The cart says shipped, and neither we nor Next Engine do (K1)."""
    for row in rows:
        if row.cart is None or row.ours is None or row.ours.left_out or row.gone:
            continue
        says = row.cart.state_code in SHIPPED_CODES or row.cart.shipped_at is not None
        proved = at_least(OrderState(row.ours.state), OrderState.SHIPPED) or any(
            slip.status >= NEStatus.SHIPPED for slip in row.slips
        )
        if says and not proved:
            yield _finding("completed_not_shipped", row, "", since=row.cart.shipped_at)


def captured_twice(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """17. Sales asked for twice for one order (K2, spec/ecforce.md §2.10)."""
    for row in rows:
        if row.ours is not None and row.ours.sales > 1:
            yield _finding("captured_twice", row, f"売上処理 {row.ours.sales} 回")


def capture_failed(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """18. Shipped, and the gateway refused to take the money (K2)."""
    for row in rows:
        if row.cart is None or row.ours is None or row.cart.payment.state != PaymentState.CAPTURE_FAILED:
            continue
        if at_least(OrderState(row.ours.state), OrderState.SHIPPED):
            yield _finding("capture_failed", row, row.cart.payment.words, since=row.ours.since)


def cancelled_not_stopped(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """19. Cancelled in the cart, a live slip in Next Engine, and no verdict in time (W3, K3)."""
    for row in rows:
        live = [slip for slip in row.slips if slip.live]
        if row.cart is None or not row.gone or not live or row.ours is None or row.ours.left_out:
            continue
        stop = row.ours.stop
        asked_at = stop.asked_at if stop is not None else row.cart.updated_at
        settled = stop is not None and stop.verdict == "too_late"  # a hold says so until a person took it
        if not settled and terms.late(asked_at, "stop"):
            yield _finding("cancelled_not_stopped", row, "", slip=live[0].number, since=asked_at)


def stuck(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """20. Longer at one place than its patience allows, without a hold (T5)."""
    walking = {OrderState.RECEIVED: "notify", OrderState.NOTIFIED: "confirm_intake"}
    slips = {SlipState.OPEN: "follow_slips", SlipState.PRINT_READY: "relay", SlipState.RELAYED: "collect"}
    for row in rows:
        if row.ours is None or row.ours.left_out or row.gone or row.reasons:
            continue
        stage = walking.get(OrderState(row.ours.state))
        if stage and _overdue(terms, stage, row.ours.since):
            yield _finding("stuck", row, row.ours.waiting_for, since=row.ours.since)
        for slip in row.ours.slips:
            stage = slips.get(SlipState(slip.state))
            if stage and _overdue(terms, stage, slip.since):
                yield _finding("stuck", row, "", slip=slip.number, since=slip.since)


# --- shared -----------------------------------------------------------------------------------------------


def _overdue(terms: Terms, stage: str, since: datetime) -> bool:
    return terms.shop.mode(stage) is not Mode.OFF and terms.late(since, stage)


def _our_slips(rows: Iterable[Row]) -> Iterator[tuple[Row, SlipFacts]]:
    for row in rows:
        for slip in row.ours.slips if row.ours is not None else ():
            yield row, slip


def _handed_over(slip: SlipFacts) -> bool:
    return at_least(SlipState(slip.state), SlipState.RELAYED)


def _bundled(row: Row) -> bool:
    merged = any(slip.merged for slip in row.slips)
    return merged or (row.ours is not None and any(slip.orders > 1 for slip in row.ours.slips))


def _unpaid(slip: Slip, order: Order | None) -> str:
    if order is not None and order.payment.refused:
        return f"決済 {order.payment.state_code}"
    prepayment = slip.prepayment or (order is not None and order.payment.prepayment)
    return f"{slip.payment_method}: 未入金" if prepayment and not slip.paid else ""


def _last_import(terms: Terms) -> datetime | None:
    """The newest import time whose grace is over."""
    over = terms.now - terms.shop.import_grace
    days = (jst(over).date(), jst(over).date() - timedelta(days=1))
    times = [at_jst(day, one.hour, one.minute) for day in days for one in terms.shop.import_times]
    return max((at for at in times if at <= over), default=None)


def _finding(
    kind: str, row: Row, words: str, *, yen: int | None = None, slip: str = "", since: datetime | None = None
) -> Finding:
    return Finding(
        kind=kind,
        order_number=row.number,
        words=words,
        yen=row.yen if yen is None else yen,
        since=since,
        slip_number=slip,
    )


# fmt: off
CHECKS = (
    Check("relayed_twice", relayed_twice, (LEDGER,), explainable=False),
    Check("duplicate_slip", duplicate_slip, (NEXT_ENGINE,), explainable=False),
    Check("captured_twice", captured_twice, (LEDGER,), explainable=False),
    Check("shipped_unpaid", shipped_unpaid, (NEXT_ENGINE, LEDGER), explainable=False),
    Check("cancelled_not_stopped", cancelled_not_stopped, (CART, NEXT_ENGINE, LEDGER)),
    Check("missing_here", missing_here, (CART, LEDGER)),
    Check("missing_in_cart", missing_in_cart, (CART, LEDGER)),
    Check("missing_in_ne", missing_in_ne, (NEXT_ENGINE, LEDGER)),
    Check("changed_not_seen", changed_not_seen, (CART, LEDGER)),
    Check("two_for_one_round", two_for_one_round, (CART,)),
    Check("not_imported", not_imported, (NEXT_ENGINE, LEDGER)),
    Check("amount_differs", amount_differs, (CART, NEXT_ENGINE)),
    Check("rates_differ", rates_differ, (CART, NEXT_ENGINE, SLIP_ROWS)),
    Check("shipped_not_relayed", shipped_not_relayed, (NEXT_ENGINE, LEDGER)),
    Check("ne_status_behind", ne_status_behind, (NEXT_ENGINE, LEDGER)),
    Check("shipped_not_confirmed", shipped_not_confirmed, (LEDGER,)),
    Check("shipped_not_completed", shipped_not_completed, (LEDGER,)),
    Check("completed_not_shipped", completed_not_shipped, (CART, NEXT_ENGINE, LEDGER)),
    Check("capture_failed", capture_failed, (CART, LEDGER)),
    Check("mail_missing", mail_missing, (NEXT_ENGINE, LEDGER)),
    Check("mail_from_two", mail_from_two, (NEXT_ENGINE, LEDGER)),
    Check("stuck", stuck, (LEDGER,)),
)
# fmt: on
