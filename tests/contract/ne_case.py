"""A Next Engine sandbox with the fixtures' account, and a raw HTTP caller that keeps the rotating pair."""

from __future__ import annotations

import csv
import gzip
import json
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import aiohttp
from connector.adapters.next_engine import wire
from connector.clock import JST, SteppedClock
from connector.sandbox.faults import Faults
from connector.sandbox.next_engine import Goods, NextEngineSandbox, NextEngineSettings
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "next_engine"
ACCESS = "sampleAccess01+aB/cD="
REFRESH = "sampleRefresh01+eF/gH="
PICTURE_AT = "2026-11-20 10:00:00"
FORM = "application/x-www-form-urlencoded"
Reply = dict[str, Any]


def at(text: str) -> datetime:
    return datetime.strptime(text, wire.STAMP_FORMAT).replace(tzinfo=JST)


def load(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text("utf-8"))


def load_csv(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((FIXTURES / name).read_text("utf-8").splitlines()))


def encode(params: Mapping[str, str | bytes]) -> bytes:
    pairs = ((name, value.encode() if isinstance(value, str) else value) for name, value in params.items())
    return "&".join(f"{name}={quote_from_bytes(value, safe='')}" for name, value in pairs).encode()


class Caller:
    """Sends calls and, like every good client, takes the pair out of each reply."""

    def __init__(self, base: str, session: aiohttp.ClientSession, access: str, refresh: str) -> None:
        self.base, self.session = base, session
        self.access, self.refresh = access, refresh

    async def raw(self, path: str, body: bytes, content_type: str = FORM) -> Reply:
        async with self.session.post(
            self.base + path, data=body, headers={"Content-Type": content_type}
        ) as answer:
            assert answer.status == 200
            reply: Reply = json.loads(await answer.read())
        if reply.get(wire.ACCESS_TOKEN) and reply.get(wire.REFRESH_TOKEN):
            self.access, self.refresh = reply[wire.ACCESS_TOKEN], reply[wire.REFRESH_TOKEN]
        return reply

    async def __call__(self, path: str, params: Mapping[str, str | bytes] | None = None) -> Reply:
        tokens = {wire.ACCESS_TOKEN: self.access, wire.REFRESH_TOKEN: self.refresh}
        return await self.raw(path, encode({**tokens, **(params or {})}))

    async def slip(self, number: int | str) -> Reply:
        """The slip as the API shows it: where it stands and what people look at."""
        places = (wire.SLIP_ID, wire.STATUS, wire.CANCEL_TYPE, wire.LOCK, wire.TRACKING, wire.SENT_AT)
        texts = (wire.ORDER_NUMBER, wire.MAIL_STATUS, wire.PRINT_ON, wire.WORKER_TEXT, wire.TAGS, wire.TOTAL)
        return await self.fields(int(number), (*places, *texts))

    async def write(self, path: str, number: int | str, params: Mapping[str, str] | None = None) -> Reply:
        """A single-slip write with the lock value just read."""
        lock = (await self.slip(number))[wire.LOCK]
        named = {wire.SLIP_ID: str(number), "receive_order_last_modified_date": lock}
        return await self(path, {**named, **(params or {})})

    async def upload(self, content: bytes, data_type: str = "gz", pattern: str = "12") -> Reply:
        """An order CSV into the queue."""
        data = gzip.compress(content, mtime=0) if data_type == "gz" else content
        return await self(
            wire.BASE_UPLOAD, {wire.UPLOAD_PATTERN: pattern, "data_type_1": data_type, "data_1": data}
        )

    async def que(self, que_id: str) -> Reply:
        """The queue's row."""
        fields = "que_id,que_status_id,que_message,que_creation_date,que_last_modified_date"
        reply = await self(wire.QUE_SEARCH, {"fields": fields, "que_id-eq": que_id})
        assert reply["count"] == "1"
        row: Reply = reply["data"][0]
        return row

    async def fields(self, number: int, names: Iterable[str]) -> Reply:
        """These fields of a slip."""
        reply = await self(wire.BASE_SEARCH, {"fields": ",".join(names), "receive_order_id-eq": str(number)})
        slip: Reply = reply["data"][0]
        return slip

    async def rows(self, number: int, names: Iterable[str]) -> list[Reply]:
        """These fields of the slip's rows."""
        asked = {"fields": ",".join(names), "receive_order_row_receive_order_id-eq": str(number)}
        found: list[Reply] = (await self(wire.ROW_SEARCH, asked))["data"]
        return found

    async def act(self, name: str, **arguments: Any) -> Reply:
        """Something a person does, over the control plane."""
        async with self.session.post(f"{self.base}/_sim/{name}", json=arguments) as answer:
            told: Reply = await answer.json()
            told["status"] = answer.status
        return told


class Town:
    """Clock, sandbox and caller together."""

    def __init__(self, clock: SteppedClock, ne: NextEngineSandbox, call: Caller) -> None:
        self.clock, self.ne, self.call = clock, ne, call

    async def wait(self, **span: float) -> None:
        """Let time pass, event by event."""
        until = self.clock.now() + timedelta(**span)
        while (due := self.ne.next_event_at()) is not None and due <= until:
            await self.clock.advance_to(due)
            await self.ne.advance()
        await self.clock.advance_to(until)


@asynccontextmanager
async def town(
    now: str = PICTURE_AT, *, faults: Faults | None = None, settings: NextEngineSettings | None = None
) -> AsyncIterator[Town]:
    clock = SteppedClock(at(now))
    ne = NextEngineSandbox(clock, faults=faults, settings=settings)
    pair = ne.issue_pair(access=ACCESS, refresh=REFRESH)
    base = await ne.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Town(clock, ne, Caller(base, session, pair.access, pair.refresh))
    finally:
        await ne.stop()


def seed_setup(ne: NextEngineSandbox) -> None:
    """The goods of import_csv/setup.json."""
    ne.seed_goods(
        Goods(sku, one["name"], one["free_stock"], at(one["release_date"]) if one["release_date"] else None)
        for sku, one in load("import_csv/setup.json")["goods"].items()
    )


def restore_picture(ne: NextEngineSandbox) -> None:
    """The account of the replies: 26 slips, with the rows the fixtures show."""
    seed_setup(ne)
    shown = load("replies/receiveorder_row_search_print_ready.json")["data"]
    shown += load("replies/receiveorder_row_search_waiting.json")["data"]
    rows = {(row[wire.ROW_SLIP_ID], row[wire.ROW_NO]): row for row in shown}
    whole = load("replies/receiveorder_base_search_every_field.json")["data"][0]
    for slip in load("replies/receiveorder_base_search_all_states.json")["data"]:
        number = slip[wire.SLIP_ID]
        texts = {**slip, **whole} if number == whole[wire.SLIP_ID] else slip
        ne.restore(texts, [row for (of, _), row in sorted(rows.items()) if of == number])


def update_xml(fields: Mapping[str, str], rows: Mapping[int, Mapping[str, str]] | None = None) -> str:
    """`data` of update."""
    base = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    cells = {
        no: "".join(f"<{name}>{text}</{name}>" for name, text in row.items())
        for no, row in (rows or {}).items()
    }
    lines = "".join(
        f'<receive_order_row_no value="{no}">{cell}</receive_order_row_no>' for no, cell in cells.items()
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?><root><receiveorder_base>{base}</receiveorder_base>'
        f"<receiveorder_row>{lines}</receiveorder_row></root>"
    )


def tls_contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's context around one self-made certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at("2020-01-01 00:00:00"))
        .not_valid_after(at("2100-01-01 00:00:00"))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "cert.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(secret)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    client = ssl.create_default_context(cadata=pem.decode())
    client.check_hostname = False
    return server, client
