"""What evaluation asks of the households tested and no model is taught: groups, other outcomes, when need showed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from riskmodel.engine import plan
from riskmodel.evaluation.backtest import Predictions
from riskmodel.evaluation.inputs import Prepared
from riskmodel.features.builder import KEYS, before_ledger, evaluate, known_when
from riskmodel.features.prediction import OutcomeSpec

if TYPE_CHECKING:
    from riskmodel.training.training_set import TrainingSet

TOWNSHIP = "township"
_GROUP, _OTHER, _SHOWN = "group ", "other ", "shown"


@dataclass(frozen=True, kw_only=True)
class Beside:
    """Columns that align with the rows of :class:`~riskmodel.evaluation.backtest.Predictions`.

    Attributes
    ----------
    groups : dict of str to ndarray
        1 where a row belongs to a group as known at its as_of, 0 where not, NaN where that is not known.
    townships : ndarray of str or None
        Where the household lies; None where the experiment does not ask.
    others : dict of str to ndarray
        Other outcomes than the one predicted; NaN where not known.
    shown : ndarray or None
        In which month of the horizon the outcome first showed, 0 where it had at as_of already; NaN where it did not.
        None for an outcome without a date.
    exposure : dict of str to ndarray
        What was done for the household within the horizon.
    """

    groups: dict[str, np.ndarray]
    townships: np.ndarray | None
    others: dict[str, np.ndarray]
    shown: np.ndarray | None
    exposure: dict[str, np.ndarray]


def look_beside(prepared: Prepared, rows: TrainingSet, predictions: Predictions) -> Beside:
    """Work out, in one pass over the registry at the test dates, what the experiment's groups and outcomes ask for."""
    catalogue, experiment, registry = prepared.catalogue, prepared.experiment, prepared.registry
    named = groups_asked(prepared)
    outcome = catalogue.outcomes[experiment.outcome]
    others = {name: catalogue.outcomes[name] for name in experiment.also_outcomes}
    outputs: dict[str, plan.Household] = {
        **{f"{_GROUP}{name}": catalogue.groups[name].node for name in named if name != TOWNSHIP},
        **{f"{_OTHER}{name}": spec.censored(registry.tables) for name, spec in others.items()},
    }
    if outcome.shows is not None:
        outputs[_SHOWN] = outcome.shows
    asked = rows.frame.iloc[predictions.rows]
    found = _at(prepared, outputs, asked[[*KEYS]])
    return Beside(
        groups={n: found[f"{_GROUP}{n}"].to_numpy(dtype=float) for n in named if n != TOWNSHIP},
        townships=_text(asked["township_code"]) if TOWNSHIP in named else None,
        others={n: _once_known(prepared, spec, found[f"{_OTHER}{n}"], asked["as_of"]) for n, spec in others.items()},
        shown=None if outcome.shows is None else found[_SHOWN].to_numpy(dtype=float),
        exposure={str(n): rows.exposure[n].to_numpy(dtype=float)[predictions.rows] for n in rows.exposure},
    )


def groups_asked(prepared: Prepared) -> tuple[str, ...]:
    """Return the groups that the experiment names; where it names none, townships and all of the catalogue."""
    named = prepared.experiment.subgroups.by
    return (TOWNSHIP, *prepared.catalogue.groups) if named is None else named


def _text(codes: pd.Series) -> np.ndarray:
    return codes.astype("object").where(codes.notna(), "").to_numpy().astype(str)


def _at(prepared: Prepared, outputs: dict[str, plan.Household], keys: pd.DataFrame) -> pd.DataFrame:
    if not outputs:
        return keys
    days = sorted(set(keys["as_of"]))
    table = evaluate(prepared.registry, outputs, as_of=days, policy=prepared.policy).to_pandas()
    table = table.astype(dict.fromkeys(outputs, "float64"))
    return keys.reset_index(drop=True).merge(table, on=list(KEYS), how="left", validate="one_to_one", sort=False)


def _once_known(prepared: Prepared, spec: OutcomeSpec, values: pd.Series, as_of: pd.Series) -> np.ndarray:
    days = sorted(set(as_of))
    early = {day for day in days if known_when(day, spec.horizon_months, spec.lag_days) > prepared.registry.cut_on}
    untold = early | set(before_ledger(prepared.registry, spec, days))
    return np.where(as_of.isin(untold), np.nan, values.to_numpy(dtype=float))
