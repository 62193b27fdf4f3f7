"""Wire names of ECFORCE (受注カート): paths, codes, labels and sentences as they travel; data only.

Client and sandbox share this alphabet and nothing else. Sources: spec/ecforce.md, chapter at each table.
"""

from __future__ import annotations

from typing import Final

# §2.1
API_V2: Final = "/api/v2"
API_V1: Final = "/api/v1"
AUTHORIZATION: Final = "Authorization"
AUTHORIZATION_FORMAT: Final = 'Token token="{token}"'
THROTTLED_BODY: Final = "Retry later"
RETRY_AFTER: Final = "Retry-After"
EVENT_HEADER: Final = "x-ecf-event"  # §4
SHARED_HEADER: Final = "x-ecf-webhook-secret"  # §4: our invention, off by default

# §2.7
PATHS: Final = {
    "sign_in": "/admins/sign_in",
    "sign_out": "/admins/sign_out",
    "orders": "/admin/orders",
    "orders_bulk_update": "/admin/orders/bulk_update",
    "orders_bulk_destroy": "/admin/orders/bulk_destroy",
    "orders_shipping": "/admin/orders/shipping",
    "orders_payment_bulk": "/admin/orders/payment_status/bulk_update",
    "subs_orders": "/admin/subs_orders",
    "subs_orders_bulk_update": "/admin/subs_orders/bulk_update",
    "customers": "/admin/customers",
    "products": "/admin/products",
    "stock_items": "/admin/stock_items",
    "payment_methods": "/admin/payment_methods",
    "shipping_carriers": "/admin/shipping_carriers",
    "stores": "/admin/stores",
    "cancel_reasons": "/admin/cancel_reasons",
    "suspend_reasons": "/admin/suspend_reasons",
    "urls": "/admin/urls",
    "url_groups": "/admin/url_groups",
    "advertisements": "/admin/advertisements",
    "labels": "/admin/labels",
    "sexes": "/admin/sexes",
    "product_categories": "/admin/product_categories",
    "order_free_columns": "/admin/order_free_columns",
    "blacklist_reasons": "/admin/blacklist_reasons",
    "search_queries": "/admin/search_queries",
    "shopper_sign_in": "/customers/sign_in",
    "shopper_sign_out": "/customers/sign_out",
    "shopper": "/customer",
    "shopper_subs_orders": "/customer/subs_orders",
}

# §2.2
PER_MAX: Final = 100
TYPE_ORDER: Final = "order"
TYPE_SUBS_ORDER: Final = "sub_order"
TYPE_CUSTOMER: Final = "customer"
TYPE_ORDER_ITEM: Final = "order_item"
TYPE_ADDRESS: Final = "address"
TYPE_PAYMENT: Final = "payment"
TYPE_PRODUCT: Final = "product"
TYPE_VARIANT: Final = "variant"
TYPE_STOCK_ITEM: Final = "stock_item"
TYPE_SHIPPING_CARRIER: Final = "shipping_carrier"
TYPE_DELIVERY_TIME: Final = "delivery_time"
TYPE_PAYMENT_METHOD: Final = "payment_method"
TYPE_STORE: Final = "store"
TYPE_CANCEL_REASON: Final = "cancel_reason"
TYPE_SUSPEND_REASON: Final = "suspend_reason"
TYPE_NOTE: Final = "note"
TYPE_POINT: Final = "point"
TYPE_CREDIT_CARD: Final = "credit_card"
TYPE_THUMBNAIL: Final = "thumbnail"
TYPE_BUNDLED_ITEM: Final = "bundled_item"
TYPE_PRODUCT_CATEGORY: Final = "product_category"
TYPE_URL: Final = "url"
TYPE_URL_GROUP: Final = "url_group"
TYPE_ADVERTISER: Final = "advertiser"
TYPE_SEX: Final = "sex"
TYPE_ORDER_FREE_COLUMN: Final = "order_free_column"
TYPE_BLACKLIST_REASON: Final = "blacklist_reason"
TYPE_SEARCH_QUERY: Final = "search_query"
TYPE_SPELLINGS: Final = {  # real clients defend against these
    TYPE_ORDER_ITEM: ("order_item", "order-item", "order_items", "order-items"),
    TYPE_ADDRESS: ("address", "addresses"),
    TYPE_SUBS_ORDER: ("sub_order", "sub-order", "subs_order", "subs-order"),
}

# §2.3, longest first so that `not_in` is not read as `in`
PREDICATES: Final = (
    "not_present", "not_cont", "not_null", "present", "not_eq", "not_in", "blank", "start", "false",
    "lteq", "gteq", "cont", "null", "true", "end", "eq", "in", "lt", "gt",
)  # fmt: skip
SORTABLE: Final = ("id", "created_at", "updated_at")

# §3.1
STATE_COMPLETE: Final = "complete"
STATE_SHIPPED: Final = "shipped"
STATE_DELIVERED: Final = "delivered"
STATE_CANCELED: Final = "canceled"
ORDER_STATES: Final = {
    STATE_COMPLETE: "注文確定",
    STATE_SHIPPED: "発送完了",
    STATE_DELIVERED: "配送完了",
    STATE_CANCELED: "キャンセル",
}

# §3.2
PAY_PENDING: Final = "pending"
PAY_AUTHED: Final = "authed"
PAY_AUTH_FAILED: Final = "auth_failed"
PAY_UPDATE_FAILED: Final = "update_failed"
PAY_EXAM_PROCESSING: Final = "credit_exam_processing"
PAY_EXAM_HOLD: Final = "credit_exam_hold"
PAY_EXAM_COMPLETED: Final = "credit_exam_completed"
PAY_EXAM_FAILED: Final = "credit_exam_failed"
PAY_COMPLETED: Final = "completed"
PAY_SALES_FAILED: Final = "sales_failed"
PAY_REPORT_PROCESSING: Final = "shipment_report_processing"
PAY_REPORT_FAILED: Final = "shipment_report_failed"
PAY_VOIDED: Final = "voided"
PAY_VOID_FAILED: Final = "void_failed"
PAY_REGISTRATION_FAILED: Final = "registration_failed"
PAY_FAILED: Final = "failed"
PAY_COD_AUTHED: Final = "cash_on_delivery_authed"
PAY_PAID: Final = "paid"
PAYMENT_STATES: Final[dict[str, str | None]] = {
    PAY_PENDING: "決済準備中",
    PAY_AUTHED: "仮売上完了",
    PAY_AUTH_FAILED: "仮売上失敗",
    PAY_UPDATE_FAILED: "取引修正失敗",
    PAY_EXAM_PROCESSING: "与信審査中",
    PAY_EXAM_HOLD: "与信保留",
    PAY_EXAM_COMPLETED: "与信審査完了",
    PAY_EXAM_FAILED: "与信審査エラー",
    PAY_COMPLETED: "売上完了",
    PAY_SALES_FAILED: "売上失敗",
    PAY_REPORT_PROCESSING: "出荷報告依頼中",
    PAY_REPORT_FAILED: "出荷報告失敗",
    PAY_VOIDED: "取消完了",
    PAY_VOID_FAILED: "取消失敗",
    PAY_REGISTRATION_FAILED: "登録失敗",
    PAY_FAILED: "失敗",
    PAY_COD_AUTHED: None,  # §15.8
    PAY_PAID: "入金済み",
}
PAYMENT_STATE_ALIASES: Final = {"captured": PAY_COMPLETED, "void": PAY_VOIDED}  # §0, §3.2

# §2.11
METHOD_SALES: Final = "sales"
METHOD_VOID: Final = "void"
METHOD_REAUTH: Final = "reauth"
METHOD_FORCE_VOID: Final = "force_void"
SOURCE_CREDIT_CARD: Final = "EcForce::CreditCard"

# §3.3
SUBS_ACTIVE: Final = "active"
SUBS_SUSPEND: Final = "suspend"
SUBS_CANCELED: Final = "canceled"
SUBS_STATES: Final = {SUBS_ACTIVE: "有効", SUBS_SUSPEND: "停止", SUBS_CANCELED: "キャンセル"}

# §2.14, codes other than member are SANDBOX
CUSTOMER_STATES: Final = {"member": "会員", "guest": "非会員", "cancel": "退会"}

# §2.8
KIND_SUBSCRIPTION: Final = "定期受注"
KIND_ONE_OFF: Final = "通常受注"

# §2.5
PREFIX_SESSION: Final = "ASS"
PREFIX_CUSTOMER: Final = "ACU"
PREFIX_ORDER: Final = "AOR"
PREFIX_SUBS_ORDER: Final = "ASO"
PREFIX_PRODUCT: Final = "APR"
PREFIX_STOCK: Final = "ASI"
PREFIX_CREDIT_CARD: Final = "ACC"
PREFIX_ORDER_FREE_VALUES: Final = "AOFV"
PREFIX_SUBS_ITEM: Final = "ASOI"
PREFIX_SUBS_FREE_VALUES: Final = "ASFV"
ROW_FAILED: Final = "0000"
AUTH_FAILED: Final = "1001"
NOT_FOUND: Final = "2001"
DEPENDENT_NOT_FOUND: Final = "2002"
PARAM_MISSING: Final = "3001"
PARAM_INVALID: Final = "3002"
CYCLE_INVALID: Final = "3006"
CYCLE_OF_ONE_OFF: Final = "3007"
NOT_VALID: Final = "3999"
TRANSIENT: Final = "9999"
WORDS_ROW_FAILED: Final = "エラーが発生しました。"
WORDS_AUTH_FAILED: Final = "認証に失敗しました。"
WORDS_NOT_FOUND: Final = "{resource}が見つかりません。"
WORDS_PARAM_MISSING: Final = "{param}パラメータを入力してください。"
WORDS_PARAM_INVALID: Final = "{param}パラメータが正しくありません。"
WORDS_PAYMENT_STATE: Final = "決済状況が {state} ではありません"
WORDS_STOCK_SHORT: Final = "在庫が不足しています。"
WORDS_ACTIVE_NOT_DELETED: Final = "ステータスが有効のため削除できません。"
WORDS_NO_STOCK_HERE: Final = "stock_locationに在庫が見つかりません。"
WORDS_CYCLE_INVALID: Final = "配送サイクルを正しく入力してください"
WORDS_CYCLE_OF_ONE_OFF: Final = "単品商品のため配送サイクルを更新できません。"
WORDS_MAIL_TAKEN: Final = "Eメールはすでに存在します"
WORDS_HAS_AUTHED_ORDERS: Final = "仮売上状態の受注が存在します"
WORDS_HAS_ACTIVE_SUBS: Final = "アクティブな定期受注が存在します"
WORDS_TRANSIENT: Final = "内部エラーが発生しました。"
WORDS_MALFORMED: Final = "リクエストの形式が正しくありません。"

# §5.2, §5.3, §15.6
COL_ORDER_ID: Final = "受注ID"
COL_ORDER_NUMBER: Final = "受注番号"
COL_TRANSACTION_ID: Final = "取引ID"
COL_SLIP: Final = "配送伝票番号"
COL_SHIPPED_ON: Final = "発送完了日"
COL_CARRIER: Final = "配送業者名"
COL_ADDRESS_ID: Final = "お届け先ID"
COL_STATE: Final = "対応状況"
COL_SHIP_PLANNED: Final = "発送予定日"
SHIPPING_IMPORT_COLUMNS: Final = (
    COL_ORDER_ID, COL_ORDER_NUMBER, COL_SLIP, COL_SHIPPED_ON, COL_CARRIER, COL_ADDRESS_ID,
)  # fmt: skip
SHIPPING_RESULT_COLUMNS: Final = ("行", COL_ORDER_ID, COL_ORDER_NUMBER, COL_SLIP, "結果", "エラー内容")
STATE_RESULT_COLUMNS: Final = ("行", COL_ORDER_ID, COL_ORDER_NUMBER, COL_STATE, "結果", "エラー内容")
RESULT_OK: Final = "成功"
RESULT_FAILED: Final = "失敗"
ROW_ORDER_NOT_FOUND: Final = "受注が見つかりませんでした"
ROW_SLIP_MISSING: Final = "配送伝票番号が入力されていません"
ROW_SLIP_WRONG: Final = "配送伝票番号が間違っています"
ROW_DATE_MISSING: Final = "発送完了日が入力されていません"
ROW_CARRIER_WRONG: Final = "配送業者名が正しくありません"

# §6
METHOD_ID_COD: Final = 5
METHOD_ID_BANK: Final = 15

# §2.9: JIS order, 1 = 北海道
PREFECTURES: Final = (
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県", "茨城県",
    "栃木県", "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県", "新潟県", "富山県",
    "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県", "愛知県", "三重県",
    "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県",
    "岡山県", "広島県", "山口県", "徳島県", "香川県", "愛媛県", "高知県", "福岡県",
    "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県",
)  # fmt: skip
