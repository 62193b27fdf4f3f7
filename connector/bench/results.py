"""Results (出荷実績の計測): a day's result file matched and booked, by the shipped path and by pandas scripts.

All get the same ledger and the same result file (`results_day.py`). They run in turn, each in a process of its own, and
a wrong answer has no time: the scripts of `merge_frames.py` must leave the very same ledger, byte for byte and with its
chain of digests, the shorter one of `merge_script.py` at least the same slips shipped under the same tracking numbers.
Both rooms say what they leave out. Time is CPU time (user and system) from the bytes to the last commit; starting
Python and importing is part of none.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any, cast

from connector.bench.results_day import LEDGER, NAME, NOW, SHOP, prepare

ROWS = (10_000, 100_000)
ROUNDS = 3
RESULTS = "results"
PEERS = {
    "merge": "pandas alone: merged in frames, written back from frames",
    "staged": "pandas merge, the moved slips set by SQL",
    "many": "pandas merge, all written by executemany; no chain, no goods",
}
SLOW = ("merge",)  # run once
SHORT = ("many",)  # leave less than a whole ledger
WAYS = ("ours", *PEERS)


def measure_results(rows: Sequence[int] = ROWS, rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """One result per number of rows; or why it was left out."""
    if importlib.util.find_spec("pandas") is None:
        return [{"left_out": "pandas is not installed (pip install 'connector[bench]')"}]
    return [_compare(size, rounds) for size in rows]


def results_lines(results: Sequence[dict[str, Any]]) -> str:
    """For people: a line for each size, and how memory grows."""
    if "left_out" in results[0]:
        return f"results: left out, {results[0]['left_out']}"
    lines = list(chain.from_iterable(map(_lines, results)))
    if len(results) > 1:
        first, last = results[0], results[-1]
        lines.append(
            f"{last['rows'] // first['rows']}x the rows: {last['ours_mib'] / first['ours_mib']:.2f}x our memory, "
            f"{last['staged_mib'] / first['staged_mib']:.2f}x that of pandas with SQL; "
            f"the file itself is {last['bytes'] / 2**20:.1f} MiB"
        )
    return "\n".join(lines)


def _lines(one: dict[str, Any]) -> list[str]:
    lines = [
        f"results of {one['rows']:,} rows: {one['events']:,} events against {one['slips']:,} slips, "
        f"{one['rounds']} rounds in turn (load {one['load']:.1f})",
        f"  ours: {one['ours_us']:.1f} µs of CPU a row, {one['ours_mib']:.0f} MiB",
    ]
    for way, name in PEERS.items():
        ratio = one["ratios"][way]
        spread = "" if way in SLOW else f" [{ratio['least']:.2f}-{ratio['most']:.2f}]"
        lines.append(
            f"  {name}: {one[f'{way}_us']:.1f} µs, {one[f'{way}_mib']:.0f} MiB: {ratio['middle']:.2f}x{spread}"
        )
    return lines


def _compare(rows: int, rounds: int) -> dict[str, Any]:
    spent: dict[str, list[float]] = {way: [] for way in WAYS}
    peak = dict.fromkeys(WAYS, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        house = Path(folder)
        facts = _child(RESULTS, "prepare", str(rows), folder)
        for turn in range(rounds):
            ended = {}
            for way in WAYS if turn == 0 else [way for way in WAYS if way not in SLOW]:
                shutil.copy(house / "prepared.sqlite3", house / LEDGER)
                one = _child(RESULTS, way, folder)
                spent[way].append(one["seconds"])
                peak[way] = max(peak[way], one["peak_mib"])
                ended[way] = _ended(house / LEDGER, _ENDED), _ended(house / LEDGER, _LEDGER)
                for left in house.glob(f"{LEDGER}*"):
                    left.unlink()
            _agree(ended)
    middle = {way: statistics.median(spent[way]) for way in WAYS}
    return {
        **facts,
        "rounds": rounds,
        **{f"{way}_s": [round(one, 3) for one in spent[way]] for way in WAYS},
        **{f"{way}_us": round(1e6 * middle[way] / facts["rows"], 2) for way in WAYS},
        **{f"{way}_mib": peak[way] for way in WAYS},
        "ratio": _ratio(spent["ours"], spent["merge"])["middle"],
        "ratios": {way: _ratio(spent["ours"], spent[way]) for way in PEERS},
        "load": round(os.getloadavg()[0], 1),
    }


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, float]:
    """Of the medians, and of the pairs that ran one after the other."""
    pairs = [other / own for own, other in zip(ours, theirs, strict=False)]  # the slowest way runs once
    middle = statistics.median(theirs) / statistics.median(ours)
    return {"middle": round(middle, 2), "least": round(min(pairs), 2), "most": round(max(pairs), 2)}


def _child(*words: str) -> dict[str, Any]:
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "connector.bench", *words], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None  # noqa: S101 - PIPE was asked for
    with child.stdout:
        said = child.stdout.read().splitlines()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"the measured process {' '.join(words)} ended with {child.returncode}")
    return {**json.loads(said[-1]), "peak_mib": round(used.ru_maxrss / 1024, 1)}


def _agree(ended: dict[str, tuple[str, str]]) -> None:
    shipped, ledger = ended["ours"]
    short = all(ended[way][0] == shipped for way in ended)
    whole = all(ended[way][1] == ledger for way in ended if way not in SHORT)
    if not (shipped and short and whole):
        raise RuntimeError("the ways do not end alike: a wrong answer has no time")


_ENDED = (
    "SELECT s.number, h.tracking, h.result_id, h.shipped_on FROM slips s JOIN shipments h "
    "ON h.shop = s.shop AND h.slip_number = s.number WHERE s.state = 'dispatched' ORDER BY s.number",
    "SELECT number, slip_number FROM tracking_numbers "
    "WHERE slip_number IN (SELECT number FROM slips WHERE state = 'dispatched') ORDER BY 1, 2",
    "SELECT number, from_state, to_state FROM history WHERE event = 'moved' ORDER BY number",
    "SELECT state, count(*) FROM slips GROUP BY state ORDER BY state",
    "SELECT count(*) FROM strays",
)
_LEDGER = (
    "SELECT * FROM slips ORDER BY id",
    "SELECT shop, slip_number, result_id, version, result, shipped_on, tracking, body, at FROM shipments "
    "ORDER BY 1, 2, 3",
    "SELECT * FROM tracking_numbers ORDER BY 1, 2, 3",
    "SELECT * FROM history ORDER BY id",
)


def _ended(ledger: Path, queries: Sequence[str]) -> str:
    """What stands in the ledger now, as one digest; empty where the first of these finds nothing."""
    import hashlib
    import sqlite3

    found = hashlib.sha256()
    rows = []
    connection = sqlite3.connect(ledger)
    for query in queries:
        rows.append(0)
        for row in connection.execute(query):
            found.update(repr(row).encode())
            rows[-1] += 1
    connection.close()
    return found.hexdigest() if rows[0] else ""


def run_results(words: Sequence[str]) -> dict[str, Any]:
    """The measured process."""
    match words:
        case ["prepare", rows, folder]:
            return prepare(int(rows), Path(folder))
        case ["ours", folder]:
            return {"seconds": asyncio.run(_ours(Path(folder)))}
        case ["many", folder]:
            from connector.bench import merge_script

            return {"seconds": merge_script.run(Path(folder) / NAME, Path(folder) / LEDGER, SHOP, NOW)}
        case ["merge" | "staged" as way, folder]:
            from connector.bench import merge_frames

            file, ledger = Path(folder) / NAME, Path(folder) / LEDGER
            return {"seconds": merge_frames.run(file, ledger, SHOP, NOW, whole=way == "merge")}
    raise ValueError(words)


async def _ours(house: Path) -> float:
    """From the kept bytes to booked shipments and moved slips, by the collect stage's own reader."""
    from connector.adapters.wms.files import FileWarehouse, load_mappings
    from connector.clock import SteppedClock
    from connector.config import shipped_mappings
    from connector.ledger.database import Database
    from connector.ledger.ledger import Ledger
    from connector.mapping import load_tables
    from connector.ports import Ports
    from connector.runner.counts import Counts
    from connector.runner.results import Results
    from connector.shop import Shop
    from connector.stages.collect import STAGE

    mappings, nothing = shipped_mappings(), cast(Any, None)
    profile = load_mappings(mappings / "wms/generic", load_tables(mappings / "tables"), {})
    warehouse = FileWarehouse(profile, drop=nothing, archive=nothing, clock=SteppedClock(NOW))
    shop = Shop(key=SHOP, name="計測", start_at=NOW - timedelta(days=30), ne_shop_id="1")
    database = Database(f"sqlite:///{house / LEDGER}", inline=True)
    others = dict.fromkeys(("cart", "mailer", "orders", "archive"), nothing)
    ports = Ports(shop=shop, warehouse=warehouse, now=NOW, **others)
    counts = Counts()
    started = time.process_time()
    await Results(Ledger(database, shop)).read(STAGE, ports, counts)
    seconds = time.process_time() - started
    database.close()
    return seconds
