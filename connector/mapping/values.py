"""Values (値の取り出し): where a column's value comes from; exactly one of `VALUES` per column or branch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any

from connector.mapping.address import NAMES, SLOTS
from connector.mapping.conditions import Test, compile_condition
from connector.mapping.document import Listing, Node, Proof, Section, Text
from connector.mapping.formula import as_it_is, guarded
from connector.mapping.invoice import INVOICE, NOTHING, Invoice
from connector.mapping.lookups import LOOKUPS
from connector.mapping.paths import Ground, Path, Scope, resolve
from connector.mapping.systems import LOOKED_UP, compile_coded
from connector.mapping.tables import Tables
from connector.mapping.text import Firewall, carried
from connector.mapping.transforms import TAKES, TRANSFORMS
from connector.mapping.unfit import Unfit
from connector.mapping.words import compile_words, said
from connector.order import Order
from connector.outcome import Reason

Get = Callable[[Scope], Any]
Ask = Callable[[str], str]


@dataclass(slots=True)
class Care:
    """The careful way: the firewall of the item, and the column it is at."""

    firewall: Firewall
    column: str = ""
    multiline: bool = False
    stand_in: str = ""

    def clean(self, text: str) -> str:
        return self.firewall.clean(self.column, text, multiline=self.multiline, stand_in=self.stand_in)

    def note(self, rule: str, found: str, put: str) -> None:
        self.firewall.noted(self.column, put, [(rule, found, put, 1)])


@dataclass(frozen=True, slots=True)
class Value:
    """A compiled source: `on_line` says whether it differs from row to row, `multiline` whether it may break."""

    get: Callable[[Scope], str]
    on_line: bool = False
    multiline: bool = False


@dataclass(frozen=True, slots=True)
class Workshop:
    """What compiling a column needs."""

    ground: Ground
    tables: Tables
    proof: Proof
    encoding: str
    address: Get | None = None
    guarded: bool = False  # no text starts as a spreadsheet's formula
    written: set[str] = field(default_factory=set)  # every path and slot that some column writes


EMPTY = Value(lambda scope: "")
VALUES = ("from", "first_of", "join", "sum", "invoice", "value", "count", "slot", "drop", "choose")
EXTRAS = ("as", "lookup", "words", *LOOKED_UP, "with", "when")


def compile_value(node: Section, shop: Workshop) -> Value:
    """The one source named in this section, with its steps and look-up."""
    named = [name for name in VALUES if name in node]
    if len(named) != 1:
        shop.proof.problem(node, "値の出どころを一つだけ書いてください", "・".join(named), "・".join(VALUES))
        return EMPTY
    kind = named[0]
    if kind == "choose":
        return _choose(node.entries[kind], shop)
    get, taken, on_line = _SOURCES[kind](node, shop)
    if kind in ("from", "first_of", "join", "slot"):
        shop.written.update(_words(node.entries[kind]).split())
    steps = _steps(node, taken, shop)
    lookup = _lookup(node, shop)
    multiline = "crlf" in shop.proof.texts(node.entries["as"]) if "as" in node else False
    if kind in ("value", "count", "drop"):
        return Value(get, on_line)
    written = _pipeline(get, steps, lookup)
    if shop.guarded and lookup is None and (taken is None or issubclass(taken, str)):
        written = guarded(written, exact=as_it_is(node, kind, shop.proof))
    coded = compile_coded(node, shop.ground, shop.tables, shop.proof)
    if coded is None:
        return Value(written, on_line, multiline)
    word = written
    return Value(lambda scope: coded(scope, word(scope)), on_line, multiline)


def _pipeline(
    get: Get, steps: tuple[Callable[[Any], str], ...], lookup: Ask | None
) -> Callable[[Scope], str]:
    def plain(scope: Scope) -> str:
        value = get(scope)
        if value.__class__ is str:
            return value if scope.care is None else str(scope.care.clean(value))
        return "" if value is None else str(value)

    def text(scope: Scope) -> str:
        value = get(scope)
        if value is None:
            value = ""
        else:
            if scope.care is not None and value.__class__ is str:
                value = scope.care.clean(value)
            for step in steps:
                value = step(value)
            if value.__class__ is not str:
                value = str(value)
        return value if lookup is None else lookup(value)

    return text if steps or lookup else plain


def one_path(node: Section, kind: str, shop: Workshop) -> tuple[Get, Any, bool]:
    path = resolve(node.entries[kind], shop.ground, shop.proof)
    if path is None:
        return EMPTY.get, None, False
    return path.get, path.kind, path.on_line


def text_paths(node: Section, kind: str, shop: Workshop) -> list[Path]:
    found = [resolve(item, shop.ground, shop.proof) for item in shop.proof.listing(node.entries[kind])]
    paths = [path for path in found if path is not None]
    for path in paths:
        if not issubclass(path.kind, str):
            shop.proof.problem(node.entries[kind], "文字の項目だけを並べてください", path.text)
    return paths


def _from(node: Section, shop: Workshop) -> tuple[Get, Any, bool]:
    return one_path(node, "from", shop)


def _first_of(node: Section, shop: Workshop) -> tuple[Get, Any, bool]:
    paths = text_paths(node, "first_of", shop)
    gets = [path.get for path in paths]
    return (
        lambda scope: next((text for get in gets if (text := get(scope))), ""),
        str,
        any(path.on_line for path in paths),
    )


def _join(node: Section, shop: Workshop) -> tuple[Get, Any, bool]:
    """Non-empty texts, with `with` between them: numbers of two fields must never grow together."""
    paths = text_paths(node, "join", shop)
    gets = [path.get for path in paths]
    between = shop.proof.text(node.entries["with"]) if "with" in node else ""
    return (
        lambda scope: between.join([text for get in gets if (text := get(scope))]),
        str,
        any(path.on_line for path in paths),
    )


def _sum(node: Section, shop: Workshop) -> tuple[Get, Any, bool]:
    terms: list[tuple[int, Get]] = []
    on_line = False
    for item in shop.proof.listing(node.entries["sum"]):
        text = shop.proof.text(item)
        sign = -1 if text.startswith("-") else 1
        bare = Text(text.removeprefix("-"), item.line, item.column)
        path = resolve(bare, shop.ground, shop.proof)
        if path is None:
            continue
        if path.kind is bool or not issubclass(path.kind, int):
            shop.proof.problem(item, "数の項目だけを足せます", text)
        terms.append((sign, path.get))
        on_line = on_line or path.on_line
    return lambda scope: sum(sign * (get(scope) or 0) for sign, get in terms), int, on_line


def _invoice(node: Section, shop: Workshop) -> tuple[Get, Any, bool]:
    """One figure per tax rate, counted once per item."""
    name = shop.proof.word(node.entries["invoice"], INVOICE)
    if shop.ground.item is not Order:
        shop.proof.problem(node.entries["invoice"], "税率別の額は受注の設定でだけ使えます", name)
    if not name:
        return EMPTY.get, int, False
    figure = INVOICE[name]

    def get(scope: Scope) -> Any:
        if scope.invoice is None:
            scope.invoice = (
                NOTHING if scope.care is not None else None
            )  # told once per item, not once per column
            scope.invoice = Invoice.of(scope.item)
        return figure(scope.invoice)

    return get, int, False


def _value(node: Section, shop: Workshop) -> tuple[Get, Any, bool]:
    constant = shop.proof.text(node.entries["value"])
    _must_be_carried(constant, node.entries["value"], shop)
    return lambda scope: constant, str, False


def _must_be_carried(text: str, at: Node, shop: Workshop) -> None:
    if not carried(text, shop.encoding):
        shop.proof.problem(at, f"{shop.encoding} で書けない文字です", text)


def _count(node: Section, shop: Workshop) -> tuple[Get, Any, bool]:
    shop.proof.word(node.entries["count"], ("lines",))
    if shop.ground.line is None:
        shop.proof.problem(node, "行数を数えられるのは each: がある設定だけです")
    return lambda scope: str(len(scope.lines)), str, False


def _slot(node: Section, shop: Workshop) -> tuple[Get, Any, bool]:
    """One part of the placed address, or several as one text."""
    named = node.entries["slot"]
    parts = named.items if isinstance(named, Listing) else (named,)
    slots = [shop.proof.word(part, (*SLOTS, *NAMES), "street") for part in parts]
    placed = shop.address
    if placed is None:
        shop.proof.problem(node, "slot: を使うには address: の設定が要ります")
        return EMPTY.get, str, False
    joint = shop.proof.text(node.entries["with"]) if "with" in node else ""
    return (
        lambda scope: joint.join(filter(None, [getattr(placed(scope), slot) for slot in slots])),
        str,
        False,
    )


def _drop(node: Section, shop: Workshop) -> tuple[Get, Any, bool]:
    """Left out on purpose, `with` in its place, and written down: which only the careful way does."""
    path = resolve(node.entries["drop"], shop.ground, shop.proof)
    if path is None:
        return EMPTY.get, str, False
    get = path.get
    put = shop.proof.text(node.entries["with"]) if "with" in node else ""

    def nothing(scope: Scope) -> str:
        value = get(scope)
        if value not in (None, ""):
            if scope.care is None:
                raise Unfit(Reason.MALFORMED, "")
            scope.care.note("dropped", str(value), put)
        return put

    return nothing, str, path.on_line


_SOURCES: dict[str, Callable[[Section, Workshop], tuple[Get, Any, bool]]] = {
    "from": _from,
    "first_of": _first_of,
    "join": _join,
    "sum": _sum,
    "invoice": _invoice,
    "value": _value,
    "count": _count,
    "slot": _slot,
    "drop": _drop,
}


def _steps(node: Section, taken: Any, shop: Workshop) -> tuple[Callable[[Any], str], ...]:
    """The named steps of `as:`; the first must take what the source gives, the others take text."""
    items = shop.proof.listing(node.entries["as"]) if "as" in node else ()
    names = [shop.proof.word(item, TRANSFORMS) for item in items]
    for item, name in zip(items, names, strict=True):
        wanted = TAKES.get(name, str)
        if name and taken is not None and not _suits(taken, wanted):
            shop.proof.problem(item, f"この項目は {_named(taken)} なので「{name}」を使えません", name)
        taken = str
    if taken in (date, datetime, bool):
        shop.proof.problem(node, f"{_named(taken)} の書き方を as: で決めてください", _named(taken))
    return tuple(TRANSFORMS[name] for name in names if name)


def _suits(taken: Any, wanted: type) -> bool:
    if wanted is date:
        return bool(taken is date)
    return bool(issubclass(taken, wanted)) and not (wanted is int and taken is bool)


def _named(kind: Any) -> str:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "区分"
    return {str: "文字", int: "数", bool: "はい・いいえ", date: "日付", datetime: "時刻"}.get(kind, str(kind))


def _lookup(node: Section, shop: Workshop) -> Ask | None:
    """The question to a table, the closed list of this column, or one after the other."""
    table = _table(node, shop)
    if "words" not in node:
        return table
    words = compile_words(node.entries["words"], shop.proof)
    for word in words.values():
        _must_be_carried(word, node.entries["words"], shop)
    return lambda value: said(words, value if table is None else table(value))


def _table(node: Section, shop: Workshop) -> Ask | None:
    if "lookup" not in node:
        return None
    name = shop.proof.word(node.entries["lookup"], LOOKUPS)
    if not name:
        return None
    ask, tables = LOOKUPS[name], shop.tables
    return lambda value: ask(tables, value)


def _choose(node: Node, shop: Workshop) -> Value:
    """The first branch whose `when` holds; the last one has none, so that there is always an answer."""
    branches: list[tuple[Test, Value]] = []
    items = shop.proof.listing(node)
    for number, item in enumerate(items, 1):
        branch = shop.proof.section(item, (*VALUES, *EXTRAS))
        if ("when" in branch) == (number == len(items)):
            shop.proof.problem(item, "when: は最後の枝以外のすべてに書き、最後の枝には書きません")
            continue
        test = (
            compile_condition(branch.entries["when"], shop.ground, shop.tables, shop.proof)
            if "when" in branch
            else lambda scope: True
        )
        branches.append((test, compile_value(branch, shop)))
    return Value(
        lambda scope: next(value.get(scope) for test, value in branches if test(scope)),
        on_line=any(value.on_line for _, value in branches) or "line." in _words(node),
        multiline=any(value.multiline for _, value in branches),
    )


def _words(node: Node) -> str:
    """All words of a part of the file, to see whether a condition looks at the line."""
    if isinstance(node, Text):
        return node.value + " "
    inner = [*node.names.values(), *node.entries.values()] if isinstance(node, Section) else node.items
    return "".join(map(_words, inner))
