"""Transforms (変換): the named steps a column may take in `as: […]`, each tested, none with an expression.

A step gets a value and gives a value; `Unfit` holds the item. What a shop needs beyond these is added here
as a named, documented step, never written into YAML.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import jaconv

from connector.mapping.address import tidy
from connector.mapping.unfit import Unfit
from connector.outcome import Reason

JST = ZoneInfo("Asia/Tokyo")  # what files say is Japanese time; this room has no clock
_HYPHENS = dict.fromkeys(map(ord, "‐‑‒–—―−ーｰ－"), "-")
_LINE_ENDS = re.compile("[\r\n\t\v\f\x1c-\x1e\x85\u2028\u2029]+")
_OTHER_KANA = re.compile("[ぁ-ゖゝゞ\uff61-\uff9f]")
_NEWLINES = re.compile("\r\n|\r|\n")
_WIDE = str.maketrans({**{chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)}, " ": "\u3000"})


def code(text: str) -> str:
    """半角英数字とハイフンだけの番号。ほかの文字があれば保留にします。"""
    if not re.fullmatch(r"[A-Za-z0-9-]*", text):
        raise Unfit(Reason.MALFORMED, f"半角英数字とハイフンだけで書く項目です: 「{text}」")
    return text


def ascii_text(text: str) -> str:
    """半角の記号も許す番号やメールアドレス。全角文字や制御文字があれば保留にします。"""
    if not (text.isascii() and (text.isprintable())):
        raise Unfit(Reason.MALFORMED, f"半角文字だけで書く項目です: 「{text}」")
    return text


def digits(text: str) -> str:
    """全角を半角にし、ハイフンと空白を除いた数字。数字以外が残れば保留にします。"""
    plain = unicodedata.normalize("NFKC", text).translate(_HYPHENS).replace("-", "").replace(" ", "")
    if plain and not (plain.isascii() and plain.isdigit()):
        raise Unfit(Reason.MALFORMED, f"数字ではありません: 「{text}」")
    return plain


def zip7(text: str) -> str:
    """郵便番号を数字7桁に。7桁でなければ保留にします。"""
    plain = digits(text)
    if plain and len(plain) != 7:
        raise Unfit(Reason.MALFORMED, f"郵便番号が7桁ではありません: 「{text}」")
    return plain


def zip_hyphen(text: str) -> str:
    """郵便番号を 123-4567 の形に。7桁でなければ保留にします。"""
    plain = zip7(text)
    return f"{plain[:3]}-{plain[3:]}" if plain else ""


def phone(text: str) -> str:
    """電話番号を半角の数字とハイフンに。括弧・点はハイフンに、先頭の +81 は 0 にします。"""
    plain = unicodedata.normalize("NFKC", text).translate(_HYPHENS).replace(" ", "")
    plain = re.sub(r"[-()\[\].・]+", "-", plain).strip("-")
    plain = re.sub(r"^\+81-?0?-?", "0", plain)
    if not re.fullmatch(r"[0-9-]*", plain):
        raise Unfit(Reason.MALFORMED, f"電話番号として読めません: 「{text}」")
    return plain


def narrow(text: str) -> str:
    """全角の英数字と半角カナだけを標準の幅に。漢字や記号はそのままです (住所向け)。"""
    return tidy(text)


def wide(text: str) -> str:
    """すべて全角に (半角カナも全角に)。"""
    return str(jaconv.h2z(text)).translate(_WIDE)


def full_kana(text: str) -> str:
    """ひらがなと半角カナを全角カタカナに。"""
    if not _OTHER_KANA.search(text):
        return text
    return str(jaconv.hira2kata(jaconv.h2z(text)))


def half_kana(text: str) -> str:
    """ひらがなと全角カタカナを半角カナに。全角の空白は半角にします。"""
    kana = str(jaconv.z2h(jaconv.hira2kata(text), kana=True, ascii=True, digit=True))
    return kana.replace("\u3000", " ")


def one_line(text: str) -> str:
    """改行とタブを空白一つにし、前後の空白を除きます。"""
    return _LINE_ENDS.sub(" ", text).strip()


def crlf(text: str) -> str:
    """改行を CRLF にそろえます。この列は改行を含められます。"""
    return _NEWLINES.sub("\r\n", text)


def trim(text: str) -> str:
    """前後の空白を除きます。"""
    return text.strip()


def no_blanks(text: str) -> str:
    """空白をすべて除きます。"""
    return "".join(text.split())


def blank_if_zero(number: int) -> str:
    """0 は空欄に、ほかの数はそのまま。"""
    return str(number) if number else ""


def date_slash(day: date) -> str:
    """日付を 2026/11/24 の形に。"""
    return f"{day:%Y/%m/%d}"


def date_compact(day: date) -> str:
    """日付を 20261124 の形に。"""
    return f"{day:%Y%m%d}"


def jst_slash(at: datetime) -> str:
    """時刻を日本時間の 2026/11/24 09:05:00 の形に。"""
    return f"{at.astimezone(JST):%Y/%m/%d %H:%M:%S}"


def jst_date(at: datetime) -> str:
    """時刻を日本時間の日付 2026/11/24 の形に。"""
    return f"{at.astimezone(JST):%Y/%m/%d}"


def flag(value: bool) -> str:
    """はいを 1、いいえを 0 に。"""
    return "1" if value else "0"


TRANSFORMS: dict[str, Callable[[Any], str]] = {
    "ascii": ascii_text,
    "blank_if_zero": blank_if_zero,
    "code": code,
    "crlf": crlf,
    "date_compact": date_compact,
    "date_slash": date_slash,
    "digits": digits,
    "flag": flag,
    "full_kana": full_kana,
    "half_kana": half_kana,
    "jst_date": jst_date,
    "jst_slash": jst_slash,
    "narrow": narrow,
    "no_blanks": no_blanks,
    "one_line": one_line,
    "phone": phone,
    "trim": trim,
    "wide": wide,
    "zip7": zip7,
    "zip_hyphen": zip_hyphen,
}

TAKES: dict[str, type] = {
    "blank_if_zero": int,
    "date_compact": date,
    "date_slash": date,
    "flag": bool,
    "jst_date": datetime,
    "jst_slash": datetime,
}
"""What a step takes where that is not a text; every step gives a text."""
