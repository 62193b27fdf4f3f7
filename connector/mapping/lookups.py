"""Look-ups (変換表引き): what `lookup:` may say, each a question to the value tables.

A value no table knows raises Unfit(UNKNOWN_VALUE): the item is held with the file and line to add it at.
"""

from __future__ import annotations

from collections.abc import Callable

from connector.mapping.tables import Tables
from connector.mapping.unfit import Unfit
from connector.outcome import Reason


def _unknown(tables: Tables, table: str, value: str) -> Unfit:
    return Unfit(Reason.UNKNOWN_VALUE, tables.unknown(table, value))


def payment_label(tables: Tables, value: str) -> str:
    """カートの支払い方法 → ネクストエンジン受注CSVの「支払方法」。"""
    if (row := tables.payment(value)) is None:
        raise _unknown(tables, "payment", value)
    return row.label


def carrier_label(tables: Tables, value: str) -> str:
    """カートの配送業者 → ネクストエンジン受注CSVの「発送方法」。空欄は空欄のまま。"""
    if not value:
        return ""
    if (row := tables.carrier(value)) is None:
        raise _unknown(tables, "carrier", value)
    return row.label


def carrier_code(tables: Tables, value: str) -> str:
    """ネクストエンジンの発送方法 → 倉庫の運送会社コード。"""
    if (row := tables.carrier_of_slip(value)) is None:
        raise _unknown(tables, "carrier_ne", value)
    return row.code


def carrier_cod_code(tables: Tables, value: str) -> str:
    """ネクストエンジンの発送方法 → 代金引換のときの運送会社コード。"""
    if (row := tables.carrier_of_slip(value)) is None:
        raise _unknown(tables, "carrier_ne", value)
    if not row.cod_code:
        raise Unfit(Reason.UNKNOWN_VALUE, f"「{value}」は代金引換を扱いません (carrier.yaml の cod_code)")
    return row.cod_code


def carrier_cart(tables: Tables, value: str) -> str:
    """倉庫の運送会社コード → カートに登録された配送業者名。"""
    if (name := tables.cart_carrier(value)) is None:
        raise _unknown(tables, "carrier", value)
    return name


def time_slot_label(tables: Tables, value: str) -> str:
    """お届け時間 → ネクストエンジンの「時間帯指定[…]」。"""
    if (slot := tables.time_slot(value)) is None:
        raise _unknown(tables, "time_slot", value)
    return slot.label


def time_slot_band(tables: Tables, value: str) -> str:
    """お届け時間 → 時間帯コード (NONE, AM, B1416 …)。"""
    if (slot := tables.time_slot(value)) is None:
        raise _unknown(tables, "time_slot", value)
    return slot.band


LOOKUPS: dict[str, Callable[[Tables, str], str]] = {
    "carrier.cart": carrier_cart,
    "carrier.cod_code": carrier_cod_code,
    "carrier.code": carrier_code,
    "carrier.label": carrier_label,
    "payment.label": payment_label,
    "time_slot.band": time_slot_band,
    "time_slot.label": time_slot_label,
}
