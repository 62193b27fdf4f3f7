"""Drop (受け渡しフォルダ): the one way to hand files to a partner and to take files from one.

Dangerous: a file that is seen half-written, or one that is overwritten. Everything is written under a
temporary name and renamed without overwriting, so a name always means the same bytes (spec/wms.md §6.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Protocol

from connector.errors import Malformed, Problem, Refused

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes; a day of a large shop is below 10 MB, anything above this is an accident or an attack."""

UNFINISHED = (".part", ".tmp", ".filepart", ".incomplete", ".writing")
"""Endings under which partners write a file that is not whole yet (spec/wms.md §6.1)."""

MOST_NAMESAKES = 99
LONGEST_NAME = 200  # bytes; most file systems stop at 255, and we add a dot, a suffix and a number


@dataclass(frozen=True, slots=True)
class Entry:
    """One whole file in a folder. `modified_at` is the other side's clock: compared, never believed."""

    name: str
    size: int
    modified_at: datetime | None = None


class Drop(Protocol):
    """A tree of folders on the border. Folders are relative, with `/` between their parts.

    Every method raises only `errors.py` kinds. A reading one may be repeated at will.
    """

    async def put(self, folder: str, name: str, body: bytes) -> None:
        """Deliver a file whole or not at all. Repeating with equal bytes is safe and does nothing.

        Raises NotDone while nothing can be seen under that name, Unknown when the reply to the last step was
        lost, Refused when the name is taken by other bytes or the other side says no.
        """
        ...

    async def list(self, folder: str) -> Sequence[Entry]:
        """Whole files by name: no folders, no dot files, none under a temporary name."""
        ...

    async def read(self, folder: str, name: str) -> bytes:
        """The bytes of one file; Malformed above the size limit, NotDone where it is not there."""
        ...

    async def move(self, folder: str, name: str, to_folder: str) -> None:
        """Move a file aside without overwriting: a namesake there makes this one `name-2`, `name-3`, …"""
        ...

    async def close(self) -> None:
        """Let go of connections; the next call opens one again."""
        ...


def own_name(system: str, name: str) -> str:
    """A name that we gave: a plain file name in a length every file system takes."""
    plain_name(system, name)
    if "\\" in name or not name.isprintable() or len(name.encode("utf-8", "replace")) > LONGEST_NAME:
        raise Refused(system, "name", f"ファイル名に使えない文字があるか、長すぎます: {name!r}")
    if is_unfinished(name):
        raise Refused(system, "name", f"書きかけを表す名前は使えません: {name!r}")
    return name


def plain_name(system: str, name: str) -> str:
    """A name that cannot leave its folder; dot files are not ours to touch."""
    if not name or name.startswith(".") or "/" in name or "\0" in name:
        raise Refused(system, "name", f"ファイル名として扱えません: {name!r}")
    return name


def plain_folder(system: str, folder: str) -> PurePosixPath:
    """A relative folder without steps up; empty means the root."""
    path = PurePosixPath(folder)
    if path.is_absolute() or ".." in path.parts or "\0" in folder or "\\" in folder:
        raise Refused(system, "folder", f"フォルダ名として扱えません: {folder!r}")
    return path


def is_unfinished(name: str) -> bool:
    return name.startswith(".") or name.lower().endswith(UNFINISHED)


def temporary(name: str) -> str:
    return f".{name}.part"


def namesake(name: str, number: int) -> str:
    """`a.csv` → `a-2.csv`: the second of its name in an archive."""
    if number < 2:
        return name
    stem, dot, ending = name.partition(".")
    return f"{stem}-{number}{dot}{ending}"


def taken(system: str, name: str) -> Refused:
    return Refused(system, "exists", f"同じ名前で内容の違うファイルが既にあります: {name}")


def crowded(system: str, name: str) -> Refused:
    return Refused(system, "exists", f"移動先に同名のファイルが多すぎます: {name}")


def too_large(name: str, limit: int) -> Malformed:
    words = "ファイルが大きすぎるため読み込みません"
    return Malformed(Problem(where=name, line=0, column=0, words=words, expected=f"{limit:,} バイト以下"))
