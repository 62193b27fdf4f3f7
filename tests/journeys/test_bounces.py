"""Mails that come back: the other server's report, read from our mailbox, and what it does to the order."""

from __future__ import annotations

from connector import ops
from connector.outcome import Reason
from connector.sandbox.cart import Order

from tests.journeys.conftest import OpenDay
from tests.journeys.day import Day

TWICE = {"times": ["10:00:00", "14:00:00"]}
SOON = {"read_mail": 5, "ingest": 10, "notify": 5, "confirm_intake": 10, "import_daily": 5}


async def mail_attempts(day: Day, order: Order) -> list[str]:
    acts = [act for act in (await day.picture(order)).effects if act.kind == "mail"]
    return [attempt.outcome for act in acts for attempt in act.attempts]


async def events(day: Day, order: Order) -> list[str]:
    return [row.event for row in (await day.picture(order)).history]


async def release(day: Day, order: Order) -> None:
    said = await ops.release(
        day.demo.world.database,
        day.demo.shop.shop.key,
        order.number,
        actor="見本 花子",
        why="取込用アドレスを直した",
        now=day.now,
        only=Reason.MAIL_BOUNCED,
    )
    assert said.done, said.words


async def test_a_bounced_mail_is_refused_held_and_after_a_persons_word_sent_again(open_day: OpenDay) -> None:
    day = await open_day(import_daily=TWICE)
    await day.alone_until("08:30")
    day.faults.plan("bounced-mail", 1)
    order, neighbour = day.place(), day.place()

    await day.until("09:10")
    back, well = sorted((order, neighbour), key=day.mails)
    bounced = day.town.mail.history.of("mail_bounced")
    assert [event.detail["status"] for event in bounced] == ["5.1.1"]
    assert await mail_attempts(day, back) == ["refused"]
    ((reason, note),) = (await day.holds(back)).items()
    assert reason == "mail_bounced"
    assert "User unknown in virtual mailbox table" in note
    assert (await day.state(back), await day.state(well)) == ("notified", "in_intake")
    (told,) = [row for row in (await day.picture(back)).history if row.event == "mail_bounced"]
    assert (told.at - bounced[0].at).total_seconds() <= 300 + 60, "within one poll of the report"

    await day.until("11:00")
    assert len(day.posted(back)) == 1, "nobody sends it again by himself"
    await release(day, back)
    await day.until("15:00")
    assert await day.walk(back) == ["received", "notified", "received", "notified", "in_intake", "imported"]
    assert await mail_attempts(day, back) == ["refused", "done"]
    assert len({mail.message_id for mail in day.posted(back)}) == 1
    assert (day.mails(back), len(day.slips(back)), day.imports(back)) == (1, 1, 1)
    folders = day.town.inbox.folders
    assert {name: len(folder.mails) for name, folder in folders.items()} == {"INBOX": 0, "Processed": 1}


async def test_a_forged_report_moves_nothing(day: Day) -> None:
    await day.alone_until("08:30")
    order = day.place()
    await day.until("08:45")
    (mail,) = day.posted(order)
    forge = day.town.mail.forge
    sender, intake = mail.sender, mail.recipient
    forge(sender, message_id=f"<{'1' * 64}@{sender.rpartition('@')[2]}>", recipient=intake)
    forge(sender, message_id="<20261124.9@other.example.jp>", recipient=intake)
    forge(sender, message_id=mail.message_id, recipient="somebody-else@example.jp")
    await day.until("11:00")
    assert await mail_attempts(day, order) == ["done"]
    assert await day.state(order) == "imported"
    assert await day.held_once(order) == []
    assert day.town.mail.history.count("report_forged") == 3
    assert "mail_bounced" not in await events(day, order)


async def test_a_late_forgery_about_our_own_mail_is_only_a_fact(day: Day) -> None:
    """It names what we sent and where to: it cannot be told from a true one, and does no harm."""
    await day.alone_until("08:30")
    order = day.place()
    await day.until("10:30")
    (mail,) = day.posted(order)
    day.town.mail.forge(mail.sender, message_id=mail.message_id, recipient=mail.recipient)
    await day.until("11:00")
    assert "mail_bounced" in await events(day, order)
    assert (await day.state(order), await day.holds(order)) == ("imported", {})
    assert await mail_attempts(day, order) == ["done"]


async def test_a_server_that_goes_on_trying_gets_no_second_mail(open_day: OpenDay) -> None:
    day = await open_day(import_daily={"times": ["16:00:00"], "intake_patience_minutes": 60})
    await day.alone_until("08:30")
    intake = day.demo.world.settings.shops[day.demo.shop.shop.key].mail.recipient
    day.town.mail.trouble(intake, "greylisted", warns_after_minutes=10)
    order = day.place()
    await day.until("09:05")
    assert "mail_delayed" in await events(day, order)
    await day.until("12:00")
    assert len(day.posted(order)) == 1
    assert (day.mails(order), await day.state(order)) == (1, "in_intake")


async def test_a_server_that_gave_up_is_asked_again_by_itself(open_day: OpenDay) -> None:
    day = await open_day(import_daily=TWICE)
    await day.alone_until("08:30")
    intake = day.demo.world.settings.shops[day.demo.shop.shop.key].mail.recipient
    day.town.mail.trouble(intake, "server-down", ends_after_minutes=10)
    order = day.place()
    await day.until("08:55")
    day.town.mail.no_trouble(intake)
    await day.until("15:00")
    assert await mail_attempts(day, order) == ["refused", "done"]
    assert await day.held_once(order) == []
    assert (day.mails(order), len(day.slips(order)), await day.state(order)) == (1, 1, "imported")
