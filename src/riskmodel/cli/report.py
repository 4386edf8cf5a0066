"""``riskmodel report``: pages, household sheets and a workbook from a scored registry."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from riskmodel.cli.options import check_output_folder


class _Language(StrEnum):
    zh = "zh"
    en = "en"


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `riskmodel score --out DIR` left.")],
    lang: Annotated[
        _Language, typer.Option(help="The language of index.html; the other lies beside it.")
    ] = _Language.zh,
    out: Annotated[Path | None, typer.Option(help="A folder for the report; by default DIR/report.")] = None,
    previous: Annotated[
        Path | None,
        typer.Option(
            help="The folder of an earlier run: township pages then say who is newly flagged, still, no longer."
        ),
    ] = None,
) -> None:
    """Make the list for home visits: index.html, township pages, a sheet per flagged household, workbooks.

    Every page is one file that needs nothing else: no script, no network. Household sheets print on one A4 page, with
    lines for what the visit finds. list.xlsx has a sheet a township, with columns for the visit. All comes in Chinese
    and English; --lang says in which index.html and list.xlsx are.

    Only the folder that `riskmodel score` left is read, never the registry.

    Example: riskmodel report out/2025-01 --lang en
    """
    place = out if out is not None else folder / "report"
    check_output_folder(place)
    from riskmodel.report import make_report

    made = make_report(folder, place, lang=lang.value, previous=previous)
    typer.echo(
        f"{made.households:,} household sheets, {made.townships:,} townships -> {made.index} and {made.workbook}"
    )


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(report)
