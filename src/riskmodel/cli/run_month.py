"""``riskmodel run-month``: validate, score, update the list, make the report: one call, one record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from riskmodel.cli.list_options import ActorOption, Language, OnOption, day_of, now
from riskmodel.cli.options import ENGINE_HELP, check_output_folder, parse_date, today
from riskmodel.cli.scoring_options import (
    AsOfOption,
    CapacityOption,
    CatalogueOption,
    ChallengerOption,
    MemoryOption,
    ModelOption,
    ModelsOption,
    PerOption,
    RuleCapacityOption,
    ScoredOption,
    SliceOption,
    ThresholdOption,
    WorkersOption,
    means_of,
    selection_of,
)
from riskmodel.errors import CallError


def run_month(
    registry: ScoredOption,
    as_of: AsOfOption,
    model: ModelOption,
    out: Annotated[Path, typer.Option(help="The month's folder: registry/, scored/, report/ and month.json.")],
    list_: Annotated[
        str | None,
        typer.Option(
            "--list",
            envvar="RISKMODEL_LIST",
            help="The list: a file (SQLite) or postgresql://user@host/database; one that is not there is begun; none "
            "leaves it out. By default list.db of the workspace, where there is one.",
        ),
    ] = None,
    capacity: CapacityOption = None,
    threshold: ThresholdOption = None,
    per: PerOption = "registry",
    rule_capacity: RuleCapacityOption = "all",
    challenger: ChallengerOption = "auto",
    engine: Annotated[str, typer.Option(help=ENGINE_HELP)] = "auto",
    previous: Annotated[
        Path | None, typer.Option(help="The folder of an earlier month (or scoring run): the report says what changed.")
    ] = None,
    lang: Annotated[Language, typer.Option(help="The language of index.html; the other lies beside it.")] = Language.zh,
    on: OnOption = None,
    actor: ActorOption = "batch",
    cut_on: Annotated[
        str | None,
        typer.Option(
            "--cut-on",
            metavar="YYYY-MM-DD",
            help="The registry holds what was known strictly before this day. Left out: what registry.json says.",
        ),
    ] = None,
    most_rejected: Annotated[
        str,
        typer.Option(help="Stop before scoring where validate sets aside more than this share of a table's rows."),
    ] = "5%",
    most_missing: Annotated[
        str,
        typer.Option(
            help="Stop before scoring where a table has lost more than this share of its rows since --previous, or is "
            "empty though the model learned from it."
        ),
    ] = "5%",
    most_behind: Annotated[
        int,
        typer.Option(
            min=0, help="Stop before scoring where the registry ends more than this many days before --as-of."
        ),
    ] = 27,
    models: ModelsOption = None,
    catalogue: CatalogueOption = None,
    memory: MemoryOption = None,
    workers: WorkersOption = None,
    slice_rows: SliceOption = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the month begun in --out; with none there, start anew.")
    ] = False,
) -> None:
    """Run the month: validate, score (with the rules), update the list, make the report.

    Leaves in --out: registry/ (the rows that stand, rejects.parquet with those that do not), scored/ (what
    `riskmodel score` leaves), report/ (pages and workbooks), and month.json: of each step counts, digests of inputs and
    outputs, seconds, memory, and what a resumed run found done. Flags and triggers become clues of the list.

    A step that fails leaves what was done before it; --resume goes on from there, and refuses when an input changed,
    naming it. A registry in PostgreSQL is copied first: the month is of that state, also when it is resumed. Two runs
    into one folder are refused. Exit code 1 when rows were set aside: the month is done all the same with the others,
    as month.json says (state: done).

    Example: riskmodel run-month county/ --as-of 2026-01-01 --model need@champion --out out/2026-01 --resume
    """
    day = parse_date(as_of, option="--as-of")
    cut = parse_date(cut_on, option="--cut-on") if cut_on is not None else None
    arrival = day_of(on)
    from riskmodel.features.engines import check_engine
    from riskmodel.registry.database import is_database

    check_engine(engine, option="--engine")
    check_output_folder(out, registry=None if is_database(registry) else Path(registry))
    selection = selection_of(capacity=capacity, threshold=threshold, per=per, rule_capacity=rule_capacity)
    means = means_of(memory=memory, workers=workers, slice_rows=slice_rows)
    most, missing = _share(most_rejected), _share(most_missing, option="--most-missing")
    from riskmodel.monitoring.chosen import choose_model
    from riskmodel.month.asked import Asked, scored_folder
    from riskmodel.month.run import run_month as run
    from riskmodel.workspace import workspace_policy

    told = run(
        Asked(
            registry=registry,
            as_of=day,
            out=out,
            chosen=choose_model(model, models=models, catalogue=catalogue, challenger=challenger),
            policy=workspace_policy(),
            scoring={**selection, "engine": engine},
            means=means,
            list_url=_list(list_),
            on=arrival,
            now=now(),
            actor=actor,
            today=today(),
            cut_on=cut,
            most_rejected=most,
            most_missing=missing,
            most_behind=most_behind,
            previous=None if previous is None else scored_folder(previous),
            lang=lang.value,
        ),
        resume=resume,
        say=typer.echo,
    )
    typer.echo(f"the month of {day} is done: {out / 'month.json'}")
    rejected = told["steps"]["validate"]["counts"]["rejected"]
    if rejected:
        typer.echo(
            f"{rejected:,} rows were set aside and had no part in it: {out / 'registry' / 'rejects.parquet'} (exit "
            "code 1).",
            err=True,
        )
        raise typer.Exit(1)


def _list(url: str | None) -> str | None:
    """Return the list that is meant: the one named, else the workspace's where there is one."""
    from riskmodel.workspace import find_workspace

    if url is not None:
        return None if url == "none" else url
    usual = (find_workspace() or Path.cwd()) / "list.db"
    return str(usual) if usual.is_file() else None


def _share(text: str, *, option: str = "--most-rejected") -> float:
    """Read a share of rows: 5% or 0.05.

    >>> _share("5%"), _share("0.2")
    (0.05, 0.2)
    """
    number, percent = (text[:-1], 100) if text.endswith("%") else (text, 1)
    try:
        value = float(number) / percent
    except ValueError:
        value = -1
    if not 0 <= value <= 1:
        raise CallError(f'{option} is "{text}"; expected a share of the rows, such as 5% or 0.05.')
    return value


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command("run-month")(run_month)
