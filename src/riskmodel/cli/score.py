"""``riskmodel score``: everyone's risk at a date, and whom to visit first, with reasons."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from riskmodel.cli.options import ENGINE_HELP, check_output_folder, parse_date, warn_beyond_cut
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


def score(
    registry: ScoredOption,
    as_of: AsOfOption,
    model: ModelOption,
    out: Annotated[Path, typer.Option(help="A folder for scores.parquet, flags.parquet and run.json.")],
    capacity: CapacityOption = None,
    threshold: ThresholdOption = None,
    per: PerOption = "registry",
    rule_capacity: RuleCapacityOption = "all",
    challenger: ChallengerOption = "auto",
    engine: Annotated[str, typer.Option(help=ENGINE_HELP)] = "auto",
    models: ModelsOption = None,
    catalogue: CatalogueOption = None,
    memory: MemoryOption = None,
    workers: WorkersOption = None,
    slice_rows: SliceOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a run that was interrupted in --out.")] = False,
) -> None:
    """Score everyone present at a date and flag whom to visit first.

    Leaves in --out: scores.parquet (everyone), flags.parquet (whom to visit, with up to eight reasons in Chinese and
    English), contributions.parquet (every feature's contribution for each flag), histories.parquet (their last three
    years), the model's card, and run.json (inputs, counts, checks, timings). `riskmodel report OUT` makes pages and
    workbooks of them.

    Flagged are the households of the model's cohort that it ranks first, as many as --capacity says, and those that
    the rule of the model's experiment names. Who is on the monitoring list already is scored, not
    flagged. A score is a clue for a visit; people decide.

    Where the model has a challenger (`riskmodel promote NAME VERSION --alias challenger`), its risks are written beside
    and run.json says how far its list would be another one. The flags stay the champion's, to the byte.

    The registry is worked through in slices of households: --memory and --workers say how fast and in how much memory,
    never what comes out. Each finished slice is kept in --out until all is done, so a run that was stopped goes on
    where it was (--resume), as long as registry, model, catalogue and policy are the same.

    A registry in PostgreSQL is copied first, in one state of the database, into --out; the copy is removed in the end.
    The password comes from PGPASSWORD or PGPASSFILE, never from the URL.

    Example: riskmodel score county/ --as-of 2025-01-01 --model need@champion --out out/2025-01 --capacity 5%
    """
    day = parse_date(as_of, option="--as-of")
    from riskmodel.files import digest_ahead

    digest_ahead(Path(registry).glob("*.parquet"))
    from riskmodel.features.engines import check_engine
    from riskmodel.registry.database import is_database

    check_engine(engine, option="--engine")
    check_output_folder(out, registry=None if is_database(registry) else Path(registry))
    selection = selection_of(capacity=capacity, threshold=threshold, per=per, rule_capacity=rule_capacity)
    from riskmodel.monitoring import score_registry
    from riskmodel.monitoring.budget import Budget
    from riskmodel.monitoring.chosen import choose_model
    from riskmodel.monitoring.source import source

    chosen = choose_model(model, models=models, catalogue=catalogue, challenger=challenger)
    budget = Budget.of(memory, workers)
    limits = {"memory_limit": budget.of_queries, "threads": budget.workers}
    with source(registry, out, resume=resume, **limits) as opened:
        warn_beyond_cut(opened, [day])
        told = score_registry(
            opened,
            chosen.bundle,
            model=chosen.name,
            model_version=chosen.version,
            as_of=day,
            out=out,
            catalogue=chosen.catalogue,
            challenger=chosen.challenger,
            engine=engine,
            **selection,
            **means_of(memory=memory, workers=workers, slice_rows=slice_rows),
            resume=resume,
        )
    counts = told["counts"]
    typer.echo(
        f"{counts['present']:,} households scored, {counts['on_list']:,} of them on the list, "
        f"{counts['outside_cohort']:,} outside the model's cohort; "
        f"{counts['flagged']:,} flagged ({counts['by_model']:,} by the model, {counts['by_rule']:,} by rule, "
        f"{counts['by_both']:,} by both) -> {out}"
    )
    if "challenger" in told:
        other = told["challenger"]
        typer.echo(
            f"beside: {other['name']}@{other['version']}, whose list of {other['places']:,} would share "
            f"{other['on_both_lists']:,} households with the model's; run.json has the expected cases of both"
        )


def register(app: typer.Typer) -> None:
    """Attach the command."""
    app.command()(score)
