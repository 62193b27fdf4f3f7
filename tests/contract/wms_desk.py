"""A file warehouse on a desk: the adapter over a folder tree, the fixtures, and slips like theirs."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

from connector.adapters.wms.files import FileWarehouse, load_mappings
from connector.adapters.wms.whole import marker
from connector.clock import SteppedClock
from connector.outcome import Effect
from connector.ports import ResultFile, Warehouse
from connector.slip import Slip, SlipRow
from connector.transport.folder import FolderDrop

from tests.contract.wms_house import GENERIC, ORDER_1
from tests.golden.samples import MAPPINGS, slip, tables

SHORT = "SHIPACK_demo_WH01_20261124113000_000002.csv"
RESULT_1 = "SHIPRES_demo_WH01_20261124183000_000001.csv"
RESULT_2 = "SHIPRES_demo_WH01_20261124184500_000002.csv"
SENDER = {
    "zip_code": "150-0001",
    "address": "東京都渋谷区神宮前9-99-1",
    "building": "見本ビル2F",
    "name": "見本ショップ",
    "phone": "03-0000-0001",
    "code": "SHOP1",
}
OWN: dict[str, Any] = {"tenant": "demo", "warehouse_code": "WH01", "shop_code": "SHOP1", "sender": SENDER}


class Kept:
    """An archive that remembers what it was given, and where the file lay at that moment."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.names: list[tuple[str, str, str]] = []
        self.still_there: list[bool] = []

    async def keep(self, *, system: str, direction: str, name: str, body: bytes, key: str = "") -> int:
        self.names.append((system, direction, name))
        self.still_there.append((self.root / "to_wms/ack" / name).exists())
        return len(self.names)


def build(
    root: Path, clock: SteppedClock, kept: Kept | None = None, drop: FolderDrop | None = None, **profile: Any
) -> FileWarehouse:
    mappings = load_mappings(MAPPINGS / "wms/generic", tables(), {**OWN, **profile})
    return FileWarehouse(mappings, drop=drop or FolderDrop(root), archive=kept or Kept(root), clock=clock)


def sent(name: str = ORDER_1, body: bytes | None = None) -> Effect:
    content = (GENERIC / name).read_bytes() if body is None else body
    return Effect(kind="wms_file", key=f"demo/wms_file/{name}", items=(1,), body=content, name=name)


def lay(root: Path, folder: str, source: Path, *, name: str = "", ok: bool = False) -> Path:
    path = root / folder / (name or source.name)
    shutil.copy(source, path)
    if ok:
        path.with_name(path.name + ".ok").write_bytes(marker(source.read_bytes()))
    return path


def names_in(root: Path, folder: str) -> list[str]:
    return sorted(path.name for path in (root / folder).iterdir())


def the_days_slips() -> list[Slip]:
    """200101 to 200104 of the fixtures, as Next Engine would show them."""
    serum = SlipRow(no=1, sku="MH-SERUM-30", name="見本美容液 30ml", quantity=1, unit_price=4980, tax_rate=10)
    tea = SlipRow(no=2, sku="MH-TEA-20", name="見本ほうじ茶 20包", quantity=5, unit_price=1296, tax_rate=8)
    cream = SlipRow(
        no=1, sku="MH-CREAM-50", name="見本クリーム 50g", quantity=1, unit_price=3980, tax_rate=10
    )
    mask = SlipRow(no=2, sku="MH-MASK-07", name="見本マスク 7枚入", quantity=1, unit_price=1480, tax_rate=10)
    pill = SlipRow(no=1, sku="MH-SUPPL-60", name="見本サプリ ６０粒", quantity=2, unit_price=2160, tax_rate=8)
    gone = SlipRow(no=9, sku="MH-GONE", name="取消", quantity=1, unit_price=1, cancelled=True)
    return [
        slip(
            "200101",
            order_number="EC-2026-000201",
            deliver_on=date(2026, 11, 26),
            time_slot="午前中",
            name="見本 花子",
            kana="ミホン ハナコ",
            zip_code="1500001",
            address1="東京都渋谷区神宮前9-99-2",
            address2="見本マンション101",
            phone="090-0000-0101",
            rows=(serum, tea, gone),
        ),
        slip(
            "200102",
            order_number="EC-2026-000202",
            deliver_on=date(2026, 11, 26),
            time_slot="14時-16時",
            cash_on_delivery=True,
            total=5940,
            tax=540,
            name="テスト 太郎",
            kana="テスト タロウ",
            zip_code="5300001",
            address1="大阪府大阪市北区梅田9-99-3",
            address2="",
            phone="090-0000-0102",
            rows=(cream, mask),
        ),
        slip(
            "200103",
            order_number="EC-2026-000203",
            delivery_id="",
            delivery_method="ヤマト(ネコポス)",
            name="見本 一郎",
            kana="ミホン イチロウ",
            zip_code="0600001",
            address1="北海道札幌市中央区北一条西99-9",
            address2="",
            phone="011-000-0103",
            rows=(SlipRow(no=1, sku="MH-MASK-07", name="見本マスク 7枚入", quantity=1, unit_price=1480, tax_rate=10),),
        ),
        slip(
            "200104",
            order_number="EC-2026-000204",
            delivery_id="20",
            delivery_method="佐川急便(e飛伝3)",
            deliver_on=date(2026, 11, 26),
            time_slot="18時-20時",
            name="テスト 次郎",
            kana="テスト ジロウ",
            zip_code="4600008",
            address1="愛知県名古屋市中区栄99-9-4",
            address2="テスト栄ハイツ 4号室",
            phone="052-000-0104",
            rows=(pill,),
        ),
    ]  # fmt: skip


async def results_of(warehouse: Warehouse) -> list[ResultFile]:
    return [found async for found in warehouse.results() if isinstance(found, ResultFile)]
