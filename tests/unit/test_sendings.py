"""Sendings (出荷の控え): written with the intent to send, believed until disproved, and never its own double."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from connector.journey import SlipState
from connector.ledger import holds
from connector.ledger.schema import slips as slip_rows
from connector.ledger.schema_warehouse import goods_returns, sendings
from connector.order import Origin, Round
from connector.outcome import Reason
from connector.rhythm import Rhythm
from connector.shop import DoubleRules
from connector.slip import NEStatus, Result, ShippedLine, SlipRow
from msgspec.structs import replace
from sqlalchemy import insert, select, update
from structlog.testing import capture_logs

from tests.unit.test_runner_crash import Crashed
from tests.unit.world import START, World, a_shipment, an_order, tracking, world

WHO = {"phone": "000-0000-0001", "zip_code": "000-0001", "address2": "1-2-3"}


async def relay(w: World) -> None:
    """Claimed, handed over, receipt, marked."""
    for _ in range(4):
        await w.run("follow_slips", "relay")
        w.pass_by(minutes=10)


async def ready(w: World, *numbers: str, **more: Any) -> None:
    """These orders, all of one person and the same goods, stand at 印刷待ち."""
    await w.to_print_ready(*(an_order(number, **more) for number in numbers))
    for number in numbers:
        w.ne.edit(w.slip_of(number), **WHO)


def sent(w: World) -> list[str]:
    return [number for what, number in w.wms.history if what == "instructed"]


def copied(w: World, number: str) -> str:
    """An operator copies a slip (複写); the copy stands at 印刷待ち."""
    source = w.ne.slips_held[number]
    copy = str(9001 + len(w.ne.slips_held))
    w.ne.slips_held[copy] = replace(
        source, number=copy, copied_from=number, tags="", status=NEStatus.PRINT_WAIT, created_at=w.clock.now()
    )
    w.ne.edit(copy)
    return copy


async def test_of_two_alike_in_one_pass_the_older_one_goes_and_a_person_may_let_the_other_follow(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        await ready(w, "T-1001", "T-1002")
        await relay(w)
        first, second = w.slip_of("T-1001"), w.slip_of("T-1002")
        assert sent(w) == [first]
        assert w.holds(second) == ["duplicate_shipment"]
        note = w.hold_note(second, "duplicate_shipment")
        assert note.startswith(f"伝票 {first}（11/24 ")
        assert "同じ方の同じ商品が短い間に二度" in note
        assert "SKU-1" in note
        w.release(second, "duplicate_shipment")
        await relay(w)
        assert sent(w) == [first, second], "exactly this pair was let pass"
        assert w.holds(second) == []


async def test_a_release_lets_nothing_else_pass(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w, "T-1001", "T-1002")
        await relay(w)
        second = w.slip_of("T-1002")
        third = w.ne.open("T-1001", NEStatus.PRINT_WAIT, instruct_at=w.clock.now(), **WHO).number
        w.release(second, "duplicate_shipment")
        await relay(w)
        assert w.holds(third) == ["duplicate_shipment"]
        assert "取込のやり直し" in w.hold_note(third, "duplicate_shipment")
        assert third not in sent(w)


async def test_cancelled_in_next_engine_the_double_leaves_by_itself(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w, "T-1001", "T-1002")
        await relay(w)
        second = w.slip_of("T-1002")
        w.ne.edit(second, cancel_type="1")
        await relay(w)
        assert w.slip_state("T-1002") == "cancelled"
        assert w.holds(second) == []


async def test_the_guard_can_be_switched_off_and_still_keeps_the_book(tmp_path: Path) -> None:
    with world(tmp_path, doubles=DoubleRules(enabled=False)) as w:
        await ready(w, "T-1001", "T-1002")
        await relay(w)
        assert len(sent(w)) == 2
        assert w.rows_of("sendings") == 2


async def test_whoever_dies_after_the_intent_finds_a_sending_and_no_double_of_itself(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w, "T-1001")
        dies = [True]
        send = w.wms.send

        async def dying(effect: Any) -> Any:
            if dies and effect.kind == "wms_file":
                dies.clear()
                raise Crashed
            return await send(effect)

        w.wms.instead(send=dying)
        with pytest.raises(Crashed):
            await relay(w)
        assert w.rows_of("sendings") == 1, "in the transaction of the intent"
        w.runner = w.new_runner()
        w.pass_by(minutes=30)
        await relay(w)
        await relay(w)
        assert sent(w) == [w.slip_of()], "looked, found absent, sent once"
        assert w.holds(w.slip_of()) == []


async def test_a_copy_after_unshippable_goes_and_a_copy_of_a_sent_one_does_not(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w, "T-1001")
        await relay(w)
        source = w.slip_of()
        early = copied(w, source)
        await relay(w)
        assert w.holds(early) == ["duplicate_shipment"]
        assert "複写" in w.hold_note(early, "duplicate_shipment")
        w.wms.reports(a_shipment(source, result=Result.UNSHIPPABLE, reason="欠品"))
        await w.run("collect")
        late = copied(w, source)
        w.ne.edit(early, cancel_type="1")
        await relay(w)
        assert sent(w) == [source, late]


async def test_a_copy_of_what_the_warehouse_refused_goes(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w, "T-1001")
        source = w.slip_of()
        w.wms.refuses[source] = "E102 文字数超過"
        await relay(w)
        assert w.holds(source) == ["refused"]
        w.ne.edit(source, cancel_type="1")
        copy = copied(w, source)
        w.ne.edit(copy, cancel_type="0")
        await relay(w)
        assert sent(w) == [source, copy]


async def test_goods_that_came_back_may_go_again_but_not_more_than_came_back(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w, "T-1001")
        await relay(w)
        source = w.slip_of()
        w.wms.reports(a_shipment(source))
        await w.run("collect")

        def arrives(number: str, quantity: int) -> None:
            row: dict[str, Any] = {
                "shop": "mihon",
                "return_number": number,
                "slip_number": "",
                "tracking": tracking(int(source)),
            }
            row |= {"sku": "SKU-1", "quantity": quantity, "condition": "good", "reason": ""}
            with w.database.engine.begin() as connection:
                connection.execute(
                    insert(goods_returns), row | {"arrived_on": date(2026, 11, 26), "at": w.clock.now()}
                )

        arrives("B1", 1)
        one_of_two = copied(w, source)
        await relay(w)
        assert w.holds(one_of_two) == ["duplicate_shipment"], "it would send two, and one came back"
        w.ne.edit(one_of_two, cancel_type="1")
        arrives("B2", 1)
        again = copied(w, source)
        await relay(w)
        assert sent(w) == [source, again]


async def test_the_rest_of_a_partial_shipment_is_no_double(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w, "T-1001")
        await relay(w)
        source = w.slip_of()
        line = ShippedLine(line_no=1, sku="SKU-1", quantity=1)
        w.wms.reports(a_shipment(source, result=Result.PARTIAL, lines=(line,)))
        await w.run("collect")
        rest = copied(w, source)
        rows = (replace(w.ne.slips_held[source].rows[0], quantity=1),)
        w.ne.edit(rest, copied_from="", split_from=source, rows=rows)
        await relay(w)
        assert rest in sent(w)


async def test_what_left_before_our_start_is_seen_at_the_first_look(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.clock.set_to(START - timedelta(days=2))
        shipped = {"ordered_at": START, "shipped_at": START - timedelta(days=2), **WHO}
        old = w.ne.open("OLD-7", NEStatus.SHIPPED, **shipped)
        rows = (SlipRow(no=1, sku="sku-1", name="", quantity=2, unit_price=1100),)
        w.ne.edit(old.number, rows=rows, name="見本\u3000太郎")
        w.clock.set_to(START)
        await ready(w, "T-1001")
        await relay(w)
        assert w.holds(w.slip_of()) == ["duplicate_shipment"]
        assert "当システムの外で出荷" in w.hold_note(w.slip_of(), "duplicate_shipment")
        assert sent(w) == []


async def test_another_order_for_a_round_that_was_sent_is_asked_about_the_next_round_goes(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        its = Round(subscription_id=5, number="S-5", round=3)
        generated: dict[str, Any] = {"origin": Origin.GENERATED, "subscription": its}
        await ready(w, "T-1001", **generated)
        await relay(w)
        await ready(w, "T-1002", origin=Origin.GENERATED, subscription=replace(its, round=4))
        await relay(w)
        assert sent(w) == [w.slip_of("T-1001"), w.slip_of("T-1002")]
        w.cart.put(an_order("T-1003", **generated))
        w.pass_by(minutes=11)
        await w.run("ingest", "notify")
        assert w.holds("T-1003") == ["double_round"]
        w.release("T-1003", "double_round")
        await ready(w, "T-1003", **generated)
        await relay(w)
        third = w.slip_of("T-1003")
        assert w.holds(third) == ["duplicate_shipment"], "before the goods leave it is asked once more"
        assert "同じ定期の同じ回" in w.hold_note(third, "duplicate_shipment")


async def test_only_digests_are_kept_of_who_it_was_for(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await ready(w, "T-1001")
        await relay(w)
        row = w.rows(select(sendings))[0]
        text = repr(tuple(row))
        assert row.likeness
        assert row.body["persons"]
        for personal in ("見本", "000-0000", "0001", "1-2-3"):
            assert personal not in text.replace("T-1001", "")


async def test_what_is_older_than_the_window_and_a_month_is_forgotten_unless_somebody_needs_it(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        numbers = [f"T-{n}" for n in range(1001, 1006)]
        await w.to_print_ready(*(an_order(number) for number in numbers))
        for place, number in enumerate(numbers):
            w.ne.edit(w.slip_of(number), **WHO | {"address2": f"1-2-{place}", "name": f"見本 太郎{place}"})
        await relay(w)
        done, recent, on_its_way, named, second = (w.slip_of(number) for number in numbers)
        assert kept(w) == {done, recent, on_its_way, named, second}
        began = w.clock.now()
        ended = [done, recent, named, second]
        with w.database.engine.begin() as connection:
            connection.execute(
                update(slip_rows).where(slip_rows.c.number.in_(ended)).values(state=SlipState.CONFIRMED)
            )
            connection.execute(
                update(sendings)
                .where(sendings.c.slip_number == recent)
                .values(sent_at=began + timedelta(days=30))
            )
            found: dict[str, Any] = {"item": "slip", "item_id": 999, "number": second, "stage": "relay"}
            note = f"伝票 {named}（11/24 12:00 出荷指示）と同じ商品です。"
            holds.pin(connection, w.shop.key, began, **found, reason=Reason.DUPLICATE_SHIPMENT, note=note)
        assert await w.runner.tidy() == 0
        w.pass_by(days=DoubleRules().days + 31)
        rhythm = Rhythm(w.runner, w.clock)
        with capture_logs() as said:
            await rhythm.run_due(lambda: False)
            await rhythm.run_due(lambda: False)
        assert kept(w) == {recent, on_its_way, named, second}
        assert [line["sendings"] for line in said if line["event"] == "tidied"] == [1]


def kept(w: World) -> set[str]:
    return {row.slip_number for row in w.rows(select(sendings.c.slip_number))}
