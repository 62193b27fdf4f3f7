"""Session (認証とトークン): every call to Next Engine, and the rotating token pair that it carries.

Dangerous: the first call after the access token's end brings a new pair and kills the old one. A pair that is
not stored is lost, and only a person at the login screen can repair that (spec/next_engine.md §1.4–1.5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from connector.adapters.next_engine import wire
from connector.adapters.next_engine.envelope import (
    ACCESS_LIFE,
    SYSTEM,
    Said,
    explain,
    open_envelope,
    without_tokens,
)
from connector.clock import Clock, at_jst, jst
from connector.errors import NeedsSignIn, NotDone, Refused, Unknown
from connector.ports import Archive, CallMeter, SignedIn, TokenPair, TokenStore
from connector.transport.http import Answer, Http, encode_form, patiently

Pairs = Sequence[tuple[str, str | bytes]]
Held = tuple[TokenPair, int]
"""A stored pair and its generation."""
T = TypeVar("T")

NONCE = "nonce"  # ours, in the redirect URI: proves that we sent the person there

TIMEOUT_SECONDS = 120.0  # the first heavy search of a day is slow: §10.13
ROTATING_SECONDS = 300.0  # the one call whose answer must not be missed: reliability §5.2
RISK_SECONDS = 600.0  # so near to its end NE's clock may already see the access token expired
SKEW_SECONDS = 300.0  # so far NE's clock and ours may differ: within it a write asks by a read first
WAIT_SECONDS = 5.0  # so near to its end we rather wait and rotate on a read
QUIET_HOUR = 3  # in Japan: when the read comes that keeps a silent connection alive
SILENCE = timedelta(hours=6)  # who has spoken within it needs no such read


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Our app in Next Engine, and where its people sign in."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    login_host: str = wire.LOGIN_HOST
    company_ne_id: str = ""  # when known: a sign-in of another company is refused


def connect(
    *,
    clock: Clock,
    host: str = wire.API_HOST,
    timeout_seconds: float = TIMEOUT_SECONDS,
    ca_file: str | None = None,
    meter: CallMeter | None = None,
) -> Http:
    """The connection to the API host; `meter` is told of every request."""
    return Http(
        host,
        clock=clock,
        headers={},
        timeout_seconds=timeout_seconds,
        ca_file=ca_file,
        system=SYSTEM,
        meter=meter.count if meter else None,
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
        meter: CallMeter | None = None,
    ) -> None:
        self._http = http
        self._account = account
        self._application = application
        self._store = store
        self._archive = archive
        self._clock = clock
        self._meter = meter
        self._spoke_at: datetime | None = None  # when NE last took our pair
        self._unstored: Held | None = None  # a new pair that the store would not take; after which generation

    # ---- calls --------------------------------------------------------------------------------------------

    async def read(self, path: str, pairs: Pairs = ()) -> Said:
        """A call that changes nothing; tried three times within seconds."""
        return await patiently(lambda: self._call(path, pairs, writing=False, key=""), self._clock)

    async def write(self, path: str, pairs: Pairs, *, key: str) -> Said:
        """A call that may change something; its bytes are kept without tokens, under `key`.

        NotDone and Refused say that it was not applied; Unknown says: read back. Never repeated here, except
        once with a newer pair after 002002, which NE answers before it does anything.
        """
        return await self._call(path, pairs, writing=True, key=key)

    async def keep_alive(self) -> None:
        """A read of our own at Japan's quiet hour where nobody else speaks, long before the refresh token's end.

        To be asked often; most times it does nothing.
        """
        pair, _ = await self._stored()
        now = self._clock.now()
        spoke_at = self._spoke_at or pair.access_until - ACCESS_LIFE
        if spoke_at < _quiet_before(now) and now - spoke_at >= SILENCE:
            await self._call(wire.LOGIN_USER_INFO, (), writing=False, key="")

    # ---- sign-in ------------------------------------------------------------------------------------------

    def sign_in_url(self, nonce: str = "") -> str:
        """Where a person signs in; NE then calls the redirect URI with `uid` and `state` (5 minutes).

        A nonce comes back with them: parameters that the redirect URI already has survive (§1.2).
        """
        back = self._application.redirect_uri
        if nonce:
            back += ("&" if urlsplit(back).query else "?") + urlencode({NONCE: nonce})
        asked = {"client_id": self._application.client_id, "redirect_uri": back}
        return f"{self._application.login_host.rstrip('/')}{wire.SIGN_IN}?{urlencode(asked)}"

    @property
    def redirect_uri(self) -> str:
        """Where NE sends the browser afterwards."""
        return self._application.redirect_uri

    async def exchange(self, uid: str, state: str) -> SignedIn:
        """Turn a sign-in into a pair and store it. A failure leaves the stored pair as it is.

        Waits for the call under way: its pair would otherwise be stored over the new one, or the other way round.
        """
        pairs = [
            ("uid", uid),
            ("state", state),
            ("client_id", self._application.client_id),
            ("client_secret", self._application.client_secret),
        ]
        async with self._store.lock(self._account):
            known = await self._store.signed_in(self._account)
            company = self._application.company_ne_id or (known.company_ne_id if known else "")
            who = await _to_the_end(self._sign_in(pairs, company))
        await self._settle()
        return who

    async def _sign_in(self, pairs: Pairs, company: str) -> SignedIn:
        after = await self._store.generation(self._account)
        said = _said(await self._http.post_form(wire.NEAUTH, pairs, writing=True))
        if said.result != wire.SUCCESS:
            raise Refused(SYSTEM, said.code_text, f"サインインできませんでした: {said.words}")
        who = SignedIn(said.uid or "", said.company_ne_id or "", said.company_name or "")
        if company and who.company_ne_id != company:
            words = f"別の会社 {who.company_ne_id} でサインインされました ({company} が必要です)"
            raise Refused(SYSTEM, "company", words)
        pair = said.new_pair(None, self._clock.now())
        if pair is None:
            raise Unknown("ネクストエンジン: サインインの返信にトークンがありません")
        await self._store.save(self._account, pair, after=after, signed_in=who)
        self._spoke_at = self._clock.now()
        return who

    # ---- one call -----------------------------------------------------------------------------------------

    async def _call(self, path: str, pairs: Pairs, *, writing: bool, key: str) -> Said:
        async with self._store.lock(self._account):
            held = await self._fit(path, writing)
            said, answer = await self._spoken(held, path, pairs, writing, key)
        await self._settle()
        fault = said.fault(answer)
        if fault is not None:
            raise fault
        return said

    async def _fit(self, path: str, writing: bool) -> Held:
        """The stored pair; rotated first, by NE's lightest read, where this call might otherwise rotate it.

        A lost answer is a lost pair: it must not be a heavy search that takes minutes, and never a write.
        """
        held = await self._stored()
        left = (held[0].access_until - self._clock.now()).total_seconds()
        if path == wire.LOGIN_USER_INFO or left > (SKEW_SECONDS if writing else 0.0):
            return held
        if 0.0 < left <= WAIT_SECONDS:
            await self._clock.sleep(left + 1.0)
        said, answer = await self._spoken(held, wire.LOGIN_USER_INFO, (), False, "")
        if not said.access_token:  # an answer that carries a pair has judged ours, whatever else it says
            raise said.fault(answer) or NotDone("ネクストエンジン: 認証の状態を確かめられません")
        return await self._stored()

    async def _spoken(
        self, held: Held, path: str, pairs: Pairs, writing: bool, key: str
    ) -> tuple[Said, Answer]:
        """One call; once more where another pair is stored than the one NE calls old (F-NE-5)."""
        said, answer = await self._send(path, pairs, held, writing, key)
        if said.code_text == wire.CODE_OLD_TOKEN:
            other = await self._stored()
            if other[0].access != held[0].access:
                held = other
                said, answer = await self._send(path, pairs, held, writing, key)
        if said.code_text == wire.CODE_OLD_TOKEN or said.result == wire.REDIRECT:
            await self._store.mark_dead(self._account, held[1])
            raise _needs_sign_in(said.code_text, said.words)
        self._spoke_at = self._clock.now()
        return said, answer

    async def _send(
        self, path: str, pairs: Pairs, held: Held, writing: bool, key: str
    ) -> tuple[Said, Answer]:
        """Send; then the pair is stored, then the bytes are kept, and only then the body is used."""
        if writing:
            sent = encode_form(pairs)
            await self._archive.keep(system=SYSTEM, direction="out", name=path, body=sent, key=key)
        now = self._clock.now()
        near_end = (held[0].access_until - now).total_seconds() < RISK_SECONDS  # it may bring a new pair
        exchange = self._exchange(path, pairs, held, writing, ROTATING_SECONDS if near_end else None)
        answer = await (_to_the_end(exchange) if near_end else exchange)
        if writing:
            body = without_tokens(answer.body)
            await self._archive.keep(system=SYSTEM, direction="in", name=path, body=body, key=key)
        return _said(answer), answer

    async def _exchange(
        self, path: str, pairs: Pairs, held: Held, writing: bool, limit: float | None
    ) -> Answer:
        pair, generation = held
        tokens = [(wire.ACCESS_TOKEN, pair.access), (wire.REFRESH_TOKEN, pair.refresh)]
        sent = [*pairs, *tokens]
        answer = await self._http.post_form(path, sent, writing=writing, timeout_seconds=limit)
        said = open_envelope(answer.body)
        new = said.new_pair(pair, self._clock.now()) if said else None
        if new is None:
            return answer
        try:
            await self._keep_pair(new, generation)
        except NotDone as error:  # the store is busy; what was asked for is done all the same
            raise answer.doubt(str(error)) from error
        return answer

    async def _keep_pair(self, new: TokenPair, generation: int) -> None:
        """Somebody stored a pair in spite of the lock: the later one is the one NE still takes.

        What the store does not take now is not thrown away: no call goes out before it is stored.
        """
        self._unstored = (new, generation)
        try:
            await self._store.save(self._account, new, after=generation)
        except NotDone:
            found = await self._store.load(self._account)
            if found and found[0].access_until < new.access_until:
                await self._store.save(self._account, new, after=found[1])
        self._unstored = None

    async def _settle(self) -> None:
        if self._meter is not None:
            await self._meter.settle()

    async def _stored(self) -> Held:
        if self._unstored is not None:
            await self._keep_pair(*self._unstored)
        found = await self._store.load(self._account)
        if found is None:
            raise _needs_sign_in("", "まだサインインされていません")
        if await self._store.is_dead(self._account, found[1]):
            raise _needs_sign_in(wire.CODE_TOKEN_EXPIRED, "前回の認証は無効になっています")
        return found


def _said(answer: Answer) -> Said:
    said = open_envelope(answer.accepted(explain))
    if said is None:
        raise answer.doubt(f"ネクストエンジン: 返信を読み取れません (HTTP {answer.status})")
    return said


def _needs_sign_in(code: str, words: str) -> NeedsSignIn:
    return NeedsSignIn(SYSTEM, code, f"ネクストエンジンへの再サインインが必要です: {words}")


def _quiet_before(now: datetime) -> datetime:
    """The newest quiet hour that has come."""
    today = at_jst(jst(now).date(), QUIET_HOUR)
    return today if today <= now else today - timedelta(days=1)


async def _to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Not to be cut off: whoever cancels us, and however often, waits until the pair is stored (F-NE-6)."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])  # leaves the task alone when we are cancelled
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    task.exception()  # looked at: nobody is left to hear of it
    raise cancelled
