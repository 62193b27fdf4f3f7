"""What we hand to people, opened in LibreOffice (本物の表計算ソフト): every code comes back as it was.

The control stands beside it: the same rows as a CSV lose their zeros there, which is why people get a workbook.
"""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from pathlib import Path

import pytest
from connector.adapters.wms.files import FileWarehouse
from connector.clock import SteppedClock, at_jst
from connector.mapping.for_people import workbook, workbook_name
from connector.outcome import Sent
from connector.slip import SlipRow
from msgspec.structs import replace

from tests.contract.wms_desk import Kept, build, sent, the_days_slips
from tests.contract.wms_house import TUESDAY

pytestmark = pytest.mark.realserver
PATIENCE = 90.0
CODES = (
    *(
        "00123",
        "0600001",
        "999900001015",
        "123456789012345678",
        "1E5",
        "12E10",
        "4-1",
        "2026/11/24",
        "20261124",
    ),
    *(
        "=1+1",
        "+81",
        "-5",
        "@SUM(A1)",
        "'0123",
        "TRUE",
        "1,000",
        "0.10",
        "10%",
        "１２３",
        "髙﨑①㈱",
        "12:30",
        "#N/A",
    ),
)


def opened(file: Path, folder: Path, *options: str) -> list[list[str]]:
    """The cells as LibreOffice shows them."""
    soffice = shutil.which("soffice")
    if soffice is None:
        pytest.skip("LibreOffice (soffice) is not installed on this machine")
    out = folder / f"out_{file.suffix[1:]}"
    subprocess.run(
        [
            soffice,
            f"-env:UserInstallation={(folder / 'office').as_uri()}",
            "--headless",
            *options,
            *("--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"),
            *("--outdir", str(out), str(file)),
        ],
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    text = (out / f"{file.stem}.csv").read_text(encoding="utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def rows_of(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("cp932"), newline="")))


async def test_an_instruction_for_people_keeps_every_code(tmp_path: Path) -> None:
    clock, root = SteppedClock(at_jst(TUESDAY, 10)), tmp_path / "tree"
    (root / "to_wms/in").mkdir(parents=True)
    for_people: FileWarehouse = build(root, clock, Kept(root), for_people=True)
    goods = tuple(
        SlipRow(no=n, sku=sku, name="見本", quantity=1, unit_price=100)
        for n, sku in enumerate(("00123", "1E5", "4-1", "2026-11-24", "123456789012"), 1)
    )
    slips = [replace(slip, rows=goods) for slip in the_days_slips()]
    (built,) = for_people.instructions(slips, sequence=1, at=clock.now())
    assert built.included
    reply = await for_people.send(sent(built.facts["name"], built.body))
    assert isinstance(reply, Sent)
    beside = root / "to_wms/in" / workbook_name(built.facts["name"])
    assert reply.evidence["workbook"] == beside.name
    assert (root / "to_wms/in" / built.facts["name"]).read_bytes() == built.body, "machines get what they got"
    assert opened(beside, tmp_path) == rows_of(built.body)


def test_codes_that_a_spreadsheet_would_read_otherwise_come_back(tmp_path: Path) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(
        [["コード"], *([code] for code in CODES)]
    )
    body = out.getvalue().encode("cp932")
    book, plain = tmp_path / "codes.xlsx", tmp_path / "codes.csv"
    book.write_bytes(workbook(body, "cp932"))
    assert [row[0] for row in opened(book, tmp_path)[1:]] == list(CODES)
    plain.write_bytes(body)
    as_csv = [row[0] for row in opened(plain, tmp_path, "--infilter=CSV:44,34,64,1")[1:]]
    assert as_csv[0] == "123", "the control: opened as a CSV the zeros are gone"
    assert as_csv != list(CODES)
