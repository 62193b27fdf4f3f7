"""Parcels (複数配送先): one order to several addresses; a parent slip keeps the money, its children are shipped (§3.1).

The parent has no pieces of its own any more; it is 出荷確定済 when the last child is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine.model import Slip

PARENT: Final = "receive_order_multi_delivery_parent_order_id"
PARENT_FLAG: Final = "receive_order_multi_delivery_parent_flag"
ROW_PARENT: Final = "receive_order_row_multi_delivery_parent_order_id"
_CONSIGNEE: Final = "receive_order_consignee_"


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes to one address: consignee fields by wire name, and pieces by row number."""

    consignee: Mapping[str, str]
    quantities: Mapping[int, int]


def read(parts: Iterable[Mapping[str, object]]) -> list[Parcel]:
    """Parcels as the control plane and the page name them; ValueError when they make no sense."""
    parcels = []
    for part in parts:
        consignee, quantities = part.get("consignee", {}), part.get("quantities", {})
        if not isinstance(consignee, Mapping) or not isinstance(quantities, Mapping) or not quantities:
            raise ValueError("consignee と quantities を指定してください")
        parcels.append(
            Parcel(
                {str(name): str(text) for name, text in consignee.items()},
                {int(no): int(quantity) for no, quantity in quantities.items()},
            )
        )
    return parcels


def not_partable(slip: Slip, parcels: Sequence[Parcel]) -> str | None:
    """Why the slip cannot become these parcels, or None."""
    if not slip.live or slip.status not in (wire.STATUS_OPENED, wire.STATUS_PRINT_WAITING):
        return "複数配送先に分けられる状態の伝票ではありません"
    if slip.fields[PARENT] or slip.fields[PARENT_FLAG] == "1":
        return "すでに複数配送先の伝票です"
    if len(parcels) < 2:
        return "配送先は2件以上です"
    if any(not name.startswith(_CONSIGNEE) for parcel in parcels for name in parcel.consignee):
        return "発送先以外の項目は変えられません"
    pieces = {row.no: row.quantity for row in slip.live_rows}
    for parcel in parcels:
        for no, quantity in parcel.quantities.items():
            pieces[no] = pieces.get(no, 0) - quantity
            if quantity < 1:
                return "数量は1以上です"
    return "明細のすべての数量を配送先に分けてください" if any(pieces.values()) else None
