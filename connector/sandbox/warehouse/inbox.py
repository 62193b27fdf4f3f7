"""Inbox (受信フォルダ): which files in to_wms/in are whole and may be taken.

A file with its `.ok` is whole. Without one it is taken when two looks at it saw the same size and time, since
a slow sender may still be writing (spec/wms.md §6.3).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from connector.adapters.wms import wire

Look = tuple[int, int]  # size, modification time in ns


class Inbox:
    """The folder partners write into."""

    def __init__(self, folder: Path, *, marker_required: bool) -> None:
        self._folder = folder
        self._marker_required = marker_required
        self._seen: dict[str, Look] = {}

    def waits(self) -> bool:
        """Whether anything lies there that a poll might take."""
        with os.scandir(self._folder) as entries:
            names = {entry.name for entry in entries}
        return any(self._takes(name, names) for name in names)

    def _takes(self, name: str, names: set[str]) -> bool:
        if name.startswith(".") or name.endswith((wire.MARKER_SUFFIX, *wire.TEMPORARY_SUFFIXES)):
            return False
        return not self._marker_required or name + wire.MARKER_SUFFIX in names

    def take(self) -> Iterator[tuple[str, bytes, bytes | None]]:
        """Every whole file in order of its name, with its marker's bytes; `remove` it when answered."""
        with os.scandir(self._folder) as entries:
            looks = {
                entry.name: (entry.stat().st_size, entry.stat().st_mtime_ns)
                for entry in entries
                if entry.is_file(follow_symlinks=False)
            }
        names = set(looks)
        candidates = sorted(name for name in names if self._takes(name, names))
        before, self._seen = self._seen, {name: looks[name] for name in candidates}
        for name in candidates:
            marked = name + wire.MARKER_SUFFIX in names
            if marked or before.get(name) == looks[name]:
                marker = (self._folder / (name + wire.MARKER_SUFFIX)).read_bytes() if marked else None
                yield name, (self._folder / name).read_bytes(), marker

    def remove(self, name: str) -> None:
        """The file was answered: it and its marker leave the folder."""
        (self._folder / name).unlink(missing_ok=True)
        (self._folder / (name + wire.MARKER_SUFFIX)).unlink(missing_ok=True)
        self._seen.pop(name, None)
