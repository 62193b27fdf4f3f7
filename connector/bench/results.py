"""Results (出荷実績の計測): a day's result file matched and booked, by the shipped path and by a pandas merge script.

Both get the same ledger file with as many relayed slips as the file has rows, and the same result file (generic
profile: a row per parcel and a row per item, three rows an event in one event of six, else two). They run in turn, each
in a process of its own, and must end with the same slips shipped under the same tracking numbers. Time is CPU time
(user and system) from the bytes to the last commit; starting Python and importing is part of neither.

The script is in `merge_script.py`, which says what it does and what it leaves out.
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
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

ROWS = (10_000, 100_000)
ROUNDS = 5
RESULTS = "results"
WAYS = ("ours", "merge")
SHOP, NAME, LEDGER = "bench", "SHIPRES_demo_WH01_20261124183000_000001.csv", "ledger.sqlite3"
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
HEADER = (
    *("実績番号", "出荷指示番号", "行番号", "実績区分", "出荷日", "運送会社コード", "送り状番号", "個口番号"),
    *("個口総数", "商品コード", "出荷数", "ロット", "賞味期限", "理由コード", "理由", "確定日時"),
)
_DONE = "2026/11/24 18:05:00"


def measure_results(rows: Sequence[int] = ROWS, rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """One result per number of rows; or why it was left out."""
    if importlib.util.find_spec("pandas") is None:
        return [{"left_out": "pandas is not installed (pip install 'connector[bench]')"}]
    return [_compare(size, rounds) for size in rows]


def results_lines(results: Sequence[dict[str, Any]]) -> str:
    """For people: a line for each size, and how memory grows."""
    if "left_out" in results[0]:
        return f"results: left out, {results[0]['left_out']}"
    lines = [
        f"results of {one['rows']:,} rows ({one['events']:,} events), {one['rounds']} rounds in turn: "
        f"ours {one['ours_us']:.1f} µs of CPU a row ({one['ours_mib']:.1f} MiB), "
        f"pandas merge {one['merge_us']:.1f} µs ({one['merge_mib']:.1f} MiB): "
        f"{one['ratio']:.2f}x [{one['ratio_least']:.2f}-{one['ratio_most']:.2f}] (load {one['load']:.1f})"
        for one in results
    ]
    if len(results) > 1:
        first, last = results[0], results[-1]
        lines.append(
            f"{last['rows'] // first['rows']}x the rows: {last['ours_mib'] / first['ours_mib']:.2f}x our memory, "
            f"{last['merge_mib'] / first['merge_mib']:.2f}x pandas'; "
            f"the file itself is {last['bytes'] / 2**20:.1f} MiB"
        )
    return "\n".join(lines)


def _compare(rows: int, rounds: int) -> dict[str, Any]:
    spent: dict[str, list[float]] = {way: [] for way in WAYS}
    peak = dict.fromkeys(WAYS, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        house = Path(folder)
        facts = _child(RESULTS, "prepare", str(rows), folder)
        for _ in range(rounds):
            ended = {}
            for way in WAYS:
                shutil.copy(house / "prepared.sqlite3", house / LEDGER)
                one = _child(RESULTS, way, folder)
                spent[way].append(one["seconds"])
                peak[way] = max(peak[way], one["peak_mib"])
                ended[way] = _ended(house / LEDGER)
                for left in house.glob(f"{LEDGER}*"):
                    left.unlink()
            if ended["ours"] != ended["merge"] or not ended["ours"]:
                raise RuntimeError("the two ways do not end alike: a wrong answer has no time")
    middle = {way: statistics.median(spent[way]) for way in WAYS}
    ratios = [theirs / ours for ours, theirs in zip(spent["ours"], spent["merge"], strict=True)]
    return {
        **facts,
        "rounds": rounds,
        **{f"{way}_s": [round(one, 3) for one in spent[way]] for way in WAYS},
        **{f"{way}_us": round(1e6 * middle[way] / facts["rows"], 2) for way in WAYS},
        **{f"{way}_mib": peak[way] for way in WAYS},
        "ratio": round(middle["merge"] / middle["ours"], 2),
        "ratio_least": round(min(ratios), 2),
        "ratio_most": round(max(ratios), 2),
        "load": round(os.getloadavg()[0], 1),
    }


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


def _ended(ledger: Path) -> str:
    """Which slips are shipped and under which numbers: what both ways must agree on."""
    import hashlib
    import sqlite3

    connection = sqlite3.connect(ledger)
    shipped = connection.execute(
        "SELECT s.number, h.tracking, h.result_id, h.shipped_on FROM slips s JOIN shipments h "
        "ON h.slip_number = s.number WHERE s.state = 'dispatched' ORDER BY s.number"
    ).fetchall()
    numbers = connection.execute("SELECT number, slip_number FROM tracking_numbers ORDER BY 1, 2").fetchall()
    told = connection.execute("SELECT count(*) FROM history WHERE event = 'moved'").fetchone()[0]
    connection.close()
    if len(shipped) != told:
        return ""
    return hashlib.sha256(repr((shipped, numbers)).encode()).hexdigest()


def run_results(words: Sequence[str]) -> dict[str, Any]:
    """The measured process."""
    match words:
        case ["prepare", rows, folder]:
            return _prepare(int(rows), Path(folder))
        case ["ours", folder]:
            return {"seconds": asyncio.run(_ours(Path(folder)))}
        case ["merge", folder]:
            from connector.bench.merge_script import run

            seconds = run(Path(folder) / NAME, Path(folder) / LEDGER, SHOP, NOW)
            return {"seconds": seconds}
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


def _prepare(rows: int, house: Path) -> dict[str, Any]:
    """A ledger with a relayed slip for every row, and the file that tells of the first of them."""
    from sqlalchemy import insert

    from connector.ledger import archive
    from connector.ledger.database import Database, migrate, pieces
    from connector.ledger.schema import slips

    events, body = _file(rows)
    (house / NAME).write_bytes(body)
    database = Database(f"sqlite:///{house / 'prepared.sqlite3'}", inline=True)
    migrate(database)
    with database.engine.begin() as connection:
        for part in pieces(range(rows)):
            connection.execute(insert(slips), [_slip_row(n) for n in part])
        archive.keep(connection, SHOP, NOW, system="wms", direction="in", name=NAME, body=body)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return {"rows": rows, "events": events, "bytes": len(body)}


def _file(rows: int) -> tuple[int, bytes]:
    """The events of a day in the warehouse's own form (spec/wms.md §7.4), in the order in which they were packed."""
    lines: list[Sequence[str]] = [HEADER]
    event = 0
    while len(lines) <= rows:
        slip, parcels = _number(event), 1 + (event % 6 == 5)
        same = ["1", "20261124", "YAMATO_TAKKYUBIN"]
        for n in range(parcels):
            number = _tracking(2 * event + n)
            parcel = [number, str(n + 1), str(parcels), *[""] * 6, _DONE]
            lines.append([f"R{event:09}", slip, "0", *same, *parcel])
        goods = ["", "", "", f"MH-SKU-{event % 40:03}", "1", f"L{event % 9}", "20271231", "", "", _DONE]
        lines.append([f"R{event:09}", slip, "1", *same, *goods])
        event += 1
    text = "\r\n".join(",".join(f'"{cell}"' for cell in line) for line in lines)
    return event, (text + "\r\n").encode("cp932")


def _number(n: int) -> str:
    return str(2_000_000 + n)


def _tracking(n: int) -> str:
    digits = 99_990_000_000 + n
    return f"{digits}{digits % 7}"


def _slip_row(n: int) -> dict[str, Any]:
    from connector.ledger import codec
    from connector.slip import Slip, SlipRow

    number = _number(n)
    goods = SlipRow(no=1, sku=f"MH-SKU-{n % 40:03}", name="見本の品", quantity=1, unit_price=1980)
    slip = Slip(
        number=number,
        order_number=f"T-{n:08}",
        ne_shop_id="1",
        status=40,
        name="見本 髙﨑",
        zip_code="1500001",
        address1="東京都渋谷区神宮前9-99-1",
        phone="090-0000-0000",
        total=1980,
        rows=(goods,),
        ordered_at=datetime.combine(date(2026, 11, 24), datetime.min.time(), UTC),
    )
    return {
        "shop": SHOP,
        "number": number,
        "order_number": slip.order_number,
        "state": "relayed",
        "since": NOW - timedelta(hours=8),
        "body": codec.encode(slip),
        "seen_at": NOW - timedelta(hours=1),
        "status": 40,
        "cancel_type": "0",
        "total": 1980,
    }
