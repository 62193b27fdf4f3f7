"""Setting (町への接続設定): a configuration and secret files for a town, as an operator would write them."""

from __future__ import annotations

import json
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import msgspec

from connector.clock import jst
from connector.config import shipped_mappings
from connector.ports import TokenPair
from connector.sandbox.town import Addresses, ways
from connector.sandbox.town.addresses import WarehouseApiAddress

SHOP = "mihon"
CONFIG_NAME = "demo.toml"
LEDGER = Path("data/ledger.sqlite3")  # where the configuration below puts it


def write_secrets(town: Addresses, folder: Path) -> None:
    """The town's credentials as the secret files that a configuration names."""
    folder.mkdir(parents=True, exist_ok=True)
    ne = town.next_engine
    pair = TokenPair(
        access=ne.access_token,
        refresh=ne.refresh_token,
        access_until=datetime.fromisoformat(ne.access_until),
        refresh_until=datetime.fromisoformat(ne.refresh_until),
    )
    secrets = {
        "cart_token": town.cart.token,
        "ne_client_secret": ne.client_secret,
        "ne_pair.json": msgspec.json.encode(pair).decode(),
        "mailbox_password": town.mailbox.password,
        "wms_password": town.warehouse.password,
        "wms_known_hosts": town.warehouse.known_hosts,
        **_api_secrets(town.warehouse.api),
    }
    for name, text in secrets.items():
        path = folder / name
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(text + "\n", encoding="utf-8")


def write_config(town: Addresses, folder: Path, start_at: datetime, port: int) -> Path:
    """A configuration for this town, as an operator would write it; secrets beside it."""
    write_secrets(town, folder / "secrets")
    ne, wms = town.next_engine, town.warehouse
    text = f"""\
# The demo's configuration, written anew at each start. config/production.example.toml explains every key.
data_dir = "data"
secret_key_file = "data/secret.key"
log = "json"

[web]
port = {port}

[shops.{SHOP}]
name = "見本ストア"
start_at = {jst(start_at).isoformat()}
mappings = {json.dumps(str(shipped_mappings()))}

[shops.{SHOP}.cart]
url = "{town.cart.url}"
token_file = "secrets/cart_token"

[shops.{SHOP}.mail]
host = "{town.mail.host}"
port = {town.mail.port}
security = "none"
sender = "{town.mail.sender}"
recipient = "{town.mail.intake}"
{_mailbox(town)}
[shops.{SHOP}.next_engine]
api_url = "{ne.url}"
login_url = "{ne.url}"
client_id = "{ne.client_id}"
client_secret_file = "secrets/ne_client_secret"
account = "{ne.company_id}"
shop_id = "{ne.shop_id}"
redirect_uri = "http://127.0.0.1:{port or 8710}/next-engine/signed-in"
monthly_requests = 100000

[shops.{SHOP}.import_daily]
times = [10:00:00]

[shops.{SHOP}.warehouse]
profile = "{wms.way if wms.api else "generic"}"
tenant = "demo"
warehouse = "{wms.warehouse_code}"
shop_code = "SHOP1"
{_warehouse(town)}
[shops.{SHOP}.warehouse.sender]
name = "見本ストア"
zip_code = "150-0001"
address = "東京都渋谷区神宮前9-99-1"
building = "見本ビル2F"
phone = "03-0000-0001"
code = "SHOP1"

[shops.{SHOP}.completion]
route = "files"
folder = {json.dumps(town.root)}
into = "{Path(town.cart_inbox).name}"
taken = "{Path(town.cart_done).name}"
results = "{Path(town.cart_results).name}"
times = [19:00:00]
sale_kinds = ["card", "wallet", "deferred"]
"""
    path = folder / CONFIG_NAME
    path.write_text(text, encoding="utf-8")
    return path


def _warehouse(town: Addresses) -> str:
    """The one way in which this town's warehouse wants to be spoken to."""
    wms = town.warehouse
    if wms.api is not None:
        return _api(wms.api)
    if wms.way == ways.SFTP:
        return f"""
[shops.{SHOP}.warehouse.sftp]
host = "{wms.host}"
port = {wms.port}
user = "{wms.username}"
password_file = "secrets/wms_password"
known_hosts_file = "secrets/wms_known_hosts"
"""
    return f"folder = {json.dumps(wms.folder)}\n{_result_mails(town)}"


def _result_mails(town: Addresses) -> str:
    mail, box = town.warehouse.mail, town.mailbox
    if mail is None:
        return ""
    return f"""
[shops.{SHOP}.warehouse.mailbox]
host = "{box.host}"
port = {box.port}
security = "none"
user = "{box.user}"
password_file = "secrets/mailbox_password"
inbox = "{mail.folder}"
processed = "{mail.folder}-Processed"
quarantine = "{mail.folder}-Quarantine"
senders = ["{mail.sender}"]
signed_by = ["{mail.signed_by}"]
checked_by = "{mail.checked_by}"
"""


_API_SECRETS = {  # key of the configuration -> what the town says
    "token_file": "token",
    "client_secret_file": "client_secret",
    "refresh_token_file": "refresh_token",
    "password_file": "password",
    "app_key_file": "app_key",
}


def _api_secrets(api: WarehouseApiAddress | None) -> dict[str, str]:
    found = {f"wms_api_{name}": getattr(api, name, "") for name in _API_SECRETS.values()}
    return {name: text for name, text in found.items() if text}


def _api(api: WarehouseApiAddress) -> str:
    names = ("url", "account", "area", "client_id", "user")
    lines = [f'{name} = "{getattr(api, name)}"' for name in names if getattr(api, name)]
    lines += [f'{key} = "secrets/wms_api_{name}"' for key, name in _API_SECRETS.items() if getattr(api, name)]
    return "\n".join(["", f"[shops.{SHOP}.warehouse.api]", *lines, ""])


def _mailbox(town: Addresses) -> str:
    """Where bounces come to; read only where the extra `imap` is installed."""
    if find_spec("aioimaplib") is None:
        return ""
    box = town.mailbox
    return f"""
[shops.{SHOP}.mailbox]
host = "{box.host}"
port = {box.port}
security = "none"
user = "{box.user}"
password_file = "secrets/mailbox_password"
"""
