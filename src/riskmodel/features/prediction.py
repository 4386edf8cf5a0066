"""The prediction problem: of whom (cohort), what (outcome), and what was done meanwhile (exposure)."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from riskmodel.engine import plan
from riskmodel.errors import CallError, did_you_mean
from riskmodel.features.expressions import Number, if_else, number
from riskmodel.features.history import Ahead, History, Outlook

# An exposure is declared apart from any outcome; it is tried on this horizon, and worked out on the outcome's.
_TRIAL_MONTHS = 12


@dataclass(frozen=True)
class OutcomeSpec:
    """What is to be predicted: a condition over the horizon ``[as_of, as_of + horizon_months)``.

    It is known once ``lag_days`` after the horizon's end have passed, and is worked out from what was known by then.
    ``shows`` tells in which month of the horizon it first showed, where the outcome has a date.
    """

    name: str
    zh: str
    en: str
    horizon_months: int
    lag_days: int
    function: Callable[[Outlook], Number] = field(repr=False)
    node: plan.Household = field(repr=False)
    shows: plan.Household | None = field(default=None, repr=False)

    def __call__(self, h: Outlook) -> Number:
        """Call the function itself, so that outcomes can be built on each other."""
        if not isinstance(h, Outlook):
            raise CallError(_never_a_feature(f'the outcome "{self.name}"'))
        return self.function(h)

    def gone(self, tables: Collection[str]) -> plan.Household:
        """Whether a household is gone before the horizon's end: its row taken away, or no member present any more.

        All members left or died, or were written over to another household. Where ``tables``, those of the registry,
        hold no members, only the household's row can tell.
        """
        return (~self._there_at_the_end(tables)).node

    def censored(self, tables: Collection[str]) -> plan.Household:
        """The outcome as it is used: of a household that is gone, true where it was seen to come true, else missing.

        Nobody watched such a household to the end of its horizon, so it is never False.
        """
        # "True or missing" is true, "false or missing" is missing; and 0 / 0 is missing.
        unseen = number(0) / if_else(self._there_at_the_end(tables), 1, 0)
        return (Number(self.node) | (unseen != 0)).node

    def _there_at_the_end(self, tables: Collection[str]) -> Number:
        end = Ahead(months=self.horizon_months, lag_days=self.lag_days)
        there = end.household.exists() == 1
        return there & (end.members.count() > 0) if "member" in tables else there


@dataclass(frozen=True)
class ExposureSpec:
    """What a household was given, or met with, within an outcome's horizon; logged, never a feature."""

    name: str
    zh: str
    en: str
    function: Callable[[Ahead], Number] = field(repr=False)

    def __call__(self, h: Ahead) -> Number:
        """Call the function itself, so that exposures can be built on each other."""
        if not isinstance(h, Ahead):
            raise CallError(_never_a_feature(f'the exposure "{self.name}"'))
        return self.function(h)

    def over(self, outcome: OutcomeSpec) -> plan.Household:
        """Return the exposure's expression over the horizon of ``outcome``, as known when the outcome is."""
        return self.function(Ahead(months=outcome.horizon_months, lag_days=outcome.lag_days)).node


@dataclass(frozen=True)
class CohortSpec:
    """Who is at risk at as_of, as a chain of named conditions in the order in which they exclude.

    Attributes
    ----------
    rules : tuple of (str, plan.Household)
        The rules that hold.
    switched_off : tuple of str
        Rules of the declared cohort that were left out with :meth:`without`.
    """

    name: str
    zh: str
    en: str
    function: Callable[[History], Mapping[str, Number]] = field(repr=False)
    rules: tuple[tuple[str, plan.Household], ...] = field(repr=False)
    switched_off: tuple[str, ...] = ()

    def __call__(self, h: History) -> dict[str, Number]:
        """Call the function itself, so that cohorts can be built on each other; rules switched off are left out."""
        return {rule: given for rule, given in self.function(h).items() if rule not in self.switched_off}

    @property
    def definition(self) -> str:
        """Digest of the rules that hold, so that a changed meaning under the same name is noticed."""
        rules = "\n".join(f"{rule}: {plan.canonical(node)}" for rule, node in self.rules)
        return hashlib.sha256(rules.encode()).hexdigest()[:16]

    def without(self, *rules: str) -> CohortSpec:
        """Return the cohort with some of its rules switched off; its words say so.

        Raises
        ------
        CallError
            The cohort has no such rule (the nearest is named).
        """
        known = [rule for rule, _ in self.rules]
        for rule in rules:
            if rule not in known:
                raise CallError(f'the cohort "{self.name}" has no rule "{rule}".{did_you_mean(rule, known)}')
        off = tuple(rule for rule in known if rule in rules)
        if not off:
            return self
        return dataclasses.replace(
            self,
            zh=f"{self.zh}（不设条件：{'、'.join(off)}）",
            en=f"{self.en} (without the rule{'s' if len(off) > 1 else ''}: {', '.join(off)})",
            rules=tuple((rule, node) for rule, node in self.rules if rule not in off),
            switched_off=(*self.switched_off, *off),
        )


def outcome(
    *,
    zh: str,
    en: str,
    horizon_months: int = 12,
    lag_days: int = 90,
    shows: Callable[[Outlook], Number] | None = None,
) -> Callable[[Callable[[Outlook], Number]], OutcomeSpec]:
    """Declare an outcome: a function of an :class:`Outlook` that gives a condition.

    Parameters
    ----------
    horizon_months
        Length of ``[as_of, as_of + horizon)``.
    lag_days
        The reporting lag after the horizon's end; rows known later do not count.
    shows
        A function of the same outlook: in which month of the horizon it first shows, 0 where it had shown at as_of
        already. Evaluation tells from it how long before that a household was flagged.
    """

    def declare(function: Callable[[Outlook], Number]) -> OutcomeSpec:
        outlook, place = Outlook(horizon_months=horizon_months, lag_days=lag_days), f'outcome "{function.__name__}"'
        node = checked_number(function(outlook), place).node
        dated = None if shows is None else checked_number(shows(outlook), f"{place}, shows").node
        return OutcomeSpec(function.__name__, zh, en, horizon_months, lag_days, function, node, dated)

    return declare


def exposure(*, zh: str, en: str) -> Callable[[Callable[[Ahead], Number]], ExposureSpec]:
    """Declare an exposure: a function of the horizon, such as the measures that a household received within it.

    A training set logs it beside the outcome, so that a model can be judged on households that nothing was done for.

    Examples
    --------
    >>> @exposure(zh="期内入户次数", en="visits within the horizon")
    ... def visits(h):
    ...     return h.visit.count()
    >>> visits(History())
    Traceback (most recent call last):
        ...
    riskmodel.errors.CallError: the exposure "visits" is known only after as_of, so no feature can be built on it.
    """

    def declare(function: Callable[[Ahead], Number]) -> ExposureSpec:
        checked_number(function(Ahead(months=_TRIAL_MONTHS, lag_days=0)), f'exposure "{function.__name__}"')
        return ExposureSpec(function.__name__, zh, en, function)

    return declare


def cohort(*, zh: str, en: str) -> Callable[[Callable[[History], Mapping[str, Number]]], CohortSpec]:
    """Declare a cohort: a function of a history that gives named conditions; a household must meet all of them."""

    def declare(function: Callable[[History], Mapping[str, Number]]) -> CohortSpec:
        place = f'cohort "{function.__name__}"'
        rules = tuple((rule, checked_number(n, place).node) for rule, n in function(History()).items())
        return CohortSpec(function.__name__, zh, en, function, rules)

    return declare


def checked_number(given: object, place: str) -> Number:
    """Return what a declared function gave, if it is a :class:`Number`."""
    if not isinstance(given, Number):
        raise CallError(
            f"{place} returned {type(given).__name__}; expected something built from the history it is given."
        )
    return given


def _never_a_feature(what: str) -> str:
    return f"{what} is known only after as_of, so no feature can be built on it."
