"""Tokens (アクセストークン): one pair per sign-in, and the rotation that can lock a careless client out.

Danger: a pair rotates on the first call after its access token's end, also when that call fails; whoever does
not store the new pair has lost the line until a person signs in again. spec/next_engine.md §1.2-§1.4, §14.10.
"""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connector.adapters.next_engine import wire
from connector.sandbox.history import History
from connector.sandbox.next_engine.agenda import Agenda
from connector.sandbox.next_engine.fields import stamp
from connector.sandbox.next_engine.refusal import Refusal
from connector.sandbox.next_engine.settings import NextEngineSettings

MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a reply carries."""

    uid: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    access_end_at: datetime
    refresh_end_at: datetime

    def body(self) -> dict[str, Any]:
        return {
            wire.ACCESS_TOKEN: self.access,
            wire.ACCESS_END: stamp(self.access_end_at),
            wire.REFRESH_TOKEN: self.refresh,
            wire.REFRESH_END: stamp(self.refresh_end_at),
        }


@dataclass(slots=True)
class _Held:
    """A pair NE once gave out. Kept for ever: an old one must be told from an unknown one."""

    pair: TokenPair
    access_end_at: datetime
    refresh_end_at: datetime
    replaced: bool = False


class TokenDesk:
    """Gives out states and pairs and decides whether a call may pass."""

    def __init__(
        self, agenda: Agenda, settings: NextEngineSettings, history: History, rng: random.Random
    ) -> None:
        self._agenda, self._settings, self._history, self._rng = agenda, settings, history, rng
        self._by_access: dict[str, _Held] = {}
        self._states: dict[str, tuple[str, datetime]] = {}

    def new_state(self, uid: str, state: str | None = None) -> str:
        """A person signed in; their browser carries this back within five minutes."""
        state = state or self._secret()
        self._states[state] = (uid, self._agenda.now() + self._settings.state_life)
        return state

    def exchange(self, uid: str, state: str) -> TokenPair | None:
        """A pair for a fresh state, once; None for an old, used or unknown one."""
        known = self._states.pop(state, None)
        if known is None or known[0] != uid or known[1] < self._agenda.now():
            return None
        return self.issue(uid)

    def issue(self, uid: str, *, access: str | None = None, refresh: str | None = None) -> TokenPair:
        """A new pair; in the default setting it invalidates the user's earlier ones."""
        if self._settings.reauth_invalidates:
            self._replace_all(uid)
        pair = self._new_pair(uid, access, refresh)
        self._history.add("signed_in", uid)
        return pair

    def pass_through(self, access: str, refresh: str) -> tuple[TokenPair, bool]:
        """The pair the reply carries and whether it has just rotated; Refusal when the call may not pass."""
        held = self._by_access.get(access)
        if held is None:
            raise self._old_token()
        now = self._agenda.now()
        if held.replaced and (self._settings.strict_tokens or held.access_end_at <= now):
            raise self._outdated(held, refresh, now)
        if now < held.access_end_at:
            return held.pair, False
        if refresh != held.pair.refresh or held.refresh_end_at <= now:
            raise _expired()
        held.replaced = True
        pair = self._new_pair(held.pair.uid)
        self._history.add("token_rotated", pair.uid)
        return pair, True

    def end_access(self, access: str) -> None:
        """The access token ends early; the refresh token stays good."""
        self._by_access[access].access_end_at = self._agenda.now() - MOMENT

    def expire(self, *, access: bool = True, refresh: bool = False) -> None:
        """Every valid pair ends now."""
        past = self._agenda.now() - MOMENT
        for held in self._by_access.values():
            held.access_end_at = past if access else held.access_end_at
            held.refresh_end_at = past if refresh else held.refresh_end_at

    def rotate_elsewhere(self) -> None:
        """Somebody else used the stored pair after its end: it is replaced, and nobody here has the new one."""
        for held in [held for held in self._by_access.values() if not held.replaced]:
            held.replaced = True
            self._new_pair(held.pair.uid)
            self._history.add("token_rotated", held.pair.uid, elsewhere=True)

    def _old_token(self) -> Refusal:
        return Refusal(wire.CODE_OLD_TOKEN, result=self._settings.old_token_result, with_tokens=False)

    def _outdated(self, held: _Held, refresh: str, now: datetime) -> Refusal:
        if not refresh or held.refresh_end_at <= now:
            return _expired()
        return self._old_token()

    def _replace_all(self, uid: str) -> None:
        for held in self._by_access.values():
            if held.pair.uid == uid:
                held.replaced = True

    def _new_pair(self, uid: str, access: str | None = None, refresh: str | None = None) -> TokenPair:
        now = self._agenda.now()
        pair = TokenPair(
            uid=uid,
            access=access or self._secret(),
            refresh=refresh or self._secret(),
            access_end_at=now + self._settings.access_life,
            refresh_end_at=now + self._settings.refresh_life,
        )
        self._by_access[pair.access] = _Held(pair, pair.access_end_at, pair.refresh_end_at)
        return pair

    def _secret(self) -> str:
        """Base64, so that `+`, `/` and `=` meet every client's encoder."""
        return base64.b64encode(self._rng.randbytes(32)).decode()


def _expired() -> Refusal:
    return Refusal(wire.CODE_TOKEN_EXPIRED, result=wire.REDIRECT, with_tokens=False)
