"""Searching, sorting and paging over the API: every predicate, association paths, and the traps (spec §2.2–2.3)."""

from __future__ import annotations

import pytest

from tests.contract.cart_api import Api, an_api, rows
from tests.contract.cart_shapes import SERUM, TEA_SUBS, an_order

NIGHT = "2026-11-26 12:00:00"

# attribute and predicate, wanted value, what is found among: t(ea subscription's first), s(erum), b(oth addresses)
PREDICATES: tuple[tuple[str, str, str], ...] = (
    ("email_eq", "mihon-jiro@example.jp", "b"),
    ("email_not_eq", "mihon-jiro@example.jp", "ts"),
    ("number_in", "{t},{b}", "tb"),
    ("number_not_in", "{t},{b}", "s"),
    ("email_cont", "HANAKO", "ts"),
    ("email_not_cont", "hanako", "b"),
    ("email_start", "mihon-j", "b"),
    ("email_end", "example.jp", "tsb"),
    ("subtotal_lt", "5500", "t"),
    ("subtotal_lteq", "5500", "ts"),
    ("subtotal_gt", "5500", "b"),
    ("subtotal_gteq", "5500", "sb"),
    ("subs_order_id_null", "1", "sb"),
    ("subs_order_id_null", "0", "t"),
    ("subs_order_id_not_null", "1", "t"),
    ("memo01_present", "1", "s"),
    ("memo01_present", "0", "tb"),
    ("memo01_blank", "1", "tb"),
    ("multiple_shipping_true", "1", "b"),
    ("multiple_shipping_false", "1", "ts"),
    ("multiple_shipping_eq", "1", "b"),
    # association paths
    ("payment_payment_method_id_eq", "24", "s"),
    ("payment_state_in", "credit_exam_completed,void", "s"),
    ("payment_state_eq", "authed", "tb"),
    ("customer_email_eq", "mihon-jiro@example.jp", "b"),
    ("order_items_variant_sku_eq", SERUM.sku, "sb"),
    ("order_items_variant_sku_in", f"{SERUM.sku},{TEA_SUBS.sku}", "tsb"),
    ("order_items_product_number_cont", "teiki", "t"),
    ("order_items_product_category_names_eq", "お茶", "t"),
    # dates: a day alone is midnight in Japan
    ("completed_at_gteq", "2026-11-26", "tsb"),
    ("completed_at_lt", "2026/11/26", ""),
    ("created_at_gteq", "2026-11-26 08:00:01", ""),
    ("times_eq", "1", "tsb"),
    ("times_eq", "one", ""),
    # nobody knows these: ignored
    ("mood_eq", "good", "tsb"),
    ("number_sounds_like", "x", "tsb"),
)


@pytest.mark.parametrize(
    ("search", "wanted", "found"), PREDICATES, ids=[f"{p[0]}={p[1]}" for p in PREDICATES]
)
async def test_a_search_finds_what_it_says(search: str, wanted: str, found: str) -> None:
    async with an_api() as api:
        orders = {"t": api.order, "s": api.single, "b": api.split}
        orders["s"].memo01 = "あり"
        value = wanted.format(t=api.order.number, b=api.split.number)
        many = search.endswith(("_in", "_not_in"))
        keys = [(f"q[{search}][]", each) for each in value.split(",")] if many else [(f"q[{search}]", value)]
        reply = await api.caller.call("GET", "/api/v2/admin/orders", query=keys)
        warnings = api.cart.shop.warnings
    assert set(rows(reply)) == {orders[letter].id for letter in found}
    assert bool(warnings) is search.startswith(("mood", "number_sounds"))


async def test_the_day_of_shipping_is_missed_by_eq_once_it_has_an_hour() -> None:
    async with an_api() as api:
        wish = {"order": {"scheduled_to_be_shipped_at": "2026-12-03 10:00:00"}}
        await api.put(f"orders/{api.order.id}", wish)
        midnight = {"order": {"scheduled_to_be_shipped_at": "2026-12-03"}}
        await api.put(f"orders/{api.single.id}", midnight)
        trap = await api.get("orders", q__scheduled_to_be_shipped_at_eq="2026-12-03")
        day = {
            "q__scheduled_to_be_shipped_at_gteq": "2026-12-03",
            "q__scheduled_to_be_shipped_at_lt": "2026-12-04",
        }
        half_open = await api.get("orders", **day)
    assert rows(trap) == [api.single.id]
    assert set(rows(half_open)) == {api.order.id, api.single.id}


async def test_a_real_clients_reading_works() -> None:
    """§11, the poll of a production client word for word."""
    async with an_api() as api:
        reply = await api.get(
            "orders",
            sort="-updated_at,id",
            include="shipping_address,order_items",
            lighter="0",
            q__state_eq="complete",
            q__scheduled_to_be_shipped_at_gteq="2026-11-01",
            q__scheduled_to_be_shipped_at_lteq="2026-12-31",
        )
    newest = sorted(
        (api.order, api.single, api.split), key=lambda each: (-each.updated_at.timestamp(), each.id)
    )
    assert rows(reply) == [each.id for each in newest]
    assert {each["type"] for each in reply.json["included"]} == {"address", "order_item"}


async def test_sorting_takes_three_attributes_and_drops_the_rest() -> None:
    async with an_api() as api:
        order = await api.get("orders", sort="total,-id")
        default = await api.get("orders")
        by_time = await api.get("subs_orders", sort="created_at")
        people = await api.get("customers", sort="-created_at,id")
        masters = await api.get("stores", sort="created_at")
    assert rows(order) == rows(default) == sorted(rows(default), reverse=True)
    assert rows(by_time) == [api.subs.id]
    assert rows(people) == sorted(rows(people))
    assert rows(masters) == [2, 1]  # has no such attribute here: newest id first


async def test_pages_are_capped_and_point_on() -> None:
    async with an_api() as api:
        for _ in range(120):
            api.cart.place(an_order())
        default = await api.get("orders")
        capped = await api.get("orders", per="500")
        last = await api.get("orders.json", per="100", page="2")
        odd = await api.get("orders", per="x", page="0")
    assert default.json["meta"] == {"total_count": 123, "page": 1, "per": 20, "count": 20, "total_pages": 7}
    assert capped.json["meta"]["count"] == 100
    base = f"{api.caller.base}/api/v2/admin/orders"
    assert last.json["links"] == {
        "self": f"{base}?page=2&per=100",
        "prev": f"{base}?page=1&per=100",
        "first": f"{base}?page=1&per=100",
        "next": f"{base}?page=&per=100",  # the quirk: an empty page, never followed blindly
        "last": f"{base}?page=2&per=100",
    }
    assert odd.json["meta"] == default.json["meta"]


async def follow(api: Api, path: str, **query: str) -> list[int]:
    reply = await api.get(path, **query)
    return rows(reply)


async def test_other_lists_are_searched_by_their_own_attributes() -> None:
    async with an_api() as api:
        product = api.cart.shop.variants[TEA_SUBS.sku].product_id
        found = {
            "subs by state": await follow(api, "subs_orders", q__state_eq="active"),
            "subs by sku": await follow(api, "subs_orders", q__order_items_variant_sku_eq=TEA_SUBS.sku),
            "subs by mail": await follow(api, "subs_orders", q__customer_email_start="mihon-jiro"),
            "products by category": await follow(api, "products", q__product_category_names_cont="お"),
            "products by name": await follow(api, "products", q__name_cont="定期"),
            "products by way": await follow(api, "products", q__is_recurring_eq="1"),
            "stock by sku": await follow(api, "stock_items", q__variant_sku_in="x"),
            "methods": await follow(api, "payment_methods", q__name_cont="代金", q__active_eq="1"),
            "carriers": await follow(api, "shipping_carriers", q__name_eq="佐川急便"),
            "urls": await follow(api, "urls", q__base_url_eq="mihon-spring"),
            "groups": await follow(api, "url_groups", q__advertiser_id_eq="3"),
            "reasons": await follow(api, "cancel_reasons", q__id_gt="1"),
            "columns": await follow(api, "order_free_columns", q__label_cont="味"),
            "saved": await follow(api, "search_queries", type="order"),
        }
    assert found == {
        "subs by state": [api.subs.id],
        "subs by sku": [api.subs.id],
        "subs by mail": [],
        "products by category": [product],
        "products by name": [product],
        "products by way": [product],
        "stock by sku": [],
        "methods": [5],
        "carriers": [2],
        "urls": [13],
        "groups": [6],
        "reasons": [100001],
        "columns": [2],
        "saved": [3],
    }


async def test_lighter_is_a_setting_of_the_shop_and_a_wish_of_the_caller() -> None:
    async with an_api() as api:
        full = await api.attributes(f"orders/{api.order.id}")
        light = await api.attributes(f"orders/{api.order.id}", lighter="1")
        api.cart.shop.settings = api.cart.shop.settings.__class__(
            requests_per_minute=None, lighter_default=True
        )
        by_default = await api.attributes(f"orders/{api.order.id}")
        asked = await api.attributes(f"orders/{api.order.id}", lighter="0")
    assert set(light) < set(full)
    assert set(by_default) == set(light)
    assert set(asked) == set(full)
