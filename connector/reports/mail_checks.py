"""Mail checks (お客様へのメールの照合): Next Engine sent what it is the sender of, and nothing that another one sends.

The matrix of senders stands in the settings (F44, B21); what went out is read from the slip's メール送信状態
(spec/next_engine.md §4.4, §8). What the cart and the warehouse sent, nobody tells us.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.clock import jst
from connector.outcome import Finding
from connector.reports.picture import Row, Terms
from connector.slip import NEStatus, Slip

# An hour until it is made, and the sending window may be over for the night (9:00-23:00, §8).
SENT_WITHIN = timedelta(hours=26)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of mail to the customer: its name, its letter in NE, and what sets it off."""

    key: str
    name: str
    letter: str


THANKS = Kind("thanks", "受注確認メール", "J")
DISPATCH = Kind("dispatch", "発送連絡メール", "H")


def mail_missing(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """21. Next Engine is the sender, its cause is a day old, and the mail did not go out (F44)."""
    for kind in _sent_by_ne(terms, True):
        for row, slip, since in _caused(kind, rows):
            if kind.letter not in slip.mail_status and terms.now - since > SENT_WITHIN:
                yield _finding("mail_missing", row, slip, kind, f"{kind.name}が送られていません", since)


def mail_from_two(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    """22. Somebody else is the sender, and Next Engine sent it as well (B21)."""
    for kind in _sent_by_ne(terms, False):
        for row, slip, since in _caused(kind, rows):
            if kind.letter in slip.mail_status:
                words = f"{kind.name}をネクストエンジンも送りました"
                yield _finding("mail_from_two", row, slip, kind, words, since)


def _sent_by_ne(terms: Terms, yes: bool) -> Iterable[Kind]:
    senders = terms.shop.mail_senders
    return (kind for kind in (THANKS, DISPATCH) if (senders[kind.key] == "next_engine") is yes)


def _caused(kind: Kind, rows: Sequence[Row]) -> Iterator[tuple[Row, Slip, datetime]]:
    """Live slips whose mail has its cause: imported, or shipped. Only those of our own orders."""
    for row in rows:
        if row.ours is None or row.ours.left_out:
            continue
        for slip in row.slips:
            since = slip.imported_at if kind is THANKS else slip.shipped_at
            due = slip.status >= (NEStatus.OPEN if kind is THANKS else NEStatus.SHIPPED)
            if slip.live and due and since is not None:
                yield row, slip, since


def _finding(kind: str, row: Row, slip: Slip, mail: Kind, words: str, since: datetime) -> Finding:
    told = f"{words}（メール状態 {slip.mail_status or 'なし'}、{jst(since):%m/%d %H:%M}から）"
    return Finding(
        kind=kind,
        order_number=row.number,
        words=told,
        yen=0,
        since=since,
        slip_number=slip.number,
    )
