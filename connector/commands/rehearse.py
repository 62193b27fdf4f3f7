"""Rehearse (リハーサル): `connector sandbox`, `demo` and `bench`: nothing real is contacted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.commands.options import Json
from connector.console import finish, names, show


def sandbox(
    cart: str = "127.0.0.1:9101",
    next_engine: str = "127.0.0.1:9102",
    smtp: str = "127.0.0.1:9103",
    sftp: str = "127.0.0.1:9104",
    imap: str = "127.0.0.1:9105",
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
    faults: Annotated[str, typer.Option(help="Faults by name, separated by commas.")] = "",
    speed: Annotated[float, typer.Option(help="How much faster than the wall time runs.")] = 1.0,
    start: Annotated[str, typer.Option(help="When the town's time begins; now by default.")] = "",
) -> None:
    """Run the town alone (cart, Next Engine, mail and mailbox, warehouse) on loopback until SIGTERM.

    Prints its addresses and credentials as one JSON line.
    Example: connector sandbox --speed 60 --orders-per-day 500
    """
    from connector.rehearsal import town_alone

    finish(
        lambda: town_alone(
            addresses={"cart": cart, "next_engine": next_engine, "smtp": smtp, "sftp": sftp, "imap": imap},
            secrets_dir=secrets_dir,
            folder=folder,
            orders_per_day=orders_per_day,
            subscriptions=subscriptions,
            seed=seed,
            faults=names(faults),
            speed=speed,
            start=start,
            next_engine_tls=next_engine_tls,
        )
    )


def demo(
    days: Annotated[int, typer.Option(min=1, max=31)] = 2,
    orders_per_day: Annotated[int, typer.Option(min=1, max=20_000)] = 120,
    seed: int = 7,
    faults: Annotated[str, typer.Option(help="Faults by name, separated by commas.")] = "",
    leave: Annotated[bool, typer.Option("--exit", help="Do not stay with the page open.")] = False,
    json: Json = False,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps everything.")] = Path("var/demo"),
    seconds_per_day: Annotated[
        float, typer.Option(help="Wall seconds a day should take at least; 0: as fast as it goes.")
    ] = -1.0,
    port: Annotated[int, typer.Option(help="Port of the page; 0 takes a free one.")] = 8710,
) -> None:
    """Two business days of one shop in about two minutes: the town, the page, the morning report.

    Example: connector demo --days 2 --orders-per-day 200 --seed 7 --exit --json
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
            )
        )
    )


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="10,000 and 100,000 orders, once each.")] = False,
    sizes: Annotated[str, typer.Option(help="Numbers of orders, separated by commas.")] = "",
    mail: Annotated[bool, typer.Option("--mail", help="Only the mails; needs postfix and root.")] = False,
    json: Json = False,
) -> None:
    """Orders per second and peak memory of ingest, store, map and CSV, and of a night of renewals; mails per second.

    Each size runs in a fresh process. The mails go to a postfix of its own on loopback, where one is installed.

    Example: connector bench --quick
    """
    from connector.bench import mail_line, measure, measure_mail, measure_nights, night_line, table

    if mail:
        sent = measure_mail()
        show({"mail": sent}, json, mail_line(sent))
        return

    chosen = [int(size) for size in names(sizes)] or (
        [10_000, 100_000] if quick else [10_000, 50_000, 100_000]
    )
    results, nights, sent = measure(chosen), measure_nights(), measure_mail()
    lines = (table(results), night_line(nights), mail_line(sent))
    show({"sizes": results, "nights": nights, "mail": sent}, json, "\n".join(lines))
