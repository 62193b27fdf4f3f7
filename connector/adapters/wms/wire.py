"""Wire names of the warehouse file profile generic-sftp-v1 (倉庫ファイル連携): columns and codes, data only.

Adapter and sandbox share this alphabet and nothing else. Sources: spec/wms.md, chapter given at each table.
A column's place in its tuple is its place in the file: never sort these tuples.
"""

from __future__ import annotations

from typing import Final

# §7.1
ENCODING: Final = "cp932"
FOLDER_IN: Final = "to_wms/in"
FOLDER_ACK: Final = "to_wms/ack"
FOLDER_OUT: Final = "from_wms/out"
FOLDER_ARCHIVE: Final = "from_wms/archive"
FOLDER_ERROR: Final = "from_wms/error"
FOLDERS: Final = (FOLDER_IN, FOLDER_ACK, FOLDER_OUT, FOLDER_ARCHIVE, FOLDER_ERROR)

# §7.2
KIND_ORDER: Final = "SHIPORD"  # 出荷指示
KIND_CANCEL: Final = "SHIPCAN"  # 取消依頼
KIND_ACK: Final = "SHIPACK"  # 受付結果
KIND_RESULT: Final = "SHIPRES"  # 出荷実績
KIND_STOCK: Final = "STOCK"  # 在庫
KIND_RETURN: Final = "RETURN"  # 返品
FILE_NAME: Final = "{kind}_{tenant}_{warehouse}_{stamp}_{sequence:06d}.csv"
FILE_NAME_PATTERN: Final = (
    r"(?P<kind>[A-Z]+)_(?P<tenant>[A-Za-z0-9]+)_(?P<warehouse>[A-Za-z0-9]+)"
    r"_(?P<stamp>\d{14})_(?P<sequence>\d{6})\.csv"
)
ACK_NAME: Final = "SHIPACK_{name}"  # {name} = the answered file, Resolutions 7
ACK_NAME_SHORT: Final = "SHIPACK_{rest}"  # {rest} = the answered name without its kind
STAMP_FORMAT: Final = "%Y%m%d%H%M%S"
MARKER_SUFFIX: Final = ".ok"
MARKER_LINE: Final = "rows={rows};bytes={bytes};sha256={sha256}"
MARKER_PATTERN: Final = r"rows=(?P<rows>\d+);bytes=(?P<bytes>\d+);sha256=(?P<sha256>[0-9a-f]{64})"
TEMPORARY_SUFFIXES: Final = (".tmp", ".part", ".filepart", ".incomplete")

DATE_FORMAT: Final = "%Y%m%d"
INSTANT_FORMAT: Final = "%Y/%m/%d %H:%M:%S"  # JST

# §7.3
SHIPORD_COLUMNS: Final = (
    "データ区分",
    "出荷指示番号",
    "改訂番号",
    "行番号",
    "受注番号",
    "店舗コード",
    "倉庫コード",
    "出荷予定日",
    "お届け希望日",
    "時間帯コード",
    "運送会社コード",
    "温度帯",
    "代引金額",
    "代引消費税",
    "個口数",
    "届先郵便番号",
    "届先都道府県",
    "届先市区町村",
    "届先町番地",
    "届先建物",
    "届先会社名",
    "届先部署名",
    "届先名",
    "届先カナ",
    "届先電話",
    "依頼主郵便番号",
    "依頼主住所",
    "依頼主建物",
    "依頼主名",
    "依頼主電話",
    "依頼主コード",
    "商品コード",
    "商品名",
    "数量",
    "単価",
    "税率",
    "ロット指定",
    "納品書同梱",
    "ギフト区分",
    "送り状記事",
    "倉庫備考",
    "保留フラグ",
    "行数",
)
# The columns that belong to one line; all others repeat on every row of the slip.
SHIPORD_LINE_COLUMNS: Final = ("行番号", "商品コード", "商品名", "数量", "単価", "税率", "ロット指定")
SHIPORD_OPTIONAL: Final = frozenset(
    {
        "お届け希望日",
        "代引消費税",
        "届先建物",
        "届先会社名",
        "届先部署名",
        "届先カナ",
        "依頼主建物",
        "依頼主コード",
        "単価",
        "税率",
        "ロット指定",
        "送り状記事",
        "倉庫備考",
    }
)
# In half-width units (one full-width character = 2), §5.1.
SHIPORD_WIDTHS: Final = {
    "出荷指示番号": 15,
    "受注番号": 30,
    "店舗コード": 10,
    "倉庫コード": 10,
    "届先都道府県": 8,
    "届先市区町村": 24,
    "届先町番地": 32,
    "届先建物": 32,
    "届先会社名": 50,
    "届先部署名": 50,
    "届先名": 32,
    "届先カナ": 50,
    "届先電話": 15,
    "依頼主郵便番号": 8,
    "依頼主住所": 64,
    "依頼主建物": 32,
    "依頼主名": 32,
    "依頼主電話": 15,
    "依頼主コード": 20,
    "商品コード": 30,
    "商品名": 100,
    "ロット指定": 30,
    "送り状記事": 44,
    "倉庫備考": 200,
}
DATA_NEW: Final = "1"  # データ区分
TEMPERATURES: Final = {"0": "常温", "1": "冷蔵", "2": "冷凍"}
TAX_RATES: Final = ("10", "8")
QUANTITY_MAX: Final = 9999
YES: Final = "1"
NO: Final = "0"

# §7.4
SHIPACK_COLUMNS: Final = (
    "元ファイル名",
    "行数",
    "受付区分",
    "出荷指示番号",
    "行番号",
    "エラーコード",
    "エラー内容",
    "処理日時",
)
ACCEPTED: Final = "A"
REFUSED: Final = "R"
DUPLICATE: Final = "D"
FILE_ROW: Final = "*FILE*"
SLIP_LINE: Final = "0"  # 行番号 of a row about the whole slip, of a parcel row, of a file row

SHIPCAN_COLUMNS: Final = ("出荷指示番号", "取消理由コード", "依頼日時")
CANCEL_REASONS: Final = {
    "CUST": "お客様都合",
    "PAY": "決済不備",
    "DUP": "重複注文",
    "ADDR": "住所不備",
    "OTHER": "その他",
}

SHIPRES_COLUMNS: Final = (
    "実績番号",
    "出荷指示番号",
    "行番号",
    "実績区分",
    "出荷日",
    "運送会社コード",
    "送り状番号",
    "個口番号",
    "個口総数",
    "商品コード",
    "出荷数",
    "ロット",
    "賞味期限",
    "理由コード",
    "理由",
    "確定日時",
)
RESULT_SHIPPED: Final = "1"
RESULT_PARTIAL: Final = "2"
RESULT_CANCELLED: Final = "3"
RESULT_UNSHIPPABLE: Final = "4"
RESULTS: Final = {
    RESULT_SHIPPED: "出荷完了",
    RESULT_PARTIAL: "一部出荷",
    RESULT_CANCELLED: "取消",
    RESULT_UNSHIPPABLE: "出荷不可",
}
RESULT_REASONS: Final = {
    "STOCKOUT": "在庫不足",
    "DAMAGED": "破損",
    "ADDRESS": "住所不備",
    "SKU_UNKNOWN": "商品未登録",
    "CUTOFF": "締め後",
    "CANCEL_REQ": "取消依頼",
    "OTHER": "その他",
}

# §7.5
STOCK_COLUMNS: Final = ("倉庫コード", "商品コード", "ロット", "良品数", "不良数", "引当数", "時点")
RETURN_COLUMNS: Final = (
    "返品番号",
    "出荷指示番号",
    "送り状番号",
    "商品コード",
    "数量",
    "状態",
    "理由",
    "入荷日",
)

# §7.6
ERRORS: Final = {
    "E101": "必須欠落",
    "E102": "文字数超過",
    "E103": "機種依存/変換不能",
    "E104": "郵便番号不存在",
    "E105": "住所不一致",
    "E106": "時間帯不可",
    "E107": "日付不正",
    "E108": "電話不正",
    "E201": "SKU未登録",
    "E202": "在庫不足",
    "E301": "指示番号重複",
    "E302": "取消不可",
    "E303": "締め後",
    "E401": "ファイル形式",
    "E402": "文字コード",
    "E403": "連番",
    "E404": "件数不一致",
    "E501": "内部",
}
ALREADY_ACCEPTED: Final = ("D301", "ALREADY_ACCEPTED")  # Resolutions 7, beside E301

# §3.3: the states a warehouse names when it refuses a cancel.
STATE_UNKNOWN: Final = "UNKNOWN"
STATE_HELD: Final = "HELD"
STATE_ACCEPTED: Final = "ACCEPTED"
STATE_ALLOCATED: Final = "ALLOCATED"
STATE_PICKING: Final = "PICKING"
STATE_PACKED: Final = "PACKED"
STATE_PARTIAL: Final = "PARTIAL"
STATE_SHIPPED: Final = "SHIPPED"
STATE_CANCELLED: Final = "CANCELLED"
STATE_UNSHIPPABLE: Final = "UNSHIPPABLE"

# §4.1
CARRIERS: Final = {
    "YAMATO_TAKKYUBIN": "ヤマト運輸 宅急便",
    "YAMATO_COLLECT": "ヤマト コレクト",
    "YAMATO_COMPACT": "宅急便コンパクト",
    "YAMATO_NEKOPOS": "ネコポス",
    "YAMATO_YUPACKET": "クロネコゆうパケット",
    "SAGAWA_TAKUHAI": "佐川急便 飛脚宅配便",
    "JP_YUPACK": "日本郵便 ゆうパック",
    "JP_LETTERPACK": "レターパック",
    "JP_YUPACKET": "ゆうパケット",
    "JP_YUPACKET_PUFF": "ゆうパケットパフ",
    "JP_CLICKPOST": "クリックポスト",
    "JP_TEIKEIGAI": "定形外郵便",
    "FUKUYAMA": "福山通運",
    "SEINO": "西濃運輸",
    "RAKUTEN_EXPRESS": "楽天EXPRESS",
}
UNTRACKED: Final = frozenset({"JP_TEIKEIGAI"})
# Into the letter box: neither date nor band, §4.3.
NO_DATE_NO_BAND: Final = frozenset(
    {"YAMATO_NEKOPOS", "YAMATO_YUPACKET", "JP_YUPACKET", "JP_YUPACKET_PUFF", "JP_CLICKPOST", "JP_TEIKEIGAI"}
)
COD_CARRIERS: Final = frozenset({"YAMATO_COLLECT", "YAMATO_COMPACT", "SAGAWA_TAKUHAI", "JP_YUPACK"})
COD_MAX: Final = 300_000  # yen, §2.7 item 34

# §4.3
BAND_NONE: Final = "NONE"
TIME_BANDS: Final = (
    BAND_NONE,
    "AM",
    "B1214",
    "B1416",
    "B1618",
    "B1820",
    "B1821",
    "B1921",
    "B2021",
    "T10",
    "T17",
)
_SIX_BANDS: Final = frozenset({BAND_NONE, "AM", "B1416", "B1618", "B1820", "B1921"})
# Carriers that are absent here take every band.
BANDS_OF_CARRIER: Final = {
    "YAMATO_TAKKYUBIN": _SIX_BANDS,
    "YAMATO_COLLECT": _SIX_BANDS,
    "YAMATO_COMPACT": _SIX_BANDS,
    "SAGAWA_TAKUHAI": _SIX_BANDS | {"B1214", "B1821"},
    "JP_YUPACK": _SIX_BANDS | {"B1214", "B2021"},
}

# §4.4
TRACKING_DIGITS: Final = 12
TRACKING_MODULUS: Final = 7
