"""Warehouse profile: the names our files go by and theirs are known by."""

from __future__ import annotations

import pytest

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
