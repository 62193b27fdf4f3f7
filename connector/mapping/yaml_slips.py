"""YAML slips (YAMLの書き損じ): what a person mistyped in a file that is no YAML, at the character that is wrong.

The parser tells where it gave up, which may be lines later. Japanese keyboards make the commonest slips: a full-width
colon, comma or blank; so the lines just before are looked at first, and the parser's own place is the last resort.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_BACK = 4  # lines before the parser's that may have led it astray
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|(?:^|(?<=\s))#.*")
_KEY = r"(?:^[\s\u3000]*(?:-\s+)*|[{,，]\s*)(?!\d)[^\s:：,，{}\[\]\"']+"
_SLIPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?P<at>\t)"), "タブは使えません。半角の空白にしてください"),
    (re.compile(rf"{_KEY}\s*(?P<at>：)"), "全角のコロン「：」です。半角の「: 」にしてください"),
    (re.compile(r"[{\[][^}\]]*(?P<at>，)"), "全角のコンマ「，」です。半角の「, 」にしてください"),
    (re.compile(r"[{\[][^}\]]*(?P<at>、)"), "読点「、」です。半角の「, 」にしてください"),
    (re.compile(r"^\s*(?P<at>\u3000)|[:,-](?P<then>\u3000)"), "全角の空白です。半角の空白にしてください"),
    (re.compile(rf"{_KEY}:(?P<at>[^\s:/])"), "「:」の後に半角の空白がありません"),
)
_SAID: tuple[tuple[str, str], ...] = (
    (
        "mapping values are not allowed",
        "ここに「: 」は書けません。字下げを直すか、値を引用符で囲んでください",
    ),
    ("could not find expected ':'", "「名前: 値」の「: 」がありません"),
    ("expected <block end>", "字下げ (行の先頭の空白の数) が前の行と合いません"),
    ("expected ',' or '}'", "{ } の中は「, 」で区切り、} で閉じてください"),
    ("expected ',' or ']'", "[ ] の中は「, 」で区切り、] で閉じてください"),
    ("unexpected end of stream", "引用符が閉じていません"),
    ("cannot start any token", "この文字では値を始められません。値を引用符で囲んでください"),
)


class Slip(NamedTuple):
    """Line and column count from 1."""

    line: int
    column: int
    words: str


def slip_at(text: str, line: int, column: int, said: str) -> Slip:
    """What to mend where the parser gave up at this place with these words."""
    lines = text.splitlines()
    for number in range(min(line, len(lines)), max(line - _BACK, 1) - 1, -1):
        if slip := _slip(lines[number - 1], number):
            return slip
    return Slip(line, column, next((words for begin, words in _SAID if begin in said), said))


def _slip(line: str, number: int) -> Slip | None:
    """The first slip of a line, quoted texts and comments aside."""
    bare = _QUOTED.sub(lambda quoted: "x" * len(quoted[0]), line)
    found = ((hit.start(hit.lastgroup or 0), words) for rule, words in _SLIPS if (hit := rule.search(bare)))
    at, words = min(found, default=(-1, ""))
    return Slip(number, at + 1, words) if at >= 0 else None
