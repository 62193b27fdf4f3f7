"""Logizard face of the sandbox warehouse against fixtures/wms/logizard, and what §2.1 and §8 say besides."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
from connector.sandbox.warehouse.counter import Goods
from connector.sandbox.warehouse.faces import LogizardFace, LogizardSettings, Trouble

from tests.contract.wms_faces import Counterpart, Json, exchange, labels_in, names, same

ORDER = exchange("logizard", "addorder_ok")["request"]["body"]
ASKED = exchange("logizard", "export_shipped")["request"]["body"]
FACE = partial(LogizardFace, settings=LogizardSettings(password="TEST-PASSWORD"))
SERUM, TEA, MASK = Goods("MH-SERUM-30", 1), Goods("MH-TEA-20", 5), Goods("MH-MASK-07", 1)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Counterpart]:
    async with Counterpart(tmp_path, FACE) as counterpart:
        await log_in(counterpart)
        yield counterpart


def face(shop: Counterpart) -> LogizardFace:
    assert isinstance(shop.face, LogizardFace)
    return shop.face


async def log_in(shop: Counterpart) -> None:
    answer = await shop.replay(exchange("logizard", "login_ok"))
    assert answer is not None
    shop.cookie = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]


async def add(shop: Counterpart, number: str, *goods: Goods, **changes: Json) -> str:
    answer = await shop.told(
        "POST", "/ship/mailorder/addorder", ORDER | {"ORDER_SHIP_SLIP": number} | changes
    )
    assert answer.status == 200
    code = str(answer.body["ERROR_CODE"])
    if goods and code == "0":
        face(shop).add_lines(number, goods)
    return code


async def export(shop: Counterpart, **changes: Json) -> Json:
    return (await shop.told("POST", "/common/export/export", ASKED | changes)).body


Stage = Callable[[Counterpart], Awaitable[None]]


async def fresh(shop: Counterpart) -> None:
    """Nothing has been sent yet."""


async def sent_before(shop: Counterpart) -> None:
    assert await add(shop, "200101") == "0"


async def two_shipped(shop: Counterpart) -> None:
    await add(shop, "200101", SERUM, TEA)
    await add(shop, "200103", MASK)
    await shop.until(19)
    await log_in(shop)


async def one_shipped(shop: Counterpart) -> None:
    await add(shop, "200101", SERUM)
    await shop.until(19)
    await log_in(shop)


async def maintenance(shop: Counterpart) -> None:
    face(shop).troubles.plan(Trouble("html-503"))


async def silence_after_the_work(shop: Counterpart) -> None:
    face(shop).troubles.plan(Trouble("silence", applied=True))


STAGES: dict[str, Stage] = {
    "addorder_duplicate": sent_before,
    "addorder_ok": fresh,
    "addorder_refused": fresh,
    "error_503_html": maintenance,
    "export_other_pattern": one_shipped,
    "export_same_day_empty": two_shipped,
    "export_shipped": two_shipped,
    "login_ok": fresh,
    "login_refused": fresh,
    "session_expired": fresh,
    "timeout_after_commit": silence_after_the_work,
}


@pytest.mark.parametrize("name", names("logizard"))
async def test_the_exchange_of_the_fixture(shop: Counterpart, name: str) -> None:
    given = exchange("logizard", name)
    await STAGES[name](shop)
    same(await shop.replay(given, as_sent=name == "session_expired"), given)
    assert shop.warehouse.check() == []


# What must follow.


async def test_a_call_without_an_answer_was_done_and_shows_in_the_export_only(shop: Counterpart) -> None:
    face(shop).troubles.plan(Trouble("silence", path="addorder", applied=True))
    assert await shop.replay(exchange("logizard", "timeout_after_commit")) is None
    assert len((await export(shop))["DATA"]["EXPORT_DATA"]) == 1, "not shipped yet: no proof either way"
    face(shop).add_lines("200101", (SERUM,))
    await shop.until(19)
    await log_in(shop)
    assert [row.split(",")[3] for row in (await export(shop))["DATA"]["EXPORT_DATA"][1:]] == ["200101"]
    assert await add(shop, "200101") == "E1001"
    assert shop.house.history.per_key("slip_accepted") == {"200101": 1}


async def test_a_session_ends_after_half_an_hour_of_silence(shop: Counterpart) -> None:
    codes = []
    for minute in (20, 49):
        await shop.until(10, minute)
        codes.append((await export(shop))["ERROR_CODE"])
    await shop.until(11, 20)
    codes.append((await export(shop))["ERROR_CODE"])
    await log_in(shop)
    codes.append((await export(shop))["ERROR_CODE"])
    face(shop).end_sessions()
    codes.append((await export(shop))["ERROR_CODE"])
    assert codes == ["0", "0", "E0002", "0", "E0002"]


async def test_today_alone_is_empty_and_yesterday_to_today_is_not(shop: Counterpart) -> None:
    await one_shipped(shop)
    alone = await export(shop, TARGET_DATE_FROM="20261124", TARGET_DATE_TO="20261124")
    assert len(alone["DATA"]["EXPORT_DATA"]) == 1
    assert len((await export(shop))["DATA"]["EXPORT_DATA"]) == 2
    await shop.until(9, days=1)
    await log_in(shop)
    over = await export(shop, TARGET_DATE_FROM="20261124", TARGET_DATE_TO="20261124")
    assert len(over["DATA"]["EXPORT_DATA"]) == 2, "a day that is over can be asked for alone"


async def test_a_slow_answer_takes_its_time_by_the_towns_clock(shop: Counterpart) -> None:
    before = shop.house.clock.now()
    face(shop).troubles.plan(Trouble("slow", path="export", seconds=119))
    assert (await export(shop))["ERROR_CODE"] == "0"
    assert (shop.house.clock.now() - before).total_seconds() == 119


async def test_what_it_lets_in_and_what_not(shop: Counterpart) -> None:
    long, no_such_place = {"TRSP_NAME": "あ" * 200}, {"TRSP_POSTCODE": "9999999"}
    assert [await add(shop, "A1", **long), await add(shop, "A2", **no_such_place)] == ["0", "0"]
    for changes in (
        {"TRSP_NAME": "あ" * 201},
        {"TRSP_NAME": ""},
        {"OWNER_ID": 2},
        {"OWNER_ID": "x"},
        {"BOX_QTY": 10000},
        {"TRSP_WAY_ID": 99},
        {"SHIP_DATE": 20261399},
        {"DELIVERY_DATE": 261126},
        {"TRSP_PHONE_NUM": "090 0000 0101"},
        {"DETAILS": [{"ITEM_ID": "MH-NASHI-99", "ORDER_QTY": 1}]},
        {"DETAILS": [{"ITEM_ID": "MH-TEA-20", "ORDER_QTY": 0}]},
    ):
        assert await add(shop, "A3", **changes) == "E1002", changes
    assert shop.house.history.count("slip_accepted") == 0


async def test_details_under_the_configured_keys_and_an_order_without_lines(shop: Counterpart) -> None:
    details = [{"ITEM_ID": "MH-TEA-20", "ORDER_QTY": 2}]
    assert [await add(shop, "A1", DETAILS=details), await add(shop, "A2")] == ["0", "0"]
    await shop.until(19)
    assert shop.house.history.per_key("shipped") == {"A1": 1}
    assert without_lines(shop) == ["A2"], "nobody knows what is to be sent"


def without_lines(shop: Counterpart) -> list[str]:
    return [event.key for event in shop.house.history.of("received_without_lines")]


async def test_three_parcels_of_two_articles_are_three_rows(shop: Counterpart) -> None:
    await add(shop, "A1", SERUM, TEA, BOX_QTY=3)
    await shop.until(19)
    await log_in(shop)
    rows = (await export(shop))["DATA"]["EXPORT_DATA"][1:]
    assert [row.rpartition(",")[2] for row in rows] == ["1", "5", "0"]
    assert len(set(labels_in(rows))) == 3


async def test_a_short_order_is_accepted_and_waits(shop: Counterpart) -> None:
    shop.warehouse.stock.set_free("MH-TEA-20", 1)
    assert await add(shop, "A1", SERUM, TEA) == "0"
    await shop.until(19)
    assert shop.house.history.count("shipped", "shipped_partly", "unshippable") == 0
    shop.warehouse.stock.set_free("MH-TEA-20", 9)
    await shop.until(19, days=1)
    assert shop.house.history.per_key("shipped") == {"A1": 1}
    assert shop.warehouse.check() == []


async def test_another_file_or_pattern_is_refused(shop: Counterpart) -> None:
    for changes in (
        {"FILE_ID": 4},
        {"PTRN_ID": "7"},
        {"OWNER_ID": 9},
        {"TARGET_DATE_FROM": "20261125"},
        {"TARGET_DATE_TO": "tomorrow"},
    ):
        assert (await export(shop, **changes))["ERROR_CODE"] == "E1002", changes
