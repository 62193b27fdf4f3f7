"""Recorded requests that no stage sends in this very form, through the same ways of ours with their conditions."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest
import respx
from connector.adapters.next_engine import wire
from connector.adapters.next_engine.writes import SlipWriter, update
from connector.slip import Slip
from msgspec.structs import replace

from tests.contract.border import FIXTURES, form, recorded, recorded_json
from tests.contract.ne_desk import a_desk
from tests.contract.ne_shop import a_slip, engine
from tests.contract.test_ne_client import FREE, REQUESTS, SAMPLE, answer, assert_like_recorded

NOT_CONDITIONS = (*FREE, wire.FIELDS, wire.ACCESS_TOKEN, wire.REFRESH_TOKEN)


def conditions(name: str) -> list[tuple[str, str]]:
    return [pair for pair in form(recorded(f"{REQUESTS}/{name}.body")) if pair[0] not in NOT_CONDITIONS]


async def test_04_counting(httpx2_mock: respx.Router) -> None:
    httpx2_mock.route().mock(return_value=answer("receiveorder_base_count.json"))
    async with a_desk(SAMPLE) as desk:
        said = await desk.session.read(wire.BASE_COUNT, conditions("04_count_intake"))
    assert said.count == "18"
    assert_like_recorded(httpx2_mock.calls.last.request, "04_count_intake")


async def test_06_the_second_page_of_what_changed(httpx2_mock: respx.Router) -> None:
    """Two conditions on one field; blank and colon of the instants survive the encoding."""
    name = "06_search_changed_since"
    row = recorded_json("next_engine/replies/receiveorder_base_search_after_shipped.json")["data"][0]
    page = {"result": "success", "count": "1000", "data": [row] * 1000}
    httpx2_mock.route().mock(
        side_effect=[
            httpx.Response(200, content=json.dumps(page).encode()),
            answer("receiveorder_base_search_empty.json"),
        ]
    )
    fields = dict(form(recorded(f"{REQUESTS}/{name}.body")))[wire.FIELDS].split(",")
    async with a_desk(SAMPLE) as desk:
        pages = [page async for page in engine(desk).search(wire.BASE_SEARCH, fields, conditions(name))]
    assert [len(page) for page in pages] == [1000, 0]
    second = httpx2_mock.calls.last.request
    assert_like_recorded(second, name)
    asked, theirs = dict(form(second.content)), dict(form(recorded(f"{REQUESTS}/{name}.body")))
    assert {key: asked[key] for key in (wire.OFFSET, wire.LIMIT)} == {
        key: theirs[key] for key in (wire.OFFSET, wire.LIMIT)
    }


async def test_07_per_cent_signs_and_brackets(httpx2_mock: respx.Router) -> None:
    httpx2_mock.route().mock(return_value=answer("receiveorder_base_search_empty.json"))
    name = "07_search_by_tag"
    async with a_desk(SAMPLE) as desk:
        found = engine(desk).search(wire.BASE_SEARCH, [wire.SLIP_ID], conditions(name))
        assert [page async for page in found] == [[]]
    assert_like_recorded(httpx2_mock.calls.last.request, name)


async def test_12_a_text_with_everything_in_it(httpx2_mock: respx.Router) -> None:
    httpx2_mock.route().mock(return_value=answer("receiveorder_base_update.json"))
    name = "12_update_escaped_text"
    xml = recorded(f"{REQUESTS}/{name}.xml").decode()
    told = re.search(r"<receive_order_gruoping_tag>(.*?)</receive_order_gruoping_tag>", xml)
    assert told is not None

    async def nobody(number: str) -> Slip:
        raise AssertionError(number)

    async with a_desk(SAMPLE) as desk:
        fields = {wire.WORKER_TEXT: 'A&B <至急> "見本" 50%+α', wire.TAGS: told[1]}
        slip = replace(a_slip("1003"), lock="2026-11-20 08:05:11")
        assert await SlipWriter(desk.session, nobody).send(slip, update(fields)) is None
    assert_like_recorded(httpx2_mock.calls.last.request, name)


@pytest.mark.parametrize("name", sorted(path.stem for path in (FIXTURES / REQUESTS).glob("*.body")))
def test_every_recorded_request_is_compared_with_what_we_send(name: str) -> None:
    here = Path(__file__).parent
    told = [(here / f"test_ne_{room}.py").read_text("utf-8") for room in ROOMS]
    assert any(f"{name}" in text for text in told), name


ROOMS = ("client", "client_requests", "session", "writes_bulk")
