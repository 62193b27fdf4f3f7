"""A second demo in the folder of one that runs is refused before anything is deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from connector.console import Exit, finish
from connector.errors import Occupied
from connector.rehearsal import FIRST_DAY, opened, run_demo
from typer import Exit as Ended

QUIET: dict[str, Any] = {"seed": 7, "faults": (), "orders_per_day": 1}


def kept(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_ino for path in folder.rglob("*") if path.is_file()}


async def test_a_running_demo_keeps_everything(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    again: dict[str, Any] = QUIET | {"folder": folder, "start_on": FIRST_DAY, "port": 0, "subscribers": 0}
    async with opened(**again) as first:
        before = kept(folder)
        assert folder / "data/ledger.sqlite3" in before
        with pytest.raises(Occupied, match="one process per data folder"):
            async with opened(**again):
                pass
        assert kept(folder) == before
        assert await first.shop.rhythm.run_due()
    (folder / "data/of the first").touch()
    async with opened(**again):
        assert not (folder / "data/of the first").exists()
        assert (folder / "data/ledger.sqlite3").exists()


def test_the_command_ends_with_75(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "demo"

    async def twice() -> None:
        async with opened(**QUIET, folder=folder, start_on=FIRST_DAY, port=0, subscribers=0):
            await run_demo(
                **QUIET, days=1, leave=True, as_json=False, folder=folder, seconds_per_day=0.0, port=0
            )

    with pytest.raises(Ended) as ended:
        finish(twice)
    assert ended.value.exit_code == Exit.AGAIN
    assert "another connector runs on" in capsys.readouterr().err
