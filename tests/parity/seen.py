"""What was known of each household at a date, read row by row from lists of dictionaries, apart from the builder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

Row = dict[str, Any]

KEYS = {
    "household": (),
    "member": ("member_id",),
    "income": ("month", "source", "item"),
    "spending": ("record_id",),
    "event": ("record_id",),
    "job": ("record_id",),
    "measure": ("record_id",),
    "guarantee": ("checked_on", "item"),
    "listing": ("identified_on",),
    "points": ("record_id",),
}
OWN = {
    "household": "registered_on",
    "member": "birth_date",
    "income": "month",
    "spending": "spent_on",
    "event": "happened_on",
    "job": "started_on",
    "measure": "started_on",
    "guarantee": "checked_on",
    "listing": "identified_on",
    "points": "awarded_on",
}
NATIONAL = {2018: 2995, 2019: 3218, 2020: 5000}
JIANGXI = {**NATIONAL, 2021: 6000, 2022: 6740, 2023: 7570, 2024: 8500}


class AbsentError(Exception):
    """A table that the registry does not have was read: what reads it is missing."""


def line_on(county: str, day: date) -> float:
    """The monitoring line of a county in Jiangxi, or of one in a province that the policy record is silent on."""
    return JIANGXI.get(day.year, 9000) if county.startswith("36") else NATIONAL.get(day.year, 6000)


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, cut to the month's end."""
    index = day.year * 12 + day.month - 1 - months
    february = 29 if (index // 12) % 4 == 0 else 28
    last = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][index % 12]
    return date(index // 12, index % 12 + 1, min(day.day, last))


def months_between(earlier: date, later: date) -> int:
    """Whole months from one day to another."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month - (earlier.day > later.day)


def completed_years(birth: date, on: date) -> int:
    """A person's age."""
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def div(above: float | None, below: float | None) -> float | None:
    """A quotient; missing over nothing."""
    return None if above is None or not below else above / below


def change(now: float | None, before: float | None) -> float | None:
    """A relative change; missing where the earlier amount is not above 0."""
    return None if now is None or before is None or before <= 0 else now / before - 1


def total(rows: Iterable[Row], column: str = "amount") -> float:
    """The sum of a column, missing values left out."""
    return sum(row[column] for row in rows if row[column] is not None)


def most(values: Iterable[float | None]) -> float | None:
    """The largest value there is."""
    return max((value for value in values if value is not None), default=None)


class World:
    """All rows of a registry by table and household; a table may be absent."""

    def __init__(self, tables: dict[str, list[Row]]) -> None:
        self.tables: dict[str, dict[str, list[Row]]] = {}
        for name, rows in tables.items():
            by_household: dict[str, list[Row]] = defaultdict(list)
            for row in rows:
                by_household[row["household_id"]].append(row)
            self.tables[name] = by_household
        self._present: dict[date, list[Seen]] = {}
        self._places: dict[tuple[date, str], dict[str, list[Seen]]] = {}

    def present(self, as_of: date) -> list[Seen]:
        """The households whose row is seen at as_of, with a member present where there is a member table."""
        if as_of not in self._present:
            everyone = [Seen(self, household, as_of) for household in self.tables["household"]]
            here = [s for s in everyone if s.rows("household") and ("member" not in self.tables or s.members())]
            self._present[as_of] = here
        return self._present[as_of]

    def neighbours(self, seen: Seen, place: str) -> list[Seen]:
        """The other households present in the same village or township at the same as_of."""
        column, places = f"{place}_code", self._places.setdefault((seen.as_of, place), defaultdict(list))
        if not places:
            for one in self.present(seen.as_of):
                places[one.field(column)].append(one)
        return [one for one in places[seen.field(column)] if one is not seen]


class Seen:
    """One household as it was known strictly before a date."""

    def __init__(self, world: World, household: str, as_of: date) -> None:
        self.world = world
        self.household = household
        self.as_of = as_of
        self._cache: dict[Any, Any] = {}

    def rows(self, table: str) -> list[Row]:
        """The newest row of each key that was known and true before as_of; a withdrawn one takes its key away."""
        if table not in self.world.tables:
            raise AbsentError(table)
        return self.once(("rows", table), lambda: self._newest(table))

    def _newest(self, table: str) -> list[Row]:
        newest: dict[tuple[Any, ...], Row] = {}
        for row in self.world.tables[table].get(self.household, []):
            if row["known_on"] < self.as_of and row[OWN[table]] < self.as_of:
                key = tuple(row[column] for column in KEYS[table])
                if key not in newest or newest[key]["known_on"] <= row["known_on"]:
                    newest[key] = row
        return [row for row in newest.values() if not row["withdrawn"]]

    def once(self, key: Any, work: Callable[[], Any]) -> Any:
        """Work something out once for this household and date."""
        if key not in self._cache:
            self._cache[key] = work()
        return self._cache[key]

    def where(self, table: str, **equals: Any) -> list[Row]:
        """The rows with these values, or one of these where a list is given; a missing value is none of them."""
        rows = self.rows(table)
        for column, value in equals.items():
            wanted = value if isinstance(value, list) else [value]
            rows = [row for row in rows if row[column] is not None and row[column] in wanted]
        return rows

    def last(self, table: str, months: int, skip: int = 0, **equals: Any) -> list[Row]:
        """The rows of ``where`` with their own date in ``[as_of - months - skip, as_of - skip)``."""
        start, end = months_before(self.as_of, months + skip), months_before(self.as_of, skip)
        return [row for row in self.where(table, **equals) if start <= row[OWN[table]] < end]

    def open(self, table: str, end: str = "ended_on", **equals: Any) -> list[Row]:
        """The spells that have not ended before as_of."""
        return [row for row in self.where(table, **equals) if row[end] is None or row[end] >= self.as_of]

    def ended(self, table: str, months: int | None = None, end: str = "ended_on", **equals: Any) -> list[Row]:
        """The spells that ended before as_of; with months, in ``[as_of - months, as_of)``."""
        rows = [row for row in self.where(table, **equals) if row[end] is not None and row[end] < self.as_of]
        return [row for row in rows if months is None or row[end] >= months_before(self.as_of, months)]

    def months(self, day: date) -> int:
        """Whole months from a day to as_of."""
        return months_between(day, self.as_of)

    def months_since(self, table: str, **equals: Any) -> int | None:
        """Whole months since the latest row of ``where``."""
        days = [row[OWN[table]] for row in self.where(table, **equals)]
        return self.months(max(days)) if days else None

    def overlap(self, table: str, months: int, skip: int = 0, end: str = "ended_on", **equals: Any) -> float:
        """Months (of 365.25 / 12 days) on which the spells overlap the window."""
        first, over = months_before(self.as_of, months + skip), months_before(self.as_of, skip)
        spells = [(max(r[OWN[table]], first), min(r[end] or self.as_of, over)) for r in self.where(table, **equals)]
        return sum(max((high - low).days, 0) for low, high in spells) / (365.25 / 12)

    def members(self) -> list[Row]:
        """The members present."""
        return self.once("members", lambda: self.open("member", end="left_on"))

    def aged(self, low: int, high: int = 200, **equals: Any) -> list[Row]:
        """The members present of such an age."""
        present = {id(row) for row in self.members()}
        rows = [row for row in self.where("member", **equals) if id(row) in present]
        return [row for row in rows if low <= completed_years(row["birth_date"], self.as_of) <= high]

    def able(self) -> list[Row]:
        """The members of 16 to 59 who are skilled or ordinary workers."""
        return self.once("able", lambda: self.aged(16, 59, labour_skill=["skilled", "ordinary"]))

    def size(self) -> int:
        """How many members are present."""
        return len(self.members())

    def line(self, months_ago: int = 0) -> float:
        """The county's line, now or some months ago."""
        return line_on(self.field("county_code"), months_before(self.as_of, months_ago))

    def field(self, column: str) -> Any:
        """A column of the household's row."""
        return self.rows("household")[0][column]

    def gross(self, months: int, skip: int = 0) -> float:
        """Income of the four sources in a window."""
        return total(self.last("income", months, skip, source=["wage", "operating", "property", "transfer"]))

    def net(self, months: int, skip: int = 0) -> float:
        """Net income in a window."""
        key = ("net", months, skip)
        return self.once(key, lambda: self.gross(months, skip) - self.income("operating_cost", months, skip))

    def income(self, source: str, months: int = 12, skip: int = 0, **equals: Any) -> float:
        """Income of one source in a window."""
        return total(self.last("income", months, skip, source=source, **equals))

    def net_pc(self, months: int = 12, skip: int = 0) -> float | None:
        """Net income per member present."""
        return div(self.net(months, skip), self.size())

    def gap(self) -> float:
        """How far net income per head of 12 months lies above the line."""
        return self.net(12) / self.size() / self.line() - 1

    def others(self, place: str, name: str, value: Callable[[Seen], float | None]) -> float | None:
        """The mean of a value over the other households present in the same place."""
        there = self.world.neighbours(self, place)
        values = [s.once(("other", name), lambda s=s: value(s)) for s in there]
        if not there:
            value(self)
        known = [float(v) for v in values if v is not None]
        return div(sum(known), len(known))
