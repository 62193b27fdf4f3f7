"""Confirm shipment (出荷確定): the tracking number into Next Engine, then 出荷確定, then read back.

The number goes in before the confirmation, because the dispatch mail waits for it (spec/next_engine.md §8).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from connector.journey import SlipState
from connector.outcome import Absent, Advance, Begun, CannotTell, Done, Effect, Item, Reply, Wait
from connector.ports import Ports
from connector.slip import NEStatus, Shipment, Slip
from connector.stages.shipped import whole
from connector.stages.stage import Acting, Said, digest_of


async def plan(items: Sequence[Item[Slip]], ports: Ports) -> AsyncIterator[Said | Effect]:
    for item in items:
        shipment = whole(item.shipments)
        if shipment is None:
            yield item, Wait("出荷実績がありません")
            continue
        primary = shipment.tracking[0] if shipment.tracking else ""
        yield Effect(
            kind="ne_shipped",
            key=f"{ports.shop.key}/ne_shipped/{item.noun.number}/{digest_of(shipment.tracking)}",
            items=(item.id,),
            body=shipment.to_bytes(),
            facts={"slip": item.noun.number, "tracking": primary},
        )


async def act(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    """All at once; their outcomes are known only when they are read back together at the end."""
    shipments = {one.effect.facts["slip"]: Shipment.from_bytes(one.effect.body) for one in begun}
    answers = await ports.orders.confirm_shipments(shipments)
    for one in begun:
        now = answers[one.effect.facts["slip"]]
        yield one, Done({"status": now.status, "tracking": now.tracking}) if isinstance(now, Slip) else now


async def look(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    slips = await ports.orders.slips([one.effect.facts["slip"] for one in begun])
    for one in begun:
        slip, tracking = slips.get(one.effect.facts["slip"]), one.effect.facts["tracking"]
        if slip is None or slip.status < NEStatus.SHIPPED:
            yield one, Absent()
        elif tracking and tracking not in slip.tracking.split(","):
            yield one, CannotTell(f"出荷確定済みですが発送伝票番号が違います: {slip.tracking or '(空)'}")
        else:
            yield one, Done({"status": slip.status, "tracking": slip.tracking})


async def witness(items: Sequence[Item[Slip]], ports: Ports) -> AsyncIterator[Said]:
    slips = await ports.orders.slips([item.noun.number for item in items])
    for item in items:
        slip = slips.get(item.noun.number)
        shipped = slip is not None and slip.status >= NEStatus.SHIPPED
        yield item, Advance({"by": "someone else"}) if shipped else Wait("他システムの出荷確定待ち")


STAGE = Acting(
    name="confirm_shipment",
    japanese="出荷確定",
    every=timedelta(minutes=10),
    patience=timedelta(hours=4),
    noun=Slip,
    takes=(SlipState.DISPATCHED,),
    gives=SlipState.CONFIRMED,
    plan=plan,
    act=act,
    look=look,
    witness=witness,
    at_once=200,
)
