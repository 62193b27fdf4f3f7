"""Documents (応答): JSON:API bodies with `included`, `meta` and `links`, oddities of the real ones included.

spec/ecforce.md §2.2. Dangerous: `links.next` on the last page is not null but leads to an empty page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import msgspec
from aiohttp import web

from connector.adapters.ecforce import wire
from connector.sandbox.cart.includes import KNOWN, Names
from connector.sandbox.cart.lighter import lightened
from connector.sandbox.cart.ransack import Getter, parse
from connector.sandbox.cart.resources import Resource
from connector.sandbox.cart.shop import Shop
from connector.sandbox.cart.texts import read_int, read_switch

Record = TypeVar("Record")


@dataclass(slots=True)
class Quirks:
    """Oddities seen in the wild, switched on by the control plane."""

    total_pages: Literal["true", "missing", "zero"] = "true"
    odd_types: bool = False


def answer(body: object, status: int = 200) -> web.Response:
    """JSON as the cart sends it."""
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json", charset="utf-8"
    )


def wanted_includes(request: web.Request) -> frozenset[str]:
    names = request.query.get("include", "")
    return frozenset(name.strip() for name in names.split(",") if name.strip())


def unique(resources: Iterable[Resource]) -> list[Resource]:
    """Each resource once, in order of its first appearance."""
    return list({(each["type"], each["id"]): each for each in resources}.values())


@dataclass(frozen=True, slots=True)
class Kind(Generic[Record]):
    """How one kind of record is searched and shown; `plain` ones are no JSON:API resources."""

    type: str
    getters: dict[str, Getter[Record]]
    render: Callable[[Record], Resource]
    include: Callable[[Record, Names], Iterable[Resource]] = lambda record, names: ()
    deleted: Callable[[Record], bool] = lambda record: False
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows are asked for."""

    number: int
    per: int

    @classmethod
    def of(cls, request: web.Request, per_default: int) -> Page:
        number = read_int(request.query.get("page", "1")) or 1
        per = read_int(request.query.get("per", str(per_default))) or per_default
        return cls(max(1, number), min(max(1, per), wire.PER_MAX))

    def cut(self, rows: Sequence[Record]) -> Sequence[Record]:
        return rows[(self.number - 1) * self.per : self.number * self.per]


@dataclass(frozen=True, slots=True)
class Lister:
    """Answers with records: search, sort, cut, render, with what they bring along, meta and links."""

    quirks: Quirks
    shop: Shop

    def page(self, request: web.Request, kind: Kind[Record], records: Iterable[Record]) -> web.Response:
        """A list."""
        query = parse(
            request.query.items(),
            kind.getters.get,
            lambda name: self.shop.warn(f"{request.path}: q[{name}] ignored"),
        )
        if not query.with_deleted:
            records = (record for record in records if not kind.deleted(record))
        found = query.select(records, kind.getters.get)
        page = Page.of(request, self.shop.settings.per_default)
        rows = page.cut(found)
        body = self._document(request, kind, rows)
        body["meta"] = self._meta(page, len(rows), len(found))
        body["links"] = _links(request, page, _pages(page, len(found)))
        return self._spelled(body)

    def one(
        self, request: web.Request, kind: Kind[Record], record: Record, *, status: int = 200
    ) -> web.Response:
        """A single record."""
        body = self._document(request, kind, [record])
        return self._spelled(body | {"data": body["data"][0]}, status)

    def several(self, request: web.Request, kind: Kind[Record], records: Sequence[Record]) -> web.Response:
        """Records in an array without meta: how the customer side answers its writes (§2.13)."""
        return self._spelled(self._document(request, kind, records))

    def _document(self, request: web.Request, kind: Kind[Record], rows: Sequence[Record]) -> dict[str, Any]:
        if kind.plain:
            return {"data": [kind.render(row)["attributes"] for row in rows]}
        names = wanted_includes(request)
        for name in names - KNOWN.get(kind.type, frozenset()):
            self.shop.warn(f"{request.path}: include={name} ignored")
        shown = [kind.render(row) for row in rows]
        included = unique(each for row in rows for each in kind.include(row, names))
        if read_switch(request.query.get("lighter"), default=self.shop.settings.lighter_default):
            shown, included = [lightened(each) for each in shown], [lightened(each) for each in included]
        return {"data": shown, "included": included}

    def _spelled(self, body: dict[str, Any], status: int = 200) -> web.Response:
        return answer(_respelled(body) if self.quirks.odd_types else body, status)

    def _meta(self, page: Page, count: int, total: int) -> dict[str, int]:
        meta = {"total_count": total, "page": page.number, "per": page.per, "count": count}
        match self.quirks.total_pages:
            case "missing":
                return meta
            case "zero":
                return meta | {"total_pages": 0}
            case _:
                return meta | {"total_pages": _pages(page, total)}


def _pages(page: Page, total: int) -> int:
    return -(-total // page.per)


def _links(request: web.Request, page: Page, pages: int) -> dict[str, str | None]:
    base = f"{request.scheme}://{request.host}{request.path.removesuffix('.json')}"

    def link(number: int | str) -> str:
        return f"{base}?page={number}&per={page.per}"

    return {
        "self": link(page.number),
        "prev": None if page.number == 1 else link(page.number - 1),
        "first": link(1),
        "next": link(page.number + 1 if page.number < pages else ""),
        "last": link(max(1, pages)),
    }


def _respelled(body: dict[str, Any]) -> dict[str, Any]:
    """Relationship types in another spelling than the resources carry."""
    data = body["data"]
    for each in data if isinstance(data, list) else [data]:
        for relation in each.get("relationships", {}).values():
            ends = relation["data"]
            for end in ends if isinstance(ends, list) else [ends]:
                if end is not None:
                    end["type"] = wire.TYPE_SPELLINGS.get(end["type"], (end["type"],) * 2)[1]
    return body
