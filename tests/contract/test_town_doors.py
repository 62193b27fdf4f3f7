"""The town's doors and its truth: what a connector can reach, and what it cannot do unseen."""

from __future__ import annotations

import asyncio
import csv
import imaplib
import io
import smtplib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import aiohttp
import asyncssh
import pytest
from connector.adapters.next_engine import wire as ne_wire
from connector.adapters.wms import wire
from connector.clock import ScaledClock, at_jst
from connector.sandbox.cart.model import Order
from connector.sandbox.town import Addresses, Town

from tests.contract.town_house import TUESDAY, card_orders, town_of


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    town = town_of(tmp_path)
    await town.start()
    yield town
    await town.stop()


# The doors.


async def test_the_addresses_are_one_line_and_come_back(tmp_path: Path) -> None:
    town = town_of(tmp_path)
    addresses = await town.start()
    line = addresses.json()
    assert "\n" not in line
    assert Addresses.read(line) == addresses
    assert Path(addresses.warehouse.folder, wire.FOLDER_IN).is_dir()
    assert Path(addresses.cart_inbox).is_dir()
    assert datetime.fromisoformat(addresses.opens_at) == town.opens_at
    await town.stop()


async def test_every_door_opens_with_its_address(tmp_path: Path) -> None:
    town = town_of(tmp_path)
    addresses = await town.start()
    async with aiohttp.ClientSession() as web:
        headers = {"Authorization": f'Token token="{addresses.cart.token}"'}
        async with web.get(f"{addresses.cart.url}/api/v2/admin/orders?per=1", headers=headers) as reply:
            assert (reply.status, len((await reply.json())["data"])) == (200, 1)
        pair = addresses.next_engine
        form = {"access_token": pair.access_token, "refresh_token": pair.refresh_token}
        async with web.post(pair.url + ne_wire.LOGIN_USER_INFO, data=form) as reply:
            assert (await reply.json(content_type=None))["result"] == "success"
    door = addresses.warehouse
    async with (
        asyncssh.connect(
            door.host,
            door.port,
            username=door.username,
            client_keys=[asyncssh.import_private_key(door.client_key)],
            known_hosts=asyncssh.import_known_hosts(door.known_hosts),
            config=None,
        ) as line,
        line.start_sftp_client() as sftp,
    ):
        assert await sftp.isdir("/to_wms/in")
    await town.stop()


def letter(number: str, intake: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.jp", intake, f"ご注文 {number}"
    mail["Message-ID"] = f"<{number}@example.jp>"
    mail.set_content(
        f"受注番号：{number}\n受注日時：2026/11/24 10:00:00\n購入者名：見本 太郎\n商品：MH-TEA-20,1,1296\n"
    )
    return mail


def send(host: str, port: int, mail: EmailMessage) -> None:
    with smtplib.SMTP(host, port, timeout=10) as line:
        line.send_message(mail)


async def test_a_mail_becomes_a_slip_and_the_truth_counts_doubles(tmp_path: Path) -> None:
    town = town_of(tmp_path)
    addresses = await town.start()
    await town.run_until(at_jst(TUESDAY, 12))
    once, twice = card_orders(town)[:2]
    for order in (once, twice, twice):
        mail = letter(order.number, addresses.mail.intake)
        await asyncio.to_thread(send, addresses.mail.host, addresses.mail.port, mail)
    await town.run_until(at_jst(TUESDAY, 12, 5))
    truth = town.truth()
    assert truth["mails_per_order"] == {once.number: 1, twice.number: 2}
    assert (truth["mailed"], truth["double_mailed"]) == (2, [twice.number])
    (slip,) = town.next_engine.slips_of(once.number)
    assert town.next_engine.tab(slip.number) == "新規受付"
    await town.stop()


async def test_a_mail_that_bounces_lies_in_the_mailbox_of_the_sender(tmp_path: Path) -> None:
    town = town_of(tmp_path)
    addresses = await town.start()
    await town.run_until(at_jst(TUESDAY, 12))
    order, door = card_orders(town)[0], addresses.mailbox
    trouble = {"recipient": addresses.mail.intake, "kind": "no-such-user"}
    forged = {"message_id": "<never-sent@example.jp>", "recipient": addresses.mail.intake}
    async with aiohttp.ClientSession() as web:
        for act, body in (("mail-trouble", trouble), ("forge-bounce", forged)):
            async with web.post(f"{addresses.next_engine.url}/_sim/{act}", json=body) as reply:
                assert reply.status == 200
    await asyncio.to_thread(
        send, addresses.mail.host, addresses.mail.port, letter(order.number, addresses.mail.intake)
    )
    await town.run_until(at_jst(TUESDAY, 12, 3))
    assert town.next_engine.slips_of(order.number) == []

    def read() -> list[bytes]:
        with imaplib.IMAP4(door.host, door.port, timeout=10) as imap:
            imap.login(door.user, door.password)
            imap.select("INBOX")
            found = imap.uid("FETCH", "1:*", "(BODY.PEEK[])")[1]
            return [part[1] for part in found if isinstance(part, tuple)]

    forgery, report = await asyncio.to_thread(read)
    assert b"<never-sent@example.jp>" in forgery
    assert f"<{order.number}@example.jp>".encode() in report
    assert b"\r\nAction: failed\r\nStatus: 5.1.1\r\n" in report
    await town.stop()


def instruction(slip_number: str, order: Order, pieces: int) -> bytes:
    """A SHIPORD of one line for an order of the town."""
    cells = {
        **dict.fromkeys(wire.SHIPORD_COLUMNS, ""),
        "データ区分": "1",
        "出荷指示番号": slip_number,
        "改訂番号": "1",
        "行番号": "1",
        "行数": "1",
        "受注番号": order.number,
        "店舗コード": "SHOP1",
        "倉庫コード": "WH01",
        "出荷予定日": "20261124",
        "時間帯コード": "NONE",
        "運送会社コード": "YAMATO_TAKKYUBIN",
        "温度帯": "0",
        "代引金額": "0",
        "個口数": "1",
        "届先郵便番号": "1500001",
        "届先都道府県": "東京都",
        "届先市区町村": "渋谷区",
        "届先町番地": "神宮前9-99-2",
        "届先名": "見本 太郎",
        "届先電話": "090-0000-0101",
        "依頼主郵便番号": "1500001",
        "依頼主住所": "東京都渋谷区神宮前9-99-1",
        "依頼主名": "見本茶房",
        "依頼主電話": "03-0000-0001",
        "商品コード": order.items[0].variant.goods.sku,
        "商品名": "見本",
        "数量": str(pieces),
        "納品書同梱": "1",
        "ギフト区分": "0",
        "保留フラグ": "0",
    }
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, wire.SHIPORD_COLUMNS, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerow(cells)
    return text.getvalue().encode("cp932")


async def test_the_warehouse_ships_the_towns_goods_and_the_truth_counts_doubles(town: Town) -> None:
    await town.run_until(at_jst(TUESDAY, 12))
    once, twice, late = card_orders(town)[:3]
    town.cart.cancel(late.id)
    inbox = town.root / "wms" / wire.FOLDER_IN
    await town.run_until(at_jst(TUESDAY, 12, 1))
    for sequence, (slip, order) in enumerate(
        (("1001", once), ("1002", twice), ("1003", twice), ("1004", late)), start=1
    ):
        pieces = sum(item.quantity for item in order.items)
        name = f"SHIPORD_demo_WH01_20261124120000_{sequence:06d}.csv"
        (inbox / name).write_bytes(instruction(slip, order, pieces))
    await town.run_until(at_jst(TUESDAY, 20))
    truth = town.truth()
    assert (truth["relayed"], truth["shipped"]) == (4, 4)
    assert truth["double_shipped"] == [twice.number]
    assert truth["relayed_after_cancel"] == [late.number]
    assert truth["shipped_unpaid"] == []
    assert truth["warehouse_differences"] == []


async def test_a_scaled_clock_lives_without_a_driver(tmp_path: Path) -> None:
    clock = ScaledClock.starting(datetime(2026, 11, 24, 3, tzinfo=UTC), speed=20_000)
    town = Town(clock, root=tmp_path, seed=3, orders_per_day=60, subscribers=42)
    await town.start()
    living = asyncio.create_task(town.run_forever())
    await asyncio.sleep(1.5)  # a bit more than eight hours of the town
    living.cancel()
    with pytest.raises(asyncio.CancelledError):
        await living
    assert town.truth()["orders_placed"] >= 10
    with pytest.raises(TypeError):
        await town.run_until(clock.now())
    await town.stop()


async def test_closing_twice_and_before_opening_is_harmless(tmp_path: Path) -> None:
    town = town_of(tmp_path)
    await town.stop()
    await town.start()
    await town.stop()
    await town.stop()
