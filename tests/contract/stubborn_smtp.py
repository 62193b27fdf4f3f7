"""An SMTP server (頑固なメールサーバ) that turns away in the middle of a talk and later looks what still came.

A thread with a plain socket: a server of the event loop would answer a farewell by itself.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PATIENCE = 5.0
REPLIES = {b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}


@dataclass
class Turned:
    """One talk: the bytes that came after we turned away, and whether the other side let go of the line."""

    port: int
    looks: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    rest: bytes = b""
    let_go: bool = False

    def seen(self) -> Turned:
        """What there is to see now. Blocks: to be called from a thread of its own."""
        self.looks.set()
        assert self.done.wait(2 * PATIENCE)
        return self


@contextmanager
def turning_away_at(verb: bytes, *, tls: ssl.SSLContext | None = None) -> Iterator[Turned]:
    """Answers `verb` and reads nothing more until it is asked to look."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        told = Turned(door.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(door, tls, verb, told))
        thread.start()
        try:
            yield told
        finally:
            told.looks.set()
            thread.join(3 * PATIENCE)


def _serve(door: socket.socket, tls: ssl.SSLContext | None, last: bytes, told: Turned) -> None:
    door.settimeout(PATIENCE)
    plain, _ = door.accept()
    with plain if tls is None else tls.wrap_socket(plain, server_side=True) as line:
        line.settimeout(PATIENCE)
        _talk(line, last)
        told.looks.wait(PATIENCE)
        try:
            while piece := line.recv(1 << 16):
                told.rest += piece
            # Over TLS that was only the farewell; the line itself ends below it.
            told.let_go = socket.socket.recv(line, 1) == b""
        except ConnectionError:
            told.let_go = True
        except TimeoutError:
            told.let_go = False
        told.done.set()


def _talk(line: socket.socket, last: bytes) -> None:
    line.sendall(b"220 mail.example.jp\r\n")
    with line.makefile("rb", buffering=0) as commands:
        for command in commands:
            verb = command[:4].upper()
            line.sendall(REPLIES.get(verb, b"250 ok\r\n"))
            if verb == last:
                return
            if verb == b"DATA":
                next(text for text in commands if text == b".\r\n")
                line.sendall(b"250 2.0.0 Ok: queued\r\n")
