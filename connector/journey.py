"""Journey (受注の道のり): the places an order and a slip can stand, and the moves between them.

A map, no code that walks it. States are facts: participles, what has been *proved*. Trouble is never a state;
it is a hold pinned on the item at its place. There is one backward move on the line: a mail that provably never
arrived.
"""

from __future__ import annotations

from enum import StrEnum


class OrderState(StrEnum):
    RECEIVED = "received"  # 取込済: stored here
    NOTIFIED = "notified"  # 通知済: Next Engine was told by mail
    IN_INTAKE = "in_intake"  # 新規受付: seen there
    IMPORTED = "imported"  # 本取込済: the order CSV completed the slip, read back
    SHIPPED = "shipped"  # 出荷済: all its live slips are confirmed in Next Engine
    COMPLETED = "completed"  # 完了: the cart shows it
    CANCELLED = "cancelled"  # left the journey


class SlipState(StrEnum):
    INTAKE = "intake"  # 新規受付
    OPEN = "open"  # 起票済, waiting for confirmation, money, stock or a date
    PRINT_READY = "print_ready"  # 印刷待ち
    RELAYED = "relayed"  # 出荷指示済: the warehouse took it
    DISPATCHED = "dispatched"  # 出荷実績あり: the warehouse shipped it
    CONFIRMED = "confirmed"  # 出荷確定済: read back from Next Engine
    CANCELLED = "cancelled"  # cancelled, or merged into another slip


State = OrderState | SlipState

ORDER_LINE = (
    OrderState.RECEIVED,
    OrderState.NOTIFIED,
    OrderState.IN_INTAKE,
    OrderState.IMPORTED,
    OrderState.SHIPPED,
    OrderState.COMPLETED,
)
SLIP_LINE = (
    SlipState.INTAKE,
    SlipState.OPEN,
    SlipState.PRINT_READY,
    SlipState.RELAYED,
    SlipState.DISPATCHED,
    SlipState.CONFIRMED,
)


def _forward(line: tuple[State, ...]) -> set[tuple[State, State]]:
    """Every later place may be *seen* from an earlier one: people move orders and slips by hand."""
    return {(here, there) for i, here in enumerate(line) for there in line[i + 1 :]}


MOVES: frozenset[tuple[State, State]] = frozenset(
    _forward(ORDER_LINE)
    | _forward(SLIP_LINE)
    | {(OrderState.NOTIFIED, OrderState.RECEIVED)}  # Redo: the mail never reached 新規受付
    | {(state, OrderState.CANCELLED) for state in ORDER_LINE[:-2]}
    # A failed order is voided (so: cancelled), gets another payment and lives again: spec/ecforce.md §2.11.
    # Only before it was handed on; afterwards a person decides.
    | {(OrderState.CANCELLED, OrderState.RECEIVED)}
    | {(state, SlipState.CANCELLED) for state in SLIP_LINE[:-1]}
)

FINAL: frozenset[State] = frozenset(
    {OrderState.COMPLETED, OrderState.CANCELLED, SlipState.CONFIRMED, SlipState.CANCELLED}
)


def at_least(state: State, other: State) -> bool:
    """Whether `state` stands at `other` or further along the same line. CANCELLED is not on the line."""
    line: tuple[State, ...] = ORDER_LINE if isinstance(other, OrderState) else SLIP_LINE
    return state in line and line.index(state) >= line.index(other)
