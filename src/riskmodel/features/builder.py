"""One builder for training and scoring: expressions in, a table with one row a household and as_of out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel.engine import plan
from riskmodel.errors import CallError, DataError
from riskmodel.features.catalogue import Catalogue, load_catalogue
from riskmodel.features.history import History
from riskmodel.features.prediction import OutcomeSpec
from riskmodel.files import write_aside
from riskmodel.policy import Policy
from riskmodel.registry import schema
from riskmodel.workspace import workspace_policy

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

    from riskmodel.registry import Registry

KEYS = ("household_id", "as_of")
PLACES = ("county_code", "township_code", "village_code")


def build_features(
    registry: Registry,
    *,
    as_of: date | Sequence[date],
    catalogue: Catalogue | None = None,
    only: Sequence[str] | None = None,
    policy: Policy | None = None,
) -> pd.DataFrame:
    """Build features for every household present at each date.

    Parameters
    ----------
    registry
        Where the histories are.
    as_of
        One date or several. A row counts if it was known, and true, strictly before.
    catalogue
        By default the workspace's.
    only
        Names of features, in the order wanted; by default all.
    policy
        The dated figures; by default the package's record with the workspace's laid over it.

    Returns
    -------
    pandas.DataFrame
        ``household_id``, ``as_of`` and one float64 column a feature (NaN where missing), sorted by household and date.

    Raises
    ------
    DataError
        No household is known before one of the dates.
    CallError
        An unknown feature name, or something that is not a date.
    """
    expression = feature_table(registry, as_of=as_of, catalogue=catalogue, only=only, policy=policy)
    return _to_pandas(expression)


def write_features(
    registry: Registry,
    out: Path,
    *,
    as_of: date | Sequence[date],
    catalogue: Catalogue | None = None,
    only: Sequence[str] | None = None,
    policy: Policy | None = None,
) -> int:
    """Build features into a Parquet file and return the number of rows; the file appears whole or not at all."""
    expression = feature_table(registry, as_of=as_of, catalogue=catalogue, only=only, policy=policy)
    return write_table(expression, out)


def feature_table(
    registry: Registry,
    *,
    as_of: date | Sequence[date],
    catalogue: Catalogue | None = None,
    only: Sequence[str] | None = None,
    policy: Policy | None = None,
    places: bool = False,
) -> ir.Table:
    """Return the features as an Ibis expression, sorted by household and date; nothing is computed yet."""
    catalogue = catalogue or load_catalogue()
    chosen = catalogue.only(only) if only is not None else catalogue
    outputs = {name: spec.node for name, spec in chosen.features.items() if spec.node is not None}
    keep = (*KEYS, *PLACES) if places else KEYS
    return evaluate(registry, outputs, as_of=as_of, policy=policy, keep=keep)


def build_labels(
    registry: Registry,
    *,
    as_of: date | Sequence[date],
    outcome: str,
    catalogue: Catalogue | None = None,
    policy: Policy | None = None,
) -> pd.DataFrame:
    """Work out an outcome for every household present at each date.

    Returns
    -------
    pandas.DataFrame
        ``household_id``, ``as_of``, ``outcome`` (boolean; missing where the horizon is not mature, that is where the
        registry's cut does not lie at or after ``as_of + horizon + lag``; before the income that it reads begins; where
        the household is gone before the
        horizon's end and the outcome had not come true; or where nothing is known).
    """
    return _to_pandas(label_table(registry, as_of=as_of, outcome=outcome, catalogue=catalogue, policy=policy))


def label_table(
    registry: Registry,
    *,
    as_of: date | Sequence[date],
    outcome: str,
    catalogue: Catalogue | None = None,
    policy: Policy | None = None,
) -> ir.Table:
    """Return an outcome as an Ibis expression; see :func:`build_labels`."""
    import ibis

    spec = (catalogue or load_catalogue()).outcome(outcome)
    dates = as_dates(as_of)
    check_outcome_tables(registry, spec)
    table = evaluate(registry, {"outcome": spec.censored(registry.tables)}, as_of=dates, policy=policy)
    mature = [day for day in dates if known_when(day, spec.horizon_months, spec.lag_days) <= registry.cut_on]
    known = table.as_of.isin(mature) if mature else ibis.literal(value=False)
    if unkept := before_ledger(registry, spec, dates):
        known = known & table.as_of.notin(unkept)
    value = known.ifelse(table.outcome != 0, ibis.null("boolean"))
    return table.select("household_id", "as_of", outcome=value).order_by("household_id", "as_of")


def check_outcome_tables(registry: Registry, outcome: OutcomeSpec) -> None:
    """Raise :class:`DataError` where the registry lacks a table without which the outcome can never be known."""
    absent = [name for name in plan.tables(outcome.node) if name not in registry.tables]
    if absent:
        raise DataError(
            f'{registry.path}: the outcome "{outcome.name}" reads {", ".join(absent)}, which this registry does not '
            "have. Bring the table (it may be empty if nothing of the kind ever happened), or choose another outcome."
        )


def before_ledger(registry: Registry, outcome: OutcomeSpec, dates: Sequence[date]) -> list[date]:
    """Return the dates at which a ledger that an outcome reads had not begun: no income kept is not an income of 0."""
    begins = []
    for name in plan.tables(outcome.node):
        table = schema.table(name)
        if table.ledger:
            first = registry.table(name)[table.own_date].min().to_pyarrow().as_py()
            begins.append(first or date.max)
    return [day for day in dates if begins and day < max(begins)]


def known_when(as_of: date, horizon_months: int, lag_days: int) -> date:
    """Return the day on which an outcome at ``as_of`` is known: end of the horizon plus the reporting lag."""
    from datetime import timedelta

    from riskmodel.engine.ibis_engine import add_months

    return add_months(as_of, horizon_months) + timedelta(days=lag_days)


def evaluate(
    registry: Registry,
    outputs: Mapping[str, plan.Household],
    *,
    as_of: date | Sequence[date],
    policy: Policy | None = None,
    keep: Sequence[str] = KEYS,
) -> ir.Table:
    """Return the expression of ``outputs`` for every household present at each date.

    Present: its household row is seen at as_of and, where the registry has members, one of them is present. (A
    registry without a member table, such as a survey's, counts every household seen.) They are also each other's
    neighbours in what a feature asks of its village or township, so the whole registry is always evaluated.
    """
    from riskmodel.engine.ibis_engine import matrix

    dates = as_dates(as_of)
    record = policy or workspace_policy()
    needed = {table for node in outputs.values() for table in plan.tables(node)} | {"household", "member"}
    sources = {name: _source(registry, name) for name in needed if name in registry.tables}
    if "household" not in sources:
        raise DataError(f"{registry.path}: there is no household table, so there is nobody to build features for.")
    everyone, regions = _everyone(registry, sources, dates)
    table = matrix(
        outputs,
        base=everyone,
        sources=sources,
        as_of=dates,
        figure=lambda name, region, on: record.value(name, region=region, on=on),
        regions=regions,
        present=(History().members.count() > 0).node if "member" in sources else None,
    )
    return table.select(*keep, *outputs).order_by(*KEYS)


def _everyone(registry: Registry, sources: Mapping[str, Any], dates: Sequence[date]) -> tuple[ir.Table, list[str]]:
    from riskmodel.engine.ibis_engine import dates_table, visible

    seen = visible(sources["household"], dates_table(dates, clock=plan.HISTORY, offsets=()))
    everyone = seen.select(*KEYS, *PLACES).distinct(on=list(KEYS))
    found = everyone.group_by("as_of").aggregate(n=everyone.count()).execute()
    counted = {_day(day) for day in found["as_of"]}
    for day in dates:
        if day not in counted:
            raise DataError(f"{registry.path}: no household is known before {day}: choose a later as_of.")
    places = everyone.select("county_code").distinct().execute()["county_code"]
    return everyone, sorted(places)


def _day(value: Any) -> date:
    return value.date() if hasattr(value, "date") else value


def _source(registry: Registry, name: str) -> Any:
    from riskmodel.engine.ibis_engine import Source

    table = schema.table(name)
    whole = frozenset(column.name for column in table.columns if column.kind in {"integer", "boolean"})
    return Source(registry.table(name), table.own_date, whole)


def as_dates(as_of: date | Iterable[date]) -> list[date]:
    """Return one or several dates as a sorted list without repeats; anything else raises :class:`CallError`."""
    from datetime import datetime

    days = [as_of] if isinstance(as_of, date) else list(as_of)
    if not days:
        raise CallError("as_of: give at least one date.")
    for day in days:
        if not isinstance(day, date) or isinstance(day, datetime):
            raise CallError(f"as_of: expected a datetime.date, got {day!r} ({type(day).__name__}).")
    return sorted(set(days))


def write_table(expression: ir.Table, out: Path) -> int:
    """Run an expression into a Parquet file that appears whole or not at all; return the number of rows."""
    import pyarrow.parquet as pq

    with write_aside(Path(out)) as aside:
        expression.to_parquet(aside, compression="zstd")
        rows: int = pq.read_metadata(aside).num_rows
    return rows


def _to_pandas(expression: ir.Table) -> pd.DataFrame:
    frame = expression.to_pyarrow().to_pandas(date_as_object=True)
    if "outcome" in frame:
        frame["outcome"] = frame["outcome"].astype("boolean")
    return frame
