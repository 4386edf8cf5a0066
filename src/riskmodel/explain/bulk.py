"""Contributions of many rows: woodelf's exact SHAP values of the trees, held against LightGBM's own.

Both work out the same path-dependent SHAP values: woodelf tree by tree for all rows at once, LightGBM row by row. The
additive part's contributions are its curves, the same either way. On a sample spread over the first slice the two are
compared, and every row's sum is compared with its margin; where either is off, all is left to LightGBM and said so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riskmodel.explain.contributions import TOLERANCE, sum_residual
from riskmodel.parallel import cores, side_by_side

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.model import RiskClassifier

_LOG = logging.getLogger(__name__)

Array = NDArray[np.float64]

# With fewer rows reading the trees costs more than it saves.
FEWEST_ROWS = 2_000
_SAMPLE = 200
# Rows at a time, which bounds the memory; the last digits of a row depend on what is in its slice. Trees at a time,
# because within a group sums are held in single precision.
SLICE, _TREES = 50_000, 25
# LightGBM reads what is this small as zero.
_ZERO = float(np.float32(1e-35))


class Contributions:
    """Works out contributions, a slice of rows after the other, and remembers how.

    Parameters
    ----------
    classifier : RiskClassifier
    rows : int
        How many there will be in all: few are left to LightGBM.

    Attributes
    ----------
    by : {"woodelf", "lightgbm"}
        What works out the trees' part.
    why : str or None
        Why it is LightGBM, where it is.
    rows_checked : int
        How many rows of the sample were compared.
    against_lightgbm : float
        The largest difference on the sample, in log-odds; 0.0 where LightGBM itself did the work.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from riskmodel.model import RiskClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(300, 2)), columns=["income", "age"])
    >>> model = RiskClassifier(rounds=5, bags=1).fit(X, (X["income"] + rng.normal(size=300) < -1).astype(int))
    >>> work = Contributions(model, rows=len(X))
    >>> bool(np.allclose(work(X), model.contributions(X))), work.by
    (True, 'lightgbm')
    """

    def __init__(self, classifier: RiskClassifier, *, rows: int) -> None:
        self._classifier = classifier
        self._trees: list[Any] | None = None
        self.by = "lightgbm"
        self.why: str | None = None
        self.rows_checked = 0
        self.against_lightgbm = 0.0
        if rows < FEWEST_ROWS:
            self.why = f"{rows} rows are fewer than the {FEWEST_ROWS} from which woodelf is faster"
            return
        self._attempt(self._read_trees)

    def __call__(self, rows: pd.DataFrame) -> Array:
        """Return the contributions of ``rows``: shape (rows, features), in log-odds."""
        if self._trees is not None:
            found = self._attempt(lambda: self._by_woodelf(rows))
            if found is not None:
                return found
        return np.asarray(self._classifier.contributions(rows), dtype=np.float64)

    def told(self) -> dict[str, Any]:
        """Return what a run's record says of it."""
        return {
            "by": self.by,
            "why": self.why,
            "rows_checked": self.rows_checked,
            "against_lightgbm": self.against_lightgbm,
        }

    def _attempt(self, work: Callable[[], Array | None]) -> Array | None:
        try:
            return work()
        except Exception as error:
            # Whatever a library that only saves time stumbles over, LightGBM's own is there.
            self._fall_back(f"woodelf failed: {type(error).__name__}: {error}")
            return None

    def _fall_back(self, why: str) -> None:
        _LOG.warning("contributions are worked out by LightGBM: %s", why)
        self.by, self.why, self._trees = "lightgbm", why, None

    def _read_trees(self) -> None:
        self._trees = read_trees(self._classifier)
        self.by = "woodelf"

    def _by_woodelf(self, rows: pd.DataFrame) -> Array | None:
        assert self._trees is not None
        values = rows.to_numpy(dtype=np.float64)
        out = np.empty(values.shape)
        for part in _slices(len(values)):
            out[part] = self._classifier.linear_.terms(values[part]) + trees_shap(self._trees, values[part])
        margin = np.asarray(self._classifier.decision_function(rows), dtype=np.float64)
        off = sum_residual(out, base_value=float(self._classifier.base_value_), margin=margin)
        if not off <= TOLERANCE:
            self._fall_back(f"woodelf's add up to the margin but for {off:.3g}")
            return None
        return out if self._equals_own(rows, out) else None

    def _equals_own(self, rows: pd.DataFrame, found: Array) -> bool:
        """Compare a sample, once, with LightGBM's own."""
        if self.rows_checked or not len(rows):
            return True
        spread = np.unique(np.linspace(0, len(rows) - 1, min(_SAMPLE, len(rows))).astype(int))
        own = np.asarray(self._classifier.contributions(rows.iloc[spread]))
        self.rows_checked = len(spread)
        self.against_lightgbm = float(np.abs(found[spread] - own).max())
        if self.against_lightgbm <= TOLERANCE:
            return True
        self._fall_back(f"woodelf's differ from LightGBM's own by {self.against_lightgbm:.3g}")
        return False


def against_background(classifier: RiskClassifier, rows: pd.DataFrame, background: pd.DataFrame) -> tuple[Array, float]:
    """Return interventional contributions against a background, and its mean margin, the base value.

    Where path-dependent SHAP values ask what the trees expect of households like those that went the same way,
    interventional ones ask what the margin would be had the household the background's values instead: a feature that
    the model does not use gets nothing, however it goes together with others.

    Parameters
    ----------
    rows : DataFrame
        The model's columns, in its order.
    background : DataFrame
        The same columns of those whom the rows are compared with; name them where you show the result.

    Returns
    -------
    contributions : array of shape (rows, features)
        In log-odds; base value + contributions = margin.
    base_value : float
    """
    values, others = (frame.to_numpy(dtype=np.float64) for frame in (rows, background))
    curves = classifier.linear_.terms(values) - classifier.linear_.terms(others).mean(axis=0)
    trees = trees_shap(read_trees(classifier), values, background=others)
    return curves + trees, float(np.mean(classifier.decision_function(background)))


def read_trees(classifier: RiskClassifier) -> list[Any]:
    """Return the classifier's trees as woodelf reads them; a tree of one leaf adds the same to everyone and is left."""
    from woodelf.core.trees.parse_models import load_decision_tree_ensemble_model

    ensemble = load_decision_tree_ensemble_model(classifier.booster_, _columns(classifier.n_features_in_))
    return [tree for tree in ensemble.trees if not tree.is_leaf()]


def trees_shap(trees: list[Any], values: Array, *, background: Array | None = None) -> Array:
    """Return the trees' SHAP values, path-dependent or against a background, of shape (rows, features)."""
    import pandas as pd

    names = _columns(values.shape[1])
    place = {name: position for position, name in enumerate(names)}

    def frame(given: Array) -> pd.DataFrame:
        return pd.DataFrame(np.where(np.abs(given) <= _ZERO, 0.0, given), columns=names)

    rows, others = frame(values), None if background is None else frame(background)
    # Each core takes every so many-th tree: trees of one booster become smaller as it grows.
    parts = [part for part in (trees[start :: cores()] for start in range(cores())) if part]
    out = np.zeros(values.shape)
    for found in side_by_side(partial(_shap_of, part, rows, others, place) for part in parts):
        out += found
    return out


def _shap_of(trees: list[Any], rows: pd.DataFrame, others: pd.DataFrame | None, place: dict[str, int]) -> Array:
    from woodelf.core.cube_metric import ShapleyValues
    from woodelf.core.trees.decision_trees_ensemble import DecisionTreesEnsemble
    from woodelf.woodelf_sparse import hybrid_woodelf

    out = np.zeros((len(rows), len(place)))
    for start in range(0, len(trees), _TREES):
        group = DecisionTreesEnsemble(trees[start : start + _TREES])
        found = hybrid_woodelf(group, rows, others, ShapleyValues(), model_was_loaded=True, verbose=False)
        for name, column in found.items():
            out[:, place[name]] += column
    return out


def _columns(number: int) -> list[str]:
    return [f"f{position}" for position in range(number)]


def _slices(rows: int) -> Iterator[slice]:
    for start in range(0, rows, SLICE):
        yield slice(start, start + SLICE)
