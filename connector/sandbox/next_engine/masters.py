"""Masters (マスタ・区分): code tables of the account as `…/info` and `…/search` answer them (§3.10, §4.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine.books import Books
from connector.sandbox.next_engine.fields import Kind
from connector.sandbox.next_engine.query import Column, Table

MasterRow = dict[str, str | None]

PAYMENT_NAMES: Final = {
    "0": "クレジットカード",
    "1": "代金引換",
    "15": "銀行振込前払い",
    "16": "銀行振込後払い",
    "20": "郵便振替",
    "32": "コンビニ決済",
    "33": "ペイジー",
    "34": "NP後払い",
    "48": "Amazonペイメント",
    "50": "後払い.com",
    "60": "Paypal",
    "66": "クロネコ代金後払い",
    "70": "その他２",
    "80": "前払決済",
    "85": "ポイント全額支払い",
    "90": "サンプル・貸し出し",
    "95": "掛売",
    "96": "その他",
    "99": "支払済",
}
DELIVERY_NAMES: Final = {
    "10": "ヤマト(発払い)",
    "11": "ヤマト(コレクト)",
    "20": "佐川急便",
    "30": "ゆうパケット",
}
CONFIRM_RULES: Final = {
    "AA": "商品コード不明",
    "AG": "備考あり",
    "AO": "住所と郵便番号の不一致",
    "AZ": "使わない見本条件",
}
_HIDDEN_PAYMENTS = frozenset({"20", "60"})
_HIDDEN_DELIVERIES = frozenset({"30"})
_UNUSED_RULES = frozenset({"AZ"})


def _named(
    entity: str, names: Mapping[str, str], hidden: frozenset[str] | None = frozenset()
) -> list[MasterRow]:
    """`<entity>_id`, `_name` and, where NE has it, `_deleted_flag` (1 = hidden)."""
    rows: list[MasterRow] = [{f"{entity}_id": id_, f"{entity}_name": name} for id_, name in names.items()]
    if hidden is not None:
        for row, id_ in zip(rows, names, strict=True):
            row[f"{entity}_deleted_flag"] = "1" if id_ in hidden else "0"
    return rows


INFO_TABLES: Mapping[str, list[MasterRow]] = {
    "system_orderstatus": _named("order_status", wire.STATUS_NAMES, None),
    "system_canceltype": _named("cancel_type", wire.CANCEL_NAMES),
    "system_paymentmethod": _named("payment_method", PAYMENT_NAMES, _HIDDEN_PAYMENTS),
    "system_deposittype": _named("deposit_type", wire.DEPOSIT_NAMES, None),
    "system_credittype": _named("credit_type", {"1": "一括", "2": "分割", "3": "リボ"}),
    "system_creditapprovaltype": _named("credit_approval_type", wire.CREDIT_APPROVAL_NAMES),
    "system_customertype": _named("customer_type", wire.CUSTOMER_NAMES),
    "system_confirmcheck": _named("confirm_check", wire.CONFIRM_NAMES, None),
    "system_importantcheck": _named("important_check", {"0": "", "1": "重要"}, None),
    "system_importtype": _named("import_type", wire.IMPORT_NAMES, None),
    "system_delivery": _named("delivery", DELIVERY_NAMES, _HIDDEN_DELIVERIES),
}


def patterns(books: Books) -> list[MasterRow]:
    """受注一括登録パターン; deleted flag 1 = disabled, §14.9."""
    prefix = "receive_order_upload_pattern_"
    return [
        {
            f"{prefix}id": pattern.id,
            f"{prefix}name": pattern.name,
            f"{prefix}format_id": pattern.format_id,
            f"{prefix}shop_id": pattern.shop_id,
            f"{prefix}deleted_flag": "0" if pattern.enabled else "1",
            f"{prefix}creation_date": pattern.created,
            f"{prefix}last_modified_date": None,
        }
        for pattern in books.patterns.values()
    ]


def _confirms(_: Books) -> list[MasterRow]:
    return [
        {
            "confirm_id": id_,
            "confirm_name": name,
            "confirm_display_order": str(order),
            "confirm_html": "",
            "confirm_value": "",
            "confirm_valid_flag": "0" if id_ in _UNUSED_RULES else "1",
        }
        for order, (id_, name) in enumerate(CONFIRM_RULES.items(), 1)
    ]


def _converts(books: Books) -> list[MasterRow]:
    settings = books.settings
    kinds = (
        (wire.CONVERT_PAYMENT, settings.payment_convert),
        (wire.CONVERT_DELIVERY, settings.delivery_convert),
    )
    return [
        {
            "payment_delivery_convert_text": text,
            "payment_delivery_convert_type": kind,
            "payment_delivery_convert_multi_id": id_,
            "payment_delivery_convert_delivery_id": None,
            "payment_delivery_convert_deleted_flag": "0",
        }
        for kind, texts in kinds
        for text, id_ in texts.items()
    ]


def _agents(books: Books) -> list[MasterRow]:
    """発送方法ごとに選べる時間帯など."""
    return [
        {
            "forwarding_agent_id": delivery,
            "forwarding_agent_type": "hope_delivery_time_slot",
            "forwarding_agent_type_id": slot_id,
            "forwarding_agent_type_name": name,
        }
        for delivery in DELIVERY_NAMES
        for name, slot_id in books.settings.time_slots.items()
    ]


def _tags(books: Books) -> list[MasterRow]:
    return [
        {"grouping_tag_id": str(number), "grouping_tag_str": tag}
        for number, tag in enumerate(books.settings.tags, 1)
    ]


def _shops(books: Books) -> list[MasterRow]:
    return [
        {"shop_id": shop.id, "shop_name": shop.name, "shop_mail_address": shop.intake_address}
        for shop in books.shops.values()
    ]


SEARCH_TABLES: Mapping[str, Callable[[Books], list[MasterRow]]] = {
    "receiveorder_confirm": _confirms,
    "receiveorder_paymentdeliveryconvert": _converts,
    "receiveorder_forwardingagent": _agents,
    "receiveorder_groupingtag": _tags,
    "master_shop": _shops,
}


def columns(rows: list[MasterRow]) -> Table[MasterRow]:
    """A master's own names as text columns."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: Column(Kind.TEXT, _reader(name)) for name in names}


def _reader(name: str) -> Callable[[MasterRow], str | None]:
    return lambda row: row.get(name)
