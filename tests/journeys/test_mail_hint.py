"""A push of the mailbox's server wakes the reading of mail; without it the mail is read at its time all the same."""

from __future__ import annotations

import asyncio

from connector.sandbox.imap import ImapSandbox
from connector.serve import _listening

from tests.journeys.conftest import OpenDay


async def test_a_push_is_a_hint_to_read_mail(open_day: OpenDay) -> None:
    day = await open_day()
    await day.until("08:31")
    world, rhythm = day.demo.world, day.demo.shop.rhythm
    async with asyncio.TaskGroup() as group:
        listening = [group.create_task(one) for one in _listening(world)]
        assert len(listening) == 1
        await _somebody_idles(day.town.inbox)
        rhythm.woken.clear()
        day.town.inbox.append("INBOX", b"Subject: hello\r\n\r\nfrom a person\r\n")
        async with asyncio.timeout(5):
            await rhythm.woken.wait()
        for task in listening:
            task.cancel()
    assert rhythm._hinted == {"read_mail"}


async def _somebody_idles(inbox: ImapSandbox) -> None:
    for _ in range(500):
        if inbox.idlers:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody idles")
