"""Templates of the pages: what a template sets must not hide what a page hands over under the same name."""

from __future__ import annotations

import ast
from pathlib import Path

from connector.web import frame
from jinja2 import Environment, nodes

WEB = Path(frame.__file__).parent
READER = Environment(autoescape=True)


def test_the_frame_of_every_page_sets_no_name() -> None:
    assert names_set("base.html") == set()


def test_no_template_sets_a_name_that_its_page_hands_over() -> None:
    handed = handed_over()
    assert {"q", "found", "first", "more"} <= handed["orders.html"]
    for template, names in handed.items():
        assert names_set(template) & names == set(), template


def names_set(template: str) -> set[str]:
    tree = READER.parse((WEB / "templates" / template).read_text("utf-8"))
    return {node.target.name for node in tree.find_all(nodes.Assign) if isinstance(node.target, nodes.Name)}


def handed_over() -> dict[str, set[str]]:
    """Template → the names in every call of `view.page` for it."""
    found: dict[str, set[str]] = {}
    for path in WEB.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "page"
            ):
                template = ast.literal_eval(node.args[0])
                found.setdefault(template, set()).update(word.arg for word in node.keywords if word.arg)
    return found
