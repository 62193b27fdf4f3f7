"""The customer side: a shopper signs in and minds the own subscriptions, as far as the shop lets one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from connector.sandbox.cart import CartSettings
from connector.sandbox.cart.masters import MyPage

from tests.contract.cart_api import ADMIN, MAIL, V2, Api, an_api, codes, included
from tests.contract.cart_shapes import SERUM, TEA_SUBS, Reply

MONTH_END = {
    "payment_schedule": "date",
    "scheduled_to_be_delivered_every_x_month": 2,
    "scheduled_to_be_delivered_on_xth_day": 99,
}
USUAL = CartSettings().customer_password
FROM_LAST = {"recalculate_scheduled_to_be_delivered_at_based_on_last_order": 1}


@dataclass(slots=True)
class Shopper:
    api: Api
    token: str

    async def call(self, method: str, path: str, body: Any = None) -> Reply:
        authorization = f'Token token="{self.token}"'
        return await self.api.caller.call(method, f"{V2}/{path}", body, authorization=authorization)

    async def wish(self, **params: Any) -> Reply:
        """PUT on the own subscription."""
        return await self.call("PUT", f"customer/subs_orders/{self.api.subs.id}", {"subs_order": params})

    async def sees(self) -> dict[str, Any]:
        reply = await self.call("GET", f"customer/subs_orders/{self.api.subs.id}")
        found: dict[str, Any] = reply.json["data"]["attributes"]
        return found


async def sign_in(api: Api, email: str = MAIL, password: str = USUAL) -> Reply:
    form = {"customer": {"email": email, "password": password}}
    return await api.caller.call("POST", f"{V2}/customers/sign_in", form)


@asynccontextmanager
async def a_shopper(mypage: MyPage | None = None, **subscription: Any) -> AsyncIterator[Shopper]:
    settings = CartSettings(requests_per_minute=None, mypage=mypage or MyPage())
    async with an_api(settings=settings, **({"block_times": 0} | subscription)) as api:
        session = await sign_in(api)
        assert session.json["id"] == api.customer.id
        yield Shopper(api, session.json["authentication_token"])


# --- who may come in ---


async def test_neither_token_opens_the_other_side() -> None:
    async with a_shopper() as shopper:
        api = shopper.api
        as_admin = await shopper.call("GET", "admin/orders")
        as_shopper = await api.caller.call("GET", f"{V2}/customer/subs_orders")
        mine = await shopper.call("GET", "customer/subs_orders")
        left = await shopper.call("GET", "customers/sign_out")
        after = await shopper.call("GET", "customer/subs_orders")
        admin = await api.caller.call("GET", f"{ADMIN}/customers")
    assert (as_admin.status, codes(as_admin)) == (401, ["ASS1001"])
    assert (as_shopper.status, mine.status, left.status) == (401, 200, 204)
    assert (after.status, admin.status) == (401, 200)


async def test_five_sign_ins_an_hour_for_each_person() -> None:
    async with an_api() as api:
        wrong = await sign_in(api, password="guess")
        nobody = await sign_in(api, email="nobody@example.jp")
        tries = [await sign_in(api) for _ in range(5)]
        other = await sign_in(api, email="mihon-jiro@example.jp")
        await api.until("2026-11-26 10:00:01")
        later = await sign_in(api)
        own = {"customer": {"password": "mihon-own"}}
        await api.put(f"customers/{api.customer.id}", own)
        changed = [(await sign_in(api, password=word)).status for word in (USUAL, "mihon-own")]
    assert (wrong.status, nobody.status) == (401, 401)
    assert [each.status for each in tries] == [200, 200, 200, 200, 429]
    assert (tries[-1].body, other.status, later.status) == (b"Retry later\n", 200, 200)
    assert changed == [401, 200]


async def test_one_sees_the_own_subscriptions_alone() -> None:
    async with a_shopper() as shopper:
        api = shopper.api
        theirs = await sign_in(api, email="mihon-jiro@example.jp")
        jiro = Shopper(api, theirs.json["authentication_token"])
        nothing = await jiro.call("GET", "customer/subs_orders")
        stranger = await jiro.wish(skip_next_scheduled_delivery=1)
        mine = await shopper.call(
            "GET", "customer/subs_orders?q[state_eq]=active&include=order_items,payment"
        )
        me = await shopper.call("GET", "customer?include=subs_orders")
    assert nothing.json["data"] == []
    assert (stranger.status, codes(stranger)) == (404, ["ASO2001"])
    assert mine.rows[0]["number"] == api.subs.number
    assert included(mine, "order_item")[0]["variant_sku"] == TEA_SUBS.sku
    assert me.json["data"]["attributes"]["email"] == MAIL
    assert included(me, "sub_order")[0]["id"] == api.subs.id


async def test_one_changes_the_own_record_as_far_as_allowed() -> None:
    async with a_shopper() as shopper:
        wish = {"optin": 0, "line_id": "U-mihon", "point": 99999, "is_blacklist": 0, "state": "cancel"}
        reply = await shopper.call("PUT", "customer", {"customer": wish})
    me = reply.json["data"]["attributes"]
    assert (me["optin"], me["line_id"]) == (False, "U-mihon")
    assert (me["point"], me["state"]) == (0, "member")


# --- what one may wish ---


async def test_a_stop_and_a_return() -> None:
    async with a_shopper() as shopper:
        stopped = await shopper.wish(state="suspend", suspend_reason_ids=[100002])
        back = await shopper.wish(state="active")
        ended = await shopper.wish(state="canceled", cancel_reason_ids=[100001])
        again = await shopper.wish(state="active")
    row = stopped.rows[0]  # an array of one
    assert list(stopped.json) == ["data", "included"]
    assert (row["state"], row["suspend_reasons"]) == ("suspend", "商品が余っている")
    assert back.rows[0]["suspend_reason_ids"] == []
    assert ended.rows[0]["cancel_reasons"] == "味が合わない"
    assert again.rows[0]["state"] == "active"


async def test_who_promised_rounds_may_not_leave_before_but_the_shop_may_end_it() -> None:
    async with a_shopper(block_times=3) as shopper:
        bound = await shopper.wish(state="canceled", cancel_reason_ids=[100001])
        seen = await shopper.sees()
        paused = await shopper.wish(state="suspend")
        by_shop = await shopper.api.put(
            f"subs_orders/{shopper.api.subs.id}", {"subs_order": {"state": "canceled"}}
        )
    assert (bound.status, codes(bound)) == (422, ["ASO3999"])
    assert (seen["state"], seen["remaining_block_times"], seen["cancel_reason_ids"]) == ("active", 2, [])
    assert paused.rows[0]["state"] == "suspend"
    assert by_shop.json["data"]["attributes"]["state"] == "canceled"


async def test_a_skip_moves_the_dates_once_until_the_next_delivery() -> None:
    async with a_shopper() as shopper:
        before = await shopper.sees()
        skipped = await shopper.wish(skip_next_scheduled_delivery=1)
        twice = await shopper.wish(skip_next_scheduled_delivery=1)
        after = await shopper.sees()
        await shopper.api.post(f"subs_orders/{shopper.api.subs.id}/orders")
        anew = await shopper.wish(skip_next_scheduled_delivery=1)
    assert before["scheduled_to_be_delivered_at"] == "2026/12/05 00:00:00"
    assert skipped.rows[0]["scheduled_to_be_delivered_at"] == "2027/01/05 00:00:00"
    assert (skipped.rows[0]["times"], skipped.rows[0]["skip_next_scheduled_delivery"]) == (1, True)
    assert (twice.status, codes(twice)) == (422, ["ASO3999"])
    assert after["scheduled_to_be_delivered_at"] == "2027/01/05 00:00:00"
    assert anew.status == 200


async def test_another_cycle_leaves_the_dates_unless_they_are_to_follow_the_last_order() -> None:
    async with a_shopper() as shopper:
        kept = await shopper.wish(**MONTH_END)
        moved = await shopper.wish(**MONTH_END, **FROM_LAST)
        half = await shopper.wish(payment_schedule="date", scheduled_to_be_delivered_every_x_month=1)
        nonsense = await shopper.wish(payment_schedule="mood")
    assert kept.rows[0]["payment_schedule"] == "2ヶ月ごとの末日に配送"
    assert kept.rows[0]["scheduled_to_be_delivered_at"] == "2026/12/05 00:00:00"
    assert moved.rows[0]["scheduled_to_be_delivered_at"] == "2027/01/31 00:00:00"
    assert codes(half) == ["ASO3001"]
    assert nonsense.json["errors"] == [{"code": "ASO3999", "message": "配送サイクルを正しく入力してください"}]


async def test_dates_that_would_lie_behind_are_an_error_only_when_asked() -> None:
    short = {"payment_schedule": "term", "scheduled_to_be_delivered_every_x_day": 5} | FROM_LAST
    async with a_shopper() as shopper:
        await shopper.api.until("2026-12-20 09:00:00")
        await shopper.api.put(f"subs_orders/{shopper.api.subs.id}", {"subs_order": {"state": "suspend"}})
        before = await shopper.sees()
        strict = await shopper.wish(**short, enable_recalc_past_date_error=1)
        unchanged = await shopper.sees()
        loose = await shopper.wish(**short)
    assert (strict.status, codes(strict)) == (422, ["ASO3999"])
    assert unchanged["payment_schedule"] == before["payment_schedule"]
    assert unchanged["scheduled_to_be_delivered_at"] == before["scheduled_to_be_delivered_at"]
    assert loose.rows[0]["scheduled_to_be_delivered_at"] == "2026/12/10 00:00:00"


async def test_a_date_stands_alone_and_takes_the_ship_date_with_it() -> None:
    async with a_shopper() as shopper:
        moved = await shopper.wish(scheduled_to_be_delivered_at="2026-12-21")
        past = await shopper.wish(scheduled_to_be_delivered_at="2026-11-20")
        mixed = await shopper.wish(scheduled_to_be_delivered_at="2026-12-22", state="suspend")
        with_skip = await shopper.wish(
            skip_next_scheduled_delivery=1, scheduled_to_be_delivered_at="2026-12-22"
        )
        seen = await shopper.sees()
    assert moved.rows[0]["scheduled_to_be_shipped_at"] == "2026/12/18 00:00:00"  # the 19th is a Saturday
    assert codes(past) == ["ASO3999"]
    assert (mixed.status, codes(mixed), codes(with_skip)) == (422, ["ASO3002"], ["ASO3002"])
    assert (seen["state"], seen["scheduled_to_be_delivered_at"]) == ("active", "2026/12/21 00:00:00")


async def test_items_come_and_go() -> None:
    async with a_shopper() as shopper:
        api, at = shopper.api, f"customer/subs_orders/{shopper.api.subs.id}/order_items"
        wish = {"variant_id": api.variant(SERUM.sku), "quantity": 2, "onetime": 1, "price": 1}
        added = await shopper.call("POST", at, {"order_item": wish})
        item = added.rows[0]
        changed = await shopper.call(
            "PUT", f"{at}/{item['id']}?include=variant", {"order_item": {"quantity": 3}}
        )
        removed = await shopper.call("DELETE", f"{at}/{item['id']}")
        gone = await shopper.call("DELETE", f"{at}/{item['id']}")
    assert (item["quantity"], item["onetime"], item["price"]) == (2, True, SERUM.price)
    assert changed.rows[0]["quantity"] == 3
    assert included(changed, "variant")[0]["sku"] == SERUM.sku
    assert (removed.status, gone.status, codes(gone)) == (204, 404, ["ASOI2001"])


@pytest.mark.parametrize(
    ("forbidden", "wish"),
    [
        (MyPage(cancel=False), {"state": "canceled"}),
        (MyPage(change_cycle=False), MONTH_END),
        (MyPage(change_date=False), {"scheduled_to_be_delivered_at": "2026-12-21"}),
        (MyPage(skip=False), {"skip_next_scheduled_delivery": 1}),
    ],
)
async def test_what_the_shop_does_not_allow_is_refused(forbidden: MyPage, wish: dict[str, Any]) -> None:
    async with a_shopper(forbidden) as shopper:
        before = await shopper.sees()
        refused = await shopper.wish(**wish)
        after = await shopper.sees()
    assert (refused.status, codes(refused)) == (422, ["ASO3999"])
    assert before == after


@pytest.mark.parametrize(
    ("resume", "back"),
    [
        ("no", []),
        ("suspend", ["suspend"]),
        ("canceled", ["canceled"]),
        ("both", ["suspend", "canceled"]),
    ],
)
async def test_returning_is_allowed_from_what_the_setting_names(resume: str, back: list[str]) -> None:
    returned = []
    async with a_shopper(MyPage(resume=resume)) as shopper:
        for state in ("suspend", "canceled"):
            await shopper.wish(state=state)
            if (await shopper.wish(state="active")).status == 200:
                returned.append(state)
    assert returned == back
