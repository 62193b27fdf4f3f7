"""Bounces (不達通知): what a mail server writes to the sender of a mail it could not deliver (RFC 3462, RFC 3464).

The shape is Postfix's, as captured from a real one in fixtures/mail/bounce/real. A final failure may carry a status
that begins with 4, and a warning looks almost like a failure: only `Action` tells them apart.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

REPORTING_HOST = "mx1.example.jp"
_KEPT = timedelta(days=1)  # how long a mail is tried again
_FAILED = (
    "I'm sorry to have to inform you that your message could not",
    "be delivered to one or more recipients. It's attached below.",
)
_WARNING = (
    "####################################################################",
    "# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #",
    "####################################################################",
    "",
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """How the server of a recipient treats our mail."""

    status: str
    said: str  # what it answers at RCPT TO or after DATA
    step: str = "RCPT TO"
    ends_after: timedelta = timedelta(minutes=2)
    warns_after: timedelta | None = None
    arrives: bool = False  # in the end, late, and no failure is reported
    headers_only: bool = False  # the report brings the headers of our mail alone

    def __post_init__(self) -> None:
        if self.warns_after is not None and self.warns_after >= self.ends_after:
            raise ValueError("a warning comes before the end")


TROUBLES = {
    "no-such-user": Trouble(
        "5.1.1", "550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table"
    ),
    "mailbox-full": Trouble("5.2.2", "552 5.2.2 <{to}>: Recipient address rejected: Mailbox full"),
    "content-refused": Trouble(
        "5.7.1", "550 5.7.1 Message content rejected by policy", step="end of DATA command"
    ),
    "greylisted": Trouble(
        "4.2.0",
        "450 4.2.0 <{to}>: Recipient address rejected: Greylisted, see http://postgrey.example.jp/",
        ends_after=timedelta(minutes=15),
        arrives=True,
    ),
    "server-down": Trouble(
        "4.3.2",
        "451 4.3.2 <{to}>: Recipient address rejected: System not accepting network messages, try again later",
        ends_after=_KEPT,
        warns_after=timedelta(hours=4),
    ),
}


@dataclass(frozen=True, slots=True)
class Returned:
    """A mail that comes back: who sent it to whom, and its bytes."""

    sender: str
    recipient: str
    raw: bytes
    accepted_at: datetime
    queue_id: str


def report(mail: Returned, trouble: Trouble, now: datetime, *, final: bool) -> bytes:
    """The whole report as it lies in the sender's mailbox: a failure, or a warning that it is still tried."""
    boundary = f"{mail.queue_id}.{int(now.timestamp())}/{REPORTING_HOST}"
    whole = final and not trouble.headers_only
    parts = [
        ("Notification", "text/plain; charset=utf-8", True, _words(mail, trouble, final=final)),
        ("Delivery report", "message/delivery-status", False, _status(mail, trouble, final=final)),
        (
            "Undelivered Message" if whole else "Undelivered Message Headers",
            "message/rfc822" if whole else "text/rfc822-headers",
            True,
            _original(mail, whole=whole),
        ),
    ]
    body = b"This is a MIME-encapsulated message.\r\n\r\n"
    for description, kind, eight_bit, content in parts:
        head = f"--{boundary}\r\nContent-Description: {description}\r\nContent-Type: {kind}\r\n"
        head += "Content-Transfer-Encoding: 8bit\r\n" if eight_bit else ""
        body += head.encode() + b"\r\n" + content + b"\r\n"
    return _head(mail, boundary, now, final=final) + b"\r\n" + body + f"--{boundary}--\r\n".encode()


def _head(mail: Returned, boundary: str, now: datetime, *, final: bool) -> bytes:
    subject = "Undelivered Mail Returned to Sender" if final else "Delayed Mail (still being retried)"
    own_id, date = f"{mail.queue_id}{'E' if final else 'D'}", _date(now)
    return _lines(
        "Return-Path: <>",
        f"X-Original-To: {mail.sender}",
        f"Delivered-To: {mail.sender}",
        f"Received: by {REPORTING_HOST} (Postfix)",
        f"\tid {own_id}; {date}",
        f"Date: {date}",
        f"From: Mail Delivery System <MAILER-DAEMON@{mail.sender.rpartition('@')[2]}>",
        f"Subject: {subject}",
        f"To: {mail.sender}",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        "Content-Type: multipart/report; report-type=delivery-status;",
        f'\tboundary="{boundary}"',
        "Content-Transfer-Encoding: 8bit",
        f"Message-Id: <{now:%Y%m%d%H%M%S}.{own_id}@{REPORTING_HOST}>",
    )


def _words(mail: Returned, trouble: Trouble, *, final: bool) -> bytes:
    """What a person reads."""
    waited = int((trouble.warns_after or timedelta()).total_seconds()) // 3600
    why = (
        _FAILED
        if final
        else (*_WARNING, f"Your message could not be delivered for more than {waited} hour(s).")
    )
    reason = f"<{mail.recipient}>: host {_host(mail)}[192.0.2.25] said: {_said(mail, trouble)}"
    return _lines(
        f"This is the mail system at host {REPORTING_HOST}.",
        "",
        *why,
        *(() if final else ("It will be retried until it is 1 day(s) old.",)),
        "",
        "For further assistance, please send mail to postmaster.",
        "",
        "If you do so, please include this problem report. You can",
        "delete your own text from the attached returned message.",
        "",
        "                   The mail system",
        "",
        *_folded(f"{reason} (in reply to {trouble.step})"),
    )


def _status(mail: Returned, trouble: Trouble, *, final: bool) -> bytes:
    """RFC 3464 §2: what programs read."""
    retried = () if final else (f"Will-Retry-Until: {_date(mail.accepted_at + _KEPT)}",)
    return _lines(
        f"Reporting-MTA: dns; {REPORTING_HOST}",
        f"X-Postfix-Queue-ID: {mail.queue_id}",
        f"X-Postfix-Sender: rfc822; {mail.sender}",
        f"Arrival-Date: {_date(mail.accepted_at)}",
        "",
        f"Final-Recipient: rfc822; {mail.recipient}",
        f"Original-Recipient: rfc822;{mail.recipient}",
        f"Action: {'failed' if final else 'delayed'}",
        f"Status: {trouble.status}",
        f"Remote-MTA: dns; {_host(mail)}",
        *_folded(f"Diagnostic-Code: smtp; {_said(mail, trouble)}"),
        *retried,
    )


def _original(mail: Returned, *, whole: bool) -> bytes:
    """Our mail as it came in, with the lines every server adds; its own Message-ID is what we look for."""
    added = _lines(
        f"Return-Path: <{mail.sender}>",
        f"Received: from connector.{mail.sender.rpartition('@')[2]} (connector [192.0.2.10])",
        f"\tby {REPORTING_HOST} (Postfix) with ESMTP id {mail.queue_id}",
        f"\tfor <{mail.recipient}>; {_date(mail.accepted_at)}",
    )
    head, gap, body = mail.raw.partition(b"\r\n\r\n")
    return added + (head + gap + body if whole else head + b"\r\n")


def _host(mail: Returned) -> str:
    return f"mx.{mail.recipient.rpartition('@')[2]}"


def _said(mail: Returned, trouble: Trouble) -> str:
    return trouble.said.format(to=mail.recipient)


def _folded(text: str) -> list[str]:
    return textwrap.wrap(text, 78, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


def _date(at: datetime) -> str:
    return f"{format_datetime(at)} (UTC)"
