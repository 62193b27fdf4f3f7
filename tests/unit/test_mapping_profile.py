"""Warehouse profile: the names our files go by and theirs are known by."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.golden.samples import AT, FIXTURES, profile


def test_our_file_names() -> None:
    assert profile().file_name("instruction", AT, 12) == "SHIPORD_demo_WH01_20261124103000_000012.csv"
    assert profile().file_name("stop", AT, 1) == "SHIPCAN_demo_WH01_20261124103000_000001.csv"


@pytest.mark.parametrize(
    "path", sorted((FIXTURES / "wms/generic").rglob("SHIP*.csv")), ids=lambda path: path.name
)
def test_every_fixture_is_known_by_its_name(path: object) -> None:
    name = getattr(path, "name", "")
    known = [kind for kind in ("instruction", "stop", "receipt", "result") if profile().matches(kind, name)]
    words = {"SHIPORD": "instruction", "SHIPCAN": "stop", "SHIPACK": "receipt", "SHIPRES": "result"}
    assert known == [words[name[:7]]]


@pytest.mark.parametrize(
    "name",
    [
        "SHIPRES_other_WH01_20261124183000_000001.csv",
        "SHIPRES_demo_WH02_20261124183000_000001.csv",
        "SHIPRES_demo_WH01_20261124183000_000001.csv.ok",
        ".SHIPRES_demo_WH01_20261124183000_000001.csv.part",
        "SHIPRES_demo_WH01_20261124_000001.csv",
    ],
)
def test_other_files_are_not(name: str) -> None:
    assert not profile().matches("result", name)


def test_a_name_that_the_other_side_made_up_may_bear_the_mark_of_a_copy() -> None:
    odd = replace(profile(), names={}, likes={"result": "*発行済データ*.csv|実績(1).csv"})
    for name in (
        "11月＿発行済ﾃﾞｰﾀ.CSV",
        "発行済データ (2).csv",
        "発行済データ.csv.1",
        "実績(1).csv",
        "実績（１）.csv",
    ):
        assert odd.inbound(name) == "result", name
    for name in ("発行済データ.txt", "実績.csv", "実績(2).csv"):
        assert odd.inbound(name) == "", name


def test_whose_file_it_is_by_its_name() -> None:
    theirs = "SHIPRES_{}_20261124183000_000001.csv"
    for code in ("demo_WH02", "other_WH01", "other-shop_WH-3"):
        assert profile().of_another(theirs.format(code)), code
        assert profile().inbound(theirs.format(code)) == ""
    assert not profile().of_another(theirs.format("demo_WH01"))
    assert not profile().of_another("SHIPRES_demo_WH02_20261124_000001.csv")
    assert not profile().of_another("実績.csv")
