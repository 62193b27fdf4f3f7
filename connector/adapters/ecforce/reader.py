"""Reader (受注の読み取り): the bytes of a page of orders → orders of ours, one by one.

An order that breaks the contract becomes a `Stray` with its id and the JSON path; its neighbours go on.
Dangerous: an order number looks like a number at times (4120000e17) and is text always.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import msgspec
from msgspec import Raw

from connector.adapters.ecforce import wire
from connector.adapters.ecforce.resources import (
    ADDRESS,
    CUSTOMER,
    ITEM,
    PAYMENT,
    AddressAttributes,
    Document,
    Included,
    Loose,
    Meta,
    OrderAttributes,
    OrderRelations,
    OrderResource,
    PaymentAttributes,
    Ref,
)
from connector.adapters.ecforce.values import broken, day, instant, or_nothing, text_of, words_of
from connector.errors import Malformed, Problem
from connector.order import (
    Address,
    Amounts,
    Buyer,
    Order,
    OrderLine,
    Origin,
    Payment,
    PaymentKind,
    PaymentState,
    Recipient,
    Round,
)
from connector.outcome import Stray
from connector.ports import CartPage, SubscriptionPage

SYSTEM = "ecforce"

T = TypeVar("T")
Page = TypeVar("Page", CartPage, SubscriptionPage)

PAYMENT_STATES: dict[str, PaymentState] = {  # spec/ecforce.md §3.2
    wire.PAY_PENDING: PaymentState.PENDING,
    wire.PAY_AUTHED: PaymentState.AUTHORIZED,
    wire.PAY_AUTH_FAILED: PaymentState.REFUSED,
    wire.PAY_UPDATE_FAILED: PaymentState.REFUSED,
    wire.PAY_EXAM_PROCESSING: PaymentState.EXAM,
    wire.PAY_EXAM_HOLD: PaymentState.EXAM,
    wire.PAY_EXAM_COMPLETED: PaymentState.AUTHORIZED,
    wire.PAY_EXAM_FAILED: PaymentState.REFUSED,
    wire.PAY_COMPLETED: PaymentState.CAPTURED,
    wire.PAY_SALES_FAILED: PaymentState.CAPTURE_FAILED,
    wire.PAY_REPORT_PROCESSING: PaymentState.CAPTURING,
    wire.PAY_REPORT_FAILED: PaymentState.CAPTURE_FAILED,
    wire.PAY_VOIDED: PaymentState.VOIDED,
    # Somebody wanted it cancelled and the gateway did not: neither paid nor refused, a person decides.
    wire.PAY_VOID_FAILED: PaymentState.UNKNOWN,
    wire.PAY_REGISTRATION_FAILED: PaymentState.REFUSED,
    wire.PAY_FAILED: PaymentState.REFUSED,
    wire.PAY_COD_AUTHED: PaymentState.AUTHORIZED,
    wire.PAY_PAID: PaymentState.PAID,
}

_DOCUMENT = msgspec.json.Decoder(Document)
_ROWS = msgspec.json.Decoder(list[Raw])
_ORDER = msgspec.json.Decoder(OrderResource)
_LOOSE = msgspec.json.Decoder(Loose)
_NO = (None, False, 0, "", "0", "false")  # §10.4


@dataclass(frozen=True, slots=True)
class ReadPage(Generic[Page]):
    """A page, and what paging needs to know of it: when each of its rows was updated, readable or not."""

    page: Page
    updates: tuple[datetime | None, ...]
    total_pages: int  # 0 where the cart does not say
    per: int

    @property
    def rows(self) -> int:
        return len(self.updates)


def read_page(body: bytes) -> ReadPage[CartPage]:
    """Raises Malformed where the body is no list of resources at all."""
    document, rows = opened(body)
    included = Included(document.included)
    orders: list[Order] = []
    strays: list[Stray] = []
    updates: list[datetime | None] = []
    for index, row in enumerate(rows):
        place = f"$.data[{index}]"
        try:
            order = _read_order(row, included)
        except (msgspec.MsgspecError, Malformed) as error:
            strays.append(stray(row, place, error))
            updates.append(loose_update(row))
            continue
        orders.append(order)
        updates.append(order.updated_at)
    meta = document.meta or Meta()
    page = CartPage(tuple(orders), tuple(strays), body, meta.total_count)
    return ReadPage(page, tuple(updates), meta.total_pages or 0, meta.per or 0)


def payment_state(code: str) -> PaymentState:
    """決済状況 in our words; UNKNOWN for a code we have no word for."""
    return PAYMENT_STATES.get(wire.PAYMENT_STATE_ALIASES.get(code, code), PaymentState.UNKNOWN)


def opened(body: bytes) -> tuple[Document, list[Raw]]:
    try:
        document = _DOCUMENT.decode(body)
        rows = [document.data] if bytes(document.data)[:1] == b"{" else _ROWS.decode(document.data)
    except msgspec.MsgspecError as error:
        words, path = words_of(error)
        expected = '{"data": [...]}'
        raise Malformed(Problem(f"{SYSTEM} ${path}", 0, 0, words, expected=expected)) from error
    return document, rows


def _read_order(row: Raw, included: Included) -> Order:
    resource = _ORDER.decode(row)
    said = resource.attributes
    names = resource.relationships
    lines = _lines(names, included)
    cancelled = said.state == wire.STATE_CANCELED
    deleted = bool(said.deleted_at)
    if not lines and not cancelled and not deleted:
        raise broken(".relationships.order_items", "受注に商品明細がありません")
    placed_at = instant(said.completed_at, "completed_at") or instant(said.created_at, "created_at")
    updated_at = instant(said.updated_at, "updated_at")
    if placed_at is None or updated_at is None:
        raise broken(".attributes.completed_at", "受注日も作成日も更新日も空のものがあります")
    origin, subscription = _subscription(said)
    return Order(
        number=text_of(said.number, "number", required=True),
        cart_order_id=said.id,
        origin=origin,
        subscription=subscription,
        placed_at=placed_at,
        updated_at=updated_at,
        state_code=said.state or "",
        cancelled=cancelled,
        deleted=deleted,
        payment=_payment(said, names, included),
        buyer=_buyer(said, names, included),
        recipients=_recipients(names, included),
        lines=lines,
        amounts=_amounts(said),
        carrier_id=said.shipping_carrier_id,
        carrier=said.shipping_carrier_name or "",
        ship_on=day(said.scheduled_to_be_shipped_at, "scheduled_to_be_shipped_at"),
        deliver_on=day(said.scheduled_to_be_delivered_at, "scheduled_to_be_delivered_at"),
        time_slot=said.scheduled_delivery_time or "",
        wrapping=said.wrapping or "",
        remark=said.remark or "",
        memo="\n".join(filter(None, (said.memo01, said.memo02))),
        tracking=text_of(said.shipping_slip, "shipping_slip"),
        shipped_at=instant(said.shipped_at, "shipped_at"),
        needs_attention=_reasons(said),
    )


def _subscription(said: OrderAttributes) -> tuple[Origin, Round | None]:
    """The first order of a subscription is placed at checkout (§7.5); `nth` never goes down (§7.8)."""
    if said.subs_order_id is None:
        return Origin.PLACED, None
    subscription = Round(
        subscription_id=said.subs_order_id,
        number=text_of(said.subs_order_number, "subs_order_number"),
        round=said.times or 0,
        nth=said.nth,
    )
    place = said.nth if said.nth is not None else said.times or 0
    return (Origin.GENERATED if place > 1 else Origin.PLACED), subscription


def _payment(said: OrderAttributes, names: OrderRelations, included: Included) -> Payment:
    """Untranslated: kind, linked, prepayment and label come from the value tables."""
    ref = names.payment.one()
    resource = (included.find(ref, PAYMENT) if ref else None) or PaymentAttributes()
    method_id = said.payment_method_id if said.payment_method_id is not None else resource.payment_method_id
    code = said.payment_state or ""
    return Payment(
        method_id=method_id,
        method=said.payment_method_name or resource.payment_method_name or "",
        kind=PaymentKind.UNKNOWN,
        state=payment_state(code),
        state_code=code,
        linked=False,
        prepayment=True,
        authorized_at=instant(said.payment_authed_at, "payment_authed_at"),
        words=said.payment_last_error_message or "",
        source_id=resource.source_id,
    )


def _buyer(said: OrderAttributes, names: OrderRelations, included: Included) -> Buyer:
    ref = names.billing_address.one()
    if ref is None:
        raise broken(".relationships.billing_address", "請求先がありません")
    customer_ref = names.customer.one()
    customer = included.find(customer_ref, CUSTOMER) if customer_ref else None
    email = said.email or (customer.email if customer else None) or ""
    address = _address(_named(included, ref, ADDRESS))
    return Buyer(customer_id=said.customer_id, email=email, address=address)


def _recipients(names: OrderRelations, included: Included) -> tuple[Recipient, ...]:
    single = names.shipping_address.one()
    refs = names.shipping_addresses.many() or ([single] if single else [])
    if not refs:
        raise broken(".relationships.shipping_addresses", "お届け先がありません")
    found = [_named(included, ref, ADDRESS) for ref in refs]
    return tuple(Recipient(address_id=each.id, address=_address(each)) for each in found)


def _lines(names: OrderRelations, included: Included) -> tuple[OrderLine, ...]:
    items = [_named(included, ref, ITEM) for ref in names.order_items.many()]
    return tuple(
        OrderLine(
            line_id=item.id,
            sku=item.variant_sku or "",
            product_number=item.product_number or "",
            name=item.product_name or "",
            unit_price=item.price,
            quantity=item.quantity,
            tax_rate=item.tax_rate or 0,
            insert=item.product_bundled_item_id is not None,
            address_id=item.shipping_address_id,
        )
        for item in items
    )


def _amounts(said: OrderAttributes) -> Amounts:
    points = said.point or 0
    discount = said.discount
    if discount is None:  # one family only, or points are subtracted twice: §10.9
        discount = (said.discount_with_point or points) - points
    return Amounts(
        subtotal=said.subtotal,
        subtotal8=said.subtotal8 or 0,
        subtotal10=said.subtotal10 or 0,
        discount=discount,
        points=points,
        delivery_fee=said.deliv_fee or 0,
        charge=said.charge or 0,
        misc_fee=said.misc_fee or 0,
        adjustment=said.adjustment or 0,
        tax=said.tax or 0,
        tax8=said.tax8 or 0,
        tax10=said.tax10 or 0,
        total=said.total if said.total is not None else said.payment_total + points,
        payable=said.payment_total,
        discount8=said.discount8,
        discount10=said.discount10,
        points8=said.point8,
        points10=said.point10,
        total8=said.total8,
        total10=said.total10,
    )


def _address(said: AddressAttributes) -> Address:
    return Address(
        name=said.full_name or _joined(" ", said.name01, said.name02),
        kana=said.full_kana or _joined(" ", said.kana01, said.kana02),
        company=said.company_name or "",
        zip_code=said.full_zip or _joined("-", said.zip01, said.zip02),
        prefecture=said.prefecture_name or _prefecture(said.prefecture_id),
        city=said.addr01 or "",
        street=said.addr02 or "",
        building=said.addr03 or "",
        phone=said.full_tel or _joined("-", said.tel01, said.tel02, said.tel03),
    )


def _prefecture(number: int | None) -> str:
    return wire.PREFECTURES[number - 1] if number and 1 <= number <= len(wire.PREFECTURES) else ""


def _reasons(said: OrderAttributes) -> tuple[str, ...]:
    if said.tbc in _NO:
        return ()
    reasons = (said.tbc_order_reasons or "").split(",")
    return tuple(reason.strip() for reason in reasons if reason.strip()) or ("要対応",)


def _joined(by: str, *parts: str | None) -> str:
    return by.join(part for part in parts if part)


def _named(included: Included, ref: Ref, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        found = included.find(ref, decoder)
    except msgspec.ValidationError as error:
        words, path = words_of(error)
        raise broken(f".included[{ref.type} {ref.id}].attributes{path}", words) from error
    if found is None:
        raise broken(f".included[{ref.type} {ref.id}]", "関連に名前があるのに included にありません")
    return found


def stray(row: Raw, place: str, error: Exception, *, noun: str = "受注") -> Stray:
    if isinstance(error, Malformed):
        problem = error.problem
        words, path = problem.words + (f" ({problem.found})" if problem.found else ""), problem.where
    else:
        words, path = words_of(error) if isinstance(error, msgspec.MsgspecError) else (str(error), "")
    where = f"${path}" if path.startswith(".included") else place + path
    cart_id, number = _loose(row, "id"), _loose(row, "number")
    facts = {"noun": noun, "cart_order_id": cart_id, "order_number": number, "path": where}
    placed_at = _loose_instant(row, "completed_at") or _loose_instant(row, "created_at")
    if placed_at is not None:
        facts["placed_at"] = placed_at.isoformat()
    name = number or cart_id or "番号不明"
    return Stray(SYSTEM, f"{noun} {name}: {where}", f"{noun}を読み取れません: {words}", facts=facts)


def _loose(row: Raw, name: str) -> str:
    return or_nothing(lambda: text_of(_LOOSE.decode(row).attributes[name], name)) or ""


def loose_update(row: Raw) -> datetime | None:
    return _loose_instant(row, "updated_at")


def _loose_instant(row: Raw, name: str) -> datetime | None:
    return or_nothing(lambda: instant(_loose(row, name), name))
