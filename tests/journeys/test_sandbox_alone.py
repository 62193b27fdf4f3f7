"""`connector sandbox`: the town for somebody else's program, who comes through its doors with plain clients."""

from __future__ import annotations

import asyncio
import imaplib
import json
import smtplib
import time
import urllib.parse
import urllib.request
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import asyncssh

from tests.free_port import free_port
from tests.journeys.program import Child, running

ORDERS = "/api/v2/admin/orders.json"


async def test_an_outside_program_uses_every_door(tmp_path: Path) -> None:
    ports = {name: free_port() for name in ("cart", "next-engine", "smtp", "sftp", "imap")}
    doors = [text for name, port in ports.items() for text in (f"--{name}", f"127.0.0.1:{port}")]
    more = ["--secrets-dir", str(tmp_path / "secrets"), "--folder", str(tmp_path / "town")]
    time_of_town = ["--speed", "600", "--start", "2026-11-24T09:00:00+09:00", "--orders-per-day", "300"]
    with running("sandbox", *doors, *more, *time_of_town, stderr=tmp_path / "town.err") as town:
        said = town.line()
        assert said["cart"]["url"] == f"http://127.0.0.1:{ports['cart']}"
        assert said["next_engine"]["url"] == f"http://127.0.0.1:{ports['next-engine']}"
        assert (said["mail"]["port"], said["warehouse"]["port"]) == (ports["smtp"], ports["sftp"])
        assert said["clock"].endswith("/600.0")

        number = shop_has_orders(said["cart"], town)
        company = ne(said["next_engine"], "/api_v1_login_company/info")
        assert company["data"][0]["company_id"]
        announce(said["mail"], number)
        slip = opened_slip(said["next_engine"], number)
        assert slip["receive_order_shop_cut_form_id"] == number
        await leave_a_file(said["warehouse"], tmp_path / "secrets")
        look_into(said["mailbox"], ports["imap"], tmp_path / "secrets")

        pair = json.loads((tmp_path / "secrets/ne_pair.json").read_text(encoding="utf-8"))
        assert pair["access"] == said["next_engine"]["access_token"]
        assert {path.name for path in (tmp_path / "town/history").glob("*.jsonl")} >= {
            "cart.jsonl",
            "next_engine.jsonl",
            "mail.jsonl",
            "warehouse.jsonl",
        }
        assert town.ends() == 0, town.tail()


def look_into(mailbox: dict[str, Any], port: int, secrets: Path) -> None:
    """The sender's mailbox by the standard library's IMAP client."""
    password = (secrets / "mailbox_password").read_text(encoding="utf-8").strip()
    assert (mailbox["port"], mailbox["password"]) == (port, password)
    with imaplib.IMAP4(mailbox["host"], mailbox["port"], timeout=10) as imap:
        imap.login(mailbox["user"], password)
        assert imap.select("INBOX") == ("OK", [b"0"])


def shop_has_orders(cart: dict[str, Any], town: Child) -> str:
    """The cart's API with a plain client; the number of some order."""
    request = urllib.request.Request(  # noqa: S310 - loopback
        cart["url"] + ORDERS + "?per=5", headers={"Authorization": f'Token token="{cart["token"]}"'}
    )
    with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310
        page = json.load(reply)
    assert reply.status == 200, town.tail()
    assert page["meta"]["total_count"] >= len(page["data"]) > 0
    return str(page["data"][0]["attributes"]["number"])


def ne(address: dict[str, Any], path: str, **fields: str) -> dict[str, Any]:
    pair = {"access_token": address["access_token"], "refresh_token": address["refresh_token"]}
    body = urllib.parse.urlencode(pair | fields).encode()
    with urllib.request.urlopen(address["url"] + path, data=body, timeout=10) as reply:  # noqa: S310
        said: dict[str, Any] = json.load(reply)
    assert said["result"] == "success", said
    return said


def announce(mail: dict[str, Any], number: str) -> None:
    """An order mail by plain SMTP."""
    letter = EmailMessage()
    letter["From"], letter["To"] = mail["sender"], mail["intake"]
    letter["Subject"], letter["Message-ID"] = "ご注文", f"<{number}@outside.example.jp>"
    letter.set_content(
        f"受注番号：{number}\n受注日時：2026/11/24 09:00:00\n購入者名：見本 太郎\n商品：MH-CREAM-50,1,3980\n"
    )
    with smtplib.SMTP(mail["host"], mail["port"], timeout=10) as line:
        line.send_message(letter)


def opened_slip(address: dict[str, Any], number: str) -> dict[str, Any]:
    """The slip the mail opened: a minute of the town later, a tenth of a second here."""
    fields = "receive_order_id,receive_order_shop_cut_form_id,receive_order_order_status_id"
    for _ in range(100):
        found = ne(
            address,
            "/api_v1_receiveorder_base/search",
            **{"fields": fields, "receive_order_shop_cut_form_id-eq": number},
        )["data"]
        if found:
            assert len(found) == 1
            slip: dict[str, Any] = found[0]
            return slip
        time.sleep(0.05)
    raise AssertionError(f"no slip for {number}")


async def leave_a_file(warehouse: dict[str, Any], secrets: Path) -> None:
    """By SFTP with the pinned host key; the warehouse answers what it cannot read, too."""
    async with (
        asyncssh.connect(
            warehouse["host"],
            warehouse["port"],
            username=warehouse["username"],
            password=(secrets / "wms_password").read_text(encoding="utf-8").strip(),
            known_hosts=str(secrets / "wms_known_hosts"),
            config=None,
            client_keys=None,
            agent_path=None,
        ) as line,
        line.start_sftp_client() as files,
    ):
        assert set(await files.listdir("/")) >= {"to_wms", "from_wms"}
        name = "SHIPORD_demo_WH01_20261124090000_000001.csv"
        async with files.open(f"/to_wms/in/{name}", "wb") as file:
            await file.write(b"no table\r\n")
        for _ in range(200):
            answers = [each for each in await files.listdir("/to_wms/ack") if name in str(each)]
            if answers:
                break
            await asyncio.sleep(0.05)
        assert answers == [f"SHIPACK_{name}"]
        async with files.open(f"/to_wms/ack/{answers[0]}", "r", encoding="cp932") as file:
            assert "E401" in await file.read()
