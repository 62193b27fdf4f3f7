"""Reader columns (読む列): header, place, key and grammar of each column of a file that comes in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.mapping.document import Node, Proof, Section
from connector.mapping.grammars import GRAMMARS, REFERENCES, TRACKING, WORDS, Ungrammatical, tracking
from connector.mapping.headings import fold
from connector.mapping.tables import Tables
from connector.mapping.words import compile_outdated, compile_words

Parse = Callable[[str, str], Any]  # the text, and the carrier's code


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
    at: int = 0  # the column's number in the file, from 1; 0: its number in the mapping
    grammar: str = ""
    outdated: Mapping[str, str] = field(default_factory=dict)  # texts of yesterday, read as those of today

    def today(self, text: str) -> str:
        return self.outdated.get(text, text)


_KEYS = ("name", "key", "grammar", "needed", "blank", "also", "carrier", "words", "max_chars")
_MORE = ("at", "outdated", "padded")


def read_columns(
    node: Node, absent: Mapping[str, str], tables: Tables, proof: Proof
) -> tuple[ReadColumn, ...]:
    """`absent` has the keys that the mapping itself gives where the file has no such column."""
    columns: list[ReadColumn] = []
    for item in proof.listing(node):
        section = proof.section(item, (*_KEYS, *_MORE), ("name", "key", "grammar"))
        if all(name in section for name in ("name", "key", "grammar")):
            columns.append(_column(section, tables, proof))
            _once(columns, section, proof)
    for column, item in zip(columns, proof.listing(node), strict=False):
        if column.carrier and column.carrier not in (*absent, *(other.key for other in columns)):
            proof.problem(item, "carrier: は、運送会社コードの列の key: でなければなりません", column.carrier)
    return tuple(columns)


def _once(columns: list[ReadColumn], section: Section, proof: Proof) -> None:
    *others, column = columns
    several = column.grammar == TRACKING and column.key == TRACKING  # parcels of one row, a column each
    if any(other.key == column.key for other in others) and not several:
        proof.problem(section.entries["key"], "同じ key: が前にもあります", column.key)
    if any(set(other.names) & set(column.names) for other in others):
        proof.problem(section.entries["name"], "同じ見出しが前にもあります", column.header)
    if column.at and any(other.at == column.at for other in others):
        proof.problem(section.entries["at"], "同じ列の番号が前にもあります", str(column.at))


def _column(section: Section, tables: Tables, proof: Proof) -> ReadColumn:
    entries = section.entries
    header = proof.text(entries["name"])
    also = proof.texts(entries["also"]) if "also" in section else ()
    words = compile_words(entries["words"], proof) if "words" in section else {}
    return ReadColumn(
        header=header,
        key=proof.text(entries["key"]),
        names=tuple(fold(name) for name in (header, *also)),
        parse=_parse(section, words, proof),
        needed="needed" not in section or proof.flag(entries["needed"]),
        blank="blank" in section and proof.flag(entries["blank"]),
        carrier=proof.text(entries["carrier"]) if "carrier" in section else "",
        most=proof.integer(entries["max_chars"], 1, 100_000) if "max_chars" in section else 0,
        wrapped=proof.text(entries["grammar"]) != "text",
        grammar=proof.text(entries["grammar"]),
        at=proof.integer(entries["at"], 1, 1_000) if "at" in section else 0,
        outdated=compile_outdated(entries["outdated"], words, proof) if "outdated" in section else {},
    )


def _parse(section: Section, words: Mapping[str, str], proof: Proof) -> Parse:
    grammar = proof.word(section.entries["grammar"], (*GRAMMARS, TRACKING, WORDS), "text")
    if (grammar == WORDS) != ("words" in section):
        proof.problem(section, "words: は grammar: one_of のときにだけ、必ず書きます")
    if "padded" in section and grammar != TRACKING:
        proof.problem(section.entries["padded"], "padded: は grammar: tracking のときにだけ書きます")
    if grammar == TRACKING:
        padded = proof.integer(section.entries["padded"], 13, 40) if "padded" in section else 0
        return _padded(padded) if padded else tracking
    if grammar == WORDS:
        return lambda text, carrier: _one_of(words, text)
    plain = GRAMMARS[grammar]
    if grammar == "code":
        plain = REFERENCES.get(proof.text(section.entries["key"]), plain)
    return lambda text, carrier: plain(text)


def _padded(length: int) -> Parse:
    """Numbers of exactly this length were filled with zeros; any other length is read as it stands."""

    def parse(text: str, carrier: str) -> Any:
        return tracking(text, carrier, length)

    return parse


def _one_of(words: Mapping[str, str], text: str) -> str:
    """A closed list: the texts of the file and our word for each."""
    if text not in words:
        raise Ungrammatical("知らない値です", "・".join(words))
    return words[text]
