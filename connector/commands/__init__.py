"""Commands (操作の部屋): one file per command; cli.py is their table of contents."""
