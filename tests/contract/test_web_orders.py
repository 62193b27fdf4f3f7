"""The list of orders over real HTTP: every order can be reached by its pages, in both languages."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest
from connector.config import load
from connector.config.load import shop_rules
from connector.config.parts import MailboxSection
from connector.ledger import jobs
from connector.outcome import Wait
from connector.shop import Mode
from connector.slip import NEStatus
from msgspec import structs

from tests.contract.web_site import Site, a_site, context_of, running
from tests.test_bad_configs import CASES, laid_out
from tests.unit.renewal_desk import a_desk, a_subscription
from tests.unit.seeded_day import an_empty_ledger
from tests.unit.shop_day import NOW, SHOP, Day, a_slip, an_order

ORDERS = 230


@pytest.fixture
async def crowded(tmp_path: Path) -> AsyncIterator[Site]:
    """A shop with more orders than three pages of its list hold."""
    with an_empty_ledger(tmp_path) as database:
        with database.engine.begin() as connection:
            day = Day(connection)
            for n in range(ORDERS):
                at = NOW - timedelta(minutes=10 + n)
                day.take_in(an_order(f"{7000 + n}", at), at)
        async with running(context_of(database, tmp_path / "none")) as found:
            yield found


async def test_why_a_slip_in_intake_is_worth_less_than_its_order_is_said_where_both_stand(
    crowded: Site,
) -> None:
    said = "新規受付の伝票の金額は、通知メールで届いた商品代だけです。"
    assert said not in (await crowded.get("/"))[1]
    with crowded.database.engine.begin() as connection:
        Day(connection).see(a_slip("57000", "7000", NEStatus.INTAKE, "1", total=3430), NOW)
    for path in ("/", "/slips/57000"):
        assert said in (await crowded.get(path))[1]
        assert "the goods alone" in (await crowded.get(f"{path}?lang=en"))[1]


@pytest.mark.parametrize(
    ("path", "more", "counted"),
    [("/orders", "次の100件", "230件"), ("/orders?lang=en", "Next 100", "230")],
)
async def test_the_list_is_walked_page_by_page_to_its_end(
    crowded: Site, path: str, more: str, counted: str
) -> None:
    seen: list[str] = []
    for first, last in ((1, 100), (101, 200), (201, 230)):
        status, text = await crowded.get(path)
        assert status == 200
        assert f"{first}–{last} / {counted}" in text
        seen += re.findall(r'<tr><td><a href="/orders/(\d+)', text)
        follow = re.search(rf'<a class="button" href="([^"]+)">{more}</a>', text)
        assert (follow is None) == (last == ORDERS)
        path = html.unescape(follow[1]) if follow else ""
    assert seen == [f"{7000 + n}" for n in range(ORDERS)]


# --- searching ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked", ["age:>xx", "age:>99999999999d", "state:foo", "held:foo", "stuck:no", "foo:1"]
)
async def test_what_is_no_condition_is_said_and_lists_nothing(crowded: Site, asked: str) -> None:
    _, text = await crowded.get(f"/orders?{urlencode({'q': asked})}")
    assert f"「{html.escape(asked)}」という条件は分からないので、何も探していません。" in text
    assert 'href="/orders/7' not in text
    assert "0–0 / 0件" in text
    _, english = await crowded.get(f"/orders?{urlencode({'q': asked, 'lang': 'en'})}")
    assert "Nothing was searched for" in english
    for suffix in ("json", "csv"):
        assert (await crowded.get(f"/orders.{suffix}?{urlencode({'q': asked})}"))[0] == 400


async def test_the_language_link_asks_the_same_question(crowded: Site) -> None:
    for path, query in (
        ("/orders", {"q": "age:>0m 70", "offset": "100"}),
        ("/slips", {"state": "relayed"}),
        ("/held", {"reason": "payment_refused"}),
    ):
        _, text = await crowded.get(f"{path}?{urlencode(query)}")
        (link,) = re.findall(r'class="lang" href="([^"]+)"', text)
        assert dict(parse_qsl(html.unescape(link).removeprefix("?"))) == query | {"lang": "en"}
        _, english = await crowded.get(path + html.unescape(link))
        (back,) = re.findall(r'class="lang" href="([^"]+)"', english)
        assert dict(parse_qsl(html.unescape(back).removeprefix("?"))) == query | {"lang": "ja"}


async def test_a_renewal_is_told_and_found_by_the_number_that_the_cart_shows(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        parent = a_subscription(subscription_id=4903, number="4077cfd19b")
        await desk.sees(parent, now="11-20 09:00")
        child = desk.child(parent, "11-26 00:30")
        await desk.receives(child, now="11-26 00:40")
        context = replace(context_of(desk.database, tmp_path), shops=(desk.shop,))
        async with running(context) as site:
            _, text = await site.get(f"/orders/{child.number}")
            assert 'href="/orders?q=4077cfd19b">4077cfd19b</a>' in text
            assert "4903" not in text
            _, found = await site.get("/orders?q=4077cfd19b")
            assert f'href="/orders/{child.number}"' in found


# --- slips ----------------------------------------------------------------------------------------------------


async def test_an_unknown_state_of_slips_is_not_found(crowded: Site) -> None:
    assert (await crowded.get("/slips?state=foo"))[0] == 404
    assert (await crowded.get("/slips?state=open"))[0] == 200


async def test_a_confirmed_slip_waits_for_nothing(tmp_path: Path) -> None:
    async with a_site(tmp_path) as site:
        with site.database.engine.begin() as connection:
            later = NOW + timedelta(hours=1)
            Day(connection).say(
                "confirm_shipment", "51010", Wait("訂正するものはありません", until=later), NOW
            )
        for lang, said in (("ja", "待つものはありません"), ("en", "nothing")):
            _, text = await site.get(f"/slips?state=confirmed&lang={lang}")
            assert "訂正するもの" not in text and "to correct" not in text
            assert f"<td>{said}</td>" in text


# --- connections ----------------------------------------------------------------------------------------------


async def test_a_mailbox_that_nobody_configured_is_not_shown_as_read(tmp_path: Path) -> None:
    config = laid_out(CASES[0], tmp_path)
    config.write_text(config.read_text("utf-8").replace("recipiant", "recipient"), encoding="utf-8")
    section = load(config).shops["mihon"]
    assert section.mailbox is None
    assert shop_rules("mihon", section).mode("read_mail") is Mode.OFF
    postbox = MailboxSection.model_construct()
    assert shop_rules("mihon", section.model_copy(update={"mailbox": postbox})).mode("read_mail") is Mode.ACT
    async with a_site(tmp_path) as site:
        with site.database.engine.begin() as connection:
            jobs.pulse(connection, SHOP.key, "read_mail", NOW)
        assert "受信メール確認" in (await site.get("/"))[1]
        without = structs.replace(SHOP, modes={"read_mail": Mode.OFF})
        async with running(replace(site.context, shops=(without,))) as other:
            assert "受信メール確認" not in (await other.get("/"))[1]
