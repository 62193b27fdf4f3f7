"""Sayings (報告の言い方): the names that every format of the report shares."""

from __future__ import annotations

from connector import words
from connector.reports.model import Figure, Todo
from connector.words import Text, label


def what(todo: Todo, lang: str) -> str:
    """The name of what a person must do something about."""
    return _name_of(todo.kind, todo.what).say(lang)


def what_to_do(todo: Todo, lang: str) -> str:
    if todo.kind == "hold":
        return words.REASONS[words.Reason(todo.what)].do.say(lang)
    if todo.kind == "stop":
        return words.STAGES["stop"].means.say(lang)
    return words.FINDINGS[todo.what].word.do.say(lang)


def figure_value(figure: Figure, value: float | None, lang: str) -> str:
    """A figure's value in its unit; unknown is a word."""
    if value is None:
        return words.count(None, lang)
    if figure.unit == "permille":
        return f"{value / 10:.1f}%"
    if value != int(value):
        return f"{value:,.1f}" + ("件" if lang == "ja" else "")
    return words.count(int(value), lang)


def lamp_name(key: str, lang: str) -> str:
    return label(key, lang) if key == "stops_open" else words.FINDINGS[key].word.name.say(lang)


def _name_of(kind: str, key: str) -> Text:
    if kind == "hold":
        return words.REASON_NAMES[key]
    if kind == "stop":
        return words.STAGES["stop"].name
    return words.FINDINGS[key].word.name
