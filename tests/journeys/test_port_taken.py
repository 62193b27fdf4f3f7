"""Somebody listens on the pages' port: one sentence and exit 75, never a traceback."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

from tests.journeys.program import COMMAND


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [COMMAND, "demo", "--port", port, "--folder", str(tmp_path / "demo")]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 75
    assert f"the pages cannot listen on 127.0.0.1:{port}: " in ended.stderr
    assert "Traceback" not in ended.stderr
