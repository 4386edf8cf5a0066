"""``riskmodel validate``: set aside the rows that cannot stand, and count every row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskmodel.cli.options import check_output_folder, parse_date, today

if TYPE_CHECKING:
    from riskmodel.registry.validation_report import ValidationReport


def register(app: typer.Typer) -> None:
    """Attach the command to ``app``."""
    app.command("validate")(validate)


def validate(
    registry: Annotated[
        Path, typer.Argument(help="A folder of Parquet files (income.parquet or income/*.parquet), or a .duckdb file.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write the validated registry to this folder; the source stays untouched."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only report; leave nothing.")] = False,
    cut_on: Annotated[
        str | None,
        typer.Option(
            "--cut-on",
            metavar="YYYY-MM-DD",
            help="The registry holds what was known strictly before this day. Left out: what registry.json says, else "
            "the day after the last known_on. Rows known later, or after today where no cut is stated, are set aside.",
        ),
    ] = None,
    examples: Annotated[
        int, typer.Option("--examples", min=0, help="How many rejected rows to put in words, one a rule.")
    ] = 5,
) -> None:
    """Validate a registry: types, codes, ranges, keys, dates, and what cannot be true together.

    Rows that cannot stand are set aside in rejects.parquet, in full and with the rule that each breaks; the others
    are written back sorted, coded and indexed by time. Rows that are only doubtful are kept, counted and shown.
    For every table: rows in = rows kept + rows rejected. Exit code 1 when any row was rejected. A large registry's rows
    are laid out by household meanwhile, in about twice the space of its files: beside --out, or with --check in TMPDIR.

    Example: riskmodel validate registry --out registry-clean
    """
    if out is not None:
        check_output_folder(out)
    from riskmodel.registry.validate import validate as run

    cut = parse_date(cut_on, option="--cut-on") if cut_on is not None else None
    report = run(registry, out, check_only=check, examples=examples, cut_on=cut, today=today())
    _print(report)
    if not check:
        typer.echo(
            f"Written to {out or registry}: validation.json has the counts"
            + (", rejects.parquet the rows set aside." if report.rejected else ".")
        )
    if report.rejected:
        raise typer.Exit(1)


def _print(report: ValidationReport) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    shown = Table("table", box=None, header_style="bold")
    for heading in ("rows in", "kept", "rejected", "warnings"):
        shown.add_column(heading, justify="right")
    for count in report.tables:
        shown.add_row(count.table, *(f"{n:,}" for n in (count.rows_in, count.kept, count.rejected, count.warnings)))
    console.print(shown)
    for note in report.notes:
        typer.echo(f"note: {note}")
    if report.lost.households:
        typer.echo(_lost(report))
    if report.rejected_by_rule:
        typer.echo(f"\n{report.rejected:,} rows rejected, by rule (a row may break several):")
        for broken in sorted(report.rejected_by_rule, key=lambda broken: -broken.rows):
            typer.echo(f"  {broken.rows:>9,}  {broken.rule}  {broken.en} / {broken.zh}")
        typer.echo("\nFor example:")
        for line in report.rejects:
            typer.echo(f"  {line}")
    if report.warnings:
        typer.echo("\nDoubtful, and kept:")
        for broken in report.warnings:
            typer.echo(f"  {broken.rows:>9,}  {broken.rule}  {broken.en} / {broken.zh}")
            typer.echo(f"             e.g. {broken.examples[0]}")


def _lost(report: ValidationReport) -> str:
    households, rows = report.lost.households, report.lost.rows
    which = f"{households:,} households lost: no row of theirs" if households > 1 else "1 household lost: no row of it"
    return (
        f"\n{which} in the household table could stand, so {rows:,} rows of other tables were set aside too.\n"
        "One bad cell is enough, in an optional column too: mend it, or leave it empty, in the source and validate "
        "again.\nrejects.parquet has each cell (table household); --examples 20 puts more of them in words."
    )
