"""An open change ends by a fact, by a person, or not at all; and nothing is believed that was not read after it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from connector import ops
from connector.errors import Unknown
from connector.ledger.schema import history
from connector.ledger.schema_cart import changes
from connector.ledger.shown import COMPARED, shows
from connector.order import Order
from connector.reports import make
from connector.shop import Mode
from connector.slip import Slip, SlipRow
from msgspec.structs import replace
from sqlalchemy import select

from tests.unit.test_lateness import CHANGE, moved
from tests.unit.world import CARD, World, a_shipment, an_order, world

HELD = ["changed_after_handover"]


def rows(w: World, number: str = "T-1001") -> list[Any]:
    here = changes.c.order_id == w.order(number).id
    return list(w.rows(select(changes).where(here).order_by(changes.c.id)))


def the_row(w: World, number: str = "T-1001") -> Any:
    (row,) = rows(w, number)
    return row


async def change(w: World, *fields: str, number: str = "T-1001") -> Order:
    """The cart changes these fields now, and we see it."""
    w.pass_by(seconds=1)
    order = w.cart.orders[number]
    for field in fields:
        order = CHANGE[field](order)
    order = w.cart.put(order)
    await w.run("ingest")
    return order


def as_the_clerk_writes(order: Order) -> dict[str, Any]:
    """Next Engine's slip of this order, in the clerk's own hand: other widths, dashes and blanks."""
    one = order.recipient.address
    return {
        "name": one.name.replace(" ", "\u3000"),
        "address1": f"{one.prefecture}{one.city}",
        "address2": one.street.replace("-", "−"),
        "deliver_on": order.deliver_on,
        "time_slot": "午前中" if order.time_slot else "指定なし",
        "payment_method": order.payment.label or "クレジットカード",
        "delivery_method": order.carrier_label,
        "note": order.remark,
        "total": order.amounts.payable,
        "goods_total": order.amounts.subtotal,
        "points": order.amounts.points,
        "tax": order.amounts.tax,
        "rows": tuple(
            SlipRow(no=n, sku=line.sku, name=line.name, quantity=line.quantity, unit_price=line.unit_price)
            for n, line in enumerate(order.lines, 1)
        ),
    }


# --- Next Engine shows it ---------------------------------------------------------------------------------------


async def test_it_goes_on_once_next_engine_shows_it(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        order = await change(w, "recipients", "lines", "amounts", "deliver_on", "time_slot", "remark")
        assert w.holds() == HELD
        await w.run("follow_slips", "relay")
        assert w.holds() == HELD, "nobody has touched the slip"
        fields = as_the_clerk_writes(order)
        w.ne.edit(w.slip_of(), **{key: fields[key] for key in ("name", "address1", "address2")})
        await w.run("follow_slips", "relay")
        assert w.holds() == HELD, "the address alone is not enough"
        assert {row.field for row in rows(w) if row.closed_at} == {"recipients"}
        w.ne.edit(w.slip_of(), **fields)
        await w.run("follow_slips", "relay")
        assert w.holds() == []
        assert {row.closed_by for row in rows(w)} == {"connector"}
        assert w.wms.count("instructed", w.slip_of()) == 1


async def test_goods_are_believed_by_their_rows_only(tmp_path: Path) -> None:
    """Reads without rows keep the rows that we once saw: those say nothing about a change since."""
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        await change(w, "lines")
        order = w.cart.put(an_order())  # and back again, while the clerk already wrote the second article
        fields = as_the_clerk_writes(CHANGE["lines"](order))
        w.ne.edit(w.slip_of(), **fields)
        await w.run("ingest", "follow_slips")
        assert w.holds() == HELD
        w.ne.edit(w.slip_of(), **as_the_clerk_writes(order))
        await w.run("follow_slips")
        assert w.holds() == []
        assert [row.closed_by for row in rows(w)] == ["connector", "connector"]


async def test_every_slip_of_a_split_must_show_it(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        first = w.slip_of()
        second = w.ne.open("T-1001", status=20, split_from=first).number
        await w.run("follow_slips")
        order = await change(w, "recipients")
        w.pass_by(minutes=30)
        await w.run("follow_slips")
        w.ne.edit(first, **as_the_clerk_writes(order))
        await w.run("follow_slips")
        assert w.holds() == HELD
        w.ne.edit(second, **as_the_clerk_writes(order))
        await w.run("follow_slips")
        assert w.holds() == []


async def test_a_bundles_goods_are_for_a_person(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order("T-1001"), an_order("T-1002"))
        w.ne.edit(w.slip_of("T-1001"), cancel_type="3", merged_into=w.slip_of("T-1002"))
        await w.run("follow_slips")
        order = await change(w, "lines")
        w.ne.edit(w.slip_of("T-1002"), **as_the_clerk_writes(order))
        await w.run("follow_slips")
        assert w.holds("T-1001") == HELD, "whose rows these are cannot be told"
        await w.run("relay")
        assert w.wms.inbox == {}


async def test_what_was_sent_is_not_called_back_by_a_correction_in_next_engine(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        order = await change(w, "recipients")
        assert "倉庫に電話" in w.hold_note("T-1001", HELD[0])
        w.ne.edit(w.slip_of(), **as_the_clerk_writes(order))
        await w.run("follow_slips")
        assert w.holds() == HELD


async def test_activated_by_hand_the_csv_never_carried_it(tmp_path: Path) -> None:
    """受注伝票有効化: the slip holds what the mail said, and the change was to travel with the CSV."""
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        order = await change(w, "recipients")
        assert the_row(w).closed_by == "connector"
        w.ne.edit(w.slip_of(), status=20)
        await w.import_now()
        await w.run("follow_slips", "relay")
        assert w.state() == "imported"
        assert w.holds() == HELD
        w.ne.edit(w.slip_of(), **as_the_clerk_writes(order))
        await w.run("follow_slips")
        assert w.holds() == []


async def test_somebody_elses_csv_is_not_trusted_either(tmp_path: Path) -> None:
    with world(tmp_path, modes={"import_daily": Mode.WATCH}) as w:
        await w.to_intake(an_order())
        order = await change(w, "recipients")
        assert (the_row(w).place, w.holds()) == ("importing", []), "nobody knows yet from what it is built"
        w.ne.edit(w.slip_of(), status=20)
        await w.run("import_daily", "relay")
        assert w.wms.inbox == {}, "not before somebody has looked"
        await w.run("follow_slips")
        assert w.holds() == HELD
        w.ne.edit(w.slip_of(), **as_the_clerk_writes(order))
        await w.run("follow_slips", "relay")
        assert len(w.wms.inbox) == 1


async def test_a_file_that_lies_at_the_warehouse_unanswered_counts_as_sent(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        await w.run("relay")
        assert w.slip_state() == "print_ready"
        order = await change(w, "recipients")
        assert the_row(w).place == "relayed"
        w.ne.edit(w.slip_of(), **as_the_clerk_writes(order))
        await w.run("follow_slips")
        assert "倉庫に電話" in w.hold_note("T-1001", HELD[0])
        assert the_row(w).closed_at is None, "the file has the old address"


async def test_revived_while_the_cancel_of_its_slip_is_in_doubt(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        await change(w, "cancelled")

        async def lost(_slip: Slip, _why: str) -> Slip:
            raise Unknown("read timeout")

        w.ne.instead(cancel=lost)
        await w.run("stop")
        await change(w, "revived")
        row = rows(w)[-1]
        assert (row.field, row.kind, row.closed_at) == ("revived", "by_hand", None)
        assert w.holds() == HELD


async def test_no_pass_falls_between_the_change_and_its_hold(tmp_path: Path) -> None:
    """The slip is seen as print-ready on the way, and the relay comes before anybody has looked for the change."""
    with world(tmp_path, modes={"import_daily": Mode.WATCH}) as w:
        w.cart.put(an_order())
        w.pass_by(minutes=11)
        await w.run("ingest", "notify")
        await change(w, "recipients")
        w.pass_by(minutes=2)
        w.ne.work()
        w.ne.edit(w.slip_of(), status=20)
        await w.run("confirm_intake")
        assert (w.slip_state(), w.holds()) == ("print_ready", [])
        await w.run("relay")
        assert w.wms.inbox == {}


# --- too late ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["recipients", "carrier", "buyer"])
async def test_at_the_warehouse_it_turns_too_late_when_the_parcel_leaves(tmp_path: Path, field: str) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        await change(w, field)
        w.wms.reports(a_shipment(w.slip_of()))
        await w.run("collect", "confirm_shipment", "follow_slips")
        assert (the_row(w).kind, the_row(w).closed_at) == ("too_late", None)
        assert w.holds() == [], "completion and charge go on"
        await w.complete_now()
        w.pass_by(minutes=1)
        await w.run("complete")
        assert w.state() == "completed"
        assert the_row(w).closed_at is None, "until a person has settled it"
        assert "change_too_late" in w.events()


async def test_a_stop_that_came_too_late_leaves_a_money_question(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order())
        await change(w, "cancelled")
        assert the_row(w).kind == "by_itself"
        w.wms.reports(a_shipment(w.slip_of()))
        await w.run("collect", "stop", "follow_slips")
        assert w.stop() == "too_late"
        assert (the_row(w).kind, the_row(w).closed_at) == ("too_late", None)
        await ops_close(w, the_row(w).id)
        await w.run("follow_slips")
        assert the_row(w).closed_by == "見本 花子", "and it is not opened a second time"


async def test_a_cancel_that_came_too_late_is_one_work_item_though_the_cart_voided_too(
    tmp_path: Path,
) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order(payment=CARD))
        await change(w, "cancelled", "payment_state")
        w.wms.reports(a_shipment(w.slip_of()))
        await w.run("collect", "stop", "follow_slips")
        assert w.stop() == "too_late"
        waiting = {row.field for row in rows(w) if row.closed_at is None}
        assert waiting == {"cancelled"}, "a refund, and not a new charge beside it"
        report = await make(w.ledger.database, w.ledger.shop, date(2026, 11, 24), w.clock.now())
        told = [todo.kind for todo in report.todo if todo.order_number == "T-1001"]
        assert told == ["hold"], "and one line of the morning's work"


# --- payments -----------------------------------------------------------------------------------------------------


async def test_a_payment_lost_before_the_relay_stops_at_the_gate_and_heals_by_itself(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order(payment=CARD))
        w.ne.edit(w.slip_of(), deposit_type="2")
        await change(w, "payment_state")
        await w.run("follow_slips", "relay")
        assert w.holds(w.slip_of()) == ["payment_gate"]
        assert w.wms.inbox == {}
        w.cart.put(an_order(payment=CARD))
        w.pass_by(minutes=11)
        await w.run("ingest", "relay")
        assert len(w.wms.inbox) == 1


async def test_a_payment_lost_at_the_warehouse_is_stopped(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order(payment=CARD))
        await change(w, "payment_state")
        assert w.stop() == "open"
        await change(w, "remark")
        assert w.stop() == "open", "another change does not take it back"
        for _ in range(4):
            await w.run("stop")
            w.pass_by(minutes=5)
        assert (w.stop(), w.state()) == ("stopped", "cancelled")
        assert w.ne.slips_held[w.slip_of()].cancel_type == "1"
        w.cart.put(an_order(payment=CARD))
        await w.run("ingest")
        assert w.holds() == HELD
        assert "復活" in w.hold_note("T-1001", HELD[0])


async def test_healed_before_the_warehouse_was_asked_it_goes_on(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_relayed(an_order(payment=CARD))
        await change(w, "payment_state")
        w.cart.put(an_order(payment=CARD))
        await w.run("ingest", "stop")
        assert w.stop() == "withdrawn"
        assert w.wms.count("stop_asked") == 0
        assert w.holds() == []


async def test_a_payment_lost_after_the_parcel_left_is_answered_when_it_heals(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_shipped(an_order(payment=CARD))
        await change(w, "payment_state")
        assert (the_row(w).kind, w.holds(), w.stop()) == ("too_late", [], "")
        w.cart.put(replace(w.cart.orders["T-1001"], payment=CARD))
        await w.run("ingest")
        assert [row.closed_at is not None for row in rows(w)] == [True, True]


# --- a person's word --------------------------------------------------------------------------------------------


async def ops_close(w: World, change_id: int, why: str = "倉庫で直してもらいました") -> ops.Answer:
    return await ops.close_change(
        w.database, w.shop.key, change_id, actor="見本 花子", why=why, now=w.clock.now()
    )


async def test_the_last_change_that_is_closed_lets_the_order_go(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        await change(w, "wrapping", "remark")
        first, second = rows(w)
        assert (await ops_close(w, first.id)).done
        assert w.holds() == HELD
        await w.run("relay")
        assert w.wms.inbox == {}
        assert (await ops_close(w, second.id)).words == "T-1001 の変更を処理済みにしました。"
        assert w.holds() == []
        await w.run("relay")
        assert len(w.wms.inbox) == 1
        again = await ops_close(w, second.id)
        assert (again.done, again.code) == (False, "change_closed_already")
        assert (await ops_close(w, 99)).code == "unknown"
        nobody = await ops.close_change(
            w.database, w.shop.key, second.id, actor=" ", why="x", now=w.clock.now()
        )
        assert nobody.code == "no_actor"
        said = [
            (row.actor, row.note)
            for row in w.rows(select(history).where(history.c.event == "late_change_closed"))
        ]
        assert said == [
            ("見本 花子", "remark: 倉庫で直してもらいました"),
            ("見本 花子", "wrapping: 倉庫で直してもらいました"),
        ]


async def test_releasing_the_hold_settles_its_changes(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        await change(w, "recipients")
        said = await ops.release(
            w.database, w.shop.key, "T-1001", actor="見本 花子", why="このままで", now=w.clock.now()
        )
        assert said.done
        assert (the_row(w).closed_by, the_row(w).close_note) == ("見本 花子", "このままで")
        await w.run("follow_slips", "relay")
        assert len(w.wms.inbox) == 1
        assert w.holds() == []


async def test_another_shops_change_is_not_ours_to_close(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        await change(w, "recipients")
        said = await ops.close_change(
            w.database, "other", the_row(w).id, actor="見本 花子", why="x", now=w.clock.now()
        )
        assert (said.code, the_row(w).closed_at) == ("unknown", None)


# --- what is kept -------------------------------------------------------------------------------------------------


async def test_people_are_masked_and_amounts_name_both_totals(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        await change(w, "recipients", "amounts", "buyer", "remark")
        kept = {row.field: (row.before, row.after) for row in rows(w)}
        assert kept["recipients"] == ('{"street":"1*"}', '{"street":"9*"}')
        assert kept["buyer"] == ('{"email":"b***@example.jp"}', '{"email":"o***@example.jp"}')
        assert kept["remark"] == ("", "10")
        note = w.hold_note("T-1001", HELD[0])
        assert "支払合計 2,200円 → 3,300円（+1,100円）" in note
        assert "9-8-7" not in note + "".join(map(str, kept.values()))


async def test_an_order_that_was_cancelled_meanwhile_asks_nobody(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        await change(w, "recipients")
        await change(w, "cancelled")
        await w.run("follow_slips")
        assert w.holds() == [], "the stop is its matter now"
        assert all(row.closed_at for row in rows(w))
        for _ in range(3):
            await w.run("stop", "follow_slips")
            w.pass_by(minutes=5)
        assert w.state() == "cancelled"
        assert all(row.closed_at for row in rows(w))
        assert w.holds() == []


async def test_the_same_content_again_writes_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        await change(w, "recipients")
        await w.run("ingest", "follow_slips", "ingest", "follow_slips")
        assert len(rows(w)) == 1
        assert w.events().count("held") == 1


async def test_more_said_of_the_same_yen_is_no_change(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_print_ready(an_order())
        order = w.cart.orders["T-1001"]
        w.cart.put(replace(order, amounts=replace(order.amounts, total10=2200)))
        await w.run("ingest")
        assert (rows(w), w.holds()) == ([], [])


# --- comparing ------------------------------------------------------------------------------------------------------


def slip_of(order: Order) -> Slip:
    return Slip(
        number="1", order_number=order.number, ne_shop_id="1", status=20, **as_the_clerk_writes(order)
    )


@pytest.mark.parametrize("field", sorted(set(COMPARED) - {"ship_on"}))
def test_a_slip_shows_a_field_or_does_not(field: str) -> None:
    order = an_order(carrier_label="ヤマト", payment=replace(CARD, label="カード"))
    order = replace(order, deliver_on=date(2026, 12, 3))
    old, new = slip_of(order), CHANGE[field](order)
    if field == "payment":
        new = replace(new, payment=replace(new.payment, label="代金引換"))
    if field == "carrier":
        new = replace(new, carrier_label="見本急便")
    assert shows(field, order, [old], shared=False)
    assert not shows(field, new, [old], shared=False)
    assert shows(field, new, [slip_of(new)], shared=False)
    assert not shows(field, new, [slip_of(new), old], shared=False), "all slips must"
    assert not shows(field, new, [], shared=False)


@pytest.mark.parametrize(
    ("cart", "clerk", "same"),
    [
        ("１−２−３　見本ビル　２０１", "1-2-3 見本ビル201", True),
        ("1-2-3 201", "1-2-3201", False),
        ("1-2 3号", "1-23号", False),
        ("1-2-3", "1-2-4", False),
        ("ﾐﾎﾝﾏﾝｼｮﾝ101", "ミホンマンション 101", True),
    ],
)
def test_an_address_is_compared_as_a_person_would(cart: str, clerk: str, same: bool) -> None:
    order = moved(an_order())
    one = order.recipients[0]
    order = replace(order, recipients=(replace(one, address=replace(one.address, street=cart)),))
    slip = replace(slip_of(order), address2=clerk)
    assert shows("recipients", order, [slip], shared=False) is same


def test_another_ship_date_is_shown_by_the_day_from_which_it_may_be_printed() -> None:
    order = CHANGE["ship_on"](an_order())
    at = datetime(2026, 12, 19, 15, 0, tzinfo=UTC)  # the 20th in Japan
    assert shows("ship_on", order, [replace(slip_of(order), instruct_at=at)], shared=False)
    earlier = replace(slip_of(order), instruct_at=at - timedelta(seconds=1))
    assert not shows("ship_on", order, [earlier], shared=False)
    assert not shows("ship_on", order, [slip_of(order)], shared=False)
