"""Early results (先に届いた実績): events that came before their slip was known, or before it was known as relayed.

Each is a stray with its content, and stays one until the slip is there; a person may set it aside before that. Those
whose slip never comes, or was never ours to relay, wait for ever: they must not stand before those that can be booked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select, update

from connector.journey import SlipState, at_least
from connector.ledger import under_way
from connector.ledger.claims import RELAY
from connector.ledger.history import Entry, append
from connector.ledger.schema import slips, strays
from connector.ledger.sendings import INSTRUCTION
from connector.ledger.shipments import place_and_words, same
from connector.outcome import Stray
from connector.slip import Shipment

CONNECTOR = "connector"
FITS = "伝票が見つかり、自動で取り込みました"
ELSEWHERE = "同じ実績が別の迷子として表示されています"
AT_ONCE = 500
_RELAYED = [state for state in SlipState if at_least(state, SlipState.RELAYED)]


def early_results(connection: Connection, shop: str) -> list[tuple[int, int | None, Shipment]]:
    """Open strays of which something else is true by now: id, exchange, and what they said. Oldest first.

    Their slip was relayed, or the file with it is under way; or it was not known, and now it is.
    """
    with connection.execute(_other_by_now(shop)) as rows:
        found = (
            row for row in rows if row.sure or under_way.any_for(connection, RELAY, row.slip_id, INSTRUCTION)
        )
        return [
            (row.id, row.exchange_id, Shipment.from_bytes(row.facts["shipment"].encode()))
            for row in islice(found, AT_ONCE)
        ]


def _other_by_now(shop: str) -> Select[Any]:
    """`sure`, or else there is a file with the slip, and what became of it must be looked at."""
    relayed = slips.c.state.in_(_RELAYED)
    news = strays.c.facts["waits_for"].as_string() == "slip"
    sent = under_way.open_of(RELAY, slips.c.id, once=INSTRUCTION)
    slip = and_(slips.c.shop == shop, slips.c.number == strays.c.facts["slip_number"].as_string())
    return (
        select(strays.c.id, strays.c.exchange_id, strays.c.facts, slips.c.id.label("slip_id"))
        .add_columns(or_(relayed, news).label("sure"))
        .join_from(strays, slips, slip)
        .where(
            strays.c.shop == shop,
            strays.c.system == "wms",
            strays.c.resolved_at.is_(None),
            strays.c.facts["shipment"].as_string().is_not(None),
            or_(relayed, news, sent),
        )
        .order_by(strays.c.id)
    )


def fitted(connection: Connection, shop: str, stray_ids: Iterable[int], now: datetime) -> None:
    """These found their slips."""
    for stray_id in stray_ids:
        _close(connection, shop, stray_id, FITS, now)


def _close(connection: Connection, shop: str, stray_id: int, why: str, now: datetime) -> None:
    here = update(strays).where(strays.c.id == stray_id, strays.c.resolved_at.is_(None))
    connection.execute(here.values(resolved_at=now, resolved_by=CONNECTOR))
    entry = Entry(item="stray", item_id=stray_id, number="", event="resolved", actor=CONNECTOR, note=why)
    append(connection, shop, now, [entry])


def judged_again(
    connection: Connection, shop: str, found: Iterable[tuple[int, Stray]], now: datetime
) -> None:
    """What is true of these by now stands in their words, and whether they wait for anything. Repeating is safe."""
    for stray_id, stray in found:
        place, words = place_and_words(stray)
        this = strays.c.id == stray_id
        row = connection.execute(select(strays).where(this, strays.c.resolved_at.is_(None))).first()
        if row is None or row.words == words:
            continue
        other = select(strays.c.id).where(*same(shop, stray), strays.c.id != stray_id)
        if connection.scalar(other) is not None:  # the same event came once more, in time
            _close(connection, shop, stray_id, ELSEWHERE, now)
            continue
        connection.execute(update(strays).where(this).values(place=place, words=words, facts=stray.facts))
        entry = Entry(item="stray", item_id=stray_id, number="", event="set_aside", note=f"{place}: {words}")
        append(connection, shop, now, [entry])
