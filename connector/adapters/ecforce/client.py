"""Ecforce (ECFORCE カート): the port `Cart` over the admin API v2, and the drop folder for completion files.

Dangerous: 200 does not mean applied, and a lost answer does not mean not applied. Before sales are asked for,
the payment state is read again; after a doubt the orders are read back, never sent blindly.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connector.adapters.ecforce import subscription_reader, wire
from connector.adapters.ecforce.bulk import explain
from connector.adapters.ecforce.completion import (
    API,
    FILES,
    Shipped,
    build_files,
    build_requests,
    may_be_charged,
    standing,
)
from connector.adapters.ecforce.reader import SYSTEM, Page, ReadPage, read_page
from connector.adapters.ecforce.requests import RequestRoute
from connector.adapters.ecforce.translation import translate
from connector.clock import Clock, jst
from connector.errors import NotDone, Refused
from connector.mapping import CsvWriter, Tables
from connector.order import Order
from connector.outcome import Absent, CannotTell, Effect, Facts, Reply, Sent
from connector.ports import Archive, CartPage, CompletionBuild, SubscriptionPage
from connector.transport.drop import Drop
from connector.transport.http import Http, patiently

INCLUDE = "customer,billing_address,shipping_address,shipping_addresses,order_items,payment,subs_order"
SUBS_INCLUDE = "order_items,shipping_address"
MOST_PAGES = 1_000  # spec/ecforce.md §2.2: a hard cap, 100,000 orders
TIMEOUT_SECONDS = 30.0  # §2.4
LOOK_AFTER_SECONDS = 900.0  # a person takes a completion file when he comes by


@dataclass(frozen=True, slots=True, kw_only=True)
class EcforceSettings:
    """What one shop says about its cart."""

    shop: str  # our short name, part of file names
    completion_route: str = FILES  # or "api"
    completion_folder: str = "cart_inbox"
    completion_taken_folder: str = ""  # where the person who uploads moves them; "" = not known


def connect(
    base_url: str,
    token: str,
    *,
    clock: Clock,
    requests_per_second: float | None = 1.0,  # §2.4: 1 a second, serial, is stable
    timeout_seconds: float = TIMEOUT_SECONDS,
    ca_file: str | None = None,
) -> Http:
    """The connection to a shop. `base_url` is the shop's domain, with or without `/api/v2`."""
    root = base_url.rstrip("/")
    return Http(
        root if root.endswith(wire.API_V2) else root + wire.API_V2,
        clock=clock,
        headers={wire.AUTHORIZATION: wire.AUTHORIZATION_FORMAT.format(token=token)},
        timeout_seconds=timeout_seconds,
        requests_per_second=requests_per_second,
        ca_file=ca_file,
        system=SYSTEM,
    )


class Ecforce:
    """ports.Cart for one shop."""

    def __init__(
        self,
        http: Http,
        *,
        settings: EcforceSettings,
        tables: Tables,
        shipping_csv: CsvWriter,
        state_csv: CsvWriter,
        archive: Archive,
        clock: Clock,
        drop: Drop | None = None,
    ) -> None:
        self._http = http
        self._settings = settings
        self._tables = tables
        self._shipping_csv = shipping_csv
        self._state_csv = state_csv
        self._drop = drop
        self._clock = clock
        self._requests = RequestRoute(http, archive, self._by_id)

    # ---- reading ------------------------------------------------------------------------------------------

    async def changed_since(self, since: datetime) -> AsyncIterator[CartPage]:
        """Oldest change first, and from the newest change seen: rows that move while we read are not lost.

        Offsets over moving rows lose one for each that leaves an earlier page. Where the cart does not sort
        as asked, pages are counted instead; the caller's overlap covers what moves then.
        """
        seen: set[tuple[str, datetime]] = set()
        async for page in self._changed(wire.PATHS["orders"], INCLUDE, since, read_page):
            news = [each for each in page.orders if (each.number, each.updated_at) not in seen]
            seen.update((order.number, order.updated_at) for order in news)
            yield replace(page, orders=tuple(map(self.translate, news)))

    async def subscriptions_changed_since(self, since: datetime) -> AsyncIterator[SubscriptionPage]:
        """As `changed_since`, for 定期受注."""
        seen: set[tuple[int, datetime]] = set()
        read = subscription_reader.read_page
        async for page in self._changed(wire.PATHS["subs_orders"], SUBS_INCLUDE, since, read):
            news = [
                each for each in page.subscriptions if (each.subscription_id, each.updated_at) not in seen
            ]
            seen.update((each.subscription_id, each.updated_at) for each in news)
            yield replace(page, subscriptions=tuple(news))

    async def count_placed(self, since: datetime, until: datetime) -> int:
        """By 受注日 (completed_at), from the cart's own count; no order is transferred."""
        conditions = [
            ("q[completed_at_gteq]", f"{jst(since):%Y-%m-%d %H:%M:%S}"),
            ("q[completed_at_lt]", f"{jst(until):%Y-%m-%d %H:%M:%S}"),
        ]
        page = read_page(await self._get(wire.PATHS["orders"], conditions, "", per=1)).page
        if page.total is None:
            raise NotDone(f"{SYSTEM}: 受注の件数 (meta.total_count) がありません")
        return page.total

    async def look(self, cart_order_ids: Sequence[int]) -> dict[str, Order]:
        """By id, 100 a call. One that cannot be read is absent too; `changed_since` reports it."""
        found = await self._by_id(cart_order_ids)
        return {order.number: order for order in found.values()}

    def translate(self, order: Order) -> Order:
        return translate(order, self._tables)

    # ---- completing ---------------------------------------------------------------------------------------

    def completions(self, shipped: Shipped) -> CompletionBuild:
        shop, now = self._settings.shop, self._clock.now()
        if self._settings.completion_route == API:
            return build_requests(shipped, shop=shop, at=now)
        return build_files(shipped, shop=shop, at=now, shipping=self._shipping_csv, state=self._state_csv)

    async def complete(self, effect: Effect) -> Reply:
        """Done for requests, with the cart's refusals under "refused"; Sent for files."""
        if self._route(effect) == API:
            return await self._requests.complete(effect)
        if effect.facts.get("sale"):
            await self._refuse_second_sale(effect.facts)
        await self._folder.put(self._settings.completion_folder, effect.name, effect.body)
        return self._sent(effect, self._settings.completion_folder)

    async def completion_lies_there(self, effect: Effect) -> Reply:
        """By requests: whether the cart shows it all. By files: whether this very file lies there."""
        if self._route(effect) == API:
            return await self._requests.lies_there(effect)
        return await self._file_lies_there(effect)

    async def _refuse_second_sale(self, facts: Facts) -> None:
        """The bytes of a file are fixed: if one of its orders is charged by now, the file must not go."""
        ids: Mapping[str, int] = facts.get("ids", {})
        now = await self._by_id(ids.values())
        bad = [
            f"{number}({standing(now.get(cart_id))})"
            for number, cart_id in ids.items()
            if not may_be_charged(now.get(cart_id))
        ]
        if bad:
            words = (
                f"売上処理付きの出荷CSVを渡しませんでした。決済状況が変わった受注があります: {'、'.join(bad)}"
            )
            raise Refused(SYSTEM, "sale", words)

    async def _file_lies_there(self, effect: Effect) -> Reply:
        settings = self._settings
        for folder in filter(None, (settings.completion_folder, settings.completion_taken_folder)):
            names = {entry.name for entry in await self._folder.list(folder)}
            if effect.name in names and await self._folder.read(folder, effect.name) == effect.body:
                return self._sent(effect, folder)
        if settings.completion_taken_folder:
            return Absent({"folder": settings.completion_folder})
        words = "がフォルダにありません。取り込まれた後か、届いていないかを判断できません"
        return CannotTell(f"{settings.completion_folder}/{effect.name} {words}")

    @property
    def _folder(self) -> Drop:
        if self._drop is None:
            raise Refused(SYSTEM, "folder", "完了CSVの受け渡しフォルダが設定されていません")
        return self._drop

    def _sent(self, effect: Effect, folder: str) -> Sent:
        return Sent({"path": f"{folder}/{effect.name}", "bytes": len(effect.body)}, LOOK_AFTER_SECONDS)

    def _route(self, effect: Effect) -> str:
        """An effect keeps the route it was made for, whatever the settings say by now."""
        return str(effect.facts.get("route", self._settings.completion_route))

    # ---- pages --------------------------------------------------------------------------------------------

    async def _changed(
        self, path: str, include: str, since: datetime, read: Callable[[bytes], ReadPage[Page]]
    ) -> AsyncIterator[Page]:
        """Pages of what changed since then, until the last one; where to go on stands in each page."""
        start, number = since, 1
        for _ in range(MOST_PAGES):
            conditions = [
                ("q[updated_at_gteq]", f"{jst(start):%Y-%m-%d %H:%M:%S}"),
                ("sort", "updated_at,id"),
                ("page", str(number)),
            ]
            one = read(await self._get(path, conditions, include))
            yield one.page
            if _is_last(one, number):
                return
            newest = _newest(one)
            start, number = (newest, 1) if newest and newest > start else (start, number + 1)
        raise NotDone(f"{SYSTEM}: {MOST_PAGES} ページを読んでも終わりません")

    async def _by_id(self, ids: Iterable[int]) -> dict[int, Order]:
        wanted = sorted(set(ids))
        found: dict[int, Order] = {}
        for start in range(0, len(wanted), wire.PER_MAX):
            chunk = wanted[start : start + wire.PER_MAX]
            wish = [("q[id_in][]", str(each)) for each in chunk]
            page = read_page(await self._get(wire.PATHS["orders"], wish, INCLUDE)).page
            found |= {order.cart_order_id: self.translate(order) for order in page.orders}
        return found

    async def _get(
        self, path: str, conditions: Sequence[tuple[str, str]], include: str, *, per: int = wire.PER_MAX
    ) -> bytes:
        fixed = [("q[with_deleted]", "1"), ("lighter", "0"), ("per", str(per))]
        if include:
            fixed.append(("include", include))

        async def once() -> bytes:
            answer = await self._http.get_json(f"{path}.json", [*conditions, *fixed])
            return answer.accepted(explain)

        return await patiently(once, self._clock)


def _is_last(read: ReadPage[Page], number: int) -> bool:
    """Stop rules of §2.2. `links.next` is never followed: it is not null on the last page."""
    return read.rows < (read.per or wire.PER_MAX) or 0 < read.total_pages <= number


def _newest(read: ReadPage[Page]) -> datetime | None:
    """The last update of a page, if its rows came in the order we asked for."""
    known = [at for at in read.updates if at is not None]
    return known[-1] if known and known == sorted(known) else None
