"""Documents (文書): what the READMEs and the narrated configuration say is what the code has.

mappings/README.md has a test of its own beside this one.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer
from connector import cli
from connector.config import Settings, load
from connector.config.parts import Section
from connector.config.problems import fields_at
from connector.console import Exit
from connector.journey import OrderState, SlipState
from connector.outcome import SELF_CLEARING, Reason
from connector.sandbox.faults import KNOWN
from connector.stages import BESIDE, STAGES
from connector.stages.stage import Acting
from connector.words import ORDER_STATES, REASONS, SLIP_STATES
from connector.words import STAGES as STAGE_WORDS
from connector.words.labels import LABELS
from typer.testing import CliRunner

REPOSITORY = Path(__file__).resolve().parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
README_JA = (REPOSITORY / "README.ja.md").read_text(encoding="utf-8")
EXAMPLE = REPOSITORY / "config/production.example.toml"
SECRETS = (
    "cart_token",
    "smtp_password",
    "imap_password",
    "ne_client_secret",
    "wms_password",
    "wms_known_hosts",
    "cart_password",
    "cart_webhook",
)


# --- configuration -------------------------------------------------------------------------------------


def leaves(keys: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key of the settings, as a path; the shop of the example stands for any."""
    for name in fields_at(keys):
        below = (*keys, name, "mihon") if name == "shops" else (*keys, name)
        if fields_at(below):
            yield from leaves(below)
        else:
            yield below


def written_out(text: str) -> str:
    """The example with every optional key switched on; the two `folder` keys give way to their sftp tables."""
    lines = [re.sub(r"^# (?=[a-z_]+ = |\[shops)", "", line) for line in text.splitlines()]
    return "\n".join(lines)


def has(content: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    node: Any = content
    for part in path:
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True


def test_the_example_has_every_setting() -> None:
    content = tomllib.loads(written_out(EXAMPLE.read_text(encoding="utf-8")))
    missing = [".".join(path) for path in leaves() if not has(content, path)]
    assert missing == []
    stages = {stage.name for stage in (*STAGES, *BESIDE)}
    assert set(content["shops"]["mihon"]["modes"]) == stages


def test_what_is_commented_out_shows_its_default() -> None:
    """An optional key that is switched off stands there with its default; where there is none, with an example."""
    text = EXAMPLE.read_text(encoding="utf-8")
    as_it_stands, switched_on = tomllib.loads(text), tomllib.loads(written_out(text))
    wrong = []
    for path, default in defaults(Settings):
        shown = at(switched_on, path)
        if default is not None and not has(as_it_stands, path) and plain(shown) != plain(default):
            wrong.append((".".join(path), shown, default))
    assert wrong == []


def at(content: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    node: Any = content
    for part in path:
        node = node[part]
    return node


def defaults(
    model: type[Settings | Section], keys: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, field in model.model_fields.items():
        below = (*keys, name, "mihon") if name == "shops" else (*keys, name)
        inside = section_in(field.annotation)
        if inside is not None:
            yield from defaults(inside, below)
        elif not field.is_required() and name not in PER_STAGE:
            yield below, field.default


PER_STAGE = ("modes", "rhythm_minutes", "patience_minutes")  # their defaults are the stages' own


def section_in(annotation: Any) -> type[Section] | None:
    options = (annotation, *getattr(annotation, "__args__", ()))
    found = [one for one in options if isinstance(one, type) and issubclass(one, Section)]
    return found[0] if found else None


def plain(value: Any) -> str:
    """A TOML value and a default in one spelling: 14:00 and 14:00:00, 30 and 30.0, tuples and lists."""
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(plain(one) for one in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {plain(one)}" for key, one in value.items()) + "}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return re.sub(r"^(\d\d:\d\d):00$", r"\1", str(value))


def test_the_examples_comments_name_the_rhythms_of_the_stages() -> None:
    text = " ".join(EXAMPLE.read_text(encoding="utf-8").replace("\n# ", " ").split())
    for stage in (*STAGES, *BESIDE):
        every, patience = stage.every.total_seconds() / 60, stage.patience.total_seconds() / 60
        assert len(re.findall(rf"\b{stage.name} {every:.0f}\b", text)) >= 1, (stage.name, every)
        assert len(re.findall(rf"\b{stage.name} {patience:.0f}\b", text)) >= 1, (stage.name, patience)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder as on a machine: config/, mappings/, and secrets that nobody else may read."""
    shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    (tmp_path / "mappings").symlink_to(REPOSITORY / "mappings")
    for folder, names in (("config/secrets", SECRETS), ("var/sandbox", SECRETS)):
        (tmp_path / folder).mkdir(parents=True)
        for name in names:
            (tmp_path / folder / name).touch(mode=0o600)
            (tmp_path / folder / name).write_text("not-a-secret\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", ["production.example.toml", "sandbox.toml"])
def test_the_configurations_load_once_their_files_exist(name: str, machine: Path) -> None:
    settings = load(machine / "config" / name)
    shop = settings.shops["mihon"]
    assert shop.mappings.resolve() == REPOSITORY / "mappings"
    assert settings.data_dir.resolve().is_relative_to(machine)
    assert settings.secret_key_file.resolve().is_relative_to(machine)


def test_check_says_that_the_example_is_fine(machine: Path) -> None:
    connector = shutil.which("connector") or str(REPOSITORY / ".venv/bin/connector")
    command = [connector, "check", "--config", "config/production.example.toml"]
    said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=machine)
    assert (said.returncode, said.stdout.strip(), said.stderr) == (
        0,
        "ok: 設定と変換設定に問題はありません。",
        "",
    )


def test_the_sandbox_configuration_fits_the_town() -> None:
    """The town's fixed ports and names, as `connector sandbox` has them by default."""
    from connector.sandbox.town import masters

    shop = tomllib.loads((REPOSITORY / "config/sandbox.toml").read_text(encoding="utf-8"))["shops"]["mihon"]
    ports = {option.name: option.default for option in commands()["sandbox"].params}
    assert shop["cart"]["url"] == f"http://{ports['cart']}"
    assert shop["next_engine"]["api_url"] == f"http://{ports['next_engine']}"
    assert f"{shop['mail']['host']}:{shop['mail']['port']}" == ports["smtp"]
    sftp = shop["warehouse"]["sftp"]
    assert f"{sftp['host']}:{sftp['port']}" == ports["sftp"]
    assert shop["next_engine"]["shop_id"] == masters.SHOP_ID
    assert shop["mail"]["sender"] == masters.SENDER


# --- command line --------------------------------------------------------------------------------------


def commands() -> dict[str, Any]:
    """Every command by the words that call it."""
    found: dict[str, Any] = {}
    root = typer.main.get_command(cli.app)
    for name, command in getattr(root, "commands").items():  # noqa: B009 - typer's group has no public type
        inner = getattr(command, "commands", None)
        if inner is None:
            found[name] = command
        else:
            found |= {f"{name} {below}": one for below, one in inner.items()}
    return found


def row_of(name: str) -> str:
    rows = [line for line in README.splitlines() if re.match(rf"\| `connector {name}[ `]", line)]
    assert len(rows) == 1, f"README.md has {len(rows)} rows for `connector {name}`"
    return rows[0]


@pytest.mark.parametrize("name", sorted(commands()))
def test_the_readme_has_every_command_with_its_options(name: str) -> None:
    documented = set(re.findall(r"`(--?[a-z-]+)`", row_of(name)))
    options = {
        spelling
        for parameter in commands()[name].params
        if not getattr(parameter, "hidden", False)
        for spelling in (*parameter.opts, *parameter.secondary_opts)
        if spelling.startswith("-")
    }
    assert documented == options - {"--help"}


def test_the_readme_has_no_command_that_is_not_there() -> None:
    named = set(re.findall(r"^\| `connector ([a-z-]+(?: [a-z]+)?)", README, re.MULTILINE))
    assert named == set(commands())


PLACEHOLDERS = {"日付": "2026-11-01", "番号": "12"}
FILES = ("実績.csv", "ファイル")
SYNOPSES = re.compile(
    r"^\| `connector [^\n]*$", re.MULTILINE
)  # the table of commands: its options stand beside
WRITTEN_OUT = re.compile(r"`(connector [^`\n]+)`|^(connector [^\n]+)$", re.MULTILINE)


def documented_lines() -> list[str]:
    """Every command line of both READMEs that has more than the command's own name."""
    text = SYNOPSES.sub("", README) + "\n" + README_JA
    lines = [inline or block for inline, block in WRITTEN_OUT.findall(text) if "…" not in (inline or block)]
    names = {*commands(), *(name.partition(" ")[0] for name in commands())}
    return sorted({line for line in lines if line.removeprefix("connector ") not in names})


@pytest.mark.parametrize("line", documented_lines())
def test_a_documented_line_is_taken_as_it_stands(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where settings are read, up to that they are missing; else by the command's parser alone."""
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        (tmp_path / name).touch()
    words = [PLACEHOLDERS.get(word, word) for word in shlex.split(line, comments=True)[1:] if word != "&"]
    deep = 2 if " ".join(words[:2]) in commands() else 1
    command = commands()[" ".join(words[:deep])]
    if not any(parameter.name == "config" for parameter in command.params):
        command.make_context(line, words[deep:])
        return
    said = CliRunner().invoke(cli.app, [*words, "--config", "missing.toml"])
    assert said.exit_code != Exit.USAGE, said.stderr


def test_the_readme_has_every_exit_code() -> None:
    documented = {int(number) for number in re.findall(r"^\| (\d+) \| ", README, re.MULTILINE)}
    assert documented == {int(code) for code in Exit}


def test_the_readme_has_every_fault_in_its_own_words() -> None:
    documented = dict(re.findall(r"^\| `([a-z-]+)` \| (.+?) \|$", README, re.MULTILINE))
    assert {name: documented.get(name) for name in KNOWN} == {n: f.sentence for n, f in KNOWN.items()}


# --- the journey ---------------------------------------------------------------------------------------


def span(minutes: float) -> str:
    if minutes % 1440 == 0:
        return f"{minutes // 1440:.0f} d"
    return f"{minutes // 60:.0f} h" if minutes % 60 == 0 else f"{minutes:.0f} min"


@pytest.mark.parametrize("stage", (*STAGES, *BESIDE), ids=lambda stage: stage.name)
def test_the_readme_has_every_stage(stage: Any) -> None:
    row = next(
        line for line in README.splitlines() if line.startswith(f"| `{stage.name}` {stage.japanese} |")
    )
    _, _, takes_gives, runs, stuck, _, _ = (cell.strip() for cell in row.split("|"))
    set_times = isinstance(stage, Acting) and stage.times is not None
    assert runs == ("at set times" if set_times else f"every {span(stage.every.total_seconds() / 60)}")
    hours = stage.patience.total_seconds() / 60
    assert stuck == ("26 h" if hours == 1560 else span(hours))
    assert stage.gives is None or stage.gives in takes_gives


def test_both_readmes_have_every_state_and_stage() -> None:
    for state in (*OrderState, *SlipState):
        assert f"`{state}`" in README
    for term in (*ORDER_STATES.values(), *SLIP_STATES.values()):
        assert f"| {term.name.ja} | {term.means.ja} |" in README_JA
    for word in STAGE_WORDS.values():
        assert word.name.ja in README_JA


@pytest.mark.parametrize("reason", Reason)
def test_the_japanese_readme_has_every_hold_in_the_pages_words(reason: Reason) -> None:
    word = REASONS[reason]
    ends = "自動" if reason in SELF_CLEARING else "人が解除"
    assert f"| {word.name.ja} | {word.why.ja} | {word.do.ja} | {ends} |" in README_JA


def test_the_morning_of_the_japanese_readme_speaks_of_lists_that_the_page_has() -> None:
    """One name for the report, and no operator who stops reading before the list of what is to be done."""
    morning = README_JA.partition("## 朝8時半の一日の流れ")[2].partition("\n## ")[0]
    for key in ("report", "todo", "todo_none"):
        assert LABELS[key].ja.partition("（")[0] in morning
    assert "終わりです" not in morning
    assert "レポート" not in README_JA
    assert "「要対応」" not in morning, "no list has that name"


# --- what must not stand anywhere ----------------------------------------------------------------------

HOSTS = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "npmjs" + ".com", "index" + "-url =")
MACHINE = re.compile(r"(?<![\w.~}])/(?:work|root|home/[a-z]+|Users/[A-Za-z]+)/")
TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".lock", ".html", ".css", ".js", ".mako", ""}
APART = {"var", "build", "dist", "__pycache__", "fixtures"}


def texts() -> Iterator[Path]:
    for path in sorted(REPOSITORY.rglob("*")):
        inside = [part for part in path.relative_to(REPOSITORY).parts if part not in (".ci", ".gitignore")]
        hidden = any(part in APART or part.startswith(".") or part.endswith(".egg-info") for part in inside)
        if path.is_file() and not hidden and path.suffix in TEXT:
            yield path


def test_no_file_names_a_package_registry_or_a_folder_of_one_machine() -> None:
    found = []
    for path in texts():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if any(host in line for host in HOSTS) or MACHINE.search(line):
                found.append(f"{path.relative_to(REPOSITORY)}:{number}: {line.strip()[:100]}")
    assert found == []


LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


@pytest.mark.parametrize("name", ["README.md", "README.ja.md", "CHANGELOG.md", "mappings/README.md"])
def test_links_lead_somewhere(name: str) -> None:
    path = REPOSITORY / name
    targets = [path.parent / target for target in LINK.findall(path.read_text(encoding="utf-8"))]
    assert [
        str(target) for target in targets if not target.exists() and target.name != "screenshot.png"
    ] == []
