"""Collect (出荷実績の取込): take in what the warehouse shipped, and believe only what fits a slip we relayed.

A file's bytes are kept before it is acknowledged, and read after that. Repeats change nothing (S5), what fits
nothing is a stray and writes nothing to Next Engine (S1), anything short of a whole shipment waits for a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from connector.clock import jst
from connector.journey import SlipState, at_least
from connector.outcome import Advance, Hold, Item, Outcome, Reason, Stray, Wait
from connector.ports import Ports, ResultFile
from connector.slip import Result, Shipment, Slip
from connector.stages.shipped import whole
from connector.stages.stage import Reading


async def read(ports: Ports, since: datetime) -> AsyncIterator[ResultFile | Stray]:
    async for found in ports.warehouse.results():
        yield found


def judge(ports: Ports, shipment: Shipment, item: Item[Slip] | None, relayed: bool) -> Outcome | Stray | None:
    """What one shipping event means for its slip; None where it says nothing new."""
    where = f"実績番号 {shipment.result_id} 出荷指示番号 {shipment.slip_number}"
    if item is None:
        return Stray("wms", where, "この出荷指示番号の伝票はありません。")
    if not relayed:
        return Stray("wms", where, "この伝票は倉庫へ出荷指示していません。")
    if any(shipment == known for known in item.shipments):
        return None
    if shipment.shipped_on > jst(ports.now).date() + timedelta(days=1):  # S4, with tolerance for clocks
        return Stray("wms", where, f"出荷日 {shipment.shipped_on} が未来です。")
    if _too_much(shipment, item):
        return Stray("wms", where, "出荷数が指示数を超えています。")
    if item.state is SlipState.CANCELLED:
        cancelled = shipment.result is Result.CANCELLED
        return None if cancelled else Hold(Reason.SHIPMENT_CONFLICT, "取消済みの伝票が出荷されました。")
    if at_least(item.state, SlipState.DISPATCHED):
        return _again(shipment, item)
    return _first(shipment, item)


def _first(shipment: Shipment, item: Item[Slip]) -> Outcome:
    if shipment.result is Result.PARTIAL:
        return Hold(Reason.PARTIAL_SHIPMENT, shipment.reason or shipment.reason_code)
    if shipment.result is not Result.SHIPPED:
        return Hold(Reason.UNSHIPPABLE, shipment.reason or shipment.reason_code or shipment.result)
    so_far = whole((*item.shipments, shipment))
    if so_far is not None and not so_far.complete:
        return Wait(f"個口 {len(so_far.tracking)}/{so_far.parcels} まで到着")
    return Advance({"result": shipment.result_id, "tracking": list(shipment.tracking)})


def released(item: Item[Slip]) -> Outcome | None:
    """A result that a person let pass goes on by itself; one that still lacks something waits."""
    found = whole(item.shipments)
    if found is None or found.result is not Result.SHIPPED or not found.complete:
        return None
    return Advance({"result": found.result_id, "tracking": list(found.tracking), "by": "released"})


def _again(shipment: Shipment, item: Item[Slip]) -> Outcome | None:
    """News about a slip that counts as shipped: the same is nothing, anything else is for a person (S6)."""
    before = whole(item.shipments)
    if before is not None and shipment.same_as(before):
        return None
    old = " ".join(before.tracking) if before else "-"
    return Hold(Reason.SHIPMENT_CONFLICT, f"送り状番号 {old} → {' '.join(shipment.tracking) or '-'}")


def _too_much(shipment: Shipment, item: Item[Slip]) -> bool:
    """More of an item than the slip asks for (S2); slips read without rows cannot be judged."""
    ordered: Counter[str] = Counter()
    for row in item.noun.rows:
        if not row.cancelled:
            ordered[row.sku.upper()] += row.quantity
    shipped: Counter[str] = Counter()
    for line in shipment.lines:
        shipped[line.sku.upper()] += line.quantity
    return bool(ordered) and any(shipped[sku] > ordered[sku] for sku in shipped)


STAGE = Reading(
    name="collect",
    japanese="出荷実績取込",
    every=timedelta(minutes=15),
    patience=timedelta(days=3),
    noun=Slip,
    takes=(SlipState.RELAYED,),
    gives=SlipState.DISPATCHED,
    read=read,
    cursor=False,
    judge=judge,
    released=released,
)
