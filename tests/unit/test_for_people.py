"""A workbook beside the instruction: where the profile wants it, after the file, and the same bytes for ever."""

from __future__ import annotations

import io
from pathlib import Path

from connector.clock import SteppedClock, at_jst
from connector.errors import NotDone
from connector.mapping.for_people import workbook, workbook_name
from connector.outcome import Sent
from openpyxl import load_workbook

from tests.contract.wms_desk import build, sent
from tests.contract.wms_house import GENERIC, ORDER_1, TUESDAY

BODY = 'コード\r\n"00123"\r\n"=1+1"\r\n"1E5"\r\n"髙①"\r\n'.encode("cp932")


def test_every_cell_is_a_text_and_no_formula() -> None:
    sheet = load_workbook(io.BytesIO(workbook(BODY, "cp932"))).active
    cells = [row[0] for row in sheet.iter_rows()]
    assert [cell.value for cell in cells] == ["コード", "00123", "=1+1", "1E5", "髙①"]
    assert {cell.data_type for cell in cells} == {"s"}
    assert {cell.number_format for cell in cells} == {"@"}
    assert workbook(BODY, "cp932") == workbook(BODY, "cp932"), "sent again it is the same file"


async def test_it_lies_there_only_where_the_profile_wants_it(tmp_path: Path) -> None:
    (tmp_path / "to_wms/in").mkdir(parents=True)
    clock = SteppedClock(at_jst(TUESDAY, 10))
    await build(tmp_path, clock).send(sent())
    assert [path.name for path in (tmp_path / "to_wms/in").iterdir()] == [ORDER_1]
    for _ in range(2):
        reply = await build(tmp_path, clock, for_people=True).send(sent())
        assert isinstance(reply, Sent)
    assert {path.name for path in (tmp_path / "to_wms/in").iterdir()} == {ORDER_1, workbook_name(ORDER_1)}


async def test_a_workbook_that_cannot_be_laid_there_takes_nothing_back(tmp_path: Path) -> None:
    (tmp_path / "to_wms/in").mkdir(parents=True)
    warehouse = build(tmp_path, SteppedClock(at_jst(TUESDAY, 10)), for_people=True)
    put = warehouse._drop.put

    async def full(folder: str, name: str, body: bytes) -> None:
        if name.endswith(".xlsx"):
            raise NotDone("the disk is full")
        await put(folder, name, body)

    warehouse._drop.put = full  # type: ignore[method-assign]
    reply = await warehouse.send(sent())
    assert isinstance(reply, Sent)
    assert "the disk is full" in str(reply.evidence["workbook"])
    assert (tmp_path / "to_wms/in" / ORDER_1).read_bytes() == (GENERIC / ORDER_1).read_bytes()
