"""Do the directions hold? Every bound feature swept over real rows, the fitted model asked at each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from riskmodel.model.classifier import RiskClassifier

Array = NDArray[np.float64]

# Sums of floats in another order may differ by this much in log-odds; a step of a tree or a curve is far larger.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Swept:
    """What sweeping one bound feature found.

    Attributes
    ----------
    direction : int
        +1: the risk may only rise as the feature grows; -1: only fall.
    worst_step : float
        The largest step of the margin (log-odds) against the direction, over all rows and neighbouring values; 0 when
        none went against it.
    largest_step : float
        The largest step along it: 0 means that the model makes no use of the feature in these rows.
    rows, values : int
        How many rows were swept, over how many values each.
    """

    direction: int
    worst_step: float
    largest_step: float
    rows: int
    values: int

    @property
    def holds(self) -> bool:
        """Whether no step went against the direction, rounding aside."""
        return self.worst_step <= ROUNDING


def directions_held(
    classifier: RiskClassifier, X: ArrayLike, *, rows: int = 200, values: int = 15, seed: int = 0
) -> dict[str, Swept]:
    """Sweep every feature that ``classifier`` is bound on and tell how the margin moved.

    In each of the sampled rows a feature is set to values from below the least to above the largest one in ``X``, all
    other features left as they are. Calibration rises strictly, so what holds for margins holds for risks.

    Parameters
    ----------
    classifier : RiskClassifier
        Fitted.
    X : array-like of shape (n_rows, n_features)
        Real rows, in the columns that it was fitted on.
    rows : int
        The most rows that are swept, drawn without replacement.
    values : int
        The most values a feature: quantiles of what it is in ``X``, and one beyond each end.
    seed : int
        Of the draw.

    Returns
    -------
    dict of str to Swept
        One entry a bound feature, in the order of the columns; empty when none is bound. A feature without any known
        value in ``X`` is swept over 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> from riskmodel.model import RiskClassifier, directions_held
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 2))
    >>> y = (X[:, 0] + rng.normal(size=200) > 1).astype(int)
    >>> swept = directions_held(RiskClassifier(monotone=[1, 0]).fit(X, y), X)
    >>> {name: found.holds for name, found in swept.items()}
    {'x0': True}
    """
    check_is_fitted(classifier)
    table = np.asarray(X, dtype=np.float64)
    names = [str(name) for name in getattr(classifier, "feature_names_in_", [])]
    draw = np.random.default_rng(seed)
    chosen = np.sort(draw.choice(len(table), size=min(rows, len(table)), replace=False))
    sample = table[chosen]
    found = {}
    for j in np.flatnonzero(classifier.monotone_):
        grid = _grid(table[:, j], values)
        swept = np.repeat(sample, grid.size, axis=0)
        swept[:, j] = np.tile(grid, len(sample))
        asked = pd.DataFrame(swept, columns=names) if names else swept
        margin = classifier.decision_function(asked).reshape(len(sample), grid.size)
        along = np.diff(margin, axis=1) * int(classifier.monotone_[j])
        found[names[j] if names else f"x{j}"] = Swept(
            direction=int(classifier.monotone_[j]),
            worst_step=float(max(-along.min(initial=0.0), 0.0)),
            largest_step=float(along.max(initial=0.0)),
            rows=len(sample),
            values=int(grid.size),
        )
    return found


def summary_of(swept: Mapping[str, Swept]) -> dict[str, Any]:
    """Plain data for a record: how many directions were swept, how many hold, and each that does not."""
    against = {name: found.worst_step for name, found in swept.items() if not found.holds}
    return {
        "swept": len(swept),
        "hold": len(swept) - len(against),
        "worst_step": max((found.worst_step for found in swept.values()), default=0.0),
        "against": against,
    }


def _grid(known: Array, values: int) -> Array:
    """Values to set a feature to, increasing: quantiles of those seen, and one beyond either end."""
    known = known[~np.isnan(known)]
    if not known.size:
        return np.array([0.0, 1.0])
    inner = np.unique(np.quantile(known, np.linspace(0.0, 1.0, max(values - 2, 1))))
    beyond = max(float(inner[-1] - inner[0]), 1.0)
    return np.concatenate([[inner[0] - beyond], inner, [inner[-1] + beyond]])
