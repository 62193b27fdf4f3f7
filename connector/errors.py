"""What may go wrong below a stage: five kinds, because a caller has five different things to do.

Adapters and transports raise these and nothing else on purpose; the runner turns them into outcomes
(architecture §5). An adapter in doubt between `NotDone` and `Unknown` says `Unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass


class ConnectorError(Exception):
    """Anything this product raises on purpose."""


class NotDone(ConnectorError):
    """Certain that nothing happened on the other side; the same act may be repeated.

    `after` is the other side's wish in seconds (`Retry-After`), None if it has none.
    """

    def __init__(self, words: str, *, after: float | None = None) -> None:
        super().__init__(words)
        self.after = after


class Closed(NotDone):
    """Nothing happened, because the other side is closed to everybody for a while (メンテナンス, 棚卸).

    Not the item's fault and no try of its own: it waits `after` seconds, however often.
    """


class Unknown(ConnectorError):
    """It may have happened. Never repeated blindly: look first."""


class Refused(ConnectorError):
    """The other side said no and would say so again."""

    def __init__(self, system: str, code: str, words: str) -> None:
        super().__init__(f"{system} refused ({code}): {words}" if code else f"{system} refused: {words}")
        self.system, self.code, self.words = system, code, words


class Barred(Refused):
    """The door is shut to us: credentials, keys or rights. Nothing is wrong with what we wanted to send.

    One attempt, one alarm; the items wait until a person has mended the connection.
    """


class NeedsSignIn(Barred):
    """The other side wants a person to sign in (spec/next_engine.md §1.4); nothing else will help."""


class Occupied(ConnectorError):
    """Another process holds what only one may hold; try again when it is gone."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong at one place. `line` and `column` count from 1; 0 means that there is none."""

    where: str
    line: int
    column: int
    words: str
    found: str = ""
    expected: str = ""

    def __str__(self) -> str:
        place = self.where
        if self.line:
            place += f":{self.line}" + (f":{self.column}" if self.column else "")
        tail = f" (found {self.found!r})" if self.found else ""
        tail += f"; expected {self.expected}" if self.expected else ""
        return f"{place}: {self.words}{tail}"


class Malformed(ConnectorError):
    """Bytes that cannot be read with certainty. The bytes are kept; nothing is taken from them."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Misconfigured(ConnectorError):
    """Settings or mappings that do not hold together: every problem at once."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
