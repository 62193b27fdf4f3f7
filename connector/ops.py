"""Ops (手作業): what a person may do: hold, release, retry, resolve a stray, leave a note.

Each act names who and why, writes history in the same transaction, and is a no-op with words where it does
not fit. None of them acts on the outside: they only let a stage look again. Safe to repeat.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from connector.ledger import by_hand, stops_by_hand
from connector.ledger.database import Database
from connector.ledger.sayings import Answer
from connector.outcome import Reason
from connector.shop import Shop

MAX_ACTOR = 60
MAX_WHY = 500

__all__ = [
    "Answer",
    "announce_again",
    "close_alarm",
    "close_change",
    "decide_preflight",
    "decide_stage_stop",
    "handled",
    "hold",
    "note",
    "release",
    "resolve_stray",
    "retry",
    "settle_mail",
    "stop",
    "stop_told",
]


async def hold(
    database: Database,
    shop: str,
    number: str,
    *,
    actor: str,
    why: str,
    now: datetime,
    item: str = "",
    lang: str = "ja",
) -> Answer:
    """Pin a hold of a person's on an order or slip: no stage touches it until somebody releases it."""
    return await _run(
        database,
        actor,
        why,
        lang,
        lambda c, who, words: by_hand.hold(c, shop, number, who, words, now, item),
    )


async def release(
    database: Database,
    shop: str,
    number: str,
    *,
    actor: str,
    why: str,
    now: datetime,
    only: Reason | None = None,
    item: str = "",
    not_handled: bool = False,
    lang: str = "ja",
) -> Answer:
    """Take the open holds off (`only` one reason, if given) and let the stage look again now.

    Where the other side had refused the act, or its fate could not be told, releasing says: do it again. What counts
    as handled outside is released only with `not_handled`: it may ship twice.
    """
    return await _run(
        database,
        actor,
        why,
        lang,
        lambda c, who, words: by_hand.release(c, shop, number, who, words, now, only, item, not_handled),
    )


async def retry(
    database: Database,
    shop: str,
    number: str,
    *,
    actor: str,
    why: str,
    now: datetime,
    item: str = "",
    lang: str = "ja",
) -> Answer:
    """Clear waiting time and tries, so that the next pass looks at it at once. Holds stay."""
    return await _run(
        database,
        actor,
        why,
        lang,
        lambda c, who, words: by_hand.retry(c, shop, number, who, words, now, item),
    )


async def resolve_stray(
    database: Database, shop: str, stray_id: int, *, actor: str, why: str, now: datetime, lang: str = "ja"
) -> Answer:
    """A person dealt with a stray; it leaves the list and stays in the ledger."""
    return await _run(
        database,
        actor,
        why,
        lang,
        lambda c, who, words: by_hand.resolve_stray(c, shop, stray_id, who, words, now),
    )


async def close_change(
    database: Database, shop: str, change_id: int, *, actor: str, why: str, now: datetime, lang: str = "ja"
) -> Answer:
    """A person dealt with a late change; the hold goes with the last one that needs a hand."""
    return await _run(
        database,
        actor,
        why,
        lang,
        lambda c, who, words: by_hand.close_change(c, shop, change_id, who, words, now),
    )


async def close_alarm(
    database: Database, shop: Shop, kind: str, *, actor: str, why: str, now: datetime, lang: str = "ja"
) -> Answer:
    """A person mended the cause; what waited goes on at once. An alarm that still holds is told again."""
    return await _run(
        database,
        actor,
        why,
        lang,
        lambda c, who, words: by_hand.close_alarm(c, shop, kind, who, words, now),
    )


async def settle_mail(
    database: Database,
    shop: str,
    mail_id: int,
    *,
    actor: str,
    why: str,
    now: datetime,
    bounced: bool = False,
    lang: str = "ja",
) -> Answer:
    """A person looked at an incoming mail; `bounced`: it says that our mail about an order failed."""
    return await _run(
        database,
        actor,
        why,
        lang,
        lambda c, who, words: by_hand.settle_mail(c, shop, mail_id, bounced, who, words, now),
    )


async def announce_again(
    database: Database, shop: str, *, actor: str, why: str, now: datetime, lang: str = "ja"
) -> Answer:
    """Release every order whose mail came back, all at once: the intake address was corrected."""
    return await _run(
        database, actor, why, lang, lambda c, who, words: by_hand.announce_again(c, shop, who, words, now)
    )


async def decide_preflight(
    database: Database,
    shop: str,
    window: str,
    *,
    release: bool,
    actor: str,
    why: str,
    now: datetime,
    seen: str = "",
    lang: str = "ja",
) -> Answer:
    """Let a waiting import file go, or keep it back until the next time. `seen`: the picture it was decided on."""
    return await _run(
        database,
        actor,
        why,
        lang,
        lambda c, who, words: by_hand.decide_preflight(c, shop, window, release, who, words, now, seen),
    )


async def decide_stage_stop(
    database: Database,
    shop: str,
    stage: str,
    what: str,
    *,
    release: bool,
    actor: str,
    why: str,
    now: datetime,
    lang: str = "ja",
) -> Answer:
    """Let go on what a stage stopped by itself, or keep it back."""
    return await _run(
        database,
        actor,
        why,
        lang,
        lambda c, who, words: by_hand.decide_stage_stop(c, shop, stage, what, release, who, words, now),
    )


async def note(
    database: Database,
    shop: str,
    number: str,
    *,
    actor: str,
    why: str,
    now: datetime,
    item: str = "",
    lang: str = "ja",
) -> Answer:
    """Write a remark into the history of an order or slip. It moves nothing."""
    return await _run(
        database,
        actor,
        why,
        lang,
        lambda c, who, words: by_hand.note(c, shop, number, who, words, now, item),
    )


async def stop(
    database: Database, shop: Shop, number: str, *, actor: str, why: str, now: datetime, lang: str = "ja"
) -> Answer:
    """Ask for a stop (出荷止め): from this very transaction on nothing more of the order is handed over."""
    return await _run(
        database,
        actor,
        why,
        lang,
        lambda c, who, words: stops_by_hand.request(c, shop, number, who, words, now),
    )


async def stop_told(
    database: Database,
    shop: str,
    number: str,
    *,
    stopped: bool,
    actor: str,
    why: str,
    now: datetime,
    lang: str = "ja",
) -> Answer:
    """What the warehouse said by telephone about a stop it does not answer: recorded as by hand, never as its word."""
    return await _run(
        database,
        actor,
        why,
        lang,
        lambda c, who, words: stops_by_hand.told(c, shop, number, stopped, who, words, now),
    )


async def handled(
    database: Database, shop: str, number: str, *, actor: str, why: str, now: datetime, lang: str = "ja"
) -> Answer:
    """Handled outside (連携外で処理): no further step of this order, and the words say which were done already."""
    return await _run(
        database,
        actor,
        why,
        lang,
        lambda c, who, words: stops_by_hand.handled(c, shop, number, who, words, now),
    )


async def _run(
    database: Database, actor: str, why: str, lang: str, work: Callable[[Connection, str, str], Answer]
) -> Answer:
    """`work` in one transaction, with the name and the reason as they are written down."""
    who, words = actor.strip(), why.strip()
    missing = _missing(who, words)
    if missing is not None:
        return missing.in_language(lang)
    return (await database.run(lambda connection: work(connection, who, words))).in_language(lang)


def _missing(who: str, words: str) -> Answer | None:
    """Nobody acts without a name and a reason."""
    if not 0 < len(who) <= MAX_ACTOR:
        return Answer(done=False, code="no_actor", facts={"limit": str(MAX_ACTOR)})
    if not 0 < len(words) <= MAX_WHY:
        return Answer(done=False, code="no_reason", facts={"limit": str(MAX_WHY)})
    return None
