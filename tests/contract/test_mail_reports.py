"""Incoming mail as real servers and odd ones write it: what each is taken for; nothing hostile gets through."""

from __future__ import annotations

import base64
import hashlib
import random
import time
from pathlib import Path

import pytest
from connector.adapters.mail.reports import read_report
from connector.incoming import MailKind, MailReport

MAIL = Path(__file__).parents[2] / "fixtures" / "mail"
DOMAIN = "shop.example.test"
SEED = 20261124


def ours(number: str) -> str:
    """The Message-ID of our mail for an order (fixtures/mail/README.md)."""
    return f"<{hashlib.sha256(f'demo-shop:{number}'.encode()).hexdigest()}@{DOMAIN}>"


def fixture(name: str) -> bytes:
    (found,) = [path for path in MAIL.rglob("*.eml") if path.name.startswith(f"{name}_")]
    return found.read_bytes()


FAILED, DELAYED, DELIVERED = MailKind.FAILED, MailKind.DELAYED, MailKind.DELIVERED
Said = tuple[tuple[str, str, str], ...]

# fixtures/mail/README.md, one row each: file, kind, the order it is about, and what is said of which recipient.
# fmt: off
REPORTS: list[tuple[str, MailKind, str, Said]] = [
    ("01", FAILED, "EC-2026-000101", (("nobody-intake@bounce.example.test", "failed", "5.1.1"),)),
    ("02", FAILED, "EC-2026-000102", (("unknown-intake@ne.example.test", "failed", "5.1.1"),)),
    ("03", FAILED, "EC-2026-000103", (("full@bounce.example.test", "failed", "5.2.2"),)),
    ("04", FAILED, "EC-2026-000104", (("spam@bounce.example.test", "failed", "5.7.1"),)),
    ("05", FAILED, "EC-2026-000105", (("plain@bounce.example.test", "failed", "5.0.0"),)),
    ("06", FAILED, "EC-2026-000106", (("nobody-hdrs@bounce.example.test", "failed", "5.1.1"),)),
    ("07", DELAYED, "EC-2026-000111", (("intake@slow.example.test", "delayed", "4.3.2"),)),
    ("08", FAILED, "EC-2026-000111", (("intake@slow.example.test", "failed", "4.3.2"),)),
    ("09", FAILED, "EC-2026-000112", (("intake@closed.example.test", "failed", "4.4.1"),)),
    ("10", FAILED, "EC-2026-000107", (("full-c@bounce.example.test", "failed", "5.2.2"),
                                      ("nobody-b@bounce.example.test", "failed", "5.1.1"))),
    ("11a", FAILED, "EC-2026-000113", (("nobody-b@bounce.example.test", "failed", "5.1.1"),)),
    ("11b", FAILED, "EC-2026-000113", (("later-c@bounce.example.test", "failed", "4.2.1"),)),
    ("12", DELIVERED, "EC-2026-000108", (("intake@ne.example.test", "delivered", "2.0.0"),)),
    ("13", DELIVERED, "EC-2026-000109", (("ok-x@bounce.example.test", "relayed", "2.0.0"),)),
    ("14", FAILED, "EC-2026-000110", (("見本@bounce.example.test", "failed", "5.1.1"),)),
    ("21", MailKind.SUSPECTED, "EC-2026-000121", ()),
    ("22", MailKind.SUSPECTED, "EC-2026-000122", ()),
    ("23", FAILED, "EC-2026-000123", (("nobody@bounce.example.test", "failed", "5.1.10"),)),
    ("24", FAILED, f"<{'1' * 64}@{DOMAIN}>", (("nobody@bounce.example.test", "failed", "5.1.1"),)),
    ("25", FAILED, "<20261124.9@other.example.test>", (("nobody@bounce.example.test", "failed", "5.1.1"),)),
    ("26", FAILED, "", (("nobody@bounce.example.test", "failed", "5.1.1"),)),
    ("27", DELIVERED, "EC-2026-000127", (("nobody@bounce.example.test", "relayed", "2.0.0"),)),
    ("28", FAILED, "EC-2026-000128", (("nobody@bounce.example.test", "failed", "5.1.1"),)),
    ("29", FAILED, "EC-2026-000129", (("somebody-else@bounce.example.test", "failed", "5.1.1"),)),
    ("31", MailKind.AUTOMATIC, "*", ()),
    ("32", MailKind.AUTOMATIC, "", ()),
    ("33", MailKind.AUTOMATIC, "EC-2026-000133", ()),
    ("34", MailKind.FROM_A_PERSON, "EC-2026-000134", ()),
    ("35", MailKind.AUTOMATIC, "", ()),
    ("36", MailKind.AUTOMATIC, "*", ()),
]
# fmt: on


@pytest.mark.parametrize(("name", "kind", "about", "said"), REPORTS, ids=[row[0] for row in REPORTS])
@pytest.mark.parametrize("domain", [DOMAIN, None])
def test_each_fixture_is_taken_for_what_it_is(
    name: str, kind: MailKind, about: str, said: Said, domain: str | None
) -> None:
    body = fixture(name)
    found = read_report(body, domain=domain)
    assert found.kind is kind
    assert tuple((one.recipient, one.action, one.status) for one in found.deliveries) == said
    if about != "*":
        assert found.about == (ours(about) if about.startswith("EC-") else about)
    assert found.subject
    assert "@" in found.sender
    # A mail server that writes line feeds alone says the same.
    assert read_report(body.replace(b"\r\n", b"\n"), domain=domain) == found


def test_every_fixture_has_its_row() -> None:
    files = [path.name for folder in ("bounce", "auto") for path in (MAIL / folder).rglob("*.eml")]
    assert sorted(name.partition("_")[0] for name in files) == sorted(row[0] for row in REPORTS)
    assert len(files) == 30


def test_what_else_a_report_tells() -> None:
    found = read_report(fixture("06"), domain=DOMAIN)
    assert found.envelope_id == "EC-2026-000106"
    assert found.message_id == "<20261122024149.A5C8B20C0D3@mx1.shop.example.test>"
    assert "Recipient address rejected: User unknown" in found.deliveries[0].words
    assert read_report(fixture("22"), domain=DOMAIN).subject == "メールを配信できませんでした"
    assert "宛先のメールアドレスが見つかりません" in read_report(fixture("22"), domain=DOMAIN).words
    assert read_report(fixture("34"), domain=DOMAIN).words == "確認しました。本日出荷します。"


# --- what a report must not be able to say --------------------------------------------------------------------


def changed(name: str, old: bytes, new: bytes) -> MailReport:
    body = fixture(name)
    assert old in body
    return read_report(body.replace(old, new), domain=DOMAIN)


def test_contradicting_actions_for_one_recipient_say_nothing() -> None:
    both = changed("28", b"Action: FAILED\r\n", b"Action: FAILED\r\nAction: delivered\r\n")
    assert (both.kind, both.deliveries[0].action) == (MailKind.SUSPECTED, "")
    group = (
        b"Final-Recipient: rfc822; nobody@bounce.example.test\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n"
    )
    twice = changed("28", b"Final-Recipient:", group + b"Final-Recipient:")
    assert (twice.kind, twice.deliveries[0].action) == (MailKind.SUSPECTED, "")


def test_two_originals_name_none() -> None:
    other = b"Message-ID: <" + b"2" * 64 + b"@shop.example.test>\r\nMessage-ID: <"
    body = fixture("28")
    at = body.rindex(b"Message-ID: <")
    two = read_report(body[:at] + other + body[at + len(b"Message-ID: <") :], domain=DOMAIN)
    assert (two.kind, two.about) == (FAILED, "")


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (b"report-type=delivery-status", b"report-type=disposition-notification", MailKind.SUSPECTED),
        (b"multipart/report; report-type=delivery-status", b"multipart/mixed", MailKind.SUSPECTED),
        (
            b"Return-Path: <>\r\nFrom",
            b"Return-Path: <>\r\nList-Id: <a.example.test>\r\nFrom",
            MailKind.SUSPECTED,
        ),
        (b"Action: FAILED", b"Action: bounced", MailKind.SUSPECTED),
        (b"Action: FAILED", b"Action: failed (undeliverable)", FAILED),
        (b"message/delivery-status", b"MESSAGE/Delivery-Status", FAILED),
    ],
)
def test_only_a_proper_report_counts(old: bytes, new: bytes, kind: MailKind) -> None:
    assert changed("28", old, new).kind is kind


def test_a_report_that_somebody_forwards_is_his_mail() -> None:
    head = (
        b"From: tantou@wms.example.jp\r\nSubject: FW\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="fw"\r\n\r\n--fw\r\nContent-Type: text/plain\r\n\r\nsee below\r\n'
        b"--fw\r\nContent-Type: message/rfc822\r\n\r\n"
    )
    found = read_report(head + fixture("28") + b"\r\n--fw--\r\n", domain=DOMAIN)
    assert (found.kind, found.deliveries) == (MailKind.FROM_A_PERSON, ())


def test_rfc_6533_escapes_and_the_original_recipient_are_read() -> None:
    escaped = changed("28", b"rfc822; nobody@", b"utf-8; \\x{898B}\\x{672C}@")
    assert escaped.deliveries[0].recipient == "見本@bounce.example.test"
    moved = changed(
        "28",
        b"Final-Recipient: rfc822; nobody@",
        b"Original-Recipient: rfc822;we@a.test\r\nFinal-Recipient: rfc822; x@",
    )
    assert moved.deliveries[0].recipient == "we@a.test"


def test_a_status_under_a_transfer_encoding_is_read() -> None:
    """Some gateways encode every part again."""
    head, kind, rest = fixture("28").partition(b"Content-Type: message/delivery-status\r\n\r\n")
    status, edge, original = rest.partition(b"--dsn-b28")
    coded = b"Content-Transfer-Encoding: BASE64\r\n\r\n" + base64.encodebytes(status) + b"\r\n"
    found = read_report(head + kind[:-2] + coded + edge + original, domain=DOMAIN)
    assert found == read_report(fixture("28"), domain=DOMAIN)


@pytest.mark.parametrize("name", ["a header of 10 MB", "a million headers", "no end of the head", "nothing"])
def test_a_head_beyond_any_honest_size_is_not_read(name: str) -> None:
    assert read_report(HOSTILE[name], domain=DOMAIN).kind is MailKind.UNREADABLE


def test_a_servers_own_message_id_in_our_domain_is_no_loop() -> None:
    found = changed("28", b"Message-ID: <b28@mx.bounce.example.test>", b"Message-ID: <b28@shop.example.test>")
    assert found.kind is FAILED


# --- hostile bytes --------------------------------------------------------------------------------------------


def nested(depth: int, kind: str) -> bytes:
    body = b"Message-ID: <x@shop.example.test>\r\n\r\nend"
    for n in range(depth):
        if kind == "rfc822":
            body = b"Content-Type: message/rfc822\r\n\r\n" + body
        else:
            edge = f"b{n}".encode()
            head = b'Content-Type: multipart/report; boundary="' + edge + b'"\r\n\r\n--' + edge + b"\r\n"
            body = head + body + b"\r\n--" + edge + b"--\r\n"
    return b"Return-Path: <>\r\nFrom: MAILER-DAEMON@a.test\r\nSubject: Undelivered\r\n" + body


MEGA = 1024 * 1024
HOSTILE = {
    "nothing": b"",
    "one byte": b"\x00",
    "line ends": b"\r\n" * 1000,
    "nested mails": nested(1000, "rfc822"),
    "nested multiparts": nested(1000, "multipart"),
    "a header of 10 MB": b"Subject: " + b"a" * (10 * MEGA) + b"\r\n\r\nx",
    "folded header of 10 MB": b"Subject: a\r\n" + b" b\r\n" * (2 * MEGA) + b"\r\nx",
    "a million headers": b"X: y\r\n" * MEGA + b"\r\nx",
    "no end of the head": b"Subject" * MEGA,
    "quotes": b'Content-Type: multipart/report; boundary="' + b'";' * 30_000 + b"\r\n\r\nx",
    "parameters": b"Content-Type: multipart/report;" + b"a*0=b;" * 9_000 + b"\r\n\r\nx",
    "a million parts": b'Content-Type: multipart/report; boundary="b"\r\n\r\n' + b"--b\r\n\r\n" * MEGA,
    "edges of dashes": b'Content-Type: multipart/report; boundary="-"\r\n\r\n' + b"-" * (5 * MEGA),
    "a million groups": fixture("28").replace(b"Action: FAILED", b"Action: FAILED\r\n\r\nAction: failed" * 100_000),
    "encoded words": b"Subject: " + b"=?utf-8?b?" * 6_000 + b"\r\n\r\nx",
    "angle brackets": b"Return-Path: <>\r\nFrom: postmaster@a.test\r\nSubject: failure notice\r\n\r\n"
    + b"message-id <" * 400_000,
    "comments": b"From: " + b"(" * 60_000 + b"\r\n\r\nx",
    "unknown charset": fixture("22").replace(b"charset=ISO-2022-JP", b"charset=../../etc/passwd"),
    "bad base64": fixture("23").replace(
        b"message/delivery-status\r\n", b"message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n"
    ),
    "odd escapes": fixture("28").replace(b"rfc822; nobody@", b"utf-8; \\x{D800}\\x{110000}\\x{}\\x{-1}\\x{@"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_is_read_quickly_and_without_an_error(name: str) -> None:
    began = time.perf_counter()
    found = read_report(HOSTILE[name], domain=DOMAIN)
    assert time.perf_counter() - began < 2.0
    assert found.about in ("", ours("EC-2026-000122"), ours("EC-2026-000123"), ours("EC-2026-000128"))
    for text in (found.subject, found.sender, found.about, found.words, found.envelope_id, found.message_id):
        text.encode("utf-8")
        assert len(text) <= 4_000
    assert len(found.deliveries) <= 200


def test_mutated_reports_never_raise_and_never_speak_of_another_order() -> None:
    spread = random.Random(SEED)
    print(f"seed {SEED}")
    bodies = [fixture(row[0]) for row in REPORTS]
    known = {ours(row[2]) for row in REPORTS if row[2].startswith("EC-")}
    failures = 0
    for round_ in range(4_000):
        body = bytearray(spread.choice(bodies))
        mine = read_report(bytes(body), domain=DOMAIN).about
        for _ in range(spread.randrange(1, 12)):
            match spread.randrange(4):
                case 0:
                    body[spread.randrange(len(body))] = spread.randrange(256)
                case 1:
                    at = spread.randrange(len(body))
                    del body[at : at + spread.randrange(1, 80)]
                case 2:
                    at, cut = spread.randrange(len(body)), spread.randrange(len(body))
                    body[at:at] = body[cut : cut + spread.randrange(1, 120)]
                case _:
                    del body[spread.randrange(max(1, len(body) // 2), len(body) + 1) :]
            if not body:
                body = bytearray(b"x")
        found = read_report(bytes(body), domain=DOMAIN)
        failures += found.kind is MailKind.FAILED
        assert isinstance(found.kind, MailKind)
        # It may lose its order. It may not find another one of ours.
        assert found.about == mine or found.about not in known, (SEED, round_)
    assert failures > 500, "the mutations leave most reports readable"
