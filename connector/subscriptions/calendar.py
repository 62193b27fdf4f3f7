"""Calendar (休日カレンダー): a shop's closed days and lead days, and when its nightly run is over.

Days are Japanese dates. Dangerous: a day missing here makes a shop's long holiday invisible, so a shop lists its own
closures in `RenewalRules.closed`; national holidays are known for as long as the library is kept up to date.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from connector.clock import at_jst, jst
from connector.holidays import national_holiday
from connector.shop import RenewalRules
from connector.subscriptions.cycle import ClosedDay, Origin, Rules

DAY = timedelta(days=1)
FAR_LEAD_DAYS = {  # days from ship to delivery: spec/ecforce.md §7.3 step 3
    "北海道": 3,
    **dict.fromkeys(("福岡県", "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県"), 3),
    "沖縄県": 4,
}


class Calendar:
    """The rules of one shop as dates and instants. Cheap to make; closed days are remembered as they are asked."""

    def __init__(self, renewals: RenewalRules) -> None:
        self.renewals = renewals
        self._closed: dict[date, bool] = {}
        self._rules: dict[int, Rules] = {}

    def is_closed(self, day: date) -> bool:
        """Nothing ships on this day (休日設定)."""
        known = self._closed.get(day)
        if known is None:
            known = self._closed[day] = self._look(day)
        return known

    def _look(self, day: date) -> bool:
        wish = self.renewals
        if day.weekday() in wish.closed_weekdays:
            return True
        if any(first <= day <= last for first, last in wish.closed):
            return True
        return wish.national_holidays and national_holiday(day)

    def lead_days(self, prefecture: str) -> int:
        """The shop's own word first, then the usual table."""
        own = self.renewals.lead_days.get(prefecture)
        if own is not None:
            return own
        return FAR_LEAD_DAYS.get(prefecture, self.renewals.usual_lead_days)

    def rules(self, prefecture: str) -> Rules:
        """The date rules for a delivery to this prefecture, as `cycle.py` takes them."""
        lead = self.lead_days(prefecture)
        if lead not in self._rules:
            wish = self.renewals
            closed: ClosedDay = self.is_closed
            self._rules[lead] = Rules(lead, Origin(wish.origin), wish.days_before, is_closed=closed)
        return self._rules[lead]

    # --- the nightly run (§7.4) ---

    def run_of(self, day: date) -> datetime:
        """When the run of this day starts."""
        at = self.renewals.run_at
        return at_jst(day, at.hour, at.minute, at.second)

    def next_run_day(self, at: datetime) -> date:
        """The day of the first run after an instant: what changed by then, that run sees."""
        day = jst(at).date()
        return day if self.run_of(day) > at else day + DAY

    def judged_until(self, at: datetime) -> date:
        """The newest day whose run, and the grace after it, are over."""
        day = jst(at).date() + DAY
        while self.deadline(day) > at:
            day -= DAY
        return day

    def deadline(self, day: date) -> datetime:
        """An order due on this day that is not there by then is missing."""
        return self.run_of(day) + self.renewals.grace

    def in_run(self, at: datetime) -> bool:
        """Inside the hours of a nightly run: whatever was created outside of them, a person created."""
        latest = self.run_of(self.next_run_day(at) - DAY)
        return latest <= at < latest + max(self.renewals.grace, timedelta(hours=1))
