"""`python -m mlplat`: the command line."""

from .cli import main

main()
