"""Pace (出荷指示の件数の見張り): a day with far more slips than this weekday ever had waits for a click.

Judged in the transaction that would commit the hand-over: today's handed-over slips, those under way and this batch
against the same weekday's earlier days. Dangerous: a parcel that left does not come back, so while a day is stopped
nothing of it is claimed and nothing is handed over; marks for what the warehouse has already go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, distinct, func, select

from connector.clock import at_jst, jst
from connector.journey import SlipState
from connector.ledger import stage_stops
from connector.ledger.claims import RELAY
from connector.ledger.effects import OPEN
from connector.ledger.schema import effect_items, effects, history
from connector.ledger.stage_stops import Decision
from connector.outcome import Effect, Facts, Item, Outcome, Wait
from connector.shop import RelayPace, Shop

HANDS_OVER = ("ne_claim", "wms_file")
WEEKS = 26  # how far back a weekday's earlier days are looked for
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
WAITS = "今日の出荷指示がいつもの件数を大きく超えるため止めています。画面か connector relay release で判断してください"
REFUSED = "今日の出荷指示は見合わせました。明日、あらためて確認します"


def let_through(
    connection: Connection,
    shop: Shop,
    planned: Sequence[Effect],
    items: Mapping[int, Item[Any]],
    now: datetime,
) -> tuple[list[Effect], list[tuple[Item[Any], Outcome]]]:
    """The acts that may begin now, and what those wait for that may not."""
    batch = {id_ for one in planned if one.kind in HANDS_OVER for id_ in one.items}
    words = _judge(connection, shop, len(batch), now) if batch else ""
    if not words:
        return list(planned), []
    go = [one for one in planned if one.kind not in HANDS_OVER]
    return go, [(items[id_], Wait(words)) for id_ in sorted(batch)]


def _judge(connection: Connection, shop: Shop, batch: int, now: datetime) -> str:
    """Why nothing of this batch goes now; empty where it may."""
    day = str(jst(now).date())
    stage_stops.overtake(connection, shop.key, RELAY, day, now)
    decision = stage_stops.decided(connection, shop.key, RELAY, day)
    if decision is Decision.RELEASED or not shop.relay_pace.enabled:
        return ""
    if decision is Decision.REFUSED:
        return REFUSED
    found = picture(connection, shop, batch, now)
    if decision is Decision.NONE and not found["absurd"]:
        return ""
    stage_stops.open(connection, shop.key, RELAY, day, found, now)
    return WAITS


def picture(connection: Connection, shop: Shop, batch: int, now: datetime) -> Facts:
    """The figures of a day: what went, what would go now, and what is usual."""
    rules, today = shop.relay_pace, jst(now).date()
    gone = handed_over(connection, shop.key, today) + _under_way(connection, shop.key)
    figures: Facts = {"gone": gone, "batch": batch, "total": gone + batch, "band": [], "high": 0}
    if gone + batch <= rules.smallest:
        return figures | {"absurd": False}
    band = earlier(connection, shop, today)
    high = round(max(band, default=0) * (1 + rules.tolerance))
    return figures | {"band": band, "high": high, "absurd": _absurd(gone + batch, band, high, rules)}


def _absurd(total: int, band: Sequence[int], high: int, rules: RelayPace) -> bool:
    """Too few earlier days say nothing about this one."""
    return len(band) >= rules.days and total > max(high, rules.smallest)


def earlier(connection: Connection, shop: Shop, today: date) -> list[int]:
    """How many slips went on the same weekday, newest first; days without any (holidays) are none of them."""
    found: list[int] = []
    for weeks in range(1, WEEKS + 1):
        went = handed_over(connection, shop.key, today - weeks * WEEK)
        if went:
            found.append(went)
        if len(found) == shop.relay_pace.days:
            break
    return found


def handed_over(connection: Connection, shop: str, day: date) -> int:
    """Slips that the warehouse took on this day."""
    return (
        connection.scalar(
            select(func.count(distinct(history.c.item_id))).where(
                and_(history.c.shop == shop, history.c.at >= at_jst(day), history.c.at < at_jst(day + DAY)),
                and_(history.c.event == "moved", history.c.item == "slip"),
                history.c.to_state == SlipState.RELAYED,
            )
        )
        or 0
    )


def _under_way(connection: Connection, shop: str) -> int:
    """Slips in instructions that lie there, or may lie there, and are not answered yet."""
    query = (
        select(func.count(distinct(effect_items.c.item_id)))
        .join(effects, effects.c.id == effect_items.c.effect_id)
        .where(effects.c.shop == shop, effects.c.stage == RELAY, effects.c.state.in_(OPEN))
        .where(effects.c.kind == "wms_file")
    )
    return connection.scalar(query) or 0
