"""Every field changed at every place: the right class, its row, its hold, its move; no cell is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from connector import words
from connector.lateness import LATENESS, QUIET, Kind, Place
from connector.ledger.schema_cart import changes
from connector.order import LATE_FIELDS, Address, Amounts, Order, OrderLine, PaymentState
from connector.words.changes import BESIDE, FIELDS, KINDS, NOWHERE, PLACES, what_to_do
from connector.words.differences import PARTS
from msgspec.structs import replace
from sqlalchemy import select

from tests.unit.test_words import JAPANESE, texts
from tests.unit.world import CARD, World, a_shipment, an_order, world

BEFORE_CSV = (Place.RECEIVED, Place.NOTIFIED, Place.IN_INTAKE)
WITH_NEXT_ENGINE = (Place.OPEN, Place.PRINT_READY)
GONE = (Place.DISPATCHED, Place.CONFIRMED, Place.SHIPPED, Place.COMPLETED)
LOST = ("cancelled", "deleted")


def by_the_facts(field: str, place: Place) -> Kind:
    """The table once more, as rules: what carries the new value from here?"""
    if field == "revived":
        stopped_perhaps = place in (Place.RELAYED, *GONE, Place.LEFT)
        return Kind.BY_HAND if stopped_perhaps else Kind.BY_ITSELF
    if place is Place.LEFT or place in BEFORE_CSV:
        return Kind.BY_ITSELF  # nothing will travel; or the newest version does
    if place in GONE:
        over = field in ("carrier", "buyer") and place in (Place.SHIPPED, Place.COMPLETED)
        return Kind.BY_ITSELF if over else Kind.TOO_LATE
    return Kind.BY_ITSELF if field in (*LOST, "payment_state") else Kind.BY_HAND  # stop request, payment gate


def test_the_table_follows_from_the_facts() -> None:
    assert {cell: by_the_facts(*cell) for cell in LATENESS} == LATENESS
    assert {field for field, _ in LATENESS} == {*LATE_FIELDS, "revived"} == set(FIELDS)
    assert len(LATENESS) == len(FIELDS) * len(Place)
    assert set(PLACES) == set(Place)
    assert set(KINDS) == set(Kind)


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_every_cell_says_what_to_do(lang: str) -> None:
    for (field, place), kind in LATENESS.items():
        said = what_to_do(field, kind, place, lang, amount=2200, difference=-300)
        assert said.endswith("。" if lang == "ja" else "."), (field, place, said)
        assert "{" not in said
        assert lang == "ja" or not JAPANESE.search(said.replace("納品書印刷指示日", "")), said
        if kind is Kind.BY_HAND and place in WITH_NEXT_ENGINE and field != "revived":
            assert FIELDS[field].screen.say(lang) in said, "the field of Next Engine's screen is named"
        if kind is Kind.TOO_LATE and field in (*LOST, "payment", "payment_state"):
            assert words.yen(2200, lang) in said, "the money question is in yen"


@pytest.mark.parametrize("field", ["cancelled", "deleted"])
def test_nobody_is_told_to_give_back_money_that_never_came(field: str) -> None:
    told = {
        state: what_to_do(field, Kind.TOO_LATE, Place.SHIPPED, "ja", amount=2200, payment=state)
        for state in PaymentState
    }
    for state in (PaymentState.VOIDED, PaymentState.REFUSED, PaymentState.CAPTURE_FAILED):
        assert "入金はありません。返金は不要です。返品か、再オーソリ・請求（2,200円）" in told[state]
    for state in (PaymentState.CAPTURED, PaymentState.PAID):
        assert "返金（2,200円）を手配" in told[state] and "不要" not in told[state]
    assert "入金済みなら返金を、未請求なら" in told[PaymentState.AUTHORIZED], "the cart knows which"
    english = what_to_do(field, Kind.TOO_LATE, Place.SHIPPED, "en", amount=2200, payment="voided")
    assert "none is to be refunded" in english


def test_every_name_is_said_in_both_languages() -> None:
    tables = (FIELDS, KINDS, PLACES, BESIDE, PARTS)
    said = [text for table in tables for text in texts(table) if text != NOWHERE]
    assert [text for text in said if not text.ja.strip() or not text.en.strip()] == []
    assert [text.en for text in said if JAPANESE.search(text.en.replace("納品書印刷指示日", ""))] == []
    people = {*Address.__struct_fields__, "email", *Amounts.__struct_fields__}
    assert set(PARTS) == people, "every part of an address and of the amounts has a name"


# --- the cross product ------------------------------------------------------------------------------------------


def moved(order: Order) -> Order:
    one = order.recipients[0]
    return replace(order, recipients=(replace(one, address=replace(one.address, street="9-8-7")),))


def another_line(order: Order) -> Order:
    extra = OrderLine(
        line_id=2, sku="SKU-2", product_number="P-2", name="別", unit_price=0, quantity=1, tax_rate=10
    )
    return replace(order, lines=(*order.lines, extra))


def dearer(order: Order) -> Order:
    money = replace(order.amounts, subtotal=3300, subtotal10=3300, total=3300, payable=3300)
    return replace(order, amounts=money)


def voided(order: Order) -> Order:
    lost = replace(order.payment, state=PaymentState.VOIDED, state_code="voided")
    return replace(order, payment=lost)


CHANGE: dict[str, Callable[[Order], Order]] = {
    "cancelled": lambda order: replace(order, cancelled=True),
    "deleted": lambda order: replace(order, deleted=True),
    "revived": lambda order: replace(order, cancelled=False, deleted=False),
    "recipients": moved,
    "lines": another_line,
    "amounts": dearer,
    "deliver_on": lambda order: replace(order, deliver_on=date(2026, 12, 24)),
    "ship_on": lambda order: replace(order, ship_on=date(2026, 12, 20)),
    "time_slot": lambda order: replace(order, time_slot="午前中", time_slot_label="時間帯指定[午前中]"),
    "payment": lambda order: replace(order, payment=replace(order.payment, method_id=5, method="代金引換")),
    "payment_state": voided,
    "carrier": lambda order: replace(order, carrier="見本急便", carrier_id=7),
    "remark": lambda order: replace(order, remark="置き配でお願いします"),
    "wrapping": lambda order: replace(order, wrapping="赤いリボン"),
    "buyer": lambda order: replace(order, buyer=replace(order.buyer, email="other@example.jp")),
}


async def nothing(_w: World, _orders: list[Order]) -> None:
    return


async def received(w: World, orders: list[Order]) -> None:
    for order in orders:
        w.cart.put(order)
    await w.run("ingest")


async def notified(w: World, orders: list[Order]) -> None:
    w.ne.mail_delay = timedelta(days=1)
    await received(w, orders)
    w.pass_by(minutes=11)
    await w.run("notify")


async def in_intake(w: World, orders: list[Order]) -> None:
    await w.to_intake(*orders)


async def importing(w: World, orders: list[Order]) -> None:
    await w.to_intake(*orders)
    await w.import_now()


async def open_(w: World, orders: list[Order]) -> None:
    w.ne.instead(advance=lambda _number: None)
    await w.to_print_ready(*orders)


async def print_ready(w: World, orders: list[Order]) -> None:
    await w.to_print_ready(*orders)


async def relayed(w: World, orders: list[Order]) -> None:
    await w.to_relayed(*orders)


async def dispatched(w: World, orders: list[Order]) -> None:
    await w.to_relayed(*orders)
    w.wms.reports(*(a_shipment(w.slip_of(order.number)) for order in orders))
    await w.run("collect")


async def confirmed(w: World, orders: list[Order]) -> None:
    await dispatched(w, orders)
    for order in orders:
        w.ne.edit(w.slip_of(order.number), status=50)
    await w.run("follow_slips")


async def shipped(w: World, orders: list[Order]) -> None:
    await w.to_shipped(*orders)


async def completed(w: World, orders: list[Order]) -> None:
    await w.to_shipped(*orders)
    await w.complete_now()
    w.pass_by(minutes=1)
    await w.run("complete")


async def left(w: World, orders: list[Order]) -> None:
    """Stopped, because the payment was lost at the warehouse; in the cart they live."""
    await w.to_relayed(*orders)
    for order in orders:
        w.cart.put(voided(order))
    await w.run("ingest")
    for _ in range(4):
        await w.run("stop")
        w.pass_by(minutes=5)


TO: dict[Place, Callable[[World, list[Order]], Any]] = {
    Place.RECEIVED: received,
    Place.NOTIFIED: notified,
    Place.IN_INTAKE: in_intake,
    Place.IMPORTING: importing,
    Place.OPEN: open_,
    Place.PRINT_READY: print_ready,
    Place.RELAYED: relayed,
    Place.DISPATCHED: dispatched,
    Place.CONFIRMED: confirmed,
    Place.SHIPPED: shipped,
    Place.COMPLETED: completed,
    Place.LEFT: left,
}
NUMBERS = {field: f"T-{1001 + n}" for n, field in enumerate(CHANGE)}


def rows_of(w: World, number: str, field: str) -> list[Any]:
    order_id = w.order(number).id
    return list(w.rows(select(changes).where(changes.c.order_id == order_id, changes.c.field == field)))


async def changed_at(w: World, place: Place) -> dict[str, str]:
    """One order per field, each brought to the place and changed there; the states they stood in before."""
    orders = {field: an_order(number, CARD) for field, number in NUMBERS.items()}
    await TO[place](w, list(orders.values()))
    before = {field: w.state(number) for field, number in NUMBERS.items()}
    if place is not Place.LEFT:
        w.cart.put(replace(w.cart.orders[NUMBERS["revived"]], cancelled=True))
        await w.run("ingest")
    w.pass_by(seconds=1)
    for field, number in NUMBERS.items():
        now = w.cart.orders[number]
        if place is Place.LEFT and field in ("revived", "payment_state"):
            now = replace(now, payment=CARD)  # healed
        w.cart.put(CHANGE[field](now) if (place, field) != (Place.LEFT, "payment_state") else now)
    await w.run("ingest")
    return before


@pytest.mark.parametrize("place", Place)
async def test_each_field_at_this_place(tmp_path: Path, place: Place) -> None:
    with world(tmp_path) as w:
        before = await changed_at(w, place)
        for field, number in NUMBERS.items():
            here = f"{field} at {place}"
            kind = LATENESS[field, place]
            found = [row for row in rows_of(w, number, field) if row.place == place]
            assert [(row.place, row.kind) for row in found] == [(place, kind)], here
            assert (found[0].closed_at is not None) is (kind is Kind.BY_ITSELF), here
            assert found[0].version == w.order(number).version, here
            voiced = kind is Kind.BY_HAND and place in (*WITH_NEXT_ENGINE, Place.RELAYED, Place.LEFT)
            if place is Place.LEFT and field == "payment_state":
                voiced = True  # healed after the stop: it lives again, and its slip is cancelled
            wanted = ["changed_after_handover"] if voiced and field not in QUIET else []
            assert w.holds(number) == wanted, here
            leaves = place is Place.RECEIVED and field in LOST
            assert w.state(number) == ("cancelled" if leaves else before[field]), here
            assert w.stop(number) == asked_to_stop(field, place), here


def asked_to_stop(field: str, place: Place) -> str:
    if place is Place.LEFT:
        return "stopped"
    told = place not in (Place.RECEIVED, Place.COMPLETED)
    if field == "revived":
        return "withdrawn" if told else ""
    if field == "payment_state":
        return "open" if place is Place.RELAYED else ""
    return "open" if field in LOST and told else ""


# --- what follows ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", WITH_NEXT_ENGINE)
async def test_by_hand_keeps_the_slip_back(tmp_path: Path, place: Place) -> None:
    with world(tmp_path) as w:
        await changed_at(w, place)
        vars(w.ne).pop("advance", None)
        for slip in list(w.ne.slips_held):
            w.ne.advance(slip)
        for _ in range(3):
            await w.run("follow_slips", "relay")
            w.pass_by(minutes=10)
        gone = {field for field, number in NUMBERS.items() if w.wms.count("instructed", w.slip_of(number))}
        assert gone == {"buyer", "revived"}, "and no cancelled or unpaid one either"


@pytest.mark.parametrize("place", [Place.DISPATCHED, Place.CONFIRMED, Place.SHIPPED])
async def test_too_late_stops_nothing_but_a_cancel(tmp_path: Path, place: Place) -> None:
    with world(tmp_path) as w:
        await changed_at(w, place)
        for _ in range(3):
            await w.everything(minutes=10)
        done = {field for field, number in NUMBERS.items() if w.state(number) == "completed"}
        assert done == set(NUMBERS) - {*LOST}
        open_ = {field for field, number in NUMBERS.items() if any(still_open(w, number))}
        assert open_ == {field for field in NUMBERS if LATENESS[field, place] is not Kind.BY_ITSELF}


def still_open(w: World, number: str) -> Iterator[Any]:
    for row in w.rows(select(changes).where(changes.c.order_id == w.order(number).id)):
        if row.closed_at is None:
            yield row


async def test_a_failed_import_takes_the_new_content_next_time(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        w.ne.skips = dict.fromkeys(NUMBERS.values(), "取込エラー")
        await changed_at(w, Place.IMPORTING)
        open_rows = [field for field, number in NUMBERS.items() if any(still_open(w, number))]
        assert set(open_rows) == {f for f in NUMBERS if LATENESS[f, Place.IMPORTING] is Kind.BY_HAND}
        w.pass_by(minutes=2)
        await w.run("import_daily", "follow_slips")
        assert [n for n in NUMBERS.values() if any(still_open(w, n))] == []
        assert not any("changed_after_handover" in w.holds(number) for number in NUMBERS.values())


async def test_the_import_that_carried_the_old_content_asks_for_a_hand(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await changed_at(w, Place.IMPORTING)
        number = NUMBERS["recipients"]
        assert w.holds(number) == []
        w.pass_by(minutes=2)
        await w.run("import_daily", "follow_slips")
        assert w.holds(number) == ["changed_after_handover"]
        assert "「送り先」" in w.hold_note(number, "changed_after_handover")
        await w.run("relay")
        assert w.wms.count("instructed", w.slip_of(number)) == 0
