"""A registry read by calendar year: each household's account, and who lived in it, as the year ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import ibis

from riskmodel.errors import DataError
from riskmodel.policy import Policy, default_policy

if TYPE_CHECKING:
    from riskmodel.registry import Registry

# After so many days nearly everything of a year has become known.
SETTLED = timedelta(days=90)
PARTS = ("wage", "operating", "property", "transfer", "operating_cost", "claims")


def whole_years(begins: date, cut_on: date) -> range:
    """Give the calendar years that lie in full after ``begins`` and ended 90 days before the cut.

    >>> whole_years(date(2022, 2, 1), date(2026, 1, 1))
    range(2023, 2025)
    """
    first = begins.year + (begins.month > 1)
    last = cut_on.year - 1
    if cut_on - date(last + 1, 1, 1) < SETTLED:
        last -= 1
    return range(first, last + 1)


def no_whole_year(registry: Path, cut_on: date) -> str:
    """Say that a registry holds no year to compare, and what to do."""
    return (
        f"{registry} holds no calendar year in full that ended {SETTLED.days} days before its cut, "
        f"{cut_on}: there is nothing to hold against yearly figures. Simulate two years or more."
    )


@dataclass(frozen=True)
class Years:
    """The calendar years that a registry holds in full.

    Attributes
    ----------
    first, last : int
        Of the years; the last one ended at least 90 days before the cut.
    """

    registry: Registry
    first: int
    last: int
    policy: Policy

    @classmethod
    def of(cls, registry: Registry, *, policy: Policy | None = None) -> Years:
        """Find the years from the months of income and the registry's cut.

        Raises
        ------
        DataError
            No year is whole.
        """
        begins = registry.table("income").month.min().to_pyarrow().as_py()
        whole = whole_years(begins or registry.cut_on, registry.cut_on)
        if not whole:
            raise DataError(no_whole_year(registry.path, registry.cut_on))
        first, last = whole[0], whole[-1]
        return cls(registry, first, last, policy or default_policy())

    def standing(self, name: str) -> ibis.Table:
        """Return a table's rows that nothing supersedes or takes away."""
        rows = self.registry.table(name)
        return rows.filter(rows.known_until.isnull() & ~rows.withdrawn.fill_null(False))

    @cached_property
    def calendar(self) -> ibis.Table:
        """One row a year: its end and the monitoring line in force then."""
        county = self.registry.table("household").county_code.max().to_pyarrow().as_py()
        ends = [date(year, 12, 31) for year in range(self.first, self.last + 1)]
        lines = [self.policy.value("monitoring_line", region=county, on=end) for end in ends]
        return ibis.memtable({"year": [end.year for end in ends], "end": ends, "line": lines})

    @cached_property
    def persons(self) -> ibis.Table:
        """One row a person and year in whose end the person was present: household_id, year, age."""
        rows = self.standing("member")
        every = self.registry.table("member")
        first = every.group_by("household_id", "member_id").aggregate(since=every.known_on.min())
        people = rows.join(first, ["household_id", "member_id"]).cross_join(self.calendar)
        there = (people.since <= people.end) & (people.birth_date <= people.end)
        there &= people.left_on.isnull() | (people.left_on > people.end)
        age = (people.end.epoch_seconds() - people.birth_date.epoch_seconds()) / (86400 * 365.2425)
        return self._kept("persons", people.filter(there).select("household_id", "year", age=age))

    @cached_property
    def accounts(self) -> ibis.Table:
        """One row a household and year: size, registered or not, parts of income, bills, yuan; net per head; need."""
        homes = self.standing("household").select("household_id", kind="household_type")
        homes = homes.mutate(registered=homes.kind != "ordinary", lifted=homes.kind == "lifted")
        sizes = self.persons.group_by("household_id", "year").aggregate(size=self.persons.count())
        income = self.standing("income")
        income = income.mutate(year=income.month.year())
        parts = {part: income.amount.sum(where=income.source == part).fill_null(0.0) for part in PARTS}
        earned = income.group_by("household_id", "year").aggregate(**parts)
        bills = self.standing("spending")
        bills = bills.filter(bills.kind == "medical_oop").mutate(year=bills.spent_on.year())
        bills = bills.group_by("household_id", "year").aggregate(oop=bills.amount.sum())
        rows = sizes.join(homes, "household_id").join(self.calendar, "year")
        for more in (earned, bills):
            rows = rows.left_join(more, ["household_id", "year"]).drop("household_id_right", "year_right")
        rows = rows.mutate(**{name: rows[name].fill_null(0.0) for name in (*PARTS, "oop")})
        rows = rows.mutate(net=rows.wage + rows.operating + rows.property + rows.transfer - rows.operating_cost)
        rows = rows.mutate(net_pc=rows.net / rows["size"])
        below = (rows.net - rows.oop + rows.claims) / rows["size"] < rows.line
        return self._kept("accounts", rows.mutate(below=below))

    def _kept(self, name: str, rows: ibis.Table) -> ibis.Table:
        """Work rows out once, for all figures that ask for them."""
        return self.registry.connection.create_table(f"__{name}", rows, temp=True)
