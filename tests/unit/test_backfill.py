"""Backfill (読み直し): past days again, beside the cursor; it proves by count, and is safe to repeat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from connector.commands.reading_again import Backfill, Day, read_again, text_of
from connector.ledger.schema import orders
from connector.outcome import Stray
from connector.ports import CartPage
from msgspec.structs import replace
from sqlalchemy import select

from tests.unit.test_intake import remove
from tests.unit.world import START, World, an_order, world

DAY_1, DAY_3 = date(2026, 11, 24), date(2026, 11, 26)


@contextmanager
def a_shop(folder: Path) -> Iterator[World]:
    """Three days with two orders each, all taken in; today is the fifth."""
    with world(folder) as w:
        for n in range(6):
            placed_at = START + timedelta(days=n // 2, hours=n)
            w.cart.orders[f"T-{n}"] = an_order(f"T-{n}", placed_at=placed_at, updated_at=placed_at)
        w.pass_by(days=5)
        yield w


async def again(w: World, *, dry_run: bool = False, first: date = DAY_1, last: date = DAY_3) -> Backfill:
    told: list[Day] = []
    house = SimpleNamespace(database=w.database, clock=w.clock)
    one = SimpleNamespace(shop=w.shop, ledger=w.ledger, ports=w.runner.ports)
    done = await read_again(house, one, first, last, dry_run=dry_run, tell=told.append)  # type: ignore[arg-type]
    assert tuple(told) == done.days
    return done


def numbers(w: World) -> set[str]:
    return {row.number for row in w.rows(select(orders.c.number))}


async def test_what_was_lost_is_found_and_proved_by_count(tmp_path: Path) -> None:
    with a_shop(tmp_path) as w:
        await w.run("ingest")
        remove(w, w.cart.orders["T-2"].cart_order_id)
        w.cart.orders["T-5"] = replace(w.cart.orders["T-5"], memo="changed while we slept")
        cursor = await w.ledger.cursor("ingest")

        tried = await again(w, dry_run=True)
        assert [(day.lacked, day.new, day.changed, day.same) for day in tried.days] == [
            (0, 0, 0, 2),
            (1, 1, 0, 1),
            (0, 0, 1, 1),
        ]
        assert not tried.whole
        assert "T-2" not in numbers(w), "a dry run stores nothing"
        assert w.order("T-5").version == 1

        done = await again(w)
        assert [(day.lacked, day.lacks, day.new, day.changed) for day in done.days] == [
            (0, 0, 0, 0),
            (1, 0, 1, 0),
            (0, 0, 0, 1),
        ]
        assert done.whole
        assert numbers(w) == set(w.cart.orders)
        assert w.order("T-5").version == 2
        assert await w.ledger.cursor("ingest") == cursor, "beside the cursor"
        assert "2026-11-25  カート 2  新規 1" in text_of(done, "ja")
        assert "一致（前は不足 1件）" in text_of(done, "ja")


async def test_repeating_it_changes_nothing(tmp_path: Path) -> None:
    with a_shop(tmp_path) as w:
        await again(w)
        before = [w.rows_of(table) for table in ("orders", "order_versions", "history", "exchanges")]
        done = await again(w)
        assert [w.rows_of(table) for table in ("orders", "order_versions", "history", "exchanges")] == before
        assert [(day.seen, day.same) for day in done.days] == [(2, 2)] * 3


async def test_only_the_days_asked_for_are_read(tmp_path: Path) -> None:
    with a_shop(tmp_path) as w:
        done = await again(w, first=date(2026, 11, 25), last=date(2026, 11, 25))
        assert numbers(w) == {"T-2", "T-3"}
        assert [str(day.on) for day in done.days] == ["2026-11-25"]


async def test_days_before_the_start_are_not_read(tmp_path: Path) -> None:
    with world(tmp_path, start_at=START + timedelta(days=3)) as w:
        w.cart.put(an_order())
        w.pass_by(days=5)
        done = await again(w)
        assert (done.days, done.whole) == ((), True)
        assert "連携開始より前" in text_of(done, "ja")
        assert numbers(w) == set()


async def test_an_order_that_cannot_be_read_is_counted_as_that(tmp_path: Path) -> None:
    with a_shop(tmp_path) as w:
        whole = w.cart.placed_between

        async def one_broken(since: Any, until: Any) -> Any:
            async for page in whole(since, until):
                facts = {
                    "noun": "受注",
                    "cart_order_id": "3",
                    "placed_at": w.cart.orders["T-3"].placed_at.isoformat(),
                }
                stray = Stray("ecforce", "受注 T-3: $.data[0]", "受注を読み取れません", facts=facts)
                well = tuple(one for one in page.orders if one.number != "T-3")
                yield CartPage(well, (stray,) if len(well) < len(page.orders) else (), page.body)

        w.cart.instead(placed_between=one_broken)
        done = await again(w)
        assert [day.unreadable for day in done.days] == [0, 1, 0]
        assert done.whole, "it is known of"
        assert len(w.strays()) == 1


async def test_a_cart_that_counts_what_it_does_not_show_is_told(tmp_path: Path) -> None:
    with a_shop(tmp_path) as w:
        counted = w.cart.count_placed

        async def one_more(since: datetime, until: datetime) -> int:
            return await counted(since, until) + (since < START + timedelta(hours=1))

        w.cart.instead(count_placed=one_more)
        done = await again(w)
        assert [day.lacks for day in done.days] == [1, 0, 0]
        assert not done.whole
        assert "不足 1件" in text_of(done, "ja")
        assert "1 missing" in text_of(done, "en")


@pytest.mark.parametrize("lang", ["ja", "en"])
async def test_it_says_how_far_each_source_reaches(tmp_path: Path, lang: str) -> None:
    with a_shop(tmp_path) as w:
        await w.run("ingest", "follow_subscriptions", "follow_slips", "collect")
        done = await again(w)
        assert [reach.source for reach in done.reach] == [
            "ingest",
            "follow_subscriptions",
            "follow_slips",
            "collect",
        ]
        assert all(reach.read_at == w.clock.now() for reach in done.reach)
        assert len(text_of(done, lang).splitlines()) == 3 + 1 + 8
