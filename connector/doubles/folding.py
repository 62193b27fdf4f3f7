"""Folding (表記ゆれ): names, houses, phones and numbers in the form in which two slips are compared.

Digests leave this room, never what they were made of. Dangerous: two people folded into one stop a genuine order, one
person folded into two lets goods go twice; so a person is the name and two of phone, postcode and house number.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

_SAME_SIGN = (  # 異体字・旧字 and what they are compared as; never written anywhere
    "髙高 﨑崎 澤沢 邊辺 邉辺 齋斎 齊斎 斉斎 濱浜 濵浜 櫻桜 廣広 國国 嶋島 嶌島 眞真 惠恵 龍竜 瀧滝 "
    "淺浅 藏蔵 圓円 榮栄 學学 德徳 曾曽 冨富 峯峰 來来 壽寿 實実 豐豊 靜静 條条 會会 寳宝 寶宝 鐵鉄 "
    "應応 澁渋 渕淵 與与 邨村"
)
_TODAY = {ord(pair[0]): pair[1] for pair in _SAME_SIGN.split()}
_TITLE = re.compile(r"(様|さま|殿|御中)$")
_NOISE = re.compile(r"[\s・.,、。'’\U000e0100-\U000e01ef\ufe00-\ufe0f]")  # with variation selectors
_KANJI_NUMBER = re.compile(r"[〇一二三四五六七八九十百]+(?=丁目|番|号|条|線|[-‐‑‒–—―−ー])")
_KANJI_DIGIT = {sign: value for value, sign in enumerate("〇一二三四五六七八九")}
_HOUSE_NUMBERS = 3  # 丁目・番・号; what follows is the building's


def persons(name: str, phone: str, zip_code: str, address: str) -> tuple[str, ...]:
    """Two slips are for the same person where one of these is equal: the name and two of the other three.

    A family has one phone and one house, but not one name; a present goes to another house and another postcode.
    """
    folded = fold_name(name)
    if not folded:
        return ()
    of = {"phone": _phone(phone), "zip": _digits(zip_code), "house": house(address)}
    pairs = (("phone", "zip"), ("phone", "house"), ("zip", "house"))
    return tuple(
        digest(folded, *pair, of[pair[0]], of[pair[1]]) for pair in pairs if of[pair[0]] and of[pair[1]]
    )


def digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def plain(text: str) -> str:
    """An order number or a sku whatever its width and case."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


def fold_name(name: str) -> str:
    """Equal for spellings of one name: spaces, width, old forms of characters, a title behind it."""
    text = _NOISE.sub("", unicodedata.normalize("NFKC", name)).translate(_TODAY).casefold()
    return _TITLE.sub("", text)


def house(address: str) -> str:
    """The house number, 1丁目2番3号 as 1-2-3; the whole text where it has none. The postcode says the rest."""
    text = unicodedata.normalize("NFKC", address)
    text = _KANJI_NUMBER.sub(lambda run: _number(run[0]), text)
    numbers = [str(int(run)) for run in re.findall(r"[0-9]+", text)[:_HOUSE_NUMBERS]]
    return "-".join(numbers) or _NOISE.sub("", text).translate(_TODAY)


def _number(run: str) -> str:
    total = waiting = 0
    for sign in run:
        if sign in "十百":
            total += (waiting or 1) * (10 if sign == "十" else 100)
            waiting = 0
        else:
            waiting = waiting * 10 + _KANJI_DIGIT[sign]
    return str(total + waiting)


def _digits(text: str) -> str:
    return "".join(re.findall(r"[0-9]+", unicodedata.normalize("NFKC", text)))


def _phone(text: str) -> str:
    """Without the zeros in front and the country's 81: 03-… and +81 3-… are one."""
    digits = _digits(text)
    abroad = unicodedata.normalize("NFKC", text).lstrip().startswith("+81")
    return (digits[2:] if abroad else digits).lstrip("0")
