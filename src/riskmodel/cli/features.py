"""``riskmodel features``: build features of every household at one or several dates, or describe them all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskmodel.cli.options import (
    ENGINE_HELP,
    MEMORY_HELP,
    check_output_file,
    check_output_parts,
    parse_dates,
    warn_beyond_cut,
)
from riskmodel.errors import CallError

if TYPE_CHECKING:
    from datetime import date

    from riskmodel.features import Catalogue
    from riskmodel.registry import Registry


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command("features")(features)


def features(
    registry: Annotated[
        Path | None,
        typer.Argument(help="The registry: a folder of Parquet files, or a .duckdb file.", show_default=False),
    ] = None,
    as_of: Annotated[
        list[str] | None,
        typer.Option("--as-of", help="Date (YYYY-MM-DD); only what was known strictly before counts. Repeatable."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="File to write: Parquet, Markdown with --dictionary, or by Spark a folder of parts.",
            show_default=False,
        ),
    ] = None,
    only: Annotated[list[str] | None, typer.Option("--only", help="Only this feature. Repeatable.")] = None,
    catalogue: Annotated[
        Path | None,
        typer.Option("--catalogue", help="Folder or file of features; by default the workspace's features/."),
    ] = None,
    engine: Annotated[str, typer.Option("--engine", help=ENGINE_HELP)] = "auto",
    memory: Annotated[str | None, typer.Option("--memory", help=MEMORY_HELP)] = None,
    dictionary: Annotated[
        bool,
        typer.Option(
            "--dictionary",
            help="Describe the features instead, in Chinese and English, in --out or here; no REGISTRY, no --as-of.",
        ),
    ] = False,
) -> None:
    """Build features: one row a household and date, one column a feature. With --dictionary: describe them all.

    Example: riskmodel features out/demo/registry --as-of 2025-01-01 --out features.parquet
    """
    from riskmodel.features import load_catalogue

    if dictionary:
        chosen = load_catalogue(catalogue)
        _describe(chosen.only(only) if only else chosen, out)
        return
    days = parse_dates(as_of or [])
    if registry is None or not days or out is None:
        given = {"REGISTRY": registry is not None, "--as-of": bool(days), "--out": out is not None}
        absent = ", ".join(name for name, there in given.items() if not there)
        raise CallError(f"features: missing {absent}. (With --dictionary nothing is built and none is needed.)")
    from riskmodel.features.engines import check_engine, check_memory
    from riskmodel.registry import Registry

    check_engine(engine, option="--engine")
    check_memory(memory)
    check = check_output_parts if engine == "spark" else check_output_file
    check(out, registry=registry)
    source = Registry.open(registry, memory_limit=memory)
    _build(source, days=days, out=out, catalogue=load_catalogue(catalogue), only=only, engine=engine)


def _describe(catalogue: Catalogue, out: Path | None) -> None:
    from riskmodel.features import dictionary
    from riskmodel.files import write_aside

    text = dictionary(catalogue)
    if out is None:
        typer.echo(text, nl=False)
        return
    check_output_file(out)
    with write_aside(out) as aside:
        aside.write_text(text, encoding="utf-8")
    typer.echo(f"{out}: {len(catalogue.features)} features (catalogue {catalogue.hash})")


def _build(
    source: Registry, *, days: list[date], out: Path, catalogue: Catalogue, only: list[str] | None, engine: str
) -> None:
    from riskmodel.features.builder import feature_table
    from riskmodel.progress import step

    warn_beyond_cut(source, days)
    columns = len(only) if only else len(catalogue.features)
    with step(f"{columns} features at {len(days)} date{'s' if len(days) > 1 else ''}"):
        table = feature_table(source, as_of=days, catalogue=catalogue, only=only or None, engine=engine)
        rows = table.write(out)
    typer.echo(f"{out}: {rows:,} rows × {columns} features (catalogue {catalogue.hash})\n{table.choice}")
