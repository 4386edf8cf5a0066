"""Recalibration: a model's risks set right by later outcomes, its order left as it is.

The margins stay; only the map from margin to risk is learned anew, from dates later than all that taught. How much
better the new map is, is measured on villages that taught it nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel.engine.calendar import add_months
from riskmodel.errors import CallError, DataError
from riskmodel.evaluation.drift import Calibration, DriftRule, Mover, feature_movers, measure_calibration
from riskmodel.evaluation.reference import FeatureReference
from riskmodel.training.splits import Horizon, assign_folds

if TYPE_CHECKING:
    from riskmodel.features import Catalogue
    from riskmodel.model import Bundle
    from riskmodel.model.calibration import Calibrator
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry
    from riskmodel.training.training_set import TrainingSet

METHODS = ("auto", "sigmoid", "isotonic")

LEAST_CASES = 20
_ENOUGH_FOR_ISOTONIC = 1000
_FOLDS = 5
_DRAWS = 500
_MOVERS_KEPT = 10


@dataclass(frozen=True, kw_only=True)
class Recalibration:
    """A new map, and what is known of it.

    Attributes
    ----------
    dates : tuple of date
        Those whose outcomes taught it.
    method : {"sigmoid", "isotonic"}
        ``sigmoid``: the present map corrected in level and slope; ``isotonic``: a new curve.
    before, after : Calibration
        Of the present map, and of the new one on villages that taught it nothing.
    overlap_months : int
        So many months of the newest training outcomes lie within the oldest of these outcomes' time: households that
        taught the trees are then asked about a time that the trees partly know.
    movers : list of Mover
        Features that moved most since training; empty where the bundle does not say how they were.
    """

    calibrator: Calibrator
    dates: tuple[date, ...]
    method: str
    before: Calibration
    after: Calibration
    overlap_months: int
    movers: list[Mover]
    registry: str
    cut_on: date

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, the map apart."""
        return {
            "as_of": [str(day) for day in self.dates],
            "method": self.method,
            "registry_fingerprint": self.registry,
            "registry_cut": str(self.cut_on),
            "overlap_months": self.overlap_months,
            "before": self.before.to_dict(),
            "after_on_other_villages": self.after.to_dict(),
            "movers": [mover.to_dict() for mover in self.movers],
        }


def check_dates(
    manifest: dict[str, Any], dates: Sequence[date], *, horizon: Horizon, cut_on: date, model: str
) -> tuple[date, ...]:
    """Return the dates in order, if a model may be recalibrated by them.

    Raises
    ------
    CallError
        There is none, one is not later than the newest that taught the model, or one has taught its map.
    DataError
        The outcome of one is not known yet: names the day from which it is.
    """
    if not dates:
        raise CallError("--as-of is missing: name one date or several whose outcomes are known.")
    newest = max((date.fromisoformat(day) for day in manifest.get("as_of", ())), default=None)
    taught_map = manifest.get("recalibration", {}).get("as_of", ())
    for day in sorted(set(dates)):
        if newest is not None and day <= newest:
            raise CallError(
                f"--as-of {day}: {model} learned from dates up to {newest}, so its trees know these households' "
                f"outcomes.\n{_later_dates(newest, horizon=horizon, cut_on=cut_on)}"
            )
        if str(day) in taught_map:
            raise CallError(
                f"--as-of {day}: the map of {model} was learned from this date, so that no village could judge a new "
                f"one.\nName other dates, or recalibrate {manifest['recalibrated_from']}, which it comes from."
            )
        known = horizon.known_on(day)
        if known > cut_on:
            raise DataError(
                f"--as-of {day}: its outcomes are known from {known} on ({horizon.months} months and "
                f"{horizon.lag_days} days of reporting later); the registry holds what was known before {cut_on}.\n"
                f"The newest date that can be used is {horizon.newest_known(cut_on)}."
            )
    return tuple(sorted(set(dates)))


def _later_dates(newest: date, *, horizon: Horizon, cut_on: date) -> str:
    """Say which dates can be used, or that it takes a later registry."""
    last = horizon.newest_known(cut_on)
    if last > newest:
        return f"Name dates later than {newest}, up to {last}."
    return (
        f"This registry, which holds what was known before {cut_on}, has no later date whose outcomes are known "
        f"(the newest is {last}): it takes a later registry."
    )


def recalibrate(
    bundle: Bundle,
    registry: Registry,
    *,
    model: str,
    dates: Sequence[date],
    catalogue: Catalogue,
    policy: Policy | None = None,
    method: str = "auto",
    seed: int = 0,
) -> Recalibration:
    """Learn a new map from margins to risks by outcomes later than those that taught the model.

    Parameters
    ----------
    bundle : Bundle
        Its manifest names outcome, cohort and training dates.
    registry : Registry
        Grown since: the outcomes of ``dates`` are known at its cut.
    model : str
        ``NAME@VERSION``, for messages.
    catalogue : Catalogue
        That which the model was trained with.
    method : {"auto", "sigmoid", "isotonic"}
        "auto" is isotonic with 1,000 or more cases, else sigmoid.
    seed : int
        Of the folds of villages and the draws of intervals.

    Returns
    -------
    Recalibration

    Raises
    ------
    CallError, DataError
        As :func:`check_dates`; fewer than 20 cases, or 20 others, among the households.
    """
    told = bundle.manifest
    outcome = catalogue.outcome(told["outcome"])
    horizon = Horizon(months=outcome.horizon_months, lag_days=outcome.lag_days)
    days = check_dates(told, dates, horizon=horizon, cut_on=registry.cut_on, model=model)
    rows = _rows(bundle, registry, days=days, catalogue=catalogue, policy=policy)
    y = rows.y.to_numpy(dtype=float)
    _check_cases(y, days)
    margin = np.asarray(bundle.classifier.decision_function(bundle.pick(rows.X)))
    chosen = method if method != "auto" else "isotonic" if y.sum() >= _ENOUGH_FOR_ISOTONIC else "sigmoid"
    from riskmodel.evaluation.inputs import groups_of

    villages = groups_of(rows, "village")
    clusters = np.unique(villages.to_numpy(dtype=str), return_inverse=True)[1]
    present = bundle.classifier.calibrator_
    rule = DriftRule(**bundle.metrics.get("experiment", {}).get("drift", {}))

    def measured(risk: np.ndarray) -> Calibration:
        return measure_calibration(risk, y, clusters=clusters, draws=_DRAWS, seed=seed, rule=rule)

    number = assign_folds(villages, folds=min(_FOLDS, villages.nunique()), seed=seed, what="villages")
    risk = np.empty_like(margin)
    for part in np.unique(number):
        out = number == part
        risk[out] = _fit_map(present, margin[~out], y[~out], method=chosen).risk(margin[out])
    return Recalibration(
        calibrator=_fit_map(present, margin, y, method=chosen),
        dates=days,
        method=chosen,
        before=measured(present.risk(margin)),
        after=measured(risk),
        overlap_months=_overlap(told, days, horizon),
        movers=_movers(bundle, rows),
        registry=registry.fingerprint,
        cut_on=registry.cut_on,
    )


def save_recalibrated(bundle: Bundle, folder: Path, found: Recalibration, *, model: str) -> None:
    """Write the model with its new map as a bundle of its own: the same trees and curves, bit for bit.

    Parameters
    ----------
    folder : Path
        Of the new version.
    model : str
        ``NAME@VERSION`` of the version that it comes from.
    """
    from riskmodel.evaluation.card import with_section
    from riskmodel.evaluation.card.recalibrated import recalibrated_section
    from riskmodel.model import save_bundle
    from riskmodel.model.bundle import CARD_PAGE, OWN_KEYS

    months = int(bundle.metrics.get("experiment", {}).get("expires_months", 12))
    expires = add_months(found.cut_on, months)
    sections = {lang: recalibrated_section(found, lang, model=model, expires=expires) for lang in ("zh", "en")}
    classifier = bundle.classifier
    before, classifier.calibrator_ = classifier.calibrator_, found.calibrator
    page = bundle.folder / CARD_PAGE
    try:
        save_bundle(
            classifier,
            folder,
            features=bundle.features,
            metrics={**bundle.metrics, "recalibration": {"from": model, **found.to_dict()}},
            card=with_section(bundle.card, sections),
            card_html=with_section(page.read_text(encoding="utf-8"), sections) if page.is_file() else None,
            manifest={
                **{key: value for key, value in bundle.manifest.items() if key not in OWN_KEYS},
                "expires": str(expires),
                "recalibrated_from": model,
                "recalibration": found.to_dict(),
            },
        )
    finally:
        classifier.calibrator_ = before


def _rows(
    bundle: Bundle, registry: Registry, *, days: Sequence[date], catalogue: Catalogue, policy: Policy | None
) -> TrainingSet:
    from riskmodel.training.training_set import build_training_set

    told = bundle.manifest
    rows = build_training_set(
        registry,
        as_of=list(days),
        outcome=told["outcome"],
        cohort=told["cohort"],
        without_rules=told.get("cohort_without", ()),
        catalogue=catalogue.only(bundle.names),
        policy=policy,
    )
    return rows.known()


def _check_cases(y: np.ndarray, days: Sequence[date]) -> None:
    cases = int(y.sum())
    if min(cases, y.size - cases) < LEAST_CASES:
        listed = ", ".join(map(str, days))
        raise DataError(
            f"At {listed} the outcome came true for {cases:,} of {y.size:,} households: a map needs {LEAST_CASES} of "
            "each kind or more. Add dates with more --as-of."
        )


def _fit_map(present: Calibrator, margin: np.ndarray, y: np.ndarray, *, method: str) -> Calibrator:
    from riskmodel.model.calibration import adjusted, isotonic_calibration, levelled

    weight = np.ones(y.size)
    if not 0 < y.sum() < y.size:
        raise DataError("All cases, or all others, lie in a fifth of the villages: name more dates.")
    if method == "isotonic":
        return levelled(isotonic_calibration(margin, y, weight=weight), margin, y, weight=weight)
    return adjusted(present, margin, y, weight=weight)


def _overlap(manifest: dict[str, Any], days: Sequence[date], horizon: Horizon) -> int:
    taught = [date.fromisoformat(day) for day in manifest.get("as_of", ())]
    if not taught:
        return 0
    end, first = add_months(max(taught), horizon.months), days[0]
    return max(0, (end.year - first.year) * 12 + end.month - first.month)


def _movers(bundle: Bundle, rows: TrainingSet) -> list[Mover]:
    references = [FeatureReference.from_dict(given) for given in bundle.metrics.get("reference", ())]
    words = {f["name"]: (f.get("zh", f["name"]), f.get("en", f["name"])) for f in bundle.features}
    movers = feature_movers(references, rows.X, words=words)
    return [mover for mover in movers if math.isfinite(mover.index)][:_MOVERS_KEPT]
