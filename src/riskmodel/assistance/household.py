"""What is known of a household where measures are weighed: facts by the one builder, strictly before a day."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from riskmodel.engine import plan
from riskmodel.features import History, Number, age, col
from riskmodel.features.builder import evaluate
from riskmodel.monitoring.standing import standing
from riskmodel.registry.codes import codes, label
from riskmodel.registry.excerpt import excerpt_of

if TYPE_CHECKING:
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry

# Facts, with their words. Those of the last group no registry holds: they are asked for at the door.
FACTS: dict[str, tuple[str, str]] = {
    "household_type": ("户类型", "household type"),
    "on_list": ("在监测名单", "on the monitoring list"),
    "members": ("家庭人口", "members"),
    "members_able": ("有劳动能力人数（16至59岁）", "members able to work (16 to 59)"),
    "members_working": ("有全部或部分劳动能力人数", "members able to work at least in part"),
    "members_skilled": ("技能劳动力人数", "skilled workers"),
    "members_ill": ("患慢性病或大病人数", "members with a chronic or major illness"),
    "members_disabled": ("残疾人数", "disabled members"),
    "members_uninsured": ("未参加基本医保人数", "members without basic medical insurance"),
    "adults_18_to_65": ("18至65岁人数", "members of 18 to 65"),
    "at_work": ("在业人数", "members at work"),
    "able_without_job": ("有劳动能力、无务工登记人数", "members able to work beyond those at work"),
    "post_candidates": (
        "可任公益岗人数（16至69岁、有全部或部分劳动能力、无务工登记）",
        "members who may take a post (16 to 69, able at least in part, beyond those at work)",
    ),
    "migrants": ("外出务工人数", "members in migrant work"),
    "vocational_students": ("中高职在校生人数", "vocational students"),
    "children_out_of_school": ("失学辍学人数", "children out of school"),
    "students_beyond_compulsory": (
        "非义务教育阶段在校生人数（高中及以上）",
        "students beyond compulsory education (senior secondary and above)",
    ),
    "education_spending_12m": ("近12个月教育支出（元）", "education spending, last 12 months (yuan)"),
    "cropland_mu": ("耕地面积（亩）", "cropland (mu)"),
    "own_business": ("近12个月有生产经营收入", "operating income in the last 12 months"),
    "housing_grade": ("房屋等级", "housing grade"),
    "water_unsafe": ("饮水不安全", "drinking water not safe"),
    "net_income_pc": ("近12个月人均纯收入（元）", "net income per head, last 12 months (yuan)"),
    "medical_oop_12m": ("近12个月自付医疗支出（元）", "out-of-pocket medical costs, last 12 months (yuan)"),
    "blows_12m": ("近12个月灾害、事故、重病次数", "disasters, accidents, illnesses of the last 12 months"),
    **{
        f"{kind}_in_force": (
            f"在享{label('measure_kind', kind, 'zh')}项数",
            f"{label('measure_kind', kind, 'en')} in force",
        )
        for kind in codes("measure_kind")
    },
    "willing": ("本人意愿", "whether they are willing"),
    "production_use": ("贷款用于生产", "that the loan is for production"),
    "credit_rated": ("信用评级", "the credit rating"),
    "no_cadre_family": ("非村干部亲属", "that it is no cadre's family"),
    "aid_applied_for": ("是否已向学校申请资助", "whether aid was applied for at the school"),
    "no_supporters": ("无法定赡养、抚养、扶养义务人", "that nobody is bound to support them"),
}
ASKED = ("willing", "production_use", "credit_rated", "no_cadre_family", "aid_applied_for", "no_supporters")
_BEYOND_COMPULSORY = ("senior", "vocational", "vocational_college", "undergraduate", "postgraduate")
_CODES = ("household_type", "housing_grade")


@dataclass(frozen=True)
class Household:
    """The facts of one household; None where a fact is not known."""

    household_id: str
    county_code: str
    township_code: str
    facts: dict[str, float | str | None]

    def fact(self, name: str) -> float | str | None:
        """Return a fact; None where it is not known."""
        return self.facts.get(name)


def households_of(registry: Registry, wanted: Collection[str], *, as_of: date, policy: Policy) -> dict[str, Household]:
    """Return the facts of households as known, and true, strictly before ``as_of``; absent where not present then."""
    if not wanted:
        return {}
    with excerpt_of(registry, wanted) as own:
        outputs = {name: node for name, node in _outputs().items() if set(plan.tables(node)) <= set(own.tables)}
        rows = evaluate(own, outputs, as_of=as_of, policy=policy, engine="duckdb").to_pandas()
        people = standing(own, as_of=as_of)
    frame = rows.set_index("household_id").join(people[["county_code", "township_code", "household_type", "on_list"]])
    return {str(household): _household(str(household), row) for household, row in frame.iterrows()}


def _outputs() -> dict[str, plan.Household]:
    h = History()
    at_work = h.job.in_force().distinct("member_id")
    able = h.members.where(age() >= 16, age() <= 59, labour_skill=["skilled", "ordinary"]).count()
    fit = h.members.where(age() >= 16, age() <= 69, labour_skill=["skilled", "ordinary", "weak"]).count()
    income = h.income.last(months=12)
    net = income.where(source=["wage", "operating", "property", "transfer"]).sum("amount")
    grades = {grade: h.household.latest(col("housing_grade").isin(grade)) for grade in codes("housing_grade")}
    named: dict[str, Number] = {
        "members": h.members.count(),
        "members_able": able,
        "members_working": h.members.where(labour_skill=["skilled", "ordinary", "weak"]).count(),
        "members_skilled": h.members.where(labour_skill="skilled").count(),
        "members_ill": h.members.where(chronic_illness=True).count() + h.members.where(major_illness=True).count(),
        "members_disabled": h.members.where(disabled=True).count(),
        "members_uninsured": h.members.where(medical_insured=False).count(),
        "adults_18_to_65": h.members.where(age() >= 18, age() <= 65).count(),
        "at_work": at_work,
        "able_without_job": able - at_work,
        "post_candidates": fit - at_work,
        "migrants": h.job.where(kind="migrant").in_force().distinct("member_id"),
        "vocational_students": h.members.where(school_status=["vocational", "vocational_college"]).count(),
        "children_out_of_school": h.members.where(school_status="dropped_out").count(),
        "students_beyond_compulsory": h.members.where(school_status=list(_BEYOND_COMPULSORY)).count(),
        "education_spending_12m": h.spending.where(kind="education").last(months=12).sum("amount"),
        "cropland_mu": h.household.latest("cropland_mu"),
        "own_business": (income.where(source="operating").sum("amount") > 0),
        "water_unsafe": h.household.latest(~col("safe_water").isin(True)),
        "net_income_pc": (net - income.where(source="operating_cost").sum("amount")) / h.members.count(),
        "medical_oop_12m": h.spending.where(kind="medical_oop").last(months=12).sum("amount"),
        "blows_12m": h.event.where(kind=["disaster", "accident", "illness"]).last(months=12).count(),
        **{f"grade_{grade}": node for grade, node in grades.items()},
        **{f"{kind}_in_force": h.measure.where(kind=kind).in_force().count() for kind in codes("measure_kind")},
    }
    return {name: number.node for name, number in named.items()}


def _household(household: str, row: pd.Series) -> Household:
    facts: dict[str, Any] = {}
    for name in FACTS:
        if name in _CODES or name in ASKED:
            continue
        value = row.get(name)
        facts[name] = None if value is None or pd.isna(value) else float(value)
    facts["household_type"] = None if pd.isna(row["household_type"]) else str(row["household_type"])
    grade = [one for one in codes("housing_grade") if row.get(f"grade_{one}") == 1]
    facts["housing_grade"] = grade[0] if grade else None
    return Household(household, str(row["county_code"]), str(row["township_code"]), facts)
