"""Outgoing mail (受注メール): one notification per order to Next Engine's intake address.

Dangerous: a second mail for the same order, and a mail that says something else than the order. The Message-ID
is made from the order number alone, so the same order always gives the same mail; and every mail is read back
by the strict reader below before it may go (invariants M1, M4, M5).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import email.errors
import email.header
import email.policy
import hashlib
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.clock import JST, jst
from connector.errors import Misconfigured, Problem, Refused
from connector.mapping import MailForm, Unfit
from connector.order import Order
from connector.outcome import Done, Effect, Hold, Reason, Reply
from connector.ports import Letter
from connector.transport.smtp import SmtpPool, checked_address

HEADERS = ("From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding")
FIXED = {
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "base64",
}

WORD_BYTES = 45  # of text in one encoded word: 60 in base64, 72 with its frame, 75 are allowed

# spec/next_engine.md §14.5
NUMBER, PLACED, BUYER, ITEM = "受注番号：", "受注日時：", "購入者名：", "商品："
PLACED_FORM = "%Y/%m/%d %H:%M:%S"
_ITEM = re.compile(r"([^,\s]+),([1-9][0-9]{0,8}),(-?[0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Whose mail it is and where it goes. `domain` is the right side of our Message-IDs."""

    shop_key: str
    sender: str
    recipient: str  # the shop's 受注情報取込み用メールアドレス; NE's maintenance can change it
    domain: str

    def problems(self) -> list[Problem]:
        found = []
        for name, text in (
            ("sender", self.sender),
            ("recipient", self.recipient),
            ("domain", f"x@{self.domain}"),
        ):
            try:
                checked_address(text)
            except Refused as refused:
                found.append(Problem(where=f"mail.{name}", line=0, column=0, words=refused.words))
        return found


@dataclass(frozen=True, slots=True)
class Announced:
    """What a notification mail tells Next Engine."""

    subject: str
    number: str
    placed_at: datetime
    buyer: str
    items: tuple[tuple[str, int, int], ...]  # code, quantity, unit price in yen


class Unreadable(ValueError):
    """The mail could be read in another way than we mean it."""


class Outgoing:
    """A `ports.Mailer` for one shop."""

    def __init__(self, settings: MailSettings, *, form: MailForm, pool: SmtpPool) -> None:
        problems = settings.problems()
        if problems:
            raise Misconfigured(problems)
        self._settings, self._form, self._pool = settings, form, pool

    def letter(self, order: Order) -> Letter | Hold:
        """The mail for one order, byte for byte the same each time; a Hold where its text cannot be carried.

        It has no Date line: the server that takes it writes one.
        """
        message_id = message_id_of(self._settings, order.number)
        try:
            subject = self._form.subject(order)
            body = _mail(self._settings, message_id, subject, self._form.text(order))
            told = read_mail(self._settings, message_id, body)
            if told.subject != subject:
                raise Unreadable("件名が元に戻りません")
        except Unfit as unfit:
            return unfit.hold
        except (Unreadable, ValueError) as error:
            return Hold(Reason.UNMAPPABLE_TEXT, f"注文通知メールに書けない文字があります: {error}")
        difference = _difference(order, told)
        if difference:
            return Hold(Reason.UNMAPPABLE_TEXT, f"注文通知メールを読み返すと注文と一致しません: {difference}")
        return Letter(name=message_id, body=body, facts={"order_number": order.number})

    async def send_all(self, effects: Sequence[Effect]) -> AsyncGenerator[tuple[Effect, Reply], None]:
        """As many at once as the pool has connections; one reply per effect, as they come."""
        waiting = iter(effects)
        running: set[asyncio.Task[tuple[Effect, Reply]]] = set()
        try:
            while True:
                while len(running) < self._pool.size and (effect := next(waiting, None)) is not None:
                    running.add(asyncio.create_task(self._send(effect)))
                if not running:
                    return
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    yield task.result()
        finally:
            # Nobody listens any more: what is on its way is looked up at the next start.
            for task in running:
                task.cancel()
            if running:
                await asyncio.wait(running)
            await self._pool.hang_up()

    async def _send(self, effect: Effect) -> tuple[Effect, Reply]:
        settings = self._settings
        try:
            reply = await self._pool.send(settings.sender, settings.recipient, effect.body)
        except Exception as error:  # noqa: BLE001 - one mail's fault is its own reply, also a bug
            return effect, error
        return effect, Done({"reply": reply, "message_id": effect.name, "recipient": settings.recipient})


def message_id_of(settings: MailSettings, order_number: str) -> str:
    digest = hashlib.sha256(f"{settings.shop_key}:{order_number}".encode()).hexdigest()
    return f"<{digest}@{settings.domain}>"


def _mail(settings: MailSettings, message_id: str, subject: str, text: str) -> bytes:
    """Fixed lines as they are; the subject only if the policy takes it, which refuses line breaks."""
    if not subject.isprintable():
        raise Unreadable("件名に制御文字があります")
    email.policy.SMTP.header_store_parse("Subject", subject)
    lines = [
        f"From: {settings.sender}\r\nTo: {settings.recipient}\r\n".encode("ascii"),
        b"Subject: " + _encoded_words(subject) + b"\r\n",
        f"Message-ID: {message_id}\r\n".encode("ascii"),
        *(f"{name}: {value}\r\n".encode("ascii") for name, value in FIXED.items()),
        b"\r\n",
        base64.encodebytes(text.replace("\r\n", "\n").replace("\n", "\r\n").encode()).replace(b"\n", b"\r\n"),
    ]
    return b"".join(lines)


def _encoded_words(text: str) -> bytes:
    """RFC 2047, split on character borders. The library's own folding loses blanks in long mixed texts."""
    pieces = [""]
    for character in text:
        if len((pieces[-1] + character).encode()) > WORD_BYTES:
            pieces.append("")
        pieces[-1] += character
    return b"\r\n ".join(b"=?utf-8?b?" + base64.b64encode(piece.encode()) + b"?=" for piece in pieces)


def read_mail(settings: MailSettings, message_id: str, body: bytes) -> Announced:
    """Read a mail of ours back, knowing nothing of how it was made. Raises Unreadable."""
    head, blank, rest = body.partition(b"\r\n\r\n")
    headers = _headers(head)
    expected = {"From": settings.sender, "To": settings.recipient, "Message-ID": message_id, **FIXED}
    if tuple(headers) != HEADERS or not blank:
        raise Unreadable(f"ヘッダが決めた形と違います: {', '.join(headers)}")
    for name, value in expected.items():
        if headers[name] != value:
            raise Unreadable(f"{name} が設定と違います")
    try:
        text = base64.b64decode(rest.replace(b"\r\n", b""), validate=True).decode()
        subject = str(email.header.make_header(email.header.decode_header(headers["Subject"])))
    except (binascii.Error, UnicodeDecodeError, email.errors.HeaderParseError) as error:
        raise Unreadable(f"本文または件名を復元できません: {error}") from error
    return read_text(subject, text)


def _headers(head: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in head.decode("ascii").replace("\r\n ", " ").split("\r\n"):
        name, colon, value = line.partition(": ")
        if not colon or name in found or not value.isprintable():
            raise Unreadable(f"ヘッダの行が読めません: {name!r}")
        found[name] = value
    return found


def read_text(subject: str, text: str) -> Announced:
    """The body as Next Engine reads it (spec/next_engine.md §14.5): each label once, rows by 商品."""
    lines = text.split("\r\n")
    if [
        line
        for line in lines
        if len(line.splitlines()) > 1 or line != line.rstrip("\r\n\x0b\x0c\x1c\x1d\x1e")
    ]:
        raise Unreadable("改行に似た文字があります")
    found: dict[str, list[str]] = {label: [] for label in (NUMBER, PLACED, BUYER, ITEM)}
    for line in lines:
        for label, values in found.items():
            if line.startswith(label):
                values.append(line.removeprefix(label).strip())
    for label in (NUMBER, PLACED, BUYER):
        if len(found[label]) != 1:
            raise Unreadable(f"「{label}」の行が{len(found[label])}行あります")
    placed_at = datetime.strptime(found[PLACED][0], PLACED_FORM).replace(tzinfo=JST)
    items = tuple(map(_item, found[ITEM]))
    return Announced(subject, found[NUMBER][0], placed_at, found[BUYER][0], items)


def _item(value: str) -> tuple[str, int, int]:
    row = _ITEM.fullmatch(value)
    if row is None:
        raise Unreadable(f"「{ITEM}{value}」を商品コード,数量,単価として読めません")
    return row[1], int(row[2]), int(row[3])


def _difference(order: Order, told: Announced) -> str:
    """The first thing that the mail tells otherwise than the order; empty if it tells the same."""
    if told.number != order.number:
        return "受注番号"
    if told.placed_at != jst(order.placed_at).replace(microsecond=0):
        return "受注日時"
    if len(told.items) != len(order.lines):
        return f"商品の行数 (注文 {len(order.lines)}、メール {len(told.items)})"
    for number, (line, (code, quantity, price)) in enumerate(zip(order.lines, told.items, strict=True), 1):
        known = code in (line.sku, line.product_number)
        if not known or (quantity, price) != (line.quantity, line.unit_price):
            return f"{number}行目の商品 {line.sku}"
    return ""
