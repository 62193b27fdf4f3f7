"""Returns (戻り): which returns from a foreign sign-in we wait for. Each is good once, for a while, in this process."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

LIFE = timedelta(minutes=15)  # a person types a password; NE's own `state` lives five minutes from then
MOST = 100


class Returns:
    """A return that carries none of our nonces was not begun here."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[str, datetime]] = {}

    def expect(self, account: str, now: datetime) -> str:
        """A new nonce for a sign-in that begins now."""
        fresh = {nonce: one for nonce, one in self._waiting.items() if now < one[1]}
        self._waiting = dict(list(fresh.items())[-MOST + 1 :])
        nonce = secrets.token_urlsafe(32)
        self._waiting[nonce] = (account, now + LIFE)
        return nonce

    def take(self, nonce: str, now: datetime) -> str | None:
        """The account it was begun for; None for a foreign, an old or a used one."""
        account, until = self._waiting.pop(nonce, ("", now))
        return account if now < until else None
