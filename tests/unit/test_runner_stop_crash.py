"""The process dies at every point of a stop: one question, one cancel, and no *stopped* before the warehouse's word.

Nor is anything cancelled in the cart before it, and there only once.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from connector.ledger.schema_warehouse import stop_answers
from connector.ledger.stops_by_hand import request
from sqlalchemy import select

from tests.unit.test_runner_crash import PLACED, Story, one_life
from tests.unit.world import World, world


async def wished_for(w: World) -> None:
    """A person's wish about two orders at the warehouse, which answers only after the patience is over."""
    await w.to_relayed(*PLACED)
    w.wms.receipt_delay = timedelta(minutes=90)
    for order in PLACED:
        with w.database.engine.begin() as connection:
            said = request(connection, w.shop, order.number, "見本 花子", "電話", w.clock.now())
        assert said.done


async def wished_for_unanswered(w: World) -> None:
    """The same while their instruction lies there unanswered."""
    await w.to_print_ready(*PLACED)
    await w.run("relay")
    for order in PLACED:
        with w.database.engine.begin() as connection:
            request(connection, w.shop, order.number, "見本 花子", "電話", w.clock.now())


def proved(w: World) -> bool:
    """Both are stopped; and whenever one is, the warehouse agreed or never had it."""
    told = {
        row.slip_number
        for row in w.rows(select(stop_answers).where(stop_answers.c.party == "warehouse"))
        if row.answer in ("agreed", "never_had") and not row.by
    }
    for order in PLACED:
        if w.stop(order.number) == "stopped":
            assert w.slip_of(order.number) in told
    return all(w.stop(order.number) == "stopped" for order in PLACED)


async def stopped_by_the_warehouse(w: World) -> None:
    """Only the cart's leg is left, by API; the results were read since."""
    await w.to_relayed(*PLACED)
    for order in PLACED:
        with w.database.engine.begin() as connection:
            request(connection, w.shop, order.number, "見本 花子", "電話", w.clock.now())
    for _ in range(4):
        await w.run("stop")
        w.pass_by(minutes=5)
    assert proved(w)
    assert w.cart.count("cancelled") == 0


def cancelled_once(w: World) -> bool:
    """Whenever the cart shows one cancelled it is stopped; in the end both are, each by one void."""
    assert proved(w)
    assert all(w.cart.count(what, order.number) <= 1 for what in ("cancelled", "voided") for order in PLACED)
    told = w.rows(select(stop_answers).where(stop_answers.c.party == "cart"))
    return [row.answer for row in told].count("agreed") == len(PLACED)


STORIES = {
    "a late answer": Story(wished_for, ("stop",), proved),
    "an unanswered instruction": Story(wished_for_unanswered, ("relay", "stop"), proved),
    "the cart's leg": Story(stopped_by_the_warehouse, ("collect", "stop"), cancelled_once),
}


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", STORIES)
async def test_dying_at_every_point_of_a_stop(tmp_path: Path, name: str) -> None:
    story, at = STORIES[name], 1
    with world(tmp_path, cancels_in_cart=name == "the cart's leg") as prepared:
        await story.prepare(prepared)
        while (await one_life(prepared.fork(tmp_path / str(at)), story, at)).passed >= at:
            at += 1
    print(f"{name}: died at each of {at - 1} points")
    assert at > 20
