"""Exchanges of the fixtures sent to a face over HTTP, and compared but for ids, times and label numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from connector.clock import at_jst
from connector.sandbox.warehouse import StockItem, WarehouseSettings
from connector.sandbox.warehouse.faces import LogilessFace, LogizardFace, OpenlogiFace
from connector.sandbox.warehouse.numbers import is_sound

from tests.contract.wms_house import HOLIDAYS, STOCK, TUESDAY, House

FIXTURES = Path(__file__).parents[2] / "fixtures" / "wms"
MORNING = at_jst(TUESDAY, 10, 15, 3)
Json = Any


def exchange(face: str, name: str) -> Json:
    return json.loads((FIXTURES / face / f"{name}.json").read_text("utf-8"))


def names(face: str) -> list[str]:
    """Every exchange of a face; a file nobody stages fails its test."""
    return sorted(path.stem for path in (FIXTURES / face).glob("*.json"))


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Json:
        return json.loads(self.text)


class Counterpart:
    """A warehouse with one face open, and the client that knocks."""

    def __init__(
        self,
        root: Path,
        face: Callable[..., OpenlogiFace | LogilessFace | LogizardFace],
        *,
        settings: WarehouseSettings | None = None,
        faults: tuple[str, ...] = (),
        seed: int = 7,
        stock: list[StockItem] = STOCK,
    ) -> None:
        house = settings or WarehouseSettings(holidays=HOLIDAYS)
        self.house = House(root, at=MORNING, settings=house, faults=faults, seed=seed, stock=stock)
        self.warehouse = self.house.warehouse
        self.face = face(self.warehouse)
        self.base = ""
        self.cookie = ""

    async def __aenter__(self) -> Counterpart:
        self.base = await self.face.start()
        self.client = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()
        await self.face.stop()

    async def until(self, hour: int, minute: int = 0, *, days: int = 0) -> None:
        day = TUESDAY.replace(day=TUESDAY.day + days)
        await self.house.until(at_jst(day, hour, minute))

    async def send(
        self,
        method: str,
        path: str,
        body: Json = None,
        *,
        headers: dict[str, str] | None = None,
        data: bytes | None = None,
        patience: float = 20.0,
    ) -> Answer | None:
        """None when nothing came: the line was cut or the client gave up."""
        if data is None and body is not None:
            data = json.dumps(body).encode("ascii")
        sent = self.headers() | (headers or {})
        limit = aiohttp.ClientTimeout(total=patience)
        try:
            async with self.client.request(
                method, self.base + path, data=data, headers=sent, timeout=limit, allow_redirects=False
            ) as reply:
                return Answer(reply.status, dict(reply.headers), await reply.text("utf-8"))
        except (TimeoutError, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            return None

    async def told(self, method: str, path: str, body: Json = None, **more: Any) -> Answer:
        answer = await self.send(method, path, body, **more)
        assert answer is not None
        return answer

    def headers(self) -> dict[str, str]:
        if isinstance(self.face, OpenlogiFace):
            return {"Authorization": f"Bearer {self.face.settings.token}", "X-Api-Version": "1.5"}
        if isinstance(self.face, LogilessFace):
            return {"Authorization": f"Bearer {self.token}"}
        return {"Cookie": f"SESSION={self.cookie}"}

    @property
    def token(self) -> str:
        assert isinstance(self.face, LogilessFace)
        if not hasattr(self, "_token"):
            self._token = str(self.face.tokens.issue()["access_token"])
        return self._token

    async def replay(self, given: Json, *, path: str = "", as_sent: bool = False) -> Answer | None:
        """Send the request of a fixture; ours are the credentials unless it is `as_sent`."""
        request = given["request"]
        headers = dict(request["headers"])
        if not as_sent:
            headers |= self.headers() if "Authorization" in headers or "Cookie" in headers else {}
        patience = 20.0 if given["response"] is not None else 0.3
        return await self.send(
            request["method"],
            path or request["path"],
            request.get("body"),
            headers=headers,
            patience=patience,
        )


def same(answer: Answer | None, given: Json) -> None:
    """The answer is the fixture's, key order included, but for ids, times and label numbers."""
    expected = given["response"]
    if expected is None:
        assert answer is None
        return
    assert answer is not None
    assert answer.status == expected["status"], answer.text
    for name, value in expected["headers"].items():
        assert _masked_header(name, answer.headers[name]) == _masked_header(name, value), name
    if isinstance(expected["body"], str):
        assert answer.text == expected["body"]
        return
    assert json.dumps(masked(answer.body), ensure_ascii=False) == json.dumps(
        masked(expected["body"]), ensure_ascii=False
    )


def _masked_header(name: str, value: str) -> str:
    if name in ("X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After"):
        return re.sub(r"[1-9]\d*", "#", value)  # none left is a fact
    return re.sub(r"SESSION=[\w-]+", "SESSION=#", value)


def masked(value: Json, key: str = "") -> Json:
    if isinstance(value, dict):
        return {name: masked(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [masked(each, key) for each in value]
    if key == "id":
        return re.sub(r"\d+$", "#", str(value))
    return _masked_text(value) if isinstance(value, str) else value


def _masked_text(text: str) -> str:
    text = re.sub(r"(\d{4}-\d\d-\d\d[T ])\d\d:\d\d:\d\d", r"\1hh:mm:ss", text)
    text = re.sub(r"^LS-\d{6}$", "LS-#", text)
    return re.sub(r"\b(?:9999|8888|7777)\d{8}\b", lambda found: _label(found.group()), text)


def _label(number: str) -> str:
    assert is_sound(number), number
    return f"{number[:4]}#"


def labels_in(value: Json) -> Iterator[str]:
    """Every label number a document names, in order."""
    yield from re.findall(r"\b(?:9999|8888|7777)\d{8}\b", json.dumps(value))
