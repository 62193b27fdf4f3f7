"""Headings (見出しの食い違い): why the first line of a refused file is not the header that the mapping knows, in one
sentence.

Dangerous: a file without headings has its first customer there. Texts of that line are named only where it is one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

from connector.errors import Malformed
from connector.mapping.document import nearest
from connector.mapping.table_text import DELIMITERS, Line, TableText

MOST = 10  # headings named
_LONG = 16  # characters of a heading
_LINES = 20  # of the beginning, among which a header is looked for
_NUMBER = re.compile(r"[0-9]{3}|@")  # of a telephone, a day, a slip, a mail address: no heading has that


def fold(header: str) -> str:
    """Headers are compared without width and blanks: （） and () are one (spec/ecforce.md §5.1)."""
    return "".join(unicodedata.normalize("NFKC", header).split())


def without_blank_tail(fields: Sequence[str]) -> Sequence[str]:
    end = len(fields)
    while end and not fields[end - 1].strip():
        end -= 1
    return fields[:end]


def why_missing(
    text: TableText, header: Line, missing: Mapping[int, tuple[str, str]], known: Collection[str]
) -> tuple[int, str]:
    """The line's column and the sentence. `known`: every heading of the mapping, folded.

    `missing`: by their place in the mapping, as written and folded.
    """
    fields = without_blank_tail(header.fields)
    if other := _other_delimiter(text, header, known):
        return 1, other
    if later := _later(text, header, known):
        words = f"見出し行は {later} 行目にあります。{_before(later)}を書き出さないようにしてもらってください"
        return 1, words
    words = f"見出し{_named([name for name, _ in missing.values()])}がありません"
    strangers = {fold(one): at for at, one in enumerate(fields, 1) if one.strip() and fold(one) not in known}
    if not _is_header(fields, known):
        return 1, f"{words}。1行目が見出しではないようです"
    guesses = [(name, close) for name, own in missing.values() if (close := nearest(own, strangers))]
    where = strangers[guesses[0][1]] if guesses else min(missing)
    return where, "。".join((words, *_unknown(strangers, guesses)))


def _unknown(strangers: Collection[str], guesses: Sequence[tuple[str, str]]) -> Iterator[str]:
    if guesses:
        pairs = "、".join(f"「{short(close)}」は「{name}」" for name, close in guesses[:3])
        yield f"{pairs}のことなら、設定の also: に足してください"
    if strangers:
        yield f"設定にない見出し: {_named(list(strangers))}"


def _named(names: Sequence[str]) -> str:
    more = f" ほか{len(names) - MOST}件" if len(names) > MOST else ""
    return "".join(f"「{short(name)}」" for name in names[:MOST]) + more


def short(name: str) -> str:
    return name if len(name) <= _LONG else f"{name[:_LONG]}…"


def _is_header(fields: Sequence[str], known: Collection[str]) -> bool:
    return any(fold(one) in known for one in fields) or not any(_NUMBER.search(fold(one)) for one in fields)


def _other_delimiter(text: TableText, header: Line, known: Collection[str]) -> str:
    """Where the line falls apart at another delimiter than the mapping's."""
    line = text.delimiter.join(header.fields)
    here = _hits(header.fields, known)
    for name, other in (*DELIMITERS.items(), ("", ";")):
        fields = [one.strip("\"' ") for one in line.split(other)]
        apart = len(header.fields) == 1 and len(fields) > 2 and _is_header(fields, known)
        if other == text.delimiter or not (apart or _hits(fields, known) > max(here, 1)):
            continue
        if not name:
            return "セミコロン (;) で区切られています。見出しの間をコンマかタブにしてもらってください"
        return f"{_DELIMITERS[name]}で区切られています。見出しを読むには、設定に delimiter: {name} と書いてください"
    return ""


_DELIMITERS = {"comma": "コンマ", "tab": "タブ"}


def _hits(fields: Sequence[str], known: Collection[str]) -> int:
    return sum(fold(one) in known for one in fields)


def _later(text: TableText, header: Line, known: Collection[str]) -> int:
    """The line further down that is the header, from 1; 0 where there is none."""
    here = _hits(header.fields, known)
    try:
        for line in islice(text.lines(), 1, _LINES):
            if _hits(line.fields, known) >= max(2, here + 2):
                return line.number
    except Malformed:
        pass  # that is not where the header stands
    return 0


def _before(line: int) -> str:
    return "1行目" if line == 2 else f"1～{line - 1}行目"
