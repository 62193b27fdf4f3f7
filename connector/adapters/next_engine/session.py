"""Session (認証とトークン): every call to Next Engine, and the rotating token pair that it carries.

Dangerous: the first call after the access token's end brings a new pair and kills the old one. A pair that is
not stored is lost, and only a person at the login screen can repair that (spec/next_engine.md §1.4–1.5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from connector.adapters.next_engine import wire
from connector.adapters.next_engine.envelope import SYSTEM, Said, explain, open_envelope, without_tokens
from connector.clock import Clock
from connector.errors import NeedsSignIn, NotDone, Refused, Unknown
from connector.ports import Archive, TokenPair, TokenStore
from connector.transport.http import Answer, Http, encode_form, patiently

Pairs = Sequence[tuple[str, str | bytes]]
T = TypeVar("T")

TIMEOUT_SECONDS = 120.0  # the first heavy search of a day is slow: §10.13
ROTATING_SECONDS = 300.0  # the one call whose answer must not be missed: reliability §5.2
RISK_SECONDS = 600.0  # so near to its end NE's clock may already see the access token expired
WAIT_SECONDS = 5.0  # so near to its end we rather wait and rotate on a read


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Our app in Next Engine, and where its people sign in."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    login_host: str = wire.LOGIN_HOST
    company_ne_id: str = ""  # when known: a sign-in of another company is refused


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in."""

    uid: str
    company_ne_id: str
    company_name: str


def connect(
    *,
    clock: Clock,
    host: str = wire.API_HOST,
    timeout_seconds: float = TIMEOUT_SECONDS,
    ca_file: str | None = None,
) -> Http:
    """The connection to the API host."""
    return Http(
        host, clock=clock, headers={}, timeout_seconds=timeout_seconds, ca_file=ca_file, system=SYSTEM
    )


class Session:
    """One account of Next Engine. One call at a time, over all processes (F-NE-1, F-NE-2)."""

    def __init__(
        self,
        http: Http,
        *,
        account: str,
        application: Application,
        store: TokenStore,
        archive: Archive,
        clock: Clock,
    ) -> None:
        self._http = http
        self._account = account
        self._application = application
        self._store = store
        self._archive = archive
        self._clock = clock
        self._dead_generation: int | None = None  # a pair NE will never take again: no hammering

    # ---- calls --------------------------------------------------------------------------------------------

    async def read(self, path: str, pairs: Pairs = ()) -> Said:
        """A call that changes nothing; tried three times within seconds."""
        return await patiently(lambda: self._call(path, pairs, writing=False, key=""), self._clock)

    async def write(self, path: str, pairs: Pairs, *, key: str) -> Said:
        """A call that may change something; its bytes are kept without tokens, under `key`.

        NotDone and Refused say that it was not applied; Unknown says: read back. Never repeated here, except
        once with a newer pair after 002002, which NE answers before it does anything.
        """
        await self.rotate_if_due()
        return await self._call(path, pairs, writing=True, key=key)

    async def rotate_if_due(self) -> None:
        """Make the rotation fall on a harmless read, so that no write is lost together with a pair."""
        pair, _ = await self._stored()
        left = (pair.access_until - self._clock.now()).total_seconds()
        if left > WAIT_SECONDS:
            return
        if left >= 0:
            await self._clock.sleep(left + 1.0)
        await self.read(wire.LOGIN_USER_INFO)

    # ---- sign-in ------------------------------------------------------------------------------------------

    def sign_in_url(self) -> str:
        """Where a person signs in; NE then calls the redirect URI with `uid` and `state` (5 minutes)."""
        asked = {"client_id": self._application.client_id, "redirect_uri": self._application.redirect_uri}
        return f"{self._application.login_host.rstrip('/')}{wire.SIGN_IN}?{urlencode(asked)}"

    async def exchange(self, uid: str, state: str) -> SignedIn:
        """Turn a sign-in into a pair and store it. A failure leaves the stored pair as it is."""
        pairs = [
            ("uid", uid),
            ("state", state),
            ("client_id", self._application.client_id),
            ("client_secret", self._application.client_secret),
        ]
        async with self._store.lock(self._account):
            found = await self._store.load(self._account)
            return await _to_the_end(self._sign_in(pairs, after=found[1] if found else 0))

    async def _sign_in(self, pairs: Pairs, *, after: int) -> SignedIn:
        answer = await self._http.post_form(wire.NEAUTH, pairs, writing=True)
        said = _said(answer)
        if said.result != wire.SUCCESS:
            raise Refused(SYSTEM, said.code_text, f"サインインできませんでした: {said.words}")
        company = said.company_ne_id or ""
        expected = self._application.company_ne_id
        if expected and company != expected:
            raise Refused(
                SYSTEM, "company", f"別の会社 {company} でサインインされました ({expected} が必要です)"
            )
        pair = said.new_pair(None, self._clock.now())
        if pair is None:
            raise Unknown("ネクストエンジン: サインインの返信にトークンがありません")
        await self._store.save(self._account, pair, after=after)
        return SignedIn(said.uid or "", company, said.company_name or "")

    # ---- one call -----------------------------------------------------------------------------------------

    async def _call(self, path: str, pairs: Pairs, *, writing: bool, key: str) -> Said:
        async with self._store.lock(self._account):
            pair, generation = await self._stored()
            said, answer = await self._send(path, pairs, pair, generation, writing, key)
            if said.code_text == wire.CODE_OLD_TOKEN:
                other, other_generation = await self._stored()
                if other.access != pair.access:
                    pair, generation = other, other_generation
                    said, answer = await self._send(path, pairs, pair, generation, writing, key)
            if said.code_text == wire.CODE_OLD_TOKEN or said.result == wire.REDIRECT:
                self._dead_generation = generation
                raise _needs_sign_in(said.code_text, said.words)
        fault = said.fault(answer)
        if fault is not None:
            raise fault
        return said

    async def _send(
        self, path: str, pairs: Pairs, pair: TokenPair, generation: int, writing: bool, key: str
    ) -> tuple[Said, Answer]:
        """Send; then the pair is stored, then the bytes are kept, and only then the body is used."""
        if writing:
            sent = encode_form(pairs)
            await self._archive.keep(system=SYSTEM, direction="out", name=path, body=sent, key=key)
        now = self._clock.now()
        exchange = self._exchange(path, pairs, pair, generation, now, writing)
        near_end = (pair.access_until - now).total_seconds() < RISK_SECONDS
        answer = await (_to_the_end(exchange) if near_end else exchange)
        if writing:
            body = without_tokens(answer.body)
            await self._archive.keep(system=SYSTEM, direction="in", name=path, body=body, key=key)
        return _said(answer), answer

    async def _exchange(
        self, path: str, pairs: Pairs, pair: TokenPair, generation: int, now: datetime, writing: bool
    ) -> Answer:
        tokens = [(wire.ACCESS_TOKEN, pair.access), (wire.REFRESH_TOKEN, pair.refresh)]
        limit = ROTATING_SECONDS if pair.access_until <= now else None
        answer = await self._http.post_form(path, [*pairs, *tokens], writing=writing, timeout_seconds=limit)
        said = open_envelope(answer.body)
        new = said.new_pair(pair, self._clock.now()) if said else None
        if new is not None:
            await self._keep_pair(new, generation)
        return answer

    async def _keep_pair(self, new: TokenPair, generation: int) -> None:
        """Somebody stored a pair in spite of the lock: the later one is the one NE still takes."""
        try:
            await self._store.save(self._account, new, after=generation)
        except NotDone:
            found = await self._store.load(self._account)
            if found and found[0].access_until < new.access_until:
                await self._store.save(self._account, new, after=found[1])

    async def _stored(self) -> tuple[TokenPair, int]:
        found = await self._store.load(self._account)
        if found is None:
            raise _needs_sign_in("", "まだサインインされていません")
        if found[1] == self._dead_generation:
            raise _needs_sign_in(wire.CODE_TOKEN_EXPIRED, "前回の認証は無効になっています")
        return found


def _said(answer: Answer) -> Said:
    said = open_envelope(answer.accepted(explain))
    if said is None:
        raise answer.doubt(f"ネクストエンジン: 返信を読み取れません (HTTP {answer.status})")
    return said


def _needs_sign_in(code: str, words: str) -> NeedsSignIn:
    return NeedsSignIn(SYSTEM, code, f"ネクストエンジンへの再サインインが必要です: {words}")


async def _to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Not to be cut off: whoever cancels us waits until the pair is stored (F-NE-6)."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise
