"""Problems (設定の誤り): what the checker of types found, as sentences with a place and the nearest valid word."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from connector.config.plain_words import of_toml, plainly
from connector.config.sections import ENV_PREFIX, Settings, StageName
from connector.errors import Problem

EXAMPLE = "one of the keys in production.example.toml"
_HEADER = re.compile(r"\s*\[([^\[\]]+)\]")
_ENTRY = re.compile(r"\s*([\w-]+)\s*=")
_FULL_WIDTH = re.compile("[\u3000\u3001\uff01-\uff5e\u2018\u2019\u201c\u201d]")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|#.*")
_LINE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)")


def syntax(path: Path, text: str, error: tomllib.TOMLDecodeError) -> Problem:
    """A file that is no TOML at all."""
    words = str(error)
    place = _LINE.search(words)
    line = int(place[1]) if place and place[1] else len(text.splitlines())
    column = int(place[2]) if place and place[2] else 0
    said = _LINE.sub("", words)
    plain = _twice(text, line) if said == "Cannot overwrite a value" else of_toml(said)
    odd = _FULL_WIDTH.search(_QUOTED.sub(lambda quoted: "x" * len(quoted[0]), _line(text, line)))
    if odd:
        column, plain = odd.start() + 1, f"{odd[0]!r} (U+{ord(odd[0]):04X}) is a full-width character"
    return Problem(str(path), line, column, f"this is not TOML: {plain}")


def _line(text: str, number: int) -> str:
    return text.splitlines()[number - 1] if 0 < number <= len(text.splitlines()) else ""


def _twice(text: str, line: int) -> str:
    """Which key stands there again, and where it stood first."""
    lines = text.splitlines()
    if (entry := _ENTRY.match(_line(text, line))) is None:
        return "a key stands here for the second time"
    words = f"the key {entry[1]} stands here for the second time"
    tables = [header[1] for one in lines[:line] if (header := _HEADER.match(one))]
    keys = [part.strip(" \"'") for part in tables[-1].split(".")] if tables else []
    first, _ = locate(text, [*keys, entry[1]])
    there = _ENTRY.match(_line(text, first))
    return f"{words}; it stood first in line {first}" if there and there[1] == entry[1] else words


def found_in(path: Path, text: str, detail: ErrorDetails) -> Problem:
    """One finding of the type checker. The value of an unknown key is never shown: it may be a secret."""
    keys = [str(part) for part in detail["loc"] if not isinstance(part, int) and part != "[key]"]
    name = ".".join(keys)
    match detail["type"]:
        case "extra_forbidden":
            expected = _near(keys[-1], fields_at(keys[:-1])) or EXAMPLE
            return at(path, text, keys, f"{name}: there is no such key", keys[-1], expected)
        case "missing":
            return at(path, text, keys, f"{name}: this key is missing. {_meaning(keys)}".rstrip(". "))
        case "too_short" if keys == ["shops"]:
            return at(path, text, keys, "there is no shop: write a table [shops.<key>]")
        case "timezone_aware":
            expected = "an offset, as in 2026-11-24T00:00:00+09:00"
            words = f"{name}: this moment does not say in which time zone"
            return at(path, text, keys, words, str(detail["input"]), expected)
        case "literal_error" if "[key]" in detail["loc"]:
            stages = get_args(StageName)
            expected = _near(keys[-1], stages) or "one of " + ", ".join(stages)
            return at(path, text, keys, f"{name}: there is no such stage", keys[-1], expected)
    words = f"{name}: {plainly(detail['type'], detail['msg'], detail.get('ctx', {}))}"
    found = "a table" if isinstance(detail["input"], dict) else str(detail["input"])[:80]
    return at(path, text, keys, words, found)


def at(
    path: Path, text: str, keys: Sequence[str], words: str, found: str = "", expected: str = ""
) -> Problem:
    """A problem at the place of a key: in the environment if it comes from there, else in the file."""
    variable = ENV_PREFIX + "__".join(keys).upper()
    if variable in {name.upper() for name in os.environ}:
        return Problem(f"environment variable {variable}", 0, 0, words, found, expected)
    return Problem(str(path), *locate(text, keys), words, found, expected)


def locate(text: str, keys: Sequence[str]) -> tuple[int, int]:
    """Line and column of a dotted key, or of the nearest table around it; (0, 0) where none stands there."""
    places: dict[tuple[str, ...], tuple[int, int]] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = tuple(part.strip(" \"'") for part in header[1].split("."))
            places.setdefault(table, (number, line.index("[") + 1))
        elif entry := _ENTRY.match(line):
            places.setdefault((*table, entry[1]), (number, line.index(entry[1]) + 1))
    for length in range(len(keys), 0, -1):
        if place := places.get(tuple(keys[:length])):
            return place
    return (0, 0)


def fields_at(keys: Sequence[str]) -> list[str]:
    """The keys that the table at `keys` may have."""
    model = _model_at(keys)
    return list(model.model_fields) if model is not None else []


def _model_at(keys: Sequence[str]) -> type[BaseModel] | None:
    annotation: Any = Settings
    for key in keys:
        model = _model_in(annotation)
        if model is not None:
            annotation = model.model_fields[key].annotation if key in model.model_fields else None
        else:
            annotation = get_args(annotation)[-1] if get_args(annotation) else None  # dict[name, section]
    return _model_in(annotation)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The section that an annotation means: itself, or the one beside None."""
    if getattr(annotation, "__origin__", None) is dict:
        return None
    options = (annotation, *get_args(annotation))
    return next((one for one in options if isinstance(one, type) and issubclass(one, BaseModel)), None)


def _meaning(keys: Sequence[str]) -> str:
    """What a missing key is for, in the words of its field."""
    model = _model_at(keys[:-1])
    described = model.model_fields[keys[-1]].description if model and keys[-1] in model.model_fields else None
    if described:
        return described
    section = _model_at(keys)
    return f"It is a table with {', '.join(section.model_fields)}" if section else ""


def _near(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return close[0] if close else ""
