"""The page of the automation rate: the same figures as HTML, JSON and CSV, in both languages, without JavaScript."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from connector.outcome import Hold, Reason
from sqlalchemy import Connection

from tests.contract.web_site import a_site
from tests.unit.shop_day import NOW, Day, an_order, tracking_number


def a_touched_slip(connection: Connection) -> None:
    """It shipped yesterday, and its relay had been held until somebody recorded the deposit."""
    day, at = Day(connection), NOW - timedelta(hours=20)
    day.to_shipped(an_order("7001", at), at, "57001", tracking_number(77))
    day.say("relay", "57001", Hold(Reason.PAYMENT_GATE, "入金"), at + timedelta(minutes=70))


@pytest.mark.parametrize(("lang", "title"), [("ja", "自動化率"), ("en", "Automation rate")])
async def test_the_page_and_its_lists_say_the_same(tmp_path: Path, lang: str, title: str) -> None:
    async with a_site(tmp_path) as site:
        await site.database.run(a_touched_slip)
        status, page = await site.get(f"/automation?lang={lang}")
        assert status == 200
        assert title in page
        assert "<script" not in page
        found = json.loads((await site.get("/automation.json"))[1])
        whole = found["whole"]
        assert whole["shipped"] > whole["untouched"]
        assert f"{whole['untouched'] * 1000 // whole['shipped'] / 10:.1f}%" in page
        assert sum(day["shipped"] for day in found["days"]) == whole["shipped"]
        _, csv = await site.get(f"/automation.csv?lang={lang}")
        for touch in found["touches"]:
            assert touch["slip"] in csv
            assert f"/slips/{touch['slip']}" in page
