"""Stops by hand (出荷止めの手作業): a person asks for a stop, says what the telephone said, or took an order over.

Dangerous: a telephone is no receipt. What it said stands under the person's name, and a stop that rests on it ends
as settled by hand, never as stopped.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from connector.journey import ORDER_LINE, SLIP_LINE, OrderState
from connector.lateness import Place
from connector.ledger import by_hand, stop_answers, stops
from connector.ledger import holds as hold_rows
from connector.ledger.by_hand import Answer
from connector.ledger.history import Entry, append
from connector.ledger.late_places import place_of
from connector.ledger.schema import history, order_slips, orders, slips, stop_requests
from connector.ledger.stop_places import handed_over_at
from connector.outcome import Reason
from connector.shop import Shop

CART_BY_PEOPLE = "カートでの取消は人が行います"


def request(connection: Connection, shop: Shop, number: str, actor: str, why: str, now: datetime) -> Answer:
    """Ask for a stop. What had not been handed to anybody leaves at once."""
    row = _order(connection, shop.key, number)
    if row is None:
        return _answer(False, "unknown", number)
    if row.left_out:
        return _answer(False, "left_out", number)
    if row.state in (OrderState.SHIPPED, OrderState.COMPLETED):
        return _answer(False, "stop_gone", number)
    if row.state == OrderState.CANCELLED:
        return _answer(False, "final", number, state=row.state)
    place = place_of(connection, shop, row)
    if not stops.ask(connection, shop.key, row.id, why, now, actor):
        return _answer(False, "stop_open_already", number)
    entries = [_entry(row, "stop_asked", actor, why)]
    if not (row.cancelled or shop.cancels_in_cart):
        words = CART_BY_PEOPLE
        stop_answers.write(connection, row.id, stop_answers.CART, "", stop_answers.ASKED, words, now)
    if place is Place.RECEIVED:
        entries += _leave(connection, row, actor, why, now)
    else:
        connection.execute(update(orders).where(orders.c.id == row.id).values(next_at=None, tries=0))
    append(connection, shop.key, now, entries)
    return _answer(True, "stop_at_once" if place is Place.RECEIVED else "stop_asked", number)


def told(
    connection: Connection, shop: str, number: str, stopped: bool, actor: str, why: str, now: datetime
) -> Answer:
    """What the telephone said about the slips that the warehouse itself does not answer for."""
    row = _order(connection, shop, number)
    asked = _unsettled(connection, row.id) if row is not None else None
    if row is None or asked is None:
        return _answer(False, "unknown" if row is None else "stop_none", number)
    said = {one.slip_number: one for one in stop_answers.of_orders(connection, [row.id]).get(row.id, ())}
    answer = stop_answers.AGREED if stopped else stop_answers.REFUSED
    for slip_number in _at_the_warehouse(connection, row.id):
        last = said.get(slip_number)
        if last is None or last.by or last.answer not in (stop_answers.AGREED, stop_answers.REFUSED):
            about = (row.id, stop_answers.WAREHOUSE, slip_number, answer)
            stop_answers.write(connection, *about, why, now, by=actor)
    stop_answers.reopen(connection, row.id)
    facts = {"stopped": stopped}
    append(connection, shop, now, [_entry(row, "stop_told", actor, why, facts)])
    return _answer(True, "stop_told", number)


def handled(connection: Connection, shop: str, number: str, actor: str, why: str, now: datetime) -> Answer:
    """Handled outside (連携外で処理): every further step of the order and its slips stops; says what was done."""
    row = _order(connection, shop, number)
    if row is None:
        return _answer(False, "unknown", number)
    if row.state in by_hand.FINAL_STATES:
        return _answer(False, "final", number, state=row.state)
    entries = [_entry(row, "handled", actor, why)]
    for item, id_, its_number in (("order", row.id, row.number), *_slips(connection, row.id)):
        here: dict[str, Any] = {"item": item, "item_id": id_, "number": its_number, "stage": by_hand.STAGE}
        entries += hold_rows.pin(connection, shop, now, **here, reason=Reason.BY_HAND, note=why)
    append(connection, shop, now, entries)
    return _answer(True, "handled", number, steps=_steps(connection, row.id) or "-")


def _order(connection: Connection, shop: str, number: str) -> Row[Any] | None:
    return connection.execute(select(orders).where(orders.c.shop == shop, orders.c.number == number)).first()


def _unsettled(connection: Connection, order_id: int) -> Row[Any] | None:
    here = (stop_requests.c.order_id == order_id, stop_requests.c.verdict.in_(stops.UNSETTLED))
    return connection.execute(select(stop_requests).where(*here)).first()


def _slips(connection: Connection, order_id: int) -> list[tuple[str, int, str]]:
    query = select(slips.c.id, slips.c.number).join(order_slips, order_slips.c.slip_id == slips.c.id)
    tied = query.where(order_slips.c.order_id == order_id, slips.c.state.not_in(by_hand.FINAL_STATES))
    return [("slip", row.id, row.number) for row in connection.execute(tied)]


def _at_the_warehouse(connection: Connection, order_id: int) -> list[str]:
    query = select(slips.c.id, slips.c.number).join(order_slips, order_slips.c.slip_id == slips.c.id)
    mine = dict(connection.execute(query.where(order_slips.c.order_id == order_id)).all())
    there = handed_over_at(connection, mine)
    return [number for id_, number in mine.items() if id_ in there]


def _steps(connection: Connection, order_id: int) -> str:
    """The places that the order and its slips were proved to have reached, in the order of the line."""
    mine = [id_ for _, id_, _ in _slips(connection, order_id)]
    of_order = (history.c.item == "order", history.c.item_id == order_id, history.c.event == "moved")
    of_slips = (history.c.item == "slip", history.c.item_id.in_(mine), history.c.event == "moved")
    reached = {
        *connection.scalars(select(history.c.to_state).where(*of_order)),
        *connection.scalars(select(history.c.to_state).where(*of_slips)),
    }
    line = dict.fromkeys(str(state) for state in (*ORDER_LINE[:4], *SLIP_LINE, *ORDER_LINE[4:]))
    return " → ".join(state for state in line if state in reached)


def _leave(connection: Connection, row: Row[Any], actor: str, why: str, now: datetime) -> list[Entry]:
    here: dict[str, Any] = {"item": "order", "item_id": row.id, "number": row.number, "stage": stops.STAGE}
    entries = hold_rows.take_off(connection, now, **here, by=actor, why=why)
    fresh = {"state": OrderState.CANCELLED, "since": now, "next_at": None, "tries": 0, "waiting_for": ""}
    connection.execute(update(orders).where(orders.c.id == row.id).values(**fresh))
    places = {"from_state": row.state, "to_state": OrderState.CANCELLED}
    entries.append(Entry(**here, event="moved", **places, actor=actor, note=why))
    words = "まだどこにも渡していませんでした。"
    return entries + stops.conclude(connection, row.id, row.number, stops.STOPPED, words, now)


def _entry(row: Row[Any], event: str, actor: str, why: str, facts: dict[str, Any] | None = None) -> Entry:
    here: dict[str, Any] = {"item": "order", "item_id": row.id, "number": row.number, "stage": stops.STAGE}
    return Entry(**here, event=event, actor=actor, note=why, facts=facts or {})


def _answer(done: bool, code: str, number: str, **facts: str) -> Answer:
    return Answer(done=done, code=code, facts={"number": number, **facts})
