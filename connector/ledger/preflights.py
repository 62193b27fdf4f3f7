"""Preflights (取込前確認): a file far outside its weekday's band waits for a click until its deadline.

Every set time leaves a row, so that the bands are counted from what was really released. The verdict and the intent of
the upload are one transaction: nothing leaves unjudged, and nothing is judged twice. Dangerous: a click releases the
orders that were shown, never more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from connector.journey import OrderState
from connector.ledger.bands import Figures, figures_of, merged, oddities
from connector.ledger.history import Entry, append
from connector.ledger.preflight_rows import (
    RULE,
    SHUT,
    WENT,
    Verdict,
    earlier,
    held_lately,
    is_open,
    known_goods,
    named,
    open_rows,
    picture,
    row_of,
    rows_of,
)
from connector.ledger.schema import orders
from connector.ledger.schema_hub import preflights
from connector.outcome import Effect, Facts, Item, Outcome, Wait
from connector.ports import FilesSoFar
from connector.shop import Shop

PIECE = 500
WAITS = "取込前確認で止まっています。画面か connector preflight で解放してください"
NOT_THIS_TIME = "取込前確認により、今回の取込には入りません。次の時刻に取り込みます"
GOES_BY_RULE = "期限までに判断がなかったため、設定により取り込みました"
STAYS_BY_RULE = "期限までに判断がなかったため、設定により取り込みませんでした"
CHANGED_MEANWHILE = "取込前確認のあとで内容が変わりました。次の回に確認します"


def let_through(
    connection: Connection,
    shop: Shop,
    window: str,
    so_far: FilesSoFar,
    planned: Sequence[Effect],
    items: Mapping[int, Item[Any]],
    now: datetime,
) -> tuple[list[Effect], list[tuple[Item[Any], Outcome]]]:
    """The files that may leave now, and what those wait for whose file may not."""
    _overtake(connection, shop.key, window, now)
    if not planned:
        _close_where_all_left(connection, shop.key, named(window, so_far.revision), now)
        if so_far.revision == 1 and not so_far.under_way and not so_far.shut:
            _note_empty(connection, shop, window, now)
        return [], []
    name = named(window, so_far.revision)
    effect = planned[0]
    figures = figures_now(connection, shop, window, effect, items, now)
    words = _judge(connection, shop, window, name, effect, figures, now)
    if not words:
        return list(planned), []
    return [], [(items[id_], Wait(words)) for id_ in effect.items]


def figures_now(
    connection: Connection,
    shop: Shop,
    window: str,
    effect: Effect,
    items: Mapping[int, Item[Any]],
    now: datetime,
) -> Figures:
    """What a planned file is judged by."""
    orders_in_it = [items[id_].noun for id_ in effect.items]
    figures = figures_of(effect.facts["manifest"], orders_in_it, held_lately(connection, shop.key, now))
    known = known_goods(connection, shop.key, window)
    figures["new_skus"] = sorted(set(figures["skus"]) - known) if known else []
    return figures


def _judge(
    connection: Connection,
    shop: Shop,
    window: str,
    name: str,
    effect: Effect,
    figures: Figures,
    now: datetime,
) -> str:
    """What the file waits for; empty where it may leave. Its row says the same from here on."""
    row = row_of(connection, shop.key, name)
    if row is not None and row.state == Verdict.RELEASED:
        return _as_shown(connection, shop, row, effect, figures, now)
    if row is not None and row.state in SHUT:
        return NOT_THIS_TIME
    found = oddities_of(connection, shop, window, name, figures)
    waiting = row is not None and row.state == Verdict.WAITS
    if not found or not shop.preflight.enabled:
        note = "通常の範囲に戻りました" if waiting else ""
        _write(connection, shop.key, name, Verdict.PASSED, figures, found, now, note=note)
        return ""
    if row is None or not waiting:
        _write(
            connection,
            shop.key,
            name,
            Verdict.WAITS,
            figures,
            found,
            now,
            effect=effect,
            wait=shop.preflight.wait,
        )
        return WAITS
    if now < row.deadline_at:
        _write(connection, shop.key, name, Verdict.WAITS, figures, found, now, effect=effect)
        return WAITS
    return _at_deadline(connection, shop, name, effect, figures, found, now)


def _at_deadline(
    connection: Connection,
    shop: Shop,
    name: str,
    effect: Effect,
    figures: Figures,
    found: Facts,
    now: datetime,
) -> str:
    release = shop.preflight.release_at_deadline
    verdict, note = (Verdict.RELEASED, GOES_BY_RULE) if release else (Verdict.EXPIRED, STAYS_BY_RULE)
    _write(connection, shop.key, name, verdict, figures, found, now, effect=effect, note=note)
    _tell(connection, shop.key, name, verdict, RULE, note, now)
    return "" if release else NOT_THIS_TIME


def _as_shown(
    connection: Connection, shop: Shop, row: Row[Any], effect: Effect, figures: Figures, now: datetime
) -> str:
    """A released file leaves with what was shown, or less of it. More asks again (the rule showed nobody anything)."""
    by_click = row.decided_by != RULE
    if by_click and not set(effect.items) <= set(row.figures.get("items", ())):
        return CHANGED_MEANWHILE  # the click came while this file was being planned: the next pass plans what it covers
    values: dict[str, Any] = {
        "figures": {**figures, "items": list(effect.items), "new_skus": row.figures.get("new_skus", [])}
    }
    more = by_click and figures["yen"] > row.figures["yen"]
    if more:
        values |= {"state": Verdict.WAITS, "checked_at": now, "deadline_at": now + shop.preflight.wait}
        values |= {"decided_at": None, "decided_by": ""}
    connection.execute(update(preflights).where(preflights.c.id == row.id).values(**values))
    return WAITS if more else ""


def _write(
    connection: Connection,
    shop: str,
    name: str,
    verdict: Verdict,
    figures: Figures,
    found: Facts,
    now: datetime,
    *,
    effect: Effect | None = None,
    wait: timedelta | None = None,
    note: str = "",
) -> None:
    """The row as it stands now; `wait` opens its time to decide."""
    shown_items = {"items": list(effect.items)} if effect is not None else {}
    values: dict[str, Any] = {
        "state": verdict,
        "figures": {**figures, **shown_items},
        "oddities": found,
        "checked_at": now,
    }
    if wait is not None:
        values["deadline_at"] = now + wait
    if note:
        values |= {"note": note, "decided_by": RULE, "decided_at": now}
    here = (preflights.c.shop == shop, preflights.c.window == name)
    if connection.execute(update(preflights).where(*here).values(**values)).rowcount == 0:
        blank = {"shop": shop, "window": name, "note": "", "decided_by": ""}
        connection.execute(insert(preflights), [blank | values])


def decide(
    connection: Connection,
    shop: str,
    window: str,
    release: bool,
    actor: str,
    why: str,
    now: datetime,
    seen: str = "",
) -> tuple[str, dict[str, str]]:
    """A person's click: the code of the answer and its facts. `seen`: the `picture` that the person decided on."""
    row = row_of(connection, shop, window)
    facts = {"number": window}
    if row is None:
        return "preflight_unknown", facts
    if row.state != Verdict.WAITS:
        return "preflight_decided_already", facts
    if seen and seen != picture(row.figures):
        return "preflight_changed", facts | {
            "orders": str(row.figures["orders"]),
            "yen": f"{row.figures['yen']:,}",
        }
    verdict = Verdict.RELEASED if release else Verdict.REFUSED
    values = {"state": verdict, "decided_at": now, "decided_by": actor, "note": why}
    connection.execute(update(preflights).where(preflights.c.id == row.id).values(**values))
    freed = {"next_at": None}
    ids = row.figures.get("items", [])
    for start in range(0, len(ids), PIECE):
        connection.execute(update(orders).where(orders.c.id.in_(ids[start : start + PIECE])).values(**freed))
    _tell(connection, shop, window, verdict, actor, why, now)
    return f"preflight_{verdict}", facts


def _tell(
    connection: Connection, shop: str, name: str, verdict: Verdict, actor: str, why: str, now: datetime
) -> None:
    entry = Entry(
        item="shop", item_id=None, number=name, event="preflight", to_state=verdict, actor=actor, note=why
    )
    append(connection, shop, now, [entry])


def _overtake(connection: Connection, shop: str, window: str, now: datetime) -> None:
    """The next set time has come: whoever waits for a click is in its file, and the old one is not asked for."""
    values = {
        "state": Verdict.EXPIRED,
        "decided_at": now,
        "decided_by": RULE,
        "note": "次の取込時刻になりました",
    }
    for row in open_rows(connection, shop, now):
        if row.window < window:
            connection.execute(update(preflights).where(preflights.c.id == row.id).values(**values))


def _close_where_all_left(connection: Connection, shop: str, name: str, now: datetime) -> None:
    """Every order that was shown went elsewhere (cancelled, imported by hand): there is nothing to decide."""
    row = row_of(connection, shop, name)
    if row is None or not is_open(connection, shop, row):
        return
    ids = row.figures.get("items", [])
    there = (orders.c.state == OrderState.IN_INTAKE, ~orders.c.cancelled)
    for start in range(0, len(ids), PIECE):
        query = select(orders.c.id).where(orders.c.id.in_(ids[start : start + PIECE]), *there)
        if connection.scalar(query.limit(1)) is not None:
            return
    none = figures_of({}, [], held_lately(connection, shop, now))
    values = {
        "state": Verdict.PASSED,
        "figures": none,
        "decided_at": now,
        "decided_by": RULE,
        "note": "対象の受注がなくなりました",
    }
    connection.execute(update(preflights).where(preflights.c.id == row.id).values(**values))


def _note_empty(connection: Connection, shop: Shop, window: str, now: datetime) -> None:
    """Nobody stood there: that is history, too."""
    if row_of(connection, shop.key, window) is None:
        figures = figures_of({}, [], held_lately(connection, shop.key, now))
        _write(connection, shop.key, window, Verdict.PASSED, figures, {}, now)


def oddities_of(connection: Connection, shop: Shop, window: str, name: str, figures: Figures) -> Facts:
    """A second file is judged together with the first: it is the day's sum that has a band."""
    before = [
        row.figures
        for row in rows_of(connection, shop.key, window)
        if row.state in WENT and row.window != name
    ]
    if figures["orders"] < shop.preflight.smallest:
        return {}
    band = earlier(connection, shop, window)
    return oddities(merged([*before, figures]), band, shop.preflight)
