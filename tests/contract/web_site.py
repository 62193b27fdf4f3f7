"""A running site and a browser's manners, for the tests of the pages."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
import msgspec
from connector.clock import SteppedClock
from connector.ledger.database import Database
from connector.ledger.schema import metadata
from connector.reports import make, write
from connector.web import WebContext, serve
from sqlalchemy import select

from tests.unit.pictures import Shelf
from tests.unit.seeded_day import a_morning
from tests.unit.shop_day import DAY, NOW, SHOP

OTHER = msgspec.structs.replace(SHOP, key="other", name="別館")
SIGNED = {"actor": "見本 花子", "why": "電話で確認済み"}


@dataclass
class Site:
    """A running site and a browser's manners."""

    base: str
    http: aiohttp.ClientSession
    database: Database
    context: WebContext
    headers: dict[str, Mapping[str, str]] = field(default_factory=dict)  # of the last answer, by path

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        async with self.http.get(self.base + path, headers=headers, allow_redirects=False) as answer:
            self.headers[path] = answer.headers
            return answer.status, (await answer.read()).decode("utf-8", "replace")

    async def post(self, path: str, fields: dict[str, str], **headers: str) -> tuple[int, str]:
        sent = {"Sec-Fetch-Site": "same-origin", "Origin": "null"} | headers
        async with self.http.post(self.base + path, data=fields, headers=sent) as answer:
            return answer.status, await answer.text()

    async def token(self, page: str) -> str:
        _, text = await self.get(page)
        found = re.search(r'name="token" value="([0-9a-f]{64})"', text)
        assert found is not None
        return found[1]


def context_of(database: Database, folder: Path, **more: Any) -> WebContext:
    return WebContext(
        database=database,
        shops=(SHOP, OTHER),
        clock=SteppedClock(NOW),
        reports_dir=folder,
        form_key=b"k" * 32,
        **more,
    )


def running(context: WebContext) -> Any:
    return _Running(context)


class _Running:
    def __init__(self, context: WebContext) -> None:
        self._context = context

    async def __aenter__(self) -> Site:
        self._server = serve(self._context, 0)
        port = await self._server.__aenter__()
        self._http = aiohttp.ClientSession()
        return Site(f"http://127.0.0.1:{port}", self._http, self._context.database, self._context)

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()
        await self._server.__aexit__(None, None, None)


def contents(database: Database) -> str:
    """A digest over every row of every table."""
    digest = hashlib.sha256()
    with database.engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)):
                digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


def links(text: str) -> set[str]:
    return {html.unescape(link) for link in re.findall(r'(?:href|src)="([^"#]+)"', text)}


async def crawl(site: Site) -> dict[str, tuple[int, str]]:
    """Every address that can be reached from the first page, with its answer."""
    seen: dict[str, tuple[int, str]] = {}
    waiting = ["/", "/healthz", "/readyz", "/metrics", "/funnel.json", "/slips"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen[path] = await site.get(path)
        if seen[path][1].startswith("<!doctype html>"):
            for link in links(seen[path][1]):
                target = urlsplit(urljoin(site.base + path, link))
                assert f"{target.scheme}://{target.netloc}" == site.base, link
                waiting.append(target.path + (f"?{target.query}" if target.query else ""))
    return seen


@asynccontextmanager
async def a_site(tmp_path: Path) -> AsyncIterator[Site]:
    folder = tmp_path / "reports"
    with a_morning(tmp_path) as database:
        report = await make(database, SHOP, DAY, NOW, await Shelf(database).picture(database))
        write(report, folder)
        async with running(context_of(database, folder)) as found:
            yield found
