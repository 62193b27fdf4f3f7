"""Real servers on loopback for tests: dovecot, postfix and sshd, each in a folder of its own.

The recipes and their traps are in design/reliability.md §9.2. Where a server is not installed, or we are not
root, the tests that need it are skipped with one clear line. Nothing listens anywhere but on 127.0.0.1 and
nothing is ever sent outside.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import NoReturn

import asyncssh
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.free_port import free_port

MAIL_USER = "nobody"  # dovecot and postfix want a real user that is not root
MAIL_PASSWORD = "mihon-secret"
SBIN = "/usr/sbin:/sbin"
POSTFIX_HOUSE = Path("/etc/postfix")
POSTFIX_TOOLS = ("dynamicmaps.cf", "postfix-files", "postfix-script", "post-install")


@dataclass(frozen=True)
class Dovecot:
    """IMAP and the login service for postfix; any user name with MAIL_PASSWORD is let in."""

    folder: Path
    imap_port: int
    imaps_port: int
    auth_port: int
    ca_file: Path

    @property
    def mail(self) -> Path:
        return self.folder / "mail"

    def processes_of(self, user: str) -> list[int]:
        """Which of this server's own processes serve this user now (`verbose_proctitle` has them say so)."""
        master = _read(self.folder / "run/master.pid").strip()
        own = _read(Path(f"/proc/{master}/task/{master}/children")).split()
        titles = {int(pid): _read(Path(f"/proc/{pid}/cmdline")) for pid in own}
        return [
            pid for pid, title in titles.items() if title.startswith("dovecot/imap ") and f"[{user} " in title
        ]


@dataclass(frozen=True)
class Postfix:
    """SMTP: `port` in clear, `submission_port` with STARTTLS and login, `tls_port` with TLS from the start.

    Takes mail for ops@ and intake@example.test into maildirs, bounces bounce.test, refuses everybody else.
    """

    folder: Path
    port: int
    submission_port: int
    tls_port: int
    ca_file: Path
    mail: Path

    def mails_of(self, user: str) -> list[bytes]:
        """What lies in somebody's new mail, as the server stored it (line ends are LF in a maildir)."""
        found = sorted((self.mail / user / "new").glob("*")) if (self.mail / user).exists() else []
        return [path.read_bytes() for path in found]

    def wait_for_mails(self, user: str, count: int) -> list[bytes]:
        _wait(lambda: len(self.mails_of(user)) >= count, f"{count} mails for {user}", self.log)
        return self.mails_of(user)

    def log(self) -> str:
        return _read(self.folder / "log/mail.log")


@dataclass
class Sshd:
    """OpenSSH with internal-sftp. `root` is where tests put their trees; the same key opens every user."""

    folder: Path
    port: int
    key_file: Path
    host_key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    process: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> Path:
        return self.folder / "trees"

    def known_hosts(self) -> str:
        return f"[127.0.0.1]:{self.port} {self.host_key.export_public_key().decode().strip()}\n"

    def start(self) -> None:
        private = self.folder / "host_key"
        private.write_bytes(self.host_key.export_private_key())
        private.chmod(0o600)
        config = self.folder / "sshd_config"
        config.write_text(_SSHD.format(folder=self.folder, port=self.port))
        command = [_tool("sshd"), "-D", "-e", "-f", str(config)]
        log = (self.folder / "sshd.log").open("ab")
        self.process = subprocess.Popen(command, stderr=log)
        log.close()
        _wait_for_port(self.port, lambda: _read(self.folder / "sshd.log"))

    def stop(self) -> None:
        """End the server and the sessions it serves (they outlive it in process groups of their own)."""
        if self.process is None:
            return
        sessions = _read(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")).split()
        self.process.terminate()
        self.process.wait(timeout=10)
        self.process = None
        for pid in map(int, sessions):
            if _alive(pid):
                os.kill(pid, signal.SIGKILL)

    def change_host_key(self) -> None:
        """Somebody else answers at the same address."""
        self.stop()
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.start()


@contextmanager
def running_sshd() -> Iterator[Sshd]:
    _tool("sshd")
    with _folder("sshd") as folder:
        key = asyncssh.generate_private_key("ssh-ed25519")
        key_file = folder / "id"
        key_file.write_bytes(key.export_private_key())
        key_file.chmod(0o600)
        (folder / "authorized_keys").write_bytes(key.export_public_key())
        (folder / "trees").mkdir()
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # its fixed place for privilege separation
        sshd = Sshd(folder, free_port(), key_file)
        sshd.start()
        try:
            yield sshd
        finally:
            sshd.stop()


@contextmanager
def running_dovecot() -> Iterator[Dovecot]:
    _tool("dovecot")
    only_root("dovecot")
    with _folder("dovecot") as folder:
        _, ca_file = certificate(folder)
        dovecot = Dovecot(folder, free_port(), free_port(), free_port(), ca_file)
        dovecot.mail.mkdir()
        shutil.chown(dovecot.mail, MAIL_USER)
        config = folder / "dovecot.conf"
        config.write_text(_DOVECOT.format(server=dovecot, folder=folder, user=MAIL_USER, word=MAIL_PASSWORD))
        process = subprocess.Popen([_tool("dovecot"), "-F", "-c", str(config)])
        try:
            for port in (dovecot.imap_port, dovecot.auth_port):
                _wait_for_port(port, lambda: _read(folder / "dovecot.log"))
            yield dovecot
        finally:
            process.terminate()
            process.wait(timeout=10)
            _wait(lambda: not (folder / "run/master.pid").exists(), "dovecot to be gone", lambda: "")


@contextmanager
def running_postfix(dovecot: Dovecot) -> Iterator[Postfix]:
    """Needs dovecot first: without its login service every smtpd dies and the port hangs."""
    _tool("postfix")
    only_root("postfix")
    with _folder("postfix") as folder:
        _, ca_file = certificate(folder)
        postfix = Postfix(folder, free_port(), free_port(), free_port(), ca_file, dovecot.mail)
        _write_postfix(postfix, dovecot)
        control = [_tool("postfix"), "-c", str(folder / "etc")]
        subprocess.run([*control, "start"], check=True, capture_output=True, timeout=60)
        try:
            for port in (postfix.port, postfix.submission_port):
                _wait_for_port(port, postfix.log)
            yield postfix
        finally:
            _stop_postfix(folder, control)


def _write_postfix(postfix: Postfix, dovecot: Dovecot) -> None:
    etc = postfix.folder / "etc"
    for name in ("etc", "spool", "data", "log"):
        (postfix.folder / name).mkdir()
    shutil.chown(postfix.folder / "data", "postfix")  # else: cannot create master.lock
    for name in POSTFIX_TOOLS:
        shutil.copy(POSTFIX_HOUSE / name, etc / name)
    _, _, uid, gid = _user(MAIL_USER)
    facts = {
        "folder": postfix.folder,
        "mail": dovecot.mail,
        "auth": dovecot.auth_port,
        "uid": uid,
        "gid": gid,
    }
    (etc / "main.cf").write_text(_MAIN_CF.format(**facts, closed=free_port()))
    lines = []
    for line in (POSTFIX_HOUSE / "master.cf.proto").read_text().splitlines():
        if not line or line.startswith(("#", " ", "smtp      inet")):
            continue
        words = line.split()
        lines.append(" ".join([*words[:4], "n", *words[5:]]))  # column 5: no chroot anywhere
    lines.append(_MASTER_CF.format(server=postfix))
    (etc / "master.cf").write_text("\n".join(lines) + "\n")


def _stop_postfix(folder: Path, control: list[str]) -> None:
    pid = int(_read(folder / "spool/pid/master.pid").strip() or 0)
    subprocess.run([*control, "stop"], check=False, capture_output=True, timeout=60)
    if pid and _alive(pid):
        os.kill(pid, signal.SIGTERM)
        _wait(lambda: not _alive(pid), "postfix to be gone", lambda: "")


def certificate(
    folder: Path, *, valid_until: datetime | None = None, host: str = ""
) -> tuple[ssl.SSLContext, Path]:
    """A self-signed certificate for this machine (or only for `host`), and the file to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sandbox")])
    own: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(valid_until or datetime(2126, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)] if host else own), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "cert.pem", folder / "key.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    chain.write_bytes(signed.public_bytes(pem))
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, private)
    return context, chain


def _tool(name: str) -> str:
    """Where a server's program lies (sshd insists on its whole path)."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SBIN}")
    if found is None:
        _absent(f"{name} is not installed on this machine")
    return found


def needs(name: str) -> None:
    """A server of the distribution that only root can start."""
    _tool(name)
    only_root(name)


def only_root(name: str) -> None:
    if os.geteuid() != 0:
        _absent(f"{name} can only be started by root")


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    """A fresh folder that other users may walk through (pytest's own are for one user only)."""
    folder = Path(tempfile.mkdtemp(prefix=f"connector-{name}-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user(name: str) -> tuple[str, str, int, int]:
    import pwd

    entry = pwd.getpwnam(name)
    return entry.pw_name, entry.pw_dir, entry.pw_uid, entry.pw_gid


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""


def _wait_for_port(port: int, log: Callable[[], str]) -> None:
    def answers() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    _wait(answers, f"port {port}", log)


def _wait(done: Callable[[], bool], what: str, log: Callable[[], str], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:.0f} s for {what}\n{log()[-4000:]}")
        time.sleep(0.02)


_SSHD = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
StrictModes no
Subsystem sftp internal-sftp
ForceCommand internal-sftp
"""

_DOVECOT = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
listen = 127.0.0.1
protocols = imap
verbose_proctitle = yes
first_valid_uid = 1
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{folder}/mail/%n
passdb {{
  driver = static
  args = password={word}
}}
userdb {{
  driver = static
  args = uid={user} gid=nogroup home={folder}/mail/%n
}}
namespace inbox {{
  inbox = yes
  mailbox Processed {{
    auto = create
  }}
  mailbox Quarantine {{
    auto = create
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {server.imap_port}
  }}
  inet_listener imaps {{
    port = {server.imaps_port}
    ssl = yes
  }}
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {server.auth_port}
  }}
}}
"""

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
smtpd_recipient_restrictions = reject_unauth_destination, permit
virtual_mailbox_domains = example.test
virtual_mailbox_base = {mail}
virtual_mailbox_maps = inline:{{ {{ops@example.test=ops/}} {{intake@example.test=intake/}} }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
relay_domains = bounce.test
transport_maps = inline:{{ {{bounce.test=smtp:[127.0.0.1]:{closed}}} }}
default_transport = error:outside
maximal_queue_lifetime = 0
smtpd_tls_cert_file = {folder}/cert.pem
smtpd_tls_key_file = {folder}/key.pem
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth}
"""

_MASTER_CF = """\
127.0.0.1:{server.port} inet n - n - - smtpd
127.0.0.1:{server.submission_port} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
  -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
127.0.0.1:{server.tls_port} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
"""


def _absent(words: str) -> NoReturn:
    """Skipped with a clear line; where CI promises the servers, their absence is a failure."""
    if os.environ.get("CONNECTOR_REQUIRE_REAL_SERVERS"):
        pytest.fail(words)
    pytest.skip(words)
