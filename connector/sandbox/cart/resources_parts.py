"""Resources that hang on an order (受注商品, 住所, 決済) as JSON:API (spec/ecforce.md §2.12, §12)."""

from __future__ import annotations

from connector.adapters.ecforce import wire
from connector.sandbox.cart.model import Address, Item, Payment
from connector.sandbox.cart.resources import (
    STOCK_LOCATION,
    Attributes,
    Resource,
    joined,
    relation,
    resource,
)
from connector.sandbox.cart.resources_goods import category_names
from connector.sandbox.cart.settings import MethodKind
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.texts import stamp


def item_resource(shop: Shop, item: Item) -> Resource:
    goods = item.variant.goods
    return resource(
        wire.TYPE_ORDER_ITEM,
        {
            "id": item.id,
            "variant_id": item.variant.id,
            "product_bundled_item_id": item.bundled_id,
            "product_number": goods.product_number,
            "product_name": goods.name,
            "product_category_names": joined(category_names(shop, item.variant)),
            "product_maker_name": None,
            "variant_sku": goods.sku,
            **STOCK_LOCATION,
            "list_price": goods.price,
            "sales_price": goods.price,
            "price": item.price,
            "quantity": item.quantity,
            "set_item_quantity": item.set_quantity,
            "point_exchange_quantity": item.point_exchange_quantity,
            "tax_rate": goods.tax_rate,
            "onetime": item.onetime,
            "skip": item.skip,
            "gift_target_list": [],
            "shipping_address_id": item.address_id,  # §15.2
            "created_at": stamp(item.created_at),
            "updated_at": stamp(item.updated_at),
        },
    )


def address_resource(address: Address) -> Resource:
    form = address.postal
    zip01, _, zip02 = form.zip.partition("-")
    tel = [*form.tel.split("-", 2), "", ""]
    prefecture = wire.PREFECTURES[form.prefecture_id - 1]
    lines = [form.addr01, form.addr02, form.addr03]
    attributes: Attributes = {
        "id": address.id,
        "name01": form.name01,
        "name02": form.name02,
        "kana01": form.kana01,
        "kana02": form.kana02,
        "company_name": form.company_name,
        "zip01": zip01,
        "zip02": zip02,
        "prefecture_id": form.prefecture_id,
        "prefecture_name": prefecture,
        "addr01": form.addr01,
        "addr02": form.addr02,
        "addr03": form.addr03,
        **{f"tel0{k}": tel[k - 1] for k in (1, 2, 3)},
        **{f"tel0{k}_received": None for k in (1, 2, 3)},
        **{f"fax0{k}": None for k in (1, 2, 3)},
        "shipping_address_note": form.note,
        "full_name": f"{form.name01} {form.name02}".strip(),
        "full_kana": f"{form.kana01} {form.kana02}".strip(),
        "full_tel": form.tel,
        "full_fax": "",
        "full_zip": form.zip,
        "full_address": prefecture + "".join(lines),
        "full_address_with_space": " ".join(part for part in (prefecture, *lines) if part),
        "created_at": stamp(address.created_at),
        "updated_at": stamp(address.updated_at),
    }
    return resource(wire.TYPE_ADDRESS, attributes)


def payment_resource(
    payment: Payment, *, of_subscription: bool = False, with_source: bool = False
) -> Resource:
    """決済. A subscription's carries the method alone; its label is null (§12). The source shows when asked for."""
    is_card = payment.method.kind is MethodKind.CARD
    return resource(
        wire.TYPE_PAYMENT,
        {
            "id": payment.id,
            "state": payment.state,
            "human_state": None if of_subscription else wire.PAYMENT_STATES[payment.state],
            "payment_method_id": payment.method.id,
            "payment_method_name": payment.method.name,
            "source_id": payment.card_id if is_card else None,
            "source_type": wire.SOURCE_CREDIT_CARD if is_card else None,
            "payment_times": payment.times,
            "amount": payment.amount,
            "access_id": payment.access_id,
            "authed_at": stamp(payment.authed_at),
            "completed_at": stamp(payment.completed_at),
            "voided_at": stamp(payment.voided_at),
        },
        {"source": relation(wire.TYPE_CREDIT_CARD, payment.card_id if is_card else None)}
        if with_source
        else None,
    )
