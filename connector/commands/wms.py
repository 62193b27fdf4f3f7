"""Warehouse profiles (倉庫の設定づくり): `connector wms new` and `connector wms try`. Neither contacts anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.clock import at_jst, jst
from connector.commands.options import Json, known_language
from connector.console import Exit, fail, show
from connector.words.kept import kept
from connector.words.trial import called, say

if TYPE_CHECKING:
    from connector.adapters.wms.trial import Trial

app = typer.Typer(no_args_is_help=True, help="Warehouse profiles: a new one, and how it reads a real file.")

Folder = Annotated[
    Path | None, typer.Option("--mappings", help="The folder with the mappings; those in use by default.")
]
Lang = Annotated[str, typer.Option("--lang", help="ja or en; Japanese by default.", callback=known_language)]
Name = Annotated[str, typer.Argument(help="The profile: the folder's name below mappings/wms.")]


@app.command()
def new(
    name: Name,
    like: Annotated[str, typer.Option(help="Copy this profile instead of the plain skeleton.")] = "",
    mappings: Folder = None,
    json: Json = False,
    lang: Lang = "",
) -> None:
    """Write the skeleton of a profile: profile.yaml, instruction.yaml, result.yaml, with comments to edit by.

    Never overwrites. As written it passes `connector check`. No Python is needed for a warehouse that speaks files.
    Example: connector wms new my-warehouse --like yupri
    """
    from connector.config import shipped_mappings
    from connector.errors import Misconfigured
    from connector.mapping.skeleton import write_skeleton

    folder = mappings or shipped_mappings()
    if not folder.is_dir():
        fail(Exit.USAGE, say("no_mappings", lang, folder=folder))
    folder /= "wms"
    try:
        written = write_skeleton(folder, name, like)
    except Misconfigured as error:
        fail(Exit.INVALID, str(error))
    paths = [str(path) for path in written]
    show({"profile": name, "files": paths}, json, "\n".join(paths))


@app.command("try")
def try_(
    name: Name,
    file: Annotated[Path, typer.Argument(help="A real file of the warehouse.")],
    kind: Annotated[str, typer.Option(help="Or parcels, stock, return, receipt, instruction.")] = "result",
    rows: Annotated[int, typer.Option(min=0, help="How many good lines are printed; bad ones all are.")] = 20,
    on: Annotated[str, typer.Option(help="As if read on this day, 2026-11-24; today by default.")] = "",
    warehouse: Annotated[str, typer.Option(help="The shop's 倉庫コード; the profile's by default.")] = "",
    mappings: Folder = None,
    json: Json = False,
    lang: Lang = "",
) -> None:
    """Show how a real file would be read, line by line, and what would be booked. Touches nothing.

    Told first: what no column says and is taken for granted of every row. Names and addresses are masked,
    and every column that the profile does not name.
    Exit code 3 where the file is refused whole, 4 where a line is.
    Example: connector wms try my-warehouse 実績_20261124.csv
    Example: connector wms try my-warehouse STOCK_20261124.csv --kind stock
    """
    from dataclasses import asdict

    from connector.adapters.wms.mappings import load_mappings
    from connector.adapters.wms.trial import KINDS, readers_of, try_file
    from connector.config import shipped_mappings
    from connector.errors import Misconfigured
    from connector.mapping import load_tables

    if kind not in KINDS:
        fail(Exit.USAGE, say("kind", lang, found=kind, known=", ".join(KINDS)))
    root, now = mappings or shipped_mappings(), _moment(on, lang)
    _known_profile(root, name, lang)
    _openable(file, lang)
    own = {"warehouse_code": warehouse} if warehouse else {}
    try:
        loaded = load_mappings(root / "wms" / name, load_tables(root / "tables"), own)
        trial = try_file(loaded, kind, file, now)
    except Misconfigured as error:
        fail(Exit.CONFIG, str(error))
    except KeyError:
        known = ", ".join(one for one, reader in readers_of(loaded).items() if reader is not None)
        fail(Exit.USAGE, say("reads_none", lang, name=name, kind=kind, known=known))
    assumed = tuple(say(key, lang, value=value, name=called(value, lang)) for key, value in trial.assumed)
    show(asdict(trial) | {"assumed": assumed}, json, _text(trial, assumed, rows, lang))
    raise typer.Exit(Exit.INVALID if trial.refused else Exit.OK if trial.clean else Exit.FINDINGS)


def _moment(on: str, lang: str) -> datetime:
    from connector.clock import SystemClock

    try:
        return at_jst(date.fromisoformat(on), 23, 59) if on else SystemClock().now()
    except ValueError:
        fail(Exit.USAGE, say("day", lang, found=on))


def _known_profile(root: Path, name: str, lang: str) -> None:
    """The profile is there, and files are read for it."""
    from connector.mapping import speaks_by_api
    from connector.mapping.document import nearest

    profile = root / "wms" / name / "profile.yaml"
    if not profile.exists():
        known = sorted(path.parent.name for path in (root / "wms").glob("*/profile.yaml"))
        close = nearest(name, known)
        near = say("near", lang, near=close) if close else ""
        words = ", ".join(known) or "-"
        fail(Exit.CONFIG, say("no_profile", lang, name=name, folder=root / "wms", known=words, near=near))
    if speaks_by_api(profile):
        fail(Exit.USAGE, say("api", lang, name=name))


def _openable(file: Path, lang: str) -> None:
    if file.is_dir():
        fail(Exit.USAGE, say("no_plain_file", lang, file=file))
    try:
        file.open("rb").close()
    except FileNotFoundError:
        fail(Exit.USAGE, say("no_file", lang, file=file))
    except OSError as error:
        why = say("no_rights", lang) if isinstance(error, PermissionError) else error.strerror
        fail(Exit.USAGE, say("unreadable", lang, file=file, why=why))


def _text(trial: Trial, assumed: Sequence[str], most: int, lang: str) -> str:
    if trial.refused:
        return f"{say('nothing', lang)}\n{kept(trial.refused, lang)}"
    head = say("file", lang, file=trial.file, encoding=trial.encoding, rows=len(trial.rows))
    lines = [head, "", say("columns", lang)]
    lines += [
        f"  {one.name} → {one.key}: "
        + (say("at", lang, column=one.column) if one.column else say("absent", lang))
        for one in trial.columns
    ]
    lines += [f"  {say('unused', lang, words=words)}" for words in trial.unused]
    if assumed:
        lines += ["", say("assumed", lang), *(f"  ! {words}" for words in assumed)]
    lines += ["", say("total", lang, words=trial.left_out)] if trial.left_out else []
    lines += ["", say("rows", lang)]
    good = 0
    for row in trial.rows:
        good += not row.problems
        if row.problems or good <= most:
            values = " ".join(f"{key}={value}" for key, value in row.values.items())
            lines.append(f"  {say('row', lang, line=row.line)} {values}")
        lines += [f"    ! {words}" for words in (*row.problems, *row.remarks)]
    if good > most:
        lines.append(f"  {say('more', lang, count=good - most)}")
    return "\n".join((*lines, *_taken(trial, most, lang)))


def _taken(trial: Trial, most: int, lang: str) -> Iterator[str]:
    """What the daemon would keep of the file, and what it would set aside."""
    kinds: dict[str, tuple[Sequence[dict[str, Any]], Callable[[dict[str, Any], str], str]]] = {
        "result": (trial.events, _shipment),
        "parcels": (trial.events, _shipment),
        "stock": (trial.stock, _level),
        "return": (trial.returns, _return),
        "receipt": (trial.answers, _answer),
    }
    if trial.kind not in kinds:
        return
    found, line = kinds[trial.kind]
    yield from ("", say("taken", lang, what=say(trial.kind, lang), count=len(found)))
    yield from (f"  {line(one, lang)}" for one in found[:most])
    if trial.kind == "receipt":
        yield from () if found else (f"  {say('no_answer', lang)}",)
        return
    yield from (
        say("aside", lang, count=trial.rows_aside),
        *(f"  {kept(words, lang)}" for words in trial.aside),
    )
    if trial.noted:
        yield from (
            say("noted", lang, count=len(trial.noted)),
            *(f"  {kept(one, lang)}" for one in trial.noted),
        )


def _shipment(one: dict[str, Any], lang: str) -> str:
    facts = one | {"result": called(one["result"], lang), "numbers": " ".join(one["tracking"])}
    part = "" if one["complete"] else say("part", lang, parcels=one["parcels"])
    return say("shipment", lang, **facts) + part


def _level(one: dict[str, Any], lang: str) -> str:
    goods, at = f"{one['sku']} {one['lot']}".rstrip(), f"{jst(one['told_at']):%Y-%m-%d %H:%M}"
    return say("level", lang, **one, goods=goods, at=at)


def _return(one: dict[str, Any], lang: str) -> str:
    condition = called(one["condition"], lang)
    what = f"{one['sku']}×{one['quantity']} {condition} {one['reason']}".rstrip()
    slip = one["slip_number"] or say("unknown", lang)
    return say(
        "came_back", lang, number=one["return_number"], slip=slip, what=what, arrived_on=one["arrived_on"]
    )


def _answer(one: dict[str, Any], lang: str) -> str:
    """What was said of one file of ours."""
    if one["file_refused"]:
        return say("answer_file", lang, file=one["file"], words=one["file_refused"])
    head = say("answer", lang, file=one["file"], accepted=len(one["accepted"]))
    if not one["refused"]:
        return head
    head += f", {say('answer_refused', lang, count=len(one['refused']))}"
    slips = (say("answer_slip", lang, slip=slip, words=words) for slip, words in one["refused"].items())
    return "\n    ".join((head, *slips))
