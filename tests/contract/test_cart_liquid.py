"""Liquid: the part of the template language that a shop's webhooks are written in (spec/ecforce.md §4)."""

from __future__ import annotations

from typing import Any

import pytest
from connector.sandbox.cart.liquid import Template, TemplateError

ORDER: dict[str, Any] = {
    "number": "4120000e17",
    "total": 6050,
    "point": 0,
    "tbc": False,
    "remark": None,
    "state": "complete",
    "completed_at": "2026/11/25 10:12:30",
    "labels": "VIP,見本",
    "address": {"name01": '見本"ギフト"'},
    "items": [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 2}],
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("", ""),
        ("ただの文字 { } %", "ただの文字 { } %"),
        ("{{ order.number }}", "4120000e17"),
        ("{{order.total}}/{{ order.point }}/{{ order.tbc }}", "6050/0/false"),
        ("[{{ order.remark }}{{ order.none }}{{ none.of.it }}]", "[]"),
        ('"{{ order.address.name01 }}"', '"見本"ギフト""'),
        ("{{ order.address.name01 | json }}", '"見本\\"ギフト\\""'),
        ("{{ order.remark | json }} {{ order.items.first | json }}", 'null {"sku": "A", "quantity": 1}'),
        ("{{ order.remark | default: 'なし' }} {{ order.point | default: 9 }}", "なし 0"),
        ("{{ order.completed_at | date: '%Y-%m-%d' }} {{ order.remark | date: '%Y' }}", "2026-11-25 "),
        ("{{ order.total | number_with_delimiter }}円", "6,050円"),
        ("{{ order.remark | default: 'a|b' }}", "a|b"),
        ("{{ order.items.size }} {{ order.items[1].sku }} {{ order.items.last.sku }}", "2 B B"),
        ("{{ 'x' }}{{ 3 }}{{ nil }}{{ true }}", "x3true"),
        ("{% for i in order.items %}{{ i.sku }}{% unless forloop.last %},{% endunless %}{% endfor %}", "A,B"),
        ("{% for i in order.items %}{{ forloop.index }}{{ forloop.first }} {% endfor %}", "1true 2false "),
        ("{% for i in order.none %}x{% endfor %}", ""),
        ("{% if order.tbc %}a{% elsif order.total > 6000 %}b{% else %}c{% endif %}", "b"),
        ("{% if order.point %}0 is true in Liquid{% endif %}", "0 is true in Liquid"),
        ("{% if order.remark == blank %}空{% endif %}{% if order.number != blank %}有{% endif %}", "空有"),
        ("{% if order.labels contains 'VIP' and order.state == 'complete' %}y{% endif %}", "y"),
        ("{% if order.total < 'x' or order.point >= 0 %}y{% endif %}", "y"),
        ("{% if order.total > 1 %}{% if order.tbc %}a{% else %}b{% endif %}{% endif %}", "b"),
        ("{% comment %}nobody {{ reads }} this{% endcomment %}x", "x"),
        ("a  {{- 'b' -}}  c\n{%- if true -%} d {%- endif %}", "abcd"),
    ],
)  # fmt: skip
def test_it_renders(template: str, text: str) -> None:
    assert Template.read(template).render({"order": ORDER}) == text


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{% for i of x %}{% endfor %}", "line 1: {% for i of x %} is not for … in …"),
        ("a\n{% if x %}b", "line 2: {% if x %} has no end"),
        ("{% endif %}", "line 1: no tag 'endif'"),
        ("\n\n{% dream %}", "line 3: no tag 'dream'"),
        ("{{ x | upcase }}", "line 1: no filter 'upcase'"),
        ("{% if a b c %}{% endif %}", "line 1: cannot read the condition 'a b c'"),
    ],
)
def test_what_is_no_template_is_refused_with_its_line(template: str, words: str) -> None:
    with pytest.raises(TemplateError) as refused:
        Template.read(template)
    assert str(refused.value) == words
