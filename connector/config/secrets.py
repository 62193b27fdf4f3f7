"""Secrets (秘密情報): the files that hold tokens, passwords and keys, readable by their owner only.

Dangerous: what is read here must never stand in a message, a log line or a repr.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from connector.errors import Misconfigured, Problem

OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a secret file; never its content."""

    words: str
    found: str = ""
    expected: str = ""


def secret(path: Path) -> str:
    """The content of a secret file. Raises Misconfigured when others may read it, as ssh does."""
    fault = fault_of(path)
    if fault is not None:
        raise Misconfigured([Problem(str(path), 0, 0, fault.words, fault.found, fault.expected)])
    return path.read_text(encoding="utf-8").strip()


def fault_of(path: Path) -> Fault | None:
    """Why this file cannot be used as a secret; None for one that can."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        return Fault(f"the secret file cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return Fault("the secret file is not a text in UTF-8")
    if mode & OTHERS:
        return Fault("the secret file is readable by others", oct(mode & 0o777), "mode 0600")
    return None if text.strip() else Fault("the secret file is empty")
