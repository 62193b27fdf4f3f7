"""Faults: busy, lost replies, broken lines, planned answers; what was done and what not is never in doubt here."""

from __future__ import annotations

import aiohttp
import pytest
from connector.adapters.next_engine import wire
from connector.sandbox.faults import Faults

from tests.contract.ne_case import restore_picture, town, update_xml


async def test_busy_strikes_before_anything_is_done_and_wait_flag_decides_its_code() -> None:
    faults = Faults(["ne-busy"], seed=1)
    async with town(faults=faults) as t:
        restore_picture(t.ne)
        codes = {"0": set[str](), "1": set[str]()}
        done = 0
        for n in range(120):
            flag = str(n % 2)
            slip = t.ne.slips[1007]
            reply = await t.call(
                wire.BASE_UPDATE,
                {
                    wire.SLIP_ID: "1007",
                    "receive_order_last_modified_date": slip.lock,
                    "data": update_xml({wire.WORKER_TEXT: str(n)}),
                    "wait_flag": flag,
                },
            )
            done += reply["result"] == "success"
            if reply["result"] == "error":
                codes[flag].add(reply["code"])
        assert codes == {"0": {"003002"}, "1": {"003001"}}
        assert t.ne.history.count("slip_updated") == done == 120 - faults.struck["ne-busy"]


async def test_a_lost_reply_means_done_all_the_same() -> None:
    faults = Faults(["ne-lost-reply"], seed=1)
    async with town(faults=faults) as t:
        restore_picture(t.ne)
        lost = 0
        for n in range(150):
            try:
                await t.call.write(wire.BASE_UPDATE, 1007, {"data": update_xml({wire.WORKER_TEXT: str(n)})})
            except aiohttp.ClientError:
                lost += 1
                assert (await t.call.slip(1007))[wire.WORKER_TEXT] == str(n)
        assert lost == faults.struck["ne-lost-reply"] > 0
        assert t.ne.history.count("slip_updated") == 150


async def test_an_html_page_instead_of_an_answer_and_nothing_done() -> None:
    async with town() as t:
        restore_picture(t.ne)
        assert (await t.call.act("plan-reply", reply="html-502", path=wire.BASE_SHIPPED))["status"] == 200
        async with t.call.session.post(t.call.base + wire.BASE_SHIPPED, data=b"access_token=x") as answer:
            assert answer.status == 200  # an old token comes first; the plan is not used up
        lock = t.ne.slips[1007].lock
        body = {"access_token": t.call.access, wire.SLIP_ID: "1007", "receive_order_last_modified_date": lock}
        async with t.call.session.post(t.call.base + wire.BASE_SHIPPED, data=body) as answer:
            assert (answer.status, answer.content_type) == (502, "text/html")
        assert t.ne.slips[1007].status == "20"
        assert (await t.call.write(wire.BASE_SHIPPED, 1007))["result"] == "success"


async def test_999999_may_stand_for_something_that_was_done() -> None:
    async with town() as t:
        restore_picture(t.ne)
        t.ne.plan_reply("999999", path=wire.BASE_SHIPPED, applied=True, with_tokens=False)
        reply = await t.call.write(wire.BASE_SHIPPED, 1007)
        assert (reply["code"], wire.ACCESS_TOKEN in reply) == ("999999", False)
        assert (await t.call.slip(1007))[wire.STATUS] == "50"


@pytest.mark.parametrize("applied", [True, False])
async def test_a_planned_cut_of_the_line(applied: bool) -> None:
    async with town() as t:
        restore_picture(t.ne)
        t.ne.plan_reply("drop", path=wire.BASE_SHIPPED, applied=applied)
        with pytest.raises(aiohttp.ClientError):
            await t.call.write(wire.BASE_SHIPPED, 1007)
        assert (await t.call.slip(1007))[wire.STATUS] == ("50" if applied else "20")


async def test_an_empty_body_and_several_times() -> None:
    async with town() as t:
        t.ne.plan_reply("empty")
        async with t.call.session.post(
            t.call.base + wire.LOGIN_USER_INFO, data={"access_token": t.call.access}
        ) as answer:
            assert (answer.status, await answer.read()) == (200, b"")
        t.ne.plan_reply("003004", times=2)
        codes = [(await t.call(wire.LOGIN_USER_INFO)).get("code") for _ in range(3)]
        t.ne.plan_reply("999999", path=wire.LOGIN_USER_INFO, applied=True)
        assert (await t.call(wire.LOGIN_USER_INFO))["code"] == "999999"
    assert codes == ["003004", "003004", None]


@pytest.mark.parametrize(
    ("act", "arguments", "status"),
    [
        ("plan-reply", {"reply": "busy"}, 400),
        ("plan-reply", {"reply": "003001", "times": 0}, 400),
        ("plan-reply", {}, 400),
        ("confirm", {"slip": 9999}, 404),
        ("cancel", {"slip": 1007, "cancel_type": "99"}, 400),
        ("no-such-act", {}, 404),
    ],
)
async def test_the_control_plane_refuses_what_cannot_be(
    act: str, arguments: dict[str, object], status: int
) -> None:
    async with town() as t:
        restore_picture(t.ne)
        told = await t.call.act(act, **arguments)
        assert told["status"] == status
        assert told["error"]


async def test_the_control_plane_takes_json_only_and_shows_its_views() -> None:
    async with town() as t:
        restore_picture(t.ne)
        async with t.call.session.post(t.call.base + "/_sim/confirm", data={"slip": "1003"}) as answer:
            assert answer.status == 415
        async with t.call.session.get(t.call.base + "/_sim/nothing") as answer:
            assert answer.status == 404
        await t.call(wire.LOGIN_USER_INFO)
        async with t.call.session.get(t.call.base + "/_sim/usage") as answer:
            assert (await answer.json())["2026-11"]["requests"] == 1
        assert t.ne.slips[1003].fields[wire.CONFIRM_CHECK] == "1"


async def test_patterns_are_disabled_and_enabled_by_people() -> None:
    async with town() as t:
        await t.call.act("disable-pattern", pattern="12")
        assert (await t.call.upload(b"x"))["code"] == "010001"
        await t.call.act("enable-pattern", pattern="12")
        assert (await t.call.upload(b"x"))["result"] == "success"
