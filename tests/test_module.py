"""Started as a module (モジュールとして起動): the same command, without a console script on the path."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version


def test_the_module_is_the_command() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "connector", "--version"], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == version("connector")
