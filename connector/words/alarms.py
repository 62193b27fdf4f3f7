"""Alarms (警報): for each kind its name, what it means for goods and money, and what to do; and its facts in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from connector.words.figures import clock_time, moment
from connector.words.next_engine import SIGN_IN_STATES, budget_sentence
from connector.words.preflights import totals_sentence, waits_sentence
from connector.words.stage_stops import silent_sentence, stopped_sentence
from connector.words.text import Text

Facts = Mapping[str, Any]


class AlarmWord(NamedTuple):
    name: Text
    means: Text
    do: Text


def _out(name: Text, means: Text) -> AlarmWord:
    do = Text(
        "相手側の障害情報と、こちらの接続設定・資格情報を確認してください。復旧すると自動で再開します。",
        "Look for a notice of their side, and check address and credentials; it goes on by itself once it answers.",
    )
    return AlarmWord(name, means, do)


ALARMS: dict[str, AlarmWord] = {
    "intake_silent": AlarmWord(
        Text("受注メールが新規受付に届いていません", "Order mails do not reach 新規受付"),
        Text(
            "通知済みの受注の伝票が作られず、このままでは本取込にも出荷にも入りません。"
            "警報中は様子見の1通ずつだけを送り、ほかの受注の通知は見合わせます。",
            "No slips open for announced orders: they would never be imported or shipped. "
            "Meanwhile only one mail at a time goes out to see; all other orders wait.",
        ),
        Text(
            "ネクストエンジンの受注メール取込設定（取込用アドレス、テンプレート、停止中でないか）を確かめ、"
            "アドレスが変わっていれば設定の mail.recipient を直してください。"
            "1通でも届くと警報は解け、待っている受注は確認のうえ通知します。",
            "Check the mail intake of Next Engine: its address, its template, whether it is switched on. If the "
            "address changed, correct mail.recipient. The alarm ends with the first mail that arrives; "
            "what waited is then looked at and announced.",
        ),
    ),
    "sign_in": AlarmWord(
        Text("ネクストエンジンへのサインインが必要です", "Next Engine needs a sign-in"),
        Text(
            "新規受付の確認、本取込、伝票の追跡、出荷指示の記録、出荷確定が止まっています。"
            "カートの取込、倉庫の実績の受け取り、完了反映は続いています。",
            "Looking for slips, importing, following and confirming stand still. "
            "Reading the cart, fetching results and completing go on.",
        ),
        Text(
            "画面の「ほか › ネクストエンジン」でサインインのボタンを押してください。サインインすると自動で再開します。",
            "Open More › Next Engine and press the sign-in button; everything goes on by itself afterwards.",
        ),
    ),
    "budget_near": AlarmWord(
        Text("ネクストエンジンAPIの利用が契約の80%に達しました", "80 % of the contract's calls are used"),
        Text(
            "契約の回数・容量を超えると従量の料金がかかります。処理は止めません。",
            "Beyond the contract every call costs. Nothing is held back.",
        ),
        Text(
            "見込みが契約を超えるなら、follow_slips などの間隔 (rhythm_minutes) を延ばすか、契約を見直してください。",
            "If the forecast is beyond the contract, lengthen rhythm_minutes (follow_slips first) or the contract.",
        ),
    ),
    "budget_over": AlarmWord(
        Text("ネクストエンジンAPIの利用が契約を超えました", "The contract's calls are used up"),
        Text(
            "今月の残りの利用には従量の料金がかかります。処理は止めません。",
            "The rest of the month costs by the call. Nothing is held back.",
        ),
        Text(
            "follow_slips などの間隔 (rhythm_minutes) を延ばすか、契約を見直してください。",
            "Lengthen rhythm_minutes (follow_slips first), or the contract.",
        ),
    ),
    "preflight_waits": AlarmWord(
        Text("受注CSVが取込前確認で止まっています", "The order CSV waits for a look"),
        Text(
            "件数や金額がこの曜日のいつもの範囲から大きく外れています。期限まで、この取込時刻の受注は本取込されません。",
            "Its figures are far outside what this weekday's files were; until the deadline nothing of it is imported.",
        ),
        Text(
            "「取込前確認」の画面で内訳を確かめ、正しければ解放、誤りなら見合わせてください。",
            "Look at it on the page of checks before imports, then release it or keep it back.",
        ),
    ),
    "import_totals": AlarmWord(
        Text("本取込の合計がネクストエンジンと合いません", "The import does not tie with Next Engine"),
        Text(
            "取り込んだ受注の金額または件数が、送った受注CSVと違います。",
            "Count or sum of what was imported differs from the order CSV that was sent.",
        ),
        Text(
            "示された受注の伝票の金額をネクストエンジンで確かめてください。手で直した伝票なら、そのままで構いません。",
            "Look at the slips of these orders in Next Engine; where somebody corrected one by hand, all is well.",
        ),
    ),
    "stage_stopped": AlarmWord(
        Text("工程が自分で止まりました", "A stage stopped itself"),
        Text(
            "件数などがいつもの範囲から大きく外れたため、判断があるまでその分を進めません。",
            "Its figures are far outside what is usual; nothing of it goes on before somebody decides.",
        ),
        Text(
            "「一時停止」の画面で件数を確かめ、正しければ進め、誤りなら見合わせてください。",
            "Look at the figures on the page of self-stops, then let it go on or keep it back.",
        ),
    ),
    "receipt_silent": AlarmWord(
        Text("倉庫から受付結果が届きません", "The warehouse does not answer instructions"),
        Text(
            "出荷指示が倉庫に届いたか分からず、その伝票は印刷済みになりません。確認できるまで送り直しません。",
            "Nobody knows whether the warehouse has these slips; they stay 印刷待ち and nothing is sent again.",
        ),
        Text(
            "示されたファイルを受け取ったか倉庫に確認してください。受付結果が届けば自動で進みます。",
            "Ask the warehouse whether it has the files named; it goes on by itself once the answer comes.",
        ),
    ),
    "mappings_unused": AlarmWord(
        Text("直した変換設定が使われていません", "Changed mappings are not in use"),
        Text(
            "変換設定（mappings）に誤りがあるため、直す前の設定のまま動き続けています。"
            "このまま再起動すると、起動できないことがあります。",
            "The changed files (mappings) do not hold together, so all goes on by those of before. "
            "A restart may fail.",
        ),
        Text(
            "connector check を実行し、示されたファイルの行をすべて直してください。"
            "保存すれば自動で使われ、警報は解けます。",
            "Run connector check and mend every line it names; once saved the files are used and this ends.",
        ),
    ),
    "outage_cart": _out(
        Text("カートにつながりません", "The cart does not answer"),
        Text(
            "新しい受注と変更・取消が取り込まれていません。",
            "New orders, changes and cancels are not taken in.",
        ),
    ),
    "outage_next_engine": _out(
        Text("ネクストエンジンにつながりません", "Next Engine does not answer"),
        Text(
            "新規受付の確認、本取込、伝票の追跡、出荷確定が止まっています。",
            "Looking for slips, importing, following and confirming stand still.",
        ),
    ),
    "outage_mail": _out(
        Text("メールサーバへ送れません", "The mail server takes no mail"),
        Text(
            "受注の通知メールを送れず、新規受付に伝票が作られません。",
            "Orders cannot be announced, so no slips open for them.",
        ),
    ),
    "outage_mailbox": _out(
        Text("受信メールボックスを読めません", "The mailbox cannot be read"),
        Text("不達の知らせに気づくのが遅れます。", "Bounces are noticed late."),
    ),
    "outage_warehouse": _out(
        Text(
            "倉庫につながらないか、混み合っていて受け付けません",
            "The warehouse does not answer, or is too busy",
        ),
        Text(
            "出荷指示を渡せず、出荷実績も届きません。",
            "Instructions cannot be handed over, nor results fetched.",
        ),
    ),
}


ALARM_LABELS = {
    "nav_waiting": Text("未取込・印刷待ち前", "Not there yet"),
    "waiting_groups": Text(
        "まだCSVに入っていない・印刷待ちになっていない受注", "Orders not in the CSV or not print-ready yet"
    ),
    "nav_alarms": Text("警報", "Alarms"),
    "alarms": Text("警報", "Alarms"),
    "alarms_none": Text("いま出ている警報はありません。", "No alarm is open."),
    "alarms_past": Text("これまでの警報", "Earlier alarms"),
    "alarm_close": Text("原因を直したので閉じる", "The cause is mended: close"),
    "alarm_opened_at": Text("発生", "Began"),
    "alarm_closed_at": Text("解消", "Ended"),
    "alarm_since": Text("事象の始まり", "Since"),
    "alarm_facts": Text("状況", "Facts"),
}


def alarm_facts(kind: str, evidence: Facts, now: datetime, lang: str) -> str:
    """Since when, how much, and what the other side said: one sentence."""
    return _FACTS.get(kind, _plain)(evidence, now, lang)


def _plain(evidence: Facts, now: datetime, lang: str) -> str:
    said, since = str(evidence.get("words", "")), evidence.get("since")
    if not since:
        return said
    at = clock_time(datetime.fromisoformat(str(since)), now, lang)
    begun = f"{at}から。" if lang == "ja" else f"Since {at}."
    return f"{begun}{'' if lang == 'ja' else ' '}{said}".strip()


def _silent(evidence: Facts, now: datetime, lang: str) -> str:
    at = clock_time(datetime.fromisoformat(evidence["since"]), now, lang)
    last = evidence.get("last_arrived_at")
    arrived = moment(datetime.fromisoformat(last), lang) if last else ("なし" if lang == "ja" else "never")
    first = evidence["numbers"][0] if evidence["numbers"] else "-"
    if lang == "ja":
        return (
            f"{at}以降に通知した {evidence['orders']}件（最初は {first}）が届いていません。"
            f"通知を見合わせている受注 {evidence['waiting']}件。最後に届いたのは {arrived}。"
        )
    return (
        f"{evidence['orders']} announced since {at} (the first is {first}) have not arrived; "
        f"{evidence['waiting']} orders wait. The last one arrived: {arrived}."
    )


def _sign_in(evidence: Facts, now: datetime, lang: str) -> str:
    state = SIGN_IN_STATES[evidence["state"]].name.say(lang)
    since = evidence.get("since")
    at = clock_time(datetime.fromisoformat(since), now, lang) if since else ""
    begun = (f"（{at}から）" if lang == "ja" else f" (since {at})") if at else ""
    return f"{evidence['account']}: {state}{begun}"


def _unused(evidence: Facts, now: datetime, lang: str) -> str:
    said, more = _plain(evidence, now, lang), int(evidence.get("more", 0))
    if not more:
        return said
    return f"{said}（ほか {more}件）" if lang == "ja" else f"{said} (and {more} more)"


_FACTS: dict[str, Callable[[Facts, datetime, str], str]] = {
    "preflight_waits": waits_sentence,
    "import_totals": totals_sentence,
    "intake_silent": _silent,
    "sign_in": _sign_in,
    "mappings_unused": _unused,
    "stage_stopped": stopped_sentence,
    "receipt_silent": silent_sentence,
    "budget_near": lambda evidence, _now, lang: budget_sentence(evidence, lang),
    "budget_over": lambda evidence, _now, lang: budget_sentence(evidence, lang),
}
