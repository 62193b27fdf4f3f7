"""`--lang` is ja or en on every command that has it; any other is a usage error, never Japanese in silence."""

from __future__ import annotations

import pytest
from connector.cli import app
from connector.console import Exit
from typer.testing import CliRunner

from tests.test_docs import commands

SPEAKING = sorted(
    name for name, command in commands().items() if any("--lang" in one.opts for one in command.params)
)


@pytest.mark.parametrize("name", SPEAKING)
def test_a_language_that_is_not_spoken(name: str) -> None:
    said = CliRunner().invoke(app, [*name.split(), "--lang", "fr"])
    assert said.exit_code == Exit.USAGE
    assert "'fr' is neither ja nor en" in said.stderr
