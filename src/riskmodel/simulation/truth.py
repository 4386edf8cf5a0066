"""The true risk of every household: its future lived many times from its full state at a date.

Only a simulated county can tell it. What stands in the state at the date is held fixed: who lives in the household,
everyone's health, jobs, traits that no registry sees, measures in force, who is on the list. Everything else of the
year ahead (births and marriages, illness, accidents, disasters, work, prices, measures, checks, and the registry's
delays and slips) is drawn anew each time. So the risk is that of an observer who knows the state in full; a model,
which knows the registry, cannot be expected to do as well.

A life counts as need when the registry would say so, 90 days after the year's end: as the outcome ``need`` does, with
the lines that the county is lived by: those of the package's own policy record, where no other is switched. Every
household has a risk, also one that the registry does not know yet at the date.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from riskmodel.engine.calendar import add_months
from riskmodel.errors import CallError
from riskmodel.parallel import side_by_side
from riskmodel.simulation import income
from riskmodel.simulation.blocks import Block
from riskmodel.simulation.calendar import Calendar, day_number
from riskmodel.simulation.clocks import Columns
from riskmodel.simulation.drivers import MECHANISMS
from riskmodel.simulation.geography import COUNTY_CODE
from riskmodel.simulation.journal import Journal
from riskmodel.simulation.state import County
from riskmodel.simulation.streams import streams_of
from riskmodel.simulation.switches import LINE

if TYPE_CHECKING:
    from riskmodel.simulation.made import Made

TRUTH = "truth.parquet"
SCHEMA = pa.schema(
    [
        pa.field("household_id", pa.string(), nullable=False),
        pa.field("as_of", pa.date32(), nullable=False),
        pa.field("risk", pa.float64(), nullable=False),
    ]
)
DRIVERS = "drivers.parquet"
DRIVERS_SCHEMA = pa.schema(
    [
        pa.field("household_id", pa.string(), nullable=False),
        pa.field("as_of", pa.date32(), nullable=False),
        # The trouble that was taken out: an official risk type, or one with an idea ("illness:medical_insurance").
        pa.field("mechanism", pa.string(), nullable=False),
        # Risk as it is less risk without the trouble, from the same lives, and the standard error of that.
        pa.field("lowers", pa.float64(), nullable=False),
        pa.field("error", pa.float64(), nullable=False),
    ]
)
# How many lives each risk is a share of, in the file's metadata: who judges by it knows how far chance moved it.
REPLAYS = b"riskmodel.replays"
# What county the risks are of and what its outcomes were judged by, as JSON: of no other registry are they the truth.
LIVED_BY = b"riskmodel.lived_by"
OUTCOME, HORIZON_MONTHS, LAG_DAYS = "need", 12, 90
_STREAM = 0x72757468
_MOVED = ("places", "households", "members", "accounts", "support", "pending_claims", "recent")
_SIGN = {income.WAGE: 1, income.OPERATING: 1, income.PROPERTY: 1, income.TRANSFER: 1, income.COST: -1, income.CLAIMS: 1}


@dataclass
class Truth:
    """Gathers the true risks of a block of the county while it is lived.

    Attributes
    ----------
    replays : int
        How often each household's year is lived.
    live : callable
        Lives one month of a county whose ``t`` is set.
    workers : int
        How many lives run at a time; each holds a copy of the block's state, and a year's journal.
    drivers : bool
        Whether to live each year again without each trouble (:mod:`~riskmodel.simulation.drivers`).
    """

    replays: int
    seed: int
    at: Sequence[date]
    live: Callable[[County], None]
    workers: int = 1
    drivers: bool = False

    def __post_init__(self) -> None:
        self._parts: list[pa.Table] = []
        self._drivers: list[pa.Table] = []

    def before_month(self, county: County) -> None:
        """Work the risks out if the month that is about to be lived begins at one of the dates."""
        for as_of in self.at:
            if county.today == day_number(as_of):
                if self.drivers:
                    lives = np.stack(list(self.lives(county, as_of)))
                    self._parts.append(_table(county.block, lives.mean(axis=0), as_of))
                    self._drivers.append(self._driven(county, as_of, lives.astype(np.float64)))
                else:
                    self._parts.append(_table(county.block, self.risk(county, as_of), as_of))

    def risk(self, county: County, as_of: date) -> np.ndarray:
        """Return each household's share of lives in need; the county is left as it was."""
        total = np.zeros(len(county.households))
        for need in self.lives(county, as_of):
            total += need
        return total / self.replays

    def lives(self, county: County, as_of: date, *, without: str | None = None) -> Iterator[np.ndarray]:
        """Yield who is in need, household by household, in each of the lives of the county's year.

        ``without`` names a trouble of :data:`~riskmodel.simulation.drivers.MECHANISMS` that is taken out first. Lives
        of one number share their random numbers, as far as they come to the same draws.
        """
        calls = (partial(self._one_life, county, as_of, number, without) for number in range(self.replays))
        return side_by_side(calls, workers=self.workers)

    def _driven(self, county: County, as_of: date, as_it_is: np.ndarray) -> pa.Table:
        """Say by how much each household's risk is lower without each trouble; rows only where it is."""
        parts = []
        for mechanism in MECHANISMS:
            gain = as_it_is - np.stack(list(self.lives(county, as_of, without=mechanism)))
            lowers = gain.mean(axis=0)
            error = gain.std(axis=0, ddof=1) / np.sqrt(self.replays) if self.replays > 1 else np.full(len(lowers), 1.0)
            rows = np.flatnonzero(lowers > 0)
            parts.append(_driver_rows(county.block, rows, as_of, mechanism, lowers[rows], error[rows]))
        return pa.concat_tables(parts)

    def table(self) -> pa.Table:
        """Return what was gathered, by household and date; the file's metadata are :func:`told_of`'s."""
        rows = pa.concat_tables([SCHEMA.empty_table(), *self._parts])
        return rows.sort_by([("household_id", "ascending"), ("as_of", "ascending")]).cast(SCHEMA)

    def driver_table(self) -> pa.Table:
        """Return what was gathered of troubles, by household, date and mechanism."""
        rows = pa.concat_tables([DRIVERS_SCHEMA.empty_table(), *self._drivers])
        keys = ("household_id", "as_of", "mechanism")
        return rows.sort_by([(key, "ascending") for key in keys]).cast(DRIVERS_SCHEMA)

    def _one_life(self, county: County, as_of: date, number: int, without: str | None) -> np.ndarray:
        life = copy.copy(county)
        for name in _MOVED:
            setattr(life, name, copy.deepcopy(getattr(county, name)))
        # Lives of one number have the county's common shocks in common, whatever the block.
        life.streams = streams_of([self.seed, _STREAM, day_number(as_of), number], block=county.block.number)
        life.journal = Journal()
        if without is not None:
            MECHANISMS[without](life)
        for t in range(county.t, county.t + HORIZON_MONTHS):
            life.t = t
            self.live(life)
        return _in_need(life, end=add_months(as_of, HORIZON_MONTHS))


def told_of(replays: int, *, at: Sequence[date], made: Made) -> pa.Schema:
    """Return the file's schema, whose metadata say what the risks are of.

    They hold the number of replays, how the county was made (as ``simulated.json`` has it), its code, the days after
    which an outcome counts as known, and for each date the monitoring line that its outcomes were judged by.
    """
    policy = made.switches.policy
    lived_by = {
        "county_code": COUNTY_CODE,
        "lag_days": LAG_DAYS,
        "lines": {str(day): policy.value(LINE, region=COUNTY_CODE, on=add_months(day, HORIZON_MONTHS)) for day in at},
        "made": {
            "households": made.households,
            "years": made.years,
            "seed": made.seed,
            "until": made.until.isoformat(),
            "switches": made.switches.told(),
        },
    }
    told = {REPLAYS: str(replays), LIVED_BY: json.dumps(lived_by, sort_keys=True)}
    return SCHEMA.with_metadata(told)


def told_of_drivers(told: pa.Schema) -> pa.Schema:
    """Return the schema of the drivers' file, which says of itself what the truth's says."""
    return DRIVERS_SCHEMA.with_metadata(told.metadata)


def dates_of_truth(asked: Sequence[date], *, calendar: Calendar) -> list[date]:
    """Return the dates asked for; without any, every 1 January of the history whose twelve months end by the cut.

    Raises
    ------
    CallError
        A date that is not the first of a month, lies before the history, or whose twelve months go past the cut;
        or there is no 1 January to take.
    """
    starts = [date(1970, 1, 1) + timedelta(days=int(day)) for day in calendar.month_start[calendar.first :]]
    possible = [day for day in starts if day_number(add_months(day, HORIZON_MONTHS)) <= calendar.until]
    for day in asked:
        if day not in possible:
            within = f"from {possible[0]} to {possible[-1]}" if possible else "none here: the history is too short"
            raise CallError(
                f"--truth-at is {day}; expected the first of a month whose twelve months the history holds ({within})."
            )
    chosen = sorted(set(asked)) or [day for day in possible if day.month == 1]
    if not chosen:
        raise CallError("--truth: no 1 January with twelve months before --until; name dates with --truth-at.")
    return chosen


def _in_need(life: County, *, end: date) -> np.ndarray:
    """Say who is in need over the months lived, as the registry would know it."""
    from riskmodel.simulation import tables

    known_at = day_number(end + timedelta(days=LAG_DAYS))
    n = len(life.households)
    earned = _standing(tables.income_rows(life), ("hh", "month", "source", "item"), known_at)
    sign = np.array([_SIGN[source] for source in range(len(_SIGN))])
    money = np.bincount(earned["hh"], weights=earned["amount"] * sign[earned["source"]], minlength=n)
    spent = _standing(tables.spending_rows(life), ("record",), known_at)
    medical = spent["kind"] == 0
    money -= np.bincount(spent["hh"][medical], weights=spent["amount"][medical], minlength=n)
    checks = _standing(tables.guarantee_rows(life), ("hh", "day", "item"), known_at)
    unmet = np.bincount(checks["hh"][~checks["met"]], minlength=n) > 0
    there = life.per_household(life.members.present(day_number(end)).astype(np.float64))
    line = life.switches.policy.value(LINE, region=COUNTY_CODE, on=end)
    # Nobody left is never in need by income: the label is missing then.
    return np.asarray((money < line * there) & (there > 0) | unmet)


def _standing(rows: Columns, key: tuple[str, ...], known_at: int) -> Columns:
    """Return the newest row of each key known before a day, where it is not withdrawn."""
    known = np.flatnonzero(rows["known_on"] < known_at)
    order = known[np.lexsort((rows["known_on"][known], *(rows[name][known] for name in key)))]
    last = np.ones(len(order), dtype=bool)
    last[:-1] = np.logical_or.reduce([rows[name][order[1:]] != rows[name][order[:-1]] for name in key])
    kept = order[last]
    if "withdrawn" in rows:
        kept = kept[~rows["withdrawn"][kept]]
    return {name: values[kept] for name, values in rows.items()}


def _table(block: Block, risk: np.ndarray, as_of: date) -> pa.Table:
    from riskmodel.simulation import tables

    return pa.table(
        [tables.household_ids(block), pa.array([as_of] * len(risk), pa.date32()), pa.array(risk)], schema=SCHEMA
    )


def _driver_rows(
    block: Block, rows: np.ndarray, as_of: date, mechanism: str, lowers: np.ndarray, error: np.ndarray
) -> pa.Table:
    from riskmodel.simulation import tables

    ids = tables.household_ids(block).take(pa.array(rows))
    n = len(rows)
    return pa.table(
        [ids, pa.array([as_of] * n, pa.date32()), pa.array([mechanism] * n), pa.array(lowers), pa.array(error)],
        schema=DRIVERS_SCHEMA,
    )
