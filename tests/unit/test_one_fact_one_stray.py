"""What is wrong with one row of a file is told once, although a plain row is read as goods and as a parcel."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from connector.adapters.wms.plain import KEYS
from connector.adapters.wms.shipments import Rules, gather
from connector.mapping import Row

from tests.unit.world import tracking

RULES = Rules(today=date(2026, 11, 24), lines_optional=True, plain=True)


def plain_row(line: int = 2, **more: Any) -> Row:
    values: dict[str, Any] = dict.fromkeys(KEYS) | {
        "slip_number": "9001",
        "tracking": tracking(9001),
        "carrier": "YAMATO_TAKKYUBIN",
        "shipped_on": date(2026, 11, 24),
        "sku": "SKU-1",
        "quantity": 1,
    }
    return Row(line=line, values=values | more)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"shipped_on": date(2027, 11, 24)}, "「出荷日」が先の日付です（2027/11/24）。"),
        ({"quantity": None}, "明細行に「商品コード」か「出荷数」がありません。"),
        ({"tracking": None}, "「送り状番号」がありません。"),
    ],
)
def test_one_wrong_row_is_one_stray(wrong: dict[str, Any], words: str) -> None:
    found = gather("x.csv", [plain_row(**wrong)], RULES)
    assert found.shipments == ()
    (stray,) = found.strays
    assert stray.where == "x.csv:2"
    assert words in stray.words


def test_another_row_of_the_same_event_is_still_told() -> None:
    rows = [plain_row(2, quantity=None), plain_row(3, sku="SKU-2", tracking=tracking(9002))]
    found = gather("x.csv", rows, RULES)
    assert found.shipments == ()
    assert [one.where for one in found.strays] == ["x.csv:2", "x.csv:3"]
    assert "同じ実績に読めない行があります" in found.strays[1].words
