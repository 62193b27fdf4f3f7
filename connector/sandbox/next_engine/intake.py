"""Intake (受注メール取込): an order mail opens a slip in 新規受付 and takes its stock (§5.1, §5.2, §14.5).

A mail that cannot be used vanishes: no bounce, no reply, only a line in the history. That is the real danger
of this door, and why the connector looks for every slip it announced.
"""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import default as policy

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine.books import Books
from connector.sandbox.next_engine.fields import money
from connector.sandbox.next_engine.model import IntakeLine, Row, Slip
from connector.sandbox.next_engine.settings import MailTemplate, Shop
from connector.sandbox.next_engine.stock import Stock

_FORWARDED = re.compile(r"\s*fwd?\s*[:：]", re.IGNORECASE)
_ITEM = re.compile(r"\s*([^,\s]+)\s*,\s*(\d{1,9})\s*,\s*(\d{1,9}(?:\.\d\d?)?)\s*")

ORDINARY = MailTemplate()


@dataclass(frozen=True, slots=True)
class OrderMail:
    """What the mail says."""

    order_number: str
    ordered_at: str | None
    buyer: str | None
    items: tuple[tuple[str, int, str], ...]  # code, quantity, unit price


class Unusable(Exception):
    """The mail opens no slip; the text says why."""


class Intake:
    """The mail door of the account."""

    def __init__(self, books: Books, stock: Stock) -> None:
        self._books, self._stock = books, stock
        self.log: list[IntakeLine] = []

    def deliver(self, mail: bytes, recipient: str) -> None:
        """A mail arrives; it is read after the intake's own delay."""
        message_id = str(email.message_from_bytes(mail)["Message-ID"] or "").strip()
        self._books.history.add("mail_received", message_id, recipient=recipient)
        due_at = self._books.now() + self._books.settings.intake_delay
        self._books.agenda.add(due_at, lambda: self._take(mail, recipient, message_id))

    def _take(self, mail: bytes, recipient: str, message_id: str) -> None:
        shop, number = self._books.shop_of_address(recipient), ""
        try:
            if shop is None:
                raise Unusable(f"宛先不明: {recipient}")
            order = read(mail, shop.template)
            number = order.order_number
            if self._books.of_order(shop.id, number):
                raise Unusable(f"取込済みの受注番号: {number}")
        except Unusable as why:
            self._books.history.add("mail_dropped", message_id, recipient=recipient, why=str(why))
            self._note(recipient, message_id, number, None, str(why))
            return
        self._note(recipient, message_id, number, self._open(shop, order, message_id), "")

    def _note(self, recipient: str, message_id: str, number: str, slip: Slip | None, why: str) -> None:
        shop = self._books.shop_of_address(recipient)
        former = self._books.former_addresses.get(recipient.strip().casefold(), "")
        shop_id, opened = shop.id if shop else former, slip.number if slip else None
        self.log.append(IntakeLine(self._books.stamp(), shop_id, recipient, message_id, number, opened, why))

    def _open(self, shop: Shop, order: OrderMail, message_id: str) -> Slip:
        settings, now = self._books.settings, self._books.stamp()
        rows = [self._row(no, *item, now) for no, item in enumerate(order.items, 1)]
        total = money(sum(row.sub_total for row in rows))
        incomplete = not rows
        slip = self._books.open(
            {
                wire.SHOP_ID: shop.id,
                wire.ORDER_NUMBER: order.order_number,
                wire.ORDERED_AT: order.ordered_at or now,
                wire.STATUS: settings.status_without_rows if incomplete else wire.STATUS_MAIL,
                wire.CONFIRM_CHECK: wire.CONFIRM_NEEDED if incomplete else "0",
                wire.IMPORT_TYPE: wire.IMPORT_MAIL,
                wire.DELIVERY: settings.default_delivery,
                wire.GOODS_AMOUNT: total,
                wire.TOTAL: total,
                "receive_order_purchaser_name": order.buyer,
            },
            rows,
        )
        self._stock.allocate(slip)
        self._books.history.add(
            "slip_opened",
            order.order_number,
            slip=slip.number,
            shop=shop.id,
            by="mail",
            message_id=message_id,
        )
        return slip

    def _row(self, no: int, code: str, quantity: int, price: str, now: str) -> Row:
        goods = self._stock.goods.get(code)
        texts = {
            wire.ROW_NO: str(no),
            wire.ROW_SHOP_ROW_NO: str(no),
            wire.ROW_GOODS: code,
            wire.ROW_GOODS_NAME: goods.name if goods else code,
            wire.ROW_QUANTITY: str(quantity),
            wire.ROW_UNIT_PRICE: money(price),
            wire.ROW_TAX_RATE: self._books.settings.default_tax_rate,
            wire.ROW_CREATED_AT: now,
        }
        return Row.new(**texts)


def read(mail: bytes, template: MailTemplate = ORDINARY) -> OrderMail:
    """The order in a mail; Unusable when there is none. A label that is missing to the letter is missing."""
    message = _parsed(mail)
    if _FORWARDED.match(str(message["Subject"] or "")):
        raise Unusable("転送メール (Fw:)")
    lines = _body(message).splitlines()
    number = _after(lines, template.order_number)
    if not number:
        raise Unusable("受注番号なし")
    label = template.item
    items = [_ITEM.fullmatch(line[len(label) :]) for line in lines if line.startswith(label)]
    return OrderMail(
        order_number=number,
        ordered_at=_stamp_of(_after(lines, template.ordered_at)),
        buyer=_after(lines, template.buyer),
        items=tuple((item[1], int(item[2]), item[3]) for item in items if item is not None and int(item[2])),
    )


def _parsed(mail: bytes) -> EmailMessage:
    return email.message_from_bytes(mail, policy=policy)


def _body(message: EmailMessage) -> str:
    part = message.get_body(preferencelist=("plain",))
    if part is None:
        raise Unusable("本文なし (text/plain)")
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError):
        raise Unusable("本文の文字コードが不明") from None


def _after(lines: list[str], label: str) -> str | None:
    """The text behind a label at the start of a line."""
    found = (line[len(label) :].strip() for line in lines if line.startswith(label))
    return next(found, None) or None


def _stamp_of(text: str | None) -> str | None:
    try:
        return datetime.strptime(text or "", wire.CSV_INSTANT).strftime(wire.STAMP_FORMAT)  # noqa: DTZ007
    except ValueError:
        return None
