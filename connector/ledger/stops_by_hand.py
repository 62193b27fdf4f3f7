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
from connector.ledger.history import Entry, append
from connector.ledger.late_places import place_of
from connector.ledger.sayings import Answer
from connector.ledger.schema import history, order_slips, orders, slips, stop_requests
from connector.ledger.stop_places import handed_over_at
from connector.outcome import Reason
from connector.shop import Mode, Shop


def request(connection: Connection, shop: Shop, number: str, actor: str, why: str, now: datetime) -> Answer:
    """Ask for a stop. What had not been handed to anybody leaves at once. Repeating it word for word is safe.

    Where the cart asked before, its request becomes this person's as well; a further person's stands in the history.
    """
    row = named(connection, shop.key, number)
    if isinstance(row, Answer):
        return row
    answer = foreseen(connection, shop, row, actor, why)
    if not answer.done:
        return answer
    entries = [_entry(row, "stop_asked", actor, why)]
    fresh = stops.ask(connection, shop.key, row.id, why, now, actor)
    if fresh or stops.join(connection, row.id, why, actor):
        entries += _begin(connection, shop, row, actor, why, now)
    append(connection, shop.key, now, entries)
    return answer


def foreseen(connection: Connection, shop: Shop, row: Row[Any], actor: str = "", why: str = "") -> Answer:
    """What a request for this row of `orders` would be answered now. Writes nothing."""
    number = row.number
    if row.left_out:
        return _answer(False, "left_out", number)
    if row.state in (OrderState.SHIPPED, OrderState.COMPLETED):
        return _answer(False, "stop_gone" if row.state == OrderState.SHIPPED else "stop_done", number)
    if row.state == OrderState.CANCELLED:
        return _answer(False, "final", number, state=row.state)
    known = _unsettled(connection, row.id)
    theirs, whys = ("", "") if known is None else (known.asked_by or "", f"\n{known.why}")
    again = bool(theirs) and theirs == actor and whys.endswith(f"\n{why}")
    if place_of(connection, shop, row) is Place.RECEIVED and not theirs:
        return _answer(True, "stop_at_once", number)
    if by_people(shop):
        return _answer(not again, "stop_by_people", number)
    if theirs:
        return _answer(not again, "stop_open_already" if again else "stop_noted", number, by=theirs)
    return _answer(True, "stop_asked" if known is None else "stop_joined", number)


def by_people(shop: Shop) -> bool:
    """Whether nobody is asked by us: then people telephone the warehouse and cancel in Next Engine."""
    return shop.mode(stops.STAGE) is not Mode.ACT


def _begin(
    connection: Connection, shop: Shop, row: Row[Any], actor: str, why: str, now: datetime
) -> list[Entry]:
    """A request has just become this person's."""
    if place_of(connection, shop, row) is Place.RECEIVED:
        return _leave(connection, row, actor, why, now)
    connection.execute(update(orders).where(orders.c.id == row.id).values(next_at=None, tries=0))
    return []


def told(
    connection: Connection, shop: str, number: str, stopped: bool, actor: str, why: str, now: datetime
) -> Answer:
    """What the telephone said about the slips that the warehouse itself does not answer for, or not clearly.

    Repeating is safe: what is no news is not written, and the answer says so.
    """
    row = named(connection, shop, number)
    if isinstance(row, Answer):
        return row
    if _unsettled(connection, row.id) is None:
        return _answer(False, "stop_none", row.number)
    answer = stop_answers.AGREED if stopped else stop_answers.REFUSED
    written = [
        slip_number
        for slip_number in _not_clear(connection, row.id)
        if stop_answers.write(
            connection, row.id, stop_answers.WAREHOUSE, slip_number, answer, why, now, by=actor
        )
    ]
    if not written:
        there = handed_over_at(connection, _tied(connection, row.id))
        return _answer(False, "stop_told_nothing" if there else "stop_told_never_had", row.number)
    stop_answers.reopen(connection, row.id)
    facts = {"stopped": stopped}
    append(connection, shop, now, [_entry(row, "stop_told", actor, why, facts)])
    return _answer(True, "stop_told", row.number)


def handled(connection: Connection, shop: str, number: str, actor: str, why: str, now: datetime) -> Answer:
    """Handled outside (連携外で処理): every further step of the order and its slips stops; says what was done."""
    row = named(connection, shop, number)
    if isinstance(row, Answer):
        return row
    if row.state in by_hand.FINAL_STATES:
        return _answer(False, "final", row.number, state=row.state)
    entries = [_entry(row, "handled", actor, why)]
    for item, id_, its_number in (("order", row.id, row.number), *_slips(connection, row.id)):
        here: dict[str, Any] = {"item": item, "item_id": id_, "number": its_number, "stage": by_hand.STAGE}
        entries += hold_rows.pin(connection, shop, now, **here, reason=Reason.HANDLED, note=why)
    append(connection, shop, now, entries)
    return _answer(True, "handled", row.number, steps=_steps(connection, row.id) or "-")


def named(connection: Connection, shop: str, number: str) -> Row[Any] | Answer:
    """The row of `orders` with this number, else the only order of this slip; none or several: the answer."""
    row = connection.execute(select(orders).where(orders.c.shop == shop, orders.c.number == number)).first()
    if row is not None:
        return row
    tied = select(order_slips.c.order_id).join(slips, slips.c.id == order_slips.c.slip_id)
    mine = tied.where(slips.c.shop == shop, slips.c.number == number)
    rows = list(connection.execute(select(orders).where(orders.c.id.in_(mine)).order_by(orders.c.id)))
    if len(rows) == 1:
        return rows[0]
    if not rows:
        return _answer(False, "unknown", number)
    return _answer(False, "which_order", number, orders=", ".join(row.number for row in rows))


def _unsettled(connection: Connection, order_id: int) -> Row[Any] | None:
    here = (stop_requests.c.order_id == order_id, stop_requests.c.verdict.in_(stops.UNSETTLED))
    return connection.execute(select(stop_requests).where(*here)).first()


def _slips(connection: Connection, order_id: int) -> list[tuple[str, int, str]]:
    query = select(slips.c.id, slips.c.number).join(order_slips, order_slips.c.slip_id == slips.c.id)
    tied = query.where(order_slips.c.order_id == order_id, slips.c.state.not_in(by_hand.FINAL_STATES))
    return [("slip", row.id, row.number) for row in connection.execute(tied)]


def _tied(connection: Connection, order_id: int) -> dict[int, str]:
    """Numbers of its slips by id, wherever they stand."""
    query = select(slips.c.id, slips.c.number).join(order_slips, order_slips.c.slip_id == slips.c.id)
    return dict(connection.execute(query.where(order_slips.c.order_id == order_id)).all())


def _not_clear(connection: Connection, order_id: int) -> list[str]:
    """Slips at the warehouse about which it gave no clear word itself since it has them."""
    mine = _tied(connection, order_id)
    said = [
        one
        for one in stop_answers.of_orders(connection, [order_id]).get(order_id, ())
        if one.party == stop_answers.WAREHOUSE
    ]
    return [
        mine[id_]
        for id_, since in handed_over_at(connection, mine).items()
        if not _clear([one for one in said if one.slip_number == mine[id_] and one.at >= since])
    ]


def _clear(said: list[Row[Any]]) -> bool:
    """The warehouse's own last word stands, unless it takes back a yes: its own, or what a telephone said."""
    if not said or said[-1].by:
        return False
    if said[-1].answer == stop_answers.REFUSED:
        return all(one.answer != stop_answers.AGREED for one in said)
    return bool(said[-1].answer == stop_answers.AGREED)


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
