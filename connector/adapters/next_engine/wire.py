"""Wire names of Next Engine (受注管理): paths, field names, codes and CSV columns as they travel; data only.

Client and sandbox share this alphabet and nothing else. Sources: spec/next_engine.md, chapter at each table.
The misspelt names (`gruoping`, `rapping`, `cut_form`) are NE's own: correcting one breaks the line.
"""

from __future__ import annotations

from typing import Final

# §1.1
LOGIN_HOST: Final = "https://base.next-engine.org"
API_HOST: Final = "https://api.next-engine.org"
SIGN_IN: Final = "/users/sign_in/"
NEAUTH: Final = "/api_neauth"
APP_COMPANY: Final = "/api_app/company"

# §1.6, §3
LOGIN_USER_INFO: Final = "/api_v1_login_user/info"
LOGIN_PIC_ID: Final = "pic_id"
LOGIN_COMPANY_INFO: Final = "/api_v1_login_company/info"
BASE_SEARCH: Final = "/api_v1_receiveorder_base/search"
BASE_COUNT: Final = "/api_v1_receiveorder_base/count"
BASE_UPDATE: Final = "/api_v1_receiveorder_base/update"
BASE_BULKUPDATE: Final = "/api_v1_receiveorder_base/bulkupdate"
BASE_UPLOAD: Final = "/api_v1_receiveorder_base/upload"
BASE_RECEIPTED: Final = "/api_v1_receiveorder_base/receipted"
BASE_BULKRECEIPTED: Final = "/api_v1_receiveorder_base/bulkupdatereceipted"
BASE_LABELPRINTED: Final = "/api_v1_receiveorder_base/labelprinted"
BASE_SHIPPED: Final = "/api_v1_receiveorder_base/shipped"
BASE_DIVIDE: Final = "/api_v1_receiveorder_base/divide"
BASE_BUNDLE: Final = "/api_v1_receiveorder_base/bundle"
BASE_BUNDLE_CANDIDATES: Final = "/api_v1_receiveorder_base/bundle_candidate_groups"
ROW_SEARCH: Final = "/api_v1_receiveorder_row/search"
ROW_COUNT: Final = "/api_v1_receiveorder_row/count"
OPTION_SEARCH: Final = "/api_v1_receiveorder_option/search"
OPTION_COUNT: Final = "/api_v1_receiveorder_option/count"
QUE_SEARCH: Final = "/api_v1_system_que/search"
QUE_COUNT: Final = "/api_v1_system_que/count"
UPLOADPATTERN_INFO: Final = "/api_v1_receiveorder_uploadpattern/info"
NOTICE_ADD: Final = "/api_v1_notice_execution/add"

# §3.10: code tables and masters
INFO: Final = "/api_v1_{entity}/info"
SEARCH: Final = "/api_v1_{entity}/search"
COUNT: Final = "/api_v1_{entity}/count"
SYSTEM_TABLES: Final = (
    "orderstatus",
    "canceltype",
    "paymentmethod",
    "deposittype",
    "credittype",
    "creditapprovaltype",
    "customertype",
    "confirmcheck",
    "importantcheck",
    "importtype",
    "delivery",
)
SEARCHED_MASTERS: Final = (
    "receiveorder_confirm",
    "receiveorder_paymentdeliveryconvert",
    "receiveorder_forwardingagent",
    "receiveorder_groupingtag",
    "master_shop",
    "master_goods",
    "master_stock",
    "warehouse_stock",
)

# §2.2
RESULT: Final = "result"
SUCCESS: Final = "success"
ERROR: Final = "error"
REDIRECT: Final = "redirect"
ACCESS_TOKEN: Final = "access_token"  # noqa: S105 - a field name
REFRESH_TOKEN: Final = "refresh_token"  # noqa: S105 - a field name
ACCESS_END: Final = "access_token_end_date"
REFRESH_END: Final = "refresh_token_end_date"
STAMP_FORMAT: Final = "%Y-%m-%d %H:%M:%S"  # JST, no offset

# §2.3, §2.4
WAIT_FLAG: Final = "wait_flag"
FIELDS: Final = "fields"
OFFSET: Final = "offset"
LIMIT: Final = "limit"
LIMIT_MAX: Final = 10_000
IN_MAX: Final = 1_000
OPERATORS: Final = (
    *("eq", "neq", "lt", "lte", "gt", "gte", "in", "nin"),
    *("like", "nlike", "nlikeornull", "blank", "nblank", "null", "nnull"),
)

# §2.6
CODE_NO_PATH: Final = "000001"
CODE_CONTRACT_SUSPENDED: Final = ("001007", "002003")
CODE_OLD_TOKEN: Final = "002002"  # noqa: S105 - a message code
CODE_TOKEN_EXPIRED: Final = "002004"  # noqa: S105 - a message code
CODE_PLATFORM_MAINTENANCE: Final = "002007"
CODE_CONGESTED: Final = "003001"
CODE_OVERLOADED: Final = "003002"
CODE_MAIN_SUSPENDED: Final = "003003"
CODE_HOST_MAINTENANCE: Final = "003004"
CODE_MAIN_MAINTENANCE: Final = "003005"
CODE_NO_PERMISSION: Final = "004001"
CODE_IMPORT_RUNNING: Final = "008003"
CODE_INVOICE_PRINTING: Final = "008007"
CODE_STOCK_TAKING: Final = "008010"
CODE_BULK_LOCK: Final = "020006"
CODE_BULK_IMPORT_RUNNING: Final = "020007"
CODE_BULK_STATUS_1: Final = "020009"
CODE_BULK_VALUE: Final = "020015"
CODE_BULK_FAILED: Final = "020500"
CODE_SYSTEM_ERROR: Final = "999999"

# §2.7: what a client may do on its own. Every other code: not applied, verify by search, no blind retry.
RETRY_SHORT: Final = frozenset(
    {
        CODE_NO_PATH,
        CODE_CONGESTED,
        CODE_OVERLOADED,
        CODE_IMPORT_RUNNING,
        CODE_INVOICE_PRINTING,
        CODE_BULK_IMPORT_RUNNING,
    }
)
RETRY_LONG: Final = frozenset(
    {CODE_PLATFORM_MAINTENANCE, CODE_HOST_MAINTENANCE, CODE_MAIN_MAINTENANCE, CODE_STOCK_TAKING}
)
UNKNOWN_OUTCOME: Final = frozenset({CODE_SYSTEM_ERROR})
STOPPED: Final = frozenset({*CODE_CONTRACT_SUSPENDED, CODE_MAIN_SUSPENDED, CODE_NO_PERMISSION})

# §4.1 受注状態区分
STATUS_INCOMPLETE: Final = "0"
STATUS_MAIL: Final = "1"
STATUS_OPENED: Final = "2"
STATUS_PRINT_WAITING: Final = "20"
STATUS_PRINTING: Final = "30"
STATUS_PRINTED: Final = "40"
STATUS_SHIPPED: Final = "50"
STATUS_NAMES: Final = {
    STATUS_INCOMPLETE: "取込情報不足",
    STATUS_MAIL: "受注メール取込済",
    STATUS_OPENED: "起票済(CSV/手入力)",
    STATUS_PRINT_WAITING: "納品書印刷待ち",
    STATUS_PRINTING: "納品書印刷中",
    STATUS_PRINTED: "納品書印刷済",
    STATUS_SHIPPED: "出荷確定済（完了）",
}

# §4.4
NOT_CANCELLED: Final = "0"
CANCELLED_BY_CUSTOMER: Final = "1"
CANCELLED_BUNDLED: Final = "3"
CANCEL_NAMES: Final = {
    NOT_CANCELLED: "有効な受注",
    CANCELLED_BY_CUSTOMER: "顧客依頼",
    "2": "顧客依頼(明細内容)",
    CANCELLED_BUNDLED: "他の伝票への統合",
    "4": "カード否決",
    "5": "都合",
    "6": "不良返品",
    "7": "既に処理完了のはず",
    "8": "顧客都合返品",
    "11": "保留期間満了",
    "12": "伝票を確認後有効に",
    "14": "長期不在",
    "15": "受取拒否",
    "16": "クレーム戻り",
    "17": "誤配",
    "18": "出荷遅延",
    "19": "住所不明",
    "20": "未入金",
}
CONFIRM_NAMES: Final = {"0": "確認不要", "1": "確認必要", "2": "確認済み"}
CONFIRM_NEEDED: Final = "1"
CONFIRM_DONE: Final = "2"
DEPOSIT_NAMES: Final = {"0": "未入金", "1": "一部入金", "2": "入金済"}  # the name of 1 is not verified
DEPOSIT_NONE: Final = "0"
DEPOSIT_PARTLY: Final = "1"
DEPOSIT_PAID: Final = "2"
IMPORT_NAMES: Final = {"0": "メール", "1": "CSV", "2": "手入力"}
IMPORT_MAIL: Final = "0"
IMPORT_CSV: Final = "1"
IMPORT_BY_HAND: Final = "2"
CREDIT_APPROVAL_NAMES: Final = {"10": "未承認", "20": "承認済"}
CUSTOMER_NAMES: Final = {"0": "一般", "9": "卸"}
LABEL_TARGET: Final = "1"
LABEL_ISSUED: Final = "2"
MAIL_CONFIRMATION: Final = "J"  # 受注確認
MAIL_SHIPPED: Final = "H"  # 発送連絡

# §3.8
QUE_WAITING: Final = "0"
QUE_RUNNING: Final = "1"
QUE_DONE: Final = "2"
QUE_FAILED: Final = "-1"

# §3.3, §3.5-§3.9: parameters of the writes
SHIPPED_UPDATE_FLAG: Final = "receive_order_shipped_update_flag"
ROW_CANCEL_UPDATE_FLAG: Final = "receive_order_row_cancel_update_flag"
LABEL_PRINT_FLAG: Final = "receive_order_label_print_flag"
UPLOAD_PATTERN: Final = "receive_order_upload_pattern_id"
DATA_TYPE: Final = "data_type"  # bulk calls; the order upload counts its files: data_type_1, data_1
DATA: Final = "data"
DATA_CSV: Final = "csv"
DATA_GZ: Final = "gz"
DATA_XML: Final = "xml"
FORMAT_GENERIC: Final = "90"  # 汎用
BULK_MAX: Final = 1_000
CONVERT_PAYMENT: Final = "siharai_kbn"  # §14.8
CONVERT_DELIVERY: Final = "hasou_kbn"

# §3.1: the slip fields the flow works with
SLIP_ID: Final = "receive_order_id"
SHOP_ID: Final = "receive_order_shop_id"
ORDER_NUMBER: Final = "receive_order_shop_cut_form_id"
ORDERED_AT: Final = "receive_order_date"
IMPORTED_AT: Final = "receive_order_import_date"
STATUS: Final = "receive_order_order_status_id"
CANCEL_TYPE: Final = "receive_order_cancel_type_id"
CANCELLED_AT: Final = "receive_order_cancel_date"
IMPORT_TYPE: Final = "receive_order_import_type_id"
CONFIRM_CHECK: Final = "receive_order_confirm_check_id"
CONFIRM_IDS: Final = "receive_order_confirm_ids"
MAIL_STATUS: Final = "receive_order_mail_status"
TAGS: Final = "receive_order_gruoping_tag"
PAYMENT_METHOD: Final = "receive_order_payment_method_id"
DELIVERY: Final = "receive_order_delivery_id"
TRACKING: Final = "receive_order_delivery_cut_form_id"
TOTAL: Final = "receive_order_total_amount"
TAX: Final = "receive_order_tax_amount"
CHARGE: Final = "receive_order_charge_amount"
DELIVERY_FEE: Final = "receive_order_delivery_fee_amount"
OTHER: Final = "receive_order_other_amount"
POINT: Final = "receive_order_point_amount"
GOODS_AMOUNT: Final = "receive_order_goods_amount"
DEPOSIT_AMOUNT: Final = "receive_order_deposit_amount"
DEPOSIT_TYPE: Final = "receive_order_deposit_type_id"
DEPOSITED_AT: Final = "receive_order_deposit_date"
NOTE: Final = "receive_order_note"
WORKER_TEXT: Final = "receive_order_worker_text"
BUNDLE_CANDIDATE: Final = "receive_order_include_possible_order_id"
BUNDLED_INTO: Final = "receive_order_include_to_order_id"
DIVIDED_FROM: Final = "receive_order_divide_from_order_id"
COPIED_FROM: Final = "receive_order_copy_from_order_id"
PRINT_ON: Final = "receive_order_statement_delivery_instruct_printing_date"
PRINTED_AT: Final = "receive_order_statement_delivery_printing_date"
SENT_AT: Final = "receive_order_send_date"
LABEL_PRINTED_AT: Final = "receive_order_label_print_date"
HOPE_ON: Final = "receive_order_hope_delivery_date"
HOPE_SLOT: Final = "receive_order_hope_delivery_time_slot_id"
HOPE_SLOT_NAME: Final = "receive_order_hope_delivery_time_slot_name"
GIFT_FLAG: Final = "receive_order_gift_flag"
CUSTOMER_TYPE: Final = "receive_order_customer_type_id"
CUSTOMER_ID: Final = "receive_order_customer_id"
CREATED_AT: Final = "receive_order_creation_date"
MODIFIED_AT: Final = "receive_order_last_modified_date"
MODIFIED_BY: Final = "receive_order_last_modified_by_id"
LOCK: Final = "receive_order_last_modified_null_safe_date"
DELETED: Final = "receive_order_deleted_flag"
NOSHI: Final = "receive_order_option_noshi"
WRAPPING: Final = "receive_order_option_rapping"
MESSAGE: Final = "receive_order_option_message"

# §3.2
ROW_SLIP_ID: Final = "receive_order_row_receive_order_id"
ROW_ORDER_NUMBER: Final = "receive_order_row_shop_cut_form_id"
ROW_NO: Final = "receive_order_row_no"
ROW_SHOP_ROW_NO: Final = "receive_order_row_shop_row_no"
ROW_GOODS: Final = "receive_order_row_goods_id"
ROW_GOODS_NAME: Final = "receive_order_row_goods_name"
ROW_QUANTITY: Final = "receive_order_row_quantity"
ROW_UNIT_PRICE: Final = "receive_order_row_unit_price"
ROW_TAX_RATE: Final = "receive_order_row_tax_rate"
ROW_RATIO: Final = "receive_order_row_wholesale_retail_ratio"
ROW_SUB_TOTAL: Final = "receive_order_row_sub_total_price"
ROW_OPTION: Final = "receive_order_row_goods_option"
ROW_CANCELLED: Final = "receive_order_row_cancel_flag"
ROW_DELETED: Final = "receive_order_row_deleted_flag"
ROW_ALLOCATED: Final = "receive_order_row_stock_allocation_quantity"
ROW_ALLOCATED_AT: Final = "receive_order_row_stock_allocation_date"
ROW_DIVIDED_FROM: Final = "receive_order_row_divide_from_row_no"
ROW_COPIED_FROM: Final = "receive_order_row_copy_from_row_no"
ROW_CREATED_AT: Final = "receive_order_row_creation_date"
ROW_MODIFIED_AT: Final = "receive_order_row_last_modified_date"
ROW_BUNDLED_FROM_SLIP: Final = "receive_order_include_from_order_id"
ROW_BUNDLED_FROM_ROW: Final = "receive_order_include_from_row_no"
GOODS_ID: Final = "goods_id"
STOCK_SEARCH: Final = "/api_v1_master_stock/search"
STOCK_GOODS: Final = "stock_goods_id"
STOCK_QUANTITY: Final = "stock_quantity"
STOCK_FIELDS: Final = (STOCK_GOODS, STOCK_QUANTITY)
GOODS_NAME: Final = "goods_name"
GOODS_RELEASE: Final = "goods_release_date"

# §6.2 汎用 order CSV. １, ２ and the parentheses are full-width, % is half-width: one other character and NE
# refuses the file.
CSV_ENCODING: Final = "cp932"
CSV_HEADER: Final = (
    "店舗伝票番号,受注日,受注郵便番号,受注住所１,受注住所２,受注名,受注名カナ,受注電話番号,"
    "受注メールアドレス,発送郵便番号,発送先住所１,発送先住所２,発送先名,発送先カナ,発送電話番号,"
    "支払方法,発送方法,商品計,税金,発送料,手数料,ポイント,その他費用,合計金額,ギフトフラグ,時間帯指定,"
    "日付指定,作業者欄,備考,商品名,商品コード,商品価格,受注数量,商品オプション,出荷済フラグ,顧客区分,"
    "顧客コード,消費税率（%）,のし,ラッピング,メッセージ"
)
CSV_COLUMNS: Final = tuple(CSV_HEADER.split(","))
CSV_REQUIRED: Final = frozenset(
    {
        *("店舗伝票番号", "受注日", "受注郵便番号", "受注住所１", "受注名", "受注メールアドレス"),
        # Not attested, the SANDBOX default (ne_order_csv_columns.csv):
        *("発送郵便番号", "発送先住所１", "発送先名", "支払方法", "商品計", "合計金額"),
        *("商品名", "商品コード", "商品価格", "受注数量"),
    }
)
CSV_MAX_LENGTHS: Final = {
    "店舗伝票番号": 30,
    "受注日": 19,
    "受注郵便番号": 20,
    "受注住所１": 255,
    "受注住所２": 255,
    "受注名": 100,
    "受注名カナ": 100,
    "受注電話番号": 20,
    "受注メールアドレス": 100,
    "発送郵便番号": 20,
    "発送先住所１": 255,
    "発送先住所２": 255,
    "発送先名": 100,
    "発送先カナ": 100,
    "発送電話番号": 20,
    "ギフトフラグ": 1,
    "商品コード": 30,
    "出荷済フラグ": 1,
    "顧客区分": 1,
    "顧客コード": 10,
}
CSV_LINES_PER_ORDER: Final = 99
CSV_ORDER_NUMBER: Final = r"[0-9A-Za-z-]{1,30}"
CSV_DATE: Final = "%Y/%m/%d"
CSV_INSTANT: Final = "%Y/%m/%d %H:%M:%S"
CSV_SLOT: Final = "時間帯指定[{slot}]"
CSV_MISSING: Final = "{column}が存在しません"

# §14.5: our own form of the notification mail
MAIL_ORDER_NUMBER: Final = "受注番号："
MAIL_ORDERED_AT: Final = "受注日時："
MAIL_BUYER: Final = "購入者名："
MAIL_ITEM: Final = "商品："
