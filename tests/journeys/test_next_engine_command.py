"""`connector next-engine login` and `status` as installed: every way to sign in, with and without a daemon."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from connector.clock import SystemClock
from connector.console import Exit
from connector.rehearsal import write_config
from connector.sandbox.town import Addresses

from tests.free_port import free_port
from tests.journeys.program import PATIENCE, Child, finished, running

NAMES = ("cart", "next-engine", "smtp", "sftp", "imap")


@dataclass
class House:
    """A configuration for a running town; its commands, and a person with a browser."""

    folder: Path
    config: Path
    port: int

    def says(self, *words: str) -> tuple[int, str]:
        """Exit code and stdout."""
        code, text = finished(*words, "--config", str(self.config), stderr=self.folder / "said.err")
        return code, text.decode()

    def status(self) -> tuple[int, dict[str, Any]]:
        code, text = self.says("next-engine", "status", "--json")
        (one,) = json.loads(text)
        return code, one

    def heard(self, child: Child, pattern: str) -> str:
        """What stands on its stderr, as soon as it stands there."""
        for _ in range(int(PATIENCE / 0.05)):
            found = re.search(pattern, child.tail())
            if found is not None:
                return found[0]
            assert child.process.poll() is None, child.tail()
            time.sleep(0.05)
        raise AssertionError(child.tail())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    doors = [text for name in NAMES for text in (f"--{name}", "127.0.0.1:0")]
    more = ("--folder", str(tmp_path / "town"), "--orders-per-day", "0")
    with running("sandbox", *doors, *more, stderr=tmp_path / "town.err") as town:
        addresses = Addresses.read(msgspec.json.encode(town.line()))
        port = free_port()
        yield House(tmp_path, write_config(addresses, tmp_path, SystemClock().now(), port), port)


def browse(address: str) -> tuple[int, str]:
    """A browser that is logged in at Next Engine: follows where it is sent."""
    for _ in range(int(PATIENCE / 0.1)):
        try:
            with urllib.request.urlopen(address, timeout=10) as reply:  # noqa: S310 - loopback
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except urllib.error.URLError:
            time.sleep(0.1)  # the receiver opens its door after it has said the address
    raise AssertionError(address)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_without_a_daemon_the_command_takes_the_answer(house: House) -> None:
    code, one = house.status()
    assert (code, one["state"]) == (Exit.FINDINGS, "never")
    code, text = house.says("next-engine", "login")
    assert code == Exit.OK
    assert "/users/sign_in/?client_id=" in text
    assert "--listen" in text

    listen = ("next-engine", "login", "--listen", "--json", "--config", str(house.config))
    with running(*listen, stderr=house.folder / "listen.err") as child:
        address = house.heard(child, r"http://\S+/users/sign_in/\S+")
        forged = f"http://127.0.0.1:{house.port}/next-engine/signed-in?uid=u&state=s&nonce=n"
        assert browse(forged)[0] == 403
        status, page = browse(address)
        assert (status, "サインインしました" in page) == (200, True)
        said = child.line()
        assert child.wait() == Exit.OK
    assert "u-sample-0001" in said["said"]
    code, one = house.status()
    assert (code, one["state"], one["uid"]) == (Exit.OK, "signed_in", "u-sample-0001")
    assert one["budget"]["requests"] == 1
    code, text = house.says("next-engine", "status")
    assert code == Exit.OK
    for words in ("サインイン済み", "u-sample-0001", "更新できる期限", "1回（契約 100,000回の0%）"):
        assert words in text, words
    assert "Signed in" in house.says("next-engine", "status", "--lang", "en")[1]


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_beside_a_daemon_its_page_takes_the_answer(house: House) -> None:
    pair = house.folder / "secrets/ne_pair.json"
    assert house.says("next-engine", "login", "--pair-file", str(pair))[0] == Exit.OK
    with running("run", "--config", str(house.config), stderr=house.folder / "daemon.err") as daemon:
        house.heard(daemon, '"event": ?"running"')
        code, text = house.says("next-engine", "login")
        assert code == Exit.OK
        assert f"http://127.0.0.1:{house.port}/next-engine" in text
        assert house.says("next-engine", "login", "--listen")[0] == Exit.AGAIN
        assert house.status()[0] == Exit.OK

        asked = urllib.parse.urlsplit(re.search(r"http://\S+/users/sign_in/\S+", text)[0])  # type: ignore[index]
        uid, state = came_back(asked.geturl())
        code, text = house.says("next-engine", "login", "--uid", uid, "--state", state)
        assert (code, "u-sample-0001" in text) == (Exit.OK, True), "two processes, one writer"
        code, _ = house.says("next-engine", "login", "--uid", uid, "--state", state)
        assert code == Exit.FAILED, "a state is good once"
        assert house.says("next-engine", "login", "--uid", uid)[0] == Exit.USAGE
        assert house.status()[1]["uid"] == "u-sample-0001"
        assert daemon.ends() == Exit.OK, daemon.tail()


def came_back(address: str) -> tuple[str, str]:
    """What stands in the browser's address line when nobody takes the answer."""

    class Still(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any, **__: Any) -> None:
            return None

    try:
        urllib.request.build_opener(Still).open(address, timeout=10)
    except urllib.error.HTTPError as error:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(error.headers["Location"]).query)
        return query["uid"][0], query["state"][0]
    raise AssertionError("no redirect")
