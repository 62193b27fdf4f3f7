"""取込前確認: a file far outside its weekday's band waits for a click, and the click releases what was shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from connector.errors import NotDone
from connector.ledger import preflights
from connector.ledger.preflight_rows import picture
from connector.ledger.schema_hub import preflights as table
from connector.rhythm import Rhythm
from connector.shop import Preflight
from msgspec.structs import replace
from sqlalchemy import insert, select

from tests.unit.world import CARD, DEFERRED, World, an_order, world

WINDOW = "2026-11-24 14:00"
NEXT = "2026-11-25 14:00"
RULES = Preflight(smallest=2, days=3, wait=timedelta(minutes=60))
WEEKS = ("2026-11-03", "2026-11-10", "2026-11-17")


def past(w: World, orders: int = 2, **more: Any) -> None:
    """What the three Tuesdays before were like."""
    figures = {
        "orders": orders,
        "lines": orders,
        "yen": 2200 * orders,
        "payments": {"NP後払い": orders},
        "skus": ["SKU-1"],
        "new_skus": [],
        "held": 0,
    }
    rows = [
        {
            "shop": "mihon",
            "window": f"{day} 14:00",
            "state": "passed",
            "figures": figures | more,
            "oddities": {},
            "checked_at": datetime(2026, 11, 1, tzinfo=UTC),
            "decided_by": "",
            "note": "",
        }
        for day in WEEKS
    ]
    with w.database.engine.begin() as connection:
        connection.execute(insert(table), rows)


def row(w: World, name: str = WINDOW) -> Any:
    return w.rows(select(table).where(table.c.window == name))[0]


def files(w: World) -> list[list[str]]:
    return [numbers for _, numbers in w.ne.uploads.values()]


async def decide(w: World, release: bool = True, window: str = WINDOW, **more: Any) -> str:
    code, _ = await w.database.run(
        lambda c: preflights.decide(
            c, "mihon", window, release, "見本 花子", "確かめました", w.clock.now(), **more
        )
    )
    return code


async def standing(w: World, count: int, first: int = 1001) -> None:
    """So many orders in 新規受付, five past two in the afternoon at the latest."""
    await w.to_intake(*(an_order(f"T-{number}") for number in range(first, first + count)))


def at(w: World, clock_time: str) -> None:
    hour, minute = map(int, clock_time.split(":"))
    w.clock.set_to(datetime(2026, 11, 24, hour - 9, minute, tzinfo=UTC))


async def test_a_usual_file_passes_and_leaves_a_row(tmp_path: Path) -> None:
    with world(tmp_path, preflight=RULES) as w:
        past(w)
        await standing(w, 3)
        await w.run("import_daily", window=WINDOW)
        assert len(files(w)) == 1
        assert row(w).state == "passed"
        assert row(w).oddities == {}
        assert row(w).figures["payments"] == {"NP後払い": 3}


async def test_without_earlier_files_nothing_is_odd(tmp_path: Path) -> None:
    with world(tmp_path, preflight=replace(RULES, days=4)) as w:
        past(w)  # three weeks; four make a band
        await standing(w, 12)
        await w.run("import_daily", window=WINDOW)
        assert len(files(w)) == 1
        assert row(w).state == "passed"


@pytest.mark.parametrize(
    ("name", "orders", "rules", "band"),
    [
        ("orders", [an_order(f"T-{n}") for n in range(1001, 1007)], {}, {}),
        ("yen", [an_order(f"T-{n}") for n in range(1001, 1003)], {}, {"yen": 90_000}),
        ("payment:クレジットカード", [an_order(f"T-{n}", payment=CARD) for n in range(1001, 1003)], {}, {}),
        ("payment:NP後払い", [an_order(f"T-{n}", payment=CARD) for n in range(1001, 1003)], {}, {}),
    ],
)
async def test_what_makes_a_file_odd(
    tmp_path: Path, name: str, orders: list[Any], rules: dict[str, Any], band: dict[str, Any]
) -> None:
    with world(tmp_path, preflight=replace(RULES, **rules)) as w:
        past(w, **band)
        await w.to_intake(*orders)
        await w.run("import_daily", window=WINDOW)
        assert files(w) == []
        assert row(w).state == "waits"
        assert name in row(w).oddities
        assert w.order("T-1001").waiting_for.startswith("取込前確認で止まっています")


async def test_goods_that_were_never_imported_and_many_held_orders_are_odd(tmp_path: Path) -> None:
    with world(tmp_path, preflight=RULES) as w:
        past(w, orders=4)
        line = an_order().lines[0]
        lines = tuple(replace(line, sku=f"NEW-{n}", unit_price=550, quantity=1) for n in range(4))
        await w.to_intake(*(an_order(f"T-{n}", lines=lines) for n in range(1001, 1005)))
        await w.to_intake(*(an_order(f"T-{n}") for n in range(2001, 2005)))
        w.ne.unmappable.update(f"T-{n}" for n in range(2001, 2005))
        await w.run("import_daily", window=WINDOW)
        found = row(w).oddities
        assert found["new_skus"]["skus"] == [f"NEW-{n}" for n in range(4)]
        assert found["held"] == {"value": 500, "low": 0, "high": 100}
        assert set(found) == {"new_skus", "held"}


async def test_a_click_releases_what_was_shown(tmp_path: Path) -> None:
    with world(tmp_path, preflight=RULES) as w:
        past(w)
        await standing(w, 6)
        at(w, "14:00")
        await w.run("import_daily", window=WINDOW)
        before = picture(row(w).figures)
        await standing(w, 1, first=2001)
        await w.run("import_daily", window=WINDOW)
        assert await decide(w, seen=before) == "preflight_changed", "seven orders by now, and six were seen"
        seen = picture(row(w).figures)
        w.cart.put(an_order("T-1001", cancelled=True))
        w.pass_by(minutes=1)
        await w.run("ingest")
        assert await decide(w, seen=seen) == "preflight_released"
        assert await decide(w) == "preflight_decided_already"
        await w.run("import_daily", window=WINDOW)
        assert files(w) == [[*(f"T-{n}" for n in range(1002, 1007)), "T-2001"]], "a cancelled one left it"
        assert (row(w).state, row(w).figures["orders"], row(w).decided_by) == ("released", 6, "見本 花子")


async def test_who_comes_after_the_click_is_not_in_the_released_file(tmp_path: Path) -> None:
    with world(tmp_path, preflight=RULES) as w:
        past(w)
        await standing(w, 6)
        at(w, "14:00")
        await w.run("import_daily", window=WINDOW)
        await decide(w)
        await standing(w, 1, first=2001)
        await w.run("import_daily", window=WINDOW)
        assert files(w) == [[f"T-{n}" for n in range(1001, 1007)]]
        assert w.state("T-2001") == "in_intake"


async def test_a_click_while_the_file_is_being_planned_covers_what_was_shown(tmp_path: Path) -> None:
    with world(tmp_path, preflight=RULES) as w:
        past(w)
        await standing(w, 6)
        at(w, "14:00")
        await w.run("import_daily", window=WINDOW)
        await standing(w, 1, first=2001)
        reads = w.ne.slips_of

        async def clicked(numbers: Any) -> Any:
            await decide(w)
            return await reads(numbers)

        w.ne.instead(slips_of=clicked)
        await w.run("import_daily", window=WINDOW)
        assert files(w) == [], "seven were planned, and six were shown"
        w.ne.instead(slips_of=reads)
        await w.run("import_daily", window=WINDOW)
        assert files(w) == [[f"T-{n}" for n in range(1001, 1007)]]


async def _nobody_asks(numbers: Any) -> Any:
    raise AssertionError("a request was spent on a pass that can plan nothing")


async def test_a_click_on_another_picture_than_the_row_has_is_not_taken(tmp_path: Path) -> None:
    with world(tmp_path, preflight=RULES) as w:
        past(w)
        await standing(w, 6)
        await w.run("import_daily", window=WINDOW)
        assert await decide(w, seen="0123456789abcdef") == "preflight_changed"
        assert await decide(w, window="2026-01-01 14:00") == "preflight_unknown"
        assert row(w).state == "waits"


async def test_more_yen_than_shown_asks_again(tmp_path: Path) -> None:
    with world(tmp_path, preflight=RULES) as w:
        past(w)
        await standing(w, 6)
        at(w, "14:00")
        await w.run("import_daily", window=WINDOW)
        await decide(w)
        amounts = replace(an_order().amounts, payable=99_000)
        w.cart.put(an_order("T-1003", amounts=amounts))
        w.pass_by(minutes=1)
        await w.run("ingest", "import_daily", window=WINDOW)
        assert files(w) == []
        assert (row(w).state, row(w).decided_by) == ("waits", "")
        assert row(w).deadline_at == w.clock.now() + timedelta(minutes=60)


async def test_a_refused_file_stays_and_its_orders_go_at_the_next_time(tmp_path: Path) -> None:
    with world(tmp_path, preflight=RULES) as w:
        past(w)
        await standing(w, 6)
        await w.run("import_daily", window=WINDOW)
        assert await decide(w, release=False) == "preflight_refused"
        w.ne.instead(slips_of=_nobody_asks)
        for _ in range(3):
            w.pass_by(minutes=20)
            await w.run("import_daily", window=WINDOW)
        assert files(w) == []
        del vars(w.ne)["slips_of"]
        assert not await w.ledger.unsettled("import_daily", WINDOW)
        assert "次の時刻" in w.order("T-1001").waiting_for
        w.pass_by(days=1)
        await w.run("import_daily", window=NEXT)
        assert len(files(w)[0]) == 6


@pytest.mark.parametrize(("rule", "state", "went"), [(True, "released", 1), (False, "expired", 0)])
async def test_what_happens_at_the_deadline(tmp_path: Path, rule: bool, state: str, went: int) -> None:
    with world(tmp_path, preflight=replace(RULES, release_at_deadline=rule)) as w:
        past(w)
        await standing(w, 6)
        for _ in range(5):
            await w.run("import_daily", window=WINDOW)
            assert files(w) == []
            w.pass_by(minutes=12)
        w.pass_by(minutes=1)
        await w.run("import_daily", window=WINDOW)
        assert row(w).state == state
        assert row(w).note.startswith("期限までに判断がなかった")
        assert len(files(w)) == went


async def test_a_file_released_by_rule_is_tried_again_where_the_upload_did_not_happen(tmp_path: Path) -> None:
    with world(tmp_path, preflight=RULES) as w:
        past(w)
        await standing(w, 6)
        await w.run("import_daily", window=WINDOW)
        w.pass_by(minutes=61)
        w.ne.faults.append(NotDone("connection refused"))
        await w.run("import_daily", window=WINDOW)
        assert w.effects("ne_import") == ["not_done"]
        await standing(w, 1, first=2001)
        await w.run("import_daily", window=WINDOW)
        assert [len(one) for one in files(w)] == [7], "the rule showed nobody anything: everybody goes"


async def test_a_file_that_became_usual_goes_by_itself(tmp_path: Path) -> None:
    with world(tmp_path, preflight=RULES) as w:
        past(w, orders=6)
        await standing(w, 2)  # Next Engine is slow: most of the day's orders are not there yet
        at(w, "14:00")
        await w.run("import_daily", window=WINDOW)
        assert row(w).oddities["orders"] == {"value": 2, "low": 3, "high": 9}
        await standing(w, 3, first=2001)
        await w.run("import_daily", window=WINDOW)
        assert [len(one) for one in files(w)] == [5]
        assert (row(w).state, row(w).note) == ("passed", "通常の範囲に戻りました")


async def test_while_it_waits_next_engine_is_asked_only_now_and_then(tmp_path: Path) -> None:
    with world(tmp_path, preflight=RULES) as w:
        past(w)
        await standing(w, 6)
        asked = 0
        reads = w.ne.slips_of

        async def counted(numbers: Any) -> Any:
            nonlocal asked
            asked += 1
            return await reads(numbers)

        w.ne.instead(slips_of=counted)
        for _ in range(60):
            await w.run("import_daily", window=WINDOW)
            w.pass_by(minutes=1)
        assert asked == 6


async def test_a_second_file_is_judged_with_the_first(tmp_path: Path) -> None:
    with world(tmp_path, preflight=RULES) as w:
        past(w, orders=2)
        await standing(w, 2)
        w.ne.mail_delay = timedelta(hours=5)
        await standing(w, 2, first=2001)
        at(w, "14:00")
        await w.run("import_daily", window=WINDOW)
        assert files(w) == [["T-1001", "T-1002"]]
        w.pass_by(minutes=30)
        await w.run("import_daily", "confirm_intake", "import_daily", window=WINDOW)
        assert len(files(w)) == 1, "four orders at this time, where two are usual"
        assert row(w, f"{WINDOW} r2").oddities["orders"]["value"] == 4
        assert await decide(w, window=f"{WINDOW} r2") == "preflight_released"
        await w.run("import_daily", window=WINDOW)
        assert files(w)[1:] == [["T-2001", "T-2002"]]


async def test_a_time_without_orders_leaves_a_row_too(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.run("import_daily", window=WINDOW)
        assert (row(w).state, row(w).figures["orders"]) == ("passed", 0)


async def test_orders_that_all_left_leave_nothing_to_decide(tmp_path: Path) -> None:
    with world(tmp_path, preflight=RULES) as w:
        past(w)
        await standing(w, 6)
        await w.run("import_daily", window=WINDOW)
        for number in range(1001, 1007):
            w.ne.edit(w.slip_of(f"T-{number}"), status=20)
        w.pass_by(minutes=11)
        await w.run("import_daily", window=WINDOW)
        assert (row(w).state, row(w).note) == ("passed", "対象の受注がなくなりました")
        assert not await w.ledger.unsettled("import_daily", WINDOW)


async def test_the_switch_turns_it_off(tmp_path: Path) -> None:
    with world(tmp_path, preflight=replace(RULES, enabled=False)) as w:
        past(w)
        await standing(w, 6)
        await w.run("import_daily", window=WINDOW)
        assert len(files(w)) == 1
        assert "orders" in row(w).oddities, "it is told all the same"


# --- with the rhythm: which time is open ----------------------------------------------------------------


async def beat(w: World, rhythm: Rhythm, **time: float) -> None:
    w.pass_by(**time)
    await rhythm.run_due()


async def test_the_time_stays_open_past_its_grace_while_its_file_waits_for_the_click(tmp_path: Path) -> None:
    with world(tmp_path, preflight=RULES, import_grace=timedelta(minutes=30)) as w:
        past(w)
        await standing(w, 6)
        rhythm = Rhythm(w.runner, w.clock)
        at(w, "14:29")
        await beat(w, rhythm)
        assert row(w).state == "waits"
        await beat(w, rhythm, minutes=20)
        assert await decide(w) == "preflight_released"
        await beat(w, rhythm, minutes=1)
        assert len(files(w)) == 1
        await beat(w, rhythm, minutes=3)
        assert w.state("T-1001") in ("imported", "print_ready")


async def test_the_next_time_overtakes_a_file_that_waits(tmp_path: Path) -> None:
    with world(tmp_path, preflight=replace(RULES, wait=timedelta(hours=30))) as w:
        past(w)
        await standing(w, 6)
        rhythm = Rhythm(w.runner, w.clock)
        at(w, "14:00")
        await beat(w, rhythm)
        await beat(w, rhythm, hours=24)
        assert row(w).state == "expired"
        assert [len(one) for one in files(w)] == [6], "no Wednesdays make a band: it goes"
        assert row(w, NEXT).state == "passed"


async def test_after_an_outage_only_the_newest_time_runs_once_with_everybody(tmp_path: Path) -> None:
    from datetime import time

    times = (time(10, 0), time(14, 0))
    with world(tmp_path, import_times=times, import_grace=timedelta(hours=6)) as w:
        await standing(w, 2)
        w.ne.gone = True
        rhythm = Rhythm(w.runner, w.clock)
        at(w, "10:00")
        for _ in range(3):
            await beat(w, rhythm, minutes=30)
        assert files(w) == []
        w.ne.gone = False
        at(w, "14:20")
        await standing(w, 1, first=2001)  # announced after both times: a late first file takes it along
        for _ in range(10):
            await beat(w, rhythm, minutes=2)
        assert files(w) == [["T-1001", "T-1002", "T-2001"]]
        assert w.effect("ne_import").key.endswith("2026-11-24 14:00")


async def test_a_time_is_done_only_when_everybody_who_belongs_to_it_is_settled(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order("T-1001"))
        at(w, "13:40")
        w.ne.mail_delay = timedelta(minutes=40)
        await w.to_intake(an_order("T-1002", payment=DEFERRED))
        rhythm = Rhythm(w.runner, w.clock)
        at(w, "14:00")
        await beat(w, rhythm)
        assert not await w.ledger.finished("import_daily", WINDOW)
        for _ in range(20):
            await beat(w, rhythm, minutes=2)
        assert files(w) == [["T-1001"], ["T-1002"]]
        assert await w.ledger.finished("import_daily", WINDOW)
        w.ne.mail_delay = timedelta(minutes=1)
        w.cart.put(an_order("T-1003"))
        for _ in range(20):
            await beat(w, rhythm, minutes=2)
        assert w.state("T-1003") == "in_intake"
        assert len(files(w)) == 2, "who comes after the time never opens it again"
