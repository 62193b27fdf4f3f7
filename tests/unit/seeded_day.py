"""A morning (朝8:30) in a shop, written into a real ledger through the ledger's own functions.

One order at every place an operator may ask about; each test reads the place it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import msgspec
from connector.clock import at_jst
from connector.ledger import bookings, jobs, shipments
from connector.ledger.database import Database
from connector.order import (
    Origin,
    PaymentKind,
    PaymentState,
    Round,
)
from connector.outcome import (
    Advance,
    Cancel,
    EffectState,
    Hold,
    Reason,
    Stray,
    Wait,
)
from connector.slip import NEStatus
from sqlalchemy import Connection

from tests.unit import ledger_file
from tests.unit.shop_day import NOW, SHOP, Day, a_slip, an_order, refused, shipment, tracking_number


def write_morning(connection: Connection) -> None:
    """The whole morning. Numbers say who stands where; 10xx are single stories, 2xxx yesterday's bulk."""
    day = Day(connection)
    yesterday = NOW - timedelta(hours=22)
    for n in range(15):
        at = yesterday + timedelta(minutes=n)
        day.to_completed(
            an_order(f"2{n:03}", at, payable=3980 + 100 * n), at, f"52{n:03}", tracking_number(n)
        )
    day.to_intake(an_order("1002", NOW - timedelta(minutes=58)), NOW - timedelta(minutes=58), "51002")
    _early(day)
    _in_next_engine(day)
    _at_the_warehouse(day)
    _troubled(day)
    _work(day)


def _early(day: Day) -> None:
    at = NOW - timedelta(hours=3)
    day.take_in(refused(an_order("1003", at, payable=5980)), at)
    note = "カード有効期限切れ"
    day.say("notify", "1003", Hold(Reason.PAYMENT_REFUSED, note), at + timedelta(minutes=1))
    recent = NOW - timedelta(minutes=4)
    day.take_in(an_order("1004", recent), recent)
    day.say("notify", "1004", Wait("注文内容の確定待ち", until=NOW + timedelta(minutes=6)), NOW)
    sent = NOW - timedelta(hours=2, minutes=30)
    day.take_in(an_order("1005", sent - timedelta(minutes=15), payable=7800), sent - timedelta(minutes=10))
    day.act("notify", "mail", ["1005"], sent, body=b"mail 1005", name="<1005@example.jp>", order="1005")
    day.say("confirm_intake", "1005", Wait("新規受付待ち"), NOW)
    old = at_jst(date(2026, 10, 30), 12)
    day.take_in(an_order("1011", old), NOW - timedelta(days=10))
    day.take_in(
        an_order(
            "1012",
            at,
            origin=Origin.GENERATED,
            subscription=Round(subscription_id=77, number="S77", round=3),
            unknown=("payment: ミホンペイ",),
        ),
        at,
    )
    day.say("notify", "1012", Hold(Reason.UNKNOWN_VALUE, "payment: ミホンペイ"), at + timedelta(minutes=12))
    doubtful = NOW - timedelta(minutes=25)
    day.take_in(an_order("1014", doubtful), doubtful)
    day.act(
        "notify",
        "mail",
        ["1014"],
        NOW - timedelta(minutes=8),
        state=EffectState.UNKNOWN,
        body=b"mail 1014",
        name="<1014@example.jp>",
        order="1014",
    )


def _in_next_engine(day: Day) -> None:
    at = NOW - timedelta(hours=20)
    transfer = msgspec.structs.replace(
        an_order("1006", at).payment,
        method="銀行振込",
        kind=PaymentKind.TRANSFER,
        linked=False,
        prepayment=True,
        state=PaymentState.PENDING,
    )
    day.to_intake(an_order("1006", at, payment=transfer), at, "51006")
    imported = at + timedelta(hours=1)
    day.act("import_daily", "ne_import", ["1006"], imported, name="orders_1006.csv")
    waiting = a_slip("51006", "1006", NEStatus.OPEN, "2", prepayment=True, payment_method="銀行振込")
    day.see(waiting, imported + timedelta(minutes=10))
    day.to_print_ready(
        an_order("1007", NOW - timedelta(hours=2), payable=12800), NOW - timedelta(hours=2), "51007"
    )


def _at_the_warehouse(day: Day) -> None:
    old = NOW - timedelta(days=7)
    day.to_relayed(an_order("1008", old, payable=9800), old, "51008")
    at = NOW - timedelta(hours=18)
    day.to_relayed(an_order("1009", at, payable=4500), at, "51009")
    collected = at + timedelta(hours=5)
    left = shipment("51009", tracking_number(900), collected)
    bookings.book_all(day.connection, SHOP.key, [left], None, collected)
    day.say("collect", "51009", Advance({"tracking": [tracking_number(900)]}), collected)
    note = f"送り状番号 {tracking_number(900)} → {tracking_number(901)}"
    day.say("collect", "51009", Hold(Reason.SHIPMENT_CONFLICT, note), collected + timedelta(hours=1))
    day.to_shipped(an_order("1010", at, payable=15400), at, "51010", tracking_number(910))


def _troubled(day: Day) -> None:
    at = NOW - timedelta(hours=15)
    first = an_order("1013", at, payable=6400)
    day.to_relayed(first, at, "51013")
    cancelled = msgspec.structs.replace(first, cancelled=True, updated_at=NOW - timedelta(minutes=40))
    day.take_in(cancelled, NOW - timedelta(minutes=38))
    stray = Stray("wms", "SHIPRESULT_20261125.csv:4", "この出荷指示番号の伝票はありません。 59999")
    shipments.set_aside(day.connection, SHOP.key, stray, NOW - timedelta(hours=1))
    gone = an_order("1015", at)
    day.take_in(gone, at)
    day.say("stop", "1015", Cancel("cancelled before hand-over"), at + timedelta(minutes=20))


def _work(day: Day) -> None:
    for n, what in enumerate(("ingest", "notify", "follow_slips", "relay", "collect")):
        jobs.pulse(day.connection, SHOP.key, what, NOW - timedelta(minutes=2 + n))
    jobs.move_cursor(day.connection, SHOP.key, "ingest", NOW - timedelta(minutes=2))
    jobs.pulse(day.connection, SHOP.key, "collect", NOW - timedelta(minutes=1), "sftp: connection refused")
    window = "2026-11-24 14:00"
    jobs.start(day.connection, SHOP.key, "import_daily", window, NOW - timedelta(hours=18, minutes=30))
    jobs.finish(
        day.connection, SHOP.key, "import_daily", window, NOW - timedelta(hours=18, minutes=29), {"moved": 12}
    )


@contextmanager
def a_morning(path: Path) -> Iterator[Database]:
    """A SQLite file with the whole morning in it."""
    with _a_ledger(path, write_morning) as database:
        yield database


@contextmanager
def an_empty_ledger(path: Path) -> Iterator[Database]:
    with _a_ledger(path, ledger_file.nothing) as database:
        yield database


@contextmanager
def _a_ledger(path: Path, writes: ledger_file.Writes) -> Iterator[Database]:
    database = Database(f"sqlite:///{path / 'ledger.db'}", inline=True)
    try:
        ledger_file.begin(database, writes)
        yield database
    finally:
        database.close()
