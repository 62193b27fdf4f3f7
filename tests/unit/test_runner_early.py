"""Results that came too early: each is kept with what it says, told apart, and booked as soon as it can be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from connector.ledger import codec, early
from connector.ledger.history import verify
from connector.ledger.schema import exchanges, history, shipments, slips, strays
from connector.ledger.shipments import set_aside
from connector.outcome import Stray
from connector.slip import Result, Shipment, ShippedLine
from connector.stages.collect import NO_SLIP, NOT_RELAYED
from sqlalchemy import select, update

from tests.unit.test_results_chunks import NOW, SHOP, Desk, file_of, goods, parcel, tracking
from tests.unit.world import World, a_shipment, an_order, world

TOO_MUCH = "出荷数が指示数を超えています。"
THREE = (ShippedLine(line_no=1, sku="SKU-1", quantity=3),)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path, range(400_000, 400_020))
    yield made
    made.database.close()


def waiting(w: World) -> list[str]:
    open_ones = select(strays.c.words).where(strays.c.resolved_at.is_(None)).order_by(strays.c.id)
    return [row.words for row in w.rows(open_ones)]


def booked(w: World) -> list[Shipment]:
    return [codec.shipment(row.body) for row in w.rows(select(shipments.c.body).order_by(shipments.c.id))]


async def relay_and_collect(w: World) -> None:
    await w.run("relay")
    w.pass_by(minutes=10)
    await w.run("relay", "collect")


async def test_results_that_nobody_can_book_do_not_stand_before_those_that_can(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(early, "AT_ONCE", 3)
    with (
        desk.database.engine.begin() as connection
    ):  # printed in the old way, before we went live; one cancelled
        connection.execute(update(slips).values(state="print_ready"))
        connection.execute(update(slips).where(slips.c.number == "400001").values(state="cancelled"))
    early_ones = range(400_000, 400_012)
    desk.keep(file_of([row for n in early_ones for row in (parcel(n, tracking(n)), goods(n))]))
    await desk.read()
    assert desk.count(strays, strays.c.resolved_at.is_(None)) == 12
    relayed = [str(n) for n in range(400_005, 400_012)]
    with desk.database.engine.begin() as connection:
        connection.execute(update(slips).where(slips.c.number.in_(relayed)).values(state="relayed"))
    for _ in range(3):  # seven of them, three in a pass
        await desk.read()
    assert desk.end() == (7, 7, 7, 7)
    assert desk.count(strays, strays.c.resolved_at.is_(None)) == 5
    before = desk.count(history)
    await desk.read()
    assert desk.count(history) == before, "who waits is not written about in every pass"
    with desk.database.engine.connect() as connection:
        assert verify(connection, SHOP.key) is None


async def test_it_is_booked_while_the_file_with_its_slip_is_under_way(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        w.wms.reports(a_shipment(w.slip_of()))
        await w.run("collect")
        assert (w.slip_state(), waiting(w)) == ("print_ready", [NOT_RELAYED])
        w.wms.receipt_delay = timedelta(hours=1)
        await w.run("relay", "collect")
        assert (w.slip_state(), waiting(w)) == ("dispatched", [])


async def test_of_a_refused_file_the_slip_is_not_believed_to_be_relayed(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        w.wms.reports(a_shipment(w.slip_of()))
        await w.run("collect")
        w.wms.refuses_file = "E401 ファイル形式"
        await relay_and_collect(w)
        assert (w.slip_state(), waiting(w)) == ("print_ready", [NOT_RELAYED])
        assert booked(w) == []


async def test_a_correction_that_is_early_too_is_kept_and_counts(tmp_path: Path) -> None:
    """The same event and number; the carrier and the day are others."""
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        slip = w.slip_of()
        w.wms.reports(a_shipment(slip))
        await w.run("collect")
        w.wms.reports(a_shipment(slip, carrier="SAGAWA_TAKUHAI", shipped_on=date(2026, 11, 23)))
        await w.run("collect")
        assert waiting(w) == [NOT_RELAYED] * 2
        await relay_and_collect(w)
        told = [(one.result_id, one.carrier, one.shipped_on) for one in booked(w)]
        event = f"R{slip}"
        assert told == [
            (event, "YAMATO_TAKKYUBIN", date(2026, 11, 24)),
            (event, "SAGAWA_TAKUHAI", date(2026, 11, 23)),
        ]
        assert (waiting(w), w.slip_state()) == ([], "dispatched")


async def test_that_it_could_not_ship_after_all_is_kept_too(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        slip = w.slip_of()
        by_post = a_shipment(slip, carrier="JP_TEIKEIGAI")
        w.wms.reports(by_post.with_tracking(()))
        await w.run("collect")
        w.wms.reports(a_shipment(slip, result=Result.UNSHIPPABLE, reason_code="STOCKOUT").with_tracking(()))
        await w.run("collect")
        await relay_and_collect(w)
        assert [one.result for one in booked(w)] == [Result.SHIPPED, Result.UNSHIPPABLE]
        assert w.holds(slip) == ["unshippable"]


async def test_the_same_told_again_before_its_slip_came_is_one_stray(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        told = a_shipment("77777", tracking(1), tracking(2), dated=False)
        for day in (24, 25, 26):
            w.wms.reports(told.with_tracking(told.tracking))
            told = a_shipment("77777", tracking(1), tracking(2), dated=False, shipped_on=date(2026, 11, day))
            await w.run("collect")
        assert waiting(w) == [NO_SLIP]


async def test_many_numbers_do_not_hide_that_the_contents_differ(tmp_path: Path) -> None:
    numbers = [tracking(n) for n in range(40)]
    with world(tmp_path) as w:
        w.wms.reports(a_shipment("77777", *numbers))
        await w.run("collect")
        w.wms.reports(a_shipment("77777", *numbers, tracking(41)))
        await w.run("collect")
        assert waiting(w) == [NO_SLIP] * 2


async def test_one_that_is_refused_when_its_slip_is_relayed_says_why_and_waits_no_more(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        slip = w.slip_of()
        w.wms.reports(a_shipment(slip, lines=THREE))
        await w.run("collect")
        assert waiting(w) == [NOT_RELAYED]
        await relay_and_collect(w)
        assert (waiting(w), w.slip_state()) == ([TOO_MUCH], "relayed")
        (stray,) = w.rows(select(strays))
        assert "shipment" not in stray.facts, "a person's matter now"
        said = w.rows(select(history.c.note).where(history.c.item == "stray").order_by(history.c.id))
        assert [row.note.rpartition(": ")[2] for row in said] == [NOT_RELAYED, TOO_MUCH]
        w.wms.reports(a_shipment(slip, lines=THREE))  # the warehouse sends it once more, in time
        await w.run("collect")
        assert waiting(w) == [TOO_MUCH]


async def test_when_its_slip_becomes_known_it_no_longer_says_that_there_is_none(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.cart.put(an_order())
        w.pass_by(minutes=11)
        await w.run("ingest", "notify")
        w.pass_by(minutes=2)
        w.ne.work()
        (slip,) = w.ne.slips_held
        w.wms.reports(a_shipment(slip))
        await w.run("collect")
        assert waiting(w) == [NO_SLIP]
        await w.run("confirm_intake", "collect")
        assert waiting(w) == [NOT_RELAYED]
        await w.import_now()
        w.pass_by(minutes=2)
        await w.run("import_daily", "follow_slips")
        await relay_and_collect(w)
        assert (waiting(w), w.slip_state()) == ([], "dispatched")


def test_what_stands_elsewhere_in_the_same_words_stands_once(desk: Desk) -> None:
    with desk.database.engine.begin() as connection:
        for words in (NOT_RELAYED, TOO_MUCH):
            set_aside(connection, SHOP.key, Stray("wms", "実績番号 R1", words), NOW)
        first, second = connection.scalars(select(strays.c.id).order_by(strays.c.id))
        for _ in range(2):
            early.judged_again(connection, SHOP.key, [(first, Stray("wms", "実績番号 R1", TOO_MUCH))], NOW)
        left = select(strays.c.id).where(strays.c.resolved_at.is_(None))
        assert list(connection.scalars(left)) == [second]
        assert verify(connection, SHOP.key) is None
    assert desk.count(exchanges) == 0
