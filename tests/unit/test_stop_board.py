"""The verdict of the stop board equals what the warehouse really did, in every way that it may answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from connector import ops

from tests.unit.stop_floor import Town
from tests.unit.world import an_order

BEFORE, DOUBT, ACCEPTED, PICKING, PACKED, SHIPPED = (
    "before",
    "doubt",
    "accepted",
    "picking",
    "packed",
    "shipped",
)
MANNERS = [
    ("early", True),
    ("early", False),
    ("late", True),
    ("late", False),
    ("never", True),
    ("twice", True),
]
ANY = [("early", True)]


@dataclass(frozen=True)
class Story:
    """How the warehouse is spoken to, when the stop is asked for, what it says, and what gets lost."""

    way: str
    moment: str
    manner: str
    agrees: bool
    shape: str  # one slip, two slips, two of which one is not handed over yet, goods of two orders in one
    lost: bool
    by: str = "cart"

    def __str__(self) -> str:
        word = f"{self.manner}-{'yes' if self.agrees else 'no'}"
        return "-".join((self.way, self.moment, word, self.shape, "lost" if self.lost else "heard", self.by))


def stories() -> list[Story]:
    """Every combination that can happen: people on the floor answer only calls, and only while they have it."""
    found: list[Story] = []
    for way, moment, shape, lost in product(
        ("files", "silent", "calls"),
        (BEFORE, DOUBT, ACCEPTED, PICKING, PACKED, SHIPPED),
        ("one", "two", "partly", "bundled"),
        (False, True),
    ):
        on_the_floor = way == "calls" and moment in (PICKING, PACKED)
        for manner, agrees in MANNERS if on_the_floor else ANY:
            by = "person" if len(found) % 3 == 0 else "cart"
            found.append(Story(way, moment, manner, agrees, shape, lost, by))
    return found


ALL = stories()
FEW = [
    Story("files", DOUBT, "early", True, "two", True, "person"),
    Story("silent", ACCEPTED, "early", True, "one", False, "person"),
    Story("calls", PICKING, "twice", True, "one", False),
    Story("calls", PACKED, "never", True, "partly", True, "person"),
    Story("calls", SHIPPED, "early", True, "bundled", False),
]


async def handed_over(town: Town, story: Story) -> None:
    """Two orders; the first one's stop is the story."""
    await town.placed("T-1001", "T-1002")
    mine = town.slips_of("T-1001")[0]
    if story.shape == "bundled":
        town.w.ne.edit(town.slips_of("T-1002")[0], cancel_type="3", merged_into=mine)
        await town.w.run("follow_slips")
    if story.shape == "two":
        await town.a_second_slip("T-1001")
    if story.moment == DOUBT:
        town.lose("wms_file")
        await town.w.run("relay")
    elif story.moment != BEFORE:
        await town.go_on("relay", minutes=5)
        await town.go_on("relay", minutes=5)
    if story.shape == "partly":
        await town.a_second_slip("T-1001")


async def lives(town: Town, story: Story) -> None:
    await handed_over(town, story)
    until = {PICKING: (11, 10), PACKED: (12, 10), SHIPPED: (18, 0)}.get(story.moment)
    if until is not None:
        await town.until(*until, "collect", step=60)
    for number in town.floor.slips():
        town.floor.requests.promise(number, story.manner, agrees=story.agrees)
    if story.lost:
        town.lose("wms_stop")
    await asked(town, story)
    for _ in range(8):
        await town.go_on(minutes=5)
        safe(town)
    for hour in (16, 19):
        if hour > town_hour(town):
            await town.until(hour, 45, step=30)
        safe(town)
    town.w.pass_by(hours=13)
    await town.until(21, 0, step=120)
    for _ in range(3):
        await town.go_on(minutes=15)


def town_hour(town: Town) -> int:
    return (town.w.clock.now().hour + 9) % 24


async def asked(town: Town, story: Story) -> None:
    if story.by == "cart":
        town.w.cart.put(an_order("T-1001", cancelled=True))
        await town.w.run("ingest")
        return
    here = {"actor": "見本 花子", "why": "電話で取消", "now": town.w.clock.now()}
    said = await ops.stop(town.w.database, town.w.shop, "T-1001", **here)  # type: ignore[arg-type]
    assert said.done, said.words


def safe(town: Town) -> None:
    """No *stopped* without the warehouse's word, or the proof that it never had the slip."""
    if town.verdicts()["T-1001"] != "stopped":
        return
    proved = {slip for slip, answer, by in town.answers() if answer in ("agreed", "never_had") and not by}
    for number in town.slips_of("T-1001"):
        assert town.truth(number) in ("never", "cancelled"), number
        assert number in proved, (number, town.answers())


def expected(town: Town, story: Story) -> set[str]:
    """By the floor's own books alone. What a person must part first has no verdict before the goods are gone."""
    fates = {town.truth(number) for number in town.slips_of("T-1001")}
    if "shipped" in fates:
        return {"too_late"}
    if story.shape == "bundled":
        return {"open"}
    assert fates <= {"never", "cancelled"}, fates
    return {"stopped"}


async def judged(folder: Path, story: Story) -> tuple[str, str]:
    """The verdict and the truth of one story."""
    town = Town(folder, story.way)
    try:
        await lives(town, story)
        safe(town)
        verdict = town.verdicts()["T-1001"]
        assert {verdict} == expected(town, story), (verdict, town.answers(), town.places())
        assert town.floor.check() == []
        assert town.asked_too_often() == []
        loud = {"too_late": "cancelled_too_late", "open": "changed_after_handover"}
        told = [reason for reason in town.w.holds("T-1001") if reason in loud.values()]
        assert told == ([loud[verdict]] if verdict in loud else [])
        fates = "+".join(sorted(town.truth(number) for number in town.slips_of("T-1001")))
        return verdict, fates
    finally:
        town.w.close()


@pytest.mark.parametrize("story", FEW, ids=str)
async def test_the_verdict_is_what_the_warehouse_did(tmp_path: Path, story: Story) -> None:
    await judged(tmp_path, story)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_in_every_answer_that_the_warehouse_may_give(tmp_path: Path) -> None:
    tally: Counter[tuple[str, str]] = Counter()
    wrong: list[str] = []
    for number, story in enumerate(ALL):
        try:
            tally[await judged(tmp_path / str(number), story)] += 1
        except AssertionError as error:
            wrong.append(f"{story}: {str(error).partition(chr(10))[0]}")
    for (verdict, fates), count in sorted(tally.items()):
        print(f"{verdict:9} {fates:20} {count}")
    print(f"{sum(tally.values())} stories, every verdict as the warehouse's own history")
    assert wrong == []
    assert sum(tally.values()) == len(ALL) >= 200
