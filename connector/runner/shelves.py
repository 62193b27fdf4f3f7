"""Shelves (在庫の突き合わせ): once for each file of stock, what Next Engine has of the same items.

Only looked at, for people to see: nobody's stock is changed. What cannot be asked now is asked with the next pass;
a refusal stands until the warehouse's next file.
"""

from __future__ import annotations

import structlog

from connector.errors import ConnectorError, Refused
from connector.ledger.ledger import Ledger
from connector.ports import Ports, Shelves

journal = structlog.get_logger("journal")


async def compare_shelves(ledger: Ledger, ports: Ports) -> None:
    if not isinstance(ports.orders, Shelves):
        return
    skus = await ledger.items_to_compare()
    if not skus:
        return
    try:
        found, words = await ports.orders.stock_of(skus), ""
    except Refused as no:
        found, words = {}, no.words
    except ConnectorError as error:
        journal.warning("stock_not_compared", shop=ports.shop.key, error=str(error))
        return
    await ledger.keep_comparison(skus, found, ports.now, words)
