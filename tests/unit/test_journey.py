"""The map: which moves exist, and what "at least this far" means."""

from __future__ import annotations

from itertools import pairwise

import pytest
from connector.journey import (
    FINAL,
    MOVES,
    ORDER_LINE,
    SLIP_LINE,
    OrderState,
    SlipState,
    State,
    at_least,
)
from connector.ledger.views.places import PLACES
from connector.stages import BY_NAME, STAGES
from connector.stages.stage import Acting, Looking

LINES: tuple[tuple[State, ...], ...] = (ORDER_LINE, SLIP_LINE)


def test_every_step_of_both_lines_is_a_move() -> None:
    for line in LINES:
        assert set(pairwise(line)) <= MOVES


def test_one_backward_move_and_one_way_back_to_life() -> None:
    def back(here: State, there: State) -> bool:
        return any(here in line and there in line and line.index(there) < line.index(here) for line in LINES)

    assert {move for move in MOVES if back(*move)} == {(OrderState.NOTIFIED, OrderState.RECEIVED)}
    from_cancelled = {move for move in MOVES if move[0] in (OrderState.CANCELLED, SlipState.CANCELLED)}
    assert from_cancelled == {(OrderState.CANCELLED, OrderState.RECEIVED)}


def test_orders_and_slips_never_mix() -> None:
    assert all(type(here) is type(there) for here, there in MOVES)


def test_nothing_leaves_what_is_shipped_but_forward() -> None:
    assert {there for here, there in MOVES if here is OrderState.SHIPPED} == {OrderState.COMPLETED}
    assert not [move for move in MOVES if move[0] in (OrderState.COMPLETED, SlipState.CONFIRMED)]


def test_final_places_are_the_ends() -> None:
    for line in LINES:
        assert line[-1] in FINAL
        assert not set(line[:-1]) & FINAL


@pytest.mark.parametrize("line", LINES)
def test_at_least(line: tuple[State, ...]) -> None:
    for n, here in enumerate(line):
        for m, other in enumerate(line):
            assert at_least(here, other) is (n >= m)


def test_cancelled_is_on_no_line() -> None:
    assert not at_least(OrderState.CANCELLED, OrderState.RECEIVED)
    assert not at_least(SlipState.CANCELLED, SlipState.INTAKE)
    assert not at_least(OrderState.SHIPPED, SlipState.INTAKE)


def test_every_stage_leads_where_the_map_allows() -> None:
    for stage in STAGES:
        if stage.gives is None:
            continue
        for here in stage.takes:
            assert here is stage.gives or (here, stage.gives) in MOVES, stage.name


def test_every_place_but_the_last_is_somebodys() -> None:
    taken = {here for stage in STAGES for here in stage.takes}
    waiting_for_slips = {OrderState.IMPORTED}
    assert {state for line in LINES for state in line[:-1]} - taken == waiting_for_slips


def test_the_table_of_places_says_what_the_stages_say() -> None:
    for place in PLACES:
        if place.stage:
            stage = BY_NAME[place.stage]
            assert place.patience == stage.patience, place
            assert place.state in stage.takes, place


def test_what_takes_back_names_an_acting_stage() -> None:
    for stage in STAGES:
        if isinstance(stage, Looking) and stage.redo_of:
            assert isinstance(BY_NAME[stage.redo_of], Acting)
