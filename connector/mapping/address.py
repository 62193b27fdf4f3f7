"""Address fitting (住所の割付): one Japanese address into slots of given widths, complete or not at all.

spec/wms.md §5.1 and Resolutions 9. Receivers cut in silence, so we never cut: an address that does not fit is
a hold that shows the proposed split. Runs (numbers, katakana, latin words) are never broken over two slots.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connector.mapping.text import Note, changed, width
from connector.mapping.unfit import Unfit
from connector.outcome import Reason

PREFECTURES = (
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県", "茨城県", "栃木県", "群馬県", "埼玉県",
    "千葉県", "東京都", "神奈川県", "新潟県", "富山県", "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県",
    "愛知県", "三重県", "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県", "鳥取県", "島根県", "岡山県",
    "広島県", "山口県", "徳島県", "香川県", "愛媛県", "高知県", "福岡県", "佐賀県", "長崎県", "熊本県", "大分県",
    "宮崎県", "鹿児島県", "沖縄県",
)  # fmt: skip

SLOTS = ("prefecture", "city", "street", "building")
JOINT = "prefecture+city"  # receivers with three lines (e飛伝, ゆうプリ) take both in the first
LAYOUTS = (SLOTS, (JOINT, "street", "building"))
NAMES = ("name1", "name2")

_CITY = re.compile(
    # Names that contain 市, 町 or 村 themselves come first.
    r"(?:市川市|市原市|四日市市|廿日市市|野々市市|八日市場市|大町市|十日町市|町田市|村山市|村上市|田村市|羽村市"
    r"|東村山市|武蔵村山市|大村市|大和郡山市|小郡市|蒲郡市|名古屋市中村区|(?:佐波郡)?玉村町|(?:杵島郡)?大町町"
    r"|[^\s\d市]{1,6}?市[^\s\d市区町村]{1,5}区"  # 政令指定都市の区
    r"|[^\s\d郡]{1,6}?郡[^\s\d]{1,7}?[町村]"
    r"|[^\s\d]{1,7}?[市区町村])"
)
_BLANKS = re.compile(r"[\s\u3000]+")
_HOUSE = re.compile(r"\D*\d+(?:番地|丁目|番|号|条|の|[-ー－‐−]|\d)*")
_RUN = re.compile(
    r"[0-9０-９]+(?:[-‐‑–−－ー番地号丁目の][0-9０-９]+)*(?:番地|丁目|号室|番|号|階)?"
    r"|[ァ-ヺヽ-ヿー－･ｦ-ﾟ]+|[A-Za-zＡ-Ｚａ-ｚ0-9'&.]+|.",
    re.DOTALL,
)
_DASHES = re.compile("(?<=[0-9])[‐‑‒–—―−－ー](?=[0-9])")
_BROKEN_NUMBER = re.compile("(?<=[0-9]) (?=[‐‑‒–—―−－-]|ー[0-9])|(?<=[0-9][‐‑‒–—―−－ー-]) (?=[0-9])")
_NARROW = re.compile("[０-９Ａ-Ｚａ-ｚ｡-ﾟ]+")


@dataclass(frozen=True, slots=True)
class Placed:
    """An address in its four slots, with three the first has the city too. NOWHERE stands for one without a place."""

    prefecture: str
    city: str
    street: str
    building: str = ""
    name1: str = ""
    name2: str = ""

    def __str__(self) -> str:
        return " | ".join((self.prefecture, self.city, self.street, self.building))


NOWHERE = Placed("?", "?", "?")


def tidy(text: str) -> str:
    """NFKC on digits, latin letters and half kana only, one dash between digits, single blanks."""
    narrow = _NARROW.sub(lambda hit: _usual(hit[0]), text)
    return _BLANKS.sub(" ", _DASHES.sub("-", narrow)).strip()


def tidied(text: str) -> tuple[str, list[list[Note]]]:
    """What `tidy` makes of it, with a note for each change, step by step (V6)."""
    steps: list[list[Note]] = []
    for rule, pattern, put in _STEPS:
        text, notes = changed(rule, pattern, put, text)
        steps += [notes] if notes else []
    return text, steps


def _usual(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


_STEPS: tuple[tuple[str, re.Pattern[str], str | Callable[[str], str]], ...] = (
    ("width", _NARROW, _usual),
    ("dash", _DASHES, "-"),
    ("blank", _BLANKS, " "),
    ("blank", re.compile("^ | $"), ""),
)


def split(*lines: str) -> Placed:
    """Prefecture, city, street and building out of address lines as Next Engine keeps them.

    Nothing is lost: the four joined are the lines joined, blanks at the seams aside. What cannot be told
    apart stays in the earlier part.
    """
    # 「神宮前9」「-99-2」 is one number on two lines. With a blank between, its rest would go as the building.
    text = tidy(_BROKEN_NUMBER.sub("", " ".join(filter(None, map(tidy, lines)))))
    prefecture = next((name for name in PREFECTURES if text.startswith(name)), "")
    rest = text.removeprefix(prefecture).lstrip()
    found = _CITY.match(rest)
    city = found[0] if found else ""
    street, building = _house(rest.removeprefix(city).lstrip())
    return Placed(prefecture, city, street, building)


def _house(text: str) -> tuple[str, str]:
    """Street and building: the building begins at the first blank after the house number."""
    house = _HOUSE.match(text)
    if house is None:
        return text, ""
    blank = text.find(" ", house.end())
    if blank < 0:
        return text, ""
    return text[:blank], text[blank + 1 :]


def place(pieces: Sequence[str], widths: Sequence[int]) -> tuple[str, ...] | None:
    """`pieces` into as many slots; None if they do not fit.

    What overflows moves to the front of the next slot. Where the last slot overflows, the one before it is
    filled up first; a prefecture or city never takes in a street.
    """
    for kept in (len(pieces) - 1, len(pieces) - 2):
        placed, left = _pour(pieces, kept, widths)
        if not left:
            return placed
    return None


def _pour(pieces: Sequence[str], kept: int, widths: Sequence[int]) -> tuple[tuple[str, ...], str]:
    """Each slot's text, and what no slot takes. From the piece `kept` on, all counts as one text."""
    rest = " ".join(filter(None, pieces[kept:]))
    placed: list[str] = []
    carry = ""
    wanted = [*pieces[:kept], rest, *[""] * (len(pieces) - kept - 1)]
    for piece, limit in zip(wanted, widths, strict=True):
        head, carry = _take(" ".join(filter(None, (carry, piece))), limit)
        placed.append(head)
    return tuple(placed), carry


def _take(text: str, limit: int) -> tuple[str, str]:
    """As much of the text as fits without breaking a run, and the rest."""
    if width(text) <= limit:
        return text, ""
    used = end = 0
    for run in _RUN.finditer(text):
        used += width(run[0])
        if used > limit:
            break
        end = run.end()
    return text[:end].rstrip(), text[end:].lstrip()


def pieces_of(parts: Placed, count: int) -> tuple[str, ...]:
    """The parts for three slots or for four."""
    if count == len(LAYOUTS[1]):
        return (parts.prefecture + parts.city, parts.street, parts.building)
    return (parts.prefecture, parts.city, parts.street, parts.building)


def fit(lines: Sequence[str], widths: Sequence[int]) -> Placed:
    """Split and placed into three or four slots; Unfit with the proposed split where it does not fit."""
    parts = split(*lines)
    if not parts.prefecture or not parts.city:
        raise Unfit(Reason.ADDRESS_DOUBTFUL, f"住所から都道府県・市区町村を読み取れません: {parts}")
    placed = place(pieces_of(parts, len(widths)), widths)
    if placed is None:
        raise Unfit(Reason.TEXT_TOO_LONG, f"住所が入りきりません。{proposal(parts, widths)}")
    return Placed(*placed) if len(placed) == len(SLOTS) else Placed(placed[0], "", *placed[1:])


def proposal(parts: Placed, widths: Sequence[int]) -> str:
    """分け方の案: every slot filled as far as it goes without breaking a run, and what is left over to be shortened."""
    pieces = pieces_of(parts, len(widths))
    placed, left = _pour(pieces, len(pieces) - 2, widths)
    limits = "＋".join(map(full, widths))
    over = f"入らない残り「{left}」(全角{full(width(left))}文字、枠は全角{limits}文字)"
    return f"分け方の案: {' | '.join(placed)}。{over}"


def full(halves: int) -> str:
    """Half-widths as people count them: 33 is 16.5 full-width characters."""
    return f"{halves / 2:g}"


def name_in_slots(name: str, widths: Sequence[int]) -> tuple[str, ...] | None:
    """A name in its slots; a second one takes what the first cannot, no run broken."""
    return place((name, *[""] * (len(widths) - 1)), widths) if len(widths) > 1 else _whole(name, widths[0])


def _whole(name: str, limit: int) -> tuple[str, ...] | None:
    return (name,) if width(name) <= limit else None
