"""Paths (項目の場所): `amounts.discount`, checked against the noun's own fields when the mapping is loaded.

`line.` is the element of `each:`; any other path starts at the item. A misspelt field is a problem with the
nearest field that exists, never an empty column.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from operator import attrgetter
from typing import Any

import msgspec

from connector.mapping.document import Node, Proof, Text

SCALARS = (str, int, bool, date, datetime)
LINE = "line"


@dataclass(slots=True)
class Scope:
    """What the cells of one row look at; one per item, `line` moves on row by row."""

    item: Any
    lines: list[Any]
    line: Any = None
    care: Any = None  # a `columns.Care` on the careful way, else None
    address: Any = None  # the placed address, once some column asked for it
    invoice: Any = None  # the parts per tax rate, once some column asked for them


@dataclass(frozen=True, slots=True)
class Path:
    """One place in an item or a line. `kind` is its type without None."""

    text: str
    kind: Any
    on_line: bool
    get: Callable[[Scope], Any]


@dataclass(frozen=True, slots=True)
class Ground:
    """The types a mapping's paths are checked against."""

    item: Any
    line: Any = None


def fields(kind: Any) -> dict[str, Any]:
    """Field and property names of a Struct or dataclass, with their types."""
    if not isinstance(kind, type):
        return {}
    if not (issubclass(kind, msgspec.Struct) or dataclasses.is_dataclass(kind)):
        return {}
    known = dict(typing.get_type_hints(kind))
    for name in dir(kind):
        member = getattr(kind, name, None)
        if isinstance(member, property) and member.fget is not None and not name.startswith("_"):
            known[name] = typing.get_type_hints(member.fget).get("return", str)
    return known


def resolve(node: Node | None, ground: Ground, proof: Proof) -> Path | None:
    """The path at `node`, down to a single value."""
    path = walk(node, ground, proof)
    if path is None:
        return None
    if not (isinstance(path.kind, type) and issubclass(path.kind, (*SCALARS, Enum))):
        inside = fields(path.kind)
        hint = "・".join(sorted(inside)[:20]) if inside else "一つの値を指す名前"
        proof.problem(node, "ここは値ではなく、まとまりです", path.text, hint)
        return None
    return path


def walk(node: Node | None, ground: Ground, proof: Proof) -> Path | None:
    """The path at `node`, wherever it leads."""
    text = proof.text(node)
    if not text or not isinstance(node, Text):
        return None
    steps = text.split(".")
    on_line = steps[0] == LINE
    if on_line and ground.line is None:
        proof.problem(node, "「line.」は each: がある設定でだけ使えます", text)
        return None
    kind: Any = ground.line if on_line else ground.item
    optional_on_the_way = False
    for number, step in enumerate(steps[1:] if on_line else steps, 1):
        kind, optional = _bare(kind)
        optional_on_the_way = optional_on_the_way or (optional and number > 1)
        known = fields(kind)
        if step not in known:
            proof.unknown(Text(step, node.line, node.column), f"「{text}」に知らない名前があります", known)
            return None
        kind = known[step]
    whole = text if on_line else f"item.{text}"
    get = _careful_getter(whole.split(".")) if optional_on_the_way else attrgetter(whole)
    return Path(text, _bare(kind)[0], on_line, get)


def element(kind: Any) -> Any:
    """The type inside a tuple, None where the type is not a tuple."""
    if typing.get_origin(kind) is tuple:
        return typing.get_args(kind)[0]
    return None


def _bare(kind: Any) -> tuple[Any, bool]:
    """The type without `| None`, and whether None was possible."""
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        inside = [part for part in typing.get_args(kind) if part is not type(None)]
        return (inside[0] if len(inside) == 1 else kind), len(inside) < len(typing.get_args(kind))
    return kind, False


def _careful_getter(steps: list[str]) -> Callable[[Scope], Any]:
    def get(scope: Scope) -> Any:
        value: Any = scope
        for step in steps:
            if value is None:
                return None
            value = getattr(value, step)
        return value

    return get
