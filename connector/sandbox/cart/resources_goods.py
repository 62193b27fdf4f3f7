"""Resources of goods (商品, SKU, 在庫, 商品カテゴリー, 同梱物) as JSON:API (spec/ecforce.md §2.15, §2.17)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from connector.adapters.ecforce import wire
from connector.sandbox.cart.masters import Category
from connector.sandbox.cart.model import Variant
from connector.sandbox.cart.resources import (
    STOCK_LOCATION,
    Attributes,
    Resource,
    joined,
    relation,
    relations,
    resource,
)
from connector.sandbox.cart.resources_masters import NEVER_CHANGED
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.texts import stamp

DEFAULT_LOCATION: Final = "default"  # §2.17
IMAGE_HOST: Final = "https://images.example.jp"
UPSELLS: Final = dict.fromkeys(
    f"{kind}_product_{part}" for kind in ("upsell", "cv_upsell") for part in ("id", "number", "name")
)
DESCRIPTIONS: Final = dict.fromkeys(
    (
        "description",
        "description_mobile",
        "sub_description",
        "sub_description_mobile",
        "meta_description",
        "meta_keywords",
    )
)
OPTIONS: Final = tuple(f"option{k:02}" for k in range(1, 11))


def product_resource(shop: Shop, variant: Variant) -> Resource:
    goods = variant.goods
    labels = (label.name for label in shop.settings.masters.labels if label.id in variant.label_ids)
    return resource(
        wire.TYPE_PRODUCT,
        {
            "id": variant.product_id,
            "number": goods.product_number,
            **_state(variant),
            "name": goods.name,
            "for_sale": variant.for_sale,
            "position": variant.product_id,
            **UPSELLS,
            "maker_id": None,
            "maker_name": None,
            **DESCRIPTIONS,
            "is_recurring": goods.recurring,
            "product_category_names": joined(category_names(shop, variant)),
            "master_list_price": goods.price,
            "master_sales_price": goods.price,
            "master_sku": goods.sku,
            "tax_id": goods.tax_rate,
            "link_number": variant.link_number,
            **{name: variant.options.get(name) for name in OPTIONS},
            "labels": joined(labels),
            "first_price": None,
            "first_price_include_tax": None,
            **_stamps(variant),
        },
        {
            "variants": relations(wire.TYPE_VARIANT, [variant.id]),
            "thumbnail": relation(wire.TYPE_THUMBNAIL, variant.product_id),
            "bundled_items": relations(wire.TYPE_BUNDLED_ITEM, bundled_ids(shop, variant)),
            "product_categories": relations(
                wire.TYPE_PRODUCT_CATEGORY, [category.id for category in categories(shop, variant)]
            ),
        },
    )


def _state(variant: Variant) -> Attributes:
    state, human = ("active", "表示") if variant.active else ("inactive", "非表示")
    return {"state": state, "human_state": human}


def _stamps(variant: Variant) -> Attributes:
    return {
        "created_at": stamp(variant.created_at),
        "updated_at": stamp(variant.updated_at),
        "deleted_at": stamp(variant.deleted_at),
    }


def categories(shop: Shop, variant: Variant) -> list[Category]:
    """By id, and by the name an article was seeded with."""
    return [
        category
        for category in shop.settings.masters.categories
        if category.id in variant.category_ids or category.name == variant.goods.category
    ]


def category_names(shop: Shop, variant: Variant) -> list[str]:
    """A seeded name counts even when no master carries it."""
    names = [category.name for category in categories(shop, variant)]
    seeded = variant.goods.category
    return names if seeded is None or seeded in names else [seeded, *names]


def bundled_ids(shop: Shop, variant: Variant) -> list[int]:
    return [shop.variants[sku].id for sku in variant.bundled if sku in shop.variants]


def bundled_resources(shop: Shop, variant: Variant) -> Iterable[Resource]:
    for id_ in bundled_ids(shop, variant):
        yield resource(wire.TYPE_BUNDLED_ITEM, {"id": id_, "variant_id": id_, "quantity": 1})


def thumbnail_resource(variant: Variant) -> Resource:
    name = f"{variant.goods.product_number}.png"
    sizes = ("", "_small", "_medium", "_large")
    return resource(
        wire.TYPE_THUMBNAIL,
        {
            "id": variant.product_id,
            "file_name": name,
            "content_type": "image/png",
            "file_size": 2048,
            "position": 1,
            **{f"url{size}": f"{IMAGE_HOST}/products/{variant.product_id}{size}/{name}" for size in sizes},
            **{f"path{size}": f"/products/{variant.product_id}{size}/{name}" for size in sizes},
            "created_at": stamp(variant.created_at),
            "updated_at": stamp(variant.updated_at),
        },
    )


def category_resource(place: int, category: Category) -> Resource:
    return resource(
        wire.TYPE_PRODUCT_CATEGORY,
        {
            "id": category.id,
            "name": category.name,
            "parent_name": category.parent,
            "path": "/".join(part for part in (category.parent, category.name) if part),
            "slug": category.slug,
            "product_category_visibility": True,
            "description": None,
            "product_extra_text": None,
            "position": place,
            **NEVER_CHANGED,
        },
    )


def variant_resource(variant: Variant) -> Resource:
    goods, state = variant.goods, _state(variant)
    return resource(
        wire.TYPE_VARIANT,
        {
            "id": variant.id,
            "sku": goods.sku,
            "name": goods.name,
            "state": state["state"],
            "human_state_name": state["human_state"],
            "for_sale": variant.for_sale,
            "position": 1,
            "is_master": True,
            "product_id": variant.product_id,
            "description": None,
            "description_mobile": None,
            "volume": None,
            "list_price": goods.price,
            "sales_price": goods.price,
            "options": [],
            "link_number": variant.link_number,
            "first_price": None,
            "first_price_include_tax": None,
            **_stamps(variant),
        },
        {"thumbnails": relations(wire.TYPE_THUMBNAIL, [variant.product_id])},
    )


def stock_resource(variant: Variant) -> Resource:
    borderline = variant.stock_borderline
    return resource(
        wire.TYPE_STOCK_ITEM,
        {
            "id": variant.id,
            **STOCK_LOCATION,
            "stock_location_code": DEFAULT_LOCATION,
            "product_id": variant.product_id,
            "product_number": variant.goods.product_number,
            "variant_id": variant.id,
            "variant_sku": variant.goods.sku,
            "stock": variant.stock,
            "stock_unlimited": variant.stock_unlimited,
            "stock_alert": borderline is not None and variant.stock <= borderline,
            "stock_borderline": borderline,
            **_stamps(variant),
        },
    )
