"""``riskmodel labels``: work out an outcome of every household at one or several dates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from riskmodel.cli.options import check_output_file, parse_dates


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command("labels")(labels)


def labels(
    registry: Annotated[Path, typer.Argument(help="The registry: a folder of Parquet files, or a .duckdb file.")],
    as_of: Annotated[
        list[str], typer.Option("--as-of", help="Date (YYYY-MM-DD); the horizon begins on it. Repeatable.")
    ],
    outcome: Annotated[str, typer.Option("--outcome", help="need, admitted, need_or_admitted, or your own.")],
    out: Annotated[Path, typer.Option("--out", help="Parquet file to write.")],
    catalogue: Annotated[
        Path | None,
        typer.Option("--catalogue", help="Folder or file of features; by default the workspace's features/."),
    ] = None,
) -> None:
    """Work out an outcome: true, false, or missing where the registry does not reach far enough yet.

    Example: riskmodel labels out/demo/registry --as-of 2024-01-01 --outcome need --out labels.parquet
    """
    days = parse_dates(as_of)
    check_output_file(out, registry=registry)
    from riskmodel.features import load_catalogue
    from riskmodel.features.builder import before_ledger, known_when, label_table
    from riskmodel.registry import Registry

    chosen = load_catalogue(catalogue)
    spec = chosen.outcome(outcome)
    source = Registry.open(registry)
    rows = label_table(source, as_of=days, outcome=outcome, catalogue=chosen).write(out)
    typer.echo(f"{out}: {rows:,} rows, outcome {outcome}")
    for day in before_ledger(source, spec, days):
        typer.echo(
            f"at {day} the outcome is missing: the income that it reads begins later in this registry.", err=True
        )
    for day in days:
        known = known_when(day, spec.horizon_months, spec.lag_days)
        if known > source.cut_on:
            typer.echo(
                f"at {day} the outcome is missing: it is known on {known} (horizon of {spec.horizon_months} months and "
                f"{spec.lag_days} days of reporting lag), and this registry ends before {source.cut_on}.",
                err=True,
            )
