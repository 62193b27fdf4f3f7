"""Incoming mail over real HTTP: what came, what came of it, and the buttons; the same on the command line."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from connector import words
from connector.commands.mails import _text
from connector.incoming import MailKind
from connector.ledger import views
from connector.ledger.incoming_mails import Verdict
from connector.web import WebContext

from tests.contract.web_site import SIGNED, Site, running
from tests.unit.test_runner_bounces import FORGED, announced, answer, report, sent_as, text_bounce
from tests.unit.world import World, world


def site_of(w: World, folder: Path, **more: Any) -> WebContext:
    return WebContext(
        database=w.database, shops=(w.shop,), clock=w.clock, reports_dir=folder, form_key=b"k" * 32, **more
    )


async def a_morning(w: World) -> None:
    """Two bounced, one that perhaps did, one delayed, an answer of a person, a forgery and a broken mail."""
    await announced(w, "T-1001", "T-1002", "T-1003", "T-1004")
    for n, number in enumerate(("T-1001", "T-1002")):
        w.mailbox.deliver(report(sent_as(w, number), n=n))
    w.mailbox.deliver(text_bounce(sent_as(w, "T-1003")))
    w.mailbox.deliver(report(sent_as(w, "T-1004"), action="delayed", status="4.4.1", n=4))
    w.mailbox.deliver(answer(sent_as(w, "T-1004")))
    w.mailbox.deliver(report(FORGED, n=5))
    w.mailbox.deliver(b"<script>alert(1)</script>")
    await w.run("read_mail", "confirm_intake")


async def forms(site: Site, path: str = "/mails") -> dict[str, str]:
    """Each button's address and the token of its form."""
    _, text = await site.get(path)
    found: dict[str, str] = {}
    for form in re.findall(r"<form method=\"post\".*?</form>", text, re.S):
        key = re.search(r'name="token" value="([0-9a-f]{64})"', form)
        assert key is not None
        found |= dict.fromkeys(re.findall(r'formaction="([^"]+)"', form), key[1])
    return found


async def test_the_page_says_what_came_and_what_came_of_it(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await a_morning(w)
        async with running(site_of(w, tmp_path)) as site:
            status, text = await site.get("/mails")
            assert status == 200
            for said in (
                "通知メールが戻りました 2",
                "intake@ne.example.jp: 5.1.1 550 5.1.1 unknown user",
                "この受注 T-1003",
                "送った覚えなし",
                "相手が再送中",
                "確認しました。",
                "まとめて解除して送り直す",
            ):
                assert said in text, said
            assert "<script>alert" not in text
            _, english = await site.get("/mails?lang=en&all=0")
            assert "Perhaps a bounce" in english
            assert "They go on trying" not in english.partition("</p>\n<section")[2].partition("chips")[0]
            assert not re.search(
                r"[ぁ-ん]", re.sub(r"<p>.*?</p>|<a class=\"lang\".*?</a>", "", english, flags=re.S)
            )


async def test_the_order_shows_its_bounce(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await a_morning(w)
        async with running(site_of(w, tmp_path)) as site:
            _, text = await site.get("/orders/T-1001")
            assert "受注メールの不達" in text
            assert "550 5.1.1 unknown user" in text
            assert "通知メールが戻りました" in text
            _, text = await site.get("/orders/T-1004")
            assert "受注メールの遅延" in text
            assert "メールサーバが再送中" in text
            _, answer_ = await site.get("/orders/T-1004/why.json")
            assert "メールサーバが再送中" in json.loads(answer_)["sentence"]


async def test_the_lists_as_files(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await a_morning(w)
        async with running(site_of(w, tmp_path)) as site:
            _, body = await site.get("/mails.json")
            found = json.loads(body)
            assert [(row["kind"], row["verdict"], row["number"]) for row in reversed(found["rows"])] == [
                ("failed", "held", "T-1001"),
                ("failed", "held", "T-1002"),
                ("suspected", "to_decide", "T-1003"),
                ("delayed", "delayed", "T-1004"),
                ("from_a_person", "for_a_person", "T-1004"),
                ("failed", "not_ours", ""),
                ("unreadable", "unreadable", ""),
            ]
            assert (found["open"], found["bounces"]["orders"], found["counts"]["not_ours"]) == (3, 2, 1)
            _, body = await site.get("/mails.csv?all=0")
            rows = list(csv.reader(io.StringIO(body.lstrip("\ufeff"))))
            assert rows[0][:5] == ["番号", "受信", "種類", "結果", "受注番号"]
            assert [row[3] for row in rows[1:]] == ["要確認", "要確認", "判断待ち"]


async def test_a_person_decides_from_the_page(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await a_morning(w)
        async with running(site_of(w, tmp_path)) as site:
            found = await forms(site)
            assert set(found) == {
                "/mails/again",
                "/mails/3/bounced",
                "/mails/3/seen",
                "/mails/5/seen",
                "/mails/7/seen",
            }
            for path, status in (
                ("/mails/3/bounced", 200),
                ("/mails/3/bounced", 409),
                ("/mails/5/seen", 200),
            ):
                assert (await site.post(path, SIGNED | {"token": found[path]}))[0] == status
            assert w.holds("T-1003") == ["mail_bounced"]
            status, text = await site.post("/mails/again", SIGNED | {"token": found["/mails/again"]})
            assert (status, "3件の保留を解除しました。" in text) == (200, True)
            assert {w.state(number) for number in ("T-1001", "T-1002", "T-1003")} == {"received"}
            assert "見本 花子" in (await site.get("/orders/T-1003"))[1]
            assert set(await forms(site)) == {"/mails/7/seen"}


@pytest.mark.parametrize("path", ["/mails/again", "/mails/3/bounced", "/mails/5/seen"])
async def test_a_form_from_elsewhere_or_unsigned_changes_nothing(tmp_path: Path, path: str) -> None:
    with world(tmp_path) as w:
        await a_morning(w)
        async with running(site_of(w, tmp_path)) as site:
            found = await forms(site)
            other = next(
                token for address, token in found.items() if address.split("/")[2] != path.split("/")[2]
            )
            fields = SIGNED | {"token": found[path]}
            assert (await site.post(path, fields, **{"Sec-Fetch-Site": "cross-site"}))[0] == 403
            assert (await site.post(path, SIGNED | {"token": other}))[0] == 403
            assert (await site.post(path, fields | {"actor": ""}))[0] == 409
            assert (await site.get(path))[0] in (404, 405)
            assert (w.holds("T-1001"), w.holds("T-1003")) == (["mail_bounced"], [])
            assert set(await forms(site)) == set(found)


async def test_the_bytes_are_offered_only_where_the_configuration_says_so(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await a_morning(w)
        async with running(site_of(w, tmp_path)) as site:
            assert "/exchanges/" not in (await site.get("/mails"))[1]
        async with running(site_of(w, tmp_path, show_bytes=True)) as site:
            (first, *_) = re.findall(r'href="(/exchanges/\d+)"', (await site.get("/mails"))[1])
            assert (await site.get(first))[1] == "<script>alert(1)</script>"


async def test_the_command_says_the_same(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await a_morning(w)
        found = await w.database.read(lambda c: views.mails(c, w.shop.key))
        text = _text(found, "ja")
        assert text.startswith("通知メールが戻りました: 2件  T-1001 T-1002\n")
        assert "[不達の疑い → 判断待ち] 受注 T-1003" in text
        assert text.count("  → ") == 4
        none = await w.database.read(lambda c: views.mails(c, "nobody"))
        assert _text(none, "en") == "No mail came."


async def test_an_empty_mailbox_has_a_page(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        async with running(site_of(w, tmp_path)) as site:
            status, text = await site.get("/mails")
            assert (status, words.label("none", "ja") in text) == (200, True)
            assert await forms(site) == {}


def test_every_kind_and_verdict_has_its_words() -> None:
    assert set(words.MAIL_KINDS) == set(MailKind)
    assert set(words.MAIL_VERDICTS) == set(Verdict)
    for term in words.MAIL_VERDICTS.values():
        assert term.means.ja.endswith("。")
        assert term.means.en.endswith(".")


async def test_an_alarms_picture_counts_what_came(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await a_morning(w)
        picture = await w.database.read(lambda c: views.bounces(c, w.shop.key))
        assert (picture.orders, picture.numbers) == (2, ("T-1001", "T-1002"))
        assert picture.words == ("intake@ne.example.jp: 5.1.1 550 5.1.1 unknown user",)
        began = w.clock.now()
        assert (await w.database.read(lambda c: views.mails_counted(c, w.shop.key, began)))["not_ours"] == 1
