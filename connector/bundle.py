"""Bundle (同梱の中身): whose goods lie in a slip, by its rows; a tie only says whose may ever have lain there.

A bundled row names the slip and the row it came from (include_from_*, spec/next_engine.md §4.3). Dangerous: a row of
which that is not known may be anybody's, so what is *sure* here needs the whole way of every row. `family`: all slips
that hang together with this one.
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.slip import NEStatus, Slip, SlipRow

Family = Mapping[str, Slip]


def carries(slip: Slip, order_number: str, family: Family) -> bool:
    """Whether goods of this order lie in this slip, as far as rows tell; `family`: all slips tied to the order."""
    rows = slip.rows if slip.merged else [row for row in slip.rows if not row.cancelled]
    return not rows or any(_bought_with(row, slip, order_number, family) for row in rows)


def surely_without(slip: Slip, order_number: str, family: Family) -> bool:
    """Every row that ships is known to be another order's."""
    sources = _sources(slip, family)
    return bool(sources) and all(
        source is not None and not _stands_for(source, order_number, family) for source in sources
    )


def surely_only(slip: Slip, order_number: str, family: Family) -> bool:
    """Every row that ships is known to be this order's."""
    sources = _sources(slip, family)
    return bool(sources) and all(
        source is not None and _stands_for(source, order_number, family) for source in sources
    )


def _sources(slip: Slip, family: Family) -> list[Slip | None]:
    """Where each row that ships was bought; None where that is not known. No row, or rows of before, tell nothing.

    Of a slip that was handed over those count that were read before it was; our own marks change it after that.
    """
    known = slip.rows_lock == slip.lock or slip.status >= NEStatus.PRINTED
    if not known or not _rows_moved(slip, family):
        return []
    shipping = (row for row in slip.rows if not row.cancelled and row.quantity > 0)
    return [_source(row, slip, family) for row in shipping]


def _rows_moved(slip: Slip, family: Family) -> bool:
    """Whether rows of all that went into this slip are seen somewhere, be it cancelled or split off again."""
    seen = {row.from_slip for one in family.values() for row in one.rows}
    return all(one.number in seen for one in family.values() if one.merged_into == slip.number)


def _source(row: SlipRow, slip: Slip, family: Family) -> Slip | None:
    passed: set[tuple[str, int]] = set()
    while row.from_slip:
        if (slip.number, row.no) in passed:
            return None
        passed.add((slip.number, row.no))
        source = family.get(row.from_slip)
        below = next((one for one in source.rows if one.no == row.from_row), None) if source else None
        if source is None or below is None:
            return None
        row, slip = below, source
    return None if _made_of_a_bundle(slip, family) else slip


def _made_of_a_bundle(slip: Slip, family: Family) -> bool:
    """Split or copied from a slip that others had gone into: a row that does not say from where may be theirs."""
    passed = {slip.number}
    while above := slip.split_from or slip.copied_from or slip.parcel_parent:
        parent = family.get(above)
        if parent is None or above in passed:
            return True
        if any(row.from_slip for row in parent.rows) or any(
            one.merged_into == above for one in family.values()
        ):
            return True
        passed.add(above)
        slip = parent
    return False


def _bought_with(row: SlipRow, slip: Slip, order_number: str, family: Family) -> bool:
    passed: set[tuple[str, int]] = set()
    while row.from_slip and (slip.number, row.no) not in passed:
        passed.add((slip.number, row.no))
        source = family.get(row.from_slip)
        if source is None:
            return False  # from a slip that has nothing to do with this order
        below = next((one for one in source.rows if one.no == row.from_row), None)
        if below is None:
            return True  # that slip was never read with its rows
        row, slip = below, source
    return _stands_for(slip, order_number, family)


def _stands_for(slip: Slip, order_number: str, family: Family) -> bool:
    """By its own number, or by that of the slip it was made of: a copy may have got another one by hand."""
    passed: set[str] = set()
    here: Slip | None = slip
    while here is not None and here.number not in passed:
        if here.order_number == order_number:
            return True
        passed.add(here.number)
        here = family.get(here.split_from or here.copied_from or here.parcel_parent)
    return False
