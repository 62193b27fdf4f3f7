"""Late changes (出荷指示後の変更): what changes in Next Engine after the warehouse has the slip is never silent (W3).

A hold says it aloud; nobody undoes a shipment by himself. Our own marks and the confirmation are no such changes. Goods
that were put in afterwards (同梱 above all) lie in no instruction: until a person looked, no order of the slip is
completed or charged.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from connector import doubles
from connector.fate import Fate
from connector.journey import SlipState
from connector.ledger import codec, holds, sendings, stop_cancels, stop_news, stop_places, under_way
from connector.ledger.history import Entry
from connector.ledger.schema import holds as hold_rows
from connector.outcome import Reason
from connector.slip import NEStatus, Slip

AFTER = "出荷指示後にネクストエンジンで変更されました"
GOODS = "商品"
LATE_FIELDS = {
    "name": "お届け先名",
    "zip_code": "郵便番号",
    "address1": "住所",
    "address2": "住所",
    "phone": "電話番号",
    "deliver_on": "配達希望日",
    "time_slot": "時間帯",
    "delivery_id": "発送方法",
}
"""What must not change in silence once the warehouse has the slip, with the operators' word for it."""


def of(
    connection: Connection, shop: str, stage: str, row: Row[Any], slip: Slip, now: datetime
) -> list[Entry]:
    """The holds that a new picture of a slip asks for, compared with the row as it is stored; or takes back."""
    if not _handed_on(connection, row) or slip.status >= NEStatus.SHIPPED:
        return []
    if not slip.live:
        if stop_cancels.explained(connection, shop, row.id, slip.number) or _stays_there(
            connection, shop, slip
        ):
            return []
        what = f"伝票 {slip.merged_into} に同梱" if slip.merged else "取消"
        return _pin(connection, shop, stage, row.id, slip, Reason.NE_CANCELLED, f"{AFTER}: {what}", now)
    old, former = codec.slip(row.body), _former(connection, row.id)
    words = _other_words(old, slip)
    in_question = any(word.startswith(GOODS) for word in former)
    if slip.rows and (in_question or (old.rows and _asked_for(old) != _asked_for(slip))):
        former = [word for word in former if not word.startswith(GOODS)]
        goods = _goods_word(connection, shop, row, old, slip)
        if in_question and not (former or goods or words):
            return _as_instructed_again(connection, row.id, slip, stage, now)
        words += goods
    if not (words or (in_question and former)):
        return []
    note = f"{AFTER}: {'・'.join(dict.fromkeys([*former, *words]))}"
    return _pin(connection, shop, stage, row.id, slip, Reason.CHANGED_AFTER_RELAY, note, now)


def _handed_on(connection: Connection, row: Row[Any]) -> bool:
    state = SlipState(row.state)
    if state in (SlipState.RELAYED, SlipState.DISPATCHED):
        return True
    return state is SlipState.PRINT_READY and bool(
        under_way.perhaps_there(connection, "relay", sendings.INSTRUCTION, [row.id])
        or stop_places.left_out(connection, [row.id])
    )


def _other_words(old: Slip, slip: Slip) -> list[str]:
    names = [name for name in LATE_FIELDS if getattr(old, name) != getattr(slip, name)]
    words = list(dict.fromkeys(LATE_FIELDS[name] for name in names))
    if slip.cash_on_delivery and old.total != slip.total:
        words.append(f"代引金額（{old.total:,}円 → {slip.total:,}円）")
    if old.status >= NEStatus.PRINT_WAIT > slip.status:
        words.append("起票済への差し戻し")
    return words


def _goods_word(connection: Connection, shop: str, row: Row[Any], old: Slip, slip: Slip) -> list[str]:
    """What lies in it more or fewer than was instructed, and where it came from; empty where nothing does."""
    sent = sendings.of_slip(connection, shop, row.id) or doubles.sending(old, (), row.seen_at)
    before, now = Counter(sent.goods), Counter(doubles.goods(slip))
    if before == now:
        return []
    bundled = {one.from_slip for one in slip.rows if one.from_slip and not one.cancelled}
    came = [f"伝票 {number} の同梱" for number in sorted(bundled.difference(sent.took_in))]
    more = [f"{sku} ＋{quantity}" for sku, quantity in sorted((now - before).items())]
    fewer = [f"{sku} －{quantity}" for sku, quantity in sorted((before - now).items())]
    return [f"{GOODS}（{'、'.join([*came, *more, *fewer])}）"]


def _as_instructed_again(
    connection: Connection, slip_id: int, slip: Slip, stage: str, now: datetime
) -> list[Entry]:
    """The goods are those of the instruction again, and nothing else had changed: the question is answered."""
    return holds.take_off(
        connection,
        now,
        item="slip",
        item_id=slip_id,
        number=slip.number,
        by="connector",
        why="商品が出荷指示した内容に戻りました",
        reasons=[Reason.CHANGED_AFTER_RELAY],
        stage=stage,
    )


def _former(connection: Connection, slip_id: int) -> list[str]:
    """What changed before and is still a question."""
    here = (hold_rows.c.item == "slip", hold_rows.c.item_id == slip_id, hold_rows.c.closed_at.is_(None))
    query = select(hold_rows.c.note).where(*here, hold_rows.c.reason == Reason.CHANGED_AFTER_RELAY)
    note: str | None = connection.scalar(query)
    return note.removeprefix(f"{AFTER}: ").split("・") if note else []


def _asked_for(slip: Slip) -> list[tuple[int, str, int]]:
    return [(row.no, row.sku, row.quantity) for row in slip.rows if not row.cancelled]


def _stays_there(connection: Connection, shop: str, slip: Slip) -> bool:
    """The warehouse itself said that nothing of it leaves: a cancel in Next Engine is what comes next."""
    return stop_news.told(connection, shop, slip.number) in (Fate.CANCELLED, Fate.UNSHIPPABLE)


def _pin(
    connection: Connection,
    shop: str,
    stage: str,
    slip_id: int,
    slip: Slip,
    reason: Reason,
    note: str,
    now: datetime,
) -> list[Entry]:
    return holds.pin(
        connection,
        shop,
        now,
        item="slip",
        item_id=slip_id,
        number=slip.number,
        reason=reason,
        note=note,
        stage=stage,
    )
