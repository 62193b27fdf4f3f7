"""The page of stages that stopped themselves: why in one sentence, the click, its guards; and the countdown at home."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from connector.outcome import Effect, Reply, Sent

from tests.contract.test_web_preflight import site_of
from tests.contract.web_site import SIGNED, Site, running
from tests.unit.test_relay_pace import PACE, ready, stops, went
from tests.unit.test_runner_relay import relay_round
from tests.unit.world import World, an_order, world

WHY = "上限 4件 を超えるため、今回の分を倉庫へ渡していません"


async def one_stops(w: World) -> int:
    for weeks in range(1, 5):
        went(w, weeks, 2)
    await ready(w, *range(1001, 1006))
    await relay_round(w)
    return stops(w)[0].id


async def form(site: Site) -> dict[str, str]:
    return SIGNED | {"token": await site.token("/stage-stops")}


async def test_the_page_says_why_in_both_languages_and_home_counts_down(tmp_path: Path) -> None:
    with world(tmp_path, relay_pace=PACE) as w:
        await one_stops(w)
        async with running(site_of(w, tmp_path)) as site:
            for page in ("/stage-stops", "/"):
                status, text = await site.get(page)
                assert (status, WHY in text) == (200, True)
            assert "本日の締めまで 5時間" in text
            _, english = await site.get("/stage-stops?lang=en")
            assert "the limit is 4" in english
            assert "Keep it back" in english
            (stop,) = json.loads((await site.get("/stage-stops.json"))[1])
            assert (stop["stage"], stop["what"], stop["waits"]) == ("relay", "2026-11-24", True)
            assert WHY in (await site.get("/stage-stops.csv"))[1]


@pytest.mark.parametrize(("verb", "goes"), [("release", 5), ("refuse", 0)])
async def test_the_click(tmp_path: Path, verb: str, goes: int) -> None:
    with world(tmp_path, relay_pace=PACE) as w:
        row_id = await one_stops(w)
        async with running(site_of(w, tmp_path)) as site:
            for missing in ("token", "actor", "why"):
                lacks = {name: text for name, text in (await form(site)).items() if name != missing}
                status, _ = await site.post(f"/stage-stops/{row_id}/{verb}", lacks)
                assert status == (403 if missing == "token" else 409)
            assert stops(w)[0].waits
            status, _ = await site.post(f"/stage-stops/{row_id}/{verb}", await form(site))
            assert status == 200
            _, text = await site.get("/stage-stops")
            assert SIGNED["actor"] in text
            assert "判断を待っている一時停止はありません" in text
            await relay_round(w)
            assert w.wms.count("instructed") == goes
            assert (await site.post("/stage-stops/999/release", SIGNED | {"token": "x"}))[0] == 403
    assert w.events("2026-11-24") == ["stage_stop"]


async def test_a_slips_page_shows_both_receipts(tmp_path: Path) -> None:
    """The file as it lay there, and what the warehouse took of it."""
    with world(tmp_path) as w:
        send = w.wms.send

        async def as_a_folder_does(effect: Effect) -> Reply:
            await send(effect)
            return Sent({"name": effect.name, "size": len(effect.body), "sha256": "ab" * 32})

        w.wms.instead(send=as_a_folder_does)
        await w.to_relayed(an_order())
        async with running(site_of(w, tmp_path)) as site:
            _, text = await site.get(f"/slips/{w.slip_of()}")
            size = len(next(iter(w.wms.inbox.values()))[1])
            assert f"到着確認 {size}バイト SHA-256 abababababab…" in text
            assert "受付 1件 拒否 0件" in text
            assert "出荷指示の印" in text
