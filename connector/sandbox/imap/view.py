"""View (選択中のフォルダ): a folder as one connection has been told it, which lags behind what is true.

Sequence numbers are positions in this view. Mails others removed keep their place until EXPUNGE is told.
"""

from __future__ import annotations

from connector.sandbox.imap.folders import FLAGS, Folder, Mail


class View:
    """One connection's picture of the folder it has selected."""

    def __init__(self, folder: Folder, *, read_only: bool) -> None:
        self.folder, self.read_only = folder, read_only
        self.validity = folder.validity
        self._told = list(folder.mails)

    @property
    def uids(self) -> list[int]:
        """The UIDs that exist and have been told."""
        return [mail.uid for mail in self._present()]

    def mails(self, wanted: list[int]) -> list[Mail]:
        asked = set(wanted)
        return [mail for mail in self._present() if mail.uid in asked]

    def number(self, mail: Mail) -> int:
        return self._told.index(mail) + 1

    def _present(self) -> list[Mail]:
        present = set(map(id, self.folder.mails))
        return [mail for mail in self._told if id(mail) in present]

    def opening(self) -> list[bytes]:
        """The untagged replies of SELECT and EXAMINE."""
        flags = " ".join(FLAGS.values())
        kept = "" if self.read_only else flags
        lines = [
            f"* FLAGS ({flags})",
            f"* OK [PERMANENTFLAGS ({kept})] Flags permitted.",
            f"* {len(self._told)} EXISTS",
            "* 0 RECENT",
            f"* OK [UIDVALIDITY {self.validity}] UIDs valid",
            f"* OK [UIDNEXT {self.folder.next_uid}] Predicted next UID",
        ]
        return [line.encode() for line in lines]

    def news(self) -> list[bytes]:
        """What has happened since: removals first, then the new count."""
        present = set(map(id, self.folder.mails))
        lines = []
        for place in range(len(self._told), 0, -1):
            if id(self._told[place - 1]) not in present:
                del self._told[place - 1]
                lines.append(f"* {place} EXPUNGE".encode())
        known = set(map(id, self._told))
        added = [mail for mail in self.folder.mails if id(mail) not in known]
        if added:
            self._told += added
            lines.append(f"* {len(self._told)} EXISTS".encode())
        return lines
