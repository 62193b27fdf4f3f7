"""Transforms, look-ups, checks and grammars: each works as its line in mappings/README.md says, and has one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from connector.mapping import TRANSFORMS, Unfit
from connector.mapping.checks import CHECKS
from connector.mapping.conditions import OPERATORS
from connector.mapping.grammars import GRAMMARS, TRACKING, WORDS
from connector.mapping.lookups import LOOKUPS
from connector.mapping.values import VALUES
from connector.outcome import Reason

from tests.golden.samples import MAPPINGS

EXAMPLES: list[tuple[str, Any, str]] = [
    ("ascii", "taro+1@example.jp", "taro+1@example.jp"),
    ("blank_if_zero", 0, ""),
    ("blank_if_zero", 8, "8"),
    ("code", "4120000e17", "4120000e17"),
    ("crlf", "一\n二\r\n三\r四", "一\r\n二\r\n三\r\n四"),
    ("date_compact", date(2026, 1, 5), "20260105"),
    ("date_slash", date(2026, 1, 5), "2026/01/05"),
    ("digits", "１２３-45 6", "123456"),
    ("flag", True, "1"),
    ("flag", False, "0"),
    ("full_kana", "みほん ﾊﾅｺ", "ミホン ハナコ"),
    ("half_kana", "みほん　ガクブチ", "ﾐﾎﾝ ｶﾞｸﾌﾞﾁ"),
    ("jst_date", datetime(2026, 11, 24, 15, 0, tzinfo=UTC), "2026/11/25"),
    ("jst_slash", datetime(2026, 11, 24, 0, 5, 9, tzinfo=UTC), "2026/11/24 09:05:09"),
    ("narrow", "１－２　ﾃｽﾄＢ棟①", "1-2 テストB棟①"),
    ("no_blanks", " 一 二　三 ", "一二三"),
    ("one_line", "一\r\n二\t三　四 ", "一 二 三　四"),
    ("phone", "＋81-90ー0000-0001", "090-0000-0001"),
    ("phone", "03(0000)0001", "03-0000-0001"),
    ("phone", "（０３）0000－0001", "03-0000-0001"),
    ("phone", "03.0000.0001", "03-0000-0001"),
    ("phone", "+81 (0)3-0000-0001", "03-0000-0001"),
    ("trim", "　見本 ", "見本"),
    ("wide", "A-1 ﾃｽﾄ", "Ａ－１　テスト"),
    ("zip7", "150−0001", "1500001"),
    ("zip7", "", ""),
    ("zip_hyphen", "１５００００１", "150-0001"),
]


@pytest.mark.parametrize(("name", "value", "wanted"), EXAMPLES)
def test_each_transform_gives_its_example(name: str, value: Any, wanted: str) -> None:
    assert TRANSFORMS[name](value) == wanted


def test_every_transform_has_an_example_and_says_what_it_does() -> None:
    assert {name for name, _, _ in EXAMPLES} == set(TRANSFORMS)
    assert all(step.__doc__ for step in TRANSFORMS.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("code", "A_1"),
        ("code", "4,1"),
        ("ascii", "たろう@example.jp"),
        ("ascii", "taro@example.jp\n"),
        ("digits", "12a"),
        ("zip7", "150000"),
        ("zip_hyphen", "15000011"),
        ("phone", "電話なし"),
    ],
)
def test_what_a_transform_cannot_carry_is_held_and_shown(name: str, value: str) -> None:
    with pytest.raises(Unfit) as raised:
        TRANSFORMS[name](value)
    assert raised.value.hold.reason is Reason.MALFORMED
    assert value in raised.value.words


@pytest.mark.parametrize(
    "word", sorted({*TRANSFORMS, *LOOKUPS, *CHECKS, *GRAMMARS, TRACKING, WORDS, *OPERATORS, *VALUES})
)
def test_every_word_of_the_vocabulary_stands_in_the_readme(word: str) -> None:
    readme = (MAPPINGS / "README.md").read_text("utf-8")
    assert f"`{word}`" in readme or f"`{word}: " in readme


@pytest.mark.parametrize(
    "table", [TRANSFORMS, LOOKUPS, CHECKS, GRAMMARS], ids=["as", "lookup", "checks", "grammar"]
)
def test_every_named_function_is_documented(table: dict[str, Any]) -> None:
    assert [name for name, function in table.items() if not function.__doc__] == []
