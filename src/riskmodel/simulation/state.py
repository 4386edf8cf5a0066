"""The state of the county: its households and people as columns, and the accounts of the last twelve months."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np

from riskmodel.registry.codes import codes
from riskmodel.simulation.blocks import Block
from riskmodel.simulation.calendar import Calendar
from riskmodel.simulation.journal import Journal
from riskmodel.simulation.parameters import Parameters

if TYPE_CHECKING:
    from riskmodel.simulation.switches import Switches

DAYS_A_YEAR = 365.2425


def code_number(list_name: str) -> dict[str, int]:
    """Give the position of every code in its list, as the arrays hold it."""
    return {code: position for position, code in enumerate(codes(list_name))}


TYPE = code_number("household_type")
GRADE = code_number("housing_grade")
RELATION = code_number("relation")
EDUCATION = code_number("education")
SCHOOL = code_number("school_status")
SKILL = code_number("labour_skill")
PLACE = code_number("job_place")
JOB = code_number("job_kind")
MALE, FEMALE = 0, 1
NO_CODE = np.int8(-1)
NO_JOB = np.int8(-1)


@dataclass
class Places:
    """Townships and villages: codes, and how exposed and remote each village is (0 to 1)."""

    township_codes: list[str]
    village_codes: list[str]
    village_township: np.ndarray
    low_lying: np.ndarray
    remote: np.ndarray
    industry: np.ndarray
    slow_clerk: np.ndarray
    # Moving: the labour market (county, then each township), what it makes of separations, the livestock price.
    cycle: np.ndarray
    slump: np.ndarray
    price: float = 0.0


@dataclass
class Households:
    """One entry a household; what the registry never sees is marked unobserved."""

    village: np.ndarray
    kind: np.ndarray
    lifted_year: np.ndarray
    registered_on: np.ndarray
    cropland: np.ndarray
    forest: np.ndarray
    relocation: np.ndarray
    road: np.ndarray
    grade: np.ndarray
    water: np.ndarray
    # Unobserved and lasting.
    level: np.ndarray
    farm_skill: np.ndarray
    volatility: np.ndarray
    diligence: np.ndarray
    support: np.ndarray
    # Moving.
    transitory: np.ndarray
    livestock: np.ndarray
    business: np.ndarray
    crop_damage: np.ndarray
    debt: np.ndarray
    changed: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def __len__(self) -> int:
        return len(self.village)


@dataclass
class Members:
    """One entry a person; who is born or marries in comes below those who were there before."""

    hh: np.ndarray
    number: np.ndarray
    sex: np.ndarray
    birth: np.ndarray
    relation: np.ndarray
    joins_on: np.ndarray
    left_on: np.ndarray
    education: np.ndarray
    school: np.ndarray
    plan: np.ndarray
    chronic: np.ndarray
    major: np.ndarray
    disabled: np.ndarray
    disability_grade: np.ndarray
    insured: np.ndarray
    skill: np.ndarray
    # Unobserved and lasting.
    vigour: np.ndarray
    frailty: np.ndarray
    ability: np.ndarray
    attachment: np.ndarray
    instability: np.ndarray
    # Moving.
    stage: np.ndarray
    job: np.ndarray
    place: np.ndarray
    spell: np.ndarray
    tenure: np.ndarray
    idle: np.ndarray
    changed: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def __len__(self) -> int:
        return len(self.hh)

    def with_others(self, others: Members) -> Members:
        """Give these members and, below them, ``others``."""
        return Members(*(np.concatenate([getattr(self, f.name), getattr(others, f.name)]) for f in fields(Members)))

    def age(self, day: int) -> np.ndarray:
        """Give ages in years (not whole) on a day; negative for the unborn."""
        return (day - self.birth) / DAYS_A_YEAR

    def present(self, day: int) -> np.ndarray:
        """Say who has joined and not left on a day."""
        return (self.joins_on <= day) & (self.left_on > day)


@dataclass
class Accounts:
    """The last twelve months of each household, as the county could know them in full: yuan, months in rows."""

    net: np.ndarray
    oop: np.ndarray
    claims: np.ndarray
    dibao: np.ndarray

    def net_pc(self, size: np.ndarray) -> np.ndarray:
        """Net income per head over the twelve months."""
        return self.net.sum(axis=0) / np.maximum(size, 1)

    def own_pc(self, size: np.ndarray) -> np.ndarray:
        """Net income per head without dibao: what a means test looks at."""
        return (self.net - self.dibao).sum(axis=0) / np.maximum(size, 1)

    def adjusted_pc(self, size: np.ndarray) -> np.ndarray:
        """Net income − compliant out-of-pocket + claims, per head: what is held against the line."""
        return (self.net - self.oop + self.claims).sum(axis=0) / np.maximum(size, 1)


@dataclass
class Support:
    """What each household gets: dibao a month, other measures as months still to run."""

    dibao: np.ndarray
    months_left: dict[str, np.ndarray]
    record: dict[str, np.ndarray]
    dibao_record: np.ndarray
    listed_on: np.ndarray
    listing_category: np.ndarray
    listing_risks: np.ndarray

    def has(self, kind: str) -> np.ndarray:
        """Say which households are under a measure now."""
        return self.months_left[kind] > 0


@dataclass
class County:
    """Everything a mechanism may read or move in one month, of the households of one block."""

    parameters: Parameters
    calendar: Calendar
    block: Block
    streams: dict[str, np.random.Generator]
    journal: Journal
    places: Places
    households: Households
    members: Members
    accounts: Accounts
    support: Support
    line: np.ndarray
    switches: Switches
    pending_claims: np.ndarray
    t: int = 0
    next_spell: int = 0
    next_measure: int = 0
    recent: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))

    @property
    def today(self) -> int:
        """Day number of the first day of the current month."""
        return int(self.calendar.month_start[self.t])

    @property
    def days(self) -> int:
        """Days in the current month."""
        return int(self.calendar.month_start[self.t + 1]) - self.today

    @property
    def month(self) -> int:
        """Calendar month, 1 to 12."""
        return int(self.calendar.month[self.t])

    @property
    def line_now(self) -> float:
        """The monitoring line in force, yuan of net income per head and year."""
        return float(self.line[self.t])

    @property
    def support_withdrawn(self) -> bool:
        """Whether direct support has ended by the current month."""
        day = self.switches.withdrawn_on
        return day is not None and self.today >= day

    @property
    def disaster_factor(self) -> float:
        """How many times the usual chance of a disaster the current year has."""
        return self.switches.disaster_factor(int(self.calendar.year[self.t]))

    @property
    def price_factor(self) -> float:
        """How many times the usual price crops and animals are sold at in the current year."""
        return self.switches.price_factor(int(self.calendar.year[self.t]))

    def size(self) -> np.ndarray:
        """Members present in each household."""
        return self.per_household(self.members.present(self.today).astype(np.float64))

    def per_household(self, weights: np.ndarray) -> np.ndarray:
        """Sum a member's figure over each household."""
        return np.bincount(self.members.hh, weights=weights, minlength=len(self.households)).astype(np.float64)

    def some_day(self, stream: str, n: int) -> np.ndarray:
        """Draw ``n`` days of the current month."""
        return (self.today + self.streams[stream].integers(0, self.days, n)).astype(np.int32)


def monthly(yearly: np.ndarray | float) -> np.ndarray | float:
    """Turn a yearly hazard into a monthly probability."""
    return 1.0 - np.exp(-np.asarray(yearly) / 12.0)
