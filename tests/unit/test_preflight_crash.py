"""The process dies at every point of a checked import: click, first and second file happen once each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from connector.ledger.preflight_rows import Verdict
from connector.ledger.schema_hub import preflights
from sqlalchemy import select

from tests.unit.test_preflight import RULES, WINDOW, decide, past, row, standing
from tests.unit.test_runner_crash import Crashed, Fuse, start
from tests.unit.world import World, world

Story = Callable[[World], Awaitable[None]]
ROUNDS = 40


async def a_click(w: World) -> None:
    """Six orders where two are usual; somebody clicks as soon as the file waits."""
    past(w)
    await standing(w, 6)
    w.clock.set_to(datetime(2026, 11, 24, 5, 0, tzinfo=UTC))


async def a_second_file(w: World) -> None:
    """Two are there at two o'clock, two more were announced before and come later."""
    await standing(w, 2)
    w.clock.set_to(datetime(2026, 11, 24, 4, 40, tzinfo=UTC))
    w.ne.mail_delay = timedelta(minutes=20)
    await standing(w, 4, first=1003)
    w.clock.set_to(datetime(2026, 11, 24, 5, 0, tzinfo=UTC))


async def live(w: World, fuse: Fuse) -> None:
    start(w, fuse)
    for _ in range(ROUNDS):
        try:
            for name in ("confirm_intake", "import_daily"):
                await w.runner.run(name, window=WINDOW if name == "import_daily" else "")
        except Crashed:
            start(w, fuse)
        found = w.rows(select(preflights))
        if found and found[-1].state == Verdict.WAITS:
            await decide(w, window=found[-1].window)
        w.pass_by(minutes=3)
        if all(w.state(f"T-{number}") == "imported" for number in range(1001, 1007)):
            return


def once_each(w: World, files: int) -> None:
    sent = [number for _, numbers in w.ne.uploads.values() for number in numbers]
    assert sorted(sent) == [f"T-{number}" for number in range(1001, 1007)], "every order in exactly one file"
    assert len(w.ne.uploads) == files
    for number in sent:
        assert w.ne.count("imported", number) == 1
        assert (w.state(number), w.holds(number)) == ("imported", [])
    assert w.effects("ne_import") == ["done"] * files


@pytest.mark.parametrize(
    ("story", "files"), [(a_click, 1), pytest.param(a_second_file, 2, marks=pytest.mark.long)]
)
async def test_the_process_dies_at_every_point(tmp_path: Path, story: Story, files: int) -> None:
    fuse = Fuse()
    (tmp_path / "whole").mkdir()
    with world(tmp_path / "whole", preflight=RULES) as w:
        await story(w)
        with_all = w.fork(tmp_path / "counted")
        await live(with_all, fuse)
        once_each(with_all, files)
        if files == 1:
            assert row(with_all).decided_by == "見本 花子"
        points = fuse.passed
        with_all.close()
        assert points > 40
        for at in range(1, points + 1):
            other = w.fork(tmp_path / f"at{at}")
            await live(other, Fuse(at=at))
            once_each(other, files)
            other.close()
