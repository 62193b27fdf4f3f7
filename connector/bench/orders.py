"""Orders (受注の計測): orders per second and peak memory of ingest → store → map → CSV; ratios, not promises.

Beside it a night of renewals: read from a cart that created them all in one second, page by page, and stored.

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
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from connector.transport.http import Answer

PAGE = 100
FIRST_ID = 1_000_000
_AT = "2026-11-24 09:00:05"
NIGHTS = (2_000, 20_000)  # renewals in one night: a large shop, and the largest (spec/ecforce.md §9)
NIGHT = "night"


def measure(sizes: Sequence[int]) -> list[dict[str, Any]]:
    """One result per size, in order."""
    return [_in_child(str(size)) for size in sizes]


def measure_nights() -> list[dict[str, Any]]:
    """One result per size of a night, smallest first."""
    return [_in_child(NIGHT, str(size)) for size in NIGHTS]


def night_line(nights: Sequence[dict[str, Any]]) -> str:
    """How time and memory grow from a night of 2,000 renewals to one of 20,000."""
    first, last = nights[0], nights[-1]
    per = [1e6 * one["seconds"] / one["orders"] for one in (first, last)]
    return (
        f"renewals night {first['orders']:,} -> {last['orders']:,}: {per[0]:.0f} -> {per[1]:.0f} µs an order "
        f"({per[1] / per[0]:.2f}x), {first['peak_mib']:.1f} -> {last['peak_mib']:.1f} MiB "
        f"({last['peak_mib'] / first['peak_mib']:.2f}x), {last['requests']} requests"
    )


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


def _in_child(*words: str) -> dict[str, Any]:
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "connector.bench", *words], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None  # noqa: S101 - PIPE was asked for
    line = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"the measured process {' '.join(words)} ended with {child.returncode}")
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


class _NightCart:
    """The cart after its run, as far as reading by update time and id asks it (spec/ecforce.md §2.3)."""

    def __init__(self, size: int) -> None:
        self._size, self.calls, self.spent_s = size, 0, 0.0

    async def get_json(self, path: str, params: Sequence[tuple[str, str]] = ()) -> Answer:
        from connector.transport.http import Answer

        started, asked = time.perf_counter(), dict(params)
        self.calls += 1
        if asked["q[updated_at_gteq]"] > _AT:
            chosen, matching = range(0), 0
        elif asked["sort"] == "-id":
            matching = min(self._size, int(asked.get("q[id_lt]", FIRST_ID + self._size)) - FIRST_ID)
            chosen = range(max(0, matching - PAGE), matching)
        else:
            matching = self._size
            chosen = range(min(PAGE, matching))
        step = -1 if asked["sort"] == "-id" else 1
        orders = [_renewal(n) for n in chosen][::step]
        meta = {"total_count": matching, "page": 1, "per": PAGE, "count": len(orders)}
        body = _document(orders, meta)
        self.spent_s += time.perf_counter() - started
        return Answer("bench", False, 200, {"content-type": "application/json"}, body)


def run_night(size: int) -> dict[str, Any]:
    """The measured process: everything the intake does with a night, apart from the network."""
    import asyncio

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_night(size, folder))


async def _night(size: int, folder: str) -> dict[str, Any]:
    from connector.adapters.ecforce.client import Ecforce, EcforceSettings
    from connector.clock import SteppedClock
    from connector.config import shipped_mappings
    from connector.ledger.database import Database, migrate
    from connector.ledger.ledger import Ledger
    from connector.mapping import load_tables
    from connector.shop import Shop

    now = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
    shop = Shop(key="bench", name="計測", start_at=now - timedelta(days=30), ne_shop_id="1")
    database = Database(f"sqlite:///{folder}/ledger.sqlite3", inline=True)
    migrate(database)
    night, nothing, ledger = _NightCart(size), cast(Any, None), Ledger(database, shop)
    cart = Ecforce(
        cast(Any, night),
        settings=EcforceSettings(shop=shop.key),
        tables=load_tables(shipped_mappings() / "tables"),
        shipping_csv=nothing,
        state_csv=nothing,
        archive=nothing,
        clock=SteppedClock(now),
    )
    started, new = time.perf_counter(), 0
    async for page in cart.changed_since(now - timedelta(hours=6)):
        new += (await ledger.receive(page, now)).new
    seconds = time.perf_counter() - started - night.spent_s
    database.close()
    if new != size:
        raise RuntimeError(f"{size} renewals, and {new} are in the ledger")
    return {"orders": size, "seconds": round(seconds, 3), "requests": night.calls}


def _renewal(n: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The second order of a subscription, created by the nightly run."""
    order, included = _order(n)
    order["attributes"] |= {
        "kind": "定期受注",
        "subs_order_id": 7_000_000 + n,
        "subs_order_number": f"s{n:09x}",
        "times": 2,
        "nth": 2,
    }
    return order, included


def pages(size: int) -> Iterator[bytes]:
    """Pages of 100 distinct orders in the cart's own form (spec/ecforce.md §2.2, §2.8)."""
    for first in range(0, size, PAGE):
        numbers = range(first, min(first + PAGE, size))
        orders = [_order(number) for number in numbers]
        meta = {"total_count": size, "page": first // PAGE + 1, "per": PAGE, "count": len(orders)}
        yield _document(orders, meta | {"total_pages": -(-size // PAGE)})


def _document(orders: Sequence[tuple[dict[str, Any], list[dict[str, Any]]]], meta: dict[str, int]) -> bytes:
    document = {
        "data": [order for order, _ in orders],
        "included": [resource for _, included in orders for resource in included],
        "meta": meta,
    }
    return json.dumps(document, ensure_ascii=False).encode()


def _order(n: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """One order with one to three lines, and what is included with it."""
    lines = 1 + n % 3
    prices = [(1944, 8), (2200, 10), (540, 8)][:lines]
    sub8 = sum(price for price, rate in prices if rate == 8)
    sub10 = sum(price for price, rate in prices if rate == 10)
    order_id, address_id = FIRST_ID + n, 5_000_000 + n
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
        "updated_at": _AT.replace("-", "/"),
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
