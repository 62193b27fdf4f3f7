"""Receipts (受付結果) over a file warehouse: which one speaks of our file, when it is whole, what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from connector.clock import SteppedClock
from connector.errors import Malformed
from connector.outcome import Sent
from connector.ports import Receipt, Warehouse

from tests.contract.wms_desk import (
    SHORT,
    Kept,
    build,
    lay,
    names_in,
    sent,
)
from tests.contract.wms_house import CANCEL_1, GENERIC, ORDER_1, ORDER_2, ORDER_3


async def test_no_receipt_yet(warehouse: Warehouse) -> None:
    assert await warehouse.receipt(sent()) is None


@pytest.mark.parametrize(
    ("order", "slips"), [(ORDER_1, range(200101, 200109)), (ORDER_2, range(200109, 200113))]
)
async def test_a_whole_file_is_accepted(warehouse: Warehouse, root: Path, order: str, slips: range) -> None:
    lay(root, "to_wms/ack", GENERIC / f"SHIPACK_{order}")
    receipt = await warehouse.receipt(sent(order))
    assert receipt == Receipt(accepted=tuple(map(str, slips)), refused={}, name=f"SHIPACK_{order}")


async def test_single_slips_are_refused_and_repeated_ones_count_as_accepted(
    warehouse: Warehouse, root: Path
) -> None:
    lay(root, "to_wms/ack", GENERIC / f"SHIPACK_{ORDER_3}")
    receipt = await warehouse.receipt(sent(ORDER_3))
    assert receipt is not None
    assert receipt.accepted == ("200113", "200101")
    assert receipt.file_refused == ""
    assert receipt.refused == {
        "200102": "E301 指示番号重複（内容相違）",
        "200114": "E104 郵便番号不存在 9999999",
        "200115": "E201 SKU未登録 MH-NASHI-99（1行目）",
        "200116": "E102 文字数超過 届先名",
        "200117": "E404 件数不一致 行数=2 受信=1",
    }


async def test_a_cancel_is_answered_slip_by_slip(warehouse: Warehouse, root: Path) -> None:
    lay(root, "to_wms/ack", GENERIC / f"SHIPACK_{CANCEL_1}")
    receipt = await warehouse.receipt(sent(CANCEL_1))
    assert receipt is not None
    assert receipt.accepted == ("200112",)
    assert receipt.refused == {"200106": "E302 PICKING", "200199": "E302 UNKNOWN"}


@pytest.mark.parametrize(
    "answer", sorted((GENERIC / "refused").glob("SHIPACK_*")), ids=lambda path: path.name[-10:-4]
)
async def test_a_file_refused_whole_accepts_nobody(warehouse: Warehouse, root: Path, answer: Path) -> None:
    lay(root, "to_wms/ack", answer)
    receipt = await warehouse.receipt(sent(answer.name.removeprefix("SHIPACK_"), b"x"))
    assert receipt is not None
    assert re.match(r"E40[1-4] \S", receipt.file_refused)
    assert (receipt.accepted, receipt.refused) == ((), {})


@pytest.mark.parametrize("source", [f"short_name/{SHORT}", f"SHIPACK_{ORDER_2}"])
@pytest.mark.parametrize("name", [SHORT, "SHIPACK_9_demo_x_WH01_20261124113142_000777.csv"])
async def test_the_column_decides_not_the_name(
    warehouse: Warehouse, root: Path, name: str, source: str
) -> None:
    lay(root, "to_wms/ack", GENERIC / source, name=name)
    assert await warehouse.receipt(sent(ORDER_1)) is None
    receipt = await warehouse.receipt(sent(ORDER_2))
    assert receipt is not None
    assert receipt.accepted == ("200109", "200110", "200111", "200112")
    again = await warehouse.receipt(sent(ORDER_2))
    assert again is not None
    assert again.accepted == receipt.accepted


async def test_a_receipt_is_kept_before_it_is_filed(warehouse: Warehouse, root: Path, kept: Kept) -> None:
    name = f"SHIPACK_{ORDER_1}"
    lay(root, "to_wms/ack", GENERIC / name)
    await warehouse.receipt(sent())
    assert kept.names == [("wms_receipt", "in", name)]
    assert kept.still_there == [True]
    assert names_in(root, "to_wms/ack") == []
    assert names_in(root, "from_wms/archive") == [name]


async def test_after_a_crash_the_filed_receipt_is_found_again(
    root: Path, clock: SteppedClock, warehouse: Warehouse
) -> None:
    lay(root, "to_wms/ack", GENERIC / f"SHIPACK_{ORDER_1}")
    first = await warehouse.receipt(sent())
    assert await build(root, clock).receipt(sent()) == first
    assert isinstance(await build(root, clock).lies_there(sent()), Sent)


async def test_a_receipt_that_is_still_written_is_left_alone(
    warehouse: Warehouse, root: Path, clock: SteppedClock
) -> None:
    whole = (GENERIC / f"SHIPACK_{ORDER_1}").read_bytes()
    lines = whole.split(b"\r\n")
    path = root / "to_wms/ack" / f"SHIPACK_{ORDER_1}"
    for count in (2, 4):  # the file row and some slips, cut at a line and inside one
        path.write_bytes(b"\r\n".join(lines[:count]) + b'\r\n"SHIPORD')
        assert await warehouse.receipt(sent()) is None
        await clock.sleep(10)
    path.write_bytes(whole)
    receipt = await warehouse.receipt(sent())
    assert receipt is not None
    assert len(receipt.accepted) == 8


async def test_a_receipt_that_stays_short_is_taken_as_it_is(
    warehouse: Warehouse, root: Path, clock: SteppedClock
) -> None:
    lines = (GENERIC / f"SHIPACK_{ORDER_1}").read_bytes().split(b"\r\n")
    (root / "to_wms/ack" / f"SHIPACK_{ORDER_1}").write_bytes(b"\r\n".join(lines[:4]) + b"\r\n")
    assert await warehouse.receipt(sent()) is None
    await clock.sleep(31)
    receipt = await warehouse.receipt(sent())
    assert receipt is not None
    assert receipt.accepted == ("200101", "200102")  # of the others it says nothing


async def test_a_receipt_that_stays_unreadable_is_said_aloud(
    warehouse: Warehouse, root: Path, clock: SteppedClock
) -> None:
    (root / "to_wms/ack" / f"SHIPACK_{ORDER_1}").write_bytes(f'"{ORDER_1}'.encode())
    assert await warehouse.receipt(sent()) is None
    await clock.sleep(31)
    with pytest.raises(Malformed):
        await warehouse.receipt(sent())
