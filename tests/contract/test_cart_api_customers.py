"""Customers over the API: entering, changing, notes, addresses, points, mails, cards, blacklist, removing."""

from __future__ import annotations

from typing import Any

from connector.sandbox.cart import NewCustomer

from tests.contract.cart_api import MAIL, an_api, codes, included, rows
from tests.contract.cart_shapes import an_order, recorded

PERSON: dict[str, Any] = {
    "email": "mihon-new@example.jp",
    "billing_address_attributes": {"name01": "見本", "name02": "新子", "prefecture_id": 27, "zip01": "530"},
    "shipping_addresses_attributes": [{"name01": "見本", "name02": "実家"}],
    "sex_id": 2,
    "job_id": 1,
    "customer_rank_id": 2,
    "birth": "1990-04-01",
    "optin": 0,
    "mail_delivery_stop": 1,
    "link_number": "C-9",
    "option03": "三",
    "point_attributes": {"point_event_id": 1, "point": 100},
    "notes_attributes": [{"content": "初回", "operated_at": "2026/11/26 08:30:00", "operated_by": 4}],
}


async def test_a_customer_is_entered_with_everything() -> None:
    async with an_api() as api:
        made = await api.post("customers", {"customer": PERSON})
        id_ = made.json["data"]["id"]
        everything = "billing_address,shipping_addresses,notes,points"
        read = await api.get(f"customers/{id_}.json", include=everything)
    assert made.status == 201
    customer = read.json["data"]["attributes"]
    assert customer == made.json["data"]["attributes"]
    assert len(customer["number"]) == 10
    assert (customer["sex"], customer["job"], customer["customer_rank_name"]) == (
        "女性",
        "会社員",
        "ゴールド",
    )
    assert (customer["birth"], customer["optin"], customer["mail_delivery_stop"]) == (
        "1990/04/01",
        False,
        True,
    )
    assert (customer["point"], customer["link_number"], customer["option03"]) == (100, "C-9", "三")
    assert (customer["state"], customer["human_state_name"]) == ("member", "会員")
    assert [each["full_name"] for each in included(read, "address")] == ["見本 新子", "見本 実家"]
    assert included(read, "note")[0]["operated_at"] == "2026/11/26 08:30:00"
    assert included(read, "point")[0]["point_event_name"] == "会員登録"


async def test_what_is_wrong_with_a_new_customer_comes_as_recorded() -> None:
    async with an_api() as api:
        taken = await api.post("customers", {"customer": {"email": MAIL}})
        nothing = await api.post("customers", {"customer": {"email": "mihon-at-example.jp"}})
        empty = await api.post("customers", {})
        mistaken = await api.post("customers", {"customer": PERSON | {"sex_id": 9}})
        known = await api.get("customers", q__email_eq=PERSON["email"])
    assert taken.status == 422
    assert taken.json == recorded("errors/422_acu3999_two_errors.json")
    assert codes(nothing) == ["ACU3002", "ACU3001"]
    assert codes(empty) == ["ACU3001"]
    assert codes(mistaken) == ["ACU3002"]
    assert rows(known) == []  # a refusal enters nothing


async def test_changes_keep_what_is_not_named() -> None:
    async with an_api() as api:
        made = (await api.post("customers", {"customer": PERSON})).json["data"]
        path = f"customers/{made['id']}"
        read = await api.get(path, include="shipping_addresses,notes")
        place, note = included(read, "address")[0]["id"], included(read, "note")[0]["id"]
        wish = {
            "email": "mihon-newer@example.jp",
            "mood": "good",
            "notes": [{"content": "無視"}],
            "notes_attributes": [{"id": note, "content": "改"}, {"content": "二つ目"}, {"memo": "無視"}],
            "shipping_addresses_attributes": [{"id": place, "addr01": "大阪市"}, {"addr01": "堺市"}],
        }
        changed = await api.put(path, {"customer": wish})
        after = await api.get(path, include="shipping_addresses,notes")
        gone = {"notes_attributes": [{"id": note, "delete": 1}]}
        await api.put(path, {"customer": gone})
        left = included(await api.get(path, include="notes"), "note")
        taken = await api.put(path, {"customer": {"email": MAIL}})
        elsewhere = {"shipping_addresses_attributes": [{"id": 1, "addr01": "x"}]}
        unknown_place = await api.put(path, {"customer": elsewhere})
    assert changed.json["data"]["attributes"]["email"] == "mihon-newer@example.jp"
    assert changed.json["data"]["attributes"]["option03"] == "三"
    assert [each["content"] for each in included(after, "note")] == ["改", "二つ目"]
    assert [each["addr01"] for each in included(after, "address")] == ["大阪市", "堺市"]
    assert [each["content"] for each in left] == ["二つ目"]
    assert (taken.status, codes(taken)) == (422, ["ACU3999"])
    assert (unknown_place.status, codes(unknown_place)) == (404, ["ACU2001"])


async def test_bulk_updates_answer_as_done_for_a_wrong_id() -> None:
    async with an_api() as api:
        rows_ = [{"id": api.customer.id, "option01": "一"}, {"id": 999999, "option01": "一"}]
        reply = await api.put("customers/bulk_update", {"customers": rows_})
        customer = await api.attributes(f"customers/{api.customer.id}")
        nowhere = await api.get("customers/999999")
    assert reply.json == {"success": [api.customer.id, 999999]}
    assert customer["option01"] == "一"
    assert (nowhere.status, codes(nowhere)) == (404, ["ACU2001"])


async def test_customers_are_entered_in_bulk_as_a_job() -> None:
    async with an_api() as api:
        wrong = {"email": MAIL, "name01": "見本"}
        accepted = await api.post("customers/bulk_create", {"customers": [PERSON, wrong]})
        before = await api.get("customers", q__email_eq=PERSON["email"])
        await api.until("2026-11-26 09:00:10")
        after = await api.get("customers", q__email_eq=PERSON["email"])
        job = (await api.jobs())[0]
    assert set(accepted.json) == {"id", "job_id"}
    assert (rows(before), len(rows(after))) == ([], 1)
    assert (job["result"]["success"], job["result"]["failure"]) == ([1], [2])


async def test_blacklisting_marks_the_subscriptions_with_its_reasons() -> None:
    async with an_api() as api:
        wish = {"is_blacklist": 1, "blacklist_reason_ids": [2]}
        black = await api.put(f"customers/{api.customer.id}", {"customer": wish})
        subs = await api.attributes(f"subs_orders/{api.subs.id}")
        await api.put(f"customers/{api.customer.id}", {"customer": {"is_blacklist": 0}})
        after = await api.attributes(f"subs_orders/{api.subs.id}")
        reasons = await api.get("blacklist_reasons")
    assert black.json["data"]["attributes"]["blacklist"] is True
    assert black.json["data"]["attributes"]["blacklist_reasons"] == "長期未払い"
    assert (subs["tbc"], subs["tbc_subs_order_reasons"]) == (True, "ブラックリスト")
    assert after["tbc"] is True  # only the admin screen takes it away
    assert len(rows(reasons)) == 2


async def test_points_move_both_ways_and_never_below_nothing() -> None:
    async with an_api() as api:
        path = f"customers/{api.customer.id}/points"
        given = await api.post(path, {"point_event_id": 2, "point": 80})
        named = {"with_create": 1, "name": "調整", "description": "手入力", "point": 30}
        taken = await api.post(path, named | {"addition_and_subtraction": 0})
        short = await api.post(path, {"point_event_id": 2, "point": 51, "addition_and_subtraction": 0})
        strange = await api.post(path, {"point_event_id": 9, "point": 1})
        bulk = await api.post(
            "customers/points/bulk_create",
            {
                "customer_points": [
                    {"customer_id": api.customer.id, "point_event_id": 1, "point": 5},
                    {"customer_id": 999999, "point_event_id": 1, "point": 5},
                    {"customer_id": api.customer.id, "point_event_id": 1},
                ]
            },
        )
        point = (await api.attributes(f"customers/{api.customer.id}"))["point"]
    assert (given.json["data"]["type"], given.json["data"]["attributes"]["point_total"]) == ("point", 80)
    assert taken.json["data"]["attributes"]["point"] == -30
    assert taken.json["data"]["attributes"]["point_event_description"] == "手入力"
    assert (codes(short), codes(strange)) == (["ACU3999"], ["ACU3002"])
    assert (bulk.json["success"], bulk.json["failure"], codes(bulk)) == ([1], [2, 3], ["ACU2001", "ACU3001"])
    assert point == 55


async def test_mails_and_sms_leave_the_shop() -> None:
    async with an_api() as api:
        at = f"customers/{api.customer.id}"
        mail = await api.post(f"{at}/emails", {"subject": "件名", "body": "本文"})
        html = await api.post(f"{at}/emails", {"subject": "件名", "body": "本文", "use_html": 1})
        sms = await api.post(f"{at}/sms", {"body": "お届けします"})
        silent = await api.post(f"{at}/sms", {})
        outbox = (await api.caller.call("GET", "/__sandbox/outbox")).json
    assert mail.json["data"]["attributes"]["id"] == api.customer.id
    assert (html.status, codes(html), codes(silent)) == (422, ["ACU3001"], ["ACU3001"])
    assert sms.status == 200
    assert [(each["kind"], each["to"], each["body"]) for each in outbox] == [
        ("email", MAIL, "本文"),
        ("sms", "03-0000-0001", "お届けします"),
    ]


async def test_a_new_card_heals_what_an_expired_one_refused() -> None:
    """The sequence of a shop: register, put on the order and the parent, re-authorise."""
    async with an_api(card="expire 2026-11") as api:
        await api.until("2026-12-01 00:40:00")
        await api.post(f"subs_orders/{api.subs.id}/orders")
        child = api.subs.order_ids[-1]
        refused = await api.attributes(f"orders/{child}")
        at = f"customers/{api.customer.id}/credit_cards"
        face = {"year": 2029, "month": 3, "last_digits": "1881", "name": "MIHON HANAKO", "default": 1}
        made = await api.post(f"{at}/bulk_create", {"credit_cards": [face, {"year": 2029}]})
        cards = included(await api.get(f"customers/{api.customer.id}", include="credit_cards"), "credit_card")
        new = next(card for card in cards if card["last_digits"] == "1881")
        payment = {"payment_method_id": 1, "source_id": new["id"], "source_type": "EcForce::CreditCard"}
        for path, key in ((f"orders/{child}", "order"), (f"subs_orders/{api.subs.id}", "subs_order")):
            assert (await api.put(path, {key: {"payment_attributes": payment}})).status == 200
        healed = await api.post(f"orders/{child}/payment_status", {"method": "reauth"})
        await api.put(f"{at}/bulk_update", {"credit_cards": [{"id": new["id"], "year": 2026, "month": 11}]})
        await api.post(f"subs_orders/{api.subs.id}/orders")
        again = await api.attributes(f"orders/{api.subs.order_ids[-1]}")
        wrong = await api.put(
            f"{at}/bulk_update", {"credit_cards": [{"id": new["id"], "month": 13}, {"id": 1}]}
        )
        gone = await api.delete(f"{at}/bulk_destroy", {"credit_card_ids": [new["id"], new["id"]]})
        left = await api.get(f"customers/{api.customer.id}", include="credit_cards")
    assert (refused["payment_state"], refused["state"]) == ("auth_failed", "complete")
    assert (made.json["success"], codes(made)) == ([1], ["ACC3001"] * 3)
    assert [(card["year"], card["month"]) for card in cards] == [(2026, 11), (2029, 3)]
    assert [card["default"] for card in cards] == [False, True]
    assert healed.json["data"]["attributes"]["payment_state"] == "authed"
    assert again["payment_state"] == "auth_failed"  # the new expiry is what it pays by
    assert codes(wrong) == ["ACC3002", "ACC2001"]
    assert (gone.json["success"], codes(gone)) == ([new["id"]], ["ACC2001"])
    assert [card["id"] for card in included(left, "credit_card")] == [cards[0]["id"]]


async def test_nobody_goes_while_something_is_open() -> None:
    async with an_api() as api:
        guest = api.cart.shop.customers[
            api.cart.place(
                an_order(customer=NewCustomer(email="mihon-g@example.jp"), payment_method_id=5)
            ).customer_id
        ]
        reply = await api.delete("customers/bulk_destroy", {"customer_ids": [api.customer.id, guest.id]})
        usual = await api.get("customers")
        deleted = await api.get("customers", q__with_deleted="1", q__email_eq="mihon-g@example.jp")
        anew = await api.post("customers", {"customer": {"email": "mihon-g@example.jp", "name01": "見本"}})
    assert (reply.json["success"], reply.json["failure"]) == ([guest.id], [api.customer.id])
    messages = [each["message"] for each in reply.json["errors"][0]["errors"]]
    assert messages == ["仮売上状態の受注が存在します", "アクティブな定期受注が存在します"]
    assert guest.id not in rows(usual)
    assert deleted.rows[0]["deleted_at"] == "2026/11/26 09:00:00"
    assert anew.status == 201


async def test_customers_come_in_slices_of_their_change() -> None:
    async with an_api() as api:
        await api.until("2026-11-26 10:00:00")
        await api.put(f"customers/{api.customer.id}", {"customer": {"notes_attributes": [{"content": "x"}]}})
        sliced = {"q__updated_at_gteq": "2026-11-26 10:00:00", "q__updated_at_lt": "2026-11-26 10:10:00"}
        reply = await api.get("customers", include="notes", sort="updated_at,id", **sliced)
        by_tel = await api.get("customers", q__billing_address_s_full_tel_eq="03-0000-0001")
        with_orders = await api.get("customers", include="orders,subs_orders", q__id_eq=str(api.customer.id))
    assert rows(reply) == [api.customer.id]
    assert [note["content"] for note in included(reply, "note")] == ["x"]
    assert len(rows(by_tel)) == 2
    assert [each["type"] for each in with_orders.json["included"]] == ["order", "order", "sub_order"]
