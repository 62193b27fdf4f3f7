"""Post (実績メール): the warehouse's result files as attachments of signed mails, and mails that only look so.

The mailbox of the shop sees them as its own mail server left them, with what that server found about the signature
on top. The forms change from mail to mail as they do among real senders; forgeries name wrong parcels, so that
whoever believes one is found out by the truth.
"""

from __future__ import annotations

import csv
import io
import itertools
import random
import zipfile
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final, Protocol

from connector.adapters.wms import wire
from connector.clock import jst
from connector.sandbox.faults import Faults
from connector.sandbox.history import History

SENDER: Final = "result@wms.example.jp"
SIGNED_BY: Final = "wms.example.jp"
CHECKED_BY: Final = "mx1.shop.example.jp"
RECIPIENT: Final = "wms-results@shop.example.jp"
FOLDER: Final = "WarehouseResults"  # of the shop's mailbox
BELIEVED: Final = f"{CHECKED_BY}; dkim=pass (2048-bit key) header.d={SIGNED_BY}; spf=pass"
SUBJECT: Final = "出荷実績 {day:%m月%d日}分"
GIF: Final = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"


class Inbox(Protocol):
    """The shop's mailbox; the IMAP sandbox."""

    def append(self, folder: str, body: bytes) -> int: ...


class ResultPost:
    """Sends result files to the shop's mailbox."""

    def __init__(self, inbox: Inbox, faults: Faults, history: History, *, seed: int = 0) -> None:
        self._inbox, self._faults, self._history = inbox, faults, history
        self._rng = random.Random(f"{seed}/warehouse/post")
        self._forms = itertools.cycle((_plain, _zipped, _with_logo, _in_japanese))
        self._numbers = itertools.count(1)

    def send(self, name: str, data: bytes, at: datetime) -> None:
        """One mail with this file; before it perhaps one that a stranger wrote."""
        if self._faults.strike("results-forged"):
            what = self._rng.choice(sorted(FORGERIES))
            self._drop(
                FORGERIES[what](self._mail(at), name, forged(data)), "result_forged", name, forgery=what
            )
        mail = self._mail(at)
        next(self._forms)(mail, name, data)
        self._drop(_as_sent(mail, SENDER, BELIEVED), "result_mailed", name)

    def _mail(self, at: datetime) -> EmailMessage:
        mail = EmailMessage(policy=SMTP)
        mail["To"], mail["Date"] = RECIPIENT, format_datetime(jst(at))
        mail["Message-ID"] = f"<{next(self._numbers)}.results@{SIGNED_BY}>"
        mail["Subject"] = SUBJECT.format(day=jst(at))
        mail.set_content("本日の出荷実績をお送りします。\n")
        return mail

    def _drop(self, body: bytes, what: str, name: str, **facts: object) -> None:
        self._inbox.append(FOLDER, body)
        self._history.add(what, name, size=len(body), **facts)


def forged(data: bytes) -> bytes:
    """The same file with other parcels: each number seven further, so that every check digit is right."""
    rows = list(csv.reader(io.StringIO(data.decode("cp932", "replace"), newline="")))
    column = wire.SHIPRES_COLUMNS.index("送り状番号")
    for row in rows[1:]:
        if len(row) > column and row[column].isdigit():
            row[column] = f"{int(row[column][:-1]) + 7:0{len(row[column]) - 1}}{row[column][-1]}"
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("cp932", "replace")


# How an honest mail may look.


def _plain(mail: EmailMessage, name: str, data: bytes) -> None:
    mail.add_attachment(data, maintype="text", subtype="csv", filename=name)


def _zipped(mail: EmailMessage, name: str, data: bytes) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED
        )  # without a date: the same each time
    mail.add_attachment(packed.getvalue(), maintype="application", subtype="zip", filename="results.zip")


def _with_logo(mail: EmailMessage, name: str, data: bytes) -> None:
    mail.add_attachment(GIF, maintype="image", subtype="gif", filename="logo.gif", disposition="inline")
    _plain(mail, name, data)


def _in_japanese(mail: EmailMessage, name: str, data: bytes) -> None:
    mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=f"出荷実績_{name}")


# How a mail may lie.


def _by_a_stranger(mail: EmailMessage, name: str, data: bytes) -> bytes:
    _plain(mail, name, data)
    return _as_sent(
        mail, "result@wms-example.jp", f"{CHECKED_BY}; dkim=pass header.d=wms-example.jp; spf=pass"
    )


def _unsigned(mail: EmailMessage, name: str, data: bytes) -> bytes:
    _plain(mail, name, data)
    return _as_sent(mail, SENDER, f"{CHECKED_BY}; dkim=none; spf=fail smtp.mailfrom={SIGNED_BY}")


def _with_a_bad_signature(mail: EmailMessage, name: str, data: bytes) -> bytes:
    """It brings a statement of its own, below the one of the shop's server."""
    _plain(mail, name, data)
    own = f"Authentication-Results: {BELIEVED}\r\n".encode()
    real = f"Authentication-Results: {CHECKED_BY}; dkim=fail header.d={SIGNED_BY}\r\n".encode()
    return real + own + _as_sent(mail, SENDER, "")


def _forwarded(mail: EmailMessage, name: str, data: bytes) -> bytes:
    inner = EmailMessage(policy=SMTP)
    inner["From"], inner["Subject"] = SENDER, mail["Subject"]
    inner.set_content("転送します。\n")
    _plain(inner, name, data)
    mail.add_attachment(inner)
    return _as_sent(mail, f"tantou@{SIGNED_BY}", BELIEVED)


FORGERIES: dict[str, Callable[[EmailMessage, str, bytes], bytes]] = {
    "stranger": _by_a_stranger,
    "unsigned": _unsigned,
    "bad-signature": _with_a_bad_signature,
    "forwarded": _forwarded,
}


def _as_sent(mail: EmailMessage, sender: str, found: str) -> bytes:
    """As the shop's mail server filed it: its own finding stands on top."""
    mail["From"] = sender
    top = f"Authentication-Results: {found}\r\n" if found else ""
    return top.encode() + mail.as_bytes()
