"""FolderDrop (共有フォルダ): files handed over through a folder of this machine or a mounted share.

Dangerous: `rename` overwrites in silence. A hard link does not, so delivery is link and unlink; a share that
has no hard links is refused, not worked around.
"""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from connector.errors import Barred, NotDone, Refused, Unknown
from connector.transport.drop import (
    LARGEST_FILE,
    MOST_NAMESAKES,
    Entry,
    crowded,
    is_unfinished,
    namesake,
    own_name,
    plain_folder,
    plain_name,
    taken,
    temporary,
    too_large,
)

SYSTEM = "folder"
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)
_FORBIDDEN = (errno.EACCES, errno.EROFS)


class FolderDrop:
    """A `Drop` below `root`. One writer per name: the runner sees to it (one runner per shop)."""

    def __init__(self, root: Path, *, largest: int = LARGEST_FILE) -> None:
        self._root = root
        self._largest = largest
        self._writing = asyncio.Lock()

    async def put(self, folder: str, name: str, body: bytes) -> None:
        target = self._root / plain_folder(SYSTEM, folder) / own_name(SYSTEM, name)
        async with self._writing:
            await asyncio.to_thread(_deliver, target, body)

    async def list(self, folder: str) -> Sequence[Entry]:
        return await asyncio.to_thread(_entries, self._root / plain_folder(SYSTEM, folder))

    async def read(self, folder: str, name: str) -> bytes:
        path = self._root / plain_folder(SYSTEM, folder) / plain_name(SYSTEM, name)
        return await asyncio.to_thread(_content, path, self._largest)

    async def move(self, folder: str, name: str, to_folder: str) -> None:
        source = self._root / plain_folder(SYSTEM, folder) / plain_name(SYSTEM, name)
        archive = self._root / plain_folder(SYSTEM, to_folder)
        async with self._writing:
            await asyncio.to_thread(_set_aside, source, archive)

    async def close(self) -> None:
        """Nothing is held open between calls."""


def _deliver(target: Path, body: bytes) -> None:
    if _lies_there(target, body):
        return
    part = target.with_name(temporary(target.name))
    try:
        part.unlink(missing_ok=True)
        _write(part, body)
    except OSError as error:
        raise _nothing_done(error, f"{target.name} を書き込めません") from error
    if not _link(part, target) and not _lies_there(target, body):
        raise NotDone(f"{target.name} が置き換わる途中でした")
    try:
        part.unlink(missing_ok=True)
        _sync_folder(target.parent)
    except OSError as error:
        raise Unknown(f"{target.name} を置いたあとの確認ができません: {error.strerror}") from error


def _lies_there(target: Path, body: bytes) -> bool:
    """Whether these very bytes lie under that name; other bytes under it are refused."""
    try:
        found = _read(target, len(body) + 1)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _nothing_done(error, f"{target.name} を確認できません") from error
    if found != body:
        raise taken(SYSTEM, target.name)
    return True


def _write(part: Path, body: bytes) -> None:
    with os.fdopen(os.open(part, _CREATE, 0o640), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
        if os.fstat(file.fileno()).st_size != len(body):
            raise OSError(errno.EIO, "書き込んだ大きさが違います")


def _link(source: Path, target: Path) -> bool:
    """Give the file its second name; False where that name exists. Never overwrites."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno in _NO_LINKS:
            words = "この共有ではハードリンクが使えず、上書きなしの受け渡しができません"
            raise Barred(SYSTEM, "no_hard_links", words) from error
        if error.errno == errno.ENOENT or error.errno in _FORBIDDEN or error.errno == errno.ENOSPC:
            raise _nothing_done(error, f"{target.name} を置けません") from error
        # A network share may have done it before it lost the reply.
        raise Unknown(f"{target.name} を置けたか分かりません: {error.strerror}") from error
    return True


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _entries(folder: Path) -> tuple[Entry, ...]:
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if is_unfinished(entry.name) or not entry.is_file(follow_symlinks=False):
                    continue
                facts = entry.stat(follow_symlinks=False)
                found.append(Entry(entry.name, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC)))
    except OSError as error:
        raise _nothing_done(error, f"フォルダ {folder.name} を一覧できません") from error
    return tuple(sorted(found, key=lambda entry: entry.name))


def _content(path: Path, largest: int) -> bytes:
    try:
        body = _read(path, largest + 1)
    except OSError as error:
        raise _nothing_done(error, f"{path.name!r} を読めません") from error
    if len(body) > largest:
        raise too_large(path.name, largest)
    return body


def _read(path: Path, most: int) -> bytes:
    with os.fdopen(os.open(path, _READ), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "通常のファイルではありません")
        return file.read(most)


def _set_aside(source: Path, archive: Path) -> None:
    try:
        archive.mkdir(exist_ok=True)
    except OSError as error:
        raise _nothing_done(error, f"移動先 {archive.name} を作れません") from error
    for number in range(1, MOST_NAMESAKES + 1):
        target = archive / namesake(source.name, number)
        if _link(source, target) or target.samefile(source):  # the same file: a move cut short before
            break
    else:
        raise crowded(SYSTEM, source.name)
    try:
        source.unlink(missing_ok=True)
        _sync_folder(archive)
    except OSError as error:
        raise Unknown(f"{source.name!r} は移動先にあり、元にも残りました: {error.strerror}") from error


def _nothing_done(error: OSError, words: str) -> NotDone | Refused:
    """What an error means before anything can be seen: passing, unless it is a matter of rights."""
    if error.errno in _FORBIDDEN or error.errno == errno.EPERM:
        return Barred(SYSTEM, "permission", f"{words}: {error.strerror}")
    return NotDone(f"{words}: {error.strerror or error}")
