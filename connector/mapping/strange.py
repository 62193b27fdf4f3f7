"""Strange files (CSVではないファイル): what a file that is refused really is, in one sentence that says what to do.

Dangerous would be to believe it. It is asked only where a refusal is certain already, and nothing is read because of
it: a profile alone says how a file is read (spec/wms.md §10: no guessing of encodings).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection

_ZIP, _GZIP, _PDF = (b"PK\x03\x04", b"PK\x05\x06"), b"\x1f\x8b", b"%PDF-"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and workbooks with a password
_HTML = (b"<!doctype html", b"<html", b"<body", b"<table", b"<head", b"<script")
_ESCAPES = (b"\x1b$B", b"\x1b$@", b"\x1b(J")  # of ISO-2022-JP, which is ASCII otherwise
_LOOKED_AT = 2_000  # bytes of the beginning
_JAPANESE = re.compile(rb"[\xe2-\xef][\x80-\xbf]{2}")  # a character of it in UTF-8
_CHUNK = 1 << 16
_AGAIN = "CSV で保存し直したファイルを置いてもらってください"
_NUL = "書き込みか転送が途中で切れています。もう一度置いてもらってください"
_NAMES = {
    "cp932": "Shift_JIS",
    "utf-8": "UTF-8",
    "euc_jp": "EUC-JP",
    "iso2022_jp": "ISO-2022-JP",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
}
_READ = ("cp932", "utf-8")  # what `encoding:` takes


def kind_of(body: bytes) -> str:
    """What else than a text these bytes are; empty where nobody can tell."""
    begin = body[:_LOOKED_AT].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if body.startswith(_ZIP):
        book = b"[Content_Types].xml" in body or b"xl/" in body
        return (
            f"Excel のブック (.xlsx) です。{_AGAIN}"
            if book
            else "ZIP の書庫です。中の CSV をそのまま置いてもらってください"
        )
    if body.startswith(_OLE):
        return f"古い Excel のブック (.xls) か、パスワードの付いたブックです。{_AGAIN}"
    if body.startswith(_PDF):
        return f"PDF です。{_AGAIN}"
    if body.startswith(_GZIP):
        return f"gzip で圧縮されています。{_AGAIN}"
    if begin.startswith(b"<") and any(tag in begin for tag in _HTML):
        return "HTML のページ (ログインやエラーの画面) です。見出し行のある CSV を置いてもらってください"
    if body.endswith(b"\0") and not _without_mark(body):
        return _nuls(body)
    return ""


def _nuls(body: bytes) -> str:
    nuls = len(body) - len(body.rstrip(b"\0"))
    where = "中身がすべて" if nuls == len(body) else "終わりが"
    return f"{where} NUL (0x00) {nuls:,} バイトです。{_NUL}"


def encoding_of(body: bytes, declared: str, names: Collection[str] = ()) -> str:
    """In which other encoding all of these bytes are a text, and what to do; empty where it is none we know.

    `names`: headings that the file should have; with one of them a doubtful encoding is certain.
    """
    found = _encoding_of(body, declared, names)
    if not found:
        return ""
    name = _NAMES[found]
    if found in _READ:
        return f"{name} のファイルです。設定は {declared} なので、設定を encoding: {found} に直してください"
    return (
        f"{name} のファイルです。読めるのは Shift_JIS と UTF-8 だけなので、どちらかで保存してもらってください"
    )


def _encoding_of(body: bytes, declared: str, names: Collection[str]) -> str:
    if any(escape in body for escape in _ESCAPES):
        return "iso2022_jp" if _decodes(body, "iso2022_jp") else ""
    if (wide := _without_mark(body)) or body.isascii():
        return wide
    if _JAPANESE.search(body) and _decodes(body, "utf-8"):
        return "" if declared == "utf-8" else "utf-8"
    if declared == "utf-8" and _decodes(body, "cp932"):
        return "cp932"
    begin = body[:_LOOKED_AT].decode("euc_jp", "ignore")
    certain = any(name in begin for name in names) or not _decodes(body, declared)
    return "euc_jp" if certain and _decodes(body, "euc_jp") else ""


def _without_mark(body: bytes) -> str:
    """UTF-16 that does not say so: every other byte of its commas, digits and line ends is NUL."""
    begin = body[:_LOOKED_AT].rstrip(b"\0")
    if begin.count(0) * 10 < len(begin):
        return ""
    for codec, mark in (("utf-16-le", b",\0"), ("utf-16-be", b"\0,")):
        marks = (mark, mark.replace(b",", b"\t"), mark.replace(b",", b"\n"))
        if any(one in begin for one in marks) and _decodes(body, codec):
            return codec
    return ""


def _decodes(body: bytes, codec: str) -> bool:
    """Whether all of it is a text, looked at piece by piece."""
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for start in range(0, len(body), _CHUNK):
            decoder.decode(body[start : start + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
