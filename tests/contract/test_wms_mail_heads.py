"""Heads of mails that two readers read differently: what is not surely our own server's word is nobody's."""

from __future__ import annotations

from pathlib import Path

import pytest
from connector.adapters.mail.mime import MAX_FIELD, split

from tests.contract.wms_mail_desk import BELIEVED, RESULTS, RULES, SLIPS, a_mail, desk, part

OURS = "mx1.shop.example.test"
FROM = "From: result@wms.example.jp\r\n"
GOOD = f"Authentication-Results: {OURS}; dkim=pass header.d=wms.example.jp\r\n"


def doubt(head: str, *, mail: bytes = b"") -> str:
    seen = split(mail or a_mail(part(RESULTS[1]), head=head))
    assert seen is not None
    return RULES.doubt(seen)


def long_field(fold: str, cut_behind: str = "wms.example.jp") -> str:
    """Our own server about the signatures of wms.example.jp.evil.example, so long that the name is cut."""
    start = f"{OURS};{fold}dkim=pass header.d=evil.example header.i="
    end = f"@evil.example;{fold}dkim=pass header.d="
    start += "a" * (MAX_FIELD - len(start + end + cut_behind))
    field = f"{start}{end}{cut_behind}.evil.example header.s=k2"
    assert field[:MAX_FIELD].endswith("header.d=" + cut_behind)
    return f"Authentication-Results: {field}\r\n"


async def test_a_domain_that_is_cut_to_the_warehouses_name_books_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        one.box.append("INBOX", a_mail(part(RESULTS[1]), head=long_field("\r\n\t") + FROM))
        await one.look()
        (words,) = one.world.strays()
        assert "authentication-results が長すぎて" in words
        assert (one.booked(), one.folders()) == ({}, {"Quarantine": 1})
        assert {one.world.slip(number).state for number in SLIPS} == {"relayed"}


@pytest.mark.parametrize("fold", [" ", "   ", "\r\n ", "\r\n\t", "\r\n  \r\n\t\t "])
def test_no_folding_hides_that_a_field_was_cut(fold: str) -> None:
    assert "authentication-results が長すぎて" in doubt(long_field(fold) + FROM)


PADDING = " x" * (MAX_FIELD // 2)
CUT = {
    "from": f"From: result@wms.example.jp\r\n {PADDING}, other@example.net\r\n{GOOD}",
    "sender": f"{BELIEVED}Sender: x@wms.example.jp\r\n\t{PADDING}\r\n",
    "dkim-signature": f"{BELIEVED}DKIM-Signature: v=1; d=wms.example.jp;\r\n\th={PADDING};\r\n\tl=5\r\n",
    "content-type": f"{BELIEVED}Content-Type: multipart/mixed;\r\n x={PADDING}; boundary=b1\r\n",
}


@pytest.mark.parametrize("name", CUT)
def test_no_verdict_rests_on_half_a_field(name: str) -> None:
    assert f"ヘッダー {name} が長すぎて" in doubt(CUT[name])


def test_long_fields_that_decide_nothing_do_no_harm() -> None:
    assert doubt(f"{BELIEVED}X-Spam-Report: {PADDING} {PADDING}\r\n") == ""
    assert doubt(f"{BELIEVED}DKIM-Signature: v=1; h={'from:' * 300}to;\r\n b={'A' * 700}\r\n") == ""


TORN = {
    "a lone CR before a verdict": f"X: a\r{GOOD}{FROM}",
    "a lone LF before a verdict": f"X: a\n{GOOD}{FROM}",
    "a lone CR in a verdict": f"{GOOD[:-2]}\r x=1\r\n{FROM}",
    "two CRs": f"X: a\r\r\n{GOOD}{FROM}",
    "a second From": f"X: a\rFrom: other@example.net\r\n{BELIEVED}",
    "a blank before the colon": f"{BELIEVED}From : other@example.net\r\n",
    "a line that is no field": f"{BELIEVED}no field\r\nDKIM-Signature: v=1; d=wms.example.jp; l=5\r\n",
    "a head that ends for some": f"{BELIEVED}X: a\n\nDKIM-Signature: v=1; d=wms.example.jp; l=5\r\n",
}


@pytest.mark.parametrize("name", TORN)
def test_a_head_that_readers_cut_differently_is_not_believed(name: str) -> None:
    assert "ヘッダーの改行または形が崩れて" in doubt(TORN[name])


async def test_a_verdict_smuggled_past_our_own_server_books_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as one:
        one.box.append("INBOX", a_mail(part(RESULTS[1]), head=TORN["a lone CR before a verdict"]))
        await one.look()
        (words,) = one.world.strays()
        assert "確かめられません" in words
        assert (one.booked(), one.folders()) == ({}, {"Quarantine": 1})


def test_one_kind_of_line_end_is_as_good_as_the_other() -> None:
    mail = a_mail(part(RESULTS[1]), head=BELIEVED)
    assert doubt("", mail=mail) == doubt("", mail=mail.replace(b"\r\n", b"\n")) == ""
