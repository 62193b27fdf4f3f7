"""OPENLOGI's stops when another process goes on: what is gone is *stopped* only where we asked for it, and provably."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from connector.outcome import Absent, CannotTell, Effect, Sent
from connector.ports import Receipt
from connector.sandbox.warehouse.faces import Trouble
from msgspec.structs import replace

from tests.contract.wms_api_desk import FACES, ApiDesk, desk_at
from tests.contract.wms_faces import Counterpart

Open = tuple[ApiDesk, Counterpart]


@pytest.fixture
async def handed_over(tmp_path: Path) -> AsyncIterator[Open]:
    """A slip that OPENLOGI has."""
    async with Counterpart(tmp_path, FACES["openlogi"]) as shop:
        desk = await desk_at(shop, "openlogi")
        assert isinstance(await desk.warehouse.send(desk.instruction()), Receipt)
        yield desk, shop
        await desk.close()


@pytest.fixture
async def later(handed_over: Open) -> AsyncIterator[ApiDesk]:
    """The next process at the same warehouse: it has asked nobody yet."""
    _, shop = handed_over
    desk = await desk_at(shop, "openlogi")
    yield desk
    await desk.close()


def knowing(desk: ApiDesk, asked: str = "") -> Effect:
    """The stop as the ledger hands it out again."""
    stop = desk.stop()
    return replace(stop, facts={**stop.facts, "asked": asked}) if asked else stop


def agreed(said: object) -> bool:
    return isinstance(said, Receipt) and (said.accepted, said.refused) == (("200101",), {})


def taken_out(shop: Counterpart) -> None:
    """By whoever: a person at OPENLOGI's own page, or the request of a process that ended."""
    assert shop.warehouse.counter.cancel("200101", "openlogi") == ""


@pytest.mark.parametrize("asked", ["surely", "perhaps"])
async def test_what_the_process_before_asked_for_is_stopped(
    handed_over: Open, later: ApiDesk, asked: str
) -> None:
    _, shop = handed_over
    taken_out(shop)
    assert agreed(await later.warehouse.receipt(knowing(later, asked)))
    assert later.http.calls == (1 if asked == "surely" else 3), "in doubt both lists are asked, too"


async def test_what_nobody_asked_for_is_never_stopped(handed_over: Open, later: ApiDesk) -> None:
    _, shop = handed_over
    taken_out(shop)
    assert await later.warehouse.receipt(knowing(later)) is None
    for said in (
        await later.warehouse.send(knowing(later)),
        await later.warehouse.lies_there(knowing(later)),
    ):
        assert isinstance(said, CannotTell)


async def test_what_only_the_look_up_does_not_find_is_not_gone(handed_over: Open) -> None:
    """Another account in the settings: each look-up ends in 404, and the lists still have it, waiting or left."""
    _, shop = handed_over
    stranger = ApiDesk("openlogi", shop.base, shop.house.clock, account="TS999")
    for hour in (11, 20):
        await shop.until(hour)
        assert await stranger.warehouse.receipt(knowing(stranger, "perhaps")) is None
        assert isinstance(await stranger.warehouse.lies_there(knowing(stranger, "perhaps")), CannotTell)
        assert isinstance(await stranger.warehouse.send(knowing(stranger, "perhaps")), CannotTell)
    assert shop.house.history.count("cancelled", "cancel_requested") == 0
    await stranger.close()


async def test_the_second_question_finds_what_the_first_one_did(handed_over: Open, later: ApiDesk) -> None:
    desk, shop = handed_over
    shop.face.troubles.plan(Trouble("drop", path="/shipments/TS001-S", applied=True))
    with pytest.raises(Exception, match="返信を受け取れませんでした"):
        await desk.warehouse.send(desk.stop())
    assert agreed(await later.warehouse.send(knowing(later, "perhaps")))
    assert shop.house.history.count("cancelled") == 1


async def test_a_no_of_the_floor_is_not_asked_again(handed_over: Open, later: ApiDesk) -> None:
    """Back at work it says nothing of our request. Only where nobody knows that it arrived may it go out again."""
    desk, shop = handed_over
    shop.warehouse.requests.promise("200101", "early", agrees=False)
    await shop.until(11, 10)
    assert isinstance(await desk.warehouse.send(desk.stop()), Sent)
    await shop.until(11, 27)
    assert shop.house.history.count("cancel_refused") == 1
    assert isinstance(await later.warehouse.lies_there(knowing(later, "surely")), Sent)
    assert isinstance(await later.warehouse.lies_there(knowing(later, "perhaps")), Absent)
