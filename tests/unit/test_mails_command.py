"""`connector mails`: what came, its exit codes, and the three words a person may say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from connector.adapters.mail.reports import read_report
from connector.cli import app
from connector.console import Exit
from connector.incoming import MailSeen
from connector.ledger import incoming_mails
from connector.ledger.database import Database, migrate
from typer.testing import CliRunner, Result

from tests.sim.test_forecast_year import a_config, log_aside
from tests.unit.test_runner_bounces import FORGED, answer, report
from tests.unit.world import START


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    log_aside(monkeypatch)
    yield a_config(tmp_path)
    structlog.reset_defaults()


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["mails", "-c", str(config), *words])


def came(config: Path, *bodies: bytes) -> None:
    """What the daemon took in before."""
    database = Database(f"sqlite:///{config.parent}/ledger.sqlite3", inline=True)
    migrate(database)
    with database.engine.begin() as connection:
        for uid, body in enumerate(bodies, 1):
            mail = MailSeen(uid_validity=1, uid=uid, size=len(body), body=body)
            incoming_mails.take(connection, "mihon", mail, read_report(body), START)
    database.close()


def test_nothing_came(config: Path) -> None:
    reply = run(config)
    assert (reply.exit_code, reply.stdout) == (Exit.OK, "受信メールはありません。\n")


def test_what_waits_for_a_person_ends_with_four_until_it_is_settled(config: Path) -> None:
    came(config, report(FORGED), answer(FORGED))
    reply = run(config)
    assert reply.exit_code == Exit.FINDINGS, reply.output
    assert "[不達通知 → 送った覚えなし]" in reply.stdout
    assert "! #2" in reply.stdout
    assert "確認しました。" in reply.stdout
    found = json.loads(run(config, "--open", "--json").stdout)
    assert [(row["id"], row["verdict"]) for row in found["rows"]] == [(2, "for_a_person")]
    assert (found["open"], found["counts"]) == (1, {"for_a_person": 1, "not_ours": 1})
    settled = run(config, "--seen", "2", "-r", "読みました")
    assert (settled.exit_code, settled.stdout) == (Exit.OK, "受信メール #2 を処理済みにしました。\n")
    assert run(config, "--seen", "2", "-r", "読みました").exit_code == Exit.NOTHING
    assert run(config).exit_code == Exit.OK


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--again",), Exit.USAGE),
        (("--seen", "1"), Exit.USAGE),
        (("--again", "--seen", "1", "-r", "x"), Exit.USAGE),
        (("--again", "-r", "x"), Exit.NOTHING),
        (("--bounced", "1", "-r", "x"), Exit.NOTHING),
        (("--seen", "9", "-r", "x"), Exit.NOTHING),
    ],
)
def test_what_does_not_fit_does_nothing(config: Path, words: tuple[str, ...], code: Exit) -> None:
    came(config, answer(FORGED))
    assert run(config, *words).exit_code == code
    assert json.loads(run(config, "--json").stdout)["open"] == 1
