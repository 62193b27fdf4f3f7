"""Vocabulary (変換設定の言葉): mappings/README.md has every word of the closed vocabulary, in the code's own words.

Tables between `<!-- name -->` and `<!-- end -->` are written by the code: where one fails, the message is the
table as it should stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from connector.adapters.wms.meanings import MEANINGS, Meaning
from connector.mapping import TRANSFORMS
from connector.mapping.checks import CHECKS
from connector.mapping.conditions import OPERATORS
from connector.mapping.grammars import GRAMMARS, TRACKING, WORDS, tracking
from connector.mapping.lint import KINDS
from connector.mapping.lookups import LOOKUPS
from connector.mapping.sources import SOURCES
from connector.mapping.systems import LOOKED_UP
from connector.mapping.text import RULES
from connector.mapping.transforms import TAKES
from connector.mapping.values import VALUES
from connector.slip import Carrier

FOLDER = Path(__file__).resolve().parent.parent / "mappings"
VOCABULARY = (FOLDER / "README.md").read_text(encoding="utf-8")

KIND_OF = {str: "文字", int: "数", bool: "はい・いいえ", date: "日付", datetime: "時刻"}


def first_line(thing: Any) -> str:
    return str(thing.__doc__ or "").strip().splitlines()[0]


def transforms() -> Iterator[str]:
    yield "| 変換 | 受け取るもの | すること |"
    yield "|---|---|---|"
    for name, step in TRANSFORMS.items():
        yield f"| `{name}` | {KIND_OF[TAKES.get(name, str)]} | {first_line(step)} |"


def described(head: str, things: Mapping[str, Any]) -> Iterator[str]:
    yield f"| {head} | 意味 |"
    yield "|---|---|"
    for name, thing in things.items():
        yield f"| `{name}` | {thing if isinstance(thing, str) else first_line(thing)} |"


def columns(meanings: Mapping[str, Meaning]) -> Iterator[str]:
    yield "| `key:` | 意味 | `grammar:` | 空欄 | 言葉 | 列がないファイル |"
    yield "|---|---|---|---|---|---|"
    for key, one in meanings.items():
        grammars, blank = "・".join(f"`{grammar}`" for grammar in one.grammars), "可" if one.blank else "不可"
        yield f"| `{key}` | {one.name} | {grammars} | {blank} | {said(one)} | {without(one)} |"


def said(one: Meaning) -> str:
    if set(Carrier) <= set(one.words):
        return "運送会社コード" + ('、`""`（書かない）' if "" in one.words else "")
    return "・".join(f"`{word}`" for word in one.words)


def without(one: Meaning) -> str:
    if not one.must:
        return "構わない"
    return f"`absent:` に{instead(one)}" if one.instead else "読まない"


def instead(one: Meaning) -> str:
    if one.absent or one.words:
        return "・".join(f"`{word}`" for word in one.absent) or "言葉"
    return ("半角の数" if one.counted else "文字") + ('か `""`' if one.blank else "")


TABLES: dict[str, list[str]] = {
    "transforms": list(transforms()),
    "lookups": list(described("表引き", LOOKUPS)),
    "checks": list(described("照合", CHECKS)),
    "grammars": list(described("書式", {**GRAMMARS, TRACKING: tracking})),
    "rules": list(described("記録の名前", RULES)),
    **{kind: list(columns(meanings)) for kind, meanings in MEANINGS.items() if kind != "export"},
}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_the_vocabulary_table_is_the_codes(name: str) -> None:
    expected = "\n".join(TABLES[name])
    found = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- end -->", VOCABULARY, re.DOTALL)
    assert found is not None, f"mappings/README.md has no table {name}"
    assert found[1] == expected, f"it should be:\n{expected}"


@pytest.mark.parametrize("word", sorted({*OPERATORS, *SOURCES, *VALUES, *LOOKED_UP, *KINDS, WORDS}))
def test_the_vocabulary_has_every_word(word: str) -> None:
    assert f"`{word}`" in VOCABULARY or f"`{word}:" in VOCABULARY


def test_every_mapping_file_is_listed() -> None:
    for path in sorted(FOLDER.rglob("*.yaml")):
        assert f"`{path.relative_to(FOLDER).as_posix()}`" in VOCABULARY
