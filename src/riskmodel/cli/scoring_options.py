"""What the commands that score take alike: what is scored, who is flagged, and how much of the machine it may take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from riskmodel.errors import CallError
from riskmodel.monitoring.capacity import Capacity

ScoredOption = Annotated[
    str,
    typer.Argument(
        help="The registry: a folder of Parquet files, a .duckdb file, or a database: postgresql://user@host/name."
    ),
]
AsOfOption = Annotated[
    str, typer.Option("--as-of", help="Date (YYYY-MM-DD); only what was known, and true, strictly before counts.")
]
ModelOption = Annotated[str, typer.Option(help="NAME@champion, or a version: NAME@3.")]
CapacityOption = Annotated[
    str | None,
    typer.Option(help="Visits: a share of the households not on the list (0.05, 5%) or a number (200); 5% if unsaid."),
]
ThresholdOption = Annotated[
    float | None, typer.Option(help="Instead of a capacity: flag everyone whose risk is at least this, such as 0.2.")
]
PerOption = Annotated[
    str, typer.Option(help="What has that capacity: the whole registry, or each county, township or village.")
]
RuleCapacityOption = Annotated[
    str, typer.Option(help="The most to flag by the county's rule alone: a share, a number, or all.")
]
ChallengerOption = Annotated[
    str, typer.Option(help="Scored beside, flags nobody: NAME@VERSION, none, or auto (NAME@challenger, if any).")
]
ModelsOption = Annotated[Path | None, typer.Option(help="The folder of models; by default the workspace's.")]
CatalogueOption = Annotated[
    Path | None, typer.Option(help="Folder or file of features; by default the workspace's features/.")
]
MemoryOption = Annotated[
    str | None, typer.Option(help="How much memory the run may take, roughly, such as 4GB; by default 2GB.")
]
WorkersOption = Annotated[
    int | None, typer.Option(help="Slices of households in work at the same time; by default every core.")
]
SliceOption = Annotated[
    int | None, typer.Option("--slice", help="Households in a slice; by default as many as the memory allows.")
]


def selection_of(*, capacity: str | None, threshold: float | None, per: str, rule_capacity: str) -> dict[str, Any]:
    """Return who is to be flagged, as :func:`~riskmodel.monitoring.score.score_registry` takes it.

    Raises
    ------
    CallError
        A capacity or a unit that cannot be read, or both a capacity and a threshold.
    """
    from riskmodel.monitoring.choosing import unit_of

    if capacity is not None and threshold is not None:
        raise CallError("--capacity and --threshold: one of them says who is flagged, not both.")
    return {
        "capacity": Capacity.parse(capacity or "5%") if threshold is None else None,
        "threshold": threshold,
        "per": unit_of(per, option="--per"),
        "rule_capacity": None if rule_capacity == "all" else Capacity.parse(rule_capacity),
    }


def means_of(*, memory: str | None, workers: int | None, slice_rows: int | None) -> dict[str, Any]:
    """Return what the run may take, as ``score_registry`` takes it; no result depends on it.

    Raises
    ------
    CallError
        No amount of memory, or less than one worker or household.
    """
    from riskmodel.monitoring.budget import Budget

    Budget.of(memory, workers, slice_rows)
    return {"memory": memory, "workers": workers, "slice_rows": slice_rows}
