"""Pages (画面): the sandbox's own screens for people who watch the town and lend a hand; plain HTML, no JavaScript.

Not Next Engine's screens: only the nine tabs are its own. The connector never comes here.
"""
