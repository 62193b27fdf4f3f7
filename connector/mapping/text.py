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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from connector.mapping.unfit import Unfit
from connector.outcome import Reason

DASHES: dict[str, str] = {
    "\u301c": "\uff5e",  # 〜 -> ～: cp932 has one code for both and decodes it as ～
    "\u2212": "\uff0d",  # − -> －
    "\u2016": "\u2225",  # ‖ -> ∥
    "\u00a2": "\uffe0",  # ¢ -> ￠
    "\u00a3": "\uffe1",  # £ -> ￡
    "\u00ac": "\uffe2",  # ¬ -> ￢
    "\u2014": "\u2015",  # — -> ―
    "\u2013": "-",  # –
    "\u2011": "-",  # non-breaking hyphen
    "\u00b7": "\u30fb",  # · -> ・
    "\u00a5": "\uffe5",  # ¥ -> ￥
    "\u203e": "\uffe3",  # ‾ -> ￣
    "\u00af": "\uffe3",  # ¯ -> ￣
    "\u00a0": " ",
}
"""One spelling for signs that have several, the one cp932 gives back on reading."""

_BETWEEN_DIGITS = re.compile("(?<=[0-9０-９])[\u2010\u2011\u2012\u2013\u2212](?=[0-9０-９])")
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]"
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BREAKS = re.compile("\r\n|[\r\n\t]")

_NOBODYS = re.compile("[\ue000-\uf8ff]")
"""外字: cp932 has bytes for them and no two machines the same picture; other readers refuse the file."""

_SILENT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2010\ue000-\uf8ff" + "".join(DASHES) + "]")
"""What cp932 would take without a word: seen before encoding, everything else stops the encoder."""

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
    "dash": "横線・波線などの統一",
    "dropped": "送り先が受け付けない指定",
    "invisible": "見えない文字の除去",
    "line_break": "改行を空白に",
    "nfc": "文字の合成",
    "stand_in": "書けない文字の代わり",
    "substitution": "characters.yaml の置き換え",
    "unquoted": "引用符のないファイルの区切り文字を全角に",
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
    position: int  # from 1, in the text as it came

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
    page.encode(encoding, HANDLER)
    starts = _fired.starts + [hit.start() for hit in _SILENT.finditer(page)]
    found: set[int] = set()
    if starts:
        ends = list(accumulate(map(len, blocks)))
        found = {bisect_right(ends, start) for start in starts}
    if not unicodedata.is_normalized("NFC", page):
        found |= {i for i, block in enumerate(blocks) if not unicodedata.is_normalized("NFC", block)}
    return found


@dataclass(slots=True)
class Firewall:
    """The careful way for one item: every step by name, every change written down."""

    key: str
    substitutions: Mapping[str, str]
    encoding: str = "cp932"
    replaced: list[Replacement] = field(default_factory=list)

    def clean(self, column: str, text: str, *, multiline: bool = False, stand_in: str = "") -> str:
        """The text as the receiver can carry it; Unfit names every character that has no way over.

        `stand_in` is what a column (never a name or an address) accepts for a character without a way.
        """
        if text.isascii() and text.isprintable():
            return text
        for step in (_compose, _dashes, _strip_controls) + (() if multiline else (_one_line,)):
            text = self._step(column, step, text)
        return self._substitute(column, text, stand_in)

    def _step(self, column: str, step: _Step, text: str) -> str:
        changed, notes = step(text)
        self.replaced += [Replacement(self.key, column, *note) for note in notes]
        return changed

    def _substitute(self, column: str, text: str, stand_in: str) -> str:
        if carried(text, self.encoding):
            return text
        out: list[str] = []
        bad: list[str] = []
        for position, character in enumerate(text, 1):
            if carried(character, self.encoding):
                out.append(character)
                continue
            put = self.substitutions.get(character, stand_in)
            out.append(put)
            if not put:
                bad.append(f"{position}文字目 {shown(character)}")
                continue
            rule = "substitution" if character in self.substitutions else "stand_in"
            self.replaced.append(Replacement(self.key, column, rule, character, put, position))
        if bad:
            raise Unfit(Reason.UNMAPPABLE_TEXT, f"{self.encoding} で書けない文字があります: {'、'.join(bad)}")
        return "".join(out)


_Note = tuple[str, str, str, int]


class _Step:
    """One named normalisation: the changed text and a note for each change."""

    def __init__(self, rule: str, pattern: re.Pattern[str], put: str | None) -> None:
        self.rule, self.pattern, self.put = rule, pattern, put

    def __call__(self, text: str) -> tuple[str, list[_Note]]:
        notes: list[_Note] = []

        def change(hit: re.Match[str]) -> str:
            put = DASHES[hit[0]] if self.put is None else self.put
            notes.append((self.rule, hit[0], put, hit.start() + 1))
            return put

        return self.pattern.sub(change, text), notes


class _Compose(_Step):
    """NFC: か followed by a combining mark becomes が. Other compatibility forms stay as they are."""

    def __call__(self, text: str) -> tuple[str, list[_Note]]:
        composed = unicodedata.normalize("NFC", text)
        if composed == text:
            return text, []
        start = next((i for i, (a, b) in enumerate(zip(text, composed, strict=False)) if a != b), 0)
        return composed, [("nfc", text, composed, start + 1)]


class _Dashes(_Step):
    """Between digits every dash is a hyphen; elsewhere the table of one spelling."""

    def __call__(self, text: str) -> tuple[str, list[_Note]]:
        hyphened, first = _Step("dash", _BETWEEN_DIGITS, "-")(text)
        unified, second = _Step("dash", self.pattern, None)(hyphened)
        return unified, first + second


_compose = _Compose("nfc", re.compile(""), None)
_dashes = _Dashes("dash", re.compile("[" + "".join(DASHES) + "]"), None)
_strip_controls = _Step("invisible", re.compile(f"{_INVISIBLE.pattern}|{_CONTROL.pattern}"), "")
_one_line = _Step("line_break", _BREAKS, " ")


def carried(text: str, encoding: str = "cp932") -> bool:
    """Whether the encoding has every character of the text, and every reader the same one."""
    if _NOBODYS.search(text):
        return False
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
