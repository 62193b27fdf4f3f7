"""Reader columns (読む列): header, key and grammar of each column of a file that comes in."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connector.mapping.document import Node, Proof, Section
from connector.mapping.grammars import GRAMMARS, TRACKING, WORDS, Ungrammatical, tracking
from connector.mapping.tables import Tables

Parse = Callable[[str, str], Any]  # the text, and the text of the carrier's column


@dataclass(frozen=True, slots=True)
class ReadColumn:
    """`names` are the headers it goes by, folded; `needed` means that the header must be there."""

    header: str
    key: str
    names: tuple[str, ...]
    parse: Parse
    needed: bool
    blank: bool
    carrier: str  # key of the carrier's column, for tracking numbers
    most: int  # characters; 0 for no limit
    wrapped: bool = True  # may stand in a spreadsheet's protective wrapping; a plain text may not


_KEYS = ("name", "key", "grammar", "needed", "blank", "also", "carrier", "words", "max_chars")


def read_columns(node: Node, tables: Tables, proof: Proof) -> tuple[ReadColumn, ...]:
    columns: list[ReadColumn] = []
    for item in proof.listing(node):
        section = proof.section(item, _KEYS, ("name", "key", "grammar"))
        if all(name in section for name in ("name", "key", "grammar")):
            columns.append(_column(section, tables, proof))
            _once(columns, section, proof)
    for column, item in zip(columns, proof.listing(node), strict=False):
        if column.carrier and column.carrier not in [other.key for other in columns]:
            proof.problem(item, "carrier: は、運送会社コードの列の key: でなければなりません", column.carrier)
    return tuple(columns)


def _once(columns: list[ReadColumn], section: Section, proof: Proof) -> None:
    *others, column = columns
    if any(other.key == column.key for other in others):
        proof.problem(section.entries["key"], "同じ key: が前にもあります", column.key)
    if any(set(other.names) & set(column.names) for other in others):
        proof.problem(section.entries["name"], "同じ見出しが前にもあります", column.header)


def _column(section: Section, tables: Tables, proof: Proof) -> ReadColumn:
    entries = section.entries
    header = proof.text(entries["name"])
    also = proof.texts(entries["also"]) if "also" in section else ()
    return ReadColumn(
        header=header,
        key=proof.text(entries["key"]),
        names=tuple(_fold(name) for name in (header, *also)),
        parse=_parse(section, proof),
        needed="needed" not in section or proof.flag(entries["needed"]),
        blank="blank" in section and proof.flag(entries["blank"]),
        carrier=proof.text(entries["carrier"]) if "carrier" in section else "",
        most=proof.integer(entries["max_chars"], 1, 100_000) if "max_chars" in section else 0,
        wrapped=proof.text(entries["grammar"]) != "text",
    )


def _parse(section: Section, proof: Proof) -> Parse:
    grammar = proof.word(section.entries["grammar"], (*GRAMMARS, TRACKING, WORDS), "text")
    if (grammar == WORDS) != ("words" in section):
        proof.problem(section, "words: は grammar: one_of のときにだけ、必ず書きます")
    if grammar == TRACKING:
        return tracking
    if grammar == WORDS:
        return _one_of(section.entries.get("words"), proof)
    plain = GRAMMARS[grammar]
    return lambda text, carrier: plain(text)


def _one_of(node: Node | None, proof: Proof) -> Parse:
    """A closed list: the texts of the file and our word for each."""
    entries = node.entries if isinstance(node, Section) else {}
    words = {text: proof.text(word) for text, word in entries.items()}

    def parse(text: str, carrier: str) -> str:
        if text not in words:
            raise Ungrammatical("知らない値です", "・".join(words))
        return words[text]

    return parse


def _fold(header: str) -> str:
    return "".join(unicodedata.normalize("NFKC", header).split())
