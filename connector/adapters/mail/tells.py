"""Tells (見分け方): by which headers and words mail of machines is told from mail of people (RFC 3834).

A wrong guess costs little on purpose: none of these kinds changes an order.
"""

from __future__ import annotations

import re

from connector.adapters.mail.mime import Part, addresses

MAX_HOPS = 25
SERVERS = ("mailer-daemon", "postmaster", "mail-daemon", "maildelivery")
ROBOTS = ("no-reply", "noreply", "do-not-reply", "donotreply", "oshirase", "info-noreply")
LISTS = ("list-id", "list-unsubscribe", "list-post", "mailing-list")
BULK = ("bulk", "list", "junk", "auto_reply", "auto-reply")
FAILED = (
    "undeliver",
    "could not be delivered",
    "could not hand over your mail",
    "could not deliver",
    "couldn't be delivered",
    "wasn't able to deliver",
    "was not delivered",
    "delivery has failed",
    "delivery failed",
    "delivery failure",
    "delivery to the following recipient",
    "failure notice",
    "returned mail",
    "returned to sender",
    "permanent error",
    "user unknown",
    "no such user",
    "mailbox full",
    "配信できません",
    "配信不能",
    "配信に失敗",
    "配達できません",
    "配送できません",
    "届けることができません",
    "送信できません",
    "宛先不明",
    "宛先に送信できませんでした",
    "見つかりません",
    "エラーメール",
)
"""Words of mail servers in their own texts. Only together with a server's sender: people quote them, too."""
NOTICES = (
    "ご不在",
    "不在連絡",
    "不在通知",
    "不在票",
    "再配達",
    "お届け予定",
    "お届け完了",
    "自動返信",
    "自動応答",
)
_OURS = re.compile(r"<[0-9a-f]{64}@([^<>@\s]+)>")  # the shape of our own Message-IDs
_STATUS = re.compile(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])")


def is_a_loop(mail: Part, domain: str) -> bool:
    """Our own mail came back to us, or it has been handed round for too long."""
    if mail.value("x-loop") or len(mail.all("received")) > MAX_HOPS:
        return True
    ours = _OURS.fullmatch(mail.value("message-id").lower())
    return ours is not None and domain in ("", ours[1])


def is_from_a_list(mail: Part) -> bool:
    return any(mail.value(name) for name in LISTS) or mail.value("precedence").lower() == "list"


def is_from_a_server(mail: Part) -> bool:
    """An empty envelope sender, or a mail system's own address."""
    return _no_sender(mail) or any(_local(one).startswith(SERVERS) for one in addresses(mail.value("from")))


def sounds_failed(mail: Part, text: str) -> bool:
    """It speaks of a failure, and is not an answer that a person's mailbox wrote by rule."""
    if mail.value("auto-submitted").lower().startswith("auto-replied (vacation"):
        return False
    said = f"{mail.text('subject')}\n{text}".lower()
    return any(words in said for words in FAILED) or _STATUS.search(said) is not None


def is_automatic(mail: Part) -> bool:
    """Written by a machine: it says so, has no sender to answer to, or is a notice of a known kind."""
    said = mail.value("auto-submitted").lower()
    return (
        said not in ("", "no")
        or any(mail.value(name) for name in ("x-auto-response-suppress", "x-autoreply", "x-autorespond"))
        or mail.value("precedence").lower() in BULK
        or _no_sender(mail)
        or mail.type == "multipart/report"  # read receipts, abuse reports
        or any(_local(one).startswith((*ROBOTS, *SERVERS)) for one in addresses(mail.value("from")))
        or any(words in mail.text("subject") for words in NOTICES)
    )


def _no_sender(mail: Part) -> bool:
    return mail.value("return-path").replace(" ", "") == "<>"


def _local(address: str) -> str:
    return address.partition("@")[0].lower()
