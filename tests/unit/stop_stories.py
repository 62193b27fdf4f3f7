"""Stories of the stop board: how a warehouse is spoken to, when the stop is asked for, and what it says to that.

A story ends with the verdict held against the floor's own books, and is watched on its way: *stopped* never comes
before the warehouse's word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from connector import ops

from tests.unit.stop_floor import Town
from tests.unit.world import an_order

BEFORE, DOUBT, ACCEPTED, PICKING, PACKED, SHIPPED = MOMENTS = (
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
HEARD, LOST, FAILED, DIED = "heard", "lost", "failed", "died"
WHERE = {
    BEFORE: {"never"},
    DOUBT: {"never", "allocated"},
    ACCEPTED: {"allocated"},
    PICKING: {"picking"},
    PACKED: {"packed"},
    SHIPPED: {"shipped"},
}  # what is at the warehouse stands there when the stop is asked for
RESTARTS = (0, 2)  # after the pass that asked, and when an early answer is there
SHAPES = ("one", "two", "partly", "bundled")


@dataclass(frozen=True)
class Story:
    """How the warehouse is spoken to, when the stop is asked for, what it says, and what becomes of the line."""

    way: str
    moment: str
    manner: str
    agrees: bool
    shape: str  # one slip, two slips, two of which one is not handed over yet, goods of two orders in one
    line: str  # the reply is heard, lost, an error with nothing done, or our process ends before it is written down
    by: str = "cart"
    restarts: bool = False  # another process goes on after the asking, and again later

    def __str__(self) -> str:
        word = f"{self.manner}-{'yes' if self.agrees else 'no'}"
        ends = ("restarted",) if self.restarts else ()
        return "-".join((self.way, self.moment, word, self.shape, self.line, self.by, *ends))


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
        spoil(town, story, "wms_file")
        await town.go_on("relay", minutes=0)
    elif story.moment != BEFORE:
        await town.go_on("relay", minutes=5)
        await town.go_on("relay", minutes=5)
    if story.shape == "partly":
        await town.a_second_slip("T-1001")


def spoil(town: Town, story: Story, kind: str) -> None:
    """What becomes of the reply to the next act of this kind. The doubt about a file always has a cause."""
    match story.line:
        case "failed":
            town.fail(kind)
        case "died":
            town.die(kind)
        case "lost":
            town.lose(kind)
        case _ if kind == "wms_file":
            town.lose(kind)


async def lives(town: Town, story: Story) -> set[str]:
    """One story to its end; every verdict that the board showed on the way."""
    shown: set[str] = set()
    await handed_over(town, story)
    until = {PICKING: (11, 10), PACKED: (12, 10), SHIPPED: (18, 0)}.get(story.moment)
    if until is not None:
        await town.until(*until, "collect", step=60)
    assert where(town) <= WHERE[story.moment], where(town)
    for number in town.floor.slips():
        town.floor.requests.promise(number, story.manner, agrees=story.agrees)
    spoil(town, story, "wms_stop")
    await asked(town, story)
    for time in range(8):
        await town.go_on(minutes=5)
        shown.add(safe(town))
        if story.restarts and time in RESTARTS:
            await town.restart()
    for hour in (16, 19):
        if hour > town_hour(town):
            await town.until(hour, 45, step=60)
        shown.add(safe(town))
    town.w.pass_by(hours=13)
    await town.until(21, 0, step=120)
    for _ in range(3):
        await town.go_on(minutes=15)
    return shown | {safe(town)}


def where(town: Town) -> set[str]:
    """Where on the floor the slips stand that were handed over."""
    return {town.truth(number) for number in town.floor.slips()} or {"never"}


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


def safe(town: Town) -> str:
    """The verdict. No *stopped* without the warehouse's word, or the proof that it never had the slip."""
    verdict = town.verdicts()["T-1001"]
    if verdict != "stopped":
        return verdict
    proved = {slip for slip, answer, by in town.answers() if answer in ("agreed", "never_had") and not by}
    for number in town.slips_of("T-1001"):
        assert town.truth(number) in ("never", "cancelled"), number
        assert number in proved, (number, town.answers())
    return verdict


def expected(town: Town, story: Story) -> set[str]:
    """By the floor's own books alone. What a person must part first has no verdict before the goods are gone."""
    fates = {town.truth(number) for number in town.slips_of("T-1001")}
    if "shipped" in fates:
        return {"too_late"}
    if story.shape == "bundled":
        return {"open"}
    assert fates <= {"never", "cancelled"}, fates
    # ロジザード finds no slip by our number: after an error nobody knows that it never came.
    blind = story.way == "logizard" and (story.moment, story.line) == (DOUBT, FAILED)
    return {"unknown"} if blind else {"stopped"}


def told_openly(story: Story, shown: set[str]) -> None:
    """Where nobody can be asked the board says so at once, hours before the goods leave."""
    nobody = story.way in ("silent", "logizard") and story.shape != "bundled"
    if nobody and story.moment not in (BEFORE, SHIPPED):
        assert "unknown" in shown, shown


async def judged(folder: Path, story: Story) -> tuple[str, str]:
    """The verdict and the truth of one story."""
    async with Town(folder, story.way) as town:
        told_openly(story, await lives(town, story))
        verdict = town.verdicts()["T-1001"]
        assert {verdict} == expected(town, story), (verdict, town.answers(), town.places())
        assert town.floor.check() == []
        assert town.asked_too_often() == []
        assert story.line != HEARD or town.most_questions() <= 1, "what was surely asked is not asked again"
        loud = {"too_late": "cancelled_too_late", "open": "changed_after_handover"}
        told = [reason for reason in town.w.holds("T-1001") if reason in loud.values()]
        assert told == ([loud[verdict]] if verdict in loud else [])
        fates = "+".join(sorted(town.truth(number) for number in town.slips_of("T-1001")))
        return verdict, fates


async def all_judged(folder: Path, stories: Iterable[Story], name: str) -> list[str]:
    """Which stories ended otherwise than the floor's books say; the figures are printed."""
    tally: Counter[tuple[str, str]] = Counter()
    wrong: list[str] = []
    for number, story in enumerate(stories):
        try:
            tally[await judged(folder / str(number), story)] += 1
        except AssertionError as error:
            wrong.append(f"{story}: {str(error).partition(chr(10))[0]}")
    for (verdict, fates), count in sorted(tally.items()):
        print(f"{name}: {verdict:9} {fates:20} {count}")
    right = sum(tally.values())
    print(f"{name}: {right} of {right + len(wrong)} stories, every verdict as the warehouse's own history")
    return wrong
