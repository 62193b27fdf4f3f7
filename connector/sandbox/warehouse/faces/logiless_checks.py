"""LOGILESS' checks (入力検査) of one sales order: messages by field, as the 400 body nests them (spec/wms.md §2.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from connector.adapters.wms import wire
from connector.sandbox.warehouse.counter import Counter
from connector.sandbox.warehouse.postcodes import exists

Body = Mapping[str, Any]
Complaints = Iterator[tuple[str, str]]

# spec/wms.md §4.1, LOGILESS to ours
METHODS: Final = {
    "yamato": "YAMATO_TAKKYUBIN",
    "yamato_compact": "YAMATO_COMPACT",
    "yamato_nekoposu": "YAMATO_NEKOPOS",
    "sagawa": "SAGAWA_TAKUHAI",
    "you_pack": "JP_YUPACK",
    "letter_pack_plus": "JP_LETTERPACK",
    "letter_pack_light": "JP_LETTERPACK",
    "yu_packet": "JP_YUPACKET",
    "click_post": "JP_CLICKPOST",
    "non_standard_size_mail": "JP_TEIKEIGAI",
    "fukutsu": "FUKUYAMA",
    "seino_express": "SEINO",
    "rakuten_express": "RAKUTEN_EXPRESS",
}
TAX_RATES: Final = (10, 8, 0)
TEMPERATURES: Final = ("Normal", "Cold", "Frozen")
CODE_MAX, NAME_MAX, ADDRESS_MAX = 30, 16, 37
REQUIRED: Final = "必須項目です。"
WRONG: Final = "値が正しくありません。"
BAD_CODE: Final = "受注コードは半角英数字とハイフンで入力してください。"
TAKEN: Final = "この受注コードは既に使用されています。"

_CODE = re.compile(r"[A-Za-z0-9-]+")
_PHONE = re.compile(r"0\d{9,12}", re.ASCII)


@dataclass(slots=True)
class Desk:
    """What the checks must know besides the body. `codes` grows along a call with several orders."""

    counter: Counter
    zones: tuple[str, ...]
    stores: tuple[int, ...]
    codes: set[str] = field(default_factory=set)


def complaints(body: object, desk: Desk) -> dict[str, Any]:
    """The `errors` object of the 400 answer; empty when the order may come in."""
    if not isinstance(body, dict):
        return {"errors": [WRONG]}
    children: dict[str, dict[str, list[str]]] = {}
    for check in CHECKS:
        for name, words in check(body, desk):
            children.setdefault(name, {"errors": []})["errors"].append(words)
    return {"children": children} if children else {}


def _code(body: Body, desk: Desk) -> Complaints:
    code = body.get("code")
    if not isinstance(code, str) or not code:
        yield "code", REQUIRED
    elif not _CODE.fullmatch(code):
        yield "code", BAD_CODE
    elif len(code) > CODE_MAX:
        yield "code", f"{CODE_MAX}文字以内で入力してください。"
    elif desk.counter.is_taken(code) or code in desk.codes:
        yield "code", TAKEN
    else:
        desk.codes.add(code)


def _head(body: Body, desk: Desk) -> Complaints:
    if body.get("store") not in desk.stores:
        yield "store", WRONG
    if instant_of(body.get("ordered_at")) is None:
        yield "ordered_at", WRONG


def _recipient(body: Body, desk: Desk) -> Complaints:
    for name in (
        "recipient_name1",
        "recipient_post_code",
        "recipient_prefecture",
        "recipient_address1",
        "recipient_phone",
    ):
        if not isinstance(body.get(name), str) or not body[name]:
            yield name, REQUIRED
    for name in ("recipient_address2", "recipient_address3", "recipient_name2"):
        if not isinstance(body.get(name, ""), str):
            yield name, WRONG
    if body.get("recipient_country", "JP") != "JP":
        yield "recipient_country", WRONG
    if len(str(body.get("recipient_name1", ""))) > NAME_MAX:
        yield "recipient_name1", f"{NAME_MAX}文字以内で入力してください。"
    parts = (body.get(f"recipient_address{place}") or "" for place in (1, 2, 3))
    if len("".join(map(str, parts))) > ADDRESS_MAX:
        yield "recipient_address1", f"住所は{ADDRESS_MAX}文字以内で入力してください。"
    if not exists(str(body.get("recipient_post_code", "")).replace("-", "")):
        yield "recipient_post_code", "郵便番号が存在しません。"
    if not _PHONE.fullmatch(str(body.get("recipient_phone", "")).replace("-", "")):
        yield "recipient_phone", WRONG


def _delivery(body: Body, desk: Desk) -> Complaints:
    if body.get("delivery_method") not in tuple(METHODS):
        yield "delivery_method", WRONG
    if body.get("delivery_temperature_control", "Normal") not in TEMPERATURES:
        yield "delivery_temperature_control", WRONG
    zone = body.get("delivery_preferred_time_zone")
    if zone is not None and zone not in desk.zones:
        yield "delivery_preferred_time_zone", "登録されていない時間帯です。"
    if body.get("delivery_preferred_date") is not None and day_of(body["delivery_preferred_date"]) is None:
        yield "delivery_preferred_date", WRONG
    quantity = body.get("delivery_package_quantity", "1")
    if not (isinstance(quantity, str) and quantity.isascii() and quantity.isdecimal() and int(quantity) >= 1):
        yield "delivery_package_quantity", WRONG
    amount = body.get("cod_total", 0)
    if type(amount) is not int or not 0 <= amount <= wire.COD_MAX:
        yield "cod_total", WRONG


def _lines(body: Body, desk: Desk) -> Complaints:
    lines = body.get("lines")
    if not isinstance(lines, list) or not lines:
        yield "lines", REQUIRED
        return
    for line in lines:
        words = _wrong_line(line, desk) if isinstance(line, dict) else WRONG
        if words:
            yield "lines", words


def _wrong_line(line: Body, desk: Desk) -> str:
    article, quantity, price = line.get("article_code"), line.get("quantity"), line.get("price", 0)
    if not isinstance(article, str) or not desk.counter.knows_article(article):
        return f"商品が登録されていません。 {article}"
    if type(quantity) is not int or quantity < 1:
        return f"数量が正しくありません。 {article}"
    if type(price) is not int or price < 0:
        return f"単価が正しくありません。 {article}"
    if line.get("tax_rate", 10) not in TAX_RATES:
        return f"税率が正しくありません。 {article}"
    return "" if isinstance(line.get("article_name", ""), str) else f"商品名が正しくありません。 {article}"


CHECKS: tuple[Callable[[Body, Desk], Complaints], ...] = (_code, _head, _recipient, _delivery, _lines)


def day_of(text: object) -> date | None:
    """YYYY-MM-DD, None for anything else."""
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def instant_of(text: object) -> datetime | None:
    """`YYYY-MM-DD HH:MM:SS` as written, without a zone; None for anything else."""
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", text, re.ASCII):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
