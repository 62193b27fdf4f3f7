"""The type contract (spec/ecforce.md §2.8–2.17, §11): each attribute of each resource of each list, against one
literal table. i int, s text, b bool, t datetime text, a array, z 0 or 1; null may stand everywhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from connector.sandbox.cart import Cycle

from tests.contract.cart_api import Api, an_api
from tests.contract.cart_shapes import LEAFLET, SERUM, TEA, TEA_SUBS, an_order, result_row

DATETIME = re.compile(r"\d{4}/\d\d/\d\d( \d\d:\d\d:\d\d)?")
TYPES: dict[str, Callable[[Any], bool]] = {
    "i": lambda value: type(value) is int,
    "s": lambda value: type(value) is str,
    "b": lambda value: type(value) is bool,
    "t": lambda value: type(value) is str and DATETIME.fullmatch(value) is not None,
    "a": lambda value: type(value) is list,
    "z": lambda value: type(value) is int and value in (0, 1),
}
OPTIONS = " ".join(f"option{k:02}:s" for k in range(1, 11))
STAMPS = "created_at:t updated_at:t"
TABLE: dict[str, str] = {
    "order": f"""
        id:i number:s labels:s customer_labels:s subs_order_labels:s product_labels:s customer_id:i
        customer_number:s subs_order_id:i subs_order_number:s kind:s times:i nth:i last_order:b bundled_items:s
        product_name_with_tax:s ip:s device_variant:s human_offer_name:s url_id:i url:s url_group:s advertiser:s
        payment_access_id:s payment_access_pass:s payment_number:s payment_method_name:s payment_times:i
        payment_state:s payment_human_state:s payment_last_error_message:s payment_authed_at:t
        payment_completed_at:t payment_paid_at:t payment_voided_at:t pay_with_epos:b wrapping:s remark:s store:s
        state:s human_state:s email:s subtotal:i subtotal8:i subtotal10:i discount:i discount8:i discount10:i
        point:i point8:i point10:i discount_with_point:i discount_with_point8:i discount_with_point10:i
        misc_fee:i deliv_fee:i charge:i adjustment:i tax:i tax8:i tax10:i total:i total8:i total10:i
        payment_total:i redeem_point:i reward_point:i grant_plan_point:i total_recurring_sales_price_discount:i
        shipping_carrier_id:i shipping_carrier_name:s shipping_carrier_code:s stock_location_id:i
        stock_location_name:s shipping_slip:s tracking_url:s shipping_histories_count:i picked_list:b picked_at:t
        scheduled_to_be_shipped_at:t scheduled_to_be_delivered_at:t scheduled_delivery_time:s
        scheduled_delivery_time_id:i scheduled_delivery_time_code:s previous_scheduled_to_be_shipped_at:t
        previous_scheduled_to_be_delivered_at:t first_reminded_at:t remindered_at:t reminder_count:i due_at:t
        order_free_columns:a {STAMPS} completed_at:t delivered_at:t shipped_at:t memo01:s memo02:s
        subs_order_memo01:s subs_order_memo02:s linked_memo:s link_number:s invite_code:s cv_route:s
        multiple_shipping:b tbc:b tbc_order_reasons:s at_score_result:s o_plux_result:s o_plux_description:s
        spider_af_result:s spider_af_description:s customer_contacts:s coupons:s tenant_id:i assigned_admin_id:i
        registrant_admin_id:i pickup_location1:s pickup_location2:s doorbell:b campaigns:a payment_method_id:i
        deleted_at:t""",
    "sub_order": f"""
        id:i number:s customer_number:s wrapping:s times:i orders_count:i store:s state:s human_state:s
        subtotal:i tbc:b tbc_subs_order_reasons:s remaining_number_of_orders:i available_payment_schedules:a
        payment_schedule:s payment_schedule_locked:z scheduled_to_be_delivered_every_x_month:i
        scheduled_to_be_delivered_on_xth_day:i scheduled_to_be_delivered_every_x_day:i
        scheduled_to_be_delivered_on_xth_day_of_week:i human_scheduled_to_be_delivered_every_x_day_of_week:s
        scheduled_to_be_shipped_at:t scheduled_to_be_delivered_at:t scheduled_delivery_time:s
        scheduled_delivery_time_id:i previous_scheduled_to_be_shipped_at:t
        previous_scheduled_to_be_delivered_at:t suspend_reasons:s cancel_reasons:s suspend_reason_ids:a
        cancel_reason_ids:a elapsed_days_from_suspended:i elapsed_days_from_canceled:i payment_method_name:s
        payment_times:i recurring_block_times:i remaining_block_times:i orders_paid_count:i labels:s
        customer_labels:s product_labels:s customer_contacts:s memo01:s memo02:s adjustment:i
        onetime_adjustment:b default_shipping_carrier_id:i default_shipping_carrier:s
        default_shipping_carrier_locked:b pay_with_epos:b tenant_id:i assigned_admin_id:i registrant_admin_id:i
        linked_memo:s skip_next_scheduled_delivery:b link_number:s pickup_location1:s pickup_location2:s
        doorbell:b order_free_columns:a {STAMPS} suspended_at:t canceled_at:t deleted_at:t""",
    "order_item": f"""
        id:i variant_id:i product_bundled_item_id:i product_number:s product_name:s product_category_names:s
        product_maker_name:s variant_sku:s stock_location_id:i stock_location_name:s list_price:i sales_price:i
        price:i quantity:i set_item_quantity:i point_exchange_quantity:i tax_rate:i onetime:b skip:b
        gift_target_list:a shipping_address_id:i {STAMPS}""",
    "address": f"""
        id:i name01:s name02:s kana01:s kana02:s company_name:s zip01:s zip02:s prefecture_id:i
        prefecture_name:s addr01:s addr02:s addr03:s tel01:s tel02:s tel03:s tel01_received:b tel02_received:b
        tel03_received:b fax01:s fax02:s fax03:s shipping_address_note:s full_name:s full_kana:s full_tel:s
        full_fax:s full_zip:s full_address:s full_address_with_space:s {STAMPS}""",
    "payment": """
        id:i state:s human_state:s payment_method_id:i payment_method_name:s source_id:i source_type:s
        payment_times:i amount:i access_id:s authed_at:t completed_at:t voided_at:t""",
    "customer": f"""
        id:i number:s state:s human_state_name:s customer_rank_id:i customer_rank_name:s email:s mobile_email:s
        sex_id:i sex:s job_id:i job:s birth:t buy_times:i buy_total:i first_order_completed_at:t
        last_order_completed_at:t point:i point_expired_at:t customer_type_id:i customer_type_name:s optin:b
        line_id:s line_id_linked_at:t mail_delivery_stop:b np_royal_customer:b blacklist:b blacklist_reasons:s
        labels:s coupon_codes:s link_number:s {OPTIONS} {STAMPS} deleted_at:t""",
    "note": f"id:i content:s operated_at:t operated_by:i {STAMPS}",
    "point": f"""
        id:i customer_id:i point_event_id:i point_event_type:s point_event_name:s point_event_description:s
        point:i point_total:i first_expired_point_total:i first_expired_point_expired_at:t
        first_limited_point_total:i first_limited_point_expired_at:t {STAMPS} deleted_at:t""",
    "credit_card": """
        id:i month:i year:i last_digits:s name:s gateway_customer_profile_id:s gateway_payment_profile_id:s
        gateway_card_seq:s access_token:s client_ip:s default:b""",
    "product": f"""
        id:i number:s state:s human_state:s name:s for_sale:b position:i upsell_product_id:i
        upsell_product_number:s upsell_product_name:s cv_upsell_product_id:i cv_upsell_product_number:s
        cv_upsell_product_name:s maker_id:i maker_name:s description:s description_mobile:s sub_description:s
        sub_description_mobile:s meta_description:s meta_keywords:s is_recurring:b product_category_names:s
        master_list_price:i master_sales_price:i master_sku:s tax_id:i link_number:s {OPTIONS} labels:s
        first_price:i first_price_include_tax:i {STAMPS} deleted_at:t""",
    "variant": f"""
        id:i sku:s name:s state:s human_state_name:s for_sale:b position:i is_master:b product_id:i
        description:s description_mobile:s volume:i list_price:i sales_price:i options:a link_number:s
        first_price:i first_price_include_tax:i {STAMPS} deleted_at:t""",
    "thumbnail": f"""
        id:i file_name:s content_type:s file_size:i position:i url:s url_small:s url_medium:s url_large:s path:s
        path_small:s path_medium:s path_large:s {STAMPS}""",
    "bundled_item": "id:i variant_id:i quantity:i",
    "product_category": f"""
        id:i name:s parent_name:s path:s slug:s product_category_visibility:b description:s
        product_extra_text:s position:i {STAMPS}""",
    "stock_item": f"""
        id:i stock_location_id:i stock_location_code:s stock_location_name:s product_id:i product_number:s
        variant_id:i variant_sku:s stock:i stock_unlimited:b stock_alert:b stock_borderline:i {STAMPS}
        deleted_at:t""",
    "payment_method": """
        id:i name:s description:s description_mobile:s active:b amount_upper_limit:i amount_under_limit:i
        display_on_mypage:b display_on_admin_oi_page:b use_credit_card_validity_check:b
        cv_offer_realtime_payment:b use_o_plux:b use_spider_af:b""",
    "shipping_carrier": f"""
        id:i name:s code:s description:s description_mobile:s default:b state:s human_state:s min_volume:i
        max_volume:i pickup_locations:a pickup_location_primary_only:z enable_doorbell_option:b {STAMPS}""",
    "delivery_time": "id:i time:s",
    "store": f"""
        id:i name:s orders_count:i lp_default:b cart_default:b cs_default:b order_input_default:b labels:a
        expiry_date_start_at:t expiry_date_end_at:t cost:i {STAMPS} deleted_at:t""",
    "url": f"""
        id:i base_url:s url_group_id:i url_group_name:s advertiser_id:i advertiser_name:s description:s
        purchase_count:i upsell:b cost:i default:b {STAMPS} deleted_at:t""",
    "url_group": f"id:i name:s description:s {STAMPS}",
    "advertiser": f"id:i name:s number:s email:s {STAMPS}",
    "sex": f"id:i name:s position:i state:s {STAMPS} deleted_at:t",
    "order_free_column": f"""
        id:i label:s required:b placeholder:s minlength:i maxlength:i position:i export_to_csv:b enabled:b
        mypage_display_flg:b {STAMPS}""",
    "blacklist_reason": f"id:i name:s reason:s {STAMPS}",
    "search_query": f"id:i name:s type:s {STAMPS}",
    "cancel_reason": f"id:i name:s parent_reason_id:i {STAMPS}",
    "suspend_reason": f"id:i name:s parent_reason_id:i {STAMPS}",
}
AROUND_CUSTOMER = "customer,customer.billing_address,customer.shipping_addresses,customer.notes"
LISTS = {
    "orders": f"{AROUND_CUSTOMER},subs_order,billing_address,shipping_addresses,order_items,payment",
    "subs_orders": f"{AROUND_CUSTOMER},payment,payment.source,orders,order_items,shipping_address",
    "customers": "billing_address,shipping_addresses,notes,points,orders,subs_orders,credit_cards",
    "products": "bundled_items,variants,variants.thumbnails,thumbnail,product_categories",
    "stock_items": "",
    "payment_methods": "",
    "shipping_carriers": "delivery_times",
    "stores": "",
    "urls": "url_group,url_group.advertiser",
    "url_groups": "advertiser",
    "sexes": "",
    "product_categories": "",
    "order_free_columns": "",
    "blacklist_reasons": "",
    "search_queries": "",
    "cancel_reasons": "",
    "suspend_reasons": "",
}


def expected(type_: str) -> dict[str, str]:
    pairs = (word.rpartition(":") for word in TABLE[type_].split())
    return {name: letter for name, _, letter in pairs}


def problems(resource: dict[str, Any]) -> list[str]:
    """Where a resource breaks the contract."""
    type_, attributes = resource["type"], resource["attributes"]
    table = expected(type_)
    found = (
        [f"{type_}: {sorted(set(table) ^ set(attributes))} differ"] if set(table) != set(attributes) else []
    )
    if resource["id"] != str(attributes["id"]):
        found.append(f"{type_}: outer id {resource['id']!r}")
    for name, letter in table.items():
        value = attributes.get(name)
        if value is not None and not TYPES[letter](value):
            found.append(f"{type_}.{name}: {value!r} is no {letter}")
    return found


async def furnish(api: Api) -> None:
    """Fill in what a plain shop leaves empty, so that there is a value to look at."""
    address = {"company_name": "見本商会", "shipping_address_note": "置き配"}
    await api.put(
        f"orders/{api.order.id}",
        {
            "order": {
                "memo01": "1",
                "memo02": "2",
                "linked_memo": "3",
                "remark": "通信欄",
                "scheduled_to_be_shipped_at": "2026-12-03 10:00:00",
                "scheduled_delivery_time_id": 2,
                "assigned_admin_id": 1,
                "registrant_admin_id": 2,
                "delivered_at": "2026-12-05",
                "scheduled_to_be_delivered_at": "2026-12-06",
                "adjustment": -100,
                "url": "mihon-spring",
                "order_free_columns": [{"id": 1, "values": ["雑誌", "口コミ"]}],
                "pickup_locations_attributes": {"pickup_location_id_1": 1, "doorbell": 1},
                "shipping_address_attributes": address,
            }
        },
    )
    await api.put(
        f"subs_orders/{api.subs.id}",
        {
            "subs_order": {
                "remaining_number_of_orders": 5,
                "delivery_time_id": 2,
                "link_number": "L-1",
                "memo01": "1",
                "memo02": "2",
                "linked_memo": "3",
                "assigned_admin_id": 1,
                "registrant_admin_id": 1,
                "pickup_locations_attributes": {"pickup_location_id_2": 2, "doorbell": 0},
                "payment_schedule": "day_of_week",
                "scheduled_to_be_delivered_every_x_month": 1,
                "scheduled_to_be_delivered_on_xth_day_of_week": 2,
                "scheduled_to_be_delivered_every_x_day_of_week": 5,
                "state": "suspend",
                "suspend_reason_ids": ["100002"],
                "payment_schedule_locked": 1,
            }
        },
    )
    person = {
        "sex_id": 2,
        "job_id": 1,
        "customer_rank_id": 1,
        "customer_type_id": 1,
        "birth": "1990-04-01",
        "line_id": "U-mihon",
        "link_number": "C-1",
        "option01": "自由",
        "mobile_email": "mihon-m@example.jp",
        "is_blacklist": 1,
        "notes_attributes": [{"content": "メモ", "operated_at": "2026/11/26 10:00:00", "operated_by": 1}],
    }
    await api.put(f"customers/{api.customer.id}", {"customer": person})
    points = {"with_create": 1, "name": "お詫び", "description": "遅配", "point": 10}
    await api.post(f"customers/{api.customer.id}/points", points | {"point_event_id": 1})
    goods = {"id": 203, "label_ids": [1], "link_number": "P-1", "option02": "x"}
    await api.put("products/bulk_update", {"products": [goods]})
    card = {"gateway_customer_profile_id": "p", "gateway_payment_profile_id": "q", "gateway_card_seq": "0"}
    new_card = {"year": 2030, "month": 4, "last_digits": "4242", "name": "MIHON HANAKO"} | card
    await api.post(f"customers/{api.customer.id}/credit_cards/bulk_create", {"credit_cards": [new_card]})
    await api.put("orders/bulk_update", {"orders": [{"id": api.order.id, "link_number": "O-1"}]})
    await api.put(f"subs_orders/{api.subs.id}/sets/bulk_update", {"variants": [{"id": api.variant(TEA.sku)}]})
    place_the_rest(api)
    api.cart.shop.variants[TEA_SUBS.sku].bundled = [SERUM.sku]
    api.cart.shop.variants[TEA.sku].stock_borderline = 5
    await api.put("orders/shipping", {"orders": [result_row(api.single)], "with_sale": 1})
    api.cart.cancel(api.split.id)
    await api.delete("orders/bulk_destroy", {"order_ids": [api.split.id]})
    await api.until("2026-11-26 09:10:00")


def place_the_rest(api: Api) -> None:
    """Orders and labels that come by other ways than the API."""
    for record, label in ((api.order, "再与信対象"), (api.subs, "要電話"), (api.customer.profile, "VIP")):
        record.labels.append(label)
    every = {"inserts": (LEAFLET.sku,), "wrapping": "あり", "coupon": "MIHON10", "coupon_discount": 100}
    api.cart.place(an_order(tbc_reasons=("住所確認",), card="hold", **every))
    api.cart.place(an_order(card="decline"))
    api.cart.pay_bank(api.cart.place(an_order(payment_method_id=15)).id)
    cycles = (Cycle.every(45), Cycle.monthly(2, 99))
    term, monthly = (api.cart.place(an_order(items=((TEA_SUBS.sku, 1),), cycle=each)) for each in cycles)
    assert term.subs_id is not None and monthly.subs_id is not None
    api.cart.set_subs_state(term.subs_id, "canceled", by="admin")
    api.cart.shop.subs[term.subs_id].cancel_reason_ids = [100001]


async def test_every_attribute_of_every_list_has_its_type() -> None:
    seen: dict[str, set[str]] = {}
    async with an_api() as api:
        await furnish(api)
        for path, include in LISTS.items():
            reply = await api.get(path, include=include, per="100", q__with_deleted="1")
            assert reply.status == 200, path
            assert {type(value) for value in reply.json["meta"].values()} == {int}
            assert reply.json["data"], path
            for resource in [*reply.json["data"], *reply.json["included"]]:
                assert problems(resource) == [], path
                filled = {name for name, value in resource["attributes"].items() if value is not None}
                seen.setdefault(resource["type"], set()).update(filled)
    assert set(seen) == set(TABLE)
    for type_ in TABLE:
        assert set(expected(type_)) - seen[type_] == set(NEVER_FILLED.get(type_, "").split()), type_


async def test_what_is_no_resource_has_its_shape_too() -> None:
    async with an_api() as api:
        labels = await api.get("labels", q__type_eq="Order")
        accesses = await api.get("advertisements")
        job = await api.post("subs_orders/bulk_recalculate", {"subs_order_ids": [api.subs.id]})
    assert [label["name"] for label in labels.json["data"]] == ["再与信完了", "再与信対象"]
    assert set(labels.json["data"][0]) == {
        "id",
        "name",
        "color",
        "position",
        "search_form_visibility",
        "type",
    }
    assert set(labels.json["meta"]) == {"total_count", "page", "per", "count", "total_pages"}
    assert set(accesses.json) == {"data", "created_at_gteq", "created_at_lt"}
    assert accesses.json["data"]["access_count"][0] == {
        "id": 12,
        "base_url": "mihon-lp",
        "total": 350,
        "pc": 40,
        "sp": 310,
        "other": 0,
    }
    assert accesses.json["created_at_gteq"] == "2026/11/19 00:00:00"
    assert accesses.json["created_at_lt"] == "2026/11/26 23:59:59"
    assert {name: type(value) for name, value in job.json.items()} == {"id": int, "job_id": str}


async def test_lighter_replies_keep_the_types_and_drop_what_is_said_to_be_dropped() -> None:
    async with an_api() as api:
        await furnish(api)
        for path, type_, gone in (
            ("orders", "order", "subtotal8 total10 campaigns human_state labels tracking_url store_name"),
            ("subs_orders", "sub_order", "labels human_state payment_method_name suspend_reasons"),
            ("customers", "customer", "labels sex job blacklist_reasons human_state_name"),
            ("products", "product", "labels human_state master_sku maker_name"),
        ):
            light = (await api.get(path, lighter="1", include="order_items")).json
            full = (await api.get(path, lighter="0")).json
            table = expected(type_)
            for resource in light["data"]:
                assert not set(gone.split()) & set(resource["attributes"])
                for name, value in resource["attributes"].items():
                    assert value is None or TYPES[table[name]](value), name
            assert light["data"][0]["relationships"] == full["data"][0]["relationships"]
            assert set(full["data"][0]["attributes"]) == set(table)


# What stays null in the furnished shop. Everything else was seen with a value, so its type was really looked at.
NEVER_FILLED: dict[str, str] = {
    "order": """
        payment_access_pass payment_number tracking_url picked_at first_reminded_at remindered_at
        reminder_count due_at subs_order_memo01 subs_order_memo02 invite_code cv_route at_score_result
        o_plux_description spider_af_result spider_af_description customer_contacts tenant_id
        pickup_location2""",
    "sub_order": "wrapping customer_contacts tenant_id pickup_location1 deleted_at",
    "order_item": "product_maker_name",
    "address": "tel01_received tel02_received tel03_received fax01 fax02 fax03",
    "customer": """
        point_expired_at line_id_linked_at coupon_codes option02 option03 option04 option05 option06
        option07 option08 option09 option10 deleted_at""",
    "point": """
        point_event_type first_expired_point_total first_expired_point_expired_at
        first_limited_point_total first_limited_point_expired_at deleted_at""",
    "credit_card": "access_token client_ip",
    "product": """
        upsell_product_id upsell_product_number upsell_product_name cv_upsell_product_id
        cv_upsell_product_number cv_upsell_product_name maker_id maker_name description description_mobile
        sub_description sub_description_mobile meta_description meta_keywords option01 option03 option04
        option05 option06 option07 option08 option09 option10 first_price first_price_include_tax
        deleted_at""",
    "variant": "description description_mobile volume first_price first_price_include_tax deleted_at",
    "product_category": "description product_extra_text",
    "stock_item": "deleted_at",
    "payment_method": "description description_mobile amount_upper_limit amount_under_limit",
    "shipping_carrier": "description description_mobile min_volume max_volume",
    "store": "expiry_date_start_at expiry_date_end_at cost deleted_at",
    "url": "description deleted_at",
    "advertiser": "email",
    "sex": "deleted_at",
    "order_free_column": "placeholder minlength maxlength",
}
