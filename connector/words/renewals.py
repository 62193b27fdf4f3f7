"""Renewals (定期の予定): what is said of an order that is missing, early, late or doubled, and why none came."""

from __future__ import annotations

from connector.words.text import Text, Word

RENEWALS: dict[str, Word] = {
    "missing": Word(
        Text("定期の作成漏れ", "Renewal missing"),
        Text("作成日を過ぎましたが、受注が作成されていません。", "Its day is over and no order was created."),
        Text("お客様に届かず、売上にもなりません。", "The customer gets nothing and nothing is sold."),
        Text(
            "カートの定期受注を開き、手動で受注を作成してください。不要なら次回配送予定日を変えるか停止してください。",
            "Open the subscription in the cart and create the order by hand; or move its next date, or suspend it.",
        ),
    ),
    "rolled": Word(
        Text("日付だけが進みました", "Only the dates moved on"),
        Text(
            "受注が作成されないまま、次回の日付だけが先へ進みました。",
            "The next dates moved on and no order was created.",
        ),
        Text("この回は、このままでは二度と作成されません。", "This round will never be created by itself."),
        Text(
            "カートの定期受注を開き、次回配送予定日を戻すか、手動で受注を作成してください。",
            "Open the subscription in the cart: put its next date back, or create the order by hand.",
        ),
    ),
    "lost": Word(
        Text("失われた回", "Round lost"),
        Text(
            "作成されないまま、次の回の受注が作成されました。",
            "It was never created, and the next round's order came instead.",
        ),
        Text("お客様は1回分を受け取っていません。", "The customer misses one delivery."),
        Text(
            "お客様に知らせ、必要なら手動で受注を作成してください。",
            "Tell the customer; create the order by hand if it is still wanted.",
        ),
    ),
    "unseen": Word(
        Text("作成済みだが未着", "Counted, not here"),
        Text(
            "カートは作成済みと言いますが、受注が届いていません。",
            "The cart counts an order that never came here.",
        ),
        Text("このままでは出荷されません。", "It would never ship."),
        Text(
            "受注取込の状態と、読めない受注（迷子）の一覧を確認してください。",
            "Check the intake from the cart, and the strays.",
        ),
    ),
    "early": Word(
        Text("早すぎる作成", "Created early"),
        Text("作成日より前に受注が作成されました。", "The order was created before its day."),
        Text("予定より早く出荷・請求されます。", "It ships and charges too early."),
        Text(
            "カートで定期の設定と次回配送予定日を確認し、早すぎるなら出荷を止めてください。",
            "Check the subscription's dates in the cart, and stop the order if it is too early.",
        ),
    ),
    "late": Word(
        Text("遅れた作成", "Created late"),
        Text("作成日より後に受注が作成されました。", "The order was created after its day."),
        Text("配送予定日に間に合わないおそれがあります。", "It may miss its delivery day."),
        Text(
            "配送予定日に間に合うか確認し、間に合わなければお客様に知らせてください。",
            "See whether it can still arrive in time; tell the customer if not.",
        ),
    ),
    "doubled": Word(
        Text("定期の二重作成", "Created twice"),
        Text("同じ回に有効な受注が2件あります。", "One round has two living orders."),
        Text("二重に出荷・請求するおそれがあります。", "It may ship and charge twice."),
        Text("カートで片方を取り消してください。", "Cancel one of them in the cart."),
    ),
    "trap": Word(
        Text("長期休暇の注意", "Holiday trap"),
        Text(
            "発送予定日より後に受注が作成される予定です。",
            "The order will be created after its own ship day.",
        ),
        Text("予定日に発送できません。", "It cannot ship in time."),
        Text(
            "発送予定日より前に手動で受注を作成するか、次回配送予定日を後ろへ変えてください。",
            "Create the order by hand before its ship day, or move its delivery to a later date.",
        ),
    ),
    "wrong_rules": Word(
        Text("定期の設定が実際と違います", "The renewal settings are wrong"),
        Text(
            "設定した作成日と、カートが実際に作成する日が違います。",
            "The cart creates its orders on other days than the settings say.",
        ),
        Text(
            "合うまで、作成漏れは判定しません。",
            "Until they agree, no renewal is called missing.",
        ),
        Text(
            "カートの受注/定期受注の設定を見て、[shops.…renewals] の origin と days_before を直してください。",
            "Look at the cart's settings and correct origin and days_before in [shops.…renewals].",
        ),
    ),
    "unplanned": Word(
        Text("次回予定日なし", "No next date"),
        Text(
            "有効な定期受注に次回の日付がありません。",
            "An active subscription has no next date.",
        ),
        Text("カートはこの定期受注から何も作成しません。", "The cart will never create an order from it."),
        Text("カートで次回配送予定日を入れてください。", "Enter its next date in the cart."),
    ),
}

RENEWAL_ENDS: dict[str, Text] = {
    "came": Text("受注が作成されました", "the order came"),
    "made_up": Text("手動で作成されました", "made up for by hand"),
    "lost": Text("作成されないまま次の回になりました", "the next one came instead"),
    "rolled": Text("日付だけが進みました", "only the dates moved on"),
    "unseen": Text("作成済みですが届いていません", "counted by the cart, not here"),
    "skipped": Text("スキップ", "skipped"),
    "date_changed": Text("次回予定日の変更", "next date changed"),
    "cycle_changed": Text("配送サイクルの変更", "cycle changed"),
    "suspended": Text("停止", "suspended"),
    "cancelled": Text("キャンセル", "cancelled"),
    "deleted": Text("削除", "deleted"),
    "limit": Text("自動受注作成件数の上限", "no more orders allowed"),
    "blocked": Text("要対応（作成停止）", "blocked by a reason in the cart"),
    "undated": Text("次回予定日なし", "no next date"),
    "unknown_state": Text("不明なステータス", "unknown state"),
    "rules_changed": Text("設定の変更", "settings changed"),
}

UNJUDGED: dict[str, Text] = {
    "not_read": Text(
        "受注と定期受注をまだ最後まで読んでいません", "orders and subscriptions were not read to the end yet"
    ),
    "rules": Text("設定が実際と合っていません", "the settings disagree with what the cart does"),
}

ORIGINS: dict[str, Text] = {
    "ship": Text("発送予定日", "the ship day"),
    "deliver": Text("配送予定日", "the delivery day"),
}
