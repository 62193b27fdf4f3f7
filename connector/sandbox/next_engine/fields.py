"""Fields (項目): every name a slip, a row, a goods record or a queue row has in Next Engine, with its kind.

spec/next_engine.md §3.1, §3.2, §3.8. Values live as they travel: text or null; numbers and instants are text
too. `stamp` text sorts like the instants it stands for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum

from connector.adapters.next_engine import wire
from connector.clock import JST, jst


class Kind(Enum):
    """What may be asked of a field, §2.4."""

    TEXT = "string"
    NUMBER = "number"
    INSTANT = "datetime"


def stamp(at: datetime) -> str:
    """An instant as NE writes it: JST, without offset."""
    return jst(at).strftime(wire.STAMP_FORMAT)


def instant(text: str) -> datetime:
    """The reverse of `stamp`."""
    return datetime.strptime(text, wire.STAMP_FORMAT).replace(tzinfo=JST)


def money(amount: Decimal | int | str) -> str:
    """`5650.00`, as NE writes money."""
    return f"{Decimal(amount):.2f}"


def _kinds(prefix: str, *, text: str = "", number: str = "", instant: str = "") -> dict[str, Kind]:
    named = ((text, Kind.TEXT), (number, Kind.NUMBER), (instant, Kind.INSTANT))
    return {prefix + name: kind for names, kind in named for name in names.split()}


_OPTION = "receive_order_option_"
_SLIP = "receive_order_"

OPTION_FIELDS: Mapping[str, Kind] = _kinds(
    _OPTION,
    text="single_word_memo message noshi rapping 1 2 3 4 5 6 7 8 9 10",
    number="received_time_shop_coupon received_time_mall_coupon",
)

SLIP_FIELDS: Mapping[str, Kind] = {
    **_kinds(
        _SLIP,
        text=(
            "shop_cut_form_id important_check_id important_check_name confirm_check_id confirm_ids mail_status "
            "gruoping_tag import_type_id cancel_type_id order_status_id delivery_id payment_method_id "
            "deposit_amount deposit_type_id note statement_delivery_text worker_text picking_instruct "
            "multi_delivery_parent_flag label_print_flag hope_delivery_time_slot_id "
            "hope_delivery_time_slot_name delivery_method_id delivery_method_name seal1_id seal1_name seal2_id "
            "seal2_name seal3_id seal3_name seal4_id seal4_name business_office_stop_id "
            "business_office_stop_name invoice_id invoice_name temperature_id temperature_name "
            "business_office_name gift_flag delivery_cut_form_id delivery_cut_form_note credit_type_id "
            "credit_type_name credit_approval_no credit_approval_type_id credit_authorization_center_id "
            "credit_authorization_center_name customer_type_id customer_id purchaser_name purchaser_kana "
            "purchaser_zip_code purchaser_address1 purchaser_address2 purchaser_tel purchaser_fax "
            "purchaser_mail_address consignee_name consignee_kana consignee_zip_code consignee_address1 "
            "consignee_address2 consignee_tel consignee_fax important_check_pic_id important_check_pic_name "
            "pic_id pic_name send_pic_id send_pic_name creator_id creator_name last_modified_by_id "
            "last_modified_by_name deleted_flag"
        ),
        number=(
            "shop_id id total_amount tax_amount charge_amount delivery_fee_amount other_amount point_amount "
            "goods_amount include_possible_order_id include_to_order_id multi_delivery_parent_order_id "
            "divide_from_order_id copy_from_order_id send_sequence credit_approval_amount credit_approval_rate "
            "credit_number_payments"
        ),
        instant=(
            "date import_date cancel_date deposit_date statement_delivery_instruct_printing_date "
            "statement_delivery_printing_date send_date send_plan_date label_print_date hope_delivery_date "
            "credit_approval_date credit_approval_fax_printing_date creation_date last_modified_date"
        ),
    ),
    **OPTION_FIELDS,
}

SLIP_DEFAULTS: Mapping[str, str | None] = {
    **dict.fromkeys(SLIP_FIELDS),
    **dict.fromkeys(
        (wire.TOTAL, wire.TAX, wire.CHARGE, wire.DELIVERY_FEE, wire.OTHER, wire.POINT, wire.GOODS_AMOUNT),
        "0.00",
    ),
    **dict.fromkeys(
        (
            *("receive_order_important_check_id", wire.CONFIRM_CHECK, wire.CANCEL_TYPE, wire.DEPOSIT_TYPE),
            *(
                "receive_order_multi_delivery_parent_flag",
                wire.LABEL_PRINT_FLAG,
                wire.GIFT_FLAG,
                wire.DELETED,
            ),
            *("receive_order_temperature_id", wire.CUSTOMER_TYPE, "receive_order_delivery_method_id"),
            *(f"receive_order_seal{n}_id" for n in range(1, 5)),
            *("receive_order_business_office_stop_id", "receive_order_invoice_id"),
        ),
        "0",
    ),
    **dict.fromkeys(
        (
            *("receive_order_important_check_name", wire.MAIL_STATUS, wire.HOPE_SLOT),
            *("receive_order_delivery_method_name", "receive_order_business_office_stop_name"),
            *(f"receive_order_seal{n}_name" for n in range(1, 5)),
            "receive_order_invoice_name",
        ),
        "",
    ),
    wire.DEPOSIT_AMOUNT: "0.00",
    wire.HOPE_SLOT_NAME: "指定なし",
    "receive_order_temperature_name": "常温",
    "receive_order_credit_approval_type_id": "10",
    "receive_order_creator_id": "1",
}

# §3.3: state moves only through its own endpoints; names follow their ids; links are made by NE
SLIP_READ_ONLY = frozenset(
    {
        *(wire.SLIP_ID, wire.SHOP_ID, wire.STATUS, wire.IMPORT_TYPE, wire.IMPORTED_AT, wire.CREATED_AT),
        *(wire.MODIFIED_AT, wire.CANCELLED_AT, wire.SENT_AT, wire.PRINTED_AT, wire.DELETED, wire.MAIL_STATUS),
        *(
            wire.BUNDLE_CANDIDATE,
            wire.BUNDLED_INTO,
            wire.DIVIDED_FROM,
            wire.COPIED_FROM,
            wire.LABEL_PRINTED_AT,
        ),
        *("receive_order_multi_delivery_parent_order_id", "receive_order_multi_delivery_parent_flag"),
        *("receive_order_creator_id", "receive_order_creator_name", "receive_order_send_sequence"),
        *("receive_order_last_modified_by_id", "receive_order_last_modified_by_name"),
    }
)

ROW_FIELDS: Mapping[str, Kind] = {
    **_kinds(
        "receive_order_row_",
        text=(
            "shop_cut_form_id shop_row_no goods_id goods_name goods_option cancel_flag "
            "received_time_merchandise_id received_time_merchandise_name received_time_goods_type_id "
            "received_time_goods_type_name returned_reason_id returned_reason_name deleted_flag creator_id "
            "last_modified_by_id"
        ),
        number=(
            "receive_order_id no quantity unit_price received_time_first_cost tax_rate wholesale_retail_ratio "
            "sub_total_price multi_delivery_parent_order_id divide_from_row_no copy_from_row_no "
            "stock_allocation_quantity advance_order_stock_allocation_quantity returned_good_quantity "
            "returned_bad_quantity org_row_no"
        ),
        instant="stock_allocation_date creation_date last_modified_date",
    ),
    wire.ROW_BUNDLED_FROM_SLIP: Kind.NUMBER,
    wire.ROW_BUNDLED_FROM_ROW: Kind.NUMBER,
}

ROW_DEFAULTS: Mapping[str, str | None] = {
    **dict.fromkeys(ROW_FIELDS),
    wire.ROW_QUANTITY: "0",
    wire.ROW_UNIT_PRICE: "0.00",
    wire.ROW_RATIO: "10.0",
    wire.ROW_SUB_TOTAL: "0.00",
    wire.ROW_CANCELLED: "0",
    wire.ROW_DELETED: "0",
    wire.ROW_ALLOCATED: "0",
    "receive_order_row_returned_good_quantity": "0",
    "receive_order_row_returned_bad_quantity": "0",
    "receive_order_row_creator_id": "1",
}

ROW_WRITABLE = frozenset(
    {
        *(wire.ROW_GOODS, wire.ROW_GOODS_NAME, wire.ROW_QUANTITY, wire.ROW_UNIT_PRICE, wire.ROW_TAX_RATE),
        *(wire.ROW_RATIO, wire.ROW_OPTION, wire.ROW_CANCELLED, wire.ROW_SHOP_ROW_NO),
    }
)

QUE_FIELDS: Mapping[str, Kind] = _kinds(
    "que_",
    text=(
        "method_name upload_name client_file_name file_name status_id message deleted_flag creator_id "
        "creator_name last_modified_by_id last_modified_by_name"
    ),
    number="id shop_id",
    instant="creation_date last_modified_date last_modified_null_safe_date",
)
