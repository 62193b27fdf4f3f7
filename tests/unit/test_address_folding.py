"""Folding (表記ゆれ): which spellings of a Japanese address mean one place, and which do not."""

from __future__ import annotations

import pytest
from connector.addresses.folding import fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("旭ヶ丘", "旭が丘"),
        ("旭ケ丘", "旭ガ丘"),
        ("大字見本字例", "見本例"),
        ("北十二条西二丁目", "北12条西2丁目"),
        ("一〇三番地", "１０３番地"),
        ("二十四軒", "24軒"),
        ("百二十番", "120番"),
        ("井之頭", "井ノ頭"),
        ("龍ケ崎", "竜ヶ崎"),
        ("9－99", "9-99"),
        ("見本 太郎", "見本　太郎"),
    ],
)
def test_spellings_that_mean_one_place(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("センター9", "センタ9"), ("北一条", "北二条"), ("十一", "二十")])
def test_spellings_that_do_not(one: str, other: str) -> None:
    assert fold(one) != fold(other)
