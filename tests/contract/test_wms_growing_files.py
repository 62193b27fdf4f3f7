"""Growing files (育つ実績ファイル): a label software's list names its parcels again and again, with more each time.

Whatever the order in which such files are read, however often, the end is one: all numbers, no hold, nothing counted
twice (spec/wms.md §2.4, §2.7, §6.2). Through the profiles' own readers, and the ledger's booking.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import NamedTuple

import pytest
from connector.ledger.bookings import book_all
from connector.ledger.item_rows import results_of
from connector.ledger.schema import metadata
from connector.slip import Shipment, SlipRow
from connector.stages.shipped import Picture, picture
from sqlalchemy import Engine, create_engine

from tests.contract.wms_house import TUESDAY
from tests.contract.wms_profiles_desk import warehouse
from tests.unit.world import tracking

SEED = 20261123
SLIP, SKU, SHOP = "200101", "MH-TEA-20", "mihon"
AT = datetime(2026, 11, 24, 10, tzinfo=UTC)


class Parcel(NamedTuple):
    number: str
    on: date
    quantity: int
    place: int
    of: int


def b2cloud(one: Parcel) -> dict[str, str]:
    return {
        "お客様管理番号": SLIP,
        "送り状種類": "0",
        "伝票番号": one.number,
        "出荷予定日": f"{one.on:%Y/%m/%d}",
    }


def yupri(one: Parcel) -> dict[str, str]:
    return {
        "お客様側管理番号": SLIP,
        "お問い合わせ番号": one.number,
        "郵便種別": "0",
        "発送日": f"{one.on:%Y%m%d}",
        "個口番号": str(one.place),
        "複数個口数": str(one.of),
    }


def ehiden3(one: Parcel) -> dict[str, str]:
    return {
        "お客様管理番号": SLIP,
        "お問い合せ送り状No.": one.number,
        "出荷日": f"{one.on:%Y%m%d}",
        "出荷個数": "1",
    }


def logizard_csv(one: Parcel) -> dict[str, str]:
    return {
        "出荷確定日": f"{one.on:%Y/%m/%d}",
        "顧客id": SLIP,
        "送り状番号": one.number,
        "商品ID": SKU,
        "出荷数": str(one.quantity),
        "ロット": "",
    }


ROW = {"b2cloud": b2cloud, "yupri": yupri, "ehiden3": ehiden3, "logizard-csv": logizard_csv}


def file_of(profile: str, parcels: Sequence[Parcel]) -> bytes:
    rows = [ROW[profile](one) for one in parcels]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("cp932")


def of_a_slip(chance: random.Random) -> list[Parcel]:
    """One to four parcels of one slip, over one to three days."""
    of = chance.randint(1, 4)
    days = sorted(TUESDAY - timedelta(days=chance.choice((0, 0, 1, 2))) for _ in range(of))
    numbers = chance.sample(range(1, 900), of)
    return [Parcel(tracking(n), days[i], chance.randint(1, 3), i + 1, of) for i, n in enumerate(numbers)]


def read(root: Path, profile: str, parcels: Sequence[Parcel]) -> tuple[Shipment, ...]:
    found = warehouse(root, profile).read_results("results.csv", file_of(profile, parcels))
    assert not found.strays
    return found.shipments


def end(files: Sequence[tuple[Shipment, ...]], asked: Sequence[SlipRow]) -> Picture:
    """What the ledger makes of these files, booked one after the other."""
    with an_engine().connect() as connection:
        for events in files:
            book_all(connection, SHOP, events, None, AT)
        return picture(results_of(connection, SHOP, [SLIP]).get(SLIP, ()), asked)


@cache
def an_engine() -> Engine:
    """One ledger for all: what a story books is never committed."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    return engine


@pytest.mark.parametrize("profile", ROW)
def test_a_growing_list_ends_with_every_parcel_in_whatever_order_it_is_read(
    profile: str, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    cases = 0
    for _ in range(20):
        parcels = of_a_slip(chance)
        grown = [parcels[: n + 1] for n in range(len(parcels))]
        if chance.random() < 0.5:
            grown = [chance.sample(rows, len(rows)) for rows in grown]
        files = [read(tmp_path, profile, rows) for rows in grown]
        files += chance.choices(files, k=chance.randint(0, 2))
        asked = (
            SlipRow(
                no=1, sku=SKU, name="見本", quantity=sum(one.quantity for one in parcels), unit_price=100
            ),
        )
        orders = list(permutations(files))
        for order in chance.sample(orders, min(len(orders), 8)):
            seen = end(order, asked)
            story = f"seed {SEED}: {profile} {parcels}"
            assert seen.shipment is not None, story
            assert set(seen.shipment.tracking) == {one.number for one in parcels}, story
            assert (seen.whole, seen.finding, seen.shipment.shipped_on) == (True, None, parcels[-1].on), story
            cases += 1
    print(f"\n  {profile}: {cases} orders of reading (seed {SEED}), no number lost")
