"""Authorisations that lapse (P3): held before the warehouse, and free by itself once the cart has a fresh one."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from connector.clock import at_jst
from connector.order import Payment, PaymentKind, PaymentState
from msgspec.structs import replace

from tests.unit.world import CARD, DEFERRED, START, World, an_order, world

WALLET = replace(CARD, kind=PaymentKind.WALLET)
DAY = timedelta(days=1)


def instructed(w: World) -> list[str]:
    return [number for what, number in w.wms.history if what == "instructed"]


async def relayed(w: World, payment: Payment, **more: Any) -> list[str]:
    await w.to_print_ready(an_order(payment=payment, **more))
    await w.run("relay")
    return instructed(w)


@pytest.mark.parametrize(
    ("payment", "age", "held"),
    [
        (CARD, 57 * DAY, False),
        (
            CARD,
            58 * DAY + timedelta(hours=10),
            True,
        ),  # lapses tomorrow evening: the next completion may miss it
        (CARD, 60 * DAY, True),
        (CARD, 90 * DAY, True),
        (WALLET, 27 * DAY, False),
        (WALLET, 30 * DAY, True),
        (DEFERRED, 400 * DAY, False),  # examined once, never lapses
    ],
)
async def test_by_the_age_of_the_authorisation(
    tmp_path: Path, payment: Payment, age: timedelta, held: bool
) -> None:
    with world(tmp_path) as w:
        sent = await relayed(w, replace(payment, authorized_at=START - age))
        assert sent == ([] if held else [w.slip_of()])
        assert w.holds(w.slip_of()) == (["payment_gate"] if held else [])


async def test_the_planned_ship_date_counts(tmp_path: Path) -> None:
    fresh = replace(WALLET, authorized_at=START - 10 * DAY)  # 20 days left
    with world(tmp_path) as w:
        assert await relayed(w, fresh, ship_on=date(2026, 12, 20)) == []
        note = w.hold_note(w.slip_of(), "payment_gate")
        assert "残り19日" in note
        assert "発送予定 12/20" in note
        assert "再オーソリ" in note


async def test_an_unknown_age_holds_nobody(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        assert await relayed(w, replace(CARD, authorized_at=None)) == [w.slip_of()]


async def test_money_that_is_there_does_not_lapse(tmp_path: Path) -> None:
    captured = replace(CARD, state=PaymentState.CAPTURED, authorized_at=START - 100 * DAY)
    with world(tmp_path) as w:
        assert await relayed(w, captured) == [w.slip_of()]


async def test_a_new_authorisation_frees_it_by_itself(tmp_path: Path) -> None:
    old = replace(CARD, authorized_at=START - 61 * DAY)
    with world(tmp_path) as w:
        assert await relayed(w, old) == []
        assert "切れています" in w.hold_note(w.slip_of(), "payment_gate")
        w.cart.put(an_order(payment=replace(old, authorized_at=w.clock.now())))
        w.pass_by(minutes=11)
        await w.run("ingest", "relay")
        w.pass_by(minutes=10)
        await w.run("relay")
        assert instructed(w) == [w.slip_of()]
        assert w.holds(w.slip_of()) == []


async def test_the_shops_own_days_count(tmp_path: Path) -> None:
    old = replace(CARD, authorized_at=at_jst(date(2026, 11, 17)))  # a week old
    with world(tmp_path, authorization_days={PaymentKind.CARD: 7}) as w:
        assert await relayed(w, old) == []
