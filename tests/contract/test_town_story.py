"""The first night of the town: renewals, one refused card that heals, one renewal that is forgotten; a full shop."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from connector.adapters.ecforce import wire
from connector.clock import at_jst, jst
from connector.sandbox.faults import Faults

from tests.contract.town_house import TUESDAY, town_of

WEDNESDAY = TUESDAY + timedelta(days=1)
STORY = {"omits_one_renewal": True, "heals_one_payment": True, "orders_per_day": 0}


@pytest.mark.parametrize("seed", [3, 7, 11])
async def test_the_first_night_tells_its_story_for_any_seed(tmp_path: Path, seed: int) -> None:
    town = town_of(tmp_path, seed=seed, subscribers=60, **STORY)
    await town.start()
    await town.run_until(at_jst(TUESDAY, 9))
    first_morning = town.truth()
    (omitted,) = town.cart.history.of("renewal_omitted")
    refused = [
        order
        for order in town.cart.shop.orders.values()
        if order.payment.state == wire.PAY_AUTH_FAILED and "有効期限" in (order.payment.last_error or "")
    ]
    await town.run_until(at_jst(WEDNESDAY, 10))
    second_morning = town.truth()
    await town.stop()
    assert first_morning["renewals_generated"] >= 1
    assert (first_morning["renewals_omitted"], first_morning["payments_healed"]) == (1, 0)
    assert first_morning["payment_refused"] >= 1
    assert jst(omitted.at).date() == TUESDAY
    assert (omitted.detail["how"], omitted.detail["create_on"]) == ("forgotten", f"{TUESDAY}")
    assert len(refused) == 1
    assert (refused[0].payment.state, refused[0].state) == (wire.PAY_AUTHED, wire.STATE_COMPLETE)
    assert second_morning["payments_healed"] == 1
    (healed,) = town.cart.history.of("payment_healed")
    assert healed.key == refused[0].number
    assert jst(healed.at).isoformat() == "2026-11-25T09:34:00+09:00"
    assert [event.key for event in town.people.of("asked_again")] == [refused[0].number]
    assert town.cart.check() == []


async def test_nothing_of_it_happens_unless_it_is_wished(tmp_path: Path) -> None:
    town = town_of(tmp_path, orders_per_day=0)
    await town.start()
    await town.run_until(at_jst(WEDNESDAY, 12))
    truth = town.truth()
    await town.stop()
    assert (truth["renewals_omitted"], truth["payments_healed"]) == (0, 0)
    assert town.people.count("changed_card") == 0


async def test_a_town_without_subscribers_has_no_story(tmp_path: Path) -> None:
    town = town_of(tmp_path, subscribers=0, **STORY)
    await town.start()
    await town.run_until(at_jst(WEDNESDAY, 12))
    truth = town.truth()
    await town.stop()
    assert (truth["renewals_omitted"], truth["payment_refused"], truth["payments_healed"]) == (0, 0, 0)


async def test_a_lost_renewal_is_a_fault_too(tmp_path: Path) -> None:
    faults = Faults(["lost-renewal"], seed=1)
    town = town_of(tmp_path, faults=faults, orders_per_day=0, subscribers=140)
    await town.start()
    await town.run_until(at_jst(TUESDAY + timedelta(days=14)))
    truth = town.truth()
    await town.stop()
    assert truth["renewals_omitted"] == faults.struck["lost-renewal"] >= 1


async def test_a_full_shop_opens_with_its_past_behind_it(tmp_path: Path) -> None:
    town = town_of(tmp_path, subscriptions=300, subscribers=0, orders_per_day=0)
    await town.start()
    opened = town.truth()
    nights = dict(town.cart.shop.due.coming())
    await town.run_until(at_jst(TUESDAY, 12))
    morning = town.truth()
    await town.stop()
    assert (opened["orders_placed"], opened["renewals_generated"], opened["captured"]) == (0, 0, 0)
    assert len(town.cart.shop.subs) == 300
    assert min(nights) >= TUESDAY
    assert morning["renewals_generated"] == nights.get(TUESDAY, 0)
    assert max(order.created_at for order in town.cart.shop.orders.values()) >= town.opens_at
    assert town.cart.check() == []
