"""監視だけの店: a shop whose mail and CSV are ECFORCE's own: we send nothing at all, and prove every step."""

from __future__ import annotations

from email.message import EmailMessage

from connector.adapters.ecforce import wire as cart
from connector.adapters.next_engine import wire as ne
from connector.clock import jst
from connector.sandbox.cart import Order
from connector.sandbox.next_engine.model import Slip

from tests.journeys.conftest import OpenDay
from tests.journeys.day import Day

STAGES = (
    "ingest",
    "notify",
    "confirm_intake",
    "import_daily",
    "follow_slips",
    "relay",
    "collect",
    "confirm_shipment",
    "complete",
    "stop",
)
TRACKING = "300000000002"


async def test_others_do_every_step_and_we_only_prove_it(open_day: OpenDay) -> None:
    day = await open_day(modes=dict.fromkeys(STAGES, "watch"))
    await day.alone_until("08:30")
    order, forgotten = day.place(), day.place()

    await day.until("09:00")
    assert (await day.picture(order)).order.waiting_for == "他システムの通知待ち"
    ecforce_mails(day, order)
    await day.until("09:30")
    assert await day.walk(order) == ["received", "notified", "in_intake"]

    slip = day.slip(order).number
    people = day.town.next_engine.operator
    people.edit(slip, {ne.PAYMENT_METHOD: "0"})
    people.deposit(slip)
    people.activate(slip)  # what ECFORCE's own CSV does
    await day.until("10:30")
    assert await day.state(order) == "imported"
    assert (await day.picture(order)).slips[0].state == "print_ready"

    people.finish_printing(slip)
    people.edit(slip, {ne.TRACKING: TRACKING})
    await day.until("11:00")
    assert (await day.picture(order)).slips[0].state == "relayed"
    people.ship(slip)
    await day.until("11:30")
    assert await day.state(order) == "shipped"

    day.town.cart.import_shipping_csv(shipping_csv(order), with_sale=True)
    day.town.cart.set_state(order.id, cart.STATE_SHIPPED)
    await day.until("12:00")
    walk = ["received", "notified", "in_intake", "imported", "shipped", "completed"]
    assert await day.walk(order) == walk
    assert {row.actor for row in (await day.picture(order)).history if row.event == "moved"} <= {
        "connector",
        "watch",
    }

    picture = await day.picture(forgotten)
    assert (picture.order.state, picture.order.stuck) == ("received", True), "the others forgot one: seen"
    day.excused.add(forgotten.number)
    assert (await day.picture(order)).effects == picture.effects == ()
    assert nothing_came_from_us(day)


async def test_a_cancel_is_shown_to_people_and_not_carried_out(open_day: OpenDay) -> None:
    day = await open_day(modes=dict.fromkeys(STAGES, "watch"))
    await day.alone_until("08:30")
    order = day.place()
    ecforce_mails(day, order)
    await day.until("09:10")
    day.town.cart.cancel(order.id)
    await day.until("09:40")
    picture = await day.picture(order)
    assert picture.stop is not None
    assert picture.stop.verdict == "open"
    assert picture.order.waiting_for.startswith("出荷止めは記録だけの設定です")
    assert only_live(day, order).live

    day.town.next_engine.operator.cancel(only_live(day, order).number)
    await day.until("10:00")
    assert await day.state(order) == "cancelled"
    stop = (await day.picture(order)).stop
    assert stop is not None
    assert stop.verdict == "stopped"
    assert nothing_came_from_us(day)


def ecforce_mails(day: Day, order: Order) -> None:
    """The cart's own 注文通知 to Next Engine."""
    mail = EmailMessage()
    mail["Subject"] = f"ご注文 {order.number}"
    mail["Message-ID"] = f"<{order.number}@cart.example.jp>"
    item = order.items[0]
    mail.set_content(
        f"{ne.MAIL_ORDER_NUMBER}{order.number}\n"
        f"{ne.MAIL_ORDERED_AT}{jst(order.completed_at):%Y/%m/%d %H:%M:%S}\n"
        f"{ne.MAIL_BUYER}見本 太郎\n"
        f"{ne.MAIL_ITEM}{item.variant.goods.sku},{item.quantity},{item.price}\n"
    )
    day.town.next_engine.deliver(bytes(mail), day.town.next_engine.intake_addresses["1"])


def shipping_csv(order: Order) -> bytes:
    """The shop's own 出荷CSV."""
    columns = (cart.COL_ORDER_ID, cart.COL_ORDER_NUMBER, cart.COL_SLIP, cart.COL_SHIPPED_ON)
    row = (str(order.id), "", TRACKING, "2026/11/24")
    return "".join(",".join(f'"{cell}"' for cell in line) + "\r\n" for line in (columns, row)).encode("cp932")


def only_live(day: Day, order: Order) -> Slip:
    (slip,) = day.slips(order)
    return slip


def nothing_came_from_us(day: Day) -> bool:
    """No mail, no file, no write by API: the histories of all four say so."""
    town = day.town
    written = [
        event
        for event in town.next_engine.history.of("slip_updated", "printed", "shipped", "import_queued")
        if event.detail.get("by") != "担当者"
    ]
    changed = town.cart.history.of("order_changed")
    return not (town.mail.mails or written or changed or town.warehouse.history.count("file_received"))
