"""Gate (入口): what stands before the cart's API: time, planned mischief, rate limit, token, errors.

spec/ecforce.md §2.1, §2.4, §2.5. Dangerous: `drop_after` and the fault cart-lost-reply apply the write and
cut the line, so the caller cannot know.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

import msgspec
from aiohttp import web
from aiohttp.typedefs import Middleware
from msgspec import Struct

from connector.adapters.ecforce import wire
from connector.sandbox.cart.documents import answer
from connector.sandbox.cart.limiter import RollingHour, TokenBuckets
from connector.sandbox.cart.model import Customer
from connector.sandbox.cart.refusal import Refusal, Sentence
from connector.sandbox.cart.shop import Shop
from connector.sandbox.faults import Faults

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
RuleKind = Literal["429", "500", "502", "403", "drop", "drop_after", "empty", "not_json", "slow"]

CONTROL: Final = "/__sandbox/"
WRITES: Final = ("PUT", "POST", "DELETE")
BUSY_IS_429: Final = 0.5  # the other half is 500 AOR9999
BUSY_WAIT_S: Final = 3
HTML_403: Final = """<!DOCTYPE html>
<html><head><title>Access denied</title></head>\
<body><h1>Error 1020</h1><p>This request was blocked.</p></body></html>
"""
HTML_502: Final = "\r\n".join(
    (
        "<html>",
        "<head><title>502 Bad Gateway</title></head>",
        "<body>",
        "<center><h1>502 Bad Gateway</h1></center>",
        "</body>",
        "</html>",
        "",
    )
)
SHOPPER: Final = web.RequestKey("shopper", int)  # the customer who signed in
_TOKEN = re.compile(r'Token token="?([^",\s]+)"?')
_SHOPPER_PATH = re.compile(r"/api/v2/(customer|customers/sign_out)([/.]|$)")


class Rule(Struct):
    """Mischief planned by the control plane: `kind` strikes up to `count` times on matching `METHOD /path`, each
    time with this chance. `slow` does what was asked and answers `seconds` later, real seconds."""

    kind: RuleKind
    path: str = ""
    count: int = 1
    chance: float = 1.0
    seconds: float = 35.0


class Gate:
    """One middleware in front of all handlers."""

    def __init__(
        self, shop: Shop, faults: Faults, rng: random.Random, advance: Callable[[], Awaitable[None]]
    ) -> None:
        wish = shop.settings
        self._shop, self._faults, self._rng, self._advance = shop, faults, rng, advance
        self._buckets = TokenBuckets(shop.clock, wish.requests_per_minute, wish.burst)
        self._sign_ins = RollingHour(shop.clock, wish.sign_ins_per_hour)
        self._shopper_sign_ins: dict[str, RollingHour] = {}
        self._shoppers: dict[str, int] = {}  # マイページ token to customer
        self.token: str | None = wish.token
        self.rules: list[Rule] = []

    def middleware(self) -> Middleware:
        @web.middleware
        async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
            await self._advance()
            if request.path.startswith(CONTROL):
                return await _refusing(request, handler)
            return await self._pass(request, handler)

        return gate

    async def _pass(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if (stopped := self._stopped(request)) is not None:
            return stopped
        if "/sign_in" not in request.path and not self._may_enter(request):
            return errors(_unknown(), old=_is_old(request))
        reply = await _refusing(request, handler)
        if (rule := self._strike(request, ("slow",))) is not None:
            await asyncio.sleep(rule.seconds)
        return self._after(request, reply)

    def _stopped(self, request: web.Request) -> web.StreamResponse | None:
        """An answer given before the application is reached."""
        if (rule := self._strike(request, ("429", "500", "502", "403", "drop"))) is not None:
            return _misbehave(request, rule.kind)
        caller = request.headers.get(wire.AUTHORIZATION, request.remote or "")
        wait = self._buckets.wait_for(caller)
        if wait:
            return throttled(wait)
        if self._faults.strike("cart-busy"):
            return throttled(BUSY_WAIT_S) if self._rng.random() < BUSY_IS_429 else transient()
        return None

    def _after(self, request: web.Request, reply: web.StreamResponse) -> web.StreamResponse:
        if request.method not in WRITES or reply.status >= 300:
            return reply
        if (rule := self._strike(request, ("drop_after", "empty", "not_json"))) is not None:
            return _misbehave(request, rule.kind)
        if self._faults.strike("cart-lost-reply"):
            return _misbehave(request, "drop")
        return reply

    def _strike(self, request: web.Request, kinds: tuple[RuleKind, ...]) -> Rule | None:
        line = f"{request.method} {request.path}"
        for rule in self.rules:
            if rule.kind in kinds and rule.count > 0 and re.search(rule.path, line):
                if rule.chance < 1 and self._rng.random() >= rule.chance:
                    continue
                rule.count -= 1
                return rule
        return None

    def _may_enter(self, request: web.Request) -> bool:
        """The shop's token opens `/admin`, a shopper's own `/customer`; neither opens the other."""
        found = _TOKEN.fullmatch(request.headers.get(wire.AUTHORIZATION, ""))
        token = None if found is None else found.group(1)
        if _SHOPPER_PATH.match(request.path) is None:
            return token is not None and token == self.token
        request[SHOPPER] = self._shoppers.get(token or "", 0)
        return request[SHOPPER] in self._shop.customers

    # --- sign in ---

    async def sign_in(self, request: web.Request) -> web.Response:
        """The token against e-mail and password; five calls in an hour, right or wrong."""
        if not self._sign_ins.allows():
            return throttled(None)
        email, password = await _credentials(request)
        wish = self._shop.settings
        if (email, password) != (wish.email, wish.password):
            raise _unknown()
        if self.token is None:
            self.token = self._new_token()
        return answer({"id": 1, "email": email, "authentication_token": self.token})

    async def sign_out(self, request: web.Request) -> web.Response:
        """Revokes the token: nobody may call until the next sign-in."""
        self.token = None
        return web.Response(status=204)

    async def shopper_sign_in(self, request: web.Request) -> web.Response:
        """マイページ: a member's own token; five calls in an hour for each e-mail address."""
        form = (await read_object(request, wire.PREFIX_SESSION)).get("customer")
        email, password = _pair(form)
        limit = self._shop.settings.sign_ins_per_hour
        hour = self._shopper_sign_ins.setdefault(email, RollingHour(self._shop.clock, limit))
        if not hour.allows():
            return throttled(None)
        customer = self._shop.customer_by_email.get(email)
        if customer is None or customer.deleted_at is not None or password != self._password_of(customer):
            raise _unknown()
        token = self._new_token()
        self._shoppers[token] = customer.id
        return answer({"id": customer.id, "email": email, "authentication_token": token})

    async def shopper_sign_out(self, request: web.Request) -> web.Response:
        """Revokes every token of this shopper."""
        leaving = request[SHOPPER]
        self._shoppers = {token: id_ for token, id_ in self._shoppers.items() if id_ != leaving}
        return web.Response(status=204)

    def _password_of(self, customer: Customer) -> str:
        return customer.profile.password or self._shop.settings.customer_password

    def _new_token(self) -> str:
        return f"{self._rng.getrandbits(160):040x}"


async def read_object(request: web.Request, prefix: str = wire.PREFIX_ORDER) -> dict[str, Any]:
    """The JSON object of a request. Raises Refusal 400 for anything else."""
    try:
        body = msgspec.json.decode(await request.read() or b"{}")
    except msgspec.DecodeError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(400, Sentence(prefix + wire.PARAM_INVALID, wire.WORDS_MALFORMED))
    return body


def _unknown() -> Refusal:
    return Refusal(401, Sentence(wire.PREFIX_SESSION + wire.AUTH_FAILED, wire.WORDS_AUTH_FAILED))


def _is_old(request: web.Request) -> bool:
    return request.path.startswith(wire.API_V1)


def errors(refusal: Refusal, *, old: bool = False) -> web.Response:
    """v1 said its errors in one sentence (§2.18; the key is SANDBOX)."""
    if old:
        return answer({"error": " ".join(words for _, words in refusal.sentences)}, refusal.status)
    rows = [{"code": code, "message": words} for code, words in refusal.sentences]
    return answer({"errors": rows}, refusal.status)


def throttled(wait_s: int | None) -> web.Response:
    """429 in plain text; Retry-After when it is known."""
    headers = {} if wait_s is None else {wire.RETRY_AFTER: str(wait_s)}
    return web.Response(
        status=429, text=wire.THROTTLED_BODY + "\n", content_type="text/plain", headers=headers
    )


def transient() -> web.Response:
    return errors(Refusal(500, Sentence(wire.PREFIX_ORDER + wire.TRANSIENT, wire.WORDS_TRANSIENT)))


async def _refusing(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refusal as refusal:
        return errors(refusal, old=_is_old(request))
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        return answer({"status": 404, "error": "Not Found"}, 404)


async def _credentials(request: web.Request) -> tuple[str, str]:
    """v2 sends JSON, v1 a form (§2.18)."""
    if request.path.startswith(wire.API_V1):
        form = await request.post()
        return str(form.get("api_admin[email]", "")), str(form.get("api_admin[password]", ""))
    return _pair((await read_object(request, wire.PREFIX_SESSION)).get("admin"))


def _pair(form: object) -> tuple[str, str]:
    if not isinstance(form, dict):
        return "", ""
    return str(form.get("email", "")), str(form.get("password", ""))


def _misbehave(request: web.Request, kind: RuleKind) -> web.Response:
    match kind:
        case "429":
            return throttled(BUSY_WAIT_S)
        case "500":
            return transient()
        case "502":
            return web.Response(status=502, text=HTML_502, content_type="text/html")
        case "403":
            return web.Response(status=403, text=HTML_403, content_type="text/html", charset="UTF-8")
        case "not_json":
            return web.Response(text="OK", content_type="text/plain")
        case "empty":
            return web.Response()
        case _:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
