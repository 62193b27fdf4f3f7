"""Writes (伝票の更新): one step on one slip under NE's lock value, proved by reading the slip back.

Dangerous: every write moves the lock value, and an answer proves nothing. So: read, write, read again; a step
that finds its work already done does nothing, which is what makes repeating safe (spec/next_engine.md §3.3).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from connector.adapters.next_engine import wire
from connector.adapters.next_engine.envelope import SYSTEM
from connector.adapters.next_engine.session import Session
from connector.adapters.next_engine.xml import update_xml
from connector.errors import Barred, NotDone, Refused, Unknown
from connector.slip import NEStatus, Shipment, Slip

LOCK_TRIES = 3  # somebody else changed the slip between our read and our write

PRINTED_MARK = wire.LABEL_TARGET  # receipted: the slip stays a target of label output


@dataclass(frozen=True, slots=True)
class Write:
    """What to send for one slip; its number, lock value and tokens are added on the way."""

    path: str
    fields: Mapping[str, str] = field(default_factory=dict)  # of an update
    label_flag: str = ""
    shipped_too: bool = False  # 出荷確定済 slips are refused without this flag

    @property
    def pairs(self) -> tuple[tuple[str, str | bytes], ...]:
        data = ((wire.DATA, update_xml(self.fields)),) if self.fields else ()
        label = ((wire.LABEL_PRINT_FLAG, self.label_flag),) if self.label_flag else ()
        return (*data, *label, *(((wire.SHIPPED_UPDATE_FLAG, "1"),) if self.shipped_too else ()))


Step = Callable[[Slip], Write | None]
"""The slip as it is → what is left to do, None for nothing. Raises Refused or NotDone where it may not be."""

Fresh = Callable[[str], Awaitable[Slip]]


class SlipWriter:
    """Carries out steps."""

    def __init__(self, session: Session, fresh: Fresh) -> None:
        self._session = session
        self._fresh = fresh

    async def carry_out(self, number: str, step: Step, *, now: Slip | None = None) -> Slip:
        """The slip as read back. `now` is a reading made a moment ago.

        Raises Unknown where NE answered success but the slip does not show it, or where nobody can say.
        """
        slip = now or await self._fresh(number)
        for _ in range(LOCK_TRIES):
            write = step(slip)
            if write is None:
                return slip
            fault = await self.send(slip, write)
            after = await self._read_back(number, fault)
            if step(after) is None:
                return after
            if isinstance(fault, Unknown):
                raise fault
            if fault is None:
                raise Unknown(f"ネクストエンジンは成功と返しましたが、伝票 {number} に反映されていません")
            if after.lock == slip.lock:
                raise fault
            slip = after
        raise NotDone(f"伝票 {number} はほかの人が更新し続けているため、書き込めませんでした")

    async def send(self, slip: Slip, write: Write) -> Refused | Unknown | None:
        """A refusal is not raised: its code is not attested, the slip itself says why (§2.6)."""
        pairs = (
            (wire.SLIP_ID, slip.number),
            (wire.MODIFIED_AT, slip.lock),
            *write.pairs,
        )
        try:
            await self._session.write(write.path, pairs, key=slip.number)
        except Barred:
            raise
        except (Refused, Unknown) as fault:
            return fault
        return None

    async def _read_back(self, number: str, fault: Refused | Unknown | None) -> Slip:
        """After a write that may have happened, a read that fails leaves it unknown."""
        try:
            return await self._fresh(number)
        except (NotDone, Barred) as unread:
            if isinstance(fault, Refused):
                raise
            raise fault or Unknown(f"伝票 {number} を更新した後、読み戻せませんでした: {unread}") from unread


def update(fields: Mapping[str, str]) -> Write:
    return Write(wire.BASE_UPDATE, fields)


def tag_as_sent(sent: str, *gone: str) -> Step:
    """[WMS送信済] beside others' tags; what an earlier refusal or an operator's wish to resend left there goes."""

    def step(now: Slip) -> Write | None:
        _must_be_relayable(now)
        tags = add_tag(remove_tags(now.tags, gone), sent)
        if tags == now.tags or now.status == NEStatus.SHIPPED:
            return None
        return update({wire.TAGS: tags})

    return step


def tag_as_refused(tag: str, words: str, *gone: str) -> Step:
    """[WMS:エラー] in the place of [WMS送信済], and the warehouse's words in 作業用欄. The slip stays where it is."""

    def step(now: Slip) -> Write | None:
        _must_be_relayable(now)
        tags, text = add_tag(remove_tags(now.tags, gone), tag), add_line(now.worker_text, _error_line(words))
        if (tags, text) == (now.tags, now.worker_text) or now.status == NEStatus.SHIPPED:
            return None
        return update({wire.TAGS: tags, wire.WORKER_TEXT: text})

    return step


def mark_printed(now: Slip) -> Write | None:
    """印刷待ち → 印刷済み: the guard against handing a slip over twice (§7.1)."""
    _must_be_relayable(now)
    if now.status in (NEStatus.PRINTED, NEStatus.SHIPPED):
        return None
    _must_not_be_printing(now)
    return Write(wire.BASE_RECEIPTED, label_flag=PRINTED_MARK)


def write_tracking(shipment: Shipment, *gone: str) -> Step:
    """発送伝票番号, before 出荷確定: the shipping mail waits for it (§8). NE keeps one number, 作業用欄 all of them.

    Tags that say it did not leave go with the same call; a slip that is 出荷確定済 is left alone.
    """
    number = shipment.tracking[0] if shipment.tracking else ""

    def step(now: Slip) -> Write | None:
        _must_be_live(now)
        text, tags = _with_numbers(now, shipment), remove_tags(now.tags, gone)
        known = not number or _digits(now.tracking) == number
        if known and ((text, tags) == (now.worker_text, now.tags) or now.status == NEStatus.SHIPPED):
            return None
        if now.status == NEStatus.SHIPPED:
            words = f"出荷確定済みの伝票に別の発送伝票番号 {now.tracking or '(空)'} があります"
            raise Refused(SYSTEM, "tracking", words)
        untagged = {wire.TAGS: tags} if tags != now.tags else {}
        return update(_numbers(now, number, text) | untagged)

    return step


def correct_tracking(shipment: Shipment) -> Step:
    """The same for a slip that is 出荷確定済 already: what stood there before is told in 作業用欄."""
    number = shipment.tracking[0] if shipment.tracking else ""

    def step(now: Slip) -> Write | None:
        _must_be_live(now)
        before = _digits(now.tracking)
        changed = number and before != number
        text = _with_numbers(now, shipment)
        if changed:
            text = add_line(text, f"【送り状番号訂正】{before or '(空)'} → {number}")
        if not changed and text == now.worker_text:
            return None
        fields = _numbers(now, number or before, text)
        return Write(wire.BASE_UPDATE, fields, shipped_too=now.status == NEStatus.SHIPPED)

    return step


def _with_numbers(now: Slip, shipment: Shipment) -> str:
    """作業用欄 with every number of several parcels."""
    if len(shipment.tracking) < 2:
        return now.worker_text
    return add_line(
        now.worker_text, f"【送り状番号】{'、'.join(shipment.tracking)}（{len(shipment.tracking)}個口）"
    )


def _numbers(now: Slip, number: str, text: str) -> dict[str, str]:
    fields = {wire.WORKER_TEXT: text} if text != now.worker_text else {}
    if not number or _digits(now.tracking) == number:
        return fields
    delivery = {wire.DELIVERY: now.delivery_id} if now.delivery_id else {}
    return {**delivery, wire.TRACKING: number, **fields}


def confirm_shipped(now: Slip) -> Write | None:
    """出荷確定: allowed from 20 and 40 only (§3.4)."""
    _must_be_live(now)
    if now.status == NEStatus.SHIPPED:
        return None
    _must_not_be_printing(now)
    if now.status not in (NEStatus.PRINT_WAIT, NEStatus.PRINTED):
        raise _wrong_place(now, "印刷待ちか印刷済みではないため、出荷確定できません")
    return Write(wire.BASE_SHIPPED)


def cancel_for_customer(why: str) -> Step:
    """顧客依頼のキャンセル: the one thing besides 作業用欄 that a slip of a bare mail lets us change (§3.3)."""

    def step(now: Slip) -> Write | None:
        if not now.live:
            return None
        if now.status == NEStatus.SHIPPED:
            raise _wrong_place(now, "出荷確定済みのため、キャンセルできません")
        note = {wire.WORKER_TEXT: add_line(now.worker_text, why)} if why else {}
        return update({wire.CANCEL_TYPE: wire.CANCELLED_BY_CUSTOMER, **note})

    return step


def add_tag(tags: str, tag: str) -> str:
    """Tags are one text, `[a][b]`; others' tags stay as they are (§2.4)."""
    return tags if f"[{tag}]" in tags else f"{tags}[{tag}]"


def remove_tag(tags: str, tag: str) -> str:
    return tags.replace(f"[{tag}]", "")


def remove_tags(tags: str, gone: Iterable[str]) -> str:
    for tag in gone:
        tags = remove_tag(tags, tag)
    return tags


def _error_line(words: str) -> str:
    """What the warehouse refused starts with `E` (spec/wms.md §1); most of them say so themselves."""
    return words if words.startswith("E") else f"E {words}"


def add_line(text: str, line: str) -> str:
    if line in text:
        return text
    return f"{text}\n{line}" if text else line


def _must_be_live(now: Slip) -> None:
    if not now.live:
        into = f"、伝票 {now.merged_into} に統合" if now.merged_into else ""
        raise _wrong_place(now, f"キャンセルされています (区分 {now.cancel_type}{into})")


def _must_be_relayable(now: Slip) -> None:
    _must_be_live(now)
    if now.status < NEStatus.PRINT_WAIT:
        raise _wrong_place(now, "印刷待ちではありません")


def _must_not_be_printing(now: Slip) -> None:
    if now.status == NEStatus.PRINTING:
        raise NotDone(f"伝票 {now.number} は納品書印刷中です")


def _wrong_place(now: Slip, words: str) -> Refused:
    return Refused(SYSTEM, "status", f"伝票 {now.number} (受注状態区分 {now.status}) は{words}")


def _digits(text: str) -> str:
    return text.replace("-", "").strip()
