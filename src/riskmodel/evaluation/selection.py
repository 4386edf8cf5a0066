"""Choosing a scorer over time: what stated rules would have taken at each origin, and what that cost.

At an origin a rule may look only at earlier origins whose outcomes were known by then. What it takes is used at that
origin, and its regret there is the distance to the best scorer in hindsight. After triage's audition of models, with
rules as small pure functions (https://github.com/dssg/triage).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel.evaluation.compare import headline_measures
from riskmodel.evaluation.metrics import better
from riskmodel.training.splits import Origin

if TYPE_CHECKING:
    from riskmodel.evaluation.results import Evaluation

# By scorer, in the order of the tables: its values at the origins known, oldest first, more being better.
Past = Mapping[str, Sequence[float]]
Rule = Callable[[Past], str]

# "Near the best": within two hundredths, as of AUC, or two points of recall.
NEAR = 0.02
MODEL, RANDOM = "model", "random"


def best_at_the_last(past: Past) -> str:
    """Return the scorer that was best at the newest origin known; of equals the first.

    >>> best_at_the_last({"model": [0.9, 0.6], "rule": [0.5, 0.7]})
    'rule'
    """
    return _most(past, lambda values: values[-1])


def best_on_average(past: Past) -> str:
    """Return the scorer whose mean over all origins known is best.

    >>> best_on_average({"model": [0.9, 0.6], "rule": [0.5, 0.7]})
    'model'
    """
    return _most(past, lambda values: float(np.mean(values)))


def most_often_near_the_best(past: Past, *, near: float = NEAR) -> str:
    """Return the scorer that was most often within ``near`` of the best; of equals the one better on average.

    >>> most_often_near_the_best({"a": [0.9, 0.1, 0.1], "b": [0.8, 0.6, 0.6]})
    'b'
    """
    best = np.max([list(values) for values in past.values()], axis=0)
    return _most(past, lambda values: (int((np.asarray(values) >= best - near).sum()), float(np.mean(values))))


def steadiest(past: Past) -> str:
    """Return the scorer whose values vary least; of equals the one better on average. One origin says nothing of it.

    >>> steadiest({"a": [0.9, 0.5], "b": [0.6, 0.6]})
    'b'
    """
    return _most(past, lambda values: (-round(float(np.std(values)), 12), float(np.mean(values))))


def always_the_model(past: Past) -> str:
    """Return the model, whatever was seen.

    >>> always_the_model({"model": [0.1], "rule": [0.9]})
    'model'
    """
    return MODEL if MODEL in past else next(iter(past))


RULES: dict[str, Rule] = {
    "best_at_the_last": best_at_the_last,
    "best_on_average": best_on_average,
    "most_often_near_the_best": most_often_near_the_best,
    "steadiest": steadiest,
    "always_the_model": always_the_model,
}


def _most(past: Past, key: Callable[[Sequence[float]], Any]) -> str:
    return max(past, key=lambda name: key(past[name]))


def known_by(origins: Sequence[Origin]) -> list[list[int]]:
    """Return, for each origin, the places of those whose outcomes were known on its day.

    Parameters
    ----------
    origins : sequence of Origin
        Oldest first.
    """
    return [
        [at for at, before in enumerate(origins) if before.horizon.known_on(before.as_of) <= here.as_of]
        for here in origins
    ]


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What a rule took at an origin.

    Attributes
    ----------
    origin : str
    scorer : str
        ``random`` is any of them, with equal chance.
    regret : float
        How far it stayed behind the best scorer of that origin, in the measure's units; in expectation for ``random``.
    seen : int
        Origins that it was chosen by.
    """

    origin: str
    scorer: str
    regret: float
    seen: int


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The rules and their regret, by measure.

    Attributes
    ----------
    choices : int
        Origins at which there was something to choose by: what all means rest on.
    by_measure : dict
        Measure -> rule -> choices, oldest first.
    """

    choices: int
    by_measure: dict[str, dict[str, list[Chosen]]]

    def mean_regret(self, measure: str, rule: str) -> float:
        """Return the mean regret of a rule by a measure; NaN where nothing was chosen."""
        regrets = [chosen.regret for chosen in self.by_measure[measure][rule]]
        return float(np.mean(regrets)) if regrets else math.nan

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "choices": self.choices,
            "near": NEAR,
            "measures": {
                measure: {
                    rule: {
                        "mean_regret": None if not chosen else self.mean_regret(measure, rule),
                        "chosen": [vars(one) for one in chosen],
                    }
                    for rule, chosen in rules.items()
                }
                for measure, rules in self.by_measure.items()
            },
        }


def choose_over_time(
    values: Mapping[str, Sequence[float]], *, known: Sequence[Sequence[int]], origins: Sequence[str]
) -> dict[str, list[Chosen]]:
    """Let every rule choose at every origin at which something was known.

    Parameters
    ----------
    values : dict
        Scorer -> its value at each origin, more being better. A scorer with a value that is not defined is left out.
    known : sequence of sequence of int
        From :func:`known_by`.
    origins : sequence of str
        Their names.

    Examples
    --------
    >>> values = {"model": [0.5, 0.6, 0.9], "rule": [0.7, 0.5, 0.6]}
    >>> made = choose_over_time(values, known=[[], [0], [0, 1]], origins=["a", "b", "c"])
    >>> [(one.origin, one.scorer, round(one.regret, 2)) for one in made["best_at_the_last"]]
    [('b', 'rule', 0.1), ('c', 'model', 0.0)]
    """
    defined = {name: list(row) for name, row in values.items() if not any(map(math.isnan, row))}
    made: dict[str, list[Chosen]] = {rule: [] for rule in (*RULES, RANDOM)}
    for at, seen in enumerate(known):
        if not seen or not defined:
            continue
        past = {name: [row[place] for place in seen] for name, row in defined.items()}
        here = {name: row[at] for name, row in defined.items()}
        best = max(here.values())
        for rule, take in RULES.items():
            name = take(past)
            made[rule].append(Chosen(origin=origins[at], scorer=name, regret=best - here[name], seen=len(seen)))
        mean = float(np.mean([best - value for value in here.values()]))
        made[RANDOM].append(Chosen(origin=origins[at], scorer=RANDOM, regret=mean, seen=len(seen)))
    return made


def choice_over_time(evaluation: Evaluation) -> Choice | None:
    """Return what the rules would have chosen at the origins of an evaluation; None where none lie forward in time."""
    from riskmodel.evaluation.results import OUT_OF_TIME

    if OUT_OF_TIME not in evaluation.tables:
        return None
    tables = evaluation.single(OUT_OF_TIME)
    known = known_by(evaluation.plan.origins)
    by_measure = {}
    for measure in headline_measures(evaluation.experiment.capacities):
        sign = better(measure)
        values = {
            s.name: [sign * table.estimates[s.name][measure].value for table in tables] for s in evaluation.scorers
        }
        by_measure[measure] = choose_over_time(values, known=known, origins=[table.name for table in tables])
    return Choice(choices=sum(bool(seen) for seen in known), by_measure=by_measure)
