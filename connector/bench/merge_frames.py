"""Merge frames (pandas の突き合わせ): pandas scripts that leave the very same ledger.

The file is read and checked over whole columns as in `merge_script.py`. Slips, known results and the tracking numbers
of 90 days come in as frames and are merged; quantities are held against the slips' own rows; the shipments are kept as
a whole, and the history's chain of digests goes on, so that later stages can work on what it leaves. What is new goes
out by `to_sql`, all in one transaction (WAL, synchronous=FULL). Everything that pandas can do over whole columns is
done so; the chain is a loop by its nature.

pandas itself cannot change rows of a table. `whole` stays in pandas: the slips are changed in their frame and the
table is written back from it, the nine slips of other days with each one of today. The other form hands the moved slips
to SQL, by a staging table from which one UPDATE sets them.

Left out, where ours does it: a bad row named with line and column, partial shipments and corrections judged, being
broken off and going on, a file of any form other than this one.
"""

from __future__ import annotations

import hashlib
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.bench.merge_script import EVENT, read

AGES = timedelta(days=90)
GOODS = ["出荷指示番号", "sku"]
_SET = (
    "UPDATE slips SET state = 'dispatched', since = moved.at, next_at = NULL, tries = 0, waiting_for = '' "
    "FROM moved WHERE slips.id = moved.id AND slips.state = 'relayed'"
)
_SLIPS = "SELECT * FROM slips WHERE shop = ?"
_WAITING = "SELECT id, number, state, body FROM slips WHERE shop = ? AND state = 'relayed'"
_LAST = "SELECT digest FROM history WHERE shop = ? ORDER BY id DESC LIMIT 1"
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def run(file: Path, ledger: Path, shop: str, now: datetime, *, whole: bool) -> float:
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
        events, numbers, rows = read(pd, file, now)
        slips = pd.read_sql(_SLIPS if whole else _WAITING, connection, params=(shop,))
        waiting = slips.loc[slips["state"] == "relayed", ["id", "number", "body"]]
        matched = _match(pd, events, numbers, waiting, connection, shop, now)
        lines = _lines(pd, rows[rows["出荷指示番号"].isin(matched["出荷指示番号"])])
        matched = _as_asked(pd, matched, lines)
        at = f"{now.replace(tzinfo=None)}.000000"
        _append(pd, connection, _told(pd, matched, lines), numbers, shop, at, now)
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


def _lines(pd: Any, rows: Any) -> Any:
    """The goods of each event."""
    goods = rows[~rows["parcel"]]
    return pd.DataFrame(
        {
            "実績番号": goods["実績番号"],
            "出荷指示番号": goods["出荷指示番号"],
            "line_no": pd.to_numeric(goods["行番号"]),
            "sku": goods["商品コード"],
            "quantity": pd.to_numeric(goods["出荷数"]),
        }
    )


def _as_asked(pd: Any, matched: Any, lines: Any) -> Any:
    """Only events of which every quantity is what the slip's own rows ask for."""
    asked = pd.json_normalize(matched["body"].map(json.loads).tolist(), "rows", ["number"])
    asked = asked[~asked["cancelled"].astype(bool)].rename(columns={"number": "出荷指示番号"})
    asked = asked.groupby(GOODS, as_index=False)["quantity"].sum()
    sent = lines.groupby(GOODS, as_index=False)["quantity"].sum()
    both = asked.merge(sent, on=GOODS, how="outer", suffixes=("", "_sent"))
    wrong = both.loc[both["quantity"] != both["quantity_sent"], "出荷指示番号"]
    return matched[~matched["出荷指示番号"].isin(wrong)]


def _told(pd: Any, matched: Any, lines: Any) -> Any:
    """The shipments as they are kept: the JSON of each, with its goods."""
    lines["line"] = lines[["line_no", "sku", "quantity"]].to_dict("records")
    events = matched.join(lines.groupby(EVENT, sort=False)["line"].agg(list).rename("lines"), on=EVENT)
    whole = pd.DataFrame(
        {
            "result_id": events["実績番号"],
            "slip_number": events["出荷指示番号"],
            "result": "shipped",
            "shipped_on": events["shipped_on"].dt.strftime("%Y-%m-%d"),
            "carrier": events["carrier"],
            "tracking": events["tracking"].str.split(" "),
            "parcels": pd.to_numeric(events["said"]),
            "lines": events["lines"],
            "reason_code": "",
            "reason": "",
            "complete": True,
            "confirmed_at": events["confirmed_at"].dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "dated": True,
        }
    )
    bodies = whole.to_json(orient="records", lines=True, force_ascii=False).splitlines()
    return events.assign(body=bodies, days=whole["shipped_on"])


def _append(pd: Any, connection: Any, told: Any, numbers: Any, shop: str, at: str, now: datetime) -> None:
    slip, result, tracking = told["出荷指示番号"], told["実績番号"], told["tracking"]
    mine = numbers[numbers["出荷指示番号"].isin(slip)]
    shipments = {
        "shop": shop,
        "slip_number": slip,
        "result_id": result,
        "version": 1,
        "result": "shipped",
        "shipped_on": told["days"],
        "tracking": tracking,
        "body": told["body"].str.encode("utf-8"),
        "exchange_id": 1,
        "at": at,
    }
    given = {"shop": shop, "number": mine["tracking"], "slip_number": mine["出荷指示番号"], "at": at}
    for name, columns in (("shipments", shipments), ("tracking_numbers", given)):
        pd.DataFrame(columns).to_sql(name, connection, if_exists="append", index=False)
    history = pd.DataFrame(
        {
            "item": "slip",
            "item_id": told["id"],
            "number": slip,
            "event": "moved",
            "from_state": "relayed",
            "to_state": "dispatched",
            "stage": "collect",
            "actor": "connector",
            "note": "",
        }
    )
    history["facts"] = [
        {"result": one, "tracking": found.split()} for one, found in zip(result, tracking, strict=True)
    ]
    before = connection.exec_driver_sql(_LAST, (shop,)).scalar() or "0" * 64
    history["digest"] = _chain(history.to_dict("records"), before, shop, now)
    history["facts"] = history["facts"].map(json.dumps)
    history.assign(shop=shop, at=at).to_sql("history", connection, if_exists="append", index=False)


def _chain(rows: list[dict[str, Any]], digest: str, shop: str, now: datetime) -> list[str]:
    at = f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    digests = []
    for row in rows:
        digest = hashlib.sha256(_compact([digest, shop, at, row]).encode()).hexdigest()
        digests.append(digest)
    return digests


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
