"""Confirm shipment (出荷確定): the tracking number into Next Engine, then 出荷確定, then read back.

The number goes in before the confirmation, because the dispatch mail waits for it (spec/next_engine.md §8). Where the
warehouse corrects its result afterwards, and the cart was not told yet, the corrected number follows. Dangerous: a
number that a person put into Next Engine by hand; it is never written over.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from connector.journey import SlipState
from connector.outcome import (
    Absent,
    Advance,
    Begun,
    CannotTell,
    Done,
    Effect,
    Hold,
    Item,
    Reason,
    Reply,
    Wait,
)
from connector.ports import Ports
from connector.slip import NEStatus, Shipment, Slip
from connector.stages.shipped import whole
from connector.stages.stage import Acting, Said, digest_of

FIRST, AGAIN = "ne_shipped", "ne_tracking"  # 出荷確定, and a correction after it
LOOK_AGAIN = timedelta(hours=6)  # at a slip that shows the newest result already


async def plan(items: Sequence[Item[Slip]], ports: Ports) -> AsyncIterator[Said | Effect]:
    for item in items:
        if item.state is SlipState.CONFIRMED:
            continue
        shipment = whole(item.shipments, item.noun.rows)
        if shipment is None:
            yield item, Wait("出荷実績がありません")
            continue
        yield _effect(FIRST, item, shipment, ports, digest_of(shipment.tracking))
    corrected = [item for item in items if item.state is SlipState.CONFIRMED]
    if corrected:
        slips = await ports.orders.slips([item.noun.number for item in corrected])
        for item in corrected:
            yield _correction(item, slips.get(item.noun.number), ports)


def _correction(item: Item[Slip], now: Slip | None, ports: Ports) -> Said | Effect:
    """What Next Engine shows against what the warehouse says by now."""
    shipment = whole(item.shipments, item.noun.rows)
    if now is None or not now.live or now.status < NEStatus.SHIPPED or shipment is None:
        return item, Wait("訂正するものはありません", until=ports.now + LOOK_AGAIN)
    if _shows(now, shipment):
        return item, Wait("訂正するものはありません", until=ports.now + LOOK_AGAIN)
    there = _digits(now.tracking)
    said = {number for event in item.shipments for number in event.tracking}
    if there and there not in said:
        words = f"ネクストエンジンの発送伝票番号 {there} は倉庫の実績にない番号です"
        words += f"（実績: {' '.join(shipment.tracking) or '-'}）"
        return item, Hold(Reason.SHIPMENT_CONFLICT, words)
    told = f"{len(item.shipments)}/{digest_of(shipment.tracking)}"
    return _effect(AGAIN, item, shipment, ports, told)


def _effect(kind: str, item: Item[Slip], shipment: Shipment, ports: Ports, told: str) -> Effect:
    return Effect(
        kind=kind,
        key=f"{ports.shop.key}/{kind}/{item.noun.number}/{told}",
        items=(item.id,),
        body=shipment.to_bytes(),
        facts={
            "slip": item.noun.number,
            "tracking": shipment.tracking[0] if shipment.tracking else "",
        },
    )


async def act(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    """All at once; their outcomes are known only when they are read back together at the end."""
    for kind, write in ((FIRST, ports.orders.confirm_shipments), (AGAIN, ports.orders.correct_tracking)):
        mine = [one for one in begun if one.effect.kind == kind]
        if not mine:
            continue
        answers = await write({_slip(one): Shipment.from_bytes(one.effect.body) for one in mine})
        for one in mine:
            now = answers[_slip(one)]
            yield (
                one,
                Done({"status": now.status, "tracking": now.tracking}) if isinstance(now, Slip) else now,
            )


async def look(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    slips = await ports.orders.slips([_slip(one) for one in begun])
    for one in begun:
        slip, tracking = slips.get(_slip(one)), one.effect.facts["tracking"]
        if slip is None or slip.status < NEStatus.SHIPPED:
            yield one, Absent()
        elif one.effect.kind == AGAIN and not _shows(slip, Shipment.from_bytes(one.effect.body)):
            yield one, Absent({"tracking": slip.tracking})
        elif tracking and tracking not in _digits(slip.tracking).split(","):
            yield one, CannotTell(f"出荷確定済みですが発送伝票番号が違います: {slip.tracking or '(空)'}")
        else:
            yield one, Done({"status": slip.status, "tracking": slip.tracking})


def _slip(one: Begun) -> str:
    return str(one.effect.facts["slip"])


def _digits(text: str) -> str:
    return text.replace("-", "").strip()


def _shows(slip: Slip, shipment: Shipment) -> bool:
    """The primary number in its field, and all of several in 作業用欄."""
    numbers = shipment.tracking
    primary = not numbers or _digits(slip.tracking) == numbers[0]
    return primary and (len(numbers) < 2 or all(number in slip.worker_text for number in numbers))


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
    takes=(SlipState.DISPATCHED, SlipState.CONFIRMED),
    gives=SlipState.CONFIRMED,
    plan=plan,
    act=act,
    look=look,
    witness=witness,
    at_once=200,
)
