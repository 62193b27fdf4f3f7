"""Folders (フォルダ): mails with their UIDs; a UID is given once and never again under the same UIDVALIDITY.

A client that remembers a UID without its UIDVALIDITY reads somebody else's mail after a renewal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

INBOX = "INBOX"
FLAGS = {flag.upper(): flag for flag in (r"\Seen", r"\Answered", r"\Flagged", r"\Deleted", r"\Draft")}


class NoFolder(LookupError):
    """There is no folder of this name."""


@dataclass(slots=True, eq=False)
class Mail:
    """One mail in a folder."""

    uid: int
    body: bytes
    arrived_at: datetime
    flags: set[str] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Folder:
    """A folder with its UIDVALIDITY. Mails stand in order of their UID."""

    name: str
    validity: int
    next_uid: int = 1
    mails: list[Mail] = field(default_factory=list)

    def mail(self, uid: int) -> Mail:
        found = next((mail for mail in self.mails if mail.uid == uid), None)
        if found is None:
            raise LookupError(f"no mail {uid} in {self.name}")
        return found

    def put(self, body: bytes, arrived_at: datetime, flags: Iterable[str] = ()) -> Mail:
        mail = Mail(self.next_uid, body, arrived_at, set(flags))
        self.next_uid += 1
        self.mails.append(mail)
        return mail

    def take_out(self, mail: Mail) -> None:
        self.mails.remove(mail)

    def renew(self) -> None:
        """UIDVALIDITY changes, as after a restore from a backup: every UID is another one."""
        self.validity += 1
        for uid, mail in enumerate(self.mails, 1):
            mail.uid = uid
        self.next_uid = len(self.mails) + 1


class Cabinet:
    """All folders of one user. `changed` is told of every folder that changed, by whomever."""

    def __init__(self, validity: int) -> None:
        self._validity = validity
        self.changed: Callable[[Folder], None] = lambda _: None
        self.folders: dict[str, Folder] = {}
        self.create(INBOX)

    def find(self, name: str) -> Folder:
        """INBOX in any case, others to the letter (RFC 3501 §5.1)."""
        folder = self.folders.get(INBOX if name.upper() == INBOX else name)
        if folder is None:
            raise NoFolder(name)
        return folder

    def create(self, name: str) -> Folder:
        self.folders[name] = folder = Folder(name, self._validity)
        return folder
