"""The cart's webhooks over real HTTP (spec/ecforce.md §4): proof of origin, bytes kept, a hint given, nothing moved."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from connector.ledger.archive import ShopArchive, body_of
from connector.ledger.schema import exchanges, history
from connector.web.context import CartHook
from sqlalchemy import func, select

from tests.contract.border import FIXTURES
from tests.contract.web_site import Site, contents, context_of, running
from tests.unit.seeded_day import a_morning
from tests.unit.shop_day import SHOP

SECRET = "mihon-himitsu-0123456789-abcdef"
ADDRESS = f"/hooks/cart/{SHOP.key}/{SECRET}"
RECORDED = sorted((FIXTURES / "ecforce/webhooks").glob("*.body.*"))


class Bell:
    """How often the intake was woken."""

    def __init__(self) -> None:
        self.rung = 0

    def ring(self) -> None:
        self.rung += 1


@asynccontextmanager
async def a_house(folder: Path) -> AsyncIterator[tuple[Site, Bell]]:
    """The pages of two shops; only the first takes webhooks."""
    with a_morning(folder) as database:
        bell = Bell()
        context = context_of(database, folder)
        archive = ShopArchive(database, context.clock, SHOP.key)

        async def keep(name: str, body: bytes) -> None:
            await archive.keep(system="cart_hint", direction="in", name=name, body=body)

        hooks = {SHOP.key: CartHook(secret=SECRET, keep=keep, hint=bell.ring)}
        async with running(context_of(database, folder, hooks=hooks)) as site:
            yield site, bell


def recorded_headers(body: Path) -> dict[str, str]:
    text = body.with_name(body.name.partition(".")[0] + ".headers.txt").read_text("utf-8")
    lines = [line.partition(": ") for line in text.splitlines()[1:] if ": " in line]
    return {name: value for name, _, value in lines if name not in ("Host", "Content-Length")}


async def post(site: Site, path: str, body: bytes = b"{}", **headers: str) -> tuple[int, bytes]:
    async with site.http.post(site.base + path, data=io.BytesIO(body), headers=headers) as answer:
        return answer.status, await answer.read()


def kept(site: Site) -> list[tuple[str, bytes]]:
    with site.database.engine.connect() as connection:
        query = select(exchanges.c.id, exchanges.c.name).where(exchanges.c.system == "cart_hint")
        return [(row.name, body_of(connection, row.id)) for row in connection.execute(query)]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name[:2])
async def test_recorded_deliveries_are_kept_to_the_byte_and_move_nothing(tmp_path: Path, path: Path) -> None:
    async with a_house(tmp_path) as (site, bell):
        with site.database.engine.connect() as connection:
            before = connection.scalar(select(func.count()).select_from(history))
        status, said = await post(site, ADDRESS, path.read_bytes(), **recorded_headers(path))
        assert (status, said) == (204, b"")
        event = recorded_headers(path)["x-ecf-event"]
        assert kept(site) == [(f"webhook {event}", path.read_bytes())]
        assert bell.rung == 1
        with site.database.engine.connect() as connection:
            assert connection.scalar(select(func.count()).select_from(history)) == before


@pytest.mark.parametrize(
    "path",
    [
        f"/hooks/cart/{SHOP.key}/wrong",
        f"/hooks/cart/{SHOP.key}/{SECRET}x",
        f"/hooks/cart/{SHOP.key}/{SECRET[:-1]}",
        f"/hooks/cart/other/{SECRET}",
        "/hooks/cart/other/",
        f"/hooks/cart/nobody/{SECRET}",
        f"/hooks/cart/{SHOP.key}/%ff%fe",
        f"/hooks/cart/{SHOP.key}/",
        "/hooks/cart/",
    ],
)
async def test_webhook_needs_proof(tmp_path: Path, path: str) -> None:
    async with a_house(tmp_path) as (site, bell):
        before = contents(site.database)
        assert (await post(site, path))[0] == 404
        assert bell.rung == 0
        assert contents(site.database) == before


async def test_only_a_post_and_only_to_our_names(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (site, bell):
        assert (await site.get(ADDRESS))[0] == 405
        assert (await post(site, ADDRESS, Host="evil.example.jp"))[0] == 421
        assert bell.rung == 0


async def test_a_payload_of_a_mebibyte_is_taken_and_a_byte_more_is_not(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (site, bell):
        most = 1024 * 1024
        assert (await post(site, ADDRESS, b"x" * most))[0] == 204
        assert (await post(site, ADDRESS, b"y" * (most + 1)))[0] == 413
        assert [len(body) for _, body in kept(site)] == [most]
        assert bell.rung == 1


async def test_odd_event_names_do_not_reach_our_lists(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (site, _):
        for n, event in enumerate(("<script>", "a" * 61, "", "Order")):
            await post(site, ADDRESS, str(n).encode(), **{"x-ecf-event": event})
        assert {name for name, _ in kept(site)} == {"webhook ?"}


async def test_the_same_bytes_twice_are_one_exchange_and_two_hints(tmp_path: Path) -> None:
    async with a_house(tmp_path) as (site, bell):
        for _ in range(2):
            assert (await post(site, ADDRESS, b'{"id": "1"}'))[0] == 204
        assert len(kept(site)) == 1
        assert bell.rung == 2


async def test_a_store_that_fails_costs_nothing_but_the_bytes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_name: str, _body: bytes) -> None:
        raise RuntimeError("disk full")

    with a_morning(tmp_path) as database:
        bell = Bell()
        hooks = {SHOP.key: CartHook(secret=SECRET, keep=broken, hint=bell.ring)}
        async with running(context_of(database, tmp_path, hooks=hooks)) as site:
            with caplog.at_level(logging.DEBUG):
                assert (await post(site, ADDRESS))[0] == 204
    assert bell.rung == 1
    assert "could not be kept" in caplog.text
    assert SECRET not in caplog.text


async def test_a_sender_who_hangs_up_in_the_middle_wakes_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_house(tmp_path) as (site, bell):
        host, port = site.base.removeprefix("http://").split(":")
        with caplog.at_level(logging.DEBUG):
            _, writer = await asyncio.open_connection(host, int(port))
            head = f"POST {ADDRESS} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\n\r\n"
            writer.write(head.encode() + b'{"id":')
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            for _ in range(100):
                await asyncio.sleep(0.01)
        assert kept(site) == []
        assert bell.rung <= 1, "half a message is worth a look at most"
        assert SECRET not in caplog.text


def test_the_secret_is_in_no_repr() -> None:
    async def keep(_name: str, _body: bytes) -> None: ...

    assert SECRET not in repr(CartHook(secret=SECRET, keep=keep, hint=Bell().ring))
