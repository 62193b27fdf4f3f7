"""Three API faces and the files over one floor: requests answered early, late, never or twice, and the ledger."""

from __future__ import annotations

import copy
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from connector.sandbox.history import History
from connector.sandbox.warehouse import WarehouseSettings
from connector.sandbox.warehouse.faces import (
    LogilessFace,
    LogizardFace,
    OpenlogiFace,
    Trouble,
)
from connector.sandbox.warehouse.slips import State

from tests.contract.wms_faces import Counterpart, Json, exchange
from tests.contract.wms_house import GENERIC, HOLIDAYS, ORDER_1, rows_of

SHIPMENT = exchange("openlogi", "create_201")["request"]["body"]
SALES_ORDER = exchange("logiless", "create_200")["request"]["body"]


def a_shipment(key: str, **changes: Json) -> Json:
    one = {"items": [{"code": "MH-SERUM-30", "quantity": 1}]}
    return copy.deepcopy(SHIPMENT) | {"identifier": key} | one | changes


async def picking(shop: Counterpart, key: str = "A1") -> str:
    """A shipment on the floor; its path."""
    made = await shop.told("POST", "/shipments", a_shipment(key))
    await shop.until(11, 10)
    return f"/shipments/{made.body['id']}"


async def status(shop: Counterpart, key: str = "A1") -> str:
    answer = await shop.told("GET", f"/shipments/TS001/{key}")
    return str(answer.body.get("status") or answer.body["error"])


@pytest.mark.parametrize(
    ("manner", "agrees", "soon", "before_lorry", "evening", "left"),
    [
        ("early", True, "not_found", "not_found", "not_found", 0),
        ("early", False, "picking", "packed", "shipped", 1),
        ("never", True, "cancel_request", "cancel_request", "shipped", 1),
        ("twice", True, "picking", "not_found", "not_found", 0),
    ],
)
async def test_a_cancel_request_is_answered_in_four_ways(
    tmp_path: Path, manner: str, agrees: bool, soon: str, before_lorry: str, evening: str, left: int
) -> None:
    async with Counterpart(tmp_path, OpenlogiFace) as shop:
        path = await picking(shop)
        shop.warehouse.requests.promise("A1", manner, agrees=agrees)
        asked = await shop.told("POST", f"{path}/cancel", {})
        assert asked.body["status"] == "cancel_request"
        assert (await shop.told("POST", f"{path}/cancel", {})).status == 403, "one question at a time"
        while await status(shop) == "cancel_request" and manner != "never":
            await shop.house.until(shop.house.warehouse.next_event_at() or shop.house.clock.now())
        assert await status(shop) == soon
        await shop.until(17, 59)
        assert await status(shop) == before_lorry
        await shop.until(18, 30)
        assert await status(shop) == evening
        assert shop.house.history.count("shipped") == left
        assert shop.warehouse.check() == []


async def test_a_late_yes_may_come_after_the_lorry(tmp_path: Path) -> None:
    outcomes = Counter[str]()
    for seed in range(12):
        async with Counterpart(tmp_path / str(seed), OpenlogiFace, seed=seed) as shop:
            path = await picking(shop)
            shop.warehouse.requests.promise("A1", "late", agrees=True)
            await shop.told("POST", f"{path}/cancel", {})
            await shop.until(23)
            outcomes[await status(shop)] += 1
            told = "cancel_refused" if await status(shop) == "shipped" else "cancelled"
            assert shop.house.history.per_key(told) == {"A1": 1}
            assert shop.warehouse.check() == []
    assert set(outcomes) == {"shipped", "not_found"}


async def a_day_of_cancels(root: Path, seed: int) -> History:
    settings = WarehouseSettings(holidays=HOLIDAYS)
    async with Counterpart(root, OpenlogiFace, seed=seed, settings=settings) as shop:
        rows = {"shipments": [a_shipment(f"A{place:02d}") for place in range(40)]}
        made = (await shop.told("POST", "/shipments/bulk", rows)).body["shipments"]
        await shop.until(11, 10)
        for shipment in made:
            assert (await shop.told("POST", f"/shipments/{shipment['id']}/cancel", {})).status == 200
        await shop.until(20, days=1)
        assert shop.warehouse.check() == []
        gone = set(shop.house.history.per_key("cancelled"))
        left = set(shop.house.history.per_key("shipped"))
        assert gone | left == set(shop.warehouse.slips())
        assert not gone & left
        return shop.house.history


async def test_the_seed_decides_and_decides_the_same_again(tmp_path: Path) -> None:
    def told(history: History) -> list[tuple[str, str]]:
        return [(event.what, event.key) for event in history]

    first = await a_day_of_cancels(tmp_path / "first", 3)
    again = await a_day_of_cancels(tmp_path / "again", 3)
    other = await a_day_of_cancels(tmp_path / "other", 4)
    assert told(first) == told(again) != told(other)
    manners = Counter(event.detail["answer"] for event in first.of("cancel_requested"))
    assert set(manners) == {"early", "late", "never", "twice"}


async def test_one_floor_under_three_faces_and_the_files(tmp_path: Path) -> None:
    async with Counterpart(tmp_path, OpenlogiFace) as shop, AsyncExitStack() as doors:
        bases = []
        for face in (LogilessFace(shop.warehouse), LogizardFace(shop.warehouse)):
            bases.append(await face.start())
            doors.push_async_callback(face.stop)
            if isinstance(face, LogilessFace):
                bearer = {"Authorization": f"Bearer {face.tokens.issue()['access_token']}"}
        assert len({shop.base.removesuffix("/api"), *bases}) == 3
        assert (await shop.told("POST", "/shipments", a_shipment("A1"))).status == 201
        codes = {}
        for code in ("A1", "B1"):
            url = f"{bases[0]}/api/v1/merchant/1/sales_orders/new"
            async with shop.client.post(url, json=SALES_ORDER | {"code": code}, headers=bearer) as reply:
                codes[code] = reply.status
        assert codes == {"A1": 400, "B1": 200}, "a number is accepted once, whoever brings it"
        shop.house.put(GENERIC / ORDER_1)
        await shop.until(19)
        shipped = shop.house.history.per_key("shipped")
        assert shipped["A1"] == shipped["B1"] == shipped["200101"] == 1
        filed = {row["出荷指示番号"] for data in shop.house.results().values() for row in rows_of(data)}
        assert "200101" in filed
        assert not filed & {"A1", "B1"}
        assert (await shop.told("GET", "/shipments/TS001/B1")).status == 404, (
            "another's slip is nobody's business"
        )
        assert shop.warehouse.check() == []


async def test_after_the_cut_off_it_is_the_next_business_day(tmp_path: Path) -> None:
    async with Counterpart(tmp_path, OpenlogiFace) as shop:
        await shop.until(15, 1)
        late = await shop.told("POST", "/shipments", a_shipment("A1"))
        assert late.body["assigned_shipping_date"] == "2026-11-25"
        await shop.until(19)
        assert await status(shop) == "waiting"
        await shop.until(19, days=1)
        assert await status(shop) == "shipped"


@pytest.mark.parametrize("kind", ["drop", "silence"])
@pytest.mark.parametrize("applied", [True, False])
async def test_a_line_that_breaks_before_or_after_the_work(tmp_path: Path, kind: str, applied: bool) -> None:
    async with Counterpart(tmp_path, OpenlogiFace) as shop:
        shop.face.troubles.plan(Trouble(kind, times=2, applied=applied))
        for key in ("A1", "A2"):
            assert await shop.send("POST", "/shipments", a_shipment(key), patience=0.3) is None
        assert list(shop.warehouse.slips()) == (["A1", "A2"] if applied else [])


@pytest.mark.parametrize(
    ("given", "words"), [({"kind": "flood"}, "unknown"), ({"kind": "slow"}, "seconds"), ({"times": 0}, "one")]
)
def test_a_trouble_that_cannot_be_is_refused(given: Json, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Trouble(**({"kind": "500"} | given))


async def test_a_face_is_struck_by_the_fault_of_the_warehouse(tmp_path: Path) -> None:
    async with Counterpart(tmp_path, OpenlogiFace, faults=("wms-refuses",)) as shop:
        told = Counter[int]()
        for place in range(100):
            await shop.until(10 + (place // 50), 20)
            answer = await shop.told("POST", "/shipments", a_shipment(f"A{place}"))
            told[answer.status] += 1
        assert told[422] == shop.house.faults.struck["wms-refuses"] > 0
        assert shop.house.history.count("slip_refused") == told[422]


async def test_the_ledger_sees_a_slip_that_left_and_was_not_told(tmp_path: Path) -> None:
    async with Counterpart(tmp_path, OpenlogiFace) as shop:
        await shop.told("POST", "/shipments", a_shipment("A1"))
        await shop.until(19)
        slip = shop.warehouse.slips()["A1"]
        assert slip.state is State.SHIPPED
        slip.departures.clear()
        assert shop.warehouse.check() == ["slip A1 line 1: 1 left, 0 reported"]
