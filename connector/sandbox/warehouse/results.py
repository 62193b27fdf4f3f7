"""Results (出荷実績): what the warehouse reports after the pick-up, as SHIPRES files.

Files may come late, twice or cut, as the faults say; what really left is in the history, not here.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial

from connector.adapters.wms import wire
from connector.clock import jst
from connector.sandbox.faults import Faults
from connector.sandbox.warehouse import files
from connector.sandbox.warehouse.settings import WarehouseSettings
from connector.sandbox.warehouse.slips import LinePart, ShippingEvent

Plan = Callable[[datetime, Callable[[datetime], None]], None]
Write = Callable[[str, bytes, bytes | None, dict[str, object]], None]
ResultRow = list[str]

LATE_HOURS = (2, 14)
AGAIN_MINUTES = (30, 600)
WHOLE_AGAIN = timedelta(minutes=45)


@dataclass(frozen=True, slots=True)
class Report:
    """One event as it is reported: usually whole; a late parcel makes two of it."""

    event: ShippingEvent
    parcels: tuple[tuple[int, str], ...]  # 個口番号, 送り状番号
    lines: tuple[LinePart, ...]
    split: bool = False


class Results:
    """Writes the day's results. `plan` puts a piece of work on the agenda, `write` makes a file appear."""

    def __init__(
        self, settings: WarehouseSettings, faults: Faults, rng: random.Random, plan: Plan, write: Write
    ) -> None:
        self._settings = settings
        self._faults = faults
        self._rng = rng
        self._plan = plan
        self._write = write
        self._events_of_day: Counter[date] = Counter()
        self._sequences: Counter[str] = Counter()
        self.reported: list[ResultRow] = []

    def close_day(
        self, shipped: Sequence[ShippingEvent], others: Sequence[ShippingEvent], at: datetime
    ) -> None:
        """After the pick-up at `at`: complete slips first, the rest later (spec/wms.md §8)."""
        whole: list[Report] = []
        late: list[Report] = []
        for event in shipped:
            first, second = self._reports(event)
            whole.append(first)
            late += second
        rest = [self._reports(event, may_split=False)[0] for event in others]
        settled_at = at + self._settings.settle
        self._announce(whole, at, settled_at, self._settings.shipped_results)
        self._announce(rest, at, settled_at, self._settings.other_results)
        late_at = self._settings.late_parcel_results
        self._announce(late, at, at + late_at - self._settings.settle, late_at)

    def _reports(self, event: ShippingEvent, *, may_split: bool = True) -> tuple[Report, list[Report]]:
        parcels = tuple(enumerate(event.tracking, start=1))
        whole = Report(event, parcels, event.lines)
        if not may_split or len(parcels) < 2 or len(event.lines) < 2:
            return whole, []
        if self._rng.random() >= self._settings.late_parcel_chance:
            return whole, []
        first = replace(whole, parcels=parcels[:-1], lines=event.lines[:-1], split=True)
        return first, [replace(whole, parcels=parcels[-1:], lines=event.lines[-1:], split=True)]

    def _announce(
        self, reports: list[Report], shipped_at: datetime, settled_at: datetime, after: timedelta
    ) -> None:
        by_tenant: dict[str, list[ResultRow]] = {}
        for report in reports:
            rows = self._rows(report, jst(shipped_at).date(), files.instant(settled_at))
            by_tenant.setdefault(report.event.tenant, []).extend(rows)
        for tenant, rows in by_tenant.items():
            self.reported += rows
            due_at = shipped_at + after
            if self._faults.strike("results-late"):
                due_at += timedelta(hours=self._rng.uniform(*LATE_HOURS))
            self._plan(due_at, partial(self._publish, tenant, rows))

    def _rows(self, report: Report, day: date, settled_at: str) -> list[ResultRow]:
        event = report.event
        self._events_of_day[day] += 1
        number = f"R{day:%y%m%d}-{self._events_of_day[day]:04d}"
        total = str(len(event.tracking))
        shipped_on = day.strftime(wire.DATE_FORMAT)

        def row(line: str, tracking: str, parcel: str, *goods: str) -> ResultRow:
            head = [
                number,
                event.slip_number,
                line,
                event.result,
                shipped_on,
                event.carrier,
                tracking,
                parcel,
            ]
            return [*head, total if parcel else "", *goods, settled_at]

        # A split report says on its line rows in which parcel they lie.
        held_in = str(report.parcels[0][0]) if report.split else ""
        parcels = [
            row(wire.SLIP_LINE, text, str(place), "", "", "", "", "", "") for place, text in report.parcels
        ]
        return parcels + [row(str(part.line_no), "", held_in, *_goods(part)) for part in report.lines]

    def _publish(self, tenant: str, rows: list[ResultRow], now: datetime) -> None:
        data = files.write_table(wire.SHIPRES_COLUMNS, rows, self._settings.encoding)
        sign = files.marker(data, len(rows)) if self._settings.markers else None
        if self._faults.strike("results-broken"):
            cut = data[: int(len(data) * self._rng.uniform(0.4, 0.9))]
            self._put(tenant, cut, sign, rows, now, broken=True)
            self._plan(now + WHOLE_AGAIN, lambda at: self._put(tenant, data, sign, rows, at))
            return
        self._put(tenant, data, sign, rows, now)
        if self._faults.strike("results-twice"):
            again_at = now + timedelta(minutes=self._rng.uniform(*AGAIN_MINUTES))
            self._plan(again_at, lambda at: self._put(tenant, data, sign, rows, at, again=True))

    def _put(
        self,
        tenant: str,
        data: bytes,
        sign: bytes | None,
        rows: list[ResultRow],
        now: datetime,
        *,
        broken: bool = False,
        again: bool = False,
    ) -> None:
        self._sequences[tenant] += 1
        name = wire.FILE_NAME.format(
            kind=wire.KIND_RESULT,
            tenant=tenant,
            warehouse=self._settings.warehouse_code,
            stamp=files.stamp(now),
            sequence=self._sequences[tenant],
        )
        slips = list(dict.fromkeys(row[1] for row in rows))
        facts: dict[str, object] = {"rows": len(rows), "slips": slips, "broken": broken, "again": again}
        self._write(name, data, sign, facts)


def _goods(part: LinePart) -> tuple[str, str, str, str, str, str]:
    expires_on = part.expires_on.strftime(wire.DATE_FORMAT) if part.expires_on else ""
    return part.sku, str(part.quantity), part.lot, expires_on, part.reason_code, part.reason
