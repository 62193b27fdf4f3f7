"""Warehouse news (倉庫の在庫と返品): `connector stock` and `connector goods-returns`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.commands.options import DEFAULT, Config, Json, Lang, ShopKey
from connector.console import in_world, show

if TYPE_CHECKING:
    from connector.ledger.views.warehouse_news import ReturnRow, StockRow
    from connector.wiring import World


def stock(config: Config = DEFAULT, shop: ShopKey = "", json: Json = False, lang: Lang = "") -> None:
    """What the warehouse said last about its shelves, with the time of its word.

    Example: connector stock --json
    """
    from connector import words
    from connector.ledger.views import warehouse_news

    async def work(world: World) -> tuple[list[StockRow], str]:
        key, language = world.shop(shop).shop.key, lang or world.settings.language
        rows = await world.database.read(lambda c: warehouse_news.stock(c, key))
        lines = [
            f"{row.warehouse}  {row.sku} {row.lot}".rstrip()
            + f"  {words.label('goods_good', language)} {row.good}"
            + f"  {words.label('goods_allocated', language)} {row.allocated}"
            + f"  {words.label('goods_bad', language)} {row.bad}"
            + f"  ({words.moment(row.told_at, language)})"
            for row in rows
        ]
        return rows, "\n".join(lines) or words.label("none", language)

    model, text = in_world(config, work)
    show(model, json, text)


def goods_returns(config: Config = DEFAULT, shop: ShopKey = "", json: Json = False, lang: Lang = "") -> None:
    """Goods that came back to the warehouse, newest first; nothing is refunded by it.

    Example: connector goods-returns --json
    """
    from connector import words
    from connector.ledger.views import warehouse_news

    async def work(world: World) -> tuple[list[ReturnRow], str]:
        key, language = world.shop(shop).shop.key, lang or world.settings.language
        rows = await world.database.read(lambda c: warehouse_news.goods_back(c, key))
        nobody = words.label("goods_no_slip", language)
        lines = [
            f"{row.arrived_on}  {row.return_number}  {row.slip_number or '-'}"
            + ("" if row.known else f" ({nobody})")
            + f"  {row.sku} × {row.quantity}  {words.label(f'goods_{row.condition}', language)}  {row.reason}".rstrip()
            for row in rows
        ]
        return rows, "\n".join(lines) or words.label("none", language)

    model, text = in_world(config, work)
    show(model, json, text)
