"""Skeleton (新しい倉庫の雛形): the three files of a warehouse profile, ready to be loaded, to be edited line by line.

Dangerous: writing over a profile that is in use. Nothing that exists is ever touched.
"""

from __future__ import annotations

import re
from pathlib import Path

from connector.errors import Misconfigured, Problem

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

PROFILE = """\
# {name} の倉庫との取り決め。直したら `connector wms try {name} 実績ファイル` で読み方を確かめます
kind: warehouse_profile
tenant: demo # ファイル名に入る、お店の短い名前 (お店の設定が優先します)
warehouse_code: WH01
shop_code: SHOP1

# 依頼主: 送り状に印字される差出人 (お店の設定が優先します)
sender: {{zip_code: 000-0000, address: 見本県見本市0-0-0, name: 見本ショップ, phone: 000-0000-0000}}

# instruction: こちらが置くファイルの名前の部品。stamp は日本時間の年月日時分秒、sequence は6桁の連番
# result: 倉庫が置くファイルの名前の形。* は何文字でも、| で二つ以上。誰の実績かは名前でなく中身で決まります
names:
  instruction: [ORDER, tenant, warehouse, stamp, sequence]
  result: "*実績*.csv|*result*.csv"

folders:
  in: to_wms/in # こちらが置く
  out: from_wms/out # 倉庫が置く
  archive: from_wms/archive # 読み終えた実績
  error: from_wms/error # 読めなかった実績と、その理由

answers: no # 受付結果 (SHIPACK) を返す倉庫なら yes にして、names・folders と receipt.yaml・stop.yaml を足します
# 人が表計算ソフトで開いて使う倉庫なら yes。同じ内容の .xlsx も置きます (CSV を開くと 00123 が 123 になるため)
for_people: no
lines_optional: yes # 数量の列がない実績は、全数出荷とみなす
future_days: 1 # これより先の出荷日は読み違いとみなす
past_days: 30 # これより古い出荷日は注意にあげる
"""

INSTRUCTION = """\
# {name} へ渡す出荷指示。一行が明細一件で、伝票の列はどの行にも同じ値が入ります。列の順番も見出しも倉庫に合わせます
#
# max_width は半角で何文字分か (全角は 2)。収まらない伝票は切り詰めず、保留にします
kind: csv_writer
source: instruction
noun: 伝票
key: slip.number
unique: yes
each: slip.rows
only: {{line.cancelled: {{is: no}}}} # 取り消された明細は送りません
encoding: cp932 # または utf-8
quoting: all # all / minimal / none
checks: [band_offered]

columns:
  - {{name: 出荷指示番号, from: slip.number, as: [code], required: yes, max_width: 15}} # 実績で返してもらう番号です
  - {{name: 受注番号, from: slip.order_number, as: [code], required: yes, max_width: 30}}
  - {{name: 出荷予定日, from: ship_on, as: [date_compact]}}
  - {{name: お届け希望日, from: slip.deliver_on, as: [date_compact]}}
  - {{name: 時間帯, from: slip.time_slot, lookup: time_slot.band}}
  - {{name: 運送会社, first_of: [slip.delivery_method, slip.delivery_id], lookup: carrier.code}}
  - name: 代引金額
    choose:
      - {{when: {{slip.cash_on_delivery: {{is: yes}}}}, from: slip.total}}
      - {{value: "0"}}
  - {{name: 届先郵便番号, from: slip.zip_code, as: [zip7], required: yes}}
  - {{name: 届先住所1, from: slip.address1, required: yes, max_width: 64}}
  - {{name: 届先住所2, from: slip.address2, max_width: 64}}
  - {{name: 届先名, from: slip.name, required: yes, max_width: 32}}
  - {{name: 届先電話, from: slip.phone, as: [phone], required: yes, max_width: 15}}
  - {{name: 商品コード, from: line.sku, as: [code], required: yes, max_width: 30}}
  - {{name: 商品名, from: line.name, required: yes, max_width: 100}}
  - {{name: 数量, from: line.quantity}}
"""

RESULT = """\
# {name} から受け取る出荷実績。一行が個口一つ (送り状一枚) で、列は見出しで探します
#
# 見出しが違えば name: を、ときどき違うなら also: [別の見出し] を書きます。読まない列は書かなくて構いません。
# key: に書ける言葉と、その書式は mappings/README.md の「倉庫のファイルの列」にあります。
# needed: no の列はファイルになくてもよく、そのときは absent: の値とみなします。ある列の needed: no は消してください。
# 見出しが変わったときに、みなさずに知らせます
kind: csv_reader
encoding: cp932 # 先頭に BOM があれば UTF-8 として読みます
# bind: header+position # 見出しの位置まで同じでなければ読まない (見出しと中身の違うファイルのために)
# delimiter: tab
# quote: single
# trailer: [合計] # 最後の合計行の始まり
# その列がないファイルで、どの行にもみなす値。today は読んだ日。carrier はこの倉庫の運送会社に直してください
# (carrier: "" なら、カートには注文の配送業者で返します)
absent: {{shipped_on: today, carrier: YAMATO_TAKKYUBIN}}
columns:
  - {{name: 出荷指示番号, key: slip_number, grammar: code, max_chars: 15}} # 渡した番号 (ネクストエンジンの伝票番号)
  - {{name: 出荷日, key: shipped_on, grammar: date, needed: no}}
  - name: 運送会社
    key: carrier
    grammar: one_of
    needed: no
    words: {{ヤマト運輸: YAMATO_TAKKYUBIN, 佐川急便: SAGAWA_TAKUHAI, 日本郵便: JP_YUPACK}}
  - {{name: 送り状番号, key: tracking, grammar: tracking, carrier: carrier}} # 桁と検査数字まで確かめます
  # 取消や出荷不可の行も書き出す倉庫なら、次の # を消し、words: の左を倉庫の言葉に直します。
  # この列がなければ、どの行も出荷完了とみなします
  # - name: 実績区分
  #   key: result
  #   grammar: one_of
  #   words: {{出荷完了: shipped, 一部出荷: partial, 取消: cancelled, 出荷不可: unshippable}}
"""

FILES = {"profile.yaml": PROFILE, "instruction.yaml": INSTRUCTION, "result.yaml": RESULT}


def write_skeleton(folder: Path, name: str, like: str = "") -> list[Path]:
    """The new files of `folder`/`name`. Raises Misconfigured, and writes nothing, where that cannot be."""
    target = folder / name
    if not NAME.fullmatch(name):
        _refuse(target, "名前に使えるのは半角の小文字・数字・ハイフンです", name, "my-warehouse")
    if target.exists():
        _refuse(target, "すでにあります。上書きはしません", name)
    files = {file: text.format(name=name) for file, text in FILES.items()}
    if like:
        known = sorted(path.parent.name for path in folder.glob("*/profile.yaml"))
        if like not in known:
            _refuse(folder / like, "手本にする設定がありません", like, "・".join(known))
        files = {one.name: _text(one, name, like) for one in sorted((folder / like).glob("*.yaml"))}
    target.mkdir(parents=True)
    written = []
    for file, text in files.items():
        path = target / file
        with path.open("x", encoding="utf-8", newline="\n") as out:
            out.write(text)
        written.append(path)
    return written


def _text(path: Path, name: str, like: str) -> str:
    return f"# {name}: {like} の設定を写したものです\n{path.read_text(encoding='utf-8')}"


def _refuse(where: Path, words: str, found: str, expected: str = "") -> None:
    raise Misconfigured([Problem(str(where), 0, 0, words, found, expected)])
