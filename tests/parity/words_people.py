"""Members, work, health and education: every feature written out by hand from its words."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from seen import Row, Seen, completed_years, div, most, total

PAID = ["migrant", "local", "public_post"]
SKILL = "labour_skill"
SCHOOLING = ["illiterate", "primary", "junior", "senior", "college", "university"]
SECONDARY = ["senior", "vocational"]
TERTIARY = ["vocational_college", "undergraduate", "postgraduate"]


def people(rows: list[Row]) -> int:
    return len({row["member_id"] for row in rows})


def ages(s: Seen, rows: list[Row]) -> list[int]:
    return [completed_years(row["birth_date"], s.as_of) for row in rows]


def mean(values: list[int]) -> float | None:
    return statistics.fmean(values) if values else None


def unwell(s: Seen, low: int = 0, high: int = 200) -> int:
    return sum(
        any(row[what] is True for what in ("chronic_illness", "major_illness", "disabled")) for row in s.aged(low, high)
    )


def oop(s: Seen, months: int, skip: int = 0) -> float:
    return total(s.last("spending", months, skip, kind="medical_oop"))


def schooling(s: Seen, months: int = 12, skip: int = 0) -> float:
    return total(s.last("spending", months, skip, kind="education"))


LABOUR: dict[str, Callable[[Seen], float | None]] = {
    "members": lambda s: s.size(),
    "members_able": lambda s: len(s.able()),
    "dependency_ratio": lambda s: div(s.size() - len(s.able()), s.size()),
    "nobody_able": lambda s: not s.able(),
    "members_under_6": lambda s: len(s.aged(0, 5)),
    "members_under_16": lambda s: len(s.aged(0, 15)),
    "members_60_plus": lambda s: len(s.aged(60)),
    "members_75_plus": lambda s: len(s.aged(75)),
    "children_per_able": lambda s: div(len(s.aged(0, 15)), len(s.able())),
    "elders_per_able": lambda s: div(len(s.aged(60)), len(s.able())),
    "working_age_weak": lambda s: len(s.aged(16, 59, labour_skill=["weak", "lost", "none"])),
    "head_age": lambda s: most(ages(s, s.aged(0, relation="head"))),
    "able_mean_age": lambda s: mean(ages(s, s.able())),
    "able_50_plus": lambda s: sum(age >= 50 for age in ages(s, s.able())),
    "adults_best_education": lambda s: most(
        SCHOOLING.index(row["education"]) for row in s.aged(16) if row["education"] is not None
    ),
    "members_skilled": lambda s: len(s.aged(16, 59, labour_skill="skilled")),
    "members_left_24m": lambda s: len(s.ended("member", 24, end="left_on")),
    "able_without_job": lambda s: max(len(s.able()) - people(s.open("job", kind=PAID)), 0),
}

WORK: dict[str, Callable[[Seen], float | None]] = {
    **{f"work_months_{n}m": lambda s, n=n: s.overlap("job", n, kind=PAID) for n in (3, 12)},
    "work_months_change_12m": lambda s: s.overlap("job", 12, kind=PAID) - s.overlap("job", 12, 12, kind=PAID),
    "work_months_per_able_12m": lambda s: div(s.overlap("job", 12, kind=PAID), len(s.able())),
    **{f"migrant_months_{n}m": lambda s, n=n: s.overlap("job", n, kind="migrant") for n in (3, 12)},
    "local_work_months_12m": lambda s: s.overlap("job", 12, kind="local"),
    "public_post_months_12m": lambda s: s.overlap("job", 12, kind="public_post"),
    "own_business_months_12m": lambda s: s.overlap("job", 12, kind="own"),
    "far_work_months_12m": lambda s: s.overlap("job", 12, kind=PAID, place=["outside", "abroad"]),
    "near_work_months_12m": lambda s: s.overlap("job", 12, kind=PAID, place=["village", "township", "county"]),
    "jobs_held": lambda s: len(s.open("job", kind=PAID)),
    "workers_now": lambda s: people(s.open("job", kind=PAID)),
    "migrants_now": lambda s: people(s.open("job", kind="migrant")),
    "jobs_per_able": lambda s: div(len(s.open("job", kind=PAID)), len(s.able())),
    **{f"jobs_ended_{n}m": lambda s, n=n: len(s.ended("job", n)) for n in (6, 12)},
    "jobs_begun_12m": lambda s: len(s.last("job", 12, kind=PAID)),
    "migrants_returned_12m": lambda s: people(s.ended("job", 12, kind="migrant")),
    "job_tenure": lambda s: mean([s.months(row["started_on"]) for row in s.open("job", kind=PAID)]),
    "months_since_job_end": lambda s: min((s.months(row["ended_on"]) for row in s.ended("job")), default=None),
}

HEALTH: dict[str, Callable[[Seen], float | None]] = {
    "members_disabled": lambda s: len(s.aged(0, disabled=True)),
    "members_severely_disabled": lambda s: len(s.aged(0, disabled=True, disability_grade=[1, 2])),
    "members_chronic": lambda s: len(s.aged(0, chronic_illness=True)),
    "members_major_illness": lambda s: len(s.aged(0, major_illness=True)),
    "working_age_unwell": lambda s: unwell(s, 16, 59),
    "children_unwell": lambda s: unwell(s, 0, 15),
    "elders_unwell": lambda s: unwell(s, 60),
    "unwell_share": lambda s: div(unwell(s), s.size()),
    "members_uninsured": lambda s: len(s.aged(0, medical_insured=False)),
    **{f"medical_oop_{n}m": lambda s, n=n: oop(s, n) for n in (3, 12, 24)},
    "medical_oop_pc_change_12m": lambda s: div(oop(s, 12) - oop(s, 12, 12), s.size()),
    "medical_oop_ratio_12m": lambda s: div(oop(s, 12), s.net(12)),
    "medical_oop_to_line_12m": lambda s: div(oop(s, 12), s.size() * s.line()),
    "largest_medical_bill_12m": lambda s: most(row["amount"] for row in s.last("spending", 12, kind="medical_oop")),
    "medical_bills_12m": lambda s: len(s.last("spending", 12, kind="medical_oop")),
    "months_since_medical_bill": lambda s: s.months_since("spending", kind="medical_oop"),
    "months_since_illness": lambda s: s.months_since("event", kind="illness"),
    **{f"illness_events_{n}m": lambda s, n=n: len(s.last("event", n, kind="illness")) for n in (12, 36)},
}

EDUCATION: dict[str, Callable[[Seen], float | None]] = {
    "children_school_age": lambda s: len(s.aged(6, 15)),
    "children_14_to_15": lambda s: len(s.aged(14, 15)),
    "students_beyond_compulsory": lambda s: len(s.aged(0, school_status=SECONDARY + TERTIARY)),
    "students_secondary": lambda s: len(s.aged(0, school_status=SECONDARY)),
    "students_tertiary": lambda s: len(s.aged(0, school_status=TERTIARY)),
    "children_out_of_school": lambda s: len(s.aged(0, 15, school_status="dropped_out")),
    "education_spending_12m": schooling,
    "education_spending_change_12m": lambda s: schooling(s) - schooling(s, 12, 12),
    "education_spending_ratio_12m": lambda s: div(schooling(s), s.net(12)),
}
