"""Golden mapping cases: the shipped mappings write exactly the bytes of fixtures/golden."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import msgspec
import pytest
from connector.mapping import load_mail, speaks_by_api
from connector.mapping.sources import SOURCES

from tests.golden import samples

GOLDEN = samples.FIXTURES / "golden"
CASES = sorted(GOLDEN.glob("*/*.json"))
SOURCE_OF = {
    "next_engine/order_csv.yaml": "order",
    "next_engine/order_csv_invoice.yaml": "order",
    "wms/generic/instruction.yaml": "instruction",
    "wms/generic/stop.yaml": "stop",
    "wms/b2cloud/instruction.yaml": "instruction",
    "wms/ehiden3/instruction.yaml": "instruction",
    "wms/yupri/instruction.yaml": "instruction",
    "wms/logizard-csv/instruction.yaml": "instruction",
    "wms/h2h-tab/instruction.yaml": "instruction",
    "ecforce/completion_state.yaml": "completion",
    "ecforce/completion_shipping.yaml": "completion",
}


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_bytes_the_holds_and_the_records_are_the_golden_ones(case: Path) -> None:
    said = json.loads(case.read_text("utf-8"))
    kind = SOURCES[SOURCE_OF[said["mapping"]]]
    items = [msgspec.convert(item, kind) for item in said["items"]]
    written = samples.writer(said["mapping"]).write(items)

    assert written.body.decode("cp932") == case.with_suffix(".csv").read_bytes().decode("cp932")
    assert written.body == case.with_suffix(".csv").read_bytes()
    assert [[key, hold.reason, without_lines(hold.note)] for key, hold in written.held] == [
        [key, reason, without_lines(note)] for key, reason, note in said["held"]
    ]
    assert [str(note) for note in written.replaced] == said["replaced"]
    assert not {key for key, _ in written.held} & set(written.included)


def test_every_writing_mapping_has_a_golden_case() -> None:
    """What an API is sent is compared with its recorded requests instead (fixtures/wms/<api>)."""
    writers = {
        path.relative_to(samples.MAPPINGS).as_posix()
        for path in samples.MAPPINGS.rglob("*.yaml")
        if "kind: csv_writer" in path.read_text("utf-8") and not speaks_by_api(path.with_name("profile.yaml"))
    }
    assert writers == set(SOURCE_OF)
    assert writers == {json.loads(case.read_text("utf-8"))["mapping"] for case in CASES}


def without_lines(note: str) -> str:
    """The line a value belongs after moves with every edit of a table."""
    return re.sub(r"の \d+ 行目", "の n 行目", note)


def rows_of_fixture(name: str) -> list[bytes]:
    return (samples.FIXTURES / name).read_bytes().split(b"\r\n")


def test_the_instruction_case_consists_of_rows_of_the_fixtures() -> None:
    golden = (GOLDEN / "wms-generic-instruction/the_fixtures_slips.csv").read_bytes().split(b"\r\n")
    first = rows_of_fixture("wms/generic/SHIPORD_demo_WH01_20261124101500_000001.csv")
    second = rows_of_fixture("wms/generic/SHIPORD_demo_WH01_20261124113000_000002.csv")
    assert golden[0] == first[0]
    assert set(golden[1:]) <= set(itertools.chain(first, second))
    assert len(golden) == 12  # header, 10 rows of 7 slips, the end of the last line


def test_the_order_csv_header_is_next_engines() -> None:
    golden = samples.writer("next_engine/order_csv.yaml").header
    fixture = rows_of_fixture("next_engine/import_csv/ok_1_one_order_one_item/upload.csv")[0]
    assert ",".join(golden) == fixture.decode("cp932")
    assert len(golden) == 41


def test_the_mail_has_the_lines_of_the_fixtures_mail() -> None:
    form = load_mail(samples.MAPPINGS / "next_engine/mail.yaml", samples.tables())
    order = samples.order(
        "TEST000201",
        placed_at=msgspec.convert("2026-11-20T00:58:12Z", type=type(samples.AT)),
        lines=(samples.line(sku="TEST-SKU-001", quantity=2, unit_price=3980),),
    )
    said = (samples.FIXTURES / "next_engine/intake_mail/01_plain_utf8.eml").read_text("utf-8")
    wanted = [line for line in said.splitlines() if "：" in line]
    assert [line for line in form.text(order).splitlines() if "：" in line] == wanted
    assert form.subject(order) == "ご注文のお知らせ TEST000201"
