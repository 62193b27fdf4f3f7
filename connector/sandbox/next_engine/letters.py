"""Letters (自動メール): 受注確認 (J), 発送連絡 (H) and フォロー (F) as letters in the slip's mail status (§8).

No mail is really sent. One cause, one letter: they go out about an hour after their cause, between 9 and 23 o'clock,
never during stock-taking; 発送連絡 waits for the tracking number and is recalled by 出荷確定取消.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Final

from connector.adapters.next_engine import wire
from connector.clock import at_jst, jst
from connector.sandbox.next_engine.books import Books
from connector.sandbox.next_engine.fields import stamp
from connector.sandbox.next_engine.model import Slip

FOLLOW: Final = "F"
LETTERS: Final = {wire.MAIL_CONFIRMATION: "受注確認", wire.MAIL_SHIPPED: "発送連絡", FOLLOW: "フォロー"}
STOCK_TAKING_PAUSE: Final = timedelta(minutes=10)
# How far back a kind that is switched on looks, and from which date of the slip it counts.
RETROACTIVE: Final = {
    wire.MAIL_CONFIRMATION: (wire.ORDERED_AT, timedelta(days=7)),
    wire.MAIL_SHIPPED: (wire.SENT_AT, timedelta(days=7)),
    FOLLOW: (wire.SENT_AT, timedelta(days=91)),
}


class Letters:
    """The outgoing mails of the account. `sent` counts them by day and kind."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._on = set(books.settings.letters)
        self._causes = count(1)
        self._pending: dict[tuple[int, str], int] = {}
        self._without_tracking: set[int] = set()
        self.sent: dict[str, Counter[str]] = defaultdict(Counter)

    @property
    def on(self) -> frozenset[str]:
        """The kinds that are switched on."""
        return frozenset(self._on)

    def write(self, slip: Slip, letter: str) -> None:
        """The letter's cause has happened."""
        self._write_at(slip, letter, self._books.now() + self._books.settings.mail_delay)

    def recall(self, slip: Slip, letter: str) -> None:
        """The cause was undone before the letter went out; one that is out stays out."""
        self._pending.pop((slip.number, letter), None)
        self._without_tracking.discard(slip.number)

    def tracking_written(self, slip: Slip) -> None:
        if slip.number in self._without_tracking:
            self._without_tracking.discard(slip.number)
            self._write_at(slip, wire.MAIL_SHIPPED, self._books.now())

    def switch(self, letter: str, *, on: bool) -> None:
        """メール設定: a kind that is switched on also goes to recent slips that never got it."""
        if letter not in LETTERS:
            raise ValueError(f"no letter {letter}; known: {', '.join(LETTERS)}")
        self._books.history.add("letter_switched", letter, on=on)
        if not on:
            self._on.discard(letter)
        elif letter not in self._on:
            self._on.add(letter)
            self._look_back(letter)

    def _look_back(self, letter: str) -> None:
        name, window = RETROACTIVE[letter]
        oldest = stamp(self._books.now() - window)
        early = (wire.STATUS_INCOMPLETE, wire.STATUS_MAIL)
        for slip in self._books.slips.values():
            if slip.live and slip.status not in early and (slip.fields[name] or "") >= oldest:
                self.write(slip, letter)

    def _write_at(self, slip: Slip, letter: str, at: datetime) -> None:
        if letter not in self._on:
            return
        cause = next(self._causes)
        self._pending[slip.number, letter] = cause
        self._books.agenda.add(self._in_window(at), partial(self._send, slip, letter, cause))

    def _send(self, slip: Slip, letter: str, cause: int) -> None:
        if self._pending.get((slip.number, letter)) != cause:
            return  # recalled, or the same letter was caused anew meanwhile
        if self._books.stock_taking:
            again_at = self._in_window(self._books.now() + STOCK_TAKING_PAUSE)
            self._books.agenda.add(again_at, partial(self._send, slip, letter, cause))
            return
        del self._pending[slip.number, letter]
        sent = slip.fields[wire.MAIL_STATUS] or ""
        again = letter == wire.MAIL_SHIPPED and self._books.settings.reshipping_writes_again
        if not slip.live or letter not in self._on or (letter in sent and not again):
            return
        if letter == FOLLOW and wire.MAIL_SHIPPED not in sent:
            return
        if letter == wire.MAIL_SHIPPED and self._lacks_tracking(slip):
            self._without_tracking.add(slip.number)
            return
        self._sent(slip, letter)

    def _sent(self, slip: Slip, letter: str) -> None:
        sent, now = slip.fields[wire.MAIL_STATUS] or "", self._books.now()
        slip.fields[wire.MAIL_STATUS] = sent if letter in sent else sent + letter
        self.sent[jst(now).date().isoformat()][letter] += 1
        self._books.history.add("letter_sent", slip.number, letter=letter, order=slip.order_number)
        after = self._books.settings.follow_after
        if letter == wire.MAIL_SHIPPED and after is not None:
            self._write_at(slip, FOLLOW, now + after)

    def _lacks_tracking(self, slip: Slip) -> bool:
        exempt = self._books.settings.deliveries_without_tracking
        return not slip.fields[wire.TRACKING] and slip.fields[wire.DELIVERY] not in exempt

    def _in_window(self, at: datetime) -> datetime:
        """This instant, or the next opening of the sending window."""
        settings, local = self._books.settings, jst(at)
        if settings.mail_from <= local.time() <= settings.mail_until:
            return at
        opens_on = local.date() + timedelta(days=1 if local.time() > settings.mail_until else 0)
        return at_jst(opens_on, settings.mail_from.hour, settings.mail_from.minute)
