"""Bench (計測): orders per second and peak memory of ingest → store → map → CSV; ratios, not promises.

Each size runs in a fresh process, because peak memory is a property of a process. The measured path is the shipped
one: typed reading, the ledger with versions and history, the compiled mapping, cp932. Pages are made on the way, so
memory that grows with the number of orders would be ours; making them is not part of the time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

PAGE = 100
CSV_BATCH = 1_000


def measure(sizes: Sequence[int]) -> list[dict[str, Any]]:
    """One result per size, in order."""
    return [_in_child(size) for size in sizes]


def table(results: Sequence[dict[str, Any]]) -> str:
    """The results for people, with the growth between the smallest and the largest."""
    head = f"{'orders':>9} {'orders/s':>9} {'read µs':>8} {'store µs':>9} {'map µs':>7} {'peak MiB':>9}"
    lines = [head]
    for one in results:
        per = {name: 1e6 * one[name] / one["orders"] for name in ("read_s", "store_s", "map_s")}
        lines.append(
            f"{one['orders']:>9,} {one['orders_per_s']:>9,.0f} {per['read_s']:>8.0f} {per['store_s']:>9.0f} "
            f"{per['map_s']:>7.0f} {one['peak_mib']:>9.1f}"
        )
    if len(results) > 1:
        first, last = results[0], results[-1]
        lines.append(
            f"{last['orders'] // first['orders']}x the orders: "
            f"{last['peak_mib'] / first['peak_mib']:.2f}x the memory, "
            f"{first['orders_per_s'] / last['orders_per_s']:.2f}x the time per order"
        )
    return "\n".join(lines)


def _in_child(size: int) -> dict[str, Any]:
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "connector.bench", str(size)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None  # noqa: S101 - PIPE was asked for
    line = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"the measured process of {size} orders ended with {child.returncode}")
    return {**json.loads(line), "peak_mib": round(used.ru_maxrss / 1024, 1)}


def run(size: int) -> dict[str, Any]:
    """The measured process: read, store and map `size` orders, a page at a time."""
    from connector.adapters.ecforce.reader import read_page
    from connector.adapters.ecforce.translation import translate
    from connector.config import shipped_mappings
    from connector.ledger.database import Database, migrate
    from connector.ledger.receive import receive
    from connector.mapping import load_csv_writer, load_tables
    from connector.shop import Shop

    mappings = shipped_mappings()
    tables = load_tables(mappings / "tables")
    writer = load_csv_writer(mappings / "next_engine/order_csv.yaml", tables)
    now = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
    shop = Shop(key="bench", name="計測", start_at=now - timedelta(days=30), ne_shop_id="1")
    spent = {"read_s": 0.0, "store_s": 0.0, "map_s": 0.0}
    csv_bytes = rows = 0
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/ledger.sqlite3", inline=True)
        migrate(database)
        for body in pages(size):
            started = time.perf_counter()
            page = read_page(body).page
            orders = [translate(order, tables) for order in page.orders]
            read = time.perf_counter()
            with database.engine.begin() as connection:
                receive(connection, shop, orders, None, now)
            stored = time.perf_counter()
            written = writer.write(orders)
            mapped = time.perf_counter()
            csv_bytes += len(written.body)
            rows += written.rows
            spent["read_s"] += read - started
            spent["store_s"] += stored - read
            spent["map_s"] += mapped - stored
        database.close()
    total = sum(spent.values())
    return {
        "orders": size,
        "rows": rows,
        "csv_bytes": csv_bytes,
        "orders_per_s": round(size / total, 1),
        "seconds": round(total, 3),
        **{name: round(value, 3) for name, value in spent.items()},
    }


def pages(size: int) -> Iterator[bytes]:
    """Pages of 100 distinct orders in the cart's own form (spec/ecforce.md §2.2, §2.8)."""
    for first in range(0, size, PAGE):
        numbers = range(first, min(first + PAGE, size))
        orders = [_order(number) for number in numbers]
        meta = {"total_count": size, "page": first // PAGE + 1, "per": PAGE, "count": len(orders)}
        document = {
            "data": [order for order, _ in orders],
            "included": [resource for _, included in orders for resource in included],
            "meta": meta | {"total_pages": -(-size // PAGE)},
        }
        yield json.dumps(document, ensure_ascii=False).encode()


def _order(n: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """One order with one to three lines, and what is included with it."""
    lines = 1 + n % 3
    prices = [(1944, 8), (2200, 10), (540, 8)][:lines]
    sub8 = sum(price for price, rate in prices if rate == 8)
    sub10 = sum(price for price, rate in prices if rate == 10)
    order_id, address_id = 1_000_000 + n, 5_000_000 + n
    attributes = {
        "id": order_id,
        "number": f"{n:010x}",
        "customer_id": n,
        "kind": "通常受注",
        "times": 1,
        "payment_method_id": 1,
        "payment_method_name": "クレジットカード",
        "payment_state": "authed",
        "state": "complete",
        "email": f"bench{n}@example.jp",
        "subtotal": sub8 + sub10,
        "subtotal8": sub8,
        "subtotal10": sub10,
        **dict.fromkeys(
            ("discount", "point", "discount_with_point", "misc_fee", "deliv_fee", "charge", "adjustment"), 0
        ),
        **dict.fromkeys(("tax", "tax8", "tax10"), 0),
        "total": sub8 + sub10,
        "payment_total": sub8 + sub10,
        "shipping_carrier_id": 1,
        "shipping_carrier_name": "ヤマト運輸",
        "scheduled_to_be_shipped_at": "2026/11/26 00:00:00",
        "scheduled_to_be_delivered_at": "2026/11/28 00:00:00",
        "scheduled_delivery_time": "午前中",
        "remark": "門の前に置いてください〜" if n % 7 == 0 else None,
        "multiple_shipping": False,
        "tbc": False,
        "completed_at": "2026/11/24 09:00:00",
        "created_at": "2026/11/24 09:00:00",
        "updated_at": "2026/11/24 09:00:05",
    }
    items = [_item(n, i, price, rate) for i, (price, rate) in enumerate(prices)]
    relations = {
        "customer": _ref("customer", n),
        "billing_address": _ref("address", address_id),
        "shipping_address": _ref("address", address_id),
        "shipping_addresses": {"data": [_ref("address", address_id)["data"]]},
        "order_items": {"data": [{"id": item["id"], "type": "order_item"} for item in items]},
        "payment": {"data": None},
        "subs_order": {"data": None},
    }
    order = {"id": str(order_id), "type": "order", "attributes": attributes, "relationships": relations}
    return order, [*items, _address(address_id)]


def _ref(kind: str, id_: int) -> dict[str, Any]:
    return {"data": {"id": str(id_), "type": kind}}


def _item(n: int, i: int, price: int, rate: int) -> dict[str, Any]:
    item_id = n * 10 + i
    attributes = {
        "id": item_id,
        "variant_sku": f"MH-SKU-{i:03}",
        "product_number": f"MH-{i:03}",
        "product_name": f"見本の品 {i}",
        "price": price,
        "quantity": 1,
        "tax_rate": rate,
    }
    return {"id": str(item_id), "type": "order_item", "attributes": attributes, "relationships": {}}


def _address(id_: int) -> dict[str, Any]:
    attributes = {
        "id": id_,
        "name01": "見本",
        "name02": "髙﨑",
        "kana01": "ミホン",
        "kana02": "タカサキ",
        "zip01": "150",
        "zip02": "0001",
        "prefecture_id": 13,
        "prefecture_name": "東京都",
        "addr01": "渋谷区神宮前",
        "addr02": "9-99-1",
        "addr03": "見本ビル2F",
        "tel01": "090",
        "tel02": "0000",
        "tel03": "0000",
        "full_name": "見本 髙﨑",
    }
    return {"id": str(id_), "type": "address", "attributes": attributes, "relationships": {}}


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]))))
