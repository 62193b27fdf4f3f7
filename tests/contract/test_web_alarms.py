"""The page 警報, the band on every page while one is open, closing one by hand; and the page of all that waits."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from connector.ledger import alarms
from connector.ledger.schema import history
from sqlalchemy import select

from tests.contract.web_site import SIGNED, Site, a_site, contents
from tests.unit.shop_day import NOW, SHOP

SILENT = {
    "since": (NOW - timedelta(minutes=50)).isoformat(),
    "orders": 3,
    "waiting": 2,
    "numbers": ["1005"],
    "last_arrived_at": "",
}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with a_site(tmp_path) as found:
        yield found


def judge(site: Site, minutes: int = 0, **facts: Any) -> None:
    """These alarms hold, all others do not."""
    with site.database.engine.begin() as connection:
        watchers = {
            kind: lambda *_, kind=kind: facts.get(kind)
            for kind in ("intake_silent", "outage_cart", "outage_mailbox")
        }
        alarms.judge(connection, SHOP, NOW + timedelta(minutes=minutes), watchers)


async def test_nothing_is_open(site: Site) -> None:
    status, text = await site.get("/alarms")
    assert status == 200
    assert "いま出ている警報はありません" in text
    _, home = await site.get("/")
    assert "band alarm" not in home


async def test_an_open_alarm_stands_on_every_page_until_it_ends(site: Site) -> None:
    judge(site, intake_silent=SILENT)
    for path in ("/", "/orders", "/orders/1005", "/held", "/alarms", "/waiting", "/reports"):
        _, text = await site.get(path)
        assert "受注メールが新規受付に届いていません" in text.partition("<header")[0], path
    _, english = await site.get("/orders?lang=en")
    assert "Order mails do not reach" in english.partition("<header")[0]
    _, other = await site.get("/orders?shop=other")
    assert "band alarm" not in other, "an alarm is one shop's"
    judge(site, 5)
    _, text = await site.get("/orders")
    assert "band alarm" not in text


async def test_the_page_says_what_it_means_and_what_to_do(site: Site) -> None:
    judge(site, intake_silent=SILENT)
    judge(site, 5, intake_silent=SILENT, outage_mailbox={"since": SILENT["since"], "words": "<b>no route"})
    _, text = await site.get("/alarms")
    for words in ("07:40以降に通知した 3件", "mail.recipient", 'href="/orders/1005"', "&lt;b&gt;no route"):
        assert words in text
    assert "<b>no route" not in text
    _, said = await site.get("/alarms.json?lang=en")
    rows = json.loads(said)
    assert [row["kind"] for row in rows] == ["outage_mailbox", "intake_silent"]
    assert rows[1]["words"].startswith("3 announced since 07:40")
    _, csv = await site.get("/alarms.csv")
    assert len(csv.strip().splitlines()) == 3
    _, metrics = await site.get("/metrics")
    assert 'connector_alarms_open{shop="mihon",kind="intake_silent"} 1' in metrics
    assert 'connector_alarms_open{shop="mihon",kind="outage_cart"} 0' in metrics


async def test_a_person_closes_it_once_with_name_and_reason(site: Site) -> None:
    judge(site, intake_silent=SILENT)
    token = await site.token("/alarms")
    before = contents(site.database)
    assert (await site.post("/alarms/intake_silent/close", SIGNED))[0] == 403
    assert (await site.post("/alarms/intake_silent/close", SIGNED | {"token": "0" * 64}))[0] == 403
    assert contents(site.database) == before
    fields = SIGNED | {"token": token}
    assert (await site.post("/alarms/intake_silent/close", fields))[0] == 200
    assert (await site.post("/alarms/intake_silent/close", fields))[0] == 409
    _, text = await site.get("/alarms")
    assert "見本 花子: 電話で確認済み" in text
    with site.database.engine.connect() as connection:
        events = connection.execute(select(history).where(history.c.event == "alarm_closed")).all()
    assert [(row.actor, row.note) for row in events] == [("見本 花子", "電話で確認済み")]


async def test_why_names_the_alarm(site: Site) -> None:
    judge(site, intake_silent=SILENT | {"since": (NOW - timedelta(hours=4)).isoformat()})
    _, text = await site.get("/orders/1005")
    assert "新規受付に届いていません" in text.partition("<main")[2]


async def test_all_that_waits_stands_on_one_page_by_reason(site: Site) -> None:
    status, text = await site.get("/waiting")
    assert status == 200
    for words in ("保留: 決済NG", "次の本取込待ち", "入金待ち"):
        assert words in text
    _, said = await site.get("/waiting.json")
    groups = json.loads(said)
    assert all(group["count"] == len(group["orders"]) for group in groups)
    numbers = [one["number"] for group in groups for one in group["orders"]]
    assert len(numbers) == len(set(numbers))
    assert {"1002", "1003", "1004", "1005", "1006"} <= set(numbers)
    assert not {"1007", "1008", "1010", "1011", "1015", "2000"} & set(numbers)
    _, csv = await site.get("/waiting.csv")
    assert len(csv.strip().splitlines()) == len(numbers) + 1
