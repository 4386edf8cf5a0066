"""How good are the reasons? Do they stay, how few say most, and do they name what truly drives the risk?

Asked of the households that the test origins' lists hold at the main capacity, with the models that were tested there:
reasons are those that a flag would carry (:mod:`riskmodel.explain.reasons`), the three that raise the score most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskmodel.engine.calendar import add_months
from riskmodel.evaluation.asked import Asked
from riskmodel.evaluation.baselines.scorer import Asks
from riskmodel.evaluation.bootstrap import Estimate, estimate
from riskmodel.evaluation.driven import dates_told, drivers_beside, names_driver
from riskmodel.evaluation.inputs import Prepared
from riskmodel.explain.ideas import Ideas
from riskmodel.explain.permutation import permutation_contributions
from riskmodel.explain.reasons import chosen_ideas

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskmodel.model import RiskClassifier
    from riskmodel.training.training_set import TrainingSet

TOP = 3
_MOST_OF = 0.8
# Permutation asks the model hundreds of times a household: a few households say enough.
_PERMUTED, _BACKGROUND = 30, 20


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A share or a mean over flags, with its interval over whole villages, and over how many flags."""

    name: str
    value: Estimate
    n: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"name": self.name, "n": self.n, **self.value.to_dict()}


@dataclass(frozen=True, kw_only=True)
class ReasonsQuality:
    """What was found.

    Attributes
    ----------
    flags : int
        Household-dates on the lists.
    reasons_needed : tuple of float
        Of how many reasons (ideas) carry four fifths of all that contributes: quartiles and median over the flags.
    rates : list of Rate
        Stability and agreement, by name.
    drivers : dict of str to dict
        Where true drivers are known, by driver: flags that it drives, and of them those whose first reason, and one
        of whose first three, names it. Empty without.
    """

    flags: int
    reasons_needed: tuple[float, float, float]
    rates: list[Rate]
    drivers: dict[str, dict[str, int]]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "flags": self.flags,
            "reasons_needed": list(self.reasons_needed),
            "rates": [rate.to_dict() for rate in self.rates],
            "drivers": self.drivers,
        }

    def rate(self, name: str) -> Rate | None:
        """Return a rate by name, None where it was not measured."""
        return next((rate for rate in self.rates if rate.name == name), None)


def reasons_quality(
    prepared: Prepared, rows: TrainingSet, asked: Asked, *, before: TrainingSet | None
) -> ReasonsQuality | None:
    """Explain the lists of every test origin and ask how good the reasons are; None without models to ask.

    Parameters
    ----------
    before : TrainingSet, optional
        The same households a month before each origin.
    """
    flagged = np.flatnonzero(asked.listed() >= 0.5)
    models = asked.predictions.taught
    if not len(flagged) or not models or not all(isinstance(model, Asks) for model in models.values()):
        return None
    look = _Look(prepared, rows, asked, flagged)
    own = look.sums(look.own)
    share = np.sort(np.abs(own), axis=1)[:, ::-1].cumsum(axis=1) / np.maximum(np.abs(own).sum(axis=1), 1e-300)[:, None]
    needed = (share < _MOST_OF - 1e-12).sum(axis=1) + 1
    low, median, high = np.percentile(needed, [25, 50, 75])
    top = look.top(own)
    rates = [*_between_models(look, top), *_between_months(look, own, top, before), *_by_permutation(look, top)]
    agreement, drivers = _with_drivers(look, top)
    return ReasonsQuality(
        flags=len(flagged),
        reasons_needed=(float(low), float(median), float(high)),
        rates=[*agreement, *rates],
        drivers=drivers,
    )


class _Look:
    """The flagged rows, and what any model says of them."""

    def __init__(self, prepared: Prepared, rows: TrainingSet, asked: Asked, flagged: NDArray[np.int_]) -> None:
        self.prepared, self.asked, self.flagged = prepared, asked, flagged
        predictions = asked.predictions
        self.columns = list(prepared.columns)
        self.rows = rows
        self.X = rows.X[self.columns].iloc[predictions.rows[flagged]].reset_index(drop=True)
        self.frame = rows.frame.iloc[predictions.rows[flagged]].reset_index(drop=True)
        self.stratum, self.fold = predictions.stratum[flagged], predictions.fold[flagged]
        self.clusters = asked.clusters[flagged]
        self.specs = [prepared.catalogue.feature(name) for name in self.columns]
        self.ideas = Ideas.of(self.specs)
        self.types = [
            self.specs[int(self.ideas.members(idea)[0])].risk_type or "other" for idea in range(len(self.ideas.names))
        ]
        self.own = [(int(s), int(f)) for s, f in zip(self.stratum, self.fold, strict=True)]

    def classifier(self, key: tuple[int, int]) -> RiskClassifier:
        model = self.asked.predictions.taught[key]
        assert isinstance(model, Asks)
        return model.classifier

    def sums(self, keys: Sequence[tuple[int, int] | None], X: pd.DataFrame | None = None) -> NDArray[np.float64]:
        """What each idea contributed to each flag's score by the model of its key; NaN without a key."""
        X = self.X if X is None else X
        out = np.full((len(X), len(self.ideas.names)), np.nan)
        for key in dict.fromkeys(key for key in keys if key is not None):
            here = np.array([k == key for k in keys])
            out[here] = self.ideas.sums(np.asarray(self.classifier(key).contributions(X[here])))
        return out

    def top(self, sums: NDArray[np.float64]) -> list[list[int]]:
        """The ideas that raise each score most, three at most."""
        return chosen_ideas(np.nan_to_num(sums), raising=TOP, lowering=0)

    def mean(self, name: str, values: NDArray[np.float64]) -> Rate:
        """The mean over the flags that have a value, with its interval."""
        known = np.isfinite(values)
        if not known.any():
            return Rate(name=name, value=Estimate(value=np.nan, low=np.nan, high=np.nan), n=0)
        drawn: list[float] = []
        for weights in self.asked.boot.weights(self.clusters[known]):
            with np.errstate(invalid="ignore", divide="ignore"):
                drawn += (weights @ values[known] / weights.sum(axis=1)).tolist()
        value = estimate(float(values[known].mean()), np.array(drawn), level=self.asked.wide)
        return Rate(name=name, value=value, n=int(known.sum()))


def _overlap(first: list[list[int]], second: list[list[int]], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Of the first's reasons, the share among the second's; NaN where there is none, or nothing to compare."""
    shares = [len(set(a) & set(b)) / len(a) if a else np.nan for a, b in zip(first, second, strict=True)]
    return np.where(known, np.array(shares, dtype=np.float64), np.nan)


def _same_first(first: list[list[int]], second: list[list[int]], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    same = [float(a[0] == b[0]) if a and b else np.nan for a, b in zip(first, second, strict=True)]
    return np.where(known, np.array(same, dtype=np.float64), np.nan)


def _between_models(look: _Look, top: list[list[int]]) -> list[Rate]:
    """The same household's reasons by a model that other villages taught, and by the model of the origin before."""
    models = look.asked.predictions.taught
    folds = sorted({fold for _, fold in models})
    others = {
        "villages": [(s, folds[(folds.index(f) + 1) % len(folds)]) if len(folds) > 1 else None for s, f in look.own],
        "origin": [(s - 1, f) if (s - 1, f) in models else None for s, f in look.own],
    }
    found = []
    for name, keys in others.items():
        known = np.array([key is not None and key in models for key in keys])
        if not known.any():
            continue
        theirs = look.top(look.sums([key if key in models else None for key in keys]))
        found += [
            look.mean(f"{name}_overlap", _overlap(top, theirs, known)),
            look.mean(f"{name}_same_first", _same_first(top, theirs, known)),
        ]
    return found


def _between_months(
    look: _Look, own: NDArray[np.float64], top: list[list[int]], before: TrainingSet | None
) -> list[Rate]:
    """The same household's reasons by the same model a month before."""
    if before is None:
        return []
    predictions = look.asked.predictions
    days = [None if day is None else add_months(day, -1) for day in predictions.origins]
    keys = pd.DataFrame(
        {"household_id": look.frame["household_id"].astype(str), "as_of": [days[s] for s in look.stratum]}
    )
    there = before.frame[["household_id", "as_of"]].assign(at=np.arange(len(before.frame)))
    there = there.assign(household_id=there["household_id"].astype(str))
    at = keys.merge(there, on=["household_id", "as_of"], how="left")["at"].to_numpy(dtype=np.float64)
    known = np.isfinite(at)
    if not known.any():
        return []
    X = look.X.copy()
    X.loc[known] = before.X[look.columns].iloc[at[known].astype(int)].to_numpy()
    sums = look.sums([key if k else None for key, k in zip(look.own, known, strict=True)], X)
    then = look.top(sums)
    # A reason that has gone though the value that told it is the same: the model changed its mind, not the household.
    gone = np.full(len(top), np.nan)
    for row in np.flatnonzero(known):
        lost = [idea for idea in then[row] if idea not in top[row]]
        same = [_unchanged(look, X, int(row), idea) for idea in lost]
        gone[row] = sum(same) / len(then[row]) if then[row] else np.nan
    return [
        look.mean("month_overlap", _overlap(then, top, known)),
        look.mean("month_same_first", _same_first(then, top, known)),
        look.mean("month_gone_unchanged", gone),
    ]


def _unchanged(look: _Look, X: pd.DataFrame, row: int, idea: int) -> bool:
    members = list(look.ideas.members(idea))
    then, now = X.to_numpy(dtype=np.float64)[row, members], look.X.to_numpy(dtype=np.float64)[row, members]
    return bool(np.array_equal(then, now, equal_nan=True))


def _by_permutation(look: _Look, top: list[list[int]]) -> list[Rate]:
    """The reasons beside those that asking the model about permuted values gives, of a few flags."""
    theirs, known = _tops_by_permutation(look, np.arange(len(top)))
    return [
        look.mean("permutation_overlap", _overlap(top, theirs, known)),
        look.mean("permutation_same_first", _same_first(top, theirs, known)),
    ]


def _tops_by_permutation(look: _Look, among: NDArray[np.int_]) -> tuple[list[list[int]], NDArray[np.bool_]]:
    """The ideas that raise a few scores most by permutation, and of which flags: drawn from those named."""
    rng = np.random.default_rng(look.prepared.experiment.seed)
    chosen = np.sort(rng.choice(among, size=min(_PERMUTED, len(among)), replace=False))
    predictions = look.asked.predictions
    theirs: list[list[int]] = [[] for _ in look.own]
    known = np.zeros(len(look.own), dtype=bool)
    for key in dict.fromkeys(look.own[row] for row in chosen):
        here = [int(row) for row in chosen if look.own[row] == key]
        tested = np.flatnonzero((predictions.stratum == key[0]) & (predictions.fold == key[1]))
        others = rng.choice(tested, size=min(_BACKGROUND, len(tested)), replace=False)
        background = look.rows.X[look.columns].iloc[predictions.rows[others]].to_numpy(dtype=np.float64)
        asks = look.asked.predictions.taught[key]
        assert isinstance(asks, Asks)

        def margin(values: NDArray[np.float64], asks: Asks = asks) -> NDArray[np.float64]:
            return np.asarray(asks.classifier.decision_function(pd.DataFrame(values, columns=look.columns)))

        values = permutation_contributions(margin, look.X.iloc[here].to_numpy(dtype=np.float64), background, rng=rng)
        for row, ideas in zip(here, look.top(look.ideas.sums(values)), strict=True):
            theirs[row], known[row] = ideas, True
    return theirs, known


def _with_drivers(look: _Look, top: list[list[int]]) -> tuple[list[Rate], dict[str, dict[str, int]]]:
    """Whether what truly drives a correct flag's risk is among its first three reasons."""
    experiment, registry = look.prepared.experiment, look.prepared.registry
    spec = look.prepared.catalogue.outcomes[experiment.outcome]
    told = drivers_beside(registry.path, outcome=experiment.outcome, horizon_months=spec.horizon_months)
    if told is None:
        return [], {}
    days = look.frame["as_of"].to_numpy().astype("datetime64[D]")
    keys = pd.DataFrame({"household_id": look.frame["household_id"].astype(str), "as_of": days})
    found = keys.merge(told, on=["household_id", "as_of"], how="left")["mechanism"]
    correct = look.asked.predictions.outcome[look.flagged] == 1
    spoken_of = correct & np.isin(days, list(dates_told(registry.path)))
    driven = spoken_of & found.notna().to_numpy()
    driver = found.astype(object).where(found.notna(), "").to_numpy()
    if not driven.any():
        return [], {}
    named, first = _naming(look, driver, top)
    theirs, sample = _tops_by_permutation(look, np.flatnonzero(driven))
    named_by_permutation, _ = _naming(look, driver, theirs)
    often = pd.Series(driver[driven]).value_counts().index[:TOP]
    always = np.array([float(name in set(often)) for name in driver])
    always_one = (driver == often[0]).astype(np.float64)
    table: dict[str, dict[str, int]] = {}
    for name in pd.Series(driver[driven]).value_counts().index:
        mine = driven & (driver == name)
        table[name] = {
            "flags": int(mine.sum()),
            "first": int(first[mine].sum()),
            "among_three": int(named[mine].sum()),
        }
    return [
        look.mean("driver_among_three", np.where(driven, named, np.nan)),
        look.mean("driver_first", np.where(driven, first, np.nan)),
        look.mean("driver_by_always_the_same_three", np.where(driven, always, np.nan)),
        look.mean("driver_first_by_always_the_same", np.where(driven, always_one, np.nan)),
        look.mean("driver_more_than_the_same_three", np.where(driven, named - always, np.nan)),
        look.mean("driver_first_more_than_the_same", np.where(driven, first - always_one, np.nan)),
        look.mean("driver_by_permutation", np.where(sample, named_by_permutation, np.nan)),
        look.mean("driver_beside_permutation", np.where(sample, named, np.nan)),
        look.mean("has_driver", np.where(spoken_of, driven.astype(float), np.nan)),
    ], table


def _naming(
    look: _Look, driver: NDArray[np.object_], tops: list[list[int]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Whether any, and the first, of each flag's reasons names its driver."""
    hits = [
        [names_driver(name, idea=look.ideas.names[idea], risk_type=look.types[idea]) for idea in ideas]
        for name, ideas in zip(driver, tops, strict=True)
    ]
    return np.array([float(any(own)) for own in hits]), np.array([float(own[:1] == [True]) for own in hits])
