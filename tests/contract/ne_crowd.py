"""A crowd of slips in the sandbox, and what a test asks about many answers at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import httpx
from connector.adapters.next_engine import wire
from connector.ports import Answers
from connector.sandbox.next_engine import NextEngineSandbox
from connector.slip import Slip

from tests.contract.ne_desk import Desk
from tests.contract.ne_shop import STATES, a_shipment
from tests.contract.test_ne_client import answer

FIRST = 5001


def more_slips(ne: NextEngineSandbox, many: int, **fields: str) -> list[str]:
    """Slips in 印刷待ち, each like the recorded 1007 but for these fields."""
    pattern = {name: text for name, text in ne.slips[1007].fields.items() if name != wire.LOCK}
    numbers = [str(number) for number in range(FIRST, FIRST + many)]
    for number in numbers:
        own = {
            wire.SLIP_ID: number,
            wire.ORDER_NUMBER: f"BULK{number}",
            wire.CREATED_AT: "2026-11-20 08:00:00",
        }
        ne.restore({**pattern, **own, wire.MODIFIED_AT: "2026-11-20 08:00:00", **fields})
    return numbers


def slips_of(answers: Answers) -> dict[str, Slip]:
    bad = {number: answer for number, answer in answers.items() if not isinstance(answer, Slip)}
    assert bad == {}
    return {number: slip for number, slip in answers.items() if isinstance(slip, Slip)}


def faults(answers: Answers) -> dict[str, Exception]:
    return {number: answer for number, answer in answers.items() if not isinstance(answer, Slip)}


def shipments(numbers: Iterable[str]) -> dict[str, Any]:
    return {number: a_shipment(number, f"99990000{number}") for number in numbers}


def calls_of(desk: Desk) -> list[str]:
    return [each.name.rpartition("/")[2] for each in desk.archive.kept if each.direction == "out"]


def in_between(desk: Desk, before: str, act: Callable[[], None]) -> None:
    """Somebody does something after our reading and before this call, once."""
    write, done = desk.session.write, False

    async def disturbed(path: str, pairs: Any, *, key: str) -> Any:
        nonlocal done
        if path == before and not done:
            done = True
            await desk.clock.sleep(2)  # lock values know seconds only
            act()
        return await write(path, pairs, key=key)

    desk.session.write = disturbed  # type: ignore[method-assign]


def recorded_slips(*numbers: str, **changes: dict[str, Any]) -> httpx.Response:
    document = answer(STATES.rpartition("/")[2])
    rows = {row[wire.SLIP_ID]: row for row in document.json()["data"]}
    data = [rows[number] | changes.get(f"s{number}", {}) for number in numbers]
    return httpx.Response(200, json=document.json() | {"count": str(len(data)), "data": data})
