"""Relay (出荷指示): hand slips that stand in 印刷待ち now to the warehouse, once, and only what is paid.

A slip is first claimed by its tag, then read from Next Engine again in the same pass (W2), payment gate at the door
(P1). It counts as relayed when the warehouse's receipt names it; then it moves to 印刷済 in Next Engine. Shipping
cannot be taken back: a file whose fate is unknown is looked for, never sent again on suspicion.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from connector import shipping
from connector.clock import at_jst, jst
from connector.errors import NotDone, Refused
from connector.journey import SlipState
from connector.order import Order, Payment, PaymentState
from connector.outcome import (
    Absent,
    Advance,
    Begun,
    CannotTell,
    Done,
    Effect,
    EffectState,
    Hold,
    Item,
    Outcome,
    Reason,
    Reply,
    Sent,
    Wait,
    together,
)
from connector.ports import BuiltFile, Ports, Receipt
from connector.shop import CAPTURED_WITHIN
from connector.slip import NEStatus, Slip
from connector.stages import marks
from connector.stages.doubled import doubled
from connector.stages.stage import Acting, Said, look_at_each, one_by_one

FILE = "wms_file"
ANSWERED_WITHIN = timedelta(minutes=10)  # a warehouse polls every few minutes and answers what it took
SAME_FILE_WITHIN = timedelta(minutes=60)
NO_TRACE = (
    "出荷指示ファイルを置いた返事がなく、フォルダにも受付結果にも見当たりません。"
    "倉庫がこのファイルを取り込んだか確かめてください。取り込んでいなければ、解除すると作り直して送ります。"
)
NEVER_ALL_GONE = 50  # so many slips do not leave Next Engine between two passes


async def plan(items: Sequence[Item[Slip]], ports: Ports) -> AsyncIterator[Said | Effect | list[Slip]]:
    waiting: list[Item[Slip]] = []
    for item in items:
        if kind := marks.due(item):
            yield marks.mark(item, kind, ports)
        else:
            waiting.append(item)
    if not waiting or not shipping.takes_instructions(ports.shop, ports.now):
        return
    fresh = await _read_again(waiting, ports)
    yield list(fresh.values())
    ready: dict[str, Item[Slip]] = {}
    doubts = ports.warehouse.doubts(list(fresh.values()), _leaves_on(ports))
    for item in waiting:
        number = item.noun.number
        stays = obstacle(item, fresh.get(number), ports)
        if stays is None or isinstance(stays, Hold):
            stays = together((stays, *_asked_about(item, doubts.get(number, ()))))
        if stays is None:
            ready[number] = item
        else:
            yield item, stays
    for number, hold in (await doubled(ready, fresh, ports)).items():
        yield ready.pop(number), hold
    for word in _hand_out(ready, fresh, ports):
        yield word


async def _read_again(waiting: Sequence[Item[Slip]], ports: Ports) -> dict[str, Slip]:
    """As Next Engine shows them now. Not one of very many is no answer: nothing is concluded from it."""
    fresh = await ports.orders.slips([item.noun.number for item in waiting], rows=True)
    if not fresh and len(waiting) >= NEVER_ALL_GONE:
        raise NotDone(
            f"ネクストエンジンが印刷待ちの伝票 {len(waiting)}件を1件も返しませんでした。何も判断していません"
        )
    return fresh


def _hand_out(
    ready: Mapping[str, Item[Slip]], fresh: Mapping[str, Slip], ports: Ports
) -> Iterator[Said | Effect]:
    """First the claims, and all are asked about once more after them; the instructions when all carry our claim."""
    mine = [number for number in ready if marks.claimed(ready[number], fresh[number], ports)]
    mine = mine[: ports.warehouse.at_once]
    others = [number for number in ready if not marks.claimed(ready[number], fresh[number], ports)]
    fit: list[str] = []  # what the warehouse's file cannot hold is not claimed either
    for built in _built([fresh[number] for number in others[: ports.warehouse.at_once - len(mine)]], ports):
        yield from _unfit(built, ready)
        fit += built.included
    if fit:
        for number in fit:
            yield marks.claim(ready[number], fresh[number], ports)
        return
    for built in _built([fresh[number] for number in mine], ports):
        yield from _unfit(built, ready)
        if built.included:
            yield _instruction(built, [ready[number] for number in built.included], ports)


def _unfit(built: BuiltFile, ready: Mapping[str, Item[Slip]]) -> Iterator[Said]:
    """What the warehouse's own file or call cannot hold, all of a slip's at once."""
    for number in dict.fromkeys(number for number, _ in built.held):
        hold = together(hold for of, hold in built.held if of == number)
        if hold is not None:
            yield ready[number], hold


def _built(slips: Sequence[Slip], ports: Ports) -> list[BuiltFile]:
    if not slips:
        return []
    return ports.warehouse.instructions(
        slips, sequence=ports.sequence, at=ports.now, ship_on=_leaves_on(ports)
    )


def _leaves_on(ports: Ports) -> date:
    return shipping.ship_on(ports.shop.shipping_days, ports.now)


def _instruction(built: BuiltFile, included: Sequence[Item[Slip]], ports: Ports) -> Effect:
    key = f"{ports.shop.key}/{FILE}/{ports.sequence:06}"
    return Effect(
        kind=FILE,
        key=f"{key}/{included[0].noun.number}" if ports.warehouse.singly else key,
        items=tuple(item.id for item in included),
        body=built.body,
        name=built.facts["name"],
        facts={
            **built.facts,
            "sequence": ports.sequence,
            "slips": {str(item.id): item.noun.number for item in included},
        },
    )


def obstacle(item: Item[Slip], slip: Slip | None, ports: Ports) -> Outcome | None:
    """Why a slip must not go to the warehouse now; None for one that may."""
    if slip is None:
        return Wait("ネクストエンジンで見つかりません")
    if not slip.print_ready(ports.now):
        return Wait(slip.waits_for(ports.now) or "印刷待ちではありません")
    if not item.orders and not _foreign_is_ours(slip, ports):
        return Wait("連携対象外の伝票", until=ports.now + timedelta(days=1))
    gone = [order.number for order in item.orders if order.cancelled or order.deleted]
    if gone and len(gone) < len(item.orders):
        return Hold(Reason.CHANGED_AFTER_HANDOVER, f"同梱の受注 {'、'.join(gone)} はカートで取消済みです。")
    if gone:
        return Wait("カートで取消済み（出荷止め処理中）")
    if any(order.payment.undecided for order in item.orders):
        return Wait("決済の審査待ち")
    unknown = Hold(Reason.UNKNOWN_VALUE, "、".join(slip.unknown)) if slip.unknown else None
    unpaid = gate(slip, item.orders) or lapsing(item.orders, ports)
    return together((unknown, unpaid, marks.by_another(item, slip, ports)))


def _asked_about(item: Item[Slip], doubts: Sequence[Hold]) -> list[Hold]:
    """Those of these findings that no person let pass."""
    return [hold for hold in doubts if (hold.reason, hold.note) not in item.allowed]


def _foreign_is_ours(slip: Slip, ports: Ports) -> bool:
    """A slip without an order of ours: hand-made or copied, and not from before we began here."""
    began_at = slip.created_at or slip.imported_at or slip.ordered_at
    return ports.shop.relay_foreign_slips and began_at is not None and began_at >= ports.shop.start_at


def gate(slip: Slip, orders: Sequence[Order]) -> Hold | None:
    """The payment gate (P1, P2): prepayment needs the deposit in NE, what no money stands behind never passes."""
    refused = next((order for order in orders if order.payment.refused or _moneyless(order.payment)), None)
    if refused is not None:
        return Hold(Reason.PAYMENT_GATE, f"受注 {refused.number} の決済: {refused.payment.state_code}")
    prepayment = slip.prepayment or any(order.payment.prepayment for order in orders)
    if prepayment and not slip.paid:
        method = slip.payment_method or (orders[0].payment.method if orders else "")
        return Hold(Reason.PAYMENT_GATE, f"{method}: 入金が確認できません。")
    return None


def _moneyless(payment: Payment) -> bool:
    """売上失敗 before anything shipped, or a word of the gateway that nobody knows."""
    return payment.linked and payment.state in (PaymentState.CAPTURE_FAILED, PaymentState.UNKNOWN)


def lapsing(orders: Sequence[Order], ports: Ports) -> Hold | None:
    """The payment gate (P3): what ships must still be capturable when the cart is told, the day after at the latest.

    An authorisation of unknown age holds nobody; the report of money at risk says that it is unknown.
    """
    for order in orders:
        lapses_at = ports.shop.lapses_at(order.payment)
        if lapses_at is None:
            continue
        leaves_on = _leaves_on(ports)
        ship_on = max(order.ship_on or leaves_on, leaves_on)
        if lapses_at < at_jst(ship_on) + CAPTURED_WITHIN:
            return Hold(Reason.PAYMENT_GATE, _lapse(order, lapses_at, ship_on, ports.now))
    return None


def _lapse(order: Order, lapses_at: datetime, ship_on: date, now: datetime) -> str:
    lapses, what = f"{jst(lapses_at):%m/%d %H:%M}", "カートで再オーソリしてください。"
    if lapses_at <= now:
        ago = (now - lapses_at).days
        return f"受注 {order.number} の与信は {lapses} に切れています（{ago}日前）。{what}"
    left = (lapses_at - now).days
    late = f"発送予定 {ship_on:%m/%d} の売上処理に間に合いません"
    return f"受注 {order.number} の与信は {lapses} に切れます（残り{left}日）。{late}。{what}"


async def act(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    """The files one by one, the marks in Next Engine all at once."""
    files = [one for one in begun if one.effect.kind == FILE]
    async for one, reply in one_by_one(files, lambda one: _hand_over(one, ports)):
        yield one, reply
    async for one, reply in marks.act([one for one in begun if one.effect.kind != FILE], ports):
        yield one, reply


async def _hand_over(one: Begun, ports: Ports) -> Reply:
    reply = await ports.warehouse.send(one.effect)
    return _received(one, reply) if isinstance(reply, Receipt) else reply


async def look(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    async for one, reply in look_at_each(
        [one for one in begun if one.effect.kind == FILE], lambda one: _look_at_file(one, ports)
    ):
        yield one, reply
    async for one, reply in marks.look([one for one in begun if one.effect.kind != FILE], ports):
        yield one, reply


async def _look_at_file(one: Begun, ports: Ports) -> Reply:
    if not ports.warehouse.answers:
        lies = await ports.warehouse.lies_there(one.effect)
        return Done(lies.evidence) if isinstance(lies, Sent) else lies
    receipt = await ports.warehouse.receipt(one.effect)
    if receipt is not None:
        return _received(one, receipt)
    lies = await ports.warehouse.lies_there(one.effect)
    if not isinstance(lies, Absent):
        return lies
    if one.state is EffectState.SENT:
        return Sent(lies.evidence)  # it was there: the warehouse has taken it, and its receipt is to come
    return lies if lies.proved else await _once_more(one, lies, ports)


async def _once_more(one: Begun, lies: Absent, ports: Ports) -> Reply:
    """No trace of a file whose put was never answered: it did not arrive, or the warehouse took it at once.

    After a while without a receipt the very same file goes again, under its name: a warehouse that answers knows it
    and its slips by that (spec/wms.md §6.3, §7.6 E301); where only the marker lacks, the put adds just that, at once.
    What has been in doubt for long is not sent any more, nor what must not leave by now: a person is asked.
    """
    doubt = ports.now - one.first_at
    if doubt > SAME_FILE_WITHIN:
        return CannotTell(f"{one.effect.name}: {NO_TRACE}")
    if "missing" in lies.evidence:
        return await _hand_over(one, ports)
    if ports.now - one.started_at < ANSWERED_WITHIN:
        return lies
    if ports.known is not None and await ports.known.kept_back(one.effect.items):
        return CannotTell(f"{one.effect.name}: {NO_TRACE}")
    return await _hand_over(one, ports)


def _received(one: Begun, receipt: Receipt) -> Reply:
    return Refused("wms", "", receipt.file_refused) if receipt.file_refused else _answered(one, receipt)


def _answered(one: Begun, receipt: Receipt) -> Reply:
    slips: dict[str, str] = one.effect.facts["slips"]
    accepted = {
        int(id_): Advance({"receipt": receipt.name}) for id_ in slips if slips[id_] in receipt.accepted
    }
    refused = {
        int(id_): Hold(Reason.REFUSED, receipt.refused[number])
        for id_, number in slips.items()
        if number in receipt.refused
    }
    silent = {
        int(id_): Hold(Reason.CANNOT_TELL, f"受付結果 {receipt.name} にこの伝票の行がありません。")
        for id_, number in slips.items()
        if number not in receipt.refused and number not in receipt.accepted
    }
    return Done(
        {"receipt": receipt.name, "accepted": len(accepted), "refused": len(refused)},
        per_item={**accepted, **refused, **silent},
    )


async def witness(items: Sequence[Item[Slip]], ports: Ports) -> AsyncIterator[Said]:
    waiting = [item for item in items if item.state is SlipState.PRINT_READY]
    fresh = await ports.orders.slips([item.noun.number for item in waiting])
    for item in waiting:
        slip = fresh.get(item.noun.number)
        printed = slip is not None and slip.status >= NEStatus.PRINTED
        yield item, Advance({"by": "someone else"}) if printed else Wait("他システムの出荷指示待ち")


STAGE = Acting(
    name="relay",
    japanese="出荷指示",
    every=timedelta(minutes=10),
    patience=timedelta(hours=4),
    noun=Slip,
    takes=(SlipState.PRINT_READY, SlipState.RELAYED),
    gives=SlipState.RELAYED,
    plan=plan,
    act=act,
    look=look,
    witness=witness,
    settle=lambda _ports: timedelta(minutes=5),
    numbered=FILE,
    once=marks.PRINTED,
    refused=marks.REFUSED,
    claims=marks.CLAIM,
    paced=True,
)
