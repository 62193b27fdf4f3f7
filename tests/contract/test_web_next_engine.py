"""The page of Next Engine's sign-in: one click there and back, and every forged return changes nothing."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import msgspec
import pytest
from connector.adapters.next_engine import session as ne_session
from connector.adapters.next_engine import wire
from connector.clock import SteppedClock
from connector.errors import Misconfigured, Occupied, Refused
from connector.ledger.call_counts import CallCounts
from connector.ledger.database import Database, migrate
from connector.ledger.tokens import LedgerTokens
from connector.sandbox.next_engine import NextEngineSandbox
from connector.web import WebContext, serve
from connector.web.context import SignInDoor
from connector.web.receiver import one_return
from cryptography.fernet import Fernet

from tests.contract.border import MemoryArchive
from tests.contract.web_site import Site
from tests.unit.shop_day import NOW, SHOP

ACCOUNT = "見本 商事/1"  # any text may be a name
OURS = msgspec.structs.replace(SHOP, ne_account=ACCOUNT)
FOREIGN = "別の会社"


@dataclass
class Office:
    """A site, the account behind it, and Next Engine."""

    site: Site
    ne: NextEngineSandbox
    clock: SteppedClock
    tokens: LedgerTokens
    session: ne_session.Session
    counts: CallCounts

    async def generation(self) -> int:
        return await self.tokens.generation(ACCOUNT)

    async def press(self) -> str:
        """The button on the page; the address it leads to."""
        path = "/next-engine/%E8%A6%8B%E6%9C%AC%20%E5%95%86%E4%BA%8B%2F1/sign-in"
        _, text = await self.site.get("/next-engine")
        assert f'action="{path}"' in text
        found = re.search(r'name="token" value="([0-9a-f]{64})"', text)
        assert found is not None
        status, text = await self.site.post(path, {"token": found[1]})
        assert status == 200
        leads = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', text)
        assert leads is not None
        return unescape(leads[1])

    async def at_next_engine(self, address: str) -> str:
        """The browser of a person who is logged in there; where it is sent back to, as a path of ours."""
        async with self.site.http.get(address, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
            back = answer.headers["Location"]
        assert back.startswith(self.site.base)
        return back.removeprefix(self.site.base)

    async def return_with(self, path: str, **changes: str) -> tuple[int, str]:
        """Come back with some of the parameters changed, or gone where they are empty."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()} | changes
        kept = {name: value for name, value in query.items() if value}
        async with self.site.http.get(self.site.base + urlsplit(path).path, params=kept) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with an_office(tmp_path) as found:
        yield found


@asynccontextmanager
async def an_office(tmp_path: Path) -> AsyncIterator[Office]:
    clock = SteppedClock(NOW)
    database = Database(f"sqlite:///{tmp_path / 'ledger.db'}", inline=True)
    migrate(database)
    tokens, counts = LedgerTokens(database, clock, [Fernet.generate_key()]), CallCounts(database, clock)
    ne = NextEngineSandbox(clock)
    host = await ne.start()
    meter = counts.of(ACCOUNT)
    http = ne_session.connect(clock=clock, host=host, meter=meter)
    later: dict[str, ne_session.Session] = {}

    async def exchange(uid: str, state: str) -> tuple[str, str]:
        who = await later["session"].exchange(uid, state)
        return who.uid, who.company_name

    door = SignInDoor(address=lambda nonce: later["session"].sign_in_url(nonce), exchange=exchange)
    context = WebContext(
        database=database,
        shops=(OURS,),
        clock=clock,
        reports_dir=tmp_path,
        sign_ins={ACCOUNT: door},
        form_key=b"k" * 32,
    )
    async with serve(context, 0) as port, aiohttp.ClientSession() as browser:
        base = f"http://127.0.0.1:{port}"
        later["session"] = ne_session.Session(
            http,
            account=ACCOUNT,
            application=ne_session.Application(
                client_id=ne.client_id,
                client_secret=ne.client_secret,
                redirect_uri=f"{base}/next-engine/signed-in",
                login_host=host,
            ),
            store=tokens,
            archive=MemoryArchive(),
            clock=clock,
            meter=meter,
        )
        site = Site(base, browser, database, context)
        yield Office(site, ne, clock, tokens, later["session"], counts)
    await http.close()
    await ne.stop()
    database.close()


# --- there and back ---------------------------------------------------------------------------------------


async def test_one_click_there_and_back(office: Office) -> None:
    _, text = await office.site.get("/next-engine")
    assert "未サインイン" in text
    status, said = await office.site.get(await office.at_next_engine(await office.press()))
    assert (status, "サインインしました" in said) == (200, True)
    assert "u-sample-0001" in said
    assert await office.generation() == 1
    _, text = await office.site.get("/next-engine")
    assert "サインイン済み" in text and "見本商事株式会社（架空） の u-sample-0001" in text
    assert (await office.session.read(wire.LOGIN_USER_INFO)).result == "success"


async def test_a_sign_in_heals_a_dead_pair(office: Office) -> None:
    await office.site.get(await office.at_next_engine(await office.press()))
    await office.clock.advance_to(NOW + timedelta(days=4))
    _, text = await office.site.get("/next-engine")
    assert "再サインインが必要" in text
    _, metrics = await office.site.get("/metrics")
    assert f'connector_next_engine_sign_in_needed{{account="{ACCOUNT}"}} 1' in metrics
    await office.site.get(await office.at_next_engine(await office.press()))
    _, metrics = await office.site.get("/metrics")
    assert f'connector_next_engine_sign_in_needed{{account="{ACCOUNT}"}} 0' in metrics
    assert await office.generation() == 2


async def test_the_lists_say_the_same_and_hold_no_secret(office: Office) -> None:
    await office.site.get(await office.at_next_engine(await office.press()))
    await office.counts.store()
    pair, _ = await office.tokens.load(ACCOUNT) or pytest.fail("no pair")
    _, text = await office.site.get("/next-engine.json")
    (one,) = json.loads(text)
    assert (one["account"], one["state"], one["uid"]) == (ACCOUNT, "signed_in", "u-sample-0001")
    assert one["budget"]["requests"] == 1
    _, rows = await office.site.get("/next-engine.csv")
    assert "u-sample-0001" in rows and "サインイン済み" in rows
    for path in ("/next-engine", "/next-engine.json", "/next-engine.csv", "/metrics"):
        _, text = await office.site.get(path)
        for secret in (pair.access, pair.refresh, office.ne.client_secret):
            assert secret not in text and secret not in unescape(text)


async def test_the_page_in_english(office: Office) -> None:
    _, text = await office.site.get("/next-engine?lang=en")
    assert "Sign in at Next Engine" in text and "Not signed in yet" in text
    assert not re.search(
        "[ぁ-ん]", text.replace("日本語", "").replace("ネクストエンジン", "").replace("いま", "")
    )


# --- what is not believed -----------------------------------------------------------------------------------


async def test_a_return_with_a_foreign_nonce_changes_nothing(office: Office) -> None:
    back = await office.at_next_engine(await office.press())
    status, text = await office.return_with(back, nonce="a" * 43)
    assert status == 403
    assert "何も変えていません" in text
    assert await office.generation() == 0


async def test_a_nonce_is_good_once_and_for_a_while(office: Office) -> None:
    first = await office.at_next_engine(await office.press())
    assert (await office.site.get(first))[0] == 200
    again = office.ne.new_state()  # a fresh state of theirs, with our used nonce
    assert (await office.return_with(first, state=again))[0] == 403
    late = await office.at_next_engine(await office.press())
    await office.clock.advance_to(NOW + timedelta(minutes=15))
    assert (await office.return_with(late, state=office.ne.new_state()))[0] == 403
    assert await office.generation() == 1


async def test_a_return_without_uid_or_state(office: Office) -> None:
    back = await office.at_next_engine(await office.press())
    for missing in ("uid", "state"):
        assert (await office.return_with(back, **{missing: ""}))[0] == 400
    assert await office.generation() == 0


async def test_an_old_or_made_up_state_is_refused_by_next_engine(office: Office) -> None:
    back = await office.at_next_engine(await office.press())
    status, text = await office.return_with(back, state="made-up")
    assert status == 409
    assert "サインインできませんでした" in text
    assert await office.generation() == 0


async def test_another_company_changes_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    await office.site.get(await office.at_next_engine(await office.press()))
    before = await office.tokens.load(ACCOUNT)
    company = {"company_id": "2", "company_ne_id": "NE00002", "company_name": FOREIGN, "company_kana": ""}
    monkeypatch.setattr(office.ne._account, "company", lambda: company)
    status, text = await office.site.get(await office.at_next_engine(await office.press()))
    assert status == 409
    assert "NE00002" in text
    assert await office.tokens.load(ACCOUNT) == before


async def test_from_next_engine_s_own_menu_a_click_is_asked_for(office: Office) -> None:
    """It sends the browser to the registered address, with nothing of ours."""
    uid, state = "u-sample-0001", office.ne.new_state()
    status, text = await office.site.get(
        f"/next-engine/signed-in?uid={uid}&state={state.replace('+', '%2B')}"
    )
    assert status == 200
    assert "心当たりがなければ" in text
    assert await office.generation() == 0
    found = re.search(r'name="token" value="([0-9a-f]{64})"', text)
    action = re.search(r'action="([^"]+/use)"', text)
    assert found is not None and action is not None
    fields = {"token": found[1], "uid": uid, "state": state}
    other = fields | {"state": office.ne.new_state()}
    assert (await office.site.post(action[1], other))[0] == 403, "the click is for this very return"
    assert await office.generation() == 0
    status, text = await office.site.post(action[1], fields)
    assert (status, await office.generation()) == (200, 1)


async def test_forms_from_elsewhere_are_not_believed(office: Office) -> None:
    _, text = await office.site.get("/next-engine")
    found = re.search(r'name="token" value="([0-9a-f]{64})"', text)
    assert found is not None
    path = "/next-engine/%E8%A6%8B%E6%9C%AC%20%E5%95%86%E4%BA%8B%2F1/sign-in"
    refused = [
        await office.site.post(path, {"token": "0" * 64}),
        await office.site.post(path, {}),
        await office.site.post(path, {"token": found[1]}, **{"Sec-Fetch-Site": "cross-site"}),
        await office.site.post(path, {"token": found[1]}, Origin="https://evil.example.jp"),
        await office.site.post(path.replace("sign-in", "use"), {"token": found[1], "uid": "u", "state": "s"}),
    ]
    assert [status for status, _ in refused] == [403] * 5
    assert (await office.site.post("/next-engine/nobody/sign-in", {"token": found[1]}))[0] == 404
    back = await office.at_next_engine(await office.press())
    assert (await office.site.get(back, Host="evil.example.jp"))[0] == 421
    assert await office.generation() == 0


async def test_markup_in_a_return_is_text(office: Office) -> None:
    status, text = await office.site.get('/next-engine/signed-in?uid="><script>alert(1)</script>&state=<i>x')
    assert status == 200
    assert "<script" not in text and "<i>" not in text


# --- without a daemon ---------------------------------------------------------------------------------------


async def test_the_receiver_takes_one_return_and_is_gone(office: Office) -> None:
    back = "http://127.0.0.1:0/back"
    with pytest.raises(TimeoutError):
        await one_return(back, "n", _never, seconds=0.05, lang="ja")
    taken = urlsplit(office.site.base).port
    with pytest.raises(Occupied, match="daemon"):
        await one_return(f"http://127.0.0.1:{taken}/back", "n", _never, seconds=5, lang="ja")
    for elsewhere in ("https://connector.example.jp/back", "http://192.0.2.1/back"):
        with pytest.raises(Misconfigured):
            await one_return(elsewhere, "n", _never, seconds=5, lang="ja")


async def _never(uid: str, state: str) -> str:
    raise AssertionError("nobody may come through")


async def test_the_receiver_believes_its_own_nonce_only(unused_tcp_port: int) -> None:
    back = f"http://127.0.0.1:{unused_tcp_port}/next-engine/signed-in"
    seen: list[tuple[str, str]] = []

    async def exchange(uid: str, state: str) -> str:
        seen.append((uid, state))
        return uid

    async with asyncio.TaskGroup() as group, aiohttp.ClientSession() as browser:
        waiting = group.create_task(one_return(back, "ours", exchange, seconds=30, lang="ja"))
        codes = [
            await _knock(browser, f"{back}?uid=u&state=s"),
            await _knock(browser, f"{back}?uid=u&state=s&nonce=theirs"),
            await _knock(browser, f"{back}?uid=u&nonce=ours"),
            await _knock(browser, f"http://127.0.0.1:{unused_tcp_port}/elsewhere?uid=u&state=s&nonce=ours"),
        ]
        assert seen == []
        codes.append(await _knock(browser, f"{back}?uid=u&state=s&nonce=ours"))
        assert await waiting == "u"
    assert codes == [403, 403, 400, 404, 200]
    assert seen == [("u", "s")]


async def test_the_receiver_tells_a_refusal(unused_tcp_port: int) -> None:
    back = f"http://127.0.0.1:{unused_tcp_port}/back"

    async def refused(uid: str, state: str) -> str:
        raise Refused("next_engine", "company", "別の会社です")

    async def come() -> int:
        async with aiohttp.ClientSession() as browser:
            return await _knock(browser, f"{back}?uid=u&state=s&nonce=ours")

    coming = asyncio.ensure_future(come())
    with pytest.raises(Refused, match="別の会社"):
        await one_return(back, "ours", refused, seconds=30, lang="ja")
    assert await coming == 409


async def _knock(browser: aiohttp.ClientSession, address: str) -> int:
    """Until the door is there."""
    for _ in range(200):
        try:
            async with browser.get(address) as answer:
                return answer.status
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.02)
    raise AssertionError("nobody listens")
