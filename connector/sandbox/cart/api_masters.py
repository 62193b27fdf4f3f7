"""Masters over HTTP (支払い方法, 配送業者, 媒体, 広告URL, ラベル, 理由 …), for reading (spec/ecforce.md §2.16)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

from aiohttp import web

from connector.adapters.ecforce import wire
from connector.clock import at_jst
from connector.sandbox.cart.back_office import BackOffice
from connector.sandbox.cart.documents import Kind, Lister, answer
from connector.sandbox.cart.gate import Handler
from connector.sandbox.cart.kinds import Kinds
from connector.sandbox.cart.masters import Masters, SearchQuery, Url
from connector.sandbox.cart.refusal import not_found
from connector.sandbox.cart.resources import Numbered, named
from connector.sandbox.cart.texts import read_datetime, read_int, stamp

Record = TypeVar("Record")
Master = TypeVar("Master", bound=Numbered)
Route = tuple[str, str, Handler]
AGGREGATED_DAYS: Final = 8  # §2.16: the period of advertisements when none is named


class MastersApi:
    """Handlers of the masters' lists; those with a record of their own by id besides."""

    def __init__(self, office: BackOffice, lister: Lister, kinds: Kinds) -> None:
        self._shop, self._lister, self._kinds = office.shop, lister, kinds

    def routes(self) -> tuple[Route, ...]:
        kinds, shop, masters, one = self._kinds, self._shop, self._masters, r"/{id:\d+}"
        lists: tuple[tuple[str, Kind[Any], Callable[[], Iterable[Any]]], ...] = (
            ("payment_methods", kinds.methods, lambda: shop.settings.payment_methods),
            ("shipping_carriers", kinds.carriers, lambda: shop.settings.carriers),
            ("stores", kinds.stores, lambda: masters().stores),
            ("urls", kinds.urls, lambda: masters().urls),
            ("url_groups", kinds.url_groups, lambda: masters().url_groups),
            ("labels", kinds.labels, lambda: masters().labels),
            ("sexes", kinds.sexes, lambda: masters().sexes),
            ("product_categories", kinds.categories, lambda: masters().categories),
            ("order_free_columns", kinds.free_columns, lambda: masters().order_free_columns),
            ("blacklist_reasons", kinds.blacklist_reasons, lambda: masters().blacklist_reasons),
            ("cancel_reasons", kinds.cancel_reasons, lambda: shop.settings.cancel_reasons),
            ("suspend_reasons", kinds.suspend_reasons, lambda: shop.settings.suspend_reasons),
        )
        singles = {"shipping_carriers": "shipping_carrier", "urls": "url", "url_groups": "url_group"}
        return (
            *(("GET", wire.PATHS[name], partial(self._page, kind, all_)) for name, kind, all_ in lists),
            *(
                ("GET", wire.PATHS[name] + one, partial(self._one, singles[name], kind, all_))
                for name, kind, all_ in lists
                if name in singles
            ),
            ("GET", wire.PATHS["advertisements"], self.advertisements),
            ("GET", wire.PATHS["search_queries"], self.search_queries),
        )

    def _masters(self) -> Masters:
        """Asked anew each time: settings may be exchanged while it runs."""
        return self._shop.settings.masters

    async def _page(
        self, kind: Kind[Record], records: Callable[[], Iterable[Record]], request: web.Request
    ) -> web.Response:
        return self._lister.page(request, kind, records())

    async def _one(
        self, name: str, kind: Kind[Master], records: Callable[[], Iterable[Master]], request: web.Request
    ) -> web.Response:
        found = named(records(), int(request.match_info["id"]))
        if found is None:
            raise not_found(wire.PREFIX_ORDER, name)
        return self._lister.one(request, kind, found)

    async def search_queries(self, request: web.Request) -> web.Response:
        """Saved searches; `type` stands beside `page`, not in `q`."""
        wanted = request.query.get("type")
        saved: Iterable[SearchQuery] = self._shop.settings.masters.search_queries
        shown = (query for query in saved if wanted in (None, query.type))
        return self._lister.page(request, self._kinds.search_queries, shown)

    async def advertisements(self, request: web.Request) -> web.Response:
        """Access counts per URL: an envelope of its own, neither meta nor links."""
        wanted = {read_int(each) for each in request.query.getall("q[url_id_in][]", [])}
        urls: Iterable[Url] = self._shop.settings.masters.urls
        since, until = self._period(request)
        counts = [_accesses(url) for url in urls if not wanted or url.id in wanted]
        return answer(
            {"data": {"access_count": counts}, "created_at_gteq": stamp(since), "created_at_lt": stamp(until)}
        )

    def _period(self, request: web.Request) -> tuple[datetime, datetime]:
        tomorrow = self._shop.today() + timedelta(days=1)
        since = read_datetime(request.query.get("q[created_at_gteq]", ""))
        until = read_datetime(request.query.get("q[created_at_lt]", ""))
        first = at_jst(tomorrow - timedelta(days=AGGREGATED_DAYS))
        return since or first, until or at_jst(tomorrow) - timedelta(seconds=1)


def _accesses(url: Url) -> dict[str, object]:
    total = url.accesses_pc + url.accesses_sp
    return {
        "id": url.id,
        "base_url": url.token,
        "total": total,
        "pc": url.accesses_pc,
        "sp": url.accesses_sp,
        "other": 0,
    }
