"""Settings of the warehouse: its hours, its habits and its strictness; defaults of spec/wms.md §1, §7, §8."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from connector.clock import at_jst, jst

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class WarehouseSettings:
    """Everything a contract with a warehouse would fix."""

    warehouse_code: str = "WH01"
    poll: timedelta = timedelta(seconds=60)
    waves: tuple[time, ...] = (time(11), time(14), time(16))  # picking starts, JST
    pick: timedelta = timedelta(minutes=30)  # how long a wave is walked
    pack: timedelta = timedelta(minutes=30)  # and then packed
    pick_up: time = time(18)  # the carrier's lorry
    settle: timedelta = timedelta(minutes=5)  # 確定日時, after the pick-up
    shipped_results: timedelta = timedelta(minutes=30)  # after the pick-up
    other_results: timedelta = timedelta(minutes=60)  # partial, cancelled, unshippable
    late_parcel_results: timedelta = timedelta(minutes=135)
    cutoff: time = time(15)  # accepted later: the next business day
    refuse_after_cutoff: bool = False  # E303 instead of moving to the next business day
    holidays: frozenset[date] = frozenset()  # besides Saturday and Sunday
    encoding: str = "cp932"  # or "utf-8-sig"
    markers: bool = True  # `.ok` beside each result file
    marker_required: bool = False  # a file without `.ok` is never taken
    short_ack_names: bool = False  # the other reading of "same stem", spec/wms.md Resolutions 7
    duplicate_answer: tuple[str, str] = ("E301", "同一内容を受付済")
    ships_partly: bool = True  # else a short slip is 出荷不可 as a whole
    refuses_short_stock: bool = False  # E202 at the door instead of STOCKOUT at the wave
    check_postcodes: bool = True
    units_per_parcel: int = 60
    late_parcel_chance: float = 0.0  # the last of several parcels is reported in a file of its own
    # How the floor answers a cancel or change request, drawn by seed: early, late (often after the lorry left),
    # never, twice (first no, then yes).
    request_answers: tuple[str, ...] = ("early", "late", "never", "twice")
    request_agrees: float = 0.7  # how often an early or late answer is yes
    tells: str = ""  # the tenant who gets a file of stock each working morning; empty: nobody does by itself
    stock_at: time = time(7)
    comes_back: int = 0  # so many parcels of a pick-up come back unaccepted, with the next working day's post
    post_at: time = time(10, 30)
    username: str = "wms-demo"
    password: str = "wms-demo-password"

    def is_open(self, day: date) -> bool:
        return day.weekday() < SATURDAY and day not in self.holidays

    def open_day_from(self, day: date) -> date:
        """This day if the warehouse works then, else the next one on which it does."""
        while not self.is_open(day):
            day += timedelta(days=1)
        return day

    def ready_on(self, accepted_at: datetime, ship_by: date) -> date:
        """The first day on which a slip accepted now may be picked."""
        local = jst(accepted_at)
        day = local.date()
        if self.is_open(day) and local.time() > self.cutoff:
            day += timedelta(days=1)
        return self.open_day_from(max(day, ship_by))

    def pick_up_at(self, day: date) -> datetime:
        return at_jst(day, self.pick_up.hour, self.pick_up.minute)
