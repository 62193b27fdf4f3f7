"""Marks (出荷指示の印): what the relay writes on a slip in Next Engine, where operators see it without another screen.

[WMS送信済] before the instruction leaves, 印刷済 when the warehouse took it, [WMS:エラー] and its words in 作業用欄
when it refused, [WMS:出荷不可] when it took the slip and cannot ship it, [WMS:一部出荷] when only a part left
(spec/wms.md §1, §3.4); the last two go with 出荷確定. Dangerous: a claim is what keeps two senders apart. It is made
under the lock value with which the slip was read; only a confirmed one counts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from connector.errors import ConnectorError, Unknown
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
from connector.ports import Answers, Ports
from connector.slip import NEStatus, Slip

CLAIM, PRINTED, REFUSED = "ne_claim", "ne_mark", "ne_refused"
UNSHIPPABLE, PARTIAL = "ne_unshippable", "ne_partial"
KINDS = (CLAIM, PRINTED, REFUSED, UNSHIPPABLE, PARTIAL)
REFUSED_WORDS = "倉庫が出荷指示を受け付けませんでした"
UNSHIPPABLE_WORDS = "倉庫が出荷できないと回答しました"
WHOSE = (
    "印 {tag} を付けた返事が届かず、誰が付けたのかをネクストエンジンで確かめられません。"
    "別の連携が倉庫へ送っていないことを確かめてから解除してください。"
)
PARTIAL_WORDS = "倉庫が一部だけ出荷しました"


def due(item: Item[Slip]) -> str:
    """Which mark this slip lacks for what became of it already; empty for one that is still to be handed over."""
    if Reason.UNSHIPPABLE in item.held:
        return UNSHIPPABLE
    if Reason.PARTIAL_SHIPMENT in item.held:
        return PARTIAL
    if item.state is SlipState.RELAYED:  # taken by the warehouse, not yet marked in Next Engine
        return PRINTED
    return REFUSED if Reason.REFUSED in item.held else ""


def mark(item: Item[Slip], kind: str, ports: Ports) -> Effect:
    """The effect of one slip's mark."""
    number = item.noun.number
    facts = {"slip": number, "words": item.refusal} if item.refusal else {"slip": number}
    return Effect(kind=kind, key=f"{ports.shop.key}/{kind}/{number}", items=(item.id,), facts=facts)


def claim(item: Item[Slip], seen: Slip, ports: Ports) -> Effect:
    """[WMS送信済] on this very version of the slip."""
    return Effect(
        kind=CLAIM,
        key=f"{ports.shop.key}/{CLAIM}/{seen.number}/{seen.lock}",
        items=(item.id,),
        facts={"slip": seen.number, "lock": seen.lock, "tags": seen.tags},
    )


def claimed(item: Item[Slip], slip: Slip, ports: Ports) -> bool:
    """Whether the slip carries our own claim. Whoever took the tag off took the claim back."""
    return CLAIM in item.done and slip.tagged(ports.shop.sent_tag)


def by_another(item: Item[Slip], slip: Slip, ports: Ports) -> Hold | None:
    """The tag says sent, and it was not us: another connector, or another link, may have sent it."""
    if not slip.tagged(ports.shop.sent_tag) or CLAIM in item.done:
        return None
    note = (
        f"伝票に [{ports.shop.sent_tag}] が付いていますが、このシステムは出荷指示していません。"
        "別の連携がすでに倉庫へ送ったおそれがあります。"
    )
    hold = Hold(Reason.DUPLICATE_SHIPMENT, note)
    return None if (hold.reason, hold.note) in item.allowed else hold


async def act(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    """All of a kind at once; nobody waits for the fate of another kind's call."""
    for kind in KINDS:
        some = [one for one in begun if one.effect.kind == kind]
        if not some:
            continue
        try:
            answers = await _write(kind, some, ports)
        except ConnectorError as error:  # nothing was sent yet
            for one in some:
                yield one, error
            continue
        for one in some:
            now = answers[one.effect.facts["slip"]]
            yield one, _done(one, now) if isinstance(now, Slip) else now


async def _write(kind: str, some: Sequence[Begun], ports: Ports) -> Answers:
    orders, facts = ports.orders, [one.effect.facts for one in some]
    if kind == CLAIM:
        return await orders.claim({one["slip"]: _as_seen(one) for one in facts})
    if kind == PRINTED:
        return await orders.mark_relayed([one["slip"] for one in facts])
    if kind == REFUSED:
        return await orders.mark_refused({one["slip"]: one.get("words") or REFUSED_WORDS for one in facts})
    if kind == PARTIAL:
        return await orders.mark_partial({one["slip"]: one.get("words") or PARTIAL_WORDS for one in facts})
    return await orders.mark_unshippable(
        {one["slip"]: one.get("words") or UNSHIPPABLE_WORDS for one in facts}
    )


def _as_seen(facts: dict[str, str]) -> Slip:
    """As it was when the claim was planned: print-ready, with these tags, under this lock value."""
    return Slip(
        number=facts["slip"],
        order_number="",
        ne_shop_id="",
        status=NEStatus.PRINT_WAIT,
        tags=facts["tags"],
        lock=facts["lock"],
    )


def _done(one: Begun, slip: Slip) -> Done:
    evidence = {"status": slip.status, "tags": slip.tags}
    match one.effect.kind:
        case "ne_mark":
            return Done(evidence)
        case "ne_claim":  # it stays where it stands: the hand-over is what moves it
            stays = Advance(evidence, to=SlipState.PRINT_READY)
            return Done(evidence, per_item=dict.fromkeys(one.effect.items, stays))
        case "ne_unshippable":
            return Done(evidence, per_item=dict.fromkeys(one.effect.items, Wait(UNSHIPPABLE_WORDS)))
        case "ne_partial":
            return Done(evidence, per_item=dict.fromkeys(one.effect.items, Wait(PARTIAL_WORDS)))
    return Done(evidence, per_item=dict.fromkeys(one.effect.items, Wait(REFUSED_WORDS)))


async def look(begun: Sequence[Begun], ports: Ports) -> AsyncIterator[tuple[Begun, Reply]]:
    """What the slips themselves show."""
    if not begun:
        return
    try:
        slips = await ports.orders.slips([one.effect.facts["slip"] for one in begun])
    except ConnectorError as error:
        for one in begun:
            yield one, Unknown(str(error))
        return
    claims: list[tuple[Begun, Slip]] = []
    for one in begun:
        slip = slips.get(one.effect.facts["slip"])
        if slip is None or not _shows(one, slip, ports):
            yield one, Absent()
        elif one.effect.kind == CLAIM:
            claims.append((one, slip))
        else:
            yield one, _done(one, slip)
    for one, reply in await _whose(claims, ports):
        yield one, reply


async def _whose(claims: Sequence[tuple[Begun, Slip]], ports: Ports) -> list[tuple[Begun, Reply]]:
    """A tag whose reply was lost is our claim only where the slip was changed last under our own sign-in.

    Else another sender may have set the very same tag, and may be sending (spec/next_engine.md §3.1). Ours is given up,
    and whoever comes to the slip next finds a tag that is not ours.
    """
    if not claims:
        return []
    try:
        ours = await ports.orders.changed_by_us([slip.number for _, slip in claims])
    except ConnectorError as error:
        return [(one, Unknown(str(error))) for one, _ in claims]
    return [(one, _owned(one, slip, ours.get(slip.number))) for one, slip in claims]


def _owned(one: Begun, slip: Slip, ours: bool | None) -> Reply:
    if ours is None:
        return CannotTell(WHOSE.format(tag=slip.tags))
    return _done(one, slip) if ours else Absent({"tags": slip.tags, "changed_by": "someone else"})


def _shows(one: Begun, slip: Slip, ports: Ports) -> bool:
    match one.effect.kind:
        case "ne_claim":
            return slip.tagged(ports.shop.sent_tag)
        case "ne_refused":
            return slip.tagged(ports.shop.refused_tag)
        case "ne_unshippable":
            return slip.tagged(ports.shop.unshippable_tag)
        case "ne_partial":
            return slip.tagged(ports.shop.partial_tag)
    return slip.status >= NEStatus.PRINTED and slip.tagged(ports.shop.sent_tag)
