"""Pages (書ける文字): what each encoding of a file carries, and gives back to every reader as the same character.

Dangerous are the characters a codec takes and returns as others: cp932 reads 〜 back as ～, and has bytes for 外字 that
every machine shows differently. They count as not carried here, whatever the encoder says (spec/wms.md §5.2).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

_TWO_SPELLINGS = {
    "\u301c": "\uff5e",  # 〜 -> ～: cp932 has one code for both and decodes it as ～
    "\u2212": "\uff0d",  # − -> －
    "\u2016": "\u2225",  # ‖ -> ∥
    "\u00a2": "\uffe0",  # ¢ -> ￠
    "\u00a3": "\uffe1",  # £ -> ￡
    "\u00ac": "\uffe2",  # ¬ -> ￢
}
_ONE_SPELLING = {
    "\u2014": "\u2015",  # — -> ―
    "\u2013": "-",  # –
    "\u2011": "-",  # non-breaking hyphen
    "\u00b7": "\u30fb",  # · -> ・
    "\u00a5": "\uffe5",  # ¥ -> ￥
    "\u203e": "\uffe3",  # ‾ -> ￣
    "\u00af": "\uffe3",  # ¯ -> ￣
    "\u00a0": " ",
}
DASHES: dict[str, str] = {**_TWO_SPELLINGS, **_ONE_SPELLING}
"""One spelling for signs that have several, the one cp932 gives back on reading."""

JIS_DASHES = {**{put: found for found, put in _TWO_SPELLINGS.items()}, **_ONE_SPELLING}
"""The same for a reader of plain Shift_JIS, who knows the six by their other code points."""

_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_ZERO_WIDTH = "\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\ufeff"
_JOINERS = "\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef"  # and variation selectors: they mean something
_NOBODYS = "\ue000-\uf8ff"  # 外字: bytes for them in cp932, and no two machines the same picture
_BETWEEN_DIGITS = re.compile("(?<=[0-9０-９])[\u2010\u2011\u2012\u2013\u2212](?=[0-9０-９])")
_NEVER = re.compile("(?!)")

ROW_13 = (
    "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ㍉㌔㌢㍍㌘㌧㌃㌶㍑㍗㌍㌦㌣㌫㍊㌻㎜㎝㎞㎎㎏㏄㎡㍻〝〟№㏍℡㊤㊥㊦㊧㊨"
    "㈱㈲㈹㍾㍽㍼∮∑∟⊿"
)
"""NEC 特殊文字 (13区): in every cp932, and forbidden by many partners' rules (`forbid_nec_row13`)."""


@dataclass(frozen=True, slots=True)
class Page:
    """One kind of receiver. `refused`: its codec has them, it does not take them."""

    codec: str
    title: str
    dashes: Mapping[str, str]
    hyphens: re.Pattern[str] = _BETWEEN_DIGITS
    dropped: str = _CONTROL + _ZERO_WIDTH + _JOINERS
    refused: str = ""
    expands: bool = False  # vendor characters by their long form: ① as 1, ㈱ as (株)


PAGES: dict[str, Page] = {
    "cp932": Page("cp932", "cp932", DASHES),
    "cp932-without-row-13": Page("cp932", "cp932 (13区なし)", DASHES, refused=ROW_13, expands=True),
    "shift_jis": Page("shift_jis", "Shift_JIS (JIS X 0208)", JIS_DASHES, expands=True),
    "utf-8": Page("utf-8", "UTF-8", {}, hyphens=_NEVER, dropped=_CONTROL + _ZERO_WIDTH),
}
"""By the word of the firewall. The vendor's own kanji (髙, 﨑) are in cp932 and not in plain Shift_JIS."""

_SILENT = {"shift_jis": "\u00a5\u203e"}  # besides what has two spellings


@cache
def watched(page: str) -> re.Pattern[str]:
    """What the codec would take without a word although something is to be done about it."""
    silent = "" if page == "utf-8" else "\u2010" + "".join(DASHES)
    return re.compile(f"[{PAGES[page].dropped}{_NOBODYS}{silent}{PAGES[page].refused}]")


@cache
def spellings(page: str) -> re.Pattern[str]:
    signs = "".join(PAGES[page].dashes)
    return re.compile(f"[{signs}]") if signs else _NEVER


@cache
def unseen(page: str) -> re.Pattern[str]:
    return re.compile(f"[{PAGES[page].dropped}]")


@cache
def _not_carried(page: str) -> re.Pattern[str]:
    silent = {"utf-8": "", "shift_jis": _SILENT["shift_jis"]}.get(page, "".join(_TWO_SPELLINGS))
    return re.compile(f"[\x7f-\x9f{_NOBODYS}{silent}{PAGES[page].refused}]")


def carried(text: str, page: str = "cp932") -> bool:
    """Whether every reader gets these very characters."""
    if _not_carried(page).search(text):
        return False
    try:
        text.encode(PAGES[page].codec)
    except UnicodeEncodeError:
        return False
    return True


@cache
def standing(page: str) -> re.Pattern[str]:
    """Characters that composing (NFC) would exchange for others although the receiver has them: 神 U+FA19, Å U+212B."""
    kept = [
        chr(point)
        for point in range(0xA0, 0x30000)
        if not 0xD800 <= point < 0xE000
        and unicodedata.normalize("NFC", chr(point)) != chr(point)
        and carried(chr(point), page)
    ]
    return re.compile(f"([{''.join(kept)}]+)")


def long_form(character: str, page: str) -> str:
    """A vendor character written out, where the receiver has all of it; else nothing."""
    if not PAGES[page].expands or not carried(character, "cp932"):
        return ""
    form = unicodedata.normalize("NFKC", character)
    return form if form != character and carried(form, page) else ""
