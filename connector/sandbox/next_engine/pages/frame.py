"""Frame (枠): the head, the tabs and the look that all pages share; everything people wrote is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from urllib.parse import quote

from connector.sandbox.next_engine.screens import TABS

NO_TAB = "タブなし"
OFFICE = "設定・記録"
STYLE = (
    ":root{--ink:#1f2933;--line:#d5dbe1;--pale:#f4f6f8;--blue:#1a5fb4}"
    "*{box-sizing:border-box}body{font:14px/1.5 'Noto Sans JP','Hiragino Sans',Meiryo,sans-serif;margin:0;"
    "color:var(--ink);background:#fff}a{color:var(--blue)}"
    "header{background:#23395b;color:#fff;padding:.6rem 1.2rem;display:flex;flex-wrap:wrap;gap:.4rem 1.5rem;"
    "align-items:center}header form,header label{align-items:center}"
    "header h1{font-size:1.05rem;margin:0}header p{margin:0;opacity:.85;font-size:.85rem}"
    "header form{margin-left:auto;display:flex;gap:.3rem}"
    "nav{display:flex;flex-wrap:wrap;border-bottom:2px solid var(--blue);padding:.5rem 1rem 0;gap:.2rem}"
    "nav a{padding:.35rem .7rem;border:1px solid var(--line);border-bottom:0;border-radius:5px 5px 0 0;"
    "text-decoration:none;background:var(--pale);color:var(--ink)}nav a b{margin-left:.3rem;color:var(--blue)}"
    "nav a[aria-current]{background:var(--blue);color:#fff}nav a[aria-current] b{color:#fff}"
    "main{padding:1rem 1.2rem;max-width:82rem}h2{font-size:1.1rem;margin:.2rem 0 .6rem}"
    "h3{font-size:.95rem;margin:1.2rem 0 .4rem}table{border-collapse:collapse;width:100%}"
    "th,td{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top;"
    "font-size:.86rem}th{background:var(--pale);white-space:nowrap}.facts th{width:9.5rem}td.n{text-align:right}"
    ".wide{overflow-x:auto}.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(24rem,1fr));"
    "gap:0 1.5rem}.acts{display:flex;flex-wrap:wrap;gap:.5rem}.acts form{border:1px solid var(--line);"
    "border-radius:5px;padding:.4rem .6rem;background:var(--pale);display:flex;flex-wrap:wrap;gap:.35rem;"
    "align-items:center}input,select,button{font:inherit;padding:.15rem .4rem;max-width:14rem}"
    "input[type=number]{width:5.5rem}button{background:var(--blue);color:#fff;border:0;border-radius:4px;"
    "padding:.25rem .7rem;cursor:pointer;white-space:nowrap;max-width:none}label{font-size:.82rem}"
    ".told{padding:.4rem .8rem;border-left:4px solid #26794a;background:#e9f6ee}"
    ".told.bad{border-color:#b3261e;background:#fdecea}.state{background:#e8eef7;border-radius:4px;"
    "padding:.05rem .45rem;font-size:.85rem;font-weight:normal;margin-left:.6rem}"
)


def page(
    title: str,
    company: str,
    now: str,
    counts: Mapping[str, int],
    body: str,
    *,
    current: str = "",
    told: str = "",
    error: str = "",
) -> str:
    """A whole page. `counts` by tab; `told` and `error` are what the last act came to."""
    tabs = [*TABS, NO_TAB]
    links = "".join(_tab(name, counts.get(name, 0), current=name == current) for name in tabs)
    here = ' aria-current="page"' if current == OFFICE else ""
    notice = f'<p class="told">{escape(told)}</p>' if told else ""
    notice += f'<p class="told bad" role="alert">{escape(error)}</p>' if error else ""
    return (
        f'<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
        f"<header><h1>{escape(company)} 受注一覧（見本環境）</h1><p>{escape(now)} 現在</p>"
        '<form action="/" role="search"><label for="q">受注番号・伝票番号</label>'
        '<input id="q" name="q" required><button>探す</button></form></header>'
        f'<nav>{links}<a href="/office"{here}>{OFFICE}</a></nav><main>{notice}{body}</main></body></html>'
    )


def table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are HTML already: `cell` makes them of text."""
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    lines = "".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    return f'<div class="wide"><table><tr>{titles}</tr>{lines}</table></div>' if lines else "<p>なし</p>"


def cell(text: object, *, number: bool = False) -> str:
    shown = "" if text is None else escape(str(text))
    return f'<td class="n">{shown}</td>' if number else f"<td>{shown}</td>"


def slip_link(number: object) -> str:
    return f'<td><a href="/slips/{quote(str(number))}">{escape(str(number))}</a></td>'


def sign_in_form(error: str | None = None) -> str:
    """The login screen for a browser that is not signed in."""
    button = '<form method="post"><p>見本 花子 としてログインします。</p><button>ログイン</button></form>'
    body = f'<p class="told bad">{escape(error)}</p>' if error else button
    return (
        f'<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>ログイン</title>'
        f"<style>{STYLE}</style></head><body><header><h1>ネクストエンジン（見本環境） ログイン</h1></header>"
        f"<main>{body}</main></body></html>"
    )


def _tab(name: str, count: int, *, current: bool) -> str:
    here = ' aria-current="page"' if current else ""
    return f'<a href="/?tab={quote(name)}"{here}>{escape(name)}<b>{count}</b></a>'
