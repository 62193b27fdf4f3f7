"""Archives (ZIP): the files of a small archive, unpacked in memory and never onto the disk.

Dangerous: bombs. The directory's size, the number of files, each file's ratio and all bytes together are bounded,
and what is counted is what really comes out, not what the archive says about itself.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass

MAX_MEMBERS = 20
MAX_BYTES = 64_000_000
MAX_RATIO = 200  # result files shrink to a twentieth or so
MAX_DIRECTORY = 64 * 1024
SMALL = 100_000  # so few bytes may come from any ratio
_END = struct.Struct("<4s4H2LH")
_PORTION = 256 * 1024
ENCRYPTED, STORED_OR_DEFLATED = 0x1, (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class NotUnpacked(Exception):
    """The archive is not opened, in words."""


@dataclass(frozen=True, slots=True)
class Archived:
    """One file of an archive; the name as it stands there."""

    name: str
    body: bytes


def unpacked(data: bytes) -> list[Archived]:
    """Every file of the archive, or NotUnpacked: all of it or nothing."""
    _look_at_directory(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data), metadata_encoding="cp932") as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            if len(members) > MAX_MEMBERS:
                raise NotUnpacked(f"ZIP の中のファイルが {MAX_MEMBERS} を超えています")
            found: list[Archived] = []
            for member in members:
                left = MAX_BYTES - sum(len(one.body) for one in found)
                found.append(Archived(member.filename, _body(archive, member, left)))
            return found
    except (zipfile.BadZipFile, zlib.error, EOFError, UnicodeDecodeError, ValueError, OSError) as broken:
        raise NotUnpacked(f"ZIP として読めません ({broken})") from broken
    except (NotImplementedError, RuntimeError) as foreign:
        raise NotUnpacked(f"この形式の ZIP は開けません ({foreign})") from foreign


def _look_at_directory(data: bytes) -> None:
    """Before the library reads it: it believes any number of entries."""
    at = data.rfind(b"PK\x05\x06", max(0, len(data) - 65_557))
    if at < 0 or len(data) - at < _END.size:
        raise NotUnpacked("ZIP が途中で切れています")
    _, _, _, _, entries, size, _, _ = _END.unpack_from(data, at)
    if size > MAX_DIRECTORY or entries > MAX_MEMBERS * 4:
        raise NotUnpacked(f"ZIP の目録が大きすぎます ({entries} 件)")


def _body(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int) -> bytes:
    if member.flag_bits & ENCRYPTED:
        raise NotUnpacked("パスワード付きの ZIP は開けません。パスワードなしで送ってもらってください")
    if member.compress_type not in STORED_OR_DEFLATED:
        raise NotUnpacked("この圧縮方式の ZIP は開けません")
    most = min(left, max(SMALL, member.compress_size * MAX_RATIO))
    pieces: list[bytes] = []
    size = 0
    with archive.open(member) as stream:
        while piece := stream.read(_PORTION):
            size += len(piece)
            if size > most:
                raise NotUnpacked("ZIP を開くと大きくなりすぎます")
            pieces.append(piece)
    return b"".join(pieces)
