"""Confirm intake (新規受付の確認): see in Next Engine that the mail opened a slip.

A mail that left us and never became a slip is announced again, twice at most (Redo); then a person looks. While the
intake opens no slips at all (警報) nobody's repeats are spent on it. While a mail server says that it goes on trying to
deliver (遅延通知), a repeat would only queue behind the first mail: it waits a day at most.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

from connector.journey import OrderState
from connector.order import Order
from connector.outcome import Advance, Hold, Item, Outcome, Reason, Redo, Wait
from connector.ports import Ports, Silence
from connector.slip import NEStatus, Slip
from connector.stages.stage import Looking, Said

STILL_TRYING = timedelta(
    hours=24
)  # servers warn after some hours and try for up to five days (RFC 5321 §4.5.4.1)


async def observe(items: Sequence[Item[Order]], ports: Ports) -> AsyncIterator[Said | list[Slip]]:
    slips = await ports.orders.slips_of([item.noun.number for item in items])
    yield [slip for found in slips.values() for slip in found]
    silence = await ports.known.silence(ports.now) if ports.known else None
    for item in sorted(items, key=lambda item: item.redos):
        said = judge(item, slips.get(item.noun.number, []), ports, silence)
        if isinstance(said, Redo) and silence is not None and silence.until is None:
            silence = replace(silence, alone=False)  # the one probe of this pass
        yield item, said


def judge(item: Item[Order], slips: list[Slip], ports: Ports, silence: Silence | None = None) -> Outcome:
    live = [slip for slip in slips if slip.live or slip.merged]
    if live:
        further = live[0].merged or live[0].status >= NEStatus.OPEN
        to = OrderState.IMPORTED if further else OrderState.IN_INTAKE
        return Advance({"slip": live[0].number, "status": live[0].status}, to=to)
    if slips:
        return Hold(Reason.NE_CANCELLED, f"伝票 {slips[0].number} は取消済みです。")
    if overdue(item, ports, silence):
        return Redo("通知メールが新規受付に現れません")
    return Wait("メールサーバが再送中" if delayed(item, ports) else "新規受付待ち")


def delayed(item: Item[Order], ports: Ports) -> bool:
    """A mail server said so, and not too long ago."""
    return item.delayed_at is not None and ports.now - item.delayed_at <= STILL_TRYING


def overdue(item: Item[Order], ports: Ports, silence: Silence | None) -> bool:
    """Whether the mail counts as lost. What a silent intake swallowed needs no patience once that is over."""
    age = ports.now - item.since
    if delayed(item, ports):
        return False
    if silence is None or not silence.swallowed(item.since):
        return age > ports.shop.intake_patience
    if silence.until is None and not silence.alone:
        return False
    return age > ports.shop.mail_settle and silence.lets_through(ports.now)


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
