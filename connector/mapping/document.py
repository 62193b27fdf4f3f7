"""Document (設定ファイル): a YAML file read strictly, every value a text that knows its line and column.

YAML's own guessing is never used: `no`, `1e3` and `0123` stay the texts they are. What YAML allows and a
mapping does not need (anchors, tags, duplicate keys, several documents) is a problem, not a feature.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from connector.errors import Misconfigured, Problem
from connector.mapping.yaml_slips import slip_at

MAX_BYTES = 1_000_000  # a mapping is written by people; more than this is something else


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar, exactly as written."""

    value: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Listing:
    """A sequence."""

    items: tuple[Node, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Section:
    """A mapping; `names` keeps the keys with their places."""

    entries: dict[str, Node]
    names: dict[str, Text]
    line: int
    column: int

    def __contains__(self, name: str) -> bool:
        return name in self.entries


Node = Text | Listing | Section


def nearest(word: str, known: Collection[str]) -> str:
    """The known word most like `word`, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return close[0] if close else ""


@dataclass(slots=True)
class Proof:
    """Reads the parts of one document and gathers every problem (校正): nothing is raised before the end."""

    where: str
    problems: list[Problem] = field(default_factory=list)

    def problem(self, at: Node | None, words: str, found: str = "", expected: str = "") -> None:
        line, column = (at.line, at.column) if at is not None else (0, 0)
        self.problems.append(Problem(self.where, line, column, words, found, expected))

    def section(self, node: Node | None, known: Collection[str], needed: Collection[str] = ()) -> Section:
        """The mapping at `node`; unknown and missing keys are problems."""
        if not isinstance(node, Section):
            self.problem(node, "「名前: 値」の並びを書いてください", _shown(node))
            return Section({}, {}, *_place(node))
        for name, key in node.names.items():
            if name not in known:
                self.unknown(key, "知らない項目名です", known)
        for name in needed:
            if name not in node:
                self.problem(node, f"項目「{name}」がありません")
        return node

    def listing(self, node: Node | None) -> tuple[Node, ...]:
        if isinstance(node, Listing):
            return node.items
        self.problem(node, "「- 値」の並びを書いてください", _shown(node))
        return ()

    def text(self, node: Node | None) -> str:
        if isinstance(node, Text):
            return node.value
        self.problem(node, "値を一つ書いてください", _shown(node))
        return ""

    def texts(self, node: Node | None) -> tuple[str, ...]:
        return tuple(self.text(item) for item in self.listing(node))

    def word(self, node: Node | None, known: Collection[str], otherwise: str = "") -> str:
        """One of the known words."""
        text = self.text(node)
        if not isinstance(node, Text):
            return otherwise
        if text not in known:
            self.unknown(node, "知らない言葉です", known)
            return otherwise
        return text

    def flag(self, node: Node | None) -> bool:
        return self.word(node, ("yes", "no"), "no") == "yes"

    def integer(self, node: Node | None, least: int, most: int) -> int:
        text = self.text(node)
        if isinstance(node, Text) and not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            self.problem(node, "数字ではないか、範囲の外です", text, f"{least} ～ {most}")
            return least
        return int(text) if text else least

    def unknown(self, at: Text, words: str, known: Collection[str]) -> None:
        close = nearest(at.value, known)
        expected = f"もしかして「{close}」" if close else "・".join(sorted(known)[:30])
        self.problem(at, words, at.value, expected)

    def told(self) -> list[Problem]:
        """Everything that was found, from the top of the file to its end."""
        return sorted(self.problems, key=lambda problem: (problem.line, problem.column))

    def finish(self) -> None:
        """Raises Misconfigured with everything that was found."""
        if self.problems:
            raise Misconfigured(self.told())


def read(path: Path, proof: Proof) -> Section | None:
    """The root mapping of a file; None, with problems in `proof`, where there is none to go on with."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        proof.problem(None, "ファイルを読めません", path.name, error.strerror or "")
        return None
    if len(raw) > MAX_BYTES:
        proof.problem(None, "設定ファイルとしては大きすぎます", f"{len(raw):,}", f"{MAX_BYTES:,} バイトまで")
        return None
    try:
        root = _build(raw.decode("utf-8"), proof)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        proof.problems.append(Problem(proof.where, line, 0, "UTF-8 で保存してください"))
        return None
    if isinstance(root, Section):
        return root
    if root is not None or not proof.problems:
        proof.problem(root, "ファイルの中身は「名前: 値」の並びでなければなりません")
    return None


def _build(text: str, proof: Proof) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    try:
        return _Builder(iter(list(yaml.parse(text))), proof).document()
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
        slip = slip_at(text, line, column, str(error.problem or error.context))
        words = f"YAML として読めません: {slip.words}"
        proof.problems.append(Problem(proof.where, slip.line, slip.column, words))
    except YAMLError as error:
        proof.problem(None, f"YAML として読めません: {error}")
    return None


class _Builder:
    """Turns the parser's events into nodes."""

    def __init__(self, events: Iterator[Event], proof: Proof) -> None:
        self.events, self.proof = events, proof

    def document(self) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
            elif isinstance(event, (ScalarEvent, SequenceStartEvent, MappingStartEvent, AliasEvent)):
                node = self.node(event)
                root = root if documents > 1 else node
                if documents > 1:
                    self.proof.problem(node, "一つのファイルに書ける文書は一つだけです (---)")
        return root

    def node(self, event: Event) -> Node:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, AliasEvent):
            self.proof.problem(Text("", line, column), "別名 (*) は使えません", f"*{event.anchor}")
            return Text("", line, column)
        if anchor := getattr(event, "anchor", None):
            self.proof.problem(Text("", line, column), "目印 (&) は使えません", f"&{anchor}")
        if tag := getattr(event, "tag", None):
            self.proof.problem(Text("", line, column), "型の指定 (!) は使えません", str(tag))
        if isinstance(event, ScalarEvent):
            return Text(event.value, line, column)
        if isinstance(event, SequenceStartEvent):
            return Listing(tuple(self._items()), line, column)
        return self._section(line, column)

    def _items(self) -> Iterator[Node]:
        while not isinstance(event := next(self.events), SequenceEndEvent):
            yield self.node(event)

    def _section(self, line: int, column: int) -> Section:
        entries: dict[str, Node] = {}
        names: dict[str, Text] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            key, value = self.node(event), self.node(next(self.events))
            if not isinstance(key, Text):
                self.proof.problem(key, "名前は一つの言葉でなければなりません")
            elif key.value in entries:
                self.proof.problem(key, f"同じ名前が {names[key.value].line} 行目にもあります", key.value)
            else:
                entries[key.value], names[key.value] = value, key
        return Section(entries, names, line, column)


def _place(node: Node | None) -> tuple[int, int]:
    return (node.line, node.column) if node is not None else (0, 0)


def _shown(node: Node | None) -> str:
    if isinstance(node, Text):
        return node.value
    return {Listing: "並び", Section: "名前: 値"}.get(type(node), "")
