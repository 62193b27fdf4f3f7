"""Mails become the slips the fixtures expect, or vanish with a line in the history."""

from __future__ import annotations

from typing import Any

import pytest
from connector.adapters.next_engine import wire
from connector.sandbox.next_engine import NextEngineSettings
from connector.sandbox.next_engine.intake import Unusable, read

from tests.contract.ne_case import FIXTURES, Town, load, seed_setup, town


async def test_the_mails_on_file_open_the_slips_on_file() -> None:
    expected = load("intake_mail/expected.json")
    async with town("2026-11-20 09:59:00") as t:
        seed_setup(t.ne)
        recipients = dict(t.ne.intake_addresses)
        assert recipients == expected["intake_addresses"]
        for entry in expected["mails"]:
            raw = (FIXTURES / "intake_mail" / entry["mail"]).read_bytes()
            recipient = next(
                line[4:].decode() for line in raw.split(b"\r\n") if line.lower().startswith(b"to: ")
            )
            t.ne.deliver(raw, recipient)
            before = len(t.ne.slips)
            await t.wait(seconds=59)
            assert len(t.ne.slips) == before
            await t.wait(seconds=2)
            await check_mail(t, entry, before)
        for shop, count in expected["slips_afterwards"].items():
            assert len([s for s in t.ne.slips.values() if s.shop_id == shop.removeprefix("shop ")]) == count
        assert set(t.ne.history.per_key("slip_opened").values()) == {1, 2}  # TEST000201 in two shops
        assert t.ne.history.count("mail_received") == 12
        assert t.ne.history.count("mail_dropped") == 4


async def check_mail(t: Town, entry: dict[str, Any], before: int) -> None:
    dropped = t.ne.history.of("mail_dropped")
    if entry["outcome"] != "slip":
        assert len(t.ne.slips) == before, entry
        message_id = f"<sample-{entry['mail'][:2]}@shop.example.jp>"
        assert dropped[-1].key == message_id
        return
    expected = dict(entry["slip"])
    rows = expected.pop("rows")
    slip = t.ne.slips_of(expected[wire.ORDER_NUMBER], expected[wire.SHOP_ID])[0]
    assert await t.call.fields(slip.number, list(expected)) == expected
    names = {
        "goods_id": wire.ROW_GOODS,
        "quantity": wire.ROW_QUANTITY,
        "unit_price": wire.ROW_UNIT_PRICE,
        "allocated": wire.ROW_ALLOCATED,
    }
    ours = await t.call.rows(slip.number, names.values())
    assert ours == [{names[name]: value for name, value in row.items()} for row in rows]


async def test_a_moved_intake_address_loses_the_mail_without_a_word() -> None:
    raw = (FIXTURES / "intake_mail/01_plain_utf8.eml").read_bytes()
    async with town() as t:
        seed_setup(t.ne)
        await t.call.act("move-intake-address", shop="1", address="new-intake-1@ne2.example.jp")
        for recipient in ("intake-shop1@ne.example.jp", "New-Intake-1@ne2.example.jp"):
            t.ne.deliver(raw, recipient)
        await t.wait(minutes=2)
        assert t.ne.history.count("mail_dropped") == 1
        assert len(t.ne.slips_of("TEST000201")) == 1
        assert t.ne.takes("anybody@ne.example.jp")
        assert t.ne.takes("anybody@NE2.example.jp")
        assert not t.ne.takes("ops@example.jp")


def mail(body: str, headers: str = "Content-Type: text/plain; charset=UTF-8") -> bytes:
    return f"Subject: order\r\nMessage-ID: <x@shop.example.jp>\r\n{headers}\r\n\r\n{body}".encode()


def test_unusable_lines_are_ignored_and_usable_ones_kept() -> None:
    order = read(
        mail("受注番号： T-1 \n商品：A-1,2,100\n商品：A-2,two,100\n商品：A-3,0,100\n> 受注番号：T-2\n")
    )
    assert order.order_number == "T-1"
    assert order.items == (("A-1", 2, "100"),)
    assert (order.buyer, order.ordered_at) == (None, None)


def test_the_plain_part_of_a_multipart_mail_is_read() -> None:
    part = "--e\nContent-Type: {kind}; charset=UTF-8\n\n{text}\n"
    body = part.format(kind="text/plain", text="受注番号：T-1") + part.format(
        kind="text/html", text="<b>x</b>"
    )
    order = read(mail(body + "--e--\n", 'Content-Type: multipart/alternative; boundary="e"'))
    assert order.order_number == "T-1"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (mail("<p>受注番号：T-1</p>", "Content-Type: text/html; charset=UTF-8"), "本文なし"),
        (mail("受注番号：T-1", "Content-Type: text/plain; charset=no-such-charset"), "文字コード"),
        (b"", "受注番号なし"),
        (mail("受注番号：\n").replace(b"order", b"FWD: order"), "転送"),
    ],
)
def test_mails_nobody_can_read_are_refused_with_a_reason(raw: bytes, why: str) -> None:
    with pytest.raises(Unusable, match=why):
        read(raw)


async def test_a_mail_without_rows_may_be_set_to_open_a_status_1_slip() -> None:
    settings = NextEngineSettings(status_without_rows=wire.STATUS_MAIL)
    async with town(settings=settings) as t:
        t.ne.deliver(mail("受注番号：T-1"), "intake-shop1@ne.example.jp")
        await t.wait(minutes=1)
        assert t.ne.slips_of("T-1")[0].status == wire.STATUS_MAIL
