"""Contradictions (設定の食い違い): what is valid key by key and makes no sense together, or not on this machine."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from connector.config.mail_addresses import fault_of_address
from connector.config.parts import MailboxSection, SftpSection
from connector.config.problems import at
from connector.config.secrets import fault_of
from connector.config.sections import Settings, ShopSection
from connector.config.ways import ways
from connector.errors import Problem
from connector.shop import Mode

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class _Page:
    """The file that is being read, so that every problem can say where."""

    path: Path
    text: str

    def problem(self, keys: Sequence[str], words: str, found: str = "", expected: str = "") -> Problem:
        return at(self.path, self.text, keys, words, found, expected)


def contradictions(settings: Settings, path: Path, text: str) -> Iterator[Problem]:
    page = _Page(path, text)
    web = settings.web
    if web.host not in LOOPBACK and not web.behind_tls_proxy:
        words = "the pages may leave this machine only behind a TLS proxy with a login"
        expected = "127.0.0.1, or behind_tls_proxy = true"
        yield page.problem(["web", "host"], words, web.host, expected)
    if settings.secret_key_file.exists():
        yield from _secret(page, ["secret_key_file"], settings.secret_key_file)
    yield from _shared_mailboxes(page, settings)
    for key, shop in settings.shops.items():
        at_shop = ["shops", key]
        yield from _mail(page, at_shop, shop)
        for keys, mailbox in _mailboxes(at_shop, shop):
            yield from _mailbox(page, keys, mailbox)
        yield from _addresses(page, at_shop, shop)
        yield from _senders(page, at_shop, shop)
        yield from _import(page, at_shop, shop)
        yield from _warehouse(page, at_shop, shop)
        yield from _completion(page, at_shop, shop)
        yield from _stops(page, at_shop, shop)
        yield from _cancels(page, at_shop, shop)
        yield from _secrets(page, at_shop, shop)


def _mail(page: _Page, shop_keys: list[str], shop: ShopSection) -> Iterator[Problem]:
    keys = [*shop_keys, "mail"]
    if shop.mail.security == "none" and shop.mail.host not in LOOPBACK:
        words = f"{'.'.join(keys)}.security: mail in clear text would leave this machine"
        yield page.problem([*keys, "security"], words, "none", "start_tls or tls")
    if shop.mail.user and shop.mail.password_file is None:
        words = f"{'.'.join(keys)}.user: a login needs a password_file"
        yield page.problem([*keys, "user"], words)


def _addresses(page: _Page, shop_keys: list[str], shop: ShopSection) -> Iterator[Problem]:
    named = [(["mail", "sender"], shop.mail.sender), (["mail", "recipient"], shop.mail.recipient)]
    if shop.warehouse.mailbox is not None:
        named += [(["warehouse", "mailbox", "senders"], one) for one in shop.warehouse.mailbox.senders]
    for below, address in named:
        words, expected = fault_of_address(address)
        if words:
            keys = [*shop_keys, *below]
            yield page.problem(keys, f"{'.'.join(keys)}: {words}", address, expected)


def _mailboxes(shop_keys: list[str], shop: ShopSection) -> Iterator[tuple[list[str], MailboxSection]]:
    if shop.mailbox is not None:
        yield [*shop_keys, "mailbox"], shop.mailbox
    if shop.warehouse.mailbox is not None:
        yield [*shop_keys, "warehouse", "mailbox"], shop.warehouse.mailbox


def _mailbox(page: _Page, keys: list[str], chosen: MailboxSection) -> Iterator[Problem]:
    name = ".".join(keys)
    if find_spec("aioimaplib") is None:
        words = f"{name}: reading mail needs the extra imap, which is not installed"
        yield page.problem(keys, words, expected='pip install "connector[imap]"')
    if chosen.security == "none" and chosen.host not in LOOPBACK:
        words = f"{name}.security: the password and the mails would cross the network in clear text"
        yield page.problem([*keys, "security"], words, "none", "tls")
    if chosen.inbox in (chosen.processed, chosen.quarantine):
        words = f"{name}.inbox: mails that were read would be met again and again"
        expected = "another folder than processed and quarantine"
        yield page.problem([*keys, "inbox"], words, chosen.inbox, expected)


def _shared_mailboxes(page: _Page, settings: Settings) -> Iterator[Problem]:
    """Whoever reads first files the other's bounces, or results, away as foreign ones."""
    readers: dict[tuple[str, str, str], tuple[str, list[str]]] = {}
    for key, shop in settings.shops.items():
        for keys, chosen in _mailboxes(["shops", key], shop):
            owner, place = readers.setdefault((chosen.host, chosen.user, chosen.inbox), (key, keys))
            if place == keys:
                continue
            who = f"the shop {owner} reads this mailbox; each shop needs its own"
            if owner == key:
                who = "the answers to our own mails are read from this mailbox; results need their own"
            words = f"{'.'.join(keys)}.user: {who}"
            yield page.problem(
                [*keys, "user"], words, chosen.user, "another mailbox, or another inbox folder"
            )


def _stops(page: _Page, shop_keys: list[str], shop: ShopSection) -> Iterator[Problem]:
    """A cancel in the cart asks for a stop in every mode, and bars its order until somebody finds the verdict."""
    if shop.modes.get("stop") is Mode.OFF:
        keys = [*shop_keys, "modes", "stop"]
        words = f"{'.'.join(keys)}: a stop would never end: nobody looks at its slips or says what became of them, "
        expected = "act, or watch (people stop, and the board shows it)"
        yield page.problem(keys, words + "and its order is barred for good", "off", expected)


def _cancels(page: _Page, shop_keys: list[str], shop: ShopSection) -> Iterator[Problem]:
    """A cancel releases the authorisation: whoever does it must learn what was shipped after all."""
    if shop.cart.cancelled_by == "api" and shop.modes.get("collect") is Mode.OFF:
        keys = [*shop_keys, "cart", "cancelled_by"]
        words = f"{'.'.join(keys)}: nobody reads the warehouse's results (collect is off)"
        yield page.problem(keys, words, "api", "people, or collect = act or watch")


def _senders(page: _Page, shop_keys: list[str], shop: ShopSection) -> Iterator[Problem]:
    """One mail, one sender (B21): with none the customer hears nothing, with two everything twice."""
    for kind, senders in (("thanks", shop.mails.thanks), ("dispatch", shop.mails.dispatch)):
        if len(senders) != 1:
            keys = [*shop_keys, "mails", kind]
            many = "nobody sends" if not senders else f"{len(senders)} would send"
            words = f"{'.'.join(keys)}: {many} this mail to the customer; exactly one must"
            yield page.problem(keys, words, ", ".join(senders), '["cart"], ["next_engine"] or ["warehouse"]')


def _import(page: _Page, shop_keys: list[str], shop: ShopSection) -> Iterator[Problem]:
    if shop.import_daily.route == "folder" and shop.import_daily.folder is None:
        keys = [*shop_keys, "import_daily", "route"]
        yield page.problem(keys, f'{".".join(keys)}: the route "folder" needs a folder')
    layouts = shop.mappings / "next_engine"
    if layouts.is_dir() and not (layouts / f"{shop.import_daily.layout}.yaml").is_file():
        keys = [*shop_keys, "import_daily", "layout"]
        known = ", ".join(sorted(path.stem for path in layouts.glob("order_csv*.yaml")))
        yield page.problem(
            keys, f"{'.'.join(keys)}: there is no such mapping file", shop.import_daily.layout, known
        )


def _warehouse(page: _Page, shop_keys: list[str], shop: ShopSection) -> Iterator[Problem]:
    keys = [*shop_keys, "warehouse"]
    name, chosen = ".".join(keys), shop.warehouse
    for below, words, found, expected in ways(chosen, shop.mappings):
        shown = name if below in (("folder",), ("sftp",)) else ".".join([*keys, *below])
        yield page.problem([*keys, *below], f"{shown}: {words}", found, expected)
    if chosen.relay_from >= chosen.relay_until:
        words = f"{name}.relay_until: the cut-off is not after relay_from"
        yield page.problem([*keys, "relay_until"], words, f"{chosen.relay_until}", f"> {chosen.relay_from}")
    profiles = sorted(folder.parent.name for folder in shop.mappings.glob("wms/*/profile.yaml"))
    if profiles and chosen.profile not in profiles:
        near = difflib.get_close_matches(chosen.profile, profiles, n=1) or profiles
        words = f"{name}.profile: there is no such folder under mappings/wms"
        yield page.problem([*keys, "profile"], words, chosen.profile, ", ".join(near))


def _completion(page: _Page, shop_keys: list[str], shop: ShopSection) -> Iterator[Problem]:
    keys, chosen = [*shop_keys, "completion"], shop.completion
    acts = shop.modes.get("complete", Mode.ACT) is Mode.ACT
    if acts and chosen.route == "files" and chosen.folder is None and chosen.sftp is None:
        words = f'{".".join(keys)}: the route "files" needs a folder or an sftp table'
        yield page.problem(keys, words)


def _secrets(page: _Page, shop_keys: list[str], shop: ShopSection) -> Iterator[Problem]:
    yield from _secret(page, [*shop_keys, "cart", "token_file"], shop.cart.token_file)
    yield from _secret(page, [*shop_keys, "cart", "webhook_secret_file"], shop.cart.webhook_secret_file)
    yield from _secret(page, [*shop_keys, "mail", "password_file"], shop.mail.password_file)
    for keys, mailbox in _mailboxes(shop_keys, shop):
        yield from _secret(page, [*keys, "password_file"], mailbox.password_file)
    client = [*shop_keys, "next_engine", "client_secret_file"]
    yield from _secret(page, client, shop.next_engine.client_secret_file)
    for part, sftp in (("warehouse", shop.warehouse.sftp), ("completion", shop.completion.sftp)):
        if sftp is not None:
            yield from _sftp(page, [*shop_keys, part, "sftp"], sftp)
    if (api := shop.warehouse.api) is not None:
        for name in (
            "token_file",
            "client_secret_file",
            "refresh_token_file",
            "password_file",
            "app_key_file",
        ):
            yield from _secret(page, [*shop_keys, "warehouse", "api", name], getattr(api, name))


def _sftp(page: _Page, keys: list[str], sftp: SftpSection) -> Iterator[Problem]:
    if (sftp.password_file is None) == (sftp.key_file is None):
        yield page.problem(keys, f"{'.'.join(keys)}: give either password_file or key_file")
    yield from _secret(page, [*keys, "password_file"], sftp.password_file)
    yield from _secret(page, [*keys, "key_file"], sftp.key_file)
    if not sftp.known_hosts_file.is_file():
        words = f"{'.'.join(keys)}.known_hosts_file: there is no such file, and no server is trusted without"
        yield page.problem([*keys, "known_hosts_file"], words, str(sftp.known_hosts_file))


def _secret(page: _Page, keys: list[str], path: Path | None) -> Iterator[Problem]:
    fault = fault_of(path) if path is not None else None
    if fault is not None:
        words = f"{'.'.join(keys)}: {fault.words} ({path})"
        yield page.problem(keys, words, fault.found, fault.expected)
