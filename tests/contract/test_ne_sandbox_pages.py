"""The sandbox's own pages as a browser meets them: nine tabs, a search, a slip with its story, acts by form."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest
from connector.adapters.next_engine import wire
from connector.sandbox.next_engine import Goods
from connector.sandbox.next_engine.pages.forms import OFFICE_FORMS, SLIP_FORMS
from connector.sandbox.next_engine.screens import TABS

from tests.contract.ne_case import Town, load, restore_picture, town

CHROME = {"Sec-Fetch-Site": "same-origin"}
_VOID = {"meta", "input", "br", "link"}


class Tags(HTMLParser):
    """Complains when a tag is left open; keeps links and forms."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.actions: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag not in _VOID:
            self.open.append(tag)
        if tag == "a":
            self.links.append(named["href"] or "")
        if tag == "form":
            self.actions.append(named.get("action") or "")
        assert tag != "script"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


async def get(t: Town, path: str, status: int = 200) -> str:
    async with t.call.session.get(t.call.base + path) as answer:
        assert answer.status == status
        text = await answer.text()
        if status == 200:
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            tags = Tags()
            tags.feed(text)
            assert tags.open == []
        return text


async def send(t: Town, path: str, headers: dict[str, str] | None = None, **given: str) -> str:
    """A form sent by a browser; the page it comes back to."""
    async with t.call.session.post(t.call.base + path, data=given, headers=headers or CHROME) as answer:
        return await answer.text() if answer.status == 200 else str(answer.status)


async def test_every_tab_is_a_link_with_its_count_and_shows_its_slips() -> None:
    facts = load("replies/facts.json")["receiveorder_base_search_all_states.json"]["slips"]
    async with town() as t:
        restore_picture(t.ne)
        front = await get(t, "/")
        assert 'aria-current="page">新規受付<b>2</b>' in front
        for tab in TABS:
            html = await get(t, f"/?tab={tab}")
            numbers = set(re.findall(r"/slips/(\d+)", html))
            assert numbers == {number for number in facts if t.ne.tab(int(number)) == tab}
            assert f"{tab}<b>{len(numbers)}</b>" in html
        assert "1013" in await get(t, "/?tab=タブなし")
        await get(t, "/?tab=なにか", status=404)


async def test_a_long_tab_is_shown_in_pages() -> None:
    async with town() as t:
        for n in range(450):
            t.ne.restore({wire.SHOP_ID: "1", wire.ORDER_NUMBER: f"T-{n}", wire.STATUS: "1"})
        assert "次の200件" in await get(t, "/?tab=新規受付")
        last = await get(t, "/?tab=新規受付&from=400")
        assert ("次の200件" in last, "前の200件" in last) == (False, True)
        assert last.count("/slips/") == 50


async def test_a_search_finds_by_order_number_by_slip_number_and_by_a_part() -> None:
    async with town() as t:
        restore_picture(t.ne)
        for asked, numbers in (("TEST000023", {"1023", "1024"}), ("1007", {"1007"}), ("test00002", None)):
            html = await get(t, f"/?q={asked}")
            shown = set(re.findall(r"/slips/(\d+)", html))
            assert shown == numbers if numbers else len(shown) == 4
        assert "（0件）" in await get(t, "/?q=NOBODY")


async def test_a_slip_shows_its_rows_its_family_and_everything_that_happened() -> None:
    async with town() as t:
        restore_picture(t.ne)
        t.ne.operator.edit(1007, {"receive_order_purchaser_name": "<script>見本</script>"})
        await t.call.act("bundle", into=1007, absorbed=1024)
        await t.call.act("ship", slip=1007)
        html = await get(t, "/slips/1007")
        assert "&lt;script&gt;見本" in html
        for text in ("TEST-SKU-002", "出荷確定", "出荷済み", "50 出荷確定済（完了）"):
            assert text in html
        gone = await get(t, "/slips/1024")
        assert ("同梱先" in gone, 'href="/slips/1007"' in gone) == (True, True)
        await get(t, "/slips/9999", status=404)
        await get(t, "/slips/none", status=404)


async def test_people_act_by_form_and_are_told_what_came_of_it() -> None:
    async with town() as t:
        restore_picture(t.ne)
        assert "確認済みにする: 済みました" in await send(t, "/slips/1003/confirm")
        assert t.ne.slips[1003].fields[wire.CONFIRM_CHECK] == "2"
        assert "分割: 済みました（1027）" in await send(t, "/slips/1005/split", row1="0", row2="1")
        assert [row.quantity for row in t.ne.slips[1027].rows] == [1]
        parted = await send(
            t, "/slips/1007/split-for-addresses", row2="1", name="贈答 受子", address1="東京都見本区"
        )
        assert "複数配送先に分ける: 済みました（[1028, 1029]）" in parted
        assert "書き換える: 済みました" in await send(t, "/slips/1004/edit", field=wire.NOTE, text="電話")
        assert t.ne.slips[1004].fields[wire.NOTE] == "電話"
        assert "入金する: 済みました" in await send(t, "/slips/1004/deposit", amount="")
        assert "できません" in await send(t, "/slips/1012/ship")
        assert "できません" in await send(t, "/slips/1007/bundle", absorbed="many")
        assert "できません" in await send(t, "/slips/1003/cancel", cancel_type="99")
        assert await send(t, "/slips/1003/dance") == "404"
        assert await send(t, "/office/dance") == "404"


async def test_a_form_from_a_foreign_page_does_nothing() -> None:
    async with town() as t:
        restore_picture(t.ne)
        for headers in (
            {"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "cross-site", "Origin": t.call.base},
            {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
            {"X-Nothing": "1"},
        ):
            assert await send(t, "/slips/1003/confirm", headers) == "403"
        assert t.ne.slips[1003].fields[wire.CONFIRM_CHECK] == "1"
        assert "済みました" in await send(t, "/slips/1003/confirm", {"Origin": t.call.base})


async def test_the_office_shows_what_was_counted_and_switches_the_account() -> None:
    async with town() as t:
        t.ne.seed_goods([Goods("A-1", "見本", 0)])
        await t.call(wire.LOGIN_USER_INFO)
        t.ne.deliver(b"Subject: x\r\n\r\nnothing\r\n", "intake-shop1@ne.example.jp")
        await t.wait(minutes=2)
        html = await get(t, "/office")
        for text in (
            wire.LOGIN_USER_INFO,
            "受注番号なし",
            "1通、うち取り込まなかったもの 1通",
            "受注確認（送る）",
        ):
            assert text in html
        assert "済みました" in await send(t, "/office/add-stock", sku="A-1", quantity="7")
        assert t.ne.goods("A-1").stock == 7
        assert "棚卸中です" in await send(t, "/office/start-stock-taking")
        assert "受注確認（送らない）" in await send(t, "/office/switch-letter", letter="J", on="0")
        await send(t, "/office/move-intake-address", shop="1", address="new@ne.example.jp")
        assert t.ne.intake_addresses["1"] == "new@ne.example.jp"
        assert "注文番号：" in await send(
            t, "/office/change-mail-template", shop="1", order_number="注文番号："
        )
        assert "無効" in await send(t, "/office/disable-pattern", pattern="12")
        await send(t, "/office/expire-tokens", refresh="1")
        assert (await t.call(wire.LOGIN_USER_INFO))["result"] == "redirect"


async def test_every_link_leads_somewhere_and_every_form_names_an_act_that_exists() -> None:
    async with town() as t:
        restore_picture(t.ne)
        seen: set[str] = set()
        waiting, forms = ["/", "/office"], set()
        while waiting:
            path = waiting.pop()
            if path == "/launch":
                continue  # leads out of here
            tags = Tags()
            tags.feed(await get(t, path))
            forms |= {action.rpartition("/")[2] for action in tags.actions if action != "/"}
            new = {link for link in tags.links if urljoin(t.call.base, link).startswith(t.call.base)} - seen
            seen |= new
            waiting += new
        assert len(seen) > 26 + len(TABS)
        assert forms == SLIP_FORMS.keys() | OFFICE_FORMS.keys()
        acts = t.ne.control.names
        assert forms <= acts


@pytest.mark.parametrize(
    "form", [*SLIP_FORMS.values(), *OFFICE_FORMS.values()], ids=lambda form: str(form.act)
)
def test_a_button_says_what_it_does_in_japanese(form: object) -> None:
    assert re.search(r"[ぁ-んァ-ヶ一-龥]", form.label)  # type: ignore[attr-defined]
