"""When households had measures of one kind: who began one, and who was without for a whole stretch of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from riskmodel.engine.calendar import add_months
from riskmodel.errors import CallError, DataError, did_you_mean
from riskmodel.registry import Registry
from riskmodel.registry.codes import CODE_BOOK, codes

# What is given so that a household earns: the four kinds whose effect an income can show.
KINDS = ("industry", "jobs", "finance", "public_post")


def check_kind(kind: str) -> None:
    """Raise :class:`CallError`, with the nearest name, unless ``kind`` is a measure that is to raise income.

    >>> check_kind("industri")
    Traceback (most recent call last):
        ...
    riskmodel.errors.CallError: no measure kind "industri" to follow up by income. Did you mean "industry"?
    """
    if kind in KINDS:
        return
    if kind in codes("measure_kind"):
        raise CallError(
            f'measures of the kind "{kind}" are not given to raise income, so income does not show what they did: '
            f"choose one of {', '.join(KINDS)}."
        )
    raise CallError(f'no measure kind "{kind}" to follow up by income.{did_you_mean(kind, KINDS)}')


@dataclass(frozen=True)
class Spells:
    """The measures of one kind as they stand at the registry's cut.

    Attributes
    ----------
    rows : pandas.DataFrame
        ``household_id``, ``started_on``, ``ended_on`` (datetime64; NaT while it lasts), sorted by all three.
    """

    rows: pd.DataFrame

    @classmethod
    def of(cls, registry: Registry, kind: str) -> Spells:
        """Read the measures of ``kind`` that were known, and neither corrected nor withdrawn, at the cut.

        Raises
        ------
        DataError
            The registry has no measures, or none of the kind.
        """
        if "measure" not in registry.tables:
            raise DataError(f"{registry.path}: there is no table of measures, so there is nothing to follow up.")
        table = registry.table("measure")
        standing = table.filter(
            table.kind == kind,
            table.known_on < registry.cut_on,
            table.known_until.isnull() | (table.known_until >= registry.cut_on),
            ~table.withdrawn,
        )
        rows = standing.select("household_id", "started_on", "ended_on").to_pyarrow().to_pandas()
        if rows.empty:
            words = next(entry.en for entry in CODE_BOOK["measure_kind"] if entry.code == kind)
            raise DataError(f'{registry.path}: the table of measures has none of the kind "{kind}" ({words}).')
        return cls.from_rows(rows)

    @classmethod
    def from_rows(cls, rows: pd.DataFrame) -> Spells:
        """Return the spells of a table with ``household_id``, ``started_on`` and ``ended_on``."""
        dated = rows.assign(**{name: pd.to_datetime(rows[name]) for name in ("started_on", "ended_on")})
        names = ["household_id", "started_on", "ended_on"]
        return cls(dated[names].sort_values(names).reset_index(drop=True))

    def begun(self, start: date, end: date) -> pd.DataFrame:
        """Return each household's first measure that began in ``[start, end)``: ``household_id``, ``month``.

        ``month`` is the first day of the month in which it began: what is compared is looked at from there.
        """
        began = self.rows.started_on
        inside = self.rows[(began >= pd.Timestamp(start)) & (began < pd.Timestamp(end))]
        first = inside.groupby("household_id", sort=True)["started_on"].min()
        months = first.dt.to_period("M").dt.to_timestamp().dt.date
        return pd.DataFrame({"household_id": first.index.astype(object), "month": months.to_numpy(dtype=object)})

    def had_one(self, start: date, end: date) -> np.ndarray:
        """Return the households, sorted, that had a measure of the kind at some time in ``[start, end)``.

        A spell whose end is not recorded is taken to last.
        """
        still = self.rows.ended_on.isna() | (self.rows.ended_on >= pd.Timestamp(start))
        had = self.rows[(self.rows.started_on < pd.Timestamp(end)) & still]
        return np.unique(had.household_id.to_numpy(dtype=object))

    def told(self) -> str:
        """Say between which days the measures began, for a message."""
        return f"{self.rows.started_on.min():%Y-%m-%d} to {self.rows.started_on.max():%Y-%m-%d}"


def months_of(begun: pd.DataFrame) -> list[date]:
    """Return the months in which measures began, sorted."""
    return sorted(set(begun.month))


def without(spells: Spells, months: Sequence[date], *, before: int, after: int) -> dict[date, np.ndarray]:
    """Return, for each month, the households that cannot be compared with: they had one within ``before`` or ``after``.

    Parameters
    ----------
    before, after
        Months before the month's first day, and from it on.
    """
    return {month: spells.had_one(add_months(month, -before), add_months(month, after)) for month in months}
