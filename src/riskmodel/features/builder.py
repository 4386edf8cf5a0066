"""One builder for training and scoring: expressions in, a table with one row a household and as_of out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel.engine import plan
from riskmodel.engine.calendar import add_months
from riskmodel.errors import CallError, DataError
from riskmodel.features.catalogue import Catalogue, load_catalogue
from riskmodel.features.engines import Choice, choose_engine, memory_of, sorted_tables, tables_read
from riskmodel.features.history import History
from riskmodel.features.matrix import Matrix, over_expression, side_by_side
from riskmodel.features.prediction import OutcomeSpec
from riskmodel.policy import Policy
from riskmodel.registry import schema
from riskmodel.workspace import workspace_policy

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd
    import pyarrow as pa

    from riskmodel.engine.spark import SparkFiles
    from riskmodel.registry import Registry

PolicyFigure = Callable[[str, str, date], float]

KEYS = ("household_id", "as_of")
PLACES = ("county_code", "township_code", "village_code")

_LOG = logging.getLogger("riskmodel.features")


def build_features(
    registry: Registry,
    *,
    as_of: date | Sequence[date],
    catalogue: Catalogue | None = None,
    only: Sequence[str] | None = None,
    policy: Policy | None = None,
    engine: str = "auto",
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
    engine
        ``"fused"``, ``"duckdb"``, ``"spark"``, or ``"auto"``: fused where the registry's files allow it, else DuckDB.
        The values are the same. (Spark's come here all the same: write them with :func:`write_features` to keep what
        is large away from this process.)

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
    table = feature_table(registry, as_of=as_of, catalogue=catalogue, only=only, policy=policy, engine=engine)
    return table.to_pandas()


def write_features(
    registry: Registry,
    out: Path,
    *,
    as_of: date | Sequence[date],
    catalogue: Catalogue | None = None,
    only: Sequence[str] | None = None,
    policy: Policy | None = None,
    engine: str = "auto",
) -> int:
    """Build features into a Parquet file and return the number of rows; the file appears whole or not at all.

    With ``engine="spark"`` it is a folder, ``part=NN/rows.parquet`` with NN a hash of ``household_id``, that the
    executors write.
    """
    table = feature_table(registry, as_of=as_of, catalogue=catalogue, only=only, policy=policy, engine=engine)
    return table.write(out)


def feature_table(
    registry: Registry,
    *,
    as_of: date | Sequence[date],
    catalogue: Catalogue | None = None,
    only: Sequence[str] | None = None,
    policy: Policy | None = None,
    places: bool = False,
    engine: str = "auto",
) -> Matrix:
    """Return the features, sorted by household and date, ready to be worked out; see :func:`build_features`."""
    catalogue = catalogue or load_catalogue()
    chosen = catalogue.only(only) if only is not None else catalogue
    outputs = {name: spec.node for name, spec in chosen.features.items() if spec.node is not None}
    keep = (*KEYS, *PLACES) if places else KEYS
    return evaluate(registry, outputs, as_of=as_of, policy=policy, keep=keep, engine=engine)


def build_labels(
    registry: Registry,
    *,
    as_of: date | Sequence[date],
    outcome: str,
    catalogue: Catalogue | None = None,
    policy: Policy | None = None,
    engine: str = "auto",
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
    table = label_table(registry, as_of=as_of, outcome=outcome, catalogue=catalogue, policy=policy, engine=engine)
    return table.to_pandas()


def label_table(
    registry: Registry,
    *,
    as_of: date | Sequence[date],
    outcome: str,
    catalogue: Catalogue | None = None,
    policy: Policy | None = None,
    engine: str = "auto",
) -> Matrix:
    """Return an outcome, ready to be worked out; see :func:`build_labels`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    spec = (catalogue or load_catalogue()).outcome(outcome)
    dates = as_dates(as_of)
    check_outcome_tables(registry, spec)
    table = evaluate(registry, {"outcome": spec.censored(registry.tables)}, as_of=dates, policy=policy, engine=engine)
    kept = set(dates) - set(before_ledger(registry, spec, dates))
    mature = [day for day in sorted(kept) if known_when(day, spec.horizon_months, spec.lag_days) <= registry.cut_on]

    def as_truth(piece: pa.Table) -> pa.Table:
        known = pc.is_in(piece["as_of"], value_set=pa.array(mature, pa.date32()))
        value = pc.if_else(known, pc.not_equal(piece["outcome"], 0), pa.scalar(None, pa.bool_()))
        return piece.set_column(piece.schema.get_field_index("outcome"), "outcome", value)

    position = table.schema.get_field_index("outcome")
    return table.changed(as_truth, table.schema.set(position, pa.field("outcome", pa.bool_())))


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
    return add_months(as_of, horizon_months) + timedelta(days=lag_days)


def evaluate(
    registry: Registry,
    outputs: Mapping[str, plan.Household],
    *,
    as_of: date | Sequence[date],
    policy: Policy | None = None,
    keep: Sequence[str] = KEYS,
    engine: str = "auto",
    memory: int | None = None,
    workers: int | None = None,
) -> Matrix:
    """Return ``outputs`` for every household present at each date, ready to be worked out.

    Present: its household row is seen at as_of and, where the registry has members, one of them is present. (A
    registry without a member table, such as a survey's, counts every household seen.) They are also each other's
    neighbours in what a feature asks of its village or township, so the whole registry is always evaluated.

    Parameters
    ----------
    keep
        ``household_id``, ``as_of``, and columns of the household's row as seen at as_of.
    memory
        Bytes that the fused pass may take; by default as the registry was opened.
    workers
        Slices that it has in work at a time; by default as many as there are cores.

    Raises
    ------
    DataError
        There is no household table, or no household is known before one of the dates.
    CallError
        An unknown engine, or ``fused`` for a registry that it cannot read.
    """
    dates = as_dates(as_of)
    if "household" not in registry.tables:
        raise DataError(f"{registry.path}: there is no household table, so there is nobody to build features for.")
    choice = choose_engine(registry, outputs, engine)
    # What went as usual is in the record; a log is told what did not.
    _LOG.log(logging.DEBUG if choice.engine == "fused" and not choice.beside else logging.INFO, "%s", choice)
    figure = _figure_of(policy or workspace_policy())
    present = _present(registry)
    if choice.engine != "fused":
        return _by_ibis(registry, outputs, dates=dates, figure=figure, keep=keep, present=present, choice=choice)
    mine = {name: node for name, node in outputs.items() if name not in choice.beside}
    table = _fused(
        registry,
        mine,
        dates=dates,
        figure=figure,
        keep=keep,
        present=present,
        choice=choice,
        memory=memory or memory_of(registry),
        workers=workers,
    )
    if not choice.beside:
        return table
    others = {name: outputs[name] for name in choice.beside}
    rest = _by_ibis(registry, others, dates=dates, figure=figure, keep=KEYS, present=present, choice=choice)
    return side_by_side(table, rest, columns=[*keep, *outputs])


def _fused(
    registry: Registry,
    outputs: Mapping[str, plan.Household],
    *,
    dates: Sequence[date],
    figure: PolicyFigure,
    keep: Sequence[str],
    present: plan.Household | None,
    choice: Choice,
    memory: int | None,
    workers: int | None,
) -> Matrix:
    from riskmodel.engine.fused import FusedRun, dates_before_all, starts_of_slices

    sources, _ = sorted_tables(registry, outputs)
    _require_known(registry, dates_before_all(sources["household"], dates))
    run = FusedRun(
        outputs,
        present=present,
        sources=sources,
        as_of=dates,
        keep=[name for name in keep if name not in KEYS],
        figure=figure,
        memory=memory,
        workers=workers,
    )
    starts = starts_of_slices(sources["household"], run.households)

    def pieces(after: str | None = None) -> Iterator[pa.Table]:
        if after is None:
            return run.pieces(starts)
        # The first id that sorts after it; whether there is such a household is seen when its slice is read.
        past = f"{after}\0".encode()
        return run.pieces([past, *(start for start in starts if start > past)])

    return Matrix(run.schema(), choice, pieces)


def _by_ibis(
    registry: Registry,
    outputs: Mapping[str, plan.Household],
    *,
    dates: Sequence[date],
    figure: PolicyFigure,
    keep: Sequence[str],
    present: plan.Household | None,
    choice: Choice,
) -> Matrix:
    spark = None
    if choice.engine == "spark":
        from riskmodel.engine.spark import SparkFiles

        spark = SparkFiles(memory=memory_of(registry))
        registry = registry.read_by(spark.read)
    rows, known = _expression(registry, outputs, dates=dates, figure=figure, keep=keep, present=present)
    save = None if spark is None else partial(spark.write, rows, keys=KEYS, expected=known)
    return over_expression(rows.order_by(*KEYS), choice, save)


def rows_by(
    spark: SparkFiles,
    registry: Registry,
    outputs: Mapping[str, plan.Household],
    *,
    as_of: date,
    policy: Policy,
    keep: Sequence[str] = KEYS,
) -> ir.Table:
    """Return ``outputs`` as :func:`evaluate` does, in no order, as an expression that ``spark`` works out."""
    return _expression(
        registry.read_by(spark.read),
        outputs,
        dates=as_dates(as_of),
        figure=_figure_of(policy),
        keep=keep,
        present=_present(registry),
    )[0]


def _expression(
    registry: Registry,
    outputs: Mapping[str, plan.Household],
    *,
    dates: Sequence[date],
    figure: PolicyFigure,
    keep: Sequence[str],
    present: plan.Household | None,
) -> tuple[ir.Table, int]:
    from riskmodel.engine.ibis_engine import matrix

    sources = {name: _source(registry, name) for name in tables_read(outputs) if name in registry.tables}
    everyone, regions, known = _everyone(registry, sources, dates, keep=keep)
    table = matrix(
        outputs, base=everyone, sources=sources, as_of=dates, figure=figure, regions=regions, present=present
    )
    return table.select(*keep, *outputs), known


def _figure_of(policy: Policy) -> PolicyFigure:
    def figure(name: str, region: str, on: date) -> float:
        return policy.value(name, region=region, on=on)

    return figure


def _present(registry: Registry) -> plan.Household | None:
    return (History().members.count() > 0).node if "member" in registry.tables else None


def _everyone(
    registry: Registry, sources: Mapping[str, Any], dates: Sequence[date], *, keep: Sequence[str]
) -> tuple[ir.Table, list[str], int]:
    """Return the households seen at each date, the counties that they lie in, and how many rows that makes."""
    from riskmodel.engine.ibis_engine import visible

    seen = visible(sources["household"], dates, clock=plan.HISTORY, offsets=())
    everyone = seen.select(*dict.fromkeys([*KEYS, *PLACES, *keep])).distinct(on=list(KEYS))
    found = everyone.group_by("as_of", "county_code").aggregate(n=everyone.count()).execute()
    counts = dict.fromkeys(dates, 0)
    for day, count in zip(found["as_of"], found["n"], strict=True):
        counts[_day(day)] += count
    _require_known(registry, [day for day, count in counts.items() if not count])
    return everyone, sorted(set(found["county_code"])), sum(counts.values())


def _require_known(registry: Registry, unknown: Sequence[date]) -> None:
    if unknown:
        raise DataError(f"{registry.path}: no household is known before {unknown[0]}: choose a later as_of.")


def _day(value: Any) -> date:
    return value.date() if hasattr(value, "date") else value


def _source(registry: Registry, name: str) -> Any:
    from riskmodel.engine.ibis_engine import Source

    table = schema.table(name)
    whole = frozenset(column.name for column in table.columns if column.kind in {"integer", "boolean"})
    return Source(registry.table(name), table.own_date, whole)


def as_dates(as_of: date | Iterable[date]) -> list[date]:
    """Return one or several dates as a sorted list without repeats; anything else raises :class:`CallError`."""
    days = [as_of] if isinstance(as_of, date) else list(as_of)
    if not days:
        raise CallError("as_of: give at least one date.")
    for day in days:
        if not isinstance(day, date) or isinstance(day, datetime):
            raise CallError(f"as_of: expected a datetime.date, got {day!r} ({type(day).__name__}).")
    return sorted(set(days))
