"""Jobs (ジョブ管理): what the API promised to do later, with the result that its reply never shows.

spec/ecforce.md §2.7. Dangerous: there is no job endpoint; a caller learns of the end by reading the records
again or by a webhook. Only the admin screen, here the control plane, shows this list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from connector.sandbox.cart.agenda import Agenda
from connector.sandbox.cart.refusal import Refusal
from connector.sandbox.cart.shop import Shop

LAST_JOB_BEFORE: Final = 58800
WAITING: Final = "waiting"
DONE: Final = "done"
FAILED: Final = "failed"


@dataclass(slots=True)
class Job:
    """One line of the list; `result` is what a synchronous call would have answered."""

    id: int
    job_id: str  # the number ジョブ管理 shows: text, unlike the id
    kind: str
    entered_at: datetime
    due_at: datetime
    state: str = WAITING
    ended_at: datetime | None = None
    result: object = None

    @property
    def receipt(self) -> dict[str, object]:
        return {"id": self.id, "job_id": self.job_id}


class Jobs:
    """Enters jobs on the agenda and keeps their ends."""

    def __init__(self, shop: Shop, agenda: Agenda) -> None:
        self._shop, self._agenda = shop, agenda
        self._jobs: list[Job] = []
        self.when_done: list[Callable[[Job], object]] = []

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs)

    def clear(self) -> None:
        self._jobs.clear()

    def enter(self, kind: str, deed: Callable[[], object]) -> Job:
        """Do it a little later; the receipt is all a caller gets."""
        now = self._shop.now()
        due = now + timedelta(seconds=self._shop.settings.job_delay_s)
        id_ = len(self._jobs) + 1
        job = Job(id_, str(LAST_JOB_BEFORE + id_), kind, now, due)
        self._jobs.append(job)
        self._agenda.add(due, lambda: self._run(job, deed))
        return job

    def _run(self, job: Job, deed: Callable[[], object]) -> None:
        try:
            job.result = deed()
            job.state = DONE
        except Refusal as refusal:
            job.result = [{"code": code, "message": words} for code, words in refusal.sentences]
            job.state = FAILED
        job.ended_at = self._shop.now()
        for hear in self.when_done:
            hear(job)
