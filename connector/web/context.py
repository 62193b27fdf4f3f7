"""Context (画面の前提): everything the pages are given; they find nothing by themselves."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from connector.clock import Clock
from connector.ledger.views import Database
from connector.shop import Shop
from connector.web.returns import Returns
from connector.words import Text

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Health:
    """`alive`: the process and its loop work. `reasons`: why it is not ready; ready where there are none."""

    alive: bool = True
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CartHook:
    """What a webhook of one shop's cart may do: have its bytes kept under a name, and wake the intake."""

    secret: str = field(repr=False)
    keep: Callable[[str, bytes], Awaitable[object]]
    hint: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInDoor:
    """What a page may do about the sign-in of one Next Engine account."""

    address: Callable[[str], str]  # where a person signs in; the nonce comes back
    exchange: Callable[
        [str, str], Awaitable[tuple[str, str]]
    ]  # uid and state → who signed in, of which company


NO_BANNER = Text("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebContext:
    """`hosts` are the names the pages answer to (any port); `banner` marks a world that is not production."""

    database: Database
    shops: tuple[Shop, ...]
    clock: Clock
    reports_dir: Path
    lang: str = "ja"
    health: Callable[[], Health] = Health
    banner: Text = NO_BANNER  # for instance "TEST 環境"
    hosts: tuple[str, ...] = LOOPBACK
    show_bytes: bool = False  # whether kept exchanges may be downloaded: they hold personal data
    refresh_seconds: int = 60
    hooks: Mapping[str, CartHook] = field(default_factory=dict)  # by shop; none: no webhooks
    sign_ins: Mapping[str, SignInDoor] = field(default_factory=dict)  # by account of Next Engine
    returns: Returns = field(default_factory=Returns)
    form_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)


CONTEXT = web.AppKey("context", WebContext)
