"""The ``riskmodel`` command: gathers the commands, turns errors into messages and exit codes."""

from __future__ import annotations

import importlib
import logging
import os
import sys

import typer

from riskmodel import __version__
from riskmodel.errors import RiskmodelError

# In the order in which a newcomer meets them.
COMMANDS = (
    "demo",
    "init",
    "simulate",
    "import_",
    "validate",
    "features",
    "labels",
    "train",
    "promote",
    "score",
    "report",
)

app = typer.Typer(
    name="riskmodel",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="See a return to poverty coming: household histories in, an explained list for home visits out.",
)


@app.callback(invoke_without_command=True)
def _options(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Say nothing but errors."),
) -> None:
    if version:
        typer.echo(f"riskmodel {__version__}")
        raise typer.Exit
    logging.basicConfig(
        stream=sys.stderr,
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
        level=logging.WARNING,
        force=True,
    )
    logging.getLogger("riskmodel").setLevel(logging.ERROR if quiet else logging.INFO)


for _name in COMMANDS:
    importlib.import_module(f"riskmodel.cli.{_name}").register(app)


def main() -> None:
    """Run the command line; an error of ours becomes one message on stderr and its exit code."""
    try:
        app()
    except RiskmodelError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
