"""`connector demo`: a whole day by one command, whose last line says what became of every order."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.program import finished

KEYS = {
    "seed",
    "days",
    "orders_placed",
    "renewals_generated",
    "payment_refused",
    "notified",
    "imported",
    "relayed",
    "shipped",
    "completed",
    "held",
    "open",
    "double_shipped",
    "double_mailed",
    "unexplained",
    "wall_seconds",
    "report_dir",
}
MUST_BE_ZERO = (
    "double_shipped",
    "double_mailed",
    "double_imported",
    "double_captured",
    "shipped_unpaid",
    "relayed_after_cancel",
    "warehouse_differences",
    "unexplained",
    "stuck",
)
MEMORY, ROOM = Path("/dev/shm"), 50_000_000  # noqa: S108 - bytes; a day takes three million
EVERYTHING_AT_ONCE = "lost-mail,ne-busy,results-twice,token-expiry,smtp-drop"


@pytest.fixture
def fast(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is room: half of the demo's day is waiting for the disk, commit by commit."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    "faults",
    ["", pytest.param(EVERYTHING_AT_ONCE, marks=pytest.mark.long)],
    ids=["fair-weather", "foul-weather"],
)
def test_a_day_ends_with_every_order_accounted_for(tmp_path: Path, fast: Path, faults: str) -> None:
    arguments = ["--days", "1", "--orders-per-day", "60", "--seed", "7", "--exit", "--json"]
    said = tmp_path / "demo.err"
    code, text = finished("demo", *arguments, "--faults", faults, "--folder", str(fast / "demo"), stderr=said)
    assert code == 0, said.read_text(encoding="utf-8")[-3000:]
    figures: dict[str, Any] = json.loads(text.splitlines()[-1])
    assert figures.keys() >= KEYS
    assert (figures["seed"], figures["days"]) == (7, 1)
    assert {name: figures[name] for name in MUST_BE_ZERO} == dict.fromkeys(MUST_BE_ZERO, 0)
    assert figures["orders_placed"] >= 40
    assert figures["renewals_generated"] >= 1

    born = figures["orders_placed"] + figures["renewals_generated"]
    ended = figures["completed"] + figures["cancelled"]
    assert figures["held"] + figures["open"] + ended == born, "every order is somewhere, once"
    verdicts = figures["verdicts"]
    assert sum(verdicts.values()) - verdicts.get("left_out", 0) == born, (
        "and the report has a verdict on each"
    )
    assert verdicts.get("refused", 0) == figures["payment_refused"]
    assert born - figures["payment_refused"] - figures["cancelled"] <= figures["notified"] <= born
    assert figures["notified"] >= figures["imported"] >= figures["shipped"] >= figures["completed"] > 0
    assert figures["relayed"] >= figures["shipped"]
    if faults:
        assert sum(figures["faults"].values()) > 0, "the weather was foul indeed"

    folder = Path(figures["report_dir"])
    assert {path.suffix for path in folder.glob("report_*2026-11-24*")} >= {".html", ".csv", ".json"}
