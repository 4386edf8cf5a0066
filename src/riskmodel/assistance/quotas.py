"""Scarce places by need: of the households that may have one, as many as a township's quota holds, explained."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from riskmodel.assistance.allotment import Allotment
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
    """What became of a wish.

    Attributes
    ----------
    wishes : int
        How many wished for this measure in the township.
    elsewhere : bool
        The household has a place of another measure.
    last_need : float or None
        The least need among those with a place that are as sure as this one; None where there is none such.
    """

    wish: Wish
    given: bool
    quota: int
    wishes: int
    elsewhere: bool
    last_need: float | None

    def words(self, lang: Lang) -> str:
        """Say why."""
        if self.given:
            zh = f"按需要程度列入（名额{self.quota}个，符合条件{self.wishes}户）"
            en = f"a place by need ({self.quota} places, {self.wishes} households that may have one)"
        elif self.quota == 0:
            zh, en = "该乡镇没有名额", "the township has no place"
        elif self.elsewhere:
            zh, en = "已建议其他措施的名额", "a place of another measure is proposed"
        elif self.last_need is None:
            zh = f"名额{self.quota}个已满：本户尚有条件待核实，名额先给条件已全部核实的户"
            en = (
                f"all {self.quota} places go to households whose conditions are all met; of this one evidence is "
                "missing: bring it to be weighed by need"
            )
        else:
            zh = f"名额{self.quota}个已满：列入者的需要程度不低于{self.last_need:.1%}，本户为{self.wish.need:.1%}"
            en = (
                f"all {self.quota} places go to households with a need of {self.last_need:.1%} or more; this one has "
                f"{self.wish.need:.1%}"
            )
            if not self.wish.sure:
                zh = f"{zh}（条件待核实的户中比较；条件已全部核实的户优先）"
                en = f"{en} (among those of which evidence is missing; those whose conditions are all met come first)"
        return zh if lang == "zh" else en


def assign(wishes: Sequence[Wish], quotas: Mapping[tuple[str, str], int]) -> list[Place]:
    """Give scarce places to the households in greatest need: at most one a household, at most the quota a township.

    The sum of needs is as large as can be, those with missing evidence after all others; of equal needs, and only of
    these, the household whose id sorts first has the place. The order of ``wishes`` does not matter.

    Parameters
    ----------
    quotas : mapping of (township, measure) to int
        Places; a pair that is not named has none.

    Raises
    ------
    CallError
        A quota is negative, a need is no number, or a household wishes for one measure twice.
    """
    for (township, measure), quota in quotas.items():
        if quota < 0:
            raise CallError(f"the quota of {measure} in {township} is {quota}; expected 0 or more.")
    for wish in wishes:
        if not math.isfinite(wish.need):
            raise CallError(f"the need of household {wish.household_id} is {wish.need}; expected a number.")
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
    given = Allotment(_worth(wishes), quotas).given()
    count = Counter(wish.measure for wish in wishes)
    holders = [wish for wish in wishes if given.get(wish.household_id) == wish.measure]
    return [
        Place(
            wish=wish,
            given=given.get(wish.household_id) == wish.measure,
            quota=quotas.get(wish.measure, 0),
            wishes=count[wish.measure],
            elsewhere=given.get(wish.household_id, wish.measure) != wish.measure,
            last_need=min(
                (one.need for one in holders if (one.measure, one.sure) == (wish.measure, wish.sure)), default=None
            ),
        )
        for wish in wishes
    ]


def _worth(wishes: Sequence[Wish]) -> dict[str, dict[str, int]]:
    """Return what each wish is worth, exactly: a sure one before any that is not, then need, then the order of ids.

    A need is a binary fraction, so all of them times their largest denominator are whole. Below them stands one bit a
    household: of two ways with the same need, the one whose first household sorts first is worth more, and no
    difference of need, however small, is outweighed.
    """
    exact = {id(wish): Fraction(wish.need) for wish in wishes}
    scale = max((need.denominator for need in exact.values()), default=1)
    households = sorted({wish.household_id for wish in wishes})
    bit = {household: 1 << position for position, household in enumerate(reversed(households))}
    worth: dict[str, dict[str, int]] = {}
    for wish in wishes:
        need = int((exact[id(wish)] + 1 + 2 * wish.sure) * scale)
        worth.setdefault(wish.household_id, {})[wish.measure] = (need << len(households)) + bit[wish.household_id]
    return worth
