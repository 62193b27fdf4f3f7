"""Fakes (模型): honest in-memory doubles of the ports; each keeps what it holds and its own history.

They follow the outside systems' rules where the journey leans on them, and they notice what must never happen: a
second sale, a second instruction for one slip. A test asserts on what *they* hold, never on calls made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connector.clock import Clock, jst
from connector.errors import NotDone, Refused, Unknown
from connector.incoming import MailKind, MailReport, MailSeen
from connector.order import Order, PaymentKind, PaymentState
from connector.outcome import Absent, Done, Effect, Hold, Reason, Reply, Sent
from connector.ports import (
    Answers,
    BuiltFile,
    CartPage,
    CompletionAnswers,
    CompletionBuild,
    CompletionPart,
    Letter,
    Looked,
    QueueState,
    SubscriptionPage,
)
from connector.slip import NEStatus, Shipment, Slip, SlipRow
from connector.subscription import Subscription
from msgspec.structs import replace

SENT_TAG, REFUSED_TAG = "[WMS送信済]", "[WMS:エラー]"
UNSHIPPABLE, PARTIAL = "[WMS:出荷不可]", "[WMS:一部出荷]"
Happened = tuple[str, str]  # what happened, to which number


@dataclass
class Side:
    """One outside system: a clock on its wall and a history nobody else writes."""

    clock: Clock
    history: list[Happened] = field(default_factory=list)
    faults: list[Exception | Callable[[], Exception]] = field(default_factory=list)
    """Raised by the next acts, one each, before anything happens."""

    def note(self, what: str, number: str) -> None:
        self.history.append((what, number))

    def count(self, what: str, number: str | None = None) -> int:
        return sum(one == what and number in (None, of) for one, of in self.history)

    def instead(self, **methods: Any) -> None:
        """From now on these methods of this one side do something else."""
        vars(self).update(methods)

    def stumble(self) -> None:
        if self.faults:
            fault = self.faults.pop(0)
            raise fault if isinstance(fault, Exception) else fault()


@dataclass
class FakeCart(Side):
    """The cart: orders by number. Completing by API works at once, files wait for `take_files`."""

    orders: dict[str, Order] = field(default_factory=dict)
    subscriptions: dict[int, Subscription] = field(default_factory=dict)
    route: str = "api"
    page: int = 100
    known: set[str] = field(default_factory=set)  # values the tables know by now
    drop: dict[str, bytes] = field(default_factory=dict)
    refuses: dict[str, str] = field(default_factory=dict)
    deaf: bool = False  # takes completions and does not do them yet
    loses_reply: bool = False  # of the next cancel, after it was done
    refuses_to_cancel: dict[str, str] = field(default_factory=dict)
    answers: CompletionAnswers = field(default_factory=CompletionAnswers)

    def put(self, order: Order) -> Order:
        """Place or change an order; the cart writes its own update time."""
        order = replace(order, updated_at=self.clock.now())
        self.orders[order.number] = order
        return order

    async def changed_since(self, since: datetime, until: datetime | None = None) -> AsyncIterator[CartPage]:
        found = sorted(self.orders.values(), key=lambda order: (order.updated_at, order.number))
        found = [one for one in found if since <= one.updated_at and (not until or one.updated_at < until)]
        for start in range(0, len(found), self.page):
            part = tuple(found[start : start + self.page])
            body = "\n".join(f"{order.number} {order.updated_at}" for order in part).encode()
            yield CartPage(part, (), body, len(found))

    async def placed_between(self, since: datetime, until: datetime) -> AsyncIterator[CartPage]:
        found = [order for order in self.orders.values() if since <= order.placed_at < until]
        for start in range(0, len(found), self.page):
            part = tuple(found[start : start + self.page])
            body = "\n".join(f"{order.number} {order.updated_at}" for order in part).encode()
            yield CartPage(part, (), body, len(found))

    async def count_placed(self, since: datetime, until: datetime) -> int:
        found = {o.cart_order_id for o in self.orders.values() if since <= o.placed_at < until}
        return len(found)

    async def subscriptions_changed_since(self, since: datetime) -> AsyncIterator[SubscriptionPage]:
        found = sorted(self.subscriptions.values(), key=lambda one: (one.updated_at, one.subscription_id))
        found = [one for one in found if one.updated_at >= since]
        for start in range(0, len(found), self.page):
            part = tuple(found[start : start + self.page])
            body = "\n".join(f"{one.number} {one.updated_at}" for one in part).encode()
            yield SubscriptionPage(part, (), body, len(found))

    async def look(self, cart_order_ids: Sequence[int]) -> Looked:
        wanted = set(cart_order_ids)
        return Looked({o.number: o for o in self.orders.values() if o.cart_order_id in wanted})

    def translate(self, order: Order) -> Order:
        left = tuple(value for value in order.unknown if value not in self.known)
        payment = replace(order.payment, kind=PaymentKind.DEFERRED, prepayment=False)
        return order if left else replace(order, unknown=(), payment=payment)

    def completions(self, shipped: Sequence[tuple[Order, Shipment, bool]]) -> CompletionBuild:
        rows = [
            {"number": order.number, "tracking": shipment.tracking[0], "sale": sale}
            for order, shipment, sale in shipped
            if shipment.tracking
        ]
        held = tuple(
            (order.number, Hold(Reason.MALFORMED, "no tracking"))
            for order, shipment, _ in shipped
            if not shipment.tracking
        )
        kinds = ("shipping", "state") if self.route == "files" else ("",)
        stamp = f"{self.clock.now():%H%M%S}"
        numbers = tuple(str(row["number"]) for row in rows)
        parts = tuple(
            CompletionPart(
                f"{kind}_{stamp}",
                json.dumps([kind, rows]).encode(),
                numbers,
                {"kind": kind, "sale": kind != "state"},
            )
            for kind in kinds
            if rows
        )
        return CompletionBuild(parts, held)

    async def complete(self, effect: Effect) -> Reply:
        self.stumble()
        if self.route == "files":
            self.drop[effect.name] = effect.body
            self.note("file", effect.name)
            return Sent({"path": effect.name})
        self._apply(effect.body)
        return Done({"taken": effect.name, "refused": dict(self.refuses)})

    async def completion_lies_there(self, effect: Effect) -> Reply:
        return Sent({"path": effect.name}) if effect.name in self.drop else Absent()

    async def completion_answers(self, effects: Sequence[Effect]) -> CompletionAnswers:
        return self.answers

    async def cancel(self, effect: Effect) -> Reply:
        """As the cart may be asked: what is held is released, what was taken is a person's."""
        self.stumble()
        shown = await self.cancel_stands(effect)
        if isinstance(shown, Done):
            return shown
        order = self._by_id(effect)
        words = self.refuses_to_cancel.get(order.number, "")
        if order.payment.state in (PaymentState.CAPTURED, PaymentState.PAID):
            words = "売上済みです。返金のうえ、カートで取り消してください"
        if words:
            raise Refused("cart", order.payment.state_code, words)
        self.note("cancelled", order.number)
        payment = order.payment
        if payment.state is PaymentState.AUTHORIZED and payment.kind is not PaymentKind.COD:
            self.note("voided", order.number)
            payment = replace(payment, state=PaymentState.VOIDED, state_code="voided")
        self.put(replace(order, state_code="canceled", cancelled=True, payment=payment))
        if self.loses_reply:
            self.loses_reply = False
            raise Unknown("the reply was lost")
        return await self.cancel_stands(effect)

    async def cancel_stands(self, effect: Effect) -> Reply:
        order = self._by_id(effect)
        if not order.cancelled:
            return Absent()
        facts = {"state": order.state_code, "payment": order.payment.state_code}
        return Done({"words": "カートで取り消されていることを確認しました", **facts})

    def _by_id(self, effect: Effect) -> Order:
        id_ = effect.facts["id"]
        return next(order for order in self.orders.values() if order.cart_order_id == id_)

    def take_files(self) -> None:
        for body in self.drop.values():
            self._apply(body)

    def _apply(self, body: bytes) -> None:
        kind, rows = json.loads(body)
        for row in rows:
            if row["number"] not in self.refuses and not self.deaf:
                self._complete(kind, **row)

    def _complete(self, kind: str, number: str, tracking: str, sale: bool) -> None:
        order = self.orders[number]
        if kind != "state":
            order = replace(order, tracking=tracking, shipped_at=self.clock.now())
            if sale:
                order = self._sell(order)
        if kind != "shipping":
            order = replace(order, state_code="shipped")
        self.put(order)
        self.note("completed", number)

    def _sell(self, order: Order) -> Order:
        """A second sale turns 売上完了 into 売上失敗 (spec/ecforce.md §2.10)."""
        again = order.payment.state is PaymentState.CAPTURED
        self.note("sold_twice" if again else "sold", order.number)
        state = PaymentState.CAPTURE_FAILED if again else PaymentState.CAPTURED
        return replace(order, payment=replace(order.payment, state=state, state_code=str(state)))


@dataclass
class FakeNextEngine(Side):
    """Next Engine: slips by number, with its status rules. Mails and uploads take effect after a delay."""

    orders: Callable[[str], Order | None] = lambda _number: None
    slips_held: dict[str, Slip] = field(default_factory=dict)
    mail_delay: timedelta = timedelta(minutes=1)
    upload_delay: timedelta = timedelta(minutes=1)
    mails: list[tuple[datetime, str]] = field(default_factory=list)
    uploads: dict[str, tuple[datetime, list[str]]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)  # uploads that were worked on
    skips: dict[str, str] = field(default_factory=dict)  # orders the importer refuses, and why
    changed_by_others: set[str] = field(default_factory=set)
    unmappable: set[str] = field(default_factory=set)
    gone: bool = False  # answers nothing at all
    ticks: int = 0

    def mail(self, number: str) -> None:
        self.mails.append((self.clock.now() + self.mail_delay, number))

    def edit(self, number: str, **changes: object) -> Slip:
        """What an operator or NE itself does to a slip; every write moves its lock value."""
        self.ticks += 1
        lock = f"{jst(self.clock.now()):%Y-%m-%d %H:%M:%S}.{self.ticks:06}"
        slip = replace(self.slips_held[number], lock=lock, **changes)
        self.slips_held[number] = slip
        return slip

    def open(self, order_number: str, status: int = NEStatus.INTAKE, **more: object) -> Slip:
        number = str(9001 + len(self.slips_held))
        order = self.orders(order_number)
        rows = tuple(
            SlipRow(no=n, sku=line.sku, name=line.name, quantity=line.quantity, unit_price=line.unit_price)
            for n, line in enumerate(order.lines if order else (), 1)
        )
        fields: dict[str, object] = {
            "prepayment": order.payment.prepayment if order else False,
            "payment_method": order.payment.method if order else "",
            "name": order.recipient.address.name if order else "",
            "address1": order.recipient.address.city if order else "",
            "created_at": self.clock.now(),
            "rows": rows,
        }
        slip = Slip(number=number, order_number=order_number, ne_shop_id="1", status=status)
        self.slips_held[number] = slip
        return self.edit(number, **(fields | more))

    def work(self) -> None:
        """Everything that is due in NE by now: mails become slips, uploads complete them."""
        now = self.clock.now()
        due = [number for at, number in self.mails if at <= now]
        self.mails = [(at, number) for at, number in self.mails if at > now]
        known = {slip.order_number for slip in self.slips_held.values()} if due else set()
        for number in due:
            self.note("mail_ignored" if number in known else "slip_opened", number)
            if number not in known:
                known.add(number)
                self.open(number)
        for que_id, (at, numbers) in self.uploads.items():
            if at <= now and que_id not in self.taken:
                self.taken.add(que_id)
                self._import(set(numbers) - set(self.skips))

    def _import(self, numbers: set[str]) -> None:
        for slip in list(self.slips_held.values()):
            if slip.order_number in numbers and slip.live and slip.status == NEStatus.INTAKE:
                self.note("imported", slip.order_number)
                order = self.orders(slip.order_number)
                self.edit(slip.number, status=NEStatus.OPEN, total=order.amounts.payable if order else 0)
                self.advance(slip.number)

    def advance(self, number: str) -> None:
        """2 → 20 by itself where nothing is missing (spec/next_engine.md §4.3)."""
        slip = self.slips_held[number]
        if slip.status == NEStatus.OPEN and (slip.paid or not slip.prepayment):
            self.edit(number, status=NEStatus.PRINT_WAIT, instruct_at=self.clock.now())

    def _answer(self) -> None:
        self.work()
        if self.gone:
            raise Refused("next_engine", "down", "maintenance")

    async def slips_of(self, order_numbers: Sequence[str]) -> dict[str, list[Slip]]:
        self._answer()
        wanted, found = set(order_numbers), dict[str, list[Slip]]()
        for slip in self.slips_held.values():
            if slip.order_number in wanted:
                found.setdefault(slip.order_number, []).append(replace(slip, rows=()))
        return found

    async def slips(self, slip_numbers: Sequence[str], *, rows: bool = False) -> dict[str, Slip]:
        self._answer()
        found = [self.slips_held[number] for number in slip_numbers if number in self.slips_held]
        return {slip.number: slip if rows else replace(slip, rows=()) for slip in found}

    async def slips_changed_since(self, since: datetime) -> AsyncIterator[list[Slip]]:
        self._answer()
        edge = f"{jst(since):%Y-%m-%d %H:%M:%S}"
        found = [replace(slip, rows=()) for slip in self.slips_held.values() if slip.lock >= edge]
        for start in range(0, len(found), 100):
            yield found[start : start + 100]

    def import_file(self, orders: Sequence[Order]) -> BuiltFile:
        inside = tuple(order.number for order in orders if order.number not in self.unmappable)
        out = [order.number for order in orders if order.number in self.unmappable]
        held = tuple((number, Hold(Reason.UNMAPPABLE_TEXT, "😀")) for number in out)
        return BuiltFile("\r\n".join(inside).encode(), inside, held, {"rows": len(inside)})

    async def upload(self, effect: Effect) -> Reply:
        self.stumble()
        que_id = str(len(self.uploads) + 1)
        at = self.clock.now() + self.upload_delay
        self.uploads[que_id] = (at, effect.body.decode().split("\r\n"))
        self.note("uploaded", effect.name)
        return Sent({"que_id": que_id})

    async def queue(self, que_id: str) -> QueueState | None:
        self._answer()
        at, numbers = self.uploads[que_id]
        if at > self.clock.now():
            return QueueState(0, "")
        refused = [f"{number}: {self.skips[number]}" for number in numbers if number in self.skips]
        return QueueState(-1 if len(refused) == len(numbers) else 2, "、".join(refused))

    async def file_lies_there(self, effect: Effect) -> Reply:
        return Sent() if self.count("uploaded", effect.name) else Absent()

    async def claim(self, seen: Mapping[str, Slip]) -> Answers:
        self._answer()
        return {number: await _told(self.claim_one(slip)) for number, slip in seen.items()}

    async def changed_by_us(self, slip_numbers: Sequence[str]) -> dict[str, bool]:
        return {number: number not in self.changed_by_others for number in slip_numbers}

    async def mark_unshippable(self, words: Mapping[str, str]) -> Answers:
        await self.slips(list(words))
        return {n: await _told(self.mark(n, refused=text, tag=UNSHIPPABLE)) for n, text in words.items()}

    async def mark_partial(self, words: Mapping[str, str]) -> Answers:
        await self.slips(list(words))
        return {n: await _told(self.mark(n, refused=text, tag=PARTIAL)) for n, text in words.items()}

    async def mark_relayed(self, slip_numbers: Sequence[str]) -> Answers:
        await self.slips(slip_numbers)
        return {number: await _told(self.mark(number)) for number in slip_numbers}

    async def mark_refused(self, words: Mapping[str, str]) -> Answers:
        await self.slips(list(words))
        return {number: await _told(self.mark(number, refused=text)) for number, text in words.items()}

    async def confirm_shipments(self, shipments: Mapping[str, Shipment]) -> Answers:
        now = await self.slips(list(shipments))
        return {
            number: await _told(self.confirm_shipment(now[number], shipment))
            for number, shipment in shipments.items()
        }

    async def correct_tracking(self, corrections: Mapping[str, Shipment]) -> Answers:
        return {number: await _told(self.correct(number, one)) for number, one in corrections.items()}

    async def correct(self, number: str, shipment: Shipment) -> Slip:
        self.stumble()
        held = self.slips_held[number]
        primary = shipment.tracking[0] if shipment.tracking else held.tracking
        text = held.worker_text
        if (
            len(shipment.tracking) > 1
            and (line := f"【送り状番号】{'、'.join(shipment.tracking)}") not in text
        ):
            text = "\n".join(filter(None, (text, line)))
        if (primary, text) == (held.tracking, held.worker_text):
            return held
        self.note("corrected", number)
        return self.edit(number, tracking=primary, worker_text=text)

    async def claim_one(self, seen: Slip) -> Slip:
        """Under the lock value with which it was read."""
        self.stumble()
        held = self.slips_held[seen.number]
        if SENT_TAG in seen.tags:
            return replace(held, rows=())
        if held.lock != seen.lock:
            raise NotDone("edited in between")
        self.note("claimed", seen.number)
        tags = held.tags.replace(REFUSED_TAG, "").replace("[WMS再送]", "") + SENT_TAG
        return replace(self.edit(seen.number, tags=tags), rows=())

    async def mark(self, number: str, *, refused: str = "", tag: str = "") -> Slip:
        self.stumble()
        held = self.slips_held[number]
        tag = tag or (REFUSED_TAG if refused else SENT_TAG)
        status = held.status if refused else max(held.status, NEStatus.PRINTED)
        if tag in held.tags and status == held.status:
            return replace(held, rows=())
        kinds = {REFUSED_TAG: "tagged_refused", SENT_TAG: "tagged_sent"}
        kinds |= {UNSHIPPABLE: "tagged_unshippable", PARTIAL: "tagged_partial"}
        self.note(kinds[tag], number)
        gone = {REFUSED_TAG: SENT_TAG, PARTIAL: UNSHIPPABLE}.get(tag, tag)
        tags = held.tags.replace(gone, "")
        text = "\n".join(filter(None, (held.worker_text, refused)))
        return replace(self.edit(number, tags=tags + tag, status=status, worker_text=text), rows=())

    async def confirm_shipment(self, slip: Slip, shipment: Shipment) -> Slip:
        self.stumble()
        held = self.slips_held[slip.number]
        if held.status == NEStatus.SHIPPED:
            return held
        if not held.live or held.status not in (NEStatus.PRINT_WAIT, NEStatus.PRINTED):
            raise Refused("next_engine", "020006", "出荷確定できない受注状態です")
        self.note("confirmed", slip.number)
        tracking = shipment.tracking[0] if shipment.tracking else ""
        text = held.worker_text
        if len(shipment.tracking) > 1:
            text = "\n".join(filter(None, (text, f"【送り状番号】{'、'.join(shipment.tracking)}")))
        tags = held.tags.replace(UNSHIPPABLE, "").replace(PARTIAL, "")
        fresh = {"tracking": tracking, "worker_text": text, "shipped_at": self.clock.now(), "tags": tags}
        return self.edit(slip.number, status=NEStatus.SHIPPED, **fresh)

    async def cancel(self, slip: Slip, why: str) -> Slip:
        self.stumble()
        held = self.slips_held[slip.number]
        if held.status >= NEStatus.SHIPPED:
            raise Refused("next_engine", "020008", "出荷確定済みです")
        self.note("cancelled", slip.number)
        return self.edit(slip.number, cancel_type="1")


async def _told(writing: Awaitable[Slip]) -> Slip | Exception:
    """What one slip of many is answered."""
    try:
        return await writing
    except Exception as error:  # noqa: BLE001 - one slip's bug is its own answer, as the adapter has it
        return error


@dataclass
class FakeMailer(Side):
    """The way of the notification mail: `fates` says what becomes of the next mails, one each."""

    next_engine: FakeNextEngine | None = None
    fates: list[str | Exception] = field(default_factory=list)
    """"" arrives; "lost" is accepted and never arrives; an exception is raised before ("…" after) delivery."""
    after: set[int] = field(default_factory=set)  # ids of exceptions to raise after delivery
    changed_by_others: set[str] = field(default_factory=set)
    unmappable: set[str] = field(default_factory=set)
    sent: list[str] = field(default_factory=list)  # Message-IDs in the order they left
    refuses: dict[str, str] = field(default_factory=dict)
    recipient: str = "intake@ne.example.jp"

    def letter(self, order: Order) -> Letter | Hold:
        if order.number in self.unmappable:
            return Hold(Reason.UNMAPPABLE_TEXT, "😀")
        key = hashlib.sha256(order.number.encode()).hexdigest()[:16]
        return Letter(f"<{key}@shop.example.jp>", self._body(order.number), {})

    def _body(self, number: str) -> bytes:
        return f"To: {self.recipient}\r\n\r\n受注番号：{number}".encode()

    async def send_all(self, effects: Sequence[Effect]) -> AsyncIterator[tuple[Effect, Reply]]:
        for effect in effects:
            yield effect, self._send(effect)

    def _send(self, effect: Effect) -> Reply:
        number = effect.facts["order"]
        if number in self.refuses:
            return Refused("smtp", "550", self.refuses[number])
        fate = self.fates.pop(0) if self.fates else ""
        if isinstance(fate, Exception) and id(fate) not in self.after:
            return fate
        self.sent.append(effect.name)
        self.note("sent", number)
        if fate != "lost" and self.next_engine is not None:
            self.next_engine.mail(number)
        evidence = {"reply": "250 ok", "recipient": self.recipient}
        return fate if isinstance(fate, Exception) else Done(evidence)

    def arrives_but(self, error: Exception) -> None:
        """The next mail arrives, and we hear this instead of the acceptance."""
        self.after.add(id(error))
        self.fates.append(error)


@dataclass
class FakeMailbox(Side):
    """Our mailbox: mails by UID. What was moved lies in one of two folders, and is met again only if put back."""

    reader: Callable[[bytes], MailReport] = lambda body: MailReport(kind=MailKind.UNREADABLE)
    inbox: dict[int, bytes | None] = field(default_factory=dict)
    processed: list[bytes | None] = field(default_factory=list)
    quarantine: list[bytes | None] = field(default_factory=list)
    validity: int = 1
    uids: int = 0
    sizes: dict[int, int] = field(default_factory=dict)

    def deliver(self, body: bytes | None, size: int = 0) -> int:
        """A mail arrives; None: it is larger than anybody would fetch."""
        self.uids += 1
        self.inbox[self.uids], self.sizes[self.uids] = body, size or len(body or b"")
        return self.uids

    def renumber(self) -> None:
        """The server lost its numbers: the same mails come under new ones."""
        self.validity += 1
        self.inbox = {uid + 1000: body for uid, body in self.inbox.items()}
        self.sizes = {uid + 1000: size for uid, size in self.sizes.items()}
        self.uids += 1000

    async def waiting(self) -> AsyncIterator[MailSeen]:
        for uid, body in sorted(self.inbox.items()):
            yield MailSeen(uid_validity=self.validity, uid=uid, size=self.sizes[uid], body=body)

    def read(self, body: bytes) -> MailReport:
        return self.reader(body)

    async def move(self, mail: MailSeen, *, understood: bool) -> None:
        self.stumble()
        if mail.uid_validity == self.validity and mail.uid in self.inbox:
            (self.processed if understood else self.quarantine).append(self.inbox.pop(mail.uid))
            self.note("processed" if understood else "quarantined", str(mail.uid))
