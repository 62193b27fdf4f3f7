"""Free columns (受注自由項目, 自由項目): answers on orders and subscriptions, and their own bulk endpoints.

spec/ecforce.md §2.7, §2.9. Two different things share the name: 受注自由項目 stand on the record and travel to the
children; 自由項目 have values by category and sequence, are read as a bare array and stay where they were written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from connector.sandbox.cart.masters import FreeColumn
from connector.sandbox.cart.refusal import invalid, missing, not_found
from connector.sandbox.cart.resources import named
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.texts import read_int, read_switch

NO_CATEGORY: Final[int | None] = None
COLUMN, CATEGORY, SEQ = "free_column_id", "free_column_category_id", "free_column_category_seq"

Row = Mapping[str, Any]
Answers = dict[int, tuple[str, ...]]


def changed_answers(shop: Shop, answers: Answers, rows: object, prefix: str) -> Answers:
    """受注自由項目 with `[{id,values}]` written over; columns not listed stay, an empty list clears."""
    if not isinstance(rows, list):
        raise invalid(prefix, "order_free_columns")
    changed = dict(answers)
    for row in rows:
        id_ = read_int(row.get("id")) if isinstance(row, Mapping) else None
        values = row.get("values") if isinstance(row, Mapping) else None
        known = named(shop.settings.masters.order_free_columns, id_)
        if known is None or not isinstance(values, list):
            raise invalid(prefix, "order_free_columns")
        changed.pop(known.id, None)
        if values:
            changed[known.id] = tuple(str(value) for value in values)
    return changed


@dataclass(slots=True)
class Group:
    """One answered sequence of a category, or all single columns (category and sequence none)."""

    category_id: int | None
    seq: int | None
    values: Answers


class FreeValues:
    """自由項目 of all records of one kind."""

    def __init__(self, shop: Shop, prefix: str) -> None:
        self._shop, self._prefix = shop, prefix
        self._groups: dict[int, list[Group]] = {}

    def clear(self) -> None:
        self._groups.clear()

    def shown(self, record_id: int) -> list[dict[str, Any]]:
        """The bare array of a GET: by category, then by sequence."""
        categories: dict[int | None, list[Group]] = {}
        for group in self._groups.get(record_id, []):
            categories.setdefault(group.category_id, []).append(group)
        return [
            {CATEGORY: category, "values": [self._shown_group(group) for group in groups]}
            for category, groups in categories.items()
        ]

    def _shown_group(self, group: Group) -> dict[str, Any]:
        columns = {column.id: column.label for column in self._shop.settings.masters.free_columns}
        values = [
            {COLUMN: id_, "free_column_label": columns.get(id_), "free_column_value_values": list(texts)}
            for id_, texts in group.values.items()
        ]
        return {SEQ: group.seq, "values": values}

    def create(self, record_id: int, row: Row) -> None:
        """A column's value, or another answer of a category. Raises Refusal."""
        groups = self._groups.setdefault(record_id, [])
        if CATEGORY not in row:
            column = self._column(row, NO_CATEGORY)
            if any(column.id in group.values for group in groups if group.category_id is None):
                raise invalid(self._prefix, COLUMN)  # has a value already: bulk_update
            self._single(groups)[column.id] = self._texts(column, row)
            return
        category, values = self._answers(row)
        last = max((group.seq or 0 for group in groups if group.category_id == category), default=0)
        groups.append(Group(category, last + 1, values))

    def update(self, record_id: int, row: Row) -> None:
        """A column's value, or the answer of this category and sequence (the first one when unsaid)."""
        groups = self._groups.setdefault(record_id, [])
        if CATEGORY not in row:
            column = self._column(row, NO_CATEGORY)
            self._single(groups)[column.id] = self._texts(column, row)
            return
        category, seq = read_int(row[CATEGORY]), read_int(row.get(SEQ, 1))
        group = next((each for each in groups if (each.category_id, each.seq) == (category, seq)), None)
        if group is None:
            raise not_found(self._prefix, "free_column_value")
        if read_switch(row.get("delete")):
            groups.remove(group)
            return
        group.values |= self._answers(row)[1]

    def _single(self, groups: list[Group]) -> Answers:
        found = next((group for group in groups if group.category_id is None), None)
        if found is None:
            found = Group(None, None, {})
            groups.insert(0, found)
        return found.values

    def _answers(self, row: Row) -> tuple[int, Answers]:
        category, values = read_int(row[CATEGORY]), row.get("values")
        if category is None or not isinstance(values, list) or not values:
            raise missing(self._prefix, "values")
        columns = [(self._column(each, category), each) for each in values if isinstance(each, Mapping)]
        return category, {column.id: self._texts(column, each) for column, each in columns}

    def _column(self, row: Row, category: int | None) -> FreeColumn:
        column = named(self._shop.settings.masters.free_columns, read_int(row.get(COLUMN)))
        if column is None or column.category_id != category:
            raise not_found(self._prefix, "free_column")
        return column

    def _texts(self, column: FreeColumn, row: Row) -> tuple[str, ...]:
        """Free text, or the names of the chosen options."""
        chosen = row.get("free_column_option_ids")
        if isinstance(chosen, list):
            names = dict(column.options)
            ids = [read_int(each) for each in chosen]
            if any(id_ not in names for id_ in ids):
                raise invalid(self._prefix, "free_column_option_ids")
            return tuple(names[id_] for id_ in ids if id_ is not None)
        value = row.get("free_column_value")
        if value is None:
            raise missing(self._prefix, "free_column_value")
        return (str(value),)
