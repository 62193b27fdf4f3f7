"""Kept strays (迷子の文): what the ledger keeps of what came in and fits nothing, in English. See `kept.py`."""

from __future__ import annotations

STRAY_SENTENCES: dict[str, str] = {
    # results that fit no slip of ours, spec/wms.md §7.4
    "この出荷指示番号の伝票はありません。": "There is no slip of this number.",
    "この伝票は倉庫へ出荷指示していません。": "We never handed this slip to the warehouse.",
    "出荷日 {day} が未来です。": "The ship day {day} lies ahead.",
    "出荷数が指示数を超えています。": "More was shipped than was asked for.",
    "出荷指示番号 {slip}・": "Slip {slip}, ",
    "実績番号 {id}: ": "result {id}: ",
    "送り状番号 {number}: ": "tracking number {number}: ",
    "この行は取り込みません。": "This row is not taken in.",
    "この実績は取り込みません。": "This shipment is not taken in.",
    "実績は取り込みました。": "The shipment was taken in.",
    "正しくは: {expected}。": "It should be: {expected}.",
    "例: {expected}。": "For example: {expected}.",
    "同じ実績に読めない行があります。": "Another row of the same shipment cannot be read.",
    "同じ伝票に読めない行があります。この伝票の番号は取り込みません。": (
        "Another row of the same slip cannot be read: its numbers are not taken in."
    ),
    "一つの送り状番号が複数の出荷指示番号にあります。": "One tracking number stands at several slips.",
    "同じ実績番号の行で「{header}」が違います。": 'Rows of the same result differ in "{header}".',
    "「出荷日」が先の日付です（{day}）。": "The ship day lies ahead ({day}).",
    "「出荷日」が{days}日より前です（{day}）。": "The ship day is more than {days} days ago ({day}).",
    "明細行がありません。": "It has no line of goods.",
    "「行番号」が負の数です。": "The line number is negative.",
    "個口行に「送り状番号」がありません。": "A parcel's row has no tracking number.",
    "「送り状番号」がありません。": "It has no tracking number.",
    "個口行の「個口番号」と「個口総数」が合いません。": "The parcel's number and the number of parcels do not fit.",
    "明細行に「商品コード」か「出荷数」がありません。": "A line of goods lacks its SKU or its quantity.",
    "当店の伝票番号の形でない出荷が倉庫にあります。ほかの連携や手作業の出荷とみなし、取り込みません。": (
        "The warehouse has shipments whose numbers are no slip numbers of this shop: taken for those of others or "
        "made by hand, and not taken in."
    ),
    "送り状番号が表計算ソフトで壊れています": "A spreadsheet has damaged the tracking number",
    "送り状番号の検査数字が合いません": "The check digit of the tracking number is wrong",
    "送り状番号が一つの欄に二つ以上あります": "Several tracking numbers stand in one field",
    "送り状番号の形ではありません": "That is no tracking number",
    # news of stock and returns
    "「倉庫コード」がこの倉庫（{here}）のものではありません（{there}）。": (
        "The warehouse code is not this warehouse's ({here}) but {there}."
    ),
    "「時点」が先の時刻です（{at}）。": "Its time lies ahead ({at}).",
    "「入荷日」が先の日付です（{day}）。": "The day of its arrival lies ahead ({day}).",
    "「出荷指示番号」が伝票番号の形ではありません（{number}）。": "That is no slip number ({number}).",
    "「{field}」が負の数です（{number}）。": '"{field}" is negative ({number}).',
    "「{field}」が大きすぎます（{number}）。": '"{field}" is too large ({number}).',
    "「数量」が 0 です。": "The quantity is 0.",
    "同じ商品とロットの行が二つあり、数が違います。": "Two rows of the same goods and lot have different numbers.",
    "同じ返品番号の行に、違う出荷指示番号があります。": "Rows of the same return speak of different slips.",
    "どの行も取り込めません: ": "No row can be taken in: ",
    # files
    "倉庫の接続仕様 (profile.yaml の names) のどの名前にも合わないため、読まずに残しています。"
    "出荷実績なら、決めた名前で置き直してもらうか、names を直してください。"
    "関係のないファイルなら、フォルダから取り除いてください。": (
        "It fits no name of the warehouse's profile (names in profile.yaml), and was left unread. If it is a result "
        "file, have it laid there under its agreed name, or mend names. If it has nothing to do with us, take it away."
    ),
    "ほかの荷主または倉庫コードの名前のファイルが、引き取られずに残っています。{own} 宛てではないため読みません。"
    "当社の出荷実績なら、正しいコードの名前で置き直してもらってください。"
    "ほかの荷主や倉庫のものなら、そのままで構いません。": (
        "A file with the codes of another shipper or warehouse was not fetched by anybody. It is not for {own} and is "
        "not read. If it is a result file of ours, have it laid there under the right codes; if it is theirs, leave it."
    ),
    "倉庫の受付結果ですが、返事を待っているファイルではありません: ": (
        "It is a receipt of the warehouse, and answers no file that we wait for: "
    ),
    "倉庫の受付結果のようですが、読めません: ": "It looks like a receipt of the warehouse and cannot be read: ",
    "受付結果のフォルダにありますが、接続仕様 (profile.yaml) の受付結果の名前に合わないため読んでいません。": (
        "It lies among the receipts and was not read: its name is no receipt's of the warehouse's profile."
    ),
    "どのファイルへの返事か、倉庫に確かめてください。"
    "別の仕組みが同じコードで指示を送っていれば、二重出荷になります。": (
        "Ask the warehouse which file it answers. If another system sends instructions under the same codes, goods "
        "ship twice."
    ),
    " は受付 {n}件": ": {n} accepted",
    "・エラー {n}件": ", {n} refused",
    " はファイルごとエラー": ": refused as a whole",
    "人の判断で、このファイルは取り込みませんでした。": "A person decided not to take this file in.",
    "マーカー (.ok) と内容が一致しないため error フォルダへ移しました。倉庫に再送を依頼してください": (
        "Its marker (.ok) says otherwise: it was moved to the error folder. Ask the warehouse to send it again"
    ),
    "ファイルが大きすぎるため読みません": "The file is too large to be read",
    "完了CSVの取込結果フォルダに、こちらの完了CSVの結果ではないファイルがあります": (
        "Among the results of our completion CSVs lies a file that is none of theirs"
    ),
    "取込結果を読み取れません: ": "The import result cannot be read: ",
    "受注を読み取れません: ": "The order cannot be read: ",
    "定期受注を読み取れません: ": "The subscription cannot be read: ",
    # mails with results
    " のメール「{subject}」({sent}) の添付 {file} は取り込みません: {why}。": (
        ': the attachment {file} of the mail "{subject}" ({sent}) is not taken in: {why}.'
    ),
    " のメール「{subject}」({sent}) は取り込みません: {why}。": (
        ': the mail "{subject}" ({sent}) is not taken in: {why}.'
    ),
    "差出人不明": "Unknown sender",
    "（件名なし）": "(no subject)",
    "日付なし": "no date",
    "大きすぎるため取得していません": "too large to be fetched",
    "メールとして読めません": "it cannot be read as a mail",
    "差出人 {sender} は許可された送信元ではありません": "the sender {sender} is none of those allowed",
    "電子署名 (DKIM) の検証に通っていません": "its signature (DKIM) did not pass",
    "電子署名のドメイン {domains} は許可されたものではありません": "it is signed by {domains}, which is not allowed",
    "電子署名が本文の一部にしか及びません (l=)": "its signature covers only a part of it (l=)",
    "受信サーバーの検証結果 (Authentication-Results) がありません": (
        "the receiving server's verdict (Authentication-Results) is not in it"
    ),
    "当社の受信サーバー {server} の検証結果ではありません": "the verdict is not that of our receiving server {server}",
    "ヘッダー {name} が二つあります": "the header {name} stands in it twice",
    "ヘッダー {name} が長すぎて、終わりまで読めません": "the header {name} is too long to be read to its end",
    "署名なし": "none",
}

FILE_SENTENCES: dict[str, str] = {
    # what a refused file is
    "Excel のブック (.xlsx) です。": "It is an Excel workbook (.xlsx).",
    "古い Excel のブック (.xls) か、パスワードの付いたブックです。": "An old Excel workbook, or one with a password.",
    "ZIP の書庫です。中の CSV をそのまま置いてもらってください": "A ZIP archive: have the CSV in it laid there",
    "PDF です。": "It is a PDF.",
    "gzip で圧縮されています。": "It is compressed with gzip.",
    "CSV で保存し直したファイルを置いてもらってください": "Have it saved as CSV and laid there",
    "HTML のページ (ログインやエラーの画面) です。見出し行のある CSV を置いてもらってください": (
        "It is an HTML page (of a login or an error): have a CSV with a header laid there"
    ),
    "中身がすべて NUL (0x00) {count} バイトです。": "It is nothing but {count} bytes of NUL (0x00).",
    "終わりが NUL (0x00) {count} バイトです。": "It ends in {count} bytes of NUL (0x00).",
    "書き込みか転送が途中で切れています。もう一度置いてもらってください": (
        "Writing or sending it broke off: have it laid there again"
    ),
    "設定は {declared} なので、設定を encoding: {found} に直してください": (
        "The profile says {declared}: write encoding: {found} in it"
    ),
    " のファイルです。": ": this is the encoding of the file.",
    "読めるのは Shift_JIS と UTF-8 だけなので、どちらかで保存してもらってください": (
        "Only Shift_JIS and UTF-8 can be read: have it saved as one of them"
    ),
    "1行目が見出しではないようです": "The first line does not seem to be a header",
    "見出し行は {line} 行目にあります。{before}を書き出さないようにしてもらってください": (
        "The header stands in line {line}: have it written without what stands before it ({before})"
    ),
    "タブで区切られています。": "It is separated by tabs.",
    "コンマで区切られています。": "It is separated by commas.",
    "見出しを読むには、設定に delimiter: {name} と書いてください": "To read it write delimiter: {name} in the profile",
    "セミコロン (;) で区切られています。見出しの間をコンマかタブにしてもらってください": (
        "It is separated by semicolons: have it written with commas or tabs"
    ),
    "見出し{names}がありません": "Missing headings: {names}",
    "のことなら、設定の also: に足してください": "? Then add it to also: in the profile",
    "設定にない見出し: ": "Headings that the profile does not know: ",
    "見出し行がありません": "There is no header",
}
"""Why a file is refused whole, as `mapping` says it."""
