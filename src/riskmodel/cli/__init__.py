"""The command line: one module a command, each importing what it needs only when it runs."""

from riskmodel.cli.app import main

__all__ = ["main"]
