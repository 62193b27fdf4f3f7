"""Where a parcel goes: no profile starts whose instruction leaves it out, unless it says so itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from connector.errors import Misconfigured
from connector.mapping.skeleton import INSTRUCTION, PROFILE, RESULT
from msgspec.structs import replace

from tests.contract.wms_house import TUESDAY
from tests.contract.wms_profiles_desk import item, mappings, rows_of
from tests.golden.samples import MAPPINGS, copy_of_mappings

DECLARED = "address_elsewhere: yes\n"


def own_profile(tmp_path: Path, shipped: str, *without: str, declared: bool = False) -> Path:
    """A shop's own copy: every line of the instruction's columns that names one of `without` writes nothing."""
    folder = copy_of_mappings(tmp_path) / "wms" / shipped
    instruction = folder / "instruction.yaml"
    lines = instruction.read_text("utf-8").splitlines(keepends=True)
    kept = [
        one for one in lines if not (one.startswith("  - {name") and any(word in one for word in without))
    ]
    assert without == () or len(kept) < len(lines)
    instruction.write_text("".join(kept), "utf-8")
    (folder / "layout.yaml").unlink(missing_ok=True)
    profile = folder / "profile.yaml"
    text = profile.read_text("utf-8").replace(DECLARED, "")
    profile.write_text(text + (DECLARED if declared else ""), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("shipped", "without", "lacking"),
    [
        ("generic", ("slip.zip_code",), ["郵便番号"]),
        ("generic", ("slip.phone",), ["電話番号"]),
        ("generic", ("slot: street",), ["住所"]),
        ("generic", ("slot: building",), ["住所"]),
        ("b2cloud", ("slot: [prefecture, city, street]", "slip.phone"), ["住所", "電話番号"]),
        ("logizard-csv", (), ["郵便番号", "住所", "電話番号"]),
    ],
)
def test_an_instruction_without_a_destination_is_refused_at_the_start(
    shipped: str, without: tuple[str, ...], lacking: list[str], tmp_path: Path
) -> None:
    with pytest.raises(Misconfigured) as refused:
        mappings(own_profile(tmp_path, shipped, *without))
    told = [problem for problem in refused.value.problems if "届け先の" in problem.words]
    assert [problem.words.split(" (")[0] for problem in told] == [f"届け先の{name}" for name in lacking]
    for problem in told:
        assert problem.where.endswith(f"{shipped}/instruction.yaml")
        assert "address_elsewhere: yes" in problem.words


def test_a_profile_may_say_that_the_warehouse_knows_the_address_otherwise(tmp_path: Path) -> None:
    folder = own_profile(tmp_path, "generic", "slip.zip_code", "slip.phone", declared=True)
    assert mappings(folder).profile.address_elsewhere


@pytest.mark.parametrize("shipped", sorted(path.parent.name for path in MAPPINGS.glob("wms/*/result.yaml")))
def test_only_one_shipped_profile_leaves_the_address_out_and_it_says_so(shipped: str) -> None:
    if shipped == "logizard":
        return  # its instruction is the body of a call, held against the call's own shape
    assert mappings(shipped).profile.address_elsewhere == (shipped == "logizard-csv")


def test_a_shop_that_adds_its_own_columns_needs_no_declaration(tmp_path: Path) -> None:
    folder = own_profile(tmp_path, "logizard-csv")
    path = folder / "instruction.yaml"
    text = path.read_text("utf-8")
    for place, value in {
        "予備07": "from: slip.zip_code, as: [zip_hyphen], required: yes",
        "予備08": "slot: [city, street], required: yes",
        "予備09": "slot: building",
        "予備10": "from: slip.phone, as: [phone], required: yes",
    }.items():
        text = text.replace(f'{{name: {place}, value: ""}}', f"{{name: {place}, {value}}}")
    path.write_text(text, "utf-8")
    own = mappings(folder)
    one = item("logizard-csv", delivery_method="ヤマト(発払い)")
    written = own.instruction.write([replace(one, profile=own.profile, ship_on=TUESDAY)])
    header, *rows = rows_of(written.body)
    assert rows and rows[0][header.index("予備07")] == "100-0000"


def test_the_skeleton_of_a_new_profile_says_where_the_parcel_goes(tmp_path: Path) -> None:
    folder = copy_of_mappings(tmp_path) / "wms/own"
    folder.mkdir()
    for name, text in {"profile": PROFILE, "instruction": INSTRUCTION, "result": RESULT}.items():
        (folder / f"{name}.yaml").write_text(text.format(name="own"), "utf-8")
    assert not mappings(folder).profile.address_elsewhere
