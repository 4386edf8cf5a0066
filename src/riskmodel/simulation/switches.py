"""What may be switched in the simulated county: support withdrawn, disasters, prices, another line.

Whatever is switched takes effect on a day. Until then the county lives, and its registry learns, exactly as without the
switch: two registries of one seed can be compared household by household.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import yaml

from riskmodel.errors import CallError
from riskmodel.policy import Entry, Policy, default_policy
from riskmodel.simulation.calendar import Calendar, day_number
from riskmodel.simulation.geography import COUNTY_CODE

LINE = "monitoring_line"


@dataclass(frozen=True)
class Switches:
    """What is other than usual in a simulated county; as it stands, nothing.

    Attributes
    ----------
    withdraw_support_from : date, optional
        The first of a month. On that day every measure and dibao ends, public-welfare posts with them; none is given
        from then on (:mod:`riskmodel.simulation.withdrawal`).
    disasters : mapping of int to float
        By calendar year, how many times the usual chance of a disaster: 2 doubles it, 0 leaves none.
    prices : mapping of int to float
        By calendar year, how many times the usual price crops and animals are sold at: 0.6 is a fall by two fifths.
    line : mapping of int to float
        By calendar year, the monitoring line from 1 January, yuan of net income per head and year; in force until the
        policy record's next one. All that the county holds against the line moves with it, dibao's standard too.

    Examples
    --------
    >>> switches = Switches(disasters={2024: 2.0}, line={2024: 9500})
    >>> switches.thrown, Switches().thrown
    (True, False)
    >>> switches.policy.value("monitoring_line", region="369901", on=date(2024, 6, 1))
    9500.0
    >>> switches.policy.value("monitoring_line", region="369901", on=date(2025, 6, 1))
    9000.0
    """

    withdraw_support_from: date | None = None
    disasters: Mapping[int, float] = field(default_factory=dict)
    line: Mapping[int, float] = field(default_factory=dict)
    prices: Mapping[int, float] = field(default_factory=dict)

    @property
    def thrown(self) -> bool:
        """Whether anything is other than usual."""
        return self.withdraw_support_from is not None or any((self.disasters, self.line, self.prices))

    @property
    def withdrawn_on(self) -> int | None:
        """Day number of the day on which support ends."""
        return None if self.withdraw_support_from is None else day_number(self.withdraw_support_from)

    def disaster_factor(self, year: int) -> float:
        """Return how many times the usual chance of a disaster a year has."""
        return float(self.disasters.get(year, 1.0))

    def price_factor(self, year: int) -> float:
        """Return how many times the usual price crops and animals are sold at in a year."""
        return float(self.prices.get(year, 1.0))

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The policy record's entries that give this county, and no other, its line."""
        if not self.line:
            return ()
        usual = default_policy()
        changes = {date(year, 1, 1): float(value) for year, value in self.line.items()}
        begin = min(changes)
        # An entry of the county's own code outweighs the province's for good: what is said later is said again for it.
        mine = [e.valid_from for e in usual.entries if e.name == LINE and COUNTY_CODE.startswith(e.region)]
        later = {day: usual.value(LINE, region=COUNTY_CODE, on=day) for day in mine if day > begin}
        return tuple(_entry(day, value, switched=day in changes) for day, value in sorted({**later, **changes}.items()))

    @property
    def policy(self) -> Policy:
        """The policy record that the county is lived by."""
        return default_policy().extended(self.entries)

    def check(self, calendar: Calendar) -> None:
        """Refuse what the written history of a county cannot show.

        Raises
        ------
        CallError
            A date that is not the first of a month of the history, a year that the history does not touch, a factor
            below 0, or a line that is not above 0.
        """
        self._check_support(calendar)
        years = sorted({int(year) for year in calendar.year[calendar.first : calendar.months]})
        for option, given in (("--disasters", self.disasters), ("--prices", self.prices), ("--line", self.line)):
            for year in given:
                if year not in years:
                    raise CallError(
                        f"{option} names the year {year}; expected a year of the history, {_span(years[0], years[-1])}."
                    )
        for year, factor in self.disasters.items():
            if not (math.isfinite(factor) and factor >= 0):
                raise CallError(
                    f"--disasters {year}={factor:g}: expected how many times the usual chance, 0 or more, such "
                    f"as {year}=2."
                )
        for year, factor in self.prices.items():
            if not (math.isfinite(factor) and factor > 0):
                raise CallError(
                    f"--prices {year}={factor:g}: expected how many times the usual price, above 0, such as {year}=0.6."
                )
        for year, value in self.line.items():
            if not (math.isfinite(value) and value > 0):
                raise CallError(
                    f"--line {year}={value:g}: expected yuan of net income per head and year, above 0, such as "
                    f"{year}=9000."
                )

    def _check_support(self, calendar: Calendar) -> None:
        day = self.withdraw_support_from
        months = calendar.month_start[calendar.first : calendar.months]
        if day is None or np.any(months == day_number(day)):
            return
        first, last = (date(1970, 1, 1) + timedelta(days=int(m)) for m in (months[0], months[-1]))
        raise CallError(
            f"--withdraw-support-from is {day}; expected the first of a month of the history, {_span(first, last)}."
        )

    def told(self) -> dict[str, Any]:
        """Return the switches as plain data, as ``simulated.json`` holds them."""
        day = self.withdraw_support_from
        return {
            "withdraw_support_from": None if day is None else day.isoformat(),
            "disasters": {str(year): float(factor) for year, factor in sorted(self.disasters.items())},
            "prices": {str(year): float(factor) for year, factor in sorted(self.prices.items())},
            "line": {str(year): float(value) for year, value in sorted(self.line.items())},
        }

    def words(self) -> list[str]:
        """Say what is switched, one entry a switch."""
        day = self.withdraw_support_from
        said = [] if day is None else [f"no direct support from {day}"]
        said += [f"{factor:g} times the disasters of {year}" for year, factor in sorted(self.disasters.items())]
        said += [f"{factor:g} times the prices of {year}" for year, factor in sorted(self.prices.items())]
        return said + [f"line {value:,.0f} yuan from 1 January {year}" for year, value in sorted(self.line.items())]

    def policy_file(self) -> str:
        """Return the entries as a policy file that a workspace can lay over the record."""
        rows = [entry.model_dump(mode="json") for entry in self.entries]
        body = yaml.safe_dump(rows, sort_keys=False, allow_unicode=True, width=200)
        return f"{_POLICY_HEAD}{body}"


_POLICY_HEAD = """\
# The monitoring line that this simulated county was lived by. So that features and outcomes are held against the same
# line, copy these entries into policy.yaml beside riskmodel.toml of the workspace. They concern no other county.
"""


def _span(first: object, last: object) -> str:
    return f"{first}" if first == last else f"{first} to {last}"


def _entry(day: date, value: float, *, switched: bool) -> Entry:
    source = "simulated: switched by --line" if switched else "as the policy record has it"
    return Entry(
        name=LINE,
        region=COUNTY_CODE,
        valid_from=day,
        value=value,
        unit="yuan/person/year",
        source=source,
        certainty="S",
    )
