"""Folding (表記ゆれ): the form in which two spellings of one place are compared. Never written anywhere.

ヶ/ケ/が, ノ/の/之, 大字 and 字, kanji numerals and old forms of characters (spec/wms.md §5.1).
"""

from __future__ import annotations

import re
import unicodedata

_ONE_FORM = str.maketrans(
    {
        **dict.fromkeys("ヶヵがガ", "ケ"),
        **dict.fromkeys("のノ之乃", "ノ"),
        **dict.fromkeys("つっッ", "ツ"),
        **dict(
            zip(
                "條龍澤濱濵櫻檜籠壺曾嶋藪邊邉惠廣國縣壽關鹽竈鰺",
                "条竜沢浜浜桜桧篭壷曽島薮辺辺恵広国県寿関塩釜鯵",
                strict=True,
            )
        ),
    }
)
_SMALL_WORDS = re.compile(r"大?字|[\s・,、。]")
_DASHES = re.compile("(?<=[0-9])[‐‑‒–—―−－ー](?=[0-9])")
_NUMERALS = re.compile("[〇一二三四五六七八九十百千]+")
_DIGIT = {sign: value for value, sign in enumerate("〇一二三四五六七八九")}
_UNIT = {"十": 10, "百": 100, "千": 1000}


def fold(text: str) -> str:
    """Equal for spellings that mean one place; made for comparing beginnings, not for people to read."""
    plain = unicodedata.normalize("NFKC", text)
    plain = _NUMERALS.sub(lambda run: str(_number(run[0])), plain)
    return _DASHES.sub("-", _SMALL_WORDS.sub("", plain)).translate(_ONE_FORM)


def _number(run: str) -> str:
    """十二 -> 12, 一〇三 -> 103, 二十四 -> 24."""
    if not any(sign in _UNIT for sign in run):
        return "".join(str(_DIGIT[sign]) for sign in run)
    total = waiting = 0
    for sign in run:
        if sign in _UNIT:
            total += (waiting or 1) * _UNIT[sign]
            waiting = 0
        else:
            waiting = waiting * 10 + _DIGIT[sign]
    return str(total + waiting)
