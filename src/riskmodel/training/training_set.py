"""A training set: who was at risk when, what was known of them then, what came of it, and what was done meanwhile."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from riskmodel.engine import plan
from riskmodel.errors import CallError, did_you_mean
from riskmodel.features.builder import KEYS, PLACES, as_dates, before_ledger, check_outcome_tables, evaluate, known_when
from riskmodel.features.catalogue import Catalogue, load_catalogue
from riskmodel.features.matrix import Matrix
from riskmodel.features.prediction import CohortSpec, OutcomeSpec
from riskmodel.policy import Policy
from riskmodel.training import flow as steps
from riskmodel.training.flow import by_date, flow_markdown, follow

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from riskmodel.registry import Registry

Weighting = Literal["rows", "households"]
WEIGHTINGS = ("rows", "households")
GROUPS = {"village": "village_code", "township": "township_code", "household": "household_id"}

_OUTCOME, _GONE, _RULE, _EXPOSURE = "_outcome", "_gone", "_rule", "_exposure "


@dataclass(frozen=True)
class TrainingSet:
    """Rows of households at dates; ``frame``, ``X``, ``y``, ``exposure`` and ``weights`` align by position.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``household_id, as_of, county_code, township_code, village_code``.
    X : pandas.DataFrame
        One float64 column a feature, NaN where missing.
    y : pandas.Series
        1.0, 0.0, or NaN where the outcome is not known.
    exposure : pandas.DataFrame
        What was done for the household, or with it, within the horizon: one float64 column an exposure of the
        catalogue, NaN where it is not known yet or the registry lacks the table. Never a feature.
    weights : pandas.Series
        How much a row counts: 1.0, or where a household's rows share one, 1 / rows of the household.
    flow : pandas.DataFrame
        One row an ``as_of``: how many were seen, how many each rule left, and of those how many outcomes are not yet
        known, how many households are gone before the horizon's end, how many outcomes cannot be told, are known,
        and are true.
    record : dict
        What it was made of: dates, outcome, cohort with the rules that held, were switched off or lacked their table,
        exposures, weighting, catalogue hash, the registry's fingerprint and cut, and the counts of ``flow``.
    """

    frame: pd.DataFrame
    X: pd.DataFrame
    y: pd.Series
    exposure: pd.DataFrame
    weights: pd.Series
    catalogue: Catalogue
    flow: pd.DataFrame
    record: dict[str, Any]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.frame)

    @property
    def groups(self) -> pd.DataFrame:
        """What rows belong together: ``village``, ``township``, ``household``."""
        return self.frame[list(GROUPS.values())].set_axis(list(GROUPS), axis=1)

    def known(self) -> TrainingSet:
        """Return the rows whose outcome is known, which are those to learn from; shared weights are shared anew."""
        return self._rows(self.y.notna().to_numpy())

    def _rows(self, kept: NDArray[np.bool_]) -> TrainingSet:
        frame = self.frame[kept].reset_index(drop=True)
        return dataclasses.replace(
            self,
            frame=frame,
            X=self.X[kept].reset_index(drop=True),
            y=self.y[kept].reset_index(drop=True),
            exposure=self.exposure[kept].reset_index(drop=True),
            weights=_weights(frame, self.record["weighting"]),
        )

    def flow_markdown(self) -> str:
        """Draw the flow table in Markdown; see :func:`riskmodel.training.flow_markdown`."""
        return flow_markdown(self.flow)

    def to_parquet(self, folder: Path) -> None:
        """Write the set into a folder, whole or not at all; :meth:`read` gives it back."""
        from riskmodel.training.stored import write

        write(self, Path(folder))

    @classmethod
    def read(cls, folder: Path) -> TrainingSet:
        """Read what :meth:`to_parquet` wrote; its catalogue holds the features' words, not their expressions.

        Raises
        ------
        DataError
            There is no training set, or a file of it is missing or changed.
        """
        from riskmodel.training.stored import read

        return read(Path(folder))


def build_training_set(
    registry: Registry,
    *,
    as_of: date | Sequence[date],
    outcome: str = "need",
    cohort: str = "not_listed",
    without_rules: Sequence[str] = (),
    weighting: Weighting = "rows",
    catalogue: Catalogue | None = None,
    policy: Policy | None = None,
    engine: str = "auto",
) -> TrainingSet:
    """Build features, outcome and exposure for the households of a cohort at each date.

    Parameters
    ----------
    as_of
        One date or several. Features see what was known strictly before; the outcome looks at the horizon after.
    outcome, cohort
        Names in the catalogue. A rule of the cohort that reads a table the registry lacks excludes nobody, and is
        named in the record.
    without_rules
        Rules of the cohort to switch off.
    weighting
        ``"rows"``: every row counts one. ``"households"``: a household's rows share one, so that a household seen at
        many dates does not count more.
    catalogue
        By default the workspace's.
    engine
        ``"auto"``, ``"fused"``, ``"duckdb"`` or ``"spark"``; the record says which ran.

    Raises
    ------
    DataError
        No household is known before one of the dates.
    CallError
        An unknown outcome, cohort, rule or weighting (the nearest name is given).
    """
    if weighting not in WEIGHTINGS:
        raise CallError(f'weighting is "{weighting}".{did_you_mean(weighting, WEIGHTINGS)}')
    catalogue = catalogue or load_catalogue()
    dates = as_dates(as_of)
    target, risk_set = catalogue.outcome(outcome), catalogue.cohort(cohort).without(*without_rules)
    check_outcome_tables(registry, target)
    table = _table_of_all(registry, catalogue, target, risk_set, dates, policy, engine)
    rows = table.to_pandas()
    immature = [day for day in dates if known_when(day, target.horizon_months, target.lag_days) > registry.cut_on]
    rows.loc[rows["as_of"].isin(before_ledger(registry, target, dates)), _OUTCOME] = float("nan")
    rows, flow = _judged(rows, [rule for rule, _ in applied_rules(registry, risk_set)], dates, immature)
    frame = rows[[*KEYS, *PLACES]]
    record = _record(registry, catalogue, target, risk_set, dates, immature)
    return TrainingSet(
        frame=frame,
        X=rows[list(catalogue.features)].astype("float64"),
        y=rows[_OUTCOME].astype("float64").rename(outcome),
        exposure=rows[[f"{_EXPOSURE}{n}" for n in catalogue.exposures]].set_axis(list(catalogue.exposures), axis=1),
        weights=_weights(frame, weighting),
        catalogue=catalogue,
        flow=flow,
        record={**record, "weighting": weighting, "flow": _plain(flow), **table.choice.to_dict()},
    )


def applied_rules(registry: Registry, risk_set: CohortSpec) -> list[tuple[str, plan.Household]]:
    """Return the rules of a cohort whose tables the registry has; the others exclude nobody."""
    return [(rule, node) for rule, node in risk_set.rules if set(plan.tables(node)) <= set(registry.tables)]


def _table_of_all(
    registry: Registry,
    catalogue: Catalogue,
    target: OutcomeSpec,
    risk_set: CohortSpec,
    dates: Sequence[date],
    policy: Policy | None,
    engine: str,
) -> Matrix:
    """Ask for everything of everyone present: one pass a table and clock for features, rules, outcome and exposures."""
    rules = applied_rules(registry, risk_set)
    outputs: dict[str, plan.Household] = {
        **{name: spec.node for name, spec in catalogue.features.items() if spec.node is not None},
        **{f"{_RULE}{index}": node for index, (_, node) in enumerate(rules)},
        **{f"{_EXPOSURE}{name}": spec.over(target) for name, spec in catalogue.exposures.items()},
        _OUTCOME: target.censored(registry.tables),
        _GONE: target.gone(registry.tables),
    }
    return evaluate(registry, outputs, as_of=dates, policy=policy, keep=(*KEYS, *PLACES), engine=engine)


def _judged(
    rows: pd.DataFrame, rules: Sequence[str], dates: Sequence[date], immature: Sequence[date]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave the cohort's rows, blank what is not known yet, and count both."""
    import pandas as pd

    ahead = [_OUTCOME, _GONE, *(column for column in rows if str(column).startswith(_EXPOSURE))]
    rows = rows.astype(dict.fromkeys(ahead, "float64"))
    rows.loc[rows["as_of"].isin(immature), ahead] = float("nan")
    met = [rows[f"{_RULE}{index}"] == 1 for index in range(len(rules))]
    left, counts = follow(rows, met, rules, dates=dates)
    rows = rows[left].reset_index(drop=True)
    early, known = rows["as_of"].isin(immature), rows[_OUTCOME].notna()
    gone = ~early & ~known & (rows[_GONE] == 1)
    ends = {
        steps.NOT_YET_KNOWN: early,
        steps.GONE: gone,
        steps.UNTOLD: ~early & ~known & ~gone,
        steps.KNOWN: known,
        steps.TRUE: rows[_OUTCOME] == 1,
    }
    counts |= {name: by_date(rows["as_of"][mask], dates) for name, mask in ends.items()}
    return rows, pd.DataFrame(counts, index=pd.Index(dates, name="as_of")).reset_index()


def _weights(frame: pd.DataFrame, weighting: Weighting) -> pd.Series:
    import pandas as pd

    if weighting == "rows":
        return pd.Series(1.0, index=frame.index, name="weight")
    rows = frame.groupby("household_id")["household_id"].transform("size")
    return (1.0 / rows).astype("float64").rename("weight")


def _plain(flow: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"as_of": day.isoformat(), **{str(k): int(v) for k, v in row.items()}}
        for day, row in zip(flow["as_of"], flow.drop(columns="as_of").to_dict("records"), strict=True)
    ]


def _record(
    registry: Registry,
    catalogue: Catalogue,
    target: OutcomeSpec,
    risk_set: CohortSpec,
    dates: Sequence[date],
    immature: Sequence[date],
) -> dict[str, Any]:
    applied = [rule for rule, _ in applied_rules(registry, risk_set)]
    exposed = {name: set(plan.tables(spec.over(target))) for name, spec in catalogue.exposures.items()}
    return {
        "as_of": [day.isoformat() for day in dates],
        "immature": [day.isoformat() for day in immature],
        "outcome": target.name,
        "horizon_months": target.horizon_months,
        "lag_days": target.lag_days,
        "cohort": risk_set.name,
        "cohort_rules": applied,
        "cohort_rules_switched_off": list(risk_set.switched_off),
        "cohort_rules_without_table": [rule for rule, _ in risk_set.rules if rule not in applied],
        "exposures": list(exposed),
        "exposures_without_table": [name for name, needed in exposed.items() if not needed <= set(registry.tables)],
        "catalogue_hash": catalogue.hash,
        "registry": registry.fingerprint,
        "cut_on": registry.cut_on.isoformat(),
        "tables_absent": sorted(_absent(registry, catalogue)),
    }


def _absent(registry: Registry, catalogue: Catalogue) -> set[str]:
    needed = {t for spec in catalogue.features.values() if spec.node for t in plan.tables(spec.node)}
    return needed - set(registry.tables)
