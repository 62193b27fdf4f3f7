"""LOGILESS tokens (ロジレスの認証): an access token of 30 days, renewed by a refresh token that works once.

Dangerous: the answer to a renewal carries the only pair that still works. It is stored before it is used; where it is
lost, a person must sign in to LOGILESS again and lay a new refresh token into its file.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any, Final

import msgspec

from connector.adapters.wms.api import Desk
from connector.errors import Barred, NotDone
from connector.ports import TokenPair
from connector.transport.http import Answer, no_words

TOKEN: Final = "/oauth2/token"  # noqa: S105 - a path
LIFE: Final = timedelta(days=30)
EARLY: Final = timedelta(hours=12)  # renewed so long before its end, by a call of its own
SIGN_IN: Final = (
    "ロジレスの認証が切れています。ロジレスで認可をやり直し、"
    "refresh_token_file に新しいトークンを置いて再起動してください"
)


class Access:
    """Every call of one merchant with a living access token."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._http, self._store = desk, desk.door.http, desk.door.tokens
        self._mine = f"logiless/{desk.door.account.account}"

    async def get(self, path: str, question: list[tuple[str, str]]) -> Answer:
        return await self._call(lambda headers: self._http.get_json(path, question, headers=headers))

    async def post(self, path: str, body: bytes) -> Answer:
        return await self._call(lambda headers: self._http.send_json("POST", path, body, headers=headers))

    async def _call(self, call: Callable[[dict[str, str]], Awaitable[Answer]]) -> Answer:
        """Once more with a new token after 401, which is answered before anything is done."""
        pair = await self._pair()
        answer = await call(_bearer(pair))
        if answer.status != 401:
            return answer
        return await call(_bearer(await self._renewed(pair.access)))

    async def _pair(self) -> TokenPair:
        stored = await self._store.load(self._mine)
        if stored is not None and stored[0].access_until - self._desk.clock.now() > EARLY:
            return stored[0]
        return await self._renewed(stored[0].access if stored else "")

    async def _renewed(self, old: str) -> TokenPair:
        """A pair newer than `old`; another process may have stored one meanwhile."""
        async with self._store.lock(self._mine):
            stored = await self._store.load(self._mine)
            if stored is not None and stored[0].access != old:
                return stored[0]
            after = await self._store.generation(self._mine)
            if after and await self._store.is_dead(self._mine, after) and self._tried():
                raise Barred("wms", "invalid_grant", SIGN_IN)
            for refresh in self._refreshes(stored):
                pair = await self._asked(refresh)
                if pair is not None:
                    await self._store.save(self._mine, pair, after=after)
                    return pair
            if after:
                await self._store.mark_dead(self._mine, after)
        raise Barred("wms", "invalid_grant", SIGN_IN)

    def _refreshes(self, stored: tuple[TokenPair, int] | None) -> Iterator[str]:
        """The stored one first; a person's new one lies in the file."""
        known = stored[0].refresh if stored else ""
        yield from dict.fromkeys(filter(None, (known, self._desk.door.account.refresh_token)))

    def _tried(self) -> bool:
        """Whether this process has already learnt that the file's token is of no use."""
        return self._desk.door.account.refresh_token in self._desk.door.spent

    async def _asked(self, refresh: str) -> TokenPair | None:
        """The pair that LOGILESS gives for this refresh token, None where it takes it no more."""
        account = self._desk.door.account
        question = [
            ("client_id", account.client_id),
            ("client_secret", account.client_secret),
            ("refresh_token", refresh),
            ("grant_type", "refresh_token"),
        ]
        answer = await self._http.get_json(TOKEN, question)
        if answer.status in (400, 401):
            self._desk.door.spent.add(refresh)
            return None
        said = msgspec.json.decode(answer.accepted(explain))
        if not isinstance(said, dict) or not said.get("access_token") or not said.get("refresh_token"):
            raise NotDone("LOGILESS: トークンの返信を読み取れません")
        until = self._desk.clock.now() + timedelta(
            seconds=int(said.get("expires_in") or 0) or LIFE.total_seconds()
        )
        return TokenPair(
            access=str(said["access_token"]),
            refresh=str(said["refresh_token"]),
            access_until=until,
            refresh_until=until + LIFE,
        )


def _bearer(pair: TokenPair) -> dict[str, str]:
    return {"Authorization": f"Bearer {pair.access}"}


def explain(body: bytes) -> tuple[str, str]:
    """The first field that is wrong, and the words of all; or `error` and its description."""
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return no_words(body)
    if not isinstance(said, dict):
        return no_words(body)
    if "errors" not in said:
        return str(said.get("error", "")), str(said.get("error_description") or said.get("message") or "")
    found = list(_errors(said["errors"], ""))
    fields = [field for field, _ in found]
    words = "、".join(f"{field}: {text}" if field else text for field, text in found)
    return "code" if "code" in fields else next(iter(fields), ""), words or str(said.get("message", ""))


def _errors(node: Any, field: str) -> Iterator[tuple[str, str]]:
    """`errors` nests by field; its inner shape is not publicly known, so every text in it is told."""
    if isinstance(node, dict):
        for name, inner in node.items():
            yield from _errors(inner, field if name in ("children", "errors") else name)
    elif isinstance(node, list):
        for inner in node:
            yield from _errors(inner, field)
    elif node:
        yield field, str(node)
