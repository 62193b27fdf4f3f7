"""The town's clerk: confirms, deposits and uploads in office hours, and at no other time."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from connector.adapters.ecforce import wire as cart_wire
from connector.adapters.next_engine import wire as ne_wire
from connector.clock import SteppedClock, at_jst
from connector.sandbox.cart.model import Order
from connector.sandbox.town import Town

from tests.contract.town_house import TUESDAY, card_orders, town_of


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    town = town_of(tmp_path)
    await town.start()
    yield town
    await town.stop()


# The clerk.


def slip_of(order_number: str, **fields: str | None) -> dict[str, str | None]:
    return {
        ne_wire.SHOP_ID: "1",
        ne_wire.ORDER_NUMBER: order_number,
        ne_wire.STATUS: ne_wire.STATUS_OPENED,
        ne_wire.PAYMENT_METHOD: "0",
        ne_wire.DEPOSIT_TYPE: ne_wire.DEPOSIT_PAID,
        **fields,
    }


ROW = {
    ne_wire.ROW_GOODS: "MH-TEA-20",
    ne_wire.ROW_QUANTITY: "1",
    ne_wire.ROW_UNIT_PRICE: "1296",
    ne_wire.ROW_ALLOCATED: "1",
}


async def test_the_clerk_confirms_waiting_slips_in_office_hours_only(town: Town) -> None:
    noted = town.next_engine.restore(slip_of("ABC0000001", **{ne_wire.CONFIRM_CHECK: "1"}), [ROW])
    assert town.next_engine.tab(noted.number) == "確認待ち"
    await town.run_until(at_jst(TUESDAY, 9, 14))
    assert noted.fields[ne_wire.CONFIRM_CHECK] == "1"
    await town.run_until(at_jst(TUESDAY, 10, 20))
    (confirmed,) = town.people.of("confirmed_by_clerk")
    assert confirmed.key == str(noted.number)
    assert timedelta(minutes=20) <= confirmed.at - at_jst(TUESDAY, 9) <= timedelta(minutes=75)
    assert town.next_engine.tab(noted.number) == "印刷待ち"


async def test_the_clerk_rests_on_weekends_and_holidays(tmp_path: Path) -> None:
    saturday = date(2026, 11, 21)  # Monday 11-23 is a holiday
    town = Town(SteppedClock(at_jst(saturday)), root=tmp_path, seed=3, orders_per_day=0, subscribers=0)
    await town.start()
    slip = town.next_engine.restore(slip_of("ABC0000001", **{ne_wire.CONFIRM_CHECK: "1"}), [ROW])
    await town.run_until(at_jst(TUESDAY, 9))
    assert slip.fields[ne_wire.CONFIRM_CHECK] == "1"
    await town.run_until(at_jst(TUESDAY, 11))
    assert slip.fields[ne_wire.CONFIRM_CHECK] == ne_wire.CONFIRM_DONE
    await town.stop()


async def test_the_clerk_deposits_only_transfers_that_arrived(town: Town) -> None:
    unpaid = {ne_wire.PAYMENT_METHOD: "15", ne_wire.DEPOSIT_TYPE: "0"}
    paid, owing = (town.next_engine.restore(slip_of(f"ABC000000{n}", **unpaid), [ROW]) for n in (1, 2))
    town.life.transfers[paid.order_number] = at_jst(TUESDAY, 9, 40)
    await town.run_until(at_jst(TUESDAY, 9, 44))
    assert town.next_engine.tab(paid.number) == "入金待ち"
    await town.run_until(at_jst(TUESDAY, 10))
    assert paid.fields[ne_wire.DEPOSIT_TYPE] == ne_wire.DEPOSIT_PAID
    assert town.next_engine.tab(owing.number) == "入金待ち"
    assert [event.detail["order_number"] for event in town.people.of("deposited_by_clerk")] == ["ABC0000001"]


def completion(orders: list[Order]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([cart_wire.COL_ORDER_NUMBER, cart_wire.COL_SLIP, cart_wire.COL_SHIPPED_ON])
    writer.writerows([order.number, "999900001015", "2026/11/24"] for order in orders)
    return text.getvalue().encode("cp932")


async def test_the_clerk_uploads_completion_files_and_leaves_the_result_beside(town: Town) -> None:
    await town.run_until(at_jst(TUESDAY, 13, 1))
    with_sale, without_sale = card_orders(town)[:2]
    inbox = town.root / "cart_inbox"
    (inbox / "shipping_0001_sale.csv").write_bytes(completion([with_sale]))
    (inbox / "shipping_0002.csv").write_bytes(completion([without_sale]))
    state = f"受注番号,対応状況\r\n{with_sale.number},発送完了\r\n"
    (inbox / "state_0003.csv").write_bytes(state.encode("cp932"))
    (inbox / "other.csv").write_bytes(b"not ours")
    (inbox / ".shipping_0004.csv.tmp").write_bytes(b"half")
    await town.run_until(at_jst(TUESDAY, 13, 14))
    assert len(list(inbox.iterdir())) == 5
    await town.run_until(at_jst(TUESDAY, 13, 16))
    assert sorted(path.name for path in inbox.iterdir()) == [".shipping_0004.csv.tmp", "other.csv"]
    done = ["shipping_0001_sale.csv", "shipping_0002.csv", "state_0003.csv"]
    for folder in ("cart_results", "cart_done"):
        assert sorted(path.name for path in (town.root / folder).iterdir()) == done
    answer = (town.root / "cart_results" / done[0]).read_bytes().decode("cp932")
    assert next(csv.DictReader(io.StringIO(answer)))["結果"] == cart_wire.RESULT_OK
    amount = with_sale.amounts.payment_total
    assert town.cart.gateway.captured(with_sale.number) == [amount]
    assert town.cart.gateway.captured(without_sale.number) == []
    assert (with_sale.state, without_sale.state) == (cart_wire.STATE_SHIPPED, cart_wire.STATE_COMPLETE)
    truth = town.truth()
    assert (truth["completed"], truth["captured"]) == (1, 1)
