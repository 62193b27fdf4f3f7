"""Program (実行ファイル): the installed `connector` command as a child process, for tests that need the real thing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

COMMAND = str(Path(sys.executable).with_name("connector"))
REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # wall seconds: a loaded machine is slow, a broken program is slower


class Child:
    """A running `connector …`; its stderr is in a file, its stdout is ours to read."""

    def __init__(self, *arguments: str, stderr: Path) -> None:
        self.said = stderr
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")}
        with stderr.open("ab") as sink:
            self.process = subprocess.Popen(
                [COMMAND, *arguments],
                cwd=REPOSITORY,
                env=clean,
                stdout=subprocess.PIPE,
                stderr=sink,
                stdin=subprocess.DEVNULL,
            )

    def line(self) -> dict[str, Any]:
        """The next line of its stdout, as JSON."""
        assert self.process.stdout is not None
        text = self.process.stdout.readline()
        assert text, f"it said nothing:\n{self.tail()}"
        found: dict[str, Any] = json.loads(text)
        return found

    def ends(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and wait; its exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self, seconds: float = PATIENCE) -> int:
        try:
            return self.process.wait(timeout=seconds)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            if self.process.stdout is not None:
                self.process.stdout.close()

    def tail(self) -> str:
        return self.said.read_text(encoding="utf-8", errors="replace")[-3000:]


@contextmanager
def running(*arguments: str, stderr: Path) -> Iterator[Child]:
    """A child that is gone at the end, whatever happens."""
    with ExitStack() as stack:
        child = Child(*arguments, stderr=stderr)

        def reap() -> None:
            if child.process.poll() is None:
                child.ends(signal.SIGKILL)
            elif child.process.stdout is not None:
                child.process.stdout.close()

        stack.callback(reap)
        yield child


def finished(*arguments: str, stderr: Path, seconds: float = 100.0) -> tuple[int, bytes]:
    """Run to the end; exit code and stdout."""
    with running(*arguments, stderr=stderr) as child:
        assert child.process.stdout is not None
        text = child.process.stdout.read()
        return child.wait(seconds), text
