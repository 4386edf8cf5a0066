"""A county that does not exist, lived month by month.

The county is cut into blocks of villages (:mod:`~riskmodel.simulation.blocks`), each lived by itself with random
streams of its own. The mechanisms are separate modules, each with its own stream, so that changing one does not
reshuffle the others. The same call gives the same county.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from riskmodel.errors import CallError
from riskmodel.policy import Policy
from riskmodel.simulation import (
    demography,
    geography,
    guarantees,
    health,
    income,
    labour,
    listing,
    measures,
    newcomers,
    points,
    roster,
    shocks,
    withdrawal,
)
from riskmodel.simulation.blocks import Block, cut
from riskmodel.simulation.calendar import BURN_IN_MONTHS, Calendar, make_calendar
from riskmodel.simulation.families import make_members
from riskmodel.simulation.journal import Journal
from riskmodel.simulation.parameters import Parameters, load_parameters
from riskmodel.simulation.state import Accounts, County, Places, Support
from riskmodel.simulation.streams import streams_of, streams_of_month
from riskmodel.simulation.switches import Switches

EARLIEST_YEAR = 2015
# Of a cut. Dates have four digits of a year, and the numbers of --identity are counted by birth dates up to it.
LATEST_YEAR = 2099


def simulate(
    *,
    households: int,
    years: int,
    seed: int,
    until: date,
    switches: Switches | None = None,
    before_month: Callable[[County], None] | None = None,
) -> Iterator[County]:
    """Live through ``years`` years up to ``until`` and give the county, block by block, each with its full journal.

    Parameters
    ----------
    households : int
        How many households; at least 1.
    years : int
        Years of history before ``until``; a further year before them is lived but not written.
    seed : int
        Any whole number from 0.
    until : date
        The registry's cut: only what is known strictly before it will be written.
    switches : Switches, optional
        What is other than usual, from a day on; until then the county lives as without them.
    before_month : callable, optional
        Called with each block as each month is about to be lived.

    Raises
    ------
    CallError
        A count below 1, a negative seed, a span that starts before 2015 (there is no monitoring line then), a
        cut after 2099, or a switch that the history cannot show.
    """
    plan = make_plan(households=households, years=years, seed=seed, until=until, switches=switches)
    return (live_block(plan, block, before_month=before_month) for block in plan.blocks)


@dataclass(frozen=True)
class Plan:
    """What is decided for the whole county before anybody lives in it."""

    parameters: Parameters
    calendar: Calendar
    seed: int
    until: date
    switches: Switches
    places: Places
    blocks: list[Block]


def make_plan(*, households: int, years: int, seed: int, until: date, switches: Switches | None = None) -> Plan:
    """Lay the county out and cut it into blocks; a wrong call raises as :func:`simulate` says."""
    check_call(households=households, years=years, seed=seed, until=until)
    calendar = make_calendar(years=years, until=until)
    switches = switches or Switches()
    switches.check(calendar)
    parameters = load_parameters()
    layout = streams_of([seed], block=0)["layout"]
    places = geography.make_places(parameters, households=households, rng=layout)
    living = geography.households_of_villages(places, households=households, rng=layout)
    return Plan(parameters, calendar, seed, until, switches, places, cut(living))


def live_block(
    plan: Plan,
    block: Block,
    *,
    before_month: Callable[[County], None] | None = None,
    live: Callable[[County], None] | None = None,
) -> County:
    """Live through the years of a block, with ``live`` for each of its months."""
    live = live or live_one_month
    county = _begin(plan, block)
    for t in range(plan.calendar.months):
        county.t = t
        county.streams |= streams_of_month([plan.seed], block=block.number, month=t)
        if before_month is not None:
            before_month(county)
        live(county)
        if t == BURN_IN_MONTHS - 1:
            roster.note_everybody(county)
        elif t >= BURN_IN_MONTHS:
            roster.note_changes(county)
    return county


def _begin(plan: Plan, block: Block) -> County:
    """Give a block on its first day."""
    parameters, calendar, n = plan.parameters, plan.calendar, len(block.village)
    streams = streams_of([plan.seed], block=block.number)
    homes = geography.make_households(
        parameters, village=block.village, places=plan.places, calendar=calendar, rng=streams["geography"]
    )
    county = County(
        parameters=parameters,
        calendar=calendar,
        block=block,
        streams=streams,
        journal=Journal(),
        places=copy.copy(plan.places),
        households=homes,
        members=make_members(parameters, households=homes, calendar=calendar, rng=streams["families"]),
        accounts=Accounts(*(np.zeros((12, n)) for _ in range(4))),
        support=_no_support(n),
        line=monitoring_lines(calendar, plan.switches.policy),
        switches=plan.switches,
        pending_claims=np.zeros(n),
    )
    demography.settle_schooling(county)
    health.update_skill(county)
    labour.settle(county)
    return county


def monitoring_lines(calendar: Calendar, policy: Policy) -> np.ndarray:
    """Give the monitoring line in force in each month, from a dated policy record."""
    return np.array(
        [
            policy.value("monitoring_line", region=geography.COUNTY_CODE, on=date(int(year), int(month), 15))
            for year, month in zip(calendar.year, calendar.month, strict=True)
        ]
    )


def check_call(*, households: int, years: int, seed: int, until: date) -> None:
    """Refuse a size, seed or span that no county can have, as :func:`simulate` says."""
    for name, value in (("households", households), ("years", years)):
        if value < 1:
            raise CallError(f"--{name} is {value}; expected 1 or more.")
    if seed < 0:
        raise CallError(f"--seed is {seed}; expected a whole number from 0.")
    if not EARLIEST_YEAR < until.year <= LATEST_YEAR:
        raise CallError(
            f"--until is {until}; expected a day from {EARLIEST_YEAR + 1}-01-01 to {LATEST_YEAR}-12-31: a year before "
            f"the history is lived too, and there is no monitoring line before {EARLIEST_YEAR - 1}."
        )
    if until.year - years - 1 < EARLIEST_YEAR - 1:
        raise CallError(
            f"--years is {years} with --until {until}: the history would start in {until.year - years}, "
            f"and there is no monitoring line before {EARLIEST_YEAR - 1}. Use {until.year - EARLIEST_YEAR} at most."
        )


def _no_support(n: int) -> Support:
    return Support(
        dibao=np.zeros(n),
        months_left={kind: np.zeros(n, dtype=np.int32) for kind in measures.TIMED},
        record={kind: np.zeros(n, dtype=np.int64) for kind in measures.TIMED},
        dibao_record=np.zeros(n, dtype=np.int64),
        listed_on=np.zeros(n, dtype=np.int32),
        listing_category=np.zeros(n, dtype=np.int64),
        listing_risks=np.zeros(n, dtype=np.int64),
    )


def live_one_month(county: County) -> None:
    labour.end_of_those_gone(county)
    withdrawal.step(county)
    newcomers.step(county)
    demography.step(county)
    health.step(county)
    shocks.step(county)
    labour.step(county)
    income.step(county)
    guarantees.natural_repair(county)
    guarantees.step(county)
    listing.step(county)
    measures.step(county)
    points.step(county)
    health.update_skill(county)
