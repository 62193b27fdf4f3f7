"""Liquid (テンプレート): the little of the shop's template language that its webhooks are written in (§4).

`{{ path | filter: argument }}`, `{% for x in path %}`, `{% if … %}` with elsif and else, `{% unless %}`, `{%-`
and `-%}`. As the real one: an unknown name is nil, nil prints as nothing, and a quote in a value is printed as it
stands, even inside a JSON text. Dangerous: so the rendered text need not be JSON at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connector.clock import jst
from connector.sandbox.cart.texts import read_datetime

Scope = Mapping[str, Any]
Value = Callable[[Scope], Any]
Part = Callable[[Scope], str]

TOKEN: Final = re.compile(r"(\{\{-?.*?-?\}\}|\{%-?.*?-?%\})", re.DOTALL)
OPERAND: Final = r"'[^']*'|\"[^\"]*\"|[^\s|,:=!<>]+"
FILTER: Final = re.compile(rf"(\w+)\s*(?::\s*((?:{OPERAND})(?:\s*,\s*(?:{OPERAND}))*))?")
COMPARED: Final = re.compile(rf"({OPERAND})(?:\s*(==|!=|<=|>=|<|>|contains)\s*({OPERAND}))?")
FOR: Final = re.compile(r"for\s+(\w+)\s+in\s+(\S+)")
LITERALS: Final = {"nil": None, "null": None, "true": True, "false": False, "blank": "", "empty": ""}


class TemplateError(ValueError):
    """The template cannot be saved; said with its line."""


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template; `render` never fails."""

    parts: tuple[Part, ...]

    @classmethod
    def read(cls, text: str) -> Template:
        """Raises TemplateError where the text is no template."""
        reader = _Reader(_tokens(text))
        parts = reader.block(())
        return cls(tuple(parts))

    def render(self, scope: Scope) -> str:
        return "".join(part(scope) for part in self.parts)


@dataclass(slots=True)
class _Token:
    kind: str  # text, print or tag
    text: str
    line: int


def _tokens(text: str) -> list[_Token]:
    """With the white space that `{%-` and `-%}` swallow gone."""
    pieces, tokens, line = TOKEN.split(text), [], 1
    for place, piece in enumerate(pieces):
        if place % 2:
            tokens.append(_Token("print" if piece[1] == "{" else "tag", piece[2:-2].strip("-").strip(), line))
        else:
            before = pieces[place - 1] if place else ""
            after = pieces[place + 1] if place + 1 < len(pieces) else ""
            plain = piece.lstrip() if before.endswith(("-}}", "-%}")) else piece
            tokens.append(_Token("text", plain.rstrip() if after.startswith(("{{-", "{%-")) else plain, line))
        line += piece.count("\n")
    return tokens


class _Reader:
    """Goes through the tokens once."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens, self._at = tokens, 0
        self._opened = self.ended = _Token("text", "", 1)

    def block(self, ends: tuple[str, ...]) -> list[Part]:
        """Parts until one of the ending tags, which `ended` then says."""
        parts: list[Part] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            if token.kind == "text":
                parts.append(_said(token.text))
            elif token.kind == "print":
                parts.append(_printed(_filtered(token)))
            elif (word := token.text.split(" ", 1)[0]) in ends:
                self.ended = token
                return parts
            else:
                parts.append(self._tag(word, token))
        if ends:
            raise TemplateError(f"line {self._opened.line}: {{% {self._opened.text} %}} has no end")
        return parts

    def _tag(self, word: str, token: _Token) -> Part:
        self._opened = token
        match word:
            case "for":
                return self._for(token)
            case "if" | "unless":
                return self._if(word, token)
            case "comment":
                self.block(("endcomment",))
                return _said("")
        raise TemplateError(f"line {token.line}: no tag {word!r}")

    def _for(self, token: _Token) -> Part:
        found = FOR.fullmatch(token.text)
        if found is None:
            raise TemplateError(f"line {token.line}: {{% {token.text} %}} is not for … in …")
        name, items = found[1], _operand(found[2])
        body = self.block(("endfor",))

        def loop(scope: Scope) -> str:
            found = items(scope)
            rows = list(found) if isinstance(found, list | tuple) else []
            return "".join(
                part({**scope, name: row, "forloop": _place(place, len(rows))})
                for place, row in enumerate(rows)
                for part in body
            )

        return loop

    def _if(self, word: str, token: _Token) -> Part:
        first = _condition(token.text.removeprefix(word), token.line)
        test: Value = (lambda scope: not first(scope)) if word == "unless" else first
        branches: list[tuple[Value, list[Part]]] = []
        while True:
            body = self.block(("elsif", "else", f"end{word}"))
            branches.append((test, body))
            ended = self.ended
            if ended.text == f"end{word}":
                return _chosen(branches)
            condition = ended.text.removeprefix("elsif")
            test = _always if ended.text == "else" else _condition(condition, ended.line)


def _place(place: int, count: int) -> dict[str, Any]:
    return {"index": place + 1, "index0": place, "first": place == 0, "last": place == count - 1}


def _always(scope: Scope) -> bool:
    return True


def _said(text: str) -> Part:
    return lambda scope: text


def _printed(value: Value) -> Part:
    return lambda scope: shown(value(scope))


def _chosen(branches: Sequence[tuple[Value, list[Part]]]) -> Part:
    def choose(scope: Scope) -> str:
        body: list[Part] = next((body for test, body in branches if test(scope)), [])
        return "".join(part(scope) for part in body)

    return choose


def shown(value: Any) -> str:
    """How a value prints: nil as nothing, a list without separators."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "".join(map(shown, value))
    return str(value)


# --- expressions --------------------------------------------------------------------------------------------


def _operand(text: str) -> Value:
    if text[:1] in "'\"":
        return lambda scope: text[1:-1]
    if re.fullmatch(r"-?\d+", text):
        number = int(text)
        return lambda scope: number
    if text in LITERALS:
        return lambda scope: LITERALS[text]
    names = [name for name in re.split(r"[.\[\]]+", text) if name]
    return lambda scope: _walk(scope, names)


def _walk(value: Any, names: Sequence[str]) -> Any:
    for name in names:
        if isinstance(value, Mapping):
            value = value.get(name.strip("'\""))
        elif isinstance(value, list | tuple):
            value = _of_list(value, name)
        else:
            return None
    return value


def _of_list(items: Sequence[Any], name: str) -> Any:
    if name == "size":
        return len(items)
    place = {"first": 0, "last": len(items) - 1}.get(name, int(name) if name.isdigit() else -1)
    return items[place] if 0 <= place < len(items) else None


def _filtered(token: _Token) -> Value:
    first, *rest = re.split(r"\|(?=(?:[^'\"]|'[^']*'|\"[^\"]*\")*$)", token.text)
    value = _operand(first.strip()) if first.strip() else _said("")
    for text in rest:
        found = FILTER.fullmatch(text.strip())
        if found is None or found[1] not in FILTERS:
            raise TemplateError(f"line {token.line}: no filter {text.strip()!r}")
        arguments = [_operand(each) for each in re.findall(OPERAND, found[2] or "")]
        value = _through(FILTERS[found[1]], value, arguments)
    return value


def _through(change: Callable[..., Any], value: Value, arguments: Sequence[Value]) -> Value:
    return lambda scope: change(value(scope), *(argument(scope) for argument in arguments))


def _condition(text: str, line: int) -> Value:
    """`and` and `or` bind from the right, as in Liquid."""
    parts = re.split(r"\s+(and|or)\s+", text.strip(), maxsplit=1)
    found = COMPARED.fullmatch(parts[0].strip())
    if found is None:
        raise TemplateError(f"line {line}: cannot read the condition {text.strip()!r}")
    first = _comparison(*found.groups())
    if len(parts) == 1:
        return first
    rest = _condition(parts[2], line)
    if parts[1] == "and":
        return lambda scope: first(scope) and rest(scope)
    return lambda scope: first(scope) or rest(scope)


def _is_nothing(value: Any) -> bool:
    """Only nil and false are false; 0 and "" are true."""
    return value is None or value is False


def _is_blank(value: Any) -> bool:
    return _is_nothing(value) or value == "" or value == []


def _comparison(left: str, how: str | None, right: str | None) -> Value:
    one = _operand(left)
    if how is None or right is None:
        return lambda scope: not _is_nothing(one(scope))
    other, compare = _operand(right), COMPARE[how]
    blank = right in ("blank", "empty")

    def test(scope: Scope) -> bool:
        value = one(scope)
        if blank:
            return compare(_is_blank(value), True)
        try:
            return compare(value, other(scope))
        except TypeError:
            return False

    return test


COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": lambda one, other: bool(one == other),
    "!=": lambda one, other: bool(one != other),
    "<": lambda one, other: bool(one < other),
    ">": lambda one, other: bool(one > other),
    "<=": lambda one, other: bool(one <= other),
    ">=": lambda one, other: bool(one >= other),
    "contains": lambda one, other: other in one,
}


# --- filters ----------------------------------------------------------------------------------------------------


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _date(value: Any, form: str = "%Y/%m/%d %H:%M:%S") -> Any:
    at = value if isinstance(value, datetime) else read_datetime(str(value or ""))
    return value if at is None else jst(at).strftime(form)


def _default(value: Any, otherwise: Any = "") -> Any:
    return otherwise if _is_blank(value) else value


def _with_delimiter(value: Any) -> Any:
    return f"{value:,}" if isinstance(value, int) else value


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "json": _json,
    "date": _date,
    "default": _default,
    "number_with_delimiter": _with_delimiter,
}
