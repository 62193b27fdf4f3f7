"""Slip (受注伝票): one slip with its rows, dates, family and everything that happened to it, and the acts of people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from connector.adapters.next_engine import wire
from connector.clock import jst
from connector.sandbox.history import Event
from connector.sandbox.next_engine import masters
from connector.sandbox.next_engine.letters import LETTERS
from connector.sandbox.next_engine.model import Slip
from connector.sandbox.next_engine.pages.forms import SLIP_FORMS
from connector.sandbox.next_engine.pages.frame import cell, slip_link, table
from connector.sandbox.next_engine.parcels import PARENT

_NAMES: Mapping[str, Mapping[str, str]] = {
    wire.STATUS: wire.STATUS_NAMES,
    wire.CANCEL_TYPE: wire.CANCEL_NAMES,
    wire.CONFIRM_CHECK: wire.CONFIRM_NAMES,
    wire.DEPOSIT_TYPE: wire.DEPOSIT_NAMES,
    wire.IMPORT_TYPE: wire.IMPORT_NAMES,
    wire.PAYMENT_METHOD: masters.PAYMENT_NAMES,
    wire.DELIVERY: masters.DELIVERY_NAMES,
}
_PLACE = {
    "受注番号": wire.ORDER_NUMBER,
    "受注状態": wire.STATUS,
    "キャンセル区分": wire.CANCEL_TYPE,
    "確認チェック": wire.CONFIRM_CHECK,
    "確認内容": wire.CONFIRM_IDS,
    "取込種類": wire.IMPORT_TYPE,
    "支払方法": wire.PAYMENT_METHOD,
    "入金区分": wire.DEPOSIT_TYPE,
    "合計": wire.TOTAL,
    "入金額": wire.DEPOSIT_AMOUNT,
    "発送方法": wire.DELIVERY,
    "発送伝票番号": wire.TRACKING,
    "タグ": wire.TAGS,
    "作業用欄": wire.WORKER_TEXT,
    "備考": wire.NOTE,
    "送信済みメール": wire.MAIL_STATUS,
}
_DATES = {
    "受注日": wire.ORDERED_AT,
    "取込日": wire.IMPORTED_AT,
    "作成日": wire.CREATED_AT,
    "入金日": wire.DEPOSITED_AT,
    "納品書印刷指示日": wire.PRINT_ON,
    "納品書発行日": wire.PRINTED_AT,
    "出荷確定日": wire.SENT_AT,
    "キャンセル日": wire.CANCELLED_AT,
    "最終更新日": wire.MODIFIED_AT,
}
_PEOPLE = {
    "購入者": "receive_order_purchaser_name",
    "購入者住所": "receive_order_purchaser_address1",
    "発送先": "receive_order_consignee_name",
    "発送先郵便番号": "receive_order_consignee_zip_code",
    "発送先住所１": "receive_order_consignee_address1",
    "発送先住所２": "receive_order_consignee_address2",
}
_FAMILY = {
    "同梱先": wire.BUNDLED_INTO,
    "分割元": wire.DIVIDED_FROM,
    "複写元": wire.COPIED_FROM,
    "複数配送先の親": PARENT,
}
_ROW = {
    "行": wire.ROW_NO,
    "商品コード": wire.ROW_GOODS,
    "商品名": wire.ROW_GOODS_NAME,
    "受注数": wire.ROW_QUANTITY,
    "引当数": wire.ROW_ALLOCATED,
    "単価": wire.ROW_UNIT_PRICE,
    "小計": wire.ROW_SUB_TOTAL,
    "キャンセル": wire.ROW_CANCELLED,
    "同梱元": wire.ROW_BUNDLED_FROM_SLIP,
}
_COUNTED = (wire.ROW_QUANTITY, wire.ROW_ALLOCATED, wire.ROW_UNIT_PRICE, wire.ROW_SUB_TOTAL)
_HAPPENED = {
    "slip_opened": "起票",
    "order_imported": "CSV取込",
    "order_skipped": "CSVで取込なし",
    "status_moved": "状態の移動",
    "slip_updated": "更新",
    "cancelled": "キャンセル",
    "revived": "キャンセル戻し",
    "shipped": "出荷確定",
    "unshipped": "出荷確定取消",
    "printed": "納品書印刷済",
    "bundled": "同梱",
    "divided": "分割",
    "parted": "複数配送先に分割",
    "letter_sent": "自動メール送信",
    "mail_dropped": "メール破棄",
}
_DETAILS = {
    "slip": "伝票",
    "shop": "店舗",
    "by": "操作",
    "came_from": "前",
    "to": "後",
    "why": "理由",
    "fields": "項目",
    "tracking": "発送伝票番号",
    "letter": "種類",
    "cancel_type": "区分",
    "status": "状態",
    "into": "同梱先",
    "part": "分割先",
    "children": "子伝票",
    "que_id": "アップロード",
    "message_id": "Message-ID",
}
_CODES: Mapping[str, Mapping[str, str]] = {
    "came_from": wire.STATUS_NAMES,
    "to": wire.STATUS_NAMES,
    "status": wire.STATUS_NAMES,
    "cancel_type": wire.CANCEL_NAMES,
    "letter": LETTERS,
}


def slip_page(slip: Slip, tab: str | None, family: Iterable[Slip], events: Iterable[Event]) -> str:
    """`family` are the other slips of the same order number."""
    state = tab or f"タブなし（{_shown(slip, wire.STATUS)}）"
    rows = ([cell(row.fields[name], number=name in _COUNTED) for name in _ROW.values()] for row in slip.rows)
    return (
        f'<h2>伝票 {slip.number}<span class="state">{escape(state)}</span></h2>'
        f'<div class="two"><div>{_facts(slip, _PLACE)}</div>'
        f"<div>{_facts(slip, _DATES)}{_facts(slip, _PEOPLE)}</div></div>"
        f"<h3>明細</h3>{table(_ROW, rows)}{_relatives(slip, family)}"
        f'<h3>操作</h3><div class="acts">{_acts(slip)}</div><h3>できごと</h3>{_story(slip, events)}'
    )


def _shown(slip: Slip, name: str) -> str:
    value = slip.fields[name] or ""
    known = _NAMES.get(name, {}).get(value)
    return f"{value} {known}" if known else value


def _facts(slip: Slip, names: Mapping[str, str]) -> str:
    lines = "".join(
        f"<tr><th>{escape(title)}</th>{cell(_shown(slip, name))}</tr>" for title, name in names.items()
    )
    return f'<table class="facts">{lines}</table><br>'


def _relatives(slip: Slip, family: Iterable[Slip]) -> str:
    rows = [
        [
            "<td>同じ受注番号</td>",
            slip_link(other.number),
            cell(_shown(other, wire.STATUS)),
            cell(_shown(other, wire.CANCEL_TYPE)),
        ]
        for other in family
    ]
    rows += [
        [cell(title), slip_link(number), "<td></td>", "<td></td>"]
        for title, name in _FAMILY.items()
        if (number := slip.fields[name])
    ]
    return (
        f"<h3>関係する伝票</h3>{table(('関係', '伝票番号', '受注状態', 'キャンセル区分'), rows)}"
        if rows
        else ""
    )


def _acts(slip: Slip) -> str:
    fitting = (form for form in SLIP_FORMS.values() if form.fits(slip))
    return "".join(form.html(f"/slips/{slip.number}/{form.act}", slip) for form in fitting)


def _story(slip: Slip, events: Iterable[Event]) -> str:
    rows = (
        [
            cell(f"{jst(event.at):%Y-%m-%d %H:%M:%S}"),
            cell(_HAPPENED.get(event.what, event.what)),
            cell("、".join(_details(slip, event))),
        ]
        for event in events
    )
    return table(("日時", "できごと", "内容"), rows)


def _details(slip: Slip, event: Event) -> Iterable[str]:
    if event.key not in (str(slip.number), slip.order_number):
        yield f"伝票 {event.key}"
    for name, value in event.detail.items():
        if name == "order" or value in (None, "", {}):
            continue
        known = _CODES.get(name, {}).get(str(value))
        yield f"{_DETAILS.get(name, name)} {value}{f' {known}' if known else ''}"
