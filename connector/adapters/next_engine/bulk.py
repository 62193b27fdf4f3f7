"""Bulk (まとめて更新): one step on many slips in few calls, each slip proved by reading all of them back at once.

Dangerous: one reply speaks for many slips. A list in `message` names those that failed and means that all others
were done; a sentence means that nothing was (spec/next_engine.md §3.5–3.6). The slips themselves decide.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from connector.adapters.next_engine import wire
from connector.adapters.next_engine.envelope import SYSTEM, PartlyRefused, meaning
from connector.adapters.next_engine.session import Pairs, Session
from connector.adapters.next_engine.writes import SlipWriter, Step, Write
from connector.adapters.next_engine.xml import bulk_receipted_xml, bulk_update_xml
from connector.errors import Barred, ConnectorError, NotDone, Refused, Unknown
from connector.ports import Answers
from connector.slip import Slip

SINGLY = 20  # what a bulk call left undone is done one by one, so many a pass; the rest waits
IN_A_ROW = 2  # so many calls without an answer or a turn: it is Next Engine and not the slip

Undone = tuple[Slip, Write]
FreshAll = Callable[[Sequence[str]], Awaitable[dict[str, Slip]]]
Faults = dict[str, ConnectorError | None]  # what was said of each slip; None: done


class NobodyNamed(Refused):
    """The call was refused as a whole: nothing was done, and no slip is at fault yet."""


class BulkWriter:
    """Carries out one step for many slips."""

    def __init__(self, session: Session, writer: SlipWriter, fresh_all: FreshAll) -> None:
        self._session, self._writer, self._fresh_all = session, writer, fresh_all

    async def carry_out(self, steps: Mapping[str, Step], now: Mapping[str, Slip]) -> Answers:
        """Each slip as read back, or why not. `now` is a reading made a moment ago; what it lacks is missing.

        One slip alone goes the way of a single call: that costs no more and says more.
        """
        answers: Answers = {}
        todo: list[Undone] = []
        for number, step in steps.items():
            try:
                slip = _there(number, now)
                write = step(slip)
            except Exception as stays:  # noqa: BLE001 - one slip's refusal, or bug, is its own answer
                answers[number] = stays
                continue
            if write is None:
                answers[number] = slip
            else:
                todo.append((slip, write))
        for chunk in _chunks(todo):
            if len(chunk) == 1:
                answers |= await self._alone([slip for slip, _ in chunk], steps)
            else:
                answers |= await self._together(chunk, steps)
        return answers

    async def claim(self, steps: Mapping[str, Step], seen: Mapping[str, Slip]) -> Answers:
        """Only what Next Engine did under the lock value of `seen` is ours.

        A slip that was changed in between was not claimed, whatever it shows now: somebody else may have been faster
        with the very same tag. It is not tried again here, but read again by whoever wanted it.
        """
        answers: Answers = {}
        todo: list[Undone] = []
        for number, slip in seen.items():
            write = steps[number](slip)
            if write is None:
                answers[number] = slip
            else:
                todo.append((slip, write))
        for chunk in _chunks(todo):
            answers |= await self._claimed(chunk, steps)
        return answers

    async def _claimed(self, chunk: Sequence[Undone], steps: Mapping[str, Step]) -> Answers:
        faults = await self._send(chunk)
        if len(chunk) > 1 and all(isinstance(fault, NobodyNamed) for fault in faults.values()):
            alone = [await self._send([one]) for one in chunk[:SINGLY]]  # one of them spoils the call
            faults |= {number: fault for told in alone for number, fault in told.items()}
        answers: Answers = {
            number: _not_claimed(number, fault) for number, fault in faults.items() if fault is not None
        }
        open_ones = [slip for slip, _ in chunk if slip.number not in answers]
        if not open_ones:
            return answers
        try:
            after = await self._fresh_all([slip.number for slip in open_ones])
        except (NotDone, Barred) as unread:
            return answers | {
                one.number: _unproved(one.number, faults[one.number], unread) for one in open_ones
            }
        for before in open_ones:
            found = _judge(before, after, steps[before.number], faults[before.number])
            answers[before.number] = found or Unknown(f"伝票 {before.number} の印を確認できません")
        return answers

    async def _together(self, chunk: Sequence[Undone], steps: Mapping[str, Step]) -> Answers:
        faults = await self._send(chunk)
        if all(isinstance(fault, NotDone | Barred) for fault in faults.values()):
            return {number: fault for number, fault in faults.items() if fault is not None}
        try:
            after = await self._fresh_all(list(faults))
        except (NotDone, Barred) as unread:
            return {number: _unproved(number, fault, unread) for number, fault in faults.items()}
        answers: Answers = {}
        again: list[Slip] = []
        for before, _ in chunk:
            number = before.number
            found = _judge(before, after, steps[number], faults[number])
            if found is None:  # refused, and perhaps only because somebody else was faster
                again.append(after[number])
            else:
                answers[number] = found
        return answers | await self._alone(again, steps)

    async def _alone(self, slips: Sequence[Slip], steps: Mapping[str, Step]) -> Answers:
        """By single calls, whose refusal is the slip's own; many are left for the next pass."""
        answers: Answers = {}
        for slip in slips[:SINGLY]:
            try:
                answers[slip.number] = await self._writer.carry_out(slip.number, steps[slip.number], now=slip)
            except Exception as fault:  # noqa: BLE001 - as above
                answers[slip.number] = fault
        for slip in slips[SINGLY:]:
            words = f"伝票 {slip.number} はまとめての更新に含められませんでした。次の回に行います"
            answers[slip.number] = Barred(SYSTEM, "bulk", words)
        return answers

    # ---- sending ------------------------------------------------------------------------------------------

    async def _send(self, chunk: Sequence[Undone]) -> Faults:
        path = chunk[0][1].path
        if path == wire.BASE_UPDATE:
            data = bulk_update_xml((slip.number, slip.lock, write.fields) for slip, write in chunk)
            return await self._send_bulk(wire.BASE_BULKUPDATE, data, chunk)
        if path == wire.BASE_RECEIPTED:
            data = bulk_receipted_xml((slip.number, slip.lock, write.label_flag) for slip, write in chunk)
            return await self._send_bulk(wire.BASE_BULKRECEIPTED, data, chunk)
        return await self._send_each(chunk)

    async def _send_bulk(self, path: str, data: bytes, chunk: Sequence[Undone]) -> Faults:
        pairs: Pairs = ((wire.DATA_TYPE, wire.DATA_XML), (wire.DATA, data))
        numbers = [slip.number for slip, _ in chunk]
        try:
            await self._session.write(path, pairs, key=f"{numbers[0]}+{len(numbers) - 1}")
        except PartlyRefused as partly:
            named = {number: meaning(*complaint) for number, complaint in partly.complaints.items()}
            return {number: named.get(number) for number in numbers}
        except (Barred, NotDone, Unknown) as fault:
            return dict.fromkeys(numbers, fault)
        except Refused as whole:
            return dict.fromkeys(numbers, NobodyNamed(SYSTEM, whole.code, whole.words))
        return dict.fromkeys(numbers, None)

    async def _send_each(self, chunk: Sequence[Undone]) -> Faults:
        """There is no bulk 出荷確定 (§3). A door that stays shut is not knocked at for every slip."""
        faults: Faults = {}
        shut: list[ConnectorError] = []
        for slip, write in chunk:
            if len(shut) >= IN_A_ROW or (shut and isinstance(shut[-1], Barred)):
                faults[slip.number] = _not_sent(slip.number, shut[-1])
                continue
            try:
                fault: ConnectorError | None = await self._writer.send(slip, write)
            except (NotDone, Barred) as closed:
                fault = closed
            faults[slip.number] = fault
            shut = [*shut, fault] if isinstance(fault, NotDone | Barred | Unknown) else []
        return faults


def _judge(
    before: Slip, after: Mapping[str, Slip], step: Step, fault: ConnectorError | None
) -> Slip | Exception | None:
    """What the slip shows now, and what was said about it; None where it is worth a call of its own."""
    number = before.number
    if isinstance(fault, NotDone | Barred):
        return fault
    try:
        now = _there(number, after)
        left = step(now)
    except Exception as stays:  # noqa: BLE001 - as above
        return stays
    if left is None:
        return now
    if fault is None:
        return Unknown(f"ネクストエンジンは成功と返しましたが、伝票 {number} に反映されていません")
    faster = isinstance(fault, Refused) and (fault.code == wire.CODE_BULK_LOCK or now.lock != before.lock)
    return None if faster or isinstance(fault, NobodyNamed) else fault


def _unproved(number: str, fault: ConnectorError | None, unread: NotDone | Barred) -> ConnectorError:
    """After a write that may have happened, a read that fails leaves it unknown."""
    if isinstance(fault, NotDone | Barred | Unknown):
        return fault
    if isinstance(fault, Refused):
        return unread
    return Unknown(f"伝票 {number} を更新した後、読み戻せませんでした: {unread}")


def _not_sent(number: str, shut: ConnectorError) -> NotDone | Barred:
    if isinstance(shut, NotDone | Barred):
        return shut
    return NotDone(f"伝票 {number} はまだ送っていません。その前の呼び出しに返事がありませんでした: {shut}")


def _not_claimed(number: str, fault: ConnectorError) -> ConnectorError:
    if isinstance(fault, NotDone | Barred | Unknown):
        return fault  # after a lost reply the tag may be anybody's: who set it, a look finds out
    words = f"伝票 {number} は読み取りの後に変更されたため、まだ渡していません。読み直します"
    return NotDone(f"{words} ({fault})")


def _there(number: str, slips: Mapping[str, Slip]) -> Slip:
    if number not in slips:
        raise Refused(SYSTEM, "missing", f"伝票 {number} がネクストエンジンにありません")
    return slips[number]


def _chunks(todo: Sequence[Undone]) -> Iterable[Sequence[Undone]]:
    return (todo[start : start + wire.BULK_MAX] for start in range(0, len(todo), wire.BULK_MAX))
