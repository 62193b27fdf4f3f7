"""Warehouse news (倉庫の在庫と返品): `connector stock` and `connector goods-returns`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.commands.options import DEFAULT, Config, Json, Lang, ShopKey
from connector.console import in_world, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.ledger.shelves import Comparison
    from connector.ledger.views.goods_back import ReturnRow
    from connector.ledger.views.warehouse_news import StockRow
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
        seen = await world.database.read(lambda c: warehouse_news.compared(c, key))
        lines = [
            f"{row.warehouse}  {row.sku} {row.lot}".rstrip()
            + f"  {words.label('goods_good', language)} {row.good}"
            + f"  {words.label('goods_allocated', language)} {row.allocated}"
            + f"  {words.label('goods_bad', language)} {row.bad}"
            + f"  ({words.moment(row.told_at, language)})"
            + (f"  {words.label('goods_old', language)}" if row.old else "")
            for row in rows
        ]
        if seen is not None:
            lines += ["", *_compared(rows, seen, language)]
        return rows, "\n".join(lines) or words.label("none", language)

    model, text = in_world(config, work)
    show(model, json, text)


def _compared(rows: Sequence[StockRow], seen: Comparison, lang: str) -> list[str]:
    """Where the warehouse and Next Engine differ, item by item."""
    from connector import words
    from connector.ledger.views.warehouse_news import different

    at = words.moment(seen.at, lang)
    if seen.words:
        return [f"{words.label('goods_not_compared', lang)}: {seen.words} ({at})"]
    found = different(rows)
    lines = [f"{words.label('goods_different', lang)}: {len(found)} ({at})"]
    for row in found:
        there = words.label("goods_unknown_there", lang)
        if row.difference is not None:
            there = f"{words.label('goods_difference', lang)} {row.difference:+d} (NE {row.next_engine})"
        lines.append(f"  {row.sku}  {there}")
    return [*lines, f"  {words.label('goods_different_do', lang)}"] if found else lines


def goods_returns(config: Config = DEFAULT, shop: ShopKey = "", json: Json = False, lang: Lang = "") -> None:
    """Goods that came back to the warehouse, newest first; nothing is refunded by it.

    Example: connector goods-returns --json
    """
    from connector import words
    from connector.ledger.views.goods_back import goods_back

    async def work(world: World) -> tuple[list[ReturnRow], str]:
        key, language = world.shop(shop).shop.key, lang or world.settings.language
        rows = await world.database.read(lambda c: goods_back(c, key))
        slip, order = words.label("goods_slip_number", language), words.label("goods_order_number", language)
        nobody = words.label("goods_no_slip", language)
        lines: list[str] = []
        for row in rows:
            whose = (
                f"{order} {row.order_number}  {slip} {row.slip}"
                if row.known
                else f"{nobody} {row.slip_number}"
            )
            lines += [f"{row.said(language)}  {whose}".rstrip(), f"    {row.what_to_do(language)}"]
        return rows, "\n".join(lines) or words.label("none", language)

    model, text = in_world(config, work)
    show(model, json, text)
