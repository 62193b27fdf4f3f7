"""Automation (自動処理): complete slips move from 起票済 (2) to 印刷待ち (20) by themselves (§4.3).

Only slips that something happened to are looked at; one that waits for its release date is looked at again then.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from connector.adapters.next_engine import wire
from connector.clock import at_jst, jst
from connector.sandbox.next_engine import screens
from connector.sandbox.next_engine.books import Books
from connector.sandbox.next_engine.fields import stamp
from connector.sandbox.next_engine.model import Slip
from connector.sandbox.next_engine.stock import Stock


class Automation:
    """Moves slips on."""

    def __init__(self, books: Books, stock: Stock) -> None:
        self._books, self._stock = books, stock
        self._stirred: dict[int, Slip] = {}
        books.stirred = self.stir

    def stir(self, slip: Slip) -> None:
        """Something happened to the slip; look at it on the next round."""
        if slip.status != wire.STATUS_OPENED:
            return
        if not self._stirred:
            self._books.agenda.add(self._next_round(), self._round)
        self._stirred[slip.number] = slip

    def _next_round(self) -> datetime:
        """Rounds stand on a grid from midnight, so that their times do not depend on who stirred first."""
        now = self._books.now()
        midnight = at_jst(jst(now).date())
        interval = self._books.settings.automation_interval
        return midnight + interval * ((now - midnight) // interval + 1)

    def _round(self) -> None:
        stirred, self._stirred = self._stirred, {}
        for number in sorted(stirred):
            self._look_at(stirred[number])

    def _look_at(self, slip: Slip) -> None:
        if slip.status != wire.STATUS_OPENED or not slip.live or not slip.live_rows:
            return
        now, shop = self._books.now(), self._books.shops[slip.shop_id]
        reason = screens.waits_for(slip, shop, self._stock.goods, now)
        if reason is None:
            self._move_on(slip)
        elif reason == screens.TO_BE_RELEASED:
            self._books.agenda.add(self._released_at(slip), partial(self.stir, slip))

    def _move_on(self, slip: Slip) -> None:
        """納品書印刷指示日 is now, or so many days ahead; a date already set stays."""
        if not slip.fields[wire.PRINT_ON]:
            ahead = timedelta(days=self._books.settings.print_days_ahead)
            slip.fields[wire.PRINT_ON] = stamp(self._books.now() + ahead)
        self._books.move(slip, wire.STATUS_PRINT_WAITING, "自動処理")

    def _released_at(self, slip: Slip) -> datetime:
        goods = (self._stock.goods.get(row.goods_id) for row in slip.live_rows)
        return max(each.release_at for each in goods if each is not None and each.release_at is not None)
