"""Stop (出荷止め): a cancel seen after the hand-over, or a person's wish, taken to wherever it still can be stopped.

Before the warehouse has the slip: cancelled in Next Engine. After that: the warehouse is asked first, and Next
Engine is cancelled when it agrees; the cart comes last (`stop_cart.py`). Shipped already, or refused by the
warehouse: too late, said aloud. No answer in time, or answers that contradict: unknown, and a person telephones.
Never "stopped" without the other side's word, never asked twice what was answered, and never another customer's
goods: what is bundled is for a person.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta

from msgspec.structs import replace

from connector.errors import NotDone, Refused
from connector.journey import OrderState
from connector.order import Order
from connector.outcome import (
    Absent,
    Begun,
    Cancel,
    CannotTell,
    Done,
    Effect,
    EffectState,
    Facts,
    Hold,
    Item,
    Outcome,
    Reason,
    Reply,
    Sent,
    StopAnswer,
    Wait,
)
from connector.ports import Ports, Receipt
from connector.shop import Shop
from connector.slip import NEStatus
from connector.stages import stop_cart
from connector.stages.stage import Acting, Said, digest_of, look_at_each, one_by_one
from connector.stages.stop_case import Case, case_of

PATIENCE = timedelta(hours=1)  # without an answer for so long, nobody may wait for one any more
LISTENS_ON = timedelta(days=3)  # a late answer, or a second thought, still corrects the verdict
EVERY = timedelta(minutes=5)
LESS_OFTEN = timedelta(minutes=10)
NO_ANSWER = "倉庫から取消の返事がありません。電話で確認してください"
ANSWERS_NOBODY = "この倉庫は取消の返事をしません。電話で確認してください"
# R with the state it stands in (spec/wms.md §7.4): the whole word. In a sentence it may say the contrary.
NEVER_LEAVES = re.compile(r"(E\d{3}\s*)?(CANCELLED|UNSHIPPABLE|取消済み?|出荷不可)")
BY_PEOPLE = "出荷止めは記録だけの設定です。倉庫とネクストエンジンで人が止め、結果を記録してください。"
NOT_SHOWN = "Next Engine does not show the slip: cancelled is only what it shows as cancelled"
NOT_KNOWN = re.compile(r"\bUNKNOWN\b")  # our instruction may still lie in the same folder, unread


async def plan(items: Sequence[Item[Order]], ports: Ports) -> AsyncIterator[Said | Effect]:
    slips = await ports.orders.slips_of([item.noun.number for item in items])
    ask: list[tuple[Item[Order], list[str]]] = []
    for item in items:
        case = case_of(item, slips.get(item.noun.number, []))
        if item.cart_leg:
            last = stop_cart.leg(item, case, ports)
            yield last if isinstance(last, Effect) else (item, last)
            continue
        ends = verdict(item, case, ports)
        if ends is not None:
            yield item, ends
        elif case.to_ask:
            ask.append((item, case.to_ask))
        else:
            yield _cancel(item, case, ports)
    for effect in _ask_warehouse(ask, ports):
        yield effect


def verdict(item: Item[Order], case: Case, ports: Ports) -> Outcome | None:
    """How the request ends, or what it waits for; None where there is something to ask or to cancel."""
    others = "、".join(item.shares)
    if others and not case.lost:
        note = f"他の受注と同梱されています（{others}）。ネクストエンジンで分けるか取り消してください。"
        return Hold(Reason.CHANGED_AFTER_HANDOVER, note)
    if case.awaited:
        return Wait("倉庫の返事を待っています")
    if not others and (case.to_ask or case.live):
        return None
    if case.lost:
        return Hold(Reason.CANCELLED_TOO_LATE, f"{case.said}。{stop_cart.money(item)}")
    if case.unclear:
        return Hold(Reason.CANNOT_TELL, f"{case.said}。")
    if case.agreed or case.free:
        return Cancel(f"{case.said}。ネクストエンジンでも取消済みです。")
    if ports.now - item.since < ports.shop.mail_settle:
        return Wait("通知メールが新規受付に現れるのを待って取り消します")
    return Cancel("ネクストエンジンに届いていません。")


def _cancel(item: Item[Order], case: Case, ports: Ports) -> Effect:
    """`ends`: with this nothing of the order is left anywhere; else the next pass finds the verdict."""
    ends = not (case.lost or case.unclear)
    words = f"{case.said}。ネクストエンジンで取り消しました。" if ends else ""
    request = item.stop_asked_at.isoformat() if item.stop_asked_at else ""
    key = f"{ports.shop.key}/ne_cancel/{item.noun.number}/{digest_of([request, *case.live, words])}"
    free = [number for number in case.live if number in case.free]
    facts = {"slips": case.live, "free": free, "ends": words}
    return Effect(kind="ne_cancel", key=key, items=(item.id,), facts=facts)


def _ask_warehouse(asked: Sequence[tuple[Item[Order], Sequence[str]]], ports: Ports) -> Iterator[Effect]:
    """One request for all, or one for each slip, as the warehouse takes them."""
    owners: dict[str, list[int]] = {}
    before = {
        slip
        for item, _ in asked
        for party, slip, answer, *_ in item.answers
        if (party, answer) == ("warehouse", StopAnswer.ASKED)
    }
    for item, numbers in asked:
        for number in numbers:
            owners.setdefault(number, []).append(item.id)
    if not owners:
        return
    key = f"{ports.shop.key}/wms_stop/{ports.sequence:06}"
    chosen = list(owners)[: ports.warehouse.at_once]
    for built in ports.warehouse.stops(chosen, sequence=ports.sequence, at=ports.now):
        slips = {number: owners[number] for number in built.included}
        yield Effect(
            kind="wms_stop",
            key=f"{key}/{built.included[0]}" if ports.warehouse.singly else key,
            items=tuple(dict.fromkeys(id_ for ids in slips.values() for id_ in ids)),
            body=built.body,
            name=built.facts["name"],
            facts={
                **built.facts,
                **({"asked": "perhaps"} if before & set(slips) else {}),
                "sequence": ports.sequence,
                "slips": slips,
            },
        )


async def act(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    async def do(one: Begun) -> Reply:
        if one.effect.kind == "wms_stop":
            reply = await ports.warehouse.send(one.effect)
            return _of_warehouse(one, reply, ports)
        if one.effect.kind == "cart_cancel":
            return await stop_cart.cancel(one, ports)
        numbers: list[str] = one.effect.facts["slips"]
        slips = await ports.orders.slips(numbers)
        if not slips.keys() >= set(numbers):
            raise NotDone(NOT_SHOWN)
        if any(slip.live and slip.status >= NEStatus.SHIPPED for slip in slips.values()):
            raise NotDone("shipped in the meantime")  # the next plan says so
        if any(slips[number].status >= NEStatus.PRINTING for number in one.effect.facts.get("free", ())):
            raise NotDone("printed in the meantime")  # by whoever may have handed it over: the next plan asks
        for slip in slips.values():
            if slip.live:
                await ports.orders.cancel(slip, "出荷止め")
        return _cancelled(one)

    async for one, reply in one_by_one(begun, do):
        yield one, reply


def _cancelled(one: Begun) -> Done:
    words: str = one.effect.facts["ends"]
    said: Outcome = Cancel(words) if words else Wait("ネクストエンジンで取り消しました")
    return Done({"cancelled": one.effect.facts["slips"]}, per_item=dict.fromkeys(one.effect.items, said))


async def look(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    async for one, reply in look_at_each(begun, lambda one: _look(one, ports)):
        yield one, reply


async def _look(one: Begun, ports: Ports) -> Reply:
    if one.effect.kind == "wms_stop":
        return await _answer(one, ports)
    if one.effect.kind == "cart_cancel":
        return await stop_cart.stands(one, ports)
    numbers: list[str] = one.effect.facts["slips"]
    slips = await ports.orders.slips(numbers)
    if not slips.keys() >= set(numbers) or any(slip.live for slip in slips.values()):
        return Absent()
    return _cancelled(one)


def _of_warehouse(one: Begun, reply: Reply | Receipt, ports: Ports) -> Reply:
    """No answer about one slip is no reason to leave the order's other slips unasked: the verdict holds the order."""
    if isinstance(reply, CannotTell):
        said = dict.fromkeys(one.effect.facts["slips"], (StopAnswer.SILENT, reply.why))
        return Done(_answers(one, said), per_item=_judged_now(one, "取消を確かめられません", ports))
    return _told(one, reply, ports) if isinstance(reply, Receipt) else reply


async def _answer(one: Begun, ports: Ports) -> Reply:
    # After a restart only the ledger knows that we asked: for certain, or perhaps.
    asked = "surely" if one.state is EffectState.SENT else "perhaps"
    effect = replace(one.effect, facts={**one.effect.facts, "asked": asked})
    receipt = await ports.warehouse.receipt(effect) if ports.warehouse.answers else None
    if receipt is not None:
        return _told(one, receipt, ports)
    lies = await ports.warehouse.lies_there(effect)
    if not isinstance(lies, Sent):
        return _of_warehouse(one, lies, ports)
    by_phone = lies.evidence.get("words")  # there is no way to ask this warehouse
    if by_phone or not ports.warehouse.answers:
        words = str(lies.evidence.get("words") or ANSWERS_NOBODY)
        return Done(_answers(one, dict.fromkeys(one.effect.facts["slips"], (StopAnswer.SILENT, words))))
    waited = ports.now - one.started_at
    if waited < patience(ports.shop):
        return lies
    return _listens_on(one, dict.fromkeys(one.effect.facts["slips"], (StopAnswer.SILENT, NO_ANSWER)), ports)


def patience(shop: Shop) -> timedelta:
    return shop.patiences.get("stop", PATIENCE)


def _told(one: Begun, receipt: Receipt, ports: Ports) -> Reply:
    if receipt.file_refused:
        return Refused("wms", "", receipt.file_refused)
    said = {number: _said(receipt, number) for number in one.effect.facts["slips"]}
    refused = any(answer == StopAnswer.REFUSED for answer, _ in said.values())
    if (
        refused and ports.warehouse.singly
    ):  # people on the floor may have second thoughts; a file's word stands
        return _listens_on(one, said, ports, receipt.name)
    counted = {"accepted": len(receipt.accepted), "refused": len(receipt.refused)}
    evidence = {**_answers(one, said), "receipt": receipt.name, **counted}
    return Done(evidence, per_item=_judged_now(one, "倉庫が返事をしました", ports))


def _said(receipt: Receipt, number: str) -> tuple[StopAnswer, str]:
    """The warehouse's word about one slip."""
    words = receipt.refused.get(number)
    if words is not None and number in receipt.accepted:
        return StopAnswer.SILENT, f"受付結果 {receipt.name} が食い違っています。電話で確認してください"
    if number in receipt.accepted or (words is not None and NEVER_LEAVES.fullmatch(words.strip())):
        return StopAnswer.AGREED, words or ""
    if words is not None:
        return (StopAnswer.NOT_ASKED if NOT_KNOWN.search(words) else StopAnswer.REFUSED), words
    return StopAnswer.SILENT, f"受付結果 {receipt.name} に返事がありません。電話で確認してください"


def _judged_now(one: Begun, words: str, ports: Ports) -> dict[int, Outcome]:
    """In this very pass: an order about which every pass hears something would else never come to its verdict."""
    return dict.fromkeys(one.effect.items, Wait(words, until=ports.now))


def _answers(one: Begun, said: dict[str, tuple[StopAnswer, str]]) -> Facts:
    return {"answers": {number: list(word) for number, word in said.items()}}


def _listens_on(
    one: Begun, said: dict[str, tuple[StopAnswer, str]], ports: Ports, receipt: str = ""
) -> Reply:
    """This is the word for now. What comes later corrects it, for some days."""
    evidence = {**_answers(one, said), "receipt": receipt}
    answered = _judged_now(one, "倉庫の返事を確かめています", ports)
    if ports.now - one.started_at < LISTENS_ON:
        return Sent(evidence, look_after=LESS_OFTEN.total_seconds(), per_item=answered)
    if any(answer == StopAnswer.SILENT for answer, _ in said.values()):
        return CannotTell(NO_ANSWER)
    return Done(evidence, per_item=answered)


async def witness(items: Sequence[Item[Order]], ports: Ports) -> AsyncIterator[Said]:
    slips = await ports.orders.slips_of([item.noun.number for item in items])
    for item in items:
        case = case_of(item, slips.get(item.noun.number, []))
        waited = ports.now - (item.stop_asked_at or item.since)
        # Only what the telephone must answer is unknown; a slip that is still to be cancelled is looked at again.
        overdue = bool(case.to_ask) and waited >= patience(ports.shop)
        asks = Hold(Reason.CANNOT_TELL, BY_PEOPLE) if overdue else Wait(BY_PEOPLE)
        yield item, verdict(item, case, ports) or asks


STAGE = Acting(
    name="stop",
    japanese="出荷止め",
    every=EVERY,
    patience=PATIENCE,
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
