"""Acts, files and the machine's pages over real HTTP: what is believed, what is handed out (security.md §6)."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from connector.ledger.schema import holds
from connector.reports import close, make
from connector.web import Health
from connector.web.app import ROUTES
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select

from tests.contract.web_site import SIGNED, Site, a_site, running
from tests.unit.shop_day import DAY, NOW, SHOP


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with a_site(tmp_path) as found:
        yield found


# --- acting -----------------------------------------------------------------------------------------------


def reasons(site: Site, number: str) -> list[str]:
    with site.database.engine.connect() as connection:
        query = select(holds.c.reason).where(holds.c.number == number, holds.c.closed_at.is_(None))
        return list(connection.scalars(query))


async def test_the_form_of_the_page_holds_and_releases(site: Site) -> None:
    token = await site.token("/orders/1002")
    status, text = await site.post("/orders/1002/hold", SIGNED | {"token": token})
    assert (status, "1002 を保留にしました。" in text) == (200, True)
    assert reasons(site, "1002") == ["by_hand"]
    _, text = await site.get("/orders/1002")
    assert "見本 花子" in text
    assert 'formaction="/orders/1002/release"' in text
    status, _ = await site.post("/orders/1002/release", SIGNED | {"token": token})
    assert (status, reasons(site, "1002")) == (200, [])
    status, text = await site.post("/orders/1002/release", SIGNED | {"token": token})
    assert (status, "該当する保留はありません" in text) == (409, True)


async def test_only_buttons_that_fit_are_shown(site: Site) -> None:
    shown = {
        number: set(re.findall(r'formaction="/\w+/\w+/(\w+)"', (await site.get(path))[1]))
        for number, path in (
            ("1002", "/orders/1002"),
            ("1003", "/orders/1003"),
            ("2000", "/orders/2000"),
            ("51009", "/slips/51009"),
        )
    }
    assert shown == {
        "1002": {"retry", "hold", "stop", "handled", "note"},
        "1003": {"release", "retry", "hold", "stop", "handled", "note"},
        "2000": {"note"},
        "51009": {"release", "hold", "note"},
    }


async def test_a_stray_is_resolved_from_its_page(site: Site) -> None:
    token = await site.token("/strays")
    (path,) = re.findall(r'formaction="(/strays/\d+/resolve)"', (await site.get("/strays"))[1])
    assert (await site.post(path, SIGNED | {"token": token}))[0] == 200
    assert (await site.post(path, SIGNED | {"token": token}))[0] == 409
    assert "resolve" not in (await site.get("/strays"))[1]


@pytest.mark.parametrize(
    ("headers", "token", "status"),
    [
        ({}, "right", 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example.jp"}, "right", 403),
        ({"Sec-Fetch-Site": "cross-site"}, "right", 403),
        ({"Sec-Fetch-Site": "same-site"}, "right", 403),
        ({"Sec-Fetch-Site": "none"}, "right", 403),
        ({}, "wrong", 403),
        ({}, "of another order", 403),
        ({}, "", 403),
        ({}, "見本", 403),
        ({"Content-Type": "text/plain"}, "right", 403),
    ],
)
async def test_a_form_from_elsewhere_changes_nothing(
    site: Site, headers: dict[str, str], token: str, status: int
) -> None:
    given = {"right": await site.token("/orders/1002"), "of another order": await site.token("/orders/1003")}
    answer, _ = await site.post("/orders/1002/hold", SIGNED | {"token": given.get(token, token)}, **headers)
    assert answer == status
    assert reasons(site, "1002") == (["by_hand"] if status == 200 else [])


@pytest.mark.parametrize(
    ("origin", "status"), [("own", 200), ("http://evil.example.jp", 403), ("null", 403), ("", 403)]
)
async def test_a_browser_without_fetch_metadata_needs_the_right_origin(
    site: Site, origin: str, status: int
) -> None:
    fields = SIGNED | {"token": await site.token("/orders/1002")}
    headers = {"Origin": site.base if origin == "own" else origin} if origin else {}
    async with site.http.post(site.base + "/orders/1002/hold", data=fields, headers=headers) as answer:
        assert answer.status == status


async def test_an_act_needs_a_name_and_a_reason(site: Site) -> None:
    token = await site.token("/orders/1002")
    status, text = await site.post("/orders/1002/hold", {"token": token, "actor": "", "why": "x"})
    assert (status, "担当者名を入力してください" in text) == (409, True)
    assert reasons(site, "1002") == []


async def test_unknown_verbs_and_huge_forms_are_refused(site: Site) -> None:
    fields = SIGNED | {"token": await site.token("/orders/1002")}
    assert (await site.post("/orders/1002/explode", fields))[0] == 404
    assert (await site.post("/orders/1002/hold", fields | {"why": "x" * 100_000}))[0] == 413
    assert (await site.get("/orders/1002/hold"))[0] == 405


# --- files ------------------------------------------------------------------------------------------------


async def test_reports_are_downloads(site: Site) -> None:
    for suffix in ("html", "xlsx", "csv", "json"):
        name = f"report_mihon_{DAY}.{suffix}"
        async with site.http.get(f"{site.base}/reports/{name}") as answer:
            assert answer.status == 200
            assert answer.headers["Content-Type"] == "application/octet-stream"
            assert answer.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{name}"
            assert await answer.read() == (site.context.reports_dir / name).read_bytes()


async def test_a_days_report_is_a_page_too_the_kept_one_first(site: Site) -> None:
    _, text = await site.get(f"/reports/{DAY}")
    assert "照合差異 4件 / 未説明 17,600円" in text
    report = await make(site.database, SHOP, DAY, NOW)
    await close(site.database, report)
    _, text = await site.get(f"/reports/{DAY}")
    assert "照合差異 不明 / 未説明 不明" in text
    assert (await site.get("/reports/2020-01-01"))[0] == 404
    assert (await site.get("/reports/2020-13-01"))[0] == 404


async def test_no_name_leads_out_of_the_folder(site: Site, tmp_path: Path) -> None:
    folder = site.context.reports_dir
    (folder / "notes.txt").write_text("x")
    (folder / "report_mihon_2026-11-24.json").symlink_to(tmp_path / "ledger.db")
    for name in (
        "notes.txt",
        "report_mihon_2026-11-24.json",
        "..%2Fledger.db",
        "report_nobody_2026-11-25.json",
        f"report_mihon_{DAY}.json%00",
    ):
        assert (await site.get(f"/reports/{name}"))[0] == 404, name


async def test_kept_bytes_are_shown_only_where_the_setting_says_so(site: Site) -> None:
    assert (await site.get("/exchanges/1"))[0] == 404
    async with running(replace(site.context, show_bytes=True)) as open_site:
        async with open_site.http.get(open_site.base + "/exchanges/1") as answer:
            assert await answer.read() == b"mail 2000"
            assert answer.headers["Content-Disposition"].startswith(
                "attachment; filename*=UTF-8''exchange_1_"
            )
        assert (await open_site.get("/exchanges/1?shop=other"))[0] == 404
        assert (await open_site.get("/exchanges/999999"))[0] == 404


# --- for machines -----------------------------------------------------------------------------------------


async def test_metrics_are_prometheus_text_without_order_numbers(site: Site) -> None:
    async with site.http.get(site.base + "/metrics") as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        text = await answer.text()
    found = {family.name: family.samples for family in text_string_to_metric_families(text)}
    orders = {(one.labels["shop"], one.labels["state"]): one.value for one in found["connector_orders"]}
    assert orders["mihon", "in_intake"] == 1
    assert orders["other", "in_intake"] == 0
    ages = {
        one.labels["state"]: one.value
        for one in found["connector_oldest_item_age_seconds"]
        if one.labels["shop"] == "mihon"
    }
    assert ages["in_intake"] == 40 * 60
    effects = {(one.labels["kind"], one.labels["outcome"]): one.value for one in found["connector_effect"]}
    assert effects["mail", "unknown"] == 1
    assert {one.labels["reason"] for one in found["connector_held_items"]} >= {"payment_refused"}
    breaks = {one.labels["kind"]: one.value for one in found["connector_breaks"]}
    assert (breaks["missing_in_ne"], breaks["captured_twice"]) == (1, 0)
    labels = {value for samples in found.values() for one in samples for value in one.labels.values()}
    assert not [value for value in labels if re.search(r"\d{4}", value)]


async def test_health_and_readiness(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await site.get("/healthz") == (200, '{"alive":true}')
    assert await site.get("/readyz") == (200, '{"ready":true,"reasons":[]}')
    draining = replace(site.context, health=lambda: Health(alive=True, reasons=("draining",)))
    async with running(draining) as leaving:
        assert await leaving.get("/healthz") == (200, '{"alive":true}')
        assert await leaving.get("/readyz") == (503, '{"ready":false,"reasons":["draining"]}')

    async def broken(_work: object) -> object:
        raise RuntimeError("/data/ledger.db is gone")

    monkeypatch.setattr(site.database, "read", broken)
    status, text = await site.get("/readyz")
    assert (status, json.loads(text)["reasons"]) == (503, ["the ledger cannot be read: RuntimeError"])


async def test_a_dead_loop_is_not_alive(site: Site) -> None:
    async with running(replace(site.context, health=lambda: Health(alive=False))) as dead:
        assert (await dead.get("/healthz"))[0] == 503


def test_only_acts_change_and_only_by_post() -> None:
    writing = [path for method, path, _ in ROUTES if method != "GET"]
    assert writing == [
        "/orders/{number}/{verb:stop|handled}",
        "/{kind:orders|slips}/{number}/{verb}",
        r"/changes/{id:\d{1,15}}/close",
        "/hooks/cart/{shop}/{secret}",
        "/next-engine/{account}/sign-in",
        "/next-engine/{account}/use",
        r"/alarms/{kind:[a-z_]{1,40}}/close",
        "/mails/again",
        r"/mails/{id:\d{1,15}}/{verb:bounced|seen}",
        r"/preflight/{id:\d{1,15}}/{verb:release|refuse}",
        "/stops/{number}/{verb:stopped|shipped}",
        r"/stage-stops/{id:\d{1,15}}/{verb:release|refuse}",
        r"/strays/{id:\d{1,15}}/resolve",
    ]
