"""Imports (本取込の警報): a file waits for a click (取込前確認), or Next Engine holds other sums than the file said."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from connector.ledger.preflight_rows import Verdict
from connector.ledger.schema import effects
from connector.ledger.schema_hub import preflights
from connector.outcome import Facts
from connector.shop import Shop

WAITS_KIND = "preflight_waits"
TOTALS_KIND = "import_totals"
TOLD_FOR = timedelta(hours=20)  # until the next day's file
SHOWN = 5  # numbers in the evidence


def waits(connection: Connection, shop: Shop, now: datetime) -> Facts | None:
    """The newest file that waits, with its figures and until when."""
    here = (preflights.c.shop == shop.key, preflights.c.state == Verdict.WAITS)
    row = connection.execute(select(preflights).where(*here).order_by(preflights.c.window.desc())).first()
    if row is None:
        return None
    return {
        "window": row.window,
        "orders": row.figures["orders"],
        "yen": row.figures["yen"],
        "until": row.deadline_at.isoformat() if row.deadline_at else "",
        "odd": row.oddities,
    }


def totals(connection: Connection, shop: Shop, now: datetime) -> Facts | None:
    """The newest file whose control totals do not tie, and the first orders that differ."""
    query = (
        select(effects.c.name, effects.c.evidence)
        .where(
            effects.c.shop == shop.key, effects.c.kind == "ne_import", effects.c.changed_at > now - TOLD_FOR
        )
        .order_by(effects.c.id.desc())
    )
    for name, evidence in connection.execute(query):
        control = evidence.get("control", {})
        if control.get("ties") is False:
            numbers = [
                *control["missing"],
                *(one for group in control["differing"] for one in group["orders"]),
            ]
            sums = {"file_yen": control["file_yen"], "yen": control["yen"]}
            return {"file": name, "count": len(numbers), "orders": numbers[:SHOWN], **sums}
    return None
