"""``riskmodel points``: the monthly statement of points, and an exchange as a row for the registry."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Annotated

import typer

from riskmodel.cli.list_options import LangOption, Language
from riskmodel.cli.options import parse_date
from riskmodel.errors import CallError

app = typer.Typer(
    no_args_is_help=True, help="Points of the village shop: awarded, exchanged, left. Never an argument for help."
)


def register(main: typer.Typer) -> None:
    """Attach the commands."""
    main.add_typer(app, name="points")


@app.command()
def statement(
    registry: Annotated[Path, typer.Argument(help="The registry.")],
    month: Annotated[str, typer.Option(help="The month, as YYYY-MM.")],
    as_of: Annotated[str, typer.Option("--as-of", help="Only what was known strictly before counts (YYYY-MM-DD).")],
    region: Annotated[str, typer.Option(help="The county code whose items count.")] = "",
    household: Annotated[list[str] | None, typer.Option(help="Only this household. Repeatable.")] = None,
    out: Annotated[Path | None, typer.Option(help="A CSV file with a line an entry.")] = None,
    lang: LangOption = Language.zh,
) -> None:
    """Say what each household had, was awarded, exchanged and has left.

    Example: riskmodel points statement registry --month 2025-11 --as-of 2025-12-05 --household H0000017
    """
    from riskmodel.assistance.points import statements
    from riskmodel.registry import Registry
    from riskmodel.workspace import workspace_policy

    first = parse_date(f"{month}-01", option="--month")
    day = parse_date(as_of, option="--as-of")
    with Registry.open(registry) as opened:
        found = statements(
            opened, month=first, as_of=day, policy=workspace_policy(), region=region, households=household
        )
    if out is not None:
        from riskmodel.cli.list_out import write_csv

        lines = [
            {
                "household_id": one.household_id,
                "awarded_on": entry.awarded_on.isoformat(),
                "item": entry.zh if lang == Language.zh else entry.en,
                "points": entry.points,
                "doubt": entry.doubt,
            }
            for one in found
            for entry in one.entries
        ]
        write_csv(lines, ("household_id", "awarded_on", "item", "points", "doubt"), out)
    else:
        for one in found[:50]:
            typer.echo(f"{one.household_id} {one.words(lang.value)}")
    doubts = sum(bool(entry.doubt) for one in found for entry in one.entries)
    typer.echo(f"{len(found):,} households, {doubts:,} entries to look at" + (f" -> {out}" if out else ""))


@app.command()
def exchange(
    registry: Annotated[Path, typer.Argument(help="The registry.")],
    household: Annotated[str, typer.Argument(help="The household's id.")],
    points: Annotated[float, typer.Argument(help="How many points are exchanged for goods.")],
    on: Annotated[str, typer.Option("--on", help="The day of the exchange (YYYY-MM-DD).")],
    out: Annotated[Path, typer.Option(help="A new registry: this one's rows and the exchange.")],
) -> None:
    """Exchange points for goods: refused beyond the balance; the registry with the row is written anew.

    Example: riskmodel points exchange registry H0000017 20 --on 2025-12-05 --out registry-2
    """
    from riskmodel.assistance.points import exchange_row
    from riskmodel.cli.options import check_output_folder
    from riskmodel.registry import Registry
    from riskmodel.registry.appending import append_rows

    day = parse_date(on, option="--on")
    check_output_folder(out, registry=registry)
    with Registry.open(registry) as opened:
        if day >= opened.cut_on:
            raise CallError(f"--on is {day}; the registry is cut on {opened.cut_on} and holds what was known before.")
        row = exchange_row(
            opened, household, points=points, on=day, known_on=day, record_id=f"exchange-{uuid.uuid4().hex[:12]}"
        )
        append_rows(opened, {"points": row}, out)
    typer.echo(f"{household}: {points:g} points exchanged -> {out}")
