"""The life of a token pair, row by row as the fixtures tell it, and the ways it can break."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from connector.adapters.next_engine import wire
from connector.sandbox.faults import Faults
from connector.sandbox.next_engine import NextEngineSettings

from tests.contract.ne_case import ACCESS, Reply, Town, at, encode, load_csv, town

REDIRECT_URI = "http://127.0.0.1/back?shop=%E8%A6%8B%E6%9C%AC&x=1"
ROWS = load_csv("token_timeline.csv")
PATHS = {
    "login_user/info": wire.LOGIN_USER_INFO,
    "base/search": wire.BASE_SEARCH,
    "base/count": wire.BASE_COUNT,
    "base/update": wire.BASE_UPDATE,
    "base/shipped": wire.BASE_SHIPPED,
    "base/upload": wire.BASE_UPLOAD,
}
PLANNED = {"008003", "999999", "003002"}  # 008010 is made by a real stock-taking
STATE_AGES = {"32": timedelta(minutes=5, seconds=1), "33": timedelta(minutes=4, seconds=59)}


def moments() -> Iterator[tuple[datetime, int, dict[str, str]]]:
    """Sign-ins (0) and calls (1) in time order; a row's state is some seconds or minutes older than its call."""
    for row in ROWS:
        if row["call"].startswith("api_neauth"):
            yield at(row["time"]) - STATE_AGES.get(row["step"], timedelta(seconds=3)), 0, row
        yield at(row["time"]), 1, row


async def sign_in(t: Town, path: str = "/users/sign_in/") -> dict[str, str]:
    """What the browser brings back."""
    query = {"client_id": t.ne.client_id, "redirect_uri": REDIRECT_URI}
    async with t.call.session.get(t.call.base + path, params=query, allow_redirects=False) as answer:
        assert answer.status == 302
        back = urlsplit(answer.headers["Location"])
    assert (back.hostname, back.path) == ("127.0.0.1", "/back")
    return {name: values[0] for name, values in parse_qs(back.query).items()}


async def exchange(t: Town, back: dict[str, str]) -> Reply:
    app = {"client_id": t.ne.client_id, "client_secret": t.ne.client_secret}
    return await t.call.raw(wire.NEAUTH, encode({"uid": back["uid"], "state": back["state"], **app}))


async def params_of(t: Town, row: dict[str, str]) -> dict[str, str | bytes]:
    """Sound parameters, so that only the tokens decide."""
    slip = t.ne.slips[1001 if row["call"] == "base/update" else 1002]
    lock = {wire.SLIP_ID: str(slip.number), "receive_order_last_modified_date": slip.lock}
    text = f"<root><receiveorder_base><{wire.WORKER_TEXT}>{row['step']}</{wire.WORKER_TEXT}></receiveorder_base></root>"
    params: dict[str, dict[str, str | bytes]] = {
        "base/search": {"fields": wire.SLIP_ID},
        "base/update": {**lock, "data": text},
        "base/shipped": {**lock},
        "base/upload": {"receive_order_upload_pattern_id": "12", "data_type_1": "csv", "data_1": b"x"},
    }
    return params.get(row["call"], {})


async def test_the_timeline_of_forty_calls() -> None:
    pairs: dict[str, Reply] = {}
    states: dict[str, dict[str, str]] = {}
    async with town("2026-11-01 08:00:00") as t:
        for number, status in ((1001, "2"), (1002, "20")):
            texts = {wire.SHOP_ID: "1", wire.ORDER_NUMBER: f"TEST{number}", wire.STATUS: status}
            t.ne.restore({**texts, wire.SLIP_ID: str(number), wire.CONFIRM_CHECK: "1"})
        for moment, kind, row in sorted(moments(), key=lambda each: each[:2]):
            await t.clock.advance_to(moment)
            if kind == 0:
                states[row["step"]] = await sign_in(t)
                continue
            reply = await answer_row(t, row, pairs, states)
            check_row(row, reply, pairs)
    assert set(pairs) == {f"P{number}" for number in range(1, 13)}


async def answer_row(
    t: Town, row: dict[str, str], pairs: dict[str, Reply], states: dict[str, dict[str, str]]
) -> Reply:
    if row["call"].startswith("api_neauth"):
        return await exchange(t, states[row["step"]])
    name, _, without = row["sent_pair"].partition(" ")
    sent = {wire.ACCESS_TOKEN: pairs[name][wire.ACCESS_TOKEN]}
    if not without:
        sent[wire.REFRESH_TOKEN] = pairs[name][wire.REFRESH_TOKEN]
    if row["code"] in PLANNED:
        t.ne.plan_reply(row["code"], with_tokens=row["pair_in_reply"] != "none")
    if row["code"] == "008010":
        await t.call.act("start-stock-taking")
    reply = await t.call.raw(PATHS[row["call"]], encode({**sent, **await params_of(t, row)}))
    if row["code"] == "008010":
        await t.call.act("stop-stock-taking")
    return reply


def check_row(row: dict[str, str], reply: Reply, pairs: dict[str, Reply]) -> None:
    where = f"step {row['step']}: {reply}"
    assert reply["result"] == row["result"], where
    if row["code"] not in ("", "any"):
        assert reply["code"] == row["code"], where
    if row["pair_in_reply"] == "none":
        assert wire.ACCESS_TOKEN not in reply, where
        assert wire.REFRESH_TOKEN not in reply, where
        return
    carried = {name: reply[name] for name in (wire.ACCESS_TOKEN, wire.REFRESH_TOKEN)}
    known = pairs.setdefault(row["pair_in_reply"], carried)
    assert known == carried, where
    assert sum(pair == carried for pair in pairs.values()) == 1, where
    assert reply[wire.ACCESS_END] == row["access_valid_until"], where
    assert reply[wire.REFRESH_END] == row["refresh_valid_until"], where


async def test_the_redirect_keeps_the_addresss_own_parameters_with_and_without_a_slash() -> None:
    async with town() as t:
        for path in ("/users/sign_in/", "/users/sign_in"):
            back = await sign_in(t, path)
            assert (back["shop"], back["x"], back["uid"]) == ("見本", "1", "u-sample-0001")
            assert (await exchange(t, back))["result"] == "success"


async def test_a_browser_that_is_not_signed_in_sees_a_screen_first() -> None:
    async with town(settings=NextEngineSettings(signed_in_browser=False)) as t:
        address = f"{t.call.base}/users/sign_in/?client_id={t.ne.client_id}"
        async with t.call.session.get(address) as screen:
            assert "ログイン" in await screen.text()
        async with t.call.session.post(address, allow_redirects=False) as answer:
            assert answer.headers["Location"].startswith("http://127.0.0.1/?uid=u-sample-0001&state=")


@pytest.mark.parametrize(
    "query", ["client_id=nobody", "client_id=sampleClient01&redirect_uri=https://elsewhere.example.jp/"]
)
async def test_unknown_apps_and_foreign_addresses_are_not_redirected_to(query: str) -> None:
    async with (
        town() as t,
        t.call.session.get(f"{t.call.base}/users/sign_in/?{query}", allow_redirects=False) as a,
    ):
        assert a.status == 400
        assert "Location" not in a.headers


async def test_the_app_menu_leads_to_the_registered_address_with_a_fresh_state() -> None:
    async with town(settings=NextEngineSettings(redirect_uri="http://127.0.0.1/back?shop=a")) as t:
        async with t.call.session.get(f"{t.call.base}/launch", allow_redirects=False) as answer:
            assert answer.status == 302
            query = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert (query["shop"], query["id"]) == (["a"], ["90001"])
        back = {name: values[0] for name, values in query.items()}
        assert (await exchange(t, back))["result"] == "success"


async def test_a_wrong_secret_gets_no_pair() -> None:
    async with town() as t:
        back = await sign_in(t)
        body = {**back, "client_id": t.ne.client_id, "client_secret": "wrong"}
        reply = await t.call.raw(wire.NEAUTH, encode(body))
    assert reply["result"] == "error"
    assert wire.ACCESS_TOKEN not in reply


async def test_an_unknown_token_is_an_old_one_and_so_is_none_at_all() -> None:
    async with town() as t:
        for path, code in (
            (wire.LOGIN_USER_INFO, "002002"),
            (wire.BASE_SEARCH, "002002"),
            ("/api_v1_x/y", "000001"),
        ):
            assert (await t.call.raw(path, b"fields=uid"))["code"] == code
        t.call.access = "neverGivenOut"
        reply = await t.call(wire.LOGIN_USER_INFO)
    assert (reply["result"], reply["code"]) == ("error", "002002")


async def test_an_old_pair_past_its_own_refresh_end_needs_a_person() -> None:
    async with town() as t:
        old = t.call.access, t.call.refresh
        await t.wait(days=1, seconds=1)
        await t.call(wire.LOGIN_USER_INFO)
        t.call.access, t.call.refresh = old
        assert (await t.call(wire.LOGIN_USER_INFO))["code"] == "002002"
        await t.wait(days=2)
        reply = await t.call(wire.LOGIN_USER_INFO)
    assert (reply["result"], reply["code"]) == ("redirect", "002004")


async def test_lenient_modes_keep_earlier_pairs_alive() -> None:
    async with town(settings=NextEngineSettings(reauth_invalidates=False)) as t:
        t.ne.issue_pair()
        assert (await t.call(wire.LOGIN_USER_INFO))["result"] == "success"
    async with town(settings=NextEngineSettings(strict_tokens=False)) as t:
        t.ne.issue_pair()
        assert (await t.call(wire.LOGIN_USER_INFO))["result"] == "success"


async def test_somebody_elses_rotation_locks_us_out_until_a_sign_in() -> None:
    async with town() as t:
        await t.call.act("rotate-tokens")
        assert (await t.call(wire.LOGIN_USER_INFO))["code"] == "002002"
        assert (await exchange(t, await sign_in(t)))["result"] == "success"
        assert (await t.call(wire.LOGIN_USER_INFO))["result"] == "success"
        await t.call.act("expire-tokens", access=True, refresh=True)
        assert (await t.call(wire.LOGIN_USER_INFO))["code"] == "002004"


async def test_token_expiry_rotates_on_the_next_call_and_never_locks_a_careful_client_out() -> None:
    faults = Faults(["token-expiry"], seed=3)
    async with town(faults=faults) as t:
        seen = {t.call.access}
        for _ in range(300):
            assert (await t.call(wire.LOGIN_USER_INFO))["result"] == "success"
            seen.add(t.call.access)
        assert len(seen) - 1 == faults.struck["token-expiry"] > 0
        assert t.ne.history.count("token_rotated") == faults.struck["token-expiry"]
        assert ACCESS in seen
