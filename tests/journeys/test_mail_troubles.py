"""Mails that vanish, and lines that drop: a lost one is sent again, one that arrived never is."""

from __future__ import annotations

from tests.journeys.conftest import OpenDay
from tests.journeys.day import Day

TWICE = {"times": ["10:00:00", "14:00:00"]}


async def test_a_lost_mail_is_announced_again_and_arrives(open_day: OpenDay) -> None:
    day = await open_day(import_daily=TWICE)
    await day.alone_until("08:30")
    day.faults.plan("lost-mail", 1)
    order = day.place()
    neighbour = day.place()

    await day.until("10:15")
    lost, well = sorted((order, neighbour), key=day.mails)
    assert (day.mails(lost), day.mails(well)) == (0, 1)
    assert (await day.state(lost), await day.state(well)) == ("notified", "imported")

    await day.until("15:00")
    assert await day.state(lost) == "imported"
    walk = ["received", "notified", "received", "notified", "in_intake", "imported"]
    assert await day.walk(lost) == walk
    sent = day.posted(lost)
    assert [mail.lost for mail in sent] == [True, False]
    assert len({mail.message_id for mail in sent}) == 1, (
        "the same mail, so that nobody can read it as another"
    )
    assert (day.mails(lost), len(day.slips(lost))) == (1, 1)


async def test_a_mail_lost_three_times_is_left_to_a_person(open_day: OpenDay) -> None:
    patience = {"times": ["10:00:00"], "intake_patience_minutes": 30}
    day = await open_day(import_daily=patience, mail={"settle_minutes": 10})
    await day.alone_until("08:30")
    day.faults.plan("lost-mail")
    order = day.place()
    await day.until("11:30")
    assert list(await day.holds(order)) == ["mail_never_arrived"]
    assert len(day.posted(order)) == 3, "once, and twice again; then nothing more"
    assert day.mails(order) == 0


async def test_a_line_that_drops_after_the_mail_was_taken_brings_no_second_mail(day: Day) -> None:
    await day.alone_until("08:30")
    day.faults.plan("smtp-drop", 1)
    orders = [day.place() for _ in range(3)]

    await day.until("11:00")
    assert day.faults.struck["smtp-drop"] == 1
    assert [await day.state(order) for order in orders] == ["imported"] * 3
    assert [day.mails(order) for order in orders] == [1, 1, 1]
    assert day.town.mail.history.count("mail_accepted") == 3
    outcomes = [
        attempt.outcome
        for order in orders
        for act in (await day.picture(order)).effects
        if act.kind == "mail"
        for attempt in act.attempts
    ]
    assert outcomes == ["done"] * 3, "the doubt ended by looking in Next Engine"


async def test_a_mail_that_dropped_and_was_lost_is_sent_again_after_a_look(open_day: OpenDay) -> None:
    day = await open_day(import_daily=TWICE, mail={"settle_minutes": 10})
    await day.alone_until("08:30")
    day.faults.plan("smtp-drop", 1)
    day.faults.plan("lost-mail", 1)
    order = day.place()
    await day.until("15:00")
    assert await day.state(order) == "imported"
    assert day.mails(order) == 1
    assert [mail.lost for mail in day.posted(order)] == [True, False]
