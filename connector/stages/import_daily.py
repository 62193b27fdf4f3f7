"""Import daily (本取込): at the set time, one order CSV for exactly the orders that stand in 新規受付 now.

Next Engine is asked again in the same pass (V1); its queue's success is not believed, each order is read back.
At most one file is released per business day and time (V3): the effect's key is that window.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from connector.errors import NotDone, Refused
from connector.journey import OrderState
from connector.order import Order
from connector.outcome import (
    Absent,
    Advance,
    Begun,
    Done,
    Effect,
    Hold,
    Item,
    Outcome,
    Reason,
    Reply,
    Sent,
    Wait,
)
from connector.ports import Ports
from connector.slip import NEStatus, Slip
from connector.stages.stage import Acting, Said, look_at_each, one_by_one

ABSURD_FROM = 20  # so many orders and not one of them in NE: a wrong picture, not twenty problems


async def plan(items: Sequence[Item[Order]], ports: Ports) -> AsyncIterator[Said | Effect | list[Slip]]:
    slips = await ports.orders.slips_of([item.noun.number for item in items])
    if len(items) >= ABSURD_FROM and not any(slips.values()):
        raise NotDone(f"Next Engine shows none of {len(items)} orders that stood in 新規受付: not believed")
    yield [slip for found in slips.values() for slip in found]
    ready = []
    for item in items:
        stays = obstacle(item, slips.get(item.noun.number, []))
        if stays is None:
            ready.append(item)
        else:
            yield item, stays
    if not ready:
        return
    built = ports.orders.import_file([item.noun for item in ready])
    by_number = {item.noun.number: item for item in ready}
    for number, hold in built.held:
        yield by_number[number], hold
    included = [by_number[number] for number in built.included]
    if included:
        yield Effect(
            kind="ne_import",
            key=f"{ports.shop.key}/ne_import/{ports.window}",
            items=tuple(item.id for item in included),
            body=built.body,
            name=f"orders_{ports.shop.key}_{ports.window.replace(' ', '_').replace(':', '')}.csv",
            facts={**built.facts, "orders": {str(item.id): item.noun.number for item in included}},
        )


def obstacle(item: Item[Order], slips: list[Slip]) -> Outcome | None:
    """Why an order stays out of this file; None for one that belongs in it."""
    live = [slip for slip in slips if slip.live]
    if item.noun.cancelled or item.noun.deleted:
        return Wait("カートで取消済み（出荷止め処理中）")
    merged = next((slip for slip in slips if slip.merged), None)
    if not live and merged is not None:
        return Advance({"slip": merged.number, "merged_into": merged.merged_into})
    if not live:
        return Hold(Reason.NE_CANCELLED, "新規受付の伝票がなくなりました。")
    if any(slip.status >= NEStatus.OPEN for slip in live):
        return Advance({"slip": live[0].number, "by": "someone else"})
    return None


async def act(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    async for one, reply in one_by_one(begun, lambda one: ports.orders.upload(one.effect)):
        yield one, reply


async def look(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    async for one, reply in look_at_each(begun, lambda one: _look(one, ports)):
        yield one, reply


async def _look(one: Begun, ports: Ports) -> Reply:
    que_id = one.evidence.get("que_id")
    queue = await ports.orders.queue(que_id) if que_id else None
    if que_id and (queue is None or queue.status in (0, 1)):
        return Sent({"queue": queue.status if queue else None}, look_after=30)
    numbers: dict[str, str] = one.effect.facts["orders"]
    slips = await ports.orders.slips_of(list(numbers.values()))
    imported = {
        int(id_): Advance({"slip": found[0].number, "queue": queue.status if queue else None})
        for id_, number in numbers.items()
        if (found := [slip for slip in slips.get(number, []) if slip.status >= NEStatus.OPEN])
    }
    if len(imported) == len(numbers):
        return Done({"read_back": len(imported)}, per_item=dict(imported))
    if queue is None:
        return await _without_queue(one, ports, dict(imported))
    if not imported:
        return Refused("next_engine", "", queue.message)
    missing = Hold(Reason.REFUSED, f"本取込されませんでした: {queue.message}")
    held = {int(id_): missing for id_ in numbers if int(id_) not in imported}
    return Done({"read_back": len(imported), "missing": len(held)}, per_item={**imported, **held})


async def _without_queue(one: Begun, ports: Ports, imported: dict[int, Outcome]) -> Reply:
    """No queue number: the file went into a folder, or the answer to the upload was lost."""
    if imported:  # it is being worked on over there
        return Sent({"read_back": len(imported)}, look_after=60, per_item=imported)
    if ports.shop.import_route == "folder":
        return await ports.orders.file_lies_there(one.effect)
    return Absent({"read_back": 0})


async def witness(items: Sequence[Item[Order]], ports: Ports) -> AsyncIterator[Said]:
    slips = await ports.orders.slips_of([item.noun.number for item in items])
    for item in items:
        done = [slip for slip in slips.get(item.noun.number, []) if slip.status >= NEStatus.OPEN]
        yield item, Advance({"slip": done[0].number}) if done else Wait("他システムの本取込待ち")


STAGE = Acting(
    name="import_daily",
    japanese="本取込",
    every=timedelta(minutes=1),
    patience=timedelta(hours=26),
    noun=Order,
    takes=(OrderState.IN_INTAKE,),
    gives=OrderState.IMPORTED,
    plan=plan,
    act=act,
    look=look,
    witness=witness,
    settle=lambda ports: ports.shop.mail_settle,
    times=lambda shop: shop.import_times,
    grace=lambda shop: shop.import_grace,
    at_once=50_000,  # one file for all that stand there, spec/next_engine.md §6.1
)
