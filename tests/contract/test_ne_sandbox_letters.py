"""Automatic mails as their letters tell them: one cause, one letter; counted by day and kind (§8)."""

from __future__ import annotations

from datetime import timedelta

from connector.adapters.next_engine import wire
from connector.sandbox.next_engine import Goods, NextEngineSettings

from tests.contract.ne_case import Town, town
from tests.contract.test_ne_sandbox_screens import SKU, ship, slip


def letters(t: Town, number: int) -> str | None:
    return t.ne.slips[number].fields[wire.MAIL_STATUS]


async def test_an_unshipped_slip_gets_no_letter_and_a_reshipped_one_gets_one_by_its_new_hour() -> None:
    async with town() as t:
        t.ne.seed_goods([Goods(SKU, "見本", 5)])
        number = await ship(t, "T-1", "999900001111")  # 10:05
        await t.wait(minutes=10)
        await t.call.act("unship", slip=number)
        await t.wait(hours=2)
        assert letters(t, number) == ""
        await t.call.act("ship", slip=number)  # 12:15
        await t.wait(minutes=20)
        await t.call.act("unship", slip=number)
        await t.call.act("ship", slip=number)  # 12:35: the letter of 13:15 belongs to a cause that was undone
        await t.wait(minutes=45)
        assert letters(t, number) == ""
        await t.wait(minutes=20)
        assert letters(t, number) == "H"
        assert t.ne.history.per_key("letter_sent") == {str(number): 1}


async def test_a_letter_that_is_out_is_not_written_again_unless_the_account_is_set_so() -> None:
    for again, sent in ((False, 1), (True, 2)):
        async with town(settings=NextEngineSettings(reshipping_writes_again=again)) as t:
            t.ne.seed_goods([Goods(SKU, "見本", 5)])
            number = await ship(t, "T-1", "999900001111")
            await t.wait(hours=2)
            await t.call.act("unship", slip=number)
            await t.call.act("ship", slip=number)
            await t.wait(hours=2)
            assert t.ne.letters_sent == {"2026-11-20": {"H": sent}}
            assert letters(t, number) == "H"


async def test_letters_are_counted_by_day_and_kind_on_the_control_plane() -> None:
    settings = NextEngineSettings(letters=frozenset("JHF"), follow_after=timedelta(days=3))
    async with town(settings=settings) as t:
        t.ne.seed_goods([Goods("A-1", "見本", 5), Goods(SKU, "見本", 5)])
        mail = "Content-Type: text/plain; charset=UTF-8\r\n\r\n受注番号：T-9\n商品：A-1,1,100\n"
        t.ne.deliver(mail.encode(), "intake-shop1@ne.example.jp")
        await t.wait(minutes=1)
        await t.call.act("activate", slip=t.ne.slips_of("T-9")[0].number)
        number = await ship(t, "T-1", "999900001111")
        await t.wait(days=4)
        async with t.call.session.get(f"{t.call.base}/_sim/letters") as answer:
            assert await answer.json() == {"2026-11-20": {"J": 1, "H": 1}, "2026-11-23": {"F": 1}}
        assert letters(t, number) == "HF"


async def ship_by_hand(t: Town, order: str, tracking: str) -> int:
    """At the screen: no token grows old over the days."""
    number = slip(t, order, {wire.TRACKING: tracking})
    await t.wait(minutes=5)
    assert (await t.call.act("ship", slip=number))["status"] == 200
    return number


async def test_a_kind_switched_on_looks_back_a_week_and_one_switched_off_stays_silent() -> None:
    async with town(settings=NextEngineSettings(letters=frozenset())) as t:
        t.ne.seed_goods([Goods(SKU, "見本", 5)])
        old = await ship_by_hand(t, "T-1", "999900001111")
        await t.wait(days=6)
        young = await ship_by_hand(t, "T-2", "999900001225")
        await t.wait(days=2)
        assert t.ne.letters_sent == {}
        await t.call.act("switch-letter", letter="H", on=True)
        await t.wait(hours=2)
        assert (letters(t, old), letters(t, young)) == ("", "H")
        await t.call.act("switch-letter", letter="H", on=False)
        silent = await ship_by_hand(t, "T-3", "999900001336")
        await t.wait(hours=2)
        assert letters(t, silent) == ""
        assert (await t.call.act("switch-letter", letter="X", on=True))["status"] == 400


async def test_switched_off_or_recalled_while_the_letter_waits_for_its_number() -> None:
    async with town() as t:
        t.ne.seed_goods([Goods(SKU, "見本", 5)])
        number = await ship(t, "T-1")
        await t.wait(hours=2)
        await t.call.act("unship", slip=number)
        await t.call.act("edit", slip=number, fields={wire.TRACKING: "999900001111"})
        await t.wait(hours=2)
        assert letters(t, number) == ""  # it was never shipped when the number came


async def test_stock_taking_pauses_mail_and_loses_none() -> None:
    async with town() as t:
        t.ne.seed_goods([Goods(SKU, "見本", 9)])
        numbers = [slip(t, f"T-{n}", {wire.TRACKING: "999900001111"}) for n in range(3)]
        await t.wait(minutes=5)
        for number in numbers:
            await t.call.act("ship", slip=number)
        await t.call.act("start-stock-taking")
        await t.wait(hours=20)
        assert t.ne.letters_sent == {}
        await t.call.act("stop-stock-taking")
        await t.wait(hours=14)
        assert t.ne.history.per_key("letter_sent") == {str(number): 1 for number in numbers}
