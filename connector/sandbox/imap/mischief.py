"""Mischief (いたずら): what an IMAP server does to its clients on a bad day, on request (reliability §9.3).

Each is planned for the next command it fits and used up by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mischief(StrEnum):
    """How the server misbehaves."""

    KILL_IDLE = "kill-idle"  # the connection is cut right after `+ idling`
    BYE_FOR_IDLE = "bye-for-idle"  # BYE in place of `+ idling`
    BYE = "bye"  # BYE in place of the reply, then the line is closed
    CUT = "cut"  # the line is cut before the reply; the command was done
    NO_REPLY = "no-reply"  # the command is done and never answered; the next one is
    LATE_REPLY = "late-reply"  # the reply comes in front of the next one, or at `release`
    HALF_OPEN = "half-open"  # from here on silence, and the line stays open
    FRAGMENTS = "fragments"  # the reply arrives in crumbs
    EXPUNGE_BETWEEN = "expunge-between"  # another client removed the first mail; told in front of the reply


@dataclass(slots=True)
class _Planned:
    kind: Mischief
    command: str
    times: int


class Plans:
    """Planned mischief in the order it was planned."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []

    def add(self, kind: Mischief, command: str, times: int) -> None:
        """`command` such as `UID FETCH`; empty fits every command that comes."""
        if times < 1:
            raise ValueError("mischief is planned for at least one command")
        if kind in (Mischief.KILL_IDLE, Mischief.BYE_FOR_IDLE):
            command = "IDLE"
        self._planned.append(_Planned(kind, command.upper(), times))

    def take(self, command: str) -> Mischief | None:
        """What happens to this command."""
        found = next((one for one in self._planned if one.command in ("", command)), None)
        if found is None:
            return None
        found.times -= 1
        self._planned = [one for one in self._planned if one.times]
        return found.kind
