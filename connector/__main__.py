"""`python -m connector` is the command `connector`, for whoever has no console script on the path."""

from connector.cli import main

main()
