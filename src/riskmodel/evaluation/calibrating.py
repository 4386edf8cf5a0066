"""Calibration by the newest dates: the level and slope of risks as of late, not of all the years that taught.

The estimator calibrates itself by rows left out in folds of whole groups, over all its dates alike. Where the base
rate moves, the newest dates say more of the next year than the oldest do. Here the map by folds is moved in level and
slope towards the rows left out at the newest dates alone: villages that taught nothing to the models asked about them,
at the latest dates whose outcomes were known. The margins are those of models taught like the final one, by all dates;
a map fitted on models that only older dates had taught would correct what the newest dates, which teach the final model
too, have corrected already. The map is moved as far only as these rows say more than chance would: a small county's few
cases of late must not shake its risks. docs/calibration.md has the figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from riskmodel.model import RiskClassifier
    from riskmodel.training.experiment import Calibration

# Fewer cases, or fewer of the others, say nothing of a level.
LEAST_OF_EACH = 20


def calibrate_over_time(
    classifier: RiskClassifier, y: np.ndarray, *, as_of: np.ndarray | None, how: Calibration
) -> RiskClassifier:
    """Correct a fitted classifier's calibration as the experiment asks; its margins and order stay.

    Parameters
    ----------
    classifier : RiskClassifier
        Fitted on these rows; its map is replaced.
    y : ndarray of shape (n_rows,)
        0 or 1.
    as_of : ndarray of date, shape (n_rows,), or None
        The date of each row; without dates the map by folds stays.
    how : Calibration
        The experiment's.

    Returns
    -------
    RiskClassifier
        Itself. With fewer than 20 cases, or 20 others, among the rows left out at the newest dates, its map is the
        one by folds.
    """
    from riskmodel.model.calibration import followed

    if how.window == "folds" or "none" in (how.method, classifier.calibration) or as_of is None:
        return classifier
    newest = np.unique(as_of)[-how.dates :]
    margin = classifier.out_of_fold_margin_
    picked = ~np.isnan(margin) & np.isin(as_of, newest)
    outcome = np.asarray(y, dtype=float)[picked]
    if min(outcome.sum(), outcome.size - outcome.sum()) >= LEAST_OF_EACH:
        classifier.calibrator_ = followed(classifier.calibrator_, margin[picked], outcome, weight=np.ones(outcome.size))
    return classifier
