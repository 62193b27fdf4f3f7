"""Bad configurations (設定の誤り): for each folder of bad_configs/ the whole text an administrator gets to read.

Each case is laid out in a folder of its own, with the same secrets and the real mappings beside it. In
`expected.txt` `{config}` stands for the configuration's path and `{folder}` for the folder it lies in.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from connector.cli import app
from connector.config import load
from connector.errors import Misconfigured
from typer.testing import CliRunner

REPOSITORY = Path(__file__).resolve().parent.parent
CASES = sorted((REPOSITORY / "tests/bad_configs").glob("[0-9][0-9]-*"))
SECRETS = ("cart_token", "smtp_password", "ne_client_secret", "wms_password", "known_hosts")


def laid_out(case: Path, folder: Path) -> Path:
    """The case's configuration as it would stand on a machine: secrets, mappings, one loose and one empty file."""
    secrets = folder / "secrets"
    secrets.mkdir()
    for name in SECRETS:
        (secrets / name).touch(mode=0o600)
        (secrets / name).write_text("not-a-secret\n", encoding="utf-8")
    (secrets / "empty").touch(mode=0o600)
    (secrets / "loose").write_text("not-a-secret\n", encoding="utf-8")
    (secrets / "loose").chmod(0o644)
    (folder / "mappings").symlink_to(REPOSITORY / "mappings")
    return Path(shutil.copy(case / "config.toml", folder / "config.toml"))


def told(config: Path) -> str:
    with pytest.raises(Misconfigured) as wrong:
        load(config)
    return str(wrong.value).replace(str(config), "{config}").replace(str(config.parent), "{folder}") + "\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_problem_is_told_at_its_place(case: Path, tmp_path: Path) -> None:
    expected = (case / "expected.txt").read_text(encoding="utf-8")
    assert told(laid_out(case, tmp_path)) == expected


def test_cases_are_numbered_without_gaps() -> None:
    assert [int(case.name[:2]) for case in CASES] == list(range(1, len(CASES) + 1))


def test_a_secret_written_into_the_file_is_not_repeated(tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name.endswith("secret-in-the-file"))
    assert "this-must-not-be-shown" in (case / "config.toml").read_text(encoding="utf-8")
    assert "this-must-not-be-shown" not in told(laid_out(case, tmp_path))


def test_a_mailbox_without_its_extra_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = next(case for case in CASES if case.name.endswith("mailbox-in-clear"))
    monkeypatch.setattr("connector.config.contradictions.find_spec", lambda _name: None)
    said = told(laid_out(case, tmp_path)).splitlines()
    words = "shops.mihon.mailbox: reading mail needs the extra imap, which is not installed"
    assert said[0] == f'{{config}}:26:1: {words}; expected pip install "connector[imap]"'


def test_the_environment_is_named_as_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = laid_out(CASES[0], tmp_path)
    config.write_text(config.read_text(encoding="utf-8").replace("recipiant", "recipient"), encoding="utf-8")
    load(config)
    monkeypatch.setenv("CONNECTOR_WEB__PORT", "eighty")
    assert told(config).startswith("environment variable CONNECTOR_WEB__PORT: web.port: ")


@pytest.mark.parametrize("profile", ["generic", "yupri"])
def test_check_loads_the_profile_of_the_shop_and_tells_everything(profile: str, tmp_path: Path) -> None:
    """Files that are well written and mean nothing, or do not fit together, are found before the daemon starts."""
    config = laid_out(CASES[0], tmp_path)
    text = config.read_text(encoding="utf-8").replace("recipiant", "recipient")
    config.write_text(text.replace('profile = "generic"', f'profile = "{profile}"'), encoding="utf-8")
    (tmp_path / "mappings").unlink()
    shutil.copytree(REPOSITORY / "mappings", tmp_path / "mappings")
    sound = CliRunner().invoke(app, ["check", "--config", str(config)])
    assert sound.exit_code == 0, sound.output

    result = tmp_path / "mappings/wms" / profile / "result.yaml"
    whole = result.read_text(encoding="utf-8")
    result.write_text(whole.replace("key: tracking", "key: traking").replace(": date", ": text"), "utf-8")
    mail = tmp_path / "mappings/next_engine/mail.yaml"
    mail.write_text("kind: mail\n", encoding="utf-8")
    found = CliRunner().invoke(app, ["check", "--config", str(config)])
    assert found.exit_code == 3
    for words in ("もしかして「tracking」", "shipped_on (出荷日) をこの書式では読めません", "mail.yaml:1:1"):
        assert found.output.count(words) >= 1, found.output
    assert len(set(found.output.splitlines())) == len(found.output.splitlines()), "nothing is told twice"


@pytest.mark.parametrize(("verb", "code"), [("check", 3), ("run", 78), ("health", 78)])
def test_commands_refuse_with_their_exit_code(verb: str, code: int, tmp_path: Path) -> None:
    config = laid_out(CASES[0], tmp_path)
    command = [sys.executable, "-c", "from connector.cli import main; main()", verb, "--config", str(config)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.returncode == code
    said = ended.stdout if verb == "check" else ended.stderr
    assert said.replace(str(config), "{config}") == (CASES[0] / "expected.txt").read_text(encoding="utf-8")
