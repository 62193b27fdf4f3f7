"""Tokens (トークンの保管): Next Engine's rotating pair, sealed at rest, one writer per account.

A pair is stored in a small transaction of its own before the reply that carried it is used.
The account stands inside the sealed text, so a row copied to another account does not open. Losing the pair
means that a person must sign in again; the previous one is kept beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from connector.clock import Clock
from connector.errors import Misconfigured, NotDone, Problem
from connector.ledger.database import Database
from connector.ledger.one_writer import OneWriter
from connector.ledger.schema import tokens
from connector.ports import SignedIn, TokenPair


class _Sealed(msgspec.Struct, frozen=True):
    account: str
    pair: TokenPair


class LedgerTokens:
    """`ports.TokenStore` over the ledger. `keys` are Fernet keys, newest first."""

    def __init__(self, database: Database, clock: Clock, keys: list[bytes]) -> None:
        self._database, self._clock = database, clock
        self._box = MultiFernet([Fernet(key) for key in keys])
        self._writer = OneWriter(database)

    def lock(self, account: str) -> AbstractAsyncContextManager[None]:
        return self._writer.hold(account)

    async def load(self, account: str) -> tuple[TokenPair, int] | None:
        row = await self._row(account)
        return (self._open(account, row.sealed), row.generation) if row else None

    async def save(
        self, account: str, pair: TokenPair, *, after: int, signed_in: SignedIn | None = None
    ) -> int:
        sealed = self._box.encrypt(msgspec.json.encode(_Sealed(account, pair)))
        now = self._clock.now()
        values: dict[str, Any] = {
            "generation": after + 1,
            "sealed": sealed,
            "stored_at": now,
            "dead_at": None,
        }
        values |= {"access_until": pair.access_until, "refresh_until": pair.refresh_until}
        if signed_in is not None:
            values |= {"uid": signed_in.uid, "company_ne_id": signed_in.company_ne_id, "signed_in_at": now}
            values |= {"company_name": signed_in.company_name}

        def write(connection: Connection) -> int:
            if not (_first if after == 0 else _next)(connection, account, after, values):
                raise NotDone(f"the token pair of {account} was stored by another process in between")
            return after + 1

        return await self._database.run(write)

    async def generation(self, account: str) -> int:
        row = await self._row(account)
        return row.generation if row else 0

    async def signed_in(self, account: str) -> SignedIn | None:
        row = await self._row(account)
        if row is None or not row.uid:
            return None
        return SignedIn(row.uid, row.company_ne_id or "", row.company_name or "")

    async def mark_dead(self, account: str, generation: int) -> None:
        now = self._clock.now()
        this = (tokens.c.account == account, tokens.c.generation == generation, tokens.c.dead_at.is_(None))
        await self._database.run(lambda c: c.execute(update(tokens).where(*this).values(dead_at=now)))

    async def is_dead(self, account: str, generation: int) -> bool:
        row = await self._row(account)
        return row is not None and row.generation == generation and row.dead_at is not None

    async def _row(self, account: str) -> Row[Any] | None:
        query = select(tokens).where(tokens.c.account == account)
        return await self._database.read(lambda connection: connection.execute(query).first())

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


def _first(connection: Connection, account: str, _after: int, values: Mapping[str, Any]) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(insert(tokens), [{"account": account, **values}])
    except IntegrityError:
        return False
    return True


def _next(connection: Connection, account: str, after: int, values: Mapping[str, Any]) -> bool:
    """Compare and swap in one statement: whoever stored in between keeps what he stored."""
    this = update(tokens).where(tokens.c.account == account, tokens.c.generation == after)
    return connection.execute(this.values(previous=tokens.c.sealed, **values)).rowcount == 1
