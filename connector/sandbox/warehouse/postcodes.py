"""Postcodes (郵便番号): whether one may exist and which prefecture it belongs to, by its first two digits.

Coarse on purpose: a warehouse's own list differs from shop to shop (spec/wms.md §9). Border offices that
deliver into the neighbouring prefecture are listed by three digits.
"""

from __future__ import annotations

_BY_TWO = {
    "00": "北海道",
    "01": "秋田県",
    "02": "岩手県",
    "03": "青森県",
    "04 05 06 07 08 09": "北海道",
    "10 11 12 13 14 15 16 17 18 19 20": "東京都",
    "21 22 23 24 25": "神奈川県",
    "26 27 28 29": "千葉県",
    "30 31": "茨城県",
    "32": "栃木県",
    "33 34 35 36": "埼玉県",
    "37": "群馬県",
    "38 39": "長野県",
    "40": "山梨県",
    "41 42 43": "静岡県",
    "44 45 46 47 48 49": "愛知県",
    "50": "岐阜県",
    "51": "三重県",
    "52": "滋賀県",
    "53 54 55 56 57 58 59": "大阪府",
    "60 61 62": "京都府",
    "63": "奈良県",
    "64": "和歌山県",
    "65 66 67": "兵庫県",
    "68": "鳥取県",
    "69": "島根県",
    "70 71": "岡山県",
    "72 73": "広島県",
    "74 75": "山口県",
    "76": "香川県",
    "77": "徳島県",
    "78": "高知県",
    "79": "愛媛県",
    "80 81 82 83": "福岡県",
    "84": "佐賀県",
    "85": "長崎県",
    "86": "熊本県",
    "87": "大分県",
    "88": "宮崎県",
    "89": "鹿児島県",
    "90": "沖縄県",
    "91": "福井県",
    "92": "石川県",
    "93": "富山県",
    "94 95": "新潟県",
    "96 97": "福島県",
    "98": "宮城県",
    "99": "山形県",
}
_PREFECTURE = {two: name for group, name in _BY_TWO.items() for two in group.split()}
_ALSO = {
    "018": "青森県",
    "311": "千葉県",
    "349": "群馬県",
    "384": "群馬県",
    "389": "新潟県",
    "431": "愛知県",
    "498": "三重県",
    "519": "和歌山県",
    "563": "兵庫県",
    "618": "京都府",
    "630": "京都府",
    "647": "奈良県",
    "648": "奈良県",
    "684": "島根県",
    "811": "長崎県",
    "817": "長崎県",
    "839": "大分県",
    "871": "福岡県",
    "939": "岐阜県",
    "949": "長野県",
}
_NEVER = frozenset({"0000000", "9999999"})


def exists(postcode: str) -> bool:
    """Seven digits, and not one of the fillers people type."""
    return len(postcode) == 7 and postcode.isascii() and postcode.isdigit() and postcode not in _NEVER


def belongs_to(postcode: str, prefecture: str) -> bool:
    """Whether mail for this postcode may go to this prefecture."""
    return prefecture in (_PREFECTURE[postcode[:2]], _ALSO.get(postcode[:3]))
