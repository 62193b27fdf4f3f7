"""The cart's webhooks wake the intake and move nothing: lost, doubled, late, broken or forged, the end is the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from connector.errors import Misconfigured
from connector.ledger.schema import exchanges, orders
from connector.sandbox.cart.links import WebhookEndpoint, WebhookMischief
from connector.serve import pages
from sqlalchemy import func, select

from tests.journeys.conftest import OpenDay
from tests.journeys.day import Day, wall

SECRET = "mihon-aikotoba-0123456789"
RECORDED = sorted((Path(__file__).parents[2] / "fixtures/ecforce/webhooks").glob("*.body.*"))
EVENTS = ("order_created", "order_completed", "order_updated", "order_canceled")
NOTHING_GOES_RIGHT = WebhookMischief(
    loss=0.3, duplicate=0.4, delay=0.4, delay_s=900, reorder=0.7, reorder_s=240
)


@asynccontextmanager
async def listening(day: Day, mischief: WebhookMischief) -> AsyncIterator[str]:
    """Our door open, the cart told where it is; gives the address of the hook."""
    async with pages(day.demo.world) as address:
        hook = f"{address}hooks/cart/{day.demo.shop.shop.key}/{SECRET}"
        endpoints = tuple(WebhookEndpoint(category="order", event=event, url=hook) for event in EVENTS)
        day.town.cart.change_settings(webhooks=endpoints, webhook_mischief=mischief)
        yield hook


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "cart_webhook"
    path.touch(mode=0o600)
    path.write_text(SECRET + "\n")
    return path


async def a_day_with_hooks(open_day: OpenDay, secret_file: Path) -> Day:
    return await open_day(cart={"webhook_secret_file": str(secret_file)})


async def test_an_order_is_here_within_seconds_instead_of_at_the_next_poll(
    open_day: OpenDay, secret_file: Path
) -> None:
    day = await a_day_with_hooks(open_day, secret_file)
    async with listening(day, WebhookMischief()):
        await day.until("08:31:10")
        order = day.place()
        await day.until("08:32")
        assert await day.state(order) == "received"
        known_at = (await day.picture(order)).history[0].at
        assert wall(known_at) == "11-24 08:31"
        day.town.cart.change_settings(webhooks=())
        late = day.place()
        await day.until("08:39")
        assert late.number not in await known(day), "without a hint it waits for its time"
        await day.until("08:42")
        assert await day.state(late) == "received"
        day.excused |= {order.number, late.number}


async def test_whatever_becomes_of_the_webhooks_the_end_is_the_same(
    open_day: OpenDay, secret_file: Path
) -> None:
    plain = await open_day()
    expected = await the_story(plain)
    day = await a_day_with_hooks(open_day, secret_file)
    async with listening(day, NOTHING_GOES_RIGHT) as hook:
        assert await the_story(day, hook) == expected
        fates = [str(one.fate) for one in day.town.cart.webhooks.log]
        assert {"lost", "delivered"} <= set(fates)
        assert any(one.twin for one in day.town.cart.webhooks.log)
        assert await hints(day) > len(RECORDED)


async def the_story(day: Day, hook: str = "") -> dict[str, tuple[str, int, str]]:
    """Five orders, one changed, one cancelled, lies in between; what the ledger holds at noon."""
    await day.alone_until("08:30")
    placed = [day.place() for _ in range(5)]
    await day.until("08:50")
    await lie(hook, placed[0].number)
    day.town.cart.cancel(placed[1].id)
    day.town.cart.change_address(placed[2].id, placed[2].shipping[0].postal)
    await day.until("12:00")
    await lie(hook, placed[3].number)
    await day.until("12:30")
    return await known(day)


async def lie(hook: str, number: str) -> None:
    """The recorded deliveries, broken ones too, and one that says of a good order that it is cancelled."""
    if not hook:
        return
    forged = f'{{"id": "1", "number": "{number}", "state": "canceled", "payment_state": "voided"}}'.encode()
    async with aiohttp.ClientSession() as session:
        for body in (
            *(path.read_bytes() for path in RECORDED),
            forged,
            forged,
            b"\xff\xfe not even text",
            b"",
        ):
            async with session.post(hook, data=body, headers={"x-ecf-event": "order_canceled"}) as answer:
                assert answer.status == 204
        async with session.post(f"{hook}x", data=forged) as answer:
            assert answer.status == 404


async def known(day: Day) -> dict[str, tuple[str, int, str]]:
    query = select(orders.c.number, orders.c.state, orders.c.version, orders.c.payment_state)
    rows = await day.demo.world.database.read(lambda c: list(c.execute(query)))
    return {row.number: (row.state, row.version, row.payment_state) for row in rows}


async def hints(day: Day) -> int:
    query = select(func.count()).select_from(exchanges).where(exchanges.c.system == "cart_hint")
    return await day.demo.world.database.read(lambda c: c.scalar(query) or 0)


@pytest.mark.parametrize(
    "word", ["short", "with/slash-0123456789-abc", "見本の合言葉見本の合言葉見本の合言葉"]
)
async def test_a_secret_that_no_address_can_carry_is_refused_at_the_start(
    open_day: OpenDay, secret_file: Path, word: str
) -> None:
    secret_file.write_text(word, encoding="utf-8")
    day = await a_day_with_hooks(open_day, secret_file)
    with pytest.raises(Misconfigured) as refused:
        async with pages(day.demo.world):
            raise AssertionError("it listens")
    assert word not in str(refused.value)
    assert "20 of them or more" in str(refused.value)
