"""The cart's own link to Next Engine (§8), against the NE sandbox: what it can do, and what it never tells anybody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from connector.adapters.next_engine import wire as ne
from connector.sandbox.cart import CartSettings
from connector.sandbox.cart.engine import CartEngine
from connector.sandbox.cart.links import NeLink
from connector.sandbox.cart.model import Order
from connector.sandbox.next_engine.model import Goods
from connector.sandbox.town.masters import next_engine_settings

from tests.contract.cart_shapes import GOODS, Caller, an_order, open_cart
from tests.contract.ne_case import Town, town

COD, BANK, DEFERRED = 5, 15, 24
INTAKE = ("0", "1")


class Both:
    """A cart with its own link, and the Next Engine it is linked to, on one clock."""

    def __init__(self, town: Town, link: NeLink) -> None:
        self.town = town
        self.cart = CartEngine(town.clock, settings=CartSettings(ne_link=link))
        self.cart.seed_goods(GOODS)
        town.ne.seed_goods(Goods(each.sku, each.name, 100, price=each.price) for each in GOODS)
        self.cart.ne_link.post = town.ne.deliver
        self.cart.ne_link.in_intake = self.in_intake

    def in_intake(self, numbers: Sequence[str]) -> list[str]:
        found = {number: self.town.ne.slips_of(number) for number in numbers}
        return [
            number
            for number, slips in found.items()
            if any(one.live and one.status in INTAKE for one in slips)
        ]

    async def wait(self, **span: float) -> None:
        """Time goes by for both, and each file of the cart is uploaded as soon as it is there."""
        end = self.town.clock.now() + timedelta(**span)
        while (due := min(filter(None, (self.cart.next_event_at(), self.town.ne.next_event_at())))) <= end:
            await self.town.clock.advance_to(due)
            before = len(self.cart.ne_link.files)
            await self.cart.advance()
            await self.town.ne.advance()
            for file in self.cart.ne_link.files[before:]:
                await self.town.call.upload(file.body, "csv")
        await self.town.clock.advance_to(end)

    def status(self, order: Order) -> str | None:
        slips = self.town.ne.slips_of(order.number)
        return slips[0].status if slips else None


@asynccontextmanager
async def linked(**link: object) -> AsyncIterator[Both]:
    async with town("2026-11-26 00:00:00", settings=next_engine_settings()) as t:
        to = t.ne.intake_addresses["1"]
        yield Both(t, NeLink(**({"on": True, "to": to} | link)))  # type: ignore[arg-type]


async def test_a_mail_opens_the_slip_and_the_file_of_the_day_completes_it() -> None:
    async with linked() as both:
        card, cod = both.cart.place(an_order()), both.cart.place(an_order(payment_method_id=COD))
        bank = both.cart.place(an_order(payment_method_id=BANK))
        await both.wait(hours=1)
        assert [both.status(order) for order in (card, cod, bank)] == ["1", "1", "1"]
        mails = [mail for mail in both.cart.outbox if mail.kind == "ne_order"]
        assert {mail.subject for mail in mails} == {
            f"【見本茶房】ご注文 {order.number}" for order in (card, cod, bank)
        }
        assert len(mails) == 3
        await both.wait(hours=12, minutes=50)
        assert both.status(card) == "1"  # 13:50, the file goes at 14:00
        await both.wait(hours=1)
        (file,) = both.cart.ne_link.files
        assert set(file.numbers) == {card.number, cod.number, bank.number}
        for order in (card, cod, bank):
            (slip,) = both.town.ne.slips_of(order.number)
            assert slip.status in ("2", "20")
            assert slip.amount(ne.TOTAL) == order.amounts.payment_total
        await both.wait(hours=24)
        assert len(both.cart.ne_link.files) == 1  # each order goes into one file


async def test_an_exam_that_ends_well_is_mailed_then_and_a_refused_order_never() -> None:
    async with linked() as both:
        good = both.cart.place(an_order(payment_method_id=DEFERRED))
        bad = both.cart.place(an_order(payment_method_id=DEFERRED, card="decline"))
        assert both.cart.ne_link.mailed == {}
        await both.wait(minutes=30)
        assert list(both.cart.ne_link.mailed) == [good.number]
        assert (both.status(good), both.status(bad)) == ("1", None)


async def test_what_heals_is_told_to_nobody_and_that_is_the_gap() -> None:
    async with linked() as both:
        order = both.cart.place(an_order(card="decline"))
        await both.wait(hours=1)
        assert both.cart.ne_link.never_told() == []  # nothing is owed yet
        both.cart.change_card(order.customer_id)
        both.cart.reauth(order.id)
        assert order.payment.state == "authed"
        await both.wait(hours=48)
        assert both.status(order) is None
        assert both.cart.ne_link.files == []
        assert both.cart.ne_link.never_told() == [order.number]


async def test_a_lost_mail_means_no_slip_and_no_row() -> None:
    async with linked(mail_loss=1.0) as both:
        order = both.cart.place(an_order())
        await both.wait(hours=24)
        assert both.status(order) is None
        assert both.cart.ne_link.files == []
        assert both.cart.ne_link.never_told() == [order.number]


async def test_a_cancel_after_the_mail_reaches_nobody() -> None:
    async with linked() as both:
        order = both.cart.place(an_order())
        await both.wait(hours=1)
        both.cart.cancel(order.id)
        await both.wait(hours=24)
        (slip,) = both.town.ne.slips_of(order.number)
        assert slip.live
        assert slip.status in ("2", "20")


async def test_it_is_off_by_default() -> None:
    async with linked(on=False) as both:
        order = both.cart.place(an_order())
        await both.wait(hours=24)
        assert both.cart.ne_link.mailed == {}
        assert both.status(order) is None


async def asked(caller: Caller, method: str, path: str, body: object = None) -> object:
    reply = await caller.call(method, f"/__sandbox/{path}", body)
    assert reply.status == 200, reply.body
    return reply.json


async def test_the_control_plane_runs_both_jobs_by_hand() -> None:
    async with open_cart("2026-11-26 09:00:00") as (cart, caller, _):
        order, bad = cart.place(an_order()), cart.place(an_order(card="decline"))
        assert (await caller.call("POST", "/__sandbox/ne_link", {"on": True})).status == 204
        assert await asked(caller, "POST", "jobs/ne_mail") == {"mailed": [order.number]}
        assert (await caller.call("POST", "/__sandbox/jobs/ne_csv", {"in_intake": []})).status == 204
        wish = {"in_intake": [order.number, bad.number]}
        file = await caller.call("POST", "/__sandbox/jobs/ne_csv", wish)
        head, *rows = file.body.decode("cp932").split("\r\n")
        assert head == ne.CSV_HEADER
        assert [row.split(",")[0] for row in rows if row] == [order.number]
        assert (
            await caller.call("POST", "/__sandbox/jobs/ne_csv", wish)
        ).status == 204  # once, and never again
        shown = await asked(caller, "GET", "ne_link")
        assert isinstance(shown, dict)
        assert (shown["mailed"], shown["never_told"]) == ([order.number], [])
        assert [one["numbers"] for one in shown["files"]] == [[order.number]]
