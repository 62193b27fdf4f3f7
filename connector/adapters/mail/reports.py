"""Reports (不達通知の読み取り): what an incoming mail says about a mail of ours (RFC 3464, 6533).

Dangerous: anybody can write such a mail, with any nesting and any header. So only the outermost report is read, to
a fixed depth, count and size, and every statement must be unambiguous: two different Message-IDs, or two different
actions for one recipient, say nothing at all. Whether the mail spoken of was ever sent is the ledger's question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from connector.adapters.mail.mime import Part, addresses, message_ids, parts_of, split, text_of, unfolded
from connector.adapters.mail.tells import (
    is_a_loop,
    is_automatic,
    is_from_a_list,
    is_from_a_server,
    sounds_failed,
)
from connector.incoming import Delivery, MailKind, MailReport

STATUS_PARTS = ("message/delivery-status", "message/global-delivery-status")
ORIGINAL_PARTS = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
)
KINDS = {
    "failed": MailKind.FAILED,
    "delayed": MailKind.DELAYED,
    "delivered": MailKind.DELIVERED,
    "relayed": MailKind.DELIVERED,
    "expanded": MailKind.DELIVERED,
}
RANK = (
    MailKind.FAILED,
    MailKind.DELAYED,
    MailKind.DELIVERED,
)  # of several recipients the worst names the mail
MAX_RECIPIENTS = 200
MAX_WORDS = 500
_HEX = re.compile("[0-9A-Fa-f]{1,6}")


def read_report(body: bytes, *, domain: str | None = None) -> MailReport:
    """What this mail says. Never raises. `domain` is that of our own Message-IDs, where the caller knows it."""
    try:
        return _read(body, (domain or "").lower())
    except (ValueError, LookupError, TypeError, RecursionError, MemoryError) as odd:
        return MailReport(kind=MailKind.UNREADABLE, words=f"{type(odd).__name__}: {odd}"[:MAX_WORDS])


def _read(body: bytes, domain: str) -> MailReport:
    mail = split(body)
    if mail is None or not mail.fields:
        return MailReport(kind=MailKind.UNREADABLE, words="メールとして読めません。")
    inside = parts_of(mail) if mail.type in ("multipart/report", "multipart/mixed") else []
    envelope_id, deliveries = _statuses(part for part in inside if part.type in STATUS_PARTS)
    about = _original(part for part in inside if part.type in ORIGINAL_PARTS)
    text = text_of(mail)
    kind = _kind(mail, text, deliveries, domain)
    return MailReport(
        kind=kind,
        message_id=_only(message_ids(mail.value("message-id"))),
        sender=next(iter(addresses(mail.value("from"))), ""),
        subject=mail.text("subject"),
        about=about or ("" if deliveries else _named(mail, text, kind, domain)),
        envelope_id=envelope_id,
        deliveries=deliveries,
        words=_words(kind, deliveries, text),
    )


# --- what it is taken for -------------------------------------------------------------------------------------


def _kind(mail: Part, text: str, deliveries: tuple[Delivery, ...], domain: str) -> MailKind:
    if deliveries:
        return _of_report(mail, deliveries)
    if is_a_loop(mail, domain) or is_from_a_list(mail):
        return MailKind.AUTOMATIC
    if is_from_a_server(mail) and sounds_failed(mail, text):
        return MailKind.SUSPECTED
    return MailKind.AUTOMATIC if is_automatic(mail) else MailKind.FROM_A_PERSON


def _of_report(mail: Part, deliveries: tuple[Delivery, ...]) -> MailKind:
    """By the actions alone: the subject lies, and a status says nothing about who goes on trying."""
    proper = mail.type == "multipart/report" and mail.parameter("report-type") in ("", "delivery-status")
    if not proper or is_from_a_list(mail):
        return MailKind.SUSPECTED
    found = {KINDS[one.action] for one in deliveries if one.action in KINDS}
    return next((kind for kind in RANK if kind in found), MailKind.SUSPECTED)


# --- the report's parts ---------------------------------------------------------------------------------------


def _statuses(parts: Iterable[Part]) -> tuple[str, tuple[Delivery, ...]]:
    """The envelope id and one delivery per recipient; a recipient with contradicting actions has none."""
    found: dict[str, Delivery] = {}
    envelope_ids: list[str] = []
    for part in parts:
        for group in part.groups():
            envelope_ids += group.get("original-envelope-id", [])
            one = _delivery(group)
            if one is None or len(found) >= MAX_RECIPIENTS:
                continue
            before = found.get(one.recipient, one)
            agrees = before.action == one.action
            found[one.recipient] = one if agrees else Delivery(recipient=one.recipient, action="", status="")
    return _only(envelope_ids), tuple(found.values())


def _delivery(group: dict[str, list[str]]) -> Delivery | None:
    """RFC 3464 §2.3. The recipient we named stands in Original-Recipient, where the servers carried it along."""
    recipients = group.get("original-recipient") or group.get("final-recipient") or []
    if "action" not in group or not recipients:
        return None
    said = {value.partition("(")[0].strip().lower() for value in group["action"]}
    status = group.get("status", [""])[0].split()
    return Delivery(
        recipient=_only([_recipient(value) for value in recipients]),
        action=said.pop() if len(said) == 1 else "",
        status=status[0] if status else "",
        words=unfolded(group.get("diagnostic-code", [""])[0].partition(";")[2] or "")[:MAX_WORDS],
    )


def _recipient(value: str) -> str:
    """`rfc822; a@b` → `a@b`; RFC 6533 writes other characters as \\x{HEX}."""
    kind, semicolon, address = value.partition(";")
    address = (address if semicolon else kind).strip().strip("<>")
    if kind.strip().lower() != "utf-8" or "\\x{" not in address:
        return address
    head, *rest = address.split("\\x{")
    for piece in rest:
        code, brace, tail = piece.partition("}")
        point = int(code, 16) if brace and _HEX.fullmatch(code) else 0
        sound = 0 < point < 0x110000 and not 0xD800 <= point < 0xE000
        head += chr(point) + tail if sound else "\\x{" + piece
    return head


def _original(parts: Iterable[Part]) -> str:
    """The Message-ID of the mail that came back; none where two different ones did."""
    found: list[str] = []
    for part in parts:
        inner = split(part.body())
        if inner is not None:
            found += [one for value in inner.all("message-id") for one in message_ids(value)]
    return _only(found)


def _named(mail: Part, text: str, kind: MailKind, domain: str) -> str:
    """What an answer refers to, or whose Message-ID stands in the text of a bounce without a report."""
    if kind is MailKind.SUSPECTED:
        said = _labelled(text)
        return _only([one for one in said if one.lower().endswith(f"@{domain}>")] if domain else said)
    answered = message_ids(mail.value("in-reply-to")) or message_ids(mail.value("references"))[-1:]
    return _only(answered) or (
        _only(message_ids(mail.value("message-id"))) if is_a_loop(mail, domain) else ""
    )


def _labelled(text: str) -> list[str]:
    """`Message-ID: <…>` or `元のメッセージID: <…>`."""
    labels = ("message-id", "メッセージid", "message id", "messageid")
    lines = (line for line in text.splitlines() if any(label in line.lower() for label in labels))
    return [one for line in lines for one in message_ids(line)]


def _only(found: list[str]) -> str:
    """The one thing they all say; empty where they contradict each other."""
    return found[0] if len(set(found)) == 1 else ""


def _words(kind: MailKind, deliveries: tuple[Delivery, ...], text: str) -> str:
    said = [f"{one.recipient} {one.action} {one.status} {one.words}".strip() for one in deliveries]
    if not said and kind is not MailKind.AUTOMATIC:
        said = [line.strip() for line in text.splitlines() if line.strip()][:6]
    return " / ".join(said)[:MAX_WORDS]
