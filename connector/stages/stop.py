"""Stop (出荷止め): a cancel seen in the cart after the hand-over, taken to wherever it still can be stopped.

Before the warehouse has the slip: cancelled in Next Engine. After that: the warehouse is asked first, and Next
Engine is cancelled when it agrees. Shipped already, or refused by the warehouse: too late, said aloud. Never
"stopped" without the other side's word, and never another customer's goods: what is bundled is for a person.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta

from connector.errors import NotDone, Refused
from connector.journey import OrderState, SlipState
from connector.order import Order
from connector.outcome import (
    Absent,
    Begun,
    Cancel,
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
from connector.ports import Ports, Receipt
from connector.slip import NEStatus, Slip
from connector.stages.stage import Acting, Said, digest_of, look_at_each, one_by_one

GONE = (SlipState.DISPATCHED, SlipState.CONFIRMED)


async def plan(items: Sequence[Item[Order]], ports: Ports) -> AsyncIterator[Said | Effect]:
    slips = await ports.orders.slips_of([item.noun.number for item in items])
    ask: list[Item[Order]] = []
    for item in items:
        found = slips.get(item.noun.number, [])
        ends = verdict(item, found, ports)
        if ends is not None:
            yield item, ends
        elif at_warehouse(item) and "wms_stop" not in item.done:
            ask.append(item)
        else:
            yield _cancel(item, found, ports)
    for effect in _ask_warehouse(ask, ports):
        yield effect


def verdict(item: Item[Order], slips: list[Slip], ports: Ports) -> Outcome | None:
    """How the request ends, or what it waits for; None where there is something to cancel."""
    if any(slip.live and slip.status >= NEStatus.SHIPPED for slip in slips):
        return Hold(Reason.CANCELLED_TOO_LATE, "出荷確定済みです。返品・返金の対応が必要です。")
    if any(state in GONE for _, state in item.slips):
        return Hold(Reason.CANCELLED_TOO_LATE, "倉庫から出荷済みです。返品・返金の対応が必要です。")
    bundled = _bundled(item)
    if bundled:
        note = f"他の受注と同梱されています（{bundled}）。ネクストエンジンで分けるか取り消してください。"
        return Hold(Reason.CHANGED_AFTER_HANDOVER, note)
    if any(slip.live for slip in slips):
        return None
    if slips:
        return Cancel("cancelled in Next Engine")
    if ports.now - item.since < ports.shop.mail_settle:
        return Wait("通知メールが新規受付に現れるのを待って取り消します")
    return Cancel("it never reached Next Engine")


def _bundled(item: Item[Order]) -> str:
    """Whose goods lie in one slip with this order's: cancelling it would cancel theirs."""
    elsewhere = (
        slip.order_number
        for slip, state in item.slips
        if state is not SlipState.CANCELLED and slip.order_number != item.noun.number
    )
    return "、".join(dict.fromkeys((*item.shares, *elsewhere)))


def at_warehouse(item: Item[Order]) -> list[str]:
    return [slip.number for slip, state in item.slips if state is SlipState.RELAYED]


def _cancel(item: Item[Order], slips: list[Slip], ports: Ports) -> Effect:
    live = [slip.number for slip in slips if slip.live]
    key = f"{ports.shop.key}/ne_cancel/{item.noun.number}/{digest_of(live)}"
    return Effect(kind="ne_cancel", key=key, items=(item.id,), facts={"slips": live})


def _ask_warehouse(items: Sequence[Item[Order]], ports: Ports) -> Iterator[Effect]:
    """One request for all, or one for each slip, as the warehouse takes them."""
    asked = {number: item.id for item in items for number in at_warehouse(item)}
    if not asked:
        return
    key = f"{ports.shop.key}/wms_stop/{ports.sequence:06}"
    for built in ports.warehouse.stops(list(asked), sequence=ports.sequence, at=ports.now):
        slips = {number: asked[number] for number in built.included}
        yield Effect(
            kind="wms_stop",
            key=f"{key}/{built.included[0]}" if ports.warehouse.singly else key,
            items=tuple(dict.fromkeys(slips.values())),
            body=built.body,
            name=built.facts["name"],
            facts={**built.facts, "sequence": ports.sequence, "slips": slips},
        )


async def act(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    async def do(one: Begun) -> Reply:
        if one.effect.kind == "wms_stop":
            reply = await ports.warehouse.send(one.effect)
            return _told(one, reply) if isinstance(reply, Receipt) else reply
        numbers: list[str] = one.effect.facts["slips"]
        slips = await ports.orders.slips(numbers)
        if any(slip.live and slip.status >= NEStatus.SHIPPED for slip in slips.values()):
            raise NotDone("shipped in the meantime")  # the next plan says so
        for slip in slips.values():
            if slip.live:
                await ports.orders.cancel(slip, "カートで取消")
        return Done({"cancelled": numbers}, per_item=dict.fromkeys(one.effect.items, Cancel("stopped")))

    async for one, reply in one_by_one(begun, do):
        yield one, reply


async def look(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    async for one, reply in look_at_each(begun, lambda one: _look(one, ports)):
        yield one, reply


async def _look(one: Begun, ports: Ports) -> Reply:
    if one.effect.kind == "wms_stop":
        return await _answer(one, ports)
    numbers: list[str] = one.effect.facts["slips"]
    slips = await ports.orders.slips(numbers)
    if any(slip.live for slip in slips.values()):
        return Absent()
    return Done({"cancelled": numbers}, per_item=dict.fromkeys(one.effect.items, Cancel("stopped")))


async def _answer(one: Begun, ports: Ports) -> Reply:
    receipt = await ports.warehouse.receipt(one.effect) if ports.warehouse.answers else None
    if receipt is None:
        lies = await ports.warehouse.lies_there(one.effect)
        if ports.warehouse.answers or not isinstance(lies, Sent):
            return lies
        ask = Hold(Reason.CANNOT_TELL, "この倉庫は取消の返事をしません。電話で確認してください。")
        return Done(lies.evidence, per_item=dict.fromkeys(one.effect.items, ask))
    return _told(one, receipt)


def _told(one: Begun, receipt: Receipt) -> Reply:
    if receipt.file_refused:
        return Refused("wms", "", receipt.file_refused)
    slips: dict[str, int] = one.effect.facts["slips"]
    said: dict[int, Outcome] = {
        item_id: _said(receipt, [number for number, owner in slips.items() if owner == item_id])
        for item_id in one.effect.items
    }
    return Done({"receipt": receipt.name, "accepted": list(receipt.accepted)}, per_item=said)


def _said(receipt: Receipt, numbers: Sequence[str]) -> Outcome:
    """The warehouse's word about all slips of one order: stopped only if it agreed to every one."""
    refused = [f"{number}: {receipt.refused[number]}" for number in numbers if number in receipt.refused]
    if refused:
        return Hold(Reason.CANCELLED_TOO_LATE, f"倉庫が取消を断りました: {'、'.join(refused)}")
    if any(number not in receipt.accepted for number in numbers):
        return Hold(Reason.CANNOT_TELL, f"受付結果 {receipt.name} に取消の返事がありません。")
    return Wait("倉庫が取消を受け付けました")


async def witness(items: Sequence[Item[Order]], ports: Ports) -> AsyncIterator[Said]:
    slips = await ports.orders.slips_of([item.noun.number for item in items])
    for item in items:
        ends = verdict(item, slips.get(item.noun.number, []), ports)
        yield item, ends or Wait("出荷止めが必要です（手作業）")


STAGE = Acting(
    name="stop",
    japanese="出荷止め",
    every=timedelta(minutes=5),
    patience=timedelta(hours=1),
    noun=Order,
    takes=tuple(OrderState),
    plan=plan,
    act=act,
    look=look,
    witness=witness,
    settle=lambda _ports: timedelta(minutes=5),
    numbered="wms_stop",
    on_request=True,
)
