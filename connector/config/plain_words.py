"""Plain words (設定の誤りの言い方): what the TOML parser and the checker of types mean, without patterns and types.

A closed table by their own words and kinds; what it does not know is told as they say it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TABLE_TWICE = re.compile(r"Cannot declare \((.*?),?\) twice")
_OF_TOML = {
    "Illegal character '\\n'": "the text is not closed: a quotation mark is missing at the end of the line",
    "Invalid value": "this value needs quotation marks, or is no number (true and false are small)",
    "Expected '=' after a key in a key/value pair": "after the name of a key stands =",
    "Expected newline or end of document after a statement": "the value ends here, and more follows: a time or a "
    "text needs quotation marks",
    "Expected ']' at the end of a table declaration": "the name of a table is closed by ]",
    "Unclosed array": "a list was opened by [ and is never closed by ]",
    "Unescaped '\\' in a string": "a backslash is written twice, or the text in single quotation marks",
}
_BY_TYPE = {
    "tuple_type": 'must be a list: write ["..."]',
    "list_type": 'must be a list: write ["..."]',
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "string_type": "must be a text in quotation marks",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "path_type": "must be the name of a file or folder in quotation marks",
    "time_type": 'must be a time of day, as in "14:00"',
}
_BY_PATTERN = {
    r"^https?://": "must begin with https:// or http://",
    r"^\d+$": "must be a number, digits only, in quotation marks",
    r"^\d{3}-?\d{4}$": "must be a postal code, as in 100-0001",
    r"^[ -~]+$": "must have half-width letters, digits and signs only",
    r"^[a-z0-9_]+$": "must have small half-width letters, digits and _ only",
}


def of_toml(said: str) -> str:
    """A sentence of the TOML parser, its place left out."""
    if again := _TABLE_TWICE.fullmatch(said):
        name = ".".join(part.strip(" '\"") for part in again[1].split(","))
        return f"the table [{name}] stands here for the second time"
    return _OF_TOML.get(said, said)


def plainly(kind: str, said: str, facts: Mapping[str, Any]) -> str:
    """A finding of the checker of types."""
    own = said.replace("Input should", "should", 1)
    if kind == "string_pattern_mismatch":
        return _BY_PATTERN.get(str(facts.get("pattern")), own)
    return _BY_TYPE.get(kind, own)
