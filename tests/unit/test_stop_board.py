"""The verdict of the stop board equals what the warehouse really did, whichever way it is spoken to by files."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tests.unit.stop_stories import ACCEPTED, DOUBT, HEARD, LOST, MOMENTS, SHAPES, Story, all_judged, judged


def stories() -> list[Story]:
    """Every combination that can happen. A folder has nobody on the floor who answers."""
    found: list[Story] = []
    for way, moment, shape, line in product(("files", "silent"), MOMENTS, SHAPES, (HEARD, LOST)):
        by = "person" if len(found) % 3 == 0 else "cart"
        found.append(Story(way, moment, "early", True, shape, line, by))
    return found


ALL = stories()
FEW = [
    Story("files", DOUBT, "early", True, "two", LOST, "person"),
    Story("silent", ACCEPTED, "early", True, "one", HEARD, "person"),
]


@pytest.mark.parametrize("story", FEW, ids=str)
async def test_the_verdict_is_what_the_warehouse_did(tmp_path: Path, story: Story) -> None:
    await judged(tmp_path, story)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_in_every_answer_that_the_warehouse_may_give(tmp_path: Path) -> None:
    assert await all_judged(tmp_path, ALL, "by files") == []
    assert len(ALL) == 96
