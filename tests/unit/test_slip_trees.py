"""All trees of bundle and split, up to four orders of up to three parcels: who is completed is exactly who ordered.

First the ties and the completion's own reading alone, over every tree and every way to it; then real passes of all
stages over every tree of up to three orders, thousands of orders in one shop.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest
from connector.journey import OrderState, SlipState
from connector.ledger.schema import order_slips, orders, slips
from connector.ledger.slip_family import how, reach
from connector.ledger.slips import see
from connector.outcome import Item
from connector.slip import NEStatus, Slip
from connector.stages.complete import shipped, still_waits
from sqlalchemy import select

from tests.unit.fakes import FakeNextEngine
from tests.unit.slip_trees import SHAPES, WAYS, Desk, Grower, Tree, all_trees, lines_of, parts_of
from tests.unit.world import START, HandClock, World, a_shipment, an_order, tracking, world

PATHS = list(itertools.product(WAYS, SHAPES))


def every_tree() -> tuple[Tree, ...]:
    """A second of work: not for those who only collect the tests."""
    return all_trees(4, 3)


def grown(tree: Tree, path: tuple[str, str]) -> tuple[Desk, list[str]]:
    """The slips of one tree, alone in Next Engine, each with a second of its own."""
    clock = HandClock(START)
    ne = FakeNextEngine(clock)
    orders = [lines_of(an_order(f"T-{n}"), parts) for n, parts in enumerate(parts_of(tree), 1)]
    ne.orders = {order.number: order for order in orders}.get
    desk, (way, shape) = Desk(ne, clock), path
    slips = [ne.open(order.number, NEStatus.PRINT_WAIT).number for order in orders]
    return desk, Grower(desk, tree, slips, shape).grow(way)


def ties_of(slips: dict[str, Slip]) -> dict[tuple[int, str], str]:
    """Order n is "T-n"; its own slips are tied by its number, all else follows."""
    own = {(int(slip.order_number[2:]), slip.number): how(slip) for slip in slips.values()}
    return reach(slips, own)


def test_there_are_so_many_trees() -> None:
    assert [len(all_trees(n, 3)) for n in (1, 2, 3)] == [6, 63, 669]
    trees = every_tree()
    assert len(trees) == 8387
    assert len(set(trees)) == len(trees)


@pytest.mark.long
def test_every_tree_completes_exactly_its_orders() -> None:
    """Each tree by one of the nine paths, those of up to three orders by all nine."""
    for number, tree in enumerate(every_tree()):
        every = len(tree[0]) < 4
        for path in PATHS if every else (PATHS[number % len(PATHS)],):
            completes(tree, path, backwards=bool(number % 2))


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("path", PATHS)
def test_every_tree_by_every_path(path: tuple[str, str]) -> None:
    for tree in every_tree():
        completes(tree, path, backwards=False)
        completes(tree, path, backwards=True)
    print(f"{len(every_tree())} trees, {path}, shipped in both directions")


def completes(tree: Tree, path: tuple[str, str], *, backwards: bool) -> None:
    desk, parcels = grown(tree, path)
    ties = ties_of(desk.ne.slips_held)
    exact = {(order_id, slip) for slip, names in desk.may_hold.items() for order_id in _ids(names)}
    assert set(ties) == exact, (tree, desk.acts)
    _ship_one_by_one(desk, tree, parcels[::-1] if backwards else parcels, set(ties))


def _ids(numbers: set[str]) -> set[int]:
    return {int(number[2:]) for number in numbers}


def _ship_one_by_one(desk: Desk, tree: Tree, parcels: Sequence[str], ties: set[tuple[int, str]]) -> None:
    """After each parcel: nobody is completed whose goods still lie here; in the end everybody is."""
    gone: set[str] = set()
    completed: dict[int, str] = {}
    for parcel in parcels:
        gone.add(parcel)
        for n in range(1, len(tree[0]) + 1):
            if n not in completed and (primary := _completed(desk, n, gone, ties)):
                completed[n] = primary
                mine = [slip for slip in parcels if any(part[0] == f"T-{n}" for part in desk.parts(slip))]
                assert set(mine) <= gone, (tree, desk.acts, f"T-{n} is completed too early")
                assert primary in map(_number, mine), (
                    tree,
                    desk.acts,
                    f"T-{n} got a strange parcel's number",
                )
    assert len(completed) == len(tree[0]), (tree, desk.acts)


def _completed(desk: Desk, n: int, gone: set[str], ties: set[tuple[int, str]]) -> str:
    """The number the cart would get now; empty while it would get none."""
    mine = sorted(slip for order_id, slip in ties if order_id == n)
    walking = [slip for slip in mine if desk.slip(slip).live]
    if not walking or not set(walking) <= gone:
        return ""
    pairs = tuple(
        (desk.slip(slip), SlipState.CONFIRMED if slip in gone else SlipState.CANCELLED) for slip in mine
    )
    said = tuple(a_shipment(slip) for slip in walking)
    order = an_order(f"T-{n}")
    item = Item(id=n, noun=order, state=OrderState.SHIPPED, since=START, slips=pairs, shipments=said)
    found = shipped(item)
    assert found is not None
    assert not still_waits(item)
    return found.tracking[0]


def _number(slip: str) -> str:
    return tracking(int(slip))


# --- the ledger: whatever is seen first, the ties are the same ---------------------------------------------


def sown(w: World, desk: Desk, trees: Sequence[Tree]) -> list[tuple[Tree, list[str]]]:
    """The orders of these trees in the cart, each with its slip in Next Engine, all touched already."""
    found = []
    for n, tree in enumerate(trees):
        placed = [lines_of(an_order(f"T-{n}{k}0"), parts) for k, parts in enumerate(parts_of(tree))]
        slips_of = [w.ne.open(w.cart.put(order).number, NEStatus.PRINT_WAIT).number for order in placed]
        way, shape = PATHS[n % len(PATHS)]
        found.append((tree, Grower(desk, tree, slips_of, shape).grow(way)))
    return found


@pytest.mark.parametrize("arrival", ["act by act", "at once", "one by one", "backwards"])
@pytest.mark.parametrize("late", [False, True])
async def test_the_ties_do_not_depend_on_what_is_seen_first(tmp_path: Path, arrival: str, late: bool) -> None:
    """`late`: the cart shows the orders only after all this happened."""
    with world(tmp_path) as w:
        desk = Desk(w.ne, w.clock)
        sown(w, desk, list(all_trees(2, 3) + every_tree()[69:8387:300]))
        w.pass_by(minutes=11)
        end = list(w.ne.slips_held.values())
        pages = {
            "act by act": desk.pages,
            "at once": [end],
            "one by one": [[slip] for slip in end],
            "backwards": [[slip] for slip in end[::-1]],
        }[arrival]
        if not late:
            await w.run("ingest")
        with w.database.engine.begin() as connection:
            for page in pages:
                see(connection, w.shop.key, "follow_slips", page, w.clock.now())
        if late:
            await w.run("ingest")
        query = select(orders.c.number, slips.c.number.label("slip"))
        query = query.join(order_slips, order_slips.c.order_id == orders.c.id)
        tied = w.rows(query.join(slips, slips.c.id == order_slips.c.slip_id))
        expected = {(number, slip) for slip, names in desk.may_hold.items() for number in names}
        assert {tuple(row) for row in tied} == expected
        assert len(expected) > 400


# --- real passes of all stages ------------------------------------------------------------------------------


async def until_nothing_moves(w: World, *names: str) -> None:
    """Passes take a few hundred items each, and an answer takes a pass: as many as it needs."""
    quiet, before = 0, (-1, -1)
    while quiet < 3:
        await w.run(*names)
        w.pass_by(minutes=2)
        now = (len(w.moves()), w.rows_of("effects"))
        quiet, before = (quiet + 1 if now == before else 0), now


async def planted(w: World, trees: Sequence[Tree]) -> list[list[str]]:
    """Orders for these trees, mailed and imported; returns the slips of each tree."""
    numbers: list[list[str]] = []
    for n, tree in enumerate(trees):
        placed = [lines_of(an_order(f"T-{n}{k}0"), parts) for k, parts in enumerate(parts_of(tree))]
        numbers.append([w.cart.put(order).number for order in placed])
    w.pass_by(minutes=11)
    await w.run("ingest")
    await until_nothing_moves(w, "notify")
    await until_nothing_moves(w, "confirm_intake")
    await w.import_now()
    w.pass_by(minutes=2)
    await w.run("import_daily", "follow_slips")
    own = {slip.order_number: slip.number for slip in w.ne.slips_held.values()}
    return [[own[number] for number in some] for some in numbers]


@pytest.mark.long
async def test_every_tree_of_three_orders_through_all_stages(tmp_path: Path) -> None:
    trees = all_trees(3, 3)
    with world(tmp_path) as w:
        starts = await planted(w, trees)
        desk = Desk(w.ne, w.clock)
        parcels = []
        for n, (tree, mine) in enumerate(zip(trees, starts, strict=True)):
            way, shape = PATHS[n % len(PATHS)]
            parcels.append(Grower(desk, tree, mine, shape).grow(way))
            if n % 100 == 99:  # the mirror comes by in the middle of somebody's work
                await w.run("follow_slips")
        await w.run("follow_slips")
        everything = [slip for some in parcels for slip in some]
        await until_nothing_moves(w, "relay")
        assert sorted(slip for what, slip in w.wms.history if what == "instructed") == sorted(everything)
        first = [slip for some in parcels for slip in some[::2]]
        await reported(w, first)
        too_early = {number for what, number in w.cart.history if what == "completed"}
        waiting = {part[0] for slip in set(everything) - set(first) for part in desk.parts(slip)}
        assert not too_early & waiting
        await reported(w, [slip for slip in everything if slip not in set(first)])
        done = [number for what, number in w.cart.history if what == "completed"]
        assert sorted(done) == sorted(w.cart.orders), "everybody, once"
        for some in parcels:
            for slip in some:
                for number in {part[0] for part in desk.parts(slip)}:
                    assert w.state(number) == "completed"
        strange = [
            number
            for number, order in w.cart.orders.items()
            if order.tracking not in carried_by(desk, number)
        ]
        assert strange == []
        print(f"{len(trees)} trees, {len(done)} orders, {len(everything)} parcels")


def carried_by(desk: Desk, number: str) -> set[str]:
    """The tracking numbers of the parcels with this order's goods."""
    slips_here = [slip for slip in desk.may_hold if number in {part[0] for part in desk.parts(slip)}]
    return {tracking(int(slip)) for slip in slips_here}


async def reported(w: World, parcels: Sequence[str]) -> None:
    w.wms.reports(*(a_shipment(slip) for slip in parcels))
    await w.run("collect")
    await until_nothing_moves(w, "confirm_shipment")
    await w.complete_now()
    w.pass_by(minutes=6)
    await w.run("complete")
