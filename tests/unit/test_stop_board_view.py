"""What the stop board shows first, until when a stop can work, whose word a line is, and what a dry run foretells."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from connector import ops, shipping
from connector.clock import at_jst
from connector.commands.stop import listed, planned
from connector.ledger.views import stop_board as view
from connector.ledger.views.stop_board import StopBoardRow, StopPlan, stop_board, stop_plan
from connector.shop import Mode, Shop

from tests.unit.world import START, World, a_shipment, an_order, world

BY: dict[str, Any] = {"actor": "見本 花子", "why": "お客様から電話"}
FRIDAY_EVENING = datetime(2026, 11, 27, 11, 0, tzinfo=UTC)  # 20:00 in Japan


async def ask(w: World, number: str = "T-1001") -> ops.Answer:
    return await ops.stop(w.database, w.shop, number, now=w.clock.now(), **BY)


async def rounds(w: World, n: int, *stages: str) -> None:
    for _ in range(n):
        await w.run(*stages)
        w.pass_by(minutes=5)


def rows(w: World, **more: Any) -> list[StopBoardRow]:
    with w.database.engine.connect() as connection:
        return stop_board(connection, w.shop, w.clock.now(), **more)


def plan(w: World, number: str = "T-1001") -> StopPlan | None:
    with w.database.engine.connect() as connection:
        return stop_plan(connection, w.shop, number)


async def test_newer_ended_stops_never_hide_what_is_not_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "MOST", 2)
    with world(tmp_path) as w:
        await w.to_relayed(an_order("T-1001"))
        w.wms.silent.add(w.slip_of())
        await ask(w)
        await rounds(w, 4, "stop")
        ended, owed = [f"T-20{n:02}" for n in range(1, 5)], ["T-3001", "T-3002", "T-3003"]
        for number in (*owed, *ended):
            w.cart.put(an_order(number))
        w.pass_by(minutes=1)
        await w.run("ingest")
        for number in (*owed, *ended):
            assert (await ask(w, number)).done
            w.pass_by(minutes=1)
        for number in ended:
            w.cart.put(an_order(number, cancelled=True))
        w.pass_by(minutes=20)
        await w.run("ingest")
        assert [row.number for row in rows(w)] == ["T-1001", *owed, *reversed(ended[-2:])]
        assert [row.number for row in rows(w, everything=False)] == ["T-1001", *owed]
        assert [row.number for row in rows(w, number="T-2001")] == ["T-2001"]
        assert "T-1001  不明" in listed(rows(w, everything=False), w.clock.now(), "ja")


async def test_a_slip_that_comes_after_the_verdict_is_not_settled(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        await ask(w)
        await rounds(w, 3, "stop", "follow_slips")
        w.cart.put(an_order(cancelled=True))
        await w.run("ingest")
        assert (w.stop(), rows(w)[0].settled, rows(w, everything=False)) == ("stopped", True, [])
        copy = w.ne.open("X-1", status=20, copied_from=w.slip_of()).number
        w.pass_by(minutes=5)
        await w.run("follow_slips")
        (row,) = rows(w, everything=False)
        assert (row.verdict, row.settled) == ("stopped", False)
        assert ("next_engine", copy, "waiting") in [
            (line.party, line.slip_number, line.answer) for line in row.lines
        ]
        w.ne.edit(copy, cancel_type="1")
        w.pass_by(minutes=5)
        await w.run("follow_slips")
        assert rows(w, everything=False) == []


@pytest.mark.parametrize(
    ("begin", "end", "at", "opens"),
    [
        (time(9), time(14, 30), at_jst(START.date(), 12), at_jst(START.date(), 12)),
        (time(9), time(14, 30), at_jst(START.date(), 8, 50), at_jst(START.date(), 9)),
        (time(9), time(14, 30), at_jst(START.date(), 15), at_jst(START.date() + timedelta(days=1), 9)),
        (time(22), time(5), at_jst(START.date(), 3), at_jst(START.date(), 3)),
        (time(22), time(5), at_jst(START.date(), 6), at_jst(START.date(), 22)),
        (time(22), time(5), at_jst(START.date(), 23), at_jst(START.date(), 23)),
    ],
)
def test_when_the_warehouse_takes_instructions_next(
    begin: time, end: time, at: datetime, opens: datetime
) -> None:
    shop = Shop(key="a", name="a", start_at=START, ne_shop_id="1", relay_from=begin, relay_until=end)
    assert shipping.next_instructions(shop, at) == opens
    assert shipping.takes_instructions(shop, at) is (at == opens)


async def test_the_last_moment_before_the_hand_over_is_inside_the_window(tmp_path: Path) -> None:
    with world(tmp_path, relay_from=time(9, 0), relay_until=time(14, 30)) as w:
        await w.to_print_ready(an_order())
        w.clock.set_to(FRIDAY_EVENING)
        await w.run("relay")
        await ask(w)
        (row,) = rows(w)
        assert (row.last_is, row.last_at) == ("relay", datetime(2026, 11, 28, 0, 0, tzinfo=UTC)), (
            "09:00 in Japan"
        )
        assert row.last_at is not None
        w.clock.set_to(row.last_at)
        await w.run("relay")
        assert w.wms.count("instructed") == 0


@pytest.mark.parametrize("stopped", [True, False])
async def test_a_word_by_telephone_is_shown_with_its_name(tmp_path: Path, stopped: bool) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.receipt_delay = timedelta(hours=5)
        await ask(w)
        await w.run("stop")
        await ops.stop_told(w.database, w.shop.key, "T-1001", stopped=stopped, now=w.clock.now(), **BY)
        text = listed(rows(w), w.clock.now(), "ja")
        answer = "取消済み" if stopped else "断られました"
        assert f"倉庫 {w.slip_of()}: {answer}（電話: 見本 花子）" in text
        answer = "cancelled" if stopped else "refused"
        english = listed(rows(w), w.clock.now(), "en")
        assert f"Warehouse {w.slip_of()}: {answer} (by telephone: 見本 花子)" in english


async def test_goods_that_left_before_anybody_was_asked_wait_for_nobody(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        w.wms.reports(a_shipment(w.slip_of()))
        await ask(w)
        await rounds(w, 1, "collect", "stop")
        (row,) = rows(w)
        assert row.verdict == "too_late"
        assert [line.answer for line in row.lines if line.party != "cart"] == ["not_needed", "not_needed"]


async def test_a_dry_run_says_what_a_request_would_be_told(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_shipped(an_order())
        await w.run("follow_slips", "confirm_shipment")
        w.pass_by(minutes=5)
        await w.run("confirm_shipment")
        assert w.state() == "shipped"
        found, said = plan(w), await ask(w)
        assert found is not None
        assert (found.would_be_done, found.answer, found.asks, found.cart) == (False, said.code, (), False)
        assert planned(found, "T-1001", "ja") == said.words
        assert planned(plan(w, "T-9"), "T-9", "ja") == (await ask(w, "T-9")).words


async def test_a_dry_run_foretells_every_kind_of_request(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.cart.put(an_order("T-1001"))
        await w.run("ingest")
        found = plan(w)
        assert found is not None
        assert "その場で止まります" in planned(found, "T-1001", "ja")
        assert (await ask(w)).code == found.answer == "stop_at_once"
        await w.to_relayed(an_order("T-1002"))
        found = plan(w, "T-1002")
        assert found is not None
        text = planned(found, "T-1002", "ja")
        assert found.answer == "stop_asked"
        assert f"倉庫 {w.slip_of('T-1002')}" in text
        w.cart.put(an_order("T-1002", cancelled=True))
        await w.run("ingest")
        found = plan(w, "T-1002")
        assert found is not None
        assert (await ask(w, "T-1002")).code == found.answer == "stop_joined"
        found = plan(w, "T-1002")
        assert found is not None
        assert "見本 花子 さんの依頼で" in planned(found, "T-1002", "ja")
        assert "見本 花子" in planned(found, "T-1002", "en")


async def test_a_board_and_a_dry_run_where_people_do_it(tmp_path: Path) -> None:
    with world(tmp_path, modes={"stop": Mode.WATCH}) as w:
        await w.to_relayed(an_order())
        found = plan(w)
        assert found is not None
        assert "人が次の相手に連絡します" in planned(found, "T-1001", "ja")
        await ask(w)
        text = listed(rows(w), w.clock.now(), "ja")
        assert "この店舗では自動では依頼しません" in text
        assert f"倉庫 {w.slip_of()}: 自動では依頼しません" in text
