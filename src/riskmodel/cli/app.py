"""The ``riskmodel`` command: gathers the commands, turns errors into messages and exit codes."""

from __future__ import annotations

import importlib
import logging
import os
import sys

import typer

from riskmodel import __version__
from riskmodel.allocation import keep_freed_memory
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
    "record",
    "recalibrate",
    "models",
    "promote",
    "score",
    "monitor",
    "report",
    "run_month",
    "measures",
    "lead",
    "insurance",
    "points",
    "list_",
)

# Typer's exit code for Ctrl-C, as shells have it.
STOPPED = 130

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
    """Run the command line; an error that a user can mend becomes one message on stderr and an exit code."""
    keep_freed_memory()
    try:
        app()
    except RiskmodelError as error:
        _stop(str(error), code=error.exit_code)
    except SystemExit as ended:
        if ended.code == STOPPED:
            sys.stderr.write("stopped\n")
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        told = _of_the_system(error) or _of_the_database(error)
        if told is None:
            raise
        _stop(told, code=1)


def _stop(message: str, *, code: int) -> None:
    sys.stderr.write(f"error: {message}\n")
    sys.exit(code)


def _of_the_system(error: Exception) -> str | None:
    """Say what the file system refused (no right to read, a full disk), and where."""
    if not isinstance(error, OSError) or error.strerror is None:
        return None
    place = f"{error.filename}: " if error.filename is not None else ""
    return f"{place}{error.strerror}."


def _of_the_database(error: Exception) -> str | None:
    """Say what DuckDB could not read; a query that it does not understand is a fault of ours, and stays one."""
    duckdb = sys.modules.get("duckdb")
    if duckdb is None or not isinstance(error, duckdb.Error):
        return None
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException | duckdb.ParserException):
        return None
    first = "".join(filter(str.isprintable, str(error).splitlines()[0])).strip(".: ")
    return (
        f"the registry cannot be read to its end ({first}): a file is damaged, or holds a value that cannot be. "
        "`riskmodel validate REGISTRY --check` names it."
    )
