"""Results' day (計測する一日): the ledger and the result file that the shipped path and the pandas scripts get alike.

Ten slips for every event of the file, nine of them shipped on other days, with their results and numbers. The file is
the generic profile's: a row per parcel and a row per item, three rows an event in one event of six, else two; each
event with a time of its own (spec/wms.md §7.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

SHOP, NAME, LEDGER = "bench", "SHIPRES_demo_WH01_20261124183000_000001.csv", "ledger.sqlite3"
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
RELAYED_AT, SEEN_AT, EARLIER = NOW - timedelta(hours=8), NOW - timedelta(hours=1), NOW - timedelta(days=20)
OLDER = 9  # slips of other days for each of today's
BEGIN = 20_000_000  # number of today's first slip
HEADER = (
    *("実績番号", "出荷指示番号", "行番号", "実績区分", "出荷日", "運送会社コード", "送り状番号", "個口番号"),
    *("個口総数", "商品コード", "出荷数", "ロット", "賞味期限", "理由コード", "理由", "確定日時"),
)
_PACKING_BEGAN = datetime(2026, 11, 24, 5, 0)  # noqa: DTZ001 - as a warehouse writes it


def prepare(rows: int, house: Path) -> dict[str, Any]:
    """A ledger of ten slips for every event of the file: those of today relayed, those of other days long shipped."""
    from connector.ledger import archive
    from connector.ledger.database import Database, migrate, pieces
    from connector.ledger.inserts import insert_all
    from connector.ledger.schema import shipments, slips, tracking_numbers

    events, body = _file(rows)
    (house / NAME).write_bytes(body)
    database = Database(f"sqlite:///{house / 'prepared.sqlite3'}", inline=True)
    migrate(database)
    with database.engine.begin() as connection:
        for part in pieces(range(-OLDER * events, events), 10_000):
            insert_all(connection, slips, [_slip_row(n) for n in part])
            older = [n for n in part if n < 0]
            insert_all(connection, shipments, [_shipment_row(n) for n in older])
            insert_all(connection, tracking_numbers, [_number_row(n) for n in older])
        archive.keep(connection, SHOP, NOW, system="wms", direction="in", name=NAME, body=body)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return {"rows": rows, "events": events, "slips": (1 + OLDER) * events, "bytes": len(body)}


def _file(rows: int) -> tuple[int, bytes]:
    """The events of a day in the warehouse's own form (spec/wms.md §7.4), in the order in which they were packed."""
    lines: list[Sequence[str]] = [HEADER]
    event = 0
    while len(lines) <= rows:
        slip, parcels = _number(event), 1 + (event % 6 == 5)
        same = ["1", "20261124", "YAMATO_TAKKYUBIN"]
        done = f"{_PACKING_BEGAN + timedelta(seconds=event):%Y/%m/%d %H:%M:%S}"
        for n in range(parcels):
            number = _tracking(2 * event + n)
            parcel = [number, str(n + 1), str(parcels), *[""] * 6, done]
            lines.append([f"R{BEGIN + event:09}", slip, "0", *same, *parcel])
        goods = ["", "", "", f"MH-SKU-{event % 40:03}", "1", f"L{event % 9}", "20271231", "", "", done]
        lines.append([f"R{BEGIN + event:09}", slip, "1", *same, *goods])
        event += 1
    text = "\r\n".join(",".join(f'"{cell}"' for cell in line) for line in lines)
    return event, (text + "\r\n").encode("cp932")


def _number(n: int) -> str:
    return str(BEGIN + n)


def _tracking(n: int) -> str:
    digits = 99_990_000_000 + n
    return f"{digits}{digits % 7}"


def _slip_row(n: int) -> dict[str, Any]:
    from connector.ledger import codec
    from connector.slip import Slip, SlipRow

    number = _number(n)
    goods = SlipRow(no=1, sku=f"MH-SKU-{n % 40:03}", name="見本の品", quantity=1, unit_price=1980)
    slip = Slip(
        number=number,
        order_number=f"T-{BEGIN + n:08}",
        ne_shop_id="1",
        status=40 if n >= 0 else 50,
        name="見本 髙﨑",
        zip_code="1500001",
        address1="東京都渋谷区神宮前9-99-1",
        phone="090-0000-0000",
        total=1980,
        rows=(goods,),
        ordered_at=datetime.combine(date(2026, 11, 24), datetime.min.time(), UTC),
    )
    return {
        "shop": SHOP,
        "number": number,
        "order_number": slip.order_number,
        "state": "relayed" if n >= 0 else "confirmed",
        "since": RELAYED_AT if n >= 0 else EARLIER,
        "waiting_for": "",
        "next_at": None,
        "tries": 0,
        "redos": 0,
        "body": codec.encode(slip),
        "seen_at": SEEN_AT,
        "status": slip.status,
        "cancel_type": "0",
        "merged_into": "",
        "total": 1980,
        "lock": "",
    }


def _shipment_row(n: int) -> dict[str, Any]:
    """What the warehouse said of a slip of another day."""
    from connector.ledger import codec
    from connector.slip import Result, Shipment, ShippedLine

    shipment = Shipment(
        result_id=f"R{BEGIN + n:09}",
        slip_number=_number(n),
        result=Result.SHIPPED,
        shipped_on=EARLIER.date(),
        carrier="YAMATO_TAKKYUBIN",
        tracking=(_tracking(2 * n),),
        lines=(ShippedLine(line_no=1, sku=f"MH-SKU-{n % 40:03}", quantity=1),),
        confirmed_at=EARLIER,
    )
    return {
        "shop": SHOP,
        "slip_number": shipment.slip_number,
        "result_id": shipment.result_id,
        "version": 1,
        "result": shipment.result,
        "shipped_on": shipment.shipped_on,
        "tracking": shipment.tracking[0],
        "body": codec.encode(shipment),
        "exchange_id": None,
        "at": EARLIER,
    }


def _number_row(n: int) -> dict[str, Any]:
    return {"shop": SHOP, "number": _tracking(2 * n), "slip_number": _number(n), "at": EARLIER}
