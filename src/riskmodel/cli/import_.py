"""``riskmodel import``: make a registry of outside files, as a mapping says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskmodel.cli.options import check_output_folder, parse_date, today
from riskmodel.errors import CallError

if TYPE_CHECKING:
    from riskmodel.registry.importing.run import ImportReport


def register(app: typer.Typer) -> None:
    """Attach the command to ``app``."""
    app.command("import")(import_)


def import_(
    source: Annotated[
        Path, typer.Argument(help="The file to read, or the folder of the files that the mapping names.")
    ],
    mapping: Annotated[
        Path,
        typer.Option("--mapping", help="A YAML file that says which outside column becomes which of the registry."),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="The registry's folder; a registry that stands there is replaced.")
    ],
    cut_on: Annotated[
        str | None,
        typer.Option(
            "--cut-on",
            metavar="YYYY-MM-DD",
            help="The registry holds what was known strictly before this day. "
            "Left out: the mapping's cut_on, else the day after the last known_on. Rows known later, or after today "
            "where no cut is stated, are set aside.",
        ),
    ] = None,
    examples: Annotated[int, typer.Option("--examples", min=0, help="How many rejected rows to put in words.")] = 5,
) -> None:
    """Make a registry of CSV, Excel, Stata or Parquet files, as a mapping says.

    A value that cannot be read sets its row aside in rejects.parquet, with file, sheet, row, column and what was
    expected; the good rows go on. Rows read = kept + rejected + filtered + blank + repeated, for every block of the
    mapping. Columns that the mapping does not name are never kept, so names, ID numbers and phones stay where they are;
    a workbook's sheet is read whole, and they are dropped at once.

    How to write a mapping: experiments/example_county/README.md.

    Example: riskmodel import county.xlsx --mapping mapping.yaml --out registry
    """
    from riskmodel.registry.importing.run import import_registry

    cut = parse_date(cut_on, option="--cut-on") if cut_on is not None else None
    check_output_folder(out)
    if out.resolve() == source.resolve():
        raise CallError(f"--out {out} is what is read: the registry would replace it. Name another folder.")
    report = import_registry(source, mapping, out, cut_on=cut, today=today())
    _print(report, examples=examples)
    typer.echo(
        f"Written to {out}: cut on {report.cut_on}; import.json has the counts, rejects.parquet the rows set aside."
    )


def _print(report: ImportReport, *, examples: int) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=None, header_style="bold")
    for heading in ("block", "table", "source"):
        shown.add_column(heading, no_wrap=True)
    headings = ("read", "kept", "rejected", "filtered", "blank", "repeated")
    for heading in headings:
        shown.add_column(heading, justify="right", no_wrap=True)
    for block in report.blocks:
        counts = block.counts
        numbers = (counts.seen, counts.kept, counts.rejected, counts.filtered, counts.blank, counts.repeated)
        shown.add_row(block.block, block.table, block.source, *(f"{number:,}" for number in numbers))
    console = Console()
    # A log has no width: the table takes what it needs.
    (console if console.is_terminal else Console(width=200)).print(shown)
    typer.echo("Rows: " + ", ".join(f"{name} {rows:,}" for name, rows in report.tables.items()) + ".")
    if report.rejected:
        typer.echo(f"\n{report.rejected:,} rows set aside, by rule (a row may break several):")
        for rule, rows in report.rejected_by_rule.items():
            typer.echo(f"  {rows:>9,}  {rule}")
        for line in report.examples[:examples]:
            typer.echo(f"  {line}.")
        typer.echo("")
