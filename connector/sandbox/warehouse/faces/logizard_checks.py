"""ロジザードZERO's addorder keys (出荷予定登録) with type and size, and the checks of one call (spec/wms.md §2.1).

It is not strict about meaning: a long name and a postcode that does not exist come in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

# Key -> (n number or s text, size). Keys 29 and later are not publicly known.
KEYS: Final = {
    "OWNER_ID": ("n", 6),
    "AREA_ID": ("n", 4),
    "ORDER_SHIP_SLIP": ("s", 50),
    "CUST_ID": ("s", 100),
    "SHIP_DATE": ("n", 8),
    "ORDER_DATE": ("n", 8),
    "TRSP_SFTW_ID": ("n", 2),
    "DELIVERY_DATE": ("n", 8),
    "DELIVERY_TIME_ZONE_ID": ("n", 2),
    "RESULT_TYP_ID": ("n", 2),
    "PAYMENT_ID": ("n", 3),
    "TRSP_WAY_ID": ("n", 3),
    "TRSP_NAME": ("s", 200),
    "TRSP_COUNTRY_CODE": ("s", 3),
    "TRSP_POSTCODE": ("s", 20),
    "TRSP_PREFECT": ("s", 100),
    "TRSP_ADDR1": ("s", 200),
    "TRSP_ADDR2": ("s", 200),
    "TRSP_ADDR3": ("s", 200),
    "TRSP_PHONE_NUM": ("s", 20),
    "TRSP_FAX_NUM": ("s", 20),
    "TRSP_E_MAIL": ("s", 256),
    "TRSP_COPNY_NAME": ("s", 100),
    "TRSP_POST": ("s", 100),
    "BOX_QTY": ("n", 4),
    "TRSP_PRINT1": ("s", 200),
    "TRSP_PRINT2": ("s", 200),
    "TRSP_PRINT3": ("s", 200),
}
REQUIRED: Final = ("OWNER_ID", "AREA_ID", "ORDER_SHIP_SLIP", "TRSP_NAME")
HALF_WIDTH: Final = ("TRSP_PHONE_NUM", "TRSP_FAX_NUM")
DATES: Final = ("SHIP_DATE", "ORDER_DATE", "DELIVERY_DATE")
_PRINTABLE = re.compile(r"[\x21-\x7e]*")


def complaint(body: Mapping[str, Any]) -> str:
    """The first thing that is wrong, in the words of ERROR_DETAIL; empty when nothing is."""
    for key in REQUIRED:
        if body.get(key) in (None, ""):
            return f"{key} は必須です"
    for key, (kind, size) in KEYS.items():
        value = body.get(key)
        if value is None or value == "":
            continue
        if kind == "n" and not _is_number(value, size):
            return f"{key} は{size}桁以内の数字で指定してください"
        if kind == "s" and (not isinstance(value, str) or len(value) > size):
            return f"{key} は{size}文字以内で指定してください"
        if key in HALF_WIDTH and not _PRINTABLE.fullmatch(value):
            return f"{key} は半角英数記号で指定してください"
        if key in DATES and len(str(value)) != KEYS[key][1]:
            return f"{key} はyyyyMMddで指定してください"
    return ""


def _is_number(value: object, size: int) -> bool:
    text = str(value) if type(value) is int else value
    return isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= size
