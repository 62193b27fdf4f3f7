"""Whose goods lie in a bundled slip: sure only where the way of every row is known."""

from __future__ import annotations

from typing import Any

import pytest
from connector.bundle import surely_only, surely_without
from connector.slip import MERGED, NEStatus, Slip, SlipRow
from msgspec.structs import replace


def row(no: int, *came_from: Any, **more: Any) -> SlipRow:
    source, at = came_from or ("", 0)
    fresh: dict[str, Any] = {"sku": f"SKU-{no}", "name": "見本", "quantity": 1, "unit_price": 1100}
    return SlipRow(no=no, from_slip=source, from_row=at, **(fresh | more))


def slip(number: str, order: str, *rows: SlipRow, **more: Any) -> Slip:
    fresh: dict[str, Any] = {"ne_shop_id": "1", "status": 20, "lock": "b", "rows_lock": "b"}
    return Slip(number=number, order_number=order, rows=rows, **(fresh | more))


HERS = slip("2", "T-2", row(1, cancelled=True), cancel_type=MERGED, merged_into="1")
BOTH = slip("1", "T-1", row(1), row(2, "2", 1))
STRUCK = slip("1", "T-1", row(1), row(2, "2", 1, cancelled=True))


def judged(one: Slip, *others: Slip) -> tuple[bool, bool]:
    """Surely without the goods of T-2, surely nothing but those of T-1."""
    family = {each.number: each for each in (one, *others)}
    return surely_without(one, "T-2", family), surely_only(one, "T-1", family)


@pytest.mark.parametrize(
    ("one", "others", "sure"),
    [
        (BOTH, [HERS], (False, False)),
        (STRUCK, [HERS], (True, True)),
        (slip("1", "T-1", row(1), row(2, "2", 1, quantity=0)), [HERS], (True, True)),
        (replace(STRUCK, lock="c"), [HERS], (False, False)),
        (replace(STRUCK, lock="c", status=NEStatus.PRINTED), [HERS], (True, True)),
        (replace(BOTH, rows=()), [HERS], (False, False)),
        (STRUCK, [replace(HERS, rows=())], (True, True)),
        (BOTH, [replace(HERS, rows=())], (False, False)),
        (BOTH, [], (False, False)),
        (slip("1", "T-1", row(1)), [HERS], (False, False)),
        (slip("1", "T-1", row(1)), [HERS, slip("3", "T-1", row(1, "2", 1), split_from="1")], (True, True)),
        (slip("3", "T-1", row(1, "2", 1), split_from="1"), [HERS, STRUCK], (False, False)),
        (slip("3", "T-1", row(1), split_from="1"), [HERS, STRUCK], (False, False)),
        (slip("3", "T-1", row(1), split_from="1"), [slip("1", "T-1", row(2))], (True, True)),
    ],
    ids=[
        "her row is in it",
        "her row was cancelled",
        "her row has no pieces any more",
        "the slip was changed since its rows were read",
        "that counts no more once it was handed over",
        "it was never read with rows",
        "of hers no row ships, whatever hers looked like",
        "hers was never read with rows",
        "a row comes from a slip nobody knows",
        "rows of before the bundle",
        "her row was split off",
        "the part with her row is hers",
        "the part of a bundle does not say from where",
        "the part of a slip of one order",
    ],
)
def test_sure_is_what_every_row_says(one: Slip, others: list[Slip], sure: tuple[bool, bool]) -> None:
    assert judged(one, *others) == sure
