"""Searching and sorting (検索): `q[<attribute>_<predicate>]`, arrays, association paths and `sort`.

spec/ecforce.md §2.3. Dangerous: an attribute nobody knows is ignored, as the real one does; the sandbox
at least writes it down among its warnings.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from connector.adapters.ecforce import wire
from connector.sandbox.cart.texts import read_datetime, read_int, read_switch

Record = TypeVar("Record")
Getter = Callable[[Record], Any]  # a value, or a list of values when the path goes through many

_KEY = re.compile(r"q\[(\w+)\](?:\[\d*\])?")
_MANY: Final = ("in", "not_in")
_NOT: Final = {
    "not_eq": "eq",
    "not_in": "in",
    "not_cont": "cont",
    "not_null": "null",
    "not_present": "present",
}
_BLANK: Final = (None, "", False)
WITH_DELETED: Final = "with_deleted"


class Wanted:
    """The texts of one `q[…]`, read once per kind of value they are compared with."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts
        self._read: dict[type, frozenset[Any]] = {}
        self.last = texts[-1] if texts else ""

    def values(self, like: Any) -> frozenset[Any]:
        """The wanted values as the same kind as `like`; what cannot be one is None."""
        kind = type(like)
        if kind not in self._read:
            self._read[kind] = frozenset(_as(like, text) for text in self._texts)
        return self._read[kind]

    def value(self, like: Any) -> Any:
        return next(iter(self.values(like)), None)


Test = Callable[[Any, Wanted], bool]


@dataclass(frozen=True, slots=True)
class Condition(Generic[Record]):
    """One `q[…]`."""

    getter: Getter[Record]
    test: Test
    wanted: Wanted
    negated: bool

    def holds(self, record: Record) -> bool:
        value = self.getter(record)
        if isinstance(value, list):
            return any(self.test(each, self.wanted) for each in value) is not self.negated
        return self.test(value, self.wanted) is not self.negated


@dataclass(frozen=True, slots=True)
class Query(Generic[Record]):
    """A parsed search."""

    conditions: tuple[Condition[Record], ...]
    sort: tuple[tuple[str, bool], ...]  # attribute, descending
    with_deleted: bool

    def select(
        self, records: Iterable[Record], getter_of: Callable[[str], Getter[Record] | None]
    ) -> list[Record]:
        """The matching records, sorted."""
        found = [record for record in records if all(each.holds(record) for each in self.conditions)]
        sorting = [(getter, descending) for name, descending in self.sort if (getter := getter_of(name))]
        if not sorting and (by_id := getter_of("id")):
            sorting = [(by_id, True)]
        for getter, descending in reversed(sorting):
            found.sort(key=_none_first(getter), reverse=descending)
        return found


def _none_first(getter: Getter[Record]) -> Callable[[Record], tuple[bool, Any]]:
    def key(record: Record) -> tuple[bool, Any]:
        value = getter(record)
        return value is not None, value

    return key


def parse(
    pairs: Iterable[tuple[str, str]],
    getter_of: Callable[[str], Getter[Record] | None],
    ignored: Callable[[str], None],
) -> Query[Record]:
    """A query string's pairs as a search; `ignored` hears about attributes and predicates nobody knows."""
    wanted: dict[str, list[str]] = {}
    sort = ""
    for key, value in pairs:
        if key == "sort":
            sort = value
        elif found := _KEY.fullmatch(key):
            wanted.setdefault(found.group(1), []).append(value)
    with_deleted = read_switch(wanted.pop(WITH_DELETED, ["0"])[-1])
    conditions = []
    for name, values in wanted.items():
        condition = _condition(name, values, getter_of)
        if condition is None:
            ignored(name)
        else:
            conditions.append(condition)
    return Query(tuple(conditions), _sorting(sort), with_deleted)


def _condition(
    name: str, values: list[str], getter_of: Callable[[str], Getter[Record] | None]
) -> Condition[Record] | None:
    for predicate in wire.PREDICATES:
        attribute = name.removesuffix(f"_{predicate}")
        if attribute == name:
            continue
        getter = getter_of(attribute)
        if getter is None:
            continue
        if attribute == "payment_state":
            values = [wire.PAYMENT_STATE_ALIASES.get(value, value) for value in values]
        wanted = Wanted(values if predicate in _MANY else values[-1:])
        return Condition(getter, _TESTS[_NOT.get(predicate, predicate)], wanted, predicate in _NOT)
    return None


def _sorting(text: str) -> tuple[tuple[str, bool], ...]:
    parts = [(part.removeprefix("-"), part.startswith("-")) for part in text.split(",")]
    allowed = tuple((name, descending) for name, descending in parts if name in wire.SORTABLE)
    return allowed or (("id", True),)


def _as(value: Any, text: str) -> Any:
    """The wanted text as the same kind of value; None when it cannot be one."""
    if isinstance(value, bool):
        return read_switch(text)
    if isinstance(value, int):
        return read_int(text)
    if isinstance(value, datetime):
        return read_datetime(text)
    return text


def _equal(value: Any, wanted: Wanted) -> bool:
    return value is not None and value in wanted.values(value)


def _compared(compare: Callable[[Any, Any], bool]) -> Test:
    def test(value: Any, wanted: Wanted) -> bool:
        other = None if value is None else wanted.value(value)
        return other is not None and compare(value, other)

    return test


def _texted(compare: Callable[[str, str], bool]) -> Test:
    def test(value: Any, wanted: Wanted) -> bool:
        return value is not None and compare(str(value), wanted.last)

    return test


def _switched(fact: Callable[[Any], bool]) -> Test:
    """Predicates that take 1 or 0: `null=0` means that there is a value."""

    def test(value: Any, wanted: Wanted) -> bool:
        return fact(value) == read_switch(wanted.last, default=True)

    return test


_TESTS: Final[dict[str, Test]] = {
    "eq": _equal,
    "in": _equal,
    "lt": _compared(operator.lt),
    "lteq": _compared(operator.le),
    "gt": _compared(operator.gt),
    "gteq": _compared(operator.ge),
    "cont": _texted(lambda value, part: part.lower() in value.lower()),
    "start": _texted(str.startswith),
    "end": _texted(str.endswith),
    "null": _switched(lambda value: value is None),
    "present": _switched(lambda value: value not in _BLANK),
    "blank": _switched(lambda value: value in _BLANK),
    "true": _switched(lambda value: value is True),
    "false": _switched(lambda value: not value),
}
