"""Doctor (接続の診断): `connector next-engine doctor`: whether an order CSV of ours would be taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from connector.commands.options import DEFAULT, Config, Json, Lang, ShopKey
from connector.console import Exit, fail, in_world, show

if TYPE_CHECKING:
    from connector.adapters.next_engine.patterns import Pattern, UploadPatterns
    from connector.wiring import ShopWorld, World

LOOKS, PAUSE = 30, 2.0  # how often, and every how many seconds, the queue is asked about the check
BELIEVED = (-1, 2)


class PatternSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One 受注一括登録パターン. `fits`: of our shop and format. `flagged`: disabled, if the flag reads as it says."""

    id: str
    name: str
    shop_id: str
    format_id: str
    flagged: bool
    fits: bool


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """What was found. `trouble` is empty where an import can go."""

    route: str
    layout: str
    columns: int
    patterns: tuple[PatternSeen, ...]
    chosen: str
    checked: str = ""  # what came of the header-only upload; empty: none was made
    trouble: str = ""


def doctor(
    config: Config = DEFAULT,
    shop: ShopKey = "",
    upload_check: Annotated[
        bool, typer.Option("--upload-check", help="Also upload a CSV of a header and no order.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Yes, make that upload.")] = False,
    json: Json = False,
    lang: Lang = "",
) -> None:
    """Look whether Next Engine would take our order CSV: signed in, and exactly one upload pattern for shop and format.

    The list's disabled flag proves nothing; --upload-check with --yes uploads a header without any order. That opens
    and changes no slip, and locks slips against updates for a moment: not while people work. Exit code 4 for trouble.
    Example: connector next-engine doctor --upload-check --yes
    """
    if upload_check and not yes:
        fail(Exit.USAGE, "--upload-check uploads a CSV without orders to Next Engine; say --yes to do it")

    async def work(world: World) -> Diagnosis:
        return await examine(world, world.shop(shop), upload=upload_check)

    model = in_world(config, work)
    show(model, json, _text(model, lang))
    raise typer.Exit(Exit.FINDINGS if model.trouble else Exit.OK)


async def examine(world: World, one: ShopWorld, *, upload: bool) -> Diagnosis:
    from connector.adapters.next_engine.patterns import UploadPatterns, chosen, fitting
    from connector.errors import Barred
    from connector.mapping import load_csv_writer, load_tables

    section = world.settings.shops[one.shop.key]
    daily, folder = section.import_daily, section.mappings
    header = load_csv_writer(
        folder / f"next_engine/{daily.layout}.yaml", load_tables(folder / "tables")
    ).header
    desk = UploadPatterns(one.session, one.shop.ne_shop_id, daily.format_id)
    listed = await desk.listed()
    fit = fitting(listed, one.shop.ne_shop_id, daily.format_id)
    pattern = trouble = checked = ""
    try:
        pattern = chosen(listed, one.shop.ne_shop_id, daily.format_id).id
    except Barred as error:
        trouble = str(error)
    if upload and pattern:
        checked, trouble = await _checked(world, one, desk, pattern, ",".join(header))
    return Diagnosis(
        route=daily.route,
        layout=daily.layout,
        columns=len(header),
        patterns=tuple(_seen(each, each in fit) for each in listed),
        chosen=pattern,
        checked=checked,
        trouble=trouble if daily.route == "api" else "",
    )


async def _checked(
    world: World, one: ShopWorld, desk: UploadPatterns, pattern: str, header: str
) -> tuple[str, str]:
    """What came of the upload, and the trouble it shows."""
    from connector.errors import Refused

    try:
        que_id = await desk.check(pattern, header)
    except Refused as error:
        return "refused", str(error)
    for _ in range(LOOKS):
        queue = await one.ports.orders.queue(que_id)
        if queue is not None and queue.status in BELIEVED:
            # Either end is as good: the pattern took the file, and there was nothing in it.
            return f"que_id {que_id}: {queue.status} {queue.message}".strip(), ""
        await world.clock.sleep(PAUSE)
    return (
        f"que_id {que_id}",
        f"the queue did not finish the check upload (que_id {que_id}); look in Next Engine",
    )


def _seen(pattern: Pattern, fits: bool) -> PatternSeen:
    return PatternSeen(
        id=pattern.id,
        name=pattern.name,
        shop_id=pattern.shop_id,
        format_id=pattern.format_id,
        flagged=pattern.flagged,
        fits=fits,
    )


def _text(found: Diagnosis, lang: str) -> str:
    ja = lang != "en"
    lines = [f"route {found.route}, layout {found.layout} ({found.columns} {'列' if ja else 'columns'})"]
    for one in found.patterns:
        mark = "*" if one.id == found.chosen else "+" if one.fits else " "
        off = (" 無効の印" if ja else " flagged as disabled") if one.flagged else ""
        lines.append(f"{mark} {one.id} {one.name}  shop {one.shop_id}, format {one.format_id}{off}")
    if found.checked:
        lines.append(f"{'ヘッダーだけのアップロード' if ja else 'header-only upload'}: {found.checked}")
    lines.append(found.trouble or ("問題はありません。" if ja else "No trouble found."))
    return "\n".join(lines)
