"""The verdict of the stop board equals what the warehouse really did: each API's real adapter at its real face."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from connector import ops
from connector.errors import NotDone
from connector.outcome import Effect, Reply
from connector.ports import Receipt

from tests.unit.stop_faces import APIS
from tests.unit.stop_floor import Town
from tests.unit.stop_stories import (
    ACCEPTED,
    DIED,
    DOUBT,
    FAILED,
    HEARD,
    LOST,
    MANNERS,
    MOMENTS,
    PACKED,
    PICKING,
    SHAPES,
    SHIPPED,
    Story,
    all_judged,
    asked,
    handed_over,
    judged,
)

ANY = [("early", True)]
HOW = [
    (SHAPES, HEARD, False),
    (SHAPES, LOST, False),
    (("one", "two"), HEARD, True),
    (("one", "two"), LOST, True),
    (("one", "two"), FAILED, False),
    (("one", "two"), DIED, True),
]


def stories(way: str) -> list[Story]:
    """Every combination that can happen to this way."""
    found: list[Story] = []
    for moment, (shapes, line, restarts) in product(MOMENTS, HOW):
        if way == "logizard" and line != HEARD and moment != DOUBT:
            continue  # no call to lose: nothing of it can be stopped
        for shape, (manner, agrees) in product(shapes, manners(way, moment)):
            by = "person" if len(found) % 3 == 0 else "cart"
            found.append(Story(way, moment, manner, agrees, shape, line, by, restarts))
    return found


def manners(way: str, moment: str) -> list[tuple[str, bool]]:
    """Only OPENLOGI asks the people on the floor, and only while they have it (spec/wms.md §2.2, §2.3)."""
    return MANNERS if way == "openlogi" and moment in (PICKING, PACKED) else ANY


FEW = [
    Story("openlogi", PICKING, "twice", True, "one", HEARD, restarts=True),
    Story("openlogi", PICKING, "never", True, "two", LOST, "person"),
    Story("openlogi", ACCEPTED, "early", True, "two", DIED, restarts=True),
    Story("openlogi", SHIPPED, "early", True, "bundled", HEARD),
    Story("logiless", DOUBT, "early", True, "one", LOST, restarts=True),
    Story("logiless", PACKED, "early", True, "two", HEARD, "person"),
    Story("logizard", DOUBT, "early", True, "one", FAILED, "person"),
    Story("logizard", ACCEPTED, "early", True, "partly", HEARD),
]


@pytest.mark.parametrize("story", FEW, ids=str)
async def test_the_verdict_is_what_the_warehouse_did(tmp_path: Path, story: Story) -> None:
    await judged(tmp_path, story)


async def test_a_slip_that_nobody_can_tell_about_leaves_no_other_unasked(tmp_path: Path) -> None:
    """One is gone at OPENLOGI before we ask, the other's call finds no line: it is asked about again, and stopped."""
    story = Story("openlogi", ACCEPTED, "early", True, "two", HEARD, "person")
    async with Town(tmp_path / "town", "openlogi") as town:
        await handed_over(town, story)
        gone, other = town.slips_of("T-1001")
        assert town.floor.counter.cancel(gone, "openlogi") == ""
        send = town.wms.send

        async def no_line(effect: Effect) -> Reply | Receipt:
            if effect.facts.get("number") == other:
                town.wms.send = send  # type: ignore[method-assign]
                raise NotDone("no line")
            return await send(effect)

        town.wms.send = no_line  # type: ignore[method-assign]
        await asked(town, story)
        for _ in range(6):
            await town.go_on(minutes=5)
        assert (town.truth(gone), town.truth(other)) == ("cancelled", "cancelled")
        assert town.verdicts()["T-1001"] == "unknown", "who took the first one out is for a person to ask"
        assert [answer for slip, answer, _ in town.answers() if slip == other][-1] == "agreed"


async def test_each_of_many_slips_is_asked_about_however_few_a_pass_takes(tmp_path: Path) -> None:
    async with Town(tmp_path / "town", "openlogi") as town:
        await town.placed("T-1001", "T-1002")
        for _ in range(4):
            await town.a_second_slip("T-1001")
        for _ in range(2):
            await town.go_on("relay", minutes=5)
        numbers = town.slips_of("T-1001")
        assert {town.truth(number) for number in numbers} == {"allocated"}
        town.wms.at_once = 2
        await asked(town, Story("openlogi", ACCEPTED, "early", True, "two", HEARD, "person"))
        for _ in range(8):
            await town.go_on(minutes=5)
        assert [town.truth(number) for number in numbers] == ["cancelled"] * 5
        assert town.verdicts()["T-1001"] == "stopped"
        assert town.most_questions() == 1


async def test_what_went_by_an_earlier_question_is_stopped(tmp_path: Path) -> None:
    """The process dies after asking and comes back between the floor's no and its yes: nothing shows that it asked."""
    story = Story("openlogi", PICKING, "twice", True, "one", DIED, "person")
    async with Town(tmp_path / "town", "openlogi") as town:
        await handed_over(town, story)
        await town.until(11, 10, "collect", step=60)
        (number,) = town.slips_of("T-1001")
        town.floor.requests.promise(number, "twice")
        town.die("wms_stop")
        await asked(town, story)
        for minutes in (5, 15, 5, 5):
            await town.go_on(minutes=minutes)
        assert [answer for _, answer, _ in town.answers()] == ["asked", "not_asked", "asked", "agreed"]
        assert (town.truth(number), town.verdicts()["T-1001"]) == ("cancelled", "stopped")
        assert town.floor.history.count("cancel_requested") == 1


async def test_by_telephone_a_warehouse_without_a_cancel_ends_by_hand(tmp_path: Path) -> None:
    story = Story("logizard", ACCEPTED, "early", True, "one", HEARD, "person")
    async with Town(tmp_path / "town", "logizard") as town:
        await handed_over(town, story)
        await asked(town, story)
        await town.go_on(minutes=5)
        await town.go_on(minutes=5)
        assert town.verdicts()["T-1001"] == "unknown"
        (number,) = town.slips_of("T-1001")
        assert town.floor.counter.cancel(number, "logizard") == ""
        here = {"actor": "見本 花子", "why": "電話で確認", "now": town.w.clock.now()}
        said = await ops.stop_told(town.w.database, town.w.shop.key, "T-1001", stopped=True, **here)  # type: ignore[arg-type]
        assert said.done, said.words
        for _ in range(3):
            await town.go_on(minutes=5)
        assert town.verdicts()["T-1001"] == "by_hand"
        assert town.answers()[-1] == (number, "agreed", "見本 花子")


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("way", APIS)
async def test_in_every_answer_that_an_api_may_give(tmp_path: Path, way: str) -> None:
    assert await all_judged(tmp_path, stories(way), way) == []
