"""Notify (注文通知): tell Next Engine by mail that an order exists, so that a slip opens in 新規受付.

An order whose payment was refused is never announced (I5). A mail whose fate is unknown is looked up in Next
Engine before the same Message-ID is used again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from connector.amounts import differences
from connector.amounts.sentences import sentences
from connector.journey import OrderState
from connector.order import Order, PaymentState
from connector.outcome import (
    Absent,
    Advance,
    Begun,
    Cancel,
    Done,
    Effect,
    Hold,
    Item,
    Outcome,
    Reason,
    Reply,
    Wait,
)
from connector.ports import NOT_ANNOUNCED, Letter, Ports
from connector.slip import Slip
from connector.stages.stage import Acting, Said


async def plan(items: Sequence[Item[Order]], ports: Ports) -> AsyncIterator[Said | Effect]:
    ready = []
    for item in items:
        stays = obstacle(item, ports)
        if stays is not None:
            yield item, stays
        else:
            ready.append(item)
    known = await ports.orders.slips_of([item.noun.number for item in ready]) if ready else {}
    silence = await ports.known.silence(ports.now) if ready and ports.known else None
    probe_at = silence.probe_at if silence is not None and silence.until is None else None
    for item in sorted(ready, key=lambda item: item.redos) if probe_at else ready:
        if known.get(item.noun.number):  # M2: it is there already, a second mail could only do harm
            yield item, Advance({"slip": known[item.noun.number][0].number})
            continue
        letter = ports.mailer.letter(item.noun)
        if isinstance(letter, Hold):
            yield item, letter
            continue
        if (
            probe_at is not None
        ):  # the intake opens no slips: one mail shows when it does again, the others wait
            if probe_at > ports.now:
                yield item, Wait(NOT_ANNOUNCED, until=probe_at)
                continue
            probe_at = ports.now + ports.shop.canary_after
        yield announcement(item, letter, ports)


def announcement(item: Item[Order], letter: Letter, ports: Ports) -> Effect:
    return Effect(
        kind="mail",
        key=f"{ports.shop.key}/mail/{item.noun.number}",
        items=(item.id,),
        body=letter.body,
        name=letter.name,
        facts={**letter.facts, "order": item.noun.number},
    )


def obstacle(item: Item[Order], ports: Ports) -> Outcome | None:
    """Why an order must not be announced now; None where nothing is in its way."""
    order = item.noun
    if order.cancelled or order.deleted:
        return Cancel("cancelled before hand-over")
    # 売上失敗 before anything shipped: no money was taken, and no authorisation is known to be left.
    if order.payment.refused or order.payment.state is PaymentState.CAPTURE_FAILED:
        return Hold(Reason.PAYMENT_REFUSED, order.payment.words or order.payment.state_code)
    if order.payment.undecided:
        return Wait("与信審査中")
    if item.twins:  # both would ship, and both be charged
        return Hold(Reason.DOUBLE_ROUND, f"受注 {'、'.join(item.twins)}")
    settled_at = order.updated_at + ports.shop.settle
    if settled_at > ports.now:
        return Wait("注文内容の確定待ち", until=settled_at)
    if order.unknown:
        return Hold(Reason.UNKNOWN_VALUE, "、".join(order.unknown))
    if order.split_unknown:
        return Hold(Reason.ADDRESS_SPLIT_UNKNOWN, f"お届け先 {len(order.recipients)} 件")
    if order.needs_attention and ports.shop.hold_needs_attention:
        return Hold(Reason.NEEDS_ATTENTION, "、".join(order.needs_attention))
    if wrong := differences(order, ports.shop.rounding):
        return Hold(Reason.AMOUNT_DIFFERS, sentences(wrong))
    return None


async def act(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    by_key = {one.effect.key: one for one in begun}
    async for effect, reply in ports.mailer.send_all([one.effect for one in begun]):
        yield by_key[effect.key], reply


async def look(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    slips = await ports.orders.slips_of([one.effect.facts["order"] for one in begun])
    for one in begun:
        found = slips.get(one.effect.facts["order"])
        yield one, Done({"slip": found[0].number}) if found else Absent({"looked": "next_engine"})


async def witness(items: Sequence[Item[Order]], ports: Ports) -> AsyncIterator[Said]:
    slips: dict[str, list[Slip]] = await ports.orders.slips_of([item.noun.number for item in items])
    for item in items:
        found = slips.get(item.noun.number)
        yield item, Advance({"slip": found[0].number}) if found else Wait("他システムの通知待ち")


STAGE = Acting(
    name="notify",
    japanese="注文通知",
    every=timedelta(minutes=1),
    patience=timedelta(minutes=30),
    noun=Order,
    takes=(OrderState.RECEIVED,),
    gives=OrderState.NOTIFIED,
    plan=plan,
    act=act,
    look=look,
    witness=witness,
    settle=lambda ports: ports.shop.mail_settle,
)
