"""A Next Engine account as the recorded pictures show it, with our client signed in to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

from connector.adapters.next_engine import wire
from connector.adapters.next_engine.client import NextEngine, NextEngineSettings
from connector.mapping import load_csv_writer
from connector.ports import Answers
from connector.sandbox.faults import Faults
from connector.sandbox.next_engine import NextEngineSandbox
from connector.slip import Result, Shipment, Slip
from connector.transport.drop import Drop

from tests.contract.border import MAPPINGS, recorded_json, tables
from tests.contract.ne_desk import Desk, ne_and_desk

TABLES = tables()
ORDER_CSV = load_csv_writer(MAPPINGS / "next_engine/order_csv.yaml", TABLES)
STATES = "next_engine/replies/receiveorder_base_search_all_states.json"
ROWS = (
    "next_engine/replies/receiveorder_row_search_print_ready.json",
    "next_engine/replies/receiveorder_row_search_waiting.json",
)


def engine(desk: Desk, *, drop: Drop | None = None, **changes: Any) -> NextEngine:
    settings = NextEngineSettings(**({"shop": "a", "ne_shop_id": "1"} | changes))
    return NextEngine(
        desk.session, settings=settings, tables=TABLES, order_csv=ORDER_CSV, clock=desk.clock, drop=drop
    )


@asynccontextmanager
async def a_shop(faults: Faults | None = None) -> AsyncIterator[tuple[NextEngineSandbox, Desk, NextEngine]]:
    """The 26 slips of the recorded picture stand in the sandbox's books."""
    rows: dict[str, dict[str, dict[str, str | None]]] = {}
    for name in ROWS:
        for row in recorded_json(name)["data"]:
            own = {key: value for key, value in row.items() if key.startswith("receive_order_row_")}
            rows.setdefault(row[wire.ROW_SLIP_ID], {})[row[wire.ROW_NO]] = own
    async with ne_and_desk(faults) as (sandbox, desk):
        for texts in recorded_json(STATES)["data"]:
            sandbox.restore(texts, rows.get(texts[wire.SLIP_ID], {}).values())
        yield sandbox, desk, engine(desk)


def a_shipment(slip_number: str, *tracking: str) -> Shipment:
    return Shipment(
        result_id="R1",
        slip_number=slip_number,
        result=Result.SHIPPED,
        shipped_on=date(2026, 11, 20),
        carrier="YAMATO_TAKKYUBIN",
        tracking=tracking,
    )


async def relayed(ne: NextEngine, number: str) -> Slip:
    """One slip marked as taken; what is answered about it is raised where it is no slip."""
    return _slip_of(await ne.mark_relayed([number]), number)


async def refused(ne: NextEngine, number: str, words: str) -> Slip:
    return _slip_of(await ne.mark_refused({number: words}), number)


async def shipped(ne: NextEngine, number: str, *tracking: str) -> Slip:
    return _slip_of(await ne.confirm_shipments({number: a_shipment(number, *tracking)}), number)


def _slip_of(answers: Answers, number: str) -> Slip:
    assert answers.keys() == {number}
    answer = answers[number]
    if isinstance(answer, Exception):
        raise answer
    return answer


def a_slip(number: str) -> Slip:
    return Slip(number=number, order_number="TEST", ne_shop_id="1", status=20)
