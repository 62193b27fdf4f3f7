"""Taken, not yet answered: the warehouse's poll takes our file away, and its receipt comes a while later.

Between the two the file lies nowhere. It was seen there, so it is on its way and never "provably absent".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from tests.contract.wms_desk import build, names_in
from tests.unit.world import an_order, world

FOLDERS = ("to_wms/in", "to_wms/ack", "from_wms/out", "from_wms/archive", "from_wms/error")
ADDRESS = {
    "zip_code": "150-0001",
    "address1": "東京都渋谷区神宮前9-99-2",
    "phone": "090-0000-0101",
    "delivery_id": "20",
    "delivery_method": "ヤマト(発払い)B2v6",
    "name": "見本 花子",
}


@pytest.mark.parametrize("what", ["the file", "only its marker"])
async def test_what_the_warehouse_took_is_not_sent_again(tmp_path: Path, what: str) -> None:
    root = tmp_path / "drop"
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True)
    with world(tmp_path) as w:
        w.wms = cast(Any, build(root, w.clock, marker=what != "the file"))
        w.runner = w.new_runner()
        await w.to_print_ready(an_order())
        w.ne.edit(w.slip_of(), **ADDRESS)
        await w.run("follow_slips", "relay")
        for _ in range(2):
            w.pass_by(minutes=10)
            await w.run("relay")
        assert w.effects("wms_file") == ["sent"]
        sent = {name for name in names_in(root, "to_wms/in") if name.endswith(".csv")}
        taken = ".csv" if what == "the file" else ".ok"
        for name in [name for name in names_in(root, "to_wms/in") if name.endswith(taken)]:
            (root / "to_wms/in" / name).unlink()
        for _ in range(6):
            w.pass_by(minutes=11)
            await w.run("relay")
        left = {name for name in names_in(root, "to_wms/in") if name.endswith(".csv")}
        assert left <= sent
        assert len(sent) == 1
        assert len(w.effects("wms_file")) == 1
