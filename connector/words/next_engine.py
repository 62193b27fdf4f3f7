"""Next Engine (接続の状態): the operators' words for its sign-in and for what the contract counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.words.text import Term, Text

SIGN_IN_STATES: dict[str, Term] = {
    "signed_in": Term(
        Text("サインイン済み", "Signed in"),
        Text("認証は自動で更新されます。", "The tokens rotate by themselves."),
    ),
    "never": Term(
        Text("未サインイン", "Not signed in yet"),
        Text("まだ誰もサインインしていません。", "Nobody has signed in yet."),
    ),
    "needed": Term(
        Text("再サインインが必要", "A sign-in is needed"),
        Text(
            "認証が切れました。人がサインインするまで、ネクストエンジンに関わる工程は止まります。",
            "The tokens have ended. What needs Next Engine stands still until a person signs in.",
        ),
    ),
}

PAGE: dict[str, Text] = {
    "state": Text("状態", "State"),
    "account": Text("アカウント", "Account"),
    "signed_in_as": Text("サインインした人", "Signed in as"),
    "company": Text("会社", "Company"),
    "signed_in_at": Text("サインイン", "Signed in"),
    "rotated_at": Text("最後の更新", "Last rotation"),
    "access_until": Text("アクセストークンの期限", "Access token until"),
    "refresh_until": Text("更新できる期限", "Refresh token until"),
    "month": Text("月", "Month"),
    "requests": Text("リクエスト", "Requests"),
    "megabytes": Text("MB", "MB"),
    "of": Text("契約", "Contract"),
    "expected": Text("月末の見込み", "By month's end"),
    "used": Text("使用", "Used"),
    "go": Text("ネクストエンジンでサインインする", "Sign in at Next Engine"),
    "going": Text("ネクストエンジンのサインイン画面へ進みます。", "On the way to Next Engine's sign-in."),
    "go_by_hand": Text("進まないときはここを押してください", "Follow this link if nothing happens"),
    "done": Text("サインインしました", "Signed in"),
    "not_done": Text("サインインできませんでした", "Not signed in"),
    "ask_title": Text("このサインインを使いますか", "Use this sign-in?"),
    "ask": Text(
        "この戻りは、この画面のボタンから始めたものではありません。ネクストエンジンのメニューからアプリを開いた方だけ、"
        "下のボタンを押してください。心当たりがなければ何もせず閉じてください。何も変わりません。",
        "This return was not begun by the button of this page. Press below only if you have opened the app from "
        "Next Engine's own menu; otherwise close the page, and nothing is changed.",
    ),
    "use": Text("この認証を使う", "Use it"),
    "foreign": Text(
        "知らない、または使い終わった戻りです。何も変えていません。もう一度サインインのボタンから始めてください。",
        "An unknown return, or one that was used already. Nothing was changed: begin again with the button.",
    ),
    "incomplete": Text(
        "ネクストエンジンからの戻りに uid と state がありません。何も変えていません。",
        "The return from Next Engine lacks uid and state. Nothing was changed.",
    ),
    "listening": Text(
        "この端末で戻りを待っています（最長5分）。ブラウザで次のアドレスを開いてサインインしてください。",
        "Waiting here for the return, five minutes at most. Open this address in a browser and sign in:",
    ),
    "open": Text(
        "ブラウザで次のアドレスを開いてサインインしてください。",
        "Open this address in a browser and sign in:",
    ),
    "page_takes_it": Text(
        "常駐中の画面 {page} の「ネクストエンジン」からサインインすると、戻りもその画面が受け取ります。",
        "The running pages take the answer: sign in from Next Engine at {page}.",
    ),
    "nobody_takes_it": Text(
        "戻り先 {back} を受け取るには --listen を付けるか、戻りの uid と state を --uid --state で渡してください。",
        "To take the answer at {back} add --listen, or hand over its uid and state with --uid and --state.",
    ),
}


def who(uid: str, company: str, lang: str) -> str:
    """Whose tokens we carry."""
    if not uid:
        return "（引き継いだ認証）" if lang == "ja" else "(tokens taken over)"
    if not company:
        return uid
    return f"{company} の {uid}" if lang == "ja" else f"{uid} of {company}"


def budget_sentence(used: Mapping[str, Any], lang: str) -> str:
    """今月のAPI 812回 (契約 1,000回の81%)…, from requests, most_requests, bytes, most_bytes, expected_requests."""
    requests, most, expected = used["requests"], used["most_requests"], used.get("expected_requests")
    size, most_size = megabytes(used["bytes"]), megabytes(used["most_bytes"])
    if lang == "ja":
        contract = f"（契約 {most:,}回の{100 * requests // most}%）" if most else ""
        limit = f"（契約 {most_size} MB）" if used["most_bytes"] else ""
        ahead = f"このペースでは月末に{expected:,}回の見込み。" if expected is not None else ""
        return f"今月のネクストエンジンAPI {requests:,}回{contract}、{size} MB{limit}。{ahead}"
    contract = f" ({100 * requests // most} % of {most:,})" if most else ""
    limit = f" of {most_size}" if used["most_bytes"] else ""
    ahead = f" At this pace {expected:,} by the month's end." if expected is not None else ""
    return f"Calls to Next Engine this month: {requests:,}{contract}, {size}{limit} MB.{ahead}"


def megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f}" if size % 1_000_000 else f"{size // 1_000_000:,}"
