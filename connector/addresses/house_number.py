"""House numbers (番地): whether an address names one, beside the numbers of its town, its block and its rooms.

A parcel without a 番地 comes back, a right address that is held costs a morning (spec/wms.md §5.1). 三番町, 東光8条,
神宮前1丁目, レオパレス21 and 203号室 are no house numbers; 一ノ二ノ三 and イ百二十 are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from connector.addresses.folding import fold

_KANJI = "〇一二三四五六七八九十百千"
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－", "-"))
_KANJI_NUMBER = re.compile(
    rf"[{_KANJI}]+(?=[-ーノの之]+[0-9{_KANJI}]|番(?![町丁])|号|$)|(?<=[-ーノの之])[{_KANJI}]+"
)
_NO_NUMBERS = re.compile(r"[0-9]+(?:丁目?|条|線|番[町丁])|第[0-9]+地割|[0-9A-Za-z-]+号室|[0-9]+(?:[F階])")
_STATED = re.compile(r"番地なし|無番|[0-9]+番")
BUILDING = re.compile(
    r"マンション|アパート|ハイツ|ハイム|コーポ|ビル|タワー|レジデンス|メゾン|シャトー|ヴィラ|コート"
)
_NAMED = re.compile(rf"{BUILDING.pattern}|荘(?=[0-9]|$)|[A-Za-z]{{2,}}")
_IN_KATAKANA = re.compile(
    rf"{_NAMED.pattern}|[ァ-ヺ][ァ-ヺー・]{{2,}}(?=[0-9]|$)"
)  # レオパレス21, but ニセコ too


def has_house_number(street: str, building: str, towns: Collection[str] = ()) -> bool:
    """Any number before the name of a building, but those of the town, of 丁目, 条 and the like.

    `towns`: those of the postcode. Where they are not known, a name in katakana may be that of the town.
    """
    plain = unicodedata.normalize("NFKC", f"{street} {building}").translate(_DASHES)
    for town in filter(None, towns):
        plain = plain.replace(unicodedata.normalize("NFKC", town), "", 1)
    names = _IN_KATAKANA if towns else _NAMED
    for chunk in plain.split():
        told = _NO_NUMBERS.sub(" ", _KANJI_NUMBER.sub(lambda run: fold(run[0]), chunk))
        if _STATED.search(told):
            return True
        named = names.search(told)
        if re.search("[0-9]", told[: named.start()] if named else told):
            return True
        if named:
            return False  # what follows are its rooms
    return False
