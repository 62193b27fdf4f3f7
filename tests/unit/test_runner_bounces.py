"""Bounces: what comes back to our mailbox, what it does to the one order it is about, and to no other."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from connector import ops
from connector.errors import NotDone, Unknown
from connector.ledger.schema_hub import incoming_mails
from connector.outcome import Reason
from connector.shop import Mode
from sqlalchemy import select

from tests.unit.world import World, an_order, world

INTAKE = "intake@ne.example.jp"
FORGED = f"<{'1' * 16}@shop.example.jp>"


def report(
    about: str,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    to: str = INTAKE,
    n: int = 0,
) -> bytes:
    """A delivery report as a mail server writes it; `n` makes it another mail."""
    return (
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.jp\r\nTo: connector@shop.example.jp\r\n"
        f"Message-ID: <b{n}@mx.example.jp>\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n'
        "--x\r\nContent-Type: text/plain\r\n\r\nDelivery report.\r\n"
        "--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.jp\r\n\r\n"
        f"Final-Recipient: rfc822; {to}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; 550 {status} unknown user\r\n\r\n"
        f"--x\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {about}\r\n\r\n--x--\r\n"
    ).encode()


def text_bounce(about: str) -> bytes:
    """A failure in prose, without a report (qmail, many Japanese servers)."""
    return (
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.jp\r\nSubject: failure notice\r\n"
        f"Message-ID: <q@mx.example.jp>\r\n\r\nNo such user here.\r\n\r\nMessage-ID: {about}\r\n"
    ).encode()


def answer(about: str) -> bytes:
    head = f"From: tantou@wms.example.jp\r\nSubject: Re\r\nMessage-ID: <p@wms.example.jp>\r\nIn-Reply-To: {about}\r\n"
    return (head + "Content-Type: text/plain; charset=utf-8\r\n\r\n確認しました。\r\n").encode()


async def announced(w: World, *numbers: str, lost: bool = True) -> None:
    """These orders are announced; their mails were accepted and (`lost`) never open a slip."""
    for number in numbers or ("T-1001",):
        w.cart.put(an_order(number))
    w.pass_by(minutes=11)
    if lost:
        w.mailer.fates += ["lost"] * len(numbers or ("T-1001",))
    await w.run("ingest", "notify")


def sent_as(w: World, number: str = "T-1001") -> str:
    """The Message-ID of the order's mail."""
    return w.mailer.letter(w.cart.orders[number]).name  # type: ignore[union-attr]


def mails(w: World) -> list[Any]:
    return list(w.rows(select(incoming_mails).order_by(incoming_mails.c.id)))


def verdicts(w: World) -> list[str]:
    return [row.verdict for row in mails(w)]


def attempts(w: World) -> list[str]:
    from connector.ledger.schema import attempts as table

    return [row.outcome for row in w.rows(select(table.c.outcome).order_by(table.c.id))]


async def release(w: World, number: str = "T-1001") -> None:
    said = await ops.release(
        w.database, w.shop.key, number, actor="見本 花子", why="アドレスを直した", now=w.clock.now()
    )
    assert said.done, said.words


# --- a final failure ------------------------------------------------------------------------------------------


async def test_a_bounce_takes_the_announcement_back_within_one_poll(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await announced(w)
        assert (w.state(), w.effects("mail")) == ("notified", ["done"])
        w.mailbox.deliver(report(sent_as(w)))
        await w.run("read_mail")
        assert w.effects("mail") == ["refused"]
        assert attempts(w) == ["refused"]
        assert w.holds() == ["mail_bounced"]
        assert w.hold_note("T-1001", "mail_bounced") == f"{INTAKE}: 5.1.1 550 5.1.1 unknown user"
        assert "mail_bounced" in w.events()
        assert (w.mailbox.inbox, len(w.mailbox.processed), w.mailbox.quarantine) == ({}, 1, [])
        (row,) = mails(w)
        assert (row.kind, row.verdict, row.about) == ("failed", "held", sent_as(w))
        assert row.moved_at == w.clock.now()
        for _ in range(5):  # nobody sends it again by himself
            await w.everything(hours=1)
        assert len(w.mailer.sent) == 1


async def test_corrected_and_released_it_is_announced_again_under_the_same_message_id(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await announced(w)
        w.mailbox.deliver(report(sent_as(w)))
        await w.run("read_mail")
        w.mailer.recipient = "new@ne.example.jp"
        await release(w)
        assert (w.state(), w.holds()) == ("received", [])
        await w.run("notify")
        assert (w.state(), w.effects("mail")) == ("notified", ["done"])
        assert w.mailer.sent == [sent_as(w)] * 2
        w.pass_by(minutes=2)
        await w.run("confirm_intake")
        assert w.state() == "in_intake"
        assert w.ne.count("slip_opened", "T-1001") == 1
        # A report from the old address says nothing any more.
        w.mailbox.deliver(report(sent_as(w), n=2))
        await w.run("read_mail")
        assert verdicts(w) == ["held", "earlier"]
        assert (w.state(), w.holds()) == ("in_intake", [])


async def test_released_it_is_looked_for_before_it_is_sent_again(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await announced(w)
        w.mailbox.deliver(report(sent_as(w)))
        await w.run("read_mail")
        w.ne.open("T-1001")  # somebody typed it in by hand
        await release(w)
        await w.run("notify")
        assert len(w.mailer.sent) == 1
        w.pass_by(minutes=2)
        await w.run("confirm_intake")
        assert w.state() == "in_intake"


async def test_a_second_bounce_of_the_second_mail_holds_again(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await announced(w)
        w.mailbox.deliver(report(sent_as(w)))
        await w.run("read_mail")
        await release(w)
        w.mailer.fates.append("lost")
        await w.run("notify")
        w.mailbox.deliver(report(sent_as(w), n=2))
        await w.run("read_mail")
        assert w.holds() == ["mail_bounced"]
        assert attempts(w) == ["refused", "refused"]
        assert w.effect("mail").state == "refused"


async def test_a_further_report_about_the_same_mail_changes_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await announced(w)
        w.mailbox.deliver(report(sent_as(w)))
        w.mailbox.deliver(report(sent_as(w), n=2, status="4.2.1"))
        await w.run("read_mail")
        assert verdicts(w) == ["held", "known"]
        await release(w)
        w.mailbox.deliver(report(sent_as(w), n=3))  # before it is announced again
        await w.run("read_mail")
        assert verdicts(w)[-1] == "known"
        assert w.holds() == []


@pytest.mark.parametrize("unknown", [True, False])
async def test_a_mail_in_doubt_is_answered_by_its_bounce(tmp_path: Path, unknown: bool) -> None:
    """Accepted or not: the other server says that it failed. Its address is known from its bytes alone."""
    with world(tmp_path) as w:
        w.cart.put(an_order())
        w.pass_by(minutes=11)
        w.mailer.fates.append(Unknown("Unexpected EOF received"))
        await w.run("ingest", "notify")
        assert (w.effects("mail"), w.state()) == (["unknown"], "received")
        w.mailbox.deliver(report(sent_as(w), to=INTAKE if unknown else "x@ne.example.jp"))
        await w.run("read_mail")
        assert w.effects("mail") == (["refused"] if unknown else ["unknown"])
        assert w.holds() == (["mail_bounced"] if unknown else [])
        if unknown:
            w.mailer.fates.clear()
            await release(w)
            await w.run("notify")
            assert w.state() == "notified"


async def test_a_bounce_of_an_order_with_a_slip_is_only_a_fact(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.to_intake(an_order())
        assert w.state() == "in_intake"
        w.mailbox.deliver(report(sent_as(w)))
        await w.run("read_mail")
        assert (w.state(), w.holds(), w.effects("mail")) == ("in_intake", [], ["done"])
        assert verdicts(w) == ["no_harm"]
        assert w.events()[-1] == "mail_bounced"


async def test_a_cancelled_order_is_not_held(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await announced(w)
        w.cart.put(an_order(cancelled=True))
        w.pass_by(minutes=40)
        await w.run("ingest", "stop")
        assert w.state() == "cancelled"
        w.mailbox.deliver(report(sent_as(w)))
        await w.run("read_mail")
        assert (w.state(), w.holds()) == ("cancelled", [])


async def test_thirty_bounces_have_the_same_words_and_one_release(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        numbers = [f"T-{2000 + n}" for n in range(30)]
        await announced(w, *numbers)
        for n, number in enumerate(numbers):
            w.mailbox.deliver(report(sent_as(w, number), n=n))
        await w.run("read_mail")
        assert all(w.holds(number) == ["mail_bounced"] for number in numbers)
        assert {w.hold_note(number, "mail_bounced") for number in numbers} == {
            f"{INTAKE}: 5.1.1 550 5.1.1 unknown user"
        }
        who: dict[str, Any] = {"actor": "見本 花子", "why": "アドレスを直した", "now": w.clock.now()}
        said = await ops.announce_again(w.database, w.shop.key, **who)
        assert (said.done, said.facts["count"]) == (True, "30")
        assert {w.state(number) for number in numbers} == {"received"}
        again = await ops.announce_again(w.database, w.shop.key, **who)
        assert (again.done, again.code) == (False, "none_bounced")
        await w.run("notify")
        w.pass_by(minutes=2)
        await w.run("confirm_intake")
        assert all(w.state(number) == "in_intake" for number in numbers)
        assert w.mailer.count("sent") == 60


# --- the other server gave up on a passing fault --------------------------------------------------------------


async def test_a_server_that_gave_up_is_tried_again_twice_and_then_a_person_looks(tmp_path: Path) -> None:
    """F15: a 4.x in a final report is a fault that passes; a 5.x would say no again."""
    with world(tmp_path) as w:
        await announced(w)
        w.mailer.fates += ["lost"] * 3
        for n in (1, 2):
            w.mailbox.deliver(report(sent_as(w), status="4.4.1", n=n))
            await w.run("read_mail")
            assert (w.state(), w.holds(), w.effect("mail").state) == ("received", [], "undone")
            await w.run("notify")
            assert len(w.mailer.sent) == n + 1
        w.mailbox.deliver(report(sent_as(w), status="4.4.1", n=3))
        await w.run("read_mail")
        assert (w.holds(), w.effect("mail").state) == (["mail_bounced"], "refused")
        assert verdicts(w) == ["again", "again", "held"]
        assert attempts(w) == ["refused"] * 3
        assert len(set(w.mailer.sent)) == 1


async def test_it_is_looked_for_before_it_is_sent_again_by_itself(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await announced(w)
        w.ne.open("T-1001")
        w.mailbox.deliver(report(sent_as(w), status="4.4.1"))
        await w.run("read_mail", "notify")
        assert (w.state(), len(w.mailer.sent)) == ("notified", 1)


# --- a delay --------------------------------------------------------------------------------------------------


async def test_a_delay_changes_nothing_and_no_second_mail_queues_behind_the_first(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await announced(w)
        w.pass_by(minutes=60)
        w.mailbox.deliver(report(sent_as(w), action="delayed", status="4.4.1"))
        await w.run("read_mail", "confirm_intake")
        assert (w.state(), w.effects("mail"), w.holds()) == ("notified", ["done"], [])
        assert w.order().waiting_for == "メールサーバが再送中"
        assert verdicts(w) == ["delayed"]
        assert w.events()[-1] == "mail_delayed"
        for _ in range(20):  # far beyond the patience
            w.pass_by(minutes=60)
            await w.run("confirm_intake", "notify")
        assert (w.state(), len(w.mailer.sent)) == ("notified", 1)
        w.pass_by(hours=5)
        await w.run("confirm_intake", "notify")
        assert len(w.mailer.sent) == 2, "a day is enough: it is looked for and sent again"


async def test_after_a_delay_it_may_still_arrive_or_fail(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await announced(w, "T-1001", "T-1002")
        for n, number in enumerate(("T-1001", "T-1002")):
            w.mailbox.deliver(report(sent_as(w, number), action="delayed", status="4.4.1", n=n))
        await w.run("read_mail")
        w.pass_by(hours=3)
        w.ne.open("T-1001")
        w.mailbox.deliver(report(sent_as(w, "T-1002"), n=9))
        await w.run("read_mail", "confirm_intake")
        assert w.state("T-1001") == "in_intake"
        assert w.holds("T-1002") == ["mail_bounced"]


async def test_a_delay_of_an_earlier_mail_is_over_with_the_next_one(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await announced(w)
        w.mailbox.deliver(report(sent_as(w), action="delayed", status="4.4.1"))
        await w.run("read_mail")
        w.pass_by(hours=1)
        w.mailer.fates.append("lost")
        w.mailbox.deliver(report(sent_as(w), status="4.4.1", n=2))
        await w.run("read_mail", "notify", "confirm_intake")
        assert len(w.mailer.sent) == 2
        assert w.order().waiting_for == "新規受付待ち"


# --- what counts for nothing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        (lambda name: report(FORGED), "not_ours"),
        (lambda name: report("<20261124.9@other.example.jp>"), "not_ours"),
        (lambda name: report(name, to="somebody-else@ne.example.jp"), "other_recipient"),
        (lambda name: report(name, to="Intake@ne.example.jp"), "other_recipient"),
        (lambda name: report("-"), "no_original"),
        (lambda name: report(name, action="relayed", status="2.0.0"), "delivered"),
        (lambda name: report(name, action="delivered", status="5.1.1"), "delivered"),
        (lambda name: text_bounce(name), "to_decide"),
        (lambda name: text_bounce(FORGED), "not_ours"),
        (lambda name: answer(name), "for_a_person"),
        (lambda name: b"Auto-Submitted: auto-replied\r\nIn-Reply-To: " + name.encode() + b"\r\n\r\nx", "filed"),
        (lambda name: b"\x00\xff", "unreadable"),
        (lambda name: None, "unreadable"),
    ],
)  # fmt: skip
async def test_nothing_else_moves_an_order(tmp_path: Path, body: Any, verdict: str) -> None:
    with world(tmp_path) as w:
        await announced(w)
        w.mailbox.deliver(body(sent_as(w)), size=40_000_000)
        await w.run("read_mail")
        assert verdicts(w) == [verdict]
        assert (w.state(), w.holds(), w.effects("mail")) == ("notified", [], ["done"])
        assert attempts(w) == ["done"]
        assert w.mailbox.inbox == {}
        strange = verdict not in ("delivered", "filed")
        assert (len(w.mailbox.quarantine), len(w.mailbox.processed)) == ((1, 0) if strange else (0, 1))


async def test_the_domain_may_be_written_in_any_case(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await announced(w)
        w.mailbox.deliver(report(sent_as(w), to="intake@NE.Example.JP"))
        await w.run("read_mail")
        assert verdicts(w) == ["held"]


async def test_another_shops_mail_is_not_ours(tmp_path: Path) -> None:
    from connector.ledger.schema import effects
    from sqlalchemy import update

    with world(tmp_path) as w:
        await announced(w)
        with w.database.engine.begin() as connection:
            connection.execute(update(effects).values(shop="other"))
        w.mailbox.deliver(report(sent_as(w)))
        await w.run("read_mail")
        assert (verdicts(w), w.holds()) == (["not_ours"], [])


async def test_of_several_recipients_only_ours_counts(tmp_path: Path) -> None:
    two = (
        b"Final-Recipient: rfc822; other@ne.example.jp\r\nAction: %s\r\nStatus: 5.1.1\r\n\r\nFinal-Recipient:"
    )
    with world(tmp_path) as w:
        await announced(w, "T-1001", "T-1002")
        delayed = report(sent_as(w), action="delayed", status="4.2.0")
        w.mailbox.deliver(delayed.replace(b"Final-Recipient:", two % b"failed"))
        failed = report(sent_as(w, "T-1002"))
        w.mailbox.deliver(failed.replace(b"Final-Recipient:", two % b"delivered"))
        await w.run("read_mail")
        assert verdicts(w) == ["delayed", "held"]
        assert (w.holds("T-1001"), w.holds("T-1002")) == ([], ["mail_bounced"])


# --- a person decides -----------------------------------------------------------------------------------------


async def test_a_person_says_that_it_is_a_bounce(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await announced(w)
        w.mailbox.deliver(text_bounce(sent_as(w)))
        await w.run("read_mail")
        assert w.events()[-1] == "mail_suspected"
        who: dict[str, Any] = {"actor": "見本 花子", "why": "宛先不明でした", "now": w.clock.now()}
        said = await ops.settle_mail(w.database, w.shop.key, 1, bounced=True, **who)
        assert (said.done, said.code) == (True, "mail_bounced")
        assert (w.holds(), w.effects("mail"), verdicts(w)) == (["mail_bounced"], ["refused"], ["held"])
        assert mails(w)[0].settled_by == "見本 花子"
        again = await ops.settle_mail(w.database, w.shop.key, 1, bounced=True, **who)
        assert (again.done, again.code) == (False, "mail_settled_already")
        nothing = await ops.settle_mail(w.database, w.shop.key, 99, **who)
        assert (nothing.done, nothing.code) == (False, "unknown")


async def test_a_person_says_that_it_is_none(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await announced(w)
        w.mailbox.deliver(answer(sent_as(w)))
        w.mailbox.deliver(text_bounce("-"))
        await w.run("read_mail")
        who: dict[str, Any] = {"actor": "見本 花子", "why": "読みました", "now": w.clock.now()}
        none = await ops.settle_mail(w.database, w.shop.key, 2, bounced=True, **who)
        assert (none.done, none.code) == (False, "mail_names_no_order")
        for number in (1, 2):
            assert (await ops.settle_mail(w.database, w.shop.key, number, **who)).done
        assert (w.holds(), w.effects("mail"), w.state()) == ([], ["done"], "notified")


# --- once and only once ---------------------------------------------------------------------------------------


async def test_a_mail_that_could_not_be_moved_is_met_again_and_changes_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await announced(w)
        w.mailbox.deliver(report(sent_as(w)))
        w.mailbox.faults += [NotDone("line lost")]
        assert "line lost" in (await w.runner.run("read_mail")).failed
        assert (verdicts(w), mails(w)[0].moved_at) == (["held"], None)
        events = w.events()
        w.mailbox.renumber()  # and the server lost its numbers meanwhile
        await w.run("read_mail")
        assert (verdicts(w), w.events()) == (["held"], events)
        assert mails(w)[0].moved_at is not None
        assert len(w.mailbox.processed) == 1
        w.mailbox.deliver(w.mailbox.processed[0])  # delivered a second time
        await w.run("read_mail")
        assert (verdicts(w), w.events(), w.rows_of("holds")) == (["held"], events, 1)


async def test_the_same_uid_may_mean_another_mail(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await announced(w, "T-1001", "T-1002")
        w.mailbox.deliver(report(sent_as(w, "T-1001")))
        await w.run("read_mail")
        w.mailbox.uids = 0  # restored from a backup, without another UIDVALIDITY
        w.mailbox.deliver(report(sent_as(w, "T-1002")))
        await w.run("read_mail")
        assert (w.holds("T-1001"), w.holds("T-1002")) == (["mail_bounced"], ["mail_bounced"])


async def test_watching_leaves_the_inbox_alone(tmp_path: Path) -> None:
    with world(tmp_path, modes={"read_mail": Mode.WATCH}) as w:
        await announced(w)
        w.mailbox.deliver(report(sent_as(w)))
        await w.run("read_mail", "read_mail")
        assert (verdicts(w), len(w.mailbox.inbox)) == (["held"], 1)
        assert w.holds() == ["mail_bounced"]


async def test_a_reader_that_breaks_keeps_no_other_mail_waiting(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await announced(w)
        whole = w.mailbox.reader

        def breaks(body: bytes) -> Any:
            if body == b"odd":
                raise RuntimeError("odd")
            return whole(body)

        w.mailbox.reader = breaks
        w.mailbox.deliver(b"odd")
        w.mailbox.deliver(report(sent_as(w)))
        await w.run("read_mail")
        assert verdicts(w) == ["unreadable", "held"]


async def test_without_a_mailbox_nothing_happens(tmp_path: Path) -> None:
    from dataclasses import replace

    with world(tmp_path) as w:
        w.runner.ports = replace(w.runner.ports, mailbox=None)
        counts = await w.run("read_mail")
        assert counts.seen == 0


async def test_whatever_comes_in_whatever_order_only_named_orders_move(tmp_path: Path) -> None:
    """Random mails about random orders: an order is held exactly if a true final report named its mail."""
    seed = 20261124
    print(f"seed {seed}")
    spread = random.Random(seed)
    with world(tmp_path) as w:
        numbers = [f"T-{3000 + n}" for n in range(40)]
        await announced(w, *numbers)
        refused: set[str] = set()
        for n in range(300):
            number = spread.choice(numbers)
            name = sent_as(w, number)
            match spread.randrange(7):
                case 0:
                    w.mailbox.deliver(report(name, n=n))
                    refused.add(number)
                case 1:
                    w.mailbox.deliver(report(name, n=n, to="else@ne.example.jp"))
                case 2:
                    w.mailbox.deliver(report(name, n=n, action="delayed", status="4.0.0"))
                case 3:
                    w.mailbox.deliver(report(name, n=n, action="delivered", status="2.0.0"))
                case 4:
                    w.mailbox.deliver(report(FORGED, n=n))
                case 5:
                    w.mailbox.deliver(text_bounce(name))
                case _:
                    w.mailbox.deliver(spread.randbytes(200))
            if spread.random() < 0.2:
                await w.run("read_mail")
        await w.run("read_mail")
        assert {number for number in numbers if w.holds(number) == ["mail_bounced"]} == refused
        assert {number for number in numbers if w.holds(number)} == refused
        assert w.effects("mail").count("refused") == len(refused)
        assert 0 < len(refused) < 40
        assert w.mailbox.inbox == {}


def test_the_reason_waits_for_a_person() -> None:
    from connector.ledger.by_hand import DO_AGAIN
    from connector.outcome import SELF_CLEARING

    assert Reason.MAIL_BOUNCED not in SELF_CLEARING
    assert Reason.MAIL_BOUNCED in DO_AGAIN
