"""Ecforce (ECFORCE カート): the port `Cart` over the admin API v2, and the drop folder for completion files.

Dangerous: 200 does not mean applied, and a lost answer does not mean not applied. Before sales are asked for,
the payment state is read again; after a doubt the orders are read back, never sent blindly.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connector.adapters.ecforce import subscription_reader, wire
from connector.adapters.ecforce.bulk import explain
from connector.adapters.ecforce.cancelling import Cancelling
from connector.adapters.ecforce.completion import (
    API,
    FILES,
    Shipped,
    build_files,
    build_requests,
    may_be_charged,
    standing,
)
from connector.adapters.ecforce.paging import Conditions, Paging, counted
from connector.adapters.ecforce.parcels import parcels
from connector.adapters.ecforce.reader import SYSTEM, read_page
from connector.adapters.ecforce.requests import RequestRoute
from connector.adapters.ecforce.results import ImportResults
from connector.adapters.ecforce.translation import translate
from connector.clock import Clock, jst
from connector.errors import NotDone, Refused
from connector.mapping import CsvWriter, Tables
from connector.order import Order
from connector.outcome import Absent, CannotTell, Effect, Facts, Reply, Sent
from connector.ports import (
    Archive,
    CartPage,
    CompletionAnswers,
    CompletionBuild,
    Looked,
    SubscriptionPage,
)
from connector.transport.drop import Drop
from connector.transport.http import Http, patiently

INCLUDE = "customer,billing_address,shipping_address,shipping_addresses,order_items,payment,subs_order"
SUBS_INCLUDE = "order_items,shipping_address"
TIMEOUT_SECONDS = 30.0  # §2.4
LOOK_AFTER_SECONDS = 900.0  # a person takes a completion file when he comes by


@dataclass(frozen=True, slots=True, kw_only=True)
class EcforceSettings:
    """What one shop says about its cart."""

    shop: str  # our short name, part of file names
    completion_route: str = FILES  # or "api"
    completion_folder: str = "cart_inbox"
    completion_taken_folder: str = ""  # where the person who uploads moves them; "" = not known
    completion_results_folder: str = ""  # where the cart's result files come; "" = they are not read


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
        self._cancelling = Cancelling(http, archive, self._by_id)
        folder = self._settings.completion_results_folder
        self._results = (
            ImportResults(drop, archive, folder=folder, shop=settings.shop) if drop and folder else None
        )

    # ---- reading ------------------------------------------------------------------------------------------

    async def changed_since(self, since: datetime, until: datetime | None = None) -> AsyncIterator[CartPage]:
        """Oldest change first; rows that move while we read are not lost (paging.py)."""
        last: set[Hashable] = set()
        async for page in self._orders().changed_since(since, until):
            news = [order for order in page.orders if (order.number, order.updated_at) not in last]
            last = {(order.number, order.updated_at) for order in page.orders}
            yield replace(page, orders=self._walking(news))

    async def placed_between(self, since: datetime, until: datetime) -> AsyncIterator[CartPage]:
        """By 受注日 (completed_at), which never changes: no row moves while we read."""
        async for page in self._orders().by_id(_between("completed_at", since, until)):
            yield replace(page, orders=self._walking(page.orders))

    async def subscriptions_changed_since(self, since: datetime) -> AsyncIterator[SubscriptionPage]:
        """As `changed_since`, for 定期受注."""
        last: set[Hashable] = set()
        subscriptions = Paging(self._asking("subs_orders", SUBS_INCLUDE), subscription_reader.read_page)
        async for page in subscriptions.changed_since(since):
            news = [one for one in page.subscriptions if (one.subscription_id, one.updated_at) not in last]
            last = {(one.subscription_id, one.updated_at) for one in page.subscriptions}
            yield replace(page, subscriptions=tuple(news))

    async def count_placed(self, since: datetime, until: datetime) -> int:
        """By 受注日 (completed_at), from the cart's own count; no order is transferred."""
        placed = _between("completed_at", since, until)
        total = counted(await self._get(wire.PATHS["orders"], placed, "", per=1))
        if total is None:
            raise NotDone(f"{SYSTEM}: 受注の件数 (meta.total_count) がありません")
        return total

    async def look(self, cart_order_ids: Sequence[int]) -> Looked:
        """By id, 100 a call."""
        pages = [page async for page in self._pages_of(cart_order_ids)]
        whole = [order for page in pages for order in page.orders]
        found = {parcel.number: parcel for order in whole for parcel in parcels(order)}
        return Looked(found, tuple(stray for page in pages for stray in page.malformed))

    def translate(self, order: Order) -> Order:
        return translate(order, self._tables)

    def _walking(self, orders: Iterable[Order]) -> tuple[Order, ...]:
        """As the journey takes them: under the value tables, one for each address (parcels.py)."""
        return tuple(parcel for order in orders for parcel in parcels(self.translate(order)))

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

    async def completion_answers(self, effects: Sequence[Effect]) -> CompletionAnswers:
        return await self._results.about(effects) if self._results is not None else CompletionAnswers()

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

    # ---- cancelling ---------------------------------------------------------------------------------------

    async def cancel(self, effect: Effect) -> Reply:
        """`effect.facts["id"]`: the cart's id of the one order. Done where the cart shows it cancelled."""
        return await self._cancelling.cancel(effect)

    async def cancel_stands(self, effect: Effect) -> Reply:
        return await self._cancelling.stands(effect)

    # ---- pages --------------------------------------------------------------------------------------------

    def _orders(self) -> Paging[CartPage]:
        return Paging(self._asking("orders", INCLUDE), read_page)

    def _asking(self, resource: str, include: str) -> Callable[[Conditions], Awaitable[bytes]]:
        return lambda conditions: self._get(wire.PATHS[resource], conditions, include)

    async def _pages_of(self, ids: Iterable[int]) -> AsyncIterator[CartPage]:
        wanted = sorted(set(ids))
        for start in range(0, len(wanted), wire.PER_MAX):
            wish = [("q[id_in][]", str(each)) for each in wanted[start : start + wire.PER_MAX]]
            async for page in self._orders().by_id(wish):
                yield replace(page, orders=tuple(map(self.translate, page.orders)))

    async def _by_id(self, ids: Iterable[int]) -> dict[int, Order]:
        pages = [page async for page in self._pages_of(ids)]
        return {order.cart_order_id: order for page in pages for order in page.orders}

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


def _between(field: str, since: datetime, until: datetime) -> Conditions:
    return [
        (f"q[{field}_gteq]", f"{jst(since):%Y-%m-%d %H:%M:%S}"),
        (f"q[{field}_lt]", f"{jst(until):%Y-%m-%d %H:%M:%S}"),
    ]
