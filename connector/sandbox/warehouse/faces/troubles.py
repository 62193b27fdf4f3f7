"""Troubles (障害の台本): what a test or a rehearsal has planned for the next calls of a face.

`applied` is the dangerous kind: the call is done, and the client is told otherwise or nothing at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HTML_503: Final = "html-503"
HTML_200: Final = "html-200"  # a maintenance page with the status of success
ERROR_500: Final = "500"
GATEWAY_504: Final = "504"
SILENCE: Final = "silence"  # no answer until the client gives up
DROP: Final = "drop"  # the line is cut
SLOW: Final = "slow"  # the right answer, `seconds` later
KINDS: Final = (HTML_503, HTML_200, ERROR_500, GATEWAY_504, SILENCE, DROP, SLOW)


@dataclass(slots=True)
class Trouble:
    """What the next `times` calls get whose path contains `path`; an empty path fits every call."""

    kind: str
    path: str = ""
    times: int = 1
    applied: bool = False
    seconds: float = 0.0
    wall: bool = False  # real seconds; else seconds of the warehouse's clock

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown trouble {self.kind!r}; known: {', '.join(KINDS)}")
        if self.times < 1:
            raise ValueError("a trouble is planned for at least one call")
        if (self.kind == SLOW) is not (self.seconds > 0):
            raise ValueError(f"seconds go with {SLOW}, and with nothing else")


class Troubles:
    """Planned troubles, in the order they were planned."""

    def __init__(self) -> None:
        self._planned: list[Trouble] = []

    def plan(self, trouble: Trouble) -> None:
        self._planned.append(trouble)

    def take(self, path: str) -> Trouble | None:
        """The trouble of this call, used up by taking it."""
        found = next((one for one in self._planned if one.path in path), None)
        if found is not None:
            found.times -= 1
            self._planned = [one for one in self._planned if one.times]
        return found
