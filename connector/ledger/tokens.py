"""Tokens (トークンの保管): Next Engine's rotating pair, sealed at rest, one writer per account.

A pair is stored in a small transaction of its own before the reply that carried it is used.
The account stands inside the sealed text, so a row copied to another account does not open. Losing the pair
means that a person must sign in again; the previous one is kept beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Connection, insert, select, update

from connector.clock import Clock
from connector.errors import Misconfigured, NotDone, Problem
from connector.ledger.database import Database
from connector.ledger.schema import tokens
from connector.ports import TokenPair


class _Sealed(msgspec.Struct, frozen=True):
    account: str
    pair: TokenPair


class LedgerTokens:
    """`ports.TokenStore` over the ledger. `keys` are Fernet keys, newest first."""

    def __init__(self, database: Database, clock: Clock, keys: list[bytes]) -> None:
        self._database, self._clock = database, clock
        self._box = MultiFernet([Fernet(key) for key in keys])
        self._locks: dict[str, asyncio.Lock] = {}

    @asynccontextmanager
    async def lock(self, account: str) -> AsyncIterator[None]:
        """In one process an asyncio lock is enough: the data folder admits one process (database.claim)."""
        async with self._locks.setdefault(account, asyncio.Lock()):
            yield

    async def load(self, account: str) -> tuple[TokenPair, int] | None:
        def read(connection: Connection) -> tuple[bytes, int] | None:
            row = connection.execute(select(tokens).where(tokens.c.account == account)).first()
            return (row.sealed, row.generation) if row else None

        found = await self._database.read(read)
        return (self._open(account, found[0]), found[1]) if found else None

    async def save(self, account: str, pair: TokenPair, *, after: int) -> int:
        sealed = self._box.encrypt(msgspec.json.encode(_Sealed(account, pair)))
        now = self._clock.now()

        def write(connection: Connection) -> int:
            row = connection.execute(select(tokens).where(tokens.c.account == account)).first()
            if (row.generation if row else 0) != after:
                raise NotDone(f"the token pair of {account} was stored by another process in between")
            values = {"generation": after + 1, "sealed": sealed, "stored_at": now}
            if row is None:
                connection.execute(insert(tokens), [{"account": account, **values}])
            else:
                change = update(tokens).where(tokens.c.account == account)
                connection.execute(change.values(previous=row.sealed, **values))
            return after + 1

        return await self._database.run(write)

    def _open(self, account: str, sealed: bytes) -> TokenPair:
        try:
            content = msgspec.json.decode(self._box.decrypt(sealed), type=_Sealed)
        except InvalidToken as error:
            words = "the stored token pair cannot be opened with these keys: sign in again"
            raise Misconfigured([Problem("secret_key_file", 0, 0, words)]) from error
        if content.account != account:
            words = f"the stored pair of {account} belongs to another account"
            raise Misconfigured([Problem("tokens", 0, 0, words)])
        return content.pair
