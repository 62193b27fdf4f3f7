"""The forty recorded calls of a token's life, lived by our session against the sandbox over HTTP.

Where the recorded client lets a write carry a rotation (rows 13, 30, 37), ours puts its lightest read before it;
everything else is as recorded: results, codes and which pair is stored afterwards.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import aiohttp
from connector.adapters.next_engine import wire
from connector.errors import ConnectorError, NeedsSignIn, NotDone, Refused, Unknown
from connector.ports import TokenPair
from connector.sandbox.next_engine import NextEngineSandbox
from connector.transport.http import Answer, Pairs

from tests.contract.border import FIXTURES, at
from tests.contract.ne_desk import Desk, signed_out_desk

TIMELINE = list(csv.DictReader((FIXTURES / "next_engine/token_timeline.csv").read_text("utf-8").splitlines()))
PATHS = {
    "login_user/info": wire.LOGIN_USER_INFO,
    "base/search": wire.BASE_SEARCH,
    "base/count": wire.BASE_COUNT,
    "base/update": wire.BASE_UPDATE,
    "base/shipped": wire.BASE_SHIPPED,
    "base/upload": wire.BASE_UPLOAD,
}
WRITES = ("base/update", "base/shipped", "base/upload")
PLANNED = ("008003", "008010", "999999", "003002")
HEARD: dict[str, tuple[type[ConnectorError], ...]] = {
    "": (),
    "002002": (),  # once more with the stored pair
    "002004": (NeedsSignIn,),
    "003002": (NotDone,),
    "008003": (NotDone,),
    "008010": (NotDone,),
    "999999": (NotDone, Unknown),
    "any": (Refused,),
}
STATE_AGES = {"32": timedelta(minutes=5, seconds=1), "33": timedelta(minutes=4, seconds=59)}


class Life:
    """What the story knows: every pair by its recorded name, and the calls of the row under way."""

    def __init__(self, ne: NextEngineSandbox, desk: Desk) -> None:
        self.ne, self.desk = ne, desk
        self.names: dict[str, str] = {}  # access token → P1, P2 …
        self.pairs: dict[str, TokenPair] = {}
        self.states: dict[str, dict[str, str]] = {}
        self.sent: list[tuple[str, str]] = []  # path and pair of each request
        self._post = desk.http.post_form
        desk.http.post_form = self._watched  # type: ignore[method-assign]

    async def _watched(self, path: str, pairs: Pairs, **more: object) -> Answer:
        self.name_stored()
        access = str(dict(pairs).get(wire.ACCESS_TOKEN, ""))
        self.sent.append((path, self.names.get(access, "-")))
        return await self._post(path, pairs, **more)  # type: ignore[arg-type]

    def name_stored(self) -> None:
        for number, pair in enumerate(self.desk.store.pairs, start=1):
            self.names[pair.access] = f"P{number}"
            self.pairs[f"P{number}"] = pair

    @property
    def stored(self) -> str:
        self.name_stored()
        return f"P{len(self.desk.store.pairs)}"


def moments() -> Iterator[tuple[datetime, int, dict[str, str]]]:
    """Sign-ins at the screen (0) and calls (1) in time order."""
    for row in TIMELINE:
        if row["call"].startswith("api_neauth"):
            yield at(row["time"]) - STATE_AGES.get(row["step"], timedelta(seconds=3)), 0, row
        yield at(row["time"]), 1, row


async def at_the_screen(life: Life) -> dict[str, str]:
    """What the browser of a signed-in person brings back."""
    address = life.desk.session.sign_in_url("our-nonce")
    async with aiohttp.ClientSession() as browser, browser.get(address, allow_redirects=False) as answer:
        assert answer.status == 302
        back = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (back["shop"], back["nonce"]) == (["a"], ["our-nonce"])  # what was there survives
    return {name: values[0] for name, values in back.items()}


async def live(life: Life, row: dict[str, str]) -> ConnectorError | None:
    desk, stored = life.desk, life.stored
    wanted = row["sent_pair"]
    if wanted not in ("-", stored):
        desk.store.stale = [life.pairs[wanted]] * (2 if row["call"] in WRITES else 1)
    if row["code"] in PLANNED:
        keeps = row["pair_in_reply"] != "none"
        times = 1 if row["call"] in WRITES else 3
        life.ne.plan_reply(row["code"], path=PATHS[row["call"]], times=times, with_tokens=keeps)
    try:
        if row["call"].startswith("api_neauth"):
            back = life.states[row["step"]]
            await desk.session.exchange(back["uid"], back["state"])
        elif row["call"] in WRITES:
            await desk.session.write(PATHS[row["call"]], params(life, row), key="1002")
        else:
            await desk.session.read(PATHS[row["call"]], [(wire.FIELDS, wire.SLIP_ID)])
    except ConnectorError as error:
        return error
    return None


def params(life: Life, row: dict[str, str]) -> list[tuple[str, str | bytes]]:
    """Sound ones, so that only the tokens decide."""
    if row["call"] == "base/upload":
        return [(wire.UPLOAD_PATTERN, "12"), ("data_type_1", "csv"), ("data_1", b"x")]
    slip = life.ne.slips[1001 if row["call"] == "base/update" else 1002]
    named: list[tuple[str, str | bytes]] = [
        (wire.SLIP_ID, str(slip.number)),
        ("receive_order_last_modified_date", slip.lock),
    ]
    text = f"<root><receiveorder_base><{wire.WORKER_TEXT}>{row['step']}</{wire.WORKER_TEXT}></receiveorder_base></root>"
    return [*named, ("data", text)] if row["call"] == "base/update" else named


async def test_the_forty_calls_lived_by_our_session() -> None:
    checked = 0
    async with signed_out_desk(at("2026-11-01 08:00:00")) as (ne, desk):
        for number, status in ((1001, "2"), (1002, "20")):
            texts = {wire.SHOP_ID: "1", wire.ORDER_NUMBER: f"TEST{number}", wire.STATUS: status}
            ne.restore({**texts, wire.SLIP_ID: str(number), wire.CONFIRM_CHECK: "1"})
        life = Life(ne, desk)
        for moment, kind, row in sorted(moments(), key=lambda each: each[:2]):
            await desk.clock.advance_to(moment)
            if kind == 0:
                life.states[row["step"]] = await at_the_screen(life)
                continue
            await one_row(life, row)
            checked += 1
    assert checked == 40
    assert len(desk.store.pairs) == 12


async def one_row(life: Life, row: dict[str, str]) -> None:
    where = f"step {row['step']}"
    if "without refresh" in row["sent_pair"]:  # a call that ours never makes: both go out, always
        assert life.stored == row["stored_pair_after"], where
        return
    life.sent = []
    error = await live(life, row)
    allowed = HEARD[row["code"]]
    assert isinstance(error, allowed) if allowed else error is None, (where, error)
    assert life.stored == row["stored_pair_after"], where
    check_calls(life, row, where)


def check_calls(life: Life, row: dict[str, str], where: str) -> None:
    """Which requests really went out, and with which pair."""
    asked = PATHS.get(row["call"], wire.NEAUTH)
    if row["step"] == "24":
        assert life.sent == [], where  # dead: no further try
        return
    if asked == wire.NEAUTH:
        assert life.sent == [(wire.NEAUTH, "-")], where
        return
    assert life.sent[0][1] == row["sent_pair"], where
    assert life.sent[-1][0] == asked, where
    if row["access_expired"] == "yes":  # a rotation, or its refusal, falls on the lightest read
        assert life.sent[0][0] == wire.LOGIN_USER_INFO, where
    rotated = row["pair_in_reply"] not in ("", "none", row["sent_pair"])
    if row["code"] == "002002" or (rotated and asked != wire.LOGIN_USER_INFO):
        assert life.sent[-1][1] == row["stored_pair_after"], where
