"""``riskmodel lead``: industry and jobs followed up, against matched households without."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskmodel.cli.options import ENGINE_HELP, check_output_file, parse_date
from riskmodel.errors import CallError

if TYPE_CHECKING:
    from riskmodel.assistance.lead import Lead


class _Language(StrEnum):
    zh = "zh"
    en = "en"


def lead(
    registry: Annotated[Path, typer.Argument(help="The registry: a folder of Parquet files, or a .duckdb file.")],
    kind: Annotated[str, typer.Option(help="industry, jobs, finance or public_post.")],
    start: Annotated[str, typer.Option("--from", help="Measures that began on this day (YYYY-MM-DD) or later.")],
    end: Annotated[str, typer.Option("--to", help="Measures that began before this day (YYYY-MM-DD).")],
    months: Annotated[int, typer.Option(help="For how long incomes are counted after: 12, 24 or 36 months.")] = 12,
    out: Annotated[
        Path | None, typer.Option(help="FILE.json (all, with words in both languages) or FILE.csv (the figures).")
    ] = None,
    lang: Annotated[_Language, typer.Option(help="The language of what is printed.")] = _Language.zh,
    engine: Annotated[str, typer.Option(help=ENGINE_HELP)] = "auto",
    catalogue: Annotated[
        Path | None, typer.Option(help="Folder or file of features; by default the workspace's features/.")
    ] = None,
) -> None:
    """Compare income a head before and after a measure with that of matched households without it.

    Households whose measure of the kind began in [--from, --to) and who had none in the year before; each beside up to
    five of the same type and county, of the same township where they can be found, on the list or not alike, and
    nearest in income, its change, members, hands and land as known before the measure. Says how much more their
    income changed, with an interval over villages, how alike the groups are, whether they already changed apart
    before the measure, and what a comparison like this cannot show.

    A household whose follow-up is not complete at the registry's cut (the months, and 90 days for what comes in late)
    is left out and counted; it never counts as zero.

    Example: riskmodel lead county/ --kind industry --from 2023-01-01 --to 2024-01-01 --out out/industry.json
    """
    first, last = parse_date(start, option="--from"), parse_date(end, option="--to")
    if out is not None:
        if out.suffix not in (".json", ".csv"):
            raise CallError(f"--out {out}: expected a file that ends in .json or .csv.")
        check_output_file(out, registry=registry)
    from riskmodel.assistance.follow_up import check_months
    from riskmodel.assistance.lead import lead as follow
    from riskmodel.assistance.spells import check_kind
    from riskmodel.features import load_catalogue
    from riskmodel.features.engines import check_engine
    from riskmodel.registry import Registry

    check_engine(engine, option="--engine")
    check_kind(kind)
    check_months(months)
    entries = load_catalogue(catalogue)
    with Registry.open(registry) as opened:
        found = follow(opened, kind=kind, start=first, end=last, months=months, catalogue=entries, engine=engine)
    if out is not None:
        _write(found, out)
    typer.echo(found.sentence(lang.value))
    for line in found.warnings(lang.value):
        typer.echo(f"! {line}")
    typer.echo("不能说明的：" if lang is _Language.zh else "What this cannot show:")
    for line in found.limits(lang.value):
        typer.echo(f"- {line}")
    if out is not None:
        typer.echo(f"-> {out}")


def _write(found: Lead, out: Path) -> None:
    from riskmodel.files import write_aside

    with write_aside(out) as aside:
        if out.suffix == ".csv":
            found.to_rows().to_csv(aside, index=False, encoding="utf-8")
        else:
            aside.write_text(json.dumps(found.to_dict(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(lead)
