"""``riskmodel insurance``: a claim worked through line by line, and the premium against the claims to be expected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from riskmodel.cli.list_options import LangOption, Language
from riskmodel.cli.options import parse_date

app = typer.Typer(no_args_is_help=True, help="Anti-poverty insurance: a claim's arithmetic, a premium's budget.")


def register(main: typer.Typer) -> None:
    """Attach the commands."""
    main.add_typer(app, name="insurance")


@app.command()
def claim(
    region: Annotated[str, typer.Option(help="A county code, such as 360981.")],
    on: Annotated[str, typer.Option("--on", help="The day whose terms count (YYYY-MM-DD).")],
    peril: Annotated[str, typer.Option(help="illness, accident, disaster, ...")],
    loss: Annotated[float, typer.Option(help="Yuan in the year.")],
    paid_by_others: Annotated[float, typer.Option(help="Yuan that other policies paid of it.")] = 0.0,
    persons: Annotated[int, typer.Option(help="Persons struck: the cap counts for each.")] = 1,
    paid_before: Annotated[float, typer.Option(help="Yuan that this insurance paid in the year already.")] = 0.0,
    in_need: Annotated[
        bool, typer.Option("--in-need/--not-in-need", help="Below the line or a guarantee after other policies.")
    ] = True,
    lang: LangOption = Language.zh,
) -> None:
    """Work a claim through: each line from the loss to what is paid. A help for the people who decide on it.

    Example: riskmodel insurance claim --region 360981 --on 2024-06-01 --peril illness --loss 80000
    """
    from riskmodel.assistance.insurance import Claim, terms_in_force, work_through
    from riskmodel.workspace import workspace_policy

    terms = terms_in_force(workspace_policy(), region=region, on=parse_date(on, option="--on"))
    told = work_through(Claim(peril, loss, paid_by_others, persons, paid_before, in_need), terms)
    for line in told.lines:
        typer.echo(f"{line.amount:>16,.2f}  {line.words(lang.value)}")
    if told.why_nothing is not None:
        typer.echo(f"{told.paid:>16,.2f}  {told.why_nothing[lang == Language.en]}")
    _say_assumed(terms.assumed, lang)


def _say_assumed(names: tuple[str, ...], lang: Language) -> None:
    if names:
        words = ("没有来源、为假定值的条款", "assumed, no source was found")
        typer.echo(f"{words[lang == Language.en]}: {', '.join(names)}")


@app.command()
def budget(
    run: Annotated[Path, typer.Argument(metavar="DIR", help="What `riskmodel score --out DIR` left.")],
    registry: Annotated[Path, typer.Option(help="The scored registry: what households bore in a past year.")],
    region: Annotated[str | None, typer.Option(help="A county code; by default the households' own.")] = None,
    premium: Annotated[float | None, typer.Option(help="Yuan of the year; by default the policy record's.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other draws.")] = 0,
    catalogue: Annotated[
        Path | None, typer.Option(help="Folder or file of features; by default the workspace's features/.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="A .json file as well.")] = None,
    lang: LangOption = Language.zh,
) -> None:
    """Hold a year's premium against the claims to be expected from the run's calibrated risks, with an interval.

    Example: riskmodel insurance budget out/2026-01 --registry registry --premium 2250000
    """
    from datetime import date

    from riskmodel.assistance.premium_budget import premium_budget, risks_of
    from riskmodel.errors import CallError
    from riskmodel.features import load_catalogue
    from riskmodel.files import write_aside
    from riskmodel.monitoring.flags import SCORES, read_output
    from riskmodel.monitoring.record import read_record
    from riskmodel.registry import Registry
    from riskmodel.workspace import workspace_policy

    record = read_record(run)
    scores = read_output(run / "scores.parquet", SCORES).to_pandas()
    counties = sorted(scores["county_code"].dropna().unique())
    if region is None and len(counties) != 1:
        raise CallError(f"the run has households of {len(counties)} counties: name one with --region.")
    place = region if region is not None else str(counties[0])
    mine = scores[scores["county_code"].fillna("").str.startswith(place)]
    if mine.empty:
        raise CallError(f"--region is {place}: the run has no household there.")
    with Registry.open(registry) as opened:
        found = premium_budget(
            opened,
            risks_of(mine),
            as_of=date.fromisoformat(record["as_of"]),
            policy=workspace_policy(),
            catalogue=load_catalogue(catalogue),
            region=place,
            premium=premium,
            seed=seed,
        )
    typer.echo(found.sentence(lang.value))
    _say_assumed(found.assumed, lang)
    if to is not None:
        with write_aside(to) as aside:
            aside.write_text(json.dumps(found.to_dict(), ensure_ascii=False, indent=1), encoding="utf-8")
