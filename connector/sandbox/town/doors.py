"""Doors (入口): the servers of the town opened and closed together, and where they listen."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from connector.sandbox.cart import CartSandbox
from connector.sandbox.certificates import NEXT_ENGINE_HOSTS, serve_as
from connector.sandbox.imap import ImapSandbox
from connector.sandbox.mailbox import MailSandbox
from connector.sandbox.next_engine import NextEngineSandbox
from connector.sandbox.town import masters
from connector.sandbox.town.addresses import (
    CartAddress,
    MailAddress,
    MailboxAddress,
    NextEngineAddress,
    WarehouseAddress,
)
from connector.sandbox.town.ways import Face, api_address, mail_address
from connector.sandbox.warehouse import WarehouseSandbox

Endpoint = tuple[str, int]  # host and port; port 0 picks a free one


@dataclass(frozen=True, slots=True)
class Doors:
    """The sandboxes that have sockets."""

    cart: CartSandbox
    next_engine: NextEngineSandbox
    mail: MailSandbox
    inbox: ImapSandbox
    warehouse: WarehouseSandbox
    way: str
    face: Face | None

    async def open_cart(self, endpoint: Endpoint) -> CartAddress:
        url = await self.cart.start(*endpoint)
        return CartAddress(url=url, token=self.cart.token, email=self.cart.email, password=self.cart.password)

    async def open_next_engine(self, endpoint: Endpoint, tls_folder: Path | None = None) -> NextEngineAddress:
        """With a stored token pair, as a batch program has one (spec/next_engine.md §11); with a folder in TLS."""
        tls, ca_file = (None, None) if tls_folder is None else serve_as(NEXT_ENGINE_HOSTS, tls_folder)
        url = await self.next_engine.start(*endpoint, ssl_context=tls)
        pair = self.next_engine.issue_pair()
        return NextEngineAddress(
            url=url,
            client_id=self.next_engine.client_id,
            client_secret=self.next_engine.client_secret,
            uid=pair.uid,
            access_token=pair.access,
            refresh_token=pair.refresh,
            access_until=pair.access_end_at.isoformat(),
            refresh_until=pair.refresh_end_at.isoformat(),
            company_id=self.next_engine.settings.company_ne_id,
            shop_id=masters.SHOP_ID,
            upload_pattern_id=masters.PATTERN_ID,
            ca_file=str(ca_file or ""),
        )

    async def open_mail(self, endpoint: Endpoint) -> MailAddress:
        host, port = await self.mail.start(*endpoint)
        intake = self.next_engine.intake_addresses[masters.SHOP_ID]
        return MailAddress(host=host, port=port, intake=intake, sender=masters.SENDER)

    async def open_mailbox(self, endpoint: Endpoint) -> MailboxAddress:
        host, port = await self.inbox.start(*endpoint)
        return MailboxAddress(host=host, port=port, user=self.inbox.user, password=self.inbox.password)

    async def open_warehouse(self, endpoint: Endpoint, api: Endpoint) -> WarehouseAddress:
        """Its SFTP door is always open, its API only where it wants to be spoken to by one."""
        port = await self.warehouse.start_sftp(*endpoint)
        url = await self.face.start(*api) if self.face is not None else ""
        settings, door = self.warehouse.settings, self.warehouse.sftp
        return WarehouseAddress(
            host=door.host,
            port=port,
            username=settings.username,
            password=settings.password,
            client_key=door.client_key,
            known_hosts=door.known_hosts_line,
            folder=str(self.warehouse.root),
            warehouse_code=settings.warehouse_code,
            way=self.way,
            api=api_address(self.face, url),
            mail=mail_address(self.way),
        )

    async def close(self) -> None:
        """All of them, also when one of them fails to close."""
        faces = () if self.face is None else (self.face,)
        async with asyncio.TaskGroup() as group:
            for each in (self.cart, self.next_engine, self.mail, self.inbox, self.warehouse, *faces):
                group.create_task(each.stop())
