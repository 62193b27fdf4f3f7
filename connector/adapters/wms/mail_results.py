"""Mail results (メール添付の出荷実績): result files that the warehouse sends by mail.

Dangerous: anybody can send a mail that says our parcels left. A mail that the sender rules do not let pass is a
stray and moves nothing. A mail leaves the inbox only after its bytes and all its files are kept (reliability
§9.3): a crash in between meets it again, and the same bytes are no news.
"""

from __future__ import annotations

import email.utils
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from msgspec.structs import replace

from connector.adapters.mail.mime import Part, message_ids, split, unfolded
from connector.adapters.wms.attachments import Attached, contents, names
from connector.adapters.wms.mail_trust import SenderRules
from connector.clock import jst
from connector.incoming import MailSeen
from connector.outcome import Stray
from connector.ports import Archive, Mailbox, ResultFile

SYSTEM = "wms"
MAILS = f"{SYSTEM}_mail"  # kept apart: what is kept as SYSTEM is read as results
MAX_SUBJECT = 80
TOO_LARGE = "大きすぎるため取得していません"
NO_MAIL = "メールとして読めません"
Refusal = tuple[str, str]  # file, reason


@dataclass(slots=True)
class _Unmoved:
    """A mail in the inbox, and how many of its files are not kept yet."""

    mail: MailSeen
    left: set[int] = field(default_factory=set)
    understood: bool = True


class MailResults:
    """The results' way in by mail. `moves` False only looks: nothing leaves the inbox."""

    def __init__(self, mailbox: Mailbox, rules: SenderRules, *, archive: Archive, moves: bool = True) -> None:
        self._mailbox, self._rules, self._archive, self._moves = mailbox, rules, archive, moves
        self._unmoved: dict[str, _Unmoved] = {}

    async def results(self) -> AsyncGenerator[ResultFile | Stray, None]:
        """Strays of a mail first, then its files; whoever asks for the next thing has kept the one before."""
        self._unmoved.clear()
        async for mail in self._mailbox.waiting():
            files, strays = await self._open(mail)
            place = f"{mail.uid_validity}/{mail.uid}"
            numbers = set(range(len(files)))
            one = _Unmoved(replace(mail, body=None), numbers, understood=not strays)
            for stray in strays:
                yield stray
            if not files:
                await self._move(one)
                continue
            self._unmoved[place] = one
            for number, file in enumerate(files):
                yield ResultFile(handle=f"{place}/{number}", name=file.name, body=file.body)

    async def acknowledge(self, file: ResultFile) -> None:
        """The mail goes when the last of its files is kept."""
        place, _, number = file.handle.rpartition("/")
        one = self._unmoved.get(place)
        if one is None:
            return  # met again with the next look
        one.left.discard(int(number))
        if not one.left:
            await self._move(one)
            del self._unmoved[place]

    async def _move(self, one: _Unmoved) -> None:
        if self._moves:
            await self._mailbox.move(one.mail, understood=one.understood)

    async def _open(self, mail: MailSeen) -> tuple[list[Attached], list[Stray]]:
        """The mail kept as it came, and only then read."""
        if mail.body is None:
            too_large = f"{TOO_LARGE} ({mail.size:,} バイト)"
            return [], [_stray(mail, None, "", too_large, None, trusted=False)]
        head = split(mail.body)
        exchange_id = await self._archive.keep(
            system=MAILS, direction="in", name=_subject(head), body=mail.body, key=_message_id(head)[:200]
        )
        files, refused, trusted = self._read(head)
        return files, [
            _stray(mail, head, file, reason, exchange_id, trusted=trusted) for file, reason in refused
        ]

    def _read(self, mail: Part | None) -> tuple[list[Attached], list[Refusal], bool]:
        """Its files, what is not taken, and whether it comes from the warehouse as far as we could tell."""
        if mail is None or not mail.fields:
            return [], [("", NO_MAIL)], False
        try:
            if doubt := self._rules.doubt(mail):
                return [], [("、".join(names(mail))[: 2 * MAX_SUBJECT], doubt)], False
            found = contents(mail)
        except (ValueError, LookupError, TypeError, RecursionError, MemoryError) as odd:
            return [], [("", f"{NO_MAIL} ({type(odd).__name__})")], False
        return list(found.files), list(found.refused), True


def _stray(
    mail: MailSeen, head: Part | None, file: str, reason: str, exchange_id: int | None, *, trusted: bool
) -> Stray:
    """One sentence with sender, subject, date and file; a mail is found again by its Message-ID."""
    sender = unfolded(head.value("from"))[:MAX_SUBJECT] if head else ""
    subject, sent = _subject(head), _sent(head)
    message_id = _message_id(head)
    attached = f" の添付 {file} " if file else " "
    words = f"{sender or '差出人不明'} のメール「{subject}」({sent}){attached}は取り込みません: {reason}。"
    facts = {"sender": sender, "subject": subject, "date": sent, "file": file, "message_id": message_id}
    if not trusted:
        facts["untrusted"] = "yes"
    place = f"メール {message_id or f'{mail.uid_validity}/{mail.uid}'}"
    return Stray(SYSTEM, place, words, exchange_id, facts)


def _subject(mail: Part | None) -> str:
    return (mail.text("subject")[:MAX_SUBJECT] if mail else "") or "（件名なし）"


def _message_id(mail: Part | None) -> str:
    return next(iter(message_ids(mail.value("message-id"))), "") if mail else ""


def _sent(mail: Part | None) -> str:
    """The day and minute the mail says of itself, in Japan."""
    try:
        said = email.utils.parsedate_to_datetime(mail.value("date") if mail else "")
        return f"{jst(said):%Y-%m-%d %H:%M}" if said.tzinfo else f"{said:%Y-%m-%d %H:%M}"
    except (ValueError, TypeError, OverflowError, IndexError):
        return "日付なし"
