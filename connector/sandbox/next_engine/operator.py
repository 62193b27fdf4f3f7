"""Operator (担当者): what people do at Next Engine's screens at any time, behind the connector's back (§4.3, §10-12).

ValueError or LookupError says that the screen would not allow it; nothing was changed then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine import parcels, resultfile
from connector.sandbox.next_engine.books import Books
from connector.sandbox.next_engine.deeds import Deeds
from connector.sandbox.next_engine.fields import SLIP_FIELDS, money
from connector.sandbox.next_engine.letters import Letters
from connector.sandbox.next_engine.model import Slip
from connector.sandbox.next_engine.settings import MailTemplate, Shop
from connector.sandbox.next_engine.stock import Stock
from connector.sandbox.next_engine.tokens import TokenDesk
from connector.sandbox.next_engine.writes import not_bundleable, not_divisible

_BY = "担当者"
_OPEN = (wire.STATUS_INCOMPLETE, wire.STATUS_MAIL)


class Operator:
    """The people of the company. Slips are named by their number."""

    def __init__(self, books: Books, stock: Stock, deeds: Deeds, letters: Letters, tokens: TokenDesk) -> None:
        self._books, self._stock, self._deeds = books, stock, deeds
        self._letters, self._tokens = letters, tokens

    # slips

    def confirm(self, slip: int) -> None:
        """確認済みにする."""
        found = self._books.find(slip)
        found.fields[wire.CONFIRM_CHECK] = wire.CONFIRM_DONE
        self._changed(found, {wire.CONFIRM_CHECK: wire.CONFIRM_DONE})

    def deposit(self, slip: int, amount: int | None = None) -> None:
        """入金. Without an amount everything is paid."""
        found = self._books.find(slip)
        total = found.amount(wire.TOTAL)
        paid = total if amount is None else found.amount(wire.DEPOSIT_AMOUNT) + amount
        found.fields[wire.DEPOSIT_AMOUNT] = money(paid)
        found.fields[wire.DEPOSIT_TYPE] = wire.DEPOSIT_PAID if paid >= total else wire.DEPOSIT_PARTLY
        found.fields[wire.DEPOSITED_AT] = self._books.stamp()
        self._changed(found, {wire.DEPOSIT_AMOUNT: money(paid)})

    def cancel(self, slip: int, cancel_type: str = wire.CANCELLED_BY_CUSTOMER) -> None:
        if cancel_type not in wire.CANCEL_NAMES or cancel_type == wire.NOT_CANCELLED:
            raise ValueError(f"no cancel type {cancel_type}")
        self._deeds.cancel(self._books.find(slip), cancel_type, _BY)

    def revive(self, slip: int) -> None:
        """キャンセル戻し, rows and all."""
        found = self._books.find(slip)
        if found.live or found.fields[wire.CANCEL_TYPE] == wire.CANCELLED_BUNDLED:
            raise ValueError(f"slip {slip} cannot be brought back")
        self._deeds.revive(found, with_rows=True)

    def approve_credit(self, slip: int, number: str, amount: int | None = None) -> None:
        """クレジット承認: what the card company said, written by hand."""
        found = self._books.find(slip)
        fields = {
            "receive_order_credit_approval_type_id": "20",
            "receive_order_credit_approval_no": number,
            "receive_order_credit_approval_amount": money(
                found.amount(wire.TOTAL) if amount is None else amount
            ),
            "receive_order_credit_approval_date": self._books.stamp(),
        }
        found.fields.update(fields)
        self._changed(found, fields)

    def edit(self, slip: int, fields: Mapping[str, str | None]) -> None:
        """Any field, by its wire name; only the place of the slip has screens of its own."""
        found = self._books.find(slip)
        wrong = [
            name for name in fields if name not in SLIP_FIELDS or name in (wire.STATUS, wire.CANCEL_TYPE)
        ]
        if wrong:
            raise ValueError(f"cannot edit {', '.join(wrong)}")
        number = fields.get(wire.ORDER_NUMBER)
        if number:
            self._books.renumber(found, number)
        found.fields.update(fields)
        self._changed(found, dict(fields))
        if fields.get(wire.TRACKING):
            self._letters.tracking_written(found)

    def activate(self, slip: int) -> None:
        """受注伝票有効化: the mail slip is completed by hand, without its CSV (§5.3)."""
        found = self._books.find(slip)
        if not found.live or found.status not in _OPEN or not found.rows:
            raise ValueError(f"slip {slip} is not a usable mail slip")
        self._books.move(found, wire.STATUS_OPENED, "受注伝票有効化")
        self._letters.write(found, wire.MAIL_CONFIRMATION)

    def bundle(self, into: int, absorbed: int) -> None:
        survivor, other = self._books.find(into), self._books.find(absorbed)
        why = not_bundleable(survivor, other)
        if why:
            raise ValueError(why)
        self._deeds.bundle(survivor, other)

    def strike(self, slip: int, rows: Iterable[int]) -> None:
        """These rows are cancelled at the screen; the slip keeps its others."""
        found, wanted = self._books.find(slip), {int(no) for no in rows}
        known = {row.no for row in found.live_rows}
        if not found.live or found.status == wire.STATUS_SHIPPED or not wanted or not wanted < known:
            raise ValueError(f"rows {sorted(wanted)} of slip {slip} cannot be cancelled")
        self._deeds.strike(found, wanted)

    def split(self, slip: int, quantities: Mapping[int, int]) -> int:
        """So many pieces of these rows go to a new slip; its number."""
        found = self._books.find(slip)
        leaving = {int(no): int(quantity) for no, quantity in quantities.items()}
        why = not_divisible(found, leaving)
        if why:
            raise ValueError(why)
        return self._deeds.split(found, leaving).number

    def split_for_addresses(self, slip: int, parts: Iterable[Mapping[str, object]]) -> list[int]:
        """複数配送先: `parts` are objects with `consignee` and `quantities`; the numbers of the children."""
        found, wanted = self._books.find(slip), parcels.read(parts)
        why = parcels.not_partable(found, wanted)
        if why:
            raise ValueError(why)
        return [child.number for child in self._deeds.part(found, wanted)]

    def copy(self, slip: int) -> int:
        """The number of the copy."""
        return self._deeds.copy(self._books.find(slip)).number

    def begin_printing(self, slip: int) -> None:
        """納品書印刷中: while the file is made the slip is locked (008007)."""
        self._books.move(self._at(slip, wire.STATUS_PRINT_WAITING), wire.STATUS_PRINTING, "納品書印刷")

    def finish_printing(self, slip: int) -> None:
        self._deeds.print(self._at(slip, wire.STATUS_PRINTING, wire.STATUS_PRINT_WAITING), _BY)

    def send_back(self, slip: int) -> None:
        """起票済へ戻す: it is to be confirmed once more before it may be printed."""
        found = self._at(slip, wire.STATUS_PRINT_WAITING, wire.STATUS_PRINTED)
        found.fields[wire.CONFIRM_CHECK] = wire.CONFIRM_NEEDED
        self._books.move(found, wire.STATUS_OPENED, "起票済へ戻す")

    def ship(self, slip: int) -> None:
        """出荷確定 at the screen."""
        self._deeds.ship(self._at(slip, wire.STATUS_PRINT_WAITING, wire.STATUS_PRINTED), _BY)

    def import_results(self, content: bytes) -> list[str]:
        """出荷実績CSV: tracking numbers written and slips shipped; what could not be done, line by line."""
        complaints = []
        for result in list(resultfile.read(content)):
            try:
                slip = self._at(int(result.slip or 0), wire.STATUS_PRINT_WAITING, wire.STATUS_PRINTED)
            except (LookupError, ValueError) as why:
                complaints.append(f"{result.line}行目: {why}")
                continue
            if result.tracking:
                slip.fields[wire.TRACKING] = result.tracking
            self._deeds.ship(slip, _BY)
        return complaints

    def unship(self, slip: int) -> None:
        """出荷確定取消."""
        self._deeds.unship(self._at(slip, wire.STATUS_SHIPPED))

    # account

    def add_stock(self, sku: str, quantity: int) -> None:
        """入荷: waiting rows get it in order of arrival."""
        if self._books.stock_taking:
            raise ValueError("棚卸中です")
        self._stock.add(sku, quantity)
        self._books.history.add("stock_added", sku, quantity=quantity)

    def start_stock_taking(self) -> None:
        """棚卸開始: no call may change a slip, and printed slips go back to 印刷待ち."""
        self._books.stock_taking = True
        self._books.history.add("stock_taking_started", "account")
        for slip in self._books.with_statuses((wire.STATUS_PRINTED,)):
            if slip.live:
                self._books.move(slip, wire.STATUS_PRINT_WAITING, "棚卸")

    def stop_stock_taking(self) -> None:
        self._books.stock_taking = False
        self._books.history.add("stock_taking_stopped", "account")

    def move_intake_address(self, shop: str, address: str) -> None:
        """Server maintenance gave the shop another address; mails to the old one vanish (§5.1)."""
        self._shop(shop)
        self._books.move_intake(shop, address)
        self._books.history.add("intake_address_moved", shop, address=address)

    def change_mail_template(self, shop: str, **labels: str) -> None:
        """The intake looks for other labels from now on: mails of the old form vanish. Without labels: as it was."""
        template = replace(MailTemplate(), **labels)
        if not all(asdict(template).values()):
            raise ValueError("an empty label would fit every line")
        self._shop(shop)
        self._books.change_template(shop, template)
        self._books.history.add("mail_template_changed", shop, labels=labels)

    def switch_letter(self, letter: str, on: bool) -> None:
        """メール設定: one kind of automatic mail (J, H, F) on or off."""
        self._letters.switch(letter, on=on)

    def disable_pattern(self, pattern: str) -> None:
        self._switch_pattern(pattern, enabled=False)

    def enable_pattern(self, pattern: str) -> None:
        self._switch_pattern(pattern, enabled=True)

    def _switch_pattern(self, pattern: str, *, enabled: bool) -> None:
        if pattern not in self._books.patterns:
            raise LookupError(f"no pattern {pattern}")
        self._books.change_pattern(pattern, enabled=enabled)
        self._books.history.add("pattern_switched", pattern, enabled=enabled)

    def _shop(self, shop: str) -> Shop:
        if shop not in self._books.shops:
            raise LookupError(f"no shop {shop}")
        return self._books.shops[shop]

    def rotate_tokens(self) -> None:
        """Another program used the stored pair: it is an old one from now on (002002)."""
        self._tokens.rotate_elsewhere()

    def expire_tokens(self, access: bool = True, refresh: bool = False) -> None:
        self._tokens.expire(access=access, refresh=refresh)

    def _at(self, number: int, *statuses: str) -> Slip:
        slip = self._books.find(number)
        if not slip.live or slip.status not in statuses:
            raise ValueError(f"slip {number} stands at {slip.status}, not at {' or '.join(statuses)}")
        return slip

    def _changed(self, slip: Slip, fields: Mapping[str, str | None]) -> None:
        self._books.touch(slip)
        self._books.history.add("slip_updated", slip.number, order=slip.order_number, fields=fields, by=_BY)
