"""Alarms: told once when they begin and once when they end, whoever judges and however often."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from connector.errors import Closed, NotDone
from connector.ledger import alarms, views
from connector.ledger.alarms import WATCHERS
from connector.ledger.ledger import Ledger
from connector.outcome import Effect, Reply
from connector.words import ALARMS
from sqlalchemy import Connection
from structlog.testing import capture_logs

from tests.unit.test_runner_relay import instructed, relay_round
from tests.unit.world import World, an_order, world


def judged(here: World, watchers: Any = WATCHERS) -> list[tuple[str, bool]]:
    with here.database.engine.begin() as connection:
        turns = alarms.judge(connection, here.shop, here.clock.now(), watchers)
    return [(turn.kind, turn.opened) for turn in turns]


def rows(here: World) -> list[views.AlarmRow]:
    with here.database.engine.connect() as connection:
        return views.alarms_list(connection, here.shop.key)


def gone(*_: object, **__: object) -> Any:
    raise NotDone("no route")


class Switch:
    """A watcher that says what a test wants."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] | None = None

    def __call__(self, _connection: Connection, _shop: Any, _now: datetime) -> dict[str, Any] | None:
        return self.facts


def test_an_alarm_opens_once_and_closes_once(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        switch = Switch()
        watchers = {"odd": switch}
        assert judged(here, watchers) == []
        switch.facts = {"words": "gone", "at": here.clock.now()}
        told = []
        for minute in range(6):
            if minute == 3:  # a restart: whatever was in memory is gone
                here.ledger = Ledger(here.database, here.shop)
            told += judged(here, watchers)
            here.pass_by(minutes=1)
        switch.facts = None
        told += judged(here, watchers) + judged(here, watchers)
        assert told == [("odd", True), ("odd", False)]
        (row,) = rows(here)
        assert row.closed_at is not None
        assert row.seen_at - row.opened_at == timedelta(minutes=5)
        switch.facts = {"words": "again"}
        assert judged(here, watchers) == [("odd", True)]
        assert [one.open for one in rows(here)] == [True, False]


def test_a_person_closes_it_with_a_reason_that_stays(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        switch = Switch()
        switch.facts = {"words": "gone"}
        judged(here, {"odd": switch})
        with here.database.engine.begin() as connection:
            now = here.clock.now()
            assert alarms.close(connection, here.shop, "odd", "見本 花子", "直しました", now)
            assert not alarms.close(connection, here.shop, "odd", "見本 花子", "直しました", now)
        assert [(row.open, row.note) for row in rows(here)] == [(False, "見本 花子: 直しました")]
        assert here.events("") == ["alarm_closed"]


@pytest.mark.parametrize(
    ("stage", "side", "method", "kind"),
    [
        ("ingest", "cart", "changed_since", "outage_cart"),
        ("follow_slips", "ne", "slips_changed_since", "outage_next_engine"),
        ("collect", "wms", "results", "outage_warehouse"),
    ],
)
async def test_half_an_hour_without_an_answer_is_one_alarm(
    tmp_path: Path, stage: str, side: str, method: str, kind: str
) -> None:
    with world(tmp_path) as here:
        await here.runner.run(stage)

        partner = getattr(here, side)
        whole = getattr(partner, method)
        here.pass_by(minutes=10)
        partner.instead(**{method: gone})
        began = here.clock.now()
        told = []
        for _ in range(8):
            await here.runner.run(stage)
            told += judged(here)
            here.pass_by(minutes=6)
        assert told == [(kind, True)]
        (row,) = rows(here)
        assert row.opened_at - began == timedelta(minutes=36), "more than thirty minutes, at the next pass"
        assert row.evidence["since"] == began.isoformat()
        assert "no route" in row.evidence["words"]
        partner.instead(**{method: whole})
        await here.runner.run(stage)
        assert judged(here) == [(kind, False)]


async def test_one_failure_after_a_long_stop_is_no_outage(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        await here.runner.run("ingest")
        here.pass_by(hours=14)  # nobody ran
        here.cart.instead(changed_since=gone)
        await here.runner.run("ingest")
        assert judged(here) == []


@pytest.mark.parametrize("fault", [NotDone("connection refused"), Closed("connection refused", after=60.0)])
async def test_the_mail_server_is_judged_by_its_tries(tmp_path: Path, fault: NotDone) -> None:
    with world(tmp_path) as here:
        here.cart.put(an_order("T-1001"))
        here.pass_by(minutes=11)
        await here.run("ingest")
        here.mailer.fates = [fault for _ in range(20)]
        began = here.clock.now()
        told = []
        for _ in range(9):
            await here.runner.run("notify")
            told += judged(here)
            here.pass_by(minutes=5)
        assert told == [("outage_mail", True)]
        assert rows(here)[0].evidence["since"] == began.isoformat()
        here.mailer.fates = []
        here.pass_by(minutes=20)
        await here.run("notify")
        assert judged(here) == [("outage_mail", False)]


async def test_a_warehouse_that_can_be_read_and_takes_nothing_is_told_and_no_slip_is_held(
    tmp_path: Path,
) -> None:
    """Three hours of 429: not one slip runs out of tries, and all go when it is over."""
    with world(tmp_path) as here:
        await here.to_print_ready(an_order("T-1001"), an_order("T-1002"))
        began, told, send = here.clock.now(), [], here.wms.send

        async def busy(effect: Effect) -> Reply:
            raise Closed("wms: (429)", after=300.0)

        here.wms.instead(send=busy)
        for _ in range(18):
            await here.runner.run("relay")
            await here.runner.run("collect")
            told += judged(here)
            here.pass_by(minutes=10)
        assert told == [("outage_warehouse", True)]
        assert rows(here)[0].evidence["since"] == began.isoformat()
        for order in ("T-1001", "T-1002"):
            slip = here.slip(here.slip_of(order))
            assert (here.holds(slip.number), slip.tries, slip.waiting_for) == ([], 0, "wms: (429)")
        here.wms.instead(send=send)
        await relay_round(here)
        assert judged(here) == [("outage_warehouse", False)]
        assert sorted(instructed(here)) == sorted(here.slip_of(order) for order in ("T-1001", "T-1002"))


async def test_each_turn_is_one_line_of_the_journal(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        here.cart.instead(changed_since=gone)
        with capture_logs() as said:
            for _ in range(5):
                await here.runner.run("ingest")
                await here.runner.judge_alarms()
                here.pass_by(minutes=16)
        lines = [(line["kind"], line["state"]) for line in said if line["event"] == "alarm"]
        assert lines == [("outage_cart", "opened")]


def test_every_alarm_has_words() -> None:
    assert set(WATCHERS) <= set(ALARMS)
    for word in ALARMS.values():
        for text in word:
            assert text.ja
            assert text.en
