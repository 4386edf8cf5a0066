"""``riskmodel features``: build features of every household at one or several dates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from riskmodel.cli.options import ENGINE_HELP, MEMORY_HELP, check_output_file, parse_dates, warn_beyond_cut


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command("features")(features)


def features(
    registry: Annotated[Path, typer.Argument(help="The registry: a folder of Parquet files, or a .duckdb file.")],
    as_of: Annotated[
        list[str],
        typer.Option("--as-of", help="Date (YYYY-MM-DD); only what was known strictly before counts. Repeatable."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Parquet file to write.")],
    only: Annotated[list[str] | None, typer.Option("--only", help="Only this feature. Repeatable.")] = None,
    catalogue: Annotated[
        Path | None,
        typer.Option("--catalogue", help="Folder or file of features; by default the workspace's features/."),
    ] = None,
    engine: Annotated[str, typer.Option("--engine", help=ENGINE_HELP)] = "auto",
    memory: Annotated[str | None, typer.Option("--memory", help=MEMORY_HELP)] = None,
) -> None:
    """Build features: one row a household and date, one column a feature.

    Example: riskmodel features out/demo/registry --as-of 2025-01-01 --out features.parquet
    """
    days = parse_dates(as_of)
    check_output_file(out, registry=registry)
    from riskmodel.features import load_catalogue
    from riskmodel.features.builder import feature_table
    from riskmodel.features.engines import check_engine, check_memory
    from riskmodel.progress import step
    from riskmodel.registry import Registry

    check_engine(engine, option="--engine")
    check_memory(memory)
    chosen = load_catalogue(catalogue)
    source = Registry.open(registry, memory_limit=memory)
    warn_beyond_cut(source, days)
    columns = len(only) if only else len(chosen.features)
    with step(f"{columns} features at {len(days)} date{'s' if len(days) > 1 else ''}"):
        table = feature_table(source, as_of=days, catalogue=chosen, only=only or None, engine=engine)
        rows = table.write(out)
    typer.echo(f"{out}: {rows:,} rows × {columns} features (catalogue {chosen.hash})\n{table.choice}")
