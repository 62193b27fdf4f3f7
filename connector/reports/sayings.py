"""Sayings (報告の言い方): the names that every format of the report shares."""

from __future__ import annotations

from connector import words
from connector.reports.cases import do_of as case_do_of
from connector.reports.cases import name_of as case_name_of
from connector.reports.changes import do_of, name_of
from connector.reports.goods_back import NAME as RETURN
from connector.reports.goods_back import do_of as return_do_of
from connector.reports.model import Figure, Todo
from connector.words import Text, label


def what(todo: Todo, lang: str) -> str:
    """The name of what a person must do something about."""
    if todo.kind == "change":
        return f"{label('changes', lang)}: {name_of(todo).say(lang)}"
    return _name_of(todo.kind, todo.what).say(lang)


def what_to_do(todo: Todo, lang: str) -> str:
    if todo.kind == "hold":
        return words.REASONS[words.Reason(todo.what)].do.say(lang)
    if todo.kind == "stop":
        return words.STAGES["stop"].means.say(lang)
    if todo.kind == "change":
        return do_of(todo, lang)
    if todo.kind == "case":
        return case_do_of(todo.what).say(lang)
    if todo.kind == "return":
        return return_do_of(todo.what).say(lang)
    if todo.kind == "renewal":
        return words.RENEWALS[todo.what].do.say(lang)
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
    if kind == "return":
        return RETURN
    if kind == "renewal":
        return words.RENEWALS[key].name
    if kind == "case":
        return case_name_of(key)
    return words.FINDINGS[key].word.name
