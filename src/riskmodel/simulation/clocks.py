"""The second clock: when the registry learned of each row, and what it later corrected or withdrew.

Delays differ by table and by village (some clerks are slow). A corrected row appears first with a wrong figure;
a withdrawn one should never have been entered, and a later row of the same key takes it away. Nothing known on or
after the cut is kept, so a row may be missing, open or still wrong in the registry.

Rows come in the order in which they were noted, and every draw has a stream of its own: what is drawn for a row does
not depend on how many rows follow it. So two counties that lived alike up to a day have the same registry up to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riskmodel.simulation.parameters import Section

Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Delay:
    """Days between a row's own date and the day on which it is known: gamma, with a late tail."""

    least: float
    mean: float
    late_share: float
    late_mean: float

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw whole days."""
        usual, chance, lateness = rng.spawn(3)
        days = self.least + usual.gamma(2.0, self.mean / 2.0, n)
        late = chance.random(n) < self.late_share
        return np.ceil(days + late * lateness.gamma(2.0, self.late_mean / 2.0, n)).astype(np.int32)


def delay_of(parameters: Section, table: str) -> Delay:
    """Read the delay of a table's rows."""
    least, mean, late_share, late_mean = parameters["delays"][table]
    return Delay(least, mean, late_share, late_mean)


def in_order(known_on: np.ndarray, *, group: np.ndarray, sequence: np.ndarray) -> np.ndarray:
    """Push days forward so that, within a group, a later state is also known later.

    Rows of one group become known in the order of ``sequence``, a day apart at least.

    >>> in_order(np.array([10, 5, 7]), group=np.array([1, 1, 2]), sequence=np.array([0, 1, 0])).tolist()
    [10, 11, 7]
    """
    if len(known_on) == 0:
        return known_on
    order = np.lexsort((sequence, group))
    grouped = group[order]
    fresh = np.ones(len(order), dtype=bool)
    fresh[1:] = grouped[1:] != grouped[:-1]
    number = np.cumsum(fresh) - 1
    place = np.arange(len(order)) - np.flatnonzero(fresh)[number]
    lifted = known_on[order].astype(np.int64) - place + number * (1 << 32)
    settled = np.maximum.accumulate(lifted) - number * (1 << 32) + place
    out = np.empty_like(known_on)
    out[order] = settled
    return out


def some_of(n: int, *, share: float, rng: np.random.Generator) -> np.ndarray:
    """Pick about a share of ``n`` rows, each by itself."""
    return np.flatnonzero(rng.random(n) < share)


def with_corrections(rows: Columns, *, column: str, share: float, spread: float, rng: np.random.Generator) -> Columns:
    """Let a share of rows be known first with a wrong figure, and again, right, weeks to months later."""
    picks, waits, gross, sizes = rng.spawn(4)
    picked = some_of(len(rows["known_on"]), share=share, rng=picks)
    right = {name: values[picked] for name, values in rows.items()}
    right["known_on"] = (right["known_on"] + waits.integers(15, 120, len(picked))).astype(rows["known_on"].dtype)
    wrong = dict(rows)
    amount = rows[column].astype(np.float64).copy()
    slip = np.where(gross.random(len(picked)) < 0.06, 10.0, sizes.lognormal(0, spread, len(picked)))
    amount[picked] = np.round(amount[picked] * slip, 2)
    wrong[column] = amount
    return stack(wrong, right)


def with_withdrawals(rows: Columns, wrong: Columns, *, rng: np.random.Generator) -> Columns:
    """Add rows that should not exist (``wrong``) and, weeks later, the rows that take them away."""
    n = len(wrong["known_on"])
    taken = dict(wrong)
    taken["known_on"] = (wrong["known_on"] + rng.integers(10, 90, n)).astype(wrong["known_on"].dtype)
    flag = {"withdrawn": np.zeros(len(rows["known_on"]), dtype=bool)}
    return stack(
        {**rows, **flag},
        stack({**wrong, "withdrawn": np.zeros(n, dtype=bool)}, {**taken, "withdrawn": np.ones(n, dtype=bool)}),
    )


def stack(first: Columns, second: Columns) -> Columns:
    """Put the rows of ``second`` below those of ``first``."""
    return {name: np.concatenate([values, second[name]]) for name, values in first.items()}


def known_before(rows: Columns, cut: int) -> Columns:
    """Keep what is known strictly before the cut."""
    kept = rows["known_on"] < cut
    return {name: values[kept] for name, values in rows.items()}
