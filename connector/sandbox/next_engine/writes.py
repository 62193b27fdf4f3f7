"""Writes (更新系API): the calls that change slips, with NE's locks and state rules (§3.3-§3.6, §4.3).

The lock is 最終更新日, or the creation date of a slip never changed, to the second. Money is never recomputed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine import slipxml
from connector.sandbox.next_engine.books import Books
from connector.sandbox.next_engine.call import Call
from connector.sandbox.next_engine.deeds import Deeds
from connector.sandbox.next_engine.fields import SLIP_FIELDS, Kind, money
from connector.sandbox.next_engine.letters import Letters
from connector.sandbox.next_engine.model import Row, Slip
from connector.sandbox.next_engine.query import comparable
from connector.sandbox.next_engine.refusal import WORDS, Complaint, Refusal
from connector.sandbox.next_engine.slipxml import BadValue, SlipChange
from connector.sandbox.next_engine.stock import Stock

Body = dict[str, Any]
LOCK_PARAM = "receive_order_last_modified_date"
SHIPPABLE = (wire.STATUS_PRINT_WAITING, wire.STATUS_PRINTED)
_AT_STATUS_1 = frozenset({wire.CANCEL_TYPE, wire.WORKER_TEXT})
_API = "API"


class Writes:
    """One method per endpoint."""

    def __init__(self, books: Books, stock: Stock, deeds: Deeds, letters: Letters) -> None:
        self._books, self._stock, self._deeds, self._letters = books, stock, deeds, letters
        self._codes = books.settings.codes

    # single slips

    def update(self, call: Call) -> Body:
        slip = self._locked_slip(call)
        try:
            change = slipxml.read_change(slipxml.read_root(call.raw(wire.DATA)))
            slipxml.check_change(change)
        except BadValue as bad:
            raise Refusal(self._codes.value, str(bad)) from None
        self._allow(slip, change, call, self._codes.wrong_state, self._codes.wrong_state)
        self._check_rows(slip, change, self._codes.value)
        self._apply(slip, change, call)
        return {}

    def shipped(self, call: Call) -> Body:
        """出荷確定: from 20 or 40, not cancelled; a tracking number is not required."""
        slip = self._locked_slip(call)
        if not slip.live or slip.status not in SHIPPABLE:
            raise Refusal(self._codes.wrong_state, "出荷確定できる状態の伝票ではありません")
        self._deeds.ship(slip, _API)
        return {}

    def receipted(self, call: Call) -> Body:
        slip = self._locked_slip(call)
        refused = self._not_printable(slip)
        if refused:
            raise Refusal(self._codes.wrong_state, refused)
        self._deeds.print(slip, _API, self._label_flag(call, ("0", wire.LABEL_TARGET)))
        return {}

    def labelprinted(self, call: Call) -> Body:
        slip = self._locked_slip(call)
        if not slip.live:
            raise Refusal(self._codes.wrong_state, "キャンセルされた伝票です")
        flags = (wire.LABEL_TARGET, wire.LABEL_ISSUED)
        self._deeds.label(slip, self._label_flag(call, flags) or wire.LABEL_ISSUED)
        return {}

    def divide(self, call: Call) -> Body:
        """分割. The real parameters are not published: rows and quantities that leave, in update's row XML."""
        slip = self._locked_slip(call)
        try:
            change = slipxml.read_change(slipxml.read_root(call.raw(wire.DATA)))
            slipxml.check_change(change)
        except BadValue as bad:
            raise Refusal(self._codes.value, str(bad)) from None
        leaving = {no: int(texts.get(wire.ROW_QUANTITY) or 0) for no, texts in change.rows.items()}
        why = not_divisible(slip, leaving)
        if why:
            raise Refusal(self._codes.wrong_state, why)
        return {wire.SLIP_ID: str(self._deeds.split(slip, leaving).number)}

    def bundle(self, call: Call) -> Body:
        """同梱. The real parameters are not published: `receive_order_id` survives, `include_order_ids` go in."""
        into = self._locked_slip(call)
        numbers = [text.strip() for text in call.text("include_order_ids").split(",") if text.strip()]
        absorbed = self._books.with_numbers(numbers)
        if not absorbed or len(absorbed) != len(set(numbers)):
            raise Refusal(self._codes.slip_not_found, "同梱する伝票がありません")
        for slip in absorbed:
            why = not_bundleable(into, slip)
            if why:
                raise Refusal("028013", why)
        for slip in absorbed:
            self._deeds.bundle(into, slip)
        return {wire.SLIP_ID: str(into.number)}

    def bundle_candidates(self, _: Call) -> Body:
        """Live slips before printing that go to the same person at the same place."""
        groups: dict[tuple[str | None, ...], list[str]] = {}
        for slip in self._books.with_statuses((wire.STATUS_OPENED, wire.STATUS_PRINT_WAITING)):
            if slip.live and slip.fields["receive_order_consignee_name"]:
                groups.setdefault(_destination(slip), []).append(str(slip.number))
        data = [{"receive_order_ids": ",".join(numbers)} for numbers in groups.values() if len(numbers) > 1]
        return {"count": str(len(data)), "data": data}

    # many slips

    def bulkupdate(self, call: Call) -> Body:
        return self._bulk(call, lambda slip, change: self._bulk_change(slip, change, call))

    def bulkupdatereceipted(self, call: Call) -> Body:
        return self._bulk(call, self._bulk_print)

    def _bulk(self, call: Call, do: Callable[[Slip, SlipChange], None]) -> Body:
        """Slips not complained about are done (§3.6); a message that is a sentence means that none was."""
        if self._books.importing:
            raise Refusal(wire.CODE_BULK_IMPORT_RUNNING)
        if self._books.stock_taking:
            raise Refusal(wire.CODE_STOCK_TAKING)
        complaints: list[Complaint] = []
        for change in self._bulk_changes(call):
            try:
                do(self._bulk_slip(change), change)
            except Refusal as refused:
                complaints.append(
                    {"receive_order_id": change.number, "code": refused.code, "message": str(refused.message)}
                )
        if complaints:
            raise Refusal(wire.CODE_BULK_FAILED, complaints)
        return {}

    def _bulk_changes(self, call: Call) -> list[SlipChange]:
        try:
            root = slipxml.read_root(call.raw(wire.DATA), call.text(wire.DATA_TYPE) or wire.DATA_XML)
            changes = [slipxml.read_change(one) for one in root.iterfind("receiveorder")]
        except BadValue as bad:
            raise Refusal(wire.CODE_BULK_FAILED, str(bad)) from None
        if not changes:
            raise Refusal(wire.CODE_BULK_FAILED, "更新する伝票がありません")
        if len(changes) > self._books.settings.bulk_max:
            many = f"一度に更新できる伝票は{self._books.settings.bulk_max}件までです"
            raise Refusal(wire.CODE_BULK_FAILED, many)
        return changes

    def _bulk_slip(self, change: SlipChange) -> Slip:
        slip = next(iter(self._books.with_numbers([change.number])), None)
        if slip is None:
            raise Refusal(self._codes.bulk_not_found, "伝票がありません")
        if slip.status == wire.STATUS_PRINTING:
            raise Refusal(self._codes.bulk_printing, WORDS[wire.CODE_INVOICE_PRINTING])
        if not same_lock(slip, change.lock):
            raise Refusal(wire.CODE_BULK_LOCK)
        return slip

    def _bulk_change(self, slip: Slip, change: SlipChange, call: Call) -> None:
        try:
            slipxml.check_change(change)
        except BadValue as bad:
            raise Refusal(wire.CODE_BULK_VALUE, str(bad)) from None
        self._allow(slip, change, call, wire.CODE_BULK_STATUS_1, self._codes.bulk_wrong_state)
        self._check_rows(slip, change, wire.CODE_BULK_VALUE)
        self._apply(slip, change, call)

    def _bulk_print(self, slip: Slip, change: SlipChange) -> None:
        refused = self._not_printable(slip)
        if refused:
            future = slip.live and slip.status == wire.STATUS_PRINT_WAITING
            raise Refusal(self._codes.bulk_future_print if future else self._codes.bulk_wrong_state, refused)
        if change.label_flag not in (None, "0", wire.LABEL_TARGET):
            raise Refusal(wire.CODE_BULK_VALUE, f"[{wire.LABEL_PRINT_FLAG}]0または1です")
        self._deeds.print(slip, _API, change.label_flag)

    # rules

    def _locked_slip(self, call: Call) -> Slip:
        """The slip a single call names, when nothing bars the way to it."""
        for name in (wire.SLIP_ID, LOCK_PARAM):
            if not call.text(name):
                raise Refusal(self._codes.missing, f"{name}を指定してください")
        slip = next(iter(self._books.with_numbers([call.text(wire.SLIP_ID)])), None)
        if slip is None:
            raise Refusal(self._codes.slip_not_found, "伝票がありません")
        if self._books.importing:
            raise Refusal(wire.CODE_IMPORT_RUNNING)
        if self._books.stock_taking:
            raise Refusal(wire.CODE_STOCK_TAKING)
        if slip.status == wire.STATUS_PRINTING:
            raise Refusal(wire.CODE_INVOICE_PRINTING)
        if not same_lock(slip, call.text(LOCK_PARAM)):
            raise Refusal(self._codes.lock, "伝票が他で更新されています")
        return slip

    def _allow(self, slip: Slip, change: SlipChange, call: Call, at_status_1: str, shipped: str) -> None:
        if slip.status == wire.STATUS_MAIL and (change.rows or set(change.fields) - _AT_STATUS_1):
            raise Refusal(at_status_1, WORDS[wire.CODE_BULK_STATUS_1])
        if slip.status == wire.STATUS_SHIPPED and call.text(wire.SHIPPED_UPDATE_FLAG) != "1":
            raise Refusal(shipped, "出荷確定済の伝票です")
        if len(slip.rows) > wire.CSV_LINES_PER_ORDER:
            raise Refusal(shipped, f"明細が{len(slip.rows)}行ある伝票は更新できません")  # §6.1, §10-16

    def _check_rows(self, slip: Slip, change: SlipChange, code: str) -> None:
        """An unknown row number adds a row, if it comes after the last one (§3.3)."""
        last = max((row.no for row in slip.rows), default=0)
        for no, texts in change.rows.items():
            if slip.row(no) is None and (no <= last or not texts.get(wire.ROW_GOODS)):
                raise Refusal(code, f"[{wire.ROW_NO}]存在しない明細行です")

    def _not_printable(self, slip: Slip) -> str | None:
        if not slip.live or slip.status != wire.STATUS_PRINT_WAITING:
            return "納品書印刷待ちの伝票ではありません"
        if (slip.fields[wire.PRINT_ON] or "") > self._books.stamp():
            return "納品書印刷指示日が未来の伝票です"
        return None

    def _label_flag(self, call: Call, allowed: Iterable[str]) -> str | None:
        flag = call.text(wire.LABEL_PRINT_FLAG) or None
        if flag is not None and flag not in allowed:
            raise Refusal(self._codes.value, f"[{wire.LABEL_PRINT_FLAG}]指定できない値です")
        return flag

    # doing

    def _apply(self, slip: Slip, change: SlipChange, call: Call) -> None:
        fields = dict(change.fields)
        cancel_type = fields.pop(wire.CANCEL_TYPE, slip.fields[wire.CANCEL_TYPE])
        order_number = fields.pop(wire.ORDER_NUMBER, slip.order_number)
        if order_number != slip.order_number:
            self._books.renumber(slip, order_number)
        for name, text in fields.items():
            slip.fields[name] = _kept(name, text)
        for no, texts in change.rows.items():
            self._change_row(slip, no, texts)
        self._books.touch(slip)
        self._books.history.add(
            "slip_updated", slip.number, order=slip.order_number, fields=change.fields, by=_API
        )
        if cancel_type and cancel_type != slip.fields[wire.CANCEL_TYPE]:
            self._change_cancel(slip, cancel_type, call)
        if wire.TRACKING in fields:
            self._letters.tracking_written(slip)

    def _change_cancel(self, slip: Slip, cancel_type: str, call: Call) -> None:
        if cancel_type == wire.NOT_CANCELLED:
            self._deeds.revive(slip, with_rows=call.text(wire.ROW_CANCEL_UPDATE_FLAG) == "1")
        else:
            self._deeds.cancel(slip, cancel_type, _API)

    def _change_row(self, slip: Slip, no: int, texts: dict[str, str]) -> None:
        row = slip.row(no)
        if row is None:
            row = Row.new(**{wire.ROW_NO: str(no), wire.ROW_CREATED_AT: self._books.stamp()})
            slip.add_row(row)
        shipped, before = slip.status == wire.STATUS_SHIPPED, row.goods_id
        if not shipped:
            self._stock.let_go(slip, row)
        row.fields |= {name: text or None for name, text in texts.items()}
        if wire.ROW_UNIT_PRICE in texts:
            row.fields[wire.ROW_UNIT_PRICE] = money(texts[wire.ROW_UNIT_PRICE] or 0)
        row.price()
        row.fields[wire.ROW_MODIFIED_AT] = self._books.stamp()
        if not shipped:
            self._stock.settle(slip, row)
            self._stock.share([before])


def same_lock(slip: Slip, sent: str) -> bool:
    """The sent 最終更新日 is the slip's, with `-` or `/` (§3.1)."""
    try:
        return comparable(Kind.INSTANT, sent) == slip.lock
    except ValueError:
        return False


def not_divisible(slip: Slip, leaving: dict[int, int]) -> str | None:
    """Why these quantities cannot leave this slip, or None."""
    if not slip.live or slip.status not in (wire.STATUS_OPENED, wire.STATUS_PRINT_WAITING):
        return "分割できる状態の伝票ではありません"
    rows = {row.no: row for row in slip.live_rows}
    if not leaving or any(no not in rows or not 0 < n <= rows[no].quantity for no, n in leaving.items()):
        return "分割する明細と数量が正しくありません"
    if sum(leaving.values()) >= sum(row.quantity for row in rows.values()):
        return "元の伝票に明細が残りません"
    return None


def not_bundleable(into: Slip, slip: Slip) -> str | None:
    """Why this slip cannot go into that one, or None."""
    if into is slip or into.shop_id != slip.shop_id:
        return "同梱できない組み合わせです"
    if any(
        not one.live or one.status not in (wire.STATUS_OPENED, wire.STATUS_PRINT_WAITING)
        for one in (into, slip)
    ):
        return "同梱できる状態の伝票ではありません"
    return None


def _destination(slip: Slip) -> tuple[str | None, ...]:
    parts = ("name", "zip_code", "address1", "address2")
    return (slip.shop_id, *(slip.fields[f"receive_order_consignee_{part}"] for part in parts))


def _kept(name: str, text: str) -> str | None:
    if not text:
        return None
    return money(text) if SLIP_FIELDS[name] is Kind.NUMBER and name.endswith("_amount") else text
