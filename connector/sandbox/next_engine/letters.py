"""Letters (自動メール): 受注確認 (J) and 発送連絡 (H) as letters in the slip's mail status (§8).

No mail is really sent. They go out about an hour after their cause, between 9 and 23 o'clock, never during
stock-taking; 発送連絡 waits for the tracking number.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from connector.adapters.next_engine import wire
from connector.clock import at_jst, jst
from connector.sandbox.next_engine.books import Books
from connector.sandbox.next_engine.model import Slip

STOCK_TAKING_PAUSE = timedelta(minutes=10)


class Letters:
    """The outgoing mails of the account."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._without_tracking: set[int] = set()

    def write(self, slip: Slip, letter: str) -> None:
        """The letter's cause has happened."""
        due_at = self._in_window(self._books.now() + self._books.settings.mail_delay)
        self._books.agenda.add(due_at, partial(self._send, slip, letter))

    def tracking_written(self, slip: Slip) -> None:
        if slip.number in self._without_tracking:
            self._without_tracking.discard(slip.number)
            self._books.agenda.add(
                self._in_window(self._books.now()), partial(self._send, slip, wire.MAIL_SHIPPED)
            )

    def _send(self, slip: Slip, letter: str) -> None:
        sent = slip.fields[wire.MAIL_STATUS] or ""
        if letter in sent or not slip.live:
            return
        if self._books.stock_taking:
            again_at = self._in_window(self._books.now() + STOCK_TAKING_PAUSE)
            self._books.agenda.add(again_at, partial(self._send, slip, letter))
            return
        if letter == wire.MAIL_SHIPPED and slip.status != wire.STATUS_SHIPPED:
            return  # un-shipped meanwhile; shipping again writes it again
        if letter == wire.MAIL_SHIPPED and self._lacks_tracking(slip):
            self._without_tracking.add(slip.number)
            return
        slip.fields[wire.MAIL_STATUS] = sent + letter
        self._books.history.add("letter_sent", slip.number, letter=letter, order=slip.order_number)

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
