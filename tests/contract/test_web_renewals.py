"""定期の予定 as a page, as JSON and as a CSV for Excel."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from connector.clock import SteppedClock
from connector.web import WebContext
from msgspec.structs import replace

from tests.contract.web_site import Site, contents, running
from tests.unit.renewal_desk import Desk, a_desk, a_subscription, at, day

NOW = "11-26 08:00"
RUN = "11-26 00:30"


def context_of(desk: Desk, folder: Path) -> WebContext:
    other = replace(desk.shop, key="other", name="別館")
    return WebContext(
        database=desk.database,
        shops=(desk.shop, other),
        clock=SteppedClock(at(NOW)),
        reports_dir=folder,
        form_key=b"k" * 32,
    )


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """One forgotten, one doubled; everything read up to now."""
    with a_desk(tmp_path) as desk:
        lost, twice = (a_subscription(subscription_id=n, number=f"d{n}") for n in (1, 2))
        await desk.sees(lost, twice, now="11-20 09:00")
        first = desk.child(twice, RUN)
        twin = desk.child(replace(twice, orders_count=5), RUN, ship_on=day("12-03"), deliver_on=day("12-05"))
        await desk.receives(first, twin, now="11-26 00:40")
        await desk.sees(desk.after(twice, RUN, orders_count=6), now="11-26 01:00")
        await desk.read_to_the_end(NOW)
        async with running(context_of(desk, tmp_path)) as found:
            yield found


async def test_the_page_says_what_is_missing_and_what_to_do(site: Site) -> None:
    before = contents(site.database)
    status, text = await site.get("/renewals")
    assert status == 200
    for words in (
        "定期の作成漏れ 1件",
        "d1",
        "作成 11/26",
        "定期の二重作成 1件",
        "手動で受注を作成してください",
    ):
        assert words in text
    assert 'href="/orders/c0000197d1"' in text  # the twin leads to its own page
    assert "11/26(木)" in text
    assert 'aria-current="page">定期' in text
    assert contents(site.database) == before


async def test_in_english_no_word_is_missing(site: Site) -> None:
    _, text = await site.get("/renewals?lang=en")
    main = text.partition("<main")[2].partition("</main>")[0]
    assert "Renewal missing 1" in main
    assert not any("\u3040" <= letter <= "\u30ff" for letter in main)


async def test_the_days_asked_for(site: Site) -> None:
    _, text = await site.get("/renewals.json?days=3&on=2026-12-23")
    said = json.loads(text)
    assert [(one["on"], one["count"]) for one in said["expected"]] == [
        ("2026-12-23", 0),
        ("2026-12-24", 2),  # the next round of either
        ("2026-12-25", 0),
    ]
    assert [one["subscription_number"] for one in said["missing"]] == ["d1"]
    for odd in ("0", "x", "999", "-1"):
        _, usual = await site.get(f"/renewals.json?days={odd}")
        assert len(json.loads(usual)["expected"]) == 14
    assert (await site.get("/renewals.json?on=yesterday"))[0] == 404


async def test_the_csv_for_excel(site: Site) -> None:
    status, text = await site.get("/renewals.csv")
    assert status == 200
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[0][:3] == ["理由", "定期受注番号", "受注番号"]
    assert [row[:2] for row in rows[1:]] == [["定期の作成漏れ", "d1"], ["定期の二重作成", "d2"]]


async def test_a_shop_that_was_never_read_knows_nothing(site: Site) -> None:
    _, text = await site.get("/renewals?shop=other")
    assert "不明" in text
    assert "受注と定期受注をまだ最後まで読んでいません" in text
    assert json.loads((await site.get("/renewals.json?shop=other"))[1])["missing"] is None
