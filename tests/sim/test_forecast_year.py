"""The forecast over a year (B01): 10,000 subscriptions, 200 renewals that never came in silence, and a clean run.

What the cart really did is known from its own history alone. The figures are printed.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import msgspec
import pytest
import structlog
from connector import clock, journal
from connector.cli import app
from connector.clock import SystemClock, jst
from connector.console import Exit
from connector.ledger import views
from connector.shop import RenewalRules
from typer.testing import CliRunner

from tests.sim.living_shop import CLOSED, DAY, LIVE, Omitted
from tests.sim.year import Year

SEED = 20261101
SUBSCRIPTIONS = 10_000
SILENT = {"forgotten": 100, "rolled": 100}
ODD = {"late": 30, "doubled": 30}
RECALL, FALSE_ALARMS = 0.99, 0.001
Say = Callable[[str], None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Print past the capture: the figures belong into every log of this test."""

    def out(text: str) -> None:
        with capsys.disabled():
            print(text)

    return out


def lived(folder: Path, until: date, omissions: dict[str, int], say: Say) -> Year:
    year = Year(folder, seed=SEED, subscriptions=SUBSCRIPTIONS, until=until, omissions=omissions)
    began = SystemClock().monotonic()
    found = asyncio.run(year.run())
    orders, subs = len(year.living.cart.shop.orders), len(year.living.cart.shop.subs)
    say(
        f"\n  seed {SEED}: {subs:,} subscriptions, {orders:,} orders, {LIVE} to {until}, "
        f"{found.mornings} business mornings, {SystemClock().monotonic() - began:.0f} s"
    )
    say(f"  false alarms {len(found.false_alarms)}, traps told {len(found.traps)}")
    say(f"  orders of a night foreseen the morning before: {found.foreseen:,}, off by {found.off:,}")
    return year


def by_mornings(some: list[Omitted]) -> dict[int, int]:
    """How many were found on their first, second … business morning; 0: never."""
    return dict(sorted(Counter(one.mornings for one in some).items()))


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_year_with_two_hundred_renewals_that_never_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    year = lived(tmp_path, date(2027, 10, 31), SILENT | ODD, say)
    silent = [one for one in year.living.omitted if one.how in SILENT]
    for how in (*SILENT, *ODD):
        some = [one for one in year.living.omitted if one.how == how]
        say(f"  {how}: {len(some)} seeded, found by business morning {by_mornings(some)}")
    in_time = sum(1 <= one.mornings <= 2 for one in silent)
    say(f"  recall within one business day: {in_time / len(silent):.3%} of {len(silent)}")

    assert len(silent) >= sum(SILENT.values())
    assert in_time >= RECALL * len(silent)
    odd = [one for one in year.living.omitted if one.how in ODD]
    assert len(odd) >= sum(ODD.values())
    assert all(one.mornings for one in odd)
    assert len({id_ for _, id_ in year.found.false_alarms}) <= FALSE_ALARMS * SUBSCRIPTIONS
    assert year.found.off <= 0.05 * year.found.foreseen  # B19 allows 10 %
    assert year.living.cart.check() == []  # the engine itself kept its books

    seen = asyncio.run(year.forecast(year.now, days=14))
    year.database.close()
    the_command_says_the_same(tmp_path, year.now, seen, monkeypatch)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_clean_winter_alarms_nobody(tmp_path: Path, say: Say) -> None:
    """Year end, skips, suspensions, refused cards, changed dates: and every order in its night."""
    year = lived(tmp_path, date(2027, 1, 15), {}, say)
    year.database.close()
    assert year.living.omitted == []
    assert year.found.false_alarms == set()
    assert year.found.off <= 0.05 * year.found.foreseen


@pytest.mark.long
@pytest.mark.timeout(600)
def test_every_trap_of_a_long_holiday_is_told_a_week_before(tmp_path: Path, say: Say) -> None:
    """配送予定日 five days before: year end and Golden Week pull ship days before the creation (§7.3, B19)."""
    rules = RenewalRules(origin="deliver", days_before=5, closed=CLOSED)
    year = Year(
        tmp_path, seed=SEED, subscriptions=800, until=date(2027, 5, 20), omissions={}, busy=0, rules=rules
    )
    found = asyncio.run(year.run())
    year.database.close()
    first = LIVE + 14 * DAY  # before that nobody could be told in time
    too_late = {key: day for key, day in year.living.too_late.items() if day >= first}
    told = found.traps
    ahead = [(day - told[key]).days for key, day in too_late.items() if key in told]
    say(
        f"\n  seed {SEED}: {len(too_late)} orders created after their ship day, {len(ahead)} told before, "
        f"{min(ahead)} to {max(ahead)} days ahead; {len(told)} traps told"
    )
    assert len(too_late) > 20
    assert set(too_late) <= set(told)
    assert min(ahead) >= 7
    due = {key for key in told if first <= key[1] < date(2027, 5, 10)}
    assert due <= set(too_late)  # and none for nothing
    assert found.false_alarms == set()


def the_command_says_the_same(
    folder: Path, now: datetime, seen: views.Forecast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`connector forecast --json` over the year's own database, as of the year's last morning."""

    class Then(SystemClock):
        def now(self) -> datetime:
            return now

    monkeypatch.setattr(clock, "SystemClock", Then)
    log_aside(monkeypatch)
    reply = CliRunner().invoke(app, ["forecast", "--json", "--config", str(a_config(folder))])
    structlog.reset_defaults()
    assert reply.exit_code == (Exit.FINDINGS if seen.wrong else Exit.OK), reply.output
    said = json.loads(reply.stdout)
    assert said == json.loads(json.dumps(msgspec.to_builtins(seen, str_keys=True), default=str))
    assert said["active"] > SUBSCRIPTIONS / 2
    assert len(said["expected"]) == 14
    assert said["expected"][0]["on"] == str(jst(now).date())


def log_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log lines go nowhere: the runner's stderr is closed after each command, and the log would outlive it."""
    set_up = journal.set_up
    monkeypatch.setattr(journal, "set_up", lambda style, now: set_up(style, now, io.StringIO()))


def a_config(folder: Path) -> Path:
    """The least that a configuration must say, with this shop's closures."""
    for name in ("cart_token", "ne_secret", "wms_password", "known_hosts"):
        path = folder / name
        path.touch(mode=0o600)
        path.write_text("sample\n")
    closed = ", ".join(f'"{first}/{last}"' for first, last in CLOSED)
    path = folder / "connector.toml"
    path.write_text(
        f"""
data_dir = "{folder}"
secret_key_file = "{folder}/secret.key"
[shops.mihon]
name = "見本ストア"
start_at = "2026-11-01T00:00:00+09:00"
mappings = {json.dumps(str(Path(__file__).parents[2] / "mappings"))}
[shops.mihon.cart]
url = "http://127.0.0.1:9"
token_file = "cart_token"
[shops.mihon.renewals]
closed = [{closed}]
[shops.mihon.mail]
host = "127.0.0.1"
security = "none"
sender = "shop@example.jp"
recipient = "intake@example.jp"
[shops.mihon.next_engine]
client_id = "sample"
client_secret_file = "ne_secret"
account = "NE1"
shop_id = "1"
[shops.mihon.warehouse]
tenant = "T"
warehouse = "W"
shop_code = "S"
folder = "{folder}"
[shops.mihon.warehouse.sender]
name = "見本ストア"
zip_code = "150-0001"
address = "見本市見本町1-1"
phone = "000-0000-0000"
[shops.mihon.completion]
folder = "{folder}"
""",
        encoding="utf-8",
    )
    return path
