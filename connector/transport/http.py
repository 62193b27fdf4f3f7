"""Http (HTTP通信): the one outbound HTTP client; it hands out bytes and says what a failure means.

Dangerous: a write whose answer is lost may have happened. Such a loss is `Unknown`, never `NotDone`. The
total deadline runs on the machine's own time, because the network does; pacing runs on the house's clock.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Final, TypeVar
from urllib.parse import quote, urlsplit

import httpx2

from connector.clock import Clock
from connector.errors import Barred, Misconfigured, NotDone, Problem, Refused, Unknown

Pairs = Sequence[tuple[str, str | bytes]]
Headers = Mapping[str, str]
Explain = Callable[[bytes], tuple[str, str]]
"""Body of a refusal → the other side's code and words, each "" where it says none."""

Meter = Callable[[int, int], None]
"""Told of every request that reached the other side: its bytes, and the bytes of the answer (0: none came)."""

T = TypeVar("T")

NO_HEADERS: Final[Headers] = MappingProxyType({})

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
USER_AGENT: Final = "connector/0.1"  # ASCII and never empty: spec/ecforce.md §2.1, WAF
LARGEST_BODY: Final = 64 * 1024 * 1024  # bytes after unpacking; a full page of any system is below 10 MB
CONNECT_SECONDS: Final = 10.0
READ_PAUSES: Final = (1.0, 3.0)  # seconds before the second and third try of a read
LONGEST_PAUSE: Final = 5.0  # longer waits are the runner's business, not an adapter's
EXCERPT: Final = 300  # characters of a refusal that end up in a hold


def no_words(body: bytes) -> tuple[str, str]:
    """For a side whose refusals have no known shape: the beginning of the body as it stands."""
    return "", body[:EXCERPT].decode("utf-8", "backslashreplace").strip()


@dataclass(frozen=True, slots=True)
class Answer:
    """One complete answer, whatever its status. `body` is kept by the adapter before it is believed."""

    system: str
    writing: bool
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    after: float | None = None  # Retry-After in seconds

    def accepted(self, explain: Explain = no_words) -> bytes:
        """The body of a good answer that looks like JSON, or b"" with 204; else the error it stands for."""
        if self.status == 204:
            return b""
        if 200 <= self.status < 300:
            return self._json()
        if self.status == 429:
            raise NotDone(f"{self.system}: 呼び出しが多すぎます (429)", after=self.after)
        if self.status >= 500 or self.status == 408:
            raise self.doubt(f"{self.system}: サーバー側の不調です (HTTP {self.status})")
        raise self._refusal(explain)

    def doubt(self, words: str) -> NotDone | Unknown:
        """The error of an answer that proves nothing: a read may be repeated, a write must be looked at."""
        return Unknown(words) if self.writing else NotDone(words, after=self.after)

    def _json(self) -> bytes:
        text = self.body.strip()
        if text[:1] + text[-1:] not in (b"{}", b"[]"):
            kind = self.headers.get("content-type", "")
            raise self.doubt(
                f"{self.system}: JSON ではない返信です (HTTP {self.status}, {kind or '種類不明'})"
            )
        return self.body

    def _refusal(self, explain: Explain) -> Refused:
        if 300 <= self.status < 400:
            return Refused(
                self.system, str(self.status), "別の宛先へ案内されました。接続先の設定を確認してください"
            )
        if "html" in self.headers.get("content-type", ""):
            words = "手前の防壁 (WAF) かプロキシが断りました。HTML の返信は読みません"
            return Barred(self.system, str(self.status), words)
        code, words = explain(self.body)
        kind = Barred if self.status in (401, 403) else Refused
        return kind(self.system, code or str(self.status), words or f"HTTP {self.status}")


class Http:
    """One connection pool to one system, with its credentials in `headers`. Redirects are never followed.

    With `requests_per_second` calls are spaced and made one at a time. `timeout_seconds` is the total
    deadline of a call. Plain http is for loopback only.
    """

    def __init__(
        self,
        base_url: str,
        *,
        clock: Clock,
        headers: Mapping[str, str],
        timeout_seconds: float,
        requests_per_second: float | None = None,
        ca_file: str | None = None,
        system: str = "http",
        meter: Meter | None = None,
    ) -> None:
        self._base = _checked(base_url).rstrip("/")
        self._clock = clock
        self._system = system
        self._seconds = timeout_seconds
        self._spacing = 1.0 / requests_per_second if requests_per_second else 0.0
        self._next_turn = 0.0
        self._one_at_a_time = asyncio.Lock()
        self._client = httpx2.AsyncClient(
            headers={"User-Agent": USER_AGENT, "Accept": JSON, **headers},
            verify=_trust(ca_file),
            timeout=_phases(timeout_seconds),
            follow_redirects=False,
            trust_env=False,  # what stands in the settings holds, whatever the environment says
        )
        self._meter = meter
        self.calls = 0  # requests sent; some systems are metered (spec/next_engine.md §2.5)

    async def get_json(
        self, path: str, params: Sequence[tuple[str, str]] = (), *, headers: Headers = NO_HEADERS
    ) -> Answer:
        """GET; repeating is safe."""
        query = encode_form(params).decode("ascii")
        return await self._call("GET", f"{path}?{query}" if query else path, b"", headers, False, None)

    async def send_json(
        self, method: str, path: str, body: bytes, *, writing: bool = True, headers: Headers = NO_HEADERS
    ) -> Answer:
        """Send JSON bytes exactly as they are; a write, unless the other side reads by POST."""
        return await self._call(method, path, body, {"Content-Type": JSON, **headers}, writing, None)

    async def post_form(
        self, path: str, pairs: Pairs, *, writing: bool, timeout_seconds: float | None = None
    ) -> Answer:
        """POST a form. Binary values travel as their raw bytes, percent-encoded."""
        form = {"Content-Type": FORM}
        return await self._call("POST", path, encode_form(pairs), form, writing, timeout_seconds)

    async def close(self) -> None:
        await self._client.aclose()

    async def _call(
        self, method: str, path: str, body: bytes, headers: Headers, writing: bool, seconds: float | None
    ) -> Answer:
        async with self._turn():
            limit = seconds or self._seconds
            request = self._client.build_request(
                method, self._base + path, content=body or None, headers=dict(headers), timeout=_phases(limit)
            )
            self.calls += 1
            reached, received = True, 0
            try:
                async with asyncio.timeout(limit):
                    answer = await self._exchange(request, writing)
                received = len(answer.body)
                return answer
            except (TimeoutError, httpx2.HTTPError) as error:
                reached = not isinstance(error, _BEFORE_SENDING)
                raise self._loss(error, writing) from error
            finally:
                if reached and self._meter is not None:
                    self._meter(len(body), received)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if not self._spacing:
            yield
            return
        async with self._one_at_a_time:
            wait = self._next_turn - self._clock.monotonic()
            if wait > 0:
                await self._clock.sleep(wait)
            self._next_turn = self._clock.monotonic() + self._spacing
            yield

    async def _exchange(self, request: httpx2.Request, writing: bool) -> Answer:
        response = await self._client.send(request, stream=True)
        try:
            body = await self._body(response, writing)
        finally:
            await response.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        after = self._retry_after(headers.get("retry-after", ""))
        answer = Answer(self._system, writing, response.status_code, headers, body, after)
        promised = headers.get("content-length", "")
        if "content-encoding" not in headers and promised.isdigit() and int(promised) != len(body):
            raise answer.doubt(f"{self._system}: 返信が途中で切れています ({len(body)}/{promised} バイト)")
        return answer

    async def _body(self, response: httpx2.Response, writing: bool) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > LARGEST_BODY:
                words = f"{self._system}: 返信が {LARGEST_BODY:,} バイトを超えました"
                raise Unknown(words) if writing else NotDone(words)
            parts.append(part)
        return b"".join(parts)

    def _retry_after(self, text: str) -> float | None:
        if text.isascii() and text.isdigit():
            return float(text)
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
        aware = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max(0.0, (aware - self._clock.now()).total_seconds())

    def _loss(self, error: Exception, writing: bool) -> NotDone | Unknown:
        kind = type(error).__name__
        if isinstance(error, _BEFORE_SENDING):
            return NotDone(f"{self._system}: 接続できません ({kind})")
        words = f"{self._system}: 返信を受け取れませんでした ({kind})"
        return Unknown(words) if writing else NotDone(words)


_BEFORE_SENDING = (
    httpx2.ConnectError,  # refused, unknown host, TLS handshake
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.LocalProtocolError,
    httpx2.UnsupportedProtocol,
)


async def patiently(read: Callable[[], Awaitable[T]], clock: Clock) -> T:
    """A read, tried three times at most within seconds; longer waits go up as NotDone."""
    for pause in READ_PAUSES:
        try:
            return await read()
        except NotDone as fault:
            wait = pause if fault.after is None else fault.after
            if wait > LONGEST_PAUSE:
                raise
            await clock.sleep(wait)
    return await read()


def encode_form(pairs: Pairs) -> bytes:
    """`a=1&b=%E5…`: every byte outside A–Z a–z 0–9 _ . - ~ percent-encoded (spec/next_engine.md §2.1)."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs).encode(
        "ascii"
    )


def _phases(seconds: float) -> httpx2.Timeout:
    """Connecting ends before the total deadline, so that it can be told from a lost answer."""
    return httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds / 2))


def _checked(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    if host and safe and "@" not in parts.netloc:
        return url
    words = "接続先は利用者名を含まない https:// の URL にしてください (http:// はこの機械の中だけ)"
    raise Misconfigured([Problem("base_url", 0, 0, words, found=f"{parts.scheme}://{host}")])


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _trust(ca_file: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        problem = Problem("ca_file", 0, 0, f"証明書のファイルを読めません: {error}", found=ca_file or "")
        raise Misconfigured([problem]) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
