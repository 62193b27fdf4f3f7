"""Character firewall (文字の関所): no character vanishes or becomes another one without a record.

The danger is cp932. It carries 〜 and − silently as other characters, lacks ¥, —, 鷗 and every emoji, and
`errors="replace"` would print "?" on a label, which is a mis-delivery. spec/wms.md §5.2, reliability §10.1.
"""

from __future__ import annotations

import codecs
import re
import threading
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, groupby

from connector.mapping.pages import DASHES, PAGES, carried, long_form, spellings, standing, unseen, watched
from connector.mapping.unfit import Unfit
from connector.outcome import Reason

__all__ = ["DASHES", "RULES", "Firewall", "Replacement", "carried", "shown", "suspects", "undone", "width"]

_BREAKS = re.compile("\r\n|[\r\n\t]")
_CLUSTER = re.compile(".[\u0300-\u036f\u3099\u309a]*", re.DOTALL)

HANDLER = "connector.firewall"
_fired = threading.local()


def _report(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler: notes where a page cannot be carried. Its bytes are thrown away afterwards."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    _fired.starts.append(error.start)
    return "", error.end


codecs.register_error(HANDLER, _report)


RULES = {
    "band": "時間帯の表による代わりの時間帯",
    "blank": "空白の整理",
    "dash": "横線・波線などの統一",
    "dropped": "送り先が受け付けない指定",
    "expanded": "機種依存文字の書き下し",
    "formula": "表計算ソフトが式と読む先頭の記号の除去",
    "invisible": "見えない文字の除去",
    "line_break": "改行を空白に",
    "nfc": "文字の合成",
    "stand_in": "書けない文字の代わり",
    "substitution": "characters.yaml の置き換え",
    "unquoted": "引用符のないファイルの区切り文字を全角に",
    "width": "英数字と半角カナの幅の統一",
}
"""Every rule by which a text may change on its way out, with the operators' words for it."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """One recorded change of a text: which rule, where, what became what (V6)."""

    key: str
    column: str
    rule: str
    found: str
    put: str
    position: int  # from 1, in the text before the step
    step: int = 0  # the changes of one step were made at once; the steps of an item count up

    def __str__(self) -> str:
        place = f"{self.key} {self.column} {self.position}文字目"
        return f"{place}: {shown(self.found)} → 「{self.put}」 ({RULES[self.rule]})"


def shown(text: str) -> str:
    """A character with its code point, as an operator can look it up: 「♥」(U+2665). Longer texts as they are."""
    visible = "".join(c if c.isprintable() else "□" for c in text)
    return f"「{visible}」(U+{ord(text):04X})" if len(text) == 1 else f"「{visible}」"


def width(text: str) -> int:
    """Half-width units: ASCII and half-width kana 1, everything else 2, as in cp932 bytes."""
    if text.isascii():
        return len(text)
    return sum(1 if c < "\x80" or "\uff61" <= c <= "\uff9f" else 2 for c in text)


def suspects(blocks: Sequence[str], encoding: str) -> set[int]:
    """The numbers of the blocks that need a careful look, found by one encoder call for all of them.

    Performance §1.3: many times cheaper than looking at each field first. What the encoder gave is thrown
    away; clean blocks are encoded strictly when the file is put together.
    """
    page = "".join(blocks)
    _fired.starts = []
    page.encode(PAGES[encoding].codec, HANDLER)
    starts = _fired.starts + [hit.start() for hit in watched(encoding).finditer(page)]
    found: set[int] = set()
    if starts:
        ends = list(accumulate(map(len, blocks)))
        found = {bisect_right(ends, start) for start in starts}
    if not unicodedata.is_normalized("NFC", page):
        found |= {i for i, block in enumerate(blocks) if not unicodedata.is_normalized("NFC", block)}
    return found


Note = tuple[str, str, str, int]  # rule, found, put, position


@dataclass(slots=True)
class Firewall:
    """The careful way for one item: every step by name, every change written down. `encoding` names a page."""

    key: str
    substitutions: Mapping[str, str]
    encoding: str = "cp932"
    replaced: list[Replacement] = field(default_factory=list)
    steps: int = 0

    def clean(self, column: str, text: str, *, multiline: bool = False, stand_in: str = "") -> str:
        """The text as the receiver can carry it; Unfit names every character that has no way over.

        `stand_in` is what a column (never a name or an address) accepts for a character without a way.
        """
        if text.isascii() and text.isprintable():
            return text
        page = PAGES[self.encoding]
        text = self.noted(column, *_composed(text, self.encoding, self.substitutions))
        text = self.noted(column, *changed("dash", page.hyphens, "-", text))
        text = self.noted(column, *changed("dash", spellings(self.encoding), page.dashes, text))
        text = self.noted(column, *changed("invisible", unseen(self.encoding), "", text))
        if not multiline:
            text = self.noted(column, *changed("line_break", _BREAKS, " ", text))
        return self._substitute(column, text, stand_in)

    def noted(self, column: str, text: str, notes: Iterable[Note]) -> str:
        """The text after a step, its changes written down."""
        self.steps += 1
        self.replaced += [Replacement(self.key, column, *note, self.steps) for note in notes]
        return text

    def _substitute(self, column: str, text: str, stand_in: str) -> str:
        if carried(text, self.encoding):
            return text
        out: list[str] = []
        notes: list[Note] = []
        bad: list[str] = []
        for position, character in enumerate(text, 1):
            if carried(character, self.encoding):
                out.append(character)
                continue
            rule, put = self._in_its_place(character, stand_in)
            out.append(put)
            if not put:
                bad.append(f"{position}文字目 {shown(character)}")
                continue
            notes.append((rule, character, put, position))
        if bad:
            title = PAGES[self.encoding].title
            raise Unfit(Reason.UNMAPPABLE_TEXT, f"{title} で書けない文字があります: {'、'.join(bad)}")
        return self.noted(column, "".join(out), notes)

    def _in_its_place(self, character: str, stand_in: str) -> tuple[str, str]:
        """By which rule what stands for it; nothing where it has no way over."""
        put = self.substitutions.get(character, "")
        if put and carried(put, self.encoding):
            return "substitution", put
        if form := long_form(character, self.encoding):
            return "expanded", form
        return "stand_in", stand_in


def changed(
    rule: str, pattern: re.Pattern[str], put: str | Mapping[str, str] | Callable[[str], str], text: str
) -> tuple[str, list[Note]]:
    """The text after one named step, and a note for each change."""
    notes: list[Note] = []

    def change(hit: re.Match[str]) -> str:
        new = put if isinstance(put, str) else put(hit[0]) if callable(put) else put[hit[0]]
        if new != hit[0]:
            notes.append((rule, hit[0], new, hit.start() + 1))
        return new

    return pattern.sub(change, text), notes


def _composed(text: str, page: str, substitutions: Mapping[str, str]) -> tuple[str, list[Note]]:
    """NFC: か followed by a combining mark becomes が. What the receiver has as it stands is left alone.

    So is what composing would not help, so that a hold names what really stands there.
    """
    if unicodedata.is_normalized("NFC", text):
        return text, []
    out: list[str] = []
    notes: list[Note] = []
    at = 0
    for number, piece in enumerate(standing(page).split(text)):
        left_alone = number % 2 == 1
        for part in (piece,) if left_alone else _clusters(piece):
            new = part if left_alone else unicodedata.normalize("NFC", part)
            if not all(carried(one, page) or one in substitutions for one in new):
                new = part
            if new != part:
                notes.append(("nfc", part, new, at + 1))
            out.append(new)
            at += len(part)
    return "".join(out), notes


def _clusters(text: str) -> Sequence[str]:
    """Characters with their marks, where composing them one by one is composing the whole."""
    parts = _CLUSTER.findall(text)
    one_by_one = "".join(unicodedata.normalize("NFC", part) for part in parts)
    return parts if one_by_one == unicodedata.normalize("NFC", text) else (text,)


def undone(text: str, notes: Sequence[Replacement]) -> str:
    """The text as it came, out of what a file says and the notes of one `clean`: nothing is lost on the way."""
    steps = [list(step) for _, step in groupby(notes, key=lambda note: note.step)]
    for step in reversed(steps):
        out: list[str] = []
        at = grown = 0
        for note in step:
            start = note.position - 1 + grown
            out += (text[at:start], note.found)
            at = start + len(note.put)
            grown += len(note.put) - len(note.found)
        text = "".join(out) + text[at:]
    return text
