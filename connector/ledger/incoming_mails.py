"""Incoming mails (受信メール): each kept once, with what it was taken for and what it did to an order (reliability M3).

Dangerous: a report may be forged. It counts only where it names the Message-ID of a notification mail of this shop
and the recipient that mail went to; then it moves that one order and no other. All else is kept and counted.

What a final failure does (F15). A 5.x status says no for good: the attempt is refused and the order waits for a
person. A 4.x status in a final report says that the other server gave up on a passing fault: the attempt is refused,
too, and the order is announced again by itself, after a look, as often as a lost mail would be (`MAX_REDOS`); then
it waits for a person like the others. Where a slip stands already, no harm was done, and it is only written down.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.parser import BytesHeaderParser
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from connector.incoming import Delivery, MailKind, MailReport, MailSeen
from connector.journey import OrderState
from connector.ledger import archive, holds, item_rows, record
from connector.ledger.archive import Bytes
from connector.ledger.history import Entry, append
from connector.ledger.record import MAX_REDOS, By
from connector.ledger.schema import attempts, effect_items, effects, order_slips, orders
from connector.ledger.schema_hub import incoming_mails
from connector.ledger.storable import plain
from connector.outcome import EffectState, Item, Reason, Redo

STAGE, ANNOUNCES = "read_mail", "notify"
SYSTEM = "mailbox"
TAKES_BACK = (
    EffectState.INTENT,
    EffectState.SENT,
    EffectState.UNKNOWN,
    EffectState.DONE,
    EffectState.UNDONE,
)
BEFORE_A_SLIP = (OrderState.RECEIVED, OrderState.NOTIFIED)
TOO_LARGE = "上限より大きいため本文を取得していません。"


class Verdict(StrEnum):
    """What came of a mail."""

    HELD = "held"  # the attempt is refused, the order waits for a person
    AGAIN = "again"  # the attempt is refused, the order is announced again by itself
    NO_HARM = "no_harm"  # a bounce of an order that has a slip, or that left
    KNOWN = "known"  # a bounce of an attempt that was refused before
    EARLIER = "earlier"  # a bounce from an address that is not in use any more
    DELAYED = "delayed"
    DELIVERED = "delivered"
    OTHER_RECIPIENT = "other_recipient"
    NOT_OURS = "not_ours"  # names a mail that we never sent
    NO_ORIGINAL = "no_original"  # a failure that names no mail
    TO_DECIDE = "to_decide"  # reads like a failure
    FOR_A_PERSON = "for_a_person"
    FILED = "filed"
    UNREADABLE = "unreadable"


FOR_PEOPLE = (Verdict.NO_ORIGINAL, Verdict.TO_DECIDE, Verdict.FOR_A_PERSON, Verdict.UNREADABLE)
STRANGE = (*FOR_PEOPLE, Verdict.NOT_OURS, Verdict.OTHER_RECIPIENT)
BOUNCES = (Verdict.HELD, Verdict.AGAIN, Verdict.NO_HARM, Verdict.KNOWN, Verdict.EARLIER)
TOLD = {
    **dict.fromkeys(BOUNCES, "mail_bounced"),
    Verdict.DELAYED: "mail_delayed",
    Verdict.TO_DECIDE: "mail_suspected",
    Verdict.FOR_A_PERSON: "mail_answered",
}
"""What stands on the order's timeline; the other kinds say nothing about it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What `take` did. `news`: it was not here before; `understood`: nobody has to look at the mail itself."""

    id: int
    verdict: Verdict
    news: bool
    moved: int = 0

    @property
    def understood(self) -> bool:
        return self.verdict not in STRANGE


@dataclass(frozen=True, slots=True)
class _Sent:
    """A notification mail of ours, its newest attempt, and the order it announces."""

    effect: Row[Any]
    recipients: tuple[str, ...]  # of its attempts, newest first
    order: Row[Any] | None


def take(connection: Connection, shop: str, mail: MailSeen, report: MailReport, now: datetime) -> Taken:
    """Keep the bytes, the row and what follows, all in one transaction. The same bytes again change nothing."""
    digest = _digest(mail)
    known = connection.execute(
        select(incoming_mails.c.id, incoming_mails.c.verdict).where(
            incoming_mails.c.shop == shop, incoming_mails.c.digest == digest
        )
    ).first()
    if known is not None:
        return Taken(known.id, Verdict(known.verdict), news=False)
    sent = _sent(connection, shop, report.about) if report.about else None
    verdict, words = _verdict(connection, report, sent)
    kept = _keep(connection, shop, mail, report, now)
    row = {"shop": shop, "uid_validity": mail.uid_validity, "uid": mail.uid, "digest": digest}
    row |= {"kind": report.kind, "verdict": verdict, "words": plain(words or report.words)}
    row |= {"effect_id": sent.effect.id if sent is not None else None, "exchange_id": kept}
    row |= {name: plain(getattr(report, name)) for name in ("message_id", "sender", "subject", "about")}
    row |= {"seen_at": now, "settled_by": "", "note": ""}
    id_ = archive.new_id(connection.execute(insert(incoming_mails).values(**row)))
    moved = _consequence(connection, shop, id_, verdict, words, sent, now)
    return Taken(id_, verdict, news=True, moved=moved)


def moved_away(connection: Connection, mail_id: int, now: datetime) -> None:
    """It left the inbox; the newest time counts, where it came back."""
    connection.execute(update(incoming_mails).where(incoming_mails.c.id == mail_id).values(moved_at=now))


# --- what a person says ---------------------------------------------------------------------------------------


def settle(
    connection: Connection, shop: str, mail_id: int, bounced: bool, actor: str, why: str, now: datetime
) -> tuple[str, str]:
    """A person looked at it; `bounced`: it is a bounce of our mail. Returns the answer's code and the order."""
    here = (incoming_mails.c.shop == shop, incoming_mails.c.id == mail_id)
    row = connection.execute(select(incoming_mails).where(*here)).first()
    if row is None:
        return "unknown", f"#{mail_id}"
    if row.settled_at is not None or row.verdict not in FOR_PEOPLE:
        return "mail_settled_already", f"#{mail_id}"
    sent = _sent(connection, shop, row.about) if row.about else None
    if bounced and (sent is None or row.verdict != Verdict.TO_DECIDE):
        return "mail_names_no_order", f"#{mail_id}"
    settled: dict[str, Any] = {"settled_at": now, "settled_by": actor, "note": plain(why)}
    if bounced and sent is not None:
        verdict = _of_failure(connection, sent, passing=False)
        settled["verdict"] = verdict
        _consequence(connection, shop, mail_id, verdict, row.words, sent, now, actor)
    connection.execute(update(incoming_mails).where(*here).values(**settled))
    entry = Entry(item="mail", item_id=mail_id, number="", event="resolved", actor=actor, note=why)
    append(connection, shop, now, [entry])
    return ("mail_bounced" if bounced else "mail_settled"), f"#{mail_id}"


# --- what it means --------------------------------------------------------------------------------------------


def _verdict(connection: Connection, report: MailReport, sent: _Sent | None) -> tuple[Verdict, str]:
    """What comes of it, and the words that are worth showing (empty: the mail's own)."""
    match report.kind:
        case MailKind.UNREADABLE:
            return Verdict.UNREADABLE, ""
        case MailKind.AUTOMATIC:
            return Verdict.FILED, ""
        case MailKind.FROM_A_PERSON:
            return Verdict.FOR_A_PERSON, ""
        case MailKind.SUSPECTED if sent is None:
            return (Verdict.NOT_OURS if report.about else Verdict.TO_DECIDE), ""
        case MailKind.SUSPECTED:
            return Verdict.TO_DECIDE, ""
        case MailKind.FAILED if not report.about:
            return Verdict.NO_ORIGINAL, ""
    if sent is None:
        return Verdict.NOT_OURS, ""
    mine = next((n for n, known in enumerate(sent.recipients) if _about(report.deliveries, known)), None)
    if mine is None:
        return Verdict.OTHER_RECIPIENT, ""
    told = _about(report.deliveries, sent.recipients[mine])
    failed = [one for one in told if one.action == "failed"]
    if failed and mine > 0:
        return Verdict.EARLIER, _said(failed)
    if failed:
        passing = all(one.status.startswith("4.") for one in failed)
        return _of_failure(connection, sent, passing=passing), _said(failed)
    return (Verdict.DELAYED if any(one.action == "delayed" for one in told) else Verdict.DELIVERED), _said(
        told
    )


def _of_failure(connection: Connection, sent: _Sent, *, passing: bool) -> Verdict:
    order = sent.order
    has_slip = order is not None and (
        order.state not in BEFORE_A_SLIP
        or connection.execute(
            select(order_slips.c.slip_id).where(order_slips.c.order_id == order.id).limit(1)
        ).first()
        is not None
    )
    if order is None or has_slip:
        return Verdict.NO_HARM
    if sent.effect.state not in TAKES_BACK:
        return Verdict.KNOWN
    held = item_rows.items_by_id(connection, orders, [order.id])[order.id].held
    goes_on = order.state == OrderState.NOTIFIED and sent.effect.state == EffectState.DONE and not held
    return Verdict.AGAIN if passing and goes_on and order.redos < MAX_REDOS else Verdict.HELD


def _consequence(
    connection: Connection,
    shop: str,
    mail_id: int,
    verdict: Verdict,
    words: str,
    sent: _Sent | None,
    now: datetime,
    actor: str = "connector",
) -> int:
    """The effect's row, the order's row and the timeline. Returns how many orders moved."""
    if sent is None or sent.order is None or verdict not in TOLD:
        return 0
    order = sent.order
    entry = Entry(
        item="order",
        item_id=order.id,
        number=order.number,
        event=TOLD[verdict],
        stage=STAGE,
        actor=actor,
        note=words,
        facts={"mail": mail_id, "verdict": str(verdict)},
    )
    append(connection, shop, now, [entry])
    if verdict not in (Verdict.HELD, Verdict.AGAIN):
        return 0
    item = item_rows.items_by_id(connection, orders, [order.id])[order.id]
    if verdict is Verdict.AGAIN:
        by = By(STAGE, None, redo_of=ANNOUNCES)
        moved = record.record(connection, shop, by, [(item, Redo(words))], now)
        _refuse(connection, sent.effect, EffectState.UNDONE, words, now)
        return moved
    _refuse(connection, sent.effect, EffectState.REFUSED, words, now)
    _hold(connection, shop, item, words, now)
    return 0


def _hold(connection: Connection, shop: str, item: Item[Any], words: str, now: datetime) -> None:
    """Pinned for the stage that announces: releasing it lets the refused mail go again."""
    known = {"item": "order", "item_id": item.id, "number": item.noun.number}
    pinned = holds.pin(
        connection, shop, now, **known, reason=Reason.MAIL_BOUNCED, note=words, stage=ANNOUNCES
    )
    here = (orders.c.id == item.id, orders.c.state == item.state)
    connection.execute(update(orders).where(*here).values(waiting_for=plain(words), next_at=None))
    append(connection, shop, now, pinned)


def _refuse(connection: Connection, effect: Row[Any], state: EffectState, words: str, now: datetime) -> None:
    """The attempt was refused, whatever we thought of it (M3); `state` says whether its key may be used again."""
    ended = {"outcome": EffectState.REFUSED, "words": plain(words), "ended_at": now}
    newest = (attempts.c.effect_id == effect.id, attempts.c.n == effect.attempts)
    connection.execute(update(attempts).where(*newest).values(**ended))
    fresh = {"state": state, "words": plain(words), "changed_at": now, "look_at": None}
    connection.execute(update(effects).where(effects.c.id == effect.id).values(**fresh))


# --- what was sent --------------------------------------------------------------------------------------------


def _sent(connection: Connection, shop: str, message_id: str) -> _Sent | None:
    query = select(effects).where(
        effects.c.name == message_id, effects.c.shop == shop, effects.c.stage == ANNOUNCES
    )
    effect = connection.execute(query.where(effects.c.kind == "mail")).first()
    if effect is None:
        return None
    behind = select(orders).join(effect_items, effect_items.c.item_id == orders.c.id)
    order = connection.execute(behind.where(effect_items.c.effect_id == effect.id)).first()
    return _Sent(effect, _recipients(connection, effect), order)


def _recipients(connection: Connection, effect: Row[Any]) -> tuple[str, ...]:
    """Where each attempt went, newest first. Of one in doubt only its bytes can tell."""
    query = select(attempts.c.n, attempts.c.evidence).where(attempts.c.effect_id == effect.id)
    rows = connection.execute(query.order_by(attempts.c.n.desc()))
    found = {row.n: str(row.evidence.get("recipient", "")) for row in rows}
    if not found.get(effect.attempts) and effect.exchange_id is not None:
        body = archive.bodies_of(connection, [effect.exchange_id]).get(effect.exchange_id, b"")
        found[effect.attempts] = str(BytesHeaderParser().parsebytes(body[:4096]).get("To", ""))
    newest = found.pop(effect.attempts, "")
    return (newest, *(found[n] for n in sorted(found, reverse=True) if found[n]))


def _about(deliveries: Iterable[Delivery], recipient: str) -> list[Delivery]:
    return [one for one in deliveries if recipient and _same(one.recipient, recipient)]


def _same(one: str, other: str) -> bool:
    """The domain in any case; what stands before it byte for byte (RFC 5321 §2.4)."""
    (mine, _, here), (theirs, _, there) = one.rpartition("@"), other.rpartition("@")
    return mine == theirs and here.casefold() == there.casefold()


def _said(deliveries: Iterable[Delivery]) -> str:
    """The other server's words; the same fault gives the same words for every order."""
    return " / ".join(f"{one.recipient}: {one.status} {one.words}".rstrip() for one in deliveries)


def _digest(mail: MailSeen) -> str:
    """Of the bytes; of one that was not fetched, of its place."""
    place = f"{mail.uid_validity}/{mail.uid}/{mail.size}".encode()
    return hashlib.sha256(place if mail.body is None else mail.body).hexdigest()


def _keep(connection: Connection, shop: str, mail: MailSeen, report: MailReport, now: datetime) -> int | None:
    if mail.body is None:
        return None
    name = report.message_id or f"{mail.uid_validity}/{mail.uid}"
    one = Bytes(system=SYSTEM, direction="in", name=name, body=mail.body)
    kept = archive.keep_all(connection, shop, now, [one])[0].id
    archive.finish_reading(connection, kept, now, str(report.kind))
    return kept
