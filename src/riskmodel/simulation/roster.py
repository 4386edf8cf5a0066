"""Households and members as the journal has them: everybody as the written years begin, then what is new by month."""

from __future__ import annotations

import numpy as np

from riskmodel.simulation.state import County


def note_everybody(county: County) -> None:
    """Note the households and members that are there as the written years begin."""
    end = county.today + county.days
    everyone = np.arange(len(county.households))
    _note_households(county, everyone, seen=-1)
    here = np.flatnonzero(county.members.left_on >= end)
    _note_members(county, here, seen=-1)
    county.households.changed[:] = False
    county.members.changed[:] = False


def note_changes(county: County) -> None:
    """Note what is new about households and members in this month."""
    end = county.today + county.days
    members = county.members
    _note_households(county, np.flatnonzero(county.households.changed), seen=end - 1)
    known = members.left_on >= county.calendar.start
    _note_members(county, np.flatnonzero(members.changed & known), seen=end - 1)
    county.households.changed[:] = False
    members.changed[:] = False


def _note_households(county: County, who: np.ndarray, *, seen: int) -> None:
    homes = county.households
    county.journal.add(
        "household",
        who,
        seen=seen,
        village=homes.village[who],
        kind=homes.kind[who],
        lifted_year=homes.lifted_year[who],
        cropland=homes.cropland[who],
        forest=homes.forest[who],
        relocation=homes.relocation[who],
        road=homes.road[who],
        grade=homes.grade[who],
        water=homes.water[who],
    )


def _note_members(county: County, who: np.ndarray, *, seen: int) -> None:
    members = county.members
    county.journal.add(
        "member",
        members.hh[who],
        seen=seen,
        number=members.number[who],
        sex=members.sex[who],
        birth=members.birth[who],
        relation=members.relation[who],
        education=members.education[who],
        school=members.school[who],
        chronic=members.chronic[who],
        major=members.major[who],
        disabled=members.disabled[who],
        disability_grade=members.disability_grade[who],
        skill=members.skill[who],
        insured=members.insured[who],
        left_on=members.left_on[who],
    )
