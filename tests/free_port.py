"""A free port for a server that somebody else starts: the number must be known before anybody listens on it."""

from __future__ import annotations

import os
import random
import socket

# Below the range from which the kernel takes ports for outgoing lines and for "port 0" (32768 and up): between our
# look and the server's start none of the tests that run beside us is given this number.
FIRST, LAST = 15_000, 29_999
_draw = random.Random(os.getpid())


def free_port() -> int:
    """Nobody listens there now, and nobody gets it by chance."""
    while True:
        port = _draw.randint(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
