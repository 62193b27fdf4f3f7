"""The cart's own link to Next Engine (ネクストエンジン連携): a mail per order and one 受注CSV a day.

spec/ecforce.md §8. What a shop has without the connector, for comparison and for living side by side; off by default.
A mail goes out once, when the payment is first known to be good; a refused order gets none, and none when it heals.
The CSV carries what Next Engine says lies in 新規受付. Dangerous on purpose: a lost mail, a healed order, a cancel
after the mail are told to nobody. All of its texts are our own.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from typing import Any, Final

from connector.adapters.ecforce import wire
from connector.adapters.next_engine import wire as ne
from connector.clock import at_jst, jst
from connector.sandbox.cart.agenda import Agenda
from connector.sandbox.cart.csv_export import AS_WINDOWS_DOES
from connector.sandbox.cart.customer_parts import Message
from connector.sandbox.cart.model import Address, Item, Order
from connector.sandbox.cart.settings import MethodKind
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.texts import stamp

KIND: Final = "ne_order"
SENDER: Final = "shop@example.jp"
NOT_LINKED: Final = (MethodKind.COD, MethodKind.BANK)
GOOD: Final = (wire.PAY_AUTHED, wire.PAY_EXAM_COMPLETED)
REFUSED: Final = (wire.PAY_AUTH_FAILED, wire.PAY_EXAM_FAILED, wire.PAY_REGISTRATION_FAILED, wire.PAY_FAILED)
BORN: Final = ("placed", "generated")


@dataclass(frozen=True, slots=True)
class NeFile:
    """One 受注CSV as it was handed over."""

    at: datetime
    numbers: tuple[str, ...]
    body: bytes


class NeLinkDesk:
    """Mails and daily files. `in_intake` says which of these numbers Next Engine shows in 新規受付; `post` carries a
    mail there; without them nobody answers and nobody carries."""

    def __init__(self, shop: Shop, agenda: Agenda, outbox: list[Message], rng: random.Random) -> None:
        self._shop, self._agenda, self._outbox, self._rng = shop, agenda, outbox, rng
        self.in_intake: Callable[[Sequence[str]], Collection[str]] = lambda numbers: ()
        self.post: Callable[[bytes, str], object] | None = None
        self.files: list[NeFile] = []
        self.mailed: dict[str, Order] = {}
        self.lost: set[str] = set()
        self._undecided: set[str] = set()
        self._excluded: dict[str, Order] = {}
        self._in_file: set[str] = set()
        self._planned = False
        shop.listeners.append(self.hear)

    # --- mails ---

    def hear(self, record: object, kind: str, before: str | None, after: str | None) -> None:
        """The first word about an order's payment decides, for ever, whether it is mailed."""
        if not isinstance(record, Order) or not self._shop.settings.ne_link.on:
            return
        if kind in BORN and record.payment.method.kind in NOT_LINKED:
            self._mail(record)
        elif kind in BORN:
            self._undecided.add(record.number)
        elif kind == "payment_state" and record.number in self._undecided:
            self._decide(record, after)

    def _decide(self, order: Order, state: str | None) -> None:
        if state not in (*GOOD, *REFUSED):
            return
        self._undecided.discard(order.number)
        if state in GOOD:
            self._mail(order)
        else:
            self._excluded[order.number] = order
            self._shop.history.add("ne_excluded", order.number, state=state)

    def mail_rest(self) -> list[str]:
        """The mail job by hand: every order with a good payment that was neither mailed nor refused at first."""
        rest = [order for order in self._shop.orders.values() if self._may_be_mailed(order)]
        for order in rest:
            self._mail(order)
        return [order.number for order in rest]

    def _may_be_mailed(self, order: Order) -> bool:
        known = order.number in self.mailed or order.number in self._excluded
        good = order.payment.state in GOOD or order.payment.method.kind in NOT_LINKED
        return good and not known and order.state == wire.STATE_COMPLETE and order.deleted_at is None

    def _mail(self, order: Order) -> None:
        link = self._shop.settings.ne_link
        subject, body = f"【{self._shop.settings.store}】ご注文 {order.number}", "\n".join(_lines(order))
        self._outbox.append(Message(self._shop.now(), KIND, link.to, order.number, None, subject, body))
        self.mailed[order.number] = order
        lost = self._rng.random() < link.mail_loss
        self._shop.history.add("ne_mailed", order.number, lost=lost)
        if lost:
            self.lost.add(order.number)
        elif self.post is not None:
            self.post(_letter(subject, body, link.to, order.number), link.to)
        self._plan()

    # --- the daily file ---

    def _plan(self) -> None:
        """The next file time, while there is anything that may go into it."""
        if self._planned or not self.mailed.keys() - self._in_file:
            return
        self._planned = True
        self._agenda.add(self._next_time(), self._daily)

    def _next_time(self) -> datetime:
        at, now = time.fromisoformat(self._shop.settings.ne_link.csv_at), self._shop.clock.now()
        due = at_jst(jst(now).date(), at.hour, at.minute)
        return due if due > now else due + timedelta(days=1)

    def _daily(self) -> None:
        self._planned = False
        if self._shop.settings.ne_link.on:
            self.run_csv()
            self._plan()

    def run_csv(self, in_intake: Collection[str] | None = None) -> NeFile | None:
        """The file now; None where Next Engine shows none of the mailed orders in 新規受付."""
        waiting = [number for number in self.mailed if number not in self._in_file]
        there = self.in_intake(waiting) if in_intake is None else in_intake
        orders = [self.mailed[number] for number in waiting if number in there]
        self._shop.history.add("ne_csv", jst(self._shop.clock.now()).date().isoformat(), orders=len(orders))
        if not orders:
            return None
        file = NeFile(self._shop.now(), tuple(order.number for order in orders), written(orders))
        self._in_file.update(file.numbers)
        self.files.append(file)
        return file

    def never_told(self) -> list[str]:
        """Orders with a good payment, or none to wait for, of which Next Engine will never hear by this link."""
        healed = [number for number, order in self._excluded.items() if _owed(order)]
        return healed + [
            number for number in self.mailed if number in self.lost and _owed(self.mailed[number])
        ]

    def clear(self) -> None:
        """After a reset there is nothing to tell."""
        for book in (self.mailed, self._excluded):
            book.clear()
        for numbers in (self.lost, self._undecided, self._in_file):
            numbers.clear()
        self.files.clear()
        self._planned = False


def _owed(order: Order) -> bool:
    good = order.payment.state in (*GOOD, wire.PAY_COD_AUTHED, wire.PAY_PENDING, wire.PAY_PAID)
    return good and order.state == wire.STATE_COMPLETE


def _lines(order: Order) -> Iterator[str]:
    """受注番号, 受注日, 商品コード and 数量, labelled as Next Engine's intake reads them."""
    person = order.billing.postal
    yield f"{ne.MAIL_ORDER_NUMBER}{order.number}"
    yield f"{ne.MAIL_ORDERED_AT}{stamp(order.completed_at)}"
    yield f"{ne.MAIL_BUYER}{person.name01} {person.name02}"
    for item in order.items:
        yield f"{ne.MAIL_ITEM}{item.variant.goods.sku},{item.quantity},{item.price}"


def _letter(subject: str, body: str, to: str, number: str) -> bytes:
    letter = EmailMessage()
    letter["Subject"], letter["From"], letter["To"] = subject, SENDER, to
    letter["Message-ID"] = f"<{number}.native@example.jp>"
    letter.set_content(body + "\n")
    return bytes(letter)


def written(orders: Sequence[Order]) -> bytes:
    """受注CSV (汎用, 41列): a row per item, the order's columns on each; 店舗伝票番号 is 受注番号."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(ne.CSV_COLUMNS)
    for order in orders:
        head = _head(order)
        for item in order.items:
            cells = head | _row(item)
            rows.writerow([cells.get(column, "") for column in ne.CSV_COLUMNS])
    return text.getvalue().translate(AS_WINDOWS_DOES).encode(ne.CSV_ENCODING, errors="replace")


def _head(order: Order) -> dict[str, Any]:
    yen, extras, slot = order.amounts, order.amounts.extras, order.delivery_time
    return {
        "店舗伝票番号": order.number,
        "受注日": stamp(order.completed_at),
        **_person("受注", "受注", order.billing),
        "受注メールアドレス": order.email,
        **_person("発送", "発送先", order.shipping[0]),
        "支払方法": order.payment.method.name,
        "発送方法": order.carrier.name if order.carrier else "",
        "商品計": yen.subtotal,
        "税金": yen.tax,
        "発送料": extras.deliv_fee,
        "手数料": extras.charge,
        "ポイント": extras.point,
        "その他費用": extras.misc_fee + extras.adjustment - yen.discount,
        "合計金額": yen.payment_total,
        "ギフトフラグ": "1" if order.wrapping else "0",
        "時間帯指定": ne.CSV_SLOT.format(slot=slot.time) if slot else "",
        "日付指定": jst(order.delivery_planned_at).strftime(ne.CSV_DATE) if order.delivery_planned_at else "",
        "備考": order.remark or "",
        "出荷済フラグ": "0",
        "顧客区分": "0",
        "ラッピング": order.wrapping or "",
    }


def _person(first: str, second: str, address: Address) -> dict[str, str]:
    form = address.postal
    return {
        f"{first}郵便番号": form.zip,
        f"{second}住所１": wire.PREFECTURES[form.prefecture_id - 1] + form.addr01,
        f"{second}住所２": " ".join(part for part in (form.addr02, form.addr03) if part),
        f"{second}名": f"{form.name01} {form.name02}",
        f"{second}名カナ" if first == second else f"{second}カナ": f"{form.kana01} {form.kana02}",
        f"{first}電話番号": form.tel,
    }


def _row(item: Item) -> dict[str, Any]:
    return {
        "商品名": item.variant.goods.name,
        "商品コード": item.variant.goods.sku,
        "商品価格": item.price,
        "受注数量": item.quantity,
        "消費税率（%）": item.variant.goods.tax_rate,
    }
