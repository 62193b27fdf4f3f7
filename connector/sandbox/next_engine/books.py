"""Books (帳簿): all slips of the account with their indexes, and the one door through which they change.

Every change of place or content passes here, so that the indexes, 最終更新日 and the history always agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from connector.adapters.next_engine import wire
from connector.clock import Clock
from connector.sandbox.history import History
from connector.sandbox.next_engine.agenda import Agenda
from connector.sandbox.next_engine.fields import stamp
from connector.sandbox.next_engine.model import Row, Slip, Upload
from connector.sandbox.next_engine.settings import MailTemplate, NextEngineSettings, Shop, UploadPattern


class Books:
    """The account's memory."""

    def __init__(self, clock: Clock, settings: NextEngineSettings, history: History) -> None:
        self.settings, self.history = settings, history
        self.agenda = Agenda(clock)
        self.slips: dict[int, Slip] = {}
        self.shops = {shop.id: shop for shop in settings.shops}
        self.patterns = {pattern.id: pattern for pattern in settings.patterns}
        self.former_addresses: dict[str, str] = {}  # intake addresses that moved away, and their shop
        self.uploads: dict[int, Upload] = {}
        self.stock_taking = False
        self.stirred: Callable[[Slip], None] = lambda _: None  # the automation listens here
        self._next_slip = settings.first_slip_number
        self._by_order: dict[str, list[Slip]] = defaultdict(list)
        self._by_status: dict[str, dict[int, Slip]] = defaultdict(dict)

    def now(self) -> datetime:
        return self.agenda.now()

    def stamp(self) -> str:
        return stamp(self.now())

    @property
    def importing(self) -> bool:
        """An order import is running: every slip of the company is locked, §5.4."""
        return any(upload.status == wire.QUE_RUNNING for upload in self.uploads.values())

    # looking

    def find(self, number: int) -> Slip:
        slip = self.slips.get(number)
        if slip is None:
            raise LookupError(f"no slip {number}")
        return slip

    def of_order(self, shop_id: str, order_number: str) -> list[Slip]:
        return [slip for slip in self._by_order.get(order_number, ()) if slip.shop_id == shop_id]

    def with_numbers(self, numbers: Iterable[str]) -> list[Slip]:
        wanted = {int(text) for text in numbers if text.isdecimal()}
        return [self.slips[number] for number in sorted(wanted) if number in self.slips]

    def with_orders(self, order_numbers: Iterable[str]) -> list[Slip]:
        found = {slip.number: slip for order in set(order_numbers) for slip in self._by_order.get(order, ())}
        return [found[number] for number in sorted(found)]

    def with_statuses(self, statuses: Iterable[str]) -> list[Slip]:
        found = {number: slip for status in statuses for number, slip in self._by_status[status].items()}
        return [found[number] for number in sorted(found)]

    def shop_of_address(self, address: str) -> Shop | None:
        wanted = address.strip().casefold()
        return next((shop for shop in self.shops.values() if shop.intake_address.casefold() == wanted), None)

    # changing

    def open(self, texts: dict[str, str | None], rows: Iterable[Row], *, number: int | None = None) -> Slip:
        """起票: a new slip with a number of its own."""
        slip = Slip.new(self._next_slip if number is None else number, **texts)
        if slip.number in self.slips:
            raise ValueError(f"slip {slip.number} is in the books already")
        self._next_slip = max(self._next_slip, slip.number + 1)
        slip.fields[wire.CREATED_AT] = texts.get(wire.CREATED_AT) or self.stamp()
        slip.fields[wire.IMPORTED_AT] = texts.get(wire.IMPORTED_AT) or slip.fields[wire.CREATED_AT]
        for row in rows:
            slip.add_row(row)
        self.slips[slip.number] = slip
        self._by_order[slip.order_number].append(slip)
        self._by_status[slip.status][slip.number] = slip
        self.stirred(slip)
        return slip

    def touch(self, slip: Slip) -> None:
        """The slip changed: its lock value moves on."""
        slip.fields[wire.MODIFIED_AT] = self.stamp()
        slip.fields["receive_order_last_modified_by_id"] = self.settings.users[0].pic_id
        self.stirred(slip)

    def move(self, slip: Slip, status: str, why: str) -> None:
        """状態の移動."""
        before = slip.status
        self._by_status[before].pop(slip.number, None)
        slip.fields[wire.STATUS] = status
        self._by_status[status][slip.number] = slip
        self.touch(slip)
        self.history.add(
            "status_moved", slip.number, order=slip.order_number, came_from=before, to=status, why=why
        )

    def renumber(self, slip: Slip, order_number: str) -> None:
        """Another 店舗伝票番号 for this slip."""
        self._by_order[slip.order_number].remove(slip)
        slip.fields[wire.ORDER_NUMBER] = order_number
        for row in slip.rows:
            row.fields[wire.ROW_ORDER_NUMBER] = order_number
        self._by_order[order_number].append(slip)

    def move_intake(self, shop_id: str, address: str) -> None:
        self.former_addresses[self.shops[shop_id].intake_address.casefold()] = shop_id
        self.shops[shop_id] = replace(self.shops[shop_id], intake_address=address)

    def change_template(self, shop_id: str, template: MailTemplate) -> None:
        self.shops[shop_id] = replace(self.shops[shop_id], template=template)

    def change_pattern(self, pattern_id: str, *, enabled: bool) -> UploadPattern:
        self.patterns[pattern_id] = replace(self.patterns[pattern_id], enabled=enabled)
        return self.patterns[pattern_id]
