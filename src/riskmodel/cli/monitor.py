"""``riskmodel monitor``: has the world moved away from the model, and what is it that moved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from riskmodel.cli.options import ENGINE_HELP, check_output_folder, parse_date, warn_beyond_cut
from riskmodel.errors import CallError


def monitor(
    registry: Annotated[
        str,
        typer.Argument(
            help="The registry: a folder of Parquet files, a .duckdb file, or a database: postgresql://user@host/name."
        ),
    ],
    as_of: Annotated[str, typer.Option("--as-of", help="Date (YYYY-MM-DD): the registry as it was known then.")],
    model: Annotated[str, typer.Option(help="NAME@champion, or a version: NAME@3.")],
    out: Annotated[Path, typer.Option(help="A folder for monitor.json and monitor.html.")],
    capacity: Annotated[
        str | None,
        typer.Option(
            help="Of the list whose precision is estimated: a share (0.05, 5%) or a number (200); 5% if unsaid."
        ),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Instead of a capacity: everyone whose risk is at least this, such as 0.2.")
    ] = None,
    per: Annotated[
        str, typer.Option(help="What has that capacity: the whole registry, or each county, township or village.")
    ] = "registry",
    months: Annotated[int, typer.Option(help="How many months before are the reference; feeds, twice as many.")] = 24,
    sample: Annotated[int, typer.Option(help="Of how many households the features are followed.")] = 5000,
    run: Annotated[
        Path | None,
        typer.Option(help="What riskmodel run-month or score left at this date: whom it flagged is compared."),
    ] = None,
    previous: Annotated[
        Path | None, typer.Option(help="What riskmodel run-month or score left at an earlier date.")
    ] = None,
    engine: Annotated[str, typer.Option(help=ENGINE_HELP)] = "auto",
    models: Annotated[Path | None, typer.Option(help="The folder of models; by default the workspace's.")] = None,
    catalogue: Annotated[
        Path | None, typer.Option(help="Folder or file of features; by default the workspace's features/.")
    ] = None,
) -> None:
    """Look at what came in last month, and at the model, and say what needs a person: the culprit first.

    Leaves in --out: monitor.json (everything measured, the findings in Chinese and English) and monitor.html (a page of
    both languages that needs nothing from elsewhere).

    The reference is the registry's own past, rebuilt as it was known month by month. Looked at are feeds that stop or
    come late, units and levels of amounts, codes never seen, measures that end, who is there, features by what they do
    to the score, the list beside last month's, the precision to be expected now, and what was found once outcomes were
    known.

    Exit code 1 where something needs a person, 0 where nothing does.

    Example: riskmodel monitor county/ --as-of 2026-01-01 --model need@champion --out out/2026-01/monitor
    """
    day = parse_date(as_of, option="--as-of")
    from riskmodel.features.engines import check_engine

    check_engine(engine, option="--engine")
    from riskmodel.monitoring.choosing import Selection, unit_of
    from riskmodel.registry.database import is_database

    check_output_folder(out, registry=None if is_database(registry) else Path(registry))
    if capacity is not None and threshold is not None:
        raise CallError("--capacity and --threshold: one of them says who is flagged, not both.")
    if sample < 100:
        raise CallError(f"--sample is {sample}: expected 100 households or more.")
    from riskmodel.features import load_catalogue
    from riskmodel.model import ModelStore, load_bundle
    from riskmodel.monitoring import Capacity
    from riskmodel.monitoring.source import source_once
    from riskmodel.month.asked import scored_folder
    from riskmodel.progress import step
    from riskmodel.watching.lists import read_run
    from riskmodel.watching.page_words import WORDS
    from riskmodel.watching.watch import watch
    from riskmodel.watching.words import say
    from riskmodel.watching.write import PAGE, write_watch
    from riskmodel.workspace import default_models, workspace_policy

    asked = Capacity.parse(capacity or "5%") if threshold is None else None
    selection = Selection(asked, threshold, unit_of(per, option="--per"))
    flagged = None if run is None else read_run(scored_folder(run, option="--run"), option="--run")
    earlier = None if previous is None else read_run(scored_folder(previous), option="--previous")
    if flagged is not None and flagged.as_of != day:
        raise CallError(f"--run {run}: is of {flagged.as_of}, not of --as-of {day}.")
    if earlier is not None and earlier.as_of >= day:
        raise CallError(f"--previous {previous}: is of {earlier.as_of}, which is not before --as-of {day}.")
    store = ModelStore(models if models is not None else default_models())
    folder = store.resolve(model)
    reference = f"{folder.parent.name}@{folder.name}"
    if flagged is not None and flagged.model != reference:
        raise CallError(f"--run {run}: was scored by {flagged.model}, not by {reference}.")
    bundle, entries = load_bundle(folder), load_catalogue(catalogue)
    with source_once(registry, out) as opened, step(f"Watching {day}"):
        warn_beyond_cut(opened, [day])
        seen = watch(
            opened,
            bundle,
            model=reference,
            as_of=day,
            catalogue=entries,
            policy=workspace_policy(),
            selection=selection,
            months=months,
            sample=sample,
            run=flagged,
            previous=earlier,
            engine=engine,
        )
    write_watch(seen, out)
    needing = [finding for finding in seen.findings if finding.needs_person]
    for number, finding in enumerate(needing, start=1):
        zh, en = say(finding, "zh"), say(finding, "en")
        typer.echo(f"{number}. {zh.title}：{zh.evidence}\n   {WORDS['zh']['todo']}{zh.todo}")
        typer.echo(f"   {en.title}. {en.evidence}\n   {WORDS['en']['todo']}{en.todo}")
    typer.echo(
        f"estimated precision of {int(seen.drawn.flagged.sum()):,} flagged: {seen.estimate.value:.1%} "
        f"({seen.estimate.low:.1%}–{seen.estimate.high:.1%}); {len(needing)} of {len(seen.findings)} findings need a "
        f"person -> {out / PAGE}"
    )
    if needing:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(monitor)
