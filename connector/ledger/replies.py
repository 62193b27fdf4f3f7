"""Replies (返事の意味): what one answer about an effect means for its row and for its items.

The dangerous line runs between "certain that nothing happened" and everything else: only the first may lead to
another try. While looking, even a plain fault leaves the doubt where it was.
"""

from __future__ import annotations

import traceback
from datetime import datetime, timedelta

import structlog

from connector.errors import Barred, Closed, NotDone, Refused, Unknown
from connector.ledger.effects import BUG, CANNOT_TELL
from connector.ledger.ledger import Settled
from connector.outcome import (
    Absent,
    Advance,
    Begun,
    CannotTell,
    Done,
    EffectState,
    Hold,
    Reason,
    Reply,
    Retry,
    Sent,
    Wait,
)

journal = structlog.get_logger("journal")

IN_DOUBT_AFTER = 60.0  # seconds until a doubt is looked at again
BUG_AFTER = 300.0
BARRED_FOR = timedelta(minutes=10)
CLOSED_FOR = 600.0
LONGEST_LOOK = 300.0
NO_TRACE = "送ったものが見当たりません。相手が受け取ったかもしれないので、送り直しません。"
ABSENT = "届いていないことを確認しました。もう一度行います。"

REFUSED_AS = dict.fromkeys(
    ("ne_claim", "ne_mark", "ne_refused", "ne_unshippable", "ne_partial"), Reason.MARK_REFUSED
)
"""What a refusal is called by the kind of the act: that of a mark in Next Engine is no word of the warehouse's."""


def acted(begun: Begun, reply: Reply) -> Settled:
    """What an answer to the act itself means."""
    match reply:
        case Closed() as error:
            opens = Wait(str(error), until=begun.started_at + timedelta(seconds=error.after or CLOSED_FOR))
            return Settled(begun, EffectState.NOT_DONE, words=str(error), rest=opens)
        case NotDone() as error:
            return Settled(begun, EffectState.NOT_DONE, words=str(error), rest=Retry(str(error), error.after))
        case Barred() as error:
            # Not the item's fault, and no try of its own: it waits until a person has opened the door.
            waits = Wait(str(error), until=begun.started_at + BARRED_FOR)
            return Settled(begun, EffectState.NOT_DONE, words=str(error), rest=waits)
        case Absent(evidence=evidence):
            again = Retry(ABSENT)
            return Settled(begun, EffectState.NOT_DONE, evidence, "provably absent", rest=again)
        case _:
            return _either(begun, reply)


def looked(begun: Begun, reply: Reply, now: datetime, settle: timedelta) -> Settled:
    """What looking at it means; `settle` is how long "not there" may still become "there"."""
    match reply:
        case Absent(proved=False):
            return _in_doubt(begun, NO_TRACE)
        case Absent(evidence=evidence) if now - begun.started_at < settle:
            left = (begun.started_at + settle - now).total_seconds()
            return Settled(
                begun, EffectState.UNKNOWN, evidence, "not there yet", look_after=min(left, LONGEST_LOOK)
            )
        case Absent():
            return acted(begun, reply)
        case NotDone() | Barred() as error:
            return _in_doubt(begun, str(error))
        case _:
            return _either(begun, reply)


def broken_off(begun: Begun, bug: Exception) -> Settled:
    """A bug ended the batch before this one was answered: it may have happened, and need not be the culprit."""
    return Settled(begun, EffectState.UNKNOWN, {BUG: repr(bug)}, words_of(bug), look_after=0.0)


def words_of(bug: BaseException) -> str:
    """What went wrong and where in the first line, the traceback below."""
    frames = traceback.extract_tb(bug.__traceback__)
    where = f" ({frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""
    return f"{bug!r}{where}\n{''.join(traceback.format_exception(bug))[-4000:]}"


def first_line(bug: BaseException) -> str:
    return words_of(bug).partition("\n")[0]


def _either(begun: Begun, reply: Reply) -> Settled:
    match reply:
        case Done(evidence=evidence, per_item=per_item):
            return Settled(begun, EffectState.DONE, evidence, per_item=per_item, rest=Advance(evidence))
        case Sent(evidence=evidence, look_after=after, per_item=per_item):
            return Settled(begun, EffectState.SENT, evidence, look_after=after, per_item=per_item)
        case CannotTell(why=why):
            hold = Hold(Reason.CANNOT_TELL, why)
            return Settled(begun, EffectState.REFUSED, {CANNOT_TELL: True}, why, rest=hold)
        case Refused() as error:
            hold = Hold(REFUSED_AS.get(begun.effect.kind, Reason.REFUSED), str(error))
            return Settled(begun, EffectState.REFUSED, words=str(error), rest=hold)
        case Unknown() as error:
            return _in_doubt(begun, str(error))
        case Exception() as bug:
            journal.error("bug", effect=begun.effect.key, error=repr(bug))
            hold = Hold(Reason.BUG, words_of(bug))
            return Settled(begun, EffectState.UNKNOWN, words=words_of(bug), look_after=BUG_AFTER, rest=hold)
        case Absent():
            raise TypeError("absence is answered by acted() or looked()")


def _in_doubt(begun: Begun, words: str) -> Settled:
    """It may have happened, or the look failed: what is known of it stays, and nothing is sent meanwhile."""
    state = EffectState.SENT if begun.state is EffectState.SENT else EffectState.UNKNOWN
    return Settled(begun, state, words=words, look_after=IN_DOUBT_AFTER)
