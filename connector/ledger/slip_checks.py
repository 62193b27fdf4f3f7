"""Slip checks (確認待ちなどの理由): under which reason of Next Engine each slip stood, and for how long, as seen.

The mirror comes by every few minutes: `opened_at` is when we saw a reason first, `closed_at` when we saw it gone.
What came and went between two looks was never here; what only rows tell (引当待ち, 発売日待ち) is as old as our last
look at them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from connector.ledger.database import pieces
from connector.ledger.schema_hub import slip_checks
from connector.slip import Slip

TABS = ("確認待ち", "入金待ち", "引当待ち", "発売日待ち", "印刷日待ち")

_CLOSE = update(slip_checks).where(slip_checks.c.id == bindparam("of"))


class Check(NamedTuple):
    """One reason: its screen, for 確認待ち its code as Next Engine writes it, and the row it names."""

    tab: str
    code: str = ""
    row_no: int | None = None


def reasons(slip: Slip, now: datetime) -> set[Check]:
    """Why a slip waits, as far as this picture tells. Each 確認内容 is one of its own (`AO:AA#1`)."""
    tab = slip.waits_for(now)
    if tab not in TABS:
        return set()
    if tab != "確認待ち":
        return {Check(tab)}
    found = {_check(code) for code in slip.confirm_ids.split(":") if code.strip()}
    return found or {Check(tab)}


def _check(code: str) -> Check:
    _, _, row = code.strip().partition("#")
    return Check("確認待ち", code.strip()[:20], int(row) if row.isdecimal() else None)


def note(connection: Connection, shop: str, seen: Mapping[int, Slip], now: datetime) -> None:
    """Open what is new and close what is gone, of these slips by ledger id. Safe to repeat."""
    standing = _open(connection, seen)
    fresh: list[dict[str, Any]] = []
    gone: list[dict[str, Any]] = []
    for slip_id, slip in seen.items():
        here = reasons(slip, now)
        known = {Check(row.tab, row.code, row.row_no): row for row in standing.get(slip_id, ())}
        gone += [{"of": row.id, "closed_at": now} for check, row in known.items() if check not in here]
        fresh += [
            {"shop": shop, "slip_id": slip_id, **check._asdict(), "opened_at": now}
            for check in sorted(here - known.keys(), key=str)
        ]
    if gone:
        connection.execute(_CLOSE, gone)
    if fresh:
        connection.execute(insert(slip_checks), fresh)


def _open(connection: Connection, slip_ids: Mapping[int, Slip]) -> dict[int, Sequence[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = {}
    for part in pieces(slip_ids):
        query = select(slip_checks).where(slip_checks.c.slip_id.in_(part), slip_checks.c.closed_at.is_(None))
        for row in connection.execute(query):
            found.setdefault(row.slip_id, []).append(row)
    return dict(found)
