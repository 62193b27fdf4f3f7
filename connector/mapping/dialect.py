"""Dialect (CSVの書き方): encoding, header or none, separator, quotes and line ends of a file that goes out.

Dangerous: `quoting: none`. A separator inside a value would move every column after it, and a moved column ships
to the wrong person, so such characters become their full-width twins and every change is recorded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from connector.mapping.document import Node, Proof
from connector.mapping.table_text import DELIMITERS
from connector.mapping.unfit import Unfit
from connector.outcome import Reason

ENCODINGS = {"cp932": b"", "shift_jis": b"", "utf-8": b"", "utf-8-bom": b"\xef\xbb\xbf"}
CODECS = {"utf-8-bom": "utf-8"}
LINE_ENDS = {"crlf": "\r\n", "lf": "\n"}
_NEEDS_QUOTES = re.compile('[",\t\r\n]')
_BARE = str.maketrans({",": "，", '"': "”", "'": "’", "\t": " "})  # spec/wms.md §5.3


def _quote_all(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _quote_minimal(text: str) -> str:
    return _quote_all(text) if _NEEDS_QUOTES.search(text) else text


def _no_quotes(text: str) -> str:
    if bare(text) != text:
        raise Unfit(Reason.MALFORMED, "引用符を使わないファイルに、区切り文字や引用符は書けません")
    return text


QUOTING: dict[str, Callable[[str], str]] = {"all": _quote_all, "minimal": _quote_minimal, "none": _no_quotes}
KEYS = ("encoding", "quoting", "delimiter", "line_end", "header", "forbid_nec_row13")


def bare(text: str) -> str:
    """The text with nothing in it that a reader without quotes could take for the end of a field."""
    return text.translate(_BARE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a mapping's file is written."""

    encoding: str = "cp932"
    quoting: str = "all"
    delimiter: str = ","
    line_end: str = "\r\n"
    header: bool = True
    forbid_nec_row13: bool = False  # ①, ㈱, Ⅲ: many partners' rules refuse them (spec/wms.md §5.2)

    @property
    def codec(self) -> str:
        return CODECS.get(self.encoding, self.encoding)

    @property
    def page(self) -> str:
        """Which characters its reader takes."""
        return "cp932-without-row-13" if self.forbid_nec_row13 and self.codec == "cp932" else self.codec

    @property
    def quote(self) -> Callable[[str], str]:
        return QUOTING[self.quoting]

    def opening(self, names: tuple[str, ...]) -> bytes:
        """The bytes before the first row: a mark of the encoding, the header."""
        line = self.delimiter.join(map(self.quote, names)) + self.line_end if self.header else ""
        return ENCODINGS[self.encoding] + line.encode(self.codec)


def compile_dialect(entries: dict[str, Node], proof: Proof) -> Dialect:
    def word(name: str, known: dict[str, str], otherwise: str) -> str:
        return known[proof.word(entries[name], known, otherwise) if name in entries else otherwise]

    return Dialect(
        encoding=proof.word(entries["encoding"], ENCODINGS, "cp932"),
        quoting=proof.word(entries["quoting"], QUOTING, "all"),
        delimiter=word("delimiter", DELIMITERS, "comma"),
        line_end=word("line_end", LINE_ENDS, "crlf"),
        header="header" not in entries or proof.flag(entries["header"]),
        forbid_nec_row13="forbid_nec_row13" in entries and proof.flag(entries["forbid_nec_row13"]),
    )
