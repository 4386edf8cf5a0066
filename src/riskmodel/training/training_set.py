"""A training set: who was at risk when, what was known of them then, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from riskmodel.engine import plan
from riskmodel.features.builder import KEYS, PLACES, as_dates, check_outcome_tables, evaluate, known_when
from riskmodel.features.catalogue import Catalogue, load_catalogue
from riskmodel.features.declare import CohortSpec, OutcomeSpec
from riskmodel.policy import Policy

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.registry import Registry

_OUTCOME = "_outcome"


@dataclass(frozen=True)
class TrainingSet:
    """Rows of households at dates; the three parts align by position.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``household_id, as_of, county_code, township_code, village_code``.
    X : pandas.DataFrame
        One float64 column a feature, NaN where missing.
    y : pandas.Series
        1.0, 0.0, or NaN where the outcome is not known.
    flow : pandas.DataFrame
        One row an ``as_of``: how many were seen, how many each rule left, how many outcomes are known and positive.
    record : dict
        What it was made of: dates, outcome, cohort, catalogue hash, the registry's fingerprint and cut.
    """

    frame: pd.DataFrame
    X: pd.DataFrame
    y: pd.Series
    catalogue: Catalogue
    flow: pd.DataFrame
    record: dict[str, Any]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.frame)


def build_training_set(
    registry: Registry,
    *,
    as_of: date | Sequence[date],
    outcome: str = "need",
    cohort: str = "not_listed",
    catalogue: Catalogue | None = None,
    policy: Policy | None = None,
    engine: str = "auto",
) -> TrainingSet:
    """Build features and outcome for the households of a cohort at each date.

    Parameters
    ----------
    as_of
        One date or several. Features see what was known strictly before; the outcome looks at the horizon after.
    outcome, cohort
        Names in the catalogue. A rule of the cohort that reads a table the registry lacks excludes nobody, and is
        named in the record.
    catalogue
        By default the workspace's.
    engine
        ``"auto"``, ``"fused"`` or ``"duckdb"``; the record says which ran.

    Raises
    ------
    DataError
        No household is known before one of the dates.
    CallError
        An unknown outcome or cohort (the nearest name is given).
    """
    catalogue = catalogue or load_catalogue()
    dates = as_dates(as_of)
    target, risk_set = catalogue.outcome(outcome), catalogue.cohort(cohort)
    check_outcome_tables(registry, target)
    applied = applied_rules(registry, risk_set)
    rules = {f"_rule{index}": node for index, (_, node) in enumerate(applied)}
    features = {name: spec.node for name, spec in catalogue.features.items() if spec.node is not None}
    outputs: dict[str, plan.Household] = {**features, **rules, _OUTCOME: target.node}
    table = evaluate(registry, outputs, as_of=dates, policy=policy, keep=(*KEYS, *PLACES), engine=engine)
    rows = table.to_pandas()
    known = {day: known_when(day, target.horizon_months, target.lag_days) for day in dates}
    immature = [day for day in dates if known[day] > registry.cut_on]
    rows.loc[rows["as_of"].isin(immature), _OUTCOME] = float("nan")
    rows, flow = _exclude(rows, [rule for rule, _ in applied], dates)
    return TrainingSet(
        frame=rows[[*KEYS, *PLACES]],
        X=rows[list(features)].astype("float64"),
        y=rows[_OUTCOME].astype("float64").rename(outcome),
        catalogue=catalogue,
        flow=flow,
        record=_record(registry, catalogue, target, risk_set, dates, immature) | table.choice.to_dict(),
    )


def applied_rules(registry: Registry, risk_set: CohortSpec) -> list[tuple[str, plan.Household]]:
    """Return the rules of a cohort whose tables the registry has; the others exclude nobody."""
    return [(rule, node) for rule, node in risk_set.rules if set(plan.tables(node)) <= set(registry.tables)]


def _exclude(rows: pd.DataFrame, rules: Sequence[str], dates: Sequence[date]) -> tuple[pd.DataFrame, pd.DataFrame]:
    import pandas as pd

    counts = {"seen": _by_date(rows, dates)}
    for index, rule in enumerate(rules):
        rows = rows[rows[f"_rule{index}"] == 1]
        counts[rule] = _by_date(rows, dates)
    counts["outcome known"] = _by_date(rows[rows[_OUTCOME].notna()], dates)
    counts["outcome true"] = _by_date(rows[rows[_OUTCOME] == 1], dates)
    flow = pd.DataFrame(counts, index=pd.Index(dates, name="as_of")).reset_index()
    return rows.reset_index(drop=True), flow


def _by_date(rows: pd.DataFrame, dates: Sequence[date]) -> list[int]:
    counted = rows["as_of"].value_counts()
    return [int(counted.get(day, 0)) for day in dates]


def _record(
    registry: Registry,
    catalogue: Catalogue,
    target: OutcomeSpec,
    risk_set: CohortSpec,
    dates: Sequence[date],
    immature: Sequence[date],
) -> dict[str, Any]:
    return {
        "as_of": [day.isoformat() for day in dates],
        "immature": [day.isoformat() for day in immature],
        "outcome": target.name,
        "horizon_months": target.horizon_months,
        "lag_days": target.lag_days,
        "cohort": risk_set.name,
        "cohort_rules_without_table": [
            rule for rule, node in risk_set.rules if not set(plan.tables(node)) <= set(registry.tables)
        ],
        "catalogue_hash": catalogue.hash,
        "registry": registry.fingerprint,
        "cut_on": registry.cut_on.isoformat(),
        "tables_absent": sorted(_absent(registry, catalogue)),
    }


def _absent(registry: Registry, catalogue: Catalogue) -> set[str]:
    needed = {t for spec in catalogue.features.values() if spec.node for t in plan.tables(spec.node)}
    return needed - set(registry.tables)
