"""Stop case (出荷止めの見立て): where one order's slips stand in a stop, and so what is next. Pure, no outside.

Dangerous: an order counts as stopped only when nothing of it is anywhere any more: cancelled in Next Engine, and the
warehouse agreed about every slip it had. A slip that shipped, was refused or was not answered decides for the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from connector.fate import Fate, fate
from connector.journey import SlipState
from connector.order import Order
from connector.outcome import Item, StopAnswer
from connector.slip import NEStatus, Slip

GONE = (SlipState.DISPATCHED, SlipState.CONFIRMED)
MOST_QUESTIONS = 3  # so often the warehouse is asked for each slip it has before a person telephones


@dataclass(slots=True)
class Case:
    """Slip numbers by what is known of them; words where somebody said why."""

    shipped: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    unclear: dict[str, str] = field(default_factory=dict)  # silent, or contradicting itself
    awaited: list[str] = field(default_factory=list)
    to_ask: list[str] = field(default_factory=list)
    agreed: dict[str, str] = field(default_factory=dict)
    free: list[str] = field(default_factory=list)  # never at the warehouse
    live: list[str] = field(default_factory=list)  # of the agreed and the free ones: live in Next Engine

    @property
    def lost(self) -> bool:
        return bool(self.shipped or self.refused)

    @property
    def said(self) -> str:
        """What became of each slip, for people."""
        told = [f"伝票 {number}: 出荷済み" for number in self.shipped]
        told += [f"伝票 {number}: {words}" for number, words in self.refused.items()]
        told += [f"伝票 {number}: {words}" for number, words in self.unclear.items()]
        told += [f"伝票 {number}: {words}" for number, words in self.agreed.items()]
        told += [f"伝票 {number}: 倉庫には渡していません" for number in self.free]
        return "、".join(told)


def case_of(item: Item[Order], in_next_engine: Sequence[Slip]) -> Case:
    """`item.slips`: what the warehouse has or may have stands there as relayed, whatever Next Engine shows."""
    case = Case()
    shown = {slip.number: slip for slip in in_next_engine}
    places = {slip.number: state for slip, state in item.slips}
    for number in dict.fromkeys((*places, *shown)):
        if number in item.apart:  # other orders' goods, whatever order number it bears
            continue
        slip = shown.get(number)
        told = fate(event for event in item.shipments if event.slip_number == number)
        if told is Fate.LEFT or _went_out(slip, places.get(number)):
            case.shipped.append(number)
        elif (
            places.get(number) is SlipState.RELAYED
            or told is Fate.LABELLED
            or (slip is not None and slip.status >= NEStatus.PRINTING)
        ):
            _at_the_warehouse(case, item, number, told)
        else:
            case.free.append(number)
    known = {slip.number: slip for slip, _ in item.slips} | shown
    case.live = [number for number in (*case.agreed, *case.free) if known[number].live]
    its_slips = max(1, list(places.values()).count(SlipState.RELAYED))
    if case.to_ask and item.done.count("wms_stop") >= MOST_QUESTIONS * its_slips:
        case.unclear |= dict.fromkeys(case.to_ask, "何度聞いても倉庫の返事が定まりません")
        case.to_ask = []
    return case


def _went_out(slip: Slip | None, place: SlipState | None) -> bool:
    return place in GONE or (slip is not None and slip.live and slip.status >= NEStatus.SHIPPED)


def _at_the_warehouse(case: Case, item: Item[Order], number: str, told: Fate) -> None:
    """It has the slip or may have it, by us or by whoever had it printed. 出荷不可 is no answer: it may ship yet."""
    if told is Fate.CANCELLED:
        case.agreed[number] = "倉庫が取消を報告しました"
        return
    said = [word for party, about, *word in item.answers if (party, about) == _of(number)]
    match said[-1] if said else (StopAnswer.NOT_ASKED, "", ""):
        case (StopAnswer.AGREED, words, by) if by:
            case.agreed[number] = f"電話で止まったと確認しました（{by}: {words}）"
        case (StopAnswer.REFUSED, words, by) if by:
            case.refused[number] = f"電話で止まらないと確認しました（{by}: {words}）"
        case (StopAnswer.AGREED, words, _):
            case.agreed[number] = "倉庫が取消を受け付けました" + (f"（{words}）" if words else "")
        case (StopAnswer.REFUSED, words, _) if any(answer == StopAnswer.AGREED for answer, *_ in said):
            case.unclear[number] = f"倉庫の返事が食い違っています（受け付けたあとで {words}）"
        case (StopAnswer.REFUSED, words, _):
            case.refused[number] = f"倉庫が取消を断りました（{words}）"
        case (StopAnswer.SILENT, words, _):
            case.unclear[number] = words
        case (StopAnswer.ASKED, _, _):
            case.awaited.append(number)
        case _:
            case.to_ask.append(number)


def _of(number: str) -> tuple[str, str]:
    return "warehouse", number
