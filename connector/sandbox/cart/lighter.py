"""Lighter replies (軽量版): which attributes `lighter=1` leaves out of each kind of resource.

spec/ecforce.md §2.3: the real list is not public; amounts per rate, labels, human words, resolved names,
tracking URL and reasons go, relationships stay (§15.8).
"""

from __future__ import annotations

from typing import Any, Final

from connector.adapters.ecforce import wire

ORDER: Final = frozenset(
    f"{family}{rate}"
    for family in ("subtotal", "discount", "point", "discount_with_point", "tax", "total")
    for rate in (8, 10)
) | frozenset(
    [
        "labels",
        "customer_labels",
        "subs_order_labels",
        "product_labels",
        "human_offer_name",
        "human_state",
        "payment_human_state",
        "payment_method_name",
        "shipping_carrier_name",
        "stock_location_name",
        "tracking_url",
        "order_free_columns",
        "campaigns",
        "tbc_order_reasons",
    ]
)
SUBS_ORDER: Final = frozenset(
    [
        "labels",
        "customer_labels",
        "product_labels",
        "human_state",
        "human_scheduled_to_be_delivered_every_x_day_of_week",
        "payment_method_name",
        "order_free_columns",
        "tbc_subs_order_reasons",
        "suspend_reasons",
        "cancel_reasons",
    ]
)
CUSTOMER: Final = frozenset(
    [
        "human_state_name",
        "customer_rank_name",
        "sex",
        "job",
        "customer_type_name",
        "blacklist_reasons",
        "labels",
        "coupon_codes",
    ]
)
PRODUCT: Final = frozenset(["human_state", "maker_name", "master_sku", "product_category_names", "labels"])
DROPS: Final = {
    wire.TYPE_ORDER: ORDER,
    wire.TYPE_SUBS_ORDER: SUBS_ORDER,
    wire.TYPE_CUSTOMER: CUSTOMER,
    wire.TYPE_PRODUCT: PRODUCT,
}


def lightened(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource without what its lighter variant leaves out."""
    drops = DROPS.get(resource["type"], frozenset())
    attributes = {key: value for key, value in resource["attributes"].items() if key not in drops}
    return resource | {"attributes": attributes}
