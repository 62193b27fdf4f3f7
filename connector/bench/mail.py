"""Mail (メール送信の計測): the notification mails of many orders to a real postfix, by our pool and by one connection.

Both ways are the shipped one, side by side in one run, in turn; the pool only has more connections and changes
them as it always does. The server is started for it in a folder of its own, listens on loopback alone, throws away
what it took, and sends nothing anywhere. A round begins when the server has finished the one before.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.bench.orders import pages
from connector.outcome import Done, Effect

MAILS = 2_000
ROUNDS = 5
HOUSE = Path("/etc/postfix")
TOOLS = ("dynamicmaps.cf", "postfix-files", "postfix-script", "post-install")
SBIN = "/usr/sbin:/sbin"
PATIENCE = 120.0  # seconds for the server to start, and to finish a round
SENDER, INTAKE, DOMAIN = "shop@example.jp", "intake@example.test", "example.jp"
UNENDING = 10**9


def measure_mail(mails: int = MAILS, rounds: int = ROUNDS) -> dict[str, Any]:
    """Seconds of every round, mails per second in the middle one, and their ratio; or why it was left out."""
    absent = _absent()
    if absent:
        return {"left_out": absent}
    effects = _letters(mails)
    with _running() as server:
        return asyncio.run(_measure(server, effects, rounds))


def mail_line(result: dict[str, Any]) -> str:
    """For people, in one line."""
    if "left_out" in result:
        return f"mail: left out, {result['left_out']}"
    return (
        f"mail {result['mails']:,} to postfix {result['version']} on loopback, {result['rounds']} rounds in turn: "
        f"pool of {result['connections']} {result['pool_per_s']:,.0f}/s, "
        f"one reused connection {result['one_per_s']:,.0f}/s: {result['ratio']:.2f}x (load {result['load']:.1f})"
    )


async def _measure(server: _Postfix, effects: Sequence[Effect], rounds: int) -> dict[str, Any]:
    from connector.config.sections import MailSection

    connections: int = MailSection.model_fields["connections"].default
    spent: dict[str, list[float]] = {"pool": [], "one": []}
    ways = {"pool": {"size": connections}, "one": {"size": 1, "max_mails": UNENDING, "max_seconds": UNENDING}}
    for way in (*ways, *list(ways) * rounds):  # the first of each warms the server up and does not count
        spent[way].append(await _round(server, effects, ways[way]))
    counted = {way: seconds[-rounds:] for way, seconds in spent.items()}
    per_s = {way: len(effects) / statistics.median(seconds) for way, seconds in counted.items()}
    return {
        "mails": len(effects),
        "rounds": rounds,
        "connections": connections,
        "pool_s": [round(one, 3) for one in counted["pool"]],
        "one_s": [round(one, 3) for one in counted["one"]],
        "pool_per_s": round(per_s["pool"], 1),
        "one_per_s": round(per_s["one"], 1),
        "ratio": round(per_s["pool"] / per_s["one"], 2),
        "load": round(os.getloadavg()[0], 1),
        "version": server.version,
    }


async def _round(server: _Postfix, effects: Sequence[Effect], way: dict[str, int]) -> float:
    """One way, all mails: what the stage `notify` does with them."""
    outgoing = _outgoing(server.port, way)
    started = time.perf_counter()
    replies = [reply async for _, reply in outgoing.send_all(effects)]
    spent = time.perf_counter() - started
    taken = sum(isinstance(reply, Done) for reply in replies)
    if taken != len(effects):
        raise RuntimeError(f"{len(effects)} mails, and the server took {taken}")
    await asyncio.to_thread(server.rest)
    return spent


def _outgoing(port: int, way: dict[str, int]) -> Any:
    from connector.adapters.mail import MailSettings, Outgoing
    from connector.clock import SystemClock
    from connector.config import shipped_mappings
    from connector.mapping import load_mail, load_tables
    from connector.transport.smtp import MailServer, SmtpPool

    mappings = shipped_mappings()
    form = load_mail(mappings / "next_engine/mail.yaml", load_tables(mappings / "tables"))
    pool = SmtpPool(MailServer("127.0.0.1", port, "none"), clock=SystemClock(), **way)
    return Outgoing(MailSettings("bench", SENDER, INTAKE, DOMAIN), form=form, pool=pool)


def _letters(count: int) -> list[Effect]:
    """The notification mails of so many orders, as they go out. Making them is not part of the time."""
    from connector.adapters.ecforce.reader import read_page
    from connector.adapters.ecforce.translation import translate
    from connector.config import shipped_mappings
    from connector.mapping import load_tables
    from connector.outcome import Hold

    tables, outgoing = load_tables(shipped_mappings() / "tables"), _outgoing(1, {})
    effects = []
    for page in pages(count):
        for order in read_page(page).page.orders:
            letter = outgoing.letter(translate(order, tables))
            if isinstance(letter, Hold):
                raise RuntimeError(f"no mail for an order of the bench: {letter.note}")
            key = f"bench/mail/{order.number}"
            effects.append(Effect(kind="mail", key=key, items=(), body=letter.body, name=letter.name))
    return effects


# --- a postfix of our own --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Postfix:
    folder: Path
    port: int
    version: str

    def rest(self) -> None:
        """Wait until everything it took is dealt with."""
        queues = [self.folder / "spool" / name for name in ("maildrop", "incoming", "active")]
        _wait(lambda: not any(path.is_file() for queue in queues for path in queue.rglob("*")), "the queue")


def _absent() -> str:
    if _tool("postfix") is None or not (HOUSE / "master.cf.proto").exists():
        return "postfix is not installed on this machine"
    return "" if os.geteuid() == 0 else "postfix can only be started by root"


def _tool(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SBIN}")


@contextmanager
def _running() -> Iterator[_Postfix]:
    folder = Path(tempfile.mkdtemp(prefix="connector-bench-"))
    folder.chmod(0o755)  # its processes run as another user
    control = [_tool("postfix") or "", "-c", str(folder / "etc")]
    try:
        server = _Postfix(folder, _write(folder), _version())
        subprocess.run([*control, "start"], check=True, capture_output=True, timeout=60)  # noqa: S603
        try:
            _wait(lambda: _answers(server.port), "postfix")
            yield server
        finally:
            subprocess.run([*control, "stop"], check=False, capture_output=True, timeout=60)  # noqa: S603
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(folder: Path) -> int:
    for name in ("etc", "spool", "data", "log"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    for name in TOOLS:
        shutil.copy(HOUSE / name, folder / "etc" / name)
    (folder / "etc/main.cf").write_text(_MAIN_CF.format(folder=folder), encoding="utf-8")
    lines = []
    for line in (HOUSE / "master.cf.proto").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", " ", "smtp      inet")):
            words = line.split()
            lines.append(" ".join([*words[:4], "n", *words[5:]]))  # column 5: no chroot anywhere
    port = _free_port()
    lines.append(f"127.0.0.1:{port} inet n - n - - smtpd")
    (folder / "etc/master.cf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return port


def _version() -> str:
    asked = [_tool("postconf") or "", "-h", "mail_version"]
    said = subprocess.run(asked, check=False, capture_output=True, text=True, timeout=60)  # noqa: S603
    return said.stdout.strip()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _wait(done: Any, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {PATIENCE:.0f} s for {what}")
        time.sleep(0.02)


_MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}/log
meta_directory = {folder}/etc
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx1.example.test
mydestination =
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
virtual_mailbox_domains = example.test
virtual_mailbox_maps = inline:{{ {{intake@example.test=intake/}} }}
virtual_transport = discard:
default_transport = error:outside
"""
