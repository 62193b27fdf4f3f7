"""Warehouse profiles (倉庫の設定づくり): `connector wms new` and `connector wms try`. Neither contacts anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.clock import jst
from connector.commands.options import Json
from connector.console import Exit, fail, show

if TYPE_CHECKING:
    from connector.adapters.wms.trial import Trial

app = typer.Typer(no_args_is_help=True, help="Warehouse profiles: a new one, and how it reads a real file.")

Folder = Annotated[
    Path | None, typer.Option("--mappings", help="The folder with the mappings; those in use by default.")
]
Name = Annotated[str, typer.Argument(help="The profile: the folder's name below mappings/wms.")]


@app.command()
def new(
    name: Name,
    like: Annotated[str, typer.Option(help="Copy this profile instead of the plain skeleton.")] = "",
    mappings: Folder = None,
    json: Json = False,
) -> None:
    """Write the skeleton of a profile: profile.yaml, instruction.yaml, result.yaml, with comments to edit by.

    Never overwrites. As written it passes `connector check`. No Python is needed for a warehouse that speaks files.
    Example: connector wms new my-warehouse --like yupri
    """
    from connector.config import shipped_mappings
    from connector.errors import Misconfigured
    from connector.mapping.skeleton import write_skeleton

    folder = (mappings or shipped_mappings()) / "wms"
    try:
        written = write_skeleton(folder, name, like)
    except Misconfigured as error:
        fail(Exit.INVALID, str(error))
    paths = [str(path) for path in written]
    show({"profile": name, "files": paths}, json, "\n".join(paths))


@app.command("try")
def try_(
    name: Name,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A real file of the warehouse.")],
    kind: Annotated[str, typer.Option(help="Or parcels, stock, return, receipt, instruction.")] = "result",
    rows: Annotated[int, typer.Option(min=0, help="How many good lines are printed; bad ones all are.")] = 20,
    on: Annotated[str, typer.Option(help="As if read on this day, 2026-11-24; today by default.")] = "",
    warehouse: Annotated[str, typer.Option(help="The shop's 倉庫コード; the profile's by default.")] = "",
    mappings: Folder = None,
    json: Json = False,
) -> None:
    """Show how a real file would be read, line by line, and what would be booked. Touches nothing.

    Told first: what no column says and is taken for granted of every row. Names and addresses are masked,
    and every column that the profile does not name.
    Exit code 3 where the file is refused whole, 4 where a line is.
    Example: connector wms try my-warehouse 実績_20261124.csv
    Example: connector wms try my-warehouse STOCK_20261124.csv --kind stock
    """
    from datetime import date

    from connector.adapters.wms.mappings import load_mappings
    from connector.adapters.wms.trial import KINDS, try_file
    from connector.clock import SystemClock, at_jst
    from connector.config import shipped_mappings
    from connector.errors import Misconfigured
    from connector.mapping import load_tables, speaks_by_api

    if kind not in KINDS:
        fail(Exit.USAGE, f"there is no kind {kind}; known: {', '.join(KINDS)}")
    root = mappings or shipped_mappings()
    try:
        now = at_jst(date.fromisoformat(on), 23, 59) if on else SystemClock().now()
    except ValueError:
        fail(Exit.USAGE, f"--on {on} is no day; write it as 2026-11-24")
    if speaks_by_api(root / "wms" / name / "profile.yaml"):
        fail(Exit.USAGE, f"{name} holds the settings of a warehouse's API; no files are read for it")
    own = {"warehouse_code": warehouse} if warehouse else {}
    try:
        loaded = load_mappings(root / "wms" / name, load_tables(root / "tables"), own)
        trial = try_file(loaded, kind, file, now)
    except Misconfigured as error:
        fail(Exit.CONFIG, str(error))
    except KeyError:
        fail(Exit.USAGE, f"{name} reads no {kind} files")
    show(trial, json, _text(trial, rows))
    raise typer.Exit(Exit.INVALID if trial.refused else Exit.OK if trial.clean else Exit.FINDINGS)


def _text(trial: Trial, most: int) -> str:
    if trial.refused:
        return f"このファイルからは何も取り込みません。\n{trial.refused}"
    lines = [f"{trial.file}: 文字コード {trial.encoding}、{len(trial.rows)}行", "", "列"]
    lines += [
        f"  {one.name} → {one.key}: " + (f"{one.column}列目" if one.column else "このファイルにはありません")
        for one in trial.columns
    ]
    lines += [f"  使わない列 {words}" for words in trial.unused]
    if trial.assumed:
        lines += ["", "列がないので、みなすこと", *(f"  ! {words}" for words in trial.assumed)]
    lines += ["", f"合計の行なので取り込まない行 {trial.left_out}"] if trial.left_out else []
    lines += ["", "行"]
    good = 0
    for row in trial.rows:
        good += not row.problems
        if row.problems or good <= most:
            lines.append(
                f"  {row.line}行目 " + " ".join(f"{key}={value}" for key, value in row.values.items())
            )
        lines += [f"    ! {words}" for words in (*row.problems, *row.remarks)]
    if good > most:
        lines.append(f"  ほかに読める行が {good - most}行あります (--rows)")
    return "\n".join((*lines, *_taken(trial, most)))


def _taken(trial: Trial, most: int) -> Iterator[str]:
    """What the daemon would keep of the file, and what it would set aside."""
    kinds: tuple[tuple[str, str, Sequence[dict[str, Any]], Callable[[dict[str, Any]], str]], ...] = (
        ("result", "出荷実績", trial.events, _shipment),
        ("parcels", "送り状番号", trial.events, _shipment),
        ("stock", "在庫", trial.stock, _level),
        ("return", "返品", trial.returns, _return),
    )
    for kind, name, found, line in kinds:
        if kind == trial.kind:
            yield from ("", f"取り込まれる{name} {len(found)}件", *(f"  {line(one)}" for one in found[:most]))
            yield from (f"取り込まれない行 {trial.rows_aside}件", *(f"  {words}" for words in trial.aside))
            if trial.noted:
                yield from (
                    f"取り込まれる行への注意 {len(trial.noted)}件",
                    *(f"  {one}" for one in trial.noted),
                )


def _shipment(one: dict[str, Any]) -> str:
    numbers = " ".join(one["tracking"])
    told = f"伝票 {one['slip']} {one['result']} {one['shipped_on']} {one['carrier']} {numbers}"
    return told if one["complete"] else f"{told}（個口 {one['parcels']} のうち一部）"


def _level(one: dict[str, Any]) -> str:
    goods = f"{one['sku']} {one['lot']}".rstrip()
    counts = f"良品 {one['good']} 不良 {one['bad']} 引当 {one['allocated']}"
    return f"{goods} {counts}（{one['warehouse']}、{jst(one['told_at']):%Y-%m-%d %H:%M} 時点）"


def _return(one: dict[str, Any]) -> str:
    what = f"{one['sku']}×{one['quantity']} {one['condition']} {one['reason']}".rstrip()
    return f"返品 {one['return_number']} 伝票 {one['slip_number'] or '不明'} {what} {one['arrived_on']}"
