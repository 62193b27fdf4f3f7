"""Merge script (突き合わせスクリプト): how one would do the day's result file with pandas, in an afternoon.

Done: strict cp932, header, every code and date and number checked over whole columns, the check digit, parcels
complete, one number one slip, events already known, slips joined by number; then in one transaction the same rows in
the same SQLite file (WAL, synchronous=FULL): slips moved, shipments, tracking numbers, a history line each, all by
`executemany`, which is faster than `to_sql`.

Left out, where ours does it: a bad row named with line and column, quantities held against the slip's rows (S2),
corrections and partial shipments judged, the history's chain of digests, the shipment kept as a whole, being broken
off and going on, a file of any form other than this one.
"""

from __future__ import annotations

import json
import sqlite3
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

CODES = {"1": "shipped", "2": "partial", "3": "cancelled", "4": "unshippable"}
SEVENS = (
    "YAMATO_TAKKYUBIN",
    "YAMATO_COLLECT",
    "YAMATO_COMPACT",
    "YAMATO_NEKOPOS",
    "SAGAWA_TAKUHAI",
    "JP_YUPACK",
)
EVENT = ["実績番号", "出荷指示番号"]


def run(file: Path, ledger: Path, shop: str, now: datetime) -> float:
    """Seconds of CPU time from the file to the commit."""
    import pandas as pd  # type: ignore[import-untyped,unused-ignore]

    connection = sqlite3.connect(ledger, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    started = time.process_time()
    events, numbers, _ = read(pd, file, now)
    matched = _match(pd, events, numbers, connection, shop, now)
    _write(connection, matched, numbers, shop, now)
    seconds = time.process_time() - started
    connection.close()
    return seconds


def read(pd: Any, file: Path, now: datetime) -> tuple[Any, Any, Any]:
    """Events that are whole and right, the tracking numbers of each, and all rows."""
    rows = pd.read_csv(file, dtype=str, encoding="cp932", keep_default_na=False)
    shipped_on = pd.to_datetime(rows["出荷日"], format="%Y%m%d", errors="coerce")
    line_no = pd.to_numeric(rows["行番号"], errors="coerce")
    parcel_row = line_no == 0
    tracking = rows["送り状番号"].str.replace("-", "", regex=False)
    right = (
        rows["実績区分"].isin(CODES)
        & shipped_on.notna()
        & (shipped_on <= pd.Timestamp(now.date() + timedelta(days=1)))
        & line_no.notna()
        & rows["出荷指示番号"].str.fullmatch(r"[\x21-\x7e]{1,15}")
        & rows["実績番号"].str.fullmatch(r"[\x21-\x7e]{1,20}")
    )
    twelve = tracking.str.fullmatch(r"\d{12}")
    digits = pd.to_numeric(tracking.where(twelve), errors="coerce").fillna(0).astype("int64")
    checked = ~rows["運送会社コード"].isin(SEVENS) | (twelve & (digits // 10 % 7 == digits % 10))
    goods = pd.to_numeric(rows["出荷数"], errors="coerce")
    right &= (parcel_row & checked) | (~parcel_row & (goods >= 0) & (rows["商品コード"] != ""))
    done = pd.to_datetime(rows["確定日時"], format="%Y/%m/%d %H:%M:%S", errors="coerce")
    right &= done.notna()
    done = done.dt.tz_localize("Asia/Tokyo")
    rows = rows.assign(tracking=tracking, parcel=parcel_row, right=right, shipped_on=shipped_on, done=done)
    whole = rows.groupby(EVENT, sort=False).agg(
        right=("right", "all"),
        shipped_on=("shipped_on", "first"),
        days=("shipped_on", "nunique"),
        result=("実績区分", "first"),
        carrier=("運送会社コード", "first"),
        confirmed_at=("done", "max"),
        rows=("right", "size"),
        parcel_rows=("parcel", "sum"),
    )
    parcels = rows[rows["parcel"]]
    counted = parcels.groupby(EVENT, sort=False).agg(
        tracking=("tracking", " ".join),
        seen=("個口番号", "nunique"),
        said=("個口総数", "first"),
    )
    events = whole.join(counted).reset_index()
    complete = events["seen"] == pd.to_numeric(events["said"], errors="coerce")
    events = events[
        events["right"]
        & complete
        & (events["days"] == 1)
        & (events["rows"] > events["parcel_rows"])  # goods are named
        & (events["result"] == "1")
    ]
    numbers = parcels[[*EVENT, "tracking"]].drop_duplicates(["出荷指示番号", "tracking"])
    shared = numbers.groupby("tracking")["出荷指示番号"].transform("nunique") > 1
    return events[~events["出荷指示番号"].isin(numbers.loc[shared, "出荷指示番号"])], numbers, rows


def _match(
    pd: Any, events: Any, numbers: Any, connection: sqlite3.Connection, shop: str, now: datetime
) -> Any:
    """The events of slips that wait for them, and whose numbers nobody else has."""
    slips = pd.read_sql(
        "SELECT id, number, state FROM slips WHERE shop = ? AND state = 'relayed'",
        connection,
        params=(shop,),
    )
    known = pd.read_sql(
        "SELECT slip_number, result_id FROM shipments WHERE shop = ?", connection, params=(shop,)
    )
    since = str((now - timedelta(days=90)).replace(tzinfo=None))
    taken = pd.read_sql(
        "SELECT number AS tracking, slip_number FROM tracking_numbers WHERE shop = ? AND at >= ?",
        connection,
        params=(shop, since),
    )
    matched = events.merge(slips, left_on="出荷指示番号", right_on="number")
    old = matched.merge(
        known, left_on=["出荷指示番号", "実績番号"], right_on=["slip_number", "result_id"], how="left"
    )
    matched = matched[old["result_id"].isna().to_numpy()]
    others = numbers.merge(taken, on="tracking")
    others = others[others["出荷指示番号"] != others["slip_number"]]
    return matched[~matched["出荷指示番号"].isin(others["出荷指示番号"])]


def _write(connection: sqlite3.Connection, matched: Any, numbers: Any, shop: str, now: datetime) -> None:
    """Everything in one transaction."""
    at = str(now.replace(tzinfo=None)) + ".000000"
    mine = numbers[numbers["出荷指示番号"].isin(matched["出荷指示番号"])]
    days = matched["shipped_on"].dt.strftime("%Y-%m-%d").tolist()
    ids, slips = matched["id"].tolist(), matched["出荷指示番号"].tolist()
    results, tracking = matched["実績番号"].tolist(), matched["tracking"].tolist()
    evidence = [
        json.dumps({"result": result, "tracking": found.split()})
        for result, found in zip(results, tracking, strict=True)
    ]
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(
        "UPDATE slips SET state = 'dispatched', since = ?, next_at = NULL, tries = 0, waiting_for = '' "
        "WHERE id = ? AND state = 'relayed'",
        [(at, id_) for id_ in ids],
    )
    connection.executemany(
        "INSERT INTO shipments (shop, slip_number, result_id, version, result, shipped_on, tracking, body, at) "
        "VALUES (?, ?, ?, 1, 'shipped', ?, ?, ?, ?)",
        [
            (shop, slip, result, day, found, told, at)
            for slip, result, day, found, told in zip(slips, results, days, tracking, evidence, strict=True)
        ],
    )
    connection.executemany(
        "INSERT INTO tracking_numbers (shop, number, slip_number, at) VALUES (?, ?, ?, ?)",
        [
            (shop, number, slip, at)
            for slip, number in zip(mine["出荷指示番号"], mine["tracking"], strict=True)
        ],
    )
    connection.executemany(
        "INSERT INTO history (shop, at, item, item_id, number, event, from_state, to_state, stage, actor, note, "
        "facts, digest) VALUES (?, ?, 'slip', ?, ?, 'moved', 'relayed', 'dispatched', 'collect', 'script', '', ?, '')",
        [(shop, at, id_, slip, told) for id_, slip, told in zip(ids, slips, evidence, strict=True)],
    )
    connection.execute("COMMIT")
