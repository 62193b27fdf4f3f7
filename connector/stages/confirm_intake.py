"""Confirm intake (新規受付の確認): see in Next Engine that the mail opened a slip.

A mail that left us and never became a slip is announced again, twice at most (Redo); then a person looks.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from connector.journey import OrderState
from connector.order import Order
from connector.outcome import Advance, Hold, Item, Outcome, Reason, Redo, Wait
from connector.ports import Ports
from connector.slip import NEStatus, Slip
from connector.stages.stage import Looking, Said


async def observe(items: Sequence[Item[Order]], ports: Ports) -> AsyncIterator[Said | list[Slip]]:
    slips = await ports.orders.slips_of([item.noun.number for item in items])
    yield [slip for found in slips.values() for slip in found]
    for item in items:
        yield item, judge(item, slips.get(item.noun.number, []), ports)


def judge(item: Item[Order], slips: list[Slip], ports: Ports) -> Outcome:
    live = [slip for slip in slips if slip.live or slip.merged]
    if live:
        further = live[0].merged or live[0].status >= NEStatus.OPEN
        to = OrderState.IMPORTED if further else OrderState.IN_INTAKE
        return Advance({"slip": live[0].number, "status": live[0].status}, to=to)
    if slips:
        return Hold(Reason.NE_CANCELLED, f"伝票 {slips[0].number} は取消済みです。")
    if ports.now - item.since > ports.shop.intake_patience:
        return Redo("通知メールが新規受付に現れません")
    return Wait("新規受付待ち")


STAGE = Looking(
    name="confirm_intake",
    japanese="新規受付確認",
    every=timedelta(minutes=5),
    patience=timedelta(hours=2),
    noun=Order,
    takes=(OrderState.NOTIFIED,),
    gives=OrderState.IN_INTAKE,
    observe=observe,
    redo_of="notify",
)
