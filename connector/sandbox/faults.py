"""Faults: scripts with names that make the town misbehave, the same way for the same seed.

A sandbox asks `faults.strike("ne-busy")` at the place where the real system could fail so. A name nobody
switched on never strikes. Each name has its own random stream, so switching one on does not move another.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of misbehaviour: a sentence for people and how often it strikes."""

    sentence: str
    chance: float


KNOWN = {
    "lost-mail": Fault("the mail is accepted and never reaches Next Engine's intake", 0.04),
    "bounced-mail": Fault(
        "the mail is accepted, never reaches Next Engine's intake, and comes back two minutes later as undeliverable",
        0.04,
    ),
    "smtp-drop": Fault("the SMTP line drops after the mail was accepted, before the reply", 0.04),
    "ne-busy": Fault("Next Engine answers 003001/003002, main function congested", 0.10),
    "ne-lost-reply": Fault("Next Engine does what was asked and the reply is lost", 0.02),
    "token-expiry": Fault(
        "Next Engine's access token ends early and the pair rotates on the next call", 0.01
    ),
    "cart-busy": Fault("the cart answers 429 or 500 AOR9999", 0.03),
    "cart-lost-reply": Fault("the cart applies a write and the reply is lost", 0.02),
    "void-fails": Fault("the payment company does not release an authorisation: 取消失敗", 0.2),
    "lost-renewal": Fault("the cart's nightly run forgets one renewal", 0.3),
    "results-twice": Fault("the warehouse sends a result file again under another name", 0.5),
    "results-late": Fault("the warehouse sends a result file hours late", 0.2),
    "results-broken": Fault("the warehouse sends a result file cut in the middle", 0.05),
    "results-forged": Fault(
        "a stranger mails wrong results in the warehouse's name (only where results come by mail)", 0.5
    ),
    "wms-refuses": Fault("the warehouse refuses single slips of a file", 0.02),
    "wms-busy": Fault("the warehouse's API answers 429, 503 or a page in HTML, and does nothing", 0.05),
    "wms-lost-reply": Fault("the warehouse's API does what was asked and the reply is lost", 0.05),
}


class Faults:
    """The faults that are switched on. `struck` counts how often each one really struck."""

    def __init__(self, names: Iterable[str] = (), *, seed: int = 0) -> None:
        chosen = tuple(names)
        unknown = [name for name in chosen if name not in KNOWN]
        if unknown:
            raise ValueError(f"unknown fault {', '.join(unknown)}; known: {', '.join(KNOWN)}")
        self._streams = {name: random.Random(f"{seed}/{name}") for name in chosen}
        self.struck = dict.fromkeys(chosen, 0)

    def strike(self, name: str) -> bool:
        """Whether this fault strikes here and now. Unknown names are a bug of the caller."""
        fault = KNOWN[name]
        stream = self._streams.get(name)
        if stream is None or stream.random() >= fault.chance:
            return False
        self.struck[name] += 1
        return True
