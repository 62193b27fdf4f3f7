"""Bad mappings: every problem of every file, at its line and column, with the nearest right word."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from connector.errors import Misconfigured
from connector.mapping import lint, load_csv_reader, load_csv_writer, load_mail, load_profile, load_tables

from tests.golden import samples

CASES = sorted((samples.ROOT / "tests/bad_configs").glob("mapping_*"))


def told(folder: Path) -> list[str]:
    return [str(problem).replace(f"{folder}/", "") for problem in lint(folder)]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_everything_wrong_is_told_at_once(case: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    shutil.copytree(samples.MAPPINGS / "tables", folder / "tables")
    shutil.copytree(case, folder, dirs_exist_ok=True)
    (folder / "expected.txt").unlink(missing_ok=True)
    assert told(folder) == (case / "expected.txt").read_text("utf-8").splitlines()


def test_the_shipped_mappings_are_right() -> None:
    assert lint(samples.MAPPINGS) == []


def test_loading_raises_what_lint_tells(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("kind: csv_writer\n", "utf-8")
    for load in (load_csv_writer, load_csv_reader, load_mail):
        with pytest.raises(Misconfigured) as raised:
            load(path, samples.tables())
        assert len(raised.value.problems) >= 2
        assert str(path) in str(raised.value)
    with pytest.raises(Misconfigured):
        load_profile(path)
    with pytest.raises(Misconfigured) as raised:
        load_tables(tmp_path)
    assert {Path(problem.where).name for problem in raised.value.problems} == {
        "payment.yaml",
        "carrier.yaml",
        "time_slot.yaml",
        "characters.yaml",
    }


def test_broken_tables_do_not_hide_what_is_wrong_elsewhere(tmp_path: Path) -> None:
    folder = samples.copy_of_mappings(tmp_path)
    (folder / "tables/carrier.yaml").write_text("carriers: no\n", "utf-8")
    (folder / "next_engine/mail.yaml").write_text("kind: mail\n", "utf-8")
    files = [Path(problem.where).name for problem in lint(folder)]
    assert files == ["carrier.yaml", "mail.yaml", "mail.yaml", "mail.yaml"]


def test_a_folder_without_tables_says_so(tmp_path: Path) -> None:
    (problem,) = lint(tmp_path)
    assert "変換表" in problem.words


def test_a_file_that_is_not_utf8_says_so(tmp_path: Path) -> None:
    folder = samples.copy_of_mappings(tmp_path)
    (folder / "next_engine/mail.yaml").write_bytes("kind: mail # 受注\n".encode("cp932"))
    (problem,) = lint(folder)
    assert (problem.line, problem.words) == (1, "UTF-8 で保存してください")


def test_texts_that_yaml_would_guess_at_stay_texts(tmp_path: Path) -> None:
    folder = samples.copy_of_mappings(tmp_path)
    path = folder / "ecforce/completion_state.yaml"
    for text in ("no", "0123", "1e5", "2026-11-24", "null", "0x1F"):
        path.write_text(
            "kind: csv_writer\nsource: completion\nnoun: 受注\nkey: number\nencoding: cp932\nquoting: all\n"
            f"columns:\n  - {{name: 対応状況, value: {text}}}\n",
            "utf-8",
        )
        writer = load_csv_writer(path, samples.tables())
        assert writer.columns[0].value.get(None) == text  # type: ignore[arg-type]
