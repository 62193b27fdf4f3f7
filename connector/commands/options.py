"""Options (共通の指定): what several commands take, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT = Path("config/sandbox.toml")


def known_language(lang: str) -> str:
    if lang not in ("", "ja", "en"):
        raise typer.BadParameter(f"{lang!r} is neither ja nor en")
    return lang


Config = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="CONNECTOR_CONFIG", help="The TOML file with the settings."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
ShopKey = Annotated[str, typer.Option("--shop", help="The shop's key; needed where there are several.")]
Lang = Annotated[
    str,
    typer.Option("--lang", help="ja or en; the settings' language by default.", callback=known_language),
]
Why = Annotated[str, typer.Option("--reason", "-r", help="Why; it stands in the history.")]
