"""The watch over a registry and a model at a date: everything that is looked at, and what a person is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.engine.calendar import add_months
from riskmodel.errors import CallError, DataError
from riskmodel.features.builder import label_table
from riskmodel.monitoring.cohort import trained_cohort
from riskmodel.monitoring.ledgers import begins_known
from riskmodel.monitoring.matching import check_same_features, trained_specs
from riskmodel.registry import schema
from riskmodel.watching.breadth import told_where
from riskmodel.watching.cohort import Cohort, cohort_of
from riskmodel.watching.culprits import culprits
from riskmodel.watching.features import FeatureDrift, ScoreDrift, watch_features
from riskmodel.watching.feeds import feed_findings
from riskmodel.watching.findings import Finding, ranked
from riskmodel.watching.groups import Watched, watch_groups
from riskmodel.watching.in_force import incomes_of_measures, withdrawals
from riskmodel.watching.learnt import Learnt, learnt_by_month
from riskmodel.watching.lists import Drawn, Flagged, Stability, distribution, draw, stability
from riskmodel.watching.months import months_before
from riskmodel.watching.precision import (
    Matured,
    Shift,
    estimated,
    mature,
    matured_dates,
    newest_taught,
    pooled,
    untrue,
)
from riskmodel.watching.rows import counts_by_type, gather
from riskmodel.watching.series import LEAST_CHANGES, YEAR
from riskmodel.watching.unseen import unseen_codes

if TYPE_CHECKING:
    from riskmodel.evaluation.bootstrap import Estimate
    from riskmodel.features import Catalogue
    from riskmodel.features.matrix import Matrix
    from riskmodel.features.prediction import OutcomeSpec
    from riskmodel.model import Bundle
    from riskmodel.monitoring.choosing import Selection
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry

# Months that features and who is present are followed over; feeds, which cost little, twice as long.
MONTHS, LEAST_MONTHS = 24, LEAST_CHANGES + 2
FEEDS = 2
SAMPLE = 5_000
UNSTABLE = 0.5


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What was seen at a date.

    Attributes
    ----------
    months : list of date
        Those compared, oldest first; the last is ``as_of``.
    findings : list of Finding
        As they are told: who needs a person first.
    estimate : Estimate
        Precision of the list drawn now.
    shift : Shift
        By how much the model's risks were set right for it.
    matured : list of Matured
    """

    as_of: date
    model: str
    months: list[date]
    findings: list[Finding]
    features: list[FeatureDrift]
    score: ScoreDrift
    feeds: list[Learnt]
    cohort: Cohort
    drawn: Drawn
    mean_risk: float
    estimate: Estimate
    shift: Shift
    matured: list[Matured]
    stability: list[Stability]
    groups: list[Watched]

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to look."""
        return any(finding.needs_person for finding in self.findings)

    @property
    def risks(self) -> dict[str, Any]:
        """Everyone's risks, as deciles."""
        return distribution(self.drawn.rows)


def watch(
    registry: Registry,
    bundle: Bundle,
    *,
    model: str,
    as_of: date,
    catalogue: Catalogue,
    policy: Policy,
    selection: Selection,
    months: int = MONTHS,
    sample: int = SAMPLE,
    run: Flagged | None = None,
    previous: Flagged | None = None,
    engine: str = "auto",
) -> Watch:
    """Look at a registry as known at ``as_of`` and hold it against its own past.

    Parameters
    ----------
    model : str
        ``NAME@VERSION``, for messages.
    selection : Selection
        How many are flagged, and out of whom, on the list whose precision is estimated.
    months : int
        How many months before ``as_of`` are the reference; fewer where the registry does not reach as far.
    sample : int
        Of how many households the features are followed.
    run, previous : Flagged, optional
        Whom a run of ``riskmodel score`` flagged at this date, and at one before.

    Raises
    ------
    CallError
        The catalogue means something else by the model's features, or fewer than eight months are asked for.
    DataError
        The registry knows fewer than eight months before ``as_of``.
    """
    specs = trained_specs(bundle.features)
    check_same_features(specs, catalogue, model=model)
    cohort = trained_cohort(bundle.manifest, catalogue, model=model)
    reference = reference_months(registry, as_of, months)
    outcome = catalogue.outcomes.get(str(bundle.manifest.get("outcome")))
    full = add_months(ledgers_begin(registry, as_of), YEAR)
    ripe = [] if outcome is None else _ripe(as_of, outcome, taught=newest_taught(bundle), first=full)
    year_ago = reference[-1 - YEAR] if len(reference) > YEAR else None
    lists = {as_of, reference[-2], *ripe, *([year_ago] if year_ago else [])}
    rows = gather(
        registry,
        bundle,
        catalogue=catalogue,
        cohort=cohort,
        policy=policy,
        months=reference,
        list_dates=lists,
        sample=sample,
        engine=engine,
    )
    drawn = {day: draw(registry, rows.lists[day], as_of=day, selection=selection) for day in lists}
    now = drawn[as_of]
    if not now.flagged.any():
        raise DataError(f"{registry.path}: nobody is flagged at {as_of}: {_why_nobody(now, selection)}")
    known = [catalogue.feature(spec.name) for spec in specs]
    share = now.flagged.sum() / max(1, len(now.rows))
    features, score = watch_features(rows.sample, bundle, known, reference, share=float(share))
    matured = _matured(registry, bundle, drawn, ripe, catalogue=catalogue, policy=policy, engine=engine)
    shift = pooled(matured)
    ends = months_before(as_of, FEEDS * months)
    feeds = learnt_by_month(registry, ends)
    gone = withdrawals(registry, ends)
    found = [*feed_findings(feeds), *gone, *unseen_codes(registry, ends)]
    people = cohort_of(rows, reference, counts_by_type(registry, reference))
    groups, groups_moved = watch_groups(now, drawn.get(year_ago) if year_ago else None, catalogue.groups)
    stable = _stability(now, drawn[reference[-2]], run, previous)
    kinds = [kind for finding in gone for kind in finding.figures["kinds"]]
    told = culprits(
        [*(told_where(registry, finding, ends) for finding in found), *people.findings],
        incomes=incomes_of_measures(registry, kinds, as_of=as_of) if kinds else (),
        features=features,
        score=score,
    )
    others = [*untrue(matured), *groups_moved, *_unstable(stable)]
    return Watch(
        as_of=as_of,
        model=model,
        months=reference,
        findings=ranked([*told, *others]),
        features=features,
        score=score,
        feeds=feeds,
        cohort=people,
        drawn=now,
        mean_risk=float(now.risk.mean()),
        estimate=estimated(now.risk, shift),
        shift=shift,
        matured=matured,
        stability=stable,
        groups=groups,
    )


def _why_nobody(now: Drawn, selection: Selection) -> str:
    if not now.eligible or selection.threshold is None:
        return "no household of the model's cohort is there that is not on the list."
    return (
        f"no risk reaches the threshold of {selection.threshold:g} (the mean of all is {now.rows['risk'].mean():.2g}). "
        "Name a lower one (--threshold), or a capacity."
    )


def reference_months(registry: Registry, as_of: date, months: int) -> list[date]:
    """Return the dates that are compared, oldest first and ``as_of`` last: as many as asked for, or as are known.

    A year after ledgers begin the windows of features are full; dates before that are taken only where there would be
    too few without.
    """
    if months < LEAST_MONTHS:
        raise CallError(f"--months is {months}: expected {LEAST_MONTHS} or more, or nothing can be said to be usual.")
    first = ledgers_begin(registry, as_of)
    for full in (YEAR, 1):
        found = [day for day in months_before(as_of, months) if day >= add_months(first, full)]
        if len(found) > LEAST_MONTHS:
            return found
    raise DataError(
        f"{registry.path}: before {as_of} the registry knows what happened since {first}: that is fewer than "
        f"{LEAST_MONTHS} months to compare with. Watch a later date."
    )


def ledgers_begin(registry: Registry, as_of: date) -> date:
    """Return since when what is entered month by month was kept, as known at ``as_of``; without ledgers, anything."""
    begins = begins_known(registry, before=as_of)
    ledgers = [day for name, day in begins.items() if schema.table(name).ledger]
    return max(ledgers, default=min(begins.values(), default=as_of))


def _ripe(as_of: date, outcome: OutcomeSpec, *, taught: date | None, first: date) -> list[date]:
    """Return the dates whose lists are held against what became of them: those that taught nothing, if there are any.

    Where all did, the last two are looked at all the same, and said to flatter.
    """
    ripe = matured_dates(as_of, outcome, first=first)
    fair = [] if taught is None else [day for day in ripe if day > taught]
    return fair or ripe[-2:]


def _matured(
    registry: Registry,
    bundle: Bundle,
    drawn: dict[date, Drawn],
    ripe: Sequence[date],
    *,
    catalogue: Catalogue,
    policy: Policy,
    engine: str,
) -> list[Matured]:
    if not ripe:
        return []
    name = str(bundle.manifest["outcome"])
    spec, taught = catalogue.outcome(name), newest_taught(bundle)
    labels = label_table(registry, as_of=ripe, outcome=name, catalogue=catalogue, policy=policy, engine=engine)
    frame = _of(labels, set().union(*(drawn[day].households for day in ripe)))
    found: list[Matured] = []
    for day in ripe:
        one = drawn[day]
        flagged = one.rows["household_id"].to_numpy()[one.flagged]
        if not len(flagged):
            continue
        outcome = frame.xs(day, level="as_of").reindex(flagged).to_numpy(dtype=np.float64, na_value=np.nan)
        month = mature(one, outcome, taught=taught is None or day <= taught, earlier=found, outcome_spec=spec)
        found += [month] if month is not None else []
    return found


def _of(labels: Matrix, households: set[str]) -> pd.Series:
    """Return the outcomes of some households, by date and household; those of millions are not held."""
    asked = pa.array(sorted(households), pa.string())
    pieces = (piece.select(["as_of", "household_id", "outcome"]) for piece in labels.pieces())
    theirs = [piece.filter(pc.is_in(piece["household_id"].cast(pa.string()), value_set=asked)) for piece in pieces]
    kinds = {pa.bool_(): pd.BooleanDtype()}
    frame = pa.concat_tables(theirs).to_pandas(date_as_object=True, types_mapper=kinds.get)
    return frame.set_index(["as_of", "household_id"])["outcome"].astype("Float64")


def _stability(now: Drawn, before: Drawn, run: Flagged | None, previous: Flagged | None) -> list[Stability]:
    found = [stability(now.households, before.households, day=before.as_of, source="drawn")]
    if previous is not None:
        flagged = now.households if run is None else run.households
        found.append(stability(flagged, previous.households, day=previous.as_of, source="runs"))
    return found


def _unstable(stable: Sequence[Stability]) -> list[Finding]:
    return [
        Finding(kind="list_moved", needs_person=False, size=one.overlap, figures=one.to_dict())
        for one in stable
        if one.overlap < UNSTABLE
    ]
