"""The model as ``mlflow.pyfunc`` and ``mlflow models serve`` load it: features in, risk and reasons out.

MLflow is told the name of this module and the folder of a bundle (:mod:`riskmodel.serving.model_folder`); nothing is
unpickled, and every byte of the bundle is checked while it is loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riskmodel.errors import DataError
from riskmodel.explain import Reason, explain_rows, require_small, sum_residual

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.model import Bundle

OUTPUTS = ("risk", "margin", "base_value", "reasons", "other_contributions")
# What is told of a reason: neither village nor year before, which belong to a registry that one call does not see.
SERVED = ("feature", "idea", "together", "risk_type", "value", "contribution", "zh", "en")


class ServedModel:
    """A bundle that answers for rows of features; what ``mlflow.pyfunc`` wraps.

    Parameters
    ----------
    bundle : Bundle
    """

    def __init__(self, bundle: Bundle) -> None:
        from riskmodel.features import FeatureSpec

        self.bundle = bundle
        self._specs = [FeatureSpec.from_dict(row) for row in bundle.features]

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return risk and reasons of each row.

        There is no rank in it: a place in the queue belongs to a whole county, which one call does not see.

        Parameters
        ----------
        model_input : DataFrame
            The model's columns by name, in any order; others are left aside. Numbers, NaN where missing.
        params : dict, optional
            Taken because MLflow hands it over; nothing can be set.

        Returns
        -------
        DataFrame
            ``risk`` (calibrated probability), ``margin`` and ``base_value`` (log-odds), ``reasons`` (a list of what
            :data:`SERVED` names, what raises the score first) and ``other_contributions``: the base value, the
            reasons' contributions and the others add up to the margin.

        Raises
        ------
        DataError
            A column is missing, is not numeric, or holds an infinite value: named, with the row's place.
        """
        import pandas as pd

        if not isinstance(model_input, pd.DataFrame):
            raise DataError(
                f"the model takes a DataFrame with its columns by name, not {type(model_input).__name__}: columns "
                "that only have a place could be any others."
            )
        values = as_numbers(self.bundle.pick(model_input))
        rows = pd.DataFrame(values, columns=self.bundle.names)
        classifier = self.bundle.classifier
        if len(rows):
            margin = np.asarray(classifier.decision_function(rows), dtype=np.float64)
            risk = np.asarray(classifier.predict_proba(rows)[:, 1], dtype=np.float64)
            contributions = np.asarray(classifier.contributions(rows), dtype=np.float64)
        else:
            margin = risk = np.zeros(0)
            contributions = values
        base_value = float(classifier.base_value_)
        require_small(
            sum_residual(contributions, base_value=base_value, margin=margin),
            what="base value + contributions against the margin",
        )
        explained = explain_rows(values, contributions, specs=self._specs)
        return pd.DataFrame(
            {
                "risk": risk,
                "margin": margin,
                "base_value": np.full(len(values), base_value),
                "reasons": pd.Series([[_served(r) for r in row.reasons] for row in explained], dtype=object),
                "other_contributions": np.array([row.other_contributions for row in explained], dtype=np.float64),
            }
        )


def _served(reason: Reason) -> dict[str, Any]:
    told = {name: getattr(reason, name) for name in SERVED}
    return told | {"together": list(reason.together)}


def as_numbers(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Return the columns as numbers, NaN where missing.

    Raises
    ------
    DataError
        Naming the column and the first row (counted from 0) that holds something else, or an infinite value.
    """
    import pandas as pd

    values = np.empty(rows.shape, dtype=np.float64)
    for place, name in enumerate(rows.columns):
        column = rows.iloc[:, place]
        if column.dtype.kind in "mMc":
            # A date would be taken as its count of microseconds.
            raise DataError(f'column "{name}" holds {column.dtype}, not numbers. Give the number that the feature is.')
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        texts = column.map(lambda value: isinstance(value, str)).to_numpy(dtype=bool)
        wrong = texts | (np.isnan(numbers) & column.notna().to_numpy(dtype=bool))
        if wrong.any():
            raise DataError(
                f'column "{name}", row {int(np.argmax(wrong))}: not a number. The model takes numbers, and nothing '
                "(NaN, null) where a value is missing."
            )
        if np.isinf(numbers).any():
            raise DataError(
                f'column "{name}", row {int(np.argmax(np.isinf(numbers)))}: infinite. Give the number, or nothing '
                "(NaN, null) where it is missing."
            )
        values[:, place] = numbers
    return values


def _load_pyfunc(path: str) -> ServedModel:
    """Load a bundle: the name and the argument are those that MLflow calls a loader module with."""
    from riskmodel.model import load_bundle

    return ServedModel(load_bundle(Path(path)))
