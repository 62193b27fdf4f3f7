"""Incoming mail (受信メール): what lies in our mailbox, and what a mail says about a mail of ours.

Dangerous: anybody can write that our mail failed. Only a report that names a Message-ID we sent, to a recipient
we sent it to, may change anything, and then for that order alone (reliability §10.2).
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class MailSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One mail in the inbox. `body` None: larger than the limit, so it was not fetched."""

    uid_validity: int
    uid: int
    size: int
    body: bytes | None


class MailKind(StrEnum):
    """What a mail is taken for."""

    FAILED = "failed"  # a delivery report: final for at least one recipient, whatever its status begins with
    DELAYED = "delayed"  # a warning; the server goes on trying
    DELIVERED = "delivered"  # delivered, relayed or expanded: no promise, nothing to do
    SUSPECTED = "suspected"  # reads like a failure and is no delivery report: a person decides
    AUTOMATIC = "automatic"  # vacation, challenge, list: never answered, never counted
    FROM_A_PERSON = "from_a_person"
    UNREADABLE = "unreadable"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What a report says of one recipient (RFC 3464 §2.3). Trust `action`, never the status's first digit."""

    recipient: str
    action: str  # failed, delayed, delivered, relayed, expanded
    status: str  # 5.1.1
    words: str = ""  # the other server's diagnostic


class MailReport(msgspec.Struct, frozen=True, kw_only=True):
    """One incoming mail, read. `about` is the Message-ID of the mail it speaks of, empty where none stands in it."""

    kind: MailKind
    message_id: str = ""
    sender: str = ""
    subject: str = ""
    about: str = ""
    envelope_id: str = ""  # Original-Envelope-Id, where the sender gave one
    deliveries: tuple[Delivery, ...] = ()
    words: str = ""
