"""`python -m claimlens`."""

from claimlens.entry.cli import main

main()
