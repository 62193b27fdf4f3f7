"""Receipts (受付結果): what a SHIPACK says about one file of ours, spec/wms.md §7.4 and Resolutions 7."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.adapters.wms import wire
from connector.ports import Receipt

Values = dict[str, Any]


def receipt_of(name: str, rows: Sequence[Values]) -> Receipt:
    refused: dict[str, str] = {}
    file_refused = ""
    for row in rows:
        if row["verdict"] != "refused":
            continue
        place = f"（{row['line_no']}行目）" if row["line_no"] else ""
        words = f"{row['error_code'] or ''} {row['error'] or ''}{place}".strip()
        if row["slip_number"] == wire.FILE_ROW:
            file_refused = words or "理由の記載なし"
        else:
            refused[row["slip_number"]] = "、".join(filter(None, (refused.get(row["slip_number"]), words)))
    # Accepted before (D) is accepted: the same instruction never counts twice over there.
    slips = dict.fromkeys(row["slip_number"] for row in rows if row["slip_number"] != wire.FILE_ROW)
    accepted = () if file_refused else tuple(number for number in slips if number not in refused)
    return Receipt(accepted=accepted, refused=refused, file_refused=file_refused, name=name)


def adds_up(rows: Sequence[Values]) -> bool:
    """Whether the receipt speaks of every row of our file, so that nothing more can be to come."""
    whole = next((row for row in rows if row["slip_number"] == wire.FILE_ROW), None)
    if whole is None:
        return False
    if whole["verdict"] == "refused":
        return True
    slips = {row["slip_number"]: row["rows"] for row in rows if row is not whole}
    return bool(whole["rows"] == sum(slips.values()))


def usual_names(name: str) -> tuple[str, str]:
    return wire.ACK_NAME.format(name=name), wire.ACK_NAME_SHORT.format(rest=name.partition("_")[2])
