"""Merge frames (pandas の突き合わせ): the habitual pandas scripts: tables in as frames, merge, frames back.

The same file is read and checked over whole columns as in `merge_script.py`, and the same rows end in the same
SQLite file (WAL, synchronous=FULL), in one transaction. The tables come in whole, with the columns that are needed:
number and state of every slip, every known result, every tracking number of the last 90 days. What is new goes out by
`to_sql`: shipments, tracking numbers and history appended, the moved slips into a staging table from which one UPDATE
sets them. Right dtypes, no loop over rows.

`whole` is the short form of the same: every column of the slips comes in, is changed in the frame, and the table is
emptied and written back from it. It reads and writes the nine slips of other days for each one of today; whoever
thinks of a staging table does not do that.

Both leave out what `merge_script.py` leaves out.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connector.bench.merge_script import read

AGES = timedelta(days=90)
_SET = (
    "UPDATE slips SET state = 'dispatched', since = moved.at, next_at = NULL, tries = 0, waiting_for = '' "
    "FROM moved WHERE slips.id = moved.id AND slips.state = 'relayed'"
)


def run(file: Path, ledger: Path, shop: str, now: datetime, *, whole: bool = False) -> float:
    """Seconds of CPU time from the file to the commit."""
    import pandas as pd  # type: ignore[import-untyped,unused-ignore]
    from sqlalchemy import create_engine, event

    engine = create_engine(f"sqlite:///{ledger}")
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.connect():
        pass
    started = time.process_time()
    with engine.begin() as connection:
        events, numbers = read(pd, file, now)
        columns = "*" if whole else "id, number, state"
        slips = pd.read_sql(f"SELECT {columns} FROM slips WHERE shop = ?", connection, params=(shop,))  # noqa: S608
        matched = _match(pd, events, numbers, slips[["id", "number", "state"]], connection, shop, now)
        at = f"{now.replace(tzinfo=None)}.000000"
        _append(pd, connection, matched, numbers, shop, at)
        if whole:
            _put_back(connection, slips, slips["id"].isin(matched["id"]), shop, at)
        else:
            _move(pd, connection, matched, at)
    seconds = time.process_time() - started
    engine.dispose()
    return seconds


def _on_connect(raw: Any, _record: Any) -> None:
    raw.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "temp_store=MEMORY"):
        raw.execute(f"PRAGMA {pragma}")


def _match(pd: Any, events: Any, numbers: Any, slips: Any, connection: Any, shop: str, now: datetime) -> Any:
    """The events of slips that wait for them, and whose numbers nobody else has."""
    known = pd.read_sql(
        "SELECT slip_number, result_id FROM shipments WHERE shop = ?", connection, params=(shop,)
    )
    taken = pd.read_sql(
        "SELECT number AS tracking, slip_number FROM tracking_numbers WHERE shop = ? AND at >= ?",
        connection,
        params=(shop, str((now - AGES).replace(tzinfo=None))),
    )
    matched = events.merge(slips, left_on="出荷指示番号", right_on="number")
    matched = matched[matched["state"] == "relayed"]
    matched = matched.merge(
        known,
        left_on=["出荷指示番号", "実績番号"],
        right_on=["slip_number", "result_id"],
        how="left",
        indicator="told",
    )
    matched = matched[matched["told"] == "left_only"]
    others = numbers.merge(taken, on="tracking")
    others = others[others["出荷指示番号"] != others["slip_number"]]
    return matched[~matched["出荷指示番号"].isin(others["出荷指示番号"])]


def _append(pd: Any, connection: Any, matched: Any, numbers: Any, shop: str, at: str) -> None:
    slip, result, tracking = matched["出荷指示番号"], matched["実績番号"], matched["tracking"]
    told = '{"result": "' + result + '", "tracking": ["' + tracking.str.replace(" ", '", "') + '"]}'
    mine = numbers[numbers["出荷指示番号"].isin(slip)]
    frames = {
        "shipments": {
            "shop": shop,
            "slip_number": slip,
            "result_id": result,
            "version": 1,
            "result": "shipped",
            "shipped_on": matched["shipped_on"].dt.strftime("%Y-%m-%d"),
            "tracking": tracking,
            "body": told,
            "at": at,
        },
        "tracking_numbers": {
            "shop": shop,
            "number": mine["tracking"],
            "slip_number": mine["出荷指示番号"],
            "at": at,
        },
        "history": {
            "shop": shop,
            "at": at,
            "item": "slip",
            "item_id": matched["id"],
            "number": slip,
            "event": "moved",
            "from_state": "relayed",
            "to_state": "dispatched",
            "stage": "collect",
            "actor": "script",
            "note": "",
            "facts": told,
            "digest": "",
        },
    }
    for name, columns in frames.items():
        pd.DataFrame(columns).to_sql(name, connection, if_exists="append", index=False)


def _move(pd: Any, connection: Any, matched: Any, at: str) -> None:
    connection.exec_driver_sql("CREATE TEMP TABLE moved (id INTEGER PRIMARY KEY, at TEXT NOT NULL)")
    moved = pd.DataFrame({"id": matched["id"], "at": at})
    moved.to_sql("moved", connection, if_exists="append", index=False)
    connection.exec_driver_sql(_SET)


def _put_back(connection: Any, slips: Any, moved: Any, shop: str, at: str) -> None:
    fresh = ["state", "since", "next_at", "tries", "waiting_for"]
    slips.loc[moved, fresh] = ["dispatched", at, None, 0, ""]
    connection.exec_driver_sql("DELETE FROM slips WHERE shop = ?", (shop,))
    slips.to_sql("slips", connection, if_exists="append", index=False)
