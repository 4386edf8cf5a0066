"""The same list judged otherwise: on households that nothing was done for, and by other outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from riskmodel.evaluation.asked import Asked
from riskmodel.evaluation.backtest import Predictions
from riskmodel.evaluation.bootstrap import Estimate, estimate, widened
from riskmodel.evaluation.compare import with_draws
from riskmodel.evaluation.metrics import Scored, Sums, capacity_label, measures, pool, sums
from riskmodel.evaluation.subgroups import LEAST_CLUSTERS

# Exposures that change what becomes of a household. A visit alone does not.
TREATMENTS = ("measures_received", "listed")

ALL, UNTREATED, TREATED = "all", "untreated", "treated"
_TREATMENT = {
    UNTREATED: ("期内未获帮扶、未纳入监测", "no measure and not listed within the horizon"),
    TREATED: ("期内获得帮扶或纳入监测", "a measure, or listed, within the horizon"),
}


@dataclass(frozen=True, kw_only=True)
class View:
    """One way to judge the same scores.

    Attributes
    ----------
    name : str
        ``all``, ``untreated``, ``treated`` or the name of another outcome.
    hidden : str or None
        Why nothing is said: too few rows or positives, or another could be worked out.
    estimates : dict
        Measure -> :class:`Estimate`, with the list made anew of the rows that are judged; without an interval where
        these come from too few villages for one.
    """

    name: str
    zh: str
    en: str
    hidden: str | None
    rows: int
    positives: int
    estimates: dict[str, Estimate]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        said = {"name": self.name, "zh": self.zh, "en": self.en, "hidden": self.hidden}
        if self.hidden is not None:
            return said
        numbers = {"rows": self.rows, "positives": self.positives}
        return {**said, **numbers, "estimates": {m: e.to_dict() for m, e in self.estimates.items()}}


def untreated(exposure: dict[str, np.ndarray]) -> np.ndarray | None:
    """Return which rows got no measure and were not listed within the horizon; None where neither is recorded."""
    recorded = [values for name, values in exposure.items() if name in TREATMENTS and not np.isnan(values).all()]
    return np.all([values == 0 for values in recorded], axis=0) if recorded else None


def by_treatment(asked: Asked) -> list[View]:
    """Judge the scores on all rows, on those that nothing was done for, and on the others."""
    left = untreated(asked.beside.exposure)
    outcome = asked.predictions.outcome
    found = [_view(asked, ALL, ("全部农户", "all households"), np.ones(len(outcome), dtype=bool), outcome)]
    if left is None:
        return found
    parts = {UNTREATED: left, TREATED: ~left}
    hidden = asked.smallest.hides_of(
        [float(kept.sum()) for kept in parts.values()], [float(outcome[kept].sum()) for kept in parts.values()]
    )
    return found + [
        _view(asked, name, _TREATMENT[name], kept, outcome, hidden=why)
        for (name, kept), why in zip(parts.items(), hidden, strict=True)
    ]


def by_outcome(asked: Asked, words: dict[str, tuple[str, str]], *, predicted: str) -> list[View]:
    """Judge the scores by the outcome that was predicted and by the others; empty where there are no others."""
    others = asked.beside.others
    if not others:
        return []
    everyone = np.ones(len(asked.predictions.rows), dtype=bool)
    found = [_view(asked, predicted, words[predicted], everyone, asked.predictions.outcome)]
    return found + [_view(asked, name, words[name], ~np.isnan(y), y) for name, y in others.items()]


def _view(
    asked: Asked,
    name: str,
    words: tuple[str, str],
    kept: np.ndarray,
    outcome: np.ndarray,
    *,
    hidden: str | None = None,
) -> View:
    zh, en = words
    rows, positives = int(kept.sum()), int(outcome[kept].sum())
    hidden = hidden or asked.smallest.hides(rows, positives)
    estimates = {} if hidden is not None else _measured(asked, kept, outcome)
    return View(name=name, zh=zh, en=en, hidden=hidden, rows=rows, positives=positives, estimates=estimates)


def _measured(asked: Asked, kept: np.ndarray, outcome: np.ndarray) -> dict[str, Estimate]:
    predictions: Predictions = asked.predictions
    once: list[Sums] = []
    drawn: list[Sums] = []
    for stratum in range(len(predictions.origins)):
        rows = kept & (predictions.stratum == stratum)
        if not rows.any():
            continue
        risk = asked.risk[rows]
        add = partial(sums, Scored(outcome=outcome[rows], score=risk, probability=risk), capacities=(asked.main,))
        first, again = with_draws(add, boot=asked.boot, codes=asked.clusters[rows])
        once.append(first)
        drawn.append(again)
    places = asked.places(kept)
    level = widened(asked.level, groups=places)
    added, drawn_added = pool(once), pool(drawn)
    values, draws = measures(added), measures(drawn_added)
    label = capacity_label(asked.main)
    names = ["auc", "average_precision", f"recall_at_{label}", f"precision_at_{label}", "calibration_error"]
    found = {m: estimate(float(values[m][0]), draws[m], level=level) for m in names}
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = float((added["positives"] / added["risk"])[0])
        found["observed_to_expected"] = estimate(ratio, drawn_added["positives"] / drawn_added["risk"], level=level)
    return found if places >= LEAST_CLUSTERS else {m: e.without_interval() for m, e in found.items()}
