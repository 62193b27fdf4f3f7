"""Results by mail on a desk: a mailbox of the sandbox, the adapter over it, and a real ledger behind."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from connector.adapters.mail.mailbox import ImapMailbox, MailboxSettings
from connector.adapters.mail.reports import read_report
from connector.adapters.wms.files import FileWarehouse, load_mappings
from connector.adapters.wms.mail_results import MailResults
from connector.adapters.wms.mail_trust import SenderRules
from connector.clock import at_jst
from connector.ledger.archive import ShopArchive
from connector.ledger.schema import exchanges, shipments, slips
from connector.runner import Runner
from connector.sandbox.imap import ImapSandbox
from connector.transport.folder import FolderDrop
from connector.transport.imap import ImapServer
from sqlalchemy import select, update

from tests.contract.wms_desk import OWN
from tests.contract.wms_house import GENERIC, TUESDAY
from tests.golden.samples import MAPPINGS, slip, tables
from tests.unit.world import World, world

MAILS = Path(__file__).parents[2] / "fixtures/mail/wms"
RULES = SenderRules(("result@wms.example.jp",), ("wms.example.jp",), "mx1.shop.example.test")
USER, PASSWORD = "wms-results@shop.example.jp", "sample-password"
RESULTS = {number: next(GENERIC.glob(f"SHIPRES_*_00000{number}.csv")).read_bytes() for number in range(1, 4)}
SLIPS = tuple(str(number) for number in range(200101, 200109))
BELIEVED = (
    "Authentication-Results: mx1.shop.example.test; dkim=pass (2048-bit key) header.d=wms.example.jp;\r\n"
    " spf=pass smtp.mailfrom=wms.example.jp\r\n"
    "From: result@wms.example.jp\r\n"
)


def fixture_mail(number: int) -> bytes:
    return next(MAILS.glob(f"{number}_*.eml")).read_bytes()


def part(body: bytes, *, name: str = "SHIPRES.csv", kind: str = "text/csv") -> bytes:
    head = f'Content-Type: {kind}\r\nContent-Disposition: attachment; filename="{name}"\r\n'
    text = base64.encodebytes(body).replace(b"\n", b"\r\n")
    return f"{head}Content-Transfer-Encoding: base64\r\n\r\n".encode() + text


def a_mail(*parts: bytes, head: str = BELIEVED, number: int = 1, end: bool = True) -> bytes:
    top = (
        f"{head}Message-ID: <r{number}@wms.example.jp>\r\nDate: Tue, 24 Nov 2026 18:30:40 +0900\r\n"
        "Subject: results\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\n"
    )
    inside = b"".join(b"--b1\r\n" + one + b"\r\n" for one in parts)
    return top.encode() + inside + (b"--b1--\r\n" if end else b"")


@dataclass
class Desk:
    """One shop whose results come by mail. `look` is one pass of `collect`."""

    world: World
    box: ImapSandbox
    mailbox: ImapMailbox

    async def look(self) -> None:
        await self.world.run("collect")
        await self.mailbox.hang_up()

    def folders(self) -> dict[str, int]:
        """How many mails lie where; empty folders do not count."""
        return {name: len(one.mails) for name, one in self.box.folders.items() if one.mails}

    def booked(self) -> Mapping[str, str]:
        """Slip to its tracking numbers."""
        return {row.slip_number: row.tracking for row in self.world.rows(select(shipments))}

    def files(self) -> list[str]:
        """Names of the result files that were kept."""
        query = select(exchanges.c.name).where(exchanges.c.system == "wms").order_by(exchanges.c.id)
        return [row.name for row in self.world.rows(query)]

    def end_state(self) -> object:
        """Everything that must be the same whatever happened on the way."""
        states = self.world.rows(select(slips.c.number, slips.c.state).order_by(slips.c.number))
        return (
            sorted(self.booked().items()),
            [tuple(row) for row in states],
            sorted(self.files()),
            sorted(self.world.strays()),
            self.folders(),
        )


@asynccontextmanager
async def desk(folder: Path, *, moves: bool = True, largest: int = 32_000_000) -> AsyncIterator[Desk]:
    """Slips 200101 to 200108 stand relayed."""
    with world(folder, modes={} if moves else {"collect": "watch"}) as w:
        w.clock.set_to(at_jst(TUESDAY, 20))
        box = ImapSandbox(w.clock, user=USER, password=PASSWORD)
        host, port = await box.start()
        server = ImapServer(host, port, USER, PASSWORD, security="none")
        mailbox = ImapMailbox(server, MailboxSettings(largest=largest), reader=read_report, clock=w.clock)
        try:
            await _relay(w)
            w.runner = _runner(w, mailbox, folder, moves)
            yield Desk(w, box, mailbox)
        finally:
            await mailbox.close()
            await box.stop()


async def _relay(w: World) -> None:
    seen = [slip(number, order_number=f"EC-{number}", rows=()) for number in SLIPS]
    await w.ledger.see_slips("follow_slips", seen, w.clock.now())
    with w.database.engine.begin() as connection:
        connection.execute(update(slips).values(state="relayed"))


def _runner(w: World, mailbox: ImapMailbox, folder: Path, moves: bool) -> Runner:
    runner = w.new_runner()
    archive = ShopArchive(w.database, w.clock, w.shop.key)
    results = MailResults(mailbox, RULES, archive=archive, moves=moves)
    mappings = load_mappings(MAPPINGS / "wms/generic", tables(), OWN)
    drop = FolderDrop(folder / "drop")
    warehouse = FileWarehouse(mappings, drop=drop, archive=archive, clock=w.clock, mail=results)
    runner.ports = replace(runner.ports, warehouse=warehouse)
    return runner
