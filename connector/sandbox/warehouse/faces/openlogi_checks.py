"""OPENLOGI's checks (入力検査) of one shipment: every complaint by its path, as the 422 body names them.

A recipient's name of 16 characters and more is no complaint: it is cut in silence (spec/wms.md §2.2).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from connector.adapters.wms import wire
from connector.sandbox.warehouse.counter import Counter
from connector.sandbox.warehouse.postcodes import belongs_to, exists

Body = Mapping[str, Any]
Complaints = Iterator[tuple[str, str]]

CARRIERS: Final = ("YAMATO", "SAGAWA")
TIME_SLOTS: Final = ("AM", "12", "14", "16", "18", "19")
SAGAWA_SLOTS: Final = ("12",)
METHODS: Final = ("POST_EXPRESS", "HOME_BOX")
FLAGS: Final = ("backorder_if_unavailable", "suspend", "cash_on_delivery")
KEY_MAX, ADDRESS_MAX, ITEM_NAME_MAX, MESSAGE_MAX = 100, 64, 255, 500
STREET_WIDTH: Final = 64  # half widths of both address fields together, without 市・区
WITHIN, WITHIN_COOL = timedelta(days=7), timedelta(days=3)

REQUIRED: Final = "必須項目です。"
WRONG: Final = "値が正しくありません。"
TOO_LONG: Final = "{limit}文字以内で入力してください。"
TAKEN: Final = "この識別子は既に使用されています。"
BAD_POSTCODE: Final = "郵便番号が正しくありません。"
OTHER_ADDRESS: Final = "郵便番号と住所が一致しません。"
UNKNOWN_ITEM: Final = "商品が登録されていません。"
SHORT: Final = "在庫が不足しています。"

_POSTCODE = re.compile(r"\d{3}-?\d{4}", re.ASCII)
_PHONE = re.compile(r"0\d{9,12}", re.ASCII)
_CITY = re.compile(r"[^\d\s]{1,8}?市(?:[^\d\s]{1,4}?区)?|[^\d\s]{1,5}?区")


@dataclass(slots=True)
class Desk:
    """What the checks must know besides the body. `wanted` and `keys` grow along a bulk call."""

    counter: Counter
    chilled: frozenset[str]
    own_key: str = ""  # set when this is a change of that shipment
    own_goods: Tally[str] = field(default_factory=Tally)  # already reserved for it
    wanted: Tally[str] = field(default_factory=Tally)
    keys: set[str] = field(default_factory=set)


def complaints(body: object, desk: Desk) -> dict[str, str]:
    """Path and message of everything that is wrong; empty when the shipment may come in."""
    if not isinstance(body, dict):
        return {"": WRONG}
    found: dict[str, str] = {}
    for check in CHECKS:
        for path, words in check(body, desk):
            found.setdefault(path, words)
    return found


def key_of(body: Body) -> str:
    """`identifier` defaults to `order_no`."""
    return str(body.get("identifier") or body.get("order_no") or "")


def _keys(body: Body, desk: Desk) -> Complaints:
    if not key_of(body):
        yield "identifier", REQUIRED
    for name in ("identifier", "order_no"):
        yield from _text(body, name, KEY_MAX)
    key = key_of(body)
    if key != desk.own_key and (desk.counter.is_taken(key) or key in desk.keys or desk.own_key):
        yield "identifier", TAKEN if not desk.own_key else WRONG
    desk.keys.add(key)


def _recipient(body: Body, desk: Desk) -> Complaints:
    recipient = body.get("recipient")
    if not isinstance(recipient, dict):
        yield "recipient", REQUIRED
        return
    for name in ("postcode", "prefecture", "address1", "name", "phone"):
        if not recipient.get(name):
            yield f"recipient.{name}", REQUIRED
    for name, limit in (
        ("address1", ADDRESS_MAX),
        ("address2", ADDRESS_MAX),
        ("name", None),
        ("company", None),
    ):
        for path, words in _text(recipient, name, limit):
            yield f"recipient.{path}", words
    yield from _postcode(recipient, desk)
    phone = recipient.get("phone", "")
    if not (isinstance(phone, str) and _PHONE.fullmatch(phone.replace("-", ""))):
        yield "recipient.phone", "電話番号が正しくありません。"
    if street_width(recipient) > STREET_WIDTH:
        yield "recipient.address1", "住所が長すぎます。"


def _postcode(recipient: Body, desk: Desk) -> Complaints:
    postcode = str(recipient.get("postcode", ""))
    digits = postcode.replace("-", "")
    # Codes ending 0000 name no town; OPENLOGI refuses them (§2.2).
    if not _POSTCODE.fullmatch(postcode) or not exists(digits) or digits.endswith("0000"):
        yield "recipient.postcode", BAD_POSTCODE
    elif desk.counter.settings.check_postcodes and not belongs_to(
        digits, str(recipient.get("prefecture", ""))
    ):
        yield "recipient.postcode", OTHER_ADDRESS


def street_width(recipient: Body) -> int:
    """Half widths of address1 and address2 without the city or ward at their head."""
    text = f"{recipient.get('address1') or ''}{recipient.get('address2') or ''}"
    city = _CITY.match(text)
    street = text[city.end() :] if city else text
    return sum(1 if unicodedata.east_asian_width(sign) in ("H", "Na", "N") else 2 for sign in street)


def _items(body: Body, desk: Desk) -> Complaints:
    items = body.get("items")
    if not isinstance(items, list) or not items:
        yield "items", REQUIRED
        return
    for place, item in enumerate(items):
        for path, words in _item(item if isinstance(item, dict) else {}, body, desk):
            yield f"items.{place}.{path}", words


def _item(item: Body, body: Body, desk: Desk) -> Complaints:
    code, quantity = item.get("code"), item.get("quantity")
    yield from _text(item, "name", ITEM_NAME_MAX)
    if not isinstance(code, str) or not code:
        yield "code", REQUIRED
    elif not desk.counter.knows_article(code):
        yield "code", UNKNOWN_ITEM
    if type(quantity) is not int or quantity < 1:
        yield "quantity", REQUIRED if quantity is None else WRONG
    elif isinstance(code, str) and desk.counter.knows_article(code):
        desk.wanted[code] += quantity
        there = desk.counter.free(code) + desk.own_goods[code]
        if desk.wanted[code] > there and not body.get("backorder_if_unavailable"):
            yield "quantity", SHORT


def _delivery(body: Body, desk: Desk) -> Complaints:
    for name, known in (
        ("delivery_carrier", CARRIERS),
        ("delivery_time_slot", TIME_SLOTS),
        ("delivery_method", METHODS),
    ):
        if body.get(name) is not None and body[name] not in known:
            yield name, WRONG
    if body.get("delivery_time_slot") in SAGAWA_SLOTS and body.get("delivery_carrier") != "SAGAWA":
        yield "delivery_time_slot", WRONG
    for name in FLAGS:
        if body.get(name) is not None and not isinstance(body[name], bool):
            yield name, WRONG
    yield from _text(body, "message", MESSAGE_MAX)


def _dates(body: Body, desk: Desk) -> Complaints:
    days: dict[str, date] = {}
    for name in ("shipping_date", "delivery_date"):
        if body.get(name) is None:
            continue
        day = day_of(body[name])
        if day is None:
            yield name, "日付の形式が正しくありません。"
        else:
            days[name] = day
    deliver_on, ship_on = days.get("delivery_date"), days.get("shipping_date", desk.counter.today())
    within = WITHIN_COOL if _is_cool(body, desk) else WITHIN
    if deliver_on is not None and not ship_on < deliver_on <= ship_on + within:
        yield "delivery_date", f"出荷日の翌日から{within.days}日以内で指定してください。"


def _is_cool(body: Body, desk: Desk) -> bool:
    items = body.get("items")
    if not isinstance(items, list):
        return False
    return any(isinstance(item, dict) and str(item.get("code")) in desk.chilled for item in items)


def _cash_on_delivery(body: Body, desk: Desk) -> Complaints:
    if body.get("cash_on_delivery") is not True:
        return
    for name in ("total_for_cash_on_delivery", "tax_for_cash_on_delivery"):
        amount = body.get(name)
        if type(amount) is not int or not 0 <= amount <= wire.COD_MAX:
            yield name, REQUIRED if amount is None else WRONG


def _text(body: Body, name: str, limit: int | None) -> Complaints:
    value = body.get(name)
    if value is None:
        return
    if not isinstance(value, str):
        yield name, WRONG
    elif limit is not None and len(value) > limit:
        yield name, TOO_LONG.format(limit=limit)


def day_of(text: object) -> date | None:
    """YYYY-MM-DD, None for anything else."""
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


CHECKS: tuple[Callable[[Body, Desk], Complaints], ...] = (
    _keys,
    _recipient,
    _items,
    _delivery,
    _dates,
    _cash_on_delivery,
)
