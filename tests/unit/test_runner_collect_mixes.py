"""Seeded mixes: eighteen stories of a slip, cut into files at random, end as they do in one file (S5)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from connector.slip import Result, Shipment, ShippedLine

from tests.unit.test_runner_collect_orders import end_state, relayed, to_the_end
from tests.unit.world import World, tracking, world

NOON = datetime(2026, 11, 24, 3, tzinfo=UTC)


@dataclass(frozen=True)
class Story:
    """Events of one slip; `slow`: what ends the same even when Next Engine is written in between."""

    events: Callable[[str, int], list[Shipment]]
    slow: bool = True


def goods(tea: int = 5, mask: int = 1) -> tuple[ShippedLine, ...]:
    lines = (
        ShippedLine(line_no=1, sku="TEA", quantity=tea),
        ShippedLine(line_no=2, sku="MASK", quantity=mask),
    )
    return tuple(line for line in lines if line.quantity)


def event(slip: str, result_id: str, hour: int, *numbers: int, **more: object) -> Shipment:
    fields: dict[str, object] = {
        "result_id": f"{slip}-{result_id}",
        "slip_number": slip,
        "result": Result.SHIPPED,
        "shipped_on": date(2026, 11, 24),
        "carrier": "YAMATO_TAKKYUBIN",
        "tracking": tuple(tracking(n) for n in numbers),
        "lines": goods(),
        "confirmed_at": NOON + timedelta(hours=hour),
    }
    return Shipment(**(fields | more))  # type: ignore[arg-type]


def nothing(slip: str, result_id: str, hour: int, result: Result) -> Shipment:
    return event(slip, result_id, hour, result=result, lines=(), reason_code="STOCKOUT")


PART = {"result": Result.PARTIAL, "lines": goods(tea=3)}
FIRST_BOX = {"parcels": 2, "complete": False, "lines": goods(mask=0)}
SECOND_BOX = {"parcels": 2, "complete": False, "lines": goods(tea=0)}
MORE = {"result": Result.NUMBERS, "lines": (), "confirmed_at": None, "dated": False}
STORIES = {
    "whole": Story(lambda s, n: [event(s, "A", 0, n)]),
    "two boxes": Story(
        lambda s, n: [event(s, "A", 0, n, **FIRST_BOX), event(s, "B", 1, n + 1, **SECOND_BOX)]
    ),
    "part and rest": Story(
        lambda s, n: [event(s, "A", 0, n, **PART), event(s, "B", 1, n + 1, lines=goods(2, 0))]
    ),
    "part": Story(lambda s, n: [event(s, "A", 0, n, **PART)]),
    "corrected": Story(lambda s, n: [event(s, "A", 0, n), event(s, "A", 1, n + 1)]),
    "corrected anew": Story(lambda s, n: [event(s, "A", 0, n), event(s, "B", 1, n + 1)]),
    "twice": Story(lambda s, n: [event(s, "A", 0, n), event(s, "A", 1, n + 1), event(s, "A", 2, n + 2)]),
    "there and back": Story(lambda s, n: [event(s, "A", 0, n), event(s, "A", 1, n + 1), event(s, "A", 2, n)]),
    "carrier": Story(lambda s, n: [event(s, "A", 0, n), event(s, "A", 1, n, carrier="SAGAWA_TAKUHAI")]),
    "box corrected": Story(
        lambda s, n: [
            event(s, "A", 0, n, **FIRST_BOX),
            event(s, "B", 1, n + 1, **SECOND_BOX),
            event(s, "C", 2, n + 2, lines=goods(tea=0)),
        ]
    ),
    "numbers": Story(lambda s, n: [event(s, "A", 0, n), event(s, "N", 0, n, n + 1, n + 2, **MORE)]),
    "shipped after all": Story(lambda s, n: [nothing(s, "A", 0, Result.UNSHIPPABLE), event(s, "B", 1, n)]),
    "unshippable": Story(lambda s, n: [nothing(s, "A", 0, Result.UNSHIPPABLE)]),
    "cancelled": Story(lambda s, n: [nothing(s, "A", 0, Result.CANCELLED)]),
    "part, rest never": Story(
        lambda s, n: [event(s, "A", 0, n, **PART), nothing(s, "B", 1, Result.CANCELLED)]
    ),
    "cancelled and shipped": Story(
        lambda s, n: [nothing(s, "A", 0, Result.CANCELLED), event(s, "B", 1, n)], slow=False
    ),
    "shipped and cancelled": Story(
        lambda s, n: [event(s, "A", 0, n), nothing(s, "B", 1, Result.CANCELLED)], slow=False
    ),
    "shipped and unshippable": Story(
        lambda s, n: [event(s, "A", 0, n), nothing(s, "B", 1, Result.UNSHIPPABLE)], slow=False
    ),
}
KINDS = list(STORIES)
MIXED = 2 * len(KINDS)  # slips of a world, two of each story


def cut(events: Sequence[Shipment], rng: random.Random) -> list[list[Shipment]]:
    """Into files: shuffled, some events twice or more, some files growing under one name, rows in any order."""
    told = [*events, *rng.choices(events, k=len(events) // 2)]
    rng.shuffle(told)
    files: list[list[Shipment]] = []
    while told:
        size = rng.randint(1, 1 + len(told) // 2)
        files.append(told[:size])
        del told[:size]
    if rng.random() < 0.5:
        files = [[one for file in files[: n + 1] for one in file] for n in range(len(files))]
        rng.shuffle(files)
    for file in files:
        rng.shuffle(file)
    return [[one.with_tracking(one.tracking) for one in file] for file in files]


async def mixed(
    w: World, folder: Path, files: list[list[Shipment]], rng: random.Random, slow: bool
) -> object:
    with closing(w.fork(folder)) as other:
        for n, file in enumerate(files):
            name = rng.choice((f"SHIPRES_{n}.csv", "31項目.csv", f"再送_{rng.randint(1, 9)}.csv"))
            if name in other.wms.out:  # written over: what nobody collected before would be gone
                await other.run("collect")
            other.wms.reports(*file, name=name)
            if rng.random() < 0.7:
                await other.run("collect")
            if slow and rng.random() < 0.5:
                other.pass_by(minutes=11)
                await other.run("collect", "follow_slips", "confirm_shipment")
        await other.run("collect")
        await to_the_end(other)
        assert other.strays() == []
        return end_state(other)


async def mixes(folder: Path, seeds: Iterable[int]) -> int:
    """Each seed is a mix of two slips of every story; returns how many slips were mixed."""
    count = 0
    with world(folder) as w:
        slips = await relayed(w, {str(n): {"TEA": 5, "MASK": 1} for n in range(1001, 1001 + MIXED)})
        w.pass_by(hours=30)
        stories = {slip: KINDS[n % len(KINDS)] for n, slip in enumerate(slips.values())}
        for slow in (True, False):
            events = [
                one
                for n, (slip, kind) in enumerate(stories.items())
                for one in STORIES[kind].events(slip, 10 * n + 10)
                if STORIES[kind].slow or not slow
            ]
            wanted = await mixed(w, folder / f"{slow}", [events], random.Random(0), False)
            for seed in seeds:
                rng = random.Random(seed)
                found = await mixed(w, folder / f"{slow}-{seed}", cut(events, rng), rng, slow)
                assert found == wanted, f"seed {seed}, slow {slow}"
                count += len({one.slip_number for one in events})
    return count


async def test_seeded_mixes_end_alike(tmp_path: Path) -> None:
    count = await mixes(tmp_path, range(3))
    assert count >= 180
    print(f"{count} slips in 6 mixes of their files")


@pytest.mark.long
async def test_two_hundred_mixes_end_alike(tmp_path: Path) -> None:
    count = await mixes(tmp_path, range(100, 200))
    print(f"{count} slips in 200 mixes of their files")
