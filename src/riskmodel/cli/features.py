"""``riskmodel features``: build features of every household at one or several dates, or describe them all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskmodel.cli.options import check_engine, check_output_file, parse_dates, warn_beyond_cut
from riskmodel.errors import CallError

if TYPE_CHECKING:
    from datetime import date

    from riskmodel.features import Catalogue


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
        typer.Option("--out", help="File to write: Parquet, or Markdown with --dictionary.", show_default=False),
    ] = None,
    only: Annotated[list[str] | None, typer.Option("--only", help="Only this feature. Repeatable.")] = None,
    catalogue: Annotated[
        Path | None,
        typer.Option("--catalogue", help="Folder or file of features; by default the workspace's features/."),
    ] = None,
    engine: Annotated[str, typer.Option("--engine", help="What runs the plan: duckdb.")] = "duckdb",
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
    check_engine(engine)
    check_output_file(out, registry=registry)
    _build(registry, days=days, out=out, catalogue=load_catalogue(catalogue), only=only)


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


def _build(registry: Path, *, days: list[date], out: Path, catalogue: Catalogue, only: list[str] | None) -> None:
    from riskmodel.features import write_features
    from riskmodel.progress import step
    from riskmodel.registry import Registry

    source = Registry.open(registry)
    warn_beyond_cut(source, days)
    columns = len(only) if only else len(catalogue.features)
    with step(f"{columns} features at {len(days)} date{'s' if len(days) > 1 else ''}"):
        rows = write_features(source, out, as_of=days, catalogue=catalogue, only=only or None)
    typer.echo(f"{out}: {rows:,} rows × {columns} features (catalogue {catalogue.hash})")
