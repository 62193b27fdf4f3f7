"""Forms (操作): the acts of people as forms, for one slip or for the account; each is an act of the control plane."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine.letters import LETTERS
from connector.sandbox.next_engine.model import Slip

Given = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One input. Numbers and choices stand apart from plain text; `each_row` is a quantity per row."""

    name: str
    label: str
    number: bool = False
    optional: bool = False
    choices: Mapping[str, str] | None = None
    each_row: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """A button with its inputs. `arguments` makes the act's own arguments of what was typed."""

    act: str
    label: str
    fits: Callable[[Slip], bool] = lambda slip: slip.live
    fields: tuple[Field, ...] = ()
    arguments: Callable[[Given, Slip | None], dict[str, Any]] | None = None

    def read(self, given: Given, slip: Slip | None) -> dict[str, Any]:
        """ValueError for a number that is none."""
        if self.arguments is not None:
            return self.arguments(given, slip)
        typed = {field.name: field for field in self.fields if given.get(field.name)}
        found: dict[str, Any] = {
            name: int(given[name]) if field.number else given[name] for name, field in typed.items()
        }
        return found if slip is None else {"slip": slip.number, **found}

    def html(self, action: str, slip: Slip | None = None) -> str:
        inputs = "".join(_input(self.act, field, slip) for field in self.fields)
        return (
            f'<form method="post" action="{escape(action)}">{inputs}'
            f"<button>{escape(self.label)}</button></form>"
        )


def _input(act: str, field: Field, slip: Slip | None) -> str:
    if field.each_row:
        return "".join(
            _row_input(act, field, row.no, row.quantity) for row in (slip.live_rows if slip else ())
        )
    id_, need = f"{act}-{field.name}", "" if field.optional else " required"
    label = f'<label for="{id_}">{escape(field.label)}</label>'
    if field.choices is not None:
        options = "".join(
            f'<option value="{escape(value)}">{escape(text)}</option>'
            for value, text in field.choices.items()
        )
        return f'{label}<select id="{id_}" name="{field.name}">{options}</select>'
    kind = ' type="number"' if field.number else ""
    return f'{label}<input id="{id_}" name="{field.name}"{kind}{need}>'


def _row_input(act: str, field: Field, no: int, most: int) -> str:
    name = f"{field.name}{no}"
    return (
        f'<label for="{act}-{name}">{escape(field.label)}{no}</label>'
        f'<input id="{act}-{name}" name="{name}" type="number" min="0" max="{most}" value="0">'
    )


def _at(*statuses: str) -> Callable[[Slip], bool]:
    return lambda slip: slip.live and slip.status in statuses


def _quantities(given: Given, slip: Slip) -> dict[int, int]:
    asked = {row.no: int(given.get(f"row{row.no}") or 0) for row in slip.live_rows}
    return {no: quantity for no, quantity in asked.items() if quantity}


def _split(given: Given, slip: Slip | None) -> dict[str, Any]:
    if slip is None:
        raise ValueError("伝票がありません")
    return {"slip": slip.number, "quantities": _quantities(given, slip)}


def _strike(given: Given, slip: Slip | None) -> dict[str, Any]:
    if slip is None:
        raise ValueError("伝票がありません")
    return {"slip": slip.number, "rows": [int(given["row"])]}


def _two_addresses(given: Given, slip: Slip | None) -> dict[str, Any]:
    """These pieces go to the second address, the others stay with the first."""
    if slip is None:
        raise ValueError("伝票がありません")
    there = _quantities(given, slip)
    here = {row.no: left for row in slip.live_rows if (left := row.quantity - there.get(row.no, 0))}
    consignee = {f"receive_order_consignee_{part}": given.get(part, "") for part in ("name", "address1")}
    return {
        "slip": slip.number,
        "parts": [{"consignee": {}, "quantities": here}, {"consignee": consignee, "quantities": there}],
    }


def _edit(given: Given, slip: Slip | None) -> dict[str, Any]:
    return {"slip": slip.number if slip else 0, "fields": {given.get("field", ""): given.get("text") or None}}


def _bundle(given: Given, slip: Slip | None) -> dict[str, Any]:
    return {"into": slip.number if slip else 0, "absorbed": int(given.get("absorbed", ""))}


def _letter(given: Given, _: Slip | None) -> dict[str, Any]:
    return {"letter": given.get("letter", ""), "on": given.get("on") == "1"}


def _tokens(given: Given, _: Slip | None) -> dict[str, Any]:
    return {"access": True, "refresh": given.get("refresh") == "1"}


def _template(given: Given, _: Slip | None) -> dict[str, Any]:
    """An empty label brings the ordinary one back."""
    label = given.get("order_number")
    return {"shop": given.get("shop", ""), **({"order_number": label} if label else {})}


_WAITING = (wire.STATUS_OPENED, wire.STATUS_PRINT_WAITING)
_EDITABLE: Final = {
    wire.TRACKING: "発送伝票番号",
    wire.WORKER_TEXT: "作業用欄",
    wire.NOTE: "備考",
    wire.TAGS: "受注分類タグ",
    wire.PRINT_ON: "納品書印刷指示日",
    "receive_order_consignee_name": "発送先名",
    "receive_order_consignee_address1": "発送先住所１",
}
_CANCELS: Final = {id_: name for id_, name in wire.CANCEL_NAMES.items() if id_ != wire.NOT_CANCELLED}
_ROWS: Final = Field("row", "行", each_row=True)

SLIP_FORMS: Final = {
    form.act: form
    for form in (
        Form(
            "confirm",
            "確認済みにする",
            lambda slip: slip.live and slip.fields[wire.CONFIRM_CHECK] == wire.CONFIRM_NEEDED,
        ),
        Form(
            "deposit",
            "入金する",
            lambda slip: slip.live and slip.fields[wire.DEPOSIT_TYPE] != wire.DEPOSIT_PAID,
            (Field("amount", "金額（空欄は全額）", number=True, optional=True),),
        ),
        Form(
            "approve-credit",
            "クレジット承認済にする",
            lambda slip: slip.live and slip.fields[wire.PAYMENT_METHOD] == "0",
            (Field("number", "承認番号"),),
        ),
        Form("activate", "受注伝票を有効化", _at(wire.STATUS_INCOMPLETE, wire.STATUS_MAIL)),
        Form("begin-printing", "納品書印刷を始める", _at(wire.STATUS_PRINT_WAITING)),
        Form("finish-printing", "納品書印刷済にする", _at(wire.STATUS_PRINT_WAITING, wire.STATUS_PRINTING)),
        Form("ship", "出荷確定", _at(wire.STATUS_PRINT_WAITING, wire.STATUS_PRINTED)),
        Form("unship", "出荷確定取消", _at(wire.STATUS_SHIPPED)),
        Form(
            "bundle",
            "この伝票へ同梱",
            _at(*_WAITING),
            (Field("absorbed", "同梱する伝票番号", number=True),),
            _bundle,
        ),
        Form("strike", "明細をキャンセル", _at(*_WAITING), (Field("row", "行", number=True),), _strike),
        Form("split", "分割", _at(*_WAITING), (_ROWS,), _split),
        Form(
            "split-for-addresses",
            "複数配送先に分ける",
            _at(*_WAITING),
            (_ROWS, Field("name", "2件目の発送先名"), Field("address1", "住所")),
            _two_addresses,
        ),
        Form("copy", "複写", lambda slip: bool(slip.number)),
        Form("cancel", "キャンセル", fields=(Field("cancel_type", "区分", choices=_CANCELS),)),
        Form(
            "revive",
            "有効な受注に戻す",
            lambda slip: not slip.live and slip.fields[wire.CANCEL_TYPE] != wire.CANCELLED_BUNDLED,
        ),
        Form(
            "edit",
            "書き換える",
            fields=(Field("field", "項目", choices=_EDITABLE), Field("text", "内容", optional=True)),
            arguments=_edit,
        ),
    )
}
OFFICE_FORMS: Final = {
    form.act: form
    for form in (
        Form(
            "add-stock", "入荷", fields=(Field("sku", "商品コード"), Field("quantity", "数量", number=True))
        ),
        Form("start-stock-taking", "棚卸を始める"),
        Form("stop-stock-taking", "棚卸を終える"),
        Form(
            "move-intake-address",
            "受注メールの宛先を変える",
            fields=(Field("shop", "店舗"), Field("address", "新しい宛先")),
        ),
        Form(
            "change-mail-template",
            "受注メールの様式を変える",
            fields=(
                Field("shop", "店舗"),
                Field("order_number", "受注番号の見出し（空欄で元へ）", optional=True),
            ),
            arguments=_template,
        ),
        Form("disable-pattern", "登録パターンを無効にする", fields=(Field("pattern", "パターン"),)),
        Form("enable-pattern", "登録パターンを有効にする", fields=(Field("pattern", "パターン"),)),
        Form(
            "switch-letter",
            "自動メールを切り替える",
            fields=(
                Field("letter", "種類", choices=LETTERS),
                Field("on", "", choices={"1": "送る", "0": "送らない"}),
            ),
            arguments=_letter,
        ),
        Form(
            "expire-tokens",
            "トークンの期限を切る",
            fields=(Field("refresh", "", choices={"0": "アクセスのみ", "1": "両方"}),),
            arguments=_tokens,
        ),
        Form("rotate-tokens", "他のプログラムがトークンを更新した"),
    )
}
