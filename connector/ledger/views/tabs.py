"""Tabs (ネクストエンジンの画面): on which screen a slip waits, and for what, from the picture that we last read."""

from __future__ import annotations

from datetime import datetime

from connector.clock import jst
from connector.ledger.views.rows import Short, Tab
from connector.slip import Slip


def tab_of(slip: Slip, now: datetime) -> Tab | None:
    """None where it waits on no screen: the automation has not been over it, or its rows were not read."""
    name = slip.waits_for(now)
    live = [row for row in slip.rows if not row.cancelled]
    match name:
        case "確認待ち":
            return Tab(name=name, codes=tuple(code for code in slip.confirm_ids.split(":") if code))
        case "入金待ち":
            return Tab(name=name, method=slip.payment_method, yen=slip.total)
        case "引当待ち":
            short = [
                Short(row.sku, row.quantity, row.allocated) for row in live if row.allocated < row.quantity
            ]
            return Tab(name=name, short=tuple(short))
        case "発売日待ち":
            latest = max(
                (row for row in live if row.release_on), key=lambda row: row.release_on or now.date()
            )
            return Tab(name=name, sku=latest.sku, on=latest.release_on)
        case "印刷日待ち":
            return Tab(name=name, on=jst(slip.instruct_at).date() if slip.instruct_at else None)
    return None
