"""Collect (出荷実績の取込): take in what the warehouse shipped, and believe only what fits a slip we relayed.

A file's bytes are kept before it is acknowledged, and read after that. Repeats change nothing (S5), what fits
nothing is a stray and writes nothing to Next Engine (S1), anything short of a whole shipment waits for a person. What
a slip is said to be follows from all its events together, in the order of their own times.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import msgspec

from connector.clock import jst
from connector.journey import SlipState, at_least
from connector.outcome import Advance, Hold, Item, Outcome, Reason, Stray, Wait
from connector.ports import Ports, ResultFile
from connector.shop import Mode
from connector.slip import Shipment, Slip
from connector.stages.shipped import LEFT, Picture, picture, too_much
from connector.stages.stage import Reading

BY_FACTS = (
    Reason.PARTIAL_SHIPMENT,
    Reason.UNSHIPPABLE,
    Reason.CANNOT_TELL,
)  # a result answers them: it did arrive, it left
BY_LEAVING = (*BY_FACTS, Reason.REFUSED)  # of what the warehouse's receipt refused, too
PARCEL_WAIT = timedelta(hours=6)  # how long the rest of a shipment may be on its way, spec/wms.md §7.4
NO_SLIP = "この出荷指示番号の伝票はありません。"
NOT_RELAYED = "この伝票は倉庫へ出荷指示していません。"
LATER = "伝票が見つかるか、出荷指示が済めば、自動で取り込みます。"


async def read(ports: Ports, since: datetime) -> AsyncIterator[ResultFile | Stray]:
    others_relay = ports.shop.mode("relay") is not Mode.ACT  # then the receipts are theirs, too
    async for found in ports.warehouse.results():
        if not (others_relay and isinstance(found, Stray) and found.facts.get("unasked")):
            yield found


def judge(
    ports: Ports, shipment: Shipment, item: Item[Slip] | None, relayed: bool, written: bool
) -> tuple[Outcome, ...] | Stray:
    """What one event means for its slip, beside all that is known of it; nothing where it says nothing new.

    `written`: the cart was told that the order is complete, or may have been.
    """
    if item is None:
        return _early(shipment, NO_SLIP, waits_for="slip")
    if not relayed:
        return _early(shipment, NOT_RELAYED, waits_for="relay")
    if item.shipments and any(shipment.repeats(known) for known in item.shipments):
        return ()
    if shipment.shipped_on > jst(ports.now).date() + timedelta(days=1):  # S4, with tolerance for clocks
        return _stray(shipment, f"出荷日 {shipment.shipped_on} が未来です。")
    if shipment.result in LEFT and too_much(shipment, item.noun.rows):
        return _stray(shipment, "出荷数が指示数を超えています。")
    if item.state is SlipState.CANCELLED:
        left = shipment.result in LEFT
        return (Hold(Reason.SHIPMENT_CONFLICT, "取消済みの伝票が出荷されました。"),) if left else ()
    before = picture(item.shipments, item.noun.rows)
    after = picture((*item.shipments, shipment), item.noun.rows)
    return tuple(_said(item, before, after, written))


def _said(item: Item[Slip], before: Picture, after: Picture, written: bool) -> list[Outcome]:
    """What moved, then what is wrong. A person who let exactly this finding pass is not asked again."""
    finding = after.finding
    usual = item.state is SlipState.RELAYED and not item.held and finding is None and after.whole
    if usual and after.shipment is not None:
        return [_left(after.shipment)]
    came = after.shipment is not None and not at_least(item.state, SlipState.DISPATCHED)
    answered = BY_LEAVING if came else BY_FACTS
    settled = tuple(
        one for one in answered if one in item.held and (finding is None or finding.reason is not one)
    )
    said: list[Outcome] = []
    if at_least(item.state, SlipState.DISPATCHED):
        said += _again(item, before, after, written, settled)
    elif after.whole and after.shipment is not None:
        said.append(_left(after.shipment, settled))
    else:
        said += [Advance(to=item.state, settles=settled)] if settled else []
        said += [Wait(after.lacks)] if after.lacks and finding is None else []
    if finding is not None and (finding.reason, finding.note) not in item.allowed:
        said.append(finding)
    return said


def _left(shipment: Shipment, settled: tuple[Reason, ...] = ()) -> Advance:
    return Advance({"result": shipment.result_id, "tracking": list(shipment.tracking)}, settles=settled)


def _again(
    item: Item[Slip], before: Picture, after: Picture, written: bool, settled: tuple[Reason, ...]
) -> list[Outcome]:
    """News about a slip that counts as shipped: a correction until the cart was told, a person's matter after (S6)."""
    old, new = before.shipment, after.shipment
    changes = _changes(old, new, item.noun)
    if written and changes:
        return [Hold(Reason.SHIPMENT_CONFLICT, f"{changes}。{_proposal(new)}")]
    more = [one for one in new.tracking if old and one not in old.tracking] if new is not None else []
    told = f"出荷実績の訂正: {changes}" if changes else f"送り状番号の追加: {' '.join(more)}" if more else ""
    return [Advance(to=item.state, settles=settled, words=told)] if told or settled else []


def _changes(old: Shipment | None, new: Shipment | None, slip: Slip) -> str:
    """Old → new of what reaches other systems. More numbers beside the primary one change nothing there."""
    if new is None:
        return ""
    if old is None:  # somebody confirmed it by hand before the warehouse spoke
        there = slip.tracking.replace("-", "").strip()
        same = not new.tracking or there in new.tracking
        return "" if same else f"送り状番号 {there or '-'} → {' '.join(new.tracking)}"
    dropped = set(old.tracking) - set(new.tracking)
    pairs = {
        "送り状番号": (" ".join(old.tracking), " ".join(new.tracking)),
        "運送会社": (old.carrier, new.carrier),
        "出荷日": (str(old.shipped_on), str(new.shipped_on)),
    }
    if not dropped and old.tracking[:1] == new.tracking[:1]:
        del pairs["送り状番号"]
    return "、".join(
        f"{name} {was or '-'} → {now or '-'}" for name, (was, now) in pairs.items() if was != now
    )


def _proposal(new: Shipment | None) -> str:
    number = new.tracking[0] if new is not None and new.tracking else "(なし)"
    return (
        "カートの完了は前の内容で書き込み済みです。"
        f"正しければ、カートの送り状番号とネクストエンジンの発送伝票番号を {number} に直し、お客様にお知らせください"
    )


def released(ports: Ports, item: Item[Slip]) -> Outcome | None:
    """A result that a person let pass goes on by itself; one whose rest stays away is shown to a person."""
    seen = picture(item.shipments, item.noun.rows)
    let_pass = any(reason is Reason.PARTIAL_SHIPMENT for reason, _ in item.allowed)
    if seen.shipment is not None and (seen.whole or (seen.claimed and let_pass)):
        if seen.finding is not None and (seen.finding.reason, seen.finding.note) not in item.allowed:
            return seen.finding
        found = seen.shipment
        return Advance({"result": found.result_id, "tracking": list(found.tracking), "by": "released"})
    if seen.lacks and ports.now - seen.last_at > PARCEL_WAIT and not let_pass:
        return Hold(Reason.PARTIAL_SHIPMENT, f"{seen.lacks}。残りの実績が届いていません。")
    return None


def _early(shipment: Shipment, words: str, *, waits_for: str) -> Stray:
    """What comes too early is kept with its content, and tried again whenever what it waits for may have come."""
    stray = _stray(shipment, words)
    content = {"waits_for": waits_for, "shipment": shipment.to_bytes().decode()}
    return replace(stray, facts=stray.facts | content)


def _stray(shipment: Shipment, words: str) -> Stray:
    """Its place tells other contents of one event apart, for each of them is news; a repeat has the same."""
    numbers = "・".join(shipment.tracking) or "番号なし"
    where = f"実績番号 {shipment.result_id} 出荷指示番号 {shipment.slip_number} 内容 {_digest(shipment)}"
    where += f" 送り状番号 {numbers}"
    if shipment.confirmed_at is not None:
        where += f" 確定 {jst(shipment.confirmed_at):%Y-%m-%d %H:%M:%S}"
    facts = {"slip_number": shipment.slip_number, "result_id": shipment.result_id, "row": row_of(shipment)}
    return Stray("wms", where, words, facts=facts)


def _digest(shipment: Shipment) -> str:
    """The same for all events of which one `repeats` another."""
    told = shipment.with_tracking(tuple(sorted(set(shipment.tracking))))
    if not told.dated:
        told = msgspec.structs.replace(told, shipped_on=date.min)
    return hashlib.sha256(told.to_bytes()).hexdigest()[:8]


def row_of(shipment: Shipment) -> dict[str, str]:
    """What an event says, in words for a person; nobody's name or address is in it."""
    said = {
        "実績区分": str(shipment.result),
        "出荷日": str(shipment.shipped_on),
        "運送会社コード": shipment.carrier,
        "送り状番号": " ".join(shipment.tracking),
        "明細": " ".join(f"{line.sku}×{line.quantity}" for line in shipment.lines),
        "理由コード": shipment.reason_code,
    }
    return {name: value for name, value in said.items() if value}


STAGE = Reading(
    name="collect",
    japanese="出荷実績取込",
    every=timedelta(minutes=15),
    patience=timedelta(days=3),
    noun=Slip,
    takes=(SlipState.RELAYED,),
    gives=SlipState.DISPATCHED,
    read=read,
    cursor=False,
    judge=judge,
    released=released,
)
