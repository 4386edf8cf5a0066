"""Scarce places by need: of the households that may have one, as many as a township's quota holds, explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from riskmodel.errors import CallError
from riskmodel.registry.codes import Lang


@dataclass(frozen=True)
class Wish:
    """A household that may have a scarce measure.

    Attributes
    ----------
    need : float
        What it is ranked by: the calibrated risk.
    sure : bool
        Whether all its conditions are met; where evidence is missing it comes after those that are sure.
    """

    household_id: str
    township_code: str
    measure: str
    need: float
    sure: bool


@dataclass(frozen=True)
class Place:
    """What became of a wish."""

    wish: Wish
    given: bool
    quota: int
    wishes: int
    last_need: float | None

    def words(self, lang: Lang) -> str:
        """Say why."""
        if self.given:
            zh = f"按需要程度列入（名额{self.quota}个，符合条件{self.wishes}户）"
            en = f"a place by need ({self.quota} places, {self.wishes} households that may have one)"
        elif self.quota == 0:
            zh, en = "该乡镇没有名额", "the township has no place"
        elif self.last_need is None:
            zh, en = "已建议其他措施的名额", "a place of another measure is proposed"
        else:
            zh = f"名额{self.quota}个已满：列入者的需要程度不低于{self.last_need:.1%}，本户为{self.wish.need:.1%}"
            en = (
                f"all {self.quota} places go to households with a need of {self.last_need:.1%} or more; this one has "
                f"{self.wish.need:.1%}"
            )
        return zh if lang == "zh" else en


def assign(wishes: Sequence[Wish], quotas: Mapping[tuple[str, str], int]) -> list[Place]:
    """Give scarce places to the households in greatest need: at most one a household, at most the quota a township.

    The sum of needs is as large as can be, those with missing evidence after all others; of equal needs the household
    whose id sorts first has the place. The order of ``wishes`` does not matter.

    Parameters
    ----------
    quotas : mapping of (township, measure) to int
        Places; a pair that is not named has none.

    Raises
    ------
    CallError
        A quota is negative, or a household wishes for one measure twice.
    """
    for (township, measure), quota in quotas.items():
        if quota < 0:
            raise CallError(f"the quota of {measure} in {township} is {quota}; expected 0 or more.")
    keys = [(wish.household_id, wish.measure) for wish in wishes]
    if len(set(keys)) != len(keys):
        raise CallError("a household stands twice for one measure.")
    by_township: dict[str, list[Wish]] = {}
    for wish in sorted(wishes, key=lambda one: (one.township_code, one.household_id, one.measure)):
        by_township.setdefault(wish.township_code, []).append(wish)
    places: list[Place] = []
    for township, its in by_township.items():
        places += _in_one(its, {measure: quota for (where, measure), quota in quotas.items() if where == township})
    return places


def _in_one(wishes: list[Wish], quotas: Mapping[str, int]) -> list[Place]:
    households = sorted({wish.household_id for wish in wishes})
    measures = sorted({wish.measure for wish in wishes})
    count = {measure: sum(wish.measure == measure for wish in wishes) for measure in measures}
    slots = [measure for measure in measures for _ in range(min(quotas.get(measure, 0), count[measure]))]
    given: set[tuple[str, str]] = set()
    if slots:
        row = {household: position for position, household in enumerate(households)}
        gain = np.zeros((len(households), len(slots)))
        for wish in wishes:
            for column, measure in enumerate(slots):
                if measure == wish.measure:
                    # Sure ones first by a whole unit; of equal needs the id that sorts first, by less than any need.
                    first = (len(households) - row[wish.household_id]) * 1e-9
                    gain[row[wish.household_id], column] = 2.0 * wish.sure + 1.0 + wish.need + first
        rows, columns = linear_sum_assignment(gain, maximize=True)
        given = {
            (households[at], slots[column]) for at, column in zip(rows, columns, strict=True) if gain[at, column] > 0
        }
    served = {household for household, _ in given}
    least = {
        measure: min(
            (wish.need for wish in wishes if (wish.household_id, measure) in given and wish.measure == measure),
            default=None,
        )
        for measure in measures
    }
    return [
        Place(
            wish=wish,
            given=(wish.household_id, wish.measure) in given,
            quota=quotas.get(wish.measure, 0),
            wishes=count[wish.measure],
            last_need=None if wish.household_id in served else least[wish.measure],
        )
        for wish in wishes
    ]
