"""Other doors: import by a folder that a person empties, completion by API, the warehouse in a local folder."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine.call import Call

from tests.journeys.conftest import OpenDay
from tests.journeys.day import Day


async def test_import_by_folder_completion_by_api_and_a_local_warehouse(
    open_day: OpenDay, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    for name in ("ne_inbox", "ne_done"):
        (shared / name).mkdir(parents=True)
    day = await open_day(
        import_daily={"route": "folder", "folder": str(shared), "taken": "ne_done"},
        warehouse={"sftp": None, "folder": str(tmp_path / "day0/town/wms")},
    )
    await day.alone_until("08:30")
    orders = [day.place() for _ in range(3)]

    await day.until("10:20")
    (file,) = (shared / "ne_inbox").glob("*.csv")
    with io.StringIO(file.read_bytes().decode("cp932"), newline="") as text:
        rows = list(csv.DictReader(text))
    assert sorted(row["店舗伝票番号"] for row in rows) == sorted(order.number for order in orders)
    assert [await day.state(order) for order in orders] == ["in_intake"] * 3, (
        "a file in a folder proves nothing"
    )

    await upload_by_hand(day, file.read_bytes())
    file.rename(shared / "ne_done" / file.name)
    await day.until("11:10")
    assert [await day.state(order) for order in orders] == ["imported"] * 3
    assert [day.relayed(order) for order in orders] == [1, 1, 1]

    await day.until("20:00")
    assert list((shared / "ne_inbox").iterdir()) == [], "one file a day, not one a minute"
    assert [await day.state(order) for order in orders] == ["completed"] * 3
    assert [day.captures(order) for order in orders] == [[order.amounts.payment_total] for order in orders]
    assert {act.facts.get("route") for act in (await day.picture(orders[0])).effects} >= {"api"}
    assert list((tmp_path / "day0/town/cart_inbox").iterdir()) == []


async def upload_by_hand(day: Day, file: bytes) -> None:
    """What the clerk does at Next Engine's 受注一括登録 screen, signed in as the same user."""
    demo = day.demo
    stored = await demo.shop.tokens.load(demo.shop.account)
    assert stored is not None
    reply = day.town.next_engine.answer(
        Call(
            wire.BASE_UPLOAD,
            {
                wire.ACCESS_TOKEN: stored[0].access.encode(),
                wire.REFRESH_TOKEN: stored[0].refresh.encode(),
                wire.UPLOAD_PATTERN: b"12",
                f"{wire.DATA_TYPE}_1": wire.DATA_CSV.encode(),
                f"{wire.DATA}_1": file,
            },
        )
    )
    assert reply[wire.RESULT] == wire.SUCCESS
