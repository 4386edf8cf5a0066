"""Who joins a household: children are born to the women of the house, sons bring a bride home."""

from __future__ import annotations

import numpy as np

from riskmodel.simulation.demography import settle_schools
from riskmodel.simulation.families import make_persons
from riskmodel.simulation.state import DAYS_A_YEAR, FEMALE, MALE, RELATION, County, monthly

_BORN_FROM, _BORN_UNTIL = 20, 39
# From this age on fewer are born, down to none.
_FEWER_FROM = 27
_WEDS_FROM, _WEDS_UNTIL = 22, 33


def step(county: County) -> None:
    """Live one month of births and marriages into households."""
    _births(county)
    _marriages(county)


def _births(county: County) -> None:
    """Let wives and daughters-in-law bear children; none comes within a year of another of the house."""
    members, rng, p = county.members, county.streams["newcomers"], county.parameters["demography"]
    age = members.age(county.today)
    present = members.present(county.today)
    mother = present & (members.sex == FEMALE) & (age >= _BORN_FROM) & (age < _BORN_UNTIL)
    mother &= np.isin(members.relation, [RELATION["spouse"], RELATION["daughter_in_law"]])
    mother &= ~(county.per_household((age < 1).astype(np.float64)) > 0)[members.hh]
    who = np.flatnonzero(mother)
    rate = p["births_a_year"] * np.clip((_BORN_UNTIL - age[who]) / (_BORN_UNTIL - _FEWER_FROM), 0, 1)
    who = _first_of_household(county, who[rng.random(len(who)) < monthly(rate)])
    sex = rng.integers(0, 2, len(who))
    own = np.where(sex == MALE, RELATION["son"], RELATION["daughter"])
    relation = np.where(members.relation[who] == RELATION["daughter_in_law"], RELATION["grandchild"], own)
    day = county.some_day("newcomers", len(who))
    _join(county, members.hh[who], relation=relation, sex=sex, birth=day, joins_on=day)


def _marriages(county: County) -> None:
    """Let sons of a house that has no daughter-in-law marry; the bride is up to three years younger."""
    members, rng, p = county.members, county.streams["newcomers"], county.parameters["demography"]
    age = members.age(county.today)
    present = members.present(county.today)
    has_bride = county.per_household((present & (members.relation == RELATION["daughter_in_law"])).astype(np.float64))
    bachelor = present & (members.relation == RELATION["son"]) & (age >= _WEDS_FROM) & (age < _WEDS_UNTIL)
    who = np.flatnonzero(bachelor & ~(has_bride > 0)[members.hh])
    who = _first_of_household(county, who[rng.random(len(who)) < monthly(p["marriages_a_year"])])
    younger = np.round(rng.uniform(0, 3, len(who)) * DAYS_A_YEAR)
    _join(
        county,
        members.hh[who],
        relation=np.full(len(who), RELATION["daughter_in_law"]),
        sex=np.full(len(who), FEMALE),
        birth=members.birth[who] + younger,
        joins_on=county.some_day("newcomers", len(who)),
    )


def _first_of_household(county: County, who: np.ndarray) -> np.ndarray:
    return who[np.unique(county.members.hh[who], return_index=True)[1]]


def _join(
    county: County, hh: np.ndarray, *, relation: np.ndarray, sex: np.ndarray, birth: np.ndarray, joins_on: np.ndarray
) -> None:
    """Put new persons, one at most a household, below the members who are there; they are present from next month."""
    if len(hh) == 0:
        return
    so_far = np.bincount(county.members.hh, minlength=len(county.households))
    new = make_persons(
        county.parameters,
        households=county.households,
        hh=hh,
        number=so_far[hh] + 1,
        relation=relation,
        sex=sex,
        birth=birth,
        joins_on=joins_on,
        age=(county.today - birth) / DAYS_A_YEAR,
        rng=county.streams["newcomers"],
    )
    settle_schools(new, day=county.today, month=county.month)
    new.changed[:] = True
    county.members = county.members.with_others(new)
