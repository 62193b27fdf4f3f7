"""Script (台本): replies planned by a test or a rehearsal, for the next calls of a path (§12).

`applied` is the nasty kind: the call is done and then answered as if it had failed. Nastier still is `late`: the
client has given up and looked, and only then is the call done.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.sandbox.next_engine.refusal import Refusal

HTML_502 = "html-502"
DROP = "drop"
EMPTY = "empty"
TRANSPORT = (HTML_502, DROP, EMPTY)
SLOW = "slow"  # the right reply, later; a client that left before the work began has nothing done
LATE = "late"  # the same, but the work is done for a client that left, too
WAITS = (SLOW, LATE)


class TransportFault(Exception):
    """Not a reply of the API at all: an HTML page, an empty body, a cut line."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(slots=True)
class Planned:
    """What the next `times` calls get; an empty path fits every call."""

    reply: str  # a six-digit code, or one of TRANSPORT or WAITS
    path: str = ""
    times: int = 1
    applied: bool = False
    with_tokens: bool = True
    empty_tokens: bool = False  # the pair comes as empty strings: nothing for a client to keep
    seconds: float = 0.0  # how long a WAITS reply takes
    wall: bool = False  # real seconds; else seconds of the town's clock

    def refusal(self) -> Exception:
        if self.reply in TRANSPORT:
            return TransportFault(self.reply)
        return Refusal(self.reply, with_tokens=self.with_tokens, empty_tokens=self.empty_tokens)


class Script:
    """Planned replies, in the order they were planned."""

    def __init__(self) -> None:
        self._planned: list[Planned] = []

    def plan(self, planned: Planned) -> None:
        named = (*TRANSPORT, *WAITS)
        if planned.reply not in named and not (planned.reply.isdecimal() and len(planned.reply) == 6):
            raise ValueError(f"cannot plan {planned.reply!r}: a six-digit code or one of {', '.join(named)}")
        if (planned.reply in WAITS) is not (planned.seconds > 0):
            raise ValueError(f"seconds go with {' and '.join(WAITS)}, and with nothing else")
        if planned.times < 1:
            raise ValueError("a reply is planned for at least one call")
        self._planned.append(planned)

    def take(self, path: str) -> Planned | None:
        """The planned reply of this call, used up by taking it."""
        return self._used(path, waits=False)

    def wait(self, path: str) -> Planned | None:
        """The planned wait of this call; a reply planned beside it is taken on its own."""
        return self._used(path, waits=True)

    def _used(self, path: str, *, waits: bool) -> Planned | None:
        fitting = (one for one in self._planned if (one.reply in WAITS) is waits)
        found = next((one for one in fitting if one.path in ("", path)), None)
        if found is not None:
            found.times -= 1
            self._planned = [one for one in self._planned if one.times]
        return found
