"""What of the cart cannot be read: one open stray for each order, closed by the fact that it was read well."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from connector.ledger.schema import history, strays
from connector.outcome import Stray
from connector.ports import CartPage, SubscriptionPage
from sqlalchemy import select, update

from tests.unit.world import World, an_order, world


def broken(
    id_: int = 1001, words: str = "受注を読み取れません: quantity", place: str = "$.data[3]", **facts: Any
) -> Stray:
    named = {"noun": "受注", "cart_order_id": str(id_), "order_number": f"T-{id_}"} | facts
    return Stray("ecforce", f"{named['noun']} T-{id_}: {place}", words, facts=named)


async def show(w: World, *malformed: Stray, orders: tuple[Any, ...] = ()) -> None:
    body = repr((malformed, orders, w.clock.now())).encode()
    await w.ledger.receive(CartPage(orders, malformed, body), w.clock.now())


def open_ones(w: World) -> list[str]:
    query = select(strays).where(strays.c.resolved_at.is_(None)).order_by(strays.c.id)
    return [f"{row.facts['cart_order_id']} {row.words}" for row in w.rows(query)]


def notes(w: World) -> list[str]:
    query = select(history).where(history.c.item == "stray").order_by(history.c.id)
    return [f"{row.event}: {row.note}" for row in w.rows(query)]


async def test_read_well_later_it_closes_by_itself_with_the_fact(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await show(w, broken(1001), broken(1002))
        assert len(open_ones(w)) == 2
        w.pass_by(minutes=5)
        await show(w, orders=(an_order("T-1001", updated_at=w.clock.now()),))
        assert open_ones(w) == ["1002 受注を読み取れません: quantity"]
        assert notes(w)[-1] == "resolved: 受注 T-1001（更新日 2026-11-24 09:05:00）を読み取れました。"
        closed = w.rows(select(strays).where(strays.c.resolved_at.is_not(None)))[0]
        assert (closed.resolved_by, closed.resolved_at) == ("connector", w.clock.now())


async def test_one_order_is_one_line_wherever_in_the_pages_it_stands(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        for n in range(4):
            await show(w, broken(place=f"$.data[{n}]"))
        assert open_ones(w) == ["1001 受注を読み取れません: quantity"]
        assert (w.rows_of("strays"), len(notes(w))) == (1, 1), "and it is told once"
        await show(w, broken(words="受注を読み取れません: price"))
        assert open_ones(w) == ["1001 受注を読み取れません: price"]
        assert "別のところで" in notes(w)[-1]


async def test_broken_again_after_it_was_read_well_it_is_open_again(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await show(w, broken())
        await show(w, orders=(an_order(),))
        w.pass_by(minutes=5)
        await show(w, broken())
        assert len(open_ones(w)) == 1
        assert w.rows_of("strays") == 1
        w.pass_by(minutes=5)
        await show(w, orders=(an_order(updated_at=w.clock.now()),))
        assert open_ones(w) == []


async def test_what_a_person_closed_stays_closed_for_the_same_words(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await show(w, broken())
        with w.database.engine.begin() as connection:
            connection.execute(update(strays).values(resolved_at=w.clock.now(), resolved_by="見本 花子"))
        await show(w, broken())
        assert open_ones(w) == []
        await show(w, broken(words="受注を読み取れません: price"))
        assert len(open_ones(w)) == 1


async def test_an_order_and_a_subscription_of_one_id_are_two_things(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        now = w.clock.now()
        await w.ledger.follow(SubscriptionPage((), (broken(noun="定期受注"),), b"1"), now)
        await show(w, orders=(an_order(cart_order_id=1001),))
        assert len(open_ones(w)) == 1


async def test_an_order_without_a_usable_number_is_counted_by_its_id(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await show(w, orders=(an_order("N" * 41, cart_order_id=77),))
        assert len(open_ones(w)) == 1
        assert open_ones(w)[0].startswith("77 ")
        w.pass_by(minutes=1)
        later = an_order("T-77", cart_order_id=77, updated_at=w.clock.now() + timedelta(seconds=1))
        await show(w, orders=(later,))
        assert open_ones(w) == []
