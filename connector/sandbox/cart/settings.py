"""Settings of the sandbox shop (設定): masters, calendar, prices and limits, all with the SANDBOX defaults.

What ECFORCE does is not public everywhere; each such choice of spec/ecforce.md is a field here, so that a
test or a rehearsal can choose otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct, field

from connector.adapters.ecforce import wire
from connector.sandbox.cart.holidays import shipping_closed
from connector.sandbox.cart.links import CsvFormat, NeLink, WebhookEndpoint, WebhookMischief
from connector.sandbox.cart.masters import Masters, MyPage
from connector.subscriptions.cycle import ClosedDay, Origin, usual_lead_days


class MethodKind(StrEnum):
    """How a payment method behaves (§3.2)."""

    CARD = "card"
    WALLET = "wallet"
    DEFERRED = "deferred"
    COD = "cod"
    BANK = "bank"


class TaxMode(StrEnum):
    """Whether prices carry the tax (§15.3)."""

    INCLUSIVE = "inclusive"
    EXCLUSIVE = "exclusive"


class Rounding(StrEnum):
    """消費税の端数計算: 切り捨て, 四捨五入, 切り上げ."""

    FLOOR = "floor"
    HALF_UP = "half_up"
    CEIL = "ceil"


class DiscountOrder(StrEnum):
    """割引減算ロジック: from which rate's goods a discount is taken."""

    PRORATED = "prorated"  # 按分
    HIGH_FIRST = "high_first"
    LOW_FIRST = "low_first"


class PaymentMethod(Struct, frozen=True):
    """支払い方法. `charge` (手数料) in yen; `valid_days` is how long an authorisation can be captured."""

    id: int
    name: str
    kind: MethodKind
    charge: int = 0
    valid_days: int | None = None


class DeliveryTime(Struct, frozen=True):
    """お届け時間."""

    id: int
    time: str
    code: str


class Carrier(Struct, frozen=True):
    """配送業者."""

    id: int
    name: str
    code: str
    delivery_times: tuple[DeliveryTime, ...] = ()
    default: bool = False


class Reason(Struct, frozen=True):
    """キャンセル理由 / 停止理由, a tree by `parent_id`."""

    id: int
    name: str
    parent_id: int | None = None


class MethodChange(Struct, frozen=True):
    """支払い方法変更バッチ: orders placed `days` ago and not paid for go to this method, and carrier if named."""

    days: int
    payment_method_id: int
    carrier_id: int | None = None


PAYMENT_METHODS: Final = (
    PaymentMethod(1, "クレジットカード", MethodKind.CARD, valid_days=60),
    PaymentMethod(wire.METHOD_ID_COD, "代金引換", MethodKind.COD, charge=330),
    PaymentMethod(wire.METHOD_ID_BANK, "銀行振込", MethodKind.BANK),
    PaymentMethod(24, "NP後払い", MethodKind.DEFERRED, charge=250),
    PaymentMethod(31, "Amazon Pay", MethodKind.WALLET, valid_days=30),
)
DELIVERY_TIMES: Final = (
    DeliveryTime(2, "午前中", "0812"),
    DeliveryTime(3, "14時〜16時", "1416"),
    DeliveryTime(4, "16時〜18時", "1618"),
    DeliveryTime(5, "18時〜20時", "1820"),
    DeliveryTime(6, "19時〜21時", "1921"),
)
CARRIERS: Final = (
    Carrier(1, "ヤマト運輸", "01", DELIVERY_TIMES, default=True),
    Carrier(2, "佐川急便", "02", DELIVERY_TIMES),
)
ORDER_STATES: Final = {
    **wire.ORDER_STATES,
    "wmswait": "倉庫連携待ち",
    "payment_error": "決済エラー",
    "returned": "返品",
    "hold": "保留",
}
CANCEL_REASONS: Final = (Reason(1, "マイページからのキャンセル"), Reason(100001, "味が合わない", 1))
SUSPEND_REASONS: Final = (Reason(1, "マイページからの停止"), Reason(100002, "商品が余っている", 1))
BLACKLIST_REASON: Final = "ブラックリスト"
PAYMENT_ERROR_REASON: Final = "決済エラー"


class CartSettings(Struct, frozen=True, kw_only=True):
    """Everything a shop may set. Money in yen, days and seconds as named."""

    store: str = "見本茶房"
    email: str = "api-mihon@example.jp"
    password: str = "mihon-password"
    token: str = "MIHON-TOKEN-0000-TEST"

    payment_methods: tuple[PaymentMethod, ...] = PAYMENT_METHODS
    carriers: tuple[Carrier, ...] = CARRIERS
    order_states: Mapping[str, str] = field(default_factory=lambda: dict(ORDER_STATES))
    cancel_reasons: tuple[Reason, ...] = CANCEL_REASONS
    suspend_reasons: tuple[Reason, ...] = SUSPEND_REASONS
    masters: Masters = Masters()
    mypage: MyPage = MyPage()
    customer_password: str = "mihon-mypage"

    # §7.1, §7.3, §7.4
    origin: Origin = Origin.SHIP
    days_before: int = 7
    min_gap_days: int = 0
    is_closed: ClosedDay = shipping_closed
    lead_days: Callable[[int], int] = usual_lead_days
    check_stock_on_manual: bool = True
    carry_delivery_time: bool = True
    ng_marks_subs_tbc: bool = True
    blacklist_marks_subs_tbc: bool = True
    blocking_tbc_reasons: tuple[str, ...] = (BLACKLIST_REASON,)

    # §6, both paid options
    auto_reauth: bool = False  # 自動再オーソリ処理, 05:00 on shipping days
    method_change: MethodChange | None = None  # 支払い方法変更バッチ, 07:30

    # §4
    webhooks: tuple[WebhookEndpoint, ...] = ()
    webhook_secret: str = ""  # sent as x-ecf-webhook-secret where it is set
    webhook_timeout_s: float = 10
    webhook_mischief: WebhookMischief = WebhookMischief()
    thanks_offer_s: float = 0  # サンクスオファー: order_completed comes so long after order_complete

    # §5.1, §8
    csv_formats: tuple[CsvFormat, ...] = ()
    ne_link: NeLink = NeLink()

    # §15.3–15.4
    tax_mode: TaxMode = TaxMode.INCLUSIVE
    rounding: Rounding = Rounding.FLOOR
    discount_order: DiscountOrder = DiscountOrder.PRORATED
    delivery_fee: int = 550
    free_delivery_from: int = 7000
    subscription_delivery_fee: int = 0

    exam_delay_s: float = 8
    report_delay_s: float = 8
    job_delay_s: float = 2

    # §2.1, §2.2, §2.4, §9
    requests_per_minute: int | None = 60
    burst: int = 10
    sign_ins_per_hour: int = 5
    rows_per_bulk: int = 100
    per_default: int = 20
    lighter_default: bool = False

    slow_checkouts: float = 0.05  # share of orders whose 受注ID is older than their 受注日, §10.1
    first_ids: Mapping[str, int] = field(
        default_factory=lambda: {
            "order": 104401,
            "subs_order": 4901,
            "customer": 30301,
            "address": 9401,
            "item": 77301,
            "payment": 66301,
        }
    )

    def state_code(self, label: str) -> str | None:
        """The code of a 対応状況 label."""
        return next((code for code, name in self.order_states.items() if name == label), None)
