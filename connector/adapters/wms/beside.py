"""Beside (添えるファイル): what is laid beside files for people: a workbook of ours, the reason why theirs was refused.

Dangerous: a workbook without its instruction, which somebody ships by hand before the file is handed over anew. So it
comes after the file, and one that cannot be laid there changes nothing.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress

from connector.errors import ConnectorError, Malformed, Refused
from connector.mapping import CsvWriter
from connector.mapping.for_people import workbook, workbook_name
from connector.outcome import Effect, Facts
from connector.transport.drop import Drop

REASON_SUFFIX = ".reason.txt"


async def lay_workbook(drop: Drop, folder: str, effect: Effect, writer: CsvWriter) -> Facts:
    """The rows of an instruction for who opens it by hand; what came of it, for the record."""
    name, dialect = workbook_name(effect.name), writer.dialect
    try:
        await drop.put(folder, name, workbook(effect.body, dialect.encoding, dialect.delimiter))
    except ConnectorError as fault:
        return {"workbook": f"{name}: {fault}"}
    return {"workbook": name}


async def lay_aside(drop: Drop, folder: str, name: str, body: bytes, words: str) -> None:
    """A copy of a file that was refused, and why. Another file that lies there under its name stays."""
    with suppress(Malformed, Refused):  # a name that only their folder can carry: the stray has the reason
        try:
            await drop.put(folder, name, body)
        except Refused:
            name = f"{hashlib.sha256(body).hexdigest()[:8]}_{name}"
            await drop.put(folder, name, body)
        await drop.put(folder, name + REASON_SUFFIX, f"{words}\r\n".encode())
