"""From an experiment and a registry's cut to dates: which origins are tested, which dates teach each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from riskmodel.engine.calendar import add_months
from riskmodel.errors import CallError, DataError, did_you_mean
from riskmodel.training.experiment import Experiment, Grid
from riskmodel.training.splits import Horizon, Origin, origin


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The dates of an experiment.

    Attributes
    ----------
    horizon : Horizon
        The outcome's.
    gap_months : int
        Between the newest training date and an origin.
    origins : tuple of Origin
        Test origins, oldest first; empty in plain cross-validation.
    training : tuple of date
        Every date that teaches an origin or is tested, oldest first: the final model learns from all of them, and
        from no other date, even where its outcome is known.
    cut_on : date
        The registry holds what was known strictly before this day.
    """

    horizon: Horizon
    gap_months: int
    origins: tuple[Origin, ...]
    training: tuple[date, ...]
    cut_on: date

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, dates as text."""
        return {
            "horizon_months": self.horizon.months,
            "lag_days": self.horizon.lag_days,
            "gap_months": self.gap_months,
            "registry_cut": str(self.cut_on),
            "origins": [{"as_of": str(o.as_of), "training": [str(d) for d in o.training]} for o in self.origins],
            "final_training": [str(d) for d in self.training],
        }


def plan_dates(experiment: Experiment, *, horizon_months: int, lag_days: int, cut_on: date) -> Plan:
    """Work out the dates of an experiment.

    Raises
    ------
    CallError
        If the gap is shorter than the horizon.
    DataError
        If a listed date's outcome is not yet known at the cut (naming the day on which it will be), or no date
        teaches an origin.
    """
    gap = _gap(experiment, horizon_months=horizon_months)
    horizon = Horizon(months=horizon_months, lag_days=lag_days)
    tested = _origin_dates(experiment, horizon=horizon, cut_on=cut_on)
    candidates = _training_dates(experiment, horizon=horizon, cut_on=cut_on, tested=tested, gap=gap)
    asked = experiment.training.as_of
    newest = asked.newest if isinstance(asked, Grid) else None
    origins = tuple(origin(day, candidates, horizon=horizon, gap_months=gap, newest=newest) for day in tested)
    for each in origins:
        if not each.training:
            raise DataError(_nothing_teaches(experiment, each.as_of, candidates, horizon=horizon, gap=gap))
    teaching = {day for each in origins for day in each.training} if origins else set(candidates)
    return Plan(
        horizon=horizon,
        gap_months=gap,
        origins=origins,
        training=tuple(sorted(teaching | set(tested))),
        cut_on=cut_on,
    )


def _gap(experiment: Experiment, *, horizon_months: int) -> int:
    gap = experiment.validation.gap_months
    if gap is not None and gap < horizon_months:
        raise CallError(
            f"{experiment.file}: validation.gap_months is {gap}, shorter than the outcome's horizon of "
            f"{horizon_months} months:\nrows used to train would know outcomes of rows used to test. "
            f"Use {horizon_months} or more."
        )
    return gap or horizon_months


def _origin_dates(experiment: Experiment, *, horizon: Horizon, cut_on: date) -> list[date]:
    asked = experiment.validation.origins
    if asked is None:
        return []
    if isinstance(asked, Grid):
        last = horizon.newest_known(cut_on)
        return sorted(add_months(last, -asked.every_months * step) for step in range(asked.newest or 0))
    for day in asked:
        _check_known(experiment, "validation.origins", day, horizon=horizon, cut_on=cut_on)
    return list(asked)


def _check_known(experiment: Experiment, key: str, day: date, *, horizon: Horizon, cut_on: date) -> None:
    known = horizon.known_on(day)
    if known > cut_on:
        raise DataError(
            f"{experiment.file}: {key} holds {day}, whose outcome is known on {known} only "
            f"({horizon.months} months and {horizon.lag_days} days of reporting later); "
            f"the registry holds what was known before {cut_on}.\n"
            f"The newest date that can be used is {horizon.newest_known(cut_on)}."
        )


def _training_dates(
    experiment: Experiment, *, horizon: Horizon, cut_on: date, tested: Sequence[date], gap: int
) -> list[date]:
    asked = experiment.training.as_of
    if not isinstance(asked, Grid):
        for day in asked:
            _check_known(experiment, "training.as_of", day, horizon=horizon, cut_on=cut_on)
        return sorted(asked)
    if asked.from_ is not None:
        days, step = [asked.from_], 1
        while horizon.known_on(nxt := add_months(asked.from_, asked.every_months * step)) <= cut_on:
            days.append(nxt)
            step += 1
        _check_known(experiment, "training.as_of.from", asked.from_, horizon=horizon, cut_on=cut_on)
        return days[-asked.newest :] if asked.newest and not tested else days
    # Counted back from the last date that anything may be taught with; far enough for the first origin's N dates.
    last = (
        min(add_months(tested[-1], -gap), horizon.newest_known(tested[-1])) if tested else horizon.newest_known(cut_on)
    )
    steps = asked.newest or 0
    if tested:
        span = (tested[-1].year - tested[0].year) * 12 + tested[-1].month - tested[0].month
        steps += -(-span // asked.every_months) + 1
    return sorted(add_months(last, -asked.every_months * step) for step in range(steps))


def _nothing_teaches(
    experiment: Experiment, day: date, candidates: Sequence[date], *, horizon: Horizon, gap: int
) -> str:
    latest = min(add_months(day, -gap), horizon.newest_known(day))
    found = f"the earliest training date is {min(candidates)}" if candidates else "there is no training date"
    return (
        f"{experiment.file}: nothing can teach the model tested at {day}: a training date must lie on or before "
        f"{latest}, so that its outcome was known at {day}, and {found}.\n"
        "Add earlier dates under training.as_of, or test later."
    )


def check_names(
    experiment: Experiment,
    *,
    features: Sequence[str],
    outcomes: Sequence[str],
    cohorts: Mapping[str, Sequence[str]],
    exposures: Sequence[str] = (),
    groups: Sequence[str] = (),
) -> None:
    """Make sure that every feature, outcome, cohort and group named is in the catalogue, and every rule in its cohort.

    Parameters
    ----------
    cohorts
        The names of each cohort's rules.
    exposures
        Names that can never be features, and why is said.

    Raises
    ------
    CallError
        Naming the file, the key, the unknown name and the nearest one.
    """
    for key, name, what in _named(experiment):
        known = {"an outcome": outcomes, "a cohort": list(cohorts), "a group": ("township", *groups)}.get(
            what, features
        )
        if name not in known:
            ahead = name in exposures and known is features
            hint = " It is an exposure, known only after as_of." if ahead else did_you_mean(name, known)
            raise experiment.wrong(key, f'names "{name}", which is not {what} of the catalogue.{hint}')
    rules = cohorts[experiment.cohort.name]
    for rule in experiment.cohort.without:
        if rule not in rules:
            hint = did_you_mean(rule, rules)
            raise experiment.wrong(
                "cohort.without", f'names "{rule}", which is not a rule of the cohort {experiment.cohort.name}.{hint}'
            )
    if not experiment.features.chosen(features):
        raise experiment.wrong("features", "leaves no feature at all, expected at least one.")


def _named(experiment: Experiment) -> list[tuple[str, str, str]]:
    named = [("outcome", experiment.outcome, "an outcome"), ("cohort", experiment.cohort.name, "a cohort")]
    named += [("also_outcomes", name, "an outcome") for name in experiment.also_outcomes]
    named += [("subgroups.by", name, "a group") for name in experiment.subgroups.by or ()]
    named += [("features.only", name, "a feature") for name in experiment.features.only or ()]
    named += [("features.without", name, "a feature") for name in experiment.features.without]
    named += [(key, name, "a feature") for key, name in experiment.baselines.features()]
    groups = (("validation.holdout.by", experiment.validation.holdout.by), ("intervals.by", experiment.intervals.by))
    named += [(key, by.removeprefix("feature:"), "a feature") for key, by in groups if by.startswith("feature:")]
    return named
