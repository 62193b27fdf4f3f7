"""Conditions (条件): `when: {payment.method: {in: […]}, amounts.total: {gte: 10000}}`; all must hold.

A closed list of comparisons, checked against the type of the value when the mapping is loaded.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from connector.mapping.document import Node, Proof, Section, Text
from connector.mapping.paths import Ground, Path, Scope, resolve
from connector.mapping.tables import Tables
from connector.slip import Carrier

Test = Callable[[Scope], bool]

COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
OPERATORS = (*COMPARISONS, "is", "in", "not_in", "empty", "takes_slot", "code_in", "is_carrier_of")


def compile_condition(node: Node | None, ground: Ground, tables: Tables, proof: Proof) -> Test:
    """One test out of a `when:` or `only:` section."""
    tests: list[Test] = []
    if not isinstance(node, Section) or not node.entries:
        proof.problem(node, "条件は「項目: {比べ方: 値}」と書いてください")
        return _never
    for name, comparison in node.entries.items():
        path = resolve(node.names[name], ground, proof)
        entries = proof.section(comparison, OPERATORS).entries
        if path is not None:
            tests += [_test(path, word, value, ground, tables, proof) for word, value in entries.items()]
    if len(tests) == 1:
        return tests[0]
    return lambda scope: all(test(scope) for test in tests)


def _never(scope: Scope) -> bool:
    return False


def _test(path: Path, word: str, node: Node, ground: Ground, tables: Tables, proof: Proof) -> Test:
    get = path.get
    if word in COMPARISONS:
        return _number(path, COMPARISONS[word], node, proof)
    if word == "empty":
        wanted = proof.flag(node)
        return lambda scope: (get(scope) in (None, "")) is wanted
    if word in ("in", "not_in"):
        texts = frozenset(_constant(path, item, proof) for item in proof.listing(node))
        return (lambda s: _text(get(s)) in texts) if word == "in" else (lambda s: _text(get(s)) not in texts)
    if word == "is":
        constant = _constant(path, node, proof)
        return lambda scope: _text(get(scope)) == constant
    if path.kind is not str and not issubclass(path.kind, str):
        proof.problem(node, f"「{word}」は文字の項目にだけ使えます", path.text)
        return _never
    return _about_carriers(path, word, node, ground, tables, proof)


def _about_carriers(path: Path, word: str, node: Node, ground: Ground, tables: Tables, proof: Proof) -> Test:
    get = path.get
    if word == "takes_slot":
        wanted = proof.flag(node)
        return lambda s: ((row := tables.carrier_of_slip(get(s))) is None or row.slots) is wanted
    if word == "code_in":
        codes = frozenset(proof.word(item, tuple(Carrier)) for item in proof.listing(node))
        return lambda s: (row := tables.carrier_of_slip(get(s))) is not None and row.code in codes
    other = resolve(node, ground, proof)
    if other is None:
        return _never
    cart_name = other.get
    return lambda scope: tables.same_carrier(get(scope), cart_name(scope))


def _number(path: Path, compare: Callable[[int, int], bool], node: Node, proof: Proof) -> Test:
    text = proof.text(node)
    if path.kind is bool or not issubclass(path.kind, int):
        proof.problem(node, "大小を比べられるのは数の項目だけです", path.text)
        return _never
    if not text.removeprefix("-").isdigit():
        proof.problem(node, "数ではありません", text)
        return _never
    limit, get = int(text), path.get
    return lambda scope: (value := get(scope)) is not None and compare(value, limit)


def _constant(path: Path, node: Node, proof: Proof) -> str:
    """The text a value is compared with; it must be one the item can have."""
    text = proof.text(node)
    if not isinstance(node, Text):
        return text
    if path.kind is bool:
        return proof.word(node, ("yes", "no"))
    if hasattr(path.kind, "__members__"):
        return proof.word(node, tuple(_text(member) for member in path.kind))
    if issubclass(path.kind, int) and not text.removeprefix("-").isdigit():
        proof.problem(node, "数ではありません", text)
    return text


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
