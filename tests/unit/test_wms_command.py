"""`connector wms new` and `connector wms try`: a new warehouse by editing two lines, and no Python."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from connector.adapters.wms.files import FileWarehouse, load_mappings
from connector.cli import app
from connector.clock import SteppedClock, at_jst
from connector.console import Exit
from connector.mapping import lint
from connector.mapping.skeleton import FILES
from connector.ports import ResultFile
from connector.transport.folder import FolderDrop
from typer.testing import CliRunner, Result

from tests.contract.wms_desk import OWN, Kept, sent, the_days_slips
from tests.contract.wms_house import GENERIC, TUESDAY
from tests.golden.samples import FIXTURES, MAPPINGS, tables
from tests.unit.test_results_chunks import tracking

PROFILES = ("generic", "b2cloud", "ehiden3", "yupri", "logizard-csv")


@pytest.fixture
def mappings(tmp_path: Path) -> Path:
    folder = tmp_path / "mappings"
    shutil.copytree(MAPPINGS / "tables", folder / "tables")
    shutil.copytree(MAPPINGS / "wms", folder / "wms")
    return folder


def wms(mappings: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["wms", *words, "--mappings", str(mappings)])


def test_a_skeleton_passes_the_check_as_it_stands(mappings: Path) -> None:
    done = wms(mappings, "new", "my-warehouse", "--json")
    assert done.exit_code == Exit.OK
    assert [Path(path).name for path in json.loads(done.stdout)["files"]] == list(FILES)
    assert lint(mappings) == []
    load_mappings(mappings / "wms/my-warehouse", tables(), {})


def test_what_a_skeleton_takes_for_granted_is_told_with_the_file(mappings: Path, tmp_path: Path) -> None:
    """Every row as shipped, by one carrier, today: right for many a warehouse, and never in silence."""
    wms(mappings, "new", "mine")
    file = tmp_path / "実績.csv"
    rows = (f"200101,{tracking(1)},出荷完了", f"200102,{tracking(2)},取消")
    file.write_bytes("\r\n".join(("出荷指示番号,送り状番号,実績区分", *rows, "")).encode("cp932"))
    shown = wms(mappings, "try", "mine", str(file), "--on", "2026-11-24")
    for words in (
        "使わない列 3: 実績区分",
        "! 実績区分 (result) の列がないので、どの行も「出荷」(shipped) とみなします",
        "! 運送会社 (carrier) の列がないので、どの行も YAMATO_TAKKYUBIN とみなします",
        "! 出荷日 (shipped_on) の列がないので、読んだ日を出荷日とみなします",
        "伝票 200102 出荷 ",
    ):
        assert words in shown.stdout

    result = mappings / "wms/mine/result.yaml"
    text = result.read_text("utf-8").replace("  # - name", "  - name").replace("  #   ", "    ")
    result.write_text(text, "utf-8")
    told = json.loads(wms(mappings, "try", "mine", str(file), "--on", "2026-11-24", "--json").stdout)
    assert [event["result"] for event in told["events"]] == ["shipped", "cancelled"]
    assert [words.split(" ")[0] for words in told["assumed"]] == ["運送会社", "出荷日"]

    result.write_text(text.replace("carrier: YAMATO_TAKKYUBIN", 'carrier: ""'), "utf-8")
    told = json.loads(wms(mappings, "try", "mine", str(file), "--json").stdout)
    assert told["assumed"][0].endswith("カートには注文の配送業者で返します")


@pytest.mark.parametrize("profile", PROFILES)
def test_any_profile_may_be_the_pattern(mappings: Path, profile: str) -> None:
    assert wms(mappings, "new", "mine", "--like", profile).exit_code == Exit.OK
    assert lint(mappings) == []
    mine = load_mappings(mappings / "wms/mine", tables(), OWN)
    theirs = load_mappings(mappings / "wms" / profile, tables(), OWN)
    assert mine.profile == theirs.profile
    assert mine.instruction.header == theirs.instruction.header


def test_nothing_that_exists_is_written_over(mappings: Path) -> None:
    before = {path: path.read_bytes() for path in mappings.rglob("*.yaml")}
    for words in (
        ("generic",),
        ("generic", "--like", "yupri"),
        ("../evil",),
        ("A b",),
        ("new", "--like", "none"),
    ):
        refused = wms(mappings, "new", *words)
        assert refused.exit_code == Exit.INVALID, words
        assert refused.stderr.strip()
    assert {path: path.read_bytes() for path in mappings.rglob("*.yaml")} == before


def test_a_bad_row_is_shown_with_line_and_column_and_the_rest_is_read(mappings: Path, tmp_path: Path) -> None:
    file = tmp_path / "実績.csv"
    text = f"出荷指示番号,送り状番号,備考\r\n200101,{tracking(1)},x\r\n200102,999900001016,x\r\n"
    file.write_bytes(text.encode("cp932"))
    wms(mappings, "new", "mine")
    shown = wms(mappings, "try", "mine", str(file), "--on", "2026-11-24")
    assert shown.exit_code == Exit.FINDINGS
    for words in (
        "文字コード cp932、2行",
        "送り状番号 → tracking: 2列目",
        "運送会社 → carrier: このファイルには",
    ):
        assert words in shown.stdout
    assert "使わない列 3: 備考" in shown.stdout
    assert "実績.csv:3:2: 「送り状番号」: 送り状番号として使えません。検査数字が合いません" in shown.stdout
    assert "取り込まれる出荷実績 1件\n  伝票 200101 出荷 2026-11-24 YAMATO_TAKKYUBIN" in shown.stdout
    told = json.loads(wms(mappings, "try", "mine", str(file), "--json").stdout)
    assert [row["line"] for row in told["rows"]] == [2, 3]
    assert [event["slip"] for event in told["events"]] == ["200101"]
    assert len(told["aside"]) == 1


def test_a_file_that_cannot_be_read_is_one_sentence(mappings: Path, tmp_path: Path) -> None:
    file = tmp_path / "broken.csv"
    file.write_bytes(b'"a","b\r\n')
    refused = wms(mappings, "try", "generic", str(file))
    assert refused.exit_code == Exit.INVALID
    assert refused.stdout.splitlines()[0] == "このファイルからは何も取り込みません。"
    assert "broken.csv:1:5: 引用符が壊れていて" in refused.stdout


def test_names_and_addresses_of_an_instruction_are_masked(mappings: Path) -> None:
    file = FIXTURES / "wms/logizard-csv/instruction_93.csv"
    shown = wms(mappings, "try", "logizard-csv", str(file), "--kind", "instruction")
    assert shown.exit_code == Exit.OK, shown.stdout
    assert "200101" in shown.stdout
    for personal in ("見本 花子", "渋谷区", "090-0000"):
        assert personal not in shown.stdout
    assert wms(mappings, "try", "yupri", str(file), "--kind", "receipt").exit_code == Exit.USAGE


def test_a_name_that_slipped_into_another_column_is_masked_too(mappings: Path, tmp_path: Path) -> None:
    wms(mappings, "new", "mine")
    file = tmp_path / "実績.csv"
    rows = ("見本太郎,090-0000-0001", "200101,東京都千代田区見本町1-2-3", "200102,9.99E+11")
    file.write_bytes("\r\n".join(("出荷指示番号,送り状番号", *rows, "")).encode("cp932"))
    for form in ((), ("--json",)):
        shown = wms(mappings, "try", "mine", str(file), "--on", "2026-11-24", *form)
        assert shown.exit_code == Exit.FINDINGS
        assert "9.99E+11" in shown.stdout, "a damaged number may be seen"
        for personal in ("見本太郎", "090-0000-0001", "千代田区"):
            assert personal not in shown.stdout
    file.write_bytes("見本太郎,090-0000-0001\r\n200101,x\r\n".encode("cp932"))
    refused = wms(mappings, "try", "mine", str(file))
    assert refused.exit_code == Exit.INVALID
    assert "太郎" not in refused.stdout


def test_a_receipt_is_read_as_well(mappings: Path) -> None:
    file = GENERIC / "SHIPACK_SHIPORD_demo_WH01_20261124101500_000001.csv"
    shown = wms(mappings, "try", "generic", str(file), "--kind", "receipt")
    assert shown.exit_code == Exit.OK
    assert "verdict=accepted" in shown.stdout


def test_what_is_taken_with_a_remark_is_not_counted_among_what_is_not(mappings: Path, tmp_path: Path) -> None:
    wms(mappings, "new", "mine")
    result = mappings / "wms/mine/result.yaml"
    goods = "  - {name: 商品, key: sku, grammar: code}\n  - {name: 数, key: quantity, grammar: int}\n"
    result.write_text(result.read_text("utf-8") + goods + "trailer: [合計, '9']\n", "utf-8")
    rows = (
        f"200101,2026/11/24,{tracking(1)},A1,1",
        f"200102,2026/12/24,{tracking(2)},A1,1",  # in the future: its goods and its parcel both
        f"200103,2026/09/01,{tracking(3)},A1,1",  # long ago: taken, with a remark
        "9件,見本太郎,,,",
    )
    file = tmp_path / "実績.csv"
    file.write_bytes("\r\n".join(("出荷指示番号,出荷日,送り状番号,商品,数", *rows, "")).encode("cp932"))
    shown = wms(mappings, "try", "mine", str(file), "--on", "2026-11-24")
    assert shown.exit_code == Exit.FINDINGS
    assert "取り込まれる出荷実績 2件" in shown.stdout
    assert "取り込まれない行 1件\n  実績.csv:3: " in shown.stdout
    assert shown.stdout.count("実績.csv:3:") == 1
    assert "取り込まれる行への注意 1件\n  実績.csv:4: " in shown.stdout
    assert "合計の行なので取り込まない行 5行目: 9＊,見＊＊＊,,," in shown.stdout
    file.write_bytes("\r\n".join(("出荷指示番号,出荷日,送り状番号,商品,数", rows[2], "")).encode("cp932"))
    assert wms(mappings, "try", "mine", str(file), "--on", "2026-11-24").exit_code == Exit.OK


def test_the_mappings_own_words_and_a_bad_byte_are_not_masked(mappings: Path, tmp_path: Path) -> None:
    wms(mappings, "new", "mine")
    file = tmp_path / "実績.csv"
    text = f"出荷指示番号,運送会社,送り状番号\r\n200101,日本,{tracking(1)}\r\n"
    file.write_bytes(text.encode("cp932"))
    shown = wms(mappings, "try", "mine", str(file), "--on", "2026-11-24")
    assert "（日本）。正しくは: ヤマト運輸・佐川急便・日本郵便。" in shown.stdout
    file.write_bytes(b"\x83\x01,x\r\n")
    assert "'83 01'" in wms(mappings, "try", "mine", str(file)).stdout


@pytest.mark.parametrize("profile", ["openlogi", "logiless", "logizard"])
def test_the_settings_of_an_api_read_no_files(mappings: Path, tmp_path: Path, profile: str) -> None:
    file = tmp_path / "実績.csv"
    file.write_bytes(b"a,b\r\n")
    refused = wms(mappings, "try", profile, str(file))
    assert refused.exit_code == Exit.USAGE
    assert f"{profile} は API でつなぐ倉庫の設定" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_every_number_of_a_row_is_kept_the_first_one_first(mappings: Path, tmp_path: Path) -> None:
    wms(mappings, "new", "mine")
    result = mappings / "wms/mine/result.yaml"
    second = "  - {name: 送り状番号2, key: tracking, grammar: tracking, carrier: carrier}\n"
    result.write_text(result.read_text("utf-8") + second, "utf-8")
    lines = [f"{200_101 + n},{tracking(2 * n)},{tracking(2 * n + 1) if n % 3 else ''}" for n in range(1_200)]
    lines.append(f"300101,{tracking(9_000)},{tracking(3)}")  # the second is 200102's
    file = tmp_path / "実績.csv"
    file.write_bytes("\r\n".join(("出荷指示番号,送り状番号,送り状番号2", *lines, "")).encode("cp932"))
    told = json.loads(wms(mappings, "try", "mine", str(file), "--on", "2026-11-24", "--json").stdout)
    events = {event["slip"]: event for event in told["events"]}
    assert len(events) == 1_199, (
        "two slips that claim one number are both left out, from the two ends of the file"
    )
    assert not {"200102", "300101"} & set(events)
    assert len(told["aside"]) == 2
    assert (events["200101"]["tracking"], events["200101"]["parcels"]) == ([tracking(0)], 1)
    assert (events["200103"]["tracking"], events["200103"]["parcels"]) == ([tracking(4), tracking(5)], 2)
    assert all(event["complete"] for event in events.values())
    assert [(one["key"], one["column"]) for one in told["columns"] if one["column"]] == [
        *(("slip_number", 1), ("tracking", 2), ("tracking", 3)),
    ]


def test_a_folder_without_warehouses_gets_its_first_one(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert wms(tmp_path / "mine", "new", "first").exit_code == Exit.OK
    assert (tmp_path / "mine/wms/first/result.yaml").exists()


STOCK = "STOCK_demo_WH01_20261124070000_000001.csv"
RETURN = "RETURN_demo_WH01_20261130170000_000001.csv"


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("stock", STOCK, "在庫 5件\n  MH-SERUM-30 良品 120 不良 1 引当 8（WH01、2026-11-24 07:00 時点）\n"),
        ("return", RETURN, "返品 2件\n  返品 RT-0001 伝票 200102 MH-CREAM-50×1 良品 受取拒否 2026-11-30\n"),
    ],
)
def test_stock_and_returns_are_shown_as_they_would_be_kept(
    mappings: Path, tmp_path: Path, kind: str, name: str, words: str
) -> None:
    def tried(file: Path, *more: str, on: str = "2026-11-30") -> Result:
        return wms(mappings, "try", "generic", str(file), "--kind", kind, "--on", on, *more)

    lines = (GENERIC / name).read_bytes().splitlines(keepends=True)
    shown = tried(GENERIC / name)
    assert shown.exit_code == Exit.OK
    assert f"取り込まれる{words}" in shown.stdout
    told = json.loads(tried(GENERIC / name, "--json").stdout)
    assert len(told["rows"]) == len(told["stock"] + told["returns"]) == len(lines) - 1
    early = tried(GENERIC / name, on="2026-10-01")
    assert (early.exit_code, "先の" in early.stdout) == (Exit.INVALID, True)

    half = tmp_path / name
    half.write_bytes(b"".join([*lines, lines[-1].replace(b'"1"', b'"x"').replace(b'"2"', b'"x"')]))
    shown = tried(half)
    assert shown.exit_code == Exit.FINDINGS
    assert f"取り込まれない行 1件\n  {name}:{len(lines) + 1}" in shown.stdout
    assert wms(mappings, "try", "yupri", str(half), "--kind", kind).exit_code == Exit.USAGE
    assert tried(half, on="24.11.2026").exit_code == Exit.USAGE


def test_another_warehouses_stock_is_refused_unless_it_is_the_shops(mappings: Path) -> None:
    words = ("try", "generic", str(GENERIC / STOCK), "--kind", "stock", "--on", "2026-11-30")
    refused = wms(mappings, *words, "--warehouse", "WH02")
    assert (refused.exit_code, "この倉庫（WH02）のものではありません" in refused.stdout) == (
        Exit.INVALID,
        True,
    )
    assert wms(mappings, *words, "--warehouse", "wh01").exit_code == Exit.OK


def test_numbers_of_more_parcels_are_shown_with_their_slip(mappings: Path, tmp_path: Path) -> None:
    file = tmp_path / "WP_OKURI.txt"
    file.write_bytes(f"01\t200101\t{tracking(1)}\r\n01\t200101\t{tracking(2)}\r\n".encode("cp932"))
    shown = wms(mappings, "try", "h2h-tab", str(file), "--kind", "parcels", "--on", "2026-11-24")
    assert shown.exit_code == Exit.OK, shown.stdout
    assert "取り込まれる送り状番号 1件\n  伝票 200101 " in shown.stdout
    assert f"{tracking(1)} {tracking(2)}" in shown.stdout


async def test_a_warehouse_of_its_own_kind_ships_a_day_after_two_edited_lines(
    mappings: Path, tmp_path: Path
) -> None:
    theirs = tmp_path / "kurabo_result.csv"
    lines = [f"{number};{tracking(n)};2026/11/24" for n, number in enumerate(("200101", "200104"))]
    body = "\r\n".join(["注番;伝票No;発送日", *lines, ""]).replace(";", "\t").encode("cp932")
    theirs.write_bytes(body)
    wms(mappings, "new", "kurabo")
    result = mappings / "wms/kurabo/result.yaml"
    text = result.read_text(encoding="utf-8")
    assert wms(mappings, "try", "kurabo", str(theirs)).exit_code == Exit.INVALID
    text = text.replace("# delimiter: tab", "delimiter: tab").replace("name: 出荷指示番号", "name: 注番")
    text = text.replace("name: 送り状番号", "name: 伝票No").replace("name: 出荷日", "name: 発送日")
    result.write_text(text, encoding="utf-8")
    assert wms(mappings, "try", "kurabo", str(theirs), "--on", "2026-11-24").exit_code == Exit.OK

    root, clock = tmp_path / "tree", SteppedClock(at_jst(TUESDAY, 10))
    for folder in ("to_wms/in", "from_wms/out", "from_wms/archive"):
        (root / folder).mkdir(parents=True)
    loaded = load_mappings(mappings / "wms/kurabo", tables(), OWN)
    here = FileWarehouse(loaded, drop=FolderDrop(root), archive=Kept(root), clock=clock)
    (built,) = here.instructions(the_days_slips(), sequence=1, at=clock.now())
    assert built.included == ("200101", "200102", "200103", "200104")
    await here.send(sent(built.facts["name"], built.body))
    assert (root / "to_wms/in" / built.facts["name"]).read_bytes() == built.body
    (root / "from_wms/out" / theirs.name).write_bytes(body)
    assert [one async for one in here.results()] == []
    await clock.advance_to(clock.now() + timedelta(minutes=1))
    (file,) = [one async for one in here.results()]
    assert isinstance(file, ResultFile)
    await here.acknowledge(file)
    found = here.read_results(file.name, file.body)
    assert {one.slip_number: one.tracking for one in found.shipments} == {
        "200101": (tracking(0),),
        "200104": (tracking(1),),
    }
    assert (found.strays, list((root / "from_wms/out").iterdir())) == ((), [])
