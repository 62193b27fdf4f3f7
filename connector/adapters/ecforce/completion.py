"""Completion (完了反映): what tells the cart that an order has shipped, as two files or as bulk requests.

Dangerous: sales (売上処理) run twice turn a captured payment into 売上失敗 (spec/ecforce.md §2.10). Whether
sales run stands in the file's name or in the row, and is looked at again right before anything is sent. An order to
several addresses has one row per address, and sales run with its last row only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

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
Ready = tuple[Completion, bool]  # and whether sales run with this very row


class Row(Struct, frozen=True, kw_only=True):
    """One row of a completion by API: what we want to see in the cart afterwards."""

    id: int
    number: str
    shipping_slip: str
    shipped_at: str
    sale: bool
    shipping_carrier_id: int | None = None
    address_id: int | None = None  # of an order to several addresses

    @property
    def name(self) -> str:
        """As the cart's answer calls it (§15.6)."""
        return str(self.id) if self.address_id is None else f"{self.id}-{self.address_id}"

    def shows_in(self, order: Order) -> bool:
        """Whether the cart already shows everything this row asks for."""
        charged = not self.sale or order.payment.state in CAPTURED
        return charged and self.slip_shows_in(order) and order.state_code in SHIPPED_STATES

    def slip_shows_in(self, order: Order) -> bool:
        return order.shipped_at is not None and slip_shows(order, self.shipping_slip, self.address_id)

    def wanted(self) -> dict[str, object]:
        """What is unknown is left out: a blank must not overwrite (F40)."""
        row: dict[str, object] = {
            "id": self.id,
            "shipping_slip": self.shipping_slip,
            "shipped_at": self.shipped_at,
        }
        if self.shipping_carrier_id is not None:
            row["shipping_carrier_id"] = self.shipping_carrier_id
        if self.address_id is not None:
            row["shipping_address_id"] = self.address_id
        return row


def slip_shows(order: Order, slip: str, address_id: int | None) -> bool:
    """The cart has one text for all parcels of an order: with several addresses each has its number in it."""
    return order.tracking == slip if address_id is None else slip in re.split(r"[,\s、]+", order.tracking)


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


def sort_out(shipped: Shipped) -> tuple[list[Ready], list[tuple[str, Hold]]]:
    """Those that can be completed at all, and why the others cannot. Rows of one cart order stand together."""
    good: list[Ready] = []
    held: list[tuple[str, Hold]] = []
    kept: set[str] = set()  # the cart's numbers of orders that keep one of their parcels back
    for order, shipment, sale in shipped:
        hold = _obstacle(order, shipment, sale)
        if hold:
            held.append((order.number, hold))
            kept.add(order.cart_number)
        else:
            good.append((_completion(order, shipment), sale))
    good = [one for one in good if one[0].order.cart_number not in kept]
    return _sales_last(good), held


def _completion(order: Order, shipment: Shipment) -> Completion:
    address_id = order.recipient.address_id if order.parcel_of else None
    return Completion(order=order, shipment=shipment, address_id=address_id)


def _sales_last(good: Iterable[Ready]) -> list[Ready]:
    """Sales run once per order of the cart: with the last of its rows."""
    together: dict[str, list[Ready]] = {}
    for one in good:
        together.setdefault(one[0].order.cart_number, []).append(one)
    return [
        (each, sale and place == len(rows))
        for rows in together.values()
        for place, (each, sale) in enumerate(rows, start=1)
    ]


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
    """出荷CSV without and with sales (§5.2), and the 対応状況 CSV for everyone in one of them (§5.3).

    Of an order to several addresses all rows but the last go without sales. In the 対応状況 CSV it has one row.
    """
    good, held = sort_out(shipped)
    good, unfit = _whole(good, shipping)
    held += unfit
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
    written = state.write(list({each.order.cart_number: each for each in taken}.values()))
    held += written.held
    said = {each.order.cart_number for each in _inside(taken, written)}
    inside = [each for each in taken if each.order.cart_number in said]
    if inside:
        parts.append(_file(f"state_{shop}_{_stamp(at)}.csv", "state", False, written, inside))
    return CompletionBuild(tuple(parts), tuple(held))


def _whole(good: Sequence[Ready], shipping: CsvWriter) -> tuple[list[Ready], list[tuple[str, Hold]]]:
    """Without orders to several addresses of which one row cannot be written: the others wait for it."""
    several = [each for each, _ in good if each.order.parcel_of]
    unfit = shipping.write(several).held if several else ()
    bad = {number for number, _ in unfit}
    kept = {each.order.cart_number for each in several if each.number in bad}
    return [one for one in good if one[0].order.cart_number not in kept], list(unfit)


def build_requests(shipped: Shipped, *, shop: str, at: datetime) -> CompletionBuild:
    """Bulk requests of up to 100 rows each; the body is ours and says what the cart must show after it."""
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


def chunks(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Up to `size` rows each; the rows of one order are never parted."""
    chunk: list[Row] = []
    for _, of_one in groupby(rows, key=lambda row: row.id):
        together = list(of_one)
        if chunk and len(chunk) + len(together) > size:
            yield chunk
            chunk = []
        chunk += together
    if chunk:
        yield chunk


def _row(each: Completion, sale: bool) -> Row:
    return Row(
        id=each.order.cart_order_id,
        number=each.order.number,
        shipping_slip=each.tracking,
        shipped_at=f"{each.shipment.shipped_on:%Y-%m-%d} 00:00:00",
        sale=sale,
        shipping_carrier_id=each.order.carrier_id,
        address_id=each.address_id,
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
        "parcels": {each.order.number: each.order.parcel_of for each in inside if each.order.parcel_of},
        "rows": written.rows,
        "replaced": [str(each) for each in written.replaced],
    }
    return CompletionPart(name, written.body, tuple(each.order.number for each in inside), facts)


def _stamp(at: datetime) -> str:
    return f"{jst(at):%Y%m%d%H%M%S}"
