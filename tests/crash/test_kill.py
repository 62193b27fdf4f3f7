"""Kill (強制終了): the daemon is killed twenty times in one business day; nothing is lost, nothing is doubled.

Town and connector are two real processes on one fast clock. What happened is read from the town's own history files,
which know nothing of the connector's crashes, and is then compared with the ledger.
"""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from connector.clock import ScaledClock, at_jst
from connector.config import load, shop_rules
from connector.journey import OrderState, SlipState
from connector.ledger import history as chain
from connector.ledger import views
from connector.ledger.database import Database
from connector.ledger.views import OrderRow, SlipRow
from connector.rehearsal import FIRST_DAY, SHOP, write_config
from connector.sandbox import history
from connector.sandbox.history import Event
from connector.sandbox.town import Addresses
from connector.shop import Shop

from tests.journeys.program import COMMAND, REPOSITORY, Child, running

SEED = 20261124
KILLS = 20
OPENS_AT = at_jst(FIRST_DAY, 7)
CLOSES_AT = at_jst(FIRST_DAY, 23, 55)
SPEED = (
    17 * 3600 / 180
)  # seven to midnight in three minutes: a busy machine still gets twenty kills into the day
EVERY = (CLOSES_AT - OPENS_AT) / (KILLS + 4)
LONGEST_LIFE = 1.6  # seconds of wall time after the daemon says that it runs
UP = '"event": "running"', '"event":"running"'
"""How the JSON log says it, with and without blanks."""


@pytest.mark.long
@pytest.mark.timeout(600)
def test_twenty_kills_in_a_day_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    print(f"seed {SEED}")
    folder = tmp_path / "town"
    names = ("cart", "next-engine", "smtp", "sftp", "imap")
    doors = [text for name in names for text in (f"--{name}", "127.0.0.1:0")]
    day = ["--speed", str(SPEED), "--start", OPENS_AT.isoformat(), "--orders-per-day", "200", "--seed", "5"]
    with running("sandbox", *doors, *day, "--folder", str(folder), stderr=tmp_path / "town.err") as town:
        said = town.line()
        addresses = Addresses.read(_json(said))
        config = write_config(addresses, tmp_path, OPENS_AT, 0)
        _sign_in(config, tmp_path)
        clock = ScaledClock.parse(said["clock"])
        _kill_again_and_again(config, clock, rng, tmp_path)
        _drain(config, clock, tmp_path)
        assert town.ends() == 0, town.tail()
    facts = {path.stem: history.read(path) for path in (folder / "history").glob("*.jsonl")}
    _nothing_twice(facts)
    _nothing_lost(facts, config, clock)


def _json(said: dict[str, object]) -> bytes:
    return msgspec.json.encode(said)


def _sign_in(config: Path, folder: Path) -> None:
    pair = str(folder / "secrets/ne_pair.json")
    command = [COMMAND, "next-engine", "login", "--config", str(config), "--pair-file", pair]
    subprocess.run(command, check=True, cwd=REPOSITORY, capture_output=True, timeout=60)


# --- the day ---------------------------------------------------------------------------------------------


def _kill_again_and_again(config: Path, clock: ScaledClock, rng: random.Random, folder: Path) -> None:
    """At random moments; some while it is still starting, and half of them aimed at an act under way."""
    cut_off = 0
    for n in range(KILLS):
        with running(*_daemon(config, clock), stderr=folder / f"connector{n:02}.err") as connector:
            if n % 5 == 4:
                time.sleep(rng.uniform(0.2, 1.2))
            else:
                _wait_until_up(connector)
                _until(clock, OPENS_AT + EVERY * n)
                time.sleep(rng.uniform(0.05, LONGEST_LIFE))
            if n % 2:
                _lie_in_wait(config)
                time.sleep(rng.uniform(0.0, 0.02))  # before it happened over there, in the middle, or after
            code = connector.ends(signal.SIGKILL)
            assert code == -signal.SIGKILL, f"kill {n}: it had ended by itself\n{connector.tail()}"
        acts = _under_way(config)
        cut_off += acts
        print(f"kill {n + 1} at {clock.now():%H:%M} UTC of the town: {acts} acts cut off")
    assert cut_off, "a day of kills that cut nothing off proves nothing"


def _until(clock: ScaledClock, at: datetime) -> None:
    """The kills are spread over the day; who is late already does not wait."""
    time.sleep(max((at - clock.now()).total_seconds() / clock.speed, 0.0))


def _lie_in_wait(config: Path) -> None:
    """Until an act is begun and not yet settled; not for ever."""
    for _ in range(1500):
        if _under_way(config):
            return
        time.sleep(0.001)


def _under_way(config: Path) -> int:
    """Acts that were begun and are not settled; of a dead daemon: whose outcome it took with it."""
    with sqlite3.connect(config.parent / "data/ledger.sqlite3") as store:
        (count,) = store.execute("SELECT count(*) FROM effects WHERE state = 'intent'").fetchone()
    store.close()
    return int(count)


def _drain(config: Path, clock: ScaledClock, folder: Path) -> None:
    """The last one lives on until the day is over and everything had time to settle."""
    with running(*_daemon(config, clock), stderr=folder / "connector_last.err") as connector:
        _wait_until_up(connector)
        left = (CLOSES_AT - clock.now()).total_seconds() / clock.speed
        time.sleep(max(left, 10.0))
        assert connector.process.poll() is None, connector.tail()
        assert connector.ends() == 0, connector.tail()


def _daemon(config: Path, clock: ScaledClock) -> tuple[str, ...]:
    return ("run", "--config", str(config), "--clock", clock.text())


def _wait_until_up(connector: Child) -> None:
    for _ in range(600):
        if any(words in connector.tail() for words in UP):
            return
        assert connector.process.poll() is None, connector.tail()
        time.sleep(0.05)
    raise AssertionError(f"never up:\n{connector.tail()}")


# --- what the town says ----------------------------------------------------------------------------------

Facts = dict[str, list[Event]]


def _count(events: Iterable[Event], *what: str) -> Counter[str]:
    return Counter(event.key for event in events if event.what in what)


def _twice(counts: Counter[str]) -> list[str]:
    return sorted(key for key, count in counts.items() if count > 1)


def _nothing_twice(facts: Facts) -> None:
    """By the other sides' own books: no mail, import, instruction, shipment or charge happened twice."""
    opened = _count((e for e in facts["next_engine"] if e.detail.get("by") == "mail"), "slip_opened")
    assert _twice(opened) == []
    dropped = [event for event in facts["next_engine"] if event.what == "mail_dropped"]
    assert [event.detail["why"] for event in dropped] == [], "no mail came for an order NE knew already"
    assert _twice(_count(facts["mail"], "mail_accepted")) == []
    assert _twice(_count(facts["next_engine"], "order_imported")) == []
    assert _twice(_count(facts["next_engine"], "shipped")) == []
    assert _twice(_count(facts["warehouse"], "slip_accepted")) == []
    assert _twice(_count(facts["warehouse"], "shipped")) == []
    captured = [event for event in facts["cart"] if event.at >= OPENS_AT]
    assert _twice(_count(captured, "captured")) == []
    assert _count(captured, "capture_failed") == Counter(), "a second sale turns 売上完了 into 売上失敗"


# --- what the ledger says --------------------------------------------------------------------------------


def _nothing_lost(facts: Facts, config: Path, clock: ScaledClock) -> None:
    settings = load(config)
    shop = shop_rules(SHOP, settings.shops[SHOP])
    born = _count((e for e in facts["cart"] if e.at >= OPENS_AT), "order_placed", "order_generated")
    assert len(born) >= 50
    database = Database(settings.store, inline=True)
    try:
        with database.engine.connect() as connection:
            assert chain.verify(connection, SHOP) is None
            rows = {row.number: row for row in _orders(connection, shop, clock.now())}
            slips = _slips(connection, shop, clock.now())
    finally:
        database.close()
    assert sorted(set(born) - set(rows)) == [], "every order of the town is in the ledger"
    _every_one_explained(rows.values(), slips)
    _both_sides_agree(facts, rows, slips)
    _sound(settings.data_dir / "ledger.sqlite3")


def _orders(connection: views.Connection, shop: Shop, now: datetime) -> list[OrderRow]:
    return views.orders_at(connection, shop, [str(state) for state in OrderState], now)


def _slips(connection: views.Connection, shop: Shop, now: datetime) -> list[SlipRow]:
    return views.slips_at(connection, shop, [str(state) for state in SlipState], now)


def _every_one_explained(orders: Iterable[OrderRow], slips: Iterable[SlipRow]) -> None:
    """Final, held with a reason, or inside its patience."""
    late = [(row.number, row.state, row.waiting_for) for row in orders if row.stuck]
    late += [(row.number, row.state, row.waiting_for) for row in slips if row.stuck]
    assert late == []


def _both_sides_agree(facts: Facts, orders: dict[str, OrderRow], slips: Iterable[SlipRow]) -> None:
    """What the other side has done, the ledger knows; and it claims nothing the other side has not done."""
    passed = {OrderState.IMPORTED, OrderState.SHIPPED, OrderState.COMPLETED, OrderState.CANCELLED}
    imported = set(_count(facts["next_engine"], "order_imported"))
    assert {number for number in imported if orders[number].state not in passed} == set()
    claimed = {n for n, row in orders.items() if row.state in passed - {OrderState.CANCELLED}}
    assert claimed - imported == set()
    assert len(imported) >= 10

    gone = {SlipState.DISPATCHED, SlipState.CONFIRMED}
    shipped = set(_count(facts["warehouse"], "shipped"))
    states = {row.number: row.state for row in slips}
    assert {number for number in shipped if states[number] not in gone} == set()
    assert {number for number, state in states.items() if state in gone} - shipped == set()
    assert len(shipped) >= 10


def _sound(store: Path) -> None:
    with sqlite3.connect(store) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        open_intents = connection.execute("SELECT count(*) FROM effects WHERE state = 'intent'").fetchone()
    connection.close()
    assert open_intents == (0,), "whatever was begun was looked at after the restart"
