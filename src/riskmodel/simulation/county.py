"""A county that does not exist, lived month by month and written down as a registry.

The mechanisms are separate modules, each with its own random stream, so that changing one does not reshuffle the
others. The same call gives the same bytes.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from riskmodel.errors import CallError
from riskmodel.files import write_aside
from riskmodel.policy import Policy
from riskmodel.progress import track
from riskmodel.simulation import (
    demography,
    geography,
    guarantees,
    health,
    income,
    labour,
    listing,
    measures,
    points,
    shocks,
    withdrawal,
)
from riskmodel.simulation.calendar import BURN_IN_MONTHS, Calendar, make_calendar
from riskmodel.simulation.families import make_members
from riskmodel.simulation.journal import Journal
from riskmodel.simulation.parameters import load_parameters
from riskmodel.simulation.state import Accounts, County, Support
from riskmodel.simulation.switches import Switches

if TYPE_CHECKING:
    from riskmodel.simulation.truth import Truth

# The order is part of what a seed means: append, never insert.
STREAMS = (
    "geography",
    "families",
    "demography",
    "health",
    "shocks",
    "labour",
    "income",
    "guarantees",
    "listing",
    "measures",
    "points",
    "clocks",
)
EARLIEST_YEAR = 2015
_LOG = logging.getLogger(__name__)


def simulate(
    *,
    households: int,
    years: int,
    seed: int,
    until: date,
    switches: Switches | None = None,
    before_month: Callable[[County], None] | None = None,
) -> County:
    """Live through ``years`` years up to ``until`` and give the county with its full journal.

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
        Called with the county as each month is about to be lived.

    Raises
    ------
    CallError
        A count below 1, a negative seed, a span that starts before 2015 (there is no monitoring line then), or a
        switch that the history cannot show.
    """
    _check(households=households, years=years, seed=seed, until=until)
    parameters = load_parameters()
    calendar = make_calendar(years=years, until=until)
    switches = switches or Switches()
    switches.check(calendar)
    streams = _streams(seed)
    places = geography.make_places(parameters, households=households, rng=streams["geography"])
    homes = geography.make_households(
        parameters, households=households, places=places, calendar=calendar, rng=streams["geography"]
    )
    members = make_members(parameters, households=homes, calendar=calendar, rng=streams["families"])
    county = County(
        parameters=parameters,
        calendar=calendar,
        streams=streams,
        journal=Journal(),
        places=places,
        households=homes,
        members=members,
        accounts=Accounts(*(np.zeros((12, households)) for _ in range(4))),
        support=_no_support(households),
        line=monitoring_lines(calendar, switches.policy),
        switches=switches,
        pending_claims=np.zeros(households),
    )
    demography.settle_schooling(county)
    health.update_skill(county)
    labour.settle(county)
    for t in track(range(calendar.months), label="months simulated"):
        county.t = t
        county.streams |= _streams(seed, month=t)
        if before_month is not None:
            before_month(county)
        _live_one_month(county)
        if t == BURN_IN_MONTHS - 1:
            _first_rows(county)
        elif t >= BURN_IN_MONTHS:
            _changed_rows(county)
    return county


def simulate_registry(
    out: Path,
    *,
    households: int,
    years: int,
    seed: int,
    until: date,
    switches: Switches | None = None,
    beside: bool = False,
    identity: bool = False,
    dirty: float | None = None,
    replays: int | None = None,
    truth_at: Sequence[date] = (),
) -> dict[str, int]:
    """Simulate a county and write it as a registry folder; give the number of rows by table.

    Parameters are those of :func:`simulate`; ``beside`` lets the registry lie in a folder that holds other files,
    which stay; ``dirty`` is the share of rows that get a fault (:func:`~riskmodel.simulation.dirt.make_dirty`), and
    then the rows counted are those before. With ``replays``, each household's true risk at the dates ``truth_at``
    lies beside the tables (:mod:`riskmodel.simulation.truth`). With ``identity``, names and numbers of people who
    cannot be real lie in a folder of their own beside the registry (:mod:`riskmodel.simulation.identity`).
    ``simulated.json`` says how the county was made (:mod:`riskmodel.simulation.made`).
    """
    import pyarrow.parquet as pq

    from riskmodel.registry import RegistryWriter
    from riskmodel.registry.schema import TABLES
    from riskmodel.registry.write import keep_other_files, looks_like_registry
    from riskmodel.simulation.calibration.page import PAGE
    from riskmodel.simulation.dirt import COUNTS, DIRT, check_share, make_dirty
    from riskmodel.simulation.identity import check_room, forget, place_of, write_identity
    from riskmodel.simulation.made import MADE, POLICY_FILE, Made
    from riskmodel.simulation.tables import assemble
    from riskmodel.simulation.truth import TRUTH

    def write(folder: Path) -> dict[str, int]:
        rows = {}
        # One table at a time: the journal and what is written of it need not lie in memory together.
        with RegistryWriter(folder, cut_on=until) as writer:
            for name, table in track(assemble(county), label="tables written", total=len(TABLES)):
                writer.add(name, table)
                rows[name] = table.num_rows
        return rows

    out = Path(out).resolve()
    was_registry = looks_like_registry(out)
    if not beside and not was_registry:
        raise CallError(f"{out} is there already and is not a registry: name a new folder.")
    told_before = (MADE, POLICY_FILE, TRUTH, DIRT, COUNTS, PAGE)
    made = Made(households, years, seed, until, switches or Switches())
    theirs = [] if was_registry else [name for name in told_before if (out / name).exists()]
    if theirs:
        raise CallError(f"{out} is no registry and holds {theirs[0]}, a name that simulate uses: name a new folder.")
    if dirty is not None:
        check_share(dirty)
    if identity:
        check_room(out)
    truth = None if replays is None else _truth(replays, at=truth_at, years=years, seed=seed, until=until)
    watch = None if truth is None else truth.before_month
    county = simulate(households=households, years=years, seed=seed, until=until, switches=switches, before_month=watch)
    with write_aside(out) as aside, contextlib.ExitStack() as beside_it:
        rows = write(aside)
        if identity:
            write_identity(aside, beside_it.enter_context(write_aside(place_of(out))), seed=seed)
        made.write(aside)
        if truth is not None:
            pq.write_table(truth.table(), aside / TRUTH, compression="zstd")
        if dirty is not None:
            make_dirty(aside, share=dirty, seed=seed, cut_on=until)
        # What was told of the county that stood here is not true of this one.
        keep_other_files(out, aside, without=told_before)
    if not identity:
        forget(out)
    return rows


def _streams(seed: int, *, month: int | None = None) -> dict[str, np.random.Generator]:
    """Give every mechanism's random stream for the first day, or for a month that is lived.

    Each month begins its streams anew. So where two counties of one seed have come to differ, what strikes both from
    outside in a month, and whatever else does not hang on the difference, still comes alike.
    """
    key = () if month is None else (month,)
    names = STREAMS if month is None else [name for name in STREAMS if name != "clocks"]
    return {
        name: np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(STREAMS.index(name), *key)))
        for name in names
    }


def _truth(replays: int, *, at: Sequence[date], years: int, seed: int, until: date) -> Truth:
    from riskmodel.simulation.truth import Truth, dates_of_truth

    if replays < 1:
        raise CallError(f"--truth is {replays}; expected 1 replay or more.")
    _check(households=1, years=years, seed=seed, until=until)
    dates = dates_of_truth(at, calendar=make_calendar(years=years, until=until))
    return Truth(replays, seed, dates, _live_one_month, STREAMS)


def monitoring_lines(calendar: Calendar, policy: Policy) -> np.ndarray:
    """Give the monitoring line in force in each month, from a dated policy record."""
    return np.array(
        [
            policy.value("monitoring_line", region=geography.COUNTY_CODE, on=date(int(year), int(month), 15))
            for year, month in zip(calendar.year, calendar.month, strict=True)
        ]
    )


def _check(*, households: int, years: int, seed: int, until: date) -> None:
    for name, value in (("households", households), ("years", years)):
        if value < 1:
            raise CallError(f"--{name} is {value}; expected 1 or more.")
    if seed < 0:
        raise CallError(f"--seed is {seed}; expected a whole number from 0.")
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


def _live_one_month(county: County) -> None:
    withdrawal.step(county)
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


def _first_rows(county: County) -> None:
    """Write the households and members that are there as the written years begin."""
    end = county.today + county.days
    everyone = np.arange(len(county.households))
    _write_households(county, everyone, seen=-1)
    here = np.flatnonzero((county.members.joins_on < end) & (county.members.left_on >= end))
    _write_members(county, here, seen=-1)
    county.households.changed[:] = False
    county.members.changed[:] = False


def _changed_rows(county: County) -> None:
    """Write what is new about households and members in this month."""
    end = county.today + county.days
    members = county.members
    _write_households(county, np.flatnonzero(county.households.changed), seen=end - 1)
    first_day = county.calendar.start
    known = (members.joins_on < end) & (members.left_on >= first_day)
    _write_members(county, np.flatnonzero(members.changed & known), seen=end - 1)
    county.households.changed[:] = False
    # Who has not joined yet will be written when joining.
    members.changed &= members.joins_on >= end


def _write_households(county: County, who: np.ndarray, *, seen: int) -> None:
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


def _write_members(county: County, who: np.ndarray, *, seen: int) -> None:
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
