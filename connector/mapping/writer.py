"""CSV writer (CSV書き出し): our nouns into the other side's machine file, byte for byte as it wants it.

One item that cannot be written is held with order, column and character; its neighbours go on. A clean item is
written in one pass; only an item in which something was found is written again on the careful way, where every
character is looked at and every change is recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from connector.mapping.address import NOWHERE
from connector.mapping.address_slots import compile_address
from connector.mapping.checks import CHECKS, LOOKS_AT
from connector.mapping.columns import Column, compile_columns
from connector.mapping.conditions import Test, compile_condition
from connector.mapping.dialect import KEYS as DIALECT
from connector.mapping.dialect import Dialect, bare, compile_dialect
from connector.mapping.document import Node, Proof, read
from connector.mapping.paths import Ground, Scope, element, resolve, walk
from connector.mapping.sources import SOURCES, Instruction, Stop
from connector.mapping.tables import Tables
from connector.mapping.text import Firewall, Replacement, carried, suspects
from connector.mapping.unfit import Unfit
from connector.mapping.values import Care, Get, Workshop
from connector.outcome import Hold, Reason

PAGE = 500  # items per encoder call
ADDRESS = "住所"

Check = Callable[[Tables, Any], None]
Cell = Callable[[Scope], str]


@dataclass(frozen=True, slots=True)
class Written:
    """A file: its bytes, the keys of the items in it, and who had to stay out and why."""

    body: bytes
    included: tuple[str, ...]
    held: tuple[tuple[str, Hold], ...]
    rows: int
    replaced: tuple[Replacement, ...]


@dataclass(frozen=True, slots=True)
class CsvWriter:
    """A compiled mapping. `header` is exactly the other side's; `write` may be repeated at will."""

    header: tuple[str, ...]
    noun: str  # how messages call an item: 受注, 伝票
    key: Callable[[Scope], str]
    lines: Callable[[Scope], Sequence[Any]] | None
    only: Test | None
    address: Get | None  # fits the address into its slots, once per item
    columns: tuple[Column, ...]
    checks: tuple[Check, ...]
    tables: Tables
    dialect: Dialect
    max_lines: int
    unique: bool
    repeat: Get | None = None  # how many equal rows an item takes: one per parcel
    written: frozenset[str] = frozenset()  # every path and slot that some column writes

    def write(self, items: Sequence[Any]) -> Written:
        """The file for these items, in this order. Raises nothing for a bad item: it is in `held`."""
        desk = _Desk(self)
        for start in range(0, len(items), PAGE):
            desk.page(items[start : start + PAGE])
        return desk.finish(self._repeated(items) if self.unique else frozenset())

    def _repeated(self, items: Sequence[Any]) -> frozenset[str]:
        counts = Counter(self.key(Scope(item, [])) for item in items)
        return frozenset(key for key, count in counts.items() if count > 1)


class _Desk:
    """One run of a writer: gathers blocks, holds and records."""

    def __init__(self, writer: CsvWriter) -> None:
        self.writer = writer
        self.quote = writer.dialect.quote
        self.codec = writer.dialect.codec
        self.quick = self._groups([column.cell(self.quote) for column in writer.columns])
        self.bodies = [writer.dialect.opening(writer.header)]
        self.included: list[tuple[str, str, int]] = []  # key, block, rows
        self.held: list[tuple[str, Hold]] = []
        self.replaced: list[Replacement] = []

    def page(self, items: Sequence[Any]) -> None:
        scopes = [self._scope(item) for item in items]
        blocks = [self._quick(scope) for scope in scopes]
        odd = suspects([block or "" for block in blocks], self.writer.dialect.page)
        for number, scope in enumerate(scopes):
            block = blocks[number]
            key = self.writer.key(scope)
            if block is None or number in odd:
                block = self._careful(scope, key)
            if block is not None:
                self.included.append((key, block, len(scope.lines)))

    def finish(self, repeated: frozenset[str]) -> Written:
        twice = Hold(Reason.KEY_CONFLICT, "同じ番号が一つのファイルに二度あります。どちらも書きません")
        self.held += [(key, twice) for key, _, _ in self.included if key in repeated]
        kept = [(key, block, rows) for key, block, rows in self.included if key not in repeated]
        for start in range(0, len(kept), PAGE):
            self.bodies.append(
                "".join(block for _, block, _ in kept[start : start + PAGE]).encode(self.codec)
            )
        included = {key for key, _, _ in kept}
        return Written(
            body=b"".join(self.bodies),
            included=tuple(dict.fromkeys(key for key, _, _ in kept)),
            held=tuple(self.held),
            rows=sum(rows for _, _, rows in kept),
            replaced=tuple(note for note in self.replaced if note.key in included),
        )

    def _scope(self, item: Any) -> Scope:
        scope = Scope(item, [None])
        if self.writer.repeat is not None:
            scope.lines = [None] * self.writer.repeat(scope)
        if self.writer.lines is None:
            return scope
        scope.lines = list(self.writer.lines(scope))
        if (only := self.writer.only) is not None:
            lines, scope.lines = scope.lines, []
            for scope.line in lines:
                if only(scope):
                    scope.lines.append(scope.line)
            scope.line = None
        return scope

    def _quick(self, scope: Scope) -> str | None:
        """The rows of an item if nothing at all is odd about it."""
        if not 0 < len(scope.lines) <= self.writer.max_lines:
            return None
        try:
            for check in self.writer.checks:
                check(self.writer.tables, scope.item)
            return self._rows(scope, self.quick)
        except Unfit:
            return None

    def _groups(self, cells: list[Cell]) -> list[tuple[bool, list[Cell]]]:
        """The columns in file order, neighbours of one level together."""
        levels = [column.value.on_line for column in self.writer.columns]
        pairs = groupby(zip(levels, cells, strict=True), key=lambda pair: pair[0])
        return [(on_line, [cell for _, cell in group]) for on_line, group in pairs]

    def _careful(self, scope: Scope, key: str) -> str | None:
        """The rows of an item, every character looked at; None and a hold where it cannot be written."""
        firewall = Firewall(key, self.writer.tables.characters, self.writer.dialect.page)
        scope.care, scope.address = Care(firewall), None
        wrong = self._wrong_as_a_whole(scope)

        block = self._rows(scope, self._groups([self._told(column, wrong) for column in self.writer.columns]))
        if wrong:
            words = "\n".join(dict.fromkeys(f"{self.writer.noun} {key} {words}" for _, words in wrong))
            self.held.append((key, Hold(wrong[0][0], words)))
            return None
        self.replaced += firewall.replaced
        return block

    def _told(self, column: Column, wrong: list[tuple[Reason, str]]) -> Cell:
        """The cell of a column on the careful way: what is wrong is gathered, and the next column goes on."""

        def cell(scope: Scope) -> str:
            try:
                return self.quote(self._bare(column, column.careful(scope), scope))
            except Unfit as unfit:
                wrong.append((unfit.reason, f"「{column.name}」: {unfit.words}"))
                return ""

        return cell

    def _wrong_as_a_whole(self, scope: Scope) -> list[tuple[Reason, str]]:
        wrong: list[tuple[Reason, str]] = []
        if not scope.lines:
            wrong.append((Reason.MALFORMED, "明細が一つもありません"))
        if len(scope.lines) > self.writer.max_lines:
            words = f"明細が {len(scope.lines)} 行あり、上限の {self.writer.max_lines} 行を超えています"
            wrong.append((Reason.TOO_MANY_LINES, words))
        for check in self.writer.checks:
            try:
                check(self.writer.tables, scope.item)
            except Unfit as unfit:
                wrong.append((unfit.reason, unfit.words))
        return wrong + self._wrong_address(scope)

    def _wrong_address(self, scope: Scope) -> list[tuple[Reason, str]]:
        """Told once for the whole address, not once per slot."""
        if self.writer.address is None:
            return []
        scope.care.column = ADDRESS
        try:
            self.writer.address(scope)
        except Unfit as unfit:
            scope.address = NOWHERE
            return [(unfit.reason, f"「{scope.care.column}」: {unfit.words}")]
        return []

    def _bare(self, column: Column, text: str, scope: Scope) -> str:
        """Where nothing is quoted, without separators, and told."""
        if self.writer.dialect.quoting != "none" or (changed := bare(text)) == text:
            return text
        column.fits(changed)
        scope.care.note("unquoted", text, changed)
        return changed

    def _rows(self, scope: Scope, groups: list[tuple[bool, list[Cell]]]) -> str:
        """The rows of an item: order-level columns once, line-level ones per row."""
        between, end = self.writer.dialect.delimiter, self.writer.dialect.line_end
        chunks = [
            None if on_line else between.join([cell(scope) for cell in cells]) for on_line, cells in groups
        ]
        rows: list[str] = []
        for line in scope.lines:
            scope.line = line
            parts = [
                chunk if chunk is not None else between.join([cell(scope) for cell in cells])
                for chunk, (_, cells) in zip(chunks, groups, strict=True)
            ]
            rows.append(between.join(parts) + end)
        scope.line = None
        return "".join(rows)


_KEYS = ("kind", "source", "key", "noun", "each", "only", "max_lines", "unique", "repeat")
_NEEDED = ("kind", "source", "key", "noun", "encoding", "quoting", "columns")
NO_LIMIT = 1_000_000


def load_csv_writer(path: Path, tables: Tables) -> CsvWriter:
    """Raises Misconfigured with every problem of the file."""
    proof = Proof(str(path))
    writer = read_csv_writer(path, tables, proof)
    proof.finish()
    assert writer is not None  # noqa: S101 - without problems there is a writer
    return writer


def read_csv_writer(path: Path, tables: Tables, proof: Proof) -> CsvWriter | None:
    root = read(path, proof)
    if root is None:
        return None
    proof.section(root, (*_KEYS, *DIALECT, "checks", "address", "columns"), _NEEDED)
    if any(name not in root for name in _NEEDED):
        return None
    proof.word(root.entries["kind"], ("csv_writer",))
    source = proof.word(root.entries["source"], SOURCES)
    return _compile(root.entries, SOURCES[source], tables, proof) if source else None


def _compile(entries: dict[str, Node], source: Any, tables: Tables, proof: Proof) -> CsvWriter:
    ground, lines = _each(entries.get("each"), source, proof)
    dialect = compile_dialect(entries, proof)
    guarded = source in (
        Instruction,
        Stop,
    )  # a warehouse's people open them; Next Engine's import gets texts whole
    shop = Workshop(ground, tables, proof, dialect.page, guarded=guarded)
    if "address" in entries:
        shop = replace(shop, address=compile_address(entries["address"], shop))
    columns = compile_columns(entries["columns"], shop)
    key = resolve(entries["key"], ground, proof)
    return CsvWriter(
        header=_header(columns, entries["columns"], shop),
        noun=proof.text(entries["noun"]),
        key=key.get if key else _nameless,
        lines=lines,
        address=shop.address,
        only=compile_condition(entries["only"], ground, tables, proof) if "only" in entries else None,
        columns=tuple(columns),
        checks=_checks(entries.get("checks"), source, proof),
        tables=tables,
        dialect=dialect,
        max_lines=proof.integer(entries["max_lines"], 1, NO_LIMIT) if "max_lines" in entries else NO_LIMIT,
        unique="unique" in entries and proof.flag(entries["unique"]),
        repeat=_repeat(entries, ground, proof) if "repeat" in entries else None,
        written=frozenset(shop.written),
    )


def _repeat(entries: dict[str, Node], ground: Ground, proof: Proof) -> Get | None:
    """`repeat: parcels`: one row per parcel, all with the same values (複数口)."""
    if "each" in entries:
        proof.problem(entries["repeat"], "each: と repeat: は一緒に使えません")
    path = resolve(entries["repeat"], ground, proof)
    if path is None:
        return None
    if path.kind is bool or not issubclass(path.kind, int):
        proof.problem(entries["repeat"], "行の数を決めるのは数の項目だけです", path.text)
    return path.get


def _nameless(scope: Scope) -> str:
    return ""


def _each(
    node: Node | None, item: Any, proof: Proof
) -> tuple[Ground, Callable[[Scope], Sequence[Any]] | None]:
    if node is None:
        return Ground(item), None
    path = walk(node, Ground(item), proof)
    if path is None:
        return Ground(item), None
    if (line := element(path.kind)) is None:
        proof.problem(node, "each: には明細の並びを書いてください", path.text)
    return Ground(item, line), path.get


def _header(columns: list[Column], node: Node, shop: Workshop) -> tuple[str, ...]:
    for column in columns:
        if not carried(column.name, shop.encoding):
            shop.proof.problem(node, f"見出しに {shop.encoding} で書けない文字があります", column.name)
    if not columns:
        shop.proof.problem(node, "列が一つもありません")
    return tuple(column.name for column in columns)


def _checks(node: Node | None, source: Any, proof: Proof) -> tuple[Check, ...]:
    checks: list[Check] = []
    for item in proof.listing(node) if node is not None else ():
        name = proof.word(item, CHECKS)
        if name and LOOKS_AT[name] is not source:
            proof.problem(item, f"この照合は {LOOKS_AT[name].__name__.lower()} にだけ使えます", name)
        elif name:
            checks.append(CHECKS[name])
    return tuple(checks)
