"""`wms-busy` and `wms-lost-reply` at every face: busy does nothing, a lost reply did everything."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from connector.sandbox.faults import Faults
from connector.sandbox.warehouse.faces import LogilessFace, LogizardFace, LogizardSettings, OpenlogiFace

from tests.contract.wms_faces import Counterpart, exchange

CREATES = {
    OpenlogiFace: ("openlogi", "create_201"),
    LogilessFace: ("logiless", "create_200"),
    LogizardFace: ("logizard", "addorder_ok"),
}
Face = type[OpenlogiFace] | type[LogilessFace] | type[LogizardFace]


class Always(Faults):
    """These faults strike each time until the test says enough."""

    on = True

    def strike(self, name: str) -> bool:
        return self.on and name in self.struck


def troubled(root: Path, face: Face, fault: str) -> tuple[Counterpart, Always]:
    settings = LogizardSettings(password="TEST-PASSWORD") if face is LogizardFace else None
    one = Counterpart(root, partial(face, settings=settings))  # type: ignore[arg-type]
    faults = Always([fault])
    one.warehouse.counter._faults = faults
    return one, faults


async def sign_in(one: Counterpart, faults: Always) -> None:
    """ロジザード gives a cookie first; nothing goes wrong there."""
    if isinstance(one.face, LogizardFace):
        faults.on = False
        answer = await one.replay(exchange("logizard", "login_ok"))
        assert answer is not None
        one.cookie = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
        faults.on = True


@pytest.mark.parametrize("face", CREATES)
async def test_a_busy_api_does_nothing(face: Face, tmp_path: Path) -> None:
    one, faults = troubled(tmp_path, face, "wms-busy")
    async with one:
        await sign_in(one, faults)
        told = [await one.replay(exchange(*CREATES[face])) for _ in range(4)]
        seen = {(answer.status, answer.headers["Content-Type"][:9]) for answer in told if answer is not None}
        assert (503, "text/html") in seen
        assert (200, "text/html") in seen
        assert (429, "applicati") in seen or face is LogizardFace
        if face is not LogizardFace:  # which knows no limit: every third call gets through
            assert one.warehouse.slips() == {}


@pytest.mark.parametrize("face", CREATES)
async def test_a_lost_reply_did_everything(face: Face, tmp_path: Path) -> None:
    one, faults = troubled(tmp_path, face, "wms-lost-reply")
    async with one:
        await sign_in(one, faults)
        answer = await one.replay(exchange(*CREATES[face]))
        assert answer is None or answer.headers["Content-Type"].startswith("text/html")
        faults.on = False
        again = await one.replay(exchange(*CREATES[face]))
        assert again is not None
        assert again.status in (400, 422) or '"E1001"' in again.text


async def test_looking_is_never_a_lost_write(tmp_path: Path) -> None:
    one, _ = troubled(tmp_path, OpenlogiFace, "wms-lost-reply")
    async with one:
        await one.replay(exchange("openlogi", "create_201"))
        told = await one.told("GET", "/shipments/TS001/200101")
        assert told.status in (200, 404) and "json" in told.headers["Content-Type"]
