"""Columns (列): one line of YAML per column of the other side's file, compiled into one function each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connector.mapping.document import Node, Proof, Section
from connector.mapping.paths import Scope
from connector.mapping.text import carried, shown, width
from connector.mapping.unfit import Unfit
from connector.mapping.values import EXTRAS, VALUES, Care, Value, Workshop, compile_value
from connector.outcome import Reason

NO_LIMIT = 1 << 40
LIMITS = ("max_chars", "max_width")
OPTIONS = ("required", "stand_in", *LIMITS)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its header, its function, and what its text must obey."""

    name: str
    value: Value
    required: bool = False
    max_chars: int = 0  # 0: no limit
    max_width: int = 0  # in half-width units
    stand_in: str = ""

    def cell(self, quote: Callable[[str], str]) -> Callable[[Scope], str]:
        """The quoted text of this column for a row; Unfit where there is none that may be written."""
        get, fits, required = self.value.get, self.fits, self.required
        short = min(self.max_chars or NO_LIMIT, (self.max_width or NO_LIMIT) // 2)

        def cell(scope: Scope) -> str:
            text = get(scope)
            if required or len(text) > short or not text.isprintable():
                fits(text)
            return quote(text)

        def free(scope: Scope) -> str:
            return quote(get(scope))

        obeys = self.required or self.max_chars or self.max_width or not self.value.multiline
        return cell if obeys else free

    def careful(self, scope: Scope) -> str:
        """The same text on the careful way, not quoted: every character looked at, every change recorded."""
        care: Care = scope.care
        care.column, care.multiline, care.stand_in = self.name, self.value.multiline, self.stand_in
        text = self.value.get(scope)
        self.fits(text)
        _must_carry(text, care)
        return text

    def fits(self, text: str) -> None:
        """Raises Unfit where the receiver would refuse or cut this text."""
        if self.required and (not text or text.isspace()):
            raise Unfit(Reason.MALFORMED, "必須の項目が空です")
        if self.max_chars and len(text) > self.max_chars:
            raise Unfit(Reason.TEXT_TOO_LONG, _too_long(text, f"{self.max_chars}文字", len(text)))
        if self.max_width and len(text) * 2 > self.max_width and width(text) > self.max_width:
            raise Unfit(Reason.TEXT_TOO_LONG, _too_long(text, f"半角{self.max_width}文字分", width(text)))
        if not self.value.multiline and ("\n" in text or "\r" in text or "\t" in text):
            raise Unfit(Reason.MALFORMED, "この項目に改行やタブは書けません")


def _too_long(text: str, limit: str, length: int) -> str:
    return f"{limit}までの項目に {length} あります: 「{text[:60]}」。切り詰めません。元の値を短くしてください"


def _must_carry(text: str, care: Care) -> None:
    encoding = care.firewall.encoding
    if not carried(text, encoding):
        bad = "、".join(shown(character) for character in text if not carried(character, encoding))
        raise Unfit(Reason.UNMAPPABLE_TEXT, f"{encoding} で書けない文字があります: {bad}")


def compile_columns(node: Node | None, shop: Workshop) -> list[Column]:
    """Every column in file order; two of the same name are a problem."""
    columns: list[Column] = []
    for item in shop.proof.listing(node):
        section = shop.proof.section(item, ("name", *VALUES, *EXTRAS[:-1], *OPTIONS), ("name",))
        name = shop.proof.text(section.entries["name"]) if "name" in section else ""
        if any(column.name == name for column in columns):
            shop.proof.problem(item, "同じ名前の列が前にもあります", name)
        columns.append(_column(name, section, shop))
    return columns


def _column(name: str, section: Section, shop: Workshop) -> Column:
    limits = {
        limit: shop.proof.integer(section.entries[limit], 1, 1_000_000)
        for limit in LIMITS
        if limit in section
    }
    return Column(
        name=name,
        value=compile_value(section, shop),
        required="required" in section and shop.proof.flag(section.entries["required"]),
        stand_in=_stand_in(section, shop.encoding, shop.proof),
        max_chars=limits.get("max_chars", 0),
        max_width=limits.get("max_width", 0),
    )


def _stand_in(section: Section, encoding: str, proof: Proof) -> str:
    """What stands for a character without a way over; "?" is refused, a label would print it."""
    if "stand_in" not in section:
        return ""
    text = proof.text(section.entries["stand_in"])
    if len(text) != 1 or text == "?" or not carried(text, encoding):
        proof.problem(
            section.entries["stand_in"], "受け手が書ける一文字 (「?」以外) にしてください", text, "〓"
        )
    return text
