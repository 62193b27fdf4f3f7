"""Completion (完了反映): what tells the cart that an order has shipped, as two files or as bulk requests.

Dangerous: sales (売上処理) run twice turn a captured payment into 売上失敗 (spec/ecforce.md §2.10). Whether
sales run stands in the file's name or in the row, and is looked at again right before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from connector.adapters.ecforce import wire
from connector.clock import jst
from connector.mapping import Completion, CsvWriter, Written
from connector.order import Order, PaymentState
from connector.outcome import Facts, Hold, Reason
from connector.ports import CompletionBuild, CompletionPart
from connector.slip import Shipment

FILES, API = "files", "api"
ROWS_PER_CALL = 100  # SANDBOX maximum, the real one is unknown: spec/ecforce.md §9
CAPTURED = (PaymentState.CAPTURED, PaymentState.CAPTURING, PaymentState.PAID)
SHIPPED_STATES = (wire.STATE_SHIPPED, wire.STATE_DELIVERED)

Shipped = Sequence[tuple[Order, Shipment, bool]]


class Row(Struct, frozen=True, kw_only=True):
    """One order of a completion by API: what we want to see in the cart afterwards."""

    id: int
    number: str
    shipping_slip: str
    shipped_at: str
    sale: bool
    shipping_carrier_id: int | None = None

    def shows_in(self, order: Order) -> bool:
        """Whether the cart already shows everything this row asks for."""
        charged = not self.sale or order.payment.state in CAPTURED
        return charged and self.slip_shows_in(order) and order.state_code in SHIPPED_STATES

    def slip_shows_in(self, order: Order) -> bool:
        return order.tracking == self.shipping_slip and order.shipped_at is not None

    def wanted(self) -> dict[str, object]:
        row: dict[str, object] = {
            "id": self.id,
            "shipping_slip": self.shipping_slip,
            "shipped_at": self.shipped_at,
        }
        if self.shipping_carrier_id is not None:
            row["shipping_carrier_id"] = self.shipping_carrier_id
        return row


def decode_rows(body: bytes) -> list[Row]:
    return msgspec.json.decode(body, type=list[Row])


def may_be_charged(order: Order | None) -> bool:
    """Whether sales may be asked for: alive, and authorised but not yet charged."""
    if order is None or order.cancelled or order.deleted:
        return False
    return order.payment.state is PaymentState.AUTHORIZED


def standing(order: Order | None) -> str:
    """How an order stands in the cart, in the cart's words."""
    if order is None:
        return "カートにありません"
    if order.cancelled or order.deleted:
        return "キャンセル済み"
    code = order.payment.state_code
    return wire.PAYMENT_STATES.get(code) or code or "不明"


def sort_out(shipped: Shipped) -> tuple[list[tuple[Completion, bool]], list[tuple[str, Hold]]]:
    """Those that can be completed at all, and why the others cannot."""
    good: list[tuple[Completion, bool]] = []
    held: list[tuple[str, Hold]] = []
    for order, shipment, sale in shipped:
        hold = _obstacle(order, shipment, sale)
        if hold:
            held.append((order.number, hold))
        else:
            good.append((Completion(order=order, shipment=shipment), sale))
    return good, held


def _obstacle(order: Order, shipment: Shipment, sale: bool) -> Hold | None:
    if order.split_unknown:
        words = "お届け先が複数あり、どの荷物がどのお届け先かが受注データから分かりません"
        return Hold(Reason.ADDRESS_SPLIT_UNKNOWN, words)
    if not shipment.tracking:
        return Hold(Reason.MALFORMED, "配送伝票番号がないため、カートの完了データを作れません")
    if sale and not may_be_charged(order):
        words = f"決済状況が「{standing(order)}」のため、売上処理付きの完了データを作れません"
        return Hold(Reason.PAYMENT_GATE, words)
    return None


def build_files(
    shipped: Shipped, *, shop: str, at: datetime, shipping: CsvWriter, state: CsvWriter
) -> CompletionBuild:
    """出荷CSV without and with sales (§5.2), and the 対応状況 CSV for everyone in one of them (§5.3)."""
    good, held = sort_out(shipped)
    parts: list[CompletionPart] = []
    taken: list[Completion] = []
    for sale in (False, True):
        group = [each for each, with_sale in good if with_sale is sale]
        written = shipping.write(group)
        held += written.held
        inside = _inside(group, written)
        if inside:
            name = f"shipping_{shop}_{_stamp(at)}{'_sale' if sale else ''}.csv"
            parts.append(_file(name, "shipping", sale, written, inside))
            taken += inside
    written = state.write(taken)
    held += written.held
    inside = _inside(taken, written)
    if inside:
        parts.append(_file(f"state_{shop}_{_stamp(at)}.csv", "state", False, written, inside))
    return CompletionBuild(tuple(parts), tuple(held))


def build_requests(shipped: Shipped, *, shop: str, at: datetime) -> CompletionBuild:
    """Bulk requests of up to 100 orders each; the body is ours and says what the cart must show after it."""
    good, held = sort_out(shipped)
    rows = [_row(each, sale) for each, sale in good]
    parts = [
        CompletionPart(
            name=f"completion_{shop}_{_stamp(at)}_{index:03d}",
            body=msgspec.json.encode(chunk),
            order_numbers=tuple(row.number for row in chunk),
            facts={
                "route": API,
                "sale": any(row.sale for row in chunk),
                "ids": {row.number: row.id for row in chunk},
                "rows": len(chunk),
            },
        )
        for index, chunk in enumerate(chunks(rows, ROWS_PER_CALL), start=1)
    ]
    return CompletionBuild(tuple(parts), tuple(held))


def chunks(rows: Sequence[Row], size: int) -> Iterator[list[Row]]:
    for start in range(0, len(rows), size):
        yield list(rows[start : start + size])


def _row(each: Completion, sale: bool) -> Row:
    return Row(
        id=each.order.cart_order_id,
        number=each.order.number,
        shipping_slip=each.tracking,
        shipped_at=f"{each.shipment.shipped_on:%Y-%m-%d} 00:00:00",
        sale=sale,
        shipping_carrier_id=each.order.carrier_id,
    )


def _inside(group: Iterable[Completion], written: Written) -> list[Completion]:
    included = set(written.included)
    return [each for each in group if each.order.number in included]


def _file(name: str, kind: str, sale: bool, written: Written, inside: list[Completion]) -> CompletionPart:
    facts: Facts = {
        "route": FILES,
        "kind": kind,
        "sale": sale,
        "ids": {each.order.number: each.order.cart_order_id for each in inside},
        "rows": written.rows,
        "replaced": [str(each) for each in written.replaced],
    }
    return CompletionPart(name, written.body, tuple(each.order.number for each in inside), facts)


def _stamp(at: datetime) -> str:
    return f"{jst(at):%Y%m%d%H%M%S}"
