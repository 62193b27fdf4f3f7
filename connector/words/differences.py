"""Differences (変更の言い方): one change of an order in a line, out of what the ledger keeps of it.

The ledger keeps plain words, or the changed parts as a JSON object; people's data is masked there already.
"""

from __future__ import annotations

import json

from connector.order import PaymentState
from connector.words.cart_codes import order_state, payment_code
from connector.words.changes import field_name
from connector.words.figures import yen
from connector.words.places import PAYMENT_STATES
from connector.words.text import Text

PARTS: dict[str, Text] = {
    "name": Text("氏名", "name"),
    "kana": Text("カナ", "kana"),
    "company": Text("会社名", "company"),
    "zip_code": Text("郵便番号", "postcode"),
    "prefecture": Text("都道府県", "prefecture"),
    "city": Text("市区町村", "city"),
    "street": Text("番地", "street"),
    "building": Text("建物", "building"),
    "phone": Text("電話番号", "phone"),
    "email": Text("メールアドレス", "mail address"),
    "subtotal": Text("商品計", "goods"),
    "subtotal8": Text("商品計8%", "goods 8%"),
    "subtotal10": Text("商品計10%", "goods 10%"),
    "discount": Text("割引", "discount"),
    "discount8": Text("割引8%", "discount 8%"),
    "discount10": Text("割引10%", "discount 10%"),
    "points": Text("ポイント", "points"),
    "points8": Text("ポイント8%", "points 8%"),
    "points10": Text("ポイント10%", "points 10%"),
    "delivery_fee": Text("送料", "delivery fee"),
    "charge": Text("決済手数料", "payment fee"),
    "misc_fee": Text("その他手数料", "other fee"),
    "adjustment": Text("調整", "adjustment"),
    "tax": Text("税", "tax"),
    "tax8": Text("税8%", "tax 8%"),
    "tax10": Text("税10%", "tax 10%"),
    "total": Text("合計", "total"),
    "total8": Text("合計8%", "total 8%"),
    "total10": Text("合計10%", "total 10%"),
    "payable": Text("支払合計", "payable"),
}


IN_PARTS = ("recipients", "lines", "amounts", "buyer")


def before_and_after(field: str, before: str, after: str, lang: str) -> str:
    """One change in a line: 支払合計 2,200円 → 3,300円（+1,100円）."""
    if field in ("cancelled", "deleted", "revived"):
        return field_name(field, lang)
    if field in IN_PARTS:
        return _of_parts(field, json.loads(before or "{}"), json.loads(after or "{}"), lang)
    return f"{_plain(field, before, lang)} → {_plain(field, after, lang)}"


def yen_between(field: str, before: str, after: str) -> int:
    """By how much the sum to be paid changed."""
    if field != "amounts" or not before or not after:
        return 0
    return int(json.loads(after).get("payable", 0)) - int(json.loads(before).get("payable", 0))


def _of_parts(field: str, before: dict[str, object], after: dict[str, object], lang: str) -> str:
    keys = list({**before, **after})
    if field == "amounts":
        keys = _telling(keys)
    if not keys:
        return "単価・税率" if lang == "ja" else "prices or rates"
    comma = "、" if lang == "ja" else ", "
    return comma.join(_part(field, key, before.get(key), after.get(key), lang) for key in keys)


def _telling(keys: list[str]) -> list[str]:
    """Both totals first, then the parts that made the difference; what follows from them per rate is left out."""
    if "payable" not in keys:
        return keys
    said = [key for key in keys if not key.endswith(("8", "10")) and key not in ("payable", "total")]
    return ["payable", *said]


def _part(field: str, key: str, before: object, after: object, lang: str) -> str:
    number, dot, part = key.rpartition(".") if field == "recipients" else ("", "", key)
    name = PARTS[part].say(lang) if part in PARTS and field != "lines" else part
    shown = f"{number}{dot}{name}" if number else name
    if field == "amounts":
        old, new = int(str(before or 0)), int(str(after or 0))
        return f"{shown} {yen(old, lang)} → {yen(new, lang)}{_gap(new - old, lang)}"
    if field == "lines":
        return f"{shown} {before or 0} → {after or 0}"
    return f"{shown} {before or '-'} → {after or '-'}"


def _plain(field: str, value: str, lang: str) -> str:
    if not value:
        return "なし" if lang == "ja" else "none"
    if field == "payment_state":
        return PAYMENT_STATES[PaymentState(value)].say(lang)
    if field == "payment_code":
        return payment_code(value, lang)
    if field == "state_code":
        return order_state(value, lang)
    if field in ("remark", "memo"):
        return f"{value}文字" if lang == "ja" else f"{value} characters"
    return value


def _gap(difference: int, lang: str) -> str:
    return f"（{difference:+,}円）" if lang == "ja" else f" ({difference:+,})"
