"""Rehearse (リハーサル): `connector sandbox`, `demo` and `bench`: nothing real is contacted."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from connector.commands.options import Json
from connector.console import finish, names, show


def _known_warehouse(kind: str) -> str:
    from connector.sandbox.town.ways import WAYS

    return _among(WAYS, kind)


def _known_faults(text: str) -> str:
    from connector.sandbox.faults import KNOWN

    for name in names(text):
        _among(KNOWN, name)
    return text


def _among(known: Collection[str], name: str) -> str:
    if name not in known:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(known)}")
    return name


Faults = Annotated[str, typer.Option(help="Faults by name, separated by commas.", callback=_known_faults)]
Warehouse = Annotated[
    str,
    typer.Option(
        metavar="KIND",
        help="How the warehouse is spoken to: sftp, folder, mail, openlogi, logiless or logizard.",
        callback=_known_warehouse,
    ),
]


def sandbox(
    cart: str = "127.0.0.1:9101",
    next_engine: str = "127.0.0.1:9102",
    smtp: str = "127.0.0.1:9103",
    sftp: str = "127.0.0.1:9104",
    imap: str = "127.0.0.1:9105",
    warehouse_api: str = "127.0.0.1:9106",
    next_engine_tls: Annotated[
        bool,
        typer.Option(
            "--next-engine-tls", help="Serve Next Engine in TLS, also under its own two host names."
        ),
    ] = False,
    secrets_dir: Annotated[
        Path | None, typer.Option(help="Also write tokens and passwords there, one file each.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where the town's warehouse keeps its files.")] = Path(
        "var/town"
    ),
    orders_per_day: Annotated[int, typer.Option(min=0)] = 200,
    subscriptions: Annotated[
        int, typer.Option(min=0, help="Subscriptions with a past of up to a year; 3000 is a real shop.")
    ] = 0,
    seed: int = 0,
    faults: Faults = "",
    speed: Annotated[float, typer.Option(help="How much faster than the wall time runs.")] = 1.0,
    start: Annotated[str, typer.Option(help="When the town's time begins; now by default.")] = "",
    warehouse: Warehouse = "sftp",
) -> None:
    """Run the town alone (cart, Next Engine, mail and mailbox, warehouse) on loopback until SIGTERM.

    Prints its addresses and credentials as one JSON line.
    Example: connector sandbox --speed 60 --orders-per-day 500 --warehouse openlogi
    """
    from connector.rehearsal import town_alone

    finish(
        lambda: town_alone(
            addresses={
                "cart": cart,
                "next_engine": next_engine,
                "smtp": smtp,
                "sftp": sftp,
                "imap": imap,
                "warehouse_api": warehouse_api,
            },
            secrets_dir=secrets_dir,
            folder=folder,
            orders_per_day=orders_per_day,
            subscriptions=subscriptions,
            seed=seed,
            faults=names(faults),
            speed=speed,
            start=start,
            next_engine_tls=next_engine_tls,
            warehouse=warehouse,
        )
    )


def demo(
    days: Annotated[int, typer.Option(min=1, max=31)] = 2,
    orders_per_day: Annotated[int, typer.Option(min=1, max=20_000)] = 120,
    seed: int = 7,
    faults: Faults = "",
    leave: Annotated[bool, typer.Option("--exit", help="Do not stay with the page open.")] = False,
    json: Json = False,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps everything.")] = Path("var/demo"),
    seconds_per_day: Annotated[
        float, typer.Option(help="Wall seconds a day should take at least; 0: as fast as it goes.")
    ] = -1.0,
    port: Annotated[int, typer.Option(help="Port of the page; 0 takes a free one.")] = 8710,
    warehouse: Warehouse = "sftp",
) -> None:
    """Two business days of one shop in about two minutes: the town, the page, the morning report.

    Example: connector demo --days 2 --orders-per-day 200 --seed 7 --exit --json
    Another warehouse: connector demo --warehouse openlogi --faults wms-busy,wms-lost-reply
    """
    from connector.rehearsal import run_demo

    pace = seconds_per_day if seconds_per_day >= 0 else (0.0 if leave else 60.0)
    raise typer.Exit(
        finish(
            lambda: run_demo(
                days=days,
                orders_per_day=orders_per_day,
                seed=seed,
                faults=names(faults),
                leave=leave,
                as_json=json,
                folder=folder,
                seconds_per_day=pace,
                port=port,
                warehouse=warehouse,
            )
        )
    )


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="10,000 and 100,000 orders, once each.")] = False,
    sizes: Annotated[str, typer.Option(help="Numbers of orders, separated by commas.")] = "",
    mail: Annotated[bool, typer.Option("--mail", help="Only the mails; needs postfix and root.")] = False,
    results: Annotated[
        bool, typer.Option("--results", help="Only the warehouse's results; needs pandas.")
    ] = False,
    json: Json = False,
) -> None:
    """Orders per second and peak memory of ingest, store, map and CSV, and of a night of renewals; mails per second.

    Each size runs in a fresh process. The mails go to a postfix of its own on loopback, where one is installed.
    --results books a result file of 10,000 and of 100,000 rows, beside pandas scripts that do the same; needs 3 GB of
    disk and 2 GB of memory for a few minutes. With --quick 10,000 rows once.

    Example: connector bench --quick
    """
    from connector import bench as measured

    if mail:
        sent = measured.measure_mail()
        show({"mail": sent}, json, measured.mail_line(sent))
        return
    if results:
        rows = [int(size) for size in names(sizes)] or measured.RESULT_ROWS[: 1 if quick else None]
        booked = measured.measure_results(rows, 1 if quick else measured.RESULT_ROUNDS)
        show({"results": booked}, json, measured.results_lines(booked))
        return

    chosen = [int(size) for size in names(sizes)] or (
        [10_000, 100_000] if quick else [10_000, 50_000, 100_000]
    )
    orders, nights, sent = measured.measure(chosen), measured.measure_nights(), measured.measure_mail()
    lines = (measured.table(orders), measured.night_line(nights), measured.mail_line(sent))
    show({"sizes": orders, "nights": nights, "mail": sent}, json, "\n".join(lines))
