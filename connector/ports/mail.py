"""The mail ports (メール): notification mail out, and the mailbox that its answers come to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from connector.incoming import MailReport, MailSeen
from connector.order import Order
from connector.outcome import Effect, Facts, Hold, Reply


@dataclass(frozen=True, slots=True)
class Letter:
    """A notification mail ready to go: `name` is its Message-ID, the same for the same order for ever."""

    name: str
    body: bytes
    facts: Facts


class Mailer(Protocol):
    """Outgoing notification mail (受注メール), reliability §9.4."""

    def letter(self, order: Order) -> Letter | Hold:
        """The mail for one order; a Hold where its text cannot be carried."""
        ...

    def send_all(self, effects: Sequence[Effect]) -> AsyncIterator[tuple[Effect, Reply]]:
        """Send each over pooled connections; one reply per effect, in any order."""
        ...


class Mailbox(Protocol):
    """The mailbox that answers to our mails come to, reliability §9.3. Polling is the truth; a push is a hint."""

    def waiting(self) -> AsyncIterator[MailSeen]:
        """Every mail in the inbox, oldest first, fetched without marking it. What is not moved is met again."""
        ...

    def read(self, body: bytes) -> MailReport:
        """What a mail says. Never raises for odd bytes: those are UNREADABLE."""
        ...

    async def move(self, mail: MailSeen, *, understood: bool) -> None:
        """Out of the inbox, once it is kept here. Repeating is safe: what is gone already is done."""
        ...
