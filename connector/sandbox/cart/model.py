"""The cart's nouns (受注, 定期受注, 顧客, 商品): what a shopper hands in and what the sandbox keeps.

Frozen Structs come in by the door, mutable dataclasses live in the shop. Instants are aware UTC, cut to whole
seconds as the cart shows them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from msgspec import Struct

from connector.sandbox.cart.customer_parts import Note, PointEntry, Profile
from connector.sandbox.cart.masters import DEFAULT_STORE, DEFAULT_URL
from connector.sandbox.cart.money import Amounts, Extras
from connector.sandbox.cart.settings import Carrier, DeliveryTime, PaymentMethod
from connector.subscriptions.cycle import Cycle


class Goods(Struct, frozen=True, kw_only=True):
    """One article (商品). `recurring` marks the product number sold as 定期."""

    sku: str
    product_number: str
    name: str
    price: int
    tax_rate: int = 10
    recurring: bool = False
    stock: int = 1000
    category: str | None = None


class PostalAddress(Struct, frozen=True, kw_only=True):
    """What is written in an address form. `zip` is 000-0000, `tel` has its hyphens; addr01 has no prefecture."""

    name01: str
    name02: str
    kana01: str = ""
    kana02: str = ""
    company_name: str | None = None
    zip: str = ""
    prefecture_id: int = 13
    addr01: str = ""
    addr02: str = ""
    addr03: str = ""
    tel: str = ""
    note: str | None = None


class NewCustomer(Struct, frozen=True, kw_only=True):
    """Who buys; the same e-mail address is the same customer. `point` is the balance of a new one."""

    email: str
    point: int = 0
    blacklist: bool = False
    number: str | None = None


class CountRow(Struct, frozen=True, kw_only=True):
    """定期詳細設定, row 回目=`round`: its cycle governs the gap to the next order, the rest this order.

    `goods` are (SKU, quantity) that this order carries instead of the parent's own.
    """

    round: int
    cycle: Cycle | None = None
    goods: tuple[tuple[str, int], ...] = ()
    prices: dict[str, int] = {}
    inserts: tuple[str, ...] = ()


class Coupon(Struct, frozen=True):
    """クーポン: its code and what it takes off, in yen."""

    code: str
    discount: int


class NewOrder(Struct, frozen=True, kw_only=True):
    """An order as the shopper leaves the checkout; with a `cycle` it starts a 定期受注.

    `items` are (SKU, quantity); `item_addresses` names for each item the index in `shipping`, for orders to
    several addresses. `card` is the script of the payer (see gateway.Script), used for deferred exams too.
    `order_id`, `number` and `address_ids` repeat a recorded shop; leave them out otherwise.
    """

    customer: NewCustomer
    billing: PostalAddress
    items: tuple[tuple[str, int], ...]
    shipping: tuple[PostalAddress, ...] = ()
    item_addresses: tuple[int, ...] = ()
    inserts: tuple[str, ...] = ()
    payment_method_id: int = 1
    card: str = "ok"
    carrier_id: int | None = None
    delivery_time: str | None = None
    deliver_on: date | None = None
    remark: str | None = None
    wrapping: str | None = None
    coupon: str | None = None
    coupon_discount: int = 0
    point: int = 0
    adjustment: int = 0
    memo01: str | None = None
    tbc_reasons: tuple[str, ...] = ()
    device: str = "sp"
    cycle: Cycle | None = None
    count_rows: tuple[CountRow, ...] = ()
    remaining_orders: int | None = None
    block_times: int = 0
    url_id: int | None = DEFAULT_URL
    store_id: int = DEFAULT_STORE
    free_columns: dict[int, tuple[str, ...]] = {}
    order_id: int | None = None
    number: str | None = None
    address_ids: tuple[int, ...] = ()


@dataclass(slots=True)
class Variant:
    """A sellable unit (SKU) with its stock."""

    id: int
    product_id: int
    goods: Goods
    stock: int
    created_at: datetime
    updated_at: datetime
    active: bool = True
    for_sale: bool = True
    stock_unlimited: bool = False
    stock_borderline: int | None = None
    link_number: str | None = None
    category_ids: list[int] = field(default_factory=list)
    label_ids: list[int] = field(default_factory=list)
    options: dict[str, str | None] = field(default_factory=dict)
    bundled: list[str] = field(default_factory=list)  # SKUs of 同梱物
    deleted_at: datetime | None = None

    def take(self, quantity: int) -> None:
        """Move the stock by a sale; a negative quantity gives back. 在庫無制限 has nothing to move."""
        if not self.stock_unlimited:
            self.stock -= quantity

    def short_of(self, quantity: int) -> bool:
        return not self.stock_unlimited and self.stock < quantity


@dataclass(slots=True)
class Customer:
    """顧客."""

    id: int
    number: str
    email: str
    point: int
    blacklist: bool
    billing: Address
    created_at: datetime
    updated_at: datetime
    buy_times: int = 0
    buy_total: int = 0
    first_completed_at: datetime | None = None
    last_completed_at: datetime | None = None
    link_number: str | None = None
    deleted_at: datetime | None = None
    profile: Profile = field(default_factory=Profile)
    shipping: list[Address] = field(default_factory=list)  # お届け先 besides the billing address
    notes: list[Note] = field(default_factory=list)
    points: list[PointEntry] = field(default_factory=list)
    order_ids: list[int] = field(default_factory=list)
    subs_ids: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Address:
    """An address record of one order, customer or subscription."""

    id: int
    postal: PostalAddress
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class Item:
    """受注商品. A bundled id marks an insert (同梱物); `address_id` is §15.2's link for several addresses."""

    id: int
    variant: Variant
    quantity: int
    price: int
    created_at: datetime
    updated_at: datetime
    bundled_id: int | None = None
    address_id: int | None = None
    onetime: bool = False
    skip: bool = False
    set_quantity: int | None = None  # part of a set (セット商品)
    point_exchange_quantity: int = 0


@dataclass(slots=True)
class Payment:
    """決済 of one order, or the method a subscription pays with."""

    id: int
    method: PaymentMethod
    state: str
    card_id: int | None = None
    times: int | None = None
    amount: int | None = None
    access_id: str | None = None
    last_error: str | None = None
    authed_at: datetime | None = None
    completed_at: datetime | None = None
    paid_at: datetime | None = None
    voided_at: datetime | None = None
    valid_until: datetime | None = None


@dataclass(slots=True)
class Parcel:
    """発送情報 of one address of an order."""

    slip: str | None = None
    shipped_at: datetime | None = None
    carrier: Carrier | None = None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One line of the timeline; not in the API (§7.10)."""

    at: datetime
    actor: str
    kind: str
    before: str | None = None
    after: str | None = None


@dataclass(slots=True)
class Order:
    """受注."""

    id: int
    number: str
    customer_id: int
    email: str
    state: str
    billing: Address
    shipping: list[Address]
    items: list[Item]
    payment: Payment
    created_at: datetime
    updated_at: datetime
    completed_at: datetime
    subs_id: int | None = None
    times: int = 1
    nth: int | None = None
    amounts: Amounts = field(default_factory=Amounts)
    extras: Extras = field(default_factory=Extras)
    carrier: Carrier | None = None
    delivery_time: DeliveryTime | None = None
    ship_planned_at: datetime | None = None
    delivery_planned_at: datetime | None = None
    previous_ship_planned_at: datetime | None = None
    previous_delivery_planned_at: datetime | None = None
    delivered_at: datetime | None = None
    picked_at: datetime | None = None  # 出荷リスト出力日
    deleted_at: datetime | None = None
    parcels: dict[int, Parcel] = field(default_factory=dict)
    remark: str | None = None
    wrapping: str | None = None
    coupons: str | None = None
    tbc_reasons: list[str] = field(default_factory=list)
    memo01: str | None = None
    memo02: str | None = None
    linked_memo: str | None = None
    link_number: str | None = None
    subs_memo01: str | None = None
    subs_memo02: str | None = None
    assigned_admin_id: int | None = None
    registrant_admin_id: int | None = None
    url_id: int | None = DEFAULT_URL
    store_id: int = DEFAULT_STORE
    labels: list[str] = field(default_factory=list)
    free_columns: dict[int, tuple[str, ...]] = field(default_factory=dict)  # 受注自由項目
    pickup_ids: tuple[int | None, int | None] = (None, None)
    doorbell: bool | None = None
    device: str | None = None
    o_plux_result: str | None = None
    timeline: list[TimelineEntry] = field(default_factory=list)

    @property
    def several_addresses(self) -> bool:
        return len(self.shipping) > 1

    @property
    def all_shipped(self) -> bool:
        """Whether each address has its slip and ship date."""
        parcels = (self.parcels.get(address.id) for address in self.shipping)
        return all(parcel is not None and parcel.slip and parcel.shipped_at for parcel in parcels)


@dataclass(slots=True)
class SubsOrder:
    """定期受注: the parent contract."""

    id: int
    number: str
    customer_id: int
    state: str
    cycle: Cycle
    items: list[Item]
    payment: Payment
    shipping: Address
    carrier: Carrier
    created_at: datetime
    updated_at: datetime
    next_delivery_at: datetime
    next_ship_at: datetime
    rows: dict[int, CountRow] = field(default_factory=dict)
    times: int = 0
    orders_count: int = 0
    order_ids: list[int] = field(default_factory=list)
    previous_delivery_at: datetime | None = None
    previous_ship_at: datetime | None = None
    delivery_time: DeliveryTime | None = None
    remaining_orders: int | None = None
    block_times: int = 0
    tbc_reasons: list[str] = field(default_factory=list)
    next_coupon: Coupon | None = None  # used by the next child only
    adjustment: int = 0
    onetime_adjustment: bool = False
    point_redeem: int = 0
    onetime_point_redeem: bool = False
    skipped: bool = False
    schedule_locked: bool = False
    carrier_locked: bool = False
    suspend_reason_ids: list[int] = field(default_factory=list)
    cancel_reason_ids: list[int] = field(default_factory=list)
    suspended_at: datetime | None = None
    canceled_at: datetime | None = None
    deleted_at: datetime | None = None
    memo01: str | None = None
    memo02: str | None = None
    linked_memo: str | None = None
    link_number: str | None = None
    assigned_admin_id: int | None = None
    registrant_admin_id: int | None = None
    url_id: int | None = DEFAULT_URL
    store_id: int = DEFAULT_STORE
    labels: list[str] = field(default_factory=list)
    free_columns: dict[int, tuple[str, ...]] = field(default_factory=dict)
    pickup_ids: tuple[int | None, int | None] = (None, None)
    doorbell: bool | None = None
    timeline: list[TimelineEntry] = field(default_factory=list)

    @property
    def remaining_block_times(self) -> int:
        """How many orders of the お約束回数 are still to come."""
        return max(0, self.block_times - self.times)
