"""Order desk (受注作成): turns a draft, of a shopper or of a subscription, into an order.

Both ways of birth meet here, so a renewal and a first order differ only in what their draft says.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from connector.adapters.ecforce import wire
from connector.sandbox.cart.masters import DEFAULT_STORE, DEFAULT_URL
from connector.sandbox.cart.model import Address, Customer, Item, Order, Payment, SubsOrder, Variant
from connector.sandbox.cart.money import Extras, Line, settle, split_discount
from connector.sandbox.cart.settings import Carrier, DeliveryTime, PaymentMethod
from connector.sandbox.cart.shop import Shop

FIRST_BUNDLED = 31


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One item to be sold; `insert` for 同梱物 at price 0."""

    variant: Variant
    quantity: int
    price: int
    insert: bool = False
    onetime: bool = False
    address_id: int | None = None
    set_quantity: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """All that is decided before an order exists."""

    customer: Customer
    billing: Address
    shipping: list[Address]
    lines: list[DraftLine]
    method: PaymentMethod
    card_id: int | None
    carrier: Carrier | None
    delivery_time: DeliveryTime | None
    ship_at: datetime
    delivery_at: datetime
    order_id: int | None = None
    number: str | None = None
    subs: SubsOrder | None = None
    times: int = 1
    nth: int | None = None
    coupon: str | None = None
    coupon_discount: int = 0
    point: int = 0
    adjustment: int = 0
    delivery_fee: int = 0
    remark: str | None = None
    wrapping: str | None = None
    memo01: str | None = None
    device: str | None = None
    url_id: int | None = DEFAULT_URL
    store_id: int = DEFAULT_STORE
    free_columns: dict[int, tuple[str, ...]] = field(default_factory=dict)
    tbc_reasons: list[str] = field(default_factory=list)


class OrderDesk:
    """Opens orders and keeps their amounts."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def open(self, draft: Draft) -> Order:
        """The order, entered in the shop, with stock taken and points used; not yet paid."""
        shop, now = self._shop, self._shop.now()
        id_, started_at = shop.draw_order_id() if draft.order_id is None else (draft.order_id, now)
        order = Order(
            id=id_,
            number=draft.number or shop.draw_number(),
            customer_id=draft.customer.id,
            email=draft.customer.email,
            state=wire.STATE_COMPLETE,
            billing=draft.billing,
            shipping=draft.shipping,
            items=[self._item(line) for line in draft.lines],
            payment=self._payment(draft),
            created_at=min(started_at, now),
            updated_at=now,
            completed_at=now,
        )
        self._describe(order, draft)
        self._take_point_and_coupon(order, draft)
        self.recalculate(order)
        shop.add_order(order)
        self._count_purchase(order, draft.customer)
        for line in draft.lines:
            line.variant.take(line.quantity)
        return order

    def recalculate(self, order: Order) -> None:
        """Amounts from the items and extras as they are now."""
        wish = self._shop.settings
        lines = (Line(item.price, item.quantity, item.variant.goods.tax_rate) for item in order.items)
        order.amounts = settle(lines, order.extras, wish.tax_mode, wish.rounding)

    def return_stock(self, order: Order) -> None:
        for item in order.items:
            item.variant.take(-item.quantity)

    def _item(self, line: DraftLine) -> Item:
        now = self._shop.now()
        id_ = self._shop.draw("item")
        return Item(
            id=id_,
            variant=line.variant,
            quantity=line.quantity,
            price=line.price,
            created_at=now,
            updated_at=now,
            bundled_id=FIRST_BUNDLED + line.variant.id if line.insert else None,
            address_id=line.address_id,
            onetime=line.onetime,
            set_quantity=line.set_quantity,
        )

    def _payment(self, draft: Draft) -> Payment:
        return Payment(
            id=self._shop.draw("payment"),
            method=draft.method,
            state=wire.PAY_PENDING,
            card_id=draft.card_id,
            times=1 if draft.card_id is not None else None,
        )

    def _describe(self, order: Order, draft: Draft) -> None:
        order.carrier, order.delivery_time = draft.carrier, draft.delivery_time
        order.ship_planned_at, order.delivery_planned_at = draft.ship_at, draft.delivery_at
        order.remark, order.wrapping, order.device = draft.remark, draft.wrapping, draft.device
        order.memo01, order.tbc_reasons = draft.memo01, list(draft.tbc_reasons)
        order.times, order.nth = draft.times, draft.nth
        order.url_id, order.store_id = draft.url_id, draft.store_id
        order.free_columns = dict(draft.free_columns)
        if draft.subs is not None:
            order.subs_id = draft.subs.id
            order.subs_memo01, order.subs_memo02 = draft.subs.memo01, draft.subs.memo02
            order.pickup_ids, order.doorbell = draft.subs.pickup_ids, draft.subs.doorbell

    def _take_point_and_coupon(self, order: Order, draft: Draft) -> None:
        """Points: the least of balance, wish and what is to be paid (§7.6)."""
        goods8 = sum(line.price * line.quantity for line in draft.lines if line.variant.goods.tax_rate == 8)
        goods10 = sum(line.price * line.quantity for line in draft.lines if line.variant.goods.tax_rate != 8)
        how = self._shop.settings.discount_order
        discount8, discount10 = split_discount(draft.coupon_discount, goods8, goods10, how)
        order.coupons = draft.coupon
        order.extras = Extras(
            deliv_fee=draft.delivery_fee,
            charge=draft.method.charge,
            discount8=discount8,
            discount10=discount10,
            adjustment=draft.adjustment,
        )
        self.recalculate(order)
        point = max(0, min(draft.customer.point, draft.point, order.amounts.payment_total))
        draft.customer.point -= point
        order.extras = replace(order.extras, point=point)

    def _count_purchase(self, order: Order, customer: Customer) -> None:
        customer.buy_times += 1
        customer.buy_total += order.amounts.payment_total
        customer.first_completed_at = customer.first_completed_at or order.completed_at
        customer.last_completed_at = order.completed_at
        self._shop.touch(customer)
