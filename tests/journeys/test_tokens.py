"""Next Engine's rotating tokens: a night's rotation nobody notices, and a lock-out that only a person can end."""

from __future__ import annotations

from connector.adapters.next_engine import wire
from connector.ledger import views

from tests.journeys.day import Day, wall

WRITES = ("import_queued", "slip_updated", "printed", "shipped", "status_moved")


async def test_the_pair_rotates_at_night_on_a_harmless_read(day: Day) -> None:
    await day.alone_until("23:00")
    order = day.place()
    await day.until("01:00", day=1)
    rotated = day.town.next_engine.history.of("token_rotated")
    assert [wall(event.at) for event in rotated] == ["11-25 00:00"], "once, at its end"
    written = [event for event in day.town.next_engine.history.of(*WRITES) if event.at == rotated[0].at]
    assert written == []

    await day.alone_until("09:30", day=1)
    await day.until("10:30", day=1)
    assert await day.state(order) == "imported"
    assert day.relayed(order) == 1
    assert day.town.next_engine.history.count("token_rotated") == 1


async def test_tokens_that_end_early_in_the_middle_of_everything_lose_nothing(day: Day) -> None:
    await day.alone_until("08:30")
    orders = [day.place() for _ in range(2)]
    day.faults.plan("token-expiry", 25)
    await day.until("20:00")
    assert day.faults.struck["token-expiry"] == 25
    assert [await day.state(order) for order in orders] == ["completed"] * 2


async def test_when_both_tokens_have_ended_a_sign_in_heals(day: Day) -> None:
    await day.alone_until("08:30")
    early = day.place()
    await day.until("09:00")
    day.town.next_engine.operator.expire_tokens(access=True, refresh=True)
    refused = day.place(card="decline")
    waiting = day.place()

    await day.until("10:40")
    assert await day.state(early) == "in_intake"
    assert (await day.picture(waiting)).order.state == "received", "the cart is read all the same"
    assert list(await day.holds(refused)) == ["payment_refused"], "what needs no Next Engine goes on"
    assert await day.holds(early) == await day.holds(waiting) == {}
    world, shop = day.demo.world, day.demo.shop
    pulses = await world.database.read(lambda c: views.pulses_list(c, shop.shop.key))
    words = {pulse.what: pulse.words for pulse in pulses if pulse.failing}
    assert "再サインイン" in words["follow_slips"]
    calls = day.calls_of_next_engine()
    await day.until("11:00")
    assert day.calls_of_next_engine() == calls, "a dead pair is not hammered"

    asked = await world.sign_in(shop, pair_file=None, uid="", state="")
    assert wire.SIGN_IN in asked
    user = day.town.next_engine.settings.users[0]
    state = day.town.next_engine.new_state(user.uid)
    assert user.uid in await world.sign_in(shop, pair_file=None, uid=user.uid, state=state)
    await day.until("12:00")
    assert await day.state(early) == "imported"
    assert await day.state(waiting) == "in_intake"
    assert (day.mails(early), day.mails(waiting), day.mails(refused)) == (1, 1, 0)
