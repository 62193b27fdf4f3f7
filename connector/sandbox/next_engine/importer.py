"""Importer (受注一括登録): a queued order CSV completes the mail's slips or opens new ones (§5.4, §6.2).

Danger for whoever waits for it: "all succeeded" means that the file was worked through. Orders already past
intake are skipped without a word, and bad ones are only named in the queue's message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine import addresses, orderfile
from connector.sandbox.next_engine.books import Books
from connector.sandbox.next_engine.fields import money
from connector.sandbox.next_engine.letters import Letters
from connector.sandbox.next_engine.model import Row, Slip, Texts, Upload
from connector.sandbox.next_engine.orderfile import FileOrder, FileRefused
from connector.sandbox.next_engine.settings import Shop
from connector.sandbox.next_engine.stock import Stock

_SLOT = re.compile(r"時間帯指定\[(.*)\]")
_TEXTS = {  # CSV column → slip field, taken as it is
    "受注住所１": "receive_order_purchaser_address1",
    "受注住所２": "receive_order_purchaser_address2",
    "受注名": "receive_order_purchaser_name",
    "受注名カナ": "receive_order_purchaser_kana",
    "受注メールアドレス": "receive_order_purchaser_mail_address",
    "発送先住所１": "receive_order_consignee_address1",
    "発送先住所２": "receive_order_consignee_address2",
    "発送先名": "receive_order_consignee_name",
    "発送先カナ": "receive_order_consignee_kana",
    "作業者欄": wire.WORKER_TEXT,
    "備考": wire.NOTE,
    "のし": wire.NOSHI,
    "ラッピング": wire.WRAPPING,
    "メッセージ": wire.MESSAGE,
    "顧客コード": wire.CUSTOMER_ID,
}
_NUMBERS_WITHOUT_HYPHEN = {  # §6.1
    "受注郵便番号": "receive_order_purchaser_zip_code",
    "受注電話番号": "receive_order_purchaser_tel",
    "発送郵便番号": "receive_order_consignee_zip_code",
    "発送電話番号": "receive_order_consignee_tel",
}
_AMOUNTS = {
    "商品計": wire.GOODS_AMOUNT,
    "税金": wire.TAX,
    "発送料": wire.DELIVERY_FEE,
    "手数料": wire.CHARGE,
    "ポイント": wire.POINT,
    "その他費用": wire.OTHER,
    "合計金額": wire.TOTAL,
}


@dataclass(slots=True)
class _Tally:
    """How a file went."""

    imported: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)

    def message(self, orders: int) -> str | None:
        if not self.rejected and self.imported:
            return None
        named = " ".join(f"[{number}] {why}" for number, why in self.rejected.items())
        return f"{orders}件中{orders - len(self.imported)}件を取り込みませんでした。{named}".strip()


class Importer:
    """Works the upload queue, one file after the other."""

    def __init__(self, books: Books, stock: Stock, letters: Letters) -> None:
        self._books, self._stock, self._letters = books, stock, letters
        self._free_at = books.now()

    def queue(self, pattern_id: str, shop_id: str, content: bytes, *, zipped: bool) -> Upload:
        """A file waits its turn; that it was accepted says nothing about its orders."""
        books, now = self._books, self._books.now()
        number = max(books.uploads, default=books.settings.first_que_id - 1) + 1
        upload = Upload(number, shop_id, pattern_id, content, zipped, created_at=now)
        books.uploads[number] = upload
        start_at = max(now + books.settings.que_waiting, self._free_at)
        self._free_at = start_at + books.settings.que_running
        books.agenda.add(start_at, partial(self._start, upload))
        books.history.add("import_queued", number, shop=shop_id, pattern=pattern_id, size=len(content))
        return upload

    def _start(self, upload: Upload) -> None:
        try:
            orders = orderfile.read(
                upload.content, zipped=upload.zipped, required=self._books.settings.csv_required
            )
        except FileRefused as refused:
            self._end(upload, wire.QUE_FAILED, str(refused))
            return
        self._note(upload, wire.QUE_RUNNING, f"0/{len(orders)}件 処理中")
        running = self._books.settings.que_running
        self._books.agenda.add(self._books.now() + running / 2, partial(self._half_way, upload, len(orders)))
        self._books.agenda.add(self._books.now() + running, partial(self._finish, upload, orders))

    def _half_way(self, upload: Upload, orders: int) -> None:
        self._note(upload, wire.QUE_RUNNING, f"{orders // 2}/{orders}件 処理中")

    def _finish(self, upload: Upload, orders: list[FileOrder]) -> None:
        required = self._books.settings.csv_required
        tally = _Tally(rejected={order.number: why for order in orders if (why := order.complaint(required))})
        sound = [order for order in orders if order.number not in tally.rejected]
        if tally.rejected and self._books.settings.strict_file:
            sound = []
        shop = self._books.shops[upload.shop_id]
        for order in sound:
            self._take(shop, order, upload, tally)
        for number, why in tally.rejected.items():
            self._books.history.add("order_skipped", number, que_id=upload.id, why=why)
        status = wire.QUE_DONE if tally.imported else wire.QUE_FAILED
        self._end(upload, status, tally.message(len(orders)))

    def _take(self, shop: Shop, order: FileOrder, upload: Upload, tally: _Tally) -> None:
        known = self._books.of_order(shop.id, order.number)
        intake = (wire.STATUS_INCOMPLETE, wire.STATUS_MAIL)
        slip = next((slip for slip in known if slip.live and slip.status in intake), None)
        if slip is None and (known or not self._books.settings.csv_creates_slips):
            why = "取込済み" if known else "受注メールなし"
            tally.skipped.append(order.number)
            self._books.history.add("order_skipped", order.number, que_id=upload.id, why=why)
            return
        slip = self._open(shop, order) if slip is None else self._complete(slip, shop, order)
        if order.head.get("出荷済フラグ") == "1":
            self._already_shipped(slip)
        tally.imported.append(order.number)
        self._books.history.add(
            "order_imported", order.number, que_id=upload.id, slip=slip.number, shop=shop.id
        )
        self._letters.write(slip, wire.MAIL_CONFIRMATION)

    def _open(self, shop: Shop, order: FileOrder) -> Slip:
        texts = self._texts(shop, order) | {
            wire.SHOP_ID: shop.id,
            wire.ORDER_NUMBER: order.number,
            wire.STATUS: wire.STATUS_OPENED,
        }
        slip = self._books.open(texts, self._rows(order))
        self._stock.allocate(slip)
        self._books.history.add("slip_opened", order.number, slip=slip.number, shop=shop.id, by="csv")
        return slip

    def _complete(self, slip: Slip, shop: Shop, order: FileOrder) -> Slip:
        """本取込: the CSV's data under the mail slip's number; its stock is promised anew before others get it."""
        held = {row.goods_id for row in slip.rows}
        self._stock.release(slip, share=False)
        slip.rows.clear()
        slip.fields.update(self._texts(shop, order))
        for row in self._rows(order):
            slip.add_row(row)
        self._stock.allocate(slip)
        self._stock.share(held)
        self._books.move(slip, wire.STATUS_OPENED, "CSV取込")
        return slip

    def _already_shipped(self, slip: Slip) -> None:
        self._stock.ship(slip)
        self._books.move(slip, wire.STATUS_SHIPPED, "出荷済フラグ")
        slip.fields[wire.SENT_AT] = self._books.stamp()

    def _texts(self, shop: Shop, order: FileOrder) -> Texts:
        head, settings = order.head, self._books.settings
        texts: Texts = {name: head.get(column, "") or None for column, name in _TEXTS.items()}
        for column, name in _NUMBERS_WITHOUT_HYPHEN.items():
            texts[name] = head.get(column, "").replace("-", "") or None
        texts |= {name: money(head.get(column, "") or 0) for column, name in _AMOUNTS.items()}
        payment = settings.payment_convert.get(head["支払方法"].strip())
        delivery = settings.delivery_convert.get(head.get("発送方法", "").strip())
        slot = _SLOT.fullmatch(head.get("時間帯指定", "").strip())
        texts |= {
            wire.ORDERED_AT: orderfile.instant_of(head["受注日"]),
            wire.IMPORT_TYPE: wire.IMPORT_CSV,
            wire.PAYMENT_METHOD: payment or settings.other_payment,
            wire.DELIVERY: delivery or settings.default_delivery,
            wire.GIFT_FLAG: head.get("ギフトフラグ") or "0",
            wire.CUSTOMER_TYPE: head.get("顧客区分") or "0",
            wire.HOPE_ON: orderfile.day_of(head.get("日付指定", "")),
            wire.HOPE_SLOT: settings.time_slots.get(slot[1], "") if slot else "",
            wire.HOPE_SLOT_NAME: slot[1] if slot else "指定なし",
        }
        self._settle(texts, shop)
        unread = payment is None or (delivery is None and bool(head.get("発送方法")))
        self._check(texts, order, unread=unread)
        return texts

    def _settle(self, texts: Texts, shop: Shop) -> None:
        """入金区分 after import, §14.2."""
        if texts[wire.PAYMENT_METHOD] in shop.settled:
            texts[wire.DEPOSIT_TYPE] = wire.DEPOSIT_PAID
            texts[wire.DEPOSIT_AMOUNT] = texts[wire.TOTAL]
            texts[wire.DEPOSITED_AT] = self._books.stamp()

    def _check(self, texts: Texts, order: FileOrder, *, unread: bool) -> None:
        """確認内容: AG note present, AO postcode elsewhere, AA#n goods code of row n unknown.

        An unread 支払/発送方法 has no id of its own.
        """
        rules = self._books.settings.confirm_rules
        ids = ["AG"] if "AG" in rules and texts[wire.NOTE] else []
        ids += ["AO"] if "AO" in rules and addresses.elsewhere(texts) else []
        if "AA" in rules:
            codes = [line["商品コード"].strip() for line in order.lines]
            ids += [f"AA#{no}" for no, code in enumerate(codes, 1) if code not in self._stock.goods]
        texts[wire.CONFIRM_IDS] = ":".join(ids) or None
        texts[wire.CONFIRM_CHECK] = wire.CONFIRM_NEEDED if ids or unread else "0"

    def _rows(self, order: FileOrder) -> list[Row]:
        now = self._books.stamp()
        rows = []
        for no, line in enumerate(order.lines, 1):
            texts = {
                wire.ROW_NO: str(no),
                wire.ROW_SHOP_ROW_NO: str(no),
                wire.ROW_GOODS: line["商品コード"].strip(),
                wire.ROW_GOODS_NAME: line["商品名"],
                wire.ROW_QUANTITY: str(int(line["受注数量"])),
                wire.ROW_UNIT_PRICE: money(line["商品価格"]),
                wire.ROW_TAX_RATE: line.get("消費税率（%）", "").strip()
                or self._books.settings.default_tax_rate,
                wire.ROW_OPTION: line.get("商品オプション") or None,
                wire.ROW_CREATED_AT: now,
            }
            rows.append(Row.new(**texts))
        return rows

    def _note(self, upload: Upload, status: str, message: str | None) -> None:
        upload.status, upload.message, upload.modified_at = status, message, self._books.now()

    def _end(self, upload: Upload, status: str, message: str | None) -> None:
        self._note(upload, status, message)
        upload.content = b""
        self._books.history.add("import_finished", upload.id, status=status, message=message)
