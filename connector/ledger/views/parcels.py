"""Parcels (複数お届け先の一覧): under which numbers one order of the cart walks."""

from __future__ import annotations

from sqlalchemy import Connection, select

from connector.ledger import codec
from connector.ledger.schema import orders


def parcels_of(connection: Connection, shop: str, number: str) -> list[str]:
    """The numbers of all parcels, by the cart's own number or by one of theirs; none for an order to one address."""
    own = select(orders.c.cart_order_id).where(orders.c.shop == shop, orders.c.number == number)
    begins = orders.c.number.startswith(f"{number}-", autoescape=True)
    cart_ids = set(connection.scalars(own)) or set(
        connection.scalars(select(orders.c.cart_order_id).where(orders.c.shop == shop, begins))
    )
    here = (orders.c.shop == shop, orders.c.cart_order_id.in_(sorted(cart_ids)))
    query = select(orders.c.number, orders.c.body).where(*here).order_by(orders.c.id)
    found = {row.number: codec.order(row.body).parcel_of for row in connection.execute(query)}
    whole = found.get(number) or number
    return [parcel for parcel, parcel_of in found.items() if parcel_of == whole]
