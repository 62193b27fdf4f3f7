"""LOGILESS' OAuth2 (認可コード): a code for half a minute, a token for 30 days, both by the warehouse's clock."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from connector.sandbox.warehouse.counter import Counter

CODE_LIVES = timedelta(seconds=30)
TOKEN_LIVES = timedelta(days=30)
EXPIRED = "The access token provided has expired."
INVALID = "The access token provided is invalid."


class Refused(Exception):
    """An OAuth error: its name and description."""

    def __init__(self, error: str, words: str) -> None:
        super().__init__(words)
        self.error, self.words = error, words


class Tokens:
    """Codes and tokens of one registered application."""

    def __init__(
        self, counter: Counter, *, client_id: str, client_secret: str, redirect_uri: str, seed: int
    ) -> None:
        self._counter = counter
        self._client = (client_id, client_secret)
        self._redirect_uri = redirect_uri
        self._rng = random.Random(f"{seed}/logiless/tokens")
        self._codes: dict[str, datetime] = {}
        self._access: dict[str, datetime] = {}
        self._refresh: set[str] = set()

    def authorize(self, query: dict[str, str]) -> str:
        """The address the browser is sent back to: the operator of the sandbox always agrees."""
        if query.get("client_id") != self._client[0] or query.get("response_type") != "code":
            raise Refused("invalid_client", "The client is unknown.")
        if query.get("redirect_uri") != self._redirect_uri:
            raise Refused("redirect_uri_mismatch", "The redirect URI does not match the registered one.")
        code = self._fresh()
        self._codes[code] = self._counter.now() + CODE_LIVES
        state = {"state": query["state"]} if "state" in query else {}
        return f"{self._redirect_uri}?{urlencode({'code': code} | state)}"

    def exchange(self, query: dict[str, str]) -> dict[str, Any]:
        """The token endpoint, for a code or a refresh token; each works once."""
        if (query.get("client_id"), query.get("client_secret")) != self._client:
            raise Refused("invalid_client", "The client credentials are invalid.")
        kind = query.get("grant_type")
        if kind == "authorization_code":
            until = self._codes.pop(query.get("code", ""), None)
            if (
                until is None
                or until < self._counter.now()
                or query.get("redirect_uri") != self._redirect_uri
            ):
                raise Refused("invalid_grant", "Code doesn't exist or is invalid for the client.")
        elif kind == "refresh_token":
            if query.get("refresh_token") not in self._refresh:
                raise Refused("invalid_grant", "Invalid refresh token.")
            self._refresh.discard(query["refresh_token"])
        else:
            raise Refused("unsupported_grant_type", "The grant type is not supported.")
        return self.issue()

    def issue(self) -> dict[str, Any]:
        """A fresh pair."""
        access, refresh = self._fresh(), self._fresh()
        self._access[access] = self._counter.now() + TOKEN_LIVES
        self._refresh.add(refresh)
        return {
            "access_token": access,
            "expires_in": int(TOKEN_LIVES.total_seconds()),
            "token_type": "bearer",
            "scope": None,
            "refresh_token": refresh,
        }

    def expect(self, header: str) -> None:
        """Raise where this Authorization header opens nothing."""
        until = self._access.get(header.removeprefix("Bearer "))
        if until is None or not header.startswith("Bearer "):
            raise Refused("invalid_grant", INVALID)
        if until <= self._counter.now():
            raise Refused("invalid_grant", EXPIRED)

    def _fresh(self) -> str:
        return f"sandbox-{self._rng.getrandbits(128):032x}"
