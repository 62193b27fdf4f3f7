"""Trial (読み方の確認の文言): what `connector wms` says beside the mapping's own sentences."""

from __future__ import annotations

from connector.words.goods_returns import CONDITIONS
from connector.words.places import RESULTS
from connector.words.text import Text

TRIAL: dict[str, Text] = {
    "nothing": Text("このファイルからは何も取り込みません。", "Nothing is taken from this file."),
    "file": Text("{file}: 文字コード {encoding}、{rows}行", "{file}: encoding {encoding}, {rows} rows"),
    "columns": Text("列", "Columns"),
    "at": Text("{column}列目", "column {column}"),
    "absent": Text("このファイルにはありません", "not in this file"),
    "unused": Text("使わない列 {words}", "unused column {words}"),
    "assumed": Text("列がないので、みなすこと", "Taken for granted, because no column says it"),
    "total": Text("合計の行なので取り込まない行 {words}", "Left out as the total line: {words}"),
    "rows": Text("行", "Rows"),
    "row": Text("{line}行目", "line {line}"),
    "more": Text(
        "ほかに読める行が {count}行あります (--rows)", "{count} more rows can be read (--rows)"
    ),
    "taken": Text("取り込まれる{what} {count}件", "Would be booked: {what} {count}"),
    "aside": Text("取り込まれない行 {count}件", "Rows not booked: {count}"),
    "noted": Text("取り込まれる行への注意 {count}件", "Remarks on rows that are booked: {count}"),
    "result": Text("出荷実績", "shipments"),
    "parcels": Text("送り状番号", "tracking numbers"),
    "stock": Text("在庫", "stock levels"),
    "return": Text("返品", "returns"),
    "receipt": Text("受付結果", "receipts"),
    "shipment": Text(
        "伝票 {slip} {result} {shipped_on} {carrier} {numbers}",
        "slip {slip} {result} {shipped_on} {carrier} {numbers}",
    ),
    "part": Text("（個口 {parcels} のうち一部）", " (a part of {parcels} parcels)"),
    "level": Text(
        "{goods} 良品 {good} 不良 {bad} 引当 {allocated}（{warehouse}、{at} 時点）",
        "{goods} good {good} damaged {bad} allocated {allocated} ({warehouse}, as of {at})",
    ),
    "came_back": Text(
        "返品 {number} 伝票 {slip} {what} {arrived_on}", "return {number} slip {slip} {what} {arrived_on}"
    ),
    "unknown": Text("不明", "unknown"),
    "answer": Text("{file}: 受付 {accepted}件", "{file}: {accepted} accepted"),
    "answer_refused": Text("エラー {count}件", "{count} refused"),
    "answer_slip": Text("伝票 {slip}: {words}", "slip {slip}: {words}"),
    "answer_file": Text(
        "{file}: ファイルごとエラー（{words}）", "{file}: the whole file was refused ({words})"
    ),
    "no_answer": Text(
        "読めない行があるので、この受付結果からは何も取り込みません",
        "a row cannot be read, so nothing is taken from this receipt",
    ),
    # what is taken for granted
    "no_result": Text(
        "実績区分 (result) の列がないので、どの行も「{name}」({value}) とみなします。"
        "取消や出荷不可の行があるファイルなら、result の列を書いてください",
        "no column result: every row counts as {name} ({value}). Where the file has rows of cancelled or unshippable "
        "slips, write that column",
    ),
    "blank_result": Text(
        "実績区分 (result) が空欄の行は「出荷」(shipped) とみなします", "a row with a blank result counts as shipped"
    ),
    "carrier": Text(
        "運送会社 (carrier) の列がないので、どの行も {value} とみなします。"
        "ほかの運送会社でも送るなら、carrier の列を書いてください",
        "no column carrier: every row counts as {value}. Where others carry too, write that column",
    ),
    "no_carrier": Text(
        "運送会社 (carrier) の列がないので、カートには注文の配送業者で返します",
        "no column carrier: the cart is told the carrier of the order",
    ),
    "shipped_on": Text(
        "出荷日 (shipped_on) の列がないので、読んだ日を出荷日とみなします",
        "no column shipped_on: the day of reading counts as the day of shipping",
    ),
    # refusals
    "kind": Text("--kind {found} はありません。あるのは {known} です", "there is no kind {found}; known: {known}"),
    "day": Text(
        "--on {found} は日付ではありません。2026-11-24 のように書きます",
        "--on {found} is no day; write it as 2026-11-24",
    ),
    "no_profile": Text(
        "倉庫の設定「{name}」がありません ({folder})。あるのは {known} です{near}",
        "there is no profile {name} in {folder}; known: {known}{near}",
    ),
    "near": Text("。もしかして「{near}」ですか", "; did you mean {near}?"),
    "api": Text(
        "{name} は API でつなぐ倉庫の設定なので、読むファイルがありません",
        "{name} holds the settings of a warehouse's API; no files are read for it",
    ),
    "reads_none": Text(
        "{name} の設定には、{kind} のファイルの読み方がありません。読めるのは {known} です",
        "{name} reads no {kind} files; it reads {known}",
    ),
    "no_file": Text("ファイルがありません: {file}", "there is no such file: {file}"),
    "no_plain_file": Text("フォルダは読めません。ファイルを一つ書いてください: {file}", "a folder, not a file: {file}"),
    "unreadable": Text("ファイルを開けません: {file} ({why})", "the file cannot be opened: {file} ({why})"),
    "no_rights": Text("読む権限がありません", "permission denied"),
    "no_mappings": Text(
        "--mappings {folder} というフォルダがありません。tables と wms のあるフォルダを書いてください",
        "--mappings: there is no folder {folder}; name the one with the mappings (where tables and wms lie)",
    ),
}  # fmt: skip


def say(key: str, lang: str, **facts: object) -> str:
    return TRIAL[key].say(lang).format(**facts)


def called(word: str, lang: str) -> str:
    """A result or a condition as operators call it; what no table knows as it stands."""
    names = {str(key): text for key, text in RESULTS.items()} | CONDITIONS
    return names[word].say(lang) if word in names else word
