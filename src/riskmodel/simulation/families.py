"""The people of the first day: families drawn from a few household shapes, and who will be born or marry in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riskmodel.simulation.calendar import FAR_FUTURE, Calendar
from riskmodel.simulation.parameters import Parameters
from riskmodel.simulation.state import (
    DAYS_A_YEAR,
    EDUCATION,
    FEMALE,
    MALE,
    NO_CODE,
    NO_JOB,
    RELATION,
    SCHOOL,
    SKILL,
    TYPE,
    Households,
    Members,
)

# What a young person's schooling will be: the last stage, and the age on 1 September at which it is over.
PLAN_JUNIOR, PLAN_VOCATIONAL, PLAN_SENIOR, PLAN_VOCATIONAL_COLLEGE, PLAN_UNDERGRADUATE = range(5)
PLAN_ENDS_AT = np.array([15, 18, 18, 21, 22])
PLAN_EDUCATION = np.array(
    [EDUCATION["junior"], EDUCATION["senior"], EDUCATION["senior"], EDUCATION["college"], EDUCATION["university"]],
    dtype=np.int8,
)


@dataclass(frozen=True)
class _People:
    """Columns of people being gathered."""

    hh: np.ndarray
    relation: np.ndarray
    sex: np.ndarray
    age: np.ndarray
    joins_in: np.ndarray


def make_members(
    parameters: Parameters, *, households: Households, calendar: Calendar, rng: np.random.Generator
) -> Members:
    """Draw everybody, the births and marriages-in of the coming years included."""
    p = parameters["demography"]
    n = len(households)
    poor = households.kind != TYPE["ordinary"]
    shapes = p["shapes"]
    names = list(shapes)
    weight = np.array([[shapes[s]["ordinary"], shapes[s]["registered"]] for s in names])
    weight = weight / weight.sum(axis=0)
    edges = np.cumsum(weight, axis=0)
    shape = (rng.random(n)[:, None] > edges[:, poor.astype(int)].T).sum(axis=1).clip(0, len(names) - 1)

    def column(key: str) -> np.ndarray:
        return np.array([shapes[s][key] for s in names])[shape]

    head_age = rng.uniform(column("head_from"), column("head_to"))
    head_sex = np.where(rng.random(n) < np.where(column("spouse") > 0, 0.9, 0.6), MALE, FEMALE)
    married = rng.random(n) < column("spouse")
    children = rng.poisson(column("children_beyond_first")) + (rng.random(n) < column("any_child"))
    children = np.minimum(children, 4)
    first_at = rng.uniform(21, 29, n)
    everyone = np.arange(n)

    people = [_people(everyone, RELATION["head"], head_sex, head_age)]
    people.append(
        _people(
            everyone[married], RELATION["spouse"], 1 - head_sex[married], (head_age + rng.normal(-1.5, 2.5, n))[married]
        )
    )
    grown = column("grown_children") > 0
    eldest_age = np.full(n, -1.0)
    for order in range(4):
        age = head_age - first_at - order * rng.uniform(1.5, 4.5, n)
        has = (children > order) & (age > 0.1) & ((age < 24) | grown)
        sex = np.where(rng.random(n) < (0.72 if order == 0 else 0.53), MALE, FEMALE)
        eldest_age = np.where(has & (order == 0) & (sex == MALE), age, eldest_age)
        # Grown daughters have mostly married out already.
        has &= ~((age > 25) & ((sex == FEMALE) | (order > 0)) & (rng.random(n) < 0.8))
        people.append(
            _people(
                everyone[has], np.where(sex == MALE, RELATION["son"], RELATION["daughter"])[has], sex[has], age[has]
            )
        )
    couple = (eldest_age > 22) & (rng.random(n) < column("daughter_in_law"))
    people.append(_people(everyone[couple], RELATION["daughter_in_law"], FEMALE, (eldest_age - 1)[couple]))
    for order in range(2):
        age = eldest_age - 24 - order * 3.5 - rng.uniform(0, 4, n)
        has = couple & (age > 0.1) & (rng.random(n) < (0.75, 0.55)[order])
        people.append(_people(everyone[has], RELATION["grandchild"], rng.integers(0, 2, n)[has], age[has]))
    alone_with_grandchild = rng.random(n) < column("left_behind_grandchild")
    age = rng.uniform(2, 15, n)
    people.append(
        _people(
            everyone[alone_with_grandchild],
            RELATION["grandchild"],
            rng.integers(0, 2, n)[alone_with_grandchild],
            age[alone_with_grandchild],
        )
    )
    for order, sex_code in enumerate((FEMALE, MALE)):
        age = head_age + rng.uniform(21, 29, n)
        has = (rng.random(n) < column("parents") * (1.0, 0.7)[order]) & (age < 90)
        people.append(_people(everyone[has], RELATION["parent"], sex_code, age[has]))
    people.extend(_newcomers(p, people=people, calendar=calendar, rng=rng))
    return _settle(parameters, people=people, households=households, calendar=calendar, rng=rng)


def _people(hh: np.ndarray, relation: object, sex: object, age: np.ndarray, joins_in: object = 0) -> _People:
    return _People(
        hh,
        np.broadcast_to(np.asarray(relation), hh.shape),
        np.broadcast_to(np.asarray(sex), hh.shape),
        age,
        np.broadcast_to(np.asarray(joins_in), hh.shape),
    )


def _newcomers(p, *, people: list[_People], calendar: Calendar, rng: np.random.Generator) -> list[_People]:  # type: ignore[no-untyped-def]
    """Draw, for the whole span, babies of the women who are there and brides of the sons."""
    hh = np.concatenate([x.hh for x in people])
    relation = np.concatenate([x.relation for x in people])
    sex = np.concatenate([x.sex for x in people])
    age = np.concatenate([x.age for x in people])
    span = calendar.months
    in_line = np.isin(relation, [RELATION["spouse"], RELATION["daughter_in_law"]]) & (sex == FEMALE)
    newcomers = []
    for _ in range(2):
        wait = rng.exponential(12.0 / p["births_a_year"], len(hh)).astype(np.int64)
        at = age + wait / 12
        born = in_line & (at > 20) & (at < 39) & (wait < span) & (rng.random(len(hh)) < np.clip((36 - age) / 12, 0, 1))
        child_relation = np.where(relation == RELATION["daughter_in_law"], RELATION["grandchild"], -1)
        child_sex = rng.integers(0, 2, len(hh))
        child_relation = np.where(
            child_relation < 0, np.where(child_sex == MALE, RELATION["son"], RELATION["daughter"]), child_relation
        )
        newcomers.append(_people(hh[born], child_relation[born], child_sex[born], -(wait / 12)[born], wait[born]))
    bachelor = (relation == RELATION["son"]) & ~np.isin(hh, hh[relation == RELATION["daughter_in_law"]])
    wait = rng.exponential(12.0 / p["marriages_a_year"], len(hh)).astype(np.int64)
    at = age + wait / 12
    weds = bachelor & (at > 22) & (at < 33) & (wait < span)
    _, first = np.unique(np.where(weds, hh, -1), return_index=True)
    only_first = np.zeros(len(hh), dtype=bool)
    only_first[first] = True
    weds &= only_first
    newcomers.append(
        _people(hh[weds], RELATION["daughter_in_law"], FEMALE, (age - rng.uniform(0, 3, len(hh)))[weds], wait[weds])
    )
    return newcomers


def _settle(
    parameters: Parameters,
    *,
    people: list[_People],
    households: Households,
    calendar: Calendar,
    rng: np.random.Generator,
) -> Members:
    p, h = parameters["demography"], parameters["health"]
    hh = np.concatenate([x.hh for x in people])
    order = np.argsort(hh, kind="stable")
    hh = hh[order].astype(np.int32)
    relation, sex, age, joins_in = (
        np.concatenate([getattr(x, name) for x in people])[order] for name in ("relation", "sex", "age", "joins_in")
    )
    n = len(hh)
    day0 = int(calendar.month_start[0])
    birth = (day0 - np.round(age * DAYS_A_YEAR)).astype(np.int32)
    joins_on = np.where(joins_in > 0, calendar.month_start[np.minimum(joins_in, calendar.months)], birth).astype(
        np.int32
    )
    baby = (joins_in > 0) & (age <= 0)
    birth = np.where(baby, joins_on + rng.integers(0, 28, n), birth).astype(np.int32)
    joins_on = np.where(baby, birth, joins_on).astype(np.int32)

    level = households.level[hh]
    poor = households.kind[hh] != TYPE["ordinary"]
    ability = rng.normal(0, 1, n) * 0.6 + 0.8 * level
    plan_score = rng.normal(0, 1, n) + 0.9 * level
    plan = np.digitize(plan_score, p["school_plan_cuts"]).astype(np.int8)
    cohort = np.digitize(age, [22, 35, 50, 62])
    cuts = np.array(p["education_cuts"])[cohort]
    education = ((rng.normal(0, 1, n) + 0.5 * ability)[:, None] > cuts).sum(axis=1).astype(np.int8)
    frailty = rng.gamma(h["frailty_shape"], 1 / h["frailty_shape"], n)
    shape = np.exp((np.clip(age, 0, 85) - 45) * h["chronic_age_slope"])
    chronic = (age > 12) & (rng.random(n) < np.clip(h["chronic_stock_at_45"] * shape * frailty**0.7, 0, 0.75))
    disabled_share = h["disabled_share"] * (1 + 1.2 * poor) * np.exp((np.clip(age, 10, 80) - 45) * 0.018)
    disabled = (age > 1) & (rng.random(n) < disabled_share)
    return Members(
        hh=hh,
        number=(np.arange(n) - np.searchsorted(hh, hh) + 1).astype(np.int32),
        sex=sex.astype(np.int8),
        birth=birth,
        relation=relation.astype(np.int8),
        joins_on=joins_on,
        left_on=np.full(n, FAR_FUTURE, dtype=np.int32),
        education=education,
        school=np.full(n, NO_CODE),
        plan=plan,
        chronic=chronic,
        major=np.zeros(n, dtype=bool),
        disabled=disabled,
        disability_grade=np.where(disabled, rng.choice([1, 2, 3, 4], n, p=[0.15, 0.25, 0.3, 0.3]), 0).astype(np.int8),
        insured=rng.random(n) > p["uninsured_share"],
        skill=np.full(n, SKILL["none"], dtype=np.int8),
        vigour=rng.random(n),
        frailty=frailty,
        ability=ability,
        attachment=rng.random(n),
        instability=rng.normal(0, parameters["labour"]["instability_sd"], n) - 0.25 * level,
        stage=np.zeros(n, dtype=np.int8),
        job=np.full(n, NO_JOB),
        place=np.full(n, NO_CODE),
        spell=np.full(n, -1, dtype=np.int64),
        tenure=np.zeros(n, dtype=np.int32),
        idle=np.zeros(n, dtype=np.int32),
        changed=np.zeros(n, dtype=bool),
    )


def school_of(age: np.ndarray, plan: np.ndarray) -> np.ndarray:
    """Give the school status of completed ages on 1 September under a plan; −1 for who is through with school."""
    through = age >= PLAN_ENDS_AT[plan]
    status = np.select(
        [
            age < 3,
            age < 6,
            age < 12,
            age < 15,
            through,
            (age < 18) & (plan == PLAN_VOCATIONAL),
            age < 18,
            plan == PLAN_VOCATIONAL_COLLEGE,
        ],
        [
            SCHOOL["preschool_age"],
            SCHOOL["kindergarten"],
            SCHOOL["primary"],
            SCHOOL["junior"],
            -1,
            SCHOOL["vocational"],
            SCHOOL["senior"],
            SCHOOL["vocational_college"],
        ],
        default=SCHOOL["undergraduate"],
    )
    return status.astype(np.int8)
