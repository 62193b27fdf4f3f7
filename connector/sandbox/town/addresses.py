"""Addresses (接続先): everything a connector needs to find its way through the town, as one line of JSON.

The credentials are fictional, fresh at each start, and good for nothing but these loopback servers.
"""

from __future__ import annotations

import msgspec


class CartAddress(msgspec.Struct, frozen=True, kw_only=True):
    """受注カート. `url` without the API path."""

    url: str
    token: str
    email: str
    password: str


class NextEngineAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Next Engine: one server plays both hosts. Instants are ISO 8601, UTC.

    With TLS `ca_file` is the authority to trust; the certificate is good for NE's own host names, too.
    """

    url: str
    client_id: str
    client_secret: str
    uid: str
    access_token: str
    refresh_token: str
    access_until: str
    refresh_until: str
    company_id: str
    shop_id: str
    upload_pattern_id: str
    ca_file: str = ""


class MailAddress(msgspec.Struct, frozen=True, kw_only=True):
    """The SMTP relay, and the shop's 受信用アドレス behind it."""

    host: str
    port: int
    intake: str
    sender: str


class MailboxAddress(msgspec.Struct, frozen=True, kw_only=True):
    """The mailbox behind the sender's address, by IMAP without TLS: where bounces come to."""

    host: str
    port: int
    user: str
    password: str


class WarehouseApiAddress(msgspec.Struct, frozen=True, kw_only=True):
    """The warehouse by an API. Which credentials count depends on whose API it is."""

    url: str
    account: str
    area: str = ""
    token: str = ""
    client_id: str = ""
    client_secret: str = ""
    refresh_token: str = ""
    user: str = ""
    password: str = ""
    app_key: str = ""


class WarehouseMailAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where in the shop's mailbox the results lie, and by which signs they are the warehouse's."""

    folder: str
    sender: str
    signed_by: str
    checked_by: str


class WarehouseAddress(msgspec.Struct, frozen=True, kw_only=True):
    """The warehouse by SFTP; the same tree lies in `folder`. `way` is how it wants to be spoken to (ways.WAYS)."""

    host: str
    port: int
    username: str
    password: str
    client_key: str
    known_hosts: str
    folder: str
    warehouse_code: str
    way: str = "sftp"
    api: WarehouseApiAddress | None = None
    mail: WarehouseMailAddress | None = None


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """All doors of the town. The clerk reads `cart_inbox` and answers in `cart_results`."""

    cart: CartAddress
    next_engine: NextEngineAddress
    mail: MailAddress
    mailbox: MailboxAddress
    warehouse: WarehouseAddress
    root: str
    cart_inbox: str
    cart_results: str
    cart_done: str
    opens_at: str

    def json(self) -> str:
        """One line; `Addresses.read` is the way back."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def read(cls, line: str | bytes) -> Addresses:
        return msgspec.json.decode(line, type=cls)
