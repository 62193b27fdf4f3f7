"""What a person may do: each act leaves a name and a reason, and does nothing where it does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from connector import ops
from connector.journey import OrderState
from connector.ledger import due, effects, history, views
from connector.ledger.database import Database
from connector.ledger.ledger import Ledger
from connector.ledger.schema import history as history_table
from connector.ledger.schema import holds, orders, strays
from connector.outcome import EffectState, Hold, Reason, Retry
from sqlalchemy import select

from tests.unit.seeded_day import a_morning, an_empty_ledger
from tests.unit.shop_day import NOW, SHOP, Day, an_order

LATER = NOW + timedelta(minutes=5)
WHO: dict[str, Any] = {"actor": "見本 花子", "why": "電話で確認済み", "now": LATER}


@pytest.fixture
def morning(tmp_path: Path) -> Iterator[Database]:
    with a_morning(tmp_path) as database:
        yield database


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    with an_empty_ledger(tmp_path) as database:
        yield database


def row(database: Database, number: str) -> Any:
    with database.engine.connect() as connection:
        return connection.execute(select(orders).where(orders.c.number == number)).one()


def open_reasons(database: Database, number: str) -> list[str]:
    with database.engine.connect() as connection:
        query = select(holds.c.reason).where(holds.c.number == number, holds.c.closed_at.is_(None))
        return list(connection.scalars(query))


def written(database: Database, number: str = "") -> list[tuple[str, str, str]]:
    """History after the morning: event, actor, note."""
    with database.engine.connect() as connection:
        query = select(history_table).where(history_table.c.at == LATER).order_by(history_table.c.id)
        rows = [one for one in connection.execute(query) if not number or one.number == number]
        assert history.verify(connection, SHOP.key) is None
        return [(one.event, one.actor, one.note) for one in rows]


async def test_a_hold_by_hand_keeps_every_stage_away(morning: Database) -> None:
    answer = await ops.hold(morning, SHOP.key, "1002", **WHO)
    assert (answer.done, answer.words) == (True, "1002 を保留にしました。")
    assert open_reasons(morning, "1002") == ["by_hand"]
    assert written(morning, "1002") == [("held", "見本 花子", "電話で確認済み")]
    with morning.engine.connect() as connection:
        items = due.orders_due(connection, SHOP.key, "import_daily", (OrderState.IN_INTAKE,), LATER)
    assert [item.noun.number for item in items] == []


async def test_a_second_hold_by_hand_is_a_no_op_with_words(morning: Database) -> None:
    await ops.hold(morning, SHOP.key, "1002", **WHO)
    answer = await ops.hold(morning, SHOP.key, "1002", **WHO)
    assert (answer.done, answer.code) == (False, "held_already")
    assert len(written(morning, "1002")) == 1


@pytest.mark.parametrize(
    ("verb", "number", "code"),
    [
        ("hold", "2000", "final"),
        ("retry", "2000", "final"),
        ("hold", "1011", "left_out"),
        ("retry", "1011", "left_out"),
        ("release", "1002", "not_held"),
        ("hold", "9999", "unknown"),
        ("release", "9999", "unknown"),
        ("retry", "9999", "unknown"),
        ("note", "9999", "unknown"),
    ],
)
async def test_what_does_not_fit_writes_nothing(morning: Database, verb: str, number: str, code: str) -> None:
    answer = await getattr(ops, verb)(morning, SHOP.key, number, **WHO)
    assert (answer.done, answer.code) == (False, code)
    assert answer.words
    assert written(morning) == []


@pytest.mark.parametrize(
    ("actor", "why", "code"),
    [
        ("", "理由", "no_actor"),
        ("  ", "理由", "no_actor"),
        ("花子", " ", "no_reason"),
        ("花" * 61, "x", "no_actor"),
    ],
)
async def test_nobody_acts_without_a_name_and_a_reason(
    morning: Database, actor: str, why: str, code: str
) -> None:
    answer = await ops.hold(morning, SHOP.key, "1002", actor=actor, why=why, now=LATER)
    assert (answer.done, answer.code) == (False, code)
    assert open_reasons(morning, "1002") == []


async def test_releasing_lets_the_stage_look_again_at_once(empty: Database) -> None:
    with empty.engine.begin() as connection:
        day = Day(connection)
        at = NOW - timedelta(hours=2)
        day.take_in(an_order("7", at), at)
        for n in range(6):
            day.say("notify", "7", Retry("smtp: connection refused"), at + timedelta(minutes=n))
    assert open_reasons(empty, "7") == ["too_many_tries"]
    answer = await ops.release(empty, SHOP.key, "7", **WHO)
    assert answer.done
    assert open_reasons(empty, "7") == []
    after = row(empty, "7")
    assert (after.tries, after.next_at, after.waiting_for) == (0, None, "")
    with empty.engine.connect() as connection:
        items = due.orders_due(connection, SHOP.key, "notify", (OrderState.RECEIVED,), LATER)
    assert [item.noun.number for item in items] == ["7"]


async def test_only_the_named_hold_is_released(morning: Database) -> None:
    await ops.hold(morning, SHOP.key, "1003", **WHO)
    answer = await ops.release(morning, SHOP.key, "1003", only=Reason.BY_HAND, **WHO)
    assert answer.done
    assert open_reasons(morning, "1003") == ["payment_refused"]


async def test_releasing_a_refused_mail_lets_the_same_key_go_again(empty: Database) -> None:
    """The effect of a refused act stands REFUSED under a key that never changes: a person reopens it."""
    with empty.engine.begin() as connection:
        day = Day(connection)
        at = NOW - timedelta(hours=1)
        day.take_in(an_order("8", at), at)
        begun = day.act(
            "notify", "mail", ["8"], at, state=EffectState.REFUSED, body=b"x", name="<8@example.jp>"
        )
        day.say("notify", "8", Hold(Reason.REFUSED, "550 no such user"), at)
        assert effects.begin(connection, SHOP.key, "notify", begun.effect, None, NOW) is None
    assert (await ops.release(empty, SHOP.key, "8", **WHO)).done
    assert [event for event, _, _ in written(empty, "8")] == ["released", "again"]
    with empty.engine.begin() as connection:
        again = effects.begin(connection, SHOP.key, "notify", begun.effect, None, LATER)
    assert again is not None
    assert again.attempts == 2


async def test_releasing_never_reopens_the_act_of_another_item_with_the_same_id(empty: Database) -> None:
    """Ids of orders and slips overlap: order 1 and slip 1 are different things."""
    with empty.engine.begin() as connection:
        day = Day(connection)
        at = NOW - timedelta(hours=3)
        day.to_print_ready(an_order("9", at), at, "59")
        day.act("relay", "ne_mark", ["59"], NOW - timedelta(hours=1), state=EffectState.REFUSED)
        assert day.item("9").id == day.item("59").id
        day.say("import_daily", "9", Hold(Reason.REFUSED, "x"), NOW - timedelta(minutes=1))
    await ops.release(empty, SHOP.key, "9", **WHO)
    with empty.engine.connect() as connection:
        states = {kind: state for kind, state, _ in views.effect_totals(connection, SHOP.key)}
    assert states["ne_mark"] == "refused"


async def test_retry_clears_the_waiting_time_and_looks_at_what_is_under_way(morning: Database) -> None:
    assert row(morning, "1004").next_at is not None
    assert (await ops.retry(morning, SHOP.key, "1004", **WHO)).done
    assert row(morning, "1004").next_at is None
    assert (await ops.retry(morning, SHOP.key, "1014", **WHO)).done
    looks = await Ledger(morning, SHOP).to_look_at("notify", LATER)
    assert [one.effect.facts["order"] for one in looks] == ["1014"]
    assert written(morning, "1014") == [("retry", "見本 花子", "電話で確認済み")]


async def test_retry_does_not_pass_a_hold_that_waits_for_a_person(morning: Database) -> None:
    await ops.hold(morning, SHOP.key, "1002", **WHO)
    answer = await ops.retry(morning, SHOP.key, "1002", **WHO)
    assert (answer.done, answer.code) == (False, "blocked")


async def test_a_self_clearing_hold_may_be_looked_at_at_once(morning: Database) -> None:
    assert (await ops.retry(morning, SHOP.key, "1003", **WHO)).done
    assert open_reasons(morning, "1003") == ["payment_refused"]
    assert row(morning, "1003").next_at is None


async def test_a_slip_is_named_by_its_number_or_by_its_kind(morning: Database) -> None:
    assert (await ops.release(morning, SHOP.key, "51009", item="slip", **WHO)).done
    assert open_reasons(morning, "51009") == []
    answer = await ops.hold(morning, SHOP.key, "51009", item="order", **WHO)
    assert answer.code == "unknown"


async def test_a_stray_is_resolved_once(morning: Database) -> None:
    with morning.engine.connect() as connection:
        stray_id = connection.scalar(select(strays.c.id))
    assert stray_id is not None
    assert (await ops.resolve_stray(morning, SHOP.key, stray_id, **WHO)).done
    again = await ops.resolve_stray(morning, SHOP.key, stray_id, **WHO)
    assert (again.done, again.code) == (False, "resolved_already")
    assert (await ops.resolve_stray(morning, "another", stray_id, **WHO)).code == "unknown"
    with morning.engine.connect() as connection:
        assert views.strays_list(connection, SHOP.key) == []
        (kept,) = views.strays_list(connection, SHOP.key, all_of_them=True)
    assert (kept.resolved_at, kept.resolved_by) == (LATER, "見本 花子")


async def test_a_note_stands_in_the_history_and_moves_nothing(morning: Database) -> None:
    before = row(morning, "1002")
    answer = await ops.note(morning, SHOP.key, "1002", lang="en", **WHO)
    assert answer.words == "A note was left on 1002."
    assert row(morning, "1002") == before
    assert written(morning, "1002") == [("note", "見本 花子", "電話で確認済み")]


async def test_a_foreign_shop_is_not_touched(morning: Database) -> None:
    assert (await ops.hold(morning, "another", "1002", **WHO)).code == "unknown"
