"""The HTTP client against odd answers: what each failure means for a read and for a write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import httpx2
import pytest
import respx
from connector.clock import SteppedClock
from connector.errors import ConnectorError, Misconfigured, NotDone, Refused, Unknown
from connector.transport.http import Http, encode_form, patiently

BASE = "https://api.example.jp"
AT = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock(AT)


@pytest.fixture
async def http(clock: SteppedClock) -> AsyncIterator[Http]:
    client = Http(BASE, clock=clock, headers={"Authorization": "sample"}, timeout_seconds=5.0, system="cart")
    yield client
    await client.close()


async def read(http: Http) -> bytes:
    return (await http.get_json("/x")).accepted()


async def write(http: Http) -> bytes:
    return (await http.send_json("PUT", "/x", b"{}")).accepted()


Call = Callable[[Http], Awaitable[bytes]]


@pytest.mark.parametrize(
    ("answer", "of_a_read", "of_a_write"),
    [
        (httpx.Response(500, json={}), NotDone, Unknown),
        (httpx.Response(502, html="<html>bad gateway</html>"), NotDone, Unknown),
        (httpx.Response(200, html="<html>maintenance</html>"), NotDone, Unknown),
        (httpx.Response(200, content=b""), NotDone, Unknown),
        (httpx.Response(200, text="OK"), NotDone, Unknown),
        (httpx.Response(200, content=b'{"data":[1,2'), NotDone, Unknown),
        (httpx.Response(429, text="Retry later"), NotDone, NotDone),
        (httpx.Response(401, json={}), Refused, Refused),
        (httpx.Response(403, html="<html>blocked</html>"), Refused, Refused),
        (httpx.Response(404, json={}), Refused, Refused),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example.jp/"}), Refused, Refused),
        (httpx2.ConnectError("refused"), NotDone, NotDone),
        (httpx2.ConnectTimeout("slow"), NotDone, NotDone),
        (httpx2.ReadTimeout("slow"), NotDone, Unknown),
        (httpx2.WriteError("broken pipe"), NotDone, Unknown),
        (httpx2.RemoteProtocolError("server disconnected"), NotDone, Unknown),
    ],
)
async def test_each_failure_means_one_thing(
    http: Http,
    httpx2_mock: respx.Router,
    answer: httpx.Response | Exception,
    of_a_read: type[ConnectorError],
    of_a_write: type[ConnectorError],
) -> None:
    httpx2_mock.route(path="/x").mock(side_effect=[answer, answer])
    with pytest.raises(of_a_read):
        await read(http)
    with pytest.raises(of_a_write):
        await write(http)


async def test_a_redirect_is_not_followed_and_takes_no_credentials_along(
    http: Http, httpx2_mock: respx.Router
) -> None:
    headers = {"Location": "https://elsewhere.example.jp/"}
    route = httpx2_mock.get(f"{BASE}/x").mock(return_value=httpx.Response(302, headers=headers))
    with pytest.raises(Refused):
        await read(http)
    assert [str(call.request.url) for call in httpx2_mock.calls] == [f"{BASE}/x"]
    assert route.calls.last.request.headers["Authorization"] == "sample"


async def test_204_is_an_empty_good_answer(http: Http, httpx2_mock: respx.Router) -> None:
    httpx2_mock.put(f"{BASE}/x").mock(return_value=httpx.Response(204))
    assert await write(http) == b""


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("Thu, 26 Nov 2026 00:01:30 GMT", 90.0), ("soon", None), ("", None)],
)
async def test_retry_after(http: Http, httpx2_mock: respx.Router, header: str, seconds: float | None) -> None:
    headers = {"Retry-After": header} if header else {}
    httpx2_mock.get(f"{BASE}/x").mock(return_value=httpx.Response(429, text="Retry later", headers=headers))
    with pytest.raises(NotDone) as caught:
        await read(http)
    assert caught.value.after == seconds


async def test_the_answer_keeps_the_bytes_of_a_refusal(http: Http, httpx2_mock: respx.Router) -> None:
    httpx2_mock.put(f"{BASE}/x").mock(return_value=httpx.Response(422, content=b'{"errors":[]}'))
    answer = await http.send_json("PUT", "/x", b"{}")
    assert (answer.status, answer.body, answer.writing) == (422, b'{"errors":[]}', True)
    with pytest.raises(Refused) as caught:
        answer.accepted(lambda body: ("E1", f"{len(body)} bytes"))
    assert (caught.value.system, caught.value.code, caught.value.words) == ("cart", "E1", "13 bytes")


async def test_calls_are_spaced_and_serial(httpx2_mock: respx.Router, clock: SteppedClock) -> None:
    running, most, at = 0, 0, list[float]()

    async def slow(request: object) -> httpx.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        at.append(clock.monotonic())
        await asyncio.sleep(0.01)
        running -= 1
        return httpx.Response(200, json={})

    httpx2_mock.get(f"{BASE}/x").mock(side_effect=slow)
    http = Http(BASE, clock=clock, headers={}, timeout_seconds=5.0, requests_per_second=2.0)
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(read(http))
    await http.close()
    assert most == 1
    assert at == [0.0, 0.5, 1.0, 1.5]
    assert http.calls == 4


def test_form_values_are_percent_encoded_text_and_raw_bytes() -> None:
    pairs: list[tuple[str, str | bytes]] = [
        ("a-b", "50%+α /="),
        ("data_1", b"\x1f\x8b\x00\xff~"),
    ]
    assert encode_form(pairs) == b"a-b=50%25%2B%CE%B1%20%2F%3D&data_1=%1F%8B%00%FF~"


async def test_patience_tries_three_times_and_not_for_long_waits(clock: SteppedClock) -> None:
    tries = 0

    async def busy(after: float | None) -> bytes:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise NotDone("busy", after=after)
        return b"done"

    assert await patiently(lambda: busy(None), clock) == b"done"
    assert clock.monotonic() == 4.0
    tries = 0
    with pytest.raises(NotDone):
        await patiently(lambda: busy(60.0), clock)
    assert tries == 1


@pytest.mark.parametrize(
    "url", ["http://api.example.jp", "ftp://api.example.jp", "api.example.jp", "https://user:word@example.jp"]
)
def test_unsafe_addresses_are_refused_at_construction(url: str, clock: SteppedClock) -> None:
    with pytest.raises(Misconfigured) as caught:
        Http(url, clock=clock, headers={}, timeout_seconds=5.0)
    assert "word" not in str(caught.value)


def test_a_missing_ca_file_is_named(clock: SteppedClock, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"no-such\.pem"):
        Http(BASE, clock=clock, headers={}, timeout_seconds=5.0, ca_file=str(tmp_path / "no-such.pem"))


@asynccontextmanager
async def raw_server(reply: bytes, *, then_wait: bool = False) -> AsyncIterator[str]:
    """A server that reads a request, says `reply` and hangs up, or goes silent."""
    silence = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        await writer.drain()
        if then_wait:
            await silence.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        silence.set()
        server.close()
        await server.wait_closed()


CUT = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{}"


@pytest.mark.parametrize("reply", [CUT, b"", b"garbage"])
@pytest.mark.parametrize(("call", "error"), [(read, NotDone), (write, Unknown)])
async def test_over_a_real_line_a_cut_answer_proves_nothing(
    reply: bytes, call: Call, error: type[ConnectorError], clock: SteppedClock
) -> None:
    async with raw_server(reply) as url:
        http = Http(url, clock=clock, headers={}, timeout_seconds=5.0)
        with pytest.raises(error):
            await call(http)
        await http.close()


@pytest.mark.parametrize(("call", "error"), [(read, NotDone), (write, Unknown)])
async def test_one_total_deadline_also_for_an_answer_that_trickles(
    call: Call, error: type[ConnectorError], clock: SteppedClock
) -> None:
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{", then_wait=True) as url:
        http = Http(url, clock=clock, headers={}, timeout_seconds=0.3)
        with pytest.raises(error):
            await call(http)
        await http.close()


async def test_nobody_listening_is_certain(clock: SteppedClock) -> None:
    async with raw_server(b"") as url:
        pass
    http = Http(url, clock=clock, headers={}, timeout_seconds=5.0)
    with pytest.raises(NotDone):
        await write(http)
    await http.close()
