"""The page of checks before imports: what waits and why, the click, the files with their sums, and the alarms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from connector.clock import jst
from connector.ledger.alarms import imports
from connector.ledger.preflights import decide
from connector.ledger.schema_hub import preflights
from connector.reports import Morning, make, tables
from connector.web import WebContext
from connector.words.alarms import ALARMS, alarm_facts
from sqlalchemy import select

from tests.contract.web_site import SIGNED, Site, running
from tests.unit.test_preflight import RULES, WINDOW, files, past, row, standing
from tests.unit.world import World, an_order, world

ODD = "受注件数が 6件 です（いつもは 1件〜3件）"


def site_of(w: World, folder: Path) -> WebContext:
    return WebContext(
        database=w.database, shops=(w.shop,), clock=w.clock, reports_dir=folder, form_key=b"k" * 32
    )


async def one_waits(w: World) -> int:
    past(w)
    await standing(w, 6)
    await w.run("import_daily", window=WINDOW)
    return int(row(w).id)


async def fields(site: Site) -> dict[str, str]:
    """What the page's form would send."""
    _, text = await site.get("/preflight")
    seen = text.partition('name="seen" value="')[2].partition('"')[0]
    return SIGNED | {"token": await site.token("/preflight"), "seen": seen}


async def test_the_page_says_what_is_odd_in_both_languages(tmp_path: Path) -> None:
    with world(tmp_path, preflight=RULES) as w:
        await one_waits(w)
        async with running(site_of(w, tmp_path)) as site:
            status, text = await site.get("/preflight")
            assert status == 200
            assert ODD in text
            assert "13,200" in text
            _, home = await site.get("/")
            assert "受注CSVが確認を待っています" in home
            assert 'href="/preflight"' in home
            _, english = await site.get("/preflight?lang=en")
            assert "Orders: 6 (usual: 1 to 3)" in english
            assert "Release it" in english


async def test_the_click_lets_the_file_go(tmp_path: Path) -> None:
    with world(tmp_path, preflight=RULES) as w:
        row_id = await one_waits(w)
        async with running(site_of(w, tmp_path)) as site:
            status, text = await site.post(f"/preflight/{row_id}/release", await fields(site))
            assert (status, "解放しました" in text) == (200, True)
            await w.run("import_daily", window=WINDOW)
            assert len(files(w)) == 1
            _, text = await site.get("/preflight")
            assert SIGNED["actor"] in text
            assert "確認を待っている受注CSVはありません" in text
    assert w.events("2026-11-24 14:00") == ["preflight"]


@pytest.mark.parametrize("missing", ["token", "seen", "actor", "why"])
async def test_a_form_that_lacks_something_does_nothing(tmp_path: Path, missing: str) -> None:
    with world(tmp_path, preflight=RULES) as w:
        row_id = await one_waits(w)
        async with running(site_of(w, tmp_path)) as site:
            form = await fields(site)
            form.pop(missing)
            status, _ = await site.post(f"/preflight/{row_id}/release", form)
            assert status == (403 if missing == "token" else 409)
            foreign = await site.post(
                f"/preflight/{row_id}/release", await fields(site), **{"Sec-Fetch-Site": "cross-site"}
            )
            assert foreign[0] == 403
            assert row(w).state == "waits"


async def test_a_picture_that_changed_since_is_not_released(tmp_path: Path) -> None:
    with world(tmp_path, preflight=RULES) as w:
        row_id = await one_waits(w)
        async with running(site_of(w, tmp_path)) as site:
            form = await fields(site)
            await standing(w, 1, first=2001)
            await w.run("import_daily", window=WINDOW)
            status, text = await site.post(f"/preflight/{row_id}/release", form)
            assert (status, "表示のあとで内容が変わりました（いまは 7件 15,400円）" in text) == (409, True)
            status, _ = await site.post(f"/preflight/{row_id}/refuse", await fields(site))
            assert (status, row(w).state) == (200, "refused")
            status, _ = await site.post("/preflight/999/refuse", form)
            assert status in (403, 404)


async def test_the_files_stand_there_with_their_sums_and_differences(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order("T-1001"), an_order("T-1002"))
        await w.run("import_daily", window=WINDOW)
        w.pass_by(minutes=2)
        w.ne.work()
        w.ne.edit(w.slip_of("T-1002"), total=2199)
        await w.run("import_daily", window=WINDOW)
        async with running(site_of(w, tmp_path)) as site:
            _, text = await site.get("/preflight")
            assert "不一致" in text
            assert "2,200円 → 2,199円" in text
            assert "orders_mihon_2026-11-24_1400.csv" in text
            _, body = await site.get("/preflight.json")
            (file,) = json.loads(body)["files"]
            assert (file["orders"], file["yen"], file["read_yen"], file["ties"]) == (2, 4400, 4399, False)
            assert file["differing"] == [{"orders": ["T-1002"], "file": 2200, "slips": 2199}]
            status, body = await site.get("/preflight.csv")
            assert status == 200
            assert WINDOW in body


async def test_both_alarms_hold_while_they_should(tmp_path: Path) -> None:
    with world(tmp_path, preflight=RULES) as w:
        with w.database.engine.connect() as connection:
            assert imports.waits(connection, w.shop, w.clock.now()) is None
            assert imports.totals(connection, w.shop, w.clock.now()) is None
        await one_waits(w)
        with w.database.engine.connect() as connection:
            facts = imports.waits(connection, w.shop, w.clock.now())
        assert facts is not None
        for lang, said in (("ja", ODD), ("en", "until")):
            assert said in alarm_facts("preflight_waits", facts, w.clock.now(), lang)
        await w.database.run(lambda c: decide(c, "mihon", WINDOW, True, "見本 花子", "はい", w.clock.now()))
        await w.run("import_daily", window=WINDOW)
        w.pass_by(minutes=2)
        w.ne.work()
        w.ne.edit(w.slip_of("T-1002"), total=1)
        await w.run("import_daily", window=WINDOW)
        with w.database.engine.connect() as connection:
            assert imports.waits(connection, w.shop, w.clock.now()) is None
            facts = imports.totals(connection, w.shop, w.clock.now())
        assert facts is not None
        assert "T-1002" in alarm_facts("import_totals", facts, w.clock.now(), "ja")
        w.pass_by(hours=21)
        with w.database.engine.connect() as connection:
            assert imports.totals(connection, w.shop, w.clock.now()) is None
        assert {"preflight_waits", "import_totals"} <= set(ALARMS)
        assert len(w.rows(select(preflights.c.id))) == 4


async def test_the_morning_report_names_sum_and_difference(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order("T-1001"), an_order("T-1002"))
        await w.run("import_daily", window=WINDOW)
        today = jst(w.clock.now()).date()
        before = await make(w.database, w.shop, today, w.clock.now(), None)
        assert said(before) == ["合計金額 4,400円"]
        w.pass_by(minutes=2)
        w.ne.work()
        w.ne.edit(w.slip_of("T-1002"), total=2199)
        await w.run("import_daily", window=WINDOW)
        after = await make(w.database, w.shop, today, w.clock.now(), None)
        assert said(after) == ["合計金額 4,400円 / 読み戻し 4,399円: 不一致 T-1002"]


def said(report: Morning) -> list[object]:
    """The last column of the files handed over."""
    (table,) = [one for one in tables(report, "ja") if one.key == "manifests"]
    return [row[-1] for row in table.rows]
