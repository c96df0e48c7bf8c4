"""``python -m service``: the same as ``breakwatch``."""

from service.cli import main

main()
