"""Desk (IMAP命令): what each command does to the folders, and its reply; knows nothing of sockets.

Only the commands that a mailbox reader needs are understood; everything else is BAD, so that a client that leans
on more than it may is found out here and not at somebody's provider.
"""

from __future__ import annotations

import fnmatch
import hmac
import inspect
import re
from collections.abc import Callable, Sequence
from typing import Final

from connector.clock import Clock
from connector.sandbox.history import History
from connector.sandbox.imap.fetching import fetched, flags_of, items_of
from connector.sandbox.imap.folders import FLAGS, Cabinet, Mail, NoFolder
from connector.sandbox.imap.grammar import BadCommand, Command, Text, Word, folder_name, uids
from connector.sandbox.imap.view import View

CAPABILITIES: Final = "IMAP4rev1 IDLE MOVE UIDPLUS"
_FLAG_TESTS: Final = {
    "SEEN": (r"\Seen", True),
    "UNSEEN": (r"\Seen", False),
    "DELETED": (r"\Deleted", True),
    "UNDELETED": (r"\Deleted", False),
    "FLAGGED": (r"\Flagged", True),
    "UNFLAGGED": (r"\Flagged", False),
    "ANSWERED": (r"\Answered", True),
    "UNANSWERED": (r"\Answered", False),
}


class Refused(Exception):
    """The command is answered NO; the text is the reply."""


class Desk:
    """One connection's conversation, without the line it comes over."""

    def __init__(
        self, cabinet: Cabinet, clock: Clock, history: History, credentials: tuple[str, str]
    ) -> None:
        self._cabinet, self._clock, self._history = cabinet, clock, history
        self._credentials = credentials
        self.signed_in = False
        self.view: View | None = None
        self._anybody: dict[str, Callable[..., str]] = {
            "CAPABILITY": self._capability,
            "NOOP": self._noop,
        }
        self._user: dict[str, Callable[..., str]] = {
            "SELECT": lambda *words: self._select(*words, read_only=False),
            "EXAMINE": lambda *words: self._select(*words, read_only=True),
            "LIST": self._list,
            "CREATE": self._create,
            "APPEND": self._append,
        }
        self._reader: dict[str, Callable[..., str]] = {
            "CLOSE": self._close,
            "EXPUNGE": self._expunge,
            "UID EXPUNGE": self._expunge,
            "UID SEARCH": self._search,
            "UID FETCH": self._fetch,
            "UID STORE": self._store,
            "UID COPY": self._copy,
            "UID MOVE": self._move,
        }
        self.said: list[bytes] = []

    def do(self, command: Command) -> str:
        """The text of the OK; untagged replies are in `said`. Raises Refused (NO) and BadCommand (BAD)."""
        act = self._anybody.get(command.name)
        if command.name == "LOGIN" and not self.signed_in:
            act = self._login
        if act is None and self.signed_in:
            act = self._user.get(command.name)
        if act is None and self.view is not None:
            act = self._reader.get(command.name)
        if act is None:
            raise BadCommand("unknown command, or not in this state")
        try:
            inspect.signature(act).bind(*command.words)
        except TypeError:
            raise BadCommand("wrong number of arguments") from None
        try:
            return act(*command.words)
        except NoFolder:
            missing_target = command.name in ("APPEND", "UID COPY", "UID MOVE")
            raise Refused(f"{'[TRYCREATE] ' if missing_target else ''}Mailbox does not exist") from None

    def news(self) -> list[bytes]:
        """What others did to the selected folder since it was last told."""
        return self.view.news() if self.view is not None else []

    def lose_one(self) -> None:
        """Another client removes the first mail of the selected folder."""
        if self.view is not None and self.view.folder.mails:
            self._remove(self.view.folder.mails[:1], "mail_removed")

    # anybody

    def _capability(self) -> str:
        self.said.append(f"* CAPABILITY {CAPABILITIES}".encode())
        return "Capability completed."

    def _noop(self) -> str:
        return "NOOP completed."

    def _login(self, user: Word, password: Word) -> str:
        given = _raw(user), _raw(password)
        pairs = zip(self._credentials, given, strict=True)
        if not all(hmac.compare_digest(ours.encode(), theirs) for ours, theirs in pairs):
            self._history.add("sign_in_refused", "imap")
            raise Refused("[AUTHENTICATIONFAILED] Authentication failed.")
        self.signed_in = True
        self._history.add("signed_in", "imap")
        return f"[CAPABILITY {CAPABILITIES}] Logged in"

    # signed in

    def _select(self, name: Word, *, read_only: bool) -> str:
        self.view = None
        self.view = View(self._cabinet.find(folder_name(name)), read_only=read_only)
        self.said += self.view.opening()
        return f"[READ-{'ONLY' if read_only else 'WRITE'}] {'Examine' if read_only else 'Select'} completed."

    def _list(self, reference: Word, pattern: Word) -> str:
        base, wanted = (_plain(word) for word in (reference, pattern))
        if not wanted:
            self.said.append(b'* LIST (\\Noselect) "/" ""')
            return "List completed."
        shape = re.compile(fnmatch.translate((base + wanted).replace("%", "*")))
        for name in self._cabinet.folders:
            if shape.fullmatch(name) or (name == "INBOX" and shape.fullmatch(name.lower())):
                self.said.append(f'* LIST (\\HasNoChildren) "/" "{name}"'.encode())
        return "List completed."

    def _create(self, name: Word) -> str:
        wanted = folder_name(name)
        if wanted.upper() == "INBOX" or wanted in self._cabinet.folders:
            raise Refused("[ALREADYEXISTS] Mailbox already exists")
        self._cabinet.create(wanted)
        return "Create completed."

    def _append(self, name: Word, *rest: Word) -> str:
        body = rest[-1] if rest else ""
        if not isinstance(body, Text):
            raise BadCommand("a literal expected")
        flags = _flags(rest[0]) if isinstance(rest[0], list) else set()
        folder = self._cabinet.find(folder_name(name))
        mail = folder.put(bytes(body), self._clock.now(), flags)
        self._cabinet.changed(folder)
        return f"[APPENDUID {folder.validity} {mail.uid}] Append completed."

    # a folder selected

    @property
    def _open(self) -> View:
        if self.view is None:
            raise BadCommand("no mailbox selected")
        return self.view

    def _writable(self) -> View:
        if self._open.read_only:
            raise Refused("Mailbox is read-only")
        return self._open

    def _close(self) -> str:
        if not self._open.read_only:
            self._remove_deleted(self._open.folder.mails)
        self.view = None
        return "Close completed."

    def _search(self, *words: Word) -> str:
        asked = list(words)
        if asked and asked[0] == "CHARSET":
            if len(asked) < 3 or _plain(asked[1]).upper() not in ("UTF-8", "US-ASCII"):
                raise Refused("[BADCHARSET (UTF-8 US-ASCII)] Unknown charset")
            asked = asked[2:]
        if not asked:
            raise BadCommand("search for what?")
        found = self._matching(asked)
        self.said.append(" ".join(["* SEARCH", *map(str, found)]).encode())
        return "Search completed."

    def _matching(self, asked: list[Word]) -> list[int]:
        view = self._open
        found = view.uids
        while asked:
            key = _plain(asked.pop(0)).upper()
            if key == "UID" and asked:
                wanted = set(uids(asked.pop(0), view.uids))
                found = [uid for uid in found if uid in wanted]
            elif key in _FLAG_TESTS:
                flag, there = _FLAG_TESTS[key]
                found = [mail.uid for mail in view.mails(found) if (flag in mail.flags) is there]
            elif key != "ALL":
                raise BadCommand(f"search key {key}")
        return found

    def _fetch(self, wanted: Word, what: Word) -> str:
        items = items_of(what)
        for mail in self._named(wanted):
            if "BODY[]" in items and not self._open.read_only:
                mail.flags.add(r"\Seen")
            self.said.append(fetched(self._open.number(mail), mail, items))
        return "Fetch completed."

    def _store(self, wanted: Word, how: Word, *words: Word) -> str:
        view, verb = self._writable(), _plain(how).upper()
        sign, silent = verb[:1], verb.endswith(".SILENT")
        if verb.lstrip("+-").removesuffix(".SILENT") != "FLAGS" or not words:
            raise BadCommand("FLAGS, +FLAGS or -FLAGS expected")
        flags = _flags(words[0] if isinstance(words[0], list) else list(words))
        for mail in self._named(wanted):
            kept = {"+": mail.flags | flags, "-": mail.flags - flags}.get(sign, flags)
            mail.flags = set(kept)
            if not silent:
                line = f"* {view.number(mail)} FETCH (UID {mail.uid} FLAGS ({flags_of(mail)}))"
                self.said.append(line.encode())
        return "Store completed."

    def _copy(self, wanted: Word, name: Word) -> str:
        mails = self._named(wanted)
        return f"{self._copied(mails, name)}Copy completed."

    def _move(self, wanted: Word, name: Word) -> str:
        """COPYUID comes untagged before the EXPUNGEs, RFC 6851 §4.3."""
        view, mails = self._writable(), self._named(wanted)
        copied = self._copied(mails, name)
        if copied:
            self.said.append(f"* OK {copied}Moved UIDs.".encode())
        self._remove(mails, "mail_moved", to=folder_name(name))
        self.said += view.news()
        return "Move completed."

    def _expunge(self, wanted: Word | None = None) -> str:
        """All that are marked, or with UID EXPUNGE those of them that are named (RFC 4315 §2.1)."""
        view = self._writable()
        named = self._open.folder.mails if wanted is None else self._named(wanted)
        self._remove_deleted(named)
        self.said += view.news()
        return "Expunge completed."

    def _named(self, wanted: Word) -> list[Mail]:
        return self._open.mails(uids(wanted, self._open.uids))

    def _copied(self, mails: Sequence[Mail], name: Word) -> str:
        target = self._cabinet.find(folder_name(name))
        if not mails:
            return ""
        new = [target.put(mail.body, mail.arrived_at, mail.flags) for mail in mails]
        self._cabinet.changed(target)
        old_uids, new_uids = (",".join(str(mail.uid) for mail in some) for some in (mails, new))
        return f"[COPYUID {target.validity} {old_uids} {new_uids}] "

    def _remove_deleted(self, among: Sequence[Mail]) -> None:
        deleted = [mail for mail in among if r"\Deleted" in mail.flags]
        self._remove(deleted, "mail_expunged")

    def _remove(self, mails: Sequence[Mail], what: str, **detail: object) -> None:
        folder = self._open.folder
        for mail in mails:
            folder.take_out(mail)
            self._history.add(what, f"{folder.name}/{mail.uid}", **detail)
        self._cabinet.changed(folder)


def _raw(word: Word) -> bytes:
    if isinstance(word, list):
        raise BadCommand("no list here")
    return word.encode() if isinstance(word, str) else bytes(word)


def _plain(word: Word) -> str:
    return _raw(word).decode("ascii", "replace")


def _flags(word: Word) -> set[str]:
    names = [_plain(one) for one in word] if isinstance(word, list) else [_plain(word)]
    unknown = [name for name in names if name.upper() not in FLAGS]
    if unknown:
        raise BadCommand(f"flag {unknown[0]}")
    return {FLAGS[name.upper()] for name in names}
