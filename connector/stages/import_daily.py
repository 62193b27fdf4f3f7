"""Import daily (本取込): at each set time one order CSV for exactly the orders that stand in 新規受付 now.

Next Engine is asked again in the same pass (V1); its queue's success is not believed: each order is read back, and so
is the sum. The rules of a set time (取込時刻):
- Its first file takes everybody who stands there, however late it runs. After an outage only the newest time is caught
  up, once, and never later than the grace allows.
- Until its grace ends it stays open for whoever was announced before it and is in no file yet: a slow Next Engine
  makes nobody wait a day. They go in a second file (…/r2), which holds nobody who was in an earlier one (V3, V7).
- Who was announced after the set time waits for the next one, and never opens this one again.
- There is never a second file while the first one's fate is not certain.
- A file far outside its weekday's band waits for a click until its deadline; the ledger judges it in the transaction
  that commits its intent (`ledger/preflights.py`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from connector.clock import at_jst, jst
from connector.errors import NotDone, Refused
from connector.journey import OrderState
from connector.order import Order
from connector.outcome import (
    Absent,
    Advance,
    Begun,
    Done,
    Effect,
    Facts,
    Hold,
    Item,
    Outcome,
    Reason,
    Reply,
    Sent,
    Wait,
)
from connector.ports import BuiltFile, Ports
from connector.shop import Shop
from connector.slip import NEStatus, Slip
from connector.stages.manifest import control, manifest_of
from connector.stages.stage import Acting, Said, look_at_each, one_by_one

ABSURD_FROM = 20  # so many orders and not one of them in NE: a wrong picture, not twenty problems
ASK_AGAIN = timedelta(minutes=10)
UNDER_WAY = "前の受注CSVの結果を待っています"
NEXT_TIME = "今回の受注CSVの対象ではありません。次の時刻に行います"
SHUT = "取込前確認により、今回の取込には入りません。次の時刻に取り込みます"


async def plan(items: Sequence[Item[Order]], ports: Ports) -> AsyncIterator[Said | Effect | list[Slip]]:
    candidates: list[Item[Order]] = []
    for item in items:
        stays_out = not_in_this_file(item, ports)
        if stays_out is None:
            candidates.append(item)
        else:
            yield item, stays_out
    if ports.files.revision > 1:  # who cannot be written is not worth another request
        candidates, held, _ = _written(candidates, ports)
        for said in held:
            yield said
    if not candidates:
        return
    slips = await ports.orders.slips_of([item.noun.number for item in candidates])
    if len(candidates) >= ABSURD_FROM and not any(slips.values()):
        raise NotDone(
            f"Next Engine shows none of {len(candidates)} orders that stood in 新規受付: not believed"
        )
    yield [slip for found in slips.values() for slip in found]
    ready = []
    for item in candidates:
        stays = obstacle(item, slips.get(item.noun.number, []))
        if stays is None:
            ready.append(item)
        else:
            yield item, stays
    if not ready:
        return
    included, held, built = _written(ready, ports)
    for said in held:
        yield said
    if included:
        yield _effect(included, built, ports)


def not_in_this_file(item: Item[Order], ports: Ports) -> Outcome | None:
    """What a rule of the set time says before anybody is asked; None for one that may be in the next file."""
    files = ports.files
    if files.shut:
        return Wait(SHUT, until=_next_time(ports.shop, ports.now))
    if files.under_way:
        return Wait(UNDER_WAY)
    if files.only is not None and item.id not in files.only:
        return Wait(NEXT_TIME, until=min(_next_time(ports.shop, ports.now), ports.now + ASK_AGAIN))
    return None


def _next_time(shop: Shop, now: datetime) -> datetime:
    """The next set time; the same instant tomorrow where there is none."""
    today = jst(now).date()
    days = (today, today + timedelta(days=1))
    times = [at_jst(day, one.hour, one.minute) for day in days for one in shop.import_times]
    return min((at for at in times if at > now), default=now + timedelta(days=1))


def _written(
    items: Sequence[Item[Order]], ports: Ports
) -> tuple[list[Item[Order]], list[tuple[Item[Order], Hold]], BuiltFile]:
    """Who is in the file, who cannot be written and why, and the file."""
    built = ports.orders.import_file([item.noun for item in items])
    by_number = {item.noun.number: item for item in items}
    held = [(by_number[number], hold) for number, hold in built.held]
    return [by_number[number] for number in built.included], held, built


def _effect(included: Sequence[Item[Order]], built: BuiltFile, ports: Ports) -> Effect:
    shop, revision = ports.shop.key, ports.files.revision
    again = f"_r{revision}" if revision > 1 else ""
    facts: Facts = {
        "orders": {str(item.id): item.noun.number for item in included},
        "totals": {item.noun.number: item.noun.amounts.payable for item in included},
        "manifest": manifest_of([item.noun for item in included], built.body, revision),
    }
    return Effect(
        kind="ne_import",
        key=f"{shop}/ne_import/{ports.window}" + (f"/r{revision}" if revision > 1 else ""),
        items=tuple(item.id for item in included),
        body=built.body,
        name=f"orders_{shop}_{ports.window.replace(' ', '_').replace(':', '')}{again}.csv",
        facts={**built.facts, **facts},
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
    totals: dict[str, int] = one.effect.facts.get("totals", {})
    evidence = {"read_back": len(imported), "control": control(totals, slips)}
    if len(imported) == len(numbers):
        return Done(evidence, per_item=dict(imported))
    if queue is None:
        return await _without_queue(one, ports, dict(imported))
    if not imported:
        return Refused("next_engine", "", queue.message)
    missing = Hold(Reason.REFUSED, f"本取込されませんでした: {queue.message}")
    held = {int(id_): missing for id_ in numbers if int(id_) not in imported}
    return Done({**evidence, "missing": len(held)}, per_item={**imported, **held})


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
    checked=True,
    at_once=50_000,  # one file for all that stand there, spec/next_engine.md §6.1
)
