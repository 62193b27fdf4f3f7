"""The pages over real HTTP: what they show, what they refuse, and what every answer carries (security.md §6)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from connector.ledger.shipments import set_aside
from connector.outcome import Hold, Reason, Stray
from connector.words import Text

from tests.contract.web_site import Site, a_site, contents, context_of, crawl, running
from tests.unit.seeded_day import an_empty_ledger
from tests.unit.shop_day import DAY, NOW, SHOP, Day, an_order

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with a_site(tmp_path) as found:
        yield found


# --- what is shown ----------------------------------------------------------------------------------------


async def test_every_link_leads_somewhere_and_reading_changes_nothing(site: Site) -> None:
    before = contents(site.database)
    seen = await crawl(site)
    assert {path: status for path, (status, _) in seen.items() if status != 200} == {}
    assert len(seen) > 60
    assert contents(site.database) == before


async def test_the_first_page_answers_the_three_questions(site: Site) -> None:
    _, text = await site.get("/")
    assert "照合差異 4件 / 未説明 17,600円" in text
    for words in (
        "出荷指示の締め",
        "14:30",
        "決済NG",
        "カード有効期限切れ",
        "滞留 1",
        "sftp: connection refused",
    ):
        assert words in text
    assert "06:00に通知メールを送りましたが、まだ新規受付にありません。" in text
    assert 'http-equiv="refresh" content="60"' in text


async def test_without_a_report_the_opening_is_unknown_and_not_zero(tmp_path: Path) -> None:
    with an_empty_ledger(tmp_path) as database:
        async with running(context_of(database, tmp_path / "none")) as site:
            _, text = await site.get("/")
    assert "照合差異 不明" in text
    assert "照合差異 0件" not in text


async def test_an_order_tells_why_what_and_what_to_do(site: Site) -> None:
    _, text = await site.get("/orders/1009")
    for words in (
        "なぜ進まないか",
        "出荷実績の食い違い",
        "SHIP_51009.csv",
        "倉庫の出荷実績が、先の内容や他の伝票と食い違います。",
    ):
        assert words in text
    assert "見* 太*" in text
    assert "見本 太郎" not in text
    assert hashlib.sha256(b"wms 51009").hexdigest() in text


async def test_a_slip_names_its_order_and_its_screen(site: Site) -> None:
    _, text = await site.get("/slips/51006")
    assert "入金待ち" in text
    assert 'href="/orders/1006"' in text


async def test_every_page_speaks_english(site: Site) -> None:
    for path in (
        "/",
        "/orders",
        "/orders/1009",
        "/slips/51006",
        "/held",
        "/strays",
        "/reports",
        f"/reports/{DAY}",
    ):
        status, text = await site.get(f"{path}?lang=en")
        assert status == 200
        assert '<html lang="en">' in text
        assert 'href="/orders?lang=en"' in text
    assert "Why it is not further" in (await site.get("/orders/1009?lang=en"))[1]


async def test_a_stray_is_told_in_the_readers_language(site: Site) -> None:
    told = Stray("wms", "実績番号 R1", "この伝票は倉庫へ出荷指示していません。")
    with site.context.database.engine.begin() as connection:
        set_aside(connection, SHOP.key, told, NOW)
    assert told.words in (await site.get("/strays"))[1]
    _, english = await site.get("/strays?lang=en")
    assert "We never handed this slip to the warehouse." in english
    assert "実績番号 R1" in english, "where it came from stays as it was written"


async def test_search_finds_by_any_number(site: Site) -> None:
    for asked in ("1010", "51010"):
        _, text = await site.get(f"/orders?q={asked}")
        assert 'href="/orders/1010"' in text
        assert 'href="/orders/1002"' not in text


async def test_lists_come_as_json_and_as_csv(site: Site) -> None:
    _, text = await site.get("/orders.json?q=state:in_intake")
    assert [row["number"] for row in json.loads(text)["rows"]] == ["1002"]
    _, text = await site.get("/held.json")
    assert {row["reason"] for row in json.loads(text)} == {
        "payment_refused",
        "unknown_value",
        "shipment_conflict",
    }
    _, text = await site.get("/orders/1002/why.json")
    assert json.loads(text)["moves"] == "次の本取込は 14:00 です。"
    for name in ("orders", "held", "strays"):
        status, text = await site.get(f"/{name}.csv")
        assert (status, text[0]) == (200, "\ufeff")
        assert text.count("\r\n") == text.count("\n") > 1


async def test_shops_are_kept_apart(site: Site) -> None:
    assert (await site.get("/orders/1002?shop=other"))[0] == 404
    _, text = await site.get("/orders?shop=other")
    assert "/orders/1002" not in text
    assert 'href="/held?shop=other"' in text
    assert (await site.get("/?shop=nobody"))[0] == 404


async def test_a_test_world_wears_a_band(site: Site, tmp_path: Path) -> None:
    assert 'class="band"' not in (await site.get("/"))[1]
    band = Text("TEST 環境", "TEST world")
    async with running(replace(site.context, banner=band)) as marked:
        for path in ("/", "/orders/nope"):
            assert '<div class="band">TEST 環境</div>' in (await marked.get(path))[1]
            assert '<div class="band">TEST world</div>' in (await marked.get(f"{path}?lang=en"))[1]


# --- what every answer carries ----------------------------------------------------------------------------


async def test_headers_on_every_answer_errors_included(site: Site) -> None:
    seen = await crawl(site)
    asked: list[tuple[str, str, dict[str, str]]] = [
        ("GET", "/nowhere", {}),
        ("GET", "/orders/nope", {}),
        ("PUT", "/orders", {}),
        ("GET", "/static/../app.py", {}),
        ("GET", "/", {"Host": "evil.example.jp"}),
        ("POST", "/orders/1002/hold", {}),
    ]
    for method, path, headers in asked:
        async with site.http.request(method, site.base + path, headers=headers) as answer:
            site.headers[f"{method} {path} {headers}"] = answer.headers
    assert len(site.headers) == len(seen) + len(asked)
    for path, said in site.headers.items():
        assert said["Content-Security-Policy"] == CSP, path
        assert said["X-Content-Type-Options"] == "nosniff"
        assert said["Referrer-Policy"] == "no-referrer"
        assert said["Cross-Origin-Opener-Policy"] == "same-origin"
        assert said["Cache-Control"] == "no-store"
        assert said["Server"] == "connector"


async def test_pages_hold_no_inline_script_or_style(site: Site) -> None:
    for path, (_, text) in (await crawl(site)).items():
        if text.startswith("<!doctype html>") and not path.startswith("/reports/report_"):
            assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|javascript:", text), path


async def test_a_foreign_host_name_is_misdirected(site: Site) -> None:
    for host in ("evil.example.jp", "127.0.0.1.example.jp", "[::2]:80", ""):
        status, text = await site.get("/", Host=host)
        assert status == 421, host
        assert "1003" not in text
    for host in ("localhost", "localhost:9", "[::1]:80"):
        assert (await site.get("/", Host=host))[0] == 200


async def test_errors_tell_no_internals(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_work: object) -> object:
        raise RuntimeError("secret /data/ledger.db")

    monkeypatch.setattr(site.database, "read", broken)
    status, text = await site.get("/")
    assert status == 500
    assert "内部の異常です" in text
    assert "secret" not in text and "Traceback" not in text
    status, text = await site.get("/held.json")
    assert (status, json.loads(text)["status"]) == (500, 500)


@pytest.fixture
async def marked(tmp_path: Path) -> AsyncIterator[Site]:
    """A canary in every field that somebody else may write."""
    canary = '"><script>alert(1)</script>'
    with an_empty_ledger(tmp_path) as database:
        with database.engine.begin() as connection:
            day = Day(connection)
            number = "<i>7"
            day.to_print_ready(
                an_order(number, NOW, carrier=canary, time_slot=canary, deliver_on=DAY),
                NOW,
                "<i>57",
                payment_method=canary,
                delivery_method=canary,
                tags=canary,
                tracking=canary,
                name=canary,
            )
            day.say("relay", "<i>57", Hold(Reason.REFUSED, canary), NOW)
            day.act("relay", "ne_mark", ["<i>57"], NOW, name=canary, key=canary)
            set_aside(connection, SHOP.key, Stray("wms", canary, canary), NOW)
        async with running(context_of(database, tmp_path / "none", show_bytes=True)) as found:
            yield found


async def test_markup_in_any_field_is_text_on_every_page(marked: Site) -> None:
    seen = await crawl(marked)
    pages = {path: text for path, (_, text) in seen.items() if text.startswith("<!doctype html>")}
    assert {path: status for path, (status, _) in seen.items() if status != 200} == {}
    assert any("/orders/%3Ci%3E7" in path for path in pages)
    assert sum("&lt;script&gt;" in text for text in pages.values()) >= 5
    for path, text in pages.items():
        assert "<script" not in text, path
        assert "<i>" not in text, path
